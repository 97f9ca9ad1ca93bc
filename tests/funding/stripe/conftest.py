"""A co-op whose Stripe is the fake, over real HTTP; one clock for both."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from coopgov.core.money import Money
from coopgov.fakes.stripe.events import Delivery
from coopgov.fakes.stripe.server import running
from coopgov.fakes.stripe.world import World
from coopgov.funding.models import Contribution, Finding, Pledge, Posting, SourceEvent
from coopgov.funding.providers.base import Checkout
from coopgov.funding.providers.stripe.client import Stripe, connect
from coopgov.funding.providers.stripe.looking import HANDLED
from coopgov.funding.services.pledges import Wanted, ask_change, checkout_order, draft_pledge, note_checkout
from coopgov.funding.services.stripe_reading import begin_reading, take_portion
from coopgov.identity.models import Party
from coopgov.infra.check import run_checks
from coopgov.infra.db import db, write_transaction
from coopgov.infra.jobs import Job, is_due
from coopgov.infra.worker import run_job
from tests.conftest import NOW, Browser, Clock, _empty_postgres, make_app
from tests.factories import person

KEY, SECRET, DOOR = "sk_test_of_this_test", "whsec_of_this_test", "/webhooks/stripe"
ENOUGH = HANDLED - {  # these tell nothing that another does not: the permutations are about them
    *("charge.succeeded", "invoice.payment_succeeded", "customer.subscription.created", "payment_intent.processing")
}
RETURN = ("http://localhost/join/paid", "http://localhost/join")


@dataclass
class Shop:
    """The co-op and its Stripe, and short words for what tests do over and over."""

    app: Flask
    world: World
    clock: Clock
    client: FlaskClient

    # Paying

    @property
    def stripe(self) -> Stripe:
        found = connect(self.app.extensions["coopgov.settings"])
        assert found is not None
        return found

    def draft(self, party: Party, minor: int = 300, interval: str = "month", currency: str = "GBP") -> Pledge:
        amount = Money(minor, currency)
        wanted = Wanted(
            party_id=party.id, source="stripe", amount=amount, interval=interval, product="tier:1", title="Member"
        )
        with write_transaction():
            return draft_pledge(wanted, self.clock.now)

    def open(self, pledge: Pledge) -> Checkout:
        """The page of a draft, opened and written down."""
        order = checkout_order(pledge, "ada@example.org", "Ada", "en", *RETURN)
        page = self.stripe.open_checkout(order)
        with write_transaction():
            note_checkout(pledge.id, page, self.clock.now, order.key)
        return page

    def begin(self, party: Party | None = None, behaviour: str = "works", **wanted: Any) -> Pledge:
        """Somebody paid on the page; nobody has told us."""
        pledge = self.draft(party or person(), **wanted)
        self.world.pay(self.open(pledge).checkout_id, behaviour, confirmed=True)
        return pledge

    def join(self, party: Party | None = None, behaviour: str = "works", **wanted: Any) -> Pledge:
        """Somebody paid, and all messages arrived."""
        pledge = self.begin(party, behaviour, **wanted)
        self.deliver()
        return pledge

    def ask(self, pledge: Pledge, kind: str, **given: Any) -> None:
        """Asks for a change, and the worker does it."""
        with write_transaction():
            ask_change(pledge, kind, self.clock.now, pledge.party_id or 0, **given)
        self.work()

    # Messages

    def post(self, delivery: Delivery) -> int:
        """Hands over a message; the status that Stripe sees."""
        return self.client.post(DOOR, data=delivery.body, headers=delivery.headers()).status_code

    def pending(self, *kinds: str) -> list[Delivery]:
        return [told for told in self.world.pending_deliveries() if not kinds or told.type in kinds]

    def deliver(self, *kinds: str) -> None:
        """All that waits (of these kinds; none named: all that matter) arrives, in order, and is acted upon."""
        for told in self.pending(*(kinds or ENOUGH)):
            assert self.post(told) == 200
            self.world.delivered(told.id)
        self.work()

    def lose_messages(self) -> None:
        for told in self.pending():
            self.world.delivered(told.id, "dropped")

    def work(self) -> None:
        """Every job that is due, and no clockwork; the test then reads anew."""
        while ids := list(db.session.scalars(select(Job.id).where(is_due(self.clock.now)).order_by(Job.id))):
            db.session.rollback()
            for job_id in ids:
                with self.app.app_context():
                    run_job(job_id, self.clock.now)

    # Time, and what is read without messages

    def forward(self, **span: float) -> None:
        self.world.move_to(int(self.clock.forward(**span).timestamp()))

    def read_all(self, since: Any = None) -> int:
        """Reads everything at once; how many rows were new or different."""
        with write_transaction():
            run = begin_reading(self.clock.now, since)
            run_id, cursor, _changed = run.id, dict(run.cursor), 0
        while cursor:
            part = self.stripe.portion(cursor)
            with write_transaction():
                cursor = take_portion(run_id, cursor, part, self.clock.now) or {}
        return run.changed

    # What is there

    def booked(self, account: str = "assets:stripe", currency: str = "GBP") -> int:
        query = select(func.sum(Posting.amount_minor))
        return int(db.session.scalar(query.where(Posting.account == account, Posting.currency == currency)) or 0)

    def held(self, currency: str = "gbp") -> int:
        """The fake's own balance."""
        return sum(int(row["net"]) for row in self.world.store.rows("balance_transaction", currency=currency))

    def settle_books(self) -> None:
        """The books are Stripe's, and checks find nothing."""
        assert self.booked() == self.held()
        assert [fault for faults in run_checks().values() for fault in faults] == []

    def payments(self) -> list[Contribution]:
        return list(db.session.scalars(select(Contribution).order_by(Contribution.paid_at, Contribution.id)))

    def the_payment(self) -> Contribution:
        return db.session.scalars(select(Contribution)).one()

    def findings(self) -> list[tuple[str, str]]:
        rows = db.session.execute(select(Finding.kind, Finding.subject).where(Finding.closed_at.is_(None)))
        return [(kind, subject) for kind, subject in rows]

    def messages(self) -> dict[str, str]:
        """Kind of each message that was kept → its state (the last of a kind)."""
        rows = db.session.execute(select(SourceEvent.kind, SourceEvent.state).order_by(SourceEvent.id))
        return {kind: state for kind, state in rows}

    def charge(self, pledge: Pledge) -> dict[str, Any]:
        """The newest charge of the pledge's customer."""
        sub = self.world.store.get("subscription", str(pledge.remote_id))
        return self.world.store.rows("charge", customer=sub["customer"])[0]

    def subscription(self, pledge: Pledge) -> dict[str, Any]:
        return self.world.store.get("subscription", str(pledge.remote_id))

    def method(self, pledge: Pledge, behaviour: str) -> None:
        """The pledge's card or account behaves so from now on."""
        self.world.behave(self.subscription(pledge)["default_payment_method"], behaviour)


@pytest.fixture
def world() -> World:
    world = World(now=int(NOW.timestamp()), seed=7)
    world.add_endpoint("http://localhost/webhooks/stripe", SECRET)
    world.switch(webhooks={"hold": True})  # tests deliver by hand
    return world


@pytest.fixture
def stripe_settings() -> dict[str, Any]:
    return {"stripe_secret_key": KEY, "stripe_webhook_secret": f"whsec_former, {SECRET}"}


@pytest.fixture
def empty_app(
    database_url: str, tmp_path: Path, clock: Clock, world: World, stripe_settings: dict[str, Any]
) -> Iterator[Flask]:
    """As everywhere, with a Stripe beside it."""
    with running(world) as url:
        app = make_app(database_url, tmp_path, clock, stripe_api_base=url, **stripe_settings)
        with app.app_context():
            yield app
            db.session.remove()
            if database_url.startswith("postgresql"):
                _empty_postgres()
            db.engine.dispose()


@pytest.fixture
def shop(app: Flask, world: World, clock: Clock) -> Shop:
    app.test_client_class = Browser
    return Shop(app, world, clock, app.test_client())
