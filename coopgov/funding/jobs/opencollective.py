"""Reading Open Collective in the background: a job for each page, which asks for the next one."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from coopgov.config import Settings
from coopgov.funding.models import Sync
from coopgov.funding.providers.base import ProviderDown, ProviderRefused
from coopgov.funding.providers.opencollective.client import ProviderBusy
from coopgov.funding.providers.opencollective.reading import Cursor, Page, connect
from coopgov.funding.services import sync
from coopgov.funding.services.opencollective import READ_PAGE, ask_for_run, read_next_page, take_page
from coopgov.infra.db import db
from coopgov.infra.jobs import Clockwork, OutsideTask, Payload
from coopgov.infra.settings import current_settings


@dataclass(frozen=True)
class _Asked:
    """What is to be read."""

    settings: Settings
    cursor: Cursor
    as_of: datetime


@dataclass(frozen=True)
class _Read:
    """What came of it: a page, or how long to wait, or why it did not work."""

    before: Cursor
    page: Page | None = None
    wait: timedelta | None = None
    why: str = ""


def _prepare(payload: Payload, now: datetime) -> _Asked | None:
    run = db.session.get(Sync, payload["run"])
    return _Asked(current_settings(), run.cursor, now) if run and run.finished_at is None else None


def _perform(asked: _Asked, _key: str) -> _Read:
    provider = connect(asked.settings)
    if provider is None:
        return _Read(asked.cursor, why="No page at Open Collective is set.")
    try:
        return _Read(asked.cursor, provider.read(asked.cursor, asked.as_of))
    except ProviderBusy as error:
        return _Read(asked.cursor, wait=error.wait)
    except (ProviderDown, ProviderRefused) as error:
        return _Read(asked.cursor, why=str(error))


def _finish(payload: Payload, read: _Read, now: datetime) -> None:
    run_id = payload["run"]
    if read.page is not None:
        if take_page(run_id, read.before, read.page, now) and not read.page.is_last:
            read_next_page(run_id, now)
    elif read.wait is not None:
        read_next_page(run_id, now + read.wait)
    else:
        sync.fail(run_id, read.why, now)


def _due(_now: datetime) -> list[int]:
    return [0] if current_settings().opencollective_slug else []


def _ask(_id: int, now: datetime) -> None:
    ask_for_run(now)


TASKS = (OutsideTask(READ_PAGE, _prepare, _perform, _finish),)
CLOCKWORKS = (Clockwork("funding.opencollective", timedelta(hours=1), _due, _ask),)
