"""What follows from what others say: they follow and leave, like and share, and take it back, in any order."""

import itertools
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from coopgov.federation.jobs import inbox as inbox_jobs
from coopgov.federation.models import DomainBlock, Received, RemoteActor, RemoteKey
from coopgov.federation.queries.actors import current_key
from coopgov.federation.rules.signatures import Incoming, read_claim, verify
from coopgov.federation.services.blocks import block
from coopgov.infra.db import db, write_transaction
from coopgov.infra.jobs import Job
from tests.conftest import NOW
from tests.federation.conftest import SITE, Scene
from tests.federation.peers import Heard, Json, Person, hangs, says, shows


@pytest.fixture
def ada(scene: Scene) -> Person:
    return scene.peer.person("ada")


@pytest.fixture
def grace(scene: Scene) -> Person:
    return scene.peer.person("grace")


def count(table: Any) -> int:
    return db.session.scalar(select(func.count()).select_from(table)) or 0


# Following


def test_a_follow_is_accepted_at_the_followers_own_inbox(scene: Scene, ada: Person) -> None:
    follow = ada.follows(scene.actor)
    scene.tells(ada, follow)
    assert scene.followers() == [ada.uri]
    assert scene.accepted() == [(follow["id"], ada.inbox)]


def test_the_accept_arrives_with_our_signature(scene: Scene, ada: Person, deliver: Callable[..., None]) -> None:
    follow = ada.follows(scene.actor)
    scene.tells(ada, follow)
    deliver()
    (heard,) = scene.peer.posted("/users/ada/inbox")
    assert (heard.json["type"], heard.json["actor"]) == ("Accept", scene.actor)
    assert heard.json["object"] == {"id": follow["id"], "type": "Follow", "actor": ada.uri, "object": scene.actor}
    assert_is_ours(scene, heard)


def test_what_we_ask_has_our_signature(scene: Scene, ada: Person) -> None:
    scene.tells(ada, ada.follows(scene.actor))
    (heard,) = (heard for heard in scene.peer.heard if heard.method == "GET")
    assert_is_ours(scene, heard)


def assert_is_ours(scene: Scene, heard: Heard) -> None:
    """The other server would believe that it comes from us."""
    claim = read_claim(Incoming(heard.method, heard.target, scene.peer.base, heard.headers, heard.body), NOW)
    assert claim.key_id == f"{scene.actor}#main-key"
    verify(claim, current_key(1).public_pem)


def test_another_follow_is_accepted_again_and_counts_once(scene: Scene, ada: Person) -> None:
    """Edge case 22."""
    first, second = ada.follows(scene.actor), ada.follows(scene.actor)
    scene.tells(ada, first, second)
    assert scene.followers() == [ada.uri]
    assert [name for name, _ in scene.accepted()] == [first["id"], second["id"]]


def test_who_they_are_is_kept(scene: Scene, ada: Person) -> None:
    scene.tells(ada, ada.follows(scene.actor))
    row = db.session.scalars(select(RemoteActor)).one()
    assert (row.handle, row.inbox, row.shared_inbox) == ("ada@127.0.0.1", ada.inbox, ada.shared_inbox)


def test_nobody_can_follow_what_is_not_there(scene: Scene, ada: Person) -> None:
    for address in (f"{SITE}/ap/actors/99", f"{SITE}/ap/actors/1x", f"{scene.actor}/", f"{SITE}/ap/actors/01", SITE):
        scene.tells(ada, ada.follows(address))
    assert scene.followers() == []
    assert scene.accepted() == []


# Undoing


def undos(person: Person, follow: Json) -> dict[str, Json]:
    """All the ways in which servers say that somebody does not follow any more."""
    bare = {name: value for name, value in follow.items() if name not in ("id", "@context")}
    return {
        "embedded": person.undoes(follow),
        "without id": person.undoes(bare),
        "with another id": person.undoes(bare | {"id": f"{person.uri}#made-anew"}),
        "bare address": person.does("Undo", follow["id"]),
        "in a list": person.does("Undo", [follow]),
        "id and type": person.undoes({"id": follow["id"], "type": "Follow"}),
        "without actor": person.undoes({k: v for k, v in follow.items() if k != "actor"}),
    }


@pytest.mark.parametrize("way", list(undos(Person(base="", name="", clock=None, key=None, key_id=""), {"id": ""})))  # type: ignore[arg-type]
def test_who_undoes_follows_no_more(scene: Scene, ada: Person, grace: Person, way: str) -> None:
    """Edge case 23."""
    follow = ada.follows(scene.actor)
    scene.tells(ada, follow)
    scene.tells(grace, grace.follows(scene.actor))
    scene.tells(ada, undos(ada, follow)[way])
    assert scene.followers() == [grace.uri]
    scene.tells(ada, ada.follows(scene.actor))
    assert scene.followers() == [ada.uri, grace.uri]


def test_nobody_undoes_for_another(scene: Scene, ada: Person, grace: Person) -> None:
    follow = ada.follows(scene.actor)
    scene.tells(ada, follow)
    scene.tells(grace, *undos(grace, follow).values(), grace.undoes(follow | {"actor": grace.uri}))
    assert scene.followers() == [ada.uri]


@pytest.mark.parametrize("way", ["embedded", "bare address", "id and type"])
def test_an_undo_that_overtakes_the_follow_counts(scene: Scene, ada: Person, grace: Person, way: str) -> None:
    follow = ada.follows(scene.actor)
    scene.tells(grace, undos(grace, follow)["bare address"])  # which nobody else can do for her
    scene.tells(ada, undos(ada, follow)[way])
    scene.tells(ada, follow)
    assert scene.followers() == []
    assert scene.accepted() == []
    scene.tells(ada, ada.follows(scene.actor))
    assert scene.followers() == [ada.uri]


def test_an_undo_of_another_actor_of_ours_changes_nothing(scene: Scene, ada: Person) -> None:
    scene.tells(ada, ada.follows(scene.actor))
    scene.tells(ada, ada.undoes({"type": "Follow", "actor": ada.uri, "object": f"{SITE}/ap/actors/2"}))
    scene.tells(ada, ada.undoes({"type": "Block", "actor": ada.uri, "object": scene.actor}))
    assert scene.followers() == [ada.uri]


def test_who_blocks_us_follows_no_more(scene: Scene, ada: Person, grace: Person) -> None:
    scene.tells(ada, ada.follows(scene.actor))
    scene.tells(grace, grace.follows(scene.actor))
    scene.tells(ada, ada.does("Block", scene.actor))
    assert scene.followers() == [grace.uri]


# Liking and sharing


def test_likes_and_shares_count_once_each(scene: Scene, ada: Person, grace: Person) -> None:
    row = scene.announce()
    note, number = scene.note(row), row.id
    scene.tells(ada, ada.likes(note), ada.likes(note), ada.shares(note), ada.shares(note))
    scene.tells(grace, grace.likes(note))
    assert scene.reactions() == [
        (number, "like", ada.uri),
        (number, "like", grace.uri),
        (number, "share", ada.uri),
    ]


@pytest.mark.parametrize("way", ["embedded", "without id", "with another id", "bare address", "in a list"])
def test_likes_and_shares_are_taken_back(scene: Scene, ada: Person, grace: Person, way: str) -> None:
    row = scene.announce()
    note, number = scene.note(row), row.id
    like, share = ada.likes(note), ada.shares(note)
    scene.tells(ada, like, share)
    scene.tells(grace, grace.shares(note))
    scene.tells(ada, undos(ada, like)[way])
    assert scene.reactions() == [(number, "share", ada.uri), (number, "share", grace.uri)]
    scene.tells(ada, undos(ada, share)[way])
    assert scene.reactions() == [(number, "share", grace.uri)]


def test_an_undo_that_overtakes_the_like_counts(scene: Scene, ada: Person) -> None:
    """Edge case 33."""
    note = scene.note(scene.announce())
    like = ada.likes(note)
    scene.tells(ada, ada.undoes(like), like)
    assert scene.reactions() == []


def test_nobody_takes_back_for_another(scene: Scene, ada: Person, grace: Person) -> None:
    row = scene.announce()
    note, number = scene.note(row), row.id
    like = ada.likes(note)
    scene.tells(ada, like)
    scene.tells(grace, *undos(grace, like).values())
    assert scene.reactions() == [(number, "like", ada.uri)]


def test_what_is_withdrawn_or_not_ours_cannot_be_liked(scene: Scene, ada: Person) -> None:
    row = scene.announce(withdrawn_at=scene.clock.now)
    gone, number = scene.note(row), row.id
    others = (f"{SITE}/ap/notes/{number + 1}", f"{SITE}/ap/notes/0", f"{SITE}/ap/notes/", f"{SITE}/t/{number}", SITE)
    for address in (gone, *others, f"{SITE}/ap/notes/99999999999", f"{gone}/likes", f"{gone}?x"):
        scene.tells(ada, ada.likes(address), ada.shares(address))
    assert scene.reactions() == []


def test_a_share_of_a_share_is_nothing_of_ours(scene: Scene, ada: Person, grace: Person) -> None:
    """Edge case 43."""
    note = scene.note(scene.announce())
    share = ada.shares(note)
    scene.tells(grace, grace.shares(share["id"]), grace.shares(share))
    assert scene.reactions() == []


def test_the_end_is_the_same_in_whatever_order_things_arrive(scene: Scene) -> None:
    """What undoes a thing comes after it where it was sent, and may come before it here."""
    note = scene.note(scene.announce())
    for number, order in enumerate(itertools.permutations(range(4))):
        person = scene.peer.person(f"p{number % 3}")
        follow, like = person.follows(scene.actor), person.likes(note)
        said = [follow, person.undoes(follow), like, person.undoes(like)]
        scene.tells(person, *(said[n] for n in order))
        assert scene.followers() == []
        assert scene.reactions() == []


# Leaving and changing


def test_who_is_deleted_is_forgotten(scene: Scene, ada: Person, grace: Person) -> None:
    """Edge case 35."""
    row = scene.announce()
    number, note = row.id, scene.note(row)
    for person in (ada, grace):
        scene.tells(person, person.follows(scene.actor), person.likes(note))
    scene.tells(ada, ada.deletes_itself())
    assert scene.followers() == [grace.uri]
    assert scene.reactions() == [(number, "like", grace.uri)]
    assert db.session.scalars(select(RemoteActor.uri)).all() == [grace.uri]
    assert count(RemoteKey) == 1


def test_a_known_person_who_is_gone_is_forgotten_on_their_servers_word(scene: Scene, ada: Person) -> None:
    scene.tells(ada, ada.follows(scene.actor))
    with write_transaction() as session:
        session.query(RemoteKey).delete()
    scene.peer.pages[ada.path] = says(410)
    assert scene.tell(ada, ada.deletes_itself()) == 401
    scene.work()
    assert scene.followers() == []


def test_nobody_is_forgotten_on_a_forgers_word(scene: Scene, ada: Person, grace: Person) -> None:
    scene.tells(ada, ada.follows(scene.actor))
    farewell = ada.deletes_itself()
    for forger in (ada.with_key("mallory"), grace):
        assert scene.tell(forger, farewell) == 401
    assert scene.tell(grace, farewell | {"actor": grace.uri, "id": f"{grace.uri}#delete"}) == 202  # of somebody else
    scene.work()
    assert scene.followers() == [ada.uri]


def test_who_changes_is_asked_anew_and_never_believed(scene: Scene, ada: Person) -> None:
    scene.tells(ada, ada.follows(scene.actor))
    moved = ada.document() | {"inbox": f"{ada.base}/new/inbox", "preferredUsername": "ada_l"}
    scene.peer.pages[ada.path] = shows(moved)
    scene.tells(ada, ada.does("Update", moved | {"inbox": f"{ada.base}/lie"}))
    row = db.session.scalars(select(RemoteActor)).one()
    assert (row.inbox, row.handle) == (f"{ada.base}/new/inbox", "ada_l@127.0.0.1")
    assert scene.followers() == [ada.uri]


def test_a_key_that_was_changed_is_taken_from_the_update_signed_with_the_old_one(scene: Scene, ada: Person) -> None:
    scene.tells(ada, ada.follows(scene.actor))
    changed = ada.with_key("ada's second", f"{ada.uri}#key-2")
    scene.peer.serve(changed)
    scene.tells(ada, ada.does("Update", changed.document()))
    assert scene.tell(changed, changed.follows(scene.actor)) == 202
    scene.clock.forward(minutes=6)
    assert scene.tell(ada, ada.follows(scene.actor)) == 401


def test_many_changes_make_us_ask_twice_and_see_the_last_one(scene: Scene, ada: Person) -> None:
    scene.tells(ada, ada.follows(scene.actor))
    for number in range(5):
        scene.peer.pages[ada.path] = shows(ada.document() | {"preferredUsername": f"ada{number}"})
        scene.tells(ada, ada.does("Update", ada.document()))
    scene.clock.forward(minutes=6)
    scene.work()
    assert scene.peer.asked() == 3
    assert db.session.scalars(select(RemoteActor.handle)).one() == "ada4@127.0.0.1"


def test_a_server_that_is_down_is_asked_again_and_then_left_alone(scene: Scene, ada: Person) -> None:
    scene.tells(ada, ada.follows(scene.actor))
    scene.peer.pages[ada.path] = says(503)
    scene.tells(ada, ada.does("Update", ada.document()))
    for _ in range(20):
        scene.clock.forward(hours=1)
        scene.work()
    assert scene.peer.asked() == 1 + 1 + inbox_jobs.MOST_TRIES
    assert db.session.scalars(select(Job.state).where(Job.state != "done")).all() == []
    assert scene.followers() == [ada.uri]


@pytest.mark.parametrize(("status", "stays"), [(410, False), (404, True), (403, True)])
def test_an_update_of_somebody_whom_their_server_does_not_know(
    scene: Scene, ada: Person, status: int, stays: bool
) -> None:
    scene.tells(ada, ada.follows(scene.actor))
    scene.peer.pages[ada.path] = says(status)
    scene.tells(ada, ada.does("Update", ada.document()))
    assert (scene.followers() == [ada.uri]) is stays


@pytest.mark.parametrize("status", [404, 410])
def test_who_is_gone_with_their_inbox_is_forgotten_and_nobody_else(
    scene: Scene, ada: Person, grace: Person, deliver: Callable[..., None], status: int
) -> None:
    for person in (ada, grace):
        scene.tells(person, person.follows(scene.actor))
        scene.peer.pages[f"{person.path}/inbox"] = says(status)
    scene.peer.pages[ada.path] = says(status)
    deliver()
    scene.clock.forward(minutes=10)
    scene.work()
    assert scene.followers() == [grace.uri]


def test_an_old_key_is_asked_for_again_after_a_day(scene: Scene, ada: Person) -> None:
    note = scene.note(scene.announce())
    scene.tells(ada, ada.follows(scene.actor))
    scene.clock.forward(days=2)
    scene.tells(ada, ada.likes(note))
    assert scene.peer.asked() == 2
    scene.clock.forward(hours=1)
    scene.tells(ada, ada.shares(note))
    assert scene.peer.asked() == 2


# What waits when somebody is blocked, and what is kept how long


def test_what_was_said_before_a_block_is_not_acted_upon_after_it(scene: Scene, ada: Person) -> None:
    assert scene.tell(ada, ada.follows(scene.actor)) == 202
    with write_transaction():
        block("127.0.0.1", "", "cli", scene.clock.now)
    scene.work()
    assert scene.followers() == []
    assert scene.accepted() == []


def test_a_block_counts_even_if_the_key_came_in_while_it_was_made(scene: Scene, ada: Person) -> None:
    assert scene.tell(ada, ada.follows(scene.actor)) == 202
    with write_transaction() as session:  # the block alone: whom it forgot has been written down again since
        session.add(DomainBlock(domain="127.0.0.1", blocked_by="cli", at=NOW))
    scene.work()
    assert scene.followers() == []


def _tidy(scene: Scene) -> None:
    with write_transaction():
        inbox_jobs.CLOCKWORKS[0].act(0, scene.clock.now)
    db.session.rollback()


def test_activities_are_remembered_for_sixty_days(scene: Scene, ada: Person) -> None:
    scene.tells(ada, ada.follows(scene.actor))
    scene.clock.forward(days=59)
    _tidy(scene)
    assert count(Received) == 1
    scene.clock.forward(days=2)
    _tidy(scene)
    assert count(Received) == 0
    assert db.session.scalars(select(Job.id).where(Job.kind == "federation.receive")).all() == []
    assert scene.followers() == [ada.uri]


def test_strangers_are_forgotten_and_friends_are_not(scene: Scene, ada: Person, grace: Person) -> None:
    linus = scene.peer.person("linus")
    scene.tells(ada, ada.follows(scene.actor))
    scene.tells(grace, grace.likes(scene.note(scene.announce())))
    scene.tells(linus, linus.does("Create", f"{linus.base}/1"))
    assert count(RemoteActor) == 3
    scene.clock.forward(days=3)
    _tidy(scene)
    assert sorted(db.session.scalars(select(RemoteActor.uri))) == [ada.uri, grace.uri]
    assert count(RemoteKey) == 2


def test_a_hanging_server_holds_up_no_job_for_long(scene: Scene, ada: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coopgov.federation.providers.peers.PATIENCE_S", 0.5)
    scene.tells(ada, ada.follows(scene.actor))
    scene.peer.pages[ada.path] = hangs()
    scene.tells(ada, ada.does("Update", ada.document()))
    waiting = db.session.scalars(select(Job.run_after).where(Job.state == "queued")).all()
    assert len(waiting) == 1
    assert waiting[0] > scene.clock.now + timedelta(seconds=10)
