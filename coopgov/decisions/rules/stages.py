"""What is going on with a proposal at an instant, who may do what with it, and when a vote may open and close."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from coopgov.core.errors import Kind, Refusals, Refused
from coopgov.core.text import N_
from coopgov.core.viewer import Viewer
from coopgov.decisions.rules.options import Option
from coopgov.tally.rule import Rule

REFUSALS: Refusals = {
    "proposal.not_here": (Kind.FORBIDDEN, N_("You cannot start a proposal in this discussion.")),
    "proposal.not_yours": (Kind.FORBIDDEN, N_("Somebody else has to do this: the proposal is not yours to change.")),
    "proposal.too_late": (Kind.CONFLICT, N_("It is too late for this: the proposal has moved on.")),
    "proposal.reason_needed": (Kind.INVALID, N_("Give a reason: it stands on the proposal's page for good.")),
    "proposal.reason_too_long": (Kind.INVALID, N_("The reason is too long: at most %(most)s characters.")),
    "proposal.options": (Kind.INVALID, N_("These options and settings do not go together.")),
    "voting.closes_first": (Kind.INVALID, N_("Voting has to close after it opens.")),
    "voting.too_short": (Kind.INVALID, N_("This rule keeps voting open longer. Hours that it asks for: %(hours)s.")),
    "voting.opens_in_the_past": (Kind.INVALID, N_("Choose an opening in the future.")),
    "voting.talk_first": (
        Kind.INVALID,
        N_("This rule wants a discussion first. Hours that it has to last, from when it is put up: %(hours)s."),
    ),
    "voting.not_urgent": (Kind.INVALID, N_("This rule knows no urgent votes.")),
    "voting.freeze_first": (Kind.CONFLICT, N_("Voting opens on a text that is frozen.")),
    "roll.empty": (Kind.CONFLICT, N_("Nobody would be on the roll, so voting cannot open.")),
    "outcome.words_needed": (Kind.INVALID, N_("Write what follows from the decision.")),
    "outcome.review_in_the_past": (Kind.INVALID, N_("Choose a review date in the future.")),
}


REMIND_BEFORE = timedelta(hours=24)


SHORT_VOTE = timedelta(hours=36)  # one that lasts no longer sends no reminder: its opening has just been heard of


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What an author sets.

    ``opens_at`` None and not ``open_now``: voting opens when somebody says so. ``discuss``: it is put up for
    discussion at once, as is whatever has an opening date; else it is a draft. ``options`` empty: the method's own.
    """

    title: str
    source: str
    rule: Rule
    rule_name: str
    electorate: str  # group | coop
    opens_at: datetime | None
    closes_at: datetime
    open_now: bool = False
    discuss: bool = False
    method: str = "proposal"
    options: tuple[Option, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    is_shuffled: bool = False
    earlier_id: int | None = None
    urgent_reason: str = ""


class Timed(Protocol):
    """Something with a state that the clock moves on."""

    @property
    def state(self) -> str: ...
    @property
    def opens_at(self) -> datetime | None: ...
    @property
    def closes_at(self) -> datetime: ...


class Motion(Timed, Protocol):
    """What the rules need to know of a proposal."""

    @property
    def author_id(self) -> int: ...
    @property
    def group_id(self) -> int: ...


def state_at(motion: Timed, now: datetime) -> str:
    """The state by the clock, which may be ahead of the worker: ``opening`` until the roll is frozen, ``counting``
    from the closing on until the result is there; else the stored state."""
    if motion.state in WAITING and motion.opens_at is not None and motion.opens_at <= now:
        return "opening"
    if motion.state == "open" and motion.closes_at <= now:
        return "counting"
    return motion.state


def turns_at(motion: Timed) -> datetime | None:
    """When the clock will next change what is shown of it, if it has not yet; None when only people will."""
    return motion.opens_at if motion.state in WAITING else motion.closes_at if motion.state == "open" else None


UNFROZEN = ("draft", "discussion")  # words and terms can still change
WAITING = ("discussion", "scheduled")  # may have a date on which the clock opens the vote
UNOPENED = (*UNFROZEN, "frozen", "scheduled")

_WHEN = {
    "mend": {*UNFROZEN},
    "discuss": {"draft"},
    "freeze": {"discussion"},
    "open": {*UNOPENED},
    "withdraw": {*UNOPENED, "opening", "open"},
    "void": {"open", "counting"},
    "outcome": {"closed"},
}


def acts_open_to(motion: Motion, viewer: Viewer, now: datetime, co_authors: Collection[int] = ()) -> frozenset[str]:
    """What the viewer may do with it at ``now``: of mend, discuss, freeze, open, withdraw, void, outcome."""
    state = state_at(motion, now)
    return frozenset(
        act for act, states in _WHEN.items() if state in states and _has_right(act, motion, viewer, state, co_authors)
    )


def refuse_unless_open_to(
    act: str, motion: Motion, viewer: Viewer, now: datetime, co_authors: Collection[int] = ()
) -> None:
    """Raises Refused when the viewer may not do ``act`` with it at ``now``."""
    state = state_at(motion, now)
    if not _has_right(act, motion, viewer, state, co_authors):
        raise Refused("proposal.not_yours")
    if state not in _WHEN[act]:
        raise Refused("proposal.too_late")


def _has_right(act: str, motion: Motion, viewer: Viewer, state: str, co_authors: Collection[int]) -> bool:
    """Authors mend; authors or convenor put a draft up, freeze or open it, or take it back; an open vote only its
    first author may stop. A vote is declared void by the membership secretary, never by who wrote it."""
    is_author = viewer.is_signed_in and viewer.party_id == motion.author_id
    writes = is_author or (viewer.is_signed_in and viewer.party_id in co_authors)
    convenes = viewer.convenes(motion.group_id)
    if act == "mend":
        return writes and viewer.is_member
    if act in ("discuss", "freeze", "open"):
        return (writes or convenes) and viewer.is_member
    if act == "withdraw":
        return is_author or ((writes or convenes) and state in _WHEN["open"])
    if act == "void":
        return viewer.holds("membership_secretary") and not writes
    return convenes or viewer.holds("membership_secretary")


def check_times(terms: Terms, now: datetime, discussed_from: datetime | None = None) -> None:
    """Raises Refused for an opening in the past or before the discussion has lasted, or a vote that ends before it may.

    A day of a rule is 24 hours. ``discussed_from``: since when it has been up for discussion, if it has.
    """
    if terms.opens_at is not None and terms.opens_at <= now:
        raise Refused("voting.opens_in_the_past", field="opens_at")
    opens = terms.opens_at or (now if terms.open_now else None)
    if opens is not None:
        check_discussion(terms.rule, discussed_from or now, opens)
    check_length(terms.rule, terms.opens_at or now, terms.closes_at, terms.urgent_reason)


def check_discussion(rule: Rule, discussed_from: datetime | None, opens_at: datetime) -> None:
    """Raises Refused when the discussion has not lasted as long as the rule asks for; just as long is enough."""
    least = rule.minimum_discussion
    if least and (discussed_from is None or opens_at - discussed_from < least):
        raise Refused("voting.talk_first", field="opens_at", hours=_hours(least))


def check_length(rule: Rule, opens_at: datetime, closes_at: datetime, urgent_reason: str = "") -> None:
    """Raises Refused when a vote between these instants is shorter than the rule asks for; just as long is enough."""
    if closes_at <= opens_at:
        raise Refused("voting.closes_first", field="closes_at")
    if urgent_reason and rule.urgent is None:
        raise Refused("voting.not_urgent", field="urgent_reason")
    least = least_voting(rule, bool(urgent_reason))
    if closes_at - opens_at < least:
        raise Refused("voting.too_short", field="closes_at", hours=_hours(least))


def least_voting(rule: Rule, is_urgent: bool) -> timedelta:
    """How long voting has to last."""
    return rule.urgent if is_urgent and rule.urgent is not None else rule.minimum_voting


def _hours(span: timedelta) -> int:
    return -(-span // timedelta(hours=1))


def earliest_closing(
    rule: Rule, opens_at: datetime, slack: timedelta = timedelta(0), is_urgent: bool = False
) -> datetime:
    """The first full minute at which voting may close, or with ``slack`` (the time to type it) the first full hour."""
    step = timedelta(hours=1) if slack else timedelta(minutes=1)
    least = opens_at + max(least_voting(rule, is_urgent), timedelta(minutes=1)) + slack
    midnight = least.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + -((midnight - least) // step) * step


def reminds_at(motion: Timed, opened_at: datetime, now: datetime) -> bool:
    """Whether the reminder is due: a day or less is left, and the whole vote lasts longer than SHORT_VOTE."""
    left = motion.closes_at - now
    return timedelta(0) < left <= REMIND_BEFORE and motion.closes_at - opened_at > SHORT_VOTE


def shows_result(secrecy: str, state: str, has_voted: bool) -> bool:
    """Whether somebody may see how a vote stands: always once it is counted, else only as its rule says. A vote that
    was stopped has no result, or one could stop it to see how it went."""
    if state == "closed":
        return True
    return secrecy == "open" or (secrecy == "until_voted" and has_voted)
