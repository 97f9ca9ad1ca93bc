"""Deliveries over real connections: what each answer of an inbox leads to, in which order, and when."""

import random
import threading
import time
from base64 import b64encode
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from email.utils import format_datetime
from hashlib import sha256
from urllib.parse import urlsplit

import pytest
from flask import Flask
from sqlalchemy import func, select

from coopgov.federation.jobs.delivery import Courier
from coopgov.federation.models import (
    Activity,
    Announcement,
    Delivery,
    DomainBlock,
    Follower,
    Inbox,
    Peer,
    RemoteActor,
)
from coopgov.federation.rules.delivering import Meaning, Result
from coopgov.federation.services import dispatch, peers
from coopgov.federation.services.deliveries import send_to, send_to_all_who_had, send_to_followers
from coopgov.infra.db import db, write_transaction
from coopgov.infra.jobs import Job
from coopgov.infra.posting import Poster
from coopgov.infra.worker import Crew
from tests.conftest import NOW, Clock
from tests.federation.conftest import Scene
from tests.federation.peers import says
from tests.federation.sinks import (
    HANG,
    Sinks,
    announcement,
    delivery_to,
    follower,
    followers,
    server,
    states,
    tell,
)

Deliver = Callable[..., None]


@pytest.fixture
def one(app: Flask, sinks: Sinks) -> str:
    """The inbox of a single follower."""
    url = sinks.inbox("127.0.0.2")
    follower(url)
    return url


def host_of_one(sinks: Sinks) -> str:
    return f"127.0.0.2:{sinks.port}"


# It works


def test_every_distinct_inbox_hears_once(app: Flask, sinks: Sinks, deliver: Deliver) -> None:
    shared = sinks.inbox("127.0.0.3", "/shared")
    for n in range(3):
        follower(sinks.inbox("127.0.0.3", f"/{n}"), shared)
    follower(sinks.inbox("127.0.0.4"))
    tell(announcement())
    deliver()
    assert sinks.counts() == {"127.0.0.3/shared": 1, "127.0.0.4/inbox": 1}
    assert states() == {"done": 2}


def test_what_is_sent_is_typed_signed_and_says_who_we_are(sinks: Sinks, one: str, deliver: Deliver) -> None:
    tell(announcement())
    deliver()
    (hit,) = sinks.hits
    assert hit.headers["content-type"] == "application/activity+json"
    assert hit.headers["user-agent"].startswith("coopgov/")
    assert "+http://localhost/" in hit.headers["user-agent"]
    assert hit.headers["digest"] == "SHA-256=" + b64encode(sha256(hit.body).digest()).decode()
    assert 'algorithm="rsa-sha256"' in hit.headers["signature"]
    assert hit.headers["date"] == format_datetime(NOW, usegmt=True)


def test_one_connection_serves_many_inboxes_of_a_server(app: Flask, sinks: Sinks, deliver: Deliver) -> None:
    for n in range(20):
        follower(sinks.inbox("127.0.0.3", f"/{n}"))
    tell(announcement())
    deliver()
    assert len(sinks.counts()) == 20
    assert sinks.connections <= 2  # that many inboxes of a server are written to at once


def test_an_inbox_that_thanks_with_a_page_has_taken_it(sinks: Sinks, one: str, deliver: Deliver) -> None:
    """Edge case 31."""
    sinks.answer("127.0.0.2", (200, {"Content-Type": "text/html"}))
    tell(announcement())
    deliver()
    assert states() == {"done": 1}


def test_an_accept_goes_to_one_inbox_only(sinks: Sinks, one: str, deliver: Deliver) -> None:
    other = sinks.inbox("127.0.0.9", "/users/ada/inbox")
    tell(None, "Accept", way=lambda activity, now: send_to(activity, other, now))
    deliver()
    assert sinks.counts() == {"127.0.0.9/users/ada/inbox": 1}


def test_asking_twice_for_the_same_sends_once(sinks: Sinks, one: str, deliver: Deliver) -> None:
    activity = tell(announcement())
    with write_transaction():
        assert send_to_followers(activity, NOW) == 0
        assert send_to(activity, one, NOW) == 0
    deliver()
    assert sinks.counts() == {"127.0.0.2/inbox": 1}


def test_a_blocked_domain_gets_nothing(app: Flask, sinks: Sinks, deliver: Deliver) -> None:
    follower(sinks.inbox("localhost"))
    follower(sinks.inbox("127.0.0.4"))
    with write_transaction() as session:
        session.add(DomainBlock(domain="localhost", blocked_by="cli", at=NOW))
    tell(announcement())
    tell(announcement(), way=lambda activity, now: send_to(activity, sinks.inbox("localhost", "/x"), now))
    deliver()
    assert sinks.counts() == {"127.0.0.4/inbox": 1}


def test_a_domain_that_is_blocked_while_something_waits_gets_nothing(sinks: Sinks, one: str, deliver: Deliver) -> None:
    tell(announcement())
    with write_transaction() as session:
        session.add(DomainBlock(domain="127.0.0.2", blocked_by="cli", at=NOW))
    deliver()
    assert sinks.hits == []
    assert states() == {"dropped": 1}


# Answers


def test_a_server_that_was_away_gets_the_same_activity_again_with_a_fresh_signature(
    sinks: Sinks, one: str, deliver: Deliver, clock: Clock
) -> None:
    sinks.answer("127.0.0.2", 503, 202)
    tell(announcement())
    deliver()
    assert states() == {"queued": 1}
    clock.forward(seconds=2)
    deliver()
    assert len(sinks.hits) == 1, "it is left alone for a while"
    clock.forward(seconds=8)
    deliver()
    first, second = sinks.hits
    assert (first.activity, first.body) == (second.activity, second.body)
    assert first.headers["date"] != second.headers["date"]
    assert states() == {"done": 1}
    assert delivery_to(one).attempts == 2
    assert server(host_of_one(sinks)).failures == 0


@pytest.mark.parametrize("status", [408, 500, 502, 503, HANG])
def test_trouble_is_the_server_s_and_leads_to_another_try(
    sinks: Sinks, one: str, deliver: Deliver, status: int
) -> None:
    sinks.answer("127.0.0.2", status)
    sinks_poster_deadline(deliver)
    row, its = delivery_to(one), server(host_of_one(sinks))
    assert (row.state, row.attempts, its.failures) == ("queued", 1, 1)
    assert its.failing_since == NOW
    assert its.next_at is not None
    assert NOW < its.next_at < NOW + timedelta(seconds=10)
    assert its.last_error == row.last_error != ""


def sinks_poster_deadline(deliver: Deliver) -> None:
    tell(announcement())
    deliver(poster=Poster(True, deadline_s=1))


def test_a_port_where_nobody_listens_is_trouble(app: Flask, deliver: Deliver) -> None:
    follower("http://127.0.0.7:9/inbox")
    tell(announcement())
    deliver()
    assert (states(), server("127.0.0.7:9").last_error) == ({"queued": 1}, "connect")


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [
        ("90", 90),
        (format_datetime(NOW + timedelta(hours=1), usegmt=True), 3600),
        ("9" * 30, 7 * 86400),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_kept(
    sinks: Sinks, one: str, deliver: Deliver, clock: Clock, asked: str, seconds: int, status: int
) -> None:
    """Edge case 30."""
    sinks.answer("127.0.0.2", (status, {"Retry-After": asked}), 202)
    tell(announcement())
    deliver()
    clock.forward(seconds=seconds - 1)
    tell(announcement(), now=clock())
    deliver()
    assert len(sinks.hits) == 1, "nor does anything else go there meanwhile"
    clock.forward(seconds=1)
    deliver()
    assert len(sinks.hits) == 3
    assert states() == {"done": 2}


def test_a_server_that_reads_only_the_other_dialect_is_remembered(sinks: Sinks, one: str, deliver: Deliver) -> None:
    sinks.answer("127.0.0.2", 401, 202)
    tell(announcement())
    deliver()
    tell(announcement())
    deliver()
    assert ["signature-input" in hit.headers for hit in sinks.hits] == [False, True, True]
    assert "content-digest" in sinks.hits[1].headers
    assert len({hit.activity for hit in sinks.hits}) == 2
    assert (states(), server(host_of_one(sinks)).dialect) == ({"done": 2}, "rfc9421")


def test_a_server_that_unlearned_its_dialect_is_shown_the_other_again(sinks: Sinks, one: str, deliver: Deliver) -> None:
    sinks.answer("127.0.0.2", 401, 202, 401, 202)
    for _ in range(2):
        tell(announcement())
        deliver()
    assert ["signature-input" in hit.headers for hit in sinks.hits] == [False, True, True, False]
    assert server(host_of_one(sinks)).dialect == "cavage"


def test_a_server_that_could_not_get_our_key_is_asked_again_a_few_times(
    sinks: Sinks, one: str, deliver: Deliver, clock: Clock
) -> None:
    """Mastodon answers 401 as long as it cannot fetch the key, and tries again itself at such an answer."""
    sinks.answer("127.0.0.2", 401, 401, 202)
    tell(announcement())
    deliver()
    assert delivery_to(one).state == "queued"
    clock.forward(minutes=11)
    deliver()
    assert delivery_to(one).state == "done"
    sinks.answer("127.0.0.2", 401)
    tell(announcement())
    for _ in range(8):
        deliver()
        clock.forward(hours=1)
    assert states() == {"done": 1, "failed": 1}
    assert len(sinks.hits) == 3 + 2 * 5


def test_a_server_that_wants_nothing_in_either_dialect_is_not_asked_a_third_time(
    sinks: Sinks, one: str, deliver: Deliver, clock: Clock
) -> None:
    sinks.answer("127.0.0.2", 403)
    tell(announcement())
    deliver()
    clock.forward(days=2)
    deliver()
    assert len(sinks.hits) == 2
    row = delivery_to(one)
    assert (row.state, row.finished_at) == ("failed", NOW)
    assert server(host_of_one(sinks)).failures == 0, "it is there, and answers"


@pytest.mark.parametrize("status", [301, 308, 404, 410])
def test_an_inbox_that_is_gone_or_elsewhere_has_its_people_looked_up_again(
    sinks: Sinks, one: str, deliver: Deliver, status: int
) -> None:
    """Edge case 29."""
    sinks.answer("127.0.0.2", (status, {"Location": sinks.inbox("127.0.0.6")}))
    tell(announcement())
    deliver()
    assert states() == {"failed": 1}
    assert len(sinks.hits) == 1, "a redirect is not followed: the signature covers host and path"
    job = db.session.scalars(select(Job).where(Job.kind == "federation.recheck")).one()
    assert job.payload["inbox"] == delivery_to(one).inbox_id


@pytest.mark.parametrize("status", [400, 406, 413, 422])
def test_what_an_inbox_refuses_is_not_sent_again(
    sinks: Sinks, one: str, deliver: Deliver, clock: Clock, status: int
) -> None:
    sinks.answer("127.0.0.2", status, 202)
    tell(announcement())
    deliver()
    clock.forward(days=2)
    deliver()
    assert states() == {"failed": 1}
    assert delivery_to(one).last_error.startswith(str(status))
    tell(announcement(), now=clock())
    deliver()
    assert states() == {"failed": 1, "done": 1}, "the next announcement goes there all the same"


# Nobody waits for somebody else


def test_one_hanging_inbox_delays_no_other(app: Flask, sinks: Sinks, deliver: Deliver) -> None:
    for n in range(200):
        follower(sinks.inbox(f"127.0.1.{n + 1}"))
    for n in range(3):
        sinks.answer(f"127.0.1.{n + 1}", HANG)
    tell(announcement())
    began = time.monotonic()
    deliver(seconds=15)
    well = [
        hit.at - began for hit in sinks.hits if not hit.inbox.startswith(("127.0.1.1/", "127.0.1.2/", "127.0.1.3/"))
    ]
    assert len(well) == 197
    assert max(well) < 6, "they did not wait for the ten seconds of those that hang"
    assert states() == {"done": 197, "queued": 3}


def test_a_hanging_server_with_many_inboxes_is_tried_twice_and_then_left(
    app: Flask, sinks: Sinks, deliver: Deliver
) -> None:
    for n in range(30):
        follower(sinks.inbox("127.0.0.2", f"/{n}"))
    follower(sinks.inbox("127.0.0.3"))
    sinks.answer("127.0.0.2", HANG)
    tell(announcement())
    deliver(poster=Poster(True, deadline_s=1))
    assert sinks.of("127.0.0.3") == ["Create"]
    assert len(sinks.of("127.0.0.2")) == 2
    assert states() == {"done": 1, "queued": 30}
    tried = db.session.scalar(select(func.count()).where(Delivery.attempts > 0, Delivery.state == "queued"))
    assert tried == 2, "what was not tried is not counted as tried"


def test_of_one_server_at_most_two_inboxes_are_written_to_at_once(app: Flask, sinks: Sinks, deliver: Deliver) -> None:
    most, now_in, lock = [0], [0], threading.Lock()
    take = sinks._take

    def counting(handler: object) -> None:
        with lock:
            now_in[0] += 1
            most[0] = max(most[0], now_in[0])
        time.sleep(0.02)
        try:
            take(handler)  # type: ignore[arg-type]
        finally:
            with lock:
                now_in[0] -= 1

    sinks._take = counting  # type: ignore[method-assign]
    for n in range(20):
        follower(sinks.inbox("127.0.0.2", f"/{n}"))
    tell(announcement())
    deliver()
    assert states() == {"done": 20}
    assert most[0] == 2


def test_a_server_that_failed_is_probed_with_one_delivery_only(
    app: Flask, sinks: Sinks, deliver: Deliver, clock: Clock
) -> None:
    for n in range(10):
        follower(sinks.inbox("127.0.0.2", f"/{n}"))
    sinks.answer("127.0.0.2", 503)
    tell(announcement())
    deliver()
    seen = len(sinks.hits)
    assert seen <= 2
    clock.forward(minutes=1)
    deliver()
    assert len(sinks.hits) == seen + 1
    sinks.answer("127.0.0.2", 202)
    clock.forward(minutes=5)
    deliver()
    assert states() == {"done": 10}


def test_a_server_with_thousands_of_inboxes_delays_no_other(app: Flask, sinks: Sinks, deliver: Deliver) -> None:
    sinks.pause = 0.02
    followers([sinks.inbox("127.0.0.2", f"/{n}") for n in range(1500)])
    followers([sinks.inbox(f"127.0.1.{n}") for n in range(1, 30)])
    tell(announcement())
    began = time.monotonic()
    deliver(seconds=4)
    others = [hit.at - began for hit in sinks.hits if hit.inbox.startswith("127.0.1.")]
    assert len(others) == 29
    assert 0 < len(sinks.of("127.0.0.2")) < 1500, "while the big one was still being served"


# Order


def test_an_edit_made_before_the_first_delivery_arrives_after_it(sinks: Sinks, one: str, deliver: Deliver) -> None:
    """Edge case 26."""
    note = announcement()
    tell(note)
    tell(note, "Update", way=lambda activity, now: send_to_all_who_had(note, activity, now))
    deliver()
    assert sinks.of("127.0.0.2") == ["Create", "Update"]


def test_a_delete_never_passes_its_create(sinks: Sinks, one: str, deliver: Deliver, clock: Clock) -> None:
    note = announcement()
    sinks.answer("127.0.0.2", 503, 503, 202)
    tell(note)
    tell(announcement(), "Update")
    deliver()
    for _ in range(3):
        clock.forward(minutes=1)
        deliver()
    assert sinks.of("127.0.0.2") == ["Create", "Create", "Create", "Update"]


def test_what_is_removed_before_the_first_delivery_is_not_sent_at_all(sinks: Sinks, one: str, deliver: Deliver) -> None:
    """Edge case 27."""
    note = announcement()
    tell(note)
    withdraw(note)
    deliver()
    assert sinks.hits == []
    assert states() == {"dropped": 1}


def withdraw(note: object) -> None:
    with write_transaction() as session:
        session.get_one(Announcement, note.id).withdrawn_at = NOW  # type: ignore[attr-defined]
    tell(note, "Delete", way=lambda activity, now: send_to_all_who_had(note, activity, now))  # type: ignore[arg-type]


def test_what_may_have_arrived_is_deleted_and_not_created_again(
    sinks: Sinks, one: str, deliver: Deliver, clock: Clock
) -> None:
    note = announcement()
    sinks.answer("127.0.0.2", 500, 202)
    tell(note)
    deliver()
    withdraw(note)
    clock.forward(minutes=1)
    deliver()
    assert sinks.of("127.0.0.2") == ["Create", "Delete"]
    assert states() == {"dropped": 1, "done": 1}


def test_a_delete_reaches_every_inbox_that_ever_had_it_not_only_followers(
    app: Flask, sinks: Sinks, deliver: Deliver
) -> None:
    left = follower(sinks.inbox("127.0.0.2"))
    follower(sinks.inbox("127.0.0.3"))
    note = announcement()
    tell(note)
    deliver()
    with write_transaction() as session:
        session.query(Follower).filter_by(remote_actor_id=left.id).delete()
    follower(sinks.inbox("127.0.0.4"))
    withdraw(note)
    deliver()
    assert [sinks.of(f"127.0.0.{n}") for n in (2, 3, 4)] == [["Create", "Delete"], ["Create", "Delete"], []]


# Long absence


def test_a_server_that_is_down_for_a_month_hears_again_when_we_hear_from_it(
    sinks: Sinks, one: str, deliver: Deliver, clock: Clock
) -> None:
    """Edge case 32."""
    sinks.answer("127.0.0.2", 503)
    old = announcement()
    tell(old)
    for _ in range(36):
        deliver()
        clock.forward(hours=8)
    assert server(host_of_one(sinks)).parked_at is not None
    seen = len(sinks.hits)
    clock.forward(days=18)
    tell(old, "Update", now=clock())
    tell(announcement(clock()), now=clock())
    deliver()
    assert len(sinks.hits) == seen, "a parked server is left alone"
    sinks.answer("127.0.0.2", 202)
    with write_transaction():
        peers.heard_from(host_of_one(sinks), clock())
    deliver()
    assert sinks.of("127.0.0.2")[seen:] == ["Update", "Create"], "but for what is no news any more"
    assert states() == {"dropped": 1, "done": 2}
    assert server(host_of_one(sinks)).failures == 0


def test_hearing_from_a_server_that_asked_for_time_does_not_hurry_it(
    sinks: Sinks, one: str, deliver: Deliver, clock: Clock
) -> None:
    sinks.answer("127.0.0.2", (429, {"Retry-After": "600"}), 202)
    tell(announcement())
    deliver()
    with write_transaction():
        peers.heard_from(host_of_one(sinks), clock())
    deliver()
    assert len(sinks.hits) == 1


def test_hearing_from_a_server_that_was_down_has_it_tried_at_once(sinks: Sinks, one: str, deliver: Deliver) -> None:
    sinks.answer("127.0.0.2", 503, 202)
    tell(announcement())
    deliver()
    with write_transaction():
        peers.heard_from(host_of_one(sinks), NOW)
        peers.heard_from("nobody.example", NOW)
    deliver()
    assert states() == {"done": 1}


def test_an_officer_can_have_a_server_tried_at_once(sinks: Sinks, one: str, deliver: Deliver, clock: Clock) -> None:
    sinks.answer("127.0.0.2", 503, 202)
    tell(announcement())
    deliver()
    with write_transaction():
        peers.retry_now(host_of_one(sinks), 1, NOW)
    deliver()
    assert states() == {"done": 1}


# Scale


def test_queueing_takes_a_few_statements_however_many_follow(app: Flask, statements: type) -> None:
    for n in range(60):
        follower(f"http://host{n}.example/inbox")
    note = announcement()
    tell(note)
    with write_transaction() as session, statements() as sent:
        activity = Activity(actor_id=note.actor_id, type="Update", announcement_id=note.id, at=NOW)
        session.add(activity)
        assert send_to_followers(activity, NOW) == 60
    assert len(sent) <= 9
    assert db.session.scalar(select(func.count()).select_from(Inbox)) == 60
    assert db.session.scalar(select(func.count()).select_from(Peer)) == 60


def test_an_inbox_that_is_no_address_is_passed_over(app: Flask) -> None:
    follower("http:///inbox")
    follower("https://peer.example/inbox")
    tell(announcement())
    assert db.session.scalars(select(Inbox.url)).all() == ["https://peer.example/inbox"]


# Our own faults, and the end of a courier


def test_what_cannot_be_composed_is_held_and_keeps_nobody_else_waiting(
    sinks: Sinks, one: str, deliver: Deliver, clock: Clock
) -> None:
    from coopgov.federation.models import Actor

    with write_transaction() as session:
        lost = Actor(subject="lost", handle="lost", origin="http://localhost", created_at=NOW)  # it has no key
        session.add(lost)
        session.flush()
        activity = Activity(actor_id=lost.id, type="Accept", object={}, at=NOW)
        session.add(activity)
        session.flush()
        send_to(activity, sinks.inbox("127.0.0.9"), NOW)
    tell(announcement())
    deliver()
    assert sinks.counts() == {"127.0.0.2/inbox": 1}
    row = delivery_to(sinks.inbox("127.0.0.9"))
    assert (row.state, row.attempts, row.next_at) == ("queued", 1, NOW + timedelta(minutes=5))
    assert server(f"127.0.0.9:{sinks.port}").failures == 0, "its server has nothing to do with it"


def test_a_courier_that_is_stopped_gives_back_what_it_has_not_begun(app: Flask, sinks: Sinks, clock: Clock) -> None:
    sinks.pause = 0.05
    for n in range(60):
        follower(sinks.inbox("127.0.0.2", f"/{n}"))
    tell(announcement())
    courier = Courier(clock, lambda: None)
    courier.turn(clock())
    db.session.rollback()
    time.sleep(0.1)
    courier.close()
    found = states()
    assert found["running"] == 0
    assert found["done"] + found["queued"] == 60
    assert found["queued"] > 30
    assert found["done"] == len(sinks.hits)


def test_two_couriers_never_serve_one_server_at_the_same_time(app: Flask, clock: Clock) -> None:
    for n in range(10):
        follower(f"http://127.0.0.2:9/{n}")
    follower("http://127.0.0.3:9/inbox")
    tell(announcement())
    with write_transaction():
        first = dispatch.claim(NOW, "first", 1, Counter())
    with write_transaction():
        second = dispatch.claim(NOW, "second", 50, Counter())
    assert [parcel.host for parcel in first] == ["127.0.0.2:9"]
    assert [parcel.host for parcel in second] == ["127.0.0.3:9"]


def test_what_a_killed_courier_held_counts_as_tried(app: Flask, clock: Clock) -> None:
    follower("http://127.0.0.2:9/inbox")
    note = announcement()
    tell(note)
    with write_transaction():
        dispatch.claim(NOW, "killed", 50, Counter())
    later = NOW + dispatch.LEASE * 2
    with write_transaction():
        (parcel,) = dispatch.claim(later, "next", 50, Counter())
    assert parcel.attempts == 1
    untried = Result(parcel=parcel, meaning=Meaning.UNTRIED)
    with write_transaction():
        dispatch.settle([untried], "next", later, random.Random(1))
    withdraw(note)
    assert states() == {"dropped": 1, "queued": 1}, "it may have arrived, so it is deleted there"


def test_a_result_that_comes_too_late_changes_nothing(app: Flask, clock: Clock) -> None:
    follower("http://127.0.0.2:9/inbox")
    tell(announcement())
    with write_transaction():
        (parcel,) = dispatch.claim(NOW, "slow", 50, Counter())
    later = NOW + dispatch.LEASE * 2
    with write_transaction():
        dispatch.claim(later, "next", 50, Counter())
    with write_transaction():
        dispatch.settle([Result(parcel=parcel, meaning=Meaning.REFUSED, error="400")], "slow", later, random.Random(1))
    assert states() == {"running": 1}


def test_a_courier_that_lives_keeps_what_it_holds(app: Flask, clock: Clock) -> None:
    follower("http://127.0.0.2:9/inbox")
    tell(announcement())
    with write_transaction():
        dispatch.claim(NOW, "slow", 50, Counter())
    with write_transaction():
        dispatch.renew("slow", NOW + dispatch.LEASE)
    with write_transaction():
        assert dispatch.claim(NOW + dispatch.LEASE * 1.5, "next", 50, Counter()) == []


def test_a_crew_delivers_what_is_published_at_once(app: Flask, sinks: Sinks, clock: Clock) -> None:
    follower(sinks.inbox("127.0.0.2"))
    crew = Crew(app, clock)
    crew.start()
    try:
        time.sleep(0.3)
        began = time.monotonic()
        tell(announcement())
        while not sinks.hits and time.monotonic() - began < 10:
            time.sleep(0.01)
    finally:
        crew.stop()
    assert states() == {"done": 1}


# People behind an inbox that is gone


def test_all_followers_at_a_shared_inbox_that_is_gone_are_asked_for_and_forgotten_if_they_are_gone_too(
    scene: Scene, deliver: Deliver
) -> None:
    """Edge case 28."""
    people = [scene.peer.person(name) for name in ("ada", "bo", "cy")]
    for person in people:
        scene.tells(person, person.follows(scene.actor))
    deliver()
    for path in {urlsplit(url).path for url in db.session.scalars(select(RemoteActor.shared_inbox))}:
        scene.peer.pages[path] = says(410)
    for person in people[:2]:
        scene.peer.pages[person.path] = says(410)
    tell(announcement())
    deliver()
    assert states()["failed"] == 1
    assert len(scene.followers()) == 3, "not before their server was asked"
    scene.work()
    scene.clock.forward(minutes=2)
    scene.work()
    assert scene.followers() == [people[2].uri]
