"""Who keeps the roll of a vote after its opening, and what may still be done to it."""

from datetime import datetime
from typing import Protocol

from coopgov.core.errors import Kind, Refusals, Refused
from coopgov.core.text import N_
from coopgov.core.viewer import Viewer
from coopgov.decisions.rules.casting import LONGEST_REASON
from coopgov.decisions.rules.stages import UNOPENED, Motion, state_at
from coopgov.tally.methods import METHODS

LONGEST_EVIDENCE = 300  # characters

REFUSALS: Refusals = {
    "roll.secret": (
        Kind.CONFLICT,
        N_("The roll of a secret vote stays as it was at opening. If it is wrong, the vote has to be declared void."),
    ),
    "roll.reason_needed": (Kind.INVALID, N_("Say why: the reason stands beside the result for good.")),
    "roll.already": (Kind.CONFLICT, N_("This member is on the roll already.")),
    "roll.not_on_it": (Kind.CONFLICT, N_("This member is not on the roll.")),
    "roll.taken_off": (Kind.CONFLICT, N_("This member was taken off the roll of this vote, and that stays.")),
    "roll.wrong_kind": (Kind.CONFLICT, N_("By the rule of this vote members of this kind do not vote.")),
    "roll.last": (Kind.CONFLICT, N_("Somebody has to stay on the roll.")),
    "roll.own": (Kind.FORBIDDEN, N_("Somebody else has to do this: it is about your own place on the roll.")),
    "paper.secret": (Kind.CONFLICT, N_("A secret vote takes no paper votes while it is open.")),
    "paper.own": (Kind.FORBIDDEN, N_("Somebody else has to enter your own paper vote.")),
    "delegate.not_yours": (Kind.FORBIDDEN, N_("You do not act for this organisation now.")),
    "delegate.secret": (Kind.CONFLICT, N_("An organisation’s vote is put in here only where votes have names.")),
    "paper.evidence_needed": (Kind.INVALID, N_("Write where the paper is kept.")),
    "paper.evidence_too_long": (Kind.INVALID, N_("This is too long: at most %(most)s characters.")),
}


class Poll(Motion, Protocol):
    """What the rules need to know of a proposal that has a roll."""

    @property
    def secrecy(self) -> str: ...


class Carrying(Poll, Protocol):
    """What the rules need to know of a vote in which proxies may be carried."""

    @property
    def electorate(self) -> str: ...

    @property
    def method(self) -> str: ...


def may_carry(poll: Carrying) -> bool:
    """Whether proxies can be carried in such a vote: one of the group, by name, that decides something; who takes part
    in a thing says so for themselves."""
    method = METHODS[poll.method]
    decides = method.decides and method.takes_ballots and method.name != "count-me-in"
    return decides and poll.electorate == "group" and poll.secrecy != "secret"


def refuse_unless_keeper(poll: Poll, viewer: Viewer, now: datetime) -> None:
    """Raises Refused unless the viewer may amend the roll: the membership secretary, who did not write the proposal,
    while voting is open, and never of a secret vote."""
    if not viewer.holds("membership_secretary") or viewer.party_id == poll.author_id:
        raise Refused("proposal.not_yours")
    check_amendable(poll, now)


def check_amendable(poll: Poll, now: datetime) -> None:
    """Raises Refused where the roll stays as it is: voting is not open, or it is secret."""
    if state_at(poll, now) != "open":
        raise Refused("proposal.too_late")
    if poll.secrecy == "secret":
        raise Refused("roll.secret")


def keeps_roll(poll: Poll, viewer: Viewer, now: datetime) -> bool:
    """Whether the viewer may amend the roll now."""
    try:
        refuse_unless_keeper(poll, viewer, now)
    except Refused:
        return False
    return True


def refuse_unless_enters_paper(poll: Poll, viewer: Viewer, now: datetime) -> None:
    """Raises Refused unless the viewer may enter paper votes: the membership secretary, in an open vote by name."""
    if not viewer.holds("membership_secretary"):
        raise Refused("proposal.not_yours")
    check_paper(poll)
    if state_at(poll, now) != "open":
        raise Refused("proposal.too_late")


def check_paper(poll: Poll) -> None:
    """Raises Refused for a secret vote."""
    if poll.secrecy == "secret":
        raise Refused("paper.secret")


def enters_paper(poll: Poll, viewer: Viewer, now: datetime) -> bool:
    """Whether the viewer may enter paper votes now."""
    return viewer.holds("membership_secretary") and poll.secrecy != "secret" and state_at(poll, now) == "open"


def can_recuse(poll: Poll, viewer: Viewer, is_elector: bool, now: datetime) -> bool:
    """Whether the viewer may declare an interest: a member before voting opens, an elector while it is open by name."""
    state = state_at(poll, now)
    if state in UNOPENED:
        return viewer.is_member
    return is_elector and state == "open" and poll.secrecy != "secret"


def check_reason(reason: str) -> None:
    """Raises Refused unless there is a reason, short enough to stand beside a result."""
    if not reason.strip():
        raise Refused("roll.reason_needed", field="reason")
    if len(reason) > LONGEST_REASON:
        raise Refused("proposal.reason_too_long", field="reason", most=LONGEST_REASON)


def check_evidence(evidence: str) -> None:
    """Raises Refused unless it is said where the paper is kept."""
    if not evidence.strip():
        raise Refused("paper.evidence_needed", field="evidence")
    if len(evidence) > LONGEST_EVIDENCE:
        raise Refused("paper.evidence_too_long", field="evidence", most=LONGEST_EVIDENCE)
