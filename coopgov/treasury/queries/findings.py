"""What waits for a person, in the order in which it was found."""

from collections.abc import Sequence

from sqlalchemy import func, select

from coopgov.core.errors import NotFound
from coopgov.funding.models import Finding
from coopgov.infra.db import db

SHOWN_CLOSED = 10


def open_count() -> int:
    """How many findings are open."""
    return db.session.scalar(select(func.count()).where(Finding.closed_at.is_(None))) or 0


def open_findings(limit: int, first: int = 0) -> Sequence[Finding]:
    """Open findings, the oldest first; unmatched payments come last, because they have a page of their own."""
    query = select(Finding).where(Finding.closed_at.is_(None))
    ordered = query.order_by(Finding.kind == "unmatched", Finding.opened_at, Finding.id)
    return db.session.scalars(ordered.limit(limit).offset(first)).all()


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
    return f"/treasury/payments?member={number}" if kind == "party" else ""
