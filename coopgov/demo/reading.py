"""How the demonstration's money comes into its books: both fakes are read as the real providers are, now and then."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from coopgov.config import Settings
from coopgov.demo.providers import settings_for
from coopgov.demo.stage import Stage
from coopgov.funding.providers.base import Snapshot
from coopgov.funding.providers.opencollective import reading as opencollective
from coopgov.funding.providers.opencollective.client import Client
from coopgov.funding.providers.stripe import client as stripe
from coopgov.funding.services import sync
from coopgov.funding.services.ingest import apply
from coopgov.infra.settings import current_settings

READ = (395, 335, 275, 215, 155, 110, 75, 45, 25, 12, 5, 2, 0)  # days ago, early in the morning; the last just now
OVERLAP = timedelta(days=1)


def plan_readings(stage: Stage) -> None:
    """Writes into the diary when both are read: seldom long ago, more often lately."""
    for days in READ:
        at = stage.diary.on_the_clock(days, "03:10") if days else stage.diary.now
        stage.diary.write(at, partial(_read_both, stage))


def _read_both(stage: Stage, now: datetime) -> None:
    stage.tills.move_to(now)
    since = stage.read_at - OVERLAP if stage.read_at else None
    _take(_stripe(stage, since or stage.diary.days_ago(10_000), now), "stripe", now)
    _take(_open_collective(stage, since, now), "opencollective", now)
    stage.read_at = now


def _take(snapshots: Iterable[Snapshot], source: str, now: datetime) -> None:
    """One run, from its beginning to its end at one instant."""
    run = sync.begin(source, {}, now)
    run.changed = sum(apply(snapshot, now) for snapshot in snapshots)
    sync.finish(run.id, now)


def _stripe(stage: Stage, since: datetime, now: datetime) -> Iterator[Snapshot]:
    account = stripe.connect(_settings())
    assert account is not None
    return replace(account, v1=stage.tills.services, clock=lambda: now).sweep(since)


def _open_collective(stage: Stage, since: datetime | None, now: datetime) -> Iterator[Snapshot]:
    page_of = opencollective.OpenCollective(Client(_settings(), stage.tills.questions))
    cursor = opencollective.first_cursor(since, wide=False)
    while cursor["phase"] != opencollective.END:
        page = page_of.read(cursor, now)
        cursor = page.after
        yield page.snapshot


def _settings() -> Settings:
    return replace(current_settings(), **settings_for("http://127.0.0.1", "http://127.0.0.1"))
