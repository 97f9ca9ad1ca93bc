"""The form of a published record: which fields it has and what may stand in each; unknown ones are refused."""

import re
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any

from coopgov.tally.count import method_of
from coopgov.tally.record import ENGINE, SECRECY, SECRET, VERSION, manifest_for_count
from coopgov.tally.strict_json import Misfit

Form = Callable[[Any], None]
"""Raises Misfit for a value that is not of this form."""

_NOTHING: Mapping[str, Form] = {}


def check_form(record: object) -> None:
    """Raises Misfit for the first thing in ``record`` that is not as docs/record.md says."""
    _RECORD(record)
    assert isinstance(record, dict)
    is_secret = record["manifest"]["secrecy"] == SECRET
    _inside("ballots", _each(_SECRET_BALLOT if is_secret else _named_ballot), record["ballots"])
    _inside("close", _SECRET_CLOSE if is_secret else _NAMED_CLOSE, record["close"])
    _inside("manifest", _check_terms, record["manifest"])


def _check_terms(manifest: Mapping[str, Any]) -> None:
    try:
        method_of(manifest_for_count(manifest, manifest["roll_size"]))
    except ValueError as error:
        raise Misfit(f"cannot be counted ({error})") from error


def _inside(step: str | int, form: Form, value: object) -> None:
    try:
        form(value)
    except Misfit as misfit:
        raise misfit.within(step) from misfit


def _fields(required: Mapping[str, Form], optional: Mapping[str, Form] = _NOTHING) -> Form:
    known = {**required, **optional}

    def check(value: Any) -> None:
        _require(isinstance(value, dict), "is not an object")
        for name in value:
            _require(name in known, f"has the unknown field {name[:60]!a}")
        for name, form in known.items():
            _require(name in value or name in optional, f"lacks the field {name!a}")
            if name in value:
                _inside(name, form, value[name])

    return check


def _each(form: Form) -> Form:
    def check(value: Any) -> None:
        _require(isinstance(value, list), "is not a list")
        for place, inner in enumerate(value):
            _inside(place, form, inner)

    return check


def _or_null(form: Form) -> Form:
    def check(value: Any) -> None:
        if value is not None:
            form(value)

    return check


def _is(wanted: object, words: str) -> Form:
    def check(value: Any) -> None:
        _require(type(value) is type(wanted) and value == wanted, f"is not {words}")

    return check


def _one_of(words: Collection[str]) -> Form:
    def check(value: Any) -> None:
        _require(isinstance(value, str) and value in words, f"is none of {', '.join(words)}")

    return check


def _spelt(pattern: str, words: str) -> Form:
    compiled = re.compile(pattern)

    def check(value: Any) -> None:
        _require(isinstance(value, str) and compiled.fullmatch(value) is not None, f"is not {words}")

    return check


def _text(value: Any) -> None:
    _require(isinstance(value, str), "is not text")


def _number(value: Any) -> None:
    _require(type(value) is int and value >= 0, "is not a whole number from 0")


def _object(value: Any) -> None:
    _require(isinstance(value, dict), "is not an object")


def _anything(value: Any) -> None:
    """Looked at by another check."""


def _instant(value: Any) -> None:
    _INSTANT(value)
    try:
        datetime.fromisoformat(value[:-1])
    except ValueError as error:
        raise Misfit("is no date and time that there is") from error


def _named_ballot(value: Any) -> None:
    (_ERASED_BALLOT if isinstance(value, dict) and "said" in value else _NAMED_BALLOT)(value)


def _require(holds: bool, what: str) -> None:
    if not holds:
        raise Misfit(what)


def _hex(digits: int) -> Form:
    return _spelt(f"[0-9a-f]{{{digits}}}", f"{digits} lower-case hexadecimal digits")


_HASH, _NONCE = _hex(64), _hex(32)
_INSTANT = _spelt(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z", "an instant in UTC such as 2026-01-31T18:00:00Z"
)
_WORD = _spelt(r"[0-9A-Za-z_.:+-]{1,60}", "a word of at most 60 of these: 0-9 A-Z a-z _ . : + -")

_SECRET_BALLOT = _fields(
    {"poll": _HASH, "choice": _anything, "nonce": _NONCE}, {"mark": _spelt("[0-9]{8}", "eight digits")}
)
_NAMED_BALLOT = _fields(
    {"poll": _HASH, "voter": _HASH, "name": _text, "choice": _anything, "reason": _text},
    {"nonce": _NONCE, "through": _HASH},
)
_ERASED_BALLOT = _fields({"poll": _HASH, "voter": _HASH, "choice": _anything, "said": _HASH}, {"through": _HASH})

_MANIFEST = _fields(
    {
        "v": _is(VERSION, f"{VERSION}, the version that is known here"),
        "poll": _number,
        "title": _text,
        "text_sha256": _HASH,
        "method": _text,
        "options": _each(_fields({"id": _WORD, "text": _text})),
        "settings": _object,
        "rule": _object,
        "opens_at": _instant,
        "closes_at": _instant,
        "roll_size": _number,
        "roll_root": _HASH,
        "secrecy": _one_of(SECRECY),
        "public_key": _or_null(_HASH),
        "tie_commit": _HASH,
        "recount_sha256": _HASH,
        "engine": _is(ENGINE, f"{ENGINE}, the engine that is known here"),
    },
    {"proxies": _HASH},
)
_AMENDMENT = _fields({"leaf": _HASH, "act": _one_of(("added", "removed", "recused")), "reason": _text, "at": _instant})
_PROXY = _fields({"giver": _HASH, "holder": _HASH, "ended_at": _or_null(_instant)})
_CLOSE: dict[str, Form] = {
    "M": _HASH,
    "n": _number,
    "h_n": _HASH,
    "roll_root": _HASH,
    "took_part": _each(_HASH),
    "closed_at": _instant,
    "tie_secret": _HASH,
    "draw": _or_null(_text),
}
_SECRET_CLOSE = _fields(_CLOSE)
_NAMED_CLOSE = _fields({**_CLOSE, "amended": _HASH}, {"proxies": _HASH})
_RECORD = _fields(
    {
        "v": _is(VERSION, f"{VERSION}, the version that is known here"),
        "manifest": _MANIFEST,
        "roll": _fields({"leaves": _each(_HASH), "amendments": _each(_AMENDMENT)}, {"proxies": _each(_PROXY)}),
        "ballots": _each(_object),
        "close": _object,
        "signature": _or_null(_hex(128)),
        "result": _object,
        "transcript": _each(_object),
    }
)
