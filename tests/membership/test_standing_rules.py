"""The rule of standing: laws that hold for all facts, and the days on which things change."""

import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from coopgov.membership.rules.standing import (
    NAMES,
    NO_DUES,
    OUT_OF_USE,
    WHY,
    Facts,
    Judgement,
    Paid,
    Rule,
    Span,
    Standing,
    are_too_many,
    standing_at,
)

LONDON = "Europe/London"
ZONES = ("Europe/London", "UTC", "Pacific/Auckland", "America/St_Johns", "Asia/Kathmandu")
FOUNDED = datetime(2026, 1, 1, 12, tzinfo=UTC)
RULE = Rule(grace_days=30)


def at(*parts: int, zone: str = "UTC") -> datetime:
    return datetime(*parts, tzinfo=ZoneInfo(zone)).astimezone(UTC)  # type: ignore[misc, arg-type]


def paid(covers_to: date, paid_at: datetime | None = None, **fields: object) -> Paid:
    """A payment of the month up to ``covers_to``, made on its first day."""
    covers_from = covers_to - timedelta(days=30)
    made = paid_at or datetime(covers_from.year, covers_from.month, covers_from.day, 9, tzinfo=UTC)
    return Paid(made, covers_from, covers_to, **fields)  # type: ignore[arg-type]


def member(*payments: Paid, since: datetime = FOUNDED, **fields: object) -> Facts:
    return Facts(memberships=[Span(since)], payments=payments, **fields)  # type: ignore[arg-type]


def judge(facts: Facts, instant: datetime, rule: Rule = RULE, zone: str = LONDON) -> Judgement:
    return standing_at(facts, instant, rule, zone)


# Any facts at all

instants = st.integers(0, 3 * 365 * 24).map(lambda hours: FOUNDED + timedelta(hours=hours))
sources = st.sampled_from(("stripe", "opencollective", "cash"))


@st.composite
def spans(draw: st.DrawFn) -> Span:
    since = draw(instants)
    lasts = draw(st.one_of(st.none(), st.integers(1, 500)))
    return Span(since, since + timedelta(days=lasts) if lasts else None)


@st.composite
def payments(draw: st.DrawFn, arrived: bool = False) -> Paid:
    paid_at = draw(instants)
    covers_from = paid_at.date() + timedelta(days=draw(st.integers(-20, 20)))
    void_at = None if arrived else draw(st.one_of(st.none(), instants))
    return Paid(
        paid_at,
        covers_from,
        covers_from + timedelta(days=draw(st.sampled_from((27, 30, 365)))),
        pending=not arrived and draw(st.booleans()),
        void_at=void_at if void_at is None or void_at > paid_at else None,
        source=draw(sources),
    )


@st.composite
def facts(draw: st.DrawFn) -> Facts:
    since = draw(instants)
    read = {name: sorted(draw(st.lists(instants, max_size=8))) for name in ("stripe", "opencollective")}
    return Facts(
        memberships=[Span(since, draw(st.one_of(st.none(), instants.filter(lambda i: i > since))))],
        payments=draw(st.lists(payments(), max_size=6)),
        reliefs=draw(st.lists(spans(), max_size=2)),
        next_charges=draw(st.lists(st.tuples(sources, instants), max_size=2)),
        readings={name: found for name, found in read.items() if found},
        holds=draw(st.lists(spans(), max_size=1)),
    )


early = st.integers(0, 60 * 24).map(lambda hours: FOUNDED + timedelta(hours=hours))


@st.composite
def late_facts(draw: st.DrawFn) -> Facts:
    """Somebody who paid in the beginning and perhaps never again: mostly in arrears, often not for sure."""
    made = draw(st.lists(st.tuples(early, sources), min_size=1, max_size=3))
    months = [Paid(when, when.date(), when.date() + timedelta(days=29), source=source) for when, source in made]
    read = {name: sorted(draw(st.lists(instants, max_size=12))) for name in ("stripe", "opencollective")}
    return Facts(
        memberships=[Span(FOUNDED)],
        payments=[*months, *draw(st.lists(payments(), max_size=1))],
        next_charges=draw(st.lists(st.tuples(sources, early.map(lambda at: at + timedelta(days=60))), max_size=1)),
        readings={name: found for name, found in read.items() if found},
    )


any_facts = st.one_of(facts(), late_facts())
rules = st.builds(
    Rule,
    asks_dues=st.booleans() | st.just(True),
    grace_days=st.integers(0, 90),
    pending_votes=st.booleans(),
    pending_days=st.integers(0, 30),
    min_age_days=st.sampled_from((0, 0, 0, 30, 365)),
    asks_since=st.none() | instants,
)
late_rules = st.builds(Rule, grace_days=st.integers(0, 60), pending_votes=st.booleans())
zones = st.sampled_from(ZONES)


@given(any_facts, instants, rules, zones)
def test_every_answer_has_its_words(one: Facts, instant: datetime, rule: Rule, zone: str) -> None:
    judged = judge(one, instant, rule, zone)
    assert judged.why in WHY
    assert judged.standing in NAMES
    assert judged.rule == rule.version
    assert judged.votes <= (judged.standing is not Standing.ARREARS)
    assert (judged.standing is Standing.NONE) is (judged.why == "not_a_member")


@given(any_facts, instants, rules, zones)
def test_standing_depends_on_nothing_that_happens_later(one: Facts, instant: datetime, rule: Rule, zone: str) -> None:
    def so_far(end: datetime | None) -> datetime | None:
        return end if end is None or end <= instant else None

    known = replace(
        one,
        memberships=[Span(s.since, so_far(s.until)) for s in one.memberships if s.since <= instant],
        payments=[replace(p, void_at=so_far(p.void_at)) for p in one.payments if p.paid_at <= instant],
        reliefs=[Span(s.since, so_far(s.until)) for s in one.reliefs if s.since <= instant],
        readings={name: [r for r in found if r <= instant] for name, found in one.readings.items()},
        holds=[Span(s.since, so_far(s.until)) for s in one.holds if s.since <= instant],
    )
    assert judge(known, instant, rule, zone) == judge(one, instant, rule, zone)


@given(any_facts, instants, rules, zones, st.randoms())
def test_the_order_of_facts_is_of_no_matter(
    one: Facts, instant: datetime, rule: Rule, zone: str, chance: random.Random
) -> None:
    mixed = replace(
        one,
        payments=chance.sample(list(one.payments), len(one.payments)),
        reliefs=chance.sample(list(one.reliefs), len(one.reliefs)),
        next_charges=chance.sample(list(one.next_charges), len(one.next_charges)),
    )
    assert judge(mixed, instant, rule, zone) == judge(one, instant, rule, zone)


@given(any_facts, payments(arrived=True), instants, rules, zones)
def test_a_payment_more_never_makes_it_worse(one: Facts, more: Paid, instant: datetime, rule: Rule, zone: str) -> None:
    before = judge(one, instant, rule, zone)
    after = judge(replace(one, payments=[*one.payments, more]), instant, rule, zone)
    assert after.votes >= before.votes
    if before.covered_to and after.covered_to:
        assert after.covered_to >= before.covered_to


@given(any_facts, instants, rules, zones)
def test_relief_keeps_the_vote(one: Facts, instant: datetime, rule: Rule, zone: str) -> None:
    judged = judge(replace(one, reliefs=[*one.reliefs, Span(instant)]), instant, rule, zone)
    without = judge(one, instant, rule, zone)
    assert judged.votes >= without.votes
    assert judged.votes or judged.standing is Standing.NONE or judged.why == "too_young"


@given(late_facts(), instants, late_rules, zones)
def test_nobody_is_in_arrears_within_the_grace(one: Facts, instant: datetime, rule: Rule, zone: str) -> None:
    judged = judge(one, instant, rule, zone)
    assume(judged.standing is Standing.ARREARS)
    assert judged.covered_to is not None
    assert (instant.astimezone(ZoneInfo(zone)).date() - judged.covered_to).days > rule.grace_days
    assert judged.arrears_since is not None
    assert judged.arrears_since <= instant
    assert all(at + timedelta(days=7) <= instant for _, at in one.next_charges)


@given(late_facts(), instants, late_rules, zones)
def test_nobody_is_in_arrears_before_two_readings_of_each_provider_that_is_read(
    one: Facts, instant: datetime, rule: Rule, zone: str
) -> None:
    judged = judge(one, instant, rule, zone)
    assume(judged.standing is Standing.ARREARS)
    assert judged.arrears_from is not None
    over = datetime(*judged.arrears_from.timetuple()[:3], tzinfo=ZoneInfo(zone))
    arrived = {p.source for p in one.payments if not p.pending and p.counts(instant)}
    for source in arrived | {source for source, _ in one.next_charges}:
        known = [r for r in one.readings.get(source, ()) if r <= instant]
        since = [r for r in known if r >= over]
        assert not known or len(since) >= 2 or known[-1] + OUT_OF_USE <= instant


@given(any_facts, instants, rules, zones, st.integers(1, 60))
def test_while_a_hold_stands_nobody_falls_into_arrears_after_it_began(
    one: Facts, instant: datetime, rule: Rule, zone: str, days: int
) -> None:
    held = judge(replace(one, holds=[Span(instant - timedelta(days=days))]), instant, rule, zone)
    if held.standing is Standing.ARREARS:
        assert held.arrears_since is not None
        assert held.arrears_since <= instant - timedelta(days=days)


@given(any_facts, instants, zones)
def test_where_no_dues_are_asked_every_member_votes(one: Facts, instant: datetime, zone: str) -> None:
    judged = judge(one, instant, NO_DUES, zone)
    assert judged.votes is (judged.standing is Standing.GOOD)
    assert judged.why in ("no_dues", "not_a_member")


@given(any_facts, instants, instants, rules, zones)
def test_nobody_owes_for_days_before_dues_were_asked(
    one: Facts, instant: datetime, asked: datetime, rule: Rule, zone: str
) -> None:
    assume(asked <= instant)
    judged = judge(one, instant, replace(rule, asks_dues=True, asks_since=asked), zone)
    if judged.covered_to is not None:
        assert judged.covered_to >= asked.astimezone(ZoneInfo(zone)).date() - timedelta(days=1)


@given(st.integers(0, 20_000), st.integers(0, 20_000))
def test_many_are_more_than_three_and_more_than_five_percent(new: int, members: int) -> None:
    assert are_too_many(new, members) is (new > 3 and new / max(members, 1) > 0.05)


def test_three_of_four_new_arrears_are_not_many_but_four_of_seventy_nine_are() -> None:
    assert not are_too_many(3, 4)
    assert are_too_many(4, 79)
    assert not are_too_many(4, 80)
    assert not are_too_many(500, 10_000)
    assert are_too_many(501, 10_000)


# Days


def test_the_last_paid_day_and_the_last_day_of_grace_both_count() -> None:
    one = member(paid(date(2026, 10, 31)))
    assert judge(one, at(2026, 10, 31, 23, 59)).standing is Standing.GOOD
    assert judge(one, at(2026, 11, 1)).standing is Standing.GRACE
    assert judge(one, at(2026, 11, 30, 23, 59)).standing is Standing.GRACE
    late = judge(one, at(2026, 12, 1))
    assert (late.standing, late.votes, late.why) == (Standing.ARREARS, False, "arrears")
    assert (late.covered_to, late.arrears_from) == (date(2026, 10, 31), date(2026, 12, 1))


def test_one_payment_puts_it_right_at_once() -> None:
    one = member(paid(date(2026, 10, 31)), paid(date(2027, 1, 4), paid_at=at(2026, 12, 5, 10)))
    assert judge(one, at(2026, 12, 5, 9, 59)).standing is Standing.ARREARS
    assert judge(one, at(2026, 12, 5, 10)).standing is Standing.GOOD


@pytest.mark.parametrize(
    ("zone", "last"),
    [
        ("Europe/London", at(2026, 11, 30, 23, 59, 59)),
        ("Pacific/Auckland", at(2026, 11, 30, 10, 59, 59)),
        ("America/St_Johns", at(2026, 12, 1, 3, 29, 59)),
        ("Asia/Kathmandu", at(2026, 11, 30, 18, 14, 59)),
    ],
)
def test_days_are_those_of_the_coops_zone(zone: str, last: datetime) -> None:
    one = member(paid(date(2026, 10, 31)))
    assert judge(one, last, zone=zone).standing is Standing.GRACE
    assert judge(one, last + timedelta(seconds=1), zone=zone).standing is Standing.ARREARS


@pytest.mark.parametrize(
    ("covers_to", "first_day_of_arrears"),
    [
        (date(2026, 2, 26), at(2026, 3, 28, 23, 59, 59)),  # summer time begins in the last night
        (date(2026, 9, 25), at(2026, 10, 25, 22, 59, 59)),  # and ends
    ],
)
def test_a_night_of_23_or_25_hours_is_a_night(covers_to: date, first_day_of_arrears: datetime) -> None:
    one, midnight = (
        member(paid(covers_to)),
        datetime.combine(covers_to + timedelta(days=31), datetime.min.time(), ZoneInfo(LONDON)).astimezone(UTC),
    )
    assert judge(one, midnight - timedelta(seconds=1)).standing is Standing.GRACE
    assert judge(one, midnight).standing is Standing.ARREARS


def test_the_29th_of_february_is_paid_for_in_a_leap_year_and_not_missed_in_another() -> None:
    """Paid to 29 February 2028; the renewal on 28 February 2029 covers its day."""
    one = member(
        Paid(at(2027, 3, 1), date(2027, 3, 1), date(2028, 2, 29)),
        Paid(at(2028, 3, 1), date(2028, 3, 1), date(2029, 2, 28)),
    )
    days = [at(2028, 2, 29, 12), at(2028, 3, 1, 12), at(2029, 2, 28, 12)]
    assert [judge(one, day).standing for day in days] == [Standing.GOOD] * 3
    assert judge(one, at(2029, 3, 1, 12)).standing is Standing.GRACE


def test_who_joined_on_the_31st_is_covered_through_short_months() -> None:
    ends = [date(2026, 2, 27), date(2026, 3, 30), date(2026, 4, 29), date(2026, 5, 30)]
    starts = [date(2026, 1, 31), *(end + timedelta(days=1) for end in ends[:-1])]
    months = [Paid(at(*first.timetuple()[:3], 8), first, last) for first, last in zip(starts, ends, strict=True)]
    one = member(*months, since=at(2026, 1, 31, 8))
    day = at(2026, 1, 31, 12)
    while day < at(2026, 5, 31):
        assert judge(one, day).standing is Standing.GOOD, day
        day += timedelta(days=1)


# Payments under way, failed, given back


def test_while_the_first_payment_is_on_its_way_voting_follows_the_rule() -> None:
    one = member(paid(date(2026, 2, 1), paid_at=FOUNDED, pending=True))
    judged = judge(one, FOUNDED + timedelta(days=2))
    assert (judged.standing, judged.votes, judged.why) == (Standing.NOT_YET, False, "pending")
    assert judge(one, FOUNDED + timedelta(days=2), replace(RULE, pending_votes=True)).votes


def test_a_first_payment_that_fails_opens_no_vote_until_one_comes() -> None:
    failed = paid(date(2026, 1, 31), paid_at=FOUNDED, pending=True, void_at=FOUNDED + timedelta(days=5))
    judged = judge(member(failed), FOUNDED + timedelta(days=6))
    assert (judged.standing, judged.votes, judged.why) == (Standing.NOT_YET, False, "not_arrived")
    came = paid(date(2026, 2, 8), paid_at=FOUNDED + timedelta(days=7))
    assert judge(member(failed, came), FOUNDED + timedelta(days=7)).standing is Standing.GOOD
    assert judge(member(failed), FOUNDED + timedelta(days=40)).standing is Standing.ARREARS


def test_a_first_payment_that_is_tried_again_later_is_still_the_first() -> None:
    again = Paid(FOUNDED + timedelta(days=7), FOUNDED.date(), date(2026, 1, 31), pending=True)
    judged = judge(member(again), FOUNDED + timedelta(days=8))
    assert (judged.standing, judged.votes, judged.why) == (Standing.NOT_YET, False, "pending")


def test_a_first_payment_counts_as_on_its_way_for_so_many_days_only() -> None:
    one = member(paid(date(2026, 2, 1), paid_at=FOUNDED, pending=True))
    assert judge(one, FOUNDED + timedelta(days=13)).why == "pending"
    assert judge(one, FOUNDED + timedelta(days=14)).why == "not_arrived"


def test_a_member_of_long_standing_loses_nothing_by_beginning_to_pay() -> None:
    before_dues = Rule(asks_since=at(2026, 6, 1))
    begun = Paid(at(2026, 6, 10), date(2026, 6, 10), date(2026, 7, 9), pending=True)
    judged = judge(member(begun), at(2026, 6, 11), before_dues)
    assert (judged.standing, judged.votes, judged.why) == (Standing.GRACE, True, "on_its_way")


def test_arrears_wait_while_a_direct_debit_is_on_its_way() -> None:
    debit = Paid(at(2026, 11, 25), date(2026, 11, 1), date(2026, 11, 30), pending=True)
    one = member(paid(date(2026, 10, 31)), debit)
    assert judge(one, at(2026, 12, 2)).standing is Standing.GRACE
    assert judge(one, at(2026, 12, 9)).standing is Standing.ARREARS  # 14 days are over


def test_a_payment_that_was_given_back_covers_nothing_from_then_on() -> None:
    one = member(paid(date(2026, 12, 20), paid_at=at(2026, 11, 20), void_at=at(2026, 11, 22, 12)))
    assert judge(one, at(2026, 11, 22, 11, 59)).standing is Standing.GOOD
    assert judge(one, at(2026, 11, 22, 12)).standing is Standing.ARREARS


# Providers


def test_a_charge_that_comes_later_than_the_grace_ends_is_waited_for() -> None:
    """A contribution of 20 January is next charged on 1 March (Open Collective)."""
    one = member(
        Paid(at(2026, 1, 20), date(2026, 1, 20), date(2026, 1, 25)),
        next_charges=[("opencollective", at(2026, 3, 1, 3))],
    )
    assert judge(one, at(2026, 3, 8, 2, 59)).standing is Standing.GRACE
    assert judge(one, at(2026, 3, 8, 3)).standing is Standing.ARREARS


def test_one_reading_after_the_grace_lapses_nobody_and_a_second_does() -> None:
    first, second = at(2026, 12, 1, 6), at(2026, 12, 1, 7)
    one = member(paid(date(2026, 10, 31), source="stripe"), readings={"stripe": [at(2026, 11, 30), first, second]})
    waits = judge(one, second - timedelta(minutes=1))
    assert (waits.standing, waits.votes, waits.why) == (Standing.GRACE, True, "waits")
    late = judge(one, second)
    assert (late.standing, late.arrears_since) == (Standing.ARREARS, second)


def test_an_outage_of_weeks_lapses_nobody_and_one_of_months_ends_the_waiting() -> None:
    last = at(2026, 11, 20)
    one = member(paid(date(2026, 10, 31), source="stripe"), readings={"stripe": [last]})
    assert judge(one, at(2027, 1, 31)).why == "waits"
    assert judge(one, last + OUT_OF_USE).standing is Standing.ARREARS


def test_a_reading_of_later_changes_nothing_about_before() -> None:
    last = at(2026, 11, 20)
    one = member(paid(date(2026, 10, 31), source="stripe"), readings={"stripe": [last]})
    again = replace(one, readings={"stripe": [last, at(2027, 4, 1), at(2027, 4, 2)]})
    for day in (at(2027, 1, 31), last + OUT_OF_USE, at(2027, 3, 31)):
        assert judge(again, day) == judge(one, day)


def test_a_hold_keeps_from_arrears_who_would_have_fallen_into_them_since_and_nobody_else() -> None:
    long_since, of_late = member(paid(date(2026, 9, 30))), member(paid(date(2026, 10, 31)))
    hold = [Span(at(2026, 11, 30, 12), at(2026, 12, 5))]
    held = {name: replace(one, holds=hold) for name, one in (("long", long_since), ("late", of_late))}
    assert judge(of_late, at(2026, 12, 1)).standing is Standing.ARREARS
    assert judge(held["late"], at(2026, 12, 4, 23)).why == "waits"
    assert judge(held["long"], at(2026, 12, 4, 23)).standing is Standing.ARREARS
    assert judge(held["late"], at(2026, 12, 5)).standing is Standing.ARREARS


def test_cash_is_read_by_nobody_and_waits_for_no_reading() -> None:
    one = member(paid(date(2026, 10, 31), source="cash"), readings={"stripe": [at(2026, 1, 2)]})
    assert judge(one, at(2026, 12, 1)).standing is Standing.ARREARS


def test_late_dues_are_certain_only_after_two_readings_since_they_were_due() -> None:
    readings = [at(2026, 11, 1, 6), at(2026, 11, 1, 7)]
    one = member(paid(date(2026, 10, 31), source="stripe"), readings={"stripe": readings})
    assert judge(one, at(2026, 11, 1, 6, 30)).late_since is None
    assert judge(one, at(2026, 11, 1, 7)).late_since == readings[1]


# Young memberships, membership itself


def test_voting_begins_a_number_of_days_after_joining() -> None:
    one, rule = member(paid(date(2026, 12, 31), paid_at=FOUNDED), since=at(2026, 3, 1, 15)), Rule(min_age_days=30)
    young = judge(one, at(2026, 3, 30, 22), rule)
    assert (young.standing, young.votes, young.why) == (Standing.NOT_YET, False, "too_young")
    assert judge(one, at(2026, 3, 31, 0), rule).votes  # 31 March by London's clocks, in summer time


def test_who_is_no_member_at_the_instant_has_no_standing() -> None:
    one = Facts(memberships=[Span(at(2026, 2, 1), at(2026, 3, 1)), Span(at(2026, 5, 1))])
    assert judge(one, at(2026, 1, 31)).standing is Standing.NONE
    assert judge(one, at(2026, 3, 1)).standing is Standing.NONE
    assert judge(one, at(2026, 5, 1)).votes


def test_coming_back_fills_no_gap_and_counts_from_the_return() -> None:
    one = Facts(
        memberships=[Span(at(2026, 1, 1), at(2026, 3, 1)), Span(at(2026, 6, 1))], payments=[paid(date(2026, 2, 28))]
    )
    back = judge(one, at(2026, 6, 2))
    assert (back.standing, back.covered_to) == (Standing.GRACE, date(2026, 5, 31))


def test_after_relief_nothing_is_to_be_made_up_for() -> None:
    one = member(paid(date(2026, 2, 1)), reliefs=[Span(at(2026, 2, 1), at(2026, 8, 1))])
    assert judge(one, at(2026, 7, 31, 12)).standing is Standing.RELIEF
    after = judge(one, at(2026, 8, 2, 12))
    assert (after.standing, after.covered_to) == (Standing.GRACE, date(2026, 7, 31))
    assert judge(one, at(2026, 9, 1, 12)).standing is Standing.ARREARS
