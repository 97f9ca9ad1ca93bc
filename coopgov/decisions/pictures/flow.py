"""Votes flowing from stage to stage: a lane for each option, a block for what it has, ribbons for what moves.

Every length is computed with fractions and written with one decimal; in languages that run from right to left so do
the stages.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from coopgov.decisions.pictures.frame import at
from coopgov.decisions.pictures.stages import OTHERS, Stage, Story, condensed
from coopgov.decisions.pictures.words import Texts, clipped, figure, name_of, ngettext
from coopgov.infra.i18n import gettext as _
from coopgov.infra.i18n import text_direction

STEP = 140  # from a stage to the next
BLOCK = 10  # width of a block
ALL_VOTES = 240  # height of all valid votes together
NAME_ROW = 22
FIGURE_ROW = 18  # the least height of a lane, so that its figure fits
GAP = 14
HEAD = 24
NAME_EVERY = 2  # stages; a name is in sight wherever a phone has scrolled to
NAME_FITS = 28  # characters
LEFT_OVER = ""  # the lane of votes that nobody can take
NEAR_GOAL = Fraction(3, 4)  # of the quota: lanes that come this near show its line
SIGN = 14  # width of a sign
POOL = "\0"  # no option: where the votes of several givers meet


@dataclass(frozen=True, kw_only=True)
class Block:
    """What a lane has at a stage; beside it its figure, or in a word that nothing is left."""

    x: str
    y: str
    width: str
    height: str
    figure: str
    figure_x: str
    figure_y: str
    icon: str = ""
    icon_x: str = ""
    icon_y: str = ""
    fate: str = ""


@dataclass(frozen=True, kw_only=True)
class Ribbon:
    """Votes between two stages: those that stay, or those that move and whose ``title`` says whence and whither."""

    stage: int  # the later one
    path: str
    votes: Fraction
    source: str
    target: str
    title: str = ""


@dataclass(frozen=True, kw_only=True)
class Lane:
    """An option along the stages. ``goal``: the path of the line of its quota."""

    option: str
    label: str
    look: str
    names: tuple[tuple[str, str], ...]  # x and y of each time the name is written
    blocks: tuple[Block, ...]
    goal: str


@dataclass(frozen=True, kw_only=True)
class Flow:
    """The picture, ``width`` × ``height`` pixels; ``stages``: x, and the number over each column."""

    width: str
    height: str
    stages: tuple[tuple[str, int], ...]
    lanes: tuple[Lane, ...]
    staying: tuple[Ribbon, ...]
    moving: tuple[Ribbon, ...]
    others: int  # options that share the last lane but one, being too small for their own

    @property
    def pooled(self) -> tuple[Ribbon, ...]:
        """Those that come from several, where it cannot be told from whom."""
        return tuple(ribbon for ribbon in self.moving if ribbon.source == POOL)


@dataclass(frozen=True)
class Move:
    """So many votes from one lane to another; an empty source: from several, whose votes are told apart no more."""

    source: str
    target: str
    votes: Fraction


def moves(before: Mapping[str, Fraction], after: Mapping[str, Fraction]) -> list[Move]:
    """What moved between two stages. One giver gives to each who gained; of several only the sums are known, so their
    votes meet first (source or target :data:`POOL`)."""
    change = {lane: after[lane] - before[lane] for lane in before}
    givers = {lane: -by for lane, by in change.items() if by < 0}
    takers = {lane: by for lane, by in change.items() if by > 0}
    if len(givers) == 1:
        return [Move(giver, lane, by) for giver in givers for lane, by in takers.items()]
    return [
        *(Move(lane, POOL, by) for lane, by in givers.items()),
        *(Move(POOL, lane, by) for lane, by in takers.items()),
    ]


def lanes_at(stage: Stage) -> dict[str, Fraction]:
    """What every lane has at a stage, the votes that nobody can take included; always sums to the valid votes."""
    return {**stage.tally, LEFT_OVER: stage.left_over}


def flow_of(story: Story, texts: Texts) -> Flow | None:
    """The flow of a count of two stages or more; None for fewer, or where there were no votes."""
    if len(story.stages) < 2 or not story.valid:
        return None
    story, others = condensed(story)
    shown = sorted(story.reading_order(), key=lambda lane: lane == OTHERS)
    if any(stage.left_over for stage in story.stages):
        shown.append(LEFT_OVER)
    return _Drawing(story, shown, texts, others).flow()


class _Drawing:
    """One drawing: where each lane stands, and everything in it. Lengths run from the start of the line: from the
    left, or from the right where the language does."""

    def __init__(self, story: Story, shown: Sequence[str], texts: Texts, others: int) -> None:
        self._story, self._shown, self._texts, self._others = story, shown, texts, others
        self._scale = Fraction(ALL_VOTES, story.valid)
        self._width = GAP + STEP * len(story.stages)
        self._mirrored = text_direction() == "rtl"
        self._has = [lanes_at(stage) for stage in story.stages]
        self._tallest = {lane: max(Fraction(FIGURE_ROW), self._scale * self._highest(lane)) for lane in shown}
        self._ground: dict[str, Fraction] = {}  # y on which a lane's blocks stand
        below = Fraction(HEAD)
        for lane in shown:
            self._ground[lane] = below + NAME_ROW + self._tallest[lane]
            below = self._ground[lane] + GAP
        self._height = below

    def flow(self) -> Flow:
        """All of it."""
        later = range(1, len(self._has))
        return Flow(
            width=at(self._width),
            height=at(self._height),
            stages=tuple((self._x(_start(n)), stage.number) for n, stage in enumerate(self._story.stages)),
            lanes=tuple(self._lane(lane) for lane in self._shown),
            staying=tuple(ribbon for n in later for ribbon in self._staying(n)),
            moving=tuple(ribbon for n in later for ribbon in self._moving(n)),
            others=self._others,
        )

    def _x(self, offset: int | Fraction, width: int = 0) -> str:
        return at(self._width - offset - width if self._mirrored else offset)

    def _highest(self, lane: str) -> Fraction:
        peak = max(has[lane] for has in self._has)
        goal = max(stage.goal for stage in self._story.stages)
        return max(peak, goal) if self._shows_goal(lane) else peak

    def _shows_goal(self, lane: str) -> bool:
        peak = max(has[lane] for has in self._has)
        return lane != LEFT_OVER and peak >= NEAR_GOAL * max(stage.goal for stage in self._story.stages)

    def _lane(self, lane: str) -> Lane:
        alive = max((n for n, has in enumerate(self._has) if has[lane]), default=0)
        top = self._ground[lane] - self._tallest[lane] - 6
        return Lane(
            option=lane,
            label=clipped(self._name(lane), NAME_FITS),
            look=self._look(lane),
            names=tuple((self._x(_start(n)), at(top)) for n in range(0, alive + 1, NAME_EVERY)),
            blocks=tuple(block for n in range(len(self._has)) if (block := self._block(lane, n))),
            goal=self._goal(lane, alive) if self._shows_goal(lane) else "",
        )

    def _look(self, lane: str) -> str:
        if lane == LEFT_OVER:
            return "left-over"
        return "elected" if lane in self._story.elected_at else "out" if lane in self._story.out_at else ""

    def _name(self, lane: str) -> str:
        if lane == OTHERS:
            return ngettext("%(num)s other", "%(num)s others", self._others)
        return _("Not transferable") if lane == LEFT_OVER else name_of(lane, self._texts)

    def _block(self, lane: str, n: int) -> Block | None:
        has, stage = self._has[n][lane], self._story.stages[n]
        icon, fate = _fate(lane, stage)
        if not has and not icon and (n or lane == LEFT_OVER):
            return None
        height = self._scale * has
        middle = self._ground[lane] - max(height, Fraction(FIGURE_ROW)) / 2
        beside = _start(n) + BLOCK + 6
        return Block(
            x=self._x(_start(n), BLOCK),
            y=at(self._ground[lane] - height),
            width=str(BLOCK),
            height=at(height),
            figure="" if icon and not has else figure(has),
            figure_x=self._x(beside + (SIGN + 4 if icon else 0)),
            figure_y=at(middle + 5),
            icon=icon,
            icon_x=self._x(beside, SIGN),
            icon_y=at(middle - SIGN // 2),
            fate="" if has else fate,
        )

    def _goal(self, lane: str, alive: int) -> str:
        """The line of the quota as far as the lane goes; a line that moves takes a step."""
        levels = [self._ground[lane] - self._scale * stage.goal for stage in self._story.stages[: alive + 1]]
        steps = [f"V{at(level)}H{self._x(_start(n) + STEP - GAP)}" for n, level in enumerate(levels)]
        return f"M{self._x(_start(0))} {at(levels[0])}" + "".join(steps)

    def _staying(self, n: int) -> list[Ribbon]:
        """What each lane keeps from the stage before: flat, on the ground."""
        ribbons = []
        for lane in self._shown:
            kept = min(self._has[n - 1][lane], self._has[n][lane])
            if kept:
                ground = self._ground[lane]
                left, right = self._x(_start(n - 1) + BLOCK), self._x(_start(n))
                path = f"M{left} {at(ground)}V{at(ground - kept * self._scale)}H{right}V{at(ground)}Z"
                ribbons.append(
                    Ribbon(stage=self._story.stages[n].number, path=path, votes=kept, source=lane, target=lane)
                )
        return ribbons

    def _moving(self, n: int) -> list[Ribbon]:
        """What goes from lane to lane: off the top of a block, on to the top of another."""
        before, after = self._has[n - 1], self._has[n]
        found = sorted(moves(before, after), key=lambda move: (self._rank(move.source), self._rank(move.target)))
        pool = self._pool(found)
        leaves = {lane: self._ground[lane] - before[lane] * self._scale for lane in self._shown} | {POOL: pool}
        comes = {lane: self._ground[lane] - after[lane] * self._scale for lane in self._shown} | {POOL: pool}
        start, end = Fraction(_start(n - 1) + BLOCK), Fraction(_start(n))
        middle = (start + end) / 2
        ribbons = []
        for move in found:
            thick = move.votes * self._scale
            xs = (middle if move.source == POOL else start, middle if move.target == POOL else end)
            path = self._band(*xs, leaves[move.source], comes[move.target], thick)
            leaves[move.source] += thick
            comes[move.target] += thick
            ribbons.append(
                Ribbon(
                    stage=self._story.stages[n].number,
                    path=path,
                    votes=move.votes,
                    source=move.source,
                    target=move.target,
                    title=self._title(move),
                )
            )
        return ribbons

    def _rank(self, lane: str) -> int:
        return -1 if lane == POOL else self._shown.index(lane)

    def _pool(self, found: Sequence[Move]) -> Fraction:
        """The top of where votes of several givers meet: half-way, by weight, between all that give and take."""
        ends = [(move.source if move.target == POOL else move.target, move.votes) for move in found]
        total = sum((votes for _lane, votes in ends), Fraction(0))
        if not total:
            return Fraction(0)
        centre = sum((self._ground[lane] * votes for lane, votes in ends if lane != POOL), Fraction(0)) / total
        return centre - total * self._scale / 2

    def _band(self, start: Fraction, end: Fraction, leaves: Fraction, comes: Fraction, thick: Fraction) -> str:
        left, right, bend = self._x(start), self._x(end), self._x((start + end) / 2)
        there = f"M{left} {at(leaves)}C{bend} {at(leaves)} {bend} {at(comes)} {right} {at(comes)}"
        back = (
            f"V{at(comes + thick)}C{bend} {at(comes + thick)} {bend} {at(leaves + thick)} {left} {at(leaves + thick)}Z"
        )
        return there + back

    def _title(self, move: Move) -> str:
        facts = {
            "votes": figure(move.votes),
            "source": self._name(move.source),
            "target": self._name(move.target),
        }
        if move.target == POOL:
            return _("%(votes)s from %(source)s", **facts)
        if move.source == POOL:
            return _("%(votes)s to %(target)s", **facts)
        return _("%(votes)s from %(source)s to %(target)s", **facts)


def _start(n: int) -> int:
    return GAP + n * STEP


def _fate(lane: str, stage: Stage) -> tuple[str, str]:
    if lane in stage.elected:
        return "check", _("elected")
    if lane in stage.excluded or (lane and lane == stage.goes_next):
        return "disagree", _("out")
    return "", ""
