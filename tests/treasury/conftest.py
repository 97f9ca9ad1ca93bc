"""A treasurer at their desk."""

from collections.abc import Callable
from types import SimpleNamespace

import pytest
from flask import Flask

from coopgov.core.money import Money
from coopgov.infra.db import write_transaction
from coopgov.membership.services.standing import RuleTerms, set_rule
from coopgov.membership.services.tiers import TierTerms, save_tier
from tests.conftest import Browser
from tests.factories import FOUNDED, member, officer


@pytest.fixture
def desk(app: Flask, sign_in: Callable[[int], Browser]) -> SimpleNamespace:
    """``browser`` of a treasurer, whose party is ``treasurer``; Ada and Bob are members; a tier from £3 a month."""
    treasurer, ada, bob = officer("treasurer", "Tess Till").id, member("Ada Lovelace").id, member("Bob Frost").id
    with write_transaction():
        terms = TierTerms(name="Member", minimum=Money(300, "GBP"), suggested=[Money(300, "GBP")])
        tier = save_tier(None, terms, treasurer, FOUNDED).id
        days = {"grace_days": 30, "pending_days": 14, "min_age_days": 0, "longest_pause_months": 12}
        set_rule(RuleTerms(asks_dues=True, pending_votes=False, **days), FOUNDED, None, FOUNDED)
    return SimpleNamespace(browser=sign_in(treasurer), treasurer=treasurer, ada=ada, bob=bob, tier=tier)
