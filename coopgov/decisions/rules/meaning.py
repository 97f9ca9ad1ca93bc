"""What a rule means for so many electors: a worked example and warnings, as keys and facts. Pure.

Whether something passes is asked of the tally each time; no threshold, quorum or block is worked out here.
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from coopgov.decisions.rules.kinds import KINDS
from coopgov.decisions.rules.options import offered
from coopgov.tally.count import Manifest, Verdict, tally_distinct
from coopgov.tally.methods.proposal import OPTIONS
from coopgov.tally.reason import Reason
from coopgov.tally.rule import Base, BlockKind, QuorumKind, Rule, Secrecy

ENOUGH_VOTES = 3  # of one's own, to know what is usual
SHORT_VOTING = timedelta(days=3)
FEW_ELECTORS = 10
MEANING_KEYS = frozenset(
    {"meaning.basis.own", "meaning.basis.social_coop", "meaning.example.passes", "meaning.example.cannot"}
    | {"meaning.fewest", "meaning.readings", "meaning.blocks"}
    | {f"meaning.nobody.{verdict}" for verdict in Verdict}
)
"""Every key that an example can have."""
WARNING_KEYS = frozenset(
    {"warning.unreachable", "warning.usual_turnout", "warning.no_show", "warning.quorum_missed"}
    | {"warning.short", "warning.secret_few"}
)
"""Every key that a warning can have."""


@dataclass(frozen=True, slots=True)
class Past:
    """How an earlier proposal ended: electors, and how many chose what."""

    roll: int
    agree: int
    abstain: int
    disagree: int
    block: int = 0

    @property
    def cast(self) -> int:
        """All ballots, abstentions included."""
        return self.agree + self.abstain + self.disagree + self.block


@dataclass(frozen=True, slots=True)
class Habit:
    """How many usually vote, and abstain; from ``votes`` earlier ones of the co-op's own, or 0 for SOCIAL_COOP."""

    roll: int
    cast: int
    abstain: int
    votes: int = 0


SOCIAL_COOP = Habit(roll=304, cast=59, abstain=5)
"""A budget vote in December 2022, with a turnout of 19.4 %: see docs/rules-of-decision.md."""
SOCIAL_COOP_SOURCE = "https://www.loomio.com/d/Iyk8aetf"


@dataclass(frozen=True, slots=True)
class Meaning:
    """An example in reading order, and what to think of before taking the rule."""

    example: tuple[Reason, ...]
    warnings: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Trial:
    """A proposal under ``rule`` with ``roll`` electors, tried with ballots that nobody has cast."""

    rule: Rule
    roll: int

    def verdict(self, agree: int = 0, abstain: int = 0, disagree: int = 0, block: int = 0) -> Verdict:
        """What the tally says of so many ballots."""
        votes = zip(OPTIONS, (agree, abstain, disagree, block), strict=True)
        box = {choice: number for choice, number in votes if number}
        return tally_distinct(Manifest("proposal", OPTIONS, self.rule, self.roll), box).verdict

    def needed(self, cast: int, abstain: int) -> int | None:
        """The smallest number of agreements that passes, all the others being against; None when none does."""
        sides = cast - abstain
        least = bisect_left(range(sides + 1), True, key=lambda n: self.verdict(n, abstain, sides - n) is Verdict.PASSED)
        return least if least <= sides else None

    def fewest(self) -> int | None:
        """The smallest number of ballots that passes, all of them agreeing; None when the whole roll is not enough."""
        least = bisect_left(range(self.roll + 1), True, key=lambda n: self.verdict(n) is Verdict.PASSED)
        return least if least <= self.roll else None

    def stopping(self, cast: int, abstain: int) -> int:
        """The smallest number of blocks with which it does not pass, everybody else who takes a side agreeing."""
        sides = cast - abstain
        return bisect_left(
            range(sides + 1),
            True,
            key=lambda n: self.verdict(sides - n, abstain, block=n) is not Verdict.PASSED,
        )


def habit_of(past: Sequence[Past]) -> Habit:
    """What is usual by ``past``, all of it together; SOCIAL_COOP when that is too little to say."""
    roll, cast = sum(vote.roll for vote in past), sum(vote.cast for vote in past)
    if len(past) < ENOUGH_VOTES or not cast:
        return SOCIAL_COOP
    return Habit(roll, cast, sum(vote.abstain for vote in past), len(past))


def usual(habit: Habit, roll: int) -> tuple[int, int]:
    """How many of ``roll`` vote, and how many of these abstain; one at least takes a side."""
    cast = min(roll, max(1, _nearest(roll * habit.cast, habit.roll)))
    return cast, min(cast - 1, _nearest(cast * habit.abstain, habit.cast))


def _nearest(part: int, whole: int) -> int:
    """``part / whole`` as the nearest whole number, a half upwards."""
    return (2 * part + whole) // (2 * whole)


def meaning_of(rule: Rule, roll: int, past: Sequence[Past] = (), method: str = "proposal") -> Meaning:
    """What ``rule`` means for ``roll`` electors (at least 1) who vote as in ``past``, the last one first.

    Only proposals are worked through; of other methods it is said what holds for every vote.
    """
    habit = habit_of(past)
    if method != "proposal":
        return Meaning(tuple(_nobody(rule, roll, method)), tuple(_everybodys_warnings(rule, roll)))
    trial, (cast, abstain) = Trial(rule, roll), usual(habit, roll)
    example = (_basis(habit), *_example(trial, cast, abstain), *_nobody(rule, roll, method))
    warnings = (*_warnings(trial, cast, abstain, past), *_everybodys_warnings(rule, roll))
    return Meaning(example, warnings)


def _basis(habit: Habit) -> Reason:
    facts: dict[str, int | str] = {"cast": habit.cast, "roll": habit.roll}
    if habit.votes:
        return Reason("meaning.basis.own", {**facts, "votes": habit.votes})
    return Reason("meaning.basis.social_coop", facts)


def _example(trial: Trial, cast: int, abstain: int) -> Iterator[Reason]:
    needed, fewest = trial.needed(cast, abstain), trial.fewest()
    facts: dict[str, int | str] = {"roll": trial.roll, "cast": cast, "abstain": abstain}
    if needed is None:
        yield Reason("meaning.example.cannot", facts)
    else:
        yield Reason("meaning.example.passes", {**facts, "needed": needed})
        yield from _readings(trial, cast, abstain)
        yield from _blocks(trial, cast, abstain)
    if fewest is not None:
        yield Reason("meaning.fewest", {"votes": fewest})


def _readings(trial: Trial, cast: int, abstain: int) -> Iterator[Reason]:
    """“Of voting members” with and without the abstentions, where the two ask for different numbers."""
    if trial.rule.base is Base.ELIGIBLE:
        return
    sides, all_cast = (
        replace(trial, rule=replace(trial.rule, base=base)).needed(cast, abstain) for base in (Base.DECISIVE, Base.CAST)
    )
    if sides is not None and all_cast is not None and sides != all_cast:
        facts: dict[str, int | str] = {"base_kind": trial.rule.base.value, "sides": cast - abstain, "cast": cast}
        yield Reason("meaning.readings", {**facts, "of_sides": sides, "of_cast": all_cast})


def _blocks(trial: Trial, cast: int, abstain: int) -> Iterator[Reason]:
    if trial.rule.blocks.kind is not BlockKind.AS_DISAGREE:
        blocks = trial.stopping(cast, abstain)
        yield Reason("meaning.blocks", {"blocks": blocks, "agree": cast - abstain - blocks})


def _nobody(rule: Rule, roll: int, method: str) -> Iterator[Reason]:
    """What becomes of it when no ballot is cast, by methods that need to know no more than the rule."""
    options = tuple(option.id for option in offered(method, rule))
    if options and not KINDS[method].settings:
        verdict = tally_distinct(Manifest(method, options, rule, roll), {}).verdict
        yield Reason(f"meaning.nobody.{verdict}", {})


def _warnings(trial: Trial, cast: int, abstain: int, past: Sequence[Past]) -> Iterator[Reason]:
    fewest = trial.fewest()
    if fewest is None:
        yield Reason("warning.unreachable", {"roll": trial.roll})
    elif trial.needed(cast, abstain) is None:
        yield Reason("warning.usual_turnout", {"votes": fewest, "cast": cast})
    yield from _no_show(trial)
    if trial.rule.quorum.kind is not QuorumKind.NONE:
        yield from _quorum_missed(trial.rule, past)


def _no_show(trial: Trial) -> Iterator[Reason]:
    """One vote against completes the quorum, and it passes because of it."""
    agree = trial.rule.quorum.needed(trial.roll) - 1
    if not 1 <= agree < trial.roll:
        return
    with_one_against = trial.verdict(agree, disagree=1)
    if trial.verdict(agree) is Verdict.NO_QUORUM and with_one_against is Verdict.PASSED:
        yield Reason("warning.no_show", {"agree": agree, "roll": trial.roll})


def _quorum_missed(rule: Rule, past: Sequence[Past]) -> Iterator[Reason]:
    verdicts = (Trial(rule, vote.roll).verdict(vote.agree, vote.abstain, vote.disagree, vote.block) for vote in past)
    missed = sum(verdict is Verdict.NO_QUORUM for verdict in verdicts)
    if missed:
        yield Reason("warning.quorum_missed", {"missed": missed, "votes": len(past)})


def _everybodys_warnings(rule: Rule, roll: int) -> Iterator[Reason]:
    if rule.minimum_voting < SHORT_VOTING:
        yield Reason("warning.short", {"days": rule.minimum_voting.days, "seconds": rule.minimum_voting.seconds})
    if rule.secrecy is Secrecy.SECRET and roll < FEW_ELECTORS:
        yield Reason("warning.secret_few", {"roll": roll})


def past_of(roll: int, counts: Mapping[str, int]) -> Past:
    """The earlier proposal that ended with ``counts`` by choice."""
    return Past(roll, *(counts.get(choice, 0) for choice in OPTIONS))
