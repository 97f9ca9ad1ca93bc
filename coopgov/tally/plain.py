"""Reading what was stored as plain JSON values, strictly: what is not exactly ours is refused and never repaired."""

from collections.abc import Collection, Mapping
from enum import StrEnum
from fractions import Fraction
from typing import TypeVar

Word = TypeVar("Word", bound=StrEnum)


def version(plain: object, known: Collection[int]) -> int:
    """The number under "v"; raises ValueError ``plain.fields`` without one, ``plain.version`` unless it is known."""
    if not isinstance(plain, Mapping) or "v" not in plain:
        raise ValueError("plain.fields")
    number = plain["v"]
    if type(number) is not int or number not in known:
        raise ValueError("plain.version")
    return number


def fields(plain: object, names: str) -> dict[str, object]:
    """A dict with just these names, apart by spaces; raises ValueError ``plain.fields``."""
    if not isinstance(plain, Mapping) or set(plain) != set(names.split()):
        raise ValueError("plain.fields")
    return dict(plain)


def share(plain: object) -> Fraction:
    """``[numerator, denominator]`` in lowest terms; raises ValueError ``plain.fraction``."""
    match plain:
        case [int() as top, int() as bottom] if bool not in (type(top), type(bottom)) and bottom > 0:
            if (found := Fraction(top, bottom)).denominator == bottom:
                return found
    raise ValueError("plain.fraction")


def flag(plain: object, key: str) -> bool:
    """A bool; raises ValueError ``key``."""
    if not isinstance(plain, bool):
        raise ValueError(key)
    return plain


def number(plain: object, key: str) -> int | None:
    """A whole number, or None; raises ValueError ``key``, for a bool too."""
    if plain is None or (isinstance(plain, int) and not isinstance(plain, bool)):
        return plain
    raise ValueError(key)


def choice(words: type[Word], plain: object) -> Word:
    """One of the words; raises ValueError ``plain.choice``."""
    if isinstance(plain, str) and plain in [word.value for word in words]:
        return words(plain)
    raise ValueError("plain.choice")
