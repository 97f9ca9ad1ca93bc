"""The scene for applying: terms, applications in each state, links as they are mailed, the form filled in."""

import re
from datetime import datetime, timedelta
from typing import Any

from flask import Flask

from coopgov.core.text import fold_email
from coopgov.identity.models import Party
from coopgov.infra.db import db, write_transaction
from coopgov.membership.models import Application, JoiningTerms, Tier
from coopgov.membership.rules.applications import CONFIRM, STAMP, STATUS
from tests import factories
from tests.conftest import NOW

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def terms(**fields: Any) -> JoiningTerms:
    """People can apply: 18 or over, code of conduct in version 3."""
    given = {"id": 1, "is_open": True, "min_age": 18, "code_url": "/about", "code_version": "3", "prompt": ""}
    return factories._saved(JoiningTerms(**given | fields))


def tier(minimum: int = 100, **fields: Any) -> Tier:
    """A tier from £1 a month."""
    given = {"slug": f"t{minimum}", "name": f"From {minimum}", "min_minor": minimum, "currency": "GBP"}
    return factories._saved(Tier(**given | {"intervals": ["month"], "offered_from": factories.FOUNDED} | fields))


def secretary(name: str = "Sue Secretary") -> Party:
    return factories.officer("membership_secretary", name)


def application(
    state: str = "submitted", email: str = "ada@example.org", since: datetime = NOW, **fields: Any
) -> Application:
    """An application that has been in ``state`` from ``since`` on."""
    given: dict[str, Any] = {
        "email": email,
        "email_key": fold_email(email),
        "name": "Ada Lovelace",
        "about": "I write programs.",
        "language": "en",
        "code_version": "3",
        "min_age": 18,
        "state": state,
        "state_at": since,
        "created_at": since,
        "submitted_at": None if state == "started" else since,
    }
    return factories._saved(Application(**given | fields))


def read_by(reader: Party, **fields: Any) -> Application:
    """An application that ``reader`` has taken now."""
    return application("in_review", **{"claimed_by": reader.id, "claimed_at": NOW} | fields)


def state_of(row: Application) -> str:
    db.session.rollback()
    return str(db.session.get_one(Application, row.id).state)


def status_path(app: Flask, row: Application) -> str:
    return f"/join/status/{app.extensions['coopgov.signer'].sign(STATUS, row.id)}"


def confirm_path(app: Flask, row: Application, until: datetime = NOW + 2 * DAY) -> str:
    token = app.extensions["coopgov.signer"].sign(CONFIRM, {"a": row.id, "until": int(until.timestamp())})
    return f"/join/confirm/{token}"


def filled(app: Flask, **fields: Any) -> dict[str, Any]:
    """The form as somebody fills it in who took a minute."""
    stamp = app.extensions["coopgov.signer"].sign(STAMP, int((NOW - timedelta(minutes=1)).timestamp()))
    given = {"email": "ada@example.org", "name": "Ada Lovelace", "about": "I write programs.", "code": "y", "age": "y"}
    return given | {"stamp": stamp, "promise": "18 3 /about", "website": "", "tier": ""} | fields


def link_in(mail: Any, path: str) -> str:
    """The first link in the mail that begins with ``path``."""
    found = re.search(rf"http://localhost({path}\S*)", mail.get_body(("plain",)).get_content())
    assert found is not None, mail.get_body(("plain",)).get_content()
    return found[1]


def edit(row: Application, **fields: Any) -> None:
    with write_transaction() as session:
        found = session.get_one(Application, row.id)
        for key, value in fields.items():
            setattr(found, key, value)
