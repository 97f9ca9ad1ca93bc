import pytest
from hypothesis import given
from hypothesis import strategies as st

from coopgov.core.errors import Refused
from coopgov.core.viewer import NOBODY, Viewer
from coopgov.discussion import rules

MEMBER = Viewer(party_id=1, member_number=1, name="Ada Mary Lovelace", public_name="initial")
LAPSED = Viewer(party_id=1, seats={7: "convenor"}, offices=frozenset({"admin"}))
CONVENOR = Viewer(party_id=2, member_number=2, seats={7: "convenor"})
ADMIN = Viewer(party_id=3, member_number=3, offices=frozenset({"admin"}))


@st.composite
def answers(draw):
    """A page of comments: numbers from anywhere, each answering an earlier number or nothing."""
    first = draw(st.integers(1, 100))
    size = draw(st.integers(0, 50))
    numbers = range(first, first + size)
    return {number: draw(st.none() | st.integers(1, max(number - 1, 1))) for number in numbers}


@given(answers())
def test_every_comment_stands_on_its_page_once_and_in_order(parents):
    branches = rules.nest(parents)
    assert sorted([*branches, *(n for below in branches.values() for n in below)]) == list(parents)
    assert list(branches) == sorted(branches)
    assert all(below == sorted(below) for below in branches.values())


@given(answers())
def test_an_answer_stands_below_the_branch_of_what_it_answers(parents):
    branches = rules.nest(parents)
    head_of = {number: head for head, below in branches.items() for number in (head, *below)}
    for number, parent in parents.items():
        if parent in parents and parent < number:
            assert head_of[number] == head_of[parent]
            assert number not in branches
        else:
            assert number in branches


def test_the_public_reads_public_threads_only():
    assert rules.may_read(True, "visible", NOBODY)
    assert rules.may_read(True, "hidden", NOBODY)
    assert not rules.may_read(False, "visible", NOBODY)
    assert not rules.may_read(False, "visible", LAPSED)


def test_members_read_both_and_nobody_reads_what_is_deleted():
    assert rules.may_read(False, "visible", MEMBER)
    assert not rules.may_read(True, "deleted", MEMBER)
    assert not rules.may_read(True, "deleted", ADMIN)


def test_any_current_member_may_write_and_others_may_not():
    assert rules.may_write(MEMBER)
    assert not rules.may_write(LAPSED)
    assert not rules.may_write(NOBODY)


def test_convenors_moderate_their_own_group_and_admins_every_group():
    assert rules.may_moderate(CONVENOR, 7)
    assert not rules.may_moderate(CONVENOR, 8)
    assert rules.may_moderate(ADMIN, 8)
    assert not rules.may_moderate(MEMBER, 7)
    assert not rules.may_moderate(LAPSED, 7)


def test_hidden_words_are_open_to_their_author_and_moderators():
    assert rules.may_open("hidden", 1, MEMBER, 7)
    assert rules.may_open("hidden", 1, CONVENOR, 7)
    assert not rules.may_open("hidden", 1, CONVENOR, 8)
    assert not rules.may_open("hidden", 1, NOBODY, 7)
    assert not rules.may_open("deleted", 1, MEMBER, 7)


def test_only_the_author_edits_and_only_visible_words():
    assert rules.may_edit("visible", 1, MEMBER)
    assert not rules.may_edit("hidden", 1, MEMBER)
    assert not rules.may_edit("visible", 9, ADMIN)
    assert not rules.may_edit("visible", 1, LAPSED)


def test_an_author_who_left_the_coop_may_still_delete():
    assert rules.may_delete("visible", 1, LAPSED)
    assert rules.may_delete("hidden", 1, LAPSED)
    assert not rules.may_delete("deleted", 1, LAPSED)
    assert not rules.may_delete("visible", 0, NOBODY)


@pytest.mark.parametrize(
    ("to_public", "is_author", "moderates", "others_wrote", "reason"),
    [
        (True, True, False, False, ""),
        (True, True, True, True, "thread.stays_private"),
        (True, False, True, False, "thread.author_only"),
        (True, False, False, False, "thread.not_yours"),
        (False, True, False, True, ""),
        (False, False, True, True, ""),
        (False, False, False, False, "thread.not_yours"),
    ],
)
def test_who_may_change_who_reads(to_public, is_author, moderates, others_wrote, reason):
    if not reason:
        rules.refuse_visibility(to_public, is_author, moderates, others_wrote)
        return
    with pytest.raises(Refused) as refused:
        rules.refuse_visibility(to_public, is_author, moderates, others_wrote)
    assert refused.value.reason == reason


def test_an_author_is_named_for_the_public_as_they_choose():
    assert rules.author_of(MEMBER) == rules.Author(1, "Ada Mary Lovelace", "Ada L.")
    assert rules.author_of(Viewer(party_id=1, name="Ada", public_name="none")).public_name == ""


@given(st.integers(0, 10_000))
def test_a_comment_stands_on_the_page_that_its_number_says(number):
    page = rules.page_of(number)
    assert page == 1 or (page - 1) * rules.PER_PAGE < number <= page * rules.PER_PAGE


@pytest.mark.parametrize(
    ("name", "somebody"), [("Ada Lovelace", True), ("Ada", True), ("Ada L.", False), ("", False), ("A B. C", True)]
)
def test_a_whole_name_is_told_from_a_short_one(name, somebody):
    assert rules.names_somebody(name) == somebody
