"""A result as pages draw it: rows for the bars, their table, the strip in lists, the meter of a quorum."""

from collections.abc import Mapping
from dataclasses import dataclass

from coopgov.decisions.rules.casting import options_of
from coopgov.decisions.sentences import CHOICES, say
from coopgov.infra.i18n import gettext as _
from coopgov.infra.i18n import ngettext, number, percent
from coopgov.tally.count import Ballot, Manifest, Result, tally
from coopgov.tally.reason import Reason
from coopgov.tally.rule import QuorumKind, Rule


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


def count_votes(rule: Rule, roll_size: int, counts: Mapping[str, int]) -> Result:
    """The tally's result for so many votes of each choice; raises ValueError for an empty roll."""
    ballots = [Ballot(choice) for choice, n in counts.items() for _each in range(n)]
    result = tally(Manifest("proposal", options_of(rule), rule, roll_size), ballots)
    assert isinstance(result, Result)
    return result


def drawn(counts: Mapping[str, int], roll_size: int, needed: int = 0) -> Drawn:
    """``counts`` by choice, in the order of the mapping; ``needed`` agreements get a line in the first bar."""
    cast = sum(counts.values())
    return Drawn(tuple(_row(key, n, cast, needed) for key, n in counts.items()), cast, roll_size)


def _row(key: str, count: int, cast: int, needed: int) -> Row:
    has_mark = key == "agree" and 0 < needed <= cast
    return Row(
        key=key,
        label=_(CHOICES[key]),
        count=count,
        share_of_cast=percent(count, cast),
        width=_share(count, cast),
        icon=key,
        mark=_share(needed, cast) if has_mark else "",
        mark_label=ngettext("%(n)s needed", "%(n)s needed", needed, n=number(needed)) if has_mark else "",
    )


def meter(rule: Rule, result: Result) -> Meter | None:
    """The quorum of ``rule`` and how far ``result`` gets; None where none is asked for."""
    if rule.quorum.kind is QuorumKind.NONE:
        return None
    reason = next(r for r in result.reasons if r.key in ("quorum.met", "quorum.missed"))
    size = max(result.roll_size, result.quorum_needed)
    return Meter(
        is_met=reason.key == "quorum.met",
        sentence=say(reason),
        width=_share(result.quorum_have, size),
        mark=_share(result.quorum_needed, size),
    )


def reasons_of(plain: Mapping[str, object]) -> tuple[Reason, ...]:
    """The reasons of a stored result (``Result.to_plain()``)."""
    stored = plain["reasons"]
    assert isinstance(stored, list)
    return tuple(Reason(**reason) for reason in stored)


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.2f}%" if whole else "0%"
