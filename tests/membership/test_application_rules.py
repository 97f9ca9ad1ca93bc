"""What is decided about applications without a database."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coopgov.membership.rules.applications import (
    ANSWER_WITHIN,
    CLAIM_LASTS,
    FINISH_WITHIN,
    KEPT_FOR,
    MOVES,
    OPEN_STATES,
    REMIND_AFTER,
    STATES,
    claim_holds,
    may_correct,
    may_revive,
    may_withdraw,
    reminders_due,
    similar_email,
    usual_days,
)
from tests.conftest import NOW

TERMINAL = {"admitted", "declined", "withdrawn", "spam"}
DAY = timedelta(days=1)


@given(st.lists(st.sampled_from(sorted(STATES)), max_size=30))
def test_whatever_is_tried_an_application_only_goes_where_a_rule_leads_and_ends_for_good(tries: list[str]) -> None:
    state, ended = "started", False
    for wished in tries:
        if wished in MOVES.get(state, frozenset()):
            assert not ended
            state = wished
        ended = state in TERMINAL
    assert state in STATES


def test_no_path_leads_out_of_the_end_or_back_to_the_beginning() -> None:
    assert {state for state in STATES if not MOVES.get(state)} == TERMINAL
    assert all("started" not in moves for moves in MOVES.values())
    assert set(MOVES) | TERMINAL == set(STATES)


def test_nobody_becomes_a_member_without_having_been_approved_or_declined_without_having_been_read() -> None:
    assert {state for state, moves in MOVES.items() if "admitted" in moves} == {"approved", "expired"}
    assert {state for state, moves in MOVES.items() if "declined" in moves} <= {"in_review", "needs_info"}


def test_every_state_is_open_or_is_erased_some_day() -> None:
    assert set(STATES) == set(OPEN_STATES) | set(KEPT_FOR)


@pytest.mark.parametrize("state", sorted(STATES))
def test_only_an_unread_text_is_corrected_and_only_what_is_open_is_withdrawn(state: str) -> None:
    assert may_correct(state) is (state == "submitted")
    assert may_withdraw(state) is (state in OPEN_STATES)


def test_a_claim_lasts_48_hours_and_its_last_instant_does_not_count() -> None:
    assert claim_holds(NOW, NOW + CLAIM_LASTS - timedelta(seconds=1))
    assert not claim_holds(NOW, NOW + CLAIM_LASTS)
    assert not claim_holds(None, NOW)


@given(st.sampled_from(sorted(REMIND_AFTER)), st.integers(0, 40), st.integers(0, 40))
def test_reminders_become_more_with_time_and_are_two_at_the_most(state: str, days: int, more: int) -> None:
    early, late = reminders_due(state, NOW, NOW + days * DAY), reminders_due(state, NOW, NOW + (days + more) * DAY)
    assert early <= late <= 2


def test_each_reminder_comes_before_the_end() -> None:
    assert max(REMIND_AFTER["needs_info"]) < ANSWER_WITHIN
    assert max(REMIND_AFTER["approved"]) < FINISH_WITHIN


def test_only_who_was_approved_goes_on_after_the_end_and_not_for_ever() -> None:
    assert may_revive("expired", True, NOW, NOW + 89 * DAY)
    assert not may_revive("expired", True, NOW, NOW + 90 * DAY)
    assert not may_revive("expired", False, NOW, NOW)
    assert not may_revive("declined", True, NOW, NOW)


def test_how_long_it_takes_is_the_real_median_and_unsaid_while_decisions_are_few() -> None:
    assert usual_days([DAY] * 4) is None
    assert usual_days([timedelta(minutes=5)] * 5) == 1
    assert usual_days([DAY, DAY, 3 * DAY, 9 * DAY, 90 * DAY]) == 3
    assert usual_days([2 * DAY + timedelta(seconds=1)] * 6) == 3


def test_addresses_that_differ_by_dots_or_a_tag_are_similar_and_no_others() -> None:
    assert similar_email("a.da+x@example.org") == similar_email("ada@example.org")
    assert similar_email("ada@example.org") != similar_email("ada@other.example")
