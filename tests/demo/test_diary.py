"""The demonstration's calendar and its people."""

import random
from datetime import UTC, datetime, timedelta

from hypothesis import example, given
from hypothesis import strategies as st

from coopgov.core.time import to_wall_clock
from coopgov.demo.cast import book, people, persona_email, personas
from coopgov.demo.diary import JUST_NOW, SLEEPS, WAKES, ZONE, Diary, awake, spread
from coopgov.demo.story import RULES, stories

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
INSTANTS = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))
DAYS = st.lists(st.none() | st.floats(0.01, 9.9), min_size=1, max_size=30)


@given(INSTANTS)
@example(datetime(2024, 10, 26, 22, tzinfo=UTC))  # that night lasts an hour longer
@example(datetime(2025, 3, 29, 23, tzinfo=UTC))  # and that one an hour shorter
def test_people_write_when_people_are_awake_and_never_earlier(at: datetime) -> None:
    assert WAKES <= to_wall_clock(awake(at), ZONE).hour < SLEEPS
    assert timedelta(0) <= awake(at) - at <= timedelta(hours=24 - SLEEPS + WAKES + 1)


@given(DAYS, st.floats(10, 400))
def test_a_talk_lasts_as_long_as_it_says_and_keeps_the_days_that_it_names(
    anchors: list[float | None], lasts: float
) -> None:
    rising = sorted(day for day in anchors if day is not None)
    given_days = [None if day is None else rising.pop(0) for day in anchors]
    days = spread(given_days, lasts)
    assert days == sorted(days)
    assert all(named in (None, day) for named, day in zip(given_days, days, strict=True))
    assert days[-1] == (lasts if given_days[-1] is None else given_days[-1])


def test_a_diary_is_read_from_old_to_new_and_ends_just_before_now() -> None:
    diary, heard = Diary(NOW), []
    for word, days in (("last", -3), ("second", 1), ("third", 1), ("first", 2)):
        diary.write(diary.days_ago(days), lambda at, word=word: heard.append((word, at)))
    for at, act in diary.entries():
        act(at)
    assert [word for word, _ in heard] == ["first", "second", "third", "last"]
    assert heard[-1][1] == NOW - JUST_NOW


def test_the_same_seed_makes_the_same_people_and_no_two_share_a_name_or_an_address() -> None:
    first, again = people(330, random.Random(1)), people(330, random.Random(1))
    assert first == again
    assert len({person.name for person in first}) == len({person.email for person in first}) == 330


def test_every_persona_has_an_address_and_shows_their_name() -> None:
    by_email = {person.email: person for person in people(60, random.Random(1))}
    assert {by_email[persona_email(persona) or ""].public_name for persona in personas()} == {"full"}
    assert persona_email("nobody") is None


def test_the_stories_name_only_people_and_rules_that_there_are_and_answer_only_what_was_said() -> None:
    cast, told = book()["cast"], stories()
    assert len(told) > 20
    for story in told:
        assert {story.author, *(remark.by for remark in story.remarks)} <= set(cast)
        assert all(remark.to is None or 0 < remark.to < n for n, remark in enumerate(story.remarks, 1)), story.name
        for motion in story.motions:
            assert {motion.by, *motion.absent, *(line[2] for line in motion.reasons if len(line) > 2)} <= set(cast)
            assert timedelta(days=motion.days) >= RULES[motion.rule].minimum_voting
