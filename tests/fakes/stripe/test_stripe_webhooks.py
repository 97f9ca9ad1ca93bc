"""Events and webhooks: signed, in the background, again after failures; late, doubled, reversed, dropped on demand."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import stripe

from coopgov.fakes.stripe.shapes import API_VERSION
from coopgov.fakes.stripe.world import World
from tests.fakes.stripe.conftest import SECRET, Account


class Receiver:
    """A webhook endpoint that checks signatures and remembers; ``answers`` are the statuses to give first."""

    def __init__(self) -> None:
        self.events: list[Any] = []
        self.answers: list[int] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.events.append(stripe.Webhook.construct_event(body, self.headers["Stripe-Signature"], SECRET))
                self.send_response(outer.answers.pop(0) if outer.answers else 200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def types(self) -> list[str]:
        return [event.type for event in self.events]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found = Receiver()
    yield found
    found.close()


def until(true: Callable[[], bool], seconds: float = 5) -> None:
    ends = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < ends, "it did not happen"
        time.sleep(0.02)


def listening(account: Account, receiver: Receiver, *events: str) -> None:
    account.world.add_endpoint(receiver.url, SECRET, events or ("customer.created",))


def test_events_arrive_signed_and_in_the_background(account: Account, receiver: Receiver) -> None:
    listening(account, receiver)
    customer = account.customer()
    until(lambda: not account.world.pending_deliveries())
    assert receiver.types() == ["customer.created"]
    event = receiver.events[0]
    assert (event.data.object.id, event.api_version, event.livemode) == (customer.id, API_VERSION, False)
    assert account.sdk.v1.events.retrieve(event.id).pending_webhooks == 0
    assert account.http.get("/_fake/events").json()[0]["deliveries"] == ["delivered"]


def test_an_event_tells_the_request_that_caused_it(account: Account) -> None:
    account.sdk.v1.customers.create({"email": "a@example.org"}, {"idempotency_key": "key-1"})
    event = account.sdk.v1.events.list({"type": "customer.created"}).data[0]
    assert event.request.idempotency_key == "key-1"
    assert event.request.id.startswith("req_")


def test_an_update_tells_what_was_before(account: Account) -> None:
    customer = account.customer()
    account.sdk.v1.customers.update(customer.id, {"email": "new@example.org"})
    event = account.sdk.v1.events.list({"type": "customer.*"}).data[0]
    assert (event.type, event.data.previous_attributes["email"]) == ("customer.updated", "ada@example.org")
    assert event.data.object.email == "new@example.org"
    account.sdk.v1.customers.update(customer.id, {"email": "new@example.org"})
    assert len(account.sdk.v1.events.list({"types": ["customer.updated", "customer.created"]}).data) == 2


def test_what_is_not_accepted_comes_again(account: Account, receiver: Receiver) -> None:
    receiver.answers = [500, 409]
    listening(account, receiver)
    account.customer()
    until(lambda: len(receiver.events) == 3)
    assert len({event.id for event in receiver.events}) == 1
    until(lambda: not account.world.pending_deliveries())


def test_nobody_there_is_tried_again_too(account: Account, receiver: Receiver) -> None:
    receiver.close()
    listening(account, receiver)
    account.customer()
    until(lambda: account.world.store.deliveries[0]["attempts"] >= 1)
    assert [d.type for d in account.world.pending_deliveries()] == ["customer.created"]


def test_held_events_are_sent_when_flushed_in_any_order(account: Account, receiver: Receiver) -> None:
    listening(account, receiver, "*")
    account.control("webhooks", hold=True)
    account.customer()
    account.sdk.v1.products.create({"name": "Membership"})
    first, second = (event["id"] for event in account.world.told())
    assert account.control("webhooks/flush", reverse=True) == {"delivered": 2, "failed": 0}
    assert receiver.types() == ["product.created", "customer.created"]
    account.control("webhooks/again", event=first)
    assert receiver.types()[2:] == ["customer.created"]
    account.customer()
    account.sdk.v1.products.create({"name": "Support"})
    _, _, third, fourth = (event["id"] for event in account.world.told())
    account.control("webhooks/flush", events=[fourth, third])
    assert [event.id for event in receiver.events[3:]] == [fourth, third]
    assert second in [event.id for event in receiver.events]


def test_events_may_come_several_times(account: Account, receiver: Receiver) -> None:
    listening(account, receiver)
    account.control("webhooks", duplicate=2)
    account.customer()
    until(lambda: len(receiver.events) == 3)
    assert len({event.id for event in receiver.events}) == 1


def test_events_may_come_in_another_order(account: Account, receiver: Receiver) -> None:
    listening(account, receiver, "*")
    account.control("webhooks", reorder=True)
    account.customer()
    account.sdk.v1.products.create({"name": "Membership"})
    until(lambda: len(receiver.events) == 2)
    assert receiver.types() == ["product.created", "customer.created"]


def test_events_may_be_lost_and_are_still_listed(account: Account, receiver: Receiver) -> None:
    listening(account, receiver)
    account.control("webhooks", drop=True)
    account.customer()
    assert account.control("webhooks/flush") == {"delivered": 0, "failed": 0}
    assert receiver.events == []
    assert [event.type for event in account.sdk.v1.events.list()] == ["customer.created"]


def test_events_may_come_late(account: Account, receiver: Receiver) -> None:
    listening(account, receiver)
    account.control("webhooks", delay=0.5)
    began = time.monotonic()
    account.customer()
    until(lambda: bool(receiver.events))
    assert time.monotonic() - began >= 0.5


def test_an_unknown_switch_is_refused(account: Account) -> None:
    assert account.http.post("/_fake/webhooks", json={"shuffle": True}).status_code == 400
    assert account.http.post("/_fake/switches", json={"colour": "red"}).status_code == 400


def test_an_endpoint_made_by_the_api_tells_its_secret_once(account: Account, receiver: Receiver) -> None:
    made = account.sdk.v1.webhook_endpoints.create(
        {"url": receiver.url, "enabled_events": ["invoice.paid"], "api_version": API_VERSION}
    )
    assert made.secret.startswith("whsec_")
    assert "secret" not in account.sdk.v1.webhook_endpoints.retrieve(made.id)
    account.control("webhooks", hold=True)
    account.subscribed()
    waiting = account.world.pending_deliveries()
    assert [d.type for d in waiting] == ["invoice.paid"]
    stripe.Webhook.construct_event(waiting[0].body, waiting[0].headers()["Stripe-Signature"], made.secret)
    assert account.sdk.v1.webhook_endpoints.delete(made.id).deleted
    assert account.world.pending_deliveries() == []


def test_a_test_may_carry_the_mail_itself(world: World) -> None:
    world.add_endpoint("http://coop.example/hook", SECRET, ("customer.created", "product.created"))
    world.request("POST", "/v1/customers", {"email": "a@example.org"})
    world.request("POST", "/v1/products", {"name": "Membership"})
    last, first = reversed(world.pending_deliveries())
    assert (last.type, first.type) == ("product.created", "customer.created")
    header = first.headers()["Stripe-Signature"]
    event = stripe.Webhook.construct_event(first.body, header, SECRET)
    assert event.id == first.event == json.loads(first.body)["id"]
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(first.body + b" ", header, SECRET)
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(first.body, first.headers(at=1)["Stripe-Signature"], SECRET)
    world.delivered(first.id)
    assert [d.id for d in world.pending_deliveries()] == [last.id]


def test_our_signature_is_the_one_of_the_sdk(world: World) -> None:
    world.add_endpoint("http://coop.example/hook", SECRET)
    world.request("POST", "/v1/customers", {"name": "Zoë 🌱"})
    (delivery,) = world.pending_deliveries()
    theirs = stripe.WebhookSignature.generate_signature_header(delivery.body.decode(), SECRET, 1_800_000_000)
    assert delivery.signature(1_800_000_000) == theirs
