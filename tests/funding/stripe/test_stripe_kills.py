"""kill -9 between any two steps from the first message to a change and a refund: run again, it ends the same."""

import os
import signal
from collections.abc import Callable

import pytest
from sqlalchemy import event, func, select

from coopgov.fakes.stripe.events import Delivery
from coopgov.funding.models import Contribution, LedgerEntry, Pledge, Reversal
from coopgov.funding.services.pledges import ask_change
from coopgov.funding.services.refunds import ask_refund
from coopgov.infra.db import db, write_transaction
from coopgov.infra.jobs import Job
from tests.factories import person
from tests.funding.facts import pounds
from tests.funding.stripe.conftest import Shop
from tests.funding.stripe.test_stripe_messages import paid_quietly

TOLD = ("invoice.paid", "checkout.session.completed")
MOST_STEPS = 60


def everything(shop: Shop, told: list[Delivery], pledge_id: int) -> None:
    """All that follows a payment on the page; what was done before is not asked for again."""
    for delivery in told:
        assert shop.post(delivery) == 200
    shop.work()
    pledge = db.session.get_one(Pledge, pledge_id)
    if pledge.revision == 1:
        with write_transaction():
            ask_change(pledge, "amount", shop.clock.now, 1, amount=pounds(500))
    shop.work()
    if not db.session.scalar(select(func.count(Job.id)).where(Job.kind == "funding.refund")):
        paid = db.session.scalars(select(Contribution).where(Contribution.pledge_id == pledge_id)).one()
        with write_transaction():
            ask_refund(paid, pounds(100), 1, shop.clock.now)
    shop.work()


def killed_at(commit: int, deeds: Callable[[], None], shop: Shop) -> bool:
    """Does ``deeds`` in a process of its own that is killed before its ``commit``-th commit; False when it ended."""
    db.session.remove()
    child = os.fork()
    if child == 0:
        try:
            with shop.app.app_context():
                db.engine.dispose(close=False)  # those connections are the parent's
                _kill_before(commit)
                deeds()
            os._exit(0)
        finally:
            os._exit(3)
    _, status = os.waitpid(child, 0)
    assert status in (0, signal.SIGKILL), "the child failed otherwise"
    return status == signal.SIGKILL


def _kill_before(commit: int) -> None:
    done = 0

    def count(*_: object) -> None:
        nonlocal done
        done += 1
        if done == commit:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(db.engine, "commit", count)


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_kill_before_any_commit_changes_nothing_in_the_end(shop: Shop, request: pytest.FixtureRequest) -> None:
    """Every commit on SQLite, every third on PostgreSQL."""
    step = 3 if "postgresql" in request.node.name else 1
    kills = 0
    for commit in range(1, MOST_STEPS, step):
        pledge_id = paid_quietly(shop, person()).id
        told = shop.pending(*TOLD)
        shop.lose_messages()
        was_killed = killed_at(commit, lambda: everything(shop, told, pledge_id), shop)  # noqa: B023
        shop.forward(minutes=5)  # leases run out
        everything(shop, told, pledge_id)
        _ended_well(shop, pledge_id)
        shop.lose_messages()
        _forget_refunds()
        if not was_killed:
            break
        kills += 1
    assert kills >= 10 // step
    shop.settle_books()


def _ended_well(shop: Shop, pledge_id: int) -> None:
    pledge = db.session.get_one(Pledge, pledge_id)
    assert (pledge.status, pledge.amount, pledge.asked) == ("active", pounds(500), None)
    paid = db.session.scalars(select(Contribution).where(Contribution.pledge_id == pledge_id)).one()
    assert (paid.status, paid.gross_minor, paid.refunded_minor) == ("succeeded", 300, 100)
    backs = db.session.scalars(select(Reversal).where(Reversal.contribution_id == paid.id)).all()
    assert [back.amount_minor for back in backs] == [100]
    booked = select(func.count(LedgerEntry.id)).where(LedgerEntry.contribution_id == paid.id)
    assert db.session.scalar(booked) == 3
    assert len(shop.world.store.rows("refund", charge=paid.charge_id)) == 1
    assert shop.booked() == shop.held()


def _forget_refunds() -> None:
    """The next round asks for one of its own."""
    with write_transaction() as session:
        for job in session.scalars(select(Job).where(Job.kind == "funding.refund")):
            session.delete(job)
