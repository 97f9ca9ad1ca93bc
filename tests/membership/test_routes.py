"""Joining by invitation."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from coopgov.identity.models import Party
from coopgov.infra.db import db, write_transaction
from coopgov.membership.models import Invitation
from coopgov.membership.queries import register as queries
from coopgov.membership.rules.register import INVITATION_LASTS
from coopgov.membership.services import register as services
from tests import factories
from tests.conftest import NOW, Browser, Clock

Mails = Callable[[], list[Any]]


@pytest.fixture
def link(app: Flask, catch_up: Callable[[], int], mails: Mails) -> str:
    """The path of the link in a mailed invitation to ada@example.org."""
    bob = factories.officer("admin", "Bob Builder")
    with write_transaction():
        services.invite("ada@example.org", "", bob.id, "en", NOW)
    catch_up()
    (mail,) = mails()
    assert mail["To"] == "ada@example.org"
    assert mail["Subject"] == "Your invitation to Test Co-op"
    text = mail.get_body(("plain",)).get_content()
    assert "Bob Builder invites you" in text
    found = re.search(r"http://localhost(/invitation/\S+)", text)
    assert found is not None
    return found[1]


def people() -> int:
    return db.session.scalar(select(func.count()).select_from(Party)) or 0


def test_an_invitation_is_accepted_with_a_name_and_a_button(link: str, client: Browser) -> None:
    page = client.get(link)
    assert page.status_code == 200
    assert "Bob Builder invites you" in page.text
    assert "Join</button>" in page.text
    answer = client.submit(link, name="Ada Lovelace")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/me?said=membership.joined")
    assert client.get("/me/profile").status_code == 200
    assert [name for _, name in queries.member_names(NOW)] == ["Ada Lovelace", "Bob Builder"]


def test_opening_the_invitation_changes_nothing(link: str, client: Browser) -> None:
    for _ in range(2):
        answer = client.get(link)
        assert "Set-Cookie" not in answer.headers
    assert people() == 1


@pytest.mark.parametrize(("name", "words"), [("", "Write the name"), ("x" * 81, "1 character too many")])
def test_without_a_name_nobody_joins(link: str, client: Browser, name: str, words: str) -> None:
    answer = client.submit(link, name=name)
    assert answer.status_code == 422
    assert words in answer.text
    assert people() == 1


def test_a_stale_form_keeps_the_name(link: str, client: Browser) -> None:
    form = {"form_token": "stale", "name": "Ada Lovelace"}
    answer = client.post(link, data=form, headers={"Origin": "http://localhost"})
    assert answer.status_code == 422
    assert 'value="Ada Lovelace"' in answer.text
    assert people() == 1


def test_another_site_cannot_make_anybody_join(link: str, client: Browser) -> None:
    form = {"form_token": client.token(), "name": "Ada"}
    assert client.post(link, data=form, headers={"Origin": "http://evil.example"}).status_code == 403


def test_an_accepted_invitation_says_so(link: str, app: Flask, client: Browser) -> None:
    client.submit(link, name="Ada")
    other: Any = app.test_client()
    for answer in (other.get(link), other.submit(link, name="Eve")):
        assert answer.status_code == 410
        assert "was accepted" in answer.text
        assert "Set-Cookie" not in answer.headers
    assert people() == 2


def test_an_invitation_that_is_too_old_says_whom_to_ask(link: str, client: Browser, clock: Clock) -> None:
    clock.forward(days=INVITATION_LASTS.days)
    for answer in (client.get(link), client.submit(link, name="Ada")):
        assert answer.status_code == 410
        assert "Ask Bob Builder" in answer.text
    assert people() == 1


def test_a_withdrawn_invitation_says_so(link: str, client: Browser) -> None:
    with write_transaction() as session:
        session.execute(update(Invitation).values(withdrawn_at=NOW))
    for answer in (client.get(link), client.submit(link, name="Ada")):
        assert answer.status_code == 410
        assert "was withdrawn" in answer.text
    assert people() == 1


def test_an_edited_or_foreign_token_does_not_exist(link: str, app: Flask, client: Browser) -> None:
    invitation_id = db.session.scalars(select(Invitation.id)).one()
    signer = app.extensions["coopgov.signer"]
    for token in (
        link.rsplit("/", 1)[1][:-1],
        signer.sign("sign-in", invitation_id),
        signer.sign("invitation", "none"),
    ):
        assert client.get(f"/invitation/{token}").status_code == 404
        assert client.submit(f"/invitation/{token}", name="Ada").status_code == 404


def test_joining_in_a_browser_where_somebody_is_signed_in_signs_them_out(
    link: str, sign_in: Callable[[int], Browser]
) -> None:
    browser = sign_in(factories.member("Zoe").id)
    assert "Zoe is signed in now" in browser.get(link).text
    browser.submit(link, name="Ada")
    assert 'value="Ada"' in browser.get("/me/profile").text


def test_a_login_from_before_is_not_opened_by_an_old_mail(link: str, client: Browser) -> None:
    factories.person("Ada Lovelace", email="ada@example.org")
    assert 'name="name"' not in client.get(link).text
    answer = client.submit(link)
    assert answer.headers["Location"] == "/sign-in?said=membership.joined_again"
    assert "Set-Cookie" not in answer.headers
    assert "Ada Lovelace" in [name for _, name in queries.member_names(NOW)]


def test_who_became_a_member_another_way_meanwhile_stays_one_once(link: str, client: Browser) -> None:
    factories.member("Ada", email="ada@example.org")
    assert client.submit(link).status_code == 410
    assert queries.members_now(NOW) == 2


def test_an_unsent_invitation_is_not_sent_when_it_is_too_old(
    app: Flask, clock: Clock, catch_up: Callable[[], int], mails: Mails
) -> None:
    with write_transaction():
        services.invite("ada@example.org", "", None, "en", NOW)
    clock.now = NOW + INVITATION_LASTS + timedelta(seconds=1)
    catch_up()
    assert mails() == []
