"""Voting for an organisation."""

from datetime import datetime

from coopgov.core.errors import Refused
from coopgov.core.text import shown_in_public
from coopgov.decisions.models import Ballot, Proposal
from coopgov.decisions.services.voting import Entered, cast_ballot
from coopgov.identity.queries import party
from coopgov.infra.db import writing_session
from coopgov.membership.queries.delegates import acts_for


def cast_for_organisation(
    proposal_id: int, organisation_id: int, delegate_id: int, choice: object, reason: str, received_at: datetime
) -> Ballot:
    """The organisation's ballot from now on, whichever of its delegates put it in.

    Raises Refused ``delegate.not_yours``, ``delegate.secret`` and as ``cast_ballot``.
    """
    if writing_session().get_one(Proposal, proposal_id).secrecy == "secret":
        raise Refused("delegate.secret")
    if not acts_for(delegate_id, organisation_id, received_at):
        raise Refused("delegate.not_yours")
    voter, at = party(organisation_id), received_at
    name, entered = shown_in_public(voter.name, voter.public_name), Entered(delegate_id)
    return cast_ballot(proposal_id, organisation_id, choice, reason, name, "web", at, at, entered)
