"""Points that options were given: scores and dots."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from coopgov.decisions.pictures.bars import by_fate, fate_of, how_many_to_show
from coopgov.decisions.pictures.frame import Count, Picture, framed, share
from coopgov.decisions.pictures.words import figure, name_of
from coopgov.infra.i18n import gettext as _
from coopgov.infra.i18n import percent


@dataclass(frozen=True, kw_only=True)
class Points:
    """One option: its points, their share of all points, who gave it any, and how many each of these gave."""

    option: str
    label: str
    total: int
    share_of_all: str
    raters: int
    average: str
    width: str
    look: str = ""
    icon: str = ""
    fate: str = ""


@dataclass(frozen=True, kw_only=True)
class Scores(Picture):
    """``bars`` in the order to read, ``folded`` what follows; ``scale``: what a full bar stands for."""

    kind: ClassVar[str] = "points"
    bars: tuple[Points, ...]
    folded: tuple[Points, ...]
    scale: str

    @property
    def rows(self) -> tuple[Points, ...]:
        """All of them, for the table."""
        return self.bars + self.folded


def points(count: Count) -> Scores:
    """Totals against the largest of them; the average of those who rated beside."""
    totals: Mapping[str, int] = count.plain.get("scores", {})
    raters: Mapping[str, int] = count.plain.get("voters_per_option", {})
    averages: Mapping[str, str] = count.plain.get("averages", {})
    most, all_points = max(totals.values(), default=0), sum(totals.values())
    rows = tuple(
        Points(
            option=option,
            label=name_of(option, count.texts),
            total=totals.get(option, 0),
            share_of_all=percent(totals.get(option, 0), all_points),
            raters=raters.get(option, 0),
            average=figure(averages[option]) if option in averages else "–",
            width=share(totals.get(option, 0), most),
            **fate_of(option, count),
        )
        for option in by_fate(count, totals)
    )
    shown = how_many_to_show(len(rows), len(count.winners))
    scale = _("A full bar is the largest total.")
    return Scores(bars=rows[:shown], folded=rows[shown:], scale=scale, **framed(count))
