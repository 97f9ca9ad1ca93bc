"""What is going on with a proposal at an instant, who may do what with it, and when a vote may open and close."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from coopgov.core.errors import Kind, Refusals, Refused
from coopgov.core.text import N_
from coopgov.core.viewer import Viewer
from coopgov.tally.rule import Rule

REFUSALS: Refusals = {
    "proposal.not_here": (Kind.FORBIDDEN, N_("You cannot start a proposal in this discussion.")),
    "proposal.not_yours": (Kind.FORBIDDEN, N_("Somebody else has to do this: the proposal is not yours to change.")),
    "proposal.too_late": (Kind.CONFLICT, N_("It is too late for this: the proposal has moved on.")),
    "proposal.reason_needed": (Kind.INVALID, N_("Give a reason: it stands on the proposal's page for good.")),
    "proposal.reason_too_long": (Kind.INVALID, N_("The reason is too long: at most %(most)s characters.")),
    "voting.closes_first": (Kind.INVALID, N_("Voting has to close after it opens.")),
    "voting.too_short": (Kind.INVALID, N_("This rule keeps voting open longer. Hours that it asks for: %(hours)s.")),
    "voting.opens_in_the_past": (Kind.INVALID, N_("Choose an opening in the future.")),
    "roll.empty": (Kind.CONFLICT, N_("Nobody would be on the roll, so voting cannot open.")),
    "outcome.words_needed": (Kind.INVALID, N_("Write what follows from the decision.")),
    "outcome.review_in_the_past": (Kind.INVALID, N_("Choose a review date in the future.")),
}


REMIND_BEFORE = timedelta(hours=24)


SHORT_VOTE = timedelta(hours=36)  # one that lasts no longer sends no reminder: its opening has just been heard of


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What an author sets. ``opens_at`` None and not ``open_now``: it stays a draft until somebody opens it."""

    title: str
    source: str
    rule: Rule
    rule_name: str
    electorate: str  # group | coop
    opens_at: datetime | None
    closes_at: datetime
    open_now: bool = False


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
    if motion.state == "scheduled" and motion.opens_at is not None and motion.opens_at <= now:
        return "opening"
    if motion.state == "open" and motion.closes_at <= now:
        return "counting"
    return motion.state


def turns_at(motion: Timed) -> datetime | None:
    """When the clock will next change what is shown of it, if it has not yet; None when only people will."""
    return {"scheduled": motion.opens_at, "open": motion.closes_at}.get(motion.state)


_WHEN = {
    "mend": {"draft", "scheduled"},
    "open": {"draft", "scheduled"},
    "withdraw": {"draft", "scheduled", "opening", "open"},
    "outcome": {"closed"},
}


def acts_open_to(motion: Motion, viewer: Viewer, now: datetime) -> frozenset[str]:
    """What the viewer may do with it at ``now``: of mend, open, withdraw, outcome."""
    state = state_at(motion, now)
    return frozenset(act for act, states in _WHEN.items() if state in states and _has_right(act, motion, viewer, state))


def refuse_unless_open_to(act: str, motion: Motion, viewer: Viewer, now: datetime) -> None:
    """Raises Refused when the viewer may not do ``act`` with it at ``now``."""
    state = state_at(motion, now)
    if not _has_right(act, motion, viewer, state):
        raise Refused("proposal.not_yours")
    if state not in _WHEN[act]:
        raise Refused("proposal.too_late")


def _has_right(act: str, motion: Motion, viewer: Viewer, state: str) -> bool:
    """An author mends; author or convenor open a draft, or take it back; an open vote only its author may stop."""
    is_author = viewer.is_signed_in and viewer.party_id == motion.author_id
    convenes = viewer.convenes(motion.group_id)
    if act == "mend":
        return is_author and viewer.is_member
    if act == "open":
        return (is_author or convenes) and viewer.is_member
    if act == "withdraw":
        return is_author or (convenes and state in _WHEN["open"])
    return convenes or viewer.holds("membership_secretary")


def check_times(terms: Terms, now: datetime) -> None:
    """Raises Refused for an opening in the past, or a vote that ends before it may; a day of a rule is 24 hours."""
    if terms.opens_at is not None and terms.opens_at <= now:
        raise Refused("voting.opens_in_the_past", field="opens_at")
    check_length(terms.rule, terms.opens_at or now, terms.closes_at)


def check_length(rule: Rule, opens_at: datetime, closes_at: datetime) -> None:
    """Raises Refused when a vote between these instants is shorter than the rule asks for; just as long is enough."""
    if closes_at <= opens_at:
        raise Refused("voting.closes_first", field="closes_at")
    if closes_at - opens_at < rule.minimum_voting:
        raise Refused("voting.too_short", field="closes_at", hours=-(-rule.minimum_voting // timedelta(hours=1)))


def earliest_closing(rule: Rule, opens_at: datetime, slack: timedelta = timedelta(0)) -> datetime:
    """The first full minute at which voting may close, or with ``slack`` (the time to type it) the first full hour."""
    step = timedelta(hours=1) if slack else timedelta(minutes=1)
    least = opens_at + max(rule.minimum_voting, timedelta(minutes=1)) + slack
    midnight = least.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + -((midnight - least) // step) * step


def reminds_at(motion: Timed, opened_at: datetime, now: datetime) -> bool:
    """Whether the reminder is due: a day or less is left, and the whole vote lasts longer than SHORT_VOTE."""
    left = motion.closes_at - now
    return timedelta(0) < left <= REMIND_BEFORE and motion.closes_at - opened_at > SHORT_VOTE
