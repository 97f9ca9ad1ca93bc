"""Both fakes while the demonstration's history is made: their worlds in this process, their time moved along with it.

What happens there happens as it does in the served fakes, but nobody is told of it, and no page is opened.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask import Flask

from coopgov.core.money import Money
from coopgov.demo.providers import SLUG, STORY, STRIPE_STATE
from coopgov.fakes.opencollective import server as opencollective
from coopgov.fakes.opencollective.acts import Stage, keep_story
from coopgov.fakes.opencollective.passing import move_to
from coopgov.fakes.opencollective.world import World as Collective
from coopgov.fakes.stripe import server as stripe
from coopgov.fakes.stripe.world import World as Account
from coopgov.infra.http import Fetched

SEED = 7264


class Tills:
    """The co-op's account at Stripe and its page at Open Collective, from ``begins`` on."""

    def __init__(self, name: str, begins: datetime) -> None:
        self.now = begins
        self._name, self._begins = name, begins
        self._acts: list[dict[str, Any]] = []
        self.stripe = Account(now=_epoch(begins), seed=SEED)
        self.collective = Stage(Collective(SLUG, name, begins, seed=SEED))

    def move_to(self, now: datetime) -> None:
        """Whatever falls due at either until ``now`` is charged, each at its own moment."""
        self.now = max(self.now, now)
        with self.stripe.store.silence():
            self.stripe.move_to(max(_epoch(self.now), self.stripe.now))
        move_to(self.collective.world, self.now)

    # Stripe

    def subscribe(
        self,
        now: datetime,
        *,
        name: str,
        email: str,
        amount: Money,
        interval: str,
        product: tuple[str, str],
        metadata: dict[str, str],
        behaviour: str = "works",
    ) -> str:
        """A subscription from ``now`` on, its first payment made; ``product``: id and name. Gives its id."""
        self.move_to(now)
        self.stripe.seed_product(*product)
        made = self.stripe.seed_subscription(
            email=email,
            name=name,
            amount=amount.minor,
            currency=amount.currency.lower(),
            interval=interval,
            started_at=self.stripe.now,
            product=product[0],
            metadata=metadata,
            behaviour=behaviour,
        )
        return str(made["id"])

    def use_card(self, subscription: str, behaviour: str, now: datetime) -> None:
        """From now on the card or account behind the subscription behaves so."""
        method = self._ask(now, "GET", f"/v1/subscriptions/{subscription}")["default_payment_method"]
        with self.stripe.store.silence():
            self.stripe.behave(method, behaviour)

    def next_charge(self, subscription: str, now: datetime) -> datetime:
        """When its paid period ends."""
        items = self._ask(now, "GET", f"/v1/subscriptions/{subscription}")["items"]["data"]
        return datetime.fromtimestamp(items[0]["current_period_end"], UTC)

    def cancel(self, subscription: str, now: datetime) -> None:
        """It ends at once, unless it has ended."""
        if self._ask(now, "GET", f"/v1/subscriptions/{subscription}")["status"] not in ("canceled", "unpaid"):
            self._ask(now, "DELETE", f"/v1/subscriptions/{subscription}")

    def refund(self, subscription: str, now: datetime, minor: int | None = None) -> None:
        """The last payment goes back, or ``minor`` of it."""
        amount = {} if minor is None else {"amount": minor}
        self._ask(now, "POST", "/v1/refunds", {"charge": self._last_charge(subscription, now), **amount})

    def dispute(self, subscription: str, now: datetime) -> None:
        """The payer's bank takes the last payment back."""
        charge = self._last_charge(subscription, now)
        with self.stripe.store.silence():
            self.stripe.dispute(charge)

    def pay_out(self, now: datetime) -> None:
        """All that is to be had at Stripe goes to the bank."""
        self.move_to(now)
        with self.stripe.store.silence():
            self.stripe.pay_out()

    def _last_charge(self, subscription: str, now: datetime) -> str:
        customer = self._ask(now, "GET", f"/v1/subscriptions/{subscription}")["customer"]
        charges = self._ask(now, "GET", "/v1/charges", {"customer": customer, "limit": 10})["data"]
        return next(str(charge["id"]) for charge in charges if charge["status"] == "succeeded")

    def _ask(self, now: datetime, method: str, path: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
        self.move_to(now)
        with self.stripe.store.silence():
            return self.stripe.request(method, path, params)

    # Open Collective

    def act(self, now: datetime, act: str, **fields: Any) -> Any:
        """An act of the fake's stories (docs/fakes.md), kept for the served fake to tell it again."""
        self.move_to(now)
        told = {"act": act, **fields, "at": self.now.isoformat()}
        self._acts.append(told)
        self.collective.replay(told, self.now)
        return self.collective.named.get(fields.get("as", ""))

    def has_account(self, slug: str) -> bool:
        """True when somebody is called so there."""
        return any(account.slug == slug for account in self.collective.world.accounts)

    def tier_address(self, slug: str) -> str:
        """What the tier is called in its address there: ``member-1006``."""
        tier = self.collective.world.tier(slug)
        return f"{tier.slug}-{tier.legacy_id}"

    # Read, and handed over

    @property
    def services(self) -> "Services":
        """Stripe's services, as its package has them."""
        return Services(self.stripe)

    @cached_property
    def questions(self) -> "Questions":
        """Who answers questions to Open Collective."""
        return Questions(opencollective.make_app(self.collective.world, stage=self.collective, clock=_unhurried()))

    def write(self, folder: Path) -> None:
        """Files from which the served fakes begin where these stand."""
        stripe.write_state(self.stripe, folder / STRIPE_STATE)
        days = (self.now - self._begins) / timedelta(days=1)
        story = {"slug": SLUG, "name": self._name, "seed": SEED, "begin_days_ago": days, "acts": self._acts}
        keep_story(folder / STORY, story, self.now)


class Services:
    """What is asked here of ``stripe.StripeClient(…).v1``, answered by a fake in this process: no network, no SDK."""

    def __init__(self, account: Account, path: str = "/v1") -> None:
        self._account, self._path = account, path

    def __getattr__(self, name: str) -> "Services":
        return Services(self._account, f"{self._path}/{name}")

    def list(self, params: dict[str, Any], _options: dict[str, Any]) -> "Answer":
        """A page."""
        return self._answer("GET", params)

    def retrieve(self, *given: Any) -> "Answer":
        """One object; ``given``: its id, if it has one, the parameters, options."""
        return self._answer("GET", given[-2], *given[:-2])

    def update(self, object_id: str, params: dict[str, Any], _options: dict[str, Any]) -> "Answer":
        """One object, changed."""
        return self._answer("POST", params, object_id)

    def _answer(self, method: str, params: dict[str, Any], *ids: str) -> "Answer":
        with self._account.store.silence():
            return Answer(self._account.request(method, "/".join([self._path, *ids]), params))


@dataclass(frozen=True)
class Answer:
    """Plain data that can be asked for its plain data, as the objects of Stripe's package can."""

    plain: dict[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """The data."""
        return self.plain


class Questions:
    """Posts to the fake Open Collective without a network."""

    def __init__(self, app: Flask) -> None:
        self._client = app.test_client()

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Fetched:
        """Its answer."""
        told = self._client.post(urlsplit(url).path, data=body, headers=dict(headers))
        return Fetched(
            status=told.status_code,
            url=url,
            headers=dict(told.headers),
            body=told.data,
            content_type=told.mimetype or "",
        )


def _unhurried() -> Callable[[], float]:
    """A clock for the rate limit on which a minute passes between two questions."""
    minutes = count(0, 60)
    return lambda: float(next(minutes))


def _epoch(instant: datetime) -> int:
    return int(instant.timestamp())
