"""The door for Stripe's messages, and that neither order, number nor haste of them matters."""

import importlib
import inspect
import itertools
import json
import threading
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from coopgov.fakes.stripe.events import Delivery
from coopgov.funding.models import Contribution, LedgerEntry, Pledge, SourceEvent
from coopgov.funding.providers.stripe.looking import HANDLED
from coopgov.funding.providers.stripe.sdk import sdk
from coopgov.funding.routes.webhooks_stripe import LARGEST
from coopgov.funding.services.inbox import tidy_inbox
from coopgov.funding.services.ingest import apply
from coopgov.identity.models import Party
from coopgov.infra.db import db, write_transaction
from coopgov.infra.jobs import Job
from coopgov.infra.worker import run_job
from tests.factories import person
from tests.funding.facts import fingerprints, state
from tests.funding.stripe.conftest import DOOR, SECRET, Shop

ROOT = Path(__file__).parents[3]
FIRST_PAYMENT = (
    "customer.subscription.created",
    "checkout.session.completed",
    "charge.succeeded",
    "invoice.paid",
    "customer.subscription.updated",
)


def body(**fields: Any) -> bytes:
    plain = {
        "id": "evt_1",
        "object": "event",
        "type": "invoice.paid",
        "livemode": False,
        "data": {"object": {"id": "in_1"}},
    }
    return json.dumps(plain | fields).encode()


def signed(raw: bytes, secret: str = SECRET, at: int | None = None) -> str:
    moment = int(time.time()) if at is None else at
    header: str = sdk().WebhookSignature.generate_signature_header(raw.decode(), secret, moment)
    return header


def knock(shop: Shop, raw: bytes, signature: str | None) -> int:
    headers = {} if signature is None else {"Stripe-Signature": signature}
    return shop.client.post(DOOR, data=raw, headers=headers).status_code


def kept() -> int:
    return db.session.scalar(select(func.count(SourceEvent.id))) or 0


# The door


def test_a_signed_message_is_kept_once(shop: Shop) -> None:
    raw = body()
    assert [knock(shop, raw, signed(raw)) for _ in range(3)] == [200, 200, 200]
    row = db.session.scalars(select(SourceEvent)).one()
    assert (row.event_id, row.kind, row.object_id, row.state) == ("evt_1", "invoice.paid", "in_1", "new")
    assert json.loads(row.body)["type"] == "invoice.paid"


@pytest.mark.parametrize(
    "signature",
    [
        None,
        "",
        "nonsense",
        "t=1,v1=00",
        "t=now,v1=00",
        lambda raw: signed(raw, "whsec_of_somebody_else"),
        lambda raw: signed(raw + b" "),
        lambda raw: signed(raw, at=int(time.time()) - 3600),
        lambda raw: signed(raw, at=int(time.time()) + 86_400),
        lambda raw: signed(raw).replace("v1=", "v0="),
    ],
    ids=[
        "none",
        "empty",
        "nonsense",
        "wrong",
        "no time",
        "other secret",
        "other body",
        "old",
        "of tomorrow",
        "old scheme",
    ],
)
def test_a_message_that_stripe_did_not_sign_now_is_refused(shop: Shop, signature: Any) -> None:
    raw = body()
    assert knock(shop, raw, signature(raw) if callable(signature) else signature) == 400
    assert kept() == 0


def test_while_the_secret_is_rolled_both_are_good(shop: Shop) -> None:
    raw = body()
    assert knock(shop, raw, signed(raw, "whsec_former")) == 200
    other = body(id="evt_2")
    first, second = signed(other, "whsec_of_nobody"), signed(other, SECRET)
    assert knock(shop, other, f"{first},{second.split(',')[1]}") == 200
    assert kept() == 2


@pytest.mark.parametrize(
    "raw", [b"", b"[]", b'"x"', b"{}", b"not json", b"\xff\xfe\x00", b'{"id": 1, "type": 2}', b"null"]
)
def test_what_is_no_message_is_refused_even_when_signed(shop: Shop, raw: bytes) -> None:
    signature = signed(raw) if raw != b"\xff\xfe\x00" else "t=1,v1=00"
    assert knock(shop, raw, signature) == 400
    assert kept() == 0


def test_a_message_of_two_megabytes_is_refused_unread(shop: Shop) -> None:
    raw = b" " * (LARGEST + 1)
    assert knock(shop, raw, "t=1,v1=00") == 413
    assert kept() == 0


@pytest.mark.parametrize("stripe_settings", [{}, {"stripe_secret_key": "sk_test_x"}], ids=["no stripe", "no secret"])
def test_without_a_secret_nothing_is_taken(shop: Shop) -> None:
    raw = body()
    assert knock(shop, raw, signed(raw, "")) == 400
    assert kept() == 0


def test_bodies_are_forgotten_after_ninety_days_and_the_message_is_not(shop: Shop) -> None:
    raw = body()
    knock(shop, raw, signed(raw))
    for days, is_kept in ((89, True), (2, False)):
        shop.forward(days=days)
        with write_transaction():
            tidy_inbox(shop.clock.now)
        row = db.session.scalars(select(SourceEvent)).one()
        assert bool(row.body) is is_kept
    assert (row.state, row.note) == ("failed", "no job settled it")
    assert knock(shop, raw, signed(raw)) == 200
    assert kept() == 1


def test_a_busy_stripe_is_asked_again_later(shop: Shop) -> None:
    shop.begin()
    shop.world.faults.add({"path": "/v1/invoices", "status": 429, "times": 1})
    shop.deliver("invoice.paid")
    assert shop.messages()["invoice.paid"] == "new"
    shop.forward(seconds=31)
    shop.work()
    assert shop.messages()["invoice.paid"] == "done"


def test_every_kind_that_is_acted_upon_is_one_of_stripes() -> None:
    """The SDK's own list of what an endpoint can be told."""
    known = inspect.getsource(importlib.import_module("stripe.params._webhook_endpoint_create_params"))
    assert [kind for kind in sorted(HANDLED) if f'"{kind}"' not in known] == []


def test_the_documentation_names_every_kind_that_is_acted_upon() -> None:
    words = (ROOT / "docs" / "money.md").read_text().split("### What we listen to")[1].split("```")[1].split()
    assert sorted(words) == sorted(HANDLED)


# Order and number


def five(shop: Shop) -> list[Delivery]:
    told = {delivery.type: delivery for delivery in shop.pending()}
    return [told[kind] for kind in FIRST_PAYMENT]


def books() -> tuple[Any, ...]:
    counts = [db.session.scalar(select(func.count(model.id))) for model in (Pledge, Contribution, LedgerEntry)]
    return (*counts, fingerprints())


def paid_quietly(shop: Shop, party: Party, behaviour: str = "works") -> Pledge:
    """As ``begin``, by fewer requests."""
    pledge, ours = shop.draft(party), shop.stripe.ours
    shop.world.seed_product(ours.product_id("tier:1"), "Member")
    metadata = {"instance": ours.instance, "pledge": str(pledge.id), "party": str(party.id), "product": "tier:1"}
    price = {
        "currency": "gbp",
        "product": ours.product_id("tier:1"),
        "unit_amount": 300,
        "recurring": {"interval": "month"},
    }
    wanted = {
        "mode": "subscription",
        "line_items": [{"quantity": 1, "price_data": price}],
        "success_url": "http://x.example",
    }
    page = shop.world.request(
        "POST", "/v1/checkout/sessions", {**wanted, "metadata": metadata, "subscription_data": {"metadata": metadata}}
    )
    shop.world.pay(page["id"], behaviour, confirmed=True)
    return pledge


@pytest.mark.parametrize("first", range(5))
def test_all_orders_of_the_five_messages_of_a_first_payment_end_alike(
    shop: Shop, first: int, request: pytest.FixtureRequest
) -> None:
    """All 120 on SQLite, every eighth on PostgreSQL. Each order is of a payment of its own."""
    step = 8 if "postgresql" in request.node.name else 1
    orders = [order for order in itertools.permutations(range(5)) if order[0] == first][::step]
    people = [person() for _ in orders]
    for number, (party, order) in enumerate(zip(people, orders, strict=True), 1):
        pledge = paid_quietly(shop, party)
        told = five(shop)
        shop.lose_messages()
        for place in order:
            assert shop.post(told[place]) == 200
        shop.work()
        assert (pledge.status, pledge.amount_minor) == ("active", 300)
        assert books()[:3] == (number, number, 2 * number)
    paid = shop.payments()
    assert sorted(row.party_id or 0 for row in paid) == sorted(party.id for party in people)
    assert sorted(row.receipt_number or 0 for row in paid) == list(range(1, len(orders) + 1))
    shop.settle_books()


def test_ten_copies_of_one_message_at_once_are_one(shop: Shop) -> None:
    shop.begin()
    told = five(shop)
    for delivery in told:
        codes = at_once(shop, [delivery] * 10)
        assert codes == [200] * 10
    db.session.rollback()
    assert kept() == 5
    assert db.session.scalar(select(func.count(Job.id)).where(Job.kind == "funding.stripe_event")) == 5
    shop.work()
    assert books()[:3] == (1, 1, 2)
    shop.settle_books()


def at_once(shop: Shop, deliveries: list[Delivery]) -> list[int]:
    codes: list[int] = []
    start = threading.Barrier(len(deliveries))

    def hand_over(delivery: Delivery) -> None:
        start.wait()
        client = FlaskClient(shop.app, shop.app.response_class)
        codes.append(client.post(DOOR, data=delivery.body, headers=delivery.headers()).status_code)

    threads = [threading.Thread(target=hand_over, args=(delivery,)) for delivery in deliveries]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return codes


def test_ten_workers_at_one_payments_jobs_book_it_once(shop: Shop) -> None:
    shop.begin()
    for delivery in five(shop):
        shop.post(delivery)
    ids = list(db.session.scalars(select(Job.id)))
    db.session.rollback()

    def toil(job_ids: list[int]) -> None:
        with shop.app.app_context():
            for job_id in job_ids:
                run_job(job_id, shop.clock.now)
            db.session.remove()

    threads = [threading.Thread(target=toil, args=(ids[n % 5 :] + ids[: n % 5],)) for n in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    shop.forward(minutes=5)
    shop.work()
    assert books()[:3] == (1, 1, 2)
    shop.settle_books()


def test_an_older_look_that_ends_later_does_not_win(shop: Shop) -> None:
    pledge = shop.begin()
    old = shop.stripe.look_at_pledge(_its_subscription(shop))
    shop.forward(seconds=1)
    shop.world.request("DELETE", f"/v1/subscriptions/{_its_subscription(shop)}")
    new = shop.stripe.look_at_pledge(_its_subscription(shop))
    for seen in (new, old):
        with write_transaction():
            apply(seen, shop.clock.now)
    assert pledge.status == "ended"


def _its_subscription(shop: Shop) -> str:
    return str(next(iter(shop.world.store.tables["subscription"])))


def test_messages_lost_for_a_week_are_made_up_for_by_the_nightly_reading(shop: Shop) -> None:
    shop.begin()
    shop.lose_messages()
    shop.forward(days=40)
    shop.lose_messages()
    assert shop.payments() == []
    shop.read_all()
    assert len(shop.payments()) == 2
    shop.settle_books()
    before = state()
    assert shop.read_all(shop.clock.now - timedelta(days=100)) == 0
    assert state() == before
    for delivery in shop.world.pending_deliveries():
        shop.post(delivery)


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(raw=st.binary(max_size=200), signature=st.text(max_size=80))
def test_no_bytes_at_the_door_break_it(shop: Shop, raw: bytes, signature: str) -> None:
    plain = signature.encode("ascii", "ignore").decode().translate(dict.fromkeys(range(32)))
    assert knock(shop, raw, plain) == 400
