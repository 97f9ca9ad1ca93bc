"""Who pays how much, how and how often, as money.toml has it and chance fills in."""

import random
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from coopgov.core.money import Money
from coopgov.demo.cast import HERE, Person

MONTHS = {"month": 1, "year": 12}
OF_FATES = {  # how those pay whose money has a story of its own; the others as chance has it
    "two_orders": "opencollective",
    "incognito": "opencollective",
    "guest": "opencollective",
    "by_bank": "bank",
    "by_organisation": "",
}


@dataclass(frozen=True)
class Purse:
    """``amount`` each ``interval`` (month, year) in ``tier`` (a slug), from ``till``.

    ``till``: stripe (by card), debit (at Stripe), opencollective, bank, cash, or empty for whom others pay. ``fate``:
    what becomes of it (paying.FATES); ``number``: the how many-eth with this fate.
    """

    till: str
    tier: str
    amount: Money
    interval: str
    fate: str = ""
    number: int = 0

    @property
    def source(self) -> str:
        """Where the money comes in."""
        return "stripe" if self.till == "debit" else self.till


@cache
def till_book() -> dict[str, Any]:
    """money.toml: tiers, rule and terms, how people pay, what is spent."""
    return tomllib.loads((HERE / "money.toml").read_text())


def money(minor: int) -> Money:
    """A sum in the co-op's currency."""
    return Money(minor, till_book()["currency"])


def purses(cast: Sequence[Person], silent: Sequence[Person], rng: random.Random) -> dict[str, Purse]:
    """A purse for everybody, by key. ``silent``: those who do not speak, of whom the first ones may have a fate."""
    fates = list(_fates())
    found = {person.key: _by_chance(rng) for person in (*cast, *silent)}
    found |= {person.key: _with_fate(rng, *fate) for person, fate in zip(silent, fates, strict=False)}
    for key, plain in till_book()["purses"].items():
        found[key] = Purse(**dict(_named(plain)))
    return found


def _named(plain: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in plain.items():
        yield ("amount", money(value)) if name == "minor" else (name, value)


def _fates() -> Iterator[tuple[str, int]]:
    for entry in till_book()["fates"]:
        yield from ((entry["fate"], number) for number in range(entry["number"]))


def _by_chance(rng: random.Random) -> Purse:
    ways = till_book()["ways"]
    till = rng.choices(("stripe", "opencollective"), [ways[way]["weight"] for way in ("stripe", "opencollective")])[0]
    yearly = rng.random() * 100 < ways[till]["yearly"]
    tiers = till_book()["tiers"]
    tier = rng.choices(tiers, [tier["weight"] for tier in tiers])[0]
    monthly = rng.choice(tier["suggested"])
    if till == "stripe" and rng.random() * 100 < ways["debit"]:
        till = "debit"
    interval = "year" if yearly else "month"
    return Purse(till, tier["slug"], money(monthly * MONTHS[interval]), interval)


def _with_fate(rng: random.Random, fate: str, number: int) -> Purse:
    """Monthly by card at Stripe, unless the fate is one of another till."""
    till = OF_FATES.get(fate, "stripe")
    if till == "bank":
        return Purse(till, "member", money(3600), "year", fate, number)
    monthly = Purse(till, "member", money(rng.choice((300, 300, 400))), "month", fate, number)
    return replace(monthly, tier="supporter", amount=money(500)) if fate == "overpays" else monthly
