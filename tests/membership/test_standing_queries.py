"""Standing asked of rows: what is fetched, the rule in force, the guard against many lapsing at once."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from coopgov.core.errors import Refused
from coopgov.funding.models import ContributionShare, Finding, Sync
from coopgov.infra.db import db, write_transaction
from coopgov.membership.models import Relief
from coopgov.membership.queries.standing import judgement, judgements, rule_at, standing_hold
from coopgov.membership.rules.standing import NO_DUES, Standing
from coopgov.membership.services.standing import guard_arrears, lift_hold, set_rule
from tests import factories as make
from tests.conftest import NOW
from tests.membership.dues import asks_dues, contribution, pledge, rule_terms

pytestmark = pytest.mark.usefixtures("app")
DAY = timedelta(days=1)


def test_without_a_rule_everybody_is_in_good_standing_and_votes():
    ada = make.member("Ada")
    assert rule_at(NOW) == NO_DUES
    assert judgement(ada.id, NOW).votes
    assert judgement(make.person().id, NOW).standing is Standing.NONE


def test_the_rule_in_force_is_the_last_version_that_has_begun_and_replaces_planned_ones():
    asks_dues(NOW, grace_days=10)
    with write_transaction():
        set_rule(rule_terms(grace_days=20), NOW + 10 * DAY, None, NOW)
        set_rule(rule_terms(grace_days=30), NOW + 5 * DAY, None, NOW)
    assert [rule_at(NOW + n * DAY).grace_days for n in (0, 4, 5, 10)] == [10, 10, 30, 30]
    assert rule_at(NOW + 20 * DAY).asks_since == NOW


def test_a_time_without_dues_is_owed_by_nobody_afterwards():
    asks_dues(NOW)
    with write_transaction():
        set_rule(rule_terms(asks_dues=False), NOW + 10 * DAY, None, NOW)
    with write_transaction():
        set_rule(rule_terms(), NOW + 40 * DAY, None, NOW)
    assert rule_at(NOW + 20 * DAY).asks_since is None
    assert rule_at(NOW + 50 * DAY).asks_since == NOW + 40 * DAY


def test_a_rule_never_begins_in_the_past_and_has_numbers_that_can_be_meant():
    with pytest.raises(Refused, match=r"rule\.in_the_past"), write_transaction():
        set_rule(rule_terms(), NOW - DAY, None, NOW)
    with pytest.raises(Refused, match=r"rule\.days"), write_transaction():
        set_rule(rule_terms(grace_days=367), NOW, None, NOW)
    with pytest.raises(Refused, match=r"rule\.months"), write_transaction():
        set_rule(rule_terms(longest_pause_months=0), NOW, None, NOW)


def test_what_was_paid_counts_until_it_was_taken_back():
    asks_dues(NOW)
    ada = make.member("Ada", admitted_at=NOW)
    paid = contribution(ada, NOW, covers_to=date(2026, 12, 21))
    assert judgement(ada.id, NOW).standing is Standing.GOOD
    assert judgement(ada.id, NOW).covered_to == date(2026, 12, 21)
    with write_transaction():
        db.session.merge(paid).void_at = NOW + DAY
    assert judgement(ada.id, NOW + 2 * DAY).covered_to == date(2026, 11, 21)


def test_a_split_payment_covers_those_whom_the_treasurer_named_and_nobody_else():
    asks_dues(NOW)
    payer, ada, ben = make.member(), make.member("Ada"), make.member("Ben")
    paid = contribution(payer, NOW, gross=600, covers_to=date(2026, 12, 21))
    with write_transaction() as session:
        for party, last in ((ada, None), (ben, date(2027, 2, 21))):
            session.add(ContributionShare(contribution_id=paid.id, party_id=party.id, amount_minor=300, covers_to=last))
    judged = judgements(NOW, [payer.id, ada.id, ben.id])
    assert [judged[p.id].covered_to for p in (ada, ben)] == [date(2026, 12, 21), date(2027, 2, 21)]
    assert judged[payer.id].covered_to == date(2026, 11, 21)


def test_a_gift_covers_no_days():
    asks_dues(NOW)
    ada = make.member("Ada")
    contribution(ada, NOW, covers_to=date(2027, 12, 21), purpose="donation")
    assert judgement(ada.id, NOW).covered_to == date(2026, 11, 21)


def test_who_is_on_relief_votes_and_owes_nothing_for_that_time():
    asks_dues(NOW, grace_days=0)
    ada = make.member("Ada")
    with write_transaction() as session:
        session.add(
            Relief(
                party_id=ada.id,
                kind="paused",
                currency="GBP",
                starts_at=NOW,
                ends_at=NOW + 90 * DAY,
                by_id=ada.id,
                created_at=NOW,
            )
        )
    during, after = judgement(ada.id, NOW + 89 * DAY), judgement(ada.id, NOW + 90 * DAY)
    assert (during.standing, during.votes) == (Standing.RELIEF, True)
    assert after.covered_to == (NOW + 89 * DAY).date()


def test_nobody_is_in_arrears_before_the_provider_had_its_chance_to_charge():
    asks_dues(datetime(2026, 1, 1, tzinfo=UTC))
    ada = make.member("Ada", admitted_at=datetime(2026, 1, 20, tzinfo=UTC))
    contribution(ada, datetime(2026, 1, 20, tzinfo=UTC), covers_to=date(2026, 2, 19))
    pledge(ada, next_charge_at=datetime(2026, 4, 1, tzinfo=UTC))
    assert judgement(ada.id, datetime(2026, 4, 7, tzinfo=UTC)).standing is Standing.GRACE
    assert judgement(ada.id, datetime(2026, 4, 9, tzinfo=UTC)).standing is Standing.ARREARS


def test_what_a_pledge_will_be_charged_later_changes_nothing_about_a_day_before_it_began():
    asks_dues(datetime(2026, 1, 1, tzinfo=UTC))
    ada = make.member("Ada", admitted_at=datetime(2026, 1, 20, tzinfo=UTC))
    pledge(ada, next_charge_at=datetime(2027, 4, 1, tzinfo=UTC), interval="year")
    assert judgement(ada.id, datetime(2026, 3, 31, tzinfo=UTC)).standing is Standing.ARREARS
    assert judgement(ada.id, datetime(2026, 4, 2, tzinfo=UTC)).standing is Standing.GRACE


def test_the_number_of_statements_does_not_grow_with_the_members(statements: Any):
    asks_dues(NOW)
    for _ in range(2):
        contribution(make.member(), NOW, covers_to=date(2026, 12, 21))
    with statements() as few:
        judgements(NOW)
    for _ in range(8):
        contribution(make.member(), NOW, covers_to=date(2026, 12, 21))
    db.session.expire_all()
    with statements() as many:
        judgements(NOW)
    assert len(many) == len(few) <= 10


# The guard


def _late(number: int, last: date) -> list[Any]:
    people = [make.member() for _ in range(number)]
    for party in people:
        contribution(party, NOW - 60 * DAY, covers_to=last)
    return people


def test_many_arrears_at_once_hold_everything_until_a_person_has_looked():
    asks_dues(NOW - 300 * DAY, grace_days=0)
    late, on_time = _late(5, date(2026, 11, 21)), _late(10, date(2026, 12, 21))
    with write_transaction():
        hold = guard_arrears(NOW)
    assert hold is not None
    assert {judgement(party.id, NOW).why for party in late} == {"waits"}
    assert judgements(NOW, [late[0].id], held=False)[late[0].id].standing is Standing.ARREARS
    with write_transaction():
        assert guard_arrears(NOW + DAY) is None, "one hold at a time"
    finding = db.session.query(Finding).one()
    assert (finding.kind, finding.facts) == ("many_lapse", {"members": 5, "of": 15})
    with write_transaction() as session:
        lift_hold(session.merge(standing_hold()), on_time[0].id, NOW + DAY)
    assert judgement(late[0].id, NOW + DAY).standing is Standing.ARREARS
    assert db.session.query(Finding).one().closed_by == on_time[0].id
    with write_transaction():
        assert guard_arrears(NOW + 2 * DAY) is None, "what a person has seen is not new"


def test_a_few_arrears_hold_nothing():
    asks_dues(NOW - 300 * DAY, grace_days=0)
    _late(3, date(2026, 11, 21))
    with write_transaction():
        assert guard_arrears(NOW) is None


def test_the_guard_looks_back_to_when_it_looked_last():
    asks_dues(NOW - 300 * DAY, grace_days=0)
    for n in range(6):
        _late(1, (NOW + n * DAY).date())
    with write_transaction():
        assert guard_arrears(NOW - DAY) is None
    with write_transaction():
        assert guard_arrears(NOW + 10 * DAY) is not None


def test_a_source_that_was_not_read_twice_since_lets_nobody_lapse():
    """Edge case 17: a reading that found nothing, or none at all, is no proof that nobody paid."""
    asks_dues(NOW - 300 * DAY, grace_days=0)
    ada = _late(1, date(2026, 11, 1))[0]
    for days in (30, 1):
        _reading(NOW - days * DAY)
    assert judgement(ada.id, NOW).why == "waits"
    _reading(NOW - DAY / 2)
    assert judgement(ada.id, NOW).standing is Standing.ARREARS


def _reading(at: datetime, ok: bool = True) -> None:
    with write_transaction() as session:
        session.add(Sync(source="stripe", started_at=at, seen_at=at, finished_at=at, ok=ok))


def test_a_reading_that_failed_does_not_count():
    asks_dues(NOW - 300 * DAY, grace_days=0)
    ada = _late(1, date(2026, 11, 1))[0]
    _reading(NOW - 30 * DAY)
    for hours in (1, 2, 3):
        _reading(NOW - timedelta(hours=hours), ok=False)
    assert judgement(ada.id, NOW).why == "waits"
