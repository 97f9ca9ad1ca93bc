"""A worker to be killed: `python -m tests.worker_process DATABASE_URL FOLDER MAIL_URL MINUTES_AHEAD`.

Its clock runs ahead, so that leases of workers killed before have run out. Ends by itself when nothing is left to do.
"""

import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from coopgov.identity.models import Attempt
from coopgov.infra.db import db, writing_session
from coopgov.infra.jobs import DatabaseTask, Job, work
from coopgov.infra.worker import Worker
from tests.conftest import make_app


def count_up(payload: dict[str, Any], now: datetime) -> None:
    """One effect in the database per job; twice would show as 2."""
    row = writing_session().get_one(Attempt, (payload["key"], payload["window"]))
    time.sleep(0.01)
    row.tries += 1


def run(url: str, folder: str, mail_url: str, minutes_ahead: int) -> None:
    clock = lambda: datetime.now(UTC) + timedelta(minutes=minutes_ahead)  # noqa: E731
    app = make_app(url, Path(folder), clock, mail_url=mail_url)
    with app.app_context():
        work().add(DatabaseTask("test.count_up", count_up))
    worker = Worker(app, app.extensions["coopgov.waker"], clock)
    while _left(app):
        worker.catch_up()
        time.sleep(0.05)


def _left(app: Any) -> int:
    with app.app_context():
        return db.session.scalar(select(func.count()).where(Job.state.in_(("queued", "running")))) or 0


if __name__ == "__main__":
    run(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
