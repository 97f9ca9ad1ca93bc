"""What an activity says is read without believing any of it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coopgov.federation.rules.heard import Said, is_id, matters, number_in, read_activity
from coopgov.federation.rules.reading import Unreadable

SITE, ADA = "https://coop.example", "https://a.example/users/ada"
COOP, NOTE = f"{SITE}/ap/actors/1", f"{SITE}/ap/notes/7"
FIELDS = ["id", "type", "actor", "object", "owner", "items"]

ids = st.sampled_from([ADA, COOP, NOTE, SITE, f"{ADA}#1", "", "x", "https://[", "javascript:alert(1)"])
things = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | ids,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS) | st.text(), inner, max_size=4),
    max_leaves=12,
)


def activity(**fields: Any) -> dict[str, Any]:
    return {"id": f"{ADA}#1", "type": "Follow", "actor": ADA, "object": COOP} | fields


@given(st.dictionaries(st.sampled_from(FIELDS), things, max_size=6))
def test_whatever_is_said_is_read_or_refused(plain: dict[str, Any]) -> None:
    try:
        said = read_activity(plain)
    except Unreadable:
        return
    assert is_id(said.uri)
    assert is_id(said.actor)
    assert all(part == "" or is_id(part) for part in (said.object_uri, said.inner_actor, said.inner_object))
    assert matters(said, SITE) in (True, False)


@given(things)
def test_whatever_an_activity_is_about_is_read(about: Any) -> None:
    assert read_activity(activity(object=about)).actor == ADA


def test_all_that_counts_is_read() -> None:
    follow = activity()
    undo = activity(id=f"{ADA}#2", type="Undo", object=follow)
    assert read_activity(follow) == Said(uri=f"{ADA}#1", type="Follow", actor=ADA, object_uri=COOP)
    assert read_activity(undo) == Said(
        uri=f"{ADA}#2",
        type="Undo",
        actor=ADA,
        object_uri=f"{ADA}#1",
        inner_type="Follow",
        inner_actor=ADA,
        inner_object=COOP,
    )


@pytest.mark.parametrize(
    ("fields", "does"),
    [
        ({}, True),
        ({"object": {"id": COOP}}, True),
        ({"object": [COOP]}, True),
        ({"object": [COOP, COOP]}, False),
        ({"object": "https://coop.example.evil.example/ap/actors/1"}, False),
        ({"object": "https://coop.example@evil.example/"}, False),
        ({"type": "Like", "object": NOTE}, True),
        ({"type": "Announce", "object": NOTE}, True),
        ({"type": "Block"}, True),
        ({"type": "Create"}, False),
        ({"type": "Flag"}, False),
        ({"type": "Delete", "object": ADA}, True),
        ({"type": "Delete", "object": {"id": ADA, "type": "Tombstone"}}, True),
        ({"type": "Delete", "object": f"{ADA}/1"}, False),
        ({"type": "Update", "object": {"id": ADA, "type": "Person"}}, True),
        ({"type": "Update", "object": {"type": "Note"}}, False),
        ({"type": "Undo", "object": f"{ADA}#1"}, True),
        ({"type": "Undo", "object": activity()}, True),
        ({"type": "Undo", "object": {"type": "Follow", "object": COOP}}, True),
        ({"type": "Undo", "object": activity(actor="https://b.example/bob")}, False),
        ({"type": "Undo", "object": activity(type="Block")}, False),
        ({"type": "Undo", "object": activity(object="https://b.example/bob")}, False),
        ({"type": "Undo", "object": {"type": "Follow"}}, False),
        ({"type": "Undo", "object": None}, False),
    ],
    ids=str,
)
def test_only_what_is_about_us_or_themselves_matters(fields: dict[str, Any], does: bool) -> None:
    assert matters(read_activity(activity(**fields)), SITE) is does


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        (ADA, True),
        ("https://bücher.example/zoë", True),
        ("http://127.0.0.1:8080/a?b=c#d", True),
        ("", False),
        ("acct:ada@a.example", False),
        ("https://", False),
        ("https://a.example/a b", False),
        ("https://a.example/\x00", False),
        ("https://a.example/\u202egnp", False),
        ("https://a.example/<b>", False),
        ("https://a.example/" + "x" * 482, True),
        ("https://a.example/" + "x" * 483, False),
    ],
)
def test_an_id_is_a_web_address_that_reads_as_what_it_is(text: str, is_one: bool) -> None:
    assert is_id(text) is is_one


@pytest.mark.parametrize(
    ("uri", "number"),
    [
        (f"{SITE}/ap/notes/7", 7),
        (f"{SITE}/ap/notes/2147483647", 2**31 - 1),
        (f"{SITE}/ap/notes/2147483648", None),
        (f"{SITE}/ap/notes/07", None),
        (f"{SITE}/ap/notes/", None),
        (f"{SITE}/ap/notes/٧", None),
        (f"{SITE}/ap/notes/7\n", None),
        (f"{SITE}/ap/notes/7/likes", None),
        ("https://b.example/ap/notes/7", None),
        ("7", None),
    ],
)
def test_ours_are_known_by_their_exact_ids(uri: str, number: int | None) -> None:
    assert number_in(uri, f"{SITE}/ap/notes/") == number
