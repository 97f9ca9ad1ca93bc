"""The rule of standing as the membership secretary sets it."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest

from coopgov.infra.coop import Coop
from coopgov.infra.db import db, write_transaction
from coopgov.infra.web.layout import forget_profile
from coopgov.membership.models import StandingRule
from coopgov.membership.queries.standing import rule_at, standing_hold
from coopgov.membership.services.standing import guard_arrears
from tests import factories as make
from tests.conftest import NOW, Browser
from tests.membership.dues import asks_dues, contribution

pytestmark = pytest.mark.usefixtures("app")
DAY = timedelta(days=1)
FORM = {
    "asks_dues": "yes",
    "grace_days": "30",
    "min_age_days": "0",
    "pending_votes": "no",
    "pending_days": "14",
    "longest_pause_months": "12",
    "in_force_from": "",
}


@pytest.fixture
def secretary(sign_in: Callable[[int], Browser]) -> Browser:
    return sign_in(make.officer("membership_secretary").id)


@pytest.mark.parametrize("page", ["/membership", "/membership/terms", "/membership/rule"])
def test_the_secretarys_pages_lead_to_one_another(secretary: Browser, page: str) -> None:
    shown = secretary.get(page).text
    for other in ("/membership", "/membership/terms", "/membership/rule"):
        assert f'href="{other}"' + (' aria-current="page"' if other == page else "") in shown


def test_the_secretary_sets_a_rule_from_now_on_and_sees_all_versions(secretary: Browser) -> None:
    assert "No rule is set" in secretary.get("/membership/rule").text
    assert secretary.submit("/membership/rule", **FORM).status_code == 303
    assert (rule_at(NOW).grace_days, rule_at(NOW).asks_since) == (30, NOW)
    later = secretary.submit("/membership/rule", **FORM | {"grace_days": "60", "in_force_from": "2027-01-01"})
    assert later.status_code == 303
    page = secretary.get("/membership/rule").text
    assert "(in force)" in page
    assert "(planned)" in page


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("grace_days", "-1"),
        ("grace_days", "many"),
        ("grace_days", ""),
        ("longest_pause_months", "0"),
        ("in_force_from", "2020-01-01"),
        ("in_force_from", "tomorrow"),
        ("asks_dues", "perhaps"),
    ],
)
def test_what_cannot_be_meant_is_refused_beside_its_field(secretary: Browser, field: str, typed: str) -> None:
    answer = secretary.submit("/membership/rule", **FORM | {field: typed})
    assert (answer.status_code, f'id="{field}-error"' in answer.text) == (422, True)
    assert db.session.query(StandingRule).count() == 0


def test_a_hold_is_lifted_by_a_person_who_has_looked(secretary: Browser) -> None:
    asks_dues(NOW - 300 * DAY, grace_days=0)
    for _ in range(5):
        contribution(make.member(), NOW - 60 * DAY, covers_to=date(2026, 11, 21), source="cash")
    with write_transaction():
        guard_arrears(NOW)
    assert "5 members would be in arrears at once." in secretary.get("/membership/rule").text
    assert secretary.submit("/membership/rule/hold/lift").status_code == 303
    assert standing_hold() is None
    assert secretary.submit("/membership/rule/hold/lift").status_code == 404


@pytest.mark.parametrize("typed", ["0001-01-01", "9999-12-31", "2026-02-30", "soon"])
@pytest.mark.parametrize("zone", ["Pacific/Auckland", "America/Los_Angeles"])
def test_days_at_the_ends_of_time_are_answered_like_any_other(secretary: Browser, typed: str, zone: str) -> None:
    with write_transaction() as session:
        session.get_one(Coop, 1).zone = zone
    forget_profile()
    assert secretary.submit("/membership/rule", **FORM | {"in_force_from": typed}).status_code in (303, 422)
