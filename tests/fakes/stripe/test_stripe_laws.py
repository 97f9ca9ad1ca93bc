"""Laws that hold whatever happens in whatever order."""

import contextlib
import itertools
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coopgov.fakes.stripe.errors import StripeRefusal
from coopgov.fakes.stripe.fees import DISPUTE_FEE, bacs_fee, card_fee
from coopgov.fakes.stripe.world import World
from tests.fakes.stripe.conftest import DAY, NOW, SECRET

Pick = Callable[[str], dict[str, Any] | None]
BEHAVIOURS = ["works", "declines", "confirm", "disputed", "bacs_works", "bacs_fails"]
MOVES = st.one_of(
    st.tuples(st.just("join"), st.sampled_from(BEHAVIOURS), st.integers(30, 50_000)),
    st.tuples(st.just("wait"), st.integers(0, 70), st.just(0)),
    st.tuples(st.just("refund"), st.integers(0, 9), st.integers(0, 2_000)),
    st.tuples(st.just("refund fails"), st.integers(0, 9), st.just(0)),
    st.tuples(st.just("dispute"), st.integers(0, 9), st.just(0)),
    st.tuples(st.just("verdict"), st.integers(0, 9), st.integers(0, 1)),
    st.tuples(st.just("behave"), st.integers(0, 9), st.sampled_from(BEHAVIOURS)),
    st.tuples(st.just("pay"), st.integers(0, 9), st.integers(0, 1)),
    st.tuples(st.just("leave"), st.integers(0, 9), st.integers(0, 1)),
    st.tuples(st.just("pause"), st.integers(0, 9), st.integers(0, 1)),
    st.tuples(st.just("settle"), st.integers(0, 9), st.integers(0, 1)),
    st.tuples(st.just("pay out"), st.just(0), st.just(0)),
    st.tuples(st.just("payout fails"), st.integers(0, 9), st.just(0)),
)


def do(world: World, move: str, which: Any, how: Any) -> None:
    """One move; what the fake refuses is refused."""

    def nth(kind: str) -> str:
        table = list(world.store.tables[kind])
        return table[which % len(table)] if table else "none"

    moves: dict[str, Callable[[], object]] = {
        "join": lambda: join(world, which, how),
        "wait": lambda: world.advance(which * DAY),
        "refund": lambda: world.request(
            "POST", "/v1/refunds", {"charge": nth("charge")} | ({"amount": how} if how else {})
        ),
        "refund fails": lambda: world.fail_refund(nth("refund")),
        "dispute": lambda: world.dispute(nth("charge")),
        "verdict": lambda: world.close_dispute(nth("dispute"), won=bool(how)),
        "behave": lambda: world.behave(nth("payment_method"), how),
        "pay": lambda: world.request("POST", f"/v1/invoices/{nth('invoice')}/pay", {"paid_out_of_band": bool(how)}),
        "leave": lambda: world.request(
            "POST", f"/v1/subscriptions/{nth('subscription')}", {"cancel_at_period_end": bool(how)}
        ),
        "pause": lambda: world.request(
            "POST",
            f"/v1/subscriptions/{nth('subscription')}",
            {"pause_collection": {"behavior": "void"} if how else ""},
        ),
        "settle": lambda: world.settle(nth("payment_intent"), succeeds=bool(how)),
        "pay out": lambda: world.pay_out(),
        "payout fails": lambda: world.fail_payout(nth("payout")),
    }
    with contextlib.suppress(StripeRefusal, ValueError):
        moves[move]()


def join(world: World, behaviour: str, amount: int) -> None:
    price = {"currency": "gbp", "product": "prod_m", "unit_amount": amount, "recurring": {"interval": "month"}}
    session = world.request(
        "POST",
        "/v1/checkout/sessions",
        {
            "mode": "subscription",
            "line_items": [{"quantity": 1, "price_data": price}],
            "success_url": "http://coop.example/",
        },
    )
    world.pay(session["id"], behaviour, confirmed=True)


def everything(world: World, kind: str) -> list[dict[str, Any]]:
    return list(world.store.tables[kind].values())


def balance(world: World) -> int:
    found = world.request("GET", "/v1/balance")
    return sum(part["amount"] for part in found["available"] + found["pending"])


def kept_of_charge(charge: dict[str, Any]) -> int:
    bacs = charge["payment_method_details"]["type"] == "bacs_debit"
    return int(charge["amount"]) - (bacs_fee(charge["amount"]) if bacs else card_fee(charge["amount"], "gbp"))


def check_balance(world: World) -> None:
    """The balance is the sum of ``net``, and what charges, refunds, disputes and payouts make of it."""
    assert balance(world) == sum(row["net"] for row in everything(world, "balance_transaction"))
    charges = [row for row in everything(world, "charge") if row["status"] == "succeeded"]
    disputes = everything(world, "dispute")
    assert balance(world) == (
        sum(kept_of_charge(charge) for charge in charges)
        - sum(row["amount"] for row in everything(world, "refund") if row["status"] != "failed")
        - sum(row["amount"] for row in disputes if row["status"] != "won")
        - DISPUTE_FEE * len(disputes)
        - sum(row["amount"] for row in everything(world, "payout") if row["status"] != "failed")
    )


def check_refunds(world: World) -> None:
    """No charge gives back more than it took, and it says how much it gave back."""
    for charge in everything(world, "charge"):
        rows = [row for row in everything(world, "refund") if row["charge"] == charge["id"]]
        given_back = sum(row["amount"] for row in rows if row["status"] != "failed")
        assert charge["amount_refunded"] == given_back <= charge["amount"]
        assert charge["refunded"] == (given_back == charge["amount"])


def check_invoices(world: World) -> None:
    """Each period of a subscription is billed once and follows the one before; what is paid here was charged."""
    for subscription in everything(world, "subscription"):
        found = world.request("GET", "/v1/invoices", {"subscription": subscription["id"], "limit": 100})["data"]
        periods = [tuple(row["lines"]["data"][0]["period"].values()) for row in reversed(found)]
        assert periods[0][0] == subscription["start_date"]
        assert all(before[1] == after[0] for before, after in itertools.pairwise(periods))
    intents = {row["id"]: row for row in everything(world, "payment_intent")}
    for payment in everything(world, "invoice_payment"):
        invoice = world.store.tables["invoice"][payment["invoice"]]
        intent = intents[payment["payment"]["payment_intent"]]
        if payment["status"] == "paid":
            assert (invoice["status"], intent["status"]) == ("paid", "succeeded")
            assert payment["amount_paid"] == intent["amount_received"] == invoice["amount_paid"]


def check_events(world: World) -> None:
    """Every event waits for delivery once, in the order in which things happened."""
    waiting = [delivery.event for delivery in world.pending_deliveries()]
    assert waiting == [event["id"] for event in world.told()]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(MOVES, max_size=25))
def test_money_periods_and_events_hold_together(moves: list[tuple[str, Any, Any]]) -> None:
    world = World(now=NOW, seed=1)
    world.seed_product("prod_m", "Membership")
    world.add_endpoint("http://coop.example/hook", SECRET)
    join(world, "works", 300)
    for move in moves:
        do(world, *move)
    for check in (check_balance, check_refunds, check_invoices, check_events):
        check(world)
    copy = World(now=NOW)
    copy.load(world.dump())
    assert copy.dump() == world.dump()
    world.advance(100 * DAY)
    copy.advance(100 * DAY)
    assert balance(copy) == balance(world)
    check_balance(world)
