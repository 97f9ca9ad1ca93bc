"""What every picture has: how many voted, the quorum, and lengths as SVG wants them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, ClassVar

from coopgov.decisions.drawing import Meter, reasons_of
from coopgov.decisions.pictures.words import Texts
from coopgov.decisions.sentences import say
from coopgov.infra.i18n import gettext as _
from coopgov.infra.i18n import ngettext, number, percent

Plain = Mapping[str, Any]
"""A stored result: ``Result.to_plain()`` or ``Election.to_plain()``."""

Settings = Mapping[str, Any]
"""The settings of the manifest."""


@dataclass(frozen=True, kw_only=True)
class Count:
    """A stored result with what it takes to read it; ``texts`` in the order of the manifest, ``settings`` of it."""

    plain: Plain
    texts: Texts
    roll_size: int
    settings: Settings = field(default_factory=dict)

    @property
    def winners(self) -> Sequence[str]:
        """Who or what was chosen, in the result's order."""
        found: Sequence[str] = self.plain["winners"]
        return found

    @property
    def withdrawn(self) -> Sequence[str]:
        """Options that were struck."""
        found: Sequence[str] = self.settings.get("withdrawn", ())
        return found


@dataclass(frozen=True, kw_only=True)
class Turnout:
    """How many of the roll voted: the sentence, and the width of a bar that the roll would fill."""

    cast: int
    roll_size: int
    sentence: str
    width: str


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A result as its template draws it. ``is_empty``: nobody has said anything that could be drawn;
    ``stands``: no quorum was missed that would make nothing of it."""

    kind: ClassVar[str]
    turnout: Turnout
    meter: Meter | None
    is_empty: bool
    stands: bool

    @property
    def template(self) -> str:
        """The template that draws it, from the folder of templates; it wants it as ``picture``."""
        return f"decisions/pictures/{self.kind}.html"


def framed(count: Count) -> dict[str, Any]:
    """The fields that every picture has."""
    return {
        "turnout": turnout_of(count.plain, count.roll_size),
        "meter": meter_of(count.plain, count.roll_size),
        "stands": count.plain["verdict"] != "no_quorum",
        "is_empty": not count.plain.get("counted", count.plain["cast"]),
    }


def turnout_of(plain: Plain, roll_size: int) -> Turnout:
    """Ballots of the roll, those that say nothing included and named."""
    cast = int(plain["cast"])
    facts = {"cast": number(cast), "roll": number(roll_size), "percent": percent(cast, roll_size)}
    sentence = _("%(cast)s of %(roll)s on the roll voted (%(percent)s).", **facts)
    if abstained := cast - int(plain.get("counted", cast)):
        sentence += " " + ngettext("%(num)s abstained.", "%(num)s abstained.", abstained)
    return Turnout(cast=cast, roll_size=roll_size, sentence=sentence, width=share(cast, roll_size))


def meter_of(plain: Plain, roll_size: int) -> Meter | None:
    """The quorum and how far the votes get; None where none is asked for."""
    for reason in reasons_of(plain):
        if reason.key in ("quorum.met", "quorum.missed"):
            have, needed = int(reason.facts["have"]), int(reason.facts["needed"])
            size = max(roll_size, needed)
            return Meter(reason.key == "quorum.met", say(reason), share(have, size), share(needed, size))
    return None


def share(part: int | Fraction, whole: int | Fraction) -> str:
    """``part`` of ``whole`` as a length for SVG: ``77.36%``; never beyond the whole.

    >>> share(41, 53), share(1, 0), share(Fraction(7, 2), 2)
    ('77.36%', '0%', '100.00%')
    """
    if not whole:
        return "0%"
    hundredths = min(10_000, round(Fraction(part) / Fraction(whole) * 10_000))
    return f"{hundredths // 100}.{hundredths % 100:02d}%"


def at(length: int | Fraction) -> str:
    """A length in pixels with at most one decimal: ``12``, ``12.5``.

    >>> at(12), at(Fraction(25, 2)), at(Fraction(-1, 3))
    ('12', '12.5', '-0.3')
    """
    tenths = round(Fraction(length) * 10)
    whole, rest = divmod(abs(tenths), 10)
    return f"{'-' if tenths < 0 else ''}{whole}{f'.{rest}' if rest else ''}"
