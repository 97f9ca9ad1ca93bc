"""Events: what happened, told once to every webhook endpoint that wants to know."""

import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from coopgov.fakes.stripe.shapes import API_VERSION, Object
from coopgov.fakes.stripe.store import Store
from coopgov.fakes.stripe.views import emitted


@dataclass(frozen=True)
class Delivery:
    """One event on its way to one endpoint; ``body`` is exactly what is signed."""

    id: int
    event: str
    type: str
    url: str
    secret: str
    body: bytes

    def headers(self, at: int | None = None) -> dict[str, str]:
        """The headers of a delivery at ``at`` (epoch seconds of the receiver's clock; without: now)."""
        moment = int(time.time()) if at is None else at
        return {"Content-Type": "application/json; charset=utf-8", "Stripe-Signature": self.signature(moment)}

    def signature(self, at: int) -> str:
        """The value of Stripe-Signature: ``t=…,v1=…``."""
        seal = hmac.new(self.secret.encode(), f"{at}.".encode() + self.body, hashlib.sha256)
        return f"t={at},v1={seal.hexdigest()}"


def record(store: Store, name: str, subject: Object, previous: dict[str, Any] | None = None) -> None:
    """Notes that ``name`` happened to ``subject``, as it is now, and queues the deliveries."""
    if store.muted:
        return
    told: dict[str, Any] = {"object": emitted(store, subject)}
    if previous is not None:
        told["previous_attributes"] = previous
    event = store.add(
        "event",
        type=name,
        api_version=API_VERSION,
        data=told,
        livemode=store.livemode,
        request={"id": store.asking.id, "idempotency_key": store.asking.key},
    )
    wanting = [end for end in store.tables["webhook_endpoint"].values() if _wants(end, name)]
    event["pending_webhooks"] = len(wanting)
    for end in wanting:
        _queue(store, event, end)


@contextmanager
def changing(store: Store, subject: Object, name: str) -> Iterator[None]:
    """Records ``name`` with what was before, unless nothing changed inside."""
    if store.muted:
        yield
        return
    before = emitted(store, subject)
    yield
    after = emitted(store, subject)
    previous = {key: value for key, value in before.items() if after.get(key) != value}
    if previous:
        record(store, name, subject, previous)


def _wants(end: Object, name: str) -> bool:
    return end["status"] == "enabled" and ("*" in end["enabled_events"] or name in end["enabled_events"])


def _queue(store: Store, event: Object, end: Object) -> None:
    switches = store.settings["webhooks"]
    body = event | {"api_version": end["api_version"] or API_VERSION}
    for _ in range(1 + switches["duplicate"]):
        store.made += 1
        store.deliveries.append(
            {
                "id": store.made,
                "event": event["id"],
                "type": event["type"],
                "endpoint": end["id"],
                "body": json.dumps(body),
                "attempts": 0,
                "not_before": time.time() + switches["delay"],
                "state": "dropped" if switches["drop"] else "waiting",
            }
        )


def pending(store: Store) -> list[Delivery]:
    """Deliveries that wait, in the order in which their events happened."""
    return [as_delivery(store, row) for row in store.deliveries if row["state"] == "waiting"]


def as_delivery(store: Store, row: dict[str, Any]) -> Delivery:
    """The delivery that a row of the queue stands for."""
    end = store.tables["webhook_endpoint"].get(row["endpoint"], {"url": ""})
    secret = store.notes(row["endpoint"]).get("secret", "")
    return Delivery(row["id"], row["event"], row["type"], end["url"], secret, row["body"].encode())


def settle_delivery(store: Store, delivery_id: int, state: str) -> None:
    """Marks a delivery ``delivered``, ``failed`` or ``dropped``."""
    for row in store.deliveries:
        if row["id"] == delivery_id:
            row["state"] = state
            event = store.tables["event"].get(row["event"])
            if state == "delivered" and event:
                event["pending_webhooks"] = max(0, event["pending_webhooks"] - 1)
