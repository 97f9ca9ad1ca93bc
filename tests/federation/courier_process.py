"""A courier to be killed: `python -m tests.federation.courier_process DATABASE_URL FOLDER MINUTES_AHEAD`.

Its clock runs ahead, so that leases of couriers killed before have run out. Ends by itself when nothing is left to do.
"""

import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import func, select

from coopgov.federation.jobs.delivery import Courier
from coopgov.federation.models import Delivery
from coopgov.infra.db import db
from tests.conftest import make_app


def run(url: str, folder: str, minutes_ahead: int) -> None:
    clock = lambda: datetime.now(UTC) + timedelta(minutes=minutes_ahead)  # noqa: E731
    app = make_app(url, Path(folder), clock, allow_private_peers=True)
    nudged = threading.Event()
    with app.app_context():
        courier = Courier(clock, nudged.set)
        while _left():
            nudged.wait(min(courier.turn(clock()), 0.2))
            nudged.clear()
        courier.close()


def _left() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).where(Delivery.state.in_(("queued", "running")))) or 0


if __name__ == "__main__":
    run(sys.argv[1], sys.argv[2], int(sys.argv[3]))
