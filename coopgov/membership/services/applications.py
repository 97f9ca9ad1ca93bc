"""Writes of applying."""

from datetime import datetime

from coopgov.core.errors import Refused
from coopgov.infra import audit, outbox
from coopgov.infra.db import writing_session
from coopgov.infra.i18n import gettext as _
from coopgov.membership.events import ApplicationMoved
from coopgov.membership.models import Application
from coopgov.membership.rules.applications import MOVES, STATES


def move(row: Application, state: str, now: datetime, by: int | str) -> None:
    """Brings the application into ``state``; ``by`` is a party id or a word of the audit log.

    Raises Refused("application.moved") when no rule leads there from where it is: somebody was quicker.
    """
    writing_session()
    if state not in MOVES.get(row.state, frozenset()):
        raise Refused("application.moved", state=_(STATES[row.state]))
    before, row.state, row.state_at, row.reminders = row.state, state, now, 0
    audit.record(by, "application.moved", f"application:{row.id}", now, before=before, state=state)
    outbox.emit(ApplicationMoved(application_id=row.id, before=before, state=state), now)
