"""What an inbox's answer means, and how long its server is left alone."""

import random
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coopgov.federation.rules.delivering import (
    FIRST_WAIT,
    LONGEST_RETRY_AFTER,
    LONGEST_WAIT,
    MOST_ATTEMPTS,
    PARKED_AFTER,
    Health,
    Meaning,
    asked_wait,
    health_of,
    is_to_park,
    meaning_of,
    wait_after,
)

NOW = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("statuses", "meaning"),
    [
        ((200, 201, 202, 204), Meaning.DONE),
        ((0, 408, 500, 502, 503, 504, 522), Meaning.DOWN),
        ((425, 429), Meaning.BUSY),
        ((401,), Meaning.UNREAD),
        ((403,), Meaning.DENIED),
        ((301, 302, 303, 307, 308, 404, 410), Meaning.GONE),
        ((400, 402, 405, 406, 413, 415, 422, 451), Meaning.REFUSED),
    ],
)
def test_a_status_means_one_thing(statuses: tuple[int, ...], meaning: Meaning) -> None:
    assert {meaning_of(status) for status in statuses} == {meaning}


@given(st.integers(1, 10_000), st.integers())
def test_waiting_grows_and_never_passes_its_bounds(failures: int, seed: int) -> None:
    wait = wait_after(failures, random.Random(seed))
    assert FIRST_WAIT * 0.75 <= wait <= LONGEST_WAIT * 1.25
    assert wait <= wait_after(failures + 3, random.Random(seed + 1)) or wait > LONGEST_WAIT * 0.75


def test_servers_that_fail_together_do_not_come_back_together() -> None:
    chance = random.Random(1)
    assert len({wait_after(5, chance) for _ in range(20)}) == 20


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        ("120", timedelta(seconds=120)),
        (" 7 ", timedelta(seconds=7)),
        ("0", timedelta(seconds=1)),
        ("99999999999999999999", LONGEST_RETRY_AFTER),
        (format_datetime(NOW + timedelta(hours=2), usegmt=True), timedelta(hours=2)),
        (format_datetime(NOW - timedelta(hours=2), usegmt=True), timedelta(seconds=1)),
        ("Fri, 31 Dec 9999 23:59:59 GMT", LONGEST_RETRY_AFTER),
        ("Sun, 29 Nov 2026 12:01:00 -0000", timedelta(minutes=1)),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("١٢", None),
        ("Sun, 99 Nov 2026 12:01:00 GMT", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date_and_bounded(header: str, wait: timedelta | None) -> None:
    assert asked_wait(header, NOW) == wait


@given(st.text(max_size=60))
def test_no_retry_after_breaks_anything(header: str) -> None:
    wait = asked_wait(header, NOW)
    assert wait is None or timedelta(seconds=1) <= wait <= LONGEST_RETRY_AFTER


@pytest.mark.parametrize(
    ("facts", "health"),
    [
        ((True, 40, None, "connect", True), Health.PARKED),
        ((False, 1, NOW + timedelta(minutes=1), "503", True), Health.FAILING),
        ((False, 0, NOW + timedelta(minutes=1), "429", True), Health.BUSY),
        ((False, 0, NOW - timedelta(minutes=1), "429", True), Health.REFUSING),
        ((False, 0, None, "400", False), Health.REFUSING),
        ((False, 0, None, "", True), Health.WELL),
        ((False, 0, None, "", False), Health.UNKNOWN),
    ],
)
def test_a_server_fares_as_it_last_showed_itself(
    facts: tuple[bool, int, datetime | None, str, bool], health: Health
) -> None:
    assert health_of(*facts, NOW) is health


def test_a_server_is_parked_after_seven_days_of_nothing_but_failure() -> None:
    assert not is_to_park(NOW - PARKED_AFTER + timedelta(seconds=1), NOW)
    assert is_to_park(NOW - PARKED_AFTER, NOW)


def test_a_server_that_is_down_is_parked_before_its_deliveries_are_given_up() -> None:
    chance, now, tries = random.Random(3), NOW, 0
    while not is_to_park(NOW, now):
        tries += 1
        now += min(wait_after(tries, chance), LONGEST_WAIT * 0.75)  # the quickest that jitter allows
    assert tries < MOST_ATTEMPTS
