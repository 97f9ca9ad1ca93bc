"""People find the way to follow on our pages, and machines the way from a page to what they read."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header

from coopgov.core.errors import Refused
from coopgov.discussion.models import Thread
from coopgov.federation.models import Actor, Announcement
from coopgov.federation.routes.pages import asks_for_activity
from coopgov.federation.rules.announcing import Post
from coopgov.federation.rules.following import page_to_follow, server_of
from coopgov.federation.services import publishing
from coopgov.infra.db import db, write_transaction
from tests import factories as make
from tests.conftest import NOW, Browser, Clock
from tests.federation import announcing as scene

JSON = "application/activity+json"
LD = 'application/ld+json; profile="https://www.w3.org/ns/activitystreams"'
MASTODON = f"{JSON}, {LD}, text/html;q=0.1"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


@pytest.fixture
def actor(app: Flask) -> Actor:
    return scene.actor()


class TestServerOf:
    @pytest.mark.parametrize(
        "typed",
        [
            "mastodon.social",
            " Mastodon.Social ",
            "@me@mastodon.social",
            "me@mastodon.social",
            "acct:me@mastodon.social",
            "https://mastodon.social",
            "https://mastodon.social/@me",
            "http://mastodon.social/users/me?x=1",
            "mastodon.social/@me",
            "mastodon.social.",
        ],
    )
    def test_it_is_found_in_whatever_people_type(self, typed: str) -> None:
        assert server_of(typed) == "mastodon.social"

    def test_ports_and_scripts_are_kept(self) -> None:
        assert server_of("127.0.0.1:3000") == "127.0.0.1:3000"
        assert server_of("@me@bücher.example") == "xn--bcher-kva.example"

    @pytest.mark.parametrize(
        "typed", ["", "me", "@me", "https://", "a b.example", "javascript:alert(1)", "x..y", "-.-"]
    )
    def test_what_names_no_server_is_refused_beside_its_field(self, typed: str) -> None:
        with pytest.raises(Refused) as refused:
            server_of(typed)
        assert (refused.value.reason, refused.value.field) == ("follow.no_server", "server")

    def test_the_page_there_is_told_who_is_meant(self) -> None:
        parts = urlsplit(page_to_follow("mastodon.social", "https://coop.example/ap/actors/1"))
        assert parts[:3] == ("https", "mastodon.social", "/authorize_interaction")
        assert parse_qs(parts.query) == {"uri": ["https://coop.example/ap/actors/1"]}


class TestFollowPage:
    def test_it_shows_the_address_and_asks_for_the_readers_server(self, actor: Actor, client: Browser) -> None:
        answer = client.get("/follow")
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "public, max-age=30"
        assert "Follow @test_co_op<wbr>@localhost</h1>" in answer.text
        assert 'name="server"' in answer.text
        assert 'value="@test_co_op@localhost" readonly' in answer.text

    def test_with_a_server_it_leads_there(self, actor: Actor, client: Browser) -> None:
        answer = client.get("/follow?server=@me@mastodon.social")
        assert answer.status_code == 200
        assert "Continue to mastodon.social" in answer.text
        where = "https://mastodon.social/authorize_interaction?uri=http%3A%2F%2Flocalhost%2Fap%2Factors%2F1"
        assert f'href="{where}"' in answer.text
        assert answer.headers["Cache-Control"] == "private, no-store"

    @pytest.mark.parametrize("typed", ["", "  ", "me", "<script>alert(1)</script>"])
    def test_bad_input_is_answered_beside_the_field(self, actor: Actor, client: Browser, typed: str) -> None:
        answer = client.get("/follow", query_string={"server": typed})
        assert answer.status_code == 422
        assert 'id="server-error"' in answer.text
        assert "<title>Error: " in answer.text
        assert "authorize_interaction" not in answer.text
        assert "<script>alert" not in answer.text

    def test_without_an_actor_there_is_nobody_to_follow(self, client: Browser) -> None:
        assert client.get("/follow").status_code == 404
        for path in ("/", "/about"):
            assert "fediverse" not in client.get(path).text

    @pytest.mark.parametrize("path", ["/join", "/decisions", "/finances"])
    def test_the_pages_that_the_actor_names_name_it_back(self, actor: Actor, client: Browser, path: str) -> None:
        """So that Mastodon marks them as its own: it looks for a link of this relation to the actor's page."""
        assert '<link rel="me" href="http://localhost/">' in client.get(path).text

    @pytest.mark.parametrize("path", ["/", "/about"])
    def test_the_coops_pages_lead_to_it(self, actor: Actor, client: Browser, path: str) -> None:
        page = client.get(path).text
        assert "@test_co_op<wbr>@localhost</bdi>" in page
        assert 'action="/follow"' in page

    def test_a_kept_page_shows_the_actor_soon_after_it_was_made(
        self, app: Flask, client: Browser, clock: Clock
    ) -> None:
        for path in ("/", "/about"):
            assert "/follow" not in client.get(path).text
        scene.actor()
        clock.forward(seconds=6)
        for path in ("/", "/about"):
            assert "/follow" in client.get(path).text

    def test_the_home_page_links_to_the_actor_for_machines(self, actor: Actor, client: Browser) -> None:
        link = f'<link rel="alternate" type="{JSON}" href="http://localhost/ap/actors/1">'
        assert link in client.get("/").text

    def test_it_speaks_german(self, actor: Actor, client: Browser) -> None:
        assert "Folge @test_co_op<wbr>@localhost" in client.get("/follow?lang=de").text


def accepts(header: str) -> MIMEAccept:
    return parse_accept_header(header, MIMEAccept)


class TestAccept:
    @pytest.mark.parametrize(
        "header",
        [
            JSON,
            LD,
            "application/ld+json",
            MASTODON,
            f"{JSON},{LD}",
            f"text/html;q=0.5, {JSON}",
            f"text/html, {JSON}",
            f"{JSON};q=0.5, */*;q=0.1",
        ],
    )
    def test_activitypub_is_asked_for_by_its_name(self, header: str) -> None:
        """Edge case 6."""
        assert asks_for_activity(accepts(header))

    @pytest.mark.parametrize(
        "header",
        [
            "",
            "*/*",
            "application/*",
            "application/json",
            BROWSER,
            f"text/html, {JSON};q=0.9",
            f"{JSON};q=0",
            f"{JSON};q=0.1, */*",
        ],
    )
    def test_everybody_else_gets_the_page(self, header: str) -> None:
        """Edge case 6."""
        assert not asks_for_activity(accepts(header))


@pytest.fixture
def talk(app: Flask) -> Thread:
    return make.thread(make.group(), make.member("Ada"))


def announced(kind: str, subject: str, path: str) -> Announcement:
    with write_transaction():
        said = publishing.publish(kind, subject, Post("Where?", "", path, "en"), NOW)
    assert said is not None
    return said


class TestFromAPageToItsNote:
    def test_a_thread_leads_its_readers_to_its_note(self, actor: Actor, client: Browser, talk: Thread) -> None:
        note = announced("thread", f"thread:{talk.id}", talk.path)
        for header in (JSON, LD, MASTODON):
            answer = client.get(talk.path, headers={"Accept": header})
            assert (answer.status_code, answer.headers["Location"]) == (303, f"http://localhost{note.note_path}")
            assert "Accept" in answer.headers["Vary"]
        assert client.head(talk.path, headers={"Accept": JSON}).status_code == 303

    def test_a_proposal_leads_its_readers_to_the_note_of_its_opening(
        self, actor: Actor, client: Browser, talk: Thread
    ) -> None:
        vote = make.proposal(talk, make.member("Ben"), NOW, state="open", opened_at=NOW, roll_size=1)
        note = announced("opened", f"proposal:{vote.id}", vote.path)
        announced("result", f"proposal:{vote.id}", vote.path)
        answer = client.get(vote.path, headers={"Accept": JSON})
        assert (answer.status_code, answer.headers["Location"]) == (303, f"http://localhost{note.note_path}")

    def test_people_get_the_page_and_caches_are_told_to_tell_them_apart(
        self, actor: Actor, client: Browser, talk: Thread
    ) -> None:
        """Edge case 6: else a cache in front would give one what was meant for the other."""
        announced("thread", f"thread:{talk.id}", talk.path)
        for header in (BROWSER, "*/*", JSON + ";q=0.1, text/html"):
            answer = client.get(talk.path, headers={"Accept": header})
            assert (answer.status_code, answer.mimetype) == (200, "text/html")
            assert {"Accept", "Cookie"} <= set(answer.headers["Vary"].split(", "))
        assert client.get(talk.path).headers["Vary"].split(", ").count("Accept") == 1

    def test_without_a_note_everybody_gets_the_page(self, actor: Actor, client: Browser, talk: Thread) -> None:
        answer = client.get(talk.path, headers={"Accept": JSON})
        assert (answer.status_code, answer.mimetype) == (200, "text/html")
        assert JSON not in answer.text

    def test_the_page_links_to_its_note_soon_after_it_is_there(
        self, actor: Actor, client: Browser, talk: Thread, clock: Clock
    ) -> None:
        """A page in memory learns of it after FRESH_FOR, by no statement of its own."""
        vote = make.proposal(talk, make.member("Ben"), NOW, state="open", opened_at=NOW, roll_size=1)
        for thing, kind, subject in ((talk, "thread", f"thread:{talk.id}"), (vote, "opened", f"proposal:{vote.id}")):
            assert JSON not in client.get(thing.path).text
            note = announced(kind, subject, thing.path)
            clock.forward(seconds=6)
            link = f'<link rel="alternate" type="{JSON}" href="http://localhost{note.note_path}">'
            assert link in client.get(thing.path).text
            with write_transaction():
                publishing.withdraw(db.session.get_one(Announcement, note.id), NOW)
            clock.forward(seconds=6)
            assert JSON not in client.get(thing.path).text

    def test_a_page_that_is_kept_costs_one_statement_and_the_first_only_one_more_than_without_an_actor(
        self, actor: Actor, client: Browser, talk: Thread, statements: Any
    ) -> None:
        announced("thread", f"thread:{talk.id}", talk.path)
        path = talk.path
        client.get("/groups")  # the profile is in memory now
        with statements() as first:
            client.get(path)
        with statements() as again:
            client.get(path)
        assert len(first) <= 3 + 2  # what was said last, and the note
        assert len(again) <= 1

    def test_nobody_learns_of_what_they_may_not_see(
        self, actor: Actor, client: Browser, sign_in: Callable[[int], Any], talk: Thread
    ) -> None:
        announced("thread", f"thread:{talk.id}", talk.path)
        with write_transaction():
            db.session.get_one(Thread, talk.id).is_public = False
        assert client.get(talk.path, headers={"Accept": JSON}).status_code == 404
        as_member = sign_in(make.member("Eve").id).get(talk.path, headers={"Accept": JSON})
        assert (as_member.status_code, as_member.mimetype) == (200, "text/html")

    def test_other_pages_do_not_vary(self, actor: Actor, client: Browser) -> None:
        for path in ("/", "/about", "/groups", "/decisions"):
            answer = client.get(path, headers={"Accept": JSON})
            assert (answer.status_code, answer.mimetype) == (200, "text/html")
            assert "Accept" not in answer.headers["Vary"].split(", ")
