"""A machine of joins, payments, refunds, disputes, duplicates, losses and clock moves: whatever happens in whatever
order, the ledger holds what Stripe says that it holds."""

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import func, select

from coopgov.core.errors import Refused
from coopgov.funding.models import Contribution, LedgerEntry, Pledge
from coopgov.funding.providers.stripe.looking import HANDLED
from coopgov.funding.queries.checks import CHECKS
from coopgov.funding.services.pledges import ask_change
from coopgov.funding.services.refunds import ask_refund
from coopgov.infra.coop import found_coop
from coopgov.infra.db import db, write_transaction
from coopgov.infra.jobs import Job
from tests.conftest import _empty_postgres
from tests.factories import person
from tests.funding.facts import pounds
from tests.funding.stripe.conftest import SECRET, Shop
from tests.funding.stripe.test_stripe_messages import paid_quietly

RUNS, STEPS = 50, 6
BEHAVIOURS = ("works", "works", "bacs_works", "bacs_fails", "confirm")
SHOP: Shop  # of the test that runs the machine
EMPTIED: Callable[[], None]


class CoopAndStripe(RuleBasedStateMachine):
    """Each run has a co-op and a Stripe account with nothing in them."""

    pledges = Bundle("pledges")

    def __init__(self) -> None:
        super().__init__()
        self.shop = SHOP
        _begin_anew(self.shop)
        self.begun = self.shop.clock.now

    @rule(target=pledges, behaviour=st.sampled_from(BEHAVIOURS))
    def somebody_joins(self, behaviour: str) -> int:
        return paid_quietly(self.shop, person(), behaviour).id

    @rule(days=st.sampled_from((1, 5, 31, 80)))
    def time_goes_by(self, days: int) -> None:
        self.shop.forward(days=days)

    @rule(data=st.data(), again=st.booleans())
    def some_messages_arrive(self, data: st.DataObject, again: bool) -> None:
        """A few in any order, perhaps twice; the rest of them later, or never."""
        waiting = self.shop.pending(*HANDLED)
        if not waiting:
            return
        for told in data.draw(st.lists(st.sampled_from(waiting), min_size=1, max_size=4, unique_by=lambda d: d.id)):
            for _ in range(2 if again else 1):
                assert self.shop.post(told) == 200
            self.shop.world.delivered(told.id)
        self.shop.work()

    @rule()
    def messages_are_lost(self) -> None:
        self.shop.lose_messages()

    @rule(pledge_id=pledges, behaviour=st.sampled_from(("works", "declines")))
    def a_card_behaves_otherwise(self, pledge_id: int, behaviour: str) -> None:
        method = next(iter(self._rows(pledge_id, "payment_method")), None)
        if method is not None and method["type"] == "card":
            self.shop.world.behave(method["id"], behaviour)

    @rule(pledge_id=pledges, minor=st.sampled_from((1, 100, 300)))
    def the_treasurer_refunds(self, pledge_id: int, minor: int) -> None:
        paid = db.session.scalars(select(Contribution).where(Contribution.pledge_id == pledge_id)).first()
        if paid is None:
            return
        try:
            with write_transaction():
                ask_refund(paid, pounds(minor), 1, self.shop.clock.now)
        except Refused:
            return
        self.shop.work()

    @rule(pledge_id=pledges, outcome=st.sampled_from(("open", "won", "lost")))
    def a_payer_disputes(self, pledge_id: int, outcome: str) -> None:
        for charge in self._rows(pledge_id, "charge"):
            try:
                dispute = self.shop.world.dispute(charge["id"])
            except ValueError:
                continue
            if outcome != "open" and dispute["status"] not in ("won", "lost"):
                self.shop.world.close_dispute(dispute["id"], won=outcome == "won")
            return

    @rule()
    def a_refund_comes_back(self) -> None:
        for refund in self.shop.world.store.rows("refund"):
            if refund["status"] in ("pending", "succeeded"):
                self.shop.world.fail_refund(refund["id"])
                return

    @rule(pledge_id=pledges, kind=st.sampled_from(("pause", "resume", "cancel", "keep", "amount")))
    def a_member_asks_for_a_change(self, pledge_id: int, kind: str) -> None:
        given = {"amount": pounds(500), "interval": "year"} if kind == "amount" else {}
        try:
            with write_transaction():
                ask_change(db.session.get_one(Pledge, pledge_id), kind, self.shop.clock.now, 1, **given)  # type: ignore[arg-type]
        except Refused:
            return
        self.shop.work()

    @rule()
    def stripe_pays_out(self) -> None:
        self.shop.world.pay_out()

    @invariant()
    def books_add_up(self) -> None:
        booked = db.session.scalar(select(func.count(LedgerEntry.id)))
        if booked:
            assert _faults() == []

    def teardown(self) -> None:
        """The night: everything is read, and then the books are Stripe's, to the penny; and a second night (now and then) is idle."""
        shop = self.shop
        shop.lose_messages()
        shop.work()
        shop.read_all(self.begun)
        assert shop.booked() == shop.held()
        assert _faults() == []
        open_kinds = {kind for kind, _ in shop.findings()}
        assert not open_kinds & {"balance_differs", "orphan", "unreadable", "foreign", "test_mode"}
        assert db.session.scalar(select(func.count(Job.id)).where(Job.state == "dead")) == 0
        if len(shop.payments()) % 3 == 0:
            assert shop.read_all(self.begun) == 0
        db.session.remove()

    def _rows(self, pledge_id: int, table: str) -> list[dict[str, Any]]:
        """The pledge's objects at Stripe, whether or not we have heard of them."""
        store = self.shop.world.store
        for sub in store.tables["subscription"].values():
            if sub["metadata"].get("pledge") == str(pledge_id):
                return store.rows(table, customer=sub["customer"])
        return []


def _faults() -> list[str]:
    return [fault for check in CHECKS for fault in check.faults()]


def _begin_anew(shop: Shop) -> None:
    """An empty database and an empty account; the clock goes on, because Stripe's never goes back."""
    db.session.remove()
    EMPTIED()
    shop.world.reset()
    shop.world.add_endpoint("http://localhost/webhooks/stripe", SECRET)
    shop.world.switch(webhooks={"hold": True})
    with write_transaction():
        found_coop("Test Co-op", "en", "Europe/London", shop.clock.now)


def _empty_sqlite(template: Path) -> None:
    db.engine.dispose()
    path = Path(str(db.engine.url.database))
    for beside in ("-wal", "-shm"):
        path.with_name(path.name + beside).unlink(missing_ok=True)
    shutil.copy(template, path)


def test_the_ledger_is_stripes_whatever_happens(shop: Shop, request: pytest.FixtureRequest) -> None:
    global SHOP, EMPTIED
    SHOP, EMPTIED = shop, _empty_postgres
    if db.engine.dialect.name == "sqlite":
        EMPTIED = partial(_empty_sqlite, request.getfixturevalue("sqlite_template"))
    run_state_machine_as_test(
        CoopAndStripe,
        settings=settings(
            max_examples=RUNS,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
            phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink),
        ),
    )
