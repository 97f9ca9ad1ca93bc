"""A fake Stripe of the test's own, its real SDK, and short words for what tests do over and over."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
import stripe

from coopgov.fakes.stripe.server import running
from coopgov.fakes.stripe.world import World

DAY = 86_400
NOW = int(datetime(2027, 1, 31, 12, 0, tzinfo=UTC).timestamp())
SECRET = "whsec_of_this_test"


def instant(*parts: int) -> int:
    """Epoch seconds of a UTC date and time."""
    return int(datetime(*parts, tzinfo=UTC).timestamp())  # type: ignore[misc, arg-type]


@dataclass
class Account:
    """A world, served; the SDK that talks to it; and a browser."""

    world: World
    url: str
    sdk: Any
    http: httpx.Client

    def customer(self, **facts: Any) -> Any:
        return self.sdk.v1.customers.create({"email": "ada@example.org", "name": "Ada", **facts})

    def price_data(self, amount: int = 300, interval: str = "month", currency: str = "gbp") -> dict[str, Any]:
        product = self.sdk.v1.products.create({"name": "Membership"})
        recurring = {"interval": interval}
        return {"currency": currency, "product": product.id, "unit_amount": amount, "recurring": recurring}

    def session(self, amount: int = 300, **facts: Any) -> Any:
        line = {"quantity": 1, "price_data": self.price_data(amount)}
        plain = {"mode": "subscription", "line_items": [line], "success_url": "http://coop.example/paid"}
        return self.sdk.v1.checkout.sessions.create(plain | facts)

    def subscribed(self, behaviour: str = "works", amount: int = 300, **facts: Any) -> Any:
        """A subscription begun by Checkout."""
        session = self.session(amount, **facts)
        self.world.pay(session.id, behaviour, confirmed=True)
        done = self.sdk.v1.checkout.sessions.retrieve(session.id, {"expand": ["subscription"]})
        return done.subscription

    def subscription(self, subscription: Any, *expand: str) -> Any:
        return self.sdk.v1.subscriptions.retrieve(subscription.id, {"expand": list(expand)})

    def charge(self, subscription: Any) -> Any:
        return self.sdk.v1.charges.list({"customer": subscription.customer}).data[0]

    def control(self, lever: str, /, **given: Any) -> Any:
        answer = self.http.post(f"/_fake/{lever}", json=given)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def told(self) -> list[str]:
        return [event["type"] for event in self.world.told()]

    def balance(self) -> int:
        found = self.sdk.v1.balance.retrieve()
        return sum(part.amount for part in [*found.available, *found.pending])


@pytest.fixture
def world() -> World:
    """A world whose clock stands still and whose ids are the same in each run."""
    return World(now=NOW, seed=7)


def sdk_for(url: str, key: str = "sk_test_x", retries: int = 0) -> Any:
    """The real SDK, pointed at ``url``."""
    return stripe.StripeClient(key, base_addresses={"api": url}, max_network_retries=retries)


@pytest.fixture
def account(world: World) -> Iterator[Account]:
    """The world behind HTTP."""
    with running(world) as url, httpx.Client(base_url=url, trust_env=False) as http:
        client = stripe.RequestsClient()
        sdk = stripe.StripeClient("sk_test_x", base_addresses={"api": url}, max_network_retries=0, http_client=client)
        yield Account(world, url, sdk, http)
        client.close()
