"""Reading providers by hand: page after page, each written down before the next is asked for."""

import sys
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import click

from coopgov.funding.models import Sync
from coopgov.funding.providers.base import ProviderDown, ProviderRefused
from coopgov.funding.providers.opencollective.client import ProviderBusy
from coopgov.funding.providers.opencollective.reading import Cursor, OpenCollective, Page
from coopgov.funding.providers.stripe.client import Stripe
from coopgov.funding.providers.stripe.sweeping import STREAMS
from coopgov.funding.services import sync
from coopgov.funding.services.opencollective import begin_run, take_page
from coopgov.funding.services.stripe_reading import begin_reading, take_portion
from coopgov.infra.db import db, write_transaction

PAUSES_S = (1.0, 5.0, 15.0)  # before it is asked again when it is in trouble
MOST_WAITS = 5  # for one page, when it asks to be asked less often


@dataclass(frozen=True)
class Progress:
    """How far a run is; ``waits``: it is asked again after so long."""

    done: int
    total: int
    changed: int
    waits: timedelta | None = None


class _Ahead:
    """Asks for pages in a thread, so that the next one comes while this one is written down."""

    def __init__(self, provider: OpenCollective, clock: Callable[[], datetime], pool: ThreadPoolExecutor) -> None:
        self._provider, self._clock, self._pool = provider, clock, pool
        self._asked: tuple[Cursor, Future[Page]] | None = None

    def ask(self, cursor: Cursor) -> None:
        """Begins to ask for the page at ``cursor``."""
        self._asked = cursor, self._pool.submit(self._provider.read, cursor, self._clock())

    def page(self, cursor: Cursor) -> Page:
        """The page at ``cursor``; raises what asking for it raised, and asks anew the next time."""
        if self._asked is None or self._asked[0] != cursor:
            self.ask(cursor)
        assert self._asked is not None
        answer, self._asked = self._asked[1], None
        return answer.result()


def read_opencollective(
    provider: OpenCollective, clock: Callable[[], datetime], full: bool, pause: Callable[[float], None] = time.sleep
) -> Iterator[Progress]:
    """Reads to the end, gone on with where a run was left; tells after each page, and before each wait.

    Raises ProviderDown or ProviderRefused when it does not work; what was read stays, and the run is marked.
    """
    with write_transaction():
        run_id = begin_run(clock(), full).id
    with ThreadPoolExecutor(1) as pool:
        ahead = _Ahead(provider, clock, pool)
        try:
            while (run := _fresh(run_id)).finished_at is None:
                cursor = run.cursor
                db.session.remove()  # no transaction is open while the world is spoken to
                page = yield from _asked(ahead, cursor, run_id, pause)
                if not page.is_last:
                    ahead.ask(page.after)
                with write_transaction():
                    take_page(run_id, cursor, page, clock())
                yield _progress(run_id)
        except (ProviderDown, ProviderRefused) as error:
            with write_transaction():
                sync.fail(run_id, str(error), clock())
            raise


def _asked(
    ahead: _Ahead, cursor: Cursor, run_id: int, pause: Callable[[float], None]
) -> Generator[Progress, None, Page]:
    """The page at ``cursor``; asked again after a while when that may help."""
    waits, troubles = 0, 0
    while True:
        try:
            return ahead.page(cursor)
        except ProviderBusy as error:
            waits += 1
            if waits > MOST_WAITS:
                raise
            yield _progress(run_id, error.wait)
            pause(error.wait.total_seconds())
        except ProviderDown:
            if troubles == len(PAUSES_S):
                raise
            pause(PAUSES_S[troubles])
            troubles += 1


def _fresh(run_id: int) -> Sync:
    db.session.rollback()
    return db.session.get_one(Sync, run_id)


def _progress(run_id: int, waits: timedelta | None = None) -> Progress:
    run = _fresh(run_id)
    return Progress(run.done, run.total, run.changed, waits)


def shown(steps: Iterator[Progress]) -> Progress:
    """Shows how far it is, a bar on a terminal, else a line for each page; where it ended."""
    step = Progress(0, 0, 0)
    with click.progressbar(length=1, label="Open Collective", file=sys.stderr, show_pos=True) as bar:
        for step in steps:
            bar.length = max(step.total, 1)
            bar.update(step.done - bar.pos)
            if step.waits or not sys.stderr.isatty():
                waits = f", waits {step.waits.total_seconds():.0f} s" if step.waits else ""
                click.echo(f"{step.done} of {step.total} read, {step.changed} new or different{waits}", err=True)
    return step


# Stripe


def read_stripe(stripe: Stripe, clock: Callable[[], datetime], since: datetime | None) -> tuple[int, int]:
    """Reads to the end, gone on with where a reading was left; how many objects were read, and rows changed.

    ``since``: everything from then on, not just from the last reading on. Raises ProviderDown or ProviderRefused.
    """
    with write_transaction():
        run = begin_reading(clock(), since)
        run_id, cursor = run.id, dict(run.cursor)
    with _stages("Stripe", STREAMS) as show:
        while cursor:
            show(cursor["stream"])
            db.session.remove()  # no transaction is open while Stripe is spoken to
            part = stripe.portion(cursor)
            with write_transaction():
                cursor = take_portion(run_id, cursor, part, clock()) or {}
    run = db.session.get_one(Sync, run_id)
    return run.done, run.changed


def _tell(label: str, stage: str, told: dict[str, None]) -> None:
    told[stage] = None
    click.echo(f"{label}: {stage}", err=True)


@contextmanager
def _stages(label: str, stages: Sequence[str]) -> Iterator[Callable[[str], None]]:
    """Shows the stage that is reached: a bar on a terminal, else a line for each."""
    if not sys.stderr.isatty():
        told: dict[str, None] = {}
        yield lambda stage: None if stage in told else _tell(label, stage, told)
        return
    with click.progressbar(length=len(stages), label=label, file=sys.stderr) as bar:
        yield lambda stage: bar.update(stages.index(stage) - bar.pos)
        bar.update(len(stages) - bar.pos)
