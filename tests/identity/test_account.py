"""One's own account: password, sessions, address, profile."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from coopgov.identity import queries
from coopgov.identity.models import Login, Party, SessionRow
from coopgov.identity.passwords import PasswordKeeper
from coopgov.infra.db import db, write_transaction
from coopgov.membership.models import Tenure
from tests import factories
from tests.conftest import NOW, Browser, Clock
from tests.identity.conftest import PASSWORD, link_in

Mailed = Callable[[], list[Any]]
SignIn = Callable[[int], Browser]


@pytest.fixture
def ada(app: Flask) -> Party:
    """A member without a password."""
    return factories.member("Ada Mary Lovelace", email="ada@example.org")


@pytest.fixture
def ada_with_password(ada: Party, keeper: PasswordKeeper) -> Party:
    with write_transaction() as session:
        session.scalars(select(Login)).one().password_hash = keeper.hash(PASSWORD)
    return ada


def is_signed_in(browser: Browser) -> bool:
    return browser.get("/me/security").status_code == 200


def subjects(mailed: Mailed) -> list[tuple[str, str]]:
    return sorted((mail["To"], mail["Subject"]) for mail in mailed())


PAGES = ("/me/security", "/me/email", "/me/profile")


@pytest.mark.parametrize("path", PAGES)
def test_account_pages_are_for_their_owner_alone(ada: Party, client: Browser, sign_in: SignIn, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.headers["Location"].partition("?")[0]) == (303, "/sign-in")
    assert client.submit(path).status_code == 403
    page = sign_in(ada.id).get(path)
    assert page.status_code == 200
    assert page.headers["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize("path", PAGES)
def test_a_lapsed_member_still_reaches_the_account(app: Flask, sign_in: SignIn, path: str) -> None:
    assert sign_in(factories.person().id).get(path).status_code == 200


@pytest.mark.parametrize("path", PAGES)
def test_a_stale_form_keeps_what_was_typed(ada: Party, sign_in: SignIn, path: str) -> None:
    browser = sign_in(ada.id)
    form = {"form_token": "stale", "email": "new@example.org", "name": "Ada L", "new_password": "nine dry umbrellas"}
    answer = browser.post(path, data=form, headers={"Origin": "http://localhost"})
    assert answer.status_code == 422
    assert "open too long" in answer.text
    assert db.session.scalars(select(Party.name)).one() == "Ada Mary Lovelace"


# Password


def test_right_after_signing_in_a_password_is_set_without_further_proof(
    ada: Party, sign_in: SignIn, mailed: Mailed
) -> None:
    here, there = sign_in(ada.id), sign_in(ada.id)
    before = here.get_cookie("coopgov")
    answer = here.submit("/me/security", new_password=PASSWORD)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/me/security?said=identity.password_changed")
    assert is_signed_in(here)
    assert here.get_cookie("coopgov") != before
    assert not is_signed_in(there)
    assert subjects(mailed) == [("ada@example.org", "Your password was changed")]


def test_later_the_present_password_is_asked_for(ada_with_password: Party, sign_in: SignIn, clock: Clock) -> None:
    browser = sign_in(ada_with_password.id)
    clock.forward(minutes=16)
    assert "Present password" in browser.get("/me/security").text
    for present in ("", "wrong wrong wrong"):
        answer = browser.submit("/me/security", new_password="nine dry umbrellas", current_password=present)
        assert answer.status_code == 422
        assert "not your present password" in answer.text
    answer = browser.submit("/me/security", new_password="nine dry umbrellas", current_password=PASSWORD)
    assert answer.status_code == 303


def test_without_a_password_later_a_fresh_sign_in_is_asked_for(
    ada: Party, sign_in: SignIn, clock: Clock, mailed: Mailed
) -> None:
    browser = sign_in(ada.id)
    clock.forward(minutes=16)
    page = browser.get("/me/security")
    assert "show that it is you" in page.text
    assert "new_password" not in page.text
    assert browser.submit("/me/security", new_password=PASSWORD).status_code == 403
    assert browser.submit("/me/security/link", next="/me/security").status_code == 200
    answer = browser.submit(link_in(mailed()[-1]))
    assert answer.headers["Location"] == "/me/security"
    assert browser.submit("/me/security", new_password=PASSWORD).status_code == 303


def test_guessing_the_present_password_ends_at_ten_and_does_not_sign_out(
    ada_with_password: Party, sign_in: SignIn, clock: Clock
) -> None:
    browser = sign_in(ada_with_password.id)
    clock.forward(minutes=16)
    form = {"new_password": "nine dry umbrellas", "current_password": "wrong wrong wrong"}
    codes = [browser.submit("/me/security", **form).status_code for _ in range(11)]
    assert codes == [422] * 10 + [429]
    answer = browser.submit("/me/security", **form | {"current_password": PASSWORD})
    assert answer.status_code == 429
    assert "Retry-After" in answer.headers
    assert is_signed_in(browser)


@pytest.mark.parametrize("password", ["", "short", "1234567890", "Test Co-op 2026", "ada@example.org", "x" * 129])
def test_a_weak_password_is_refused_and_never_shown_again(ada: Party, sign_in: SignIn, password: str) -> None:
    answer = sign_in(ada.id).submit("/me/security", new_password=password)
    assert answer.status_code == 422
    assert "There is a problem" in answer.text
    assert len(re.findall(r'<input[^>]+name="new_password"[^>]+value=""', answer.text)) == 1
    assert db.session.scalars(select(Login.password_hash)).one() is None


# Sessions


def test_sessions_are_listed_with_this_one_marked(ada: Party, sign_in: SignIn) -> None:
    sign_in(ada.id)
    text = sign_in(ada.id).get("/me/security").text
    assert "2 browsers" in text
    assert text.count("This browser</span>") == 1


def test_one_session_can_be_ended_from_another(ada: Party, sign_in: SignIn) -> None:
    here, there = sign_in(ada.id), sign_in(ada.id)
    cookie = there.get_cookie("coopgov")
    assert cookie is not None
    answer = here.submit(f"/me/security/sessions/{queries.session_key(cookie.value)}/end")
    assert answer.status_code == 303
    assert is_signed_in(here)
    assert not is_signed_in(there)


def test_ending_this_session_signs_out(ada: Party, sign_in: SignIn) -> None:
    here = sign_in(ada.id)
    cookie = here.get_cookie("coopgov")
    assert cookie is not None
    answer = here.submit(f"/me/security/sessions/{queries.session_key(cookie.value)}/end")
    assert "Max-Age=0" in answer.headers["Set-Cookie"]
    assert not is_signed_in(here)


def test_all_other_sessions_can_be_ended_at_once(ada: Party, sign_in: SignIn) -> None:
    here, others = sign_in(ada.id), [sign_in(ada.id), sign_in(ada.id)]
    assert here.submit("/me/security/sessions/end-others").status_code == 303
    assert is_signed_in(here)
    assert not any(is_signed_in(other) for other in others)


def test_nobody_ends_anothers_session(ada: Party, sign_in: SignIn) -> None:
    here, bob = sign_in(ada.id), sign_in(factories.member("Bob").id)
    cookie = here.get_cookie("coopgov")
    assert cookie is not None
    assert bob.submit(f"/me/security/sessions/{queries.session_key(cookie.value)}/end").status_code == 404
    assert bob.submit("/me/security/sessions/invented/end").status_code == 404
    assert is_signed_in(here)


# The address


def test_a_new_address_holds_after_its_link_and_the_old_one_is_told_twice(
    ada: Party, sign_in: SignIn, mailed: Mailed
) -> None:
    here, there = sign_in(ada.id), sign_in(ada.id)
    assert here.submit("/me/email", email="Ada@New.example").status_code == 303
    asked = mailed()
    assert sorted((mail["To"], mail["Subject"]) for mail in asked) == [
        ("Ada@New.example", "Confirm your new address"),
        ("ada@example.org", "Your address is about to change"),
    ]
    link = next(link_in(mail) for mail in asked if mail["To"] == "Ada@New.example")
    page = here.get(link)
    assert "Ada@New.example" in page.text
    assert db.session.scalars(select(Login.email)).one() == "ada@example.org"
    answer = here.submit(link)
    assert answer.headers["Location"] == "/me/email?said=identity.email_changed"
    assert db.session.scalars(select(Login.email_key)).one() == "ada@new.example"
    assert is_signed_in(here)
    assert not is_signed_in(there)
    assert ("ada@example.org", "Your address was changed") in subjects(mailed)
    assert here.get(link).status_code == here.submit(link).status_code == 410


def test_the_link_also_works_where_nobody_is_signed_in(
    ada: Party, client: Browser, sign_in: SignIn, mailed: Mailed
) -> None:
    sign_in(ada.id).submit("/me/email", email="ada@new.example")
    link = next(link_in(mail) for mail in mailed() if mail["To"] == "ada@new.example")
    answer = client.submit(link)
    assert answer.headers["Location"] == "/sign-in?said=identity.email_changed"
    assert "Set-Cookie" not in answer.headers


def test_a_taken_address_is_refused_without_telling(ada: Party, sign_in: SignIn, mailed: Mailed) -> None:
    factories.member("Bob", email="bob@example.org")
    browser = sign_in(ada.id)
    free = browser.submit("/me/email", email="free@example.org")
    taken = browser.submit("/me/email", email="BOB@example.org")
    assert (free.status_code, free.headers["Location"]) == (taken.status_code, taken.headers["Location"])
    mails = {mail["To"]: mail for mail in mailed()}
    assert mails["bob@example.org"]["Subject"] == "Somebody typed your address"
    assert "/me/email/confirm/" not in mails["bob@example.org"].as_string()


def test_an_address_that_was_taken_before_the_link_was_opened_is_refused(
    ada: Party, sign_in: SignIn, mailed: Mailed
) -> None:
    browser = sign_in(ada.id)
    browser.submit("/me/email", email="late@example.org")
    link = next(link_in(mail) for mail in mailed() if mail["To"] == "late@example.org")
    factories.person("Late", email="late@example.org")
    answer = browser.submit(link)
    assert answer.status_code == 409
    assert "cannot be used" in answer.text
    assert db.session.scalar(select(Login.email).where(Login.party_id == ada.id)) == "ada@example.org"


def test_ones_own_address_is_no_change(ada: Party, sign_in: SignIn) -> None:
    answer = sign_in(ada.id).submit("/me/email", email="ADA@example.org")
    assert answer.status_code == 422
    assert "your address already" in answer.text


@pytest.mark.parametrize("email", ["", "ada", "a@b@c", "ada@example.org\r\nBcc: eve@example.org", "x" * 250 + "@a.bc"])
def test_what_is_no_address_is_refused_with_what_was_typed(ada: Party, sign_in: SignIn, email: str) -> None:
    answer = sign_in(ada.id).submit("/me/email", email=email)
    assert answer.status_code == 422
    assert "There is a problem" in answer.text


def test_a_change_of_address_asks_for_proof(
    ada_with_password: Party, sign_in: SignIn, clock: Clock, mailed: Mailed
) -> None:
    browser = sign_in(ada_with_password.id)
    clock.forward(minutes=16)
    answer = browser.submit("/me/email", email="eve@example.org", current_password="wrong wrong wrong")
    assert answer.status_code == 422
    assert 'value="eve@example.org"' in answer.text
    assert mailed() == []
    assert browser.submit("/me/email", email="ada@new.example", current_password=PASSWORD).status_code == 303


def test_strangers_are_not_flooded_with_confirmations(ada: Party, sign_in: SignIn) -> None:
    browser = sign_in(ada.id)
    codes = [browser.submit("/me/email", email=f"eve{n}@example.org").status_code for n in range(6)]
    assert codes == [303] * 5 + [429]


def test_links_to_the_old_address_die_with_it(ada: Party, client: Browser, sign_in: SignIn, mailed: Mailed) -> None:
    client.submit("/sign-in", email="ada@example.org")
    old = link_in(mailed()[-1])
    browser = sign_in(ada.id)
    browser.submit("/me/email", email="ada@new.example")
    browser.submit(next(link_in(mail) for mail in mailed() if mail["To"] == "ada@new.example"))
    assert client.submit(old).status_code == 410


# The profile


def test_a_profile_is_saved(ada: Party, sign_in: SignIn) -> None:
    browser = sign_in(ada.id)
    answer = browser.submit("/me/profile", name=" Ada  King ", public_name="initial", language="en", theme="dark")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/me/profile?said=identity.profile_saved")
    row = db.session.get_one(Party, ada.id)
    assert (row.name, row.public_name, row.language, row.theme) == ("Ada King", "initial", "en", "dark")
    page = browser.get("/me/profile")
    assert 'data-theme="dark"' in page.text
    assert "“Ada K.”" in page.text


def test_each_way_to_show_a_name_has_its_example(ada: Party, sign_in: SignIn) -> None:
    text = sign_in(ada.id).get("/me/profile").text
    for example in ("“Ada Mary Lovelace”", "“Ada L.”", "“A member”"):
        assert example in text


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": "\u202e\u200b "},
        {"name": "x" * 81},
        {"public_name": "shouting"},
        {"language": "tlh"},
        {"theme": "pink"},
    ],
)
def test_a_profile_that_cannot_be_is_refused(ada: Party, sign_in: SignIn, wrong: dict[str, str]) -> None:
    form = {"name": "Ada King", "public_name": "full", "language": "", "theme": ""} | wrong
    answer = sign_in(ada.id).submit("/me/profile", **form)
    assert answer.status_code == 422
    assert "There is a problem" in answer.text
    assert db.session.scalars(select(Party.name)).one() == "Ada Mary Lovelace"


def test_a_name_cannot_trick_the_eye(ada: Party, sign_in: SignIn) -> None:
    form = {"public_name": "full", "language": "", "theme": ""}
    sign_in(ada.id).submit("/me/profile", name="Ada\u202e\x00\u200b <b>King</b>", **form)
    assert db.session.scalars(select(Party.name)).one() == "Ada <b>King</b>"


def test_a_profile_gives_nothing_that_it_does_not_ask_for(ada: Party, sign_in: SignIn) -> None:
    form = {"name": "Ada", "public_name": "full", "language": "", "theme": ""}
    extra = {
        "is_admin": "1",
        "offices": "admin",
        "member_number": "1",
        "kind": "organisation",
        "id": "1",
        "email": "x@y.z",
    }
    browser = sign_in(ada.id)
    assert browser.submit("/me/profile", **form, **extra).status_code == 303
    assert db.session.scalars(select(Tenure)).all() == []
    assert db.session.scalars(select(Party.kind)).one() == "person"
    assert db.session.scalars(select(Login.email)).one() == "ada@example.org"
    assert browser.get("/admin").status_code == 404


def test_the_accounts_pages_take_few_statements(ada: Party, sign_in: SignIn, statements: Any) -> None:
    browser = sign_in(ada.id)
    for _ in range(5):
        sign_in(ada.id)
    for path in PAGES:
        browser.get(path)
        with statements() as sent:
            browser.get(path)
        assert len(sent) <= 12


def test_sessions_of_the_demonstration_are_named(ada: Party, sign_in: SignIn) -> None:
    with write_transaction() as session:
        login = session.scalars(select(Login)).one()
        times = {"created_at": NOW, "seen_at": NOW, "expires_at": NOW + timedelta(days=90)}
        session.add(SessionRow(id="x", login_id=login.id, method="demo", **times))
    assert "by demonstration link" in sign_in(ada.id).get("/me/security").text
