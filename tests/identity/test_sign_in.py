"""Signing in and out: by mailed link, by password, with a forgotten one."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from coopgov.core.viewer import NOBODY
from coopgov.identity import queries
from coopgov.identity.models import Login, MailLink, SessionRow
from coopgov.identity.passwords import PasswordKeeper
from coopgov.identity.rules import LINK_LASTS, SIGN_IN, SPENT_LINK_KEPT
from coopgov.infra.db import db, write_transaction
from coopgov.infra.jobs import Job
from tests import factories
from tests.conftest import NOW, Browser, Clock, make_app
from tests.identity.conftest import PASSWORD, link_in

Mailed = Callable[[], list[Any]]


@pytest.fixture
def ada(app: Flask, keeper: PasswordKeeper) -> Any:
    """A member with the password PASSWORD."""
    party = factories.member("Ada Lovelace", email="ada@example.org")
    with write_transaction() as session:
        session.scalars(select(Login)).one().password_hash = keeper.hash(PASSWORD)
    return party


def cookie_of(browser: Browser) -> str:
    cookie = browser.get_cookie("coopgov")
    return cookie.value if cookie else ""


def is_signed_in(browser: Browser) -> bool:
    return browser.get("/me/security").status_code == 200


def ask(browser: Browser, mailed: Mailed, **form: str) -> str:
    assert browser.submit("/sign-in", email="ada@example.org", **form).status_code == 200
    return link_in(mailed()[-1])


# By mailed link


def test_a_mailed_link_signs_in(ada: Any, client: Browser, mailed: Mailed) -> None:
    link = ask(client, mailed, next="/groups")
    page = client.get(link)
    assert page.status_code == 200
    assert "Sign in as Ada Lovelace" in page.text
    answer = client.submit(link)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/groups")
    assert is_signed_in(client)


def test_opening_the_link_consumes_nothing(ada: Any, client: Browser, mailed: Mailed) -> None:
    link = ask(client, mailed)
    for _ in range(3):
        assert client.get(link).status_code == 200
        assert client.head(link).status_code == 200
    assert "Set-Cookie" not in client.get(link).headers
    assert client.submit(link).status_code == 303


def test_a_link_works_once_and_offers_a_new_one(ada: Any, app: Flask, client: Browser, mailed: Mailed) -> None:
    link = ask(client, mailed)
    client.submit(link)
    other = app.test_client()
    for answer in (other.get(link), other.submit(link)):  # type: ignore[attr-defined]
        assert answer.status_code == 410
        assert "Mail a new link" in answer.text
        assert "ada@example.org" not in answer.text
        assert "Ada" not in answer.text
        assert "Set-Cookie" not in answer.headers
    assert other.submit(link + "/again").status_code == 200  # type: ignore[attr-defined]
    second = link_in(mailed()[-1])
    assert second != link
    assert other.submit(second).status_code == 303  # type: ignore[attr-defined]


def test_a_link_that_is_too_old_is_renewed_with_where_it_led(
    ada: Any, client: Browser, clock: Clock, mailed: Mailed
) -> None:
    link = ask(client, mailed, next="/groups")
    clock.forward(minutes=15)
    assert client.get(link).status_code == 410
    assert client.submit(link).status_code == 410
    client.submit(link + "/again")
    answer = client.submit(link_in(mailed()[-1]))
    assert answer.headers["Location"] == "/groups"


def test_a_used_link_leads_on_in_the_browser_that_it_signed_in(ada: Any, client: Browser, mailed: Mailed) -> None:
    link = ask(client, mailed, next="/groups")
    client.submit(link)
    answer = client.get(link)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/groups")


@pytest.mark.parametrize("spoil", [lambda t: t[:-2] + "xx", lambda t: "x" + t[1:], lambda _: "nothing"])
def test_an_edited_link_does_not_exist(ada: Any, client: Browser, mailed: Mailed, spoil: Any) -> None:
    head, token = ask(client, mailed).rsplit("/", 1)
    assert client.get(f"{head}/{spoil(token)}").status_code == 404
    assert client.submit(f"{head}/{spoil(token)}").status_code == 404


def test_a_token_for_another_purpose_does_not_sign_in(ada: Any, app: Flask, client: Browser, mailed: Mailed) -> None:
    ask(client, mailed)
    ticket = db.session.scalars(select(MailLink.id)).one()
    for purpose in ("reset", "form", "invitation"):
        token = app.extensions["coopgov.signer"].sign(purpose, ticket)
        assert client.get(f"/sign-in/link/{token}").status_code == 404
    token = app.extensions["coopgov.signer"].sign("reset", ticket)
    assert client.get(f"/password/reset/{token}").status_code == 404


def test_a_link_that_was_swept_away_does_not_exist(ada: Any, client: Browser, clock: Clock, mailed: Mailed) -> None:
    link = ask(client, mailed)
    clock.now = NOW + SPENT_LINK_KEPT + LINK_LASTS
    mailed()
    assert client.get(link).status_code == 404


def test_a_stale_button_is_shown_again_and_consumes_nothing(ada: Any, client: Browser, mailed: Mailed) -> None:
    link = ask(client, mailed)
    answer = client.post(link, data={"form_token": "stale"}, headers={"Origin": "http://localhost"})
    assert answer.status_code == 422
    assert client.submit(link).status_code == 303


def test_every_sign_in_has_a_session_id_of_its_own_and_ends_the_one_before(
    ada: Any, app: Flask, client: Browser, mailed: Mailed
) -> None:
    first_link, second_link = ask(client, mailed), ask(client, mailed)
    client.submit(first_link)
    first = cookie_of(client)
    client.submit(second_link)
    assert cookie_of(client) != first
    assert queries.signed_in(first, NOW) is None
    assert is_signed_in(client)


def test_a_session_id_that_somebody_planted_is_never_used(ada: Any, client: Browser, mailed: Mailed) -> None:
    link = ask(client, mailed)
    token = client.token()
    client.set_cookie("coopgov", "planted")
    client.post(link, data={"form_token": token}, headers={"Origin": "http://localhost"})
    assert cookie_of(client) not in ("", "planted")
    assert queries.signed_in("planted", NOW) is None


def test_the_link_page_tells_no_other_site_where_it_was(ada: Any, client: Browser, mailed: Mailed) -> None:
    answer = client.get(ask(client, mailed))
    assert answer.headers["Referrer-Policy"] in ("same-origin", "no-referrer")
    assert "no-store" in answer.headers["Cache-Control"]
    assert 'content="noindex"' in answer.text


def test_no_working_link_rests_in_the_database(ada: Any, client: Browser, mailed: Mailed) -> None:
    token = ask(client, mailed).rsplit("/", 1)[1]
    for table in db.metadata.sorted_tables:
        for row in db.session.execute(select(table)):
            assert token not in str(row)


def test_mails_lead_to_the_configured_address_whatever_the_host_header_says(
    ada: Any, client: Browser, mailed: Mailed
) -> None:
    client.post(
        "/sign-in",
        data={"form_token": client.token(), "email": "ada@example.org"},
        headers={"Host": "evil.example", "Origin": "http://evil.example", "X-Forwarded-Host": "evil.example"},
    )
    for mail in mailed():
        assert "evil.example" not in mail.as_string()


# Nobody learns whose address is known


def plain(text: str, client: Browser) -> str:
    """A page without what differs each time: form tokens and the typed address."""
    import re

    return (
        re.sub(r'name="form_token" value="[^"]+"', "", text)
        .replace("ada@example.org", "X")
        .replace("eve@example.org", "X")
    )


@pytest.mark.parametrize("path", ["/sign-in", "/password/forgot"])
def test_known_and_unknown_addresses_get_the_same_answer_for_the_same_work(
    ada: Any, client: Browser, statements: Any, mailed: Mailed, path: str
) -> None:
    client.submit(path, email="warm@example.org")
    answers, texts = [], []
    for email in ("ada@example.org", "eve@example.org"):
        with statements() as sent:
            answers.append(client.submit(path, email=email))
        texts.append([text.split(" VALUES")[0] for text in sent.texts])
    known, unknown = answers
    assert known.status_code == unknown.status_code == 200
    assert plain(known.text, client) == plain(unknown.text, client)
    assert list(known.headers.keys()) == list(unknown.headers.keys())
    assert texts[0] == texts[1]
    assert [mail["To"] for mail in mailed()] == ["ada@example.org"]


def test_an_unknown_address_is_not_kept(ada: Any, client: Browser) -> None:
    client.submit("/sign-in", email="eve@example.org")
    assert not any("eve@" in str(payload) for payload in db.session.scalars(select(Job.payload)))


def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(ada: Any, client: Browser) -> None:
    known = client.submit("/sign-in/password", email="ada@example.org", password="wrong wrong wrong")
    unknown = client.submit("/sign-in/password", email="eve@example.org", password="wrong wrong wrong")
    assert known.status_code == unknown.status_code == 422
    assert plain(known.text, client) == plain(unknown.text, client)
    assert "do not go together" in known.text
    assert "wrong wrong wrong" not in known.text


# Limits


def test_the_eleventh_link_within_a_quarter_of_an_hour_has_to_wait(ada: Any, client: Browser, clock: Clock) -> None:
    for _ in range(10):
        assert client.submit("/sign-in", email="ada@example.org").status_code == 200
    answer = client.submit("/sign-in", email="ada@example.org")
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) == 900
    assert 'value="ada@example.org"' in answer.text
    assert client.submit("/sign-in", email="bob@example.org").status_code == 200
    clock.forward(minutes=15)
    assert client.submit("/sign-in", email="ada@example.org").status_code == 200


def test_an_unknown_address_runs_into_the_same_limit(app: Flask, client: Browser) -> None:
    codes = [client.submit("/sign-in", email="eve@example.org").status_code for _ in range(11)]
    assert codes == [200] * 10 + [429]


def wrong(client: Browser, network: str, email: str = "ada@example.org", password: str = "wrong wrong") -> Any:
    form = {"form_token": client.token(), "email": email, "password": password}
    return client.post(
        "/sign-in/password", data=form, headers={"Origin": "http://localhost"}, environ_base={"REMOTE_ADDR": network}
    )


def test_the_eleventh_wrong_password_has_to_wait_but_not_its_owner_elsewhere(ada: Any, client: Browser) -> None:
    codes = [wrong(client, "2001:db8:1:2::5").status_code for _ in range(10)]
    assert codes == [422] * 10
    answer = wrong(client, "2001:db8:1:2:ffff::6", password=PASSWORD)
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0
    assert wrong(client, "2001:db8:1:3::5", password=PASSWORD).status_code == 303


def test_the_limit_holds_over_processes(ada: Any, app: Flask, client: Browser, tmp_path: Path, clock: Clock) -> None:
    for _ in range(10):
        wrong(client, "192.0.2.7")
    twin = make_app(app.config["SQLALCHEMY_DATABASE_URI"], tmp_path, clock)
    twin.extensions["coopgov.passwords"] = app.extensions["coopgov.passwords"]
    twin.test_client_class = Browser
    with twin.app_context():
        assert wrong(twin.test_client(), "192.0.2.7").status_code == 429  # type: ignore[arg-type]
        db.session.remove()
        db.engine.dispose()


def test_a_limit_never_locks_out_who_is_signed_in(ada: Any, client: Browser, sign_in: Callable[[int], Browser]) -> None:
    inside = sign_in(ada.id)
    for _ in range(12):
        wrong(client, "127.0.0.1")
    assert is_signed_in(inside)


# By password


def test_a_password_signs_in(ada: Any, client: Browser) -> None:
    answer = client.submit("/sign-in/password", email="ADA@example.org", password=PASSWORD, next="/groups")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/groups")
    assert is_signed_in(client)


def test_right_passwords_count_as_no_tries(ada: Any, client: Browser) -> None:
    for _ in range(12):
        assert client.submit("/sign-in/password", email="ada@example.org", password=PASSWORD).status_code == 303
        client.submit("/sign-out")


def test_without_a_password_none_signs_in(app: Flask, client: Browser) -> None:
    factories.member("Bob", email="bob@example.org")
    for password in ("None", "bob@example.org", "x"):
        answer = client.submit("/sign-in/password", email="bob@example.org", password=password)
        assert answer.status_code == 422


@pytest.mark.parametrize(("email", "password"), [("", "x"), ("ada", "x"), ("a@b.c", "")])
def test_an_incomplete_form_keeps_what_was_typed(app: Flask, client: Browser, email: str, password: str) -> None:
    answer = client.submit("/sign-in/password", email=email, password=password)
    assert answer.status_code == 422
    assert "There is a problem" in answer.text
    assert f'value="{email}"' in answer.text


def test_a_nul_byte_is_an_error_of_the_form(ada: Any, client: Browser) -> None:
    assert client.submit("/sign-in", email="ada\x00@example.org").status_code in (200, 422)
    assert client.submit("/sign-in/password", email="ada@example.org", password="a\x00b").status_code == 422


# Where a sign-in leads


@pytest.mark.parametrize(
    "path", ["//evil.example", "/\\evil.example", "https:evil.example", "/%0d%0aX: y", "/\r\nX: y"]
)
def test_a_sign_in_never_leads_away_from_here(ada: Any, client: Browser, mailed: Mailed, path: str) -> None:
    answer = client.submit(ask(client, mailed, next=path))
    location = answer.headers["Location"]
    assert location.startswith("/")
    assert not location.startswith(("//", "/\\"))
    assert "\r" not in location
    client.submit("/sign-out")
    answer = client.submit("/sign-in/password", email="ada@example.org", password=PASSWORD, next=path)
    assert answer.headers["Location"] in ("/me", "/%0d%0aX:%20y", "/%250d%250aX:%20y", "/%0d%0aX: y")


def test_the_page_carries_only_a_local_next(app: Flask, client: Browser) -> None:
    assert 'value="//evil' not in client.get("/sign-in?next=//evil.example").text
    assert 'value="/p/7-roof"' in client.get("/sign-in?next=/p/7-roof").text


def test_whoever_is_signed_in_is_led_on_at_once(ada: Any, sign_in: Callable[[int], Browser]) -> None:
    answer = sign_in(ada.id).get("/sign-in?next=/groups")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/groups")


def test_a_members_page_leads_through_the_sign_in_and_back(ada: Any, client: Browser, mailed: Mailed) -> None:
    answer = client.get("/me/profile")
    assert answer.headers["Location"] == "/sign-in?next=%2Fme%2Fprofile"
    link = ask(client, mailed, next="/me/profile")
    assert client.submit(link).headers["Location"] == "/me/profile"


# Cookies


def test_the_only_cookie_is_kept_from_scripts_and_other_sites(ada: Any, client: Browser) -> None:
    answer = client.submit("/sign-in/password", email="ada@example.org", password=PASSWORD)
    (cookie,) = answer.headers.getlist("Set-Cookie")
    assert cookie.startswith("coopgov=")
    for part in ("HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=7776000"):
        assert part in cookie
    assert "Domain" not in cookie


def test_on_https_the_cookie_is_bound_to_host_and_encryption(
    ada: Any, app: Flask, tmp_path: Path, clock: Clock
) -> None:
    secure = make_app(app.config["SQLALCHEMY_DATABASE_URI"], tmp_path, clock, base_url="https://localhost")
    secure.extensions["coopgov.passwords"] = app.extensions["coopgov.passwords"]
    secure.test_client_class = Browser
    with secure.app_context():
        browser: Any = secure.test_client()
        form = {"form_token": browser.token(), "email": "ada@example.org", "password": PASSWORD}
        answer = browser.post(
            "/sign-in/password", data=form, headers={"Origin": "https://localhost"}, base_url="https://localhost"
        )
        cookie = answer.headers["Set-Cookie"]
        db.session.remove()
        db.engine.dispose()
    assert cookie.startswith("__Host-coopgov=")
    assert "Secure" in cookie
    assert "Path=/" in cookie
    assert "Domain" not in cookie


@pytest.mark.parametrize("path", ["/sign-in", "/sign-in/password", "/password/forgot"])
def test_a_visitor_gets_no_cookie_and_leaves_no_trace(app: Flask, client: Browser, statements: Any, path: str) -> None:
    with statements() as sent:
        answer = client.get(path)
    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers
    assert not [text for text in sent.texts if text.split()[0] in ("INSERT", "UPDATE", "DELETE")]


# Signing out


def test_a_copied_cookie_is_dead_after_signing_out(ada: Any, app: Flask, sign_in: Callable[[int], Browser]) -> None:
    browser = sign_in(ada.id)
    copied = cookie_of(browser)
    answer = browser.submit("/sign-out")
    assert answer.status_code == 303
    assert "Max-Age=0" in answer.headers["Set-Cookie"]
    thief = app.test_client()
    thief.set_cookie("coopgov", copied)
    assert not is_signed_in(thief)  # type: ignore[arg-type]


def test_signing_out_takes_more_than_a_link(ada: Any, sign_in: Callable[[int], Browser]) -> None:
    browser = sign_in(ada.id)
    assert browser.get("/sign-out").status_code == 405
    forged = browser.post("/sign-out", headers={"Sec-Fetch-Site": "cross-site"}, data={"form_token": browser.token()})
    assert forged.status_code == 403
    assert browser.post("/sign-out", headers={"Origin": "http://localhost"}).status_code == 400
    assert is_signed_in(browser)


# A forgotten password


def forgotten(client: Browser, mailed: Mailed) -> str:
    client.submit("/password/forgot", email="ada@example.org")
    return link_in(mailed()[-1])


def test_a_forgotten_password_is_replaced_by_link(
    ada: Any, client: Browser, mailed: Mailed, sign_in: Callable[[int], Browser]
) -> None:
    elsewhere = sign_in(ada.id)
    link = forgotten(client, mailed)
    assert "For Ada Lovelace" in client.get(link).text
    answer = client.submit(link, new_password="nine dry umbrellas")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/me/security?said=identity.password_changed")
    assert is_signed_in(client)
    assert not is_signed_in(elsewhere)
    client.submit("/sign-out")
    old = client.submit("/sign-in/password", email="ada@example.org", password=PASSWORD)
    new = client.submit("/sign-in/password", email="ada@example.org", password="nine dry umbrellas")
    assert (old.status_code, new.status_code) == (422, 303)
    assert mailed()[-1]["Subject"] == "Your password was changed"


def test_a_weak_new_password_leaves_the_link_unused(ada: Any, client: Browser, mailed: Mailed) -> None:
    link = forgotten(client, mailed)
    for password in ("", "short", "Test Co-op 2026", "ada@example.org"):
        answer = client.submit(link, new_password=password)
        assert answer.status_code == 422
        assert "There is a problem" in answer.text
    assert client.submit(link, new_password="nine dry umbrellas").status_code == 303


def test_a_reset_link_works_once_and_can_be_renewed(ada: Any, client: Browser, mailed: Mailed) -> None:
    link = forgotten(client, mailed)
    client.submit(link, new_password="nine dry umbrellas")
    client.submit("/sign-out")
    assert client.get(link).status_code == 410
    assert client.submit(link, new_password="ten dry umbrellas").status_code == 410
    assert client.submit(link + "/again").status_code == 200
    assert "/password/reset/" in link_in(mailed()[-1])


# Visits


def test_a_visit_is_written_down_once_in_six_hours_and_never_for_a_public_page(
    ada: Any, sign_in: Callable[[int], Browser], clock: Clock, statements: Any
) -> None:
    browser = sign_in(ada.id)

    def writes(path: str) -> int:
        with statements() as sent:
            browser.get(path)
        return len([text for text in sent.texts if text.startswith("UPDATE")])

    clock.forward(hours=5)
    assert writes("/me/security") == 0
    clock.forward(hours=1)
    assert writes("/healthz") == writes("/") == 0
    assert writes("/me/security") == 1
    assert writes("/me/security") == 0
    assert db.session.scalar(select(SessionRow.seen_at)) == NOW + timedelta(hours=6)


def test_who_comes_by_now_and_then_stays_signed_in_for_ninety_days(ada: Any, client: Browser, clock: Clock) -> None:
    client.submit("/sign-in/password", email="ada@example.org", password=PASSWORD)
    for _ in range(4):
        clock.forward(days=20)
        assert is_signed_in(client)
    clock.forward(days=10)
    assert not is_signed_in(client)


def test_an_invented_cookie_is_nobody(app: Flask, client: Browser) -> None:
    from coopgov.app import load_viewer

    assert load_viewer("invented", NOW) == NOBODY
    assert load_viewer("", NOW) == NOBODY


def test_a_link_is_made_by_the_worker_for_known_logins_only(ada: Any, client: Browser, mailed: Mailed) -> None:
    client.submit("/sign-in", email="eve@example.org")
    mailed()
    assert db.session.scalar(select(func.count()).select_from(MailLink).where(MailLink.purpose == SIGN_IN)) == 0
