"""An independent server (Fedify) resolves us, follows, hears and is heard, in both dialects, over real HTTP."""

import json
import os
import platform
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from coopgov.discussion.services import edit_thread, hide_words
from coopgov.federation.models import Announcement, Follower, Peer, Reaction
from coopgov.federation.queries.actors import the_actor
from coopgov.federation.services.actors import begin_actor, rotate_key
from coopgov.federation.services.publishing import publish_by_hand
from coopgov.infra.db import db
from coopgov.infra.migrate import migrate
from tests.journeys.site import Person, Site, copied, served, set_up

HERE = Path(__file__).parent / "fedify"
DIALECTS = {"cavage": "draft-cavage-http-signatures-12", "rfc9421": "rfc9421"}
ACTIVITY = "application/activity+json"


def _node() -> Path | None:
    machine = {"x86_64": "x64", "aarch64": "arm64"}.get(platform.machine(), "")
    path = HERE / f"node_modules/node-linux-{machine}/bin/node"
    return path if path.exists() else None


@dataclass
class Fedify:
    """The other server, by what it lets us ask of it."""

    base: str

    def ask(self, path: str, **query: str) -> Any:
        answer = httpx.get(f"{self.base}/test/{path}", params=query, timeout=30)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def act(self, kind: str, to: str, thing: str = "") -> str:
        """Does something to our actor, as ann; the activity's id."""
        return str(self.ask("act", act=kind, to=to, object=thing or to)["id"])

    def taken(self, *types: str) -> list[dict[str, Any]]:
        """Activities whose signature it accepted, of these types or all, oldest first."""
        return [one for one in self.ask("taken") if not types or one["type"] in types]

    def refused(self) -> list[dict[str, Any]]:
        return [one for one in self.ask("seen") if not 200 <= one["status"] < 300]


@pytest.fixture(scope="module", params=DIALECTS)
def fedify(request: pytest.FixtureRequest) -> Iterator[Fedify]:
    """It signs in one dialect first; it takes both."""
    node = _node()
    if node is None:
        give_up = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        give_up("Fedify is not installed: npm ci --prefix tests/federation/fedify --ignore-scripts")
    command = [str(node), "peer.mjs", DIALECTS[request.param]]
    with subprocess.Popen(command, cwd=HERE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield Fedify(json.loads(process.stdout.readline())["base"])
        process.stdin.close()
        process.wait(10)


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("empty") / "data"
    set_up(folder, "Orchard Co-op")
    return folder


@dataclass
class Ours:
    """The co-op that is being followed."""

    site: Site
    actor: str

    def announce(self, title: str) -> str:
        """Something by hand; the id of the post."""

        def act(now: Any) -> str:
            actor = the_actor()
            assert actor is not None
            return publish_by_hand(actor, title, "Come and see.", "cli", now).note_path

        return self.site.url + str(self.site.do(act))

    def counts(self, model: Any) -> int:
        return int(self.site.ask(select(func.count()).select_from(model)))

    def followed(self, fedify: Fedify) -> str:
        """Ann follows us, and has been accepted; the id of her Follow."""
        follow = fedify.act("follow", self.actor)
        self.site.wait_for(lambda: [a for a in fedify.taken("Accept") if _object(a) == follow], "an Accept")
        return follow


@pytest.fixture
def ours(empty: Path, tmp_path: Path) -> Iterator[Ours]:
    with served(copied(empty, tmp_path / "data"), allow_private_peers=True) as site:
        with site.open():
            migrate(db.engine)
        path = site.do(lambda now: begin_actor("Orchard Co-op", now).path)
        yield Ours(site, site.url + path)


def _object(activity: dict[str, Any]) -> str:
    thing = activity["object"]
    return str(thing["id"] if isinstance(thing, dict) else thing)


def _addresses(thing: Any, base: str) -> set[str]:
    """Every ``id`` of ours in a document, and every link to a collection of ours."""
    if isinstance(thing, list):
        return {found for inner in thing for found in _addresses(inner, base)}
    if not isinstance(thing, dict):
        return set()
    named = ("id", "inbox", "outbox", "followers", "following", "featured", "first", "next", "attributedTo", "actor")
    found = {value for name in named if isinstance(value := thing.get(name), str) and value.startswith(base)}
    return found | {one for inner in thing.values() for one in _addresses(inner, base)}


def test_it_resolves_our_actor(ours: Ours, fedify: Fedify) -> None:
    read = fedify.ask("look-up", url=ours.actor)
    assert read["type"] == "Service"
    assert read["document"]["preferredUsername"] == "orchard_co_op"
    assert read["document"]["publicKey"]["owner"] == ours.actor


def test_it_follows_hears_and_hears_no_more(ours: Ours, fedify: Fedify) -> None:
    follow = ours.followed(fedify)
    assert ours.counts(Follower) == 1
    first = ours.announce("The orchard is open")
    ours.site.wait_for(lambda: [a for a in fedify.taken("Create") if _object(a) == first], "the announcement")
    fedify.act("undo", ours.actor, follow)
    ours.site.wait_for(lambda: ours.counts(Follower) == 0, "the end of following")
    second = ours.announce("The orchard is closed")
    ours.site.rest()
    assert second not in [_object(a) for a in fedify.taken("Create")]
    assert [a["status"] for a in fedify.refused()] == []


def test_following_twice_is_accepted_twice_and_counted_once(ours: Ours, fedify: Fedify) -> None:
    assert ours.followed(fedify) != ours.followed(fedify)
    assert ours.counts(Follower) == 1


def test_every_address_in_what_it_gets_can_be_read(ours: Ours, fedify: Fedify) -> None:
    ours.followed(fedify)
    note = ours.announce("Read me")
    ours.site.wait_for(lambda: [a for a in fedify.taken("Create") if _object(a) == note], "the announcement")
    accept = fedify.taken("Accept")[-1]
    got = [json.loads(one["body"]) for one in fedify.ask("seen") if note in one["body"] or accept["id"] in one["body"]]
    seen: set[str] = set()
    waiting = {found for one in got for found in _addresses(one, ours.site.url)} | {ours.actor}
    while waiting:
        address = waiting.pop()
        seen.add(address)
        if address.endswith("/inbox"):
            continue
        answer = httpx.get(address, headers={"Accept": ACTIVITY})
        assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (200, ACTIVITY), address
        document = answer.json()
        assert document["id"] == address.partition("#")[0]
        waiting |= _addresses(document, ours.site.url) - seen
    assert {note, ours.actor, accept["id"]} <= seen
    delivered = next(one for one in got if one["type"] == "Create")
    assert httpx.get(delivered["id"], headers={"Accept": ACTIVITY}).json() == delivered


def test_it_pages_through_all_that_was_said(ours: Ours, fedify: Fedify) -> None:
    for number in range(45):
        ours.announce(f"Number {number}")
    actor = httpx.get(ours.actor, headers={"Accept": ACTIVITY}).json()
    read = fedify.ask("look-up", url=actor["outbox"], items="1")
    notes = [_object(httpx.get(item, headers={"Accept": ACTIVITY}).json()) for item in read["items"]]
    with ours.site.open():
        wanted = [f"{ours.site.url}{row.note_path}" for row in db.session.scalars(select(Announcement))]
    assert notes == wanted[::-1]
    assert read["document"]["totalItems"] == 45


def test_likes_and_shares_count_once_and_can_be_undone(ours: Ours, fedify: Fedify) -> None:
    note = ours.announce("Like me")
    likes = [fedify.act("like", ours.actor, note) for _ in range(2)]
    share = fedify.act("announce", ours.actor, note)
    ours.site.wait_for(lambda: ours.counts(Reaction) == 2, "one like and one share")
    assert httpx.get(f"{note}/likes", headers={"Accept": ACTIVITY}).json()["totalItems"] == 1
    for done in (share, likes[0]):
        fedify.act("undo", ours.actor, done)
    ours.site.wait_for(lambda: ours.counts(Reaction) == 0, "nothing of both")


def test_an_edit_and_the_end_of_a_thread_reach_it(ours: Ours, fedify: Fedify) -> None:
    ours.followed(fedify)
    ada: Person = ours.site.member("Ada Lovelace")
    thread = ours.site.thread(ours.site.group("Tech", ada), ada, "Where shall we host?")
    created = lambda: [_object(a) for a in fedify.taken("Create") if ours.site.url in a["actor"]]  # noqa: E731
    (note,) = ours.site.wait_for(created, "the thread")
    ours.site.do(lambda now: edit_thread(db.session.merge(thread), "Where do we host?", "Tell.", ada.id, now))
    ours.site.wait_for(lambda: [a for a in fedify.taken("Update") if _object(a) == note], "the edit")
    ours.site.do(lambda now: hide_words(db.session.merge(thread), None, ada.id, "Wrong group.", now))
    ours.site.wait_for(lambda: [a for a in fedify.taken("Delete") if _object(a) == note], "the end")
    gone = httpx.get(note, headers={"Accept": ACTIVITY})
    assert (gone.status_code, gone.json()["type"]) == (410, "Tombstone")
    assert "host" not in gone.text.replace("127.0.0.1", "").lower().replace("localhost", "")


def test_it_hears_of_a_new_key_and_takes_what_is_signed_with_it(ours: Ours, fedify: Fedify) -> None:
    ours.followed(fedify)
    ours.site.do(lambda now: rotate_key("cli", now))
    ours.site.wait_for(lambda: [a for a in fedify.taken("Update") if _object(a) == ours.actor], "the new key")
    note = ours.announce("Signed anew")
    ours.site.wait_for(lambda: [a for a in fedify.taken("Create") if _object(a) == note], "the announcement")
    assert "#key-2" in next(s for s in reversed(fedify.ask("seen")) if note in s["body"])["headers"]["signature"]


def test_who_leaves_is_forgotten(ours: Ours, fedify: Fedify) -> None:
    ours.followed(fedify)
    fedify.act("remove", ours.actor)
    ours.site.wait_for(lambda: ours.counts(Follower) == 0, "being forgotten")
    assert ours.counts(Peer) == 1
