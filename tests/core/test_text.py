"""Words that cannot trick, and counts that agree with the browser's."""

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coopgov.core import text
from coopgov.core.text import (
    MOST_MARKS_IN_A_ROW,
    clean_lines,
    count_characters,
    excerpt,
    fold_email,
    one_line,
    safe_cell,
    shown_in_public,
    slug_of,
)


def test_the_examples_in_the_docstrings_are_true() -> None:
    assert doctest.testmod(text).failed == 0


@given(st.text())
def test_a_cleaned_line_is_one_line_and_stays_so(words: str) -> None:
    line = one_line(words)
    assert "\n" not in line
    assert line == line.strip()
    assert one_line(line) == line


@pytest.mark.parametrize("trick", ["\u202eevil", "a\u200bb", "a\u2066b", "a\x00b", "a\u2028b", "a\ufeffb"])
def test_direction_and_invisible_characters_go(trick: str) -> None:
    assert not set(one_line(trick)) & set("\u202e\u200b\u2066\x00\u2028\ufeff")


def test_a_tower_of_marks_is_cut_but_real_letters_keep_theirs() -> None:
    assert len(one_line("a" + "\u0301" * 200)) <= 1 + MOST_MARKS_IN_A_ROW
    assert one_line("Nguyễn") == "Nguyễn"


def test_line_ends_are_one_kind_and_nul_goes() -> None:
    assert clean_lines("a\r\nb\rc\x00\n\n") == "a\nb\nc"


def test_an_emoji_and_a_line_end_count_once() -> None:
    assert count_characters("🙂") == 1
    assert count_characters("a\r\nb") == 3


@given(st.text(), st.integers(2, 300))
def test_an_excerpt_is_never_longer_than_asked(words: str, limit: int) -> None:
    assert len(excerpt(words, limit)) <= limit


@given(st.text())
def test_a_slug_is_safe_in_an_address(title: str) -> None:
    assert set(slug_of(title)) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert len(slug_of(title)) <= 60


def test_addresses_differ_by_dots_and_tags_but_not_by_case() -> None:
    assert fold_email(" Ada@Example.org ") == "ada@example.org"
    assert len({fold_email(a) for a in ("a.b@x.org", "ab@x.org", "a.b+c@x.org")}) == 3


@pytest.mark.parametrize(("choice", "shown"), [("full", "Ada Mary Lovelace"), ("initial", "Ada L."), ("none", "")])
def test_a_name_shows_as_its_owner_chose(choice: str, shown: str) -> None:
    assert shown_in_public("Ada Mary Lovelace", choice) == shown


def test_a_single_name_has_no_initial() -> None:
    assert shown_in_public("Wren", "initial") == "Wren"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_a_cell_that_a_spreadsheet_would_compute_is_quoted(start: str) -> None:
    assert safe_cell(f"{start}1") == f"'{start}1"
    assert safe_cell("1") == "1"
