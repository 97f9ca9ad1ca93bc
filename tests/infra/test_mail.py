"""What the mail log and the server's log keep of a mail."""

import logging
import smtplib
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from coopgov.identity.models import Login
from coopgov.infra import mail_transport
from coopgov.infra.db import db, write_transaction
from coopgov.infra.mail import Letter, Mail, post
from tests import factories as make
from tests.conftest import NOW


def letter(**changes: object) -> Letter:
    usual = {"kind": "password-changed", "address": "ada@example.org", "language": "en", "facts": {"said": "Hush"}}
    return Letter(**(usual | changes))  # type: ignore[arg-type]


def test_a_mail_that_became_too_old_is_dropped_and_its_words_forgotten(app, catch_up, clock, mails):
    with write_transaction():
        post(letter(lasts=timedelta(minutes=15)), "one", NOW)
    clock.forward(hours=1)
    catch_up()
    row = db.session.scalars(select(Mail)).one()
    assert mails() == []
    assert (row.state, row.facts, row.settled_at) == ("dropped", {}, clock.now)


def test_a_failure_in_the_database_is_told_without_the_values(app):
    ada = make.person(email="ada@example.org")
    with pytest.raises(DBAPIError) as failure, write_transaction() as session:
        session.add(Login(party_id=ada.id, email="x", email_key="ada@example.org", created_at=NOW))
        session.flush()
    assert "parameters hidden" in str(failure.value)


def test_a_refused_recipient_is_not_named_in_the_servers_log(app, catch_up, caplog, monkeypatch):
    def refuse(*_: object) -> None:
        raise smtplib.SMTPRecipientsRefused({"ada@example.org": (550, b"no such user ada@example.org")})

    monkeypatch.setattr(mail_transport, "_connected", refuse)
    monkeypatch.setattr(mail_transport, "urlsplit", lambda _url: mail_transport.SplitResult("smtp", "h:25", "", "", ""))
    with write_transaction():
        post(letter(), "one", NOW)
    with caplog.at_level(logging.DEBUG):
        catch_up()
    assert "recipient refused: [550]" in caplog.text
    assert "ada@example.org" not in caplog.text
