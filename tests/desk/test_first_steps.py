"""The checklist of new members: each step with its state, until the list is put away."""

from collections.abc import Callable
from typing import Any

import pytest

from coopgov.infra.db import db, write_transaction
from coopgov.membership.models import Welcome
from tests import factories as make
from tests.conftest import Browser
from tests.decisions.scene import opened, scene
from tests.membership.applying import application

pytestmark = pytest.mark.usefixtures("app")


@pytest.fixture
def newcomer() -> Any:
    person = make.member("Nia Newcomer")
    application("admitted", party_id=person.id, about="I bake bread.")
    with write_transaction() as session:
        session.add(Welcome(party_id=person.id))
    return person


def test_a_new_member_says_hello_with_their_own_words(newcomer: Any, sign_in: Callable[[int], Browser]) -> None:
    make.group("Tech")
    make.group("Introductions")
    browser = sign_in(newcomer.id)
    page = browser.get("/me").text
    assert "I bake bread." in page
    assert 'action="/g/introductions/threads/new"' in page
    shown = browser.submit(
        "/g/introductions/threads/new", preview="1", readers="members", title="Hello from Nia", text="I bake bread."
    )
    assert (shown.status_code, "<p>I bake bread.</p>" in shown.text) == (200, True)


def test_steps_are_done_by_doing_them(newcomer: Any, sign_in: Callable[[int], Browser]) -> None:
    on = scene(members=0)
    proposal = opened(on)
    browser = sign_in(newcomer.id)
    page = browser.get("/me").text
    assert proposal.title in page.partition("first-steps")[2]
    assert page.count('<li class="todo">') == 4
    make.thread(on.group, newcomer)
    make.seat(on.group, newcomer)
    browser.submit("/me/first-steps/mails")
    assert browser.get("/me").text.count('<li class="todo">') == 1
    browser.submit("/me/first-steps/all")
    assert "Your first steps" not in browser.get("/me").text


def test_nobody_else_has_a_list(sign_in: Callable[[int], Browser]) -> None:
    old = sign_in(make.member().id)
    assert "Your first steps" not in old.get("/me").text
    assert old.submit("/me/first-steps/all").status_code == 404
    assert db.session.query(Welcome).count() == 0
