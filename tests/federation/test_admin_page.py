"""The officer's page of federation: what it shows, what its buttons do, and that it is nobody else's."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from coopgov.federation.models import ActorKey, DomainBlock, Peer
from coopgov.infra.audit import AuditRow
from coopgov.infra.db import db, write_transaction
from tests import factories as make
from tests.conftest import NOW, Browser, Clock
from tests.federation.sinks import Sinks, announcement, follower, our_actor, server, states, tell

PAGE = "/admin/federation"


@pytest.fixture
def officer(app: Flask, sign_in: Callable[[int], Browser]) -> Browser:
    return sign_in(make.officer("admin", "Ada").id)


def test_the_page_is_there_before_there_is_anything_to_show(officer: Browser) -> None:
    page = officer.get(PAGE).text
    assert "The co-op has no account in the fediverse yet." in page
    assert "Nothing has been announced yet." in page


def test_the_page_tells_how_far_an_announcement_has_got_and_how_servers_fare(
    officer: Browser, sinks: Sinks, deliver: Callable[..., None]
) -> None:
    for n in range(2, 6):
        follower(sinks.inbox(f"127.0.0.{n}"))
    sinks.answer("127.0.0.4", 503)
    sinks.answer("127.0.0.5", 400)
    tell(announcement())
    deliver()
    page = officer.get(PAGE).text
    assert "@test_co_op@localhost" in page
    assert "2 of 4" in page
    assert 'rect width="50.00%"' in page
    assert f"127.0.0.4:{sinks.port}" in page
    assert page.index(f"127.0.0.4:{sinks.port}") < page.index(f"127.0.0.2:{sinks.port}"), "trouble comes first"
    assert "Failing" in page
    assert page.count("Try again now") == 1


def test_a_server_in_trouble_can_be_tried_again(officer: Browser, sinks: Sinks, deliver: Callable[..., None]) -> None:
    follower(sinks.inbox("127.0.0.4"))
    sinks.answer("127.0.0.4", 503, 202)
    tell(announcement())
    deliver()
    answer = officer.submit(f"{PAGE}/servers/retry", host=f"127.0.0.4:{sinks.port}")
    assert (answer.status_code, answer.location) == (303, f"{PAGE}?said=federation.retried")
    deliver()
    assert states() == {"done": 1}
    assert db.session.scalars(select(AuditRow.act).where(AuditRow.act == "peer.retried")).all()


def test_an_unknown_server_cannot_be_tried(officer: Browser) -> None:
    assert officer.submit(f"{PAGE}/servers/retry", host="nobody.example").status_code == 404


def test_a_parked_server_says_since_when(officer: Browser) -> None:
    with write_transaction() as session:
        long_ago = NOW - timedelta(days=9)
        session.add(Peer(host="gone.example", failures=40, failing_since=long_ago, parked_at=NOW, last_error="connect"))
    page = officer.get(PAGE).text
    assert "Given up" in page
    assert "connect" in page


def test_what_a_server_said_is_shown_as_words(officer: Browser) -> None:
    with write_transaction() as session:
        session.add(Peer(host="odd.example", failures=1, failing_since=NOW, last_error="500 <script>alert(1)</script>"))
    assert "<script>alert" not in officer.get(PAGE).text


def test_a_domain_is_blocked_and_unblocked(officer: Browser) -> None:
    answer = officer.submit(PAGE, domain="https://Bad.Example:8443/@spam", reason="Spam")
    assert (answer.status_code, answer.location) == (303, f"{PAGE}?said=federation.blocked")
    assert db.session.get_one(DomainBlock, "bad.example").reason == "Spam"
    assert "bad.example" in officer.get(PAGE).text
    assert officer.submit(f"{PAGE}/unblock", domain="bad.example").status_code == 303
    assert db.session.scalars(select(DomainBlock)).all() == []


@pytest.mark.parametrize("typed", ["", "not a domain", "http://"])
def test_what_is_no_domain_is_refused_with_what_was_typed(officer: Browser, typed: str) -> None:
    answer = officer.submit(PAGE, domain=typed, reason="Because of it")
    assert answer.status_code == 422
    assert "Because of it" in answer.text
    assert 'aria-invalid="true"' in answer.text


def test_the_key_is_changed_after_a_question(officer: Browser) -> None:
    our_actor()
    assert "Followers stay." in officer.get(f"{PAGE}/key").text
    assert officer.submit(f"{PAGE}/key").status_code == 303
    db.session.rollback()
    assert db.session.scalars(select(ActorKey.number).order_by(ActorKey.number)).all() == [1, 2]


@pytest.mark.parametrize("path", ["", "/key"])
def test_the_page_is_nobody_else_s(client: Browser, sign_in: Callable[[int], Browser], path: str) -> None:
    member = sign_in(make.member("Bo").id)
    assert member.get(PAGE + path).status_code == 404
    assert member.submit(PAGE + path, domain="bad.example").status_code == 404
    assert client.get(PAGE + path).status_code in (302, 303)


def test_many_servers_come_in_pages_and_few_statements(officer: Browser, statements: type, clock: Clock) -> None:
    with write_transaction() as session:
        session.add_all(Peer(host=f"s{n:03}.example", last_ok_at=NOW) for n in range(120))
    with statements() as sent:
        page = officer.get(PAGE).text
    assert len(sent) < 25
    assert "s049.example" in page
    assert "s050.example" not in page
    assert "s119.example" in officer.get(f"{PAGE}?page=3").text
    assert server("s000.example").failures == 0
