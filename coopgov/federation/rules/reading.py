"""Reading what strangers send: one JSON object within bounds, and what may be in it."""

import json
import math
import re
from typing import Any

MOST_DEPTH = 64
MOST_MEMBERS = 10_000  # of objects and lists together
LARGEST_NUMBER = 2**63  # beyond it no id or count of anybody lies
_TEXTS = re.compile(r'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)  # never gives back what it took, nor begins again: one pass
_BRACKETS = re.compile(r"[\[\]{}]")


class Unreadable(ValueError):
    """It is not taken. ``reason``: json, depth, members, number, key, text or shape."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def read_object(body: bytes) -> dict[str, Any]:
    """The object in ``body`` (RFC 8259, UTF-8).

    Raises Unreadable for anything that two readers could understand differently or that is made to cost: more than
    MOST_DEPTH levels or MOST_MEMBERS members, a name twice in an object, NaN and infinities, immense numbers, a lone
    surrogate, NUL, and what is no object.
    """
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise Unreadable("text") from error
    _refuse_depth(text)
    try:
        found = json.loads(
            text,
            object_pairs_hook=_object,
            parse_constant=_refuse_constant,
            parse_int=_number,
            parse_float=_fraction,
        )
    except Unreadable:
        raise
    except (ValueError, RecursionError) as error:
        raise Unreadable("json") from error
    if not isinstance(found, dict):
        raise Unreadable("shape")
    _refuse_too_much(found)
    return found


def _refuse_depth(text: str) -> None:
    """Counts brackets before anything is built: the parser would go down as deep as it is told."""
    depth = 0
    for bracket in _BRACKETS.findall(_TEXTS.sub("", text)):
        depth += 1 if bracket in "[{" else -1
        if depth > MOST_DEPTH:
            raise Unreadable("depth")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(pairs) > MOST_MEMBERS:
        raise Unreadable("members")
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Unreadable("key")
    return found


def _refuse_constant(_name: str) -> None:
    raise Unreadable("number")


def _number(digits: str) -> int:
    if len(digits) > 20 or abs(int(digits)) > LARGEST_NUMBER:
        raise Unreadable("number")
    return int(digits)


def _fraction(digits: str) -> float:
    """``1e400`` is well written, and would become the infinity that no JSON can hold."""
    value = float(digits)
    if not math.isfinite(value):
        raise Unreadable("number")
    return value


def _refuse_too_much(found: object) -> None:
    left, waiting = MOST_MEMBERS, [found]
    while waiting:
        here = waiting.pop()
        if isinstance(here, str):
            _refuse_odd_text(here)
            continue
        inner: list[Any] = []
        if isinstance(here, dict):
            inner = [*here.keys(), *here.values()]
            left -= len(here)
        elif isinstance(here, list):
            inner = here
            left -= len(here)
        if left < 0:
            raise Unreadable("members")
        waiting += inner


def _refuse_odd_text(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:  # a lone surrogate, which JSON can write with an escape
        raise Unreadable("text") from error
    if "\x00" in text:  # PostgreSQL keeps none
        raise Unreadable("text")


def id_of(value: object) -> str:
    """The id that ``value`` is or has: an address as text, or an object's ``id``; empty when there is none."""
    if isinstance(value, dict):
        value = value.get("id")
    return value if isinstance(value, str) else ""


def ids_of(value: object) -> list[str]:
    """The ids in ``value``, be it one thing, a list of them or nothing."""
    things = value if isinstance(value, list) else [value]
    return [found for thing in things if (found := id_of(thing))]


def type_of(thing: object) -> str:
    """The type of an object, the first one where it has several; empty when it has none that is text."""
    value = thing.get("type") if isinstance(thing, dict) else None
    if isinstance(value, list):
        value = value[0] if value else None
    return value if isinstance(value, str) else ""


def text_of(thing: object, name: str) -> str:
    """The text under ``name`` of an object; empty when there is none, or it is no text."""
    value = thing.get(name) if isinstance(thing, dict) else None
    return value if isinstance(value, str) else ""
