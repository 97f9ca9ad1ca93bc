"""What an activity from elsewhere says, as far as we ever act upon it. Nothing else of it is kept."""

import re
from dataclasses import dataclass
from typing import Any

from coopgov.federation.rules.hosts import origin_of
from coopgov.federation.rules.reading import Unreadable, id_of, text_of, type_of

LONGEST = 500  # characters of an id; longer ones are refused
REACTIONS = {"Like": "like", "Announce": "share"}
TO_US = ("Follow", "Block", *REACTIONS)  # matter when their object is ours
OF_THEMSELVES = ("Delete", "Update")  # matter when their object is the actor
_NUMBER = re.compile(r"[1-9][0-9]{0,9}")
_STRANGE = re.compile(r"[\x00-\x20\x22\x3c\x3e\x5c\x7f-\xa0\u200e\u200f\u2028-\u202e\u2066-\u2069]")


@dataclass(frozen=True, kw_only=True)
class Said:
    """Who says of themselves that they did what; ``inner…`` tells of the activity that an Undo has within it.

    ``object_uri`` and ``inner…`` are empty where nothing was said, or nothing that could be an id of anybody.
    """

    uri: str
    type: str
    actor: str
    object_uri: str = ""
    inner_type: str = ""
    inner_actor: str = ""
    inner_object: str = ""


def read_activity(plain: dict[str, Any]) -> Said:
    """The activity in ``plain``. Raises Unreadable: "missing" without id, type or actor, "id" for ids that are none."""
    uri, kind, actor = text_of(plain, "id"), type_of(plain), id_of(plain.get("actor"))
    if not (uri and kind and actor):
        raise Unreadable("missing")
    if not (is_id(uri) and is_id(actor)):
        raise Unreadable("id")
    about = _only(plain.get("object"))
    inner = about if isinstance(about, dict) else {}
    return Said(
        uri=uri,
        type=kind[:40],
        actor=actor,
        object_uri=_id(about),
        inner_type=type_of(inner)[:40],
        inner_actor=_id(inner.get("actor")),
        inner_object=_id(_only(inner.get("object"))),
    )


def is_id(text: str) -> bool:
    """True for a web address that we can keep and compare: not too long, nothing in it that reads as something else."""
    if len(text) > LONGEST or _STRANGE.search(text):
        return False
    try:
        return bool(origin_of(text))
    except ValueError:
        return False


def matters(said: Said, site: str) -> bool:
    """Whether anything can follow from it for ``site`` (our address, no slash at its end); the rest is dropped."""
    ours = site + "/"
    if said.type in TO_US:
        return said.object_uri.startswith(ours)
    if said.type in OF_THEMSELVES:
        return said.object_uri == said.actor
    return said.type == "Undo" and _may_undo(said, ours)


def _may_undo(said: Said, ours: str) -> bool:
    if said.inner_actor not in ("", said.actor):  # nobody takes back what another did
        return False
    if said.inner_type not in ("", "Follow", *REACTIONS):
        return False
    return said.inner_object.startswith(ours) or bool(said.object_uri and not said.inner_object)


def number_in(uri: str, before: str) -> int | None:
    """The row's number in an id of ours that begins with ``before``; None when ``uri`` is no such id."""
    rest = uri.removeprefix(before)
    return int(rest) if rest != uri and _NUMBER.fullmatch(rest) and int(rest) < 2**31 else None


def _only(value: Any) -> Any:
    """The one thing in a list of one; a list of more says nothing that we could act upon."""
    if isinstance(value, list):
        return value[0] if len(value) == 1 else None
    return value


def _id(value: Any) -> str:
    found = id_of(value)
    return found if is_id(found) else ""
