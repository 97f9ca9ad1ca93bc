"""Instants and wall clocks."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coopgov.core.time import from_wall_clock, to_wall_clock, utc_text, whole_days

ZONES = ["UTC", "Europe/London", "America/St_Johns", "Asia/Kathmandu", "Pacific/Apia"]


@given(st.datetimes(datetime(2000, 1, 1), datetime(2040, 1, 1)), st.sampled_from(ZONES))
def test_an_instant_survives_the_wall_clock_but_for_the_repeated_hour(wall: datetime, zone: str) -> None:
    instant = wall.replace(tzinfo=UTC)
    again = from_wall_clock(to_wall_clock(instant, zone), zone)
    assert again in (instant, instant - timedelta(hours=1))


def test_an_hour_that_summer_time_skips_is_one_fixed_instant() -> None:
    assert from_wall_clock(datetime(2026, 3, 29, 1, 30), "Europe/London") == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


def test_an_hour_that_is_repeated_means_its_first_pass() -> None:
    assert from_wall_clock(datetime(2026, 10, 25, 1, 30), "Europe/London") == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(("hours", "days"), [(0, 0), (23, 0), (24, 1), (6 * 24, 6)])
def test_a_day_is_twenty_four_hours(hours: int, days: int) -> None:
    assert whole_days(timedelta(hours=hours)) == days


def test_machines_read_seconds_and_z() -> None:
    assert utc_text(datetime(2026, 11, 22, 18, 0, 0, 5, tzinfo=UTC)) == "2026-11-22T18:00:00Z"
