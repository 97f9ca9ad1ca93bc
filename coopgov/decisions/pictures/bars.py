"""A bar for each option: the sides of a proposal, and the options that people picked from."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from coopgov.decisions.drawing import reasons_of
from coopgov.decisions.pictures.frame import Count, Picture, framed, share
from coopgov.decisions.pictures.words import Texts, name_of, ngettext
from coopgov.infra.i18n import gettext as _
from coopgov.infra.i18n import number, percent
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


def sides(count: Count) -> Bars:
    """The sides of a proposal in the order in which they are offered; agreement carries the mark of the threshold."""
    counts: Mapping[str, int] = count.plain["counts"]
    by_roll = any(reason.facts.get("base_kind") == "eligible" for reason in reasons_of(count.plain))
    whole, needed = count.roll_size if by_roll else int(count.plain["cast"]), int(count.plain["needed"])
    rows = []
    for option in _offered(counts, count.texts):
        mark = needed if option == "agree" and 0 < needed <= whole else 0
        rows.append(
            Bar(
                option=option,
                look=option,
                icon=option,
                **_counted(counts[option], int(count.plain["cast"]), count.roll_size, whole),
                label=name_of(option, count.texts),
                mark=share(mark, whole) if mark else "",
                mark_label=ngettext("%(n)s needed", "%(n)s needed", mark, n=number(mark)) if mark else "",
            )
        )
    return Bars(bars=tuple(rows), folded=(), scale=_scale(by_roll), **framed(count))


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


def _offered(counts: Mapping[str, int], texts: Texts) -> list[str]:
    """Options in the order in which people saw them; the plain result may have lost it."""
    from_texts = [option for option in texts if option in counts]
    return from_texts + [option for option in SIDES if option in counts and option not in from_texts]


def _counted(count: int, cast: int, roll_size: int, whole: int) -> dict[str, Any]:
    return {
        "count": count,
        "share_of_cast": percent(count, cast),
        "share_of_roll": percent(count, roll_size),
        "shown_share": percent(count, whole),
        "width": share(count, whole),
    }


def _scale(by_roll: bool) -> str:
    return _("A full bar is everybody on the roll.") if by_roll else _("A full bar is everybody who voted.")


SIDES = ("agree", "abstain", "disagree", "block")
