"""Events: recorded in the transaction that made them true, together with one job for each handler that listens."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, String, insert
from sqlalchemy.orm import Mapped, mapped_column

from coopgov.core.event import Event
from coopgov.infra.db import Base, UtcDateTime, writing_session
from coopgov.infra.jobs import enqueue, enqueue_all, work


class EventRow(Base):
    """One thing that happened, as it will always have happened."""

    __tablename__ = "event"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(60), index=True)
    version: Mapped[int]
    payload: Mapped[dict[str, Any]] = mapped_column(JSON)
    at: Mapped[datetime] = mapped_column(UtcDateTime)


def emit(event: Event, now: datetime) -> EventRow:
    """Records ``event`` and queues its handlers in the caller's write transaction; nothing runs before it commits."""
    session = writing_session()
    row = EventRow(name=event.name, version=event.version, payload=event.payload(), at=now)
    session.add(row)
    session.flush()
    for handler in work().listeners(event.name):
        enqueue(handler.kind, f"{handler.kind}:{row.id}", {"event": row.id, "fields": row.payload}, now)
    return row


def emit_all(events: Sequence[Event], now: datetime) -> None:
    """As ``emit`` for each of ``events``, in their order, but in few statements."""
    session = writing_session()
    if not any(work().listeners(event.name) for event in events):
        rows = [{"name": e.name, "version": e.version, "payload": e.payload(), "at": now} for e in events]
        if rows:
            session.execute(insert(EventRow), rows)
        return
    told = [EventRow(name=event.name, version=event.version, payload=event.payload(), at=now) for event in events]
    session.add_all(told)
    session.flush()
    jobs = [(handler.kind, row) for row in told for handler in work().listeners(row.name)]
    for kind in dict.fromkeys(kind for kind, _ in jobs):
        asked = [
            {"key": f"{kind}:{row.id}", "payload": {"event": row.id, "fields": row.payload}}
            for wanted, row in jobs
            if wanted == kind
        ]
        enqueue_all(kind, asked, now)
