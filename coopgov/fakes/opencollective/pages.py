"""The contribution page, which takes what Open Collective's takes: amount, interval, name, email, tags, redirect."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from decimal import Decimal, InvalidOperation
from typing import Any

from coopgov.fakes.opencollective.acts import Stage
from coopgov.fakes.opencollective.objects import Order, Tier
from coopgov.fakes.opencollective.world import Unknown

INTERVALS = (("", "Once"), ("month", "Every month"), ("year", "Every year"))
WAYS = (
    ("card", "The card works"),
    ("declined", "The card is declined"),
    ("bacs", "A direct debit is under way"),
    ("transfer", "I will send a bank transfer"),
)
HOW: dict[str, dict[str, str]] = {
    "card": {"method": "card"},
    "declined": {"method": "card", "outcome": "declined"},
    "bacs": {"method": "bacs", "outcome": "processing"},
    "transfer": {"method": "transfer", "outcome": "pending"},
}
MOST_CENTS = 99_999_999


class NotAccepted(ValueError):
    """The form cannot be meant; the text says why."""


@dataclass(frozen=True)
class Typed:
    """What the address or the form says. ``redirect`` is where the payer goes afterwards."""

    amount: str = ""
    interval: str = ""
    email: str = ""
    name: str = ""
    tags: str = ""
    redirect: str = ""
    contributeAs: str = ""  # Open Collective's spelling
    way: str = "card"


def typed_in(values: Mapping[str, str], tier: Tier | None) -> Typed:
    """What is known of a contribution to ``tier``, its amount and interval filled in where nothing was said."""
    given = {f.name: values[f.name].strip() for f in fields(Typed) if f.name in values}
    if tier is not None:
        given.setdefault("amount", f"{tier.cents / 100:.2f}")
        given.setdefault("interval", {"MONTHLY": "month", "YEARLY": "year"}.get(tier.frequency, ""))
    given["interval"] = given.get("interval", "").strip("'\"")  # their own documentation quotes it
    return Typed(**given)


def contribute_as_typed(stage: Stage, tier: Tier | None, typed: Typed) -> Order:
    """The contribution that the form asks for; raises NotAccepted."""
    wanted: dict[str, Any] = {"act": "contribute", "cents": _cents(typed.amount), "interval": typed.interval}
    if typed.interval not in dict(INTERVALS) or typed.way not in HOW:
        raise NotAccepted("Choose how often and how you pay.")
    if typed.redirect and not typed.redirect.startswith(("http://", "https://")):
        raise NotAccepted("The address to return to must start with http:// or https://.")
    if tier is not None:
        wanted["tier"] = tier.slug
        if wanted["cents"] < tier.least_cents:
            raise NotAccepted(f"The least for {tier.name} is {tier.least_cents / 100:.2f} {tier.currency}.")
    wanted["by"] = _payer(stage, typed)
    wanted["tags"] = [tag.strip() for tag in typed.tags.split(",") if tag.strip()]
    try:
        order = stage.act(wanted | HOW[typed.way])
    except ValueError as error:
        raise NotAccepted(str(error)) from None
    assert isinstance(order, Order)
    if order.status == "ERROR":
        raise NotAccepted("Your card was declined.")
    return order


def _cents(text: str) -> int:
    try:
        cents = Decimal(text) * 100
    except InvalidOperation:
        raise NotAccepted("The amount is not a number.") from None
    if not cents.is_finite() or cents != cents.to_integral_value() or not 0 < cents <= MOST_CENTS:
        raise NotAccepted("The amount must be more than nothing, in whole pence.")
    return int(cents)


def _payer(stage: Stage, typed: Typed) -> str:
    """The slug of whoever pays: somebody who is known by name or address, else a new guest."""
    if typed.contributeAs:
        try:
            return stage.world.account(typed.contributeAs).slug
        except Unknown as error:
            raise NotAccepted(str(error)) from None
    if "@" not in typed.email:
        raise NotAccepted("An e-mail address is needed.")
    for account in stage.world.accounts:
        if account.email.casefold() == typed.email.casefold() and not account.is_deleted:
            return account.slug
    slug = f"guest-{hashlib.sha256(typed.email.encode()).hexdigest()[:8]}"
    name = typed.name or "Guest"
    stage.act({"act": "person", "slug": slug, "name": name, "email": typed.email, "guest": True})
    return slug


def shown(typed: Typed) -> dict[str, str]:
    """For the page's fields."""
    return asdict(typed)
