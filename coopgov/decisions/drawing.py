"""A result as pages draw it: rows for the bars, their table, the strip in lists, the meter of a quorum."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from coopgov.decisions.sentences import CHOICES, say
from coopgov.infra.i18n import gettext as _
from coopgov.infra.i18n import ngettext, number, percent
from coopgov.tally.reason import Reason


@dataclass(frozen=True)
class Row:
    """One choice. ``width`` and ``mark`` are shares of the bar ("77.36%"); the mark is what has to be reached."""

    key: str
    label: str
    count: int
    share_of_cast: str
    width: str
    icon: str
    mark: str = ""
    mark_label: str = ""


@dataclass(frozen=True)
class Drawn:
    """The rows of a result, how many voted, and how many could."""

    rows: tuple[Row, ...]
    cast: int
    roll_size: int


@dataclass(frozen=True)
class Meter:
    """A quorum: the sentence, and how full the bar is and where its line stands, as shares of the roll."""

    is_met: bool
    sentence: str
    width: str
    mark: str


def drawn(counts: Mapping[str, int], roll_size: int, needed: int = 0, labels: Mapping[str, str] | None = None) -> Drawn:
    """``counts`` by choice, in the order of the mapping; ``needed`` agreements get a line in the first bar.

    ``labels``: words for options; without them those of the methods' own options.
    """
    cast = sum(counts.values())
    words = labels or {key: _(CHOICES[key]) for key in counts}
    return Drawn(tuple(_row(key, words[key], n, cast, needed) for key, n in counts.items()), cast, roll_size)


def _row(key: str, label: str, count: int, cast: int, needed: int) -> Row:
    has_mark = key == "agree" and 0 < needed <= cast
    return Row(
        key=key,
        label=label,
        count=count,
        share_of_cast=percent(count, cast),
        width=_share(count, cast),
        icon=key,
        mark=_share(needed, cast) if has_mark else "",
        mark_label=ngettext("%(n)s needed", "%(n)s needed", needed, n=number(needed)) if has_mark else "",
    )


def meter(plain: Mapping[str, Any]) -> Meter | None:
    """The quorum and how far a result (``to_plain()``) gets; None where none is asked for."""
    reason = next((r for r in reasons_of(plain) if r.key in ("quorum.met", "quorum.missed")), None)
    if reason is None:
        return None
    have, needed = int(reason.facts["have"]), int(reason.facts["needed"])
    size = max(plain["roll_size"], needed)
    return Meter(reason.key == "quorum.met", say(reason), _share(have, size), _share(needed, size))


def reasons_of(plain: Mapping[str, object]) -> tuple[Reason, ...]:
    """The reasons of a stored result (``Result.to_plain()``)."""
    stored = plain["reasons"]
    assert isinstance(stored, list)
    return tuple(Reason(**reason) for reason in stored)


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.2f}%" if whole else "0%"
