"""What waits for a person, in the order in which it was found."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from coopgov.core.errors import NotFound
from coopgov.core.money import Money
from coopgov.funding.models import Contribution, Finding, Payer, Pledge
from coopgov.identity.queries import names_of
from coopgov.infra.db import db
from coopgov.infra.i18n import gettext as _
from coopgov.infra.i18n import money
from coopgov.treasury.queries.payments import SOURCES
from coopgov.treasury.queries.waiting import owners_of

SHOWN_CLOSED = 10
TOLD = ("said", "why", "sum", "entry", "kind", "object", "message")  # facts that a person can read


def open_count() -> int:
    """How many findings are open."""
    return db.session.scalar(select(func.count()).where(Finding.closed_at.is_(None))) or 0


def open_findings(limit: int, first: int = 0) -> Sequence[Finding]:
    """Open findings, the oldest first; unmatched payments come last, because they have a page of their own."""
    query = select(Finding).where(Finding.closed_at.is_(None))
    ordered = query.order_by(Finding.kind == "unmatched", Finding.opened_at, Finding.id)
    return db.session.scalars(ordered.limit(limit).offset(first)).all()


def other_findings(limit: int) -> Sequence[Finding]:
    """Open findings but unmatched payments, the oldest first."""
    query = select(Finding).where(Finding.closed_at.is_(None), Finding.kind != "unmatched")
    return db.session.scalars(query.order_by(Finding.opened_at, Finding.id).limit(limit)).all()


def words_of(row: Finding) -> str:
    """What is known of the matter beside its kind, on one line: sums as sums, the rest as it was told."""
    known = dict(row.facts)
    if {"told", "booked", "currency"} <= known.keys():
        told, booked = (Money(int(known[name]), str(known["currency"])) for name in ("told", "booked"))
        return _("the provider says %(told)s, the ledger %(booked)s", told=money(told), booked=money(booked))
    if {"members", "of"} <= known.keys():
        return _("%(members)s of %(of)s members", members=known["members"], of=known["of"])
    return " · ".join(str(known[name]) for name in sorted(known) if name in TOLD)


def closed_findings() -> Sequence[Finding]:
    """The last ones that a person closed, newest first."""
    query = select(Finding).where(Finding.closed_by.is_not(None), Finding.kind != "unmatched")
    return db.session.scalars(query.order_by(Finding.closed_at.desc(), Finding.id.desc()).limit(SHOWN_CLOSED)).all()


def closable(number: int) -> Finding:
    """The finding, which a word can close; raises NotFound, also for an unmatched payment, which only an answer can."""
    found = db.session.get(Finding, number)
    if found is None or found.kind == "unmatched":
        raise NotFound
    return found


# What it is about


@dataclass(frozen=True)
class About:
    """What a finding is about, as a page shows it. ``name``: whose matter it is, or which payment; empty when that is
    nobody's. ``path``: where to look at it; ``code``: what the provider calls it. Both may be empty."""

    name: str = ""
    path: str = ""
    code: str = ""


def abouts(rows: Collection[Finding]) -> dict[int, About]:
    """Finding id → what it is about; the number of statements is fixed."""
    payments = _payments({_number(row, "contribution") for row in rows})
    pledges = _parties_of_pledges({_number(row, "pledge") for row in rows})
    parties = {row.id: _party(row, pledges) for row in rows}
    names = names_of({party for party in parties.values() if party})
    found: dict[int, About] = {}
    for row in rows:
        party, number = parties[row.id], _number(row, "contribution")
        if number:
            found[row.id] = About(payments.get(number, ""), _payment_path(row, number))
        elif party:
            found[row.id] = About(names.get(party, ""), f"/treasury/payments?member={party}")
        else:
            found[row.id] = About(code=_code(row.subject))
    return found


def _number(row: Finding, kind: str) -> int:
    """The id of the row of this kind that the finding is about; 0 for others."""
    named, _colon, number = row.subject.partition(":")
    return int(number) if named == kind and number.isdecimal() else 0


def _payment_path(row: Finding, number: int) -> str:
    return f"/treasury/unmatched/{number}" if row.kind == "unmatched" else f"/treasury/payments/{number}"


def _party(row: Finding, pledges: Mapping[int, int]) -> int:
    return _number(row, "party") or pledges.get(_number(row, "pledge"), 0) or int(row.facts.get("party") or 0)


def _code(subject: str) -> str:
    """Names that a provider gave; those of our own rows say nothing to anybody."""
    place, _colon, rest = subject.partition(":")
    return rest if place in SOURCES else ""


def _payments(numbers: Collection[int]) -> dict[int, str]:
    """Sum and member, else payer, of each payment, in words."""
    query = select(Contribution, Payer).outerjoin(Payer, Payer.id == Contribution.payer_id)
    found = db.session.execute(query.where(Contribution.id.in_(sorted(numbers)))).all()
    owners = owners_of([row for row, _payer in found])
    return {row.id: " · ".join(filter(None, _words_of_payment(row, payer, owners[row.id]))) for row, payer in found}


def _words_of_payment(row: Contribution, payer: Payer | None, owners: Sequence[str]) -> tuple[str, str]:
    who = ", ".join(owners) or (payer.name or payer.email if payer else "")
    return _("Payment of %(sum)s", sum=money(row.gross)), who


def _parties_of_pledges(numbers: Collection[int]) -> dict[int, int]:
    query = select(Pledge.id, Pledge.party_id).where(Pledge.id.in_(sorted(numbers)), Pledge.party_id.is_not(None))
    return {number: party_id for number, party_id in db.session.execute(query) if party_id is not None}
