"""Pure rules of the accounts that are shown: which heading a booking falls under, and how a month adds up.

Opening + received − fees − given back − spent + other = closing, to the penny, because every entry adds up to nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from coopgov.core.money import Money, decimals_of, zero
from coopgov.core.text import N_

HEADINGS: dict[str, str] = {
    "received": N_("Received"),
    "fees": N_("Fees"),
    "refunds": N_("Given back"),
    "spent": N_("Spent"),
    "other": N_("Transfers and adjustments"),
}
BACK_KINDS = ("refund", "dispute")  # kinds of entries by which income goes back
INCOME_PREFIX, FEES_PREFIX, EXPENSES_PREFIX = "income:", "expenses:fees:", "expenses:"
ASSETS_PREFIX, EQUITY_PREFIX = "assets:", "equity:"
FEW = 5  # fewer people than this stand behind a sum: nothing is shown that it is made of


@dataclass(frozen=True)
class Cell:
    """What one kind of entries did to one account in one month; ``month`` is its first day. Plus is debit."""

    month: date
    account: str
    kind: str
    amount: Money


@dataclass(frozen=True)
class MonthSums:
    """How one month adds up. All but ``other`` and the two balances are plus when they are as usual.

    ``received`` may be less than nothing only where bookings of an earlier month were put right.
    """

    month: date  # its first day
    opening: Money
    received: Money
    fees: Money
    refunds: Money
    spent: Money
    other: Money
    closing: Money

    @property
    def out(self) -> Money:
        """All that went away."""
        return self.fees + self.refunds + self.spent

    def of(self, heading: str) -> Money:
        """The sum under a heading of HEADINGS."""
        amount: Money = getattr(self, heading)
        return amount


def heading_of(account: str, kind: str) -> str:
    """The heading that a posting counts under; empty for what we hold, which is what the headings explain.

    >>> heading_of("income:dues", "contribution"), heading_of("income:dues", "refund"), heading_of("assets:bank", "fee")
    ('received', 'refunds', '')
    """
    if account.startswith(INCOME_PREFIX):
        return "refunds" if kind in BACK_KINDS else "received"
    if account.startswith(FEES_PREFIX):
        return "fees"
    if account.startswith(EXPENSES_PREFIX):
        return "spent"
    return "other" if account.startswith(EQUITY_PREFIX) else ""


def is_credit(heading: str) -> bool:
    """True for headings whose sums are shown with the sign turned: income and equity grow by credits."""
    return heading in ("received", "other")


def month_of(day: date) -> date:
    """The first day of its month."""
    return day.replace(day=1)


def next_month(month: date) -> date:
    """The first day of the month after ``month``."""
    return month.replace(year=month.year + month.month // 12, month=month.month % 12 + 1, day=1)


def months_between(first: date, last: date) -> list[date]:
    """First days of the months from ``first`` to ``last``, both included."""
    months = [month_of(first)]
    while months[-1] < month_of(last):
        months.append(next_month(months[-1]))
    return months


def statement(cells: Iterable[Cell], currency: str, until: date | None = None) -> list[MonthSums]:
    """The months of one currency, oldest first and without gaps, from the first entry to the last or to ``until``."""
    own = [cell for cell in cells if cell.amount.currency == currency]
    if not own:
        return []
    first = min(cell.month for cell in own)
    last = max([cell.month for cell in own] + ([until] if until else []))
    by_month: dict[date, list[Cell]] = {month: [] for month in months_between(first, last)}
    for cell in own:
        by_month[cell.month].append(cell)
    shown: list[MonthSums] = []
    for month, within in by_month.items():
        shown.append(_month_sums(month, within, shown[-1].closing if shown else zero(currency)))
    return shown


def _month_sums(month: date, cells: Sequence[Cell], opening: Money) -> MonthSums:
    sums = dict.fromkeys(HEADINGS, zero(opening.currency))
    closing = opening
    for cell in cells:
        heading = heading_of(cell.account, cell.kind)
        if heading:
            sums[heading] += -cell.amount if is_credit(heading) else cell.amount
        else:
            closing += cell.amount
    return MonthSums(month=month, opening=opening, closing=closing, **sums)


@dataclass(frozen=True)
class Pound:
    """Where one pound (or hundred, where there are no pence) goes. ``of_income``: of what came in, else of what went
    out, because that was more. ``parts``: fees, refunds, spent, kept, in this order, empty ones left out."""

    unit: Money
    of_income: bool
    parts: Mapping[str, Money]


def where_it_goes(months: Sequence[MonthSums]) -> Pound | None:
    """One pound of what these months received, in parts that add up to it; None when nothing came in or went out."""
    if not months:
        return None
    start = zero(months[0].received.currency)
    received = sum((month.received for month in months), start)
    sums = {name: sum((month.of(name) for month in months), start) for name in ("fees", "refunds", "spent")}
    out = sum(sums.values(), start)
    sums["kept"] = max(received - out, start)
    weights = [max(amount.minor, 0) for amount in sums.values()]
    if not sum(weights):
        return None
    unit = Money(10 ** (decimals_of(start.currency) or 2), start.currency)
    shares = zip(sums, unit.split(weights), strict=True)
    return Pound(unit, received >= out, {name: share for name, share in shares if share})
