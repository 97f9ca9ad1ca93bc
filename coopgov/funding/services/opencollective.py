"""A run of reading Open Collective: asked for by the clock, a nudge or a person, and written down page by page."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import select

from coopgov.core.ids import random_id
from coopgov.core.money import Money, zero
from coopgov.funding.models import Reversal, Sync
from coopgov.funding.providers.base import RemoteDispute
from coopgov.funding.providers.opencollective.groups import SOURCE, dispute_id
from coopgov.funding.providers.opencollective.reading import Page, first_cursor
from coopgov.funding.queries.syncs import last_reading, readings, runs
from coopgov.funding.rules.ledger import PROCESSOR_FEES
from coopgov.funding.services import sync
from coopgov.funding.services.ingest import apply
from coopgov.funding.services.look import by_slices
from coopgov.infra.db import writing_session
from coopgov.infra.jobs import Job, enqueue

READ_PAGE = "funding.read_opencollective"
OVERLAP = timedelta(days=3)  # their clock, ours, and rows that are written late
WIDE = timedelta(days=120)  # so long after its payment a dispute may begin, which no new row tells
WIDE_EVERY = timedelta(hours=24)
GO_ON = timedelta(hours=6)  # a run that failed is gone on with for so long; then its promises are too old
AT_MOST_EVERY = timedelta(minutes=1)


def begin_run(now: datetime, full: bool = False) -> Sync:
    """The run that is under way, or a new one; ``full`` reads all money again, not only what may have changed."""
    there = sync.under_way(SOURCE)
    if there is not None and full and there.cursor.get("since"):
        sync.fail(there.id, "A full reading was asked for.", now)
        writing_session().flush()
    return sync.begin(SOURCE, _first_cursor(now, full), now)


def _first_cursor(now: datetime, full: bool) -> sync.Cursor:
    last, newest = last_reading(SOURCE), next(iter(runs(SOURCE, 1)), None)
    if full:
        return first_cursor(None, wide=True)
    if newest is not None and not newest.ok and newest.finished_at is not None and now - newest.seen_at < GO_ON:
        return newest.cursor
    if last is None:
        return first_cursor(None, wide=True)
    is_wide = not any(run.cursor.get("wide") and now - run.started_at < WIDE_EVERY for run in readings(SOURCE))
    return first_cursor(last.started_at - (WIDE if is_wide else OVERLAP), is_wide)


def take_page(run_id: int, before: sync.Cursor, page: Page, now: datetime) -> bool:
    """Writes down what a page showed and how far that brings the run; False when somebody else took it."""
    run = writing_session().get_one(Sync, run_id)
    if run.finished_at is not None or run.cursor != before:
        return False
    disputes = (*page.snapshot.disputes, *_won(page.calm, now))
    changed = apply(replace(page.snapshot, disputes=disputes), now)
    step = sync.Step(before=before, after=page.after, done=page.done, changed=changed, total=run.done + page.left)
    sync.advance(run_id, step, now)
    if page.is_last:
        sync.finish(run_id, now)
    return True


def _won(calm: Sequence[str], now: datetime) -> list[RemoteDispute]:
    """Disputes that were open and of which nothing is left: the bank decided for us."""
    found = []
    for names in by_slices(dispute_id(payment) for payment in calm):
        query = select(Reversal).where(
            Reversal.source == SOURCE, Reversal.remote_id.in_(names), Reversal.status == "open"
        )
        found += [_as_won(row, now) for row in writing_session().scalars(query)]
    return found


def _as_won(row: Reversal, now: datetime) -> RemoteDispute:
    amount = Money(row.amount_minor, row.currency)
    return RemoteDispute(
        remote_id=row.remote_id,
        payment=row.payment,
        amount=amount,
        fee=zero(row.currency),
        fee_account=PROCESSOR_FEES,
        status="won",
        at=row.at,
        withdrawn=False,
        closed_at=now,
    )


# In the background


def ask_for_run(now: datetime) -> bool:
    """Has a run done in the background, at most one a minute; False when one is asked for already."""
    query = select(Job.id).where(Job.kind == READ_PAGE, Job.state.in_(("queued", "running"))).limit(1)
    if writing_session().scalar(query) is not None:
        return False
    last = last_reading(SOURCE)
    run = begin_run(now)
    read_next_page(run.id, max(now, last.started_at + AT_MOST_EVERY) if last else now)
    return True


def read_next_page(run_id: int, at: datetime) -> None:
    """Has the run's next page read, not before ``at``."""
    enqueue(READ_PAGE, f"opencollective:{run_id}:{random_id()}", {"run": run_id}, at)
