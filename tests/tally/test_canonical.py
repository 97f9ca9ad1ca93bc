"""One value, one spelling."""

import hashlib
import json
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coopgov.tally.canonical import LARGEST, canonical, digest

DECOMPOSED = "e\u0301"


def test_keys_are_sorted_and_nothing_is_spaced_or_escaped():
    assert canonical({"b": [1, None, True], "a": "é\u2028/<"}) == '{"a":"é\u2028/<","b":[1,null,true]}'.encode()


def test_a_tuple_is_written_like_a_list():
    assert canonical((1, ("a",))) == b'[1,["a"]]'


def test_true_and_one_are_equal_in_python_and_differ_in_bytes():
    assert (canonical(True), canonical(1)) == (b"true", b"1")


def test_the_largest_number_is_the_last_that_javascript_counts_exactly():
    assert LARGEST == 9_007_199_254_740_991


@pytest.mark.parametrize("number", [LARGEST, -LARGEST, 0])
def test_whole_numbers_that_every_reader_keeps_are_written(number):
    assert canonical(number) == str(number).encode()


@pytest.mark.parametrize(
    ("value", "key"),
    [
        (1.0, "canonical.type"),
        (float("nan"), "canonical.type"),
        (b"bytes", "canonical.type"),
        ({1, 2}, "canonical.type"),
        (Fraction(1, 2), "canonical.type"),
        (LARGEST + 1, "canonical.too_large"),
        (-LARGEST - 1, "canonical.too_large"),
        (DECOMPOSED, "canonical.not_nfc"),
        ("\ud800", "canonical.lone_surrogate"),
        ("a\udfff", "canonical.lone_surrogate"),
        ({1: "a"}, "canonical.key"),
        ({"é": 1}, "canonical.key"),
    ],
)
def test_what_has_no_single_spelling_is_refused_at_any_depth(value, key):
    for nested in (value, [value], {"a": (value,)}):
        with pytest.raises(ValueError) as refusal:
            canonical(nested)
        assert str(refusal.value) == key


def test_neighbours_of_the_surrogates_are_written():
    assert canonical("\ud7ff\ue000") == '"\ud7ff\ue000"'.encode()


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-LARGEST, LARGEST) | st.text(st.characters(codec="ascii")),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec="ascii")), inner),
)


@settings(deadline=None)
@given(PLAIN)
def test_canonical_bytes_read_back_and_are_written_the_same_again(value):
    read = json.loads(canonical(value))
    assert read == value
    assert canonical(read) == canonical(value)


@settings(deadline=None)
@given(st.dictionaries(st.text(st.characters(codec="ascii")), st.integers(0, 9), min_size=2))
def test_the_order_of_keys_changes_nothing(record):
    assert canonical(dict(reversed(record.items()))) == canonical(record)


def test_a_digest_is_the_sha_256_of_tag_and_bytes():
    assert digest("coopgov/manifest/v1\n", {"a": 1}) == hashlib.sha256(b'coopgov/manifest/v1\n{"a":1}').hexdigest()


def test_the_tag_keeps_kinds_of_record_apart():
    assert digest("coopgov/roll/v1\n", []) != digest("coopgov/ballot/v1\n", [])


def test_a_tag_of_one_letter_is_enough():
    assert digest("x\n", 0) == hashlib.sha256(b"x\n0").hexdigest()


@pytest.mark.parametrize("tag", ["", "\n", "coopgov/roll/v1", "two\nlines\n", "röll\n"])
def test_a_tag_that_does_not_end_in_its_only_newline_is_refused(tag):
    with pytest.raises(ValueError, match=r"^canonical\.tag$"):
        digest(tag, {})
