"""Amendments: a changed text that somebody else proposes before the freeze, and how it meets a text that has moved on.

Nothing is ever put together unseen. :func:`three_way` says where two changes of one text stay out of each other's way;
what it makes of them is shown to a person, who sends it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from coopgov.core.errors import Kind, Refusals, Refused
from coopgov.core.text import N_

REFUSALS: Refusals = {
    "amendment.yours": (Kind.CONFLICT, N_("It is your proposal: change it yourself.")),
    "amendment.too_late": (Kind.CONFLICT, N_("The text is frozen, so nothing can be amended any more.")),
    "amendment.unchanged": (Kind.INVALID, N_("Nothing is different from the proposal.")),
    "amendment.option_number": (
        Kind.INVALID,
        N_("Here an option can be worded anew, but none can be added or taken away: each has a figure of its own."),
    ),
    "amendment.no_options": (Kind.INVALID, N_("The options of this proposal are not words that could be amended.")),
    "amendment.option_twice": (Kind.INVALID, N_("Write at least one option, and each only once.")),
    "amendment.too_many": (
        Kind.LIMIT,
        N_("You have %(most)s amendments here without an answer. Wait for the answers."),
    ),
    "amendment.not_yours": (Kind.FORBIDDEN, N_("Somebody else has to do this: the amendment is not yours to answer.")),
    "amendment.answered": (Kind.CONFLICT, N_("This amendment has been answered, or is being voted on.")),
    "amendment.older_text": (
        Kind.CONFLICT,
        N_("The proposal has changed since this amendment was made. It has to be made anew for the present text."),
    ),
    "amendment.fits": (Kind.CONFLICT, N_("This amendment fits the present text: there is nothing to make anew.")),
    "amendment.unanswered": (
        Kind.CONFLICT,
        N_("There are amendments without an answer. Answer them, or say that they lapse."),
    ),
    "amendment.carried_waits": (
        Kind.CONFLICT,
        N_("Amendment %(number)s was voted for and fits the text. Accept it before the text is frozen."),
    ),
}
ENDS = ("accepted", "declined", "withdrawn", "lapsed", "replaced")
WAITING = ("open", "voting", "carried")  # nobody has answered it
MOST_WAITING = 5  # of one member, on one proposal
MOST_LINES = 2_000  # of a text that is compared


@dataclass(frozen=True)
class Wording:
    """What an amendment may change: title, text, and the options where the author wrote them."""

    title: str
    source: str
    options: tuple[str, ...] = ()


def state_of(acts: Iterable[str], vote_state: str = "", verdict: str = "") -> str:
    """How an amendment stands: an end, or open, voting, carried, rejected. ``vote_state`` and ``verdict`` are those
    of its last vote of its own; one that was stopped leaves the amendment open."""
    ended = [act for act in acts if act in ENDS]
    if ended:
        return ended[-1]
    if not vote_state or vote_state in ("withdrawn", "void"):
        return "open"
    if vote_state != "closed":
        return "voting"
    return "carried" if verdict == "passed" else "rejected"


def acts_on(state: str, *, writes: bool, amends: bool, is_member: bool, fits: bool) -> frozenset[str]:
    """What somebody may do with an amendment of a text that is not frozen: accept, decline, vote, withdraw, rebase.

    What members voted for can be accepted, and neither declined nor taken back.
    """
    acts = set()
    if writes and is_member:
        acts |= {"decline"} if state == "open" else set()
        acts |= {"vote"} if state == "open" and fits else set()
        acts |= {"accept"} if state in ("open", "carried") and fits else set()
    if amends:
        acts |= {"withdraw"} if state == "open" else set()
        acts |= {"rebase"} if state in ("open", "carried") and not fits and is_member else set()
    return frozenset(acts)


def check_wording(amended: Wording, present: Wording, keeps_number: bool, takes_options: bool) -> None:
    """Raises Refused for an amendment that changes nothing, or options that it cannot change."""
    if amended == present:
        raise Refused("amendment.unchanged")
    if amended.options == present.options:
        return
    if not takes_options:
        raise Refused("amendment.no_options", field="options")
    if not amended.options or len(set(amended.options)) < len(amended.options):
        raise Refused("amendment.option_twice", field="options")
    if keeps_number and len(amended.options) != len(present.options):
        raise Refused("amendment.option_number", field="options")


@dataclass(frozen=True)
class Settled:
    """Lines that nobody or only one side changed, or both alike."""

    lines: tuple[str, ...]


@dataclass(frozen=True)
class Clash:
    """Lines that both sides changed, each in a way of its own; neighbouring lines count as the same."""

    base: tuple[str, ...]
    mine: tuple[str, ...]
    theirs: tuple[str, ...]


Part = Settled | Clash


@dataclass(frozen=True)
class _Hunk:
    start: int
    end: int
    lines: tuple[str, ...]
    is_mine: bool


def three_way(base: Sequence[str], mine: Sequence[str], theirs: Sequence[str]) -> list[Part]:
    """Both changes of ``base`` together, line by line, and where they clash. Texts beyond MOST_LINES clash whole."""
    if max(len(base), len(mine), len(theirs)) > MOST_LINES:
        return [Clash(tuple(base), tuple(mine), tuple(theirs))]
    parts, at = [], 0
    for group in _groups([*_hunks(base, mine, True), *_hunks(base, theirs, False)]):
        start, end = group[0].start, max(hunk.end for hunk in group)
        parts += [Settled(tuple(base[at:start])), _part(base, start, end, group)]
        at = end
    parts.append(Settled(tuple(base[at:])))
    return _joined(parts)


def _hunks(base: Sequence[str], changed: Sequence[str], is_mine: bool) -> Iterator[_Hunk]:
    for act, i, j, m, n in SequenceMatcher(None, base, changed, autojunk=False).get_opcodes():
        if act != "equal":
            yield _Hunk(i, j, tuple(changed[m:n]), is_mine)


def _groups(hunks: list[_Hunk]) -> list[list[_Hunk]]:
    """Hunks that touch, together; from the top down."""
    groups: list[list[_Hunk]] = []
    end = -1
    for hunk in sorted(hunks, key=lambda hunk: (hunk.start, hunk.end)):
        if groups and hunk.start <= end:
            groups[-1].append(hunk)
        else:
            groups.append([hunk])
        end = max(end, hunk.end)
    return groups


def _part(base: Sequence[str], start: int, end: int, group: list[_Hunk]) -> Part:
    mine, theirs = (_side(base, start, end, [h for h in group if h.is_mine is is_mine]) for is_mine in (True, False))
    before = tuple(base[start:end])
    if mine == theirs or theirs == before:
        return Settled(mine)
    return Settled(theirs) if mine == before else Clash(before, mine, theirs)


def _side(base: Sequence[str], start: int, end: int, hunks: list[_Hunk]) -> tuple[str, ...]:
    lines: list[str] = []
    for hunk in hunks:
        lines += [*base[start : hunk.start], *hunk.lines]
        start = hunk.end
    return (*lines, *base[start:end])


def _joined(parts: list[Part]) -> list[Part]:
    """Without empty ones, settled neighbours in one."""
    joined: list[Part] = []
    for part in parts:
        if isinstance(part, Clash):
            joined.append(part)
        elif part.lines:
            if joined and isinstance(joined[-1], Settled):
                joined[-1] = Settled((*joined[-1].lines, *part.lines))
            else:
                joined.append(part)
    return joined


@dataclass(frozen=True)
class Rebased:
    """An amendment on top of the present text: what to start from, and where both changed the same. In a clash the
    present text stands, so that the person who sends it decides."""

    wording: Wording
    clashes: tuple[Clash, ...]


def rebased(base: Wording, amended: Wording, present: Wording) -> Rebased:
    """What the form to make an amendment anew starts with."""
    title = three_way([base.title], [amended.title], [present.title])
    source = three_way(*(text.source.split("\n") for text in (base, amended, present)))
    options = three_way(base.options, amended.options, present.options)
    wording = Wording("\n".join(_lines(title)), "\n".join(_lines(source)), tuple(_lines(options)))
    return Rebased(wording, tuple(part for part in (*title, *source, *options) if isinstance(part, Clash)))


def _lines(parts: list[Part]) -> Iterator[str]:
    for part in parts:
        yield from part.theirs if isinstance(part, Clash) else part.lines
