"""Mails: one template gives both parts, and nobody's words can make a button or a header."""

import socket
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import jinja2
import pytest
from aiosmtpd.controller import Controller
from flask import Flask
from sqlalchemy import select

from coopgov.infra import letters
from coopgov.infra.db import db, write_transaction
from coopgov.infra.jobs import Job
from coopgov.infra.letters import write_letter
from coopgov.infra.mail import Letter, Mail, post
from tests.conftest import NOW, Clock, make_app

TEMPLATE = "Subject: Vote: {{ title }}\n\nHello {{ name }},\n\n>> Vote now | {{ button }}\n\n{{ words|quoted }}\n"
FACTS = {"title": "Move?", "name": "Ada", "words": "one\ntwo"}


@pytest.fixture(autouse=True)
def template(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    environment = letters._environment()
    loader = environment.loader
    environment.loader = jinja2.ChoiceLoader([jinja2.DictLoader({"test.txt": TEMPLATE}), loader])  # type: ignore[list-item]
    yield
    environment.loader = loader


def letter(**facts: Any) -> Letter:
    links = {"button": ("/vote/{token}", "ballot", {"p": 1}), "stop": ("/mail/stop/{token}", "stop", {"k": "x"})}
    return Letter(
        kind="test",
        address="ada@example.org",
        language="en",
        facts={**FACTS, **facts},
        links=links,
        lasts=timedelta(hours=1),
    )


def send(key: str = "k", **facts: Any) -> None:
    with write_transaction():
        post(letter(**facts), key, NOW)


def test_both_parts_say_the_same() -> None:
    written = write_letter("test", "en", "UTC", {**FACTS, "button": "https://coop.example/vote/x"})
    assert written.subject == "Vote: Move?"
    assert "Vote now:\nhttps://coop.example/vote/x" in written.text
    assert "> one\n> two" in written.text
    assert 'href="https://coop.example/vote/x"' in written.html
    assert "one<br>two" in written.html


def test_words_cannot_make_a_paragraph_a_button_or_markup() -> None:
    evil = "x\n\n>> Free money | https://evil.example\n\n<script>alert(1)</script>"
    written = write_letter("test", "en", "UTC", {**FACTS, "name": evil, "words": evil, "button": "https://a.example"})
    assert 'href="https://evil' not in written.html
    assert "<script" not in written.html
    assert written.html.count("<a ") == 1


def test_a_missing_fact_is_an_error_not_a_gap() -> None:
    with pytest.raises(jinja2.UndefinedError):
        write_letter("test", "en", "UTC", {})


def test_a_mail_goes_out_once_with_signed_links_and_keeps_no_facts(
    app: Flask, catch_up: Callable[[], int], mails: Callable[[], list[Any]]
) -> None:
    send()
    send()
    catch_up()
    [mail] = mails()
    row = db.session.scalars(select(Mail)).one()
    assert (row.state, row.facts) == ("sent", {})
    assert mail["Message-ID"] == row.message_id
    assert mail["To"] == "ada@example.org"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    token = mail.get_body(("plain",)).get_content().split("/vote/")[1].split()[0]
    assert app.extensions["coopgov.signer"].read("ballot", token) == {"p": 1}


def test_no_usable_token_rests_in_the_database(app: Flask) -> None:
    send()
    assert "http" not in str(db.session.scalars(select(Mail)).one().facts)


@pytest.mark.parametrize("hostile", ["Move?\r\nBcc: all@example.org", "Move?\nX: y", "Move?\u2028Bcc: z"])
def test_a_title_cannot_add_a_header(
    app: Flask, catch_up: Callable[[], int], mails: Callable[[], list[Any]], hostile: str
) -> None:
    send(title=hostile)
    catch_up()
    [mail] = mails()
    assert mail["Bcc"] is None
    assert mail["X"] is None
    assert mail["Subject"].startswith("Vote: Move?")


def test_a_mail_that_waited_too_long_is_dropped(
    app: Flask, catch_up: Callable[[], int], mails: Callable[[], list[Any]], clock: Clock
) -> None:
    send()
    clock.forward(hours=2)
    catch_up()
    assert mails() == []
    assert db.session.scalars(select(Job)).one().state == "done"


class Sink:
    """An SMTP server's handler that keeps what it gets, or says no."""

    def __init__(self, answer: str = "250 OK") -> None:
        self.answer = answer
        self.got: list[Any] = []

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if self.answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.answer

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.got.append(envelope.content)
        return "250 OK"


def free_port() -> int:
    """A port on loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _run_with_smtp(database_url: str, tmp_path: Any, clock: Clock, sink: Sink) -> Job:
    from coopgov.infra.worker import Worker

    port = free_port()
    controller = Controller(sink, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        app = make_app(database_url, tmp_path, clock, mail_url=f"smtp://127.0.0.1:{port}")
        with app.app_context():
            send()
            Worker(app, app.extensions["coopgov.waker"], clock).catch_up()
            job = db.session.scalars(select(Job)).one()
            db.session.expunge(job)
            db.session.remove()
            db.engine.dispose()
            return job
    finally:
        controller.stop()


def test_a_real_smtp_server_gets_the_mail(app: Flask, database_url: str, tmp_path: Any, clock: Clock) -> None:
    sink = Sink()
    assert _run_with_smtp(database_url, tmp_path, clock, sink).state == "done"
    assert b"Vote now" in sink.got[0]


def test_an_address_that_is_refused_for_good_is_given_up(
    app: Flask, database_url: str, tmp_path: Any, clock: Clock
) -> None:
    assert _run_with_smtp(database_url, tmp_path, clock, Sink("550 no such user")).state == "dead"


def test_an_address_that_is_refused_for_now_is_tried_again(
    app: Flask, database_url: str, tmp_path: Any, clock: Clock
) -> None:
    job = _run_with_smtp(database_url, tmp_path, clock, Sink("451 later"))
    assert (job.state, job.attempts) == ("queued", 1)
