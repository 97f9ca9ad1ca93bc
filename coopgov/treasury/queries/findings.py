"""What waits for a person, in the order in which it was found."""

from collections.abc import Sequence

from sqlalchemy import func, select

from coopgov.core.errors import NotFound
from coopgov.core.money import Money
from coopgov.funding.models import Finding
from coopgov.infra.db import db
from coopgov.infra.i18n import gettext as _
from coopgov.infra.i18n import money

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


def finding(number: int) -> Finding:
    """The finding; raises NotFound."""
    found = db.session.get(Finding, number)
    if found is None:
        raise NotFound
    return found


def path_of(row: Finding) -> str:
    """Where to look at what the finding is about; empty when there is no page for it."""
    kind, _, number = row.subject.partition(":")
    if row.kind == "unmatched":
        return f"/treasury/unmatched/{number}"
    if kind == "contribution":
        return f"/treasury/payments/{number}"
    party = number if kind == "party" else row.facts.get("party")
    return f"/treasury/payments?member={party}" if party else ""
