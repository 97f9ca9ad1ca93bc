"""Reading canonical bytes, and refusing everything that merely means the same.

A reader that normalised while it checks would not see a flipped byte: so the bytes must be exactly those that
:func:`coopgov.tally.canonical.canonical` writes, and one newline.
"""

import json
import unicodedata
from collections import Counter
from typing import Any

from coopgov.tally.canonical import LARGEST, canonical

MOST_BYTES = 100_000_000
DEEPEST = 32
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class Misfit(ValueError):
    """What does not fit, in words, and the way to it: names, and places in lists from 0."""

    def __init__(self, what: str, path: tuple[str | int, ...] = ()) -> None:
        super().__init__(what)
        self.what, self.path = what, path

    def within(self, step: str | int) -> "Misfit":
        """The same, seen from one level above."""
        return Misfit(self.what, (step, *self.path))

    def __str__(self) -> str:
        """As "ballot 17: nonce is not …" or "manifest.title is not …"."""
        match self.path:
            case ("ballots", int(place), *rest):
                return _said(f"ballot {place + 1}: ", rest, self.what)
            case ("roll", "amendments", int(place), *rest):
                return _said(f"amendment {place + 1}: ", rest, self.what)
        return _said("", self.path, self.what)


def read_canonical(raw: bytes) -> Any:
    """The value whose canonical bytes, and one newline, ``raw`` is; raises Misfit, and nothing else, for all others."""
    text = _text(raw)
    try:
        value = json.loads(
            text,
            object_pairs_hook=_object,
            parse_int=_whole,
            parse_float=_no_number,
            parse_constant=_no_number,
        )
    except json.JSONDecodeError as error:
        raise Misfit(f"character {error.pos + 1}: {_refusal(error)}") from error
    except RecursionError as error:
        raise Misfit(f"is nested more than {DEEPEST} levels deep") from error
    _check(value, DEEPEST)
    if (spelt := canonical(value) + b"\n") != raw:
        raise Misfit(f"byte {_first_difference(spelt, raw) + 1} is not as the canonical spelling has it")
    return value


def _text(raw: bytes) -> str:
    if len(raw) > MOST_BYTES:
        raise Misfit(f"is larger than {MOST_BYTES} bytes")
    if raw.startswith(BYTE_ORDER_MARK):
        raise Misfit("begins with a byte order mark")
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        raise Misfit(f"byte {error.start + 1} is not UTF-8") from error
    if not text.endswith("\n"):
        raise Misfit("does not end with a newline")
    return text[:-1]


def _refusal(error: json.JSONDecodeError) -> str:
    return "more follows after the end" if error.msg == "Extra data" else "is not JSON"


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        counted = Counter(name for name, _ in pairs)
        twice = next(name for name in counted if counted[name] > 1)
        raise Misfit(f"the name {twice[:60]!a} is there twice in one object")
    return found


def _whole(digits: str) -> int:
    if digits == "-0":
        raise Misfit("minus zero is no number")
    if len(digits) > len(str(LARGEST)) + 1 or abs(int(digits)) > LARGEST:
        raise Misfit("a number is beyond 2**53 - 1")
    return int(digits)


def _no_number(text: str) -> None:
    raise Misfit(f"{text[:40]} is no whole number")


def _check(value: object, levels: int) -> None:
    """What canonical() would refuse too, but with the place at which it is."""
    match value:
        case str():
            _check_text(value)
        case list():
            for place, inner in enumerate(value):
                _check_inner(place, inner, levels)
        case dict():
            for name, inner in value.items():
                if not name.isascii():
                    raise Misfit(f"the name {name[:60]!a} is not ASCII")
                _check_inner(name, inner, levels)


def _check_inner(step: str | int, inner: object, levels: int) -> None:
    if levels == 1 and isinstance(inner, list | dict):
        raise Misfit(f"is nested more than {DEEPEST} levels deep")
    try:
        _check(inner, levels - 1)
    except Misfit as misfit:
        raise misfit.within(step) from misfit


def _check_text(text: str) -> None:
    if not text.isascii():
        if any("\ud800" <= character <= "\udfff" for character in text):
            raise Misfit("holds half a surrogate pair")
        if not unicodedata.is_normalized("NFC", text):
            raise Misfit("is not in Unicode form NFC")


def _first_difference(one: bytes, other: bytes) -> int:
    shorter = min(len(one), len(other))
    return next((place for place in range(shorter) if one[place] != other[place]), shorter)


def _said(head: str, path: "tuple[str | int, ...] | list[str | int]", what: str) -> str:
    way = ".".join(str(step + 1) if isinstance(step, int) else ascii(step)[1:-1][:60] for step in path)
    return f"{head}{way} {what}" if way else f"{head}{what}"
