"""Everybody is told once, for the closest reason, and never of their own words."""

from hypothesis import given
from hypothesis import strategies as st

from coopgov.notifications.kinds import KINDS
from coopgov.notifications.rules import comment_audiences, thread_audiences, who_wants_mail

ids = st.sets(st.integers(1, 12))
one = st.integers(1, 12)


def test_a_mention_counts_before_a_reply_and_a_reply_before_the_thread():
    audiences = comment_audiences(1, mentioned={2}, answered=3, participants={1, 2, 3, 4}, readers={1, 2, 3, 4})
    assert audiences == {"mention": {2}, "reply": {3}, "thread_comment": {4}}


def test_who_answers_themselves_is_not_told():
    assert comment_audiences(1, {1}, 1, {1}, {1}) == {"mention": set(), "reply": set(), "thread_comment": set()}


def test_a_mention_in_a_new_thread_counts_before_the_group():
    assert thread_audiences(1, {2, 9}, {1, 2, 3}, {1, 2, 3}) == {"mention": {2}, "thread_opened": {3}}


@given(author=one, mentioned=ids, answered=st.none() | one, participants=ids, readers=ids)
def test_a_comment_reaches_each_reader_at_most_once_and_never_its_author(
    author, mentioned, answered, participants, readers
):
    audiences = comment_audiences(author, mentioned, answered, participants, readers)
    told = [party for parties in audiences.values() for party in parties]
    assert len(told) == len(set(told))
    assert set(told) == ((mentioned | participants | {answered}) & readers) - {author}


@given(author=one, mentioned=ids, sitters=ids, readers=ids)
def test_a_thread_reaches_each_reader_at_most_once_and_never_its_author(author, mentioned, sitters, readers):
    audiences = thread_audiences(author, mentioned, sitters, readers)
    assert not audiences["mention"] & audiences["thread_opened"]
    assert audiences["mention"] | audiences["thread_opened"] == ((mentioned | sitters) & readers) - {author}


@given(parties=ids, exceptions=ids)
def test_an_exception_turns_the_default_around(parties, exceptions):
    assert who_wants_mail(parties, True, exceptions) == parties - exceptions
    assert who_wants_mail(parties, False, exceptions) == parties & exceptions


def test_only_comments_in_threads_that_one_wrote_in_are_not_mailed_by_default():
    assert [key for key, kind in KINDS.items() if not kind.by_mail] == ["thread_comment"]
