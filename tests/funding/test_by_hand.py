"""Payments that the treasurer writes down: what they cover, booked once, taken back by the opposite."""

import doctest
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from coopgov.core.errors import Refused
from coopgov.core.money import Money
from coopgov.funding.events import ContributionFailed, ContributionReceived
from coopgov.funding.models import Contribution, Finding, LedgerEntry
from coopgov.funding.rules import covering
from coopgov.funding.rules.covering import covered_days, months_covered
from coopgov.funding.services.by_hand import ByHand, book_by_hand, take_back
from coopgov.infra.audit import AuditRow
from coopgov.infra.check import run_checks
from coopgov.infra.db import db, write_transaction
from coopgov.infra.outbox import EventRow
from tests.conftest import NOW
from tests.factories import member, officer
from tests.funding.facts import balances, entries, payment, pounds, take, unbalanced

TODAY = NOW.date()
NOVEMBER = (date(2026, 11, 1), date(2026, 11, 30))


@pytest.fixture
def treasurer(app: Flask) -> int:
    return officer("treasurer").id


def written(key: str = "k1", **fields: Any) -> ByHand:
    given: dict[str, Any] = {"source": "cash", "amount": pounds(300), "day": TODAY}
    return ByHand(key=key, **(given | fields))


def booked(wanted: ByHand, by: int) -> Contribution:
    with write_transaction():
        number = book_by_hand(wanted, by, NOW).id
    return db.session.get_one(Contribution, number)


def refused(act: Callable[[], object]) -> str:
    with pytest.raises(Refused) as caught, write_transaction():
        act()
    return caught.value.reason


def events(kind: Any) -> list[dict[str, Any]]:
    return list(db.session.scalars(select(EventRow.payload).where(EventRow.name == kind.name)))


def test_a_payment_is_booked_received_and_covers_the_days_that_were_written(treasurer: int) -> None:
    ada = member("Ada").id
    row = booked(written(party_id=ada, covers=NOVEMBER, source="bank", reference="Dues Ada"), treasurer)
    assert (row.party_id, row.status, row.method, row.note) == (ada, "succeeded", "transfer", "Dues Ada")
    assert (row.covers_from, row.covers_to, row.receipt_number) == (*NOVEMBER, 1)
    assert balances() == {("assets:bank", "GBP"): 300, ("income:dues", "GBP"): -300}
    assert [event["party_id"] for event in events(ContributionReceived)] == [ada]
    assert db.session.scalars(select(Finding)).all() == []
    acts = db.session.scalars(select(AuditRow.actor).where(AuditRow.act == "payment.booked"))
    assert list(acts) == [f"party:{treasurer}"]


def test_the_same_form_sent_twice_books_once(treasurer: int) -> None:
    first, again = booked(written(), treasurer), booked(written(), treasurer)
    assert first.id == again.id
    assert db.session.scalar(select(func.count()).select_from(LedgerEntry)) == 1


def test_a_form_that_comes_again_with_something_else_in_it_does_not_seem_to_be_booked(treasurer: int) -> None:
    ada = member("Ada").id
    number = booked(written(), treasurer).id
    for other in ({"amount": pounds(900)}, {"source": "bank"}, {"day": TODAY - timedelta(days=1)}, {"party_id": ada}):
        assert refused(lambda other=other: book_by_hand(written(**other), treasurer, NOW)) == "by_hand.used"
    with write_transaction():
        take_back(db.session.get_one(Contribution, number), treasurer, NOW)
    assert refused(lambda: book_by_hand(written(), treasurer, NOW)) == "by_hand.used"


def test_dues_of_nobody_wait_and_a_gift_of_nobody_does_not(treasurer: int) -> None:
    booked(written("k1"), treasurer)
    booked(written("k2", purpose="donation"), treasurer)
    booked(written("k3", purpose="other"), treasurer)
    assert db.session.scalar(select(func.count()).where(Finding.closed_at.is_(None))) == 1
    assert {account for account, _ in balances()} == {
        *("assets:cash", "income:dues", "income:donations", "income:other"),
    }


def test_what_was_booked_by_mistake_is_taken_back_by_the_opposite(treasurer: int) -> None:
    ada = member("Ada").id
    row = booked(written(party_id=ada, covers=NOVEMBER), treasurer)
    with write_transaction():
        take_back(db.session.get_one(Contribution, row.id), treasurer, NOW + timedelta(days=1))
    assert (row.status, row.void_at) == ("failed", NOW + timedelta(days=1))
    assert balances() == {}
    assert unbalanced() == []
    assert sorted(entries()) == ["cash:hand-k1:gross", "cash:hand-k1:gross:undo"]
    assert [event["party_id"] for event in events(ContributionFailed)] == [ada]
    assert {name: faults for name, faults in run_checks().items() if faults} == {}
    assert refused(lambda: take_back(db.session.get_one(Contribution, row.id), treasurer, NOW)) == "by_hand.gone"


def test_a_providers_payment_is_not_taken_back_here(treasurer: int) -> None:
    take(NOW, payment())
    row = db.session.scalars(select(Contribution)).one()
    assert refused(lambda: take_back(row, treasurer, NOW)) == "by_hand.provider"


def test_what_cannot_be_meant_is_refused(treasurer: int) -> None:
    ada = member("Ada").id
    faults = {
        "by_hand.own": {"party_id": treasurer},
        "by_hand.future": {"day": TODAY + timedelta(days=1)},
        "by_hand.long_ago": {"day": date(1999, 12, 31)},
        "by_hand.days": {"party_id": ada, "covers": (NOVEMBER[1], NOVEMBER[0])},
        "by_hand.nobody": {"covers": NOVEMBER},
        "by_hand.too_far": {"party_id": ada, "covers": (NOVEMBER[0], date(9999, 12, 31))},
        "matching.no_member": {"party_id": 9_999},
        "matching.purpose": {"purpose": "bribe"},
    }
    for reason, fields in faults.items():
        assert refused(lambda fields=fields: book_by_hand(written(**fields), treasurer, NOW)) == reason
    assert entries() == {}


# What it covers


@given(st.integers(1, 10**6), st.integers(1, 10**4), st.dates(date(2024, 1, 1), date(2030, 12, 31)))
def test_what_is_covered_begins_on_the_first_day_and_grows_with_the_amount(paid: int, price: int, first: date) -> None:
    days = covered_days(pounds(paid), pounds(price), "month", first)
    months = months_covered(pounds(paid), pounds(price), "month")
    assert (days is None) == (months == 0)
    if days is not None:
        assert days[0] == first
        assert 27 * months <= (days[1] - first).days + 1 <= 31 * months
        more = covered_days(pounds(paid + price), pounds(price), "month", first)
        assert more is not None
        assert more[1] >= days[1]


def test_half_a_month_another_currency_and_a_price_of_nothing_cover_nothing() -> None:
    assert covered_days(pounds(299), pounds(300), "month", TODAY) is None
    assert covered_days(Money(300, "EUR"), pounds(300), "month", TODAY) is None
    assert covered_days(pounds(300), pounds(0), "month", TODAY) is None


def test_a_yearly_amount_covers_a_year_and_a_month_from_the_last_day_ends_with_the_month() -> None:
    assert covered_days(pounds(3600), pounds(3600), "year", date(2027, 3, 1)) == (date(2027, 3, 1), date(2028, 2, 29))
    assert covered_days(pounds(300), pounds(300), "month", date(2027, 1, 31))[1] == date(2027, 2, 27)


def test_the_examples_in_the_docstrings_are_true() -> None:
    assert doctest.testmod(covering).failed == 0
