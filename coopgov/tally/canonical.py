"""Canonical bytes: one value, one spelling, so that a hash of it means the value and nothing else."""

import hashlib
import json
import unicodedata
from collections.abc import Iterable

LARGEST = 2**53 - 1
"""The largest whole number that every JSON reader keeps exactly."""


def canonical(value: object) -> bytes:
    """The one UTF-8 JSON spelling of ``value``: keys sorted, no spaces, characters unescaped.

    Takes None, bool, int, str, list, tuple (written as a list) and dict, nested. ``True`` is written ``true`` and
    ``1`` is written ``1``: Python calls them equal, their bytes differ, and a reader must not take one for the other.
    Write a fraction as ``[numerator, denominator]``.

    Raises ValueError, never repairs: ``canonical.not_nfc`` (normalise on entry), ``canonical.lone_surrogate``,
    ``canonical.key`` (a key that is not ASCII text), ``canonical.too_large`` (beyond ±(2**53 − 1)),
    ``canonical.type`` (floats, NaN included, and everything else).
    """
    _check(value)
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def digest(tag: str, value: object) -> str:
    """SHA-256 of ``tag`` and the canonical bytes of ``value``, as 64 lower-case hexadecimal digits.

    The tag names what is hashed and ends in its only newline, so that no two kinds of record share a hash:
    ``"coopgov/manifest/v1\\n"``. Raises ValueError ``canonical.tag`` for any other shape.
    """
    if not tag.isascii() or tag.find("\n") != len(tag) - 1 or len(tag) < 2:
        raise ValueError("canonical.tag")
    return hashlib.sha256(tag.encode() + canonical(value)).hexdigest()


def _check(value: object) -> None:
    match value:
        case None | bool():
            pass
        case str():
            _check_text(value)
        case int():
            _refuse_if(abs(value) > LARGEST, "canonical.too_large")
        case list() | tuple():
            _check_items(value)
        case dict():
            _refuse_if(not all(isinstance(key, str) and key.isascii() for key in value), "canonical.key")
            _check_items(value.values())
        case _:
            raise ValueError("canonical.type")


def _check_items(values: Iterable[object]) -> None:
    for value in values:
        _check(value)


def _check_text(text: str) -> None:
    if text.isascii():  # most is, and then there is nothing to look for
        return
    _refuse_if(any("\ud800" <= character <= "\udfff" for character in text), "canonical.lone_surrogate")
    _refuse_if(not unicodedata.is_normalized("NFC", text), "canonical.not_nfc")


def _refuse_if(wrong: bool, key: str) -> None:
    if wrong:
        raise ValueError(key)
