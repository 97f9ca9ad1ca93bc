"""The accounts as pages draw them: bars over time, and where a pound goes. Sizes are SVG attributes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from coopgov.core.money import Money
from coopgov.funding.rules.statement import MonthSums, Pound, where_it_goes

PLOT = 220  # pixels for the bars, those that go up and those that go down together
HELD_PLOT = 96  # pixels for the bars of what is held
MOST_MONTHS = 12
SHARES = {"fees": "undecided", "refunds": "blocked", "spent": "failed", "kept": "passed"}  # part → class of its colour


@dataclass(frozen=True)
class Bar:
    """A bar: its left edge and width as shares of the drawing, top and height in pixels."""

    x: str
    width: str
    y: float
    height: float


@dataclass(frozen=True)
class MonthBars:
    """One month of a chart; ``middle`` is where its letter stands."""

    month: date
    middle: str
    received: Bar
    out: Bar
    held: Bar
    sums: MonthSums


@dataclass(frozen=True)
class Chart:
    """Money over time. ``base`` is the line between what came and what went, ``held_base`` that of what was held."""

    months: Sequence[MonthBars]
    base: float
    height: int
    held_base: float
    held_height: int


@dataclass(frozen=True)
class Part:
    """A part of a pound: ``name`` as in rules.statement, ``width`` and ``x`` as shares of the bar."""

    name: str
    amount: Money
    x: str
    width: str
    look: str


@dataclass(frozen=True)
class PoundBar:
    """Where one pound goes."""

    unit: Money
    of_income: bool
    parts: Sequence[Part]


@dataclass(frozen=True)
class _Scale:
    """How many pixels a minor unit is high, and where the bars stand."""

    slot: float  # share of the drawing that a month has
    per_flow: float
    per_held: float
    base: float
    held_base: float

    def month(self, n: int, sums: MonthSums) -> MonthBars:
        """The bars of the ``n``-th month."""
        left, up, down = n * self.slot, _upward(sums.received), _upward(sums.out)
        rise = sums.closing.minor * self.per_held
        return MonthBars(
            month=sums.month,
            middle=_share(left + self.slot / 2),
            received=self._bar(left, self.base - up * self.per_flow, up * self.per_flow),
            out=self._bar(left, self.base, down * self.per_flow),
            held=self._bar(left, self.held_base - max(rise, 0), abs(rise)),
            sums=sums,
        )

    def _bar(self, left: float, y: float, height: float) -> Bar:
        return Bar(_share(left + self.slot * 0.18), _share(self.slot * 0.64), round(y, 1), round(height, 1))


def chart(months: Sequence[MonthSums]) -> Chart | None:
    """The last twelve of ``months`` (oldest first); None when nothing came or went in them."""
    shown = months[-MOST_MONTHS:]
    up = max((_upward(sums.received) for sums in shown), default=0)
    down = max((_upward(sums.out) for sums in shown), default=0)
    if not up + down:
        return None
    held = [0, *(sums.closing.minor for sums in shown)]
    per_flow, per_held = PLOT / (up + down), HELD_PLOT / ((max(held) - min(held)) or 1)
    scale = _Scale(100 / len(shown), per_flow, per_held, up * per_flow, max(held) * per_held)
    return Chart(
        months=[scale.month(n, sums) for n, sums in enumerate(shown)],
        base=round(scale.base, 1),
        height=PLOT,
        held_base=round(scale.held_base, 1),
        held_height=HELD_PLOT,
    )


def _upward(amount: Money) -> int:
    return max(amount.minor, 0)


def _share(part: float) -> str:
    return f"{part:.2f}%"


def pound_bar(months: Sequence[MonthSums]) -> PoundBar | None:
    """Where one pound of what these months received goes; None when nothing came or went."""
    pound: Pound | None = where_it_goes(months)
    if pound is None:
        return None
    parts, x = [], 0.0
    whole = sum(amount.minor for amount in pound.parts.values())
    for name, amount in pound.parts.items():
        width = 100 * amount.minor / whole
        parts.append(Part(name, amount, _share(x), _share(width), SHARES[name]))
        x += width
    return PoundBar(pound.unit, pound.of_income, parts)
