"""Our own actor: made once, its private key sealed, and sealed again when the secret of the installation changes."""

from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from coopgov.config import read_settings
from coopgov.core.errors import Refused
from coopgov.federation.models import Activity, ActorKey, Delivery, Follower, Inbox, RemoteActor
from coopgov.federation.queries.actors import actor_with_handle, current_key, handle_of, signing_key, the_actor
from coopgov.federation.rules.keys import is_signed, load_public, signature
from coopgov.federation.services.actors import add_key, begin_actor, handle_from, reseal, rotate_key
from coopgov.infra.coop import Coop
from coopgov.infra.crypto import BadToken
from coopgov.infra.db import db, write_transaction
from coopgov.infra.worker import Worker
from tests.conftest import KEY, NOW, Clock, make_app


def test_the_clock_makes_the_actor_of_a_new_co_op_once(app: Flask, catch_up: Callable[[], int], clock: Clock) -> None:
    assert the_actor() is None
    catch_up()
    clock.forward(minutes=5)
    catch_up()
    db.session.rollback()
    actor = the_actor()
    assert actor is not None
    assert (actor.handle, actor.path, handle_of(actor)) == (
        "test_co_op",
        f"/ap/actors/{actor.id}",
        "test_co_op@localhost",
    )
    assert actor_with_handle("TEST_Co_op") is actor
    assert db.session.query(ActorKey).count() == 1


def test_before_there_is_a_co_op_there_is_no_actor(empty_app: Flask) -> None:
    Worker(empty_app, empty_app.extensions["coopgov.waker"], Clock()).catch_up()
    assert the_actor() is None


@pytest.mark.parametrize(
    ("name", "handle"),
    [
        ("Harbour Social", "harbour_social"),
        ("Ünïted Bäkers & Co.", "united_bakers_co"),
        ("合作社", "coop"),
        ("x" * 80, "x" * 30),
    ],
)
def test_a_handle_is_made_of_the_name(name: str, handle: str) -> None:
    assert handle_from(name) == handle


def test_a_handle_that_was_set_is_taken(database_url: str, tmp_path: Path, clock: Clock) -> None:
    app = make_app(database_url, tmp_path, clock, actor_handle="Bakers")
    with app.app_context():
        with write_transaction() as session:
            assert begin_actor("Test", NOW).handle == "bakers"
            session.rollback()
        db.session.remove()
        db.engine.dispose()


def test_the_private_key_lies_sealed_and_signs(app: Flask) -> None:
    with write_transaction():
        actor = begin_actor("Test", NOW)
    row = current_key(actor.id)
    assert "PRIVATE" not in row.sealed
    assert "PRIVATE" not in row.public_pem
    found = signing_key(actor)
    assert found.key_id == f"http://localhost{actor.path}#main-key"
    assert is_signed(load_public(row.public_pem), b"words", signature(found.private, b"words"))
    assert signing_key(actor).private is found.private


def test_a_new_key_has_an_id_of_its_own_and_the_old_one_still_signs(app: Flask) -> None:
    with write_transaction():
        actor = begin_actor("Test", NOW)
        add_key(actor, NOW)
    assert signing_key(actor).key_id.endswith("#key-2")
    assert signing_key(actor, 1).key_id.endswith("#main-key")
    assert signing_key(actor, 1).private is not signing_key(actor).private
    with pytest.raises(LookupError):
        signing_key(actor, 9)


def test_another_secret_opens_nothing_until_the_keys_are_sealed_again(app: Flask, tmp_path: Path, clock: Clock) -> None:
    with write_transaction():
        actor_id = begin_actor("Test", NOW).id
    url, other = app.config["SQLALCHEMY_DATABASE_URI"], "another key that is long enough to be one"
    db.session.remove()
    with make_app(url, tmp_path, clock, secret_key=other).app_context():
        actor = the_actor()
        assert actor is not None
        with pytest.raises(BadToken):
            signing_key(actor)
        db.session.remove()
        db.engine.dispose()
    with make_app(url, tmp_path, clock, secret_key=other, secret_key_fallbacks=KEY).app_context():
        with write_transaction():
            assert reseal(NOW) == 1
        db.session.remove()
        db.engine.dispose()
    with make_app(url, tmp_path, clock, secret_key=other).app_context():
        actor = the_actor()
        assert actor is not None
        assert signing_key(actor).key_id.endswith(f"/{actor_id}#main-key")
        db.session.remove()
        db.engine.dispose()


def test_what_cannot_be_meant_as_a_handle_or_a_type_stops_the_start() -> None:
    for name, value in (("actor_type", "Robot"), ("actor_handle", "a b"), ("actor_handle", "x" * 31)):
        with pytest.raises(ValueError, match=name.upper()):
            read_settings({f"COOPGOV_{name.upper()}": value})


def _follower(uri: str = "https://peer.example/users/ann") -> RemoteActor:
    with write_transaction() as session:
        actor = begin_actor("Test Co-op", NOW)
        ann = RemoteActor(
            uri=uri, host="peer.example", inbox=f"{uri}/inbox", shared_inbox="", handle="", fetched_at=NOW
        )
        session.add(ann)
        session.flush()
        session.add(Follower(actor_id=actor.id, remote_actor_id=ann.id, follow_uri=f"{uri}#follow", followed_at=NOW))
    return ann


def _told() -> list[tuple[str, int | None, str]]:
    rows = db.session.query(Activity, Inbox).join(Delivery, Delivery.activity_id == Activity.id)
    found = rows.join(Inbox, Inbox.id == Delivery.inbox_id).order_by(Delivery.id)
    return [(activity.type, activity.key_number, inbox.url) for activity, inbox in found]


def test_a_rotation_is_told_under_the_key_that_others_know(app: Flask) -> None:
    """Edge case 12."""
    _follower()
    with write_transaction():
        assert rotate_key("cli", NOW).number == 2
    assert _told() == [("Update", 1, "https://peer.example/users/ann/inbox")]
    actor = the_actor()
    assert actor is not None
    assert current_key(actor.id).number == 2


def test_before_there_is_an_actor_there_is_no_key_to_change(app: Flask) -> None:
    with pytest.raises(Refused, match=r"announcement\.no_actor"), write_transaction():
        rotate_key("cli", NOW)


def test_a_new_name_is_told_once(app: Flask, catch_up: Callable[[], int], clock: Clock) -> None:
    _follower()
    catch_up()
    assert _told() == []
    with write_transaction() as session:
        session.get_one(Coop, 1).version += 1
    for _ in range(2):
        clock.forward(minutes=2)
        catch_up()
    db.session.rollback()
    assert _told() == [("Update", None, "https://peer.example/users/ann/inbox")]
