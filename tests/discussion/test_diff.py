import time

from hypothesis import given
from hypothesis import strategies as st

from coopgov.discussion.diff import Piece, changes

TEXTS = st.text(alphabet="ab \n.é", max_size=60)


@given(TEXTS, TEXTS)
def test_the_pieces_make_both_versions(before, after):
    pieces = changes(before, after)
    assert "".join(p.text for p in pieces if p.kind != "added") == before
    assert "".join(p.text for p in pieces if p.kind != "removed") == after


@given(TEXTS)
def test_a_text_does_not_differ_from_itself(text):
    assert changes(text, text) == ([Piece("same", text)] if text else [])


def test_a_changed_word_is_shown_inside_its_line():
    assert changes("We meet on Monday.\nBring tea.", "We meet on Friday.\nBring tea.") == [
        Piece("same", "We meet on "),
        Piece("removed", "Monday"),
        Piece("added", "Friday"),
        Piece("same", ".\nBring tea."),
    ]


def test_a_first_version_is_all_new():
    assert changes("", "Words.") == [Piece("added", "Words.")]


def test_long_hostile_texts_are_compared_in_less_than_two_seconds():
    began = time.process_time()
    for unit in ("a\n", "a ", "ab\n\n", "x"):
        changes((unit * 20_000)[:20_000], (unit * 20_000)[1:19_000] + "b")
    assert time.process_time() - began < 2


def test_many_hostile_passages_are_compared_in_less_than_a_second():
    """Ten such versions stand on one page, which anybody may ask for."""
    texts = ["".join(f"S{n}\n{word * 199}\n" for n in range(40))[:20_000] for word in ("a ", "a  ")]
    began = time.process_time()
    changes(*texts)
    assert time.process_time() - began < 1


def test_what_is_not_compared_word_by_word_is_still_whole():
    before, after = ("".join(f"S{n}\n{word * 90}\n" for n in range(40)) for word in ("a ", "b "))
    for old, new in ((before, after), ("x\n" * 3_000, "y\n" * 3_000)):
        pieces = changes(old, new)
        assert "".join(p.text for p in pieces if p.kind != "added") == old
        assert "".join(p.text for p in pieces if p.kind != "removed") == new
