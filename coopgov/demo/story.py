"""What was said and decided: one file in stories/ for each thread, read into plain facts."""

import tomllib
from dataclasses import dataclass, field
from datetime import timedelta
from fractions import Fraction
from typing import Any

from coopgov.demo.cast import HERE
from coopgov.tally.rule import PRESETS, Quorum, QuorumKind, Rule, Secrecy, Threshold

RULES: dict[str, Rule] = {
    **PRESETS,
    "counted": Rule(Threshold(Fraction(1)), minimum_voting=timedelta(days=5)),  # where options are counted
    "secret": Rule(Threshold(Fraction(1)), minimum_voting=timedelta(days=5), secrecy=Secrecy.SECRET),
    "third_turnout": Rule(  # valid only when a third of the members take part: what article 12 once allowed
        threshold=PRESETS["simple_majority"].threshold,
        quorum=Quorum(QuorumKind.TURNOUT, share=Fraction(1, 3)),
        minimum_voting=PRESETS["simple_majority"].minimum_voting,
    ),
}


@dataclass(frozen=True, kw_only=True)
class Remark:
    """A comment. ``to``: the number of the one it answers; ``day``: of the thread's life, else spread evenly."""

    by: str
    text: str
    to: int | None = None
    day: float | None = None
    edited_from: str = ""
    hidden: str = ""  # the convenor's reason
    deleted: bool = False


@dataclass(frozen=True, kw_only=True)
class Motion:
    """A proposal and its votes. ``reasons``: choice, words and, where it matters, whose.

    ``votes`` are of options, ``ballots`` of anything else: ``[[2, 1], 7]`` are seven that rank the second option first,
    ``[[[1, 3]], 4]`` four that give the first one three points.
    """

    by: str
    title: str
    text: str
    rule: str
    electorate: str
    days: int
    opened_days_ago: float | None = None
    closes_in_hours: int | None = None
    opens_in_days: int | None = None
    draft: bool = False
    created_days_ago: float | None = None
    method: str = "proposal"
    options: list[str] = field(default_factory=list)  # in words, where the method has none of its own
    meets: list[list[Any]] = field(default_factory=list)  # of a meeting time: days from its closing, and the clock
    settings: dict[str, Any] = field(default_factory=dict)
    votes: dict[str, int] = field(default_factory=dict)
    ballots: list[list[Any]] = field(default_factory=list)  # a choice in options' numbers, and how many make it
    reasons: list[list[str]] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)
    changed: int = 0
    withdrawn: str = ""
    withdrawn_after_days: float = 0
    outcome: str = ""
    outcome_after_days: float = 0
    review_in_days: int | None = None

    @property
    def cast(self) -> int:
        """How many vote."""
        return sum(self.votes.values()) + sum(int(number) for _choice, number in self.ballots)


@dataclass(frozen=True, kw_only=True)
class Story:
    """A thread from its opening post to its last comment."""

    name: str
    group: str
    author: str
    title: str
    text: str
    public: bool
    days_ago: float
    at: str  # the clock on the wall
    lasts: float
    edited_from: str = ""
    remarks: list[Remark] = field(default_factory=list)
    motions: list[Motion] = field(default_factory=list)
    introductions: dict[str, Any] = field(default_factory=dict)


def stories() -> list[Story]:
    """All threads, the oldest first."""
    return sorted((_story(path.stem, path.read_text()) for path in (HERE / "stories").glob("*.toml")), key=_age)


def _age(story: Story) -> tuple[float, str]:
    return -story.days_ago, story.name


def _story(name: str, text: str) -> Story:
    plain = tomllib.loads(text)
    remarks = [Remark(**_stripped(remark)) for remark in plain.pop("comments", [])]
    motions = [Motion(**_stripped(motion)) for motion in plain.pop("proposals", [])]
    return Story(name=name, remarks=remarks, motions=motions, **_stripped(plain))


def _stripped(plain: dict[str, Any]) -> dict[str, Any]:
    return {key: value.strip() if isinstance(value, str) else value for key, value in plain.items()}
