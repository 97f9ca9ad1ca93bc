"""Levers of the fake under ``/_fake/``, for tests and the demo. Real Stripe has nothing like them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, jsonify, redirect, request
from werkzeug.wrappers import Response

from coopgov.fakes.stripe.courier import Courier
from coopgov.fakes.stripe.errors import StripeRefusal
from coopgov.fakes.stripe.world import World

Given = dict[str, Any]
YES = (True, "true", "yes", 1)


@dataclass(frozen=True)
class Desk:
    """What the levers move."""

    world: World
    courier: Courier


def make_blueprint(desk: Desk) -> Blueprint:
    """Everything under ``/_fake/``: JSON in and out, 400 for what cannot be meant."""
    bp = Blueprint("control", __name__, url_prefix="/_fake")
    for methods, path, does in LEVERS:
        bp.add_url_rule(path, path, _view(desk, does), methods=methods.split())
    return bp


def _view(desk: Desk, does: Callable[..., Any]) -> Callable[..., Response]:
    def view(**ids: str) -> Response:
        given = request.get_json(silent=True) or request.form.to_dict()
        try:
            answer = jsonify(does(desk, given, **ids))
        except (ValueError, TypeError, KeyError, StripeRefusal) as error:
            answer = jsonify({"error": str(error)})
            answer.status_code = error.status if isinstance(error, StripeRefusal) else 400
            return answer
        return redirect("/", 303) if request.form else answer  # a form of the start page

    return view


def _clock(desk: Desk, given: Given) -> Any:
    done = desk.world.advance(int(given["advance"])) if "advance" in given else 0
    done += desk.world.move_to(int(given["now"])) if "now" in given else 0
    return {"now": desk.world.now, "done": done}


def _reset(desk: Desk, _given: Given) -> Any:
    desk.world.reset()
    return {"now": desk.world.now}


def _state(desk: Desk, given: Given) -> Any:
    if not given:
        return desk.world.dump()
    desk.world.load(given)
    return {"now": desk.world.now}


def _faults(desk: Desk, given: Given) -> Any:
    if given.get("clear"):
        desk.world.faults.clear()
    else:
        desk.world.faults.add(given)
    return given


def _flush(desk: Desk, given: Given) -> Any:
    waiting, wanted = desk.world.pending_deliveries(), given.get("events")
    if wanted:
        waiting = sorted((d for d in waiting if d.event in wanted), key=lambda d: wanted.index(d.event))
    return desk.courier.deliver(waiting[::-1] if given.get("reverse") else waiting)


def _pay(desk: Desk, given: Given, session: str) -> Any:
    outcome = desk.world.pay(session, given.get("how", "works"), confirmed=given.get("confirmed") in YES)
    return {"outcome": outcome}


def _settle(desk: Desk, given: Given, intent: str) -> Any:
    desk.world.settle(intent, succeeds=given.get("succeeds", True) in YES)
    return desk.world.request("GET", f"/v1/payment_intents/{intent}")


def _behave(desk: Desk, given: Given, method: str) -> Any:
    desk.world.behave(method, given["behaviour"])
    return given


def _dispute(desk: Desk, given: Given) -> Any:
    return desk.world.dispute(given["charge"], given.get("reason", "fraudulent"))


def _seed(desk: Desk, given: Given) -> Any:
    for product in given.get("products", []):
        desk.world.seed_product(**product)
    made = [desk.world.seed_subscription(**facts) for facts in given.get("subscriptions", [])]
    return {"subscriptions": [subscription["id"] for subscription in made]}


LEVERS: tuple[tuple[str, str, Callable[..., Any]], ...] = (
    ("GET POST", "/clock", _clock),
    ("POST", "/reset", _reset),
    ("GET POST", "/state", _state),
    ("POST", "/seed", _seed),
    ("POST", "/faults", _faults),
    ("GET POST", "/switches", lambda desk, given: desk.world.switch(**given)),
    ("POST", "/livemode", lambda desk, given: desk.world.switch(livemode=given["livemode"] in YES)),
    ("POST", "/webhooks", lambda desk, given: desk.world.switch(webhooks=given)["webhooks"]),
    ("POST", "/webhooks/flush", _flush),
    ("POST", "/webhooks/again", lambda desk, given: desk.courier.deliver(desk.world.queue_again(given["event"]))),
    ("GET", "/events", lambda desk, _given: desk.world.told()),
    ("POST", "/sessions/<session>/pay", _pay),
    ("POST", "/payment_intents/<intent>/settle", _settle),
    ("POST", "/payment_methods/<method>", _behave),
    ("POST", "/disputes", _dispute),
    ("POST", "/disputes/<case>", lambda desk, given, case: desk.world.close_dispute(case, won=given["won"] in YES)),
    ("POST", "/refunds/<refund>/fail", lambda desk, _given, refund: desk.world.fail_refund(refund)),
    ("POST", "/payouts", lambda desk, given: desk.world.pay_out(given.get("currency", "gbp"))),
    ("POST", "/payouts/<payout>/fail", lambda desk, _given, payout: desk.world.fail_payout(payout)),
    ("POST", "/foreign", lambda desk, given: desk.world.foreign(given.get("metadata"))),
)
