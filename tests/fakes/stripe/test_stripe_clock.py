"""Time: calendar months, renewals, retries, and what Stripe announces beforehand."""

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coopgov.fakes.stripe.clock import Clock
from coopgov.fakes.stripe.periods import boundary, next_boundary
from coopgov.fakes.stripe.world import World
from tests.fakes.stripe.conftest import DAY, NOW, Account, instant


def line_periods(account: Account, subscription: Any) -> list[tuple[int, int]]:
    invoices = account.sdk.v1.invoices.list({"subscription": subscription.id, "limit": 100}).data
    return [(row.lines.data[0].period.start, row.lines.data[0].period.end) for row in reversed(invoices)]


def test_a_month_from_the_31st_ends_on_the_last_day(account: Account) -> None:
    subscription = account.subscribed()
    account.world.move_to(instant(2027, 5, 1))
    days = [instant(2027, 1, 31, 12), instant(2027, 2, 28, 12), instant(2027, 3, 31, 12), instant(2027, 4, 30, 12)]
    days.append(instant(2027, 5, 31, 12))
    assert line_periods(account, subscription) == list(itertools.pairwise(days))


def test_a_year_from_29_february_ends_on_28_february_until_the_next_leap_year() -> None:
    leap_day = instant(2028, 2, 29)
    assert [boundary(leap_day, "year", 1, n) for n in (1, 3, 4)] == [
        instant(2029, 2, 28),
        instant(2031, 2, 28),
        instant(2032, 2, 29),
    ]


@given(
    st.integers(0, 2**32),
    st.sampled_from(["day", "week", "month", "year"]),
    st.integers(1, 3),
    st.integers(0, 5 * 366 * DAY),
)
def test_the_next_boundary_is_the_first_one_later(anchor: int, interval: str, count: int, later: int) -> None:
    after = anchor + later
    found = next_boundary(anchor, interval, count, after)
    boundaries = [boundary(anchor, interval, count, n) for n in range(0, 2_000, 1) if n < 5 * 366 + 2]
    assert found == min(edge for edge in boundaries if edge > after)


def test_a_renewal_is_announced_billed_and_paid(account: Account) -> None:
    subscription = account.subscribed()
    before = len(account.told())
    account.world.move_to(instant(2027, 2, 28, 12))
    assert account.told()[before:] == [
        "invoice.upcoming",
        "customer.subscription.updated",
        "invoice.created",
        "customer.subscription.updated",
        "payment_intent.created",
        "invoice.finalized",
        "charge.succeeded",
        "payment_intent.succeeded",
        "invoice_payment.paid",
        "invoice.paid",
        "invoice.payment_succeeded",
    ]
    invoice = account.subscription(subscription, "latest_invoice").latest_invoice
    assert (invoice.billing_reason, invoice.status) == ("subscription_cycle", "paid")
    assert (invoice.period_start, invoice.period_end) == (
        NOW,
        instant(2027, 2, 28, 12),
    )  # the period before, as Stripe's
    assert invoice.created == instant(2027, 2, 28, 12)


def test_every_renewal_on_the_way_happens(account: Account) -> None:
    subscription = account.subscribed()
    account.control("clock", advance=365 * DAY)
    assert len(line_periods(account, subscription)) == 13
    assert account.http.get("/_fake/clock").json()["now"] == NOW + 365 * DAY


def test_a_failed_renewal_is_tried_three_times_more_and_then_ends(account: Account) -> None:
    subscription = account.subscribed()
    account.world.behave(subscription.default_payment_method, "declines")
    due = instant(2027, 2, 28, 12)
    account.world.move_to(due)
    invoice = account.subscription(subscription, "latest_invoice").latest_invoice
    assert (invoice.status, invoice.attempt_count, invoice.next_payment_attempt) == ("open", 1, due + 3 * DAY)
    seen = []
    for _ in range(3):
        account.world.advance(3 * DAY)
        late = account.subscription(subscription, "latest_invoice")
        seen.append((late.status, late.latest_invoice.attempt_count, late.latest_invoice.next_payment_attempt))
    assert seen == [
        ("past_due", 2, due + 6 * DAY),
        ("past_due", 3, due + 9 * DAY),
        ("canceled", 4, None),
    ]
    gone = account.subscription(subscription)
    assert gone.cancellation_details.reason == "payment_failed"
    assert account.told().count("invoice.payment_failed") == 4


def test_arrears_that_are_paid_make_it_active_again(account: Account) -> None:
    subscription = account.subscribed()
    account.world.behave(subscription.default_payment_method, "declines")
    account.world.move_to(instant(2027, 2, 28, 12))
    assert account.subscription(subscription).status == "past_due"
    account.world.behave(subscription.default_payment_method, "works")
    account.world.advance(3 * DAY)
    assert account.subscription(subscription).status == "active"
    assert account.balance() == 550


def test_a_debit_under_way_forgives_no_arrears(account: Account) -> None:
    subscription = account.subscribed("bacs_fails")
    account.world.advance(4 * DAY)
    assert account.subscription(subscription).status == "past_due"
    account.world.advance(3 * DAY)
    assert account.charge(subscription).status == "pending"
    assert account.subscription(subscription).status == "past_due"


def test_a_renewal_may_need_the_payer(account: Account) -> None:
    subscription = account.subscribed("confirm")
    account.world.move_to(instant(2027, 2, 28, 12))
    late = account.subscription(subscription)
    assert late.status == "past_due"
    assert "invoice.payment_action_required" in account.told()
    invoice = account.sdk.v1.invoices.retrieve(
        late.latest_invoice, {"expand": ["payments.data.payment.payment_intent"]}
    )
    intent = invoice.payments.data[0].payment.payment_intent
    assert intent.status == "requires_action"
    page = account.http.get(f"/invoice/{invoice.id}").text
    assert f'href="/confirm/{intent.id}"' in page
    answer = account.http.post(f"/confirm/{intent.id}", data={"answer": "yes"})
    assert answer.headers["Location"] == f"/invoice/{invoice.id}"
    assert account.subscription(subscription).status == "active"


def test_the_payer_may_tell_their_bank_no(account: Account) -> None:
    subscription = account.subscribed("confirm")
    account.world.move_to(instant(2027, 2, 28, 12))
    intent = account.sdk.v1.payment_intents.list({"customer": subscription.customer}).data[0]
    account.http.post(f"/confirm/{intent.id}", data={"answer": "no"})
    assert account.subscription(subscription).status == "past_due"
    assert account.http.get(f"/confirm/{intent.id}").status_code == 303


def test_the_clock_does_not_go_back(account: Account) -> None:
    answer = account.http.post("/_fake/clock", json={"now": NOW - 1})
    assert (answer.status_code, answer.json()["error"]) == (400, "the clock does not go back")


def test_a_clock_that_runs_can_be_put_forward() -> None:
    clock = Clock()
    before = clock.now()
    clock.move_to(before + DAY)
    assert before + DAY <= clock.now() <= before + DAY + 5
    with pytest.raises(ValueError, match="back"):
        clock.move_to(before)


def test_the_same_seed_gives_the_same_ids() -> None:
    def ids() -> list[str]:
        world = World(now=NOW, seed=3)
        world.seed_product("prod_member", "Membership")
        facts = {"email": "a@example.org", "name": "A", "amount": 300, "currency": "gbp", "interval": "month"}
        world.seed_subscription(started_at=NOW - 100 * DAY, product="prod_member", **facts)
        return [object_id for table in world.dump()["tables"].values() for object_id in table]

    assert ids() == ids()
