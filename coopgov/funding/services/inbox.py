"""What providers send by themselves: kept once, acted upon by a job, its body forgotten after a season."""

from datetime import datetime, timedelta

from sqlalchemy import select, update

from coopgov.funding.models import SourceEvent
from coopgov.funding.services.findings import open_finding, was_answered
from coopgov.infra.db import writing_session
from coopgov.infra.jobs import enqueue

LOOK = {"stripe": "funding.stripe_event"}  # source → kind of the job that looks again
BODIES_LAST = timedelta(days=90)
PATIENCE = timedelta(days=3)  # a message that no job could settle; the nightly reading has healed it since


def keep_message(
    source: str, event_id: str, kind: str, object_id: str, api_version: str, body: str, now: datetime
) -> SourceEvent | None:
    """The message, new; None when it came before, however long ago."""
    session = writing_session()
    known = select(SourceEvent.id).where(SourceEvent.source == source, SourceEvent.event_id == event_id)
    if session.scalar(known) is not None:
        return None
    row = SourceEvent(source=source, event_id=event_id, kind=kind[:80], object_id=object_id[:120], body=body)
    row.api_version, row.received_at, row.state = api_version[:40], now, "new"
    session.add(row)
    session.flush()
    return row


def act_upon(row: SourceEvent, now: datetime) -> None:
    """A job looks again at what the message is about."""
    enqueue(LOOK[row.source], f"{row.source}-{row.event_id}", {"event": row.id}, now)


def refuse_message(row: SourceEvent, kind: str, now: datetime) -> None:
    """Nothing will be done for a message that does not belong here; one finding of ``kind`` says so of all such."""
    settle_message(row, "ignored", kind, now)
    subject = f"{row.source}:messages"
    if not was_answered(kind, subject):
        open_finding(kind, subject, {"first": row.kind}, now)


def settle_message(row: SourceEvent, state: str, note: str, now: datetime) -> None:
    """The message is done with: ``done``, ``ignored`` or ``failed``; one that was settled before stays so."""
    writing_session()
    if row.state == "new":
        row.state, row.note, row.settled_at = state, note[:200], now


def tidy_inbox(now: datetime) -> None:
    """Empties the bodies of old messages, which hold names and addresses, and gives up on what no job settled."""
    session = writing_session()
    session.execute(
        update(SourceEvent)
        .where(SourceEvent.received_at <= now - BODIES_LAST, SourceEvent.body != "")
        .values(body="")
        .execution_options(synchronize_session=False)
    )
    session.execute(
        update(SourceEvent)
        .where(SourceEvent.state == "new", SourceEvent.received_at <= now - PATIENCE)
        .values(state="failed", note="no job settled it", settled_at=now)
        .execution_options(synchronize_session=False)
    )
    session.expire_all()
