"""The co-op's own texts to start a proposal from."""

from collections import Counter

from sqlalchemy import func, or_, select

from coopgov.core.errors import NotFound
from coopgov.decisions.models import ProposalTemplate
from coopgov.infra.check import Check
from coopgov.infra.db import db


def held_templates(group_id: int | None) -> list[ProposalTemplate]:
    """Those offered in the group, its own and the co-op's, by name; of None the co-op's alone."""
    newest = select(func.max(ProposalTemplate.id)).group_by(ProposalTemplate.slug)
    query = select(ProposalTemplate).where(ProposalTemplate.id.in_(newest), ProposalTemplate.offered)
    query = query.where(or_(ProposalTemplate.group_id.is_(None), ProposalTemplate.group_id == group_id))
    return list(db.session.scalars(query.order_by(func.lower(ProposalTemplate.name), ProposalTemplate.id)))


def template(slug: str) -> ProposalTemplate:
    """The newest version, offered or not; raises NotFound."""
    found = newest(slug)
    if found is None:
        raise NotFound
    return found


def newest(slug: str) -> ProposalTemplate | None:
    """The newest version, offered or not; None for an unknown one."""
    query = select(ProposalTemplate).where(ProposalTemplate.slug == slug).order_by(ProposalTemplate.version.desc())
    return db.session.scalars(query.limit(1)).first()


def owners() -> list[tuple[str, int | None]]:
    """(slug, group or None for the co-op) of every template that there ever was."""
    query = select(ProposalTemplate.slug, ProposalTemplate.group_id).where(ProposalTemplate.version == 1)
    return [(slug, group_id) for slug, group_id in db.session.execute(query)]


def _gaps() -> list[str]:
    query = select(ProposalTemplate.slug, ProposalTemplate.version, ProposalTemplate.group_id)
    rows = [(slug, version, group) for slug, version, group in db.session.execute(query)]
    numbers = Counter(slug for slug, _version, _group in rows)
    highest = {slug: max(version for other, version, _ in rows if other == slug) for slug in numbers}
    kept = {slug: {group for other, _version, group in rows if other == slug} for slug in numbers}
    return [
        f"template {slug}: a version is missing, or it changed hands"
        for slug, number in numbers.items()
        if number != highest[slug] or len(kept[slug]) > 1
    ]


CHECKS: tuple[Check, ...] = (Check("templates have all their versions", _gaps),)
