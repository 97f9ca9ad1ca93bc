"""All payments for the treasurer: found by member, payer, reference or receipt."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, Select, func, or_, select

from coopgov.core.errors import NotFound
from coopgov.core.money import Money
from coopgov.core.text import N_
from coopgov.funding.models import Contribution, ContributionShare, Finding, Payer
from coopgov.identity.models import Login, Party
from coopgov.infra.db import db
from coopgov.membership.models import Membership
from coopgov.membership.queries.dues import promise_of
from coopgov.membership.queries.tiers import lowest_monthly

STATES: dict[str, str] = {
    "pending": N_("On its way"),
    "succeeded": N_("Arrived"),
    "failed": N_("Failed"),
    "refunded": N_("Given back"),
    "disputed": N_("Taken back by the bank, open"),
    "lost": N_("Taken back by the bank"),
}
SOURCES: dict[str, str] = {
    "stripe": N_("Stripe"),
    "opencollective": N_("Open Collective"),
    "bank": N_("Bank transfer"),
    "cash": N_("Cash"),
}


@dataclass(frozen=True)
class Asked:
    """What the list of payments is narrowed to; empty: everything."""

    words: str = ""
    status: str = ""
    source: str = ""
    party_id: int | None = None


@dataclass(frozen=True)
class PaymentLine:
    """A payment in the list, with whoever made it."""

    row: Contribution
    payer: Payer | None


@dataclass(frozen=True)
class Price:
    """What somebody pays: so much for each ``interval``."""

    amount: Money
    interval: str


def payment(number: int) -> Contribution:
    """The payment; raises NotFound."""
    found = db.session.get(Contribution, number)
    if found is None:
        raise NotFound
    return found


def payment_count(asked: Asked) -> int:
    """How many payments there are of those asked for."""
    return db.session.scalar(_query(asked).with_only_columns(func.count(), maintain_column_froms=True)) or 0


def payment_lines(asked: Asked, limit: int, first: int) -> list[PaymentLine]:
    """Payments, the last one first."""
    query = _query(asked).order_by(Contribution.paid_at.desc(), Contribution.id.desc())
    return [PaymentLine(row, payer) for row, payer in db.session.execute(query.limit(limit).offset(first))]


def _query(asked: Asked) -> Select[Contribution, Payer]:
    query = select(Contribution, Payer).outerjoin(Payer, Payer.id == Contribution.payer_id)
    if asked.status:
        query = query.where(Contribution.status == asked.status)
    if asked.source:
        query = query.where(Contribution.source == asked.source)
    if asked.party_id is not None:
        query = query.where(_of_parties(select(Party.id).where(Party.id == asked.party_id)))
    return query.where(_says(asked.words)) if asked.words else query


def _says(words: str) -> ColumnElement[bool]:
    """The payment names it: its member, payer, reference, receipt or id at the provider."""
    named = select(Party.id).outerjoin(Login, Login.party_id == Party.id)
    columns = (Payer.name, Payer.email, Contribution.note, Contribution.remote_id, Contribution.charge_id)
    found: list[ColumnElement[bool]] = [column.icontains(words, autoescape=True) for column in columns]
    people = or_(Party.name.icontains(words, autoescape=True), Login.email.icontains(words, autoescape=True))
    if words.isdecimal() and len(words) < 10:
        found.append(Contribution.receipt_number == int(words))
        members = select(Membership.party_id).where(Membership.number == int(words))
        people = or_(people, Party.id.in_(members))
    return or_(*found, _of_parties(named.where(people)))


def _of_parties(parties: Select[int]) -> ColumnElement[bool]:
    shared = select(ContributionShare.contribution_id).where(ContributionShare.party_id.in_(parties))
    return or_(Contribution.party_id.in_(parties), Contribution.id.in_(shared))


def shares_of(row: Contribution) -> Sequence[ContributionShare]:
    """Whom the treasurer split the payment between."""
    query = select(ContributionShare).where(ContributionShare.contribution_id == row.id)
    return db.session.scalars(query.order_by(ContributionShare.id)).all()


def payer_of(row: Contribution) -> Payer | None:
    """Who made the payment, as its source knows them."""
    return db.session.get(Payer, row.payer_id) if row.payer_id else None


def price_of(party_id: int, now: datetime) -> Price | None:
    """What the party pays, or said that it would pay by bank, else the least that anybody can; None without tiers."""
    pledge = promise_of(party_id)
    if pledge is not None and pledge.interval != "once" and pledge.amount:
        return Price(pledge.amount, pledge.interval)
    least = lowest_monthly(now)
    return Price(least, "month") if least else None


def left_of(row: Contribution) -> Money:
    """What was not given back of the payment."""
    return Money(row.gross_minor - row.refunded_minor, row.currency)


def waits(row: Contribution) -> bool:
    """True while nobody has said whose the payment is, as services.matching judges it under the lock."""
    if row.party_id is not None or row.purpose == "donation" or row.status not in ("pending", "succeeded"):
        return False
    is_open, was_answered = _question(row)
    return not shares_of(row) and (is_open or not was_answered)


def was_matched_by_hand(row: Contribution) -> bool:
    """True when the treasurer said whose it is, and can take that back."""
    is_open, was_answered = _question(row)
    payer = payer_of(row)
    if is_open or (payer is not None and payer.remote_id == f"party:{payer.party_id}"):
        return False
    by_payer = payer is not None and payer.matched_how == "treasurer" and payer.party_id == row.party_id
    return was_answered or by_payer


def _question(row: Contribution) -> tuple[bool, bool]:
    """Whether it is asked whose the payment is, and whether a person has answered that before."""
    asked = select(Finding.closed_at, Finding.closed_by).where(
        Finding.kind == "unmatched", Finding.subject == f"contribution:{row.id}"
    )
    found = db.session.execute(asked).all()
    return any(closed is None for closed, _by in found), any(by is not None for _closed, by in found)


def covered_to(party_id: int) -> date | None:
    """The last day that payments which count cover for the party; None when none does."""
    counts = (Contribution.purpose == "dues", Contribution.void_at.is_(None), Contribution.remote_status == "succeeded")
    own = select(func.max(Contribution.covers_to)).where(Contribution.party_id == party_id, *counts)
    shared = (
        select(func.max(func.coalesce(ContributionShare.covers_to, Contribution.covers_to)))
        .join(Contribution, Contribution.id == ContributionShare.contribution_id)
        .where(ContributionShare.party_id == party_id, *counts)
    )
    return max((day for day in (db.session.scalar(own), db.session.scalar(shared)) if day is not None), default=None)
