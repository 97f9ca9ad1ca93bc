"""The border to Stripe's package: what goes wrong there is said plainly, and money is counted as Stripe counts it."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from coopgov.config import Settings
from coopgov.core.money import Money, decimals_of
from coopgov.fakes.stripe.server import running
from coopgov.fakes.stripe.world import World
from coopgov.funding.models import Sync
from coopgov.funding.providers.base import ProviderDown, ProviderRefused
from coopgov.funding.providers.stripe import reading
from coopgov.funding.providers.stripe.client import connect
from coopgov.funding.providers.stripe.sdk import KeyReused, Missing, client, pages, plainly
from coopgov.funding.providers.stripe.units import IN_HUNDREDTHS, IN_TENS, IN_WHOLES, from_stripe, to_stripe
from coopgov.funding.services.stripe_reading import begin_reading
from coopgov.infra.db import db, write_transaction
from coopgov.infra.worker import run_clockwork
from tests.funding.stripe.conftest import Shop

NOW = 1_800_000_000


class Answers(BaseHTTPRequestHandler):
    """Says the same to every request."""

    status: ClassVar[int] = 200
    said: ClassVar[Any] = {}
    asked: ClassVar[list[tuple[str, str]]] = []

    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.asked.append((self.command, self.headers.get("Idempotency-Key", "")))
        body = json.dumps(self.said).encode() if self.said is not None else b"<html>"
        self.send_response(self.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_DELETE = _answer

    def log_message(self, *_: Any) -> None:
        """Tests are silent."""


@contextmanager
def answering(status: int, said: Any) -> Iterator[tuple[Any, list[tuple[str, str]]]]:
    """The SDK's services at a server that says the same to every request, and what it was asked."""
    kind = type("Saying", (Answers,), {"status": status, "said": said, "asked": []})
    server = HTTPServer(("127.0.0.1", 0), kind)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield client("sk_test_x", f"http://127.0.0.1:{server.server_port}", True).v1, kind.asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def error(message: str, **more: Any) -> dict[str, Any]:
    return {"error": {"type": "invalid_request_error", "message": message, **more}}


@pytest.mark.parametrize(
    ("status", "said", "kind"),
    [
        (400, error("No."), ProviderRefused),
        (401, error("Invalid API Key provided: sk_test_abc123"), ProviderRefused),
        (402, error("Declined.", type="card_error", code="card_declined"), ProviderRefused),
        (403, error("The key rk_live_abc has no permission."), ProviderRefused),
        (404, error("No such thing.", code="resource_missing"), Missing),
        (400, error("Keys.", type="idempotency_error"), KeyReused),
        (429, error("Too many.", code="rate_limit"), ProviderDown),
        (200, None, ProviderDown),
    ],
)
def test_stripes_no_is_said_plainly_and_without_keys(status: int, said: Any, kind: type[Exception]) -> None:
    with answering(status, said) as (v1, asked), pytest.raises(kind) as refused:
        plainly(v1.balance.retrieve)
    assert len(asked) == 1
    assert "abc" not in str(refused.value)


@pytest.mark.parametrize("status", [409, 500, 503])
def test_a_stripe_in_trouble_is_asked_three_times_under_one_key(status: int) -> None:
    with answering(status, error("Oh.", type="api_error")) as (v1, asked), pytest.raises(ProviderDown):
        plainly(v1.refunds.create, charge="ch_1", key="refund-1-1")
    assert asked == [("POST", "refund-1-1")] * 3


def test_a_stripe_that_is_not_there_is_down() -> None:
    v1 = client("sk_test_x", "http://127.0.0.1:9", True).v1
    with pytest.raises(ProviderDown, match="connect"):
        plainly(v1.balance.retrieve)


def test_an_address_that_the_public_cannot_reach_is_refused() -> None:
    """No request leaves for a machine of our own network, whatever the settings say, unless in development."""
    v1 = client("sk_test_x", "http://127.0.0.1:9", False).v1
    with pytest.raises(ProviderDown, match="scheme"):
        plainly(v1.balance.retrieve)


@pytest.mark.parametrize("key", ["pk_test_x", "sk_x", "whsec_x", "sk_test_", "sk_test_x y", "secret"])
def test_a_key_that_is_no_secret_key_is_refused_without_being_said(key: str) -> None:
    with pytest.raises(ProviderRefused) as refused:
        connect(Settings(stripe_secret_key=key))
    assert key not in str(refused.value) or key == "secret"


def test_without_a_key_there_is_no_stripe() -> None:
    assert connect(Settings()) is None


def test_lists_are_read_page_after_page() -> None:
    world = World(now=NOW, seed=3)
    for number in range(7):
        world.request("POST", "/v1/customers", {"name": str(number)})
    with running(world) as url:
        v1 = client("sk_test_x", url, True).v1
        assert [row["name"] for row in pages(v1.customers.list, limit=3)] == list("6543210")
        gone = plainly(v1.customers.delete, world.request("GET", "/v1/customers")["data"][0]["id"])
    assert gone["deleted"] is True


def test_the_package_is_loaded_when_it_is_needed_and_not_before() -> None:
    says = "import sys, coopgov.app, coopgov.cli; print('stripe' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", says], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


# Counting


@given(st.sampled_from(["GBP", "EUR", "JPY", "KWD", "ISK", "UGX", "MGA", "HUF"]), st.integers(0, 10**7))
def test_what_stripe_can_charge_comes_back_as_it_went(currency: str, minor: int) -> None:
    step = 100 if currency in IN_WHOLES else 10 if currency in IN_TENS else 1
    amount = Money(minor * step, currency)
    assert from_stripe(to_stripe(amount), currency.lower()) == amount


def test_stripes_exceptions_are_exceptions_to_iso() -> None:
    assert {decimals_of(code) for code in IN_HUNDREDTHS} == {0}
    assert {decimals_of(code) for code in IN_WHOLES} == {2}
    assert {decimals_of(code) for code in IN_TENS} == {3}


@pytest.mark.parametrize("amount", [Money(1005, "KWD"), Money(150, "MGA")])
def test_parts_that_stripe_cannot_charge_are_refused(amount: Money) -> None:
    with pytest.raises(ValueError, match="cannot charge"):
        to_stripe(amount)


def test_hundredths_of_a_krona_are_refused() -> None:
    with pytest.raises(ValueError, match="not whole"):
        from_stripe(150, "isk")


# Money that Stripe changed, and shapes that nobody expects


def entry(**fields: Any) -> dict[str, Any]:
    plain = {"id": "txn_1", "type": "charge", "amount": 260, "fee": 24, "currency": "gbp", "created": NOW}
    return plain | fields


def test_money_that_stripe_changed_leaves_in_one_currency_and_comes_in_the_other() -> None:
    moved = reading.movements(entry(), Money(300, "EUR"))
    assert {move.remote_id: move.amount for move in moved} == {
        "txn_1:from": Money(-300, "EUR"),
        "txn_1:to": Money(260, "GBP"),
        "txn_1:fee": Money(-24, "GBP"),
    }
    assert reading.movements(entry(), Money(260, "GBP")) == []


@pytest.mark.parametrize(
    ("kind", "account"),
    [("payout", "assets:bank"), ("stripe_fee", "expenses:fees:stripe"), ("reserve_hold", "equity:adjustments")],
)
def test_what_moves_the_balance_has_another_side(kind: str, account: str) -> None:
    (move,) = reading.movements(entry(type=kind, amount=-500, fee=0), None)
    assert (move.account, move.amount) == (account, Money(-500, "GBP"))


@pytest.mark.parametrize(
    ("status", "amounts", "expected"),
    [
        ("warning_needs_response", [], ("open", False)),
        ("warning_closed", [], ("won", False)),
        ("prevented", [], ("won", False)),
        ("under_review", [-300], ("open", True)),
        ("won", [-300], ("open", True)),
        ("won", [-300, 300], ("won", True)),
        ("lost", [-300], ("lost", True)),
    ],
)
def test_a_dispute_is_what_its_money_says(status: str, amounts: list[int], expected: tuple[str, bool]) -> None:
    told = {"id": "dp_1", "charge": "ch_1", "amount": 300, "currency": "gbp", "created": NOW, "status": status}
    found = reading.dispute(told | {"balance_transactions": [entry(amount=amount, fee=0) for amount in amounts]})
    assert (found.status, found.withdrawn) == expected


@pytest.mark.parametrize("rhythm", [("month", 3), ("week", 1)])
def test_a_rhythm_that_nobody_expects_waits_for_the_treasurer(shop: Shop, rhythm: tuple[str, int]) -> None:
    pledge = shop.join()
    with shop.world.at_work() as store:
        item = store.get("subscription", str(pledge.remote_id))["items"]["data"][0]
        item["price"]["recurring"] |= dict(zip(("interval", "interval_count"), rhythm, strict=True))
    shop.read_all()
    assert ("unreadable", f"stripe:{pledge.remote_id}") in shop.findings()
    assert pledge.status == "active"


def test_a_permission_that_the_key_lacks_waits_for_the_treasurer(shop: Shop) -> None:
    shop.begin()
    settings = shop.app.extensions["coopgov.settings"]
    with answering(403, error("No permission.")) as (v1, _):
        base = v1._requestor._options.base_addresses["api"]
        shop.app.extensions["coopgov.settings"] = replace(settings, stripe_api_base=base)
        shop.deliver("invoice.paid")
        works = shop.app.extensions["coopgov.work"].clockworks
        db.session.rollback()
        run_clockwork(next(work for work in works if work.name == "funding.read_stripe"), shop.clock.now)
        shop.work()
    shop.app.extensions["coopgov.settings"] = settings
    assert shop.messages()["invoice.paid"] == "failed"
    assert ("provider", "stripe:refused") in shop.findings()
    assert db.session.scalars(select(Sync.error)).one() == "No permission."
    with write_transaction():
        assert begin_reading(shop.clock.now).error == ""
    shop.read_all()
    assert len(shop.payments()) == 1
