"""What stands at the ids of our actor, its posts and activities, and in its lists: for anybody, and nobody's secrets."""

import io
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import event, select

from coopgov.decisions.models import Proposal
from coopgov.federation.models import Activity, Actor, Announcement, Follower, RemoteActor
from coopgov.federation.queries.documents import activity_body
from coopgov.federation.rules.announcing import Post
from coopgov.federation.rules.documents import PUBLIC
from coopgov.federation.services import publishing
from coopgov.federation.services.actors import rotate_key
from coopgov.infra.coop import the_coop
from coopgov.infra.db import db, write_transaction
from tests import factories as make
from tests.conftest import NOW, Browser
from tests.federation import announcing as scene

SITE = "http://localhost"
ACTOR = f"{SITE}/ap/actors/1"
JSON = "application/activity+json"
_number = count()  # of each kind one announcement stands about a subject


@pytest.fixture
def actor(app: Flask) -> Actor:
    return scene.actor()


@pytest.fixture
def get(client: Browser) -> Callable[..., Any]:
    """``get(id)``: the document there, which says of itself that it is there."""

    def fetch(address: str, status: int = 200, **headers: str) -> Any:
        answer = client.get(address.removeprefix(SITE), headers=headers)
        assert answer.status_code == status, answer.text[:300]
        assert answer.headers["Content-Type"] == JSON
        document = json.loads(answer.data)
        assert document["id"] == address
        return document

    return fetch


def say(title: str = "Shall we host it ourselves?", **fields: Any) -> Announcement:
    """An announcement as the services make it."""
    with write_transaction():
        post = Post(title, fields.pop("words", "Tell us."), fields.pop("path", "/"), "en", fields.pop("tags", ()))
        said = publishing.publish(
            fields.pop("kind", "by_hand"), fields.pop("subject", f"hand:{next(_number)}"), post, NOW, **fields
        )
    assert said is not None
    return said


def take_back(said: Announcement) -> None:
    with write_transaction():
        publishing.withdraw(db.session.get_one(Announcement, said.id), NOW + timedelta(hours=1))


def last_activity(kind: str) -> Activity:
    db.session.rollback()
    return db.session.scalars(select(Activity).where(Activity.type == kind).order_by(Activity.id.desc())).first()  # type: ignore[return-value]


class TestActor:
    def test_it_has_what_mastodon_reads(self, actor: Actor, get: Callable[..., Any]) -> None:
        with write_transaction():
            the_coop().summary = "Servers & <ideas>, owned together"  # type: ignore[union-attr]
        found = get(ACTOR)
        assert found["@context"][:2] == ["https://www.w3.org/ns/activitystreams", "https://w3id.org/security/v1"]
        assert found["@context"][2]["schema"] == "http://schema.org#"
        assert (found["type"], found["preferredUsername"], found["name"]) == ("Service", "test_co_op", "Test Co-op")
        assert found["summary"] == "<p>Servers &amp; &lt;ideas&gt;, owned together</p>"
        assert (found["url"], found["published"]) == (f"{SITE}/", "2026-11-22T12:00:00Z")
        assert found["webfinger"] == "test_co_op@localhost"
        assert (found["manuallyApprovesFollowers"], found["discoverable"], found["indexable"]) == (False, True, True)
        assert found["endpoints"] == {"sharedInbox": f"{SITE}/ap/inbox"}
        assert found["inbox"] == f"{ACTOR}/inbox"
        fields = {field["name"]: field["value"] for field in found["attachment"]}
        assert set(fields) == {"Join", "Decisions", "Finances"}
        assert 'href="http://localhost/join" rel="me ' in fields["Join"]

    def test_its_key_is_its_own_and_links_back(self, actor: Actor, get: Callable[..., Any]) -> None:
        key = get(ACTOR)["publicKey"]
        assert (key["id"], key["owner"]) == (f"{ACTOR}#main-key", ACTOR)
        assert key["publicKeyPem"].startswith("-----BEGIN PUBLIC KEY-----\n")

    def test_after_a_change_of_key_it_shows_the_new_one_alone(self, actor: Actor, get: Callable[..., Any]) -> None:
        old = get(ACTOR)["publicKey"]
        with write_transaction():
            rotate_key("cli", NOW)
        new = get(ACTOR)["publicKey"]
        assert new["id"] == f"{ACTOR}#key-2"
        assert new["publicKeyPem"] != old["publicKeyPem"]

    def test_nothing_that_it_shows_is_private(self, actor: Actor, get: Callable[..., Any]) -> None:
        assert "PRIVATE" not in json.dumps(get(ACTOR))
        assert "sealed" not in json.dumps(get(ACTOR))

    @pytest.mark.parametrize(
        "accept",
        [
            "*/*",
            "",
            "text/html",
            'application/ld+json; profile="https://www.w3.org/ns/activitystreams"',
            "text/html;q=0.9",
        ],
    )
    def test_it_is_json_whatever_is_asked_for(self, actor: Actor, get: Callable[..., Any], accept: str) -> None:
        """Edge case 6."""
        assert get(ACTOR, Accept=accept)["type"] == "Service"

    @pytest.mark.parametrize("ending", ["/", "?x=1", "?lang=de"])
    def test_its_id_stays_the_same_however_it_is_asked_for(self, actor: Actor, client: Browser, ending: str) -> None:
        """Edge case 7."""
        answer = client.get(f"/ap/actors/1{ending}")
        assert json.loads(answer.data)["id"] == ACTOR

    def test_head_tells_the_same_without_the_words(self, actor: Actor, client: Browser) -> None:
        """Edge case 8."""
        got, asked = client.get("/ap/actors/1"), client.head("/ap/actors/1")
        assert (asked.status_code, asked.data) == (200, b"")
        for name in ("Content-Type", "Content-Length", "ETag", "Cache-Control", "Access-Control-Allow-Origin"):
            assert asked.headers[name] == got.headers[name]

    def test_it_may_be_kept_for_a_short_time_and_answers_304(self, actor: Actor, client: Browser) -> None:
        answer = client.get("/ap/actors/1")
        assert answer.headers["Cache-Control"] == "public, max-age=30"
        assert "Set-Cookie" not in answer.headers
        again = client.get("/ap/actors/1", headers={"If-None-Match": answer.headers["ETag"]})
        assert again.status_code == 304

    def test_a_new_name_is_shown_at_once_under_the_old_id_and_handle(
        self, actor: Actor, get: Callable[..., Any]
    ) -> None:
        """Edge case 3."""
        icon = get(ACTOR)["icon"]["url"]
        with write_transaction():
            coop = the_coop()
            assert coop is not None
            coop.name, coop.version = "Harbour Social", coop.version + 1
        found = get(ACTOR)
        assert (found["name"], found["preferredUsername"]) == ("Harbour Social", "test_co_op")
        assert found["icon"]["url"] != icon

    def test_its_fields_speak_the_coops_language(self, actor: Actor, get: Callable[..., Any]) -> None:
        with write_transaction():
            the_coop().language = "de"  # type: ignore[union-attr]
        assert [field["name"] for field in get(ACTOR)["attachment"]] == ["Beitreten", "Beschlüsse", "Finanzen"]

    def test_its_picture_is_a_square_in_our_green(self, actor: Actor, client: Browser, get: Callable[..., Any]) -> None:
        answer = client.get(get(ACTOR)["icon"]["url"].removeprefix(SITE))
        picture = Image.open(io.BytesIO(answer.data))
        assert (answer.headers["Content-Type"], picture.format, picture.size) == ("image/png", "PNG", (400, 400))
        assert picture.getpixel((0, 0)) == (0x14, 0x59, 0x4A)
        assert len(picture.getcolors(100_000)) > 1  # something is drawn on it

    @pytest.mark.parametrize("path", ["/ap/actors/2", "/ap/actors/2/outbox", "/ap/notes/1", "/ap/activities/1"])
    def test_what_is_not_there_is_not_found(self, actor: Actor, client: Browser, path: str) -> None:
        assert client.get(path).status_code == 404


class TestNote:
    def test_it_has_what_mastodon_reads(self, actor: Actor, get: Callable[..., Any]) -> None:
        words, tags = "We move.\nRead https://x.example/a.", (("Tech", "/g/tech"),)
        said = say("Ours < theirs", words=words, path="/p/7", tags=tags)
        found = get(f"{SITE}/ap/notes/{said.id}")
        assert (found["type"], found["attributedTo"]) == ("Note", ACTOR)
        assert (found["to"], found["cc"]) == ([PUBLIC], [f"{ACTOR}/followers"])
        assert (found["published"], found["url"]) == ("2026-11-22T12:00:00Z", f"{SITE}/p/7")
        assert found["content"] == (
            "<p><strong>Ours &lt; theirs</strong></p><p>We move.</p>"
            '<p>Read <a href="https://x.example/a">https://x.example/a</a>.</p>'
            '<p><a href="http://localhost/p/7">http://localhost/p/7</a></p>'
            '<p><a href="http://localhost/g/tech" class="mention hashtag" rel="tag">#<span>Tech</span></a></p>'
        )
        assert found["contentMap"] == {"en": found["content"]}
        assert found["tag"] == [{"type": "Hashtag", "name": "#Tech", "href": f"{SITE}/g/tech"}]
        assert "interactionPolicy" not in found  # nobody here answers those who ask whether they may quote
        assert not {"summary", "name", "updated", "inReplyTo"} & set(found)

    def test_an_edit_tells_when(self, actor: Actor, get: Callable[..., Any]) -> None:
        said = say("Before")
        with write_transaction():
            row = db.session.get_one(Announcement, said.id)
            publishing.revise(row, Post("After", "", "/", "en"), NOW + timedelta(minutes=5))
        found = get(f"{SITE}/ap/notes/{said.id}")
        assert "After" in found["content"]
        assert (found["published"], found["updated"]) == ("2026-11-22T12:00:00Z", "2026-11-22T12:05:00Z")

    def test_a_reply_names_what_it_replies_to_and_stands_among_its_replies(
        self, actor: Actor, get: Callable[..., Any]
    ) -> None:
        first = say("First")
        second = say("Second", reply_to=first)
        note = f"{SITE}/ap/notes/{first.id}"
        assert get(f"{SITE}/ap/notes/{second.id}")["inReplyTo"] == note
        replies = get(f"{note}/replies")
        assert replies["totalItems"] == 1
        assert get(replies["first"])["orderedItems"] == [f"{SITE}/ap/notes/{second.id}"]

    def test_likes_and_shares_are_counted_and_nobody_is_named(self, actor: Actor, get: Callable[..., Any]) -> None:
        said = say()
        for name, kind in (("ann", "like"), ("ben", "like"), ("cat", "share")):
            scene.reaction(kind, said, scene.follower(name, f"{name}.example"))
        note = f"{SITE}/ap/notes/{said.id}"
        for name, total in (("likes", 2), ("shares", 1)):
            found = get(f"{note}/{name}")
            assert found["totalItems"] == total
            assert get(found["first"])["orderedItems"] == []

    def test_what_was_taken_back_is_gone_for_good_and_leaves_a_tombstone(
        self, actor: Actor, client: Browser, get: Callable[..., Any]
    ) -> None:
        """Edge case 34."""
        said = say("Never mind")
        etag = client.get(f"/ap/notes/{said.id}").headers["ETag"]
        take_back(said)
        note = f"{SITE}/ap/notes/{said.id}"
        found = get(note, 410)
        assert (found["type"], found["formerType"]) == ("Tombstone", "Note")
        assert found["deleted"] == "2026-11-22T13:00:00Z"
        gone = client.get(f"/ap/notes/{said.id}", headers={"If-None-Match": etag})
        again = client.get(f"/ap/notes/{said.id}", headers={"If-None-Match": gone.headers["ETag"]})
        assert (gone.status_code, again.status_code) == (410, 410)
        assert "Never mind" not in gone.text
        for name in ("likes", "shares", "replies"):
            assert client.get(f"/ap/notes/{said.id}/{name}").status_code == 410

    def test_what_went_private_is_gone_before_anybody_was_told(self, actor: Actor, client: Browser, app: Flask) -> None:
        ada = make.member("Ada")
        talk = make.thread(make.group(), ada, "Salaries")
        said = say("Salaries", kind="thread", subject=f"thread:{talk.id}", path=talk.path)
        create = last_activity("Create")
        assert client.get(said.note_path).status_code == 200
        with write_transaction():
            db.session.get_one(type(talk), talk.id).is_public = False
        for path in (said.note_path, create.path):
            answer = client.get(path)
            assert answer.status_code == 410
            assert "Salaries" not in answer.text
        assert "Salaries" not in client.get("/ap/actors/1/outbox?page=true").text
        assert b"Salaries" not in activity_body(create.id)


class TestActivity:
    def test_what_is_delivered_is_what_is_served(self, actor: Actor, client: Browser) -> None:
        said = say()
        with write_transaction():
            row = db.session.get_one(Announcement, said.id)
            publishing.revise(row, Post("Other", "", "/", "en"), NOW + timedelta(minutes=5))
        for kind in ("Create", "Update"):
            activity = last_activity(kind)
            assert client.get(activity.path).data == activity_body(activity.id)

    def test_each_has_an_id_of_its_own_and_names_its_actor(self, actor: Actor, get: Callable[..., Any]) -> None:
        said = say()
        activity = last_activity("Create")
        found = get(f"{SITE}{activity.path}")
        assert (found["type"], found["actor"], found["to"]) == ("Create", ACTOR, [PUBLIC])
        assert found["object"]["id"] == f"{SITE}/ap/notes/{said.id}"
        assert "@context" not in found["object"]
        assert found["cc"] == found["object"]["cc"] == [f"{ACTOR}/followers"]

    def test_a_withdrawal_holds_the_tombstone_and_the_saying_is_gone_with_it(
        self, actor: Actor, get: Callable[..., Any]
    ) -> None:
        said = say("Never mind")
        take_back(said)
        deletion = get(SITE + last_activity("Delete").path)
        assert deletion["object"]["type"] == "Tombstone"
        assert deletion["object"]["id"] == f"{SITE}/ap/notes/{said.id}"
        assert (deletion["to"], deletion["cc"]) == ([PUBLIC], [f"{ACTOR}/followers"])
        creation = get(SITE + last_activity("Create").path, 410)
        assert creation["object"] == deletion["object"]

    def test_a_change_of_the_actor_holds_all_of_it(self, actor: Actor, get: Callable[..., Any]) -> None:
        with write_transaction():
            rotate_key("cli", NOW)
        update = get(SITE + last_activity("Update").path)
        whole = {name: value for name, value in get(ACTOR).items() if name != "@context"}
        assert update["object"] == whole

    def test_an_acceptance_can_be_fetched_as_it_was_sent(self, actor: Actor, get: Callable[..., Any]) -> None:
        follow = {"id": "https://s.example/f/1", "type": "Follow", "actor": "https://s.example/u/ann", "object": ACTOR}
        with write_transaction() as session:
            session.add(Activity(actor_id=actor.id, type="Accept", object=follow, at=NOW))
        activity = last_activity("Accept")
        sent = json.loads(activity_body(activity.id))
        assert (sent["type"], sent["object"], sent["to"]) == ("Accept", follow, ["https://s.example/u/ann"])
        assert get(SITE + activity.path) == sent

    def test_letters_of_every_script_go_out_as_they_are(self, actor: Actor) -> None:
        say("Grüße — 合作社 — العربية")
        body = activity_body(last_activity("Create").id)
        assert "Grüße — 合作社 — العربية" in body.decode()
        assert b", " not in body.split(b'"object"')[0]  # compact


def walk(get: Callable[..., Any], address: str) -> Iterator[Any]:
    """All items of a list, page by page."""
    page = get(get(address)["first"])
    while True:
        assert page["partOf"] == address
        yield from page["orderedItems"]
        if "next" not in page:
            return
        page = get(page["next"])


class TestLists:
    def test_the_outbox_has_every_standing_announcement_newest_first(
        self, actor: Actor, get: Callable[..., Any]
    ) -> None:
        said = [say(f"Number {n}") for n in range(45)]
        take_back(said[7])
        assert get(f"{ACTOR}/outbox")["totalItems"] == 44
        items = list(walk(get, f"{ACTOR}/outbox"))
        assert {item["type"] for item in items} == {"Create"}
        expected = [f"{SITE}/ap/notes/{one.id}" for one in reversed(said) if one is not said[7]]
        assert [item["object"]["id"] for item in items] == expected

    def test_a_cursor_stays_where_it_was_while_posts_are_added(self, actor: Actor, get: Callable[..., Any]) -> None:
        """Edge case 46."""
        old = [say(f"Number {n}") for n in range(25)]
        first = get(get(f"{ACTOR}/outbox")["first"])
        for n in range(7):
            say(f"Later {n}")
        second = get(first["next"])
        seen = [item["object"]["id"] for item in first["orderedItems"] + second["orderedItems"]]
        assert seen == [f"{SITE}/ap/notes/{one.id}" for one in reversed(old)]
        assert "next" not in second

    def test_a_page_that_is_just_full_has_no_next(self, actor: Actor, get: Callable[..., Any]) -> None:
        for n in range(20):
            say(f"Number {n}")
        page = get(get(f"{ACTOR}/outbox")["first"])
        assert len(page["orderedItems"]) == 20
        assert "next" not in page

    def test_followers_are_listed_who_came_last_first(self, actor: Actor, get: Callable[..., Any]) -> None:
        names = [f"f{n}" for n in range(45)]
        for name in names[:25]:
            scene.follower(name)
        first = get(get(f"{ACTOR}/followers")["first"])
        for name in names[25:]:
            scene.follower(name)
        second = get(first["next"])
        seen = [uri.rsplit("/", 1)[1] for uri in first["orderedItems"] + second["orderedItems"]]
        assert seen == names[24::-1]
        assert get(f"{ACTOR}/followers")["totalItems"] == 45
        assert len(list(walk(get, f"{ACTOR}/followers"))) == 45

    def test_a_co_op_may_keep_to_itself_who_follows(
        self, app: Flask, actor: Actor, client: Browser, get: Callable[..., Any]
    ) -> None:
        """Edge case 47."""
        app.extensions["coopgov.settings"] = replace(app.extensions["coopgov.settings"], hide_followers=True)
        for name in ("ann", "ben", "cat"):
            scene.follower(name)
        found = get(f"{ACTOR}/followers")
        assert (found["type"], found["totalItems"]) == ("OrderedCollection", 3)
        assert get(found["first"])["orderedItems"] == []
        for path in ("", "/followers", "/followers?page=true", "/followers?before=99", "/outbox?page=true"):
            assert "social.example" not in client.get(f"/ap/actors/1{path}").text

    def test_the_co_op_follows_nobody(self, actor: Actor, get: Callable[..., Any]) -> None:
        found = get(f"{ACTOR}/following")
        assert found["totalItems"] == 0
        assert get(found["first"])["orderedItems"] == []

    def test_open_votes_stand_on_top_as_long_as_they_are_open(self, actor: Actor, get: Callable[..., Any]) -> None:
        ada = make.member("Ada")
        talk = make.thread(make.group(), ada)
        proposals = [make.proposal(talk, ada, NOW, state="open", opened_at=NOW, title=f"P{n}") for n in range(2)]
        notes = [say(p.title, kind="opened", subject=f"proposal:{p.id}", path=p.path) for p in proposals]
        say("Something else")
        found = get(f"{ACTOR}/featured")
        assert found["totalItems"] == 2
        items = get(found["first"])["orderedItems"]
        assert [item["id"] for item in items] == [f"{SITE}{note.note_path}" for note in reversed(notes)]
        assert {item["type"] for item in items} == {"Note"}
        with write_transaction():
            db.session.get_one(Proposal, proposals[0].id).state = "counting"
        assert get(f"{ACTOR}/featured")["totalItems"] == 1

    @pytest.mark.parametrize("cursor", ["x", "-1", "1.5", "99999999999", "٣", ""])
    def test_a_cursor_that_we_never_gave_is_not_found(self, actor: Actor, client: Browser, cursor: str) -> None:
        assert client.get(f"/ap/actors/1/outbox?before={cursor}").status_code == 404

    def test_no_vote_and_no_voter_is_in_anything_that_we_serve(self, actor: Actor, client: Browser, app: Flask) -> None:
        """Edge case 54: nothing here is made of ballots, so no statement reads them."""
        ada = make.member("Ada Lovelace")
        talk = make.thread(make.group(), ada)
        vote = make.proposal(talk, ada, NOW, state="open", opened_at=NOW)
        make.roll(vote, ada)
        say(vote.title, kind="opened", subject=f"proposal:{vote.id}", path=vote.path)
        read: list[str] = []
        event.listen(db.engine, "before_cursor_execute", lambda _c, _cu, statement, *_: read.append(statement))
        for path in ("", "/outbox", "/outbox?page=true", "/featured?page=true", "/followers"):
            assert "Lovelace" not in client.get(f"/ap/actors/1{path}").text
        for path in ("/ap/notes/1", "/ap/notes/1/likes", "/ap/activities/1", "/nodeinfo/2.1"):
            assert "Lovelace" not in client.get(path).text
        assert read
        assert not [one for one in read if "ballot" in one or "roll_entry" in one]


def test_documents_do_not_depend_on_who_asks(actor: Actor, client: Browser, sign_in: Callable[[int], Browser]) -> None:
    say()
    browser = sign_in(make.member("Ada", language="de").id)
    for path in ("/ap/actors/1", "/ap/notes/1", "/ap/actors/1/outbox?page=true"):
        assert browser.get(path).data == client.get(path).data


def test_what_a_follower_is_called_is_nowhere_served_by_number(actor: Actor, client: Browser) -> None:
    scene.follower("ann", "ann.example")
    say()
    db.session.rollback()
    assert db.session.scalars(select(Follower)).all()
    assert db.session.scalars(select(RemoteActor)).all()
    for number in range(1, 4):
        for kind in ("actors", "notes", "activities"):
            assert "ann.example" not in client.get(f"/ap/{kind}/{number}").text
