"""Sums of money: whole minor units and a currency, never a float.

``Money(150, "GBP")`` is £1.50. How many decimals a currency has is ISO 4217's business (list of 2026-01-01).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from coopgov.core.errors import Kind, Refusals, Refused
from coopgov.core.text import N_

_NONE, _THREE = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF", "BHD IQD JOD KWD LYD OMR TND"
NO_DECIMALS, THREE_DECIMALS = frozenset(_NONE.split()), frozenset(_THREE.split())
MOST_MINOR = 99_999_999  # of one payment: Stripe takes eight digits; a typing mistake beyond any dues
_CODE = re.compile("[A-Z]{3}")
_TYPED = re.compile(r"(\d{1,12})(?:\.(\d*))?")

REFUSALS: Refusals = {
    "amount.unreadable": (Kind.INVALID, N_("Write a plain amount such as 3 or 1%(mark)s50, without other signs.")),
    "amount.decimals": (Kind.INVALID, N_("This currency has %(places)s decimals: write no more than that.")),
    "amount.zero": (Kind.INVALID, N_("Write an amount above zero.")),
    "amount.too_much": (Kind.INVALID, N_("That is more than one payment can be: at most %(most)s.")),
}


def decimals_of(currency: str) -> int:
    """How many decimals amounts in ``currency`` are written with: 2 for GBP, 0 for JPY, 3 for KWD (ISO 4217)."""
    if currency in NO_DECIMALS:
        return 0
    return 3 if currency in THREE_DECIMALS else 2


@dataclass(frozen=True, order=False)
class Money:
    """A sum. Sums of two currencies cannot be added or compared: that raises ValueError."""

    minor: int
    currency: str  # ISO 4217 code, capitals

    def __post_init__(self) -> None:
        if type(self.minor) is not int or not _CODE.fullmatch(self.currency):
            raise ValueError(f"not a sum of money: {self.minor!r} {self.currency!r}")

    def _of(self, other: "Money") -> int:
        if other.currency != self.currency:
            raise ValueError(f"{self.currency} and {other.currency} do not add up")
        return other.minor

    def __add__(self, other: "Money") -> "Money":
        return Money(self.minor + self._of(other), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.minor - self._of(other), self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.minor, self.currency)

    def __mul__(self, times: int) -> "Money":
        return Money(self.minor * times, self.currency)

    def __lt__(self, other: "Money") -> bool:
        return self.minor < self._of(other)

    def __le__(self, other: "Money") -> bool:
        return self.minor <= self._of(other)

    def __gt__(self, other: "Money") -> bool:
        return self.minor > self._of(other)

    def __ge__(self, other: "Money") -> bool:
        return self.minor >= self._of(other)

    def __bool__(self) -> bool:
        return self.minor != 0

    def __str__(self) -> str:
        return f"{self.plain} {self.currency}"

    @property
    def plain(self) -> str:
        """The sum as a plain decimal with a point, for machines and form fields: ``-1.50``; ``150`` for yen."""
        places = decimals_of(self.currency)
        digits = f"{abs(self.minor):0{places + 1}d}"
        shown = f"{digits[:-places]}.{digits[-places:]}" if places else digits
        return f"-{shown}" if self.minor < 0 else shown

    def share(self, part: Fraction) -> "Money":
        """``part`` of the sum, rounded to the nearest minor unit, a half away from zero."""
        exact = self.minor * part
        rounded = int(abs(exact) + Fraction(1, 2))
        return Money(rounded if exact >= 0 else -rounded, self.currency)

    def split(self, weights: Sequence[int]) -> list["Money"]:
        """The sum in parts as ``weights`` (largest remainder first, earlier ones on a tie); nothing is lost.

        Raises ValueError for weights that are negative or all zero.
        """
        total = sum(weights)
        if total <= 0 or min(weights) < 0:
            raise ValueError("weights must be positive")
        shares = [self.minor * weight // total for weight in weights]
        by_remainder = sorted(range(len(weights)), key=lambda n: (-(self.minor * weights[n] % total), n))
        for n in by_remainder[: self.minor - sum(shares)]:
            shares[n] += 1
        return [Money(share, self.currency) for share in shares]


def zero(currency: str) -> Money:
    """Nothing, in ``currency``."""
    return Money(0, currency)


def total(sums: Sequence[Money], currency: str) -> Money:
    """The sum of ``sums``, which are all in ``currency``; zero of it for none."""
    return sum(sums, zero(currency))


def read_amount(typed: str, currency: str, decimal_mark: str = ".") -> Money:
    """The sum that somebody typed, above zero and at most MOST_MINOR: ``3``, ``1.50``, ``£1``.

    ``decimal_mark`` is the typist's language's. Raises Refused: ``amount.unreadable``, ``amount.decimals``,
    ``amount.zero`` or ``amount.too_much``; nothing is rounded and no grouping is guessed at, because 1,500 is
    fifteen hundred to one reader and one and a half to the next.
    """
    text = _without_symbol(typed.strip(), currency)
    if decimal_mark == "," and "." not in text:
        text = text.replace(",", ".", 1)
    found = _TYPED.fullmatch(text)
    if found is None or not text.isascii():
        raise Refused("amount.unreadable", mark=decimal_mark)
    whole, fraction = found[1], found[2] or ""
    places = decimals_of(currency)
    if len(fraction) > places:
        raise Refused("amount.decimals", places=places)
    minor = int(whole + fraction.ljust(places, "0"))
    if minor == 0:
        raise Refused("amount.zero")
    if minor > MOST_MINOR:
        raise Refused("amount.too_much", most=Money(MOST_MINOR, currency).plain)
    return Money(minor, currency)


def _without_symbol(text: str, currency: str) -> str:
    symbols = {"GBP": "£", "EUR": "€", "USD": "$"}
    for sign in (symbols.get(currency, ""), currency):
        if sign:
            text = text.removeprefix(sign).removesuffix(sign).strip()
    return text
