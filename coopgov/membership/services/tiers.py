"""Writes of tiers. What members chose earlier keeps its amount when a minimum rises: pledges carry their own."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from coopgov.core.errors import Refused
from coopgov.core.money import Money
from coopgov.core.text import one_line, slug_of
from coopgov.infra import audit
from coopgov.infra.db import writing_session
from coopgov.membership.models import Tier
from coopgov.membership.queries import tiers as queries
from coopgov.membership.rules.tiers import MONTHS, check_tier


@dataclass(frozen=True, kw_only=True)
class TierTerms:
    """What the treasurer sets. Sums are for one month, in one currency; ``oc_tier`` is a slug at Open Collective."""

    name: str
    minimum: Money
    summary: str = ""
    suggested: Sequence[Money] = ()
    intervals: Sequence[str] = ("month", "year")
    default_interval: str = "year"
    position: int = 0
    oc_tier: str = ""


def save_tier(row: Tier | None, terms: TierTerms, by: int | str, now: datetime) -> Tier:
    """The tier with these terms: a new one offered from ``now`` on, or ``row`` changed.

    Raises Refused: ``tier.*`` beside the field, ``tier.gone`` for one that was withdrawn meanwhile.
    """
    session = writing_session()
    check_tier(terms.name, terms.summary, terms.minimum, terms.suggested, terms.intervals)
    if row is not None and row.offered_until is not None and row.offered_until <= now:
        raise Refused("tier.gone")
    if row is None:
        row = Tier(slug=_free_slug(terms.name), offered_from=now)
        session.add(row)
    row.name, row.summary, row.oc_tier = one_line(terms.name), one_line(terms.summary), terms.oc_tier.strip()
    row.min_minor, row.currency = terms.minimum.minor, terms.minimum.currency
    row.suggested_minor = sorted({amount.minor for amount in terms.suggested})
    row.intervals = [interval for interval in MONTHS if interval in terms.intervals]
    is_open = terms.default_interval in row.intervals
    row.default_interval = terms.default_interval if is_open else row.intervals[0]
    row.position = terms.position
    session.flush()
    audit.record(by, "tier.saved", f"tier:{row.id}", now, minimum=row.min_minor)
    return row


def withdraw_tier(row: Tier, by: int | str, now: datetime) -> None:
    """Nobody can choose it from ``now`` on; who pays it goes on paying it. Twice changes nothing."""
    writing_session()
    if row.offered_until is None or row.offered_until > now:
        row.offered_until = now
        audit.record(by, "tier.withdrawn", f"tier:{row.id}", now)


def _free_slug(name: str) -> str:
    """An address that no tier has yet."""
    wanted = slug_of(name) or "tier"
    slug, number = wanted, 1
    while queries.tier_by_slug(slug) is not None:
        number += 1
        slug = f"{wanted[:56].strip('-')}-{number}"
    return slug
