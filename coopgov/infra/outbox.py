"""Events: recorded in the transaction that made them true, together with one job for each handler that listens."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, String
from sqlalchemy.orm import Mapped, mapped_column

from coopgov.core.event import Event
from coopgov.infra.db import Base, UtcDateTime, writing_session
from coopgov.infra.jobs import enqueue, work


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
