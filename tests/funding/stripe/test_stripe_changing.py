"""What is asked of Stripe while a pledge runs: amounts, pauses, leaving, refunds; and what payers' banks take back."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import select

from coopgov.core.errors import Refused
from coopgov.funding.models import Contribution, Finding, Pledge, Reversal
from coopgov.funding.providers.base import PledgeChange, ProviderRefused
from coopgov.funding.services.pledges import ask_change
from coopgov.funding.services.refunds import ask_refund, refundable
from coopgov.infra.db import db, write_transaction
from coopgov.infra.jobs import Job, enqueue
from tests.factories import person
from tests.funding.facts import entries, payment, pounds, take
from tests.funding.stripe.conftest import Shop


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]


def give_back(shop: Shop, row: Contribution, minor: int) -> None:
    with write_transaction():
        ask_refund(row, pounds(minor), person().id, shop.clock.now)
    shop.work()
    shop.deliver()


# Amount and interval


def test_a_new_amount_is_asked_for_from_the_next_period_on(shop: Shop) -> None:
    pledge = shop.join()
    shop.ask(pledge, "amount", amount=pounds(500), product="tier:2", title="Supporter")
    assert (pledge.amount, pledge.asked, pledge.product) == (pounds(500), None, "tier:2")
    assert shop.subscription(pledge)["metadata"]["product"] == "tier:2"
    assert len(shop.payments()) == 1
    shop.forward(days=31)
    shop.deliver()
    assert [paid.gross for paid in shop.payments()] == [pounds(300), pounds(500)]
    shop.settle_books()


def test_months_become_a_year_when_the_paid_month_ends_and_back_again(shop: Shop) -> None:
    pledge = shop.join()
    shop.ask(pledge, "amount", amount=pounds(3600), interval="year")
    assert (pledge.status, pledge.interval, pledge.next_charge_at) == ("active", "year", at(2026, 12, 22, 12))
    shop.forward(days=31)
    shop.deliver()
    second = shop.payments()[1]
    assert (second.gross, second.covers_from, second.covers_to) == (
        pounds(3600),
        date(2026, 12, 22),
        date(2027, 12, 21),
    )
    shop.ask(pledge, "amount", amount=pounds(300), interval="month")
    shop.forward(days=366)
    shop.deliver()
    assert (pledge.interval, shop.payments()[2].gross) == ("month", pounds(300))
    assert shop.payments()[2].covers_from == date(2027, 12, 22)
    assert len(shop.payments()) == 3  # what a trial asks for is nothing, and no payment
    shop.settle_books()


@pytest.mark.parametrize(
    ("joined", "last_days"), [((2027, 1, 31), [(2, 27), (3, 30)]), ((2028, 2, 29), [(3, 28), (4, 28)])]
)
def test_periods_of_the_31st_and_of_29_february_leave_no_day_out(
    shop: Shop, joined: tuple[int, int, int], last_days: list[tuple[int, int]]
) -> None:
    shop.forward(days=(at(*joined, 12) - shop.clock.now).days)
    shop.join()
    shop.forward(days=31)
    shop.deliver()
    ends = [paid.covers_to for paid in shop.payments()]
    assert [(day.month, day.day) for day in ends if day] == last_days


def test_a_product_is_renamed_where_people_see_it(shop: Shop) -> None:
    pledge = shop.join()
    shop.ask(pledge, "amount", amount=pounds(300), title="Member (was: Friend)")
    product = shop.world.store.get("product", shop.stripe.ours.product_id("tier:1"))
    assert product["name"] == "Member (was: Friend)"


def test_a_treasurers_proration_books_what_was_paid_and_covers_no_day_twice(shop: Shop) -> None:
    """An upgrade with ``always_invoice`` in the dashboard: a negative line for the old price, a positive for the new."""
    pledge = shop.join()
    shop.forward(days=10)
    item = shop.subscription(pledge)["items"]["data"][0]
    price = {
        "currency": "gbp",
        "product": item["price"]["product"],
        "unit_amount": 900,
        "recurring": {"interval": "month"},
    }
    shop.world.request(
        "POST",
        f"/v1/subscriptions/{pledge.remote_id}",
        {"items": [{"id": item["id"], "price_data": price}], "proration_behavior": "always_invoice"},
    )
    shop.deliver()
    first, second = shop.payments()
    assert second.gross == pounds(400)  # two thirds of the difference
    assert (second.covers_from, second.covers_to) == (date(2026, 12, 2), first.covers_to)
    shop.settle_books()


def test_an_invoice_of_nothing_is_no_payment_and_one_paid_by_credit_covers_its_days(shop: Shop) -> None:
    pledge = shop.join(minor=3000)
    shop.forward(days=10)
    item = shop.subscription(pledge)["items"]["data"][0]
    price = {
        "currency": "gbp",
        "product": item["price"]["product"],
        "unit_amount": 100,
        "recurring": {"interval": "month"},
    }
    shop.world.request(
        "POST",
        f"/v1/subscriptions/{pledge.remote_id}",
        {"items": [{"id": item["id"], "price_data": price}], "proration_behavior": "always_invoice"},
    )
    shop.deliver()
    assert len(shop.payments()) == 1  # less than nothing: credit
    shop.forward(days=31)
    shop.deliver()
    renewal = shop.payments()[1]
    assert (renewal.gross_minor, renewal.method, renewal.status) == (0, "credit", "succeeded")
    assert renewal.covers_from == date(2026, 12, 22)
    assert renewal.receipt_number is None
    shop.settle_books()


def test_an_invoice_paid_elsewhere_covers_its_days_and_asks_the_treasurer_to_book_it(shop: Shop) -> None:
    pledge = shop.join()
    shop.method(pledge, "declines")
    shop.forward(days=31)
    latest = shop.subscription(pledge)["latest_invoice"]
    shop.world.request("POST", f"/v1/invoices/{latest}/pay", {"paid_out_of_band": True})
    shop.deliver()
    row = shop.payments()[1]
    assert (row.gross_minor, row.method, row.status, row.covers_from) == (
        0,
        "elsewhere",
        "succeeded",
        date(2026, 12, 22),
    )
    assert ("provider", f"stripe:{latest}") in shop.findings()
    assert pledge.status == "active"
    shop.settle_books()


# Pauses and leaving


def test_a_pause_asks_for_nothing_and_ends_by_itself(shop: Shop) -> None:
    pledge = shop.join()
    shop.ask(pledge, "pause", until=at(2027, 1, 10))
    assert (pledge.status, pledge.resumes_at, pledge.next_charge_at) == ("paused", at(2027, 1, 10), None)
    shop.forward(days=40)
    shop.deliver()
    assert len(shop.payments()) == 1
    shop.forward(days=25)
    shop.deliver()
    assert (pledge.status, len(shop.payments())) == ("active", 2)
    shop.settle_books()


def test_a_pause_without_an_end_lasts_until_somebody_resumes(shop: Shop) -> None:
    pledge = shop.join()
    shop.ask(pledge, "pause")
    assert pledge.status == "paused"
    shop.ask(pledge, "resume")
    assert (pledge.status, pledge.next_charge_at) == ("active", at(2026, 12, 22, 12))
    shop.ask(pledge, "resume")  # twice is once
    assert pledge.status == "active"


def test_stripes_own_pause_is_resumed_too(shop: Shop) -> None:
    shop.world.switch(final_failure="paused")
    pledge = shop.join()
    shop.method(pledge, "declines")
    shop.forward(days=45)
    shop.deliver()
    assert pledge.status == "paused"
    shop.method(pledge, "works")
    shop.ask(pledge, "resume")
    assert pledge.status == "active"
    shop.deliver()
    shop.settle_books()


def test_leaving_at_the_periods_end_can_be_taken_back(shop: Shop) -> None:
    pledge = shop.join()
    shop.ask(pledge, "cancel")
    assert (pledge.status, pledge.ends_at, pledge.next_charge_at) == ("ending", at(2026, 12, 22, 12), None)
    shop.ask(pledge, "keep")
    assert (pledge.status, pledge.ends_at) == ("active", None)
    shop.ask(pledge, "cancel")
    shop.forward(days=31)
    shop.deliver()
    assert pledge.status == "ended"
    assert len(shop.payments()) == 1


def test_leaving_at_once_twice_is_leaving_once(shop: Shop) -> None:
    pledge = shop.join()
    with write_transaction():
        ask_change(pledge, "cancel", shop.clock.now, 1, at_once=True)
    shop.world.request("DELETE", f"/v1/subscriptions/{pledge.remote_id}")
    shop.work()
    assert (pledge.status, pledge.asked, shop.findings()) == ("ended", None, [])


def test_a_date_of_leaving_set_in_the_dashboard_can_be_taken_back(shop: Shop) -> None:
    pledge = shop.join()
    soon = int(at(2026, 12, 1).timestamp())
    shop.world.request("POST", f"/v1/subscriptions/{pledge.remote_id}", {"cancel_at": soon})
    shop.deliver()
    assert (pledge.status, pledge.ends_at) == ("ending", at(2026, 12, 1))
    shop.ask(pledge, "keep")
    assert (pledge.status, pledge.ends_at) == ("active", None)


def test_a_change_without_a_key_to_ask_with_waits_for_the_treasurer_and_not_among_the_dead(shop: Shop) -> None:
    pledge = shop.join()
    shop.app.extensions["coopgov.settings"] = replace(shop.app.extensions["coopgov.settings"], stripe_secret_key="")
    shop.ask(pledge, "cancel")
    assert ("relief", f"pledge:{pledge.id}") in shop.findings()
    assert pledge.asked is None
    assert db.session.scalars(select(Job).where(Job.state == "dead")).all() == []


def test_what_stripe_refuses_waits_for_the_treasurer(shop: Shop) -> None:
    pledge = shop.join()
    shop.world.request("DELETE", f"/v1/subscriptions/{pledge.remote_id}")
    shop.ask(pledge, "pause")
    assert shop.findings() == [("relief", f"pledge:{pledge.id}")]
    assert pledge.asked is None


def test_a_change_that_stripe_did_not_hear_is_asked_again(shop: Shop) -> None:
    pledge = shop.join()
    shop.world.faults.add({"path": "/v1/subscriptions", "status": 503, "times": 3})
    shop.ask(pledge, "pause")
    assert (pledge.status, (pledge.asked or {})["kind"]) == ("active", "pause")
    shop.forward(seconds=31)
    shop.work()
    assert (pledge.status, pledge.asked) == ("paused", None)


def test_a_change_that_stripe_does_not_hear_for_half_a_day_waits_for_the_treasurer(shop: Shop) -> None:
    pledge = shop.join()
    with write_transaction():
        ask_change(pledge, "pause", shop.clock.now, 1)
    shop.forward(hours=13)
    shop.world.faults.add({"path": "/v1/subscriptions", "status": "reset", "times": 3})
    shop.work()
    assert (shop.findings(), pledge.asked) == ([("relief", f"pledge:{pledge.id}")], None)


def test_another_programs_subscription_is_not_touched(shop: Shop) -> None:
    other = shop.world.foreign()
    with pytest.raises(ProviderRefused, match="not this co-op's"):
        shop.stripe.change(PledgeChange(key="k", remote_id=other["id"], item_id="", kind="cancel"))
    assert shop.world.store.get("subscription", other["id"])["status"] == "active"


# Refunds


def test_parts_go_back_until_nothing_is_left_and_no_more(shop: Shop) -> None:
    shop.join()
    paid = shop.the_payment()
    give_back(shop, paid, 100)
    assert (paid.status, paid.refunded_minor, refundable_of(paid)) == ("succeeded", 100, 200)
    with pytest.raises(Refused, match="too_much"):
        give_back(shop, paid, 201)
    give_back(shop, paid, 200)
    assert (paid.status, paid.refunded_minor) == ("refunded", 300)
    assert shop.booked() == -25  # Stripe keeps its fee
    shop.settle_books()


def refundable_of(row: Contribution) -> int:
    with write_transaction():
        return refundable(row).minor


def test_two_clicks_cannot_give_back_more_than_was_paid(shop: Shop) -> None:
    shop.join()
    paid = shop.the_payment()
    with pytest.raises(Refused, match="too_much"), write_transaction():
        for _ in range(2):
            ask_refund(paid, pounds(200), 1, shop.clock.now)
    with write_transaction():
        ask_refund(paid, pounds(200), 1, shop.clock.now)
    with pytest.raises(Refused, match="too_much"), write_transaction():
        ask_refund(paid, pounds(200), 1, shop.clock.now)
    shop.work()
    assert paid.refunded_minor == 200


@pytest.mark.parametrize(("minor", "reason"), [(0, "refund.nothing"), (-1, "refund.nothing"), (301, "refund.too_much")])
def test_forged_refunds_are_refused_with_nothing_written(shop: Shop, minor: int, reason: str) -> None:
    shop.join()
    with pytest.raises(Refused, match=reason), write_transaction():
        ask_refund(shop.the_payment(), pounds(minor), 1, shop.clock.now)
    assert db.session.scalars(select(Job).where(Job.kind == "funding.refund")).all() == []


@pytest.mark.parametrize("status", [503, "reset"])
def test_a_refund_whose_answer_was_lost_happens_once(shop: Shop, status: int | str) -> None:
    shop.join()
    shop.world.faults.add({"path": "/v1/refunds", "status": status, "times": 3, "after_effect": True})
    give_back(shop, shop.the_payment(), 100)
    shop.forward(seconds=31)
    shop.work()
    assert len(shop.world.store.rows("refund")) == 1
    assert shop.the_payment().refunded_minor == 100
    shop.settle_books()


def test_a_refund_made_in_the_dashboard_is_seen(shop: Shop) -> None:
    pledge = shop.join()
    shop.world.request("POST", "/v1/refunds", {"charge": shop.charge(pledge)["id"]})
    shop.deliver()
    assert shop.the_payment().status == "refunded"
    shop.settle_books()


def test_a_refund_that_comes_back_un_refunds_and_asks_the_treasurer(shop: Shop) -> None:
    shop.join()
    paid = shop.the_payment()
    give_back(shop, paid, 300)
    refund = db.session.scalars(select(Reversal)).one()
    shop.forward(days=3)
    shop.world.fail_refund(refund.remote_id)
    shop.deliver()
    assert (paid.status, paid.refunded_minor, refund.status) == ("succeeded", 0, "failed")
    assert shop.findings() == [("refund_failed", f"stripe:{refund.remote_id}")]
    assert shop.booked() == 275
    shop.settle_books()


def test_a_debits_refund_is_under_way_for_days(shop: Shop) -> None:
    shop.join(behaviour="bacs_works")
    shop.forward(days=5)
    shop.deliver()
    give_back(shop, shop.the_payment(), 300)
    assert db.session.scalars(select(Reversal.status)).one() == "pending"
    shop.forward(days=4)
    shop.deliver()
    assert db.session.scalars(select(Reversal.status)).one() == "succeeded"
    shop.settle_books()


def test_a_refund_that_stripe_does_not_answer_for_half_a_day_is_told_and_never_tried_again(shop: Shop) -> None:
    shop.join()
    shop.world.faults.add({"path": "/v1/refunds", "status": 503, "times": 1_000})
    with write_transaction():
        ask_refund(shop.the_payment(), pounds(100), 1, shop.clock.now)
    for _ in range(14):
        shop.clock.forward(hours=6)
        shop.work()
    job = db.session.scalars(select(Job).where(Job.kind == "funding.refund")).one()
    assert job.state == "done"
    assert shop.findings() == [("refund_failed", f"contribution:{shop.the_payment().id}")]
    assert refundable_of(shop.the_payment()) == 300


def test_a_refund_that_stripe_refuses_waits_for_the_treasurer(shop: Shop) -> None:
    pledge = shop.join()
    paid = shop.the_payment()
    shop.world.request("POST", "/v1/refunds", {"charge": shop.charge(pledge)["id"]})
    with write_transaction():
        ask_refund(paid, pounds(300), 1, shop.clock.now)
    shop.work()
    assert ("refund_failed", f"contribution:{paid.id}") in shop.findings()


def test_what_was_paid_by_hand_is_given_back_by_hand(shop: Shop) -> None:
    take(shop.clock.now, payment("bank:1", fee=None, settles_in="assets:bank", charge_id="", payer=None), source="bank")
    paid = shop.the_payment()
    for minor in (100, 200):
        with write_transaction():
            ask_refund(paid, pounds(minor), 1, shop.clock.now)
    assert (paid.status, shop.booked("assets:bank")) == ("refunded", 0)
    with pytest.raises(Refused, match="too_much"), write_transaction():
        ask_refund(paid, pounds(1), 1, shop.clock.now)


@pytest.mark.parametrize(
    ("change", "reason"),
    [({"status": "failed"}, "refund.not_paid"), ({"status": "pending"}, "refund.not_paid")],
)
def test_what_did_not_arrive_cannot_go_back(shop: Shop, change: dict[str, Any], reason: str) -> None:
    take(shop.clock.now, payment("in_1", fee=None, payer=None, **change))
    with pytest.raises(Refused, match=reason), write_transaction():
        ask_refund(shop.the_payment(), pounds(100), 1, shop.clock.now)


def test_what_was_paid_at_open_collective_is_given_back_there(shop: Shop) -> None:
    paid = payment("group", fee=None, settles_in="assets:opencollective", payer=None)
    take(shop.clock.now, paid, source="opencollective")
    with pytest.raises(Refused, match="not_here"), write_transaction():
        ask_refund(shop.the_payment(), pounds(100), 1, shop.clock.now)


# Disputes


def test_a_dispute_takes_the_money_and_a_fee_and_won_brings_the_money_back(shop: Shop) -> None:
    pledge = shop.join()
    dispute = shop.world.dispute(shop.charge(pledge)["id"])
    shop.deliver()
    paid = shop.the_payment()
    assert (paid.status, shop.booked()) == ("disputed", -25 - 2000)
    assert ("dispute", f"contribution:{paid.id}") in shop.findings()
    with pytest.raises(Refused, match="disputed"), write_transaction():
        ask_refund(paid, pounds(100), 1, shop.clock.now)
    shop.forward(days=20)
    shop.world.close_dispute(dispute["id"], won=True)
    shop.deliver()
    assert (paid.status, shop.booked()) == ("succeeded", 275 - 2000)
    assert shop.findings() == []
    shop.settle_books()


def test_a_lost_dispute_covers_nothing_any_more(shop: Shop) -> None:
    pledge = shop.join()
    dispute = shop.world.dispute(shop.charge(pledge)["id"])
    shop.world.close_dispute(dispute["id"], won=False)
    shop.deliver()
    paid = shop.the_payment()
    assert (paid.status, paid.void_at) == ("lost", shop.clock.now)
    shop.settle_books()


def test_a_dispute_after_a_part_refund_takes_the_rest(shop: Shop) -> None:
    pledge = shop.join()
    give_back(shop, shop.the_payment(), 100)
    shop.world.dispute(shop.charge(pledge)["id"])
    shop.deliver()
    assert {row.kind: row.amount_minor for row in db.session.scalars(select(Reversal))} == {
        "refund": 100,
        "dispute": 200,
    }
    shop.settle_books()


def test_what_goes_back_may_be_told_before_its_payment(shop: Shop) -> None:
    pledge = shop.begin()
    charge = shop.world.store.rows("charge")[0]["id"]
    shop.world.request("POST", "/v1/refunds", {"charge": charge, "amount": 100})
    shop.deliver("refund.created")
    assert shop.the_payment().refunded_minor == 100
    shop.deliver()
    assert pledge.status == "active"
    shop.settle_books()


# Payouts


def test_a_payout_moves_money_to_the_bank_and_a_failed_one_back(shop: Shop) -> None:
    shop.join()
    shop.forward(days=3)
    payout = shop.world.pay_out()
    assert payout is not None
    shop.deliver()
    assert (shop.booked(), shop.booked("assets:bank")) == (0, 275)
    shop.world.fail_payout(payout["id"])
    shop.deliver()
    assert (shop.booked(), shop.booked("assets:bank")) == (275, 0)
    shop.read_all()  # the entries of the balance name the same movements
    assert sum(1 for ref in entries() if "txn" in ref) == 2
    assert shop.findings() == []
    shop.settle_books()


def test_a_pledge_is_looked_at_again_on_demand(shop: Shop) -> None:
    pledge = shop.begin()
    for number in (1, 2):
        with write_transaction():
            enqueue("funding.refresh", f"refresh-{pledge.id}-{number}", {"pledge": pledge.id}, shop.clock.now)
        shop.work()
        assert db.session.scalars(select(Pledge.status)).one() == "active"
    assert db.session.scalars(select(Finding)).all() == []
