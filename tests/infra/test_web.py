"""What every page shares: cookies by scheme, kept pages, packed bytes, failures in words."""

import gzip
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.exc import OperationalError

from coopgov.infra.db import db, write_transaction
from coopgov.infra.web.pages import MOST_PAGES, PageStore, _keep
from tests import factories as make
from tests.conftest import NOW, Browser, Clock, make_app


@pytest.mark.parametrize(
    ("base", "cookie"), [("https://coop.example", "__Host-coopgov"), ("http://x.example", "coopgov")]
)
def test_the_cookie_s_name_follows_the_scheme(tmp_path: Path, base: str, cookie: str) -> None:
    app = make_app(f"sqlite:///{tmp_path / 'x.db'}", tmp_path, Clock(), base_url=base)
    assert app.config["SESSION_COOKIE_NAME"] == cookie


def test_only_https_promises_https(tmp_path: Path, app: Flask, client: Browser) -> None:
    assert "Strict-Transport-Security" not in client.get("/").headers
    secure = make_app(f"sqlite:///{tmp_path / 'x.db'}", tmp_path, Clock(), base_url="https://coop.example")
    assert "max-age=63072000" in secure.test_client().get("/nothing").headers["Strict-Transport-Security"]


def test_a_public_page_is_kept_packed_and_asked_for_by_its_tag(client: Browser) -> None:
    plain = client.get("/groups")
    packed = client.get("/groups", headers={"Accept-Encoding": "gzip"})
    assert gzip.decompress(packed.data) == plain.data
    assert packed.headers["Vary"] == "Cookie, Accept-Encoding"
    assert "public" in plain.headers["Cache-Control"]
    again = client.get("/groups", headers={"If-None-Match": plain.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_a_member_s_page_is_kept_by_nobody(app: Flask, sign_in: Callable[[int], Browser]) -> None:
    answer = sign_in(make.member().id).get("/groups")
    assert answer.headers["Cache-Control"] == "private, no-store"


def test_a_kept_page_is_forgotten_after_a_minute_or_when_its_stamp_changes() -> None:
    store = PageStore()
    store.put("key", _keep(b"x", 1, "text/html", NOW, None))
    assert store.get("key", 1, NOW) is not None
    assert store.get("key", 2, NOW) is None
    assert store.get("key", 1, NOW + timedelta(seconds=60)) is None


def test_a_page_that_changes_by_the_clock_is_kept_no_longer() -> None:
    store = PageStore()
    store.put("key", _keep(b"x", 1, "text/html", NOW, NOW + timedelta(seconds=10)))
    assert store.get("key", 1, NOW + timedelta(seconds=9)) is not None
    assert store.get("key", 1, NOW + timedelta(seconds=10)) is None


def test_the_store_is_bounded() -> None:
    store = PageStore()
    for number in range(MOST_PAGES + 1):
        store.put(number, _keep(b"x", 1, "text/html", NOW, None))
    assert store.get(0, 1, NOW) is None
    assert store.get(MOST_PAGES, 1, NOW) is not None


def test_a_file_is_kept_for_a_year_under_a_name_of_its_content(app: Flask, client: Browser) -> None:
    address = client.get("/").text.split('rel="stylesheet" href="')[1].split('"')[0]
    answer = client.get(address)
    assert answer.status_code == 200
    assert "immutable" in answer.headers["Cache-Control"]
    assert client.get("/static/000000000000/site.css").status_code == 404
    assert client.get("/static/x/../../pyproject.toml").status_code == 404


def test_a_page_that_is_not_there_says_so_and_offers_to_sign_in(client: Browser) -> None:
    answer = client.get("/nothing/here")
    assert answer.status_code == 404
    assert "Page not found" in answer.text
    assert "/sign-in?next=/nothing/here" in answer.text


def test_a_failure_shows_a_reference_and_no_trace(app: Flask, client: Browser, caplog: Any) -> None:
    app.view_functions["public.about"] = _failing(app.view_functions["public.about"])
    app.config["PROPAGATE_EXCEPTIONS"] = False
    answer = client.get("/about")
    assert answer.status_code == 500
    assert "Traceback" not in answer.text
    assert "secret detail" not in answer.text
    reference = answer.text.split("mention ")[1].split(".")[0]
    assert reference in caplog.text


def _failing(view: Any) -> Any:
    def fail() -> None:
        raise ValueError("secret detail")

    fail.terms = view.terms  # type: ignore[attr-defined]
    return fail


def test_a_database_that_is_busy_is_said_so_and_nothing_is_half_written(
    app: Flask, sign_in: Callable[[int], Browser]
) -> None:
    browser = sign_in(make.member().id)
    make.group("Tech")
    app.view_functions["groups.join"] = _busy(app.view_functions["groups.join"])
    answer = browser.submit("/g/tech/join")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "Nothing was saved" in answer.text


def _busy(view: Any) -> Any:
    def fail(slug: str) -> None:
        with write_transaction():
            raise OperationalError("BEGIN", {}, Exception("locked"))

    fail.terms = view.terms  # type: ignore[attr-defined]
    return fail


def test_what_was_written_is_handed_back_when_somebody_is_signed_out(app: Flask, client: Browser) -> None:
    thread = make.thread(make.group(), make.member())
    words = "A long comment that took me half an hour to write, and that I want back."
    answer = client.submit(f"/t/{thread.id}/comments", text=words, password="p" * 50)
    assert answer.status_code == 403
    assert words in answer.text
    assert "p" * 50 not in answer.text
    assert db.session.query(make.Comment).count() == 0


def test_a_note_is_shown_once_and_an_invented_one_never(app: Flask, sign_in: Callable[[int], Browser]) -> None:
    browser = sign_in(make.officer("admin").id)
    assert "The co-op&#39;s profile is saved." in browser.get("/admin/coop?said=admin.described").text
    assert "hacked" not in browser.get("/admin/coop?said=hacked").text


def test_the_store_is_bounded_in_bytes_too() -> None:
    store = PageStore()
    for number in range(40):
        store.put(number, _keep(b"x" * 1_000_000, 1, "text/html", NOW, None))
    assert store.get(0, 1, NOW) is None
    assert store.get(39, 1, NOW) is not None
    store.put(39, _keep(b"y", 1, "text/html", NOW, None))
    assert store.get(38, 1, NOW) is not None


def test_others_may_keep_a_page_no_longer_than_it_is_true(app: Flask, client: Browser, clock: Clock) -> None:
    thread = make.thread(make.group(), make.member())
    vote = make.proposal(thread, make.member(), NOW, state="open", opened_at=NOW, roll_size=1)
    clock.now = vote.closes_at - timedelta(seconds=7)
    assert client.get(vote.path).headers["Cache-Control"] == "public, max-age=7"
    clock.now = vote.closes_at - timedelta(minutes=5)
    assert client.get(f"{vote.path}?page=1").headers["Cache-Control"] == "public, max-age=30"
