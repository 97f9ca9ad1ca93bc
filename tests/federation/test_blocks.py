"""The block list: however a domain is written, nothing comes from there and nothing goes there."""

import pytest
from sqlalchemy import select

from coopgov.core.errors import NotFound, Refused
from coopgov.federation.models import Activity, Delivery, DomainBlock, Follower, Reaction, RemoteActor
from coopgov.federation.queries.others import is_blocked_host
from coopgov.federation.services.blocks import block, unblock
from coopgov.federation.services.deliveries import send_to, send_to_followers
from coopgov.infra.audit import AuditRow
from coopgov.infra.db import db, write_transaction
from tests.conftest import NOW
from tests.federation.conftest import Scene


def somebody_at(authority: str, scene: Scene) -> None:
    """A follower who likes all there is, and a delivery that waits for them."""
    row = scene.announce()
    host = authority.split(":")[0]
    with write_transaction() as session:
        uri = f"https://{authority}/users/ada"
        who = RemoteActor(uri=uri, host=host, inbox=f"{uri}/inbox", fetched_at=NOW)
        session.add(who)
        session.flush()
        session.add(Follower(actor_id=1, remote_actor_id=who.id, follow_uri=f"{uri}#1", followed_at=NOW))
        session.add(
            Reaction(announcement_id=row.id, remote_actor_id=who.id, kind="like", activity_uri=f"{uri}#2", at=NOW)
        )
        activity = Activity(actor_id=1, type="Create", announcement_id=row.id, at=NOW)
        session.add(activity)
        session.flush()
        send_to(activity, who.inbox, NOW)


def states() -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(select(Delivery.state).order_by(Delivery.id)))


@pytest.mark.parametrize(
    "typed",
    ["evil.example", "EVIL.example.", " https://evil.example/about ", "@ada@evil.example", "evil.example:443"],
)
def test_a_blocked_domain_is_forgotten_with_all_below_it(scene: Scene, typed: str) -> None:
    for authority in ("evil.example", "social.evil.example", "evil.example:8443", "notevil.example", "example"):
        somebody_at(authority, scene)
    with write_transaction():
        block(typed, "spam", "cli", NOW)
    assert scene.followers() == ["https://example/users/ada", "https://notevil.example/users/ada"]
    assert len(scene.reactions()) == 2
    assert states() == ["dropped", "dropped", "dropped", "queued", "queued"]
    row = db.session.scalars(select(DomainBlock)).one()
    assert (row.domain, row.reason, row.blocked_by) == ("evil.example", "spam", "cli")


def test_a_domain_may_be_typed_in_any_script(scene: Scene) -> None:
    somebody_at("xn--bcher-kva.example", scene)
    with write_transaction():
        block("Bücher.example", "", 7, NOW)
    assert scene.followers() == []
    assert is_blocked_host("shop.xn--bcher-kva.example")
    assert db.session.scalars(select(DomainBlock.blocked_by)).one() == "party:7"


def test_nothing_is_sent_to_a_blocked_domain(scene: Scene) -> None:
    with write_transaction():
        block("evil.example", "", "cli", NOW)
    somebody_at("a.evil.example", scene)
    assert states() == []
    with write_transaction() as session:
        activity = session.scalars(select(Activity).where(Activity.type == "Create")).one()
        send_to_followers(activity, NOW)
    assert states() == []


def test_only_the_domain_and_what_is_below_it_is_blocked(scene: Scene) -> None:
    with write_transaction():
        block("evil.example", "", "cli", NOW)
    assert is_blocked_host("evil.example")
    assert is_blocked_host("a.b.evil.example")
    assert not is_blocked_host("notevil.example")
    assert not is_blocked_host("evil.example.org")
    assert not is_blocked_host("example")


def test_a_second_block_changes_the_reason(scene: Scene) -> None:
    with write_transaction():
        block("evil.example", "spam", "cli", NOW)
        block("Evil.Example", "x" * 400, "cli", NOW)
    assert db.session.scalars(select(DomainBlock.reason)).one() == "x" * 300


def test_an_unblocked_domain_may_follow_again(scene: Scene) -> None:
    ada = scene.peer.person("ada")
    with write_transaction():
        block("127.0.0.1", "", "cli", NOW)
    assert scene.tell(ada, ada.follows(scene.actor)) == 403
    with write_transaction():
        unblock("127.0.0.1", "cli", NOW)
    assert scene.tell(ada, ada.follows(scene.actor)) == 202
    acts = db.session.scalars(select(AuditRow.act).where(AuditRow.object == "domain:127.0.0.1"))
    assert list(acts) == ["domain.blocked", "domain.unblocked"]


def test_what_is_no_domain_cannot_be_blocked(scene: Scene) -> None:
    for typed in ("", "   ", "two words", "http://", "@@"):
        with pytest.raises(Refused) as refused, write_transaction():
            block(typed, "", "cli", NOW)
        assert refused.value.reason == "domain.unreadable"
    with pytest.raises(NotFound), write_transaction():
        unblock("evil.example", "cli", NOW)
