"""A count by preferences as people read it: stages as a table, and votes flowing from stage to stage."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

from coopgov.decisions.pictures.flow import Flow, flow_of
from coopgov.decisions.pictures.frame import Count, Picture, framed
from coopgov.decisions.pictures.stages import Stage, Story, story_of
from coopgov.decisions.pictures.words import Texts, clipped, figure, is_cut, name_of
from coopgov.infra.i18n import gettext as _
from coopgov.infra.i18n import number

HEAD = 28  # characters of an option in the head of a column


@dataclass(frozen=True, kw_only=True)
class Cell:
    """What an option has after a stage. ``exact`` as the result writes it; ``fate``: what the stage did with it.

    ``look``: elected, out, was (elected or out before), or nothing.
    """

    shown: str
    exact: str
    look: str = ""
    icon: str = ""
    fate: str = ""


@dataclass(frozen=True, kw_only=True)
class Line:
    """A row of the table: an option and its cells, how it ended, or a line of the count such as the quota."""

    label: str
    cells: tuple[Cell, ...]
    look: str = ""
    icon: str = ""
    fate: str = ""


@dataclass(frozen=True, kw_only=True)
class Column:
    """The head of a stage: its number and what was done."""

    number: int
    done: str


@dataclass(frozen=True, kw_only=True)
class Rounds(Picture):
    """``goal`` is the line of the quota, or of the majority that ends an instant runoff; ``is_cut``: figures are
    shown with two decimals, cut off."""

    kind: ClassVar[str] = "rounds"
    columns: tuple[Column, ...]
    lines: tuple[Line, ...]
    left_over: Line | None
    goal: Line | None
    flow: Flow | None
    valid: int
    quota: str
    is_cut: bool


def rounds(count: Count) -> Rounds:
    """The picture of an instant runoff or a single transferable vote; one without stages where nobody was counted."""
    story = story_of(count.plain, list(count.texts))
    return _nothing(count) if story is None else _told(count, story)


def _nothing(count: Count) -> Rounds:
    return Rounds(
        columns=(), lines=(), left_over=None, goal=None, flow=None, valid=0, quota="", is_cut=False, **framed(count)
    )


def _told(count: Count, story: Story) -> Rounds:
    texts = count.texts
    order = story.reading_order()
    return Rounds(
        columns=tuple(Column(number=stage.number, done=_done(stage, texts)) for stage in story.stages),
        lines=tuple(_line(option, story, texts) for option in order),
        left_over=Line(label=_("Not transferable"), cells=_plain_cells([s.left_over for s in story.stages])),
        goal=Line(
            label=_("Quota") if story.quota else _("Needed for a majority"),
            cells=_plain_cells([stage.goal for stage in story.stages]),
        ),
        flow=flow_of(story, texts),
        valid=story.valid,
        quota=figure(story.quota) if story.quota else "",
        is_cut=any(is_cut(value) for stage in story.stages for value in (*stage.tally.values(), stage.left_over)),
        **framed(count),
    )


def _done(stage: Stage, texts: Texts) -> str:
    """What a stage did, for its column."""
    if stage.surplus_of:
        return _("Surplus of %(name)s", name=clipped(name_of(stage.surplus_of, texts), HEAD))
    if stage.excluded:
        return _("Out: %(names)s", names=" · ".join(clipped(name_of(o, texts), HEAD) for o in stage.excluded))
    return _("First preferences") if stage.number == 1 else ""


def _line(option: str, story: Story, texts: Texts) -> Line:
    if option in story.elected_at:
        look, icon, fate = "elected", "check", _("Elected at stage %(n)s", n=number(story.elected_at[option]))
    elif option in story.out_at:
        look, icon, fate = "out", "disagree", _("Out at stage %(n)s", n=number(story.out_at[option]))
    else:
        look, icon, fate = "", "", _("Not elected")
    cells = tuple(_cell(option, stage, story) for stage in story.stages)
    return Line(label=name_of(option, texts), cells=cells, look=look, icon=icon, fate=fate)


def _cell(option: str, stage: Stage, story: Story) -> Cell:
    value, exact = figure(stage.tally[option]), stage.written.get(option, "0")
    if option in stage.elected:
        fate = _("elected without the quota") if option in stage.below_quota else _("elected")
        return Cell(shown=value, exact=exact, look="elected", icon="check", fate=fate)
    if option in stage.excluded:
        return Cell(shown="", exact=exact, look="out", icon="disagree", fate=_("out"))
    if option == stage.goes_next:
        return Cell(shown=value, exact=exact, look="out", icon="disagree", fate=_("out"))
    is_past = stage.number > min(story.elected_at.get(option, stage.number), story.out_at.get(option, stage.number))
    is_empty = is_past and not stage.tally[option]
    return Cell(shown="" if is_empty else value, exact=exact, look="was" if is_past else "")


def _plain_cells(values: Sequence[Fraction]) -> tuple[Cell, ...]:
    return tuple(Cell(shown=figure(value), exact=str(value)) for value in values)
