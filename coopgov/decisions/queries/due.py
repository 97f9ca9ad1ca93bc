"""What the clock asks for."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from coopgov.decisions import secrecy
from coopgov.decisions.models import Proposal
from coopgov.decisions.rules.stages import REMIND_BEFORE, WAITING
from coopgov.infra.db import db


def due_by_opening(now: datetime) -> Sequence[int]:
    """Ids of scheduled proposals whose opening has come, first come first."""
    query = select(Proposal.id).where(Proposal.state.in_(WAITING), Proposal.opens_at <= now)
    return db.session.scalars(query.order_by(Proposal.opens_at, Proposal.id)).all()


def due_by_closing(state: str, until: datetime) -> Sequence[int]:
    """Ids of proposals in ``state`` that close at ``until`` or before, first come first."""
    query = select(Proposal.id).where(Proposal.state == state, Proposal.closes_at <= until)
    return db.session.scalars(query.order_by(Proposal.closes_at, Proposal.id)).all()


def due_for_reminder(now: datetime) -> Sequence[int]:
    """Ids of open proposals that close within REMIND_BEFORE and have not been reminded of."""
    query = select(Proposal.id).where(
        Proposal.state == "open",
        Proposal.reminded_at.is_(None),
        Proposal.closes_at > now,
        Proposal.closes_at <= now + REMIND_BEFORE,
    )
    return db.session.scalars(query.order_by(Proposal.closes_at, Proposal.id)).all()


def secret_votes_under_way(_now: datetime) -> Sequence[int]:
    """Ids of secret votes that need their keys."""
    return db.session.scalars(select(Proposal.id).where(*_NEEDS_KEYS).order_by(Proposal.id)).all()


def keys_left_over(_now: datetime) -> Sequence[int]:
    """Ids of votes that ended and whose keys are there all the same; of votes that are not ours nobody is named."""
    ring = secrecy.keyring()
    if ring is None or ring.fault():
        return ()
    found = ring.left_over(db.session.scalars(select(Proposal.id).where(*_NEEDS_KEYS)).all())
    return db.session.scalars(select(Proposal.id).where(Proposal.id.in_(found))).all() if found else ()


_NEEDS_KEYS = (Proposal.secrecy == secrecy.SECRET, Proposal.state.in_(secrecy.STATES_WITH_KEYS))
