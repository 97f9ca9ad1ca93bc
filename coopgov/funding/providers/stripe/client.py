"""What coopgov asks of Stripe."""

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from coopgov.config import Settings
from coopgov.core.money import Money
from coopgov.funding.providers.base import (
    Checkout,
    CheckoutOrder,
    PledgeChange,
    ProviderRefused,
    Snapshot,
)
from coopgov.funding.providers.stripe import sweeping
from coopgov.funding.providers.stripe.looking import Looker, look
from coopgov.funding.providers.stripe.reading import Ours, instant
from coopgov.funding.providers.stripe.sdk import KeyReused, Missing, Plain, client, pages, plainly
from coopgov.funding.providers.stripe.sweeping import Cursor, Portion, first_cursor
from coopgov.funding.providers.stripe.units import to_stripe
from coopgov.infra.clock import now
from coopgov.infra.coop import the_coop

SESSION = "{CHECKOUT_SESSION_ID}"  # Stripe writes the session's id here
LANGUAGES = frozenset(("cs", "da", "de", "el", "en", "es", "fi", "fr", "hu", "it", "nb", "nl", "pl", "pt", "ro", "sv"))
_KEY = re.compile(r"(?:sk|rk)_(?:test|live)_\w+")
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def connect(settings: Settings) -> "Stripe | None":
    """Stripe as these settings know it; None without a key. Reads the co-op's profile, so call it before you speak to
    the network. Raises ProviderRefused for a key that is no secret or restricted one."""
    key = settings.stripe_secret_key
    if not key:
        return None
    if not _KEY.fullmatch(key):
        raise ProviderRefused("COOPGOV_STRIPE_SECRET_KEY is no secret or restricted key of Stripe's.")
    coop = the_coop()
    ours = Ours(coop.instance if coop else "", is_live(key), ZoneInfo(coop.zone if coop else "UTC"))
    return Stripe(client(key, settings.stripe_api_base, _may_go_private(settings)).v1, ours, now)


def is_live(key: str) -> bool:
    """True for a key that moves real money."""
    return key[3:8] == "live_"


def _may_go_private(settings: Settings) -> bool:
    """In development, to a stand-in on this machine."""
    host = urlsplit(settings.stripe_api_base).hostname
    return settings.allow_private_peers or (host in _LOOPBACK and not settings.is_https)


@dataclass(frozen=True)
class Stripe:
    """One account. Every method speaks to the network and raises ProviderDown or ProviderRefused."""

    v1: Any
    ours: Ours
    clock: Callable[[], datetime]

    def _looker(self) -> Looker:
        return Looker(self.v1, self.ours, self.clock)

    # Paying

    def open_checkout(self, order: CheckoutOrder) -> Checkout:
        """The page on which this order is paid; the same order gives the same page while it is open.

        Raises ProviderRefused for a sum that Stripe cannot charge, and when the order was paid already.
        """
        customer = order.customer or self._new_customer(order, f"cust-{order.party_id}")
        try:
            session = self._session_for(order, customer)
        except Missing:  # the customer was deleted in the dashboard
            session = self._session_for(order, self._new_customer(order, f"cust-{order.party_id}-{order.key}"))
        return Checkout(
            checkout_id=session["id"],
            url=session["url"],
            customer=session["customer"],
            expires_at=instant(session["expires_at"]),
        )

    def _new_customer(self, order: CheckoutOrder, key: str) -> str:
        metadata = {"instance": self.ours.instance, "party": str(order.party_id)}
        facts: dict[str, Any] = {"email": order.email, "name": order.name, "metadata": metadata}
        try:
            return str(plainly(self.v1.customers.create, **facts, key=key)["id"])
        except KeyReused:  # their name or address changed since
            return str(plainly(self.v1.customers.create, **facts, key=f"{key}-{_digest(facts)}")["id"])

    def _session_for(self, order: CheckoutOrder, customer: str) -> Plain:
        wanted = self._session(order, customer)
        try:
            made = plainly(self.v1.checkout.sessions.create, **wanted, key=order.key)
        except KeyReused:  # the same order with another language or address
            made = plainly(self.v1.checkout.sessions.create, **wanted, key=f"{order.key}-{_digest(wanted)}")
        session = plainly(
            self.v1.checkout.sessions.retrieve, made["id"]
        )  # an answer to a used key is as old as the key
        if session["status"] == "complete":
            raise ProviderRefused("This order was paid already.")
        if session["status"] == "expired":
            session = plainly(self.v1.checkout.sessions.create, **wanted, key=f"{order.key}-after-{session['id']}")
        return session

    def _session(self, order: CheckoutOrder, customer: str) -> dict[str, Any]:
        metadata = {
            "instance": self.ours.instance,
            "pledge": str(order.pledge_id),
            "party": str(order.party_id),
            "product": order.product,
        }
        price = self._price(order.amount, order.interval, order.product, order.title)
        return {
            "mode": "subscription",
            "customer": customer,
            "client_reference_id": str(order.pledge_id),
            "line_items": [{"price_data": price, "quantity": 1}],
            "metadata": metadata,
            "subscription_data": {"metadata": metadata},
            "success_url": _with_session(order.success_url),
            "cancel_url": order.cancel_url,
            "locale": _locale(order.language),
        }

    def _price(self, amount: Money, interval: str, product: str, title: str) -> dict[str, Any]:
        try:
            units = to_stripe(amount)
        except ValueError as error:
            raise ProviderRefused(str(error)) from None
        return {
            "currency": amount.currency.lower(),
            "product": self._product(product, title),
            "unit_amount": units,
            "recurring": {"interval": interval},
        }

    def _product(self, product: str, title: str) -> str:
        """Stripe's id of our product, which is made or renamed as needed."""
        name = self.ours.product_id(product)
        try:
            found = plainly(self.v1.products.retrieve, name)
        except Missing:
            self._make_product(name, product, title)
            return name
        if title and found["name"] != title:
            plainly(self.v1.products.update, name, name=title)
        return name

    def _make_product(self, name: str, product: str, title: str) -> None:
        metadata = {"instance": self.ours.instance, "product": product}
        try:
            plainly(self.v1.products.create, id=name, name=title or product, metadata=metadata)
        except ProviderRefused:  # somebody else made it meanwhile
            plainly(self.v1.products.retrieve, name)

    def look_at_checkout(self, checkout_id: str) -> Snapshot:
        """What became of a page: its subscription, payment and fee; nothing but a problem for pages that are not ours.

        Raises ProviderRefused for an id that this account does not know.
        """
        if not re.fullmatch(r"cs_\w{1,115}", checkout_id):
            raise Missing("This is no Checkout session.")
        looker = self._looker()
        looker.session(checkout_id)
        return looker.seen.snapshot()

    def close_checkout(self, checkout_id: str) -> None:
        """Nobody can pay on this page any more; one that was paid or has closed stays as it is."""
        session = plainly(self.v1.checkout.sessions.retrieve, checkout_id)
        if session["status"] == "open":
            plainly(self.v1.checkout.sessions.expire, checkout_id, key=f"close-{checkout_id}")

    # While it runs

    def portal_url(self, customer: str, return_url: str, language: str) -> str:
        """An address, good for some minutes, where a customer sees invoices, changes the card, leaves."""
        return str(
            plainly(
                self.v1.billing_portal.sessions.create,
                customer=customer,
                return_url=return_url,
                locale=_locale(language),
                configuration=self._portal(),
            )["url"]
        )

    def _portal(self) -> str:
        """Our own settings of the portal: amounts are changed here, not there."""
        listed = pages(self.v1.billing_portal.configurations.list, active=True)
        mine = (row for row in listed if row["metadata"].get("instance") == self.ours.instance)
        found = next(mine, None)
        if found is None:
            features = {
                "invoice_history": {"enabled": True},
                "payment_method_update": {"enabled": True},
                "subscription_cancel": {"enabled": True, "mode": "at_period_end"},
            }
            metadata = {"instance": self.ours.instance}
            make = self.v1.billing_portal.configurations.create
            found = plainly(make, features=features, metadata=metadata, key=f"portal-{self.ours.instance}")
        return str(found["id"])

    def change(self, change: PledgeChange) -> Snapshot:
        """Does what is asked (PledgeChange) and shows the subscription as it is then; doing it again changes nothing.

        A new amount or interval holds from the next period on, and nothing is asked for before.
        """
        found = plainly(self.v1.subscriptions.retrieve, change.remote_id)
        if self.ours.problem(found):
            raise ProviderRefused("This subscription is not this co-op's.")
        if found["status"] not in ("canceled", "incomplete_expired"):
            self._change(found, change)
        elif change.kind != "cancel":
            raise ProviderRefused("This subscription has ended.")
        looker = self._looker()
        looker.subscription(change.remote_id)
        return looker.seen.snapshot()

    def _change(self, found: Plain, change: PledgeChange) -> None:
        update = partial(plainly, self.v1.subscriptions.update, change.remote_id, key=change.key)
        if change.kind == "amount":
            update(**self._new_terms(found, change))
        elif change.kind == "pause":
            until = {"resumes_at": int(change.until.timestamp())} if change.until else {}
            update(pause_collection={"behavior": "void", **until})
        elif change.kind == "resume":
            self._resume(found, change)
        elif change.kind == "cancel" and change.at_once:
            plainly(self.v1.subscriptions.cancel, change.remote_id, key=change.key)
        elif change.kind == "cancel":
            update(cancel_at_period_end=True)
        elif found["cancel_at_period_end"]:
            update(cancel_at_period_end=False)
        elif found["cancel_at"]:
            update(cancel_at="")

    def _resume(self, found: Plain, change: PledgeChange) -> None:
        if found["pause_collection"]:
            plainly(self.v1.subscriptions.update, change.remote_id, pause_collection="", key=change.key)
        elif found["status"] == "paused":
            plainly(self.v1.subscriptions.resume, change.remote_id, key=change.key)

    def _new_terms(self, found: Plain, change: PledgeChange) -> dict[str, Any]:
        """A change of interval would begin a new period at once: a trial until the paid one ends puts that off."""
        if change.amount is None:
            raise ProviderRefused("No amount was named.")
        item = found["items"]["data"][0]
        price = self._price(change.amount, change.interval, change.product, change.title)
        terms: dict[str, Any] = {
            "items": [{"id": item["id"], "price_data": price}],
            "proration_behavior": "none",
            "metadata": {"product": change.product},
        }
        if change.interval != item["price"]["recurring"]["interval"]:
            terms["trial_end"] = item["current_period_end"]
        return terms

    def refund(self, charge_id: str, amount: Money, key: str) -> Snapshot:
        """Gives back ``amount`` of a charge (or payment intent), and shows the payment as it is then."""
        try:
            units = to_stripe(amount)
        except ValueError as error:
            raise ProviderRefused(str(error)) from None
        name = "payment_intent" if charge_id.startswith("pi_") else "charge"
        metadata = {"instance": self.ours.instance}
        found = plainly(self.v1.refunds.create, **{name: charge_id}, amount=units, metadata=metadata, key=key)
        looker = self._looker()
        looker.refund(found["id"])
        return looker.seen.snapshot()

    # Looking

    def look_at_event(self, kind: str, object_id: str) -> Snapshot:
        """All that belongs to the object of a message, as it is now. Raises Missing when there is nothing of it."""
        return look(self._looker(), kind, object_id)

    def look_at_pledge(self, remote_id: str) -> Snapshot:
        """A subscription as it is now, with its newest payment."""
        return look(self._looker(), "customer.subscription.updated", remote_id)

    def portion(self, cursor: Cursor) -> Portion:
        """The next page of a reading of everything (``sweeping.first_cursor``)."""
        return sweeping.portion(self._looker(), self.v1, cursor, self.clock)

    def sweep(self, since: datetime) -> Iterator[Snapshot]:
        """Everything that changed since then, in portions of at most a hundred objects and what belongs to them."""
        cursor: Cursor | None = first_cursor(since)
        while cursor is not None:
            part = self.portion(cursor)
            yield part.snapshot
            cursor = part.after

    def answers(self) -> bool:
        """True when the key is good for reading what we hold there."""
        return bool(plainly(self.v1.balance.retrieve))


def _with_session(url: str) -> str:
    if SESSION in url:
        return url
    return f"{url}{'&' if '?' in url else '?'}session_id={SESSION}"


def _locale(language: str) -> str:
    short = language.replace("_", "-").split("-")[0].lower()
    return short if short in LANGUAGES else "auto"


def _digest(wanted: dict[str, Any]) -> str:
    return hashlib.sha256(repr(sorted(wanted.items())).encode()).hexdigest()[:12]
