"""How the demonstration's money comes into its books: both fakes are read as the real providers are, now and then."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from functools import partial

from sqlalchemy import select, update

from coopgov.demo.providers import settings_for
from coopgov.demo.stage import Stage
from coopgov.funding.models import Pledge
from coopgov.funding.providers.opencollective.client import Client
from coopgov.funding.providers.opencollective.reading import OpenCollective, first_cursor
from coopgov.funding.providers.stripe.client import Stripe, connect
from coopgov.funding.queries.syncs import last_reading
from coopgov.funding.services import sync
from coopgov.funding.services.ingest import apply
from coopgov.funding.services.opencollective import OVERLAP, take_page
from coopgov.funding.services.pledges import CHANGE, change_of, is_wanted, take_answer
from coopgov.funding.services.stripe_reading import begin_reading, take_portion
from coopgov.infra.db import writing_session
from coopgov.infra.jobs import Job
from coopgov.infra.settings import current_settings

READ = (365, 262, 200, 150, 110, 75, 45, 25, 9, 0)  # days ago, early in the morning; the last one just now


def plan_readings(stage: Stage) -> None:
    """Writes into the diary when both are read: seldom long ago, more often lately."""
    for days in READ:
        at = stage.diary.on_the_clock(days, "03:10") if days else stage.diary.now
        stage.diary.write(at, partial(_read_both, stage))


def _read_both(stage: Stage, now: datetime) -> None:
    stage.tills.move_to(now)
    read_stripe(stage, now)
    read_open_collective(stage, now)


def read_stripe(stage: Stage, now: datetime) -> None:
    """All that changed at Stripe since it was last read."""
    stripe, run = _stripe(stage, now), begin_reading(now)
    cursor = dict(run.cursor)
    while cursor:
        cursor = take_portion(run.id, cursor, stripe.portion(cursor), now) or {}


def read_open_collective(stage: Stage, now: datetime) -> None:
    """All that changed at Open Collective since it was last read; nothing here changes without a new row there."""
    there = OpenCollective(Client(replace(current_settings(), **_SETTINGS), stage.tills.questions))
    last = last_reading("opencollective")
    run = sync.begin("opencollective", first_cursor(last.started_at - OVERLAP if last else None, wide=False), now)
    while run.finished_at is None:
        cursor = dict(run.cursor)
        take_page(run.id, cursor, there.read(cursor, now), now)


def look_at_subscription(stage: Stage, key: str, now: datetime) -> None:
    """What the return from Checkout shows: the subscription that somebody has just begun, and its payment."""
    apply(_stripe(stage, now).look_at_pledge(stage.subscriptions[key]), now)


def answer_wishes(stage: Stage, pledges: Iterable[Pledge], now: datetime) -> None:
    """Does at Stripe what was asked for these pledges, as the worker would."""
    stage.tills.move_to(now)
    session, stripe = writing_session(), _stripe(stage, now)
    for pledge in pledges:
        query = select(Job).where(Job.kind == CHANGE, Job.state == "queued").order_by(Job.id)
        for job in session.scalars(query).all():
            if job.payload["pledge"] == pledge.id and is_wanted(pledge, job.payload):
                take_answer(job.payload, stripe.change(change_of(pledge, job.payload)), now)
                session.execute(update(Job).where(Job.id == job.id).values(state="done", finished_at=now))


_SETTINGS = settings_for("http://127.0.0.1", "http://127.0.0.1")


def _stripe(stage: Stage, now: datetime) -> Stripe:
    account = connect(replace(current_settings(), **_SETTINGS))
    assert account is not None
    return replace(account, v1=stage.tills.services, clock=lambda: now)
