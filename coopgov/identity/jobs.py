"""What waits for the worker: links to mail; and what the clock asks of identity."""

from datetime import datetime, timedelta

from coopgov.identity import services
from coopgov.infra.jobs import Clockwork, DatabaseTask, Payload


def _mail_link(payload: Payload, now: datetime) -> None:
    services.mail_link(payload["purpose"], payload["login"], payload["next"], payload["language"], now)


def _sweep(_id: int, now: datetime) -> None:
    services.sweep(now)


TASKS = (DatabaseTask(services.MAIL_LINK, _mail_link),)
CLOCKWORKS = (Clockwork("identity.sweep", timedelta(days=1), lambda _now: [0], _sweep),)
