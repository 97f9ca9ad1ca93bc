"""Strangers' JSON: read within bounds, or refused before it costs anything."""

import json
import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coopgov.federation.rules.reading import (
    MOST_DEPTH,
    MOST_MEMBERS,
    Unreadable,
    id_of,
    ids_of,
    read_object,
    text_of,
    type_of,
)

PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.text(st.characters(codec="utf-8", exclude_characters="\0")),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text('abc[{"\\', max_size=4), inner, max_size=4),
    max_leaves=20,
)


def nested(depth: int) -> bytes:
    """An object so many levels deep, itself counted."""
    return b'{"a":' * (depth - 1) + b"{}" + b"}" * (depth - 1)


@given(st.dictionaries(st.text("abc", max_size=3), PLAIN, max_size=5))
def test_an_ordinary_object_is_read_as_it_was_written(thing: dict[str, object]) -> None:
    assert read_object(json.dumps(thing).encode()) == thing
    assert read_object(json.dumps(thing, ensure_ascii=False).encode()) == thing


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "json"),
        (b"{", "json"),
        (b"nonsense", "json"),
        (b'{"a":1}{"a":1}', "json"),
        (b"[]", "shape"),
        (b'"text"', "shape"),
        (b"1", "shape"),
        (b"null", "shape"),
        (b'{"a":NaN}', "number"),
        (b'{"a":-Infinity}', "number"),
        (b'{"a":1e400}', "number"),
        (b'{"a":[-1.5e9999]}', "number"),
        (b'{"a":' + b"9" * 40 + b"}", "number"),
        (b'{"a":' + b"9" * 900_000 + b"}", "number"),
        (b'{"a":1,"a":2}', "key"),
        (b'{"id":"x","object":{"id":"y","id":"z"}}', "key"),
        (b'{"a":"\\ud800"}', "text"),
        (b'{"\\udfff":1}', "text"),
        (b'{"a":"\\u0000"}', "text"),
        (b'{"a":"\xff"}', "text"),
        (b"\xff\xfe{\x00}\x00", "text"),
        (nested(MOST_DEPTH + 1), "depth"),
        (b'{"a":' + b"[" * 400_000 + b"]" * 400_000 + b"}", "depth"),
        (b"[" * 900_000, "depth"),
        (json.dumps({str(n): n for n in range(30_000)}).encode(), "members"),
        (json.dumps({"a": [{"b": 1}] * (MOST_MEMBERS // 2 + 1)}).encode(), "members"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_could_be_misread_or_is_made_to_cost_is_refused(body: bytes, reason: str) -> None:
    """Edge case 51."""
    with pytest.raises(Unreadable) as refused:
        read_object(body)
    assert refused.value.reason == reason


@pytest.mark.parametrize(
    "body",
    [
        *(b'{"a":"' + b'\\"' * 480_000, b'"\\' * 480_000, b'"' * 960_000, b'{"a":"' + b"\\" * 960_000),
        *(b'{"a":"' + b'\\"' * 480_000 + b'"}', b'{"a":0.' + b"1" * 960_000 + b"}"),
    ],
    ids=lambda body: repr(body[:12]),
)
def test_a_megabyte_made_to_be_read_over_and_over_is_read_once(body: bytes) -> None:
    """Nobody has signed it when it is read: quotes that never close once took minutes for 40,000 of them."""
    begun = time.process_time()
    with suppress(Unreadable):
        read_object(body)
    assert time.process_time() - begun < 2


def test_the_bounds_themselves_are_fine() -> None:
    assert read_object(nested(MOST_DEPTH))
    assert read_object(json.dumps({"a": "[" * 1_000 + '\\"' * 100}).encode())
    assert len(read_object(json.dumps({str(n): n for n in range(MOST_MEMBERS)}).encode())) == MOST_MEMBERS


def test_ids_types_and_texts_are_found_in_whatever_shape_they_come() -> None:
    """Edge case 40."""
    assert [id_of(value) for value in ("x", {"id": "x"}, {"id": 1}, {}, None, 7, ["x"])] == [
        "x",
        "x",
        "",
        "",
        "",
        "",
        "",
    ]
    assert ids_of(["x", {"id": "y"}, 3, None, {"id": []}]) == ["x", "y"]
    assert (ids_of("x"), ids_of(None)) == (["x"], [])
    assert [
        type_of(v) for v in ({"type": "Note"}, {"type": ["Note", "X"]}, {"type": 1}, {"type": []}, "Note", None)
    ] == [*("Note", "Note", "", "", "", "")]
    assert (text_of({"a": "x"}, "a"), text_of({"a": 1}, "a"), text_of(None, "a")) == ("x", "", "")
