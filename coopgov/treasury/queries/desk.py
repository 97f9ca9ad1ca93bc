"""What the treasurer sees first: this month in numbers, and what waits."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from coopgov.core.money import Money, zero
from coopgov.funding.models import Contribution, Finding, Pledge, Sync
from coopgov.funding.queries.finances import cells
from coopgov.funding.queries.syncs import Age, ages
from coopgov.funding.rules.payments import LIVE_PLEDGES
from coopgov.funding.rules.statement import MonthSums, statement
from coopgov.identity.queries import names_of
from coopgov.infra.db import db
from coopgov.infra.settings import current_settings
from coopgov.membership.models import Relief
from coopgov.membership.queries.standing import in_arrears, judgements
from coopgov.treasury.queries.people import monthly_of
from coopgov.treasury.queries.waiting import waiting_count
from coopgov.treasury.rules import month_around

CHARGED = LIVE_PLEDGES - {"ending", "paused"}  # states in which a provider will charge
RENEWALS = 5


@dataclass(frozen=True)
class Renewal:
    """A charge that comes next."""

    name: str
    amount: Money
    at: datetime


@dataclass(frozen=True)
class Waiting:
    """How much waits for the treasurer."""

    unmatched: int
    arrears: int
    findings: int

    @property
    def is_anything(self) -> bool:
        """True when there is something to do."""
        return self.unmatched + self.arrears + self.findings > 0


@dataclass(frozen=True)
class Desk:
    """One month: ``months`` and ``expected`` per currency. ``waived``: what those on relief had promised a month."""

    months: Sequence[MonthSums]
    expected: Sequence[Money]
    on_relief: int
    waived: Sequence[Money]
    failed: int
    waiting: Waiting
    renewals: Sequence[Renewal]
    readings: Sequence[Age]


def desk(now: datetime, zone: str) -> Desk:
    """The desk at ``now``, with days as in ``zone``; the number of statements is fixed."""
    first, after = month_around(now.astimezone(ZoneInfo(zone)).date())
    begins, ends = _midnight(first, zone), _midnight(after, zone)
    on_relief = _on_relief(now)
    return Desk(
        months=this_month(first),
        expected=_expected(begins, ends),
        on_relief=len(on_relief),
        waived=_promised_by(on_relief),
        failed=_failed_since(begins),
        waiting=waiting(now),
        renewals=_renewals(now),
        readings=ages(_sources()),
    )


def _midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(ZoneInfo("UTC"))


def this_month(first: date) -> list[MonthSums]:
    """How the month adds up so far, in each currency that was booked."""
    found = cells()
    codes = sorted({cell.amount.currency for cell in found})
    ends = [statement(found, currency, first)[-1:] for currency in codes]
    return [sums for end in ends for sums in end if sums.month >= first]


def _expected(begins: datetime, ends: datetime) -> list[Money]:
    """What live promises will bring in the month, as far as it was not charged yet."""
    due = select(Pledge.currency, func.sum(Pledge.amount_minor)).where(
        Pledge.status.in_(CHARGED), Pledge.next_charge_at >= begins, Pledge.next_charge_at < ends
    )
    rows = db.session.execute(due.group_by(Pledge.currency).order_by(Pledge.currency))
    return [Money(int(minor), currency) for currency, minor in rows]


def _on_relief(now: datetime) -> set[int]:
    runs = (Relief.starts_at <= now, Relief.ended_at.is_(None), Relief.ends_at.is_(None) | (Relief.ends_at > now))
    return set(db.session.scalars(select(Relief.party_id).where(*runs)))


def _promised_by(parties: set[int]) -> list[Money]:
    """What paused promises of these parties come to each month."""
    paused = select(Pledge).where(Pledge.party_id.in_(parties), Pledge.status == "paused")
    sums: dict[str, Money] = {}
    for pledge in db.session.scalars(paused):
        sums[pledge.currency] = sums.get(pledge.currency, zero(pledge.currency)) + monthly_of(pledge)
    return [sums[currency] for currency in sorted(sums)]


def _failed_since(begins: datetime) -> int:
    query = select(func.count()).where(Contribution.remote_status == "failed", Contribution.failed_at >= begins)
    return db.session.scalar(query) or 0


def waiting(now: datetime) -> Waiting:
    """What waits at ``now``. Unmatched payments are not counted among the findings."""
    others = select(func.count()).where(Finding.closed_at.is_(None), Finding.kind != "unmatched")
    late = in_arrears(judgements(now))
    return Waiting(waiting_count(), len(late), db.session.scalar(others) or 0)


def _renewals(now: datetime) -> list[Renewal]:
    query = select(Pledge).where(Pledge.status.in_(CHARGED), Pledge.next_charge_at >= now)
    rows = db.session.scalars(query.order_by(Pledge.next_charge_at, Pledge.id).limit(RENEWALS)).all()
    names = names_of({row.party_id for row in rows if row.party_id is not None})
    return [Renewal(names.get(row.party_id or 0, ""), row.amount, row.next_charge_at or now) for row in rows]


def _sources() -> list[str]:
    """Providers that are connected, or were read at any time."""
    settings = current_settings()
    connected = {"stripe": settings.stripe_secret_key, "opencollective": settings.opencollective_slug}
    read = set(db.session.scalars(select(Sync.source).distinct()))
    return [source for source, key in connected.items() if key or source in read]
