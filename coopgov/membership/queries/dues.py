"""Reads of dues: what somebody pays, has paid and is asked for, and who is to be written to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, func, or_, select

from coopgov.core.money import Money
from coopgov.funding.models import Contribution, ContributionShare, Pledge
from coopgov.funding.queries.pledges import draft_of, live_pledge
from coopgov.funding.rules.payments import LIVE_PLEDGES
from coopgov.infra.audit import AuditRow
from coopgov.infra.db import db
from coopgov.membership.models import Application, Membership, Relief, Welcome
from coopgov.membership.queries.register import is_current
from coopgov.membership.queries.standing import ends_at
from coopgov.membership.rules.relief import WARNED
from coopgov.membership.rules.standing import Span

BY_HAND = "bank"  # source of what is paid by bank transfer


@dataclass(frozen=True)
class Receipt:
    """One payment of a member, as its receipt shows it; ``amount_minor`` is the member's share of it."""

    row: Contribution
    amount_minor: int

    @property
    def amount(self) -> Money:
        """The member's share."""
        return Money(self.amount_minor, self.row.currency)

    @property
    def given_back(self) -> Money:
        """What of the whole payment went back."""
        return Money(self.row.refunded_minor, self.row.currency)


# Applications and members


def application(application_id: int) -> Application | None:
    """The application, in whatever state."""
    return db.session.get(Application, application_id)


def application_of(party_id: int) -> Application | None:
    """The party's last application that was approved."""
    query = select(Application).where(Application.party_id == party_id).order_by(Application.id.desc()).limit(1)
    return db.session.scalars(query).first()


def waiting_application(party_id: int) -> Application | None:
    """The approved application of the party whose joining is not finished; one that expired waits too."""
    query = select(Application).where(Application.party_id == party_id, Application.state.in_(("approved", "expired")))
    return db.session.scalars(query.order_by(Application.id.desc()).limit(1)).first()


def other_open_application(row: Application) -> bool:
    """Whether the applicant has applied again since."""
    query = select(Application.id).where(
        Application.email_key == row.email_key,
        Application.id != row.id,
        Application.state.in_(("started", "submitted", "in_review", "needs_info", "approved")),
    )
    return db.session.scalar(query.limit(1)) is not None


def has_paid_for_joining(row: Application) -> bool:
    """Whether a payment for the applicant is under way or has arrived: made since the approval, or for days to come."""
    since = row.decided_at or row.created_at
    shared = select(ContributionShare.contribution_id).where(ContributionShare.party_id == row.party_id)
    query = select(Contribution.id).where(
        or_(Contribution.party_id == row.party_id, Contribution.id.in_(shared)),
        Contribution.purpose == "dues",
        Contribution.remote_status.in_(("pending", "succeeded")),
        Contribution.void_at.is_(None),
        or_(Contribution.paid_at >= since, Contribution.covers_to >= since.date()),
    )
    return db.session.scalar(query.limit(1)) is not None


def membership_of(party_id: int, instant: datetime) -> Membership | None:
    """The party's membership that runs at ``instant``."""
    return db.session.scalars(select(Membership).where(Membership.party_id == party_id, is_current(instant))).first()


def has_signed_in(login_id: int) -> bool:
    """Whether the login has ever opened a session. The log is asked: sessions that have ended are swept away."""
    query = select(AuditRow.number).where(AuditRow.object == f"login:{login_id}", AuditRow.act == "session.started")
    return db.session.scalar(query.limit(1)) is not None


def welcome_of(party_id: int) -> Welcome | None:
    """What a new member has done of the first steps."""
    return db.session.get(Welcome, party_id)


# What is paid


def promise_of(party_id: int) -> Pledge | None:
    """What the party pays by: a live pledge, else what they said they will transfer by hand."""
    return live_pledge(party_id) or draft_of(party_id, BY_HAND)


def promise_or_draft(party_id: int) -> Pledge | None:
    """What the party pays by, else what they chose last and have not paid."""
    return live_pledge(party_id) or draft_of(party_id)


def live_pledges(party_id: int) -> Sequence[Pledge]:
    """All live pledges of the party, the newest first; more than one is a mistake of somebody's."""
    query = select(Pledge).where(Pledge.party_id == party_id, Pledge.status.in_(LIVE_PLEDGES))
    return db.session.scalars(query.order_by(Pledge.id.desc())).all()


def pledge(pledge_id: int) -> Pledge | None:
    """The pledge."""
    return db.session.get(Pledge, pledge_id)


def are_pledges_of(party_id: int, pledge_ids: Sequence[int | None]) -> bool:
    """True when there are any, and each is a pledge of the party."""
    own = select(func.count()).where(Pledge.party_id == party_id, Pledge.id.in_(set(pledge_ids) - {None}))
    return bool(pledge_ids) and db.session.scalar(own) == len(set(pledge_ids))


def receipt_count(party_id: int) -> int:
    """How many payments of the party have arrived, or are on their way."""
    return db.session.scalar(select(func.count()).select_from(_receipts(party_id).subquery())) or 0


def receipts(party_id: int, limit: int, offset: int) -> Sequence[Receipt]:
    """The party's payments, newest first; what was split shows the party's share."""
    query = _receipts(party_id).order_by(Contribution.paid_at.desc(), Contribution.id.desc())
    rows = db.session.execute(query.limit(limit).offset(offset))
    return [Receipt(row, share if share is not None else row.gross_minor) for row, share in rows]


def receipt(party_id: int, number: int) -> Receipt | None:
    """The party's payment with this receipt number."""
    row = db.session.execute(_receipts(party_id).where(Contribution.receipt_number == number)).first()
    return Receipt(row[0], row[1] if row[1] is not None else row[0].gross_minor) if row else None


def _receipts(party_id: int) -> Select[Any]:
    """(payment, the party's share in minor units or None): all that was paid by the party, or for it."""
    mine = and_(ContributionShare.contribution_id == Contribution.id, ContributionShare.party_id == party_id)
    columns: list[Any] = [Contribution, ContributionShare.amount_minor]
    query = select(*columns).outerjoin(ContributionShare, mine)
    return query.where(or_(Contribution.party_id == party_id, ContributionShare.id.is_not(None)))


def pauses_of(party_id: int) -> list[Span]:
    """All pauses of the party, over or not."""
    rows = db.session.scalars(select(Relief).where(Relief.party_id == party_id, Relief.kind == "paused"))
    return [Span(row.starts_at, ends_at(row)) for row in rows]


def relief(relief_id: int) -> Relief | None:
    """The relief, over or not."""
    return db.session.get(Relief, relief_id)


def following_relief(row: Relief) -> Relief | None:
    """A relief of the same party that begins when this one ends, or later."""
    end = ends_at(row)
    if end is None:
        return None
    query = select(Relief).where(Relief.party_id == row.party_id, Relief.starts_at >= end, Relief.ended_at.is_(None))
    return db.session.scalars(query.order_by(Relief.starts_at).limit(1)).first()


# Whom to write to


def due_for_yearly_notice(now: datetime, until: datetime) -> Sequence[int]:
    """Ids of pledges that are charged for a year after ``now`` and not after ``until``."""
    query = select(Pledge.id).where(
        Pledge.interval == "year",
        Pledge.status == "active",
        Pledge.party_id.is_not(None),
        Pledge.next_charge_at > now,
        Pledge.next_charge_at <= until,
    )
    return db.session.scalars(query.order_by(Pledge.id)).all()


def reliefs_ending(now: datetime) -> Sequence[int]:
    """Ids of pauses that end within WARNED, and have not been ended earlier."""
    query = select(Relief.id).where(
        Relief.kind == "paused", Relief.ended_at.is_(None), Relief.ends_at > now, Relief.ends_at <= now + WARNED
    )
    return db.session.scalars(query.order_by(Relief.id)).all()


def paused_pledges() -> Sequence[int]:
    """Ids of pledges that the provider charges nothing for now, and of which nothing is asked."""
    query = select(Pledge.id).where(Pledge.status == "paused", Pledge.asked.is_(None), Pledge.party_id.is_not(None))
    return db.session.scalars(query.order_by(Pledge.id)).all()


def last_relief(party_id: int) -> Relief | None:
    """The party's relief that began last."""
    query = select(Relief).where(Relief.party_id == party_id).order_by(Relief.starts_at.desc(), Relief.id.desc())
    return db.session.scalars(query.limit(1)).first()
