"""The ballot paper: what stands on it, the choice that somebody's marks mean, and the marks that a choice makes."""

import hashlib
import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from coopgov.core.errors import Kind, Refusals, Refused
from coopgov.core.text import N_, excerpt
from coopgov.tally.methods import METHODS
from coopgov.tally.methods.meeting_time import MeetingTime
from coopgov.tally.methods.sums import NONE_OF_THESE
from coopgov.tally.vote import Choice, Limits, Manifest, Method, Shape

ABSTAIN = "abstain"  # the field that says: I leave the rest blank and mean it
POINTS, RANK = "points-", "rank-"  # how the field of an option begins
TICKED = "y"
SHORT_SCALE = 5  # up to here every number of points is a button of its own
MOST_DIGITS = 7
LONGEST_NAME = 60  # of an option, in a sentence about it

REFUSALS: Refusals = {
    "paper.nothing_chosen": (Kind.INVALID, N_("Choose how you vote.")),
    "paper.nothing_marked": (Kind.INVALID, N_("You have marked nothing. Mark something, or tick “I abstain”.")),
    "paper.no_time_marked": (Kind.INVALID, N_("Mark at least one time: yes, if need be, or no.")),
    "paper.abstains_and_marks": (
        Kind.INVALID,
        N_("You ticked “I abstain” and marked something as well. Do one of the two."),
    ),
    "paper.none_and_picks": (
        Kind.INVALID,
        N_("You ticked “None of these” and something else as well. Do one of the two."),
    ),
    "paper.another_paper": (
        Kind.INVALID,
        N_("What was sent does not fit this ballot paper. Look at your choice below, and send it again."),
    ),
    "paper.too_many": (Kind.INVALID, N_("Chosen: %(chosen)s. That is too many: at most %(most)s.")),
    "paper.too_few": (Kind.INVALID, N_("Chosen: %(chosen)s. That is too few: at least %(least)s.")),
    "paper.over_budget": (
        Kind.INVALID,
        N_("You gave %(given)s of %(budget)s points. Take back as many as are too many: %(over)s."),
    ),
    "paper.not_a_number": (Kind.INVALID, N_("%(option)s: write a whole number in digits, like 3, without spaces.")),
    "paper.out_of_range": (Kind.INVALID, N_("%(option)s: a number from %(lowest)s to %(highest)s.")),
    "paper.reason_needed": (Kind.INVALID, N_("“%(option)s” needs a reason, so that others can answer it.")),
    "paper.answer_needed": (Kind.INVALID, N_("Write your answer.")),
    "paper.same_place": (Kind.INVALID, N_("%(option)s and %(other)s have the same place. Give each its own.")),
}


@dataclass(frozen=True, slots=True)
class Option:
    """What can be chosen: its word in the manifest, what people read, and what it means under this rule."""

    id: str
    text: str
    meaning: str = ""

    @property
    def short(self) -> str:
        """Its text where a sentence speaks of it."""
        return excerpt(self.text, LONGEST_NAME)


@dataclass(frozen=True, slots=True)
class Paper:
    """What an elector fills in: the options in the order shown; with ``takes_reason`` a reason can stand beside it."""

    manifest: Manifest
    options: tuple[Option, ...]
    takes_reason: bool = True

    @property
    def method(self) -> Method:
        """How it is counted."""
        return METHODS[self.manifest.method]

    @property
    def shape(self) -> Shape:
        """What a ballot looks like."""
        return self.method.shape

    @property
    def limits(self) -> Limits:
        """The bounds of a ballot."""
        return self.method.limits(self.manifest)

    @property
    def takes_one(self) -> bool:
        """Whether it is a single option that is chosen, so that another choice replaces it."""
        return self.shape is Shape.ONE or (self.shape is Shape.PICKS and self.limits.most == 1)

    @property
    def takes_none_of_these(self) -> bool:
        """Whether one can say that one wants none of the options."""
        return self.shape is Shape.PICKS and bool(self.manifest.settings.get(NONE_OF_THESE))

    @property
    def takes_abstention(self) -> bool:
        """Whether a ballot may be blank and then says nothing, if its elector means it so."""
        return self.limits.least > 0 and _is_valid(self, ())

    @property
    def asks_for_times(self) -> bool:
        """Whether its options are instants, and what is left blank is a no."""
        return self.manifest.method == MeetingTime.name

    @property
    def layout(self) -> str:
        """How it is drawn: one, picks, scale, numbers, dots, times, ranking, levels or none."""
        if self.shape is not Shape.POINTS:
            return self.shape.value
        if self.asks_for_times:
            return "times"
        if self.limits.budget is not None:
            return "dots"
        return "scale" if self.limits.highest <= SHORT_SCALE else "numbers"

    def option(self, word: str) -> Option:
        """The option with this word; raises KeyError."""
        return {option.id: option for option in self.options}[word]


Typed = Mapping[str, Sequence[str]]
"""What a paper's fields hold: ``choice`` (several for ticks), ``points-<option>``, ``rank-<option>``, ``abstain``."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What was made of a paper: the choice in the method's normal form, or all that is wrong with it, in its order."""

    choice: Choice | None
    faults: tuple[Refused, ...]


def is_field(name: str) -> bool:
    """Whether a form's field belongs to the paper itself."""
    return name in ("choice", ABSTAIN) or name.startswith((POINTS, RANK))


def choice_of(paper: Paper, typed: Typed) -> Choice:
    """The choice that was marked, in the method's normal form; raises the first Refused (``paper.*``) of ``read``."""
    reading = read(paper, typed)
    if reading.faults:
        raise reading.faults[0]
    assert reading.choice is not None
    return reading.choice


def read(paper: Paper, typed: Typed) -> Reading:
    """The choice that was marked, or every fault; a fault's ``field`` names the field that is to be mended.

    What the method takes for the same ballot is one choice, whatever order or zeros were typed.
    """
    faults: list[Refused] = []
    marks = _READERS[paper.shape](paper, typed, faults)
    if not faults:
        faults += _doubts(paper, typed, marks)
    if faults:
        return Reading(None, tuple(faults))
    return Reading(paper.method.validate(paper.manifest, marks), ())


def _doubts(paper: Paper, typed: Typed, marks: Choice) -> Iterable[Refused]:
    """What is odd about marks that can be read: they say nothing, or two things at once, or the method refuses them."""
    if not _is_valid(paper, marks):
        yield Refused("paper.another_paper" if marks else "paper.nothing_chosen", field="choice")
    elif paper.asks_for_times and not marks:
        yield Refused("paper.no_time_marked", field="choice")
    elif paper.takes_abstention:
        is_blank, abstains = paper.method.validate(paper.manifest, marks) == (), _abstains(paper, typed)
        if is_blank and not abstains:
            yield Refused("paper.nothing_marked", field=ABSTAIN)
        elif abstains and not is_blank:
            yield Refused("paper.abstains_and_marks", field=ABSTAIN)


def _abstains(paper: Paper, typed: Typed) -> bool:
    return _given(typed, "choice") == [""] if paper.takes_one else bool(typed.get(ABSTAIN))


def _is_valid(paper: Paper, choice: object) -> bool:
    try:
        paper.method.validate(paper.manifest, choice)
    except ValueError:
        return False
    return True


def _given(typed: Typed, name: str) -> list[str]:
    return list(typed.get(name, ()))


def _read_one(paper: Paper, typed: Typed, faults: list[Refused]) -> Choice:
    chosen = _given(typed, "choice")
    if chosen in ([], [""]):
        return ()
    if len(chosen) > 1 or not _are_on(paper, chosen):
        faults.append(Refused("paper.another_paper", field="choice"))
    return chosen[0]


def _read_picks(paper: Paper, typed: Typed, faults: list[Refused]) -> Choice:
    picked = _given(typed, "choice")
    if picked == [""] and paper.takes_one:
        return ()
    if paper.takes_none_of_these and NONE_OF_THESE in picked:
        if len(picked) > 1:
            faults.append(Refused("paper.none_and_picks", field="choice"))
        return (NONE_OF_THESE,)
    if not _are_on(paper, picked):
        faults.append(Refused("paper.another_paper", field="choice"))
    _check_number(paper, len(picked), faults)
    return tuple(picked)


def _check_number(paper: Paper, chosen: int, faults: list[Refused]) -> None:
    least, most = paper.limits.least, paper.limits.most
    if chosen > most:
        faults.append(Refused("paper.too_many", field="choice", chosen=chosen, most=most))
    elif 0 < chosen < least:
        faults.append(Refused("paper.too_few", field="choice", chosen=chosen, least=least))


def _are_on(paper: Paper, chosen: Sequence[str]) -> bool:
    """Whether each is an option of the paper: no honest form sends anything else."""
    return set(chosen) <= {option.id for option in paper.options}


def _read_points(paper: Paper, typed: Typed, faults: list[Refused]) -> Choice:
    pairs = _numbers(paper, typed, POINTS, paper.limits.highest, faults)
    budget, given = paper.limits.budget, sum(number for _, number in pairs)
    if budget is not None and given > budget:
        facts = {"given": given, "budget": budget, "over": given - budget}
        faults.append(Refused("paper.over_budget", field="choice", **facts))
    return tuple((option.id, number) for option, number in pairs)


def _read_ranking(paper: Paper, typed: Typed, faults: list[Refused]) -> Choice:
    ranked = _ranked(paper, typed, faults)
    for (option, place), (other, next_place) in itertools.pairwise(ranked):
        if place == next_place:
            named = {"option": option.short, "other": other.short}
            faults.append(Refused("paper.same_place", field=RANK + other.id, **named))
    return tuple(option.id for option, _ in ranked)


def _read_levels(paper: Paper, typed: Typed, faults: list[Refused]) -> Choice:
    ranked = _ranked(paper, typed, faults)
    places = sorted({place for _, place in ranked})
    return tuple(tuple(option.id for option, place in ranked if place == level) for level in places)


def _ranked(paper: Paper, typed: Typed, faults: list[Refused]) -> list[tuple[Option, int]]:
    """Options with the places they were given, best first; places may have gaps."""
    places = _numbers(paper, typed, RANK, len(paper.options), faults)
    _check_number(paper, len(places), faults)
    return sorted(places, key=lambda given: given[1])


def _read_nothing(_paper: Paper, _typed: Typed, _faults: list[Refused]) -> Choice:
    return ()


def _numbers(paper: Paper, typed: Typed, prefix: str, highest: int, faults: list[Refused]) -> list[tuple[Option, int]]:
    """Options with the whole number that stands beside each, blank ones left out; adds what cannot be read."""
    fields = {prefix + option.id for option in paper.options}
    sent = {name: _given(typed, name) for name in typed if name.startswith(prefix)}
    if not set(sent) <= fields or any(len(values) > 1 for values in sent.values()):
        faults.append(Refused("paper.another_paper", field="choice"))
    lowest = 1 if prefix == RANK else 0
    found: list[tuple[Option, int]] = []
    for option in paper.options:
        text = "".join(sent.get(prefix + option.id, [])[:1])
        fault = _number_fault(text, lowest, highest)
        if fault:
            facts = {"option": option.short, "lowest": lowest, "highest": highest}
            faults.append(Refused(fault, field=prefix + option.id, **facts))
        elif text:
            found.append((option, int(text)))
    return found


def _number_fault(text: str, lowest: int, highest: int) -> str:
    """What is wrong with a number as typed; nothing is wrong with an empty field."""
    if not text:
        return ""
    if not (text.isascii() and text.isdigit()):
        return "paper.not_a_number"
    is_in_range = len(text) <= MOST_DIGITS and lowest <= int(text) <= highest
    return "" if is_in_range else "paper.out_of_range"


_READERS: dict[Shape, Callable[[Paper, Typed, list[Refused]], Choice]] = {
    Shape.ONE: _read_one,
    Shape.PICKS: _read_picks,
    Shape.POINTS: _read_points,
    Shape.RANKING: _read_ranking,
    Shape.LEVELS: _read_levels,
    Shape.NONE: _read_nothing,
}


def check_reason(paper: Paper, choice: Choice, reason: str) -> None:
    """Raises Refused where the rule accepts ``choice`` only with a reason and there is none."""
    duty = paper.takes_reason and paper.method.needs_reason(paper.manifest, choice)
    if not duty or reason.strip():
        return
    if isinstance(choice, str) and choice != "block":
        raise Refused("paper.reason_needed", field="reason", option=paper.option(choice).short)
    raise Refused("ballot.reason_needed" if choice == "block" else "paper.answer_needed", field="reason")


def marks_of(paper: Paper, choice: Choice) -> dict[str, list[str]]:
    """The fields of a paper that says ``choice``, which is valid: ``choice_of`` reads it back."""
    if isinstance(choice, str):
        return {"choice": [choice]}
    if not choice and paper.takes_abstention:
        return {"choice": [""]} if paper.takes_one else {ABSTAIN: [TICKED]}
    match paper.shape:
        case Shape.POINTS:
            left_out = {option.id: 0 for option in paper.options} if paper.asks_for_times else {}
            return {POINTS + option: [str(number)] for option, number in (left_out | dict(choice)).items()}
        case Shape.RANKING:
            return {RANK + option: [str(place)] for place, option in enumerate(choice, 1)}
        case Shape.LEVELS:
            return {RANK + option: [str(place)] for place, level in enumerate(choice, 1) for option in level}
        case _:
            return {"choice": list(choice)} if choice else {}


def shuffle(options: Iterable[Option], seed: str) -> tuple[Option, ...]:
    """The options in an order that depends on ``seed`` and each option's word alone, so that it is the same each time.

    The order of the SHA-256 of the seed, a line end and the word.
    """
    return tuple(sorted(options, key=lambda option: hashlib.sha256(f"{seed}\n{option.id}".encode()).digest()))
