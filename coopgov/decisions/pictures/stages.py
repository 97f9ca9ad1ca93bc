"""The stages of a count by preferences, the same for instant runoff, whole papers and keep factors."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import pairwise
from typing import Any

from coopgov.decisions.pictures.frame import Plain

SURPLUS = "surplus of "  # as the tally writes the action of a stage


@dataclass(frozen=True, kw_only=True)
class Stage:
    """What everybody has after it. ``left_over``: votes that name nobody who could still take them.

    ``goal``: the quota, or where there is none the smallest majority of the votes that still count. ``surplus_of``:
    whose surplus it handed on. ``excluded`` have nothing from this stage on, with ``goes_next`` from the next on.
    ``written`` are the tallies as the result writes them.
    """

    number: int
    tally: Mapping[str, Fraction]
    left_over: Fraction
    goal: Fraction
    written: Mapping[str, str]
    surplus_of: str = ""
    elected: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    goes_next: str = ""
    below_quota: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Story:
    """A count from its first stage to its last, and when each option was elected or went out (stage numbers)."""

    stages: tuple[Stage, ...]
    valid: int
    quota: Fraction  # 0 for the instant runoff
    elected_at: Mapping[str, int] = field(default_factory=dict)
    out_at: Mapping[str, int] = field(default_factory=dict)

    def in_before(self, number: int) -> list[str]:
        """Options that were neither elected nor out before stage ``number``."""
        return [
            option
            for option in self.stages[0].tally
            if self.elected_at.get(option, number) >= number and self.out_at.get(option, number) >= number
        ]

    def reading_order(self) -> list[str]:
        """Those elected in their order, those still in, then those who went out, the last of them first."""
        last, first = self.stages[-1].number, self.stages[0].tally
        place = {option: number for number, option in enumerate(first)}
        elected = list(self.elected_at)

        def key(option: str) -> tuple[int, int, int]:
            if option in elected:
                return 0, elected.index(option), 0
            return 1, -self.out_at.get(option, last + 1), place[option]

        return sorted(first, key=key)


SMALL = Fraction(1, 50)  # of the valid votes: whoever goes out and never had so many can be told with others
OTHERS = "\1"  # no option: those that are told together
FEW = 3  # fewer small ones are not worth putting together


def condensed(story: Story) -> tuple[Story, int]:
    """The story with its small options told together as OTHERS and without the stages that concern only them; and how
    many those are. A story with hardly any small options is left as it is (0)."""
    small = {
        option
        for option in story.out_at
        if option not in story.elected_at and max(stage.tally[option] for stage in story.stages) < SMALL * story.valid
    }
    if len(small) < FEW:
        return story, 0
    stages = [_together(stage, small) for stage in story.stages]
    last = len(stages)
    gone = next((stage.number for stage in stages if not stage.tally[OTHERS]), last + 1)
    stages = [replace(s, excluded=(*s.excluded, OTHERS)) if s.number == gone else s for s in stages]
    kept = tuple(s for s in stages if s.number in (1, last) or s.elected or s.excluded or s.goes_next or s.surplus_of)
    out_at = {option: n for option, n in story.out_at.items() if option not in small}
    if gone <= last:
        out_at[OTHERS] = gone
    return replace(story, stages=kept, out_at=out_at), len(small)


def _together(stage: Stage, small: Collection[str]) -> Stage:
    tally = {option: votes for option, votes in stage.tally.items() if option not in small}
    return replace(
        stage,
        tally={**tally, OTHERS: sum((stage.tally[option] for option in small), Fraction(0))},
        excluded=tuple(option for option in stage.excluded if option not in small),
        goes_next="" if stage.goes_next in small else stage.goes_next,
    )


def story_of(plain: Plain, options: Sequence[str]) -> Story | None:
    """The stages of a stored result; None where nothing was counted. Raises KeyError for a method without stages."""
    rounds: Sequence[Mapping[str, Any]] = plain.get("rounds", ())
    if not rounds:
        return None
    if "exhausted" in plain:
        stages = _runoff(plain, rounds, options)
    else:
        stages = [_transfer(n, one, plain, options) for n, one in enumerate(rounds, 1)]
    quota = Fraction(plain["quota"]) if "quota" in plain else Fraction(0)
    return Story(
        stages=tuple(stages),
        valid=int(plain["valid_ballots"]),
        quota=quota or (stages[-1].goal if "exhausted" not in plain else quota),
        elected_at={option: stage.number for stage in stages for option in stage.elected},
        out_at={option: stage.number for stage in stages for option in (*stage.excluded, *_named(stage.goes_next))},
    )


def _runoff(plain: Plain, rounds: Sequence[Mapping[str, int]], options: Sequence[str]) -> list[Stage]:
    counted = [option for option in options if option in rounds[0]]
    gone = [(), *(tuple(o for o in counted if o in before and o not in after) for before, after in pairwise(rounds))]
    winners = tuple(plain["winners"])
    return [
        Stage(
            number=n,
            tally={option: Fraction(votes.get(option, 0)) for option in counted},
            written={option: str(votes.get(option, 0)) for option in counted},
            left_over=Fraction(lost),
            goal=Fraction(sum(votes.values()) // 2 + 1),
            excluded=out,
            elected=winners if n == len(rounds) else (),
        )
        for n, (votes, lost, out) in enumerate(zip(rounds, plain["exhausted"], gone, strict=True), 1)
    ]


def _transfer(number: int, one: Mapping[str, Any], plain: Plain, options: Sequence[str]) -> Stage:
    """By whole papers a stage is told after its action; by keep factors the excluded still holds votes in it."""
    written: Mapping[str, str] = one["tally"]
    action, excluded = str(one.get("action", "")), str(one.get("excluded", ""))
    return Stage(
        number=number,
        tally={option: Fraction(written[option]) for option in options if option in written},
        written=written,
        left_over=Fraction(one["nontransferable"]),
        goal=Fraction(one.get("quota", plain.get("quota", 0))),
        surplus_of=action.removeprefix(SURPLUS) if action.startswith(SURPLUS) else "",
        elected=tuple(one.get("elected", ())),
        excluded=_named(excluded) if action else (),
        goes_next="" if action else excluded,
        below_quota=tuple(one.get("below_quota", ())),
    )


def _named(option: str) -> tuple[str, ...]:
    return (option,) if option else ()
