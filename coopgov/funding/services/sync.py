"""Runs: one reading of a provider from beginning to end, in portions that each commit with what they found.

Whoever reads asks for a page outside any transaction, and writes what it showed together with how far the run has come.
A killed run is gone on with where it stands; two processes at one run only repeat each other's work.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from coopgov.funding.events import SourceRead
from coopgov.funding.models import Sync
from coopgov.infra import audit, outbox
from coopgov.infra.db import writing_session

Cursor = dict[str, Any]  # plain JSON values, the provider's own words
LONGEST_ERROR = 300


@dataclass(frozen=True, kw_only=True)
class Step:
    """How far one portion brought a run: from cursor ``before`` to ``after``, over ``done`` objects of which
    ``changed`` were new or different. ``total``: how many there will be in all; None while this says nothing new."""

    before: Cursor
    after: Cursor
    done: int
    changed: int
    total: int | None = None


def begin(source: str, first: Cursor, now: datetime) -> Sync:
    """The run of ``source`` that is under way, whoever left it there, else a new one that begins at ``first``."""
    session = writing_session()
    there = under_way(source)
    if there is not None:
        return there
    run = Sync(source=source, cursor=first, done=0, total=0, changed=0, started_at=now, seen_at=now, ok=False, error="")
    session.add(run)
    session.flush()
    return run


def under_way(source: str) -> Sync | None:
    """The run of ``source`` that has not ended."""
    query = select(Sync).where(Sync.source == source, Sync.finished_at.is_(None)).order_by(Sync.id)
    return writing_session().scalars(query).first()


def advance(run_id: int, step: Step, now: datetime) -> bool:
    """Moves the run on; False, and nothing moves, when it has ended or another process was there first."""
    run = writing_session().get_one(Sync, run_id)
    if run.finished_at is not None or run.cursor != step.before:
        return False
    run.cursor, run.seen_at = step.after, now
    run.done += step.done
    run.changed += step.changed
    run.total = max(run.total if step.total is None else step.total, run.done if run.total else 0)
    return True


def finish(run_id: int, now: datetime) -> None:
    """The source was read to its end; ending a run again changes nothing."""
    run = writing_session().get_one(Sync, run_id)
    if run.finished_at is None:
        run.ok, run.finished_at, run.seen_at, run.error = True, now, now, ""
        audit.record(audit.SYSTEM, "source.read", f"source:{run.source}", now, changed=run.changed)
        outbox.emit(SourceRead(source=run.source, changed=run.changed), now)


def fail(run_id: int, why: str, now: datetime) -> None:
    """The run ends here, and nobody may conclude anything from it. ``why`` is for the treasurer, without secrets."""
    run = writing_session().get_one(Sync, run_id)
    if run.finished_at is None:
        run.finished_at, run.error = now, why[:LONGEST_ERROR]
        audit.record(audit.SYSTEM, "source.unread", f"source:{run.source}", now)
