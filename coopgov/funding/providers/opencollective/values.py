"""Single values of Open Collective's answers as ours: sums, instants, people."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from typing import Any

from babel.numbers import list_currencies

from coopgov.core.money import Money, decimals_of
from coopgov.funding.providers.base import RemotePayer

MOST_CENTS = 10**13
PEOPLE = ("INDIVIDUAL", "BOT")


class Unreadable(Exception):
    """A value that cannot be meant; ``why`` names it in a word."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@contextmanager
def of_our_shape() -> Iterator[None]:
    """Whatever is not of the shape that the schema promises is Unreadable, too."""
    try:
        yield
    except (AttributeError, TypeError, ValueError, LookupError) as error:
        raise Unreadable("shape") from error


def money(amount: Any) -> Money:
    """An Amount, exactly: raises Unreadable for parts of a cent and for what is no currency.

    Its cents are hundredths in every currency, also in those that have none; it is a Float in the schema.
    """
    try:
        cents, currency = amount["valueInCents"], amount["currency"]
    except (TypeError, KeyError):
        raise Unreadable("amount") from None
    if currency not in _currencies():
        raise Unreadable("currency")
    if type(cents) not in (int, float) or not abs(cents) < MOST_CENTS or cents != int(cents):
        raise Unreadable("amount")
    minor, rest = divmod(int(cents) * 10 ** decimals_of(currency), 100)
    if rest:
        raise Unreadable("amount")
    return Money(minor, currency)


@cache
def _currencies() -> frozenset[str]:
    return frozenset(list_currencies())


def instant(text: Any) -> datetime:
    """A DateTime; raises Unreadable."""
    try:
        found = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        raise Unreadable("time") from None
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def instant_or_none(text: Any) -> datetime | None:
    """A DateTime that may be missing."""
    return None if text is None else instant(text)


def word(value: Any, why: str) -> str:
    """A text that must be there; raises Unreadable."""
    if not isinstance(value, str) or not value:
        raise Unreadable(why)
    return value


def text(value: Any) -> str:
    """A text that may be missing; raises Unreadable for anything else."""
    return "" if value is None else word(value, "text") if value != "" else ""


def payer(account: Any) -> RemotePayer | None:
    """Who pays; None for an account that was deleted. The name of an incognito profile says nothing and is left out."""
    if account is None:
        return None
    kind = _kind(account)
    return RemotePayer(
        remote_id=word(account.get("publicId"), "payer"),
        name="" if kind == "incognito" else text(account.get("name")),
        email=text(next(iter(account.get("emails") or ()), "")),
        kind=kind,
    )


def _kind(account: Any) -> str:
    if account.get("isIncognito"):
        return "incognito"
    if account.get("isGuest"):
        return "guest"
    return "person" if account.get("type") in PEOPLE else "organisation"
