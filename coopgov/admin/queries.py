"""What the first officer looks at."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from coopgov.core.viewer import Viewer
from coopgov.discussion.models import Thread
from coopgov.groups.models import Group
from coopgov.infra.coop import Coop
from coopgov.infra.db import db
from coopgov.infra.mail import Mail
from coopgov.infra.settings import current_settings
from coopgov.membership.models import Invitation, JoiningTerms, Tier


@dataclass(frozen=True)
class Beginnings:
    """What a new co-op has already: the facts behind its officer's checklist."""

    is_described: bool
    groups: int
    invited: int
    threads: int
    tiers: int
    takes_money: bool  # by a provider, or by bank transfer as the joining terms say

    @property
    def is_complete(self) -> bool:
        """True when the checklist has nothing left."""
        begun = min(self.groups, self.invited, self.threads, self.tiers) > 0
        return self.is_described and begun and self.takes_money


def beginnings() -> Beginnings:
    """How far the co-op's beginnings are, in one statement."""
    row = db.session.execute(
        select(
            select(Coop.summary).scalar_subquery(),
            select(func.count()).select_from(Group).scalar_subquery(),
            select(func.count()).select_from(Invitation).where(Invitation.invited_by.is_not(None)).scalar_subquery(),
            select(func.count()).select_from(Thread).scalar_subquery(),
            select(func.count()).select_from(Tier).where(Tier.offered_until.is_(None)).scalar_subquery(),
            select(JoiningTerms.by_hand).scalar_subquery(),
        )
    ).one()
    settings = current_settings()
    takes_money = bool(row[5] or settings.stripe_secret_key or settings.opencollective_slug)
    return Beginnings(bool(row[0]), row[1], row[2], row[3], row[4], takes_money)


def sees_beginnings(viewer: Viewer) -> bool:
    """True for the officer whose checklist it is."""
    return viewer.holds("admin")


def invitations(limit: int = 100) -> Sequence[Invitation]:
    """Invitations, newest first."""
    return db.session.scalars(select(Invitation).order_by(Invitation.created_at.desc()).limit(limit)).all()


def state_of(invitation: Invitation, now: datetime) -> str:
    """accepted, withdrawn, expired or waiting."""
    if invitation.accepted_at:
        return "accepted"
    if invitation.withdrawn_at:
        return "withdrawn"
    return "expired" if invitation.expires_at <= now else "waiting"


def mail_total() -> int:
    """Rows in the mail log."""
    return db.session.scalar(select(func.count()).select_from(Mail)) or 0


def mail_log(first: int, limit: int) -> Sequence[Mail]:
    """The mail log, newest first."""
    return db.session.scalars(select(Mail).order_by(Mail.id.desc()).offset(first).limit(limit)).all()
