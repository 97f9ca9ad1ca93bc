"""Pure rules of tiers and relief: laws that hold for all sums and days, and the days that are special."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coopgov.core.errors import Refused
from coopgov.core.money import Money
from coopgov.membership.rules.dues import LAST_STEP_FOR, STEPS, step_due
from coopgov.membership.rules.joining import joining_state, opens_first_session
from coopgov.membership.rules.relief import check_pause, check_reduced, ends_after, unbroken_since
from coopgov.membership.rules.standing import Span
from coopgov.membership.rules.tiers import (
    CARD,
    check_choice,
    covered_by,
    lost_to_fees,
    minimum_for,
    months_on,
    next_period,
)

days = st.dates(date(2020, 1, 1), date(2040, 12, 31))
sums = st.integers(1, 1_000_000).map(lambda minor: Money(minor, "GBP"))
instants = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))
DAY = timedelta(days=1)


@given(sums)
def test_a_fee_is_never_more_than_the_payment_and_a_year_at_once_loses_less(amount: Money) -> None:
    assert 0 <= CARD.of(amount).minor <= amount.minor
    assert lost_to_fees(amount * 12, "year").minor <= lost_to_fees(amount, "month").minor + 6


@given(days, st.sampled_from(["month", "year"]), st.integers(1, 60))
def test_periods_follow_one_another_without_gap_or_overlap(start: date, interval: str, number: int) -> None:
    day, anchor = start, start.day
    for _ in range(number):
        first, last = covered_by(day, interval, anchor)
        following = next_period(day, interval, anchor)
        assert first == day
        assert last + DAY == following
        day = following
    assert day == months_on(start, number * (12 if interval == "year" else 1))


def test_ends_of_months_and_leap_years() -> None:
    """Edge case 10."""
    assert [months_on(date(2027, 1, 31), n) for n in (1, 2, 3)] == [
        date(2027, 2, 28),
        date(2027, 3, 31),
        date(2027, 4, 30),
    ]
    assert next_period(date(2028, 2, 29), "year") == date(2029, 2, 28)
    assert next_period(date(2031, 2, 28), "year", anchor=29) == date(2032, 2, 29)
    assert covered_by(date(2028, 2, 29), "year") == (date(2028, 2, 29), date(2029, 2, 27))


@given(instants, st.sampled_from([3, 6, 12]), st.sampled_from(["UTC", "Europe/London", "Pacific/Auckland"]))
def test_a_pause_ends_at_a_midnight_some_months_on(start: datetime, months: int, zone: str) -> None:
    """Edge case 11: whatever clocks do meanwhile."""
    end = ends_after(start, months, zone).astimezone(ZoneInfo(zone))
    assert end.date() == months_on(start.astimezone(ZoneInfo(zone)).date(), months)
    assert end > start + timedelta(days=28 * months - 1)


@given(instants, st.lists(st.tuples(instants, st.integers(0, 400)), max_size=5))
def test_the_beginning_of_an_unbroken_pause_is_never_later_than_asked_and_held_all_along(
    start: datetime, given_spans: list[tuple[datetime, int]]
) -> None:
    spans = [Span(since, since + timedelta(days=length)) for since, length in given_spans]
    began = unbroken_since(start, spans)
    assert began <= start
    assert began == start or began in [span.since for span in spans]


def test_pauses_without_a_break_are_no_longer_together_than_the_rule_allows() -> None:
    start = datetime(2026, 11, 22, 12, tzinfo=UTC)
    first = Span(start, check_pause(start, 6, [], 12, "UTC"))
    second = Span(first.until or start, check_pause(first.until or start, 6, [first], 12, "UTC"))
    assert second.until == datetime(2027, 11, 22, tzinfo=UTC)
    with pytest.raises(Refused, match=r"relief\.too_long"):
        check_pause(second.until, 3, [first, second], 12, "UTC")
    assert check_pause(second.until + DAY, 3, [first, second], 12, "UTC"), "after a break it begins anew"
    with pytest.raises(Refused, match=r"relief\.months"):
        check_pause(start, 5, [], 12, "UTC")


def test_what_a_card_cannot_charge_is_refused_and_nothing_at_all_is_not() -> None:
    check_reduced(Money(0, "GBP"), by_card=True, months=1)
    check_reduced(Money(3, "GBP"), by_card=True, months=12)
    check_reduced(Money(1, "GBP"), by_card=False, months=1)
    with pytest.raises(Refused, match=r"relief\.too_small"):
        check_reduced(Money(29, "GBP"), by_card=True, months=1)
    with pytest.raises(Refused, match=r"relief\.amount"):
        check_reduced(Money(-1, "GBP"), by_card=False, months=1)


@given(sums, sums, st.sampled_from(["month", "year"]))
def test_a_choice_is_enough_from_the_minimum_on_and_what_was_paid_before_stays_enough(
    minimum: Money, amount: Money, interval: str
) -> None:
    least, terms = minimum_for(minimum, interval), {"minimum": minimum, "intervals": ("month", "year")}
    if amount >= least:
        check_choice(amount, interval, **terms)  # type: ignore[arg-type]
    else:
        with pytest.raises(Refused, match=r"tier\.too_little"):
            check_choice(amount, interval, **terms)  # type: ignore[arg-type]
        check_choice(amount, interval, already=amount, **terms)  # type: ignore[arg-type]


@given(instants, st.integers(0, 5000).map(lambda hours: timedelta(hours=hours)))
def test_steps_only_rise_until_they_end(since: datetime, later: timedelta) -> None:
    step = step_due(since, since + later)
    if later > timedelta(days=STEPS[-1]) + LAST_STEP_FOR:
        assert step is None
    else:
        assert step is not None
        assert timedelta(days=STEPS[step]) <= later
        assert step == len(STEPS) - 1 or later < timedelta(days=STEPS[step + 1])


def test_joining_is_open_done_or_over() -> None:
    at = datetime(2026, 11, 22, tzinfo=UTC)
    assert joining_state("approved", True, at, at) == "open"
    assert joining_state("expired", True, at, at + 89 * DAY) == "open"
    assert joining_state("expired", True, at, at + 90 * DAY) == "over"
    assert joining_state("expired", False, at, at) == "over"
    assert joining_state("admitted", True, at, at) == "done"
    assert joining_state("declined", True, at, at) == "over"


def test_the_link_of_joining_opens_a_login_of_its_own_for_two_weeks() -> None:
    at = datetime(2026, 11, 22, tzinfo=UTC)
    assert opens_first_session(at, at + DAY, at + 2 * DAY, at + 3 * DAY)
    assert not opens_first_session(at, at - DAY, at + 2 * DAY, at + 3 * DAY)
    assert not opens_first_session(at, at + DAY, at + 2 * DAY, at + 16 * DAY)
