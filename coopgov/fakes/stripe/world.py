"""The fake without its server: one account, its clock, and all that can be done to it."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from coopgov.fakes.stripe import (
    checkout,
    collecting,
    disputes,
    methods,
    payouts,
    refunds,
    seeding,
    webhook_calls,
)
from coopgov.fakes.stripe.agenda import catch_up
from coopgov.fakes.stripe.clock import Clock
from coopgov.fakes.stripe.dispatch import call_for, flattened
from coopgov.fakes.stripe.errors import StripeRefusal
from coopgov.fakes.stripe.events import Delivery, pending, settle_delivery
from coopgov.fakes.stripe.faults import Faults
from coopgov.fakes.stripe.keys import Keys
from coopgov.fakes.stripe.parameters import parsed
from coopgov.fakes.stripe.payments import Outcome
from coopgov.fakes.stripe.shapes import Object
from coopgov.fakes.stripe.store import DEFAULTS, Asking, Store
from coopgov.fakes.stripe.views import emitted, expanded

_SAVED = ("tables", "notes_of", "agenda", "deliveries", "settings", "made")


class World:
    """A whole fake account. Every method takes the lock and first does what is due; objects come out as copies."""

    def __init__(self, now: int | None = None, seed: int | None = None) -> None:
        """With ``now`` (epoch seconds) the clock stands there until moved; with ``seed`` ids are the same each time."""
        self.store = Store(Clock(now), seed)
        self.faults, self.keys = Faults(), Keys()

    @contextmanager
    def at_work(self, asking: Asking | None = None) -> Iterator[Store]:
        """The store, locked, up to date, at one instant for all that happens inside."""
        store = self.store
        with store.lock:
            store.asking = asking or Asking()
            try:
                catch_up(store)
                with store.moment(store.clock.now()):
                    yield store
            finally:
                store.asking = Asking()

    def answer(self, method: str, path: str, fields: list[tuple[str, str]], asking: Asking | None = None) -> Object:
        """The API's answer to form ``fields`` in Stripe's bracket nesting; raises StripeRefusal."""
        with self.at_work(asking) as store:
            end, ids = call_for(method, path)
            mark = store.mark()
            try:
                params = parsed(end.schema, fields)
                found = end.does(store, params, *ids)
                return expanded(store, emitted(store, found), params.get("expand", []))
            except StripeRefusal as refusal:
                if refusal.status in (400, 404):
                    store.rewind(mark)
                raise

    def request(self, method: str, path: str, params: dict[str, Any] | None = None) -> Object:
        """The same in process: ``world.request("POST", "/v1/customers", {"metadata": {"a": "b"}})``."""
        return self.answer(method, path, list(flattened(params or {})))

    @property
    def now(self) -> int:
        """The world's time in epoch seconds."""
        return self.store.clock.now()

    def move_to(self, instant: int) -> int:
        """Puts the clock forward and does what is due on the way; how much that was. Raises ValueError for the past."""
        with self.store.lock:
            self.store.clock.move_to(instant)
            return catch_up(self.store)

    def advance(self, seconds: int) -> int:
        """Puts the clock forward by so much."""
        with self.store.lock:
            return self.move_to(self.now + seconds)

    def pay(self, session_id: str, behaviour: str = "works", *, confirmed: bool = False) -> Outcome:
        """Somebody pays on the hosted page: ``works``, ``declines`` (raises StripeRefusal), ``confirm``, ``disputed``,
        ``bacs_works``, ``bacs_fails``. ``CONFIRM`` as outcome: pay again with ``confirmed``."""
        with self.at_work() as store:
            outcome = checkout.pay(store, session_id, behaviour, confirmed=confirmed)
            self._dispute_if_so(behaviour, session_id)
            return outcome

    def _dispute_if_so(self, behaviour: str, session_id: str) -> None:
        if behaviour == "disputed":
            customer = self.store.get("checkout.session", session_id)["customer"]
            disputes.begin(self.store, self.store.rows("charge", customer=customer)[0]["id"])

    def settle(self, intent_id: str, *, succeeds: bool) -> None:
        """A direct debit under way, or a payer asked by their bank, comes to its end now."""
        with self.at_work() as store:
            collecting.settle(store, intent_id, succeeds=succeeds)

    def behave(self, method_id: str, behaviour: str) -> None:
        """From now on the card or account behaves so; raises ValueError for what its kind cannot."""
        with self.at_work() as store:
            methods.make_behave(store, method_id, behaviour)

    def dispute(self, charge_id: str, reason: str = "fraudulent") -> Object:
        """The payer disputes the charge; raises ValueError when there is nothing to dispute."""
        with self.at_work() as store:
            return emitted(store, disputes.begin(store, charge_id, reason))

    def close_dispute(self, dispute_id: str, *, won: bool) -> Object:
        """The bank decides; raises ValueError when it has before."""
        with self.at_work() as store:
            return emitted(store, disputes.close(store, dispute_id, won=won))

    def fail_refund(self, refund_id: str) -> Object:
        """The refund comes back; raises ValueError for one that has before."""
        with self.at_work() as store:
            return emitted(store, refunds.fails(store, refund_id))

    def pay_out(self, currency: str = "gbp") -> Object | None:
        """The automatic payout of all that is to be had; None when there is nothing."""
        with self.at_work() as store:
            payout = payouts.pay_out_all(store, currency)
            return emitted(store, payout) if payout else None

    def fail_payout(self, payout_id: str) -> Object:
        """The bank sends the payout back; raises ValueError for one that failed."""
        with self.at_work() as store:
            return emitted(store, payouts.fails(store, payout_id))

    def seed_product(self, product_id: str, name: str, metadata: dict[str, str] | None = None) -> Object:
        """The product with this id, made quietly if there is none."""
        with self.at_work() as store:
            return emitted(store, seeding.seed_product(store, product_id, name, metadata or {}))

    def seed_subscription(self, **facts: Any) -> Object:
        """A subscription with its paid past, without events: see ``seeding.seed_subscription`` for the facts."""
        with self.at_work() as store:
            return emitted(store, seeding.seed_subscription(store, **facts))

    def foreign(self, metadata: dict[str, str] | None = None) -> Object:
        """A subscription that some other program on the same account sold, paid and announced, with its metadata."""
        with self.at_work() as store:
            return emitted(store, seeding.foreign_subscription(store, metadata or {}))

    def switch(self, **settings: Any) -> dict[str, Any]:
        """Changes switches (see ``store.DEFAULTS``) and gives all; raises ValueError for one that there is not."""
        with self.at_work() as store:
            _refuse_unknown(settings, DEFAULTS)
            webhooks = settings.pop("webhooks", {})
            _refuse_unknown(webhooks, DEFAULTS["webhooks"])
            store.settings |= settings
            store.settings["webhooks"] |= webhooks
            return dict(store.settings)

    def add_endpoint(self, url: str, secret: str, events: tuple[str, ...] = ("*",)) -> Object:
        """A webhook endpoint with a secret known beforehand; one with the same address is replaced."""
        with self.at_work() as store:
            for old in store.rows("webhook_endpoint", url=url):
                webhook_calls.delete(store, {}, old["id"])
            return emitted(store, webhook_calls.register(store, url, secret, list(events)))

    def tell(self, url: str, secret: str) -> Object:
        """The endpoint of a program that may answer on another port by now: the one with the same path moves there,
        with all that waits for it; a new one when there is none."""
        with self.at_work() as store:
            there = [row for row in store.rows("webhook_endpoint") if urlsplit(row["url"]).path == urlsplit(url).path]
            if not there:
                return self.add_endpoint(url, secret)
            there[0]["url"], store.notes(there[0]["id"])["secret"] = url, secret
            return emitted(store, there[0])

    def pending_deliveries(self) -> list[Delivery]:
        """What waits to be delivered, oldest event first; deliver in any order, then say ``delivered``."""
        with self.at_work() as store:
            return pending(store)

    def delivered(self, delivery_id: int, state: str = "delivered") -> None:
        """The delivery is done with: ``delivered``, ``failed`` or ``dropped``."""
        with self.store.lock:
            settle_delivery(self.store, delivery_id, state)

    def queue_again(self, event_id: str) -> list[Delivery]:
        """The deliveries of an event, waiting once more, delivered or not."""
        with self.at_work() as store:
            for row in store.deliveries:
                if row["event"] == event_id:
                    row["state"] = "waiting"
            return [delivery for delivery in pending(store) if delivery.event == event_id]

    def told(self) -> list[Object]:
        """Every event, oldest first, with what became of its deliveries."""
        with self.at_work() as store:
            return [
                {
                    "id": event["id"],
                    "type": event["type"],
                    "object": event["data"]["object"]["id"],
                    "created": event["created"],
                    "deliveries": [r["state"] for r in store.deliveries if r["event"] == event["id"]],
                }
                for event in store.tables["event"].values()
            ]

    def reset(self) -> None:
        """An empty account again, no faults to come, no keys used; the clock stays."""
        with self.store.lock:
            self.store.forget_all()
            self.faults.clear()
            self.keys.load({})

    def dump(self) -> dict[str, Any]:
        """The whole state as JSON can hold it."""
        with self.store.lock:
            state = {name: getattr(self.store, name) for name in _SAVED}
            found: dict[str, Any] = json.loads(
                json.dumps({"version": 1, "now": self.now, "keys": self.keys.dump(), **state})
            )
            return found

    def load(self, state: dict[str, Any]) -> None:
        """Takes over a state that ``dump`` gave; the clock goes on from there, never back. Raises ValueError."""
        if state.get("version") != 1 or not state.keys() >= {"now", "keys", *_SAVED}:
            raise ValueError("not a state of this fake")
        with self.store.lock:
            self.store.replace({name: state[name] for name in _SAVED})
            self.store.agenda = [(row[0], row[1], row[2], row[3]) for row in state["agenda"]]
            self.keys.load(state["keys"])
            self.store.clock.move_to(max(state["now"], self.now))

    def due_deliveries(self) -> list[Delivery]:
        """Deliveries whose time has come on the real clock, in the order in which they shall go."""
        with self.at_work() as store:
            switches = store.settings["webhooks"]
            if switches["hold"]:
                return []
            waits = 1.0 if switches["reorder"] else 0.0
            ready = {row["id"] for row in store.deliveries if row["not_before"] + waits <= time.time()}
            due = [delivery for delivery in pending(store) if delivery.id in ready]
            return due[::-1] if switches["reorder"] else due

    def is_waiting(self, delivery_id: int) -> bool:
        """It has not arrived, nor failed for good."""
        with self.store.lock:
            return any(row["id"] == delivery_id and row["state"] == "waiting" for row in self.store.deliveries)

    def put_off(self, delivery_id: int, most: int) -> None:
        """A delivery did not arrive: later again, each time twice as late; after ``most`` attempts it has failed."""
        with self.store.lock:
            for row in self.store.deliveries:
                if row["id"] == delivery_id:
                    row["attempts"] += 1
                    row["not_before"] = time.time() + min(2 ** (row["attempts"] - 1), 60)
                    row["state"] = "failed" if row["attempts"] >= most else "waiting"


def _refuse_unknown(settings: dict[str, Any], known: dict[str, Any]) -> None:
    if unknown := settings.keys() - known.keys():
        raise ValueError(f"no such switch: {', '.join(sorted(unknown))}")
