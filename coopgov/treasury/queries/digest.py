"""When treasurers are written to."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from coopgov.infra.db import db
from coopgov.infra.jobs import Job

MONDAY, HOUR = 0, 7  # when the week's mail goes out, in UTC


def due_for_digest(now: datetime) -> Sequence[int]:
    """The week's number when its mail is due and was not posted yet; nothing else.

    Due from Monday morning on, so that a worker that was down then does it later in the week.
    """
    year, week, weekday = now.isocalendar()
    if weekday - 1 == MONDAY and now.hour < HOUR:
        return []
    posted = select(Job.id).where(Job.key.startswith(f"mail:treasury-digest:{year}-{week}:"))
    return [] if db.session.scalar(posted.limit(1)) is not None else [week]
