"""Reading all of Stripe, in portions that commit with how far they came: the nightly job's and the command's way."""

from datetime import datetime, timedelta

from sqlalchemy import select

from coopgov.funding.models import Sync
from coopgov.funding.providers.stripe.sweeping import Cursor, Portion, first_cursor
from coopgov.funding.services import sync
from coopgov.funding.services.ingest import apply
from coopgov.infra.db import writing_session

SOURCE = "stripe"
AT_FIRST = timedelta(days=400)  # how far back the first reading looks when nobody says


def begin_reading(now: datetime, since: datetime | None = None) -> Sync:
    """The reading that is under way, else a new one of all since the last that came to its end.

    ``since`` begins a new one of all since then, whatever was under way.
    """
    there = sync.under_way(SOURCE)
    if since is not None and there is not None:
        sync.fail(there.id, "begun anew", now)
    return sync.begin(SOURCE, first_cursor(since or _last_begun() or now - AT_FIRST), now)


def _last_begun() -> datetime | None:
    query = select(Sync.started_at).where(Sync.source == SOURCE, Sync.ok).order_by(Sync.id.desc()).limit(1)
    return writing_session().scalar(query)


def take_portion(run_id: int, before: Cursor, part: Portion, now: datetime) -> Cursor | None:
    """Writes down a page and how far it brought the run; where the next one begins, None at the end.

    A page that another process took already changes nothing, and the reading goes on where that one stands.
    """
    changed = apply(part.snapshot, now)
    step = sync.Step(before=before, after=part.after or before, done=part.read, changed=changed)
    run = writing_session().get_one(Sync, run_id)
    if not sync.advance(run_id, step, now):
        return None if run.finished_at else dict(run.cursor)
    if part.after is None:
        sync.finish(run_id, now)
    return part.after
