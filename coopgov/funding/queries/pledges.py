"""What parties promised to pay, and what they paid."""

from collections.abc import Sequence

from sqlalchemy import case, select

from coopgov.funding.models import Contribution, ContributionShare, Payer, Pledge
from coopgov.funding.rules.payments import LIVE_PLEDGES
from coopgov.infra.db import db


def pledges_of(party_id: int) -> Sequence[Pledge]:
    """All that the party ever promised, newest first."""
    query = select(Pledge).where(Pledge.party_id == party_id).order_by(Pledge.created_at.desc(), Pledge.id.desc())
    return db.session.scalars(query).all()


def live_pledge(party_id: int) -> Pledge | None:
    """The promise that the party pays by; of several the one that will go on, and of those the newest."""
    goes_on = case((Pledge.status.in_(("active", "past_due")), 0), (Pledge.status == "ending", 2), else_=1)
    query = select(Pledge).where(Pledge.party_id == party_id, Pledge.status.in_(LIVE_PLEDGES))
    return db.session.scalars(query.order_by(goes_on, Pledge.created_at.desc(), Pledge.id.desc()).limit(1)).first()


def draft_of(party_id: int, source: str = "") -> Pledge | None:
    """What the party chose and has not begun to pay, the newest where there are drafts at several sources."""
    query = select(Pledge).where(Pledge.party_id == party_id, Pledge.status == "draft")
    if source:
        query = query.where(Pledge.source == source)
    return db.session.scalars(query.order_by(Pledge.updated_at.desc(), Pledge.id.desc()).limit(1)).first()


def pledge_by_checkout(checkout_id: str) -> Pledge | None:
    """The promise for which this page of a provider was opened last; None for pages of others."""
    if not checkout_id:
        return None
    return db.session.scalars(select(Pledge).where(Pledge.checkout_id == checkout_id)).first()


def contributions_of(party_id: int) -> Sequence[Contribution]:
    """All that was paid by or for the party, newest first, whatever became of it."""
    shared = select(ContributionShare.contribution_id).where(ContributionShare.party_id == party_id)
    query = select(Contribution).where((Contribution.party_id == party_id) | Contribution.id.in_(shared))
    return db.session.scalars(query.order_by(Contribution.paid_at.desc(), Contribution.id.desc())).all()


def customer_of(party_id: int, source: str) -> str:
    """The provider's id of the party as a payer, the newest; empty while it knows none.

    Only of payers that the party began itself: whom the treasurer matched pays for the party and is perhaps another.
    """
    own = Payer.matched_how.in_(("metadata", "claim"))
    query = select(Payer.remote_id).where(Payer.party_id == party_id, Payer.source == source, own)
    return db.session.scalar(query.order_by(Payer.id.desc()).limit(1)) or ""
