"""When each source of money was last read, and how that went."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from coopgov.funding.models import Sync
from coopgov.infra.db import db


@dataclass(frozen=True)
class Age:
    """How fresh our view of a source is. ``read``: its last reading to the end; ``last``: the newest run of any kind,
    which may be under way or have failed."""

    source: str
    read: Sync | None
    last: Sync | None

    @property
    def read_at(self) -> datetime | None:
        """When it was last read to the end; None: never."""
        return self.read.finished_at if self.read else None

    @property
    def is_running(self) -> bool:
        """True while a reading is under way, or was left behind by a process that ended."""
        return self.last is not None and self.last.finished_at is None

    @property
    def failure(self) -> str:
        """Why the newest run ended without reading all; empty when it did not."""
        return self.last.error if self.last and self.last.finished_at and not self.last.ok else ""


def readings(source: str, limit: int = 50) -> Sequence[Sync]:
    """Readings of ``source`` to the end, newest first."""
    query = select(Sync).where(Sync.source == source, Sync.ok).order_by(Sync.finished_at.desc(), Sync.id.desc())
    return db.session.scalars(query.limit(limit)).all()


def last_reading(source: str) -> Sync | None:
    """The newest reading of ``source`` to the end; None: never."""
    return next(iter(readings(source, 1)), None)


def runs(source: str, limit: int = 20) -> Sequence[Sync]:
    """Runs of ``source``, those that failed or are under way, too; newest first."""
    return db.session.scalars(select(Sync).where(Sync.source == source).order_by(Sync.id.desc()).limit(limit)).all()


def ages(sources: Sequence[str]) -> list[Age]:
    """How fresh our view of each of ``sources`` is, in their order."""
    return [Age(source, last_reading(source), next(iter(runs(source, 1)), None)) for source in sources]
