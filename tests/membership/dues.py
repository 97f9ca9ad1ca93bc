"""Rows of dues for tests: a rule that asks for them, tiers, pledges, payments."""

from datetime import date, datetime, timedelta
from itertools import count
from typing import Any

from coopgov.core.money import Money
from coopgov.funding.models import Contribution, Pledge
from coopgov.identity.models import Party
from coopgov.infra.db import write_transaction
from coopgov.membership.models import StandingRule, Tier
from coopgov.membership.services.standing import RuleTerms, set_rule
from coopgov.membership.services.tiers import TierTerms, save_tier
from tests.conftest import NOW

_serial = count(1)


def rule_terms(**changes: Any) -> RuleTerms:
    """A rule that asks for dues, with 30 days of grace."""
    usual: dict[str, Any] = {
        "asks_dues": True,
        "grace_days": 30,
        "pending_votes": False,
        "pending_days": 14,
        "min_age_days": 0,
        "longest_pause_months": 12,
    }
    return RuleTerms(**usual | changes)


def asks_dues(since: datetime = NOW, **changes: Any) -> StandingRule:
    """The rule in force from ``since`` on, however long ago."""
    with write_transaction():
        return set_rule(rule_terms(**changes), since, None, since)


def tier(
    name: str = "Member", minimum: int = 100, suggested: tuple[int, ...] = (100, 300, 500), **changes: Any
) -> Tier:
    """A tier from £1 a month."""
    terms = TierTerms(
        name=name,
        minimum=Money(minimum, "GBP"),
        suggested=[Money(minor, "GBP") for minor in suggested if minor >= minimum],
        **changes,
    )
    with write_transaction():
        return save_tier(None, terms, "cli", NOW - timedelta(days=1))


def contribution(party: Party | None, paid_at: datetime, covers_to: date | None = None, **fields: Any) -> Contribution:
    """A payment of £3 by Stripe that arrived and covers from its day on."""
    gross, source = fields.pop("gross", 300), fields.pop("source", "stripe")
    given: dict[str, Any] = {
        "source": source,
        "remote_id": f"in_{next(_serial)}",
        "party_id": party.id if party else None,
        "gross_minor": gross,
        "currency": "GBP",
        "status": "succeeded",
        "remote_status": "succeeded",
        "paid_at": paid_at,
        "settles_in": f"assets:{source}",
        "covers_from": paid_at.date() if covers_to else None,
        "covers_to": covers_to,
        "created_at": paid_at,
        "updated_at": paid_at,
    }
    return _saved(Contribution(**given | fields))


def pledge(party: Party, **fields: Any) -> Pledge:
    """An active subscription of £3 a month."""
    number = next(_serial)
    given: dict[str, Any] = {
        "party_id": party.id,
        "source": "stripe",
        "product": "tier:1",
        "title": "Member",
        "amount_minor": 300,
        "currency": "GBP",
        "interval": "month",
        "status": "active",
        "remote_id": f"sub_{number}",
        "claim": f"claim{number}",
        "created_at": NOW,
        "updated_at": NOW,
    }
    return _saved(Pledge(**given | fields))


def _saved(row: Any) -> Any:
    with write_transaction() as session:
        session.add(row)
        session.flush()
    return row
