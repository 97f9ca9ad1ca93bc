from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coopgov.core.errors import Refused
from coopgov.core.viewer import NOBODY, Viewer
from coopgov.decisions.rules import casting, entitlement, stages
from coopgov.decisions.rules.entitlement import WhyNot, why_not_on_roll
from coopgov.decisions.rules.options import offered
from coopgov.decisions.rules.stages import state_at
from coopgov.tally.rule import PRESETS, BlockKind
from tests.decisions.scene import terms

T0 = datetime(2026, 3, 25, 12, tzinfo=UTC)  # four days before summer time begins in London
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
STATES = ("draft", "scheduled", "open", "counting", "closed", "withdrawn")
instants = st.integers(-3000, 3000).map(lambda n: T0 + n * MINUTE)
spells = st.lists(st.tuples(instants, st.one_of(st.none(), instants)).map(lambda s: (s[0], max(s) if s[1] else None)))


@dataclass
class Motion:
    state: str = "open"
    opens_at: datetime | None = T0
    closes_at: datetime = T0 + DAY
    author_id: int = 1
    group_id: int = 9


def viewer(party_id: int = 1, role: str = "member", **facts: object) -> Viewer:
    given_facts = {"party_id": party_id, "member_number": 5, "seats": {9: role}}
    return Viewer(**given_facts | facts)  # type: ignore[arg-type]


def test_a_vote_is_open_until_the_instant_of_closing_and_counting_from_then_on():
    assert state_at(Motion(), T0 + DAY - timedelta(microseconds=1)) == "open"
    assert state_at(Motion(), T0 + DAY) == "counting"
    assert state_at(Motion("counting"), T0) == "counting"


def test_a_scheduled_vote_is_opening_from_its_instant_until_the_roll_is_frozen():
    assert state_at(Motion("scheduled"), T0 - MINUTE) == "scheduled"
    assert state_at(Motion("scheduled"), T0) == "opening"


@given(st.sampled_from(STATES), instants, instants)
def test_the_clock_never_moves_a_proposal_back(state, one, other):
    order = ("draft", "scheduled", "opening", "open", "counting", "closed", "withdrawn")
    motion = Motion(state)
    assert order.index(state_at(motion, min(one, other))) <= order.index(state_at(motion, max(one, other)))


@pytest.mark.parametrize(
    ("state", "offset", "reason"),
    [
        ("open", -1, None),
        ("open", 0, "ballot.closed"),
        ("open", 1, "ballot.closed"),
        ("counting", -1, None),  # came in in time, and the write lock made it wait
        ("counting", 0, "ballot.closed"),
        ("closed", -1, "ballot.closed"),  # the clock was set back: closed stays closed
        ("draft", -1, "ballot.not_open"),
        ("scheduled", -1, "ballot.not_open"),
        ("withdrawn", -1, "ballot.withdrawn"),
    ],
)
def test_a_ballot_counts_up_to_the_last_instant_before_closing(state, offset, reason):
    motion = Motion(state)
    received = motion.closes_at + timedelta(seconds=offset)
    if reason is None:
        casting.check_ballot_time(motion, received)
    else:
        with pytest.raises(Refused) as refused:
            casting.check_ballot_time(motion, received)
        assert refused.value.reason == reason


def test_the_author_mends_opens_and_withdraws_before_opening():
    assert stages.acts_open_to(Motion("draft"), viewer(), T0) == {"mend", "discuss", "open", "withdraw"}
    assert stages.acts_open_to(Motion("discussion"), viewer(), T0 - MINUTE) == {"mend", "freeze", "open", "withdraw"}
    assert stages.acts_open_to(Motion("scheduled"), viewer(), T0 - MINUTE) == {"open", "withdraw"}


def test_text_and_rule_stand_once_the_opening_has_come_even_before_the_worker():
    assert stages.acts_open_to(Motion("scheduled"), viewer(), T0) == {"withdraw"}
    with pytest.raises(Refused, match="too_late"):
        stages.refuse_unless_open_to("mend", Motion("open"), viewer(), T0)


def test_only_the_author_stops_an_open_vote():
    assert stages.acts_open_to(Motion("open"), viewer(), T0) == {"withdraw"}
    assert stages.acts_open_to(Motion("open"), viewer(2, "convenor"), T0) == frozenset()
    assert stages.acts_open_to(Motion("draft"), viewer(2, "convenor"), T0) == {"discuss", "open", "withdraw"}


def test_nobody_stops_a_vote_that_has_closed_by_the_clock():
    assert stages.acts_open_to(Motion("open"), viewer(), T0 + DAY) == frozenset()


def test_the_convenor_and_the_membership_secretary_record_outcomes():
    closed = Motion("closed")
    assert stages.acts_open_to(closed, viewer(2, "convenor"), T0) == {"outcome"}
    assert stages.acts_open_to(closed, viewer(2, offices=frozenset({"membership_secretary"})), T0) == {"outcome"}
    assert stages.acts_open_to(closed, viewer(), T0) == frozenset()


@given(st.sampled_from(STATES), instants)
def test_strangers_and_the_signed_out_may_do_nothing(state, now):
    for somebody in (NOBODY, viewer(3)):
        assert stages.acts_open_to(Motion(state), somebody, now) == frozenset()
        for act in ("mend", "open", "withdraw", "outcome"):
            with pytest.raises(Refused, match="not_yours"):
                stages.refuse_unless_open_to(act, Motion(state), somebody, now)


def test_an_author_who_is_no_member_any_more_can_only_withdraw():
    assert stages.acts_open_to(Motion("draft"), viewer(member_number=None), T0) == {"withdraw"}


def test_six_days_are_six_times_24_hours_also_when_the_clocks_change():
    stages.check_length(PRESETS["ordinary"], T0, T0 + 6 * DAY)
    with pytest.raises(Refused) as refused:
        stages.check_length(PRESETS["ordinary"], T0, T0 + 6 * DAY - MINUTE)
    assert refused.value.facts == {"hours": 144}


@given(instants, st.sampled_from(sorted(PRESETS)), st.integers(0, 20))
def test_the_earliest_closing_that_is_named_is_allowed_and_hardly_later_than_need_be(now, name, slack):
    rule = PRESETS[name]
    earliest = stages.earliest_closing(rule, now, slack * MINUTE)
    stages.check_length(rule, now + slack * MINUTE, earliest)
    assert earliest - now - rule.minimum_voting - slack * MINUTE < (timedelta(hours=1) if slack else MINUTE)
    assert earliest.second == earliest.microsecond == 0


def test_voting_cannot_open_in_the_past_nor_close_before_it_opens():
    with pytest.raises(Refused, match="opens_in_the_past"):
        stages.check_times(terms(opens_at=T0, closes_at=T0 + 9 * DAY), T0)
    with pytest.raises(Refused, match="closes_first"):
        stages.check_times(terms(closes_at=T0), T0)


def test_a_block_is_offered_only_where_it_does_more_than_a_disagreement():
    for rule in PRESETS.values():
        has_block = "block" in [option.id for option in offered("proposal", rule)]
        assert has_block is (rule.blocks.kind is not BlockKind.AS_DISAGREE)


def test_the_reminder_goes_out_in_the_last_day_of_a_vote_longer_than_36_hours():
    opened, motion = T0, Motion(closes_at=T0 + 37 * timedelta(hours=1))
    assert not stages.reminds_at(motion, opened, motion.closes_at - DAY - MINUTE)
    assert stages.reminds_at(motion, opened, motion.closes_at - DAY)
    assert stages.reminds_at(motion, opened, motion.closes_at - MINUTE)
    assert not stages.reminds_at(motion, opened, motion.closes_at)
    assert not stages.reminds_at(Motion(closes_at=T0 + 1.5 * DAY), opened, T0 + DAY)


def test_who_was_never_a_member_is_told_so():
    assert why_not_on_roll(T0, "coop", [], []) == WhyNot("never_member")


def test_who_joined_after_the_opening_is_told_when():
    joined = T0 + MINUTE
    assert why_not_on_roll(T0, "coop", [(joined, None)], []) == WhyNot("joined_later", joined)


def test_who_had_left_before_the_opening_is_told_when():
    assert why_not_on_roll(T0, "coop", [(T0 - DAY, T0)], []) == WhyNot("left_before", T0)


def test_in_a_vote_of_a_group_one_is_told_when_one_joined_it_or_that_one_was_not_in_it():
    membership = [(T0 - DAY, None)]
    assert why_not_on_roll(T0, "group", membership, [(T0 + MINUTE, None)]) == WhyNot("sat_later", T0 + MINUTE)
    assert why_not_on_roll(T0, "group", membership, []).key == "not_in_group"


@given(instants, st.sampled_from(["group", "coop"]), spells, spells)
def test_every_reason_has_a_key_and_only_those_on_no_roll_get_a_real_one(opened, electorate, memberships, seats):
    why = why_not_on_roll(opened, electorate, memberships, seats)
    running = [any(start <= opened and (end is None or end > opened) for start, end in s) for s in (memberships, seats)]
    should_be_on = running[0] and (electorate == "coop" or running[1])
    assert why.key in entitlement.WHY_NOT_KEYS
    assert (why.key == "unknown") is should_be_on
