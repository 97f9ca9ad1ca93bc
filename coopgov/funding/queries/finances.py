"""Reads of the accounts that everybody sees: sums by month, and the nameless bookings behind each sum.

The database adds up; what comes here is a handful of rows a month. Who paid is counted and never told.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, String, and_, case, cast, extract, func, literal, select

from coopgov.core.money import Money
from coopgov.funding.models import Contribution, LedgerEntry, Posting
from coopgov.funding.rules.statement import (
    BACK_KINDS,
    EQUITY_PREFIX,
    EXPENSES_PREFIX,
    FEES_PREFIX,
    FEW,
    INCOME_PREFIX,
    Cell,
    MonthSums,
    is_credit,
    next_month,
    statement,
)
from coopgov.infra.db import db
from coopgov.infra.kept import kept

Group = tuple[date, str, str]  # month, heading, currency


@dataclass(frozen=True)
class Wanted:
    """Which bookings: of one month, one heading, one currency; None and empty: of all."""

    month: date | None = None
    heading: str = ""
    currency: str = ""


@dataclass(frozen=True)
class BookedLine:
    """One booking under a heading, with the sign that the heading has."""

    entry_id: int
    day: date
    kind: str
    account: str
    heading: str
    amount: Money
    note: str
    is_reversal: bool
    is_payment: bool  # somebody's, or what went back on one

    @property
    def group(self) -> Group:
        """Under which sum of the statement it stands."""
        return self.day.replace(day=1), self.heading, self.amount.currency


@dataclass(frozen=True)
class FewLines:
    """Bookings that are shown as one sum, because fewer people than FEW stand behind them."""

    month: date
    heading: str
    amount: Money
    number: int

    @property
    def group(self) -> Group:
        """Under which sum of the statement they stand."""
        return self.month, self.heading, self.amount.currency


@dataclass(frozen=True)
class Accounts:
    """The months of one currency, oldest first. ``is_withheld``: they would show what one of a few people pays."""

    currency: str
    months: Sequence[MonthSums]
    is_withheld: bool


def ledger_stamp() -> int:
    """The number of the newest entry; 0 in an empty ledger. Whatever is booked changes it."""
    return db.session.scalar(select(func.max(LedgerEntry.id))) or 0


def accounts(until: date) -> list[Accounts]:
    """Every currency that was booked, the one with most kinds of bookings first, each up to the month of ``until``.

    For pages, outside a write transaction: the sums are worked out once for each state of the ledger.
    """
    found, payers = kept("ledger cells", ledger_stamp(), cells), _payers_in_all()
    sizes: dict[str, int] = {}
    for cell in found:
        sizes[cell.amount.currency] = sizes.get(cell.amount.currency, 0) + 1
    return [
        Accounts(currency, () if withheld else statement(found, currency, until), withheld)
        for currency in sorted(sizes, key=lambda code: (-sizes[code], code))
        for withheld in [are_few(payers.get(currency, 0))]
    ]


def are_few(people: int) -> bool:
    """True when so many people are somebody, and too few to hide one another."""
    return 0 < people < FEW


def cells() -> list[Cell]:
    """What each kind of entries did to each account in each month and currency, in one statement."""
    year, month = _year(), _month()
    query = select(year, month, Posting.account, LedgerEntry.kind, Posting.currency, func.sum(Posting.amount_minor))
    query = query.join(LedgerEntry, LedgerEntry.id == Posting.entry_id)
    rows = db.session.execute(query.group_by(year, month, Posting.account, LedgerEntry.kind, Posting.currency))
    return [Cell(date(int(y), int(m), 1), account, kind, Money(int(sum_), c)) for y, m, account, kind, c, sum_ in rows]


def _payers_in_all() -> dict[str, int]:
    query = select(Contribution.currency, func.count(_person().distinct()))
    paid = query.where(Contribution.remote_status == "succeeded", Contribution.gross_minor > 0)
    return {currency: number for currency, number in db.session.execute(paid.group_by(Contribution.currency))}


def is_withheld(currency: str) -> bool:
    """True while so few people have paid in ``currency`` that any sum would show what one of them pays."""
    return are_few(_payers_in_all().get(currency, 0))


# The bookings behind a sum


def line_count(wanted: Wanted, few: Iterable[FewLines] = ()) -> int:
    """How many bookings ``lines`` would give."""
    query = select(func.count()).select_from(Posting).join(LedgerEntry, LedgerEntry.id == Posting.entry_id)
    return db.session.scalar(query.where(*_within(wanted), *_shown(few))) or 0


def lines(wanted: Wanted, few: Iterable[FewLines] = (), limit: int | None = None, first: int = 0) -> list[BookedLine]:
    """The bookings of ``wanted``, newest first, without those that ``few`` stands for."""
    told = (LedgerEntry.id, LedgerEntry.day, LedgerEntry.kind, LedgerEntry.note)
    marks = (LedgerEntry.reverses, LedgerEntry.contribution_id)
    query = (
        select(*told, *marks, Posting.account, heading_in_sql(), Posting.amount_minor, Posting.currency)
        .join(Posting, Posting.entry_id == LedgerEntry.id)
        .where(*_within(wanted), *_shown(few))
        .order_by(LedgerEntry.day.desc(), LedgerEntry.id.desc(), Posting.id)
    )
    return [_line(row) for row in db.session.execute(query.limit(limit).offset(first) if limit else query)]


def _line(row: Any) -> BookedLine:
    entry_id, day, kind, note, reverses, contribution_id, account, heading, minor, currency = row
    amount = Money(-minor if is_credit(heading) else minor, currency)
    is_payment = contribution_id is not None
    return BookedLine(entry_id, day, kind, account, heading, amount, note, reverses is not None, is_payment)


def public_lines(wanted: Wanted) -> tuple[list[BookedLine], list[FewLines]]:
    """All that the public may see of ``wanted``, for files: bookings, and sums of those that are not shown one by one.

    Together they are the statement's sums. Currencies that are withheld are left out.
    """
    withheld = {currency for currency, people in _payers_in_all().items() if are_few(people)}
    few = [some for some in few_lines(wanted) if some.amount.currency not in withheld]
    hidden = {some.group for some in few}
    shown = [line for line in lines(wanted) if line.amount.currency not in withheld]
    return [line for line in shown if not (line.is_payment and line.group in hidden)], few


def few_lines(wanted: Wanted) -> list[FewLines]:
    """Sums of payments of fewer people than FEW: what is shown instead of their bookings, in one statement."""
    year, month, heading = _year(), _month(), heading_in_sql()
    key = (year, month, heading, Posting.currency)
    query = (
        select(*key, func.sum(Posting.amount_minor), func.count())
        .select_from(Posting)
        .join(LedgerEntry, LedgerEntry.id == Posting.entry_id)
        .join(Contribution, Contribution.id == LedgerEntry.contribution_id)
        .where(*_within(wanted))
        .group_by(*key)
        .having(func.count(_person().distinct()) < FEW)
        .order_by(year.desc(), month.desc(), heading)
    )
    rows = db.session.execute(query)
    return [_few(date(int(y), int(m), 1), under, Money(int(sum_), c), n) for y, m, under, c, sum_, n in rows]


def _few(month: date, heading: str, amount: Money, number: int) -> FewLines:
    return FewLines(month, heading, -amount if is_credit(heading) else amount, number)


def _shown(few: Iterable[FewLines]) -> list[ColumnElement[bool]]:
    """Conditions that leave out the payments of few people."""
    return [~and_(LedgerEntry.contribution_id.is_not(None), *_within(Wanted(*some.group))) for some in few]


def _within(wanted: Wanted) -> list[ColumnElement[bool]]:
    heading = heading_in_sql()
    conditions = [heading == wanted.heading if wanted.heading else heading != ""]
    if wanted.month is not None:
        conditions += [LedgerEntry.day >= wanted.month, LedgerEntry.day < next_month(wanted.month)]
    if wanted.currency:
        conditions.append(Posting.currency == wanted.currency)
    return conditions


def heading_in_sql() -> ColumnElement[str]:
    """``rules.statement.heading_of`` for the database; a test holds the two together."""
    account, is_back = Posting.account, LedgerEntry.kind.in_(BACK_KINDS)
    return case(
        (and_(account.startswith(INCOME_PREFIX), is_back), "refunds"),
        (account.startswith(INCOME_PREFIX), "received"),
        (account.startswith(FEES_PREFIX), "fees"),
        (account.startswith(EXPENSES_PREFIX), "spent"),
        (account.startswith(EQUITY_PREFIX), "other"),
        else_="",
    )


def _person() -> ColumnElement[str]:
    """Whom a payment is from: a party that we know, else the payer, else nobody; all that is nobody's may be one's."""
    parts = (("party", Contribution.party_id), ("payer", Contribution.payer_id))
    return func.coalesce(*(literal(name) + cast(number, String) for name, number in parts), literal("nobody"))


def _year() -> Any:
    return extract("year", LedgerEntry.day)


def _month() -> Any:
    return extract("month", LedgerEntry.day)
