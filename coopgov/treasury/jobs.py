"""What the clock asks of the treasury."""

from datetime import datetime, timedelta

from coopgov.infra.jobs import Clockwork
from coopgov.treasury.queries.digest import due_for_digest
from coopgov.treasury.services.digest import post_digest


def _post(_week: int, now: datetime) -> None:
    post_digest(now)


CLOCKWORKS: tuple[Clockwork, ...] = (Clockwork("treasury.digest", timedelta(hours=6), due_for_digest, _post),)
