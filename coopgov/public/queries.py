"""Reads for everybody: what the home page, the feeds and the sitemap are made of.

Only ``home`` for a member sees what is for members; everything else is made of public rows alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import CompoundSelect, ScalarSelect, Select, and_, func, literal, select, union_all

from coopgov.core.time import last_midnight
from coopgov.core.viewer import Viewer
from coopgov.decisions.models import Proposal
from coopgov.decisions.queries.lists import DecisionLine, latest_decisions, open_proposals
from coopgov.decisions.queries.proposals import is_shown_to_all
from coopgov.decisions.queries.register import Wanted, register
from coopgov.discussion.models import Thread
from coopgov.discussion.queries import ThreadLine, public_threads_latest
from coopgov.funding.models import LedgerEntry
from coopgov.groups.models import Group
from coopgov.groups.queries import GroupLine, group_lines
from coopgov.infra.db import UtcDateTime, db
from coopgov.infra.jobs import ClockRun
from coopgov.membership.models import JoiningTerms, Tier
from coopgov.membership.queries.register import members_now

Stamp = tuple[int, ...]
ON_SITEMAP = ("scheduled", "open", "counting", "closed", "withdrawn")


@dataclass(frozen=True)
class Home:
    """What the home page shows; ``members`` and the groups' sizes are those of ``counted_at``."""

    decisions: Sequence[DecisionLine]
    proposals: Sequence[DecisionLine]
    threads: Sequence[ThreadLine]
    groups: Sequence[GroupLine]
    members: int
    counted_at: datetime


def home(viewer: Viewer, now: datetime) -> Home:
    """The home page as the viewer sees it: their own groups first."""
    day = last_midnight(now)
    return Home(
        decisions=latest_decisions(3, public_only=not viewer.is_member),
        proposals=open_proposals(viewer),
        threads=public_threads_latest(6),
        groups=sorted(group_lines(day), key=lambda group: not viewer.sits_in(group.id)),
        members=members_now(day),
        counted_at=day,
    )


def public_stamp() -> Stamp:
    """Changes whenever something that is public does: newest id and sum of versions of each kind, in one statement.

    Of joining it has what the home page says: whether people can apply, and from which sum on; of money what is booked.
    """
    parts = [
        _newest_and_versions(Thread.id, Thread.version, Thread.is_public),
        _newest_and_versions(Proposal.id, Proposal.version, Proposal.is_public),
        _newest_and_versions(Group.id, Group.version),
        _newest_and_versions(JoiningTerms.id, JoiningTerms.version),
        _newest_and_versions(Tier.id, Tier.min_minor, Tier.offered_until.is_(None)),
        (select(func.coalesce(func.max(LedgerEntry.id), 0)).scalar_subquery(),),
    ]
    return tuple(int(n) for n in db.session.execute(select(*(column for part in parts for column in part))).one())


def _newest_and_versions(number: Any, version: Any, *conditions: Any) -> tuple[ScalarSelect[int], ...]:
    newest = select(func.coalesce(func.max(number), 0)).where(*conditions).scalar_subquery()
    return newest, select(func.coalesce(func.sum(version), 0)).where(*conditions).scalar_subquery()


def public_threads(group_id: int | None, limit: int) -> Sequence[Thread]:
    """Public threads that stand, of one group or of all, the last opened first."""
    query = select(Thread).where(Thread.is_public, Thread.state == "visible")
    if group_id is not None:
        query = query.where(Thread.group_id == group_id)
    return db.session.scalars(query.order_by(Thread.opened_at.desc(), Thread.id.desc()).limit(limit)).all()


def public_proposals(group_slug: str, limit: int) -> Sequence[DecisionLine]:
    """Public proposals under vote and decided, of one group or (empty) of all."""
    return register(Wanted(group=group_slug), is_member=False, limit=limit)


def sitemap_size() -> int:
    """How many addresses ``sitemap_paths`` has."""
    return db.session.scalar(select(func.count()).select_from(_sitemap().subquery())) or 0


def sitemap_paths(limit: int, offset: int) -> list[tuple[str, datetime]]:
    """Path and last change of each public group, thread and proposal, always in the same order."""
    rows = db.session.execute(_sitemap().order_by("kind", "id").limit(limit).offset(offset))
    return [(_path(kind, number, slug), changed) for kind, number, slug, changed in rows]


def _sitemap() -> CompoundSelect[Any]:
    standing = and_(Thread.is_public, Thread.state == "visible")
    voted = and_(is_shown_to_all(), Proposal.state.in_(ON_SITEMAP))
    changed = func.coalesce(Proposal.closed_at, Proposal.opened_at, Proposal.created_at, type_=UtcDateTime())
    return union_all(
        _part("g", Group.id, Group.slug, Group.created_at),
        _part("t", Thread.id, Thread.slug, Thread.last_at).where(standing),
        _part("p", Proposal.id, Proposal.slug, changed).join(Thread, Thread.id == Proposal.thread_id).where(voted),
    )


def _part(kind: str, number: Any, slug: Any, changed: Any) -> Select[Any]:
    return select(literal(kind).label("kind"), number.label("id"), slug.label("slug"), changed.label("changed"))


def _path(kind: str, number: int, slug: str) -> str:
    if kind == "g":
        return f"/g/{slug}"
    return f"/{kind}/{number}-{slug}" if slug else f"/{kind}/{number}"


def worker_seen_at() -> datetime | None:
    """When a worker last looked at the clock; None when none ever did."""
    return db.session.scalar(select(func.max(ClockRun.ran_at)))
