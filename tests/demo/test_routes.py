"""The demonstration's pages: its mail and its doors."""

import os
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
from flask import Flask

from coopgov.demo.cast import persona_email
from coopgov.demo.links import persona_path
from coopgov.identity.models import SessionRow
from coopgov.infra.coop import found_coop
from coopgov.infra.db import db, write_transaction
from coopgov.infra.mail_transport import send
from tests import factories
from tests.conftest import NOW, Browser, Clock, _empty_postgres, make_app


@pytest.fixture
def demo_app(database_url: str, tmp_path: Path, clock: Clock) -> Iterator[Flask]:
    app = make_app(database_url, tmp_path, clock, demo=True)
    with app.app_context():
        with write_transaction():
            found_coop("Harbour Social", "en", "Europe/London", NOW)
        factories.member("Maya Lindqvist", email=persona_email("member") or "")
        yield app
        db.session.remove()
        if database_url.startswith("postgresql"):
            _empty_postgres()
        db.engine.dispose()


@pytest.fixture
def visitor(demo_app: Flask) -> Browser:
    demo_app.test_client_class = Browser
    return demo_app.test_client()  # type: ignore[return-value]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "mail"


def drop(folder: Path, name: str, to: str, text: str, age: int = 0) -> None:
    message = EmailMessage()
    message["Message-ID"] = f"<{name}@localhost>"
    message["Date"] = NOW
    message["From"] = "Harbour Social <no-reply@localhost>"
    message["To"] = to
    message["Subject"] = f"Subject of {name}"
    message.set_content(text)
    message.add_alternative(f"<p>{text}</p>", subtype="html")
    send(f"file:{folder}", message)
    os.utime(folder / f"{name}.eml", (1_700_000_000 - age, 1_700_000_000 - age))


def test_the_sink_shows_every_mail_newest_first_with_its_links(visitor: Browser, folder: Path) -> None:
    drop(folder, "older", "ada@example.org", "Hello.", age=60)
    drop(folder, "newer", "maya@example.org", "Vote:\nhttp://localhost/vote/abc.def-_1\n\nBye.")
    page = visitor.get("/dev/mail")
    assert page.status_code == 200
    assert page.text.index("Subject of newer") < page.text.index("Subject of older")
    assert 'href="http://localhost/vote/abc.def-_1" rel="nofollow">Vote</a>' in page.text
    assert "2 mails" in page.text
    assert "ada@example.org" in page.text


def test_the_sink_shows_the_mails_of_one_recipient(visitor: Browser, folder: Path) -> None:
    drop(folder, "one", "ada@example.org", "Hello.")
    drop(folder, "two", "maya@example.org", "Hello.")
    page = visitor.get("/dev/mail?to=maya@example.org").text
    assert "Subject of two" in page
    assert "Subject of one" not in page


def test_an_empty_sink_says_what_to_do(visitor: Browser) -> None:
    assert "No mails yet" in visitor.get("/dev/mail").text


def test_a_long_sink_is_shown_in_pages(visitor: Browser, folder: Path) -> None:
    for number in range(51):
        drop(folder, f"m{number}", "ada@example.org", "Hello.", age=number)
    assert "Subject of m50" not in visitor.get("/dev/mail").text
    assert "Subject of m50" in visitor.get("/dev/mail?page=2").text


def test_a_mail_is_shown_as_text_with_links_to_this_server(visitor: Browser, folder: Path) -> None:
    drop(folder, "one", "ada@example.org", "Dear <b>Ada</b>,\n\nRead:\nhttp://127.0.0.1:9999/t/1?a=1&b=2\n")
    page = visitor.get("/dev/mail/one").text
    assert "Dear &lt;b&gt;Ada&lt;/b&gt;," in page
    assert 'href="http://localhost/t/1?a=1&amp;b=2"' in page
    assert "went to nobody" in page


@pytest.mark.parametrize("path", ["/dev/mail/none", "/dev/mail/..", "/dev/mail/%2e%2e%2ftest", "/dev/as/member/forged"])
def test_what_is_not_there_is_not_found(visitor: Browser, path: str) -> None:
    assert visitor.get(path).status_code == 404


def test_opening_a_personas_link_changes_nothing_and_its_button_signs_in(visitor: Browser, demo_app: Flask) -> None:
    link = persona_path("member")
    page = visitor.get(link)
    assert "Sign in as Maya Lindqvist" in page.text
    assert "demonstration" in page.text
    assert "Set-Cookie" not in page.headers
    assert db.session.query(SessionRow).count() == 0
    for _ in range(2):
        assert visitor.submit(link).status_code == 303  # type: ignore[attr-defined]
    db.session.rollback()
    assert [row.method for row in db.session.query(SessionRow)] == ["demo", "demo"]
    assert "Signed in as Maya Lindqvist." in visitor.get("/dev").text


def test_a_signature_opens_its_own_door_only(visitor: Browser, demo_app: Flask) -> None:
    factories.member("Dele", email=persona_email("admin") or "")
    signature = persona_path("member").rsplit("/", 1)[1]
    assert visitor.get(f"/dev/as/admin/{signature}").status_code == 404
    assert visitor.submit(f"/dev/as/admin/{signature}").status_code == 404  # type: ignore[attr-defined]
    foreign = demo_app.extensions["coopgov.signer"].sign("sign-in", "member")
    assert visitor.get(f"/dev/as/member/{foreign}").status_code == 404


def test_a_persona_who_is_not_there_has_no_door(visitor: Browser, demo_app: Flask) -> None:
    assert visitor.get(persona_path("treasurer")).status_code == 404


def test_the_index_names_the_personas_that_there_are(visitor: Browser) -> None:
    page = visitor.get("/dev").text
    assert "Maya Lindqvist" in page
    assert "This is a demonstration" in page
    assert "Treasurer" not in page


@pytest.mark.parametrize("path", ["/dev", "/dev/mail", "/dev/mail/one", "/dev/as/member/x"])
def test_without_the_demo_there_are_no_such_pages(client: Browser, path: str) -> None:
    assert client.get(path).status_code == 404
    assert not [rule for rule in client.application.url_map.iter_rules() if rule.rule.startswith("/dev")]
