"""A bar for each option: the sides of a proposal, and the options that people picked from."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from coopgov.decisions.drawing import reasons_of
from coopgov.decisions.pictures.frame import Count, Picture, framed, share
from coopgov.decisions.pictures.words import name_of, ngettext
from coopgov.infra.i18n import gettext as _
from coopgov.infra.i18n import number, percent
from coopgov.tally.methods import METHODS
from coopgov.tally.methods.sums import NONE_OF_THESE

SHOWN = 12  # options before the others are folded away


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One option. ``look`` is a class for its colour, ``icon`` its sign; ``fate`` says in a word how it ended, if it
    did. ``width`` and ``mark`` are lengths of the bar; the mark is what has to be reached."""

    option: str
    label: str
    count: int
    share_of_cast: str
    share_of_roll: str
    shown_share: str
    width: str
    look: str = ""
    icon: str = ""
    fate: str = ""
    mark: str = ""
    mark_label: str = ""


@dataclass(frozen=True, kw_only=True)
class Bars(Picture):
    """``bars`` in the order to read, ``folded`` what follows of a long list. ``scale``: what a full bar stands for."""

    kind: ClassVar[str] = "bars"
    bars: tuple[Bar, ...]
    folded: tuple[Bar, ...]
    scale: str

    @property
    def rows(self) -> tuple[Bar, ...]:
        """All of them, for the table."""
        return self.bars + self.folded


SIGNS = {
    "agree": "agree",
    "abstain": "abstain",
    "disagree": "disagree",
    "block": "block",
    "consent": "agree",
    "objection": "block",
    "looks_good": "agree",
    "concerned": "disagree",
    "accept": "agree",
    "decline": "disagree",
    "endorsement": "agree",
    "agreement_with_contention": "agree",
    "support_with_reservations": "agree",
    "more_discussion_needed": "abstain",
    "dont_like_but_will_support": "disagree",
    "serious_disagreement": "disagree",
    "veto": "block",
}
"""The colour and sign that each side takes."""

MARKED = frozenset({"agree", "accept"})
"""Sides of which a number can be needed."""


def sides(count: Count) -> Bars:
    """The sides of a vote on one thing in the order in which they are offered; agreement carries the mark of what is
    needed, where one option alone stands for it."""
    counts: Mapping[str, int] = count.plain["counts"]
    cast, needed = int(count.plain["cast"]), int(count.plain["needed"])
    by_roll = any(reason.facts.get("base_kind") == "eligible" for reason in reasons_of(count.plain))
    whole = count.roll_size if by_roll else max(cast, needed)
    side_of = {option: str(count.settings.get("counts_as", {}).get(option, option)) for option in counts}
    agreeing = [option for option, side in side_of.items() if side in MARKED]
    rows = tuple(
        Bar(
            option=option,
            look=SIGNS[side_of[option]],
            icon=SIGNS[side_of[option]],
            **_counted(counts[option], cast, count.roll_size, whole),
            **_marked(needed if agreeing == [option] else 0, whole),
            label=name_of(option, count.texts),
        )
        for option in _offered(count)
    )
    scale = _("A full bar is what is needed.") if not by_roll and needed > cast else _scale(by_roll)
    return Bars(bars=rows, folded=(), scale=scale, **framed(count))


def _marked(needed: int, whole: int) -> dict[str, Any]:
    if not 0 < needed <= whole:
        return {}
    return {
        "mark": share(needed, whole),
        "mark_label": ngettext("%(n)s needed", "%(n)s needed", needed, n=number(needed)),
    }


def picks(count: Count) -> Bars:
    """Options that were picked: those chosen first, then by votes."""
    counts: dict[str, int] = dict(count.plain.get("votes", count.plain.get("approvals", {})))
    options = by_fate(count, counts)
    if NONE_OF_THESE in count.plain:
        options, counts = [*options, NONE_OF_THESE], counts | {NONE_OF_THESE: count.plain[NONE_OF_THESE]}
    cast = int(count.plain["cast"])
    rows = tuple(
        Bar(
            option=option,
            **_counted(counts.get(option, 0), cast, count.roll_size, cast),
            **fate_of(option, count),
            label=name_of(option, count.texts),
        )
        for option in options
    )
    shown = how_many_to_show(len(rows), len(count.winners))
    return Bars(bars=rows[:shown], folded=rows[shown:], scale=_scale(False), **framed(count))


def by_fate(count: Count, totals: Mapping[str, int]) -> list[str]:
    """Options to read from the top: winners in their order, then by total, equals as listed, withdrawn ones last."""
    place = {option: n for n, option in enumerate(count.winners)}
    gone = count.withdrawn
    listed = sorted(
        count.texts,
        key=lambda o: (o in gone, place.get(o, len(place)), 0 if o in place else -totals.get(o, 0)),
    )
    return [option for option in listed if option != NONE_OF_THESE]


def fate_of(option: str, count: Count) -> dict[str, Any]:
    """Look, sign and word of how an option ended: chosen, equal, withdrawn; nothing where nothing is decided."""
    if option in count.withdrawn:
        return {"look": "withdrawn", "icon": "withdraw", "fate": _("Withdrawn")}
    if option in count.plain.get("tied", ()):
        return {"look": "even", "icon": "abstain", "fate": _("Equal")}
    if option in count.winners and count.plain["verdict"] == "decided":
        return {"look": "chosen", "icon": "check", "fate": _("Chosen")}
    return {"look": "lesser"} if count.plain["verdict"] == "decided" else {}


def how_many_to_show(options: int, winners: int) -> int:
    """How many stand open: all of a list that is hardly too long, and every winner."""
    return options if options <= SHOWN + 2 else max(SHOWN, winners)


def _offered(count: Count) -> list[str]:
    """Options in the order in which people saw them; a stored result may have lost it."""
    counts: Mapping[str, int] = count.plain["counts"]
    known = [*count.texts, *METHODS[count.plain.get("method", "proposal")].options]
    return [option for option in dict.fromkeys(known) if option in counts]


def _counted(count: int, cast: int, roll_size: int, whole: int) -> dict[str, Any]:
    by_roll = whole == roll_size
    return {
        "count": count,
        "share_of_cast": percent(count, cast),
        "share_of_roll": percent(count, roll_size),
        "shown_share": percent(count, roll_size if by_roll else cast),
        "width": share(count, whole),
    }


def _scale(by_roll: bool) -> str:
    return _("A full bar is everybody on the roll.") if by_roll else _("A full bar is everybody who voted.")
