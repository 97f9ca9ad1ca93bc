"""Questions to the money that must have no answer; `coopgov check` asks them."""

import csv
import io
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Select, and_, exists, func, or_, select
from sqlalchemy.orm import aliased

from coopgov.core.money import Money, zero
from coopgov.funding.models import Balance, Contribution, Finding, LedgerEntry, Posting, Reversal
from coopgov.funding.queries.finances import Group, Wanted, cells, lines
from coopgov.funding.rules.ledger import ASSETS
from coopgov.funding.rules.statement import ASSETS_PREFIX, HEADINGS, INCOME_PREFIX, MonthSums, statement
from coopgov.funding.rules.statement_files import statement_csv
from coopgov.infra.check import Check
from coopgov.infra.db import db

_HELD = (
    select(Posting.currency, func.sum(Posting.amount_minor))
    .where(Posting.account.startswith(ASSETS_PREFIX))
    .group_by(Posting.currency)
)
_Undo = aliased(LedgerEntry)
_STANDS = and_(LedgerEntry.reverses.is_(None), ~exists().where(_Undo.reverses == LedgerEntry.id))
_ARRIVED = and_(Contribution.remote_status == "succeeded", Contribution.gross_minor > 0)


def _uneven_entries() -> list[str]:
    query = select(Posting.entry_id, Posting.currency).group_by(Posting.entry_id, Posting.currency)
    rows = db.session.execute(query.having(func.sum(Posting.amount_minor) != 0))
    return [f"entry {number} does not add up in {currency}" for number, currency in rows]


def _one_sided_entries() -> list[str]:
    lines = select(func.count()).where(Posting.entry_id == LedgerEntry.id).scalar_subquery()
    return [
        f"entry {number} has no two sides" for number in db.session.scalars(select(LedgerEntry.id).where(lines < 2))
    ]


def _unbooked_payments() -> list[str]:
    gross = and_(LedgerEntry.contribution_id == Contribution.id, LedgerEntry.kind == "contribution", _STANDS)
    missing = select(Contribution.id).where(_ARRIVED, ~exists().where(gross))
    wrong = select(Contribution.id).where(~_ARRIVED, exists().where(gross))
    return [f"contribution {number} arrived and is not booked" for number in db.session.scalars(missing)] + [
        f"contribution {number} is booked and did not arrive" for number in db.session.scalars(wrong)
    ]


def _unequal_income() -> list[str]:
    arrived = select(Contribution.source, Contribution.currency, func.sum(Contribution.gross_minor)).where(_ARRIVED)
    booked = select(LedgerEntry.source, Posting.currency, -func.sum(Posting.amount_minor)).select_from(LedgerEntry)
    booked = booked.join(Posting, Posting.entry_id == LedgerEntry.id).where(
        LedgerEntry.kind == "contribution",
        LedgerEntry.contribution_id.is_not(None),
        Posting.account.startswith(INCOME_PREFIX),
    )
    one = set(_sums(arrived.group_by(Contribution.source, Contribution.currency)))
    other = set(_sums(booked.group_by(LedgerEntry.source, Posting.currency)))
    unequal = sorted({(source, currency) for source, currency, _ in one ^ other})
    return [f"contributions by {source} in {currency} are not its income" for source, currency in unequal]


def _sums(query: Select[str, str, int]) -> list[tuple[str, str, int]]:
    """Source, currency and sum, those of nothing left out."""
    return [(source, currency, int(minor)) for source, currency, minor in db.session.execute(query) if minor]


def _unbooked_reversals() -> list[str]:
    ref = Reversal.source + ":" + Reversal.remote_id + ":" + Reversal.kind
    query = (
        select(Reversal.id)
        .join(Contribution, Contribution.id == Reversal.contribution_id)
        .where(_ARRIVED, Reversal.withdrawn, ~exists().where(LedgerEntry.ref == ref))
    )
    return [f"reversal {number} is not booked" for number in db.session.scalars(query)]


def _gaps_in_receipts() -> list[str]:
    numbers = Contribution.receipt_number
    count, last = db.session.execute(select(func.count(numbers), func.max(numbers))).one()
    return [] if count == (last or 0) else [f"of receipt numbers up to {last} only {count} were given"]


def _unknown_differences() -> list[str]:
    """Sources whose last told balance is not what was booked when it was told, and nobody was asked why."""
    newest = select(func.max(Balance.id)).group_by(Balance.source, Balance.currency)
    found = []
    for told in db.session.scalars(select(Balance).where(Balance.id.in_(newest)).order_by(Balance.id)):
        subject = f"{told.source}:{told.currency}"
        if _booked_at(told) != told.amount_minor and not _is_asked(subject, told.at):
            found.append(f"the balance of {subject} differs from the ledger, and no finding says so")
    return found


def _booked_at(told: Balance) -> int:
    query = select(func.sum(Posting.amount_minor)).join(LedgerEntry, LedgerEntry.id == Posting.entry_id)
    of_source = query.where(Posting.account == ASSETS[told.source], Posting.currency == told.currency)
    return int(db.session.scalar(of_source.where(LedgerEntry.at <= told.at)) or 0)


def _is_asked(subject: str, told_at: datetime) -> bool:
    query = select(Finding.id).where(Finding.kind == "balance_differs", Finding.subject == subject)
    asked = or_(Finding.closed_at.is_(None), Finding.closed_at >= told_at)
    return db.session.scalar(query.where(asked).limit(1)) is not None


def _unequal_statement() -> list[str]:
    """Months of the public accounts that their file, their bookings or what is held contradict."""
    found, faults = cells(), []
    held = {currency: Money(int(minor), currency) for currency, minor in db.session.execute(_HELD)}
    booked: Counter[Group] = Counter()
    for line in lines(Wanted()):
        booked[line.group] += line.amount.minor
    for currency in sorted({cell.amount.currency for cell in found}):
        months = statement(found, currency)
        faults += [f"{row['month']} in {currency} does not add up" for row in _uneven_rows(months)]
        for sums in months:
            said = {(sums.month, name, currency): sums.of(name).minor for name in HEADINGS}
            faults += [f"{key} is not its bookings" for key, minor in said.items() if minor != booked[key]]
        if months[-1].closing != held.get(currency, zero(currency)):
            faults.append(f"the accounts in {currency} do not end with what is held")
    return faults


def _uneven_rows(months: Sequence[MonthSums]) -> list[dict[str, str]]:
    """Rows of the published file in which opening, headings and closing contradict one another, or the row before."""
    rows, before, wrong = list(csv.DictReader(io.StringIO(statement_csv(months)))), None, []
    for row in rows:
        out = sum(Decimal(row[name]) for name in ("fees", "refunds", "spent"))
        ends = Decimal(row["opening"]) + Decimal(row["received"]) - out + Decimal(row["other"])
        if ends != Decimal(row["closing"]) or before not in (None, row["opening"]):
            wrong.append(row)
        before = row["closing"]
    return wrong


CHECKS = (
    Check("the public accounts are the ledger", _unequal_statement),
    Check("entries add up", _uneven_entries),
    Check("entries have two sides", _one_sided_entries),
    Check("payments are booked", _unbooked_payments),
    Check("income is what arrived", _unequal_income),
    Check("what went back is booked", _unbooked_reversals),
    Check("receipts have no gaps", _gaps_in_receipts),
    Check("balances are the ledger's", _unknown_differences),
)
