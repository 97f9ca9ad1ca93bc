"""The audit row, the event and the new versions that every change of a proposal leaves."""

from datetime import datetime

from coopgov.core.errors import Refused
from coopgov.core.event import Event
from coopgov.decisions.models import Proposal
from coopgov.decisions.rules.stages import state_at
from coopgov.discussion.services import touch_thread
from coopgov.infra import audit, outbox
from coopgov.infra.db import writing_session


def refuse_unless(proposal: Proposal, states: tuple[str, ...], now: datetime) -> None:
    """Raises Refused when the proposal is in none of ``states`` by the clock."""
    writing_session()
    if state_at(proposal, now) not in states:
        raise Refused("proposal.too_late")


def subject(proposal: Proposal) -> str:
    """What audit rows call the proposal."""
    return f"proposal:{proposal.id}"


def note(
    proposal: Proposal, actor: int | str, act: str, event: Event, now: datetime, **details: str | int | bool | None
) -> None:
    """The audit row, the event and the new versions that every change of a proposal leaves."""
    audit.record(actor, act, subject(proposal), now, **details)
    outbox.emit(event, now)
    touch(proposal, now)


def touch(proposal: Proposal, now: datetime) -> None:
    """New versions of the proposal's page, of that of the vote which it repeats, and of the pages that list it."""
    proposal.version += 1
    if proposal.earlier_id is not None:
        writing_session().get_one(Proposal, proposal.earlier_id).version += 1
    touch_thread(proposal.thread_id, now)  # and with it the group's page
