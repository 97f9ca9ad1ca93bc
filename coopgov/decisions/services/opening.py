"""Opening a vote: words and roll are frozen, ballots are taken."""

from datetime import datetime

from sqlalchemy import insert

from coopgov.core.errors import Refused
from coopgov.decisions import events
from coopgov.decisions.models import Proposal, RollEntry
from coopgov.decisions.queries import proposals, rolls
from coopgov.decisions.rules import stages
from coopgov.decisions.rules.stages import UNOPENED, state_at
from coopgov.decisions.services.traces import note, refuse_unless, subject, touch
from coopgov.infra import audit
from coopgov.infra.audit import SYSTEM
from coopgov.infra.db import writing_session
from coopgov.membership.services.standing import guard_arrears
from coopgov.tally.rule import Rule


def open_voting(proposal: Proposal, now: datetime, by_id: int | None = None) -> None:
    """Ballots are taken from ``now`` on, and the roll is frozen as at ``now``; by the author unless somebody is named.

    Raises Refused when it is open already, before the discussion has lasted, when too little time is left for the
    rule, or when nobody may vote.
    """
    refuse_unless(proposal, UNOPENED, now)
    rule = Rule.from_plain(proposal.rule)
    stages.check_discussion(rule, proposal.discussed_from, now)
    stages.check_length(rule, now, proposal.closes_at, proposal.urgent_reason)
    _freeze(proposal, now, now, proposal.author_id if by_id is None else by_id)


def open_scheduled(proposal: Proposal, now: datetime) -> None:
    """Opens a proposal whose time has come, with the roll as at ``opens_at`` however late this runs.

    With nobody on that roll it becomes a draft again, whose opening in the past says so. Harmless when repeated.
    """
    if state_at(proposal, now) != "opening" or proposal.opens_at is None:
        return
    try:
        _freeze(proposal, proposal.opens_at, now, SYSTEM)
    except Refused:
        proposal.state, proposal.frozen_at = "draft", None
        audit.record(SYSTEM, "proposal.not_opened", subject(proposal), now)
        touch(proposal, now)


def _freeze(proposal: Proposal, at: datetime, now: datetime, actor: int | str) -> None:
    guard_arrears(now)  # or a mistake of ours could keep many off the roll before anybody has seen it
    roll = rolls.roll_at(proposal, at)
    if not roll:
        raise Refused("roll.empty")
    lines = [{"proposal_id": proposal.id, "party_id": party, "member_number": number} for party, number in roll]
    writing_session().execute(insert(RollEntry), lines)
    proposal.is_public = proposals.is_public_now(proposal)  # from here on it keeps its own word
    proposal.state, proposal.opened_at, proposal.roll_size = "open", at, len(roll)
    proposal.frozen_at = proposal.frozen_at or at
    opened = events.VotingOpened(proposal_id=proposal.id, roll_size=len(roll))
    note(proposal, actor, "proposal.opened", opened, now, roll=len(roll))
