"""Entering votes that came on paper."""

from datetime import datetime

from coopgov.core.errors import Refused
from coopgov.core.text import shown_in_public
from coopgov.decisions.models import Ballot, Proposal, RollEntry
from coopgov.decisions.rules import rolls as rules
from coopgov.decisions.services.voting import Entered, cast_ballot
from coopgov.identity.queries import party
from coopgov.infra.db import writing_session


def enter_paper_ballot(
    entry: RollEntry, choice: object, reason: str, by_id: int, evidence: str, received_at: datetime, now: datetime
) -> Ballot:
    """The paper vote of an elector, which counts as if cast at ``received_at``: the last vote of an elector counts,
    whether it came on paper or not. The elector hears of it.

    ``evidence``: where the paper is kept. Raises Refused (``paper.*``, ``ballot.*``).
    """
    rules.check_paper(writing_session().get_one(Proposal, entry.proposal_id))
    rules.check_evidence(evidence)
    if entry.party_id == by_id:
        raise Refused("paper.own")
    voter = party(entry.party_id)
    name = shown_in_public(voter.name, voter.public_name)
    entered = Entered(by_id, evidence)
    return cast_ballot(entry.proposal_id, voter.id, choice, reason, name, "paper", received_at, now, entered)
