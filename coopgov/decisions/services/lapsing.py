"""Amendments that nobody has answered when the text is frozen."""

from datetime import datetime

from coopgov.core.errors import Refused
from coopgov.decisions import events
from coopgov.decisions.models import AmendmentAct, Proposal
from coopgov.decisions.queries import amendments as queries
from coopgov.decisions.queries.amendments import Line
from coopgov.decisions.services.traces import note
from coopgov.infra.audit import SYSTEM
from coopgov.infra.db import writing_session


def settle_amendments(proposal: Proposal, by_id: int, now: datetime, lapses: bool) -> None:
    """Before somebody freezes the text: unanswered amendments lapse, if that was said.

    Raises Refused when it was not, and for one that members voted for and that only has to be accepted.
    """
    waiting = queries.unanswered(proposal.id)
    for line in waiting:
        if line.state == "carried" and queries.fits(line.amendment, proposal):
            raise Refused("amendment.carried_waits", number=line.amendment.number)
    if waiting and not lapses:
        raise Refused("amendment.unanswered", field="lapses")
    _lapse(proposal, waiting, by_id, now)


def lapse_amendments(proposal: Proposal, actor: int | str, now: datetime) -> None:
    """All unanswered amendments lapse: the clock has opened the vote, or the proposal was withdrawn."""
    _lapse(proposal, queries.unanswered(proposal.id), actor, now)


def _lapse(proposal: Proposal, waiting: list[Line], actor: int | str, now: datetime) -> None:
    for line in waiting:
        end_amendment(proposal, line.amendment.id, "lapsed", actor, now)


def end_amendment(
    proposal: Proposal, amendment_id: int, act: str, actor: int | str, now: datetime, reason: str = ""
) -> None:
    """Writes down how an amendment ended, for good."""
    by_id = actor if isinstance(actor, int) else None
    writing_session().add(AmendmentAct(amendment_id=amendment_id, act=act, reason=reason, by_id=by_id, at=now))
    answered = events.AmendmentAnswered(proposal_id=proposal.id, amendment_id=amendment_id, act=act, by_id=by_id)
    note(proposal, actor if by_id else SYSTEM, f"amendment.{act}", answered, now, amendment=amendment_id)
