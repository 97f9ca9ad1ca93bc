"""What happens by itself when time goes by."""

from collections.abc import Callable

from coopgov.fakes.stripe import checkout, payouts, refunds
from coopgov.fakes.stripe.balance import becomes_available
from coopgov.fakes.stripe.collecting import retry, settle
from coopgov.fakes.stripe.dunning import first_payment_too_late
from coopgov.fakes.stripe.methods import behaviour_of
from coopgov.fakes.stripe.payments import fee_arrives
from coopgov.fakes.stripe.store import Store
from coopgov.fakes.stripe.subscriptions import announce, collect_again, leave, renew, tell_trial_ends


def _settle_debit(store: Store, intent_id: str) -> None:
    intent = store.get("payment_intent", intent_id)
    if intent["status"] == "processing":
        settle(store, intent_id, succeeds=behaviour_of(store, intent["payment_method"]) != "bacs_fails")


DOES: dict[str, Callable[[Store, str], object]] = {
    "available": becomes_available,
    "fee": fee_arrives,
    "settle": _settle_debit,
    "retry": retry,
    "renew": renew,
    "leave": leave,
    "collect_again": collect_again,
    "upcoming": announce,
    "trial_will_end": tell_trial_ends,
    "first_payment_too_late": first_payment_too_late,
    "expire": checkout.expire_when_due,
    "refund_arrives": refunds.arrives,
    "payout_arrives": payouts.arrives,
}


def catch_up(store: Store, until: int | None = None) -> int:
    """Does all that is due by ``until`` (without: the clock's time), each at its own instant; how much that was."""
    done = 0
    until = store.clock.now() if until is None else until
    while appointment := store.next_due(until):
        when, _, what, object_id = appointment
        with store.moment(when):
            DOES[what](store, object_id)
        done += 1
    return done
