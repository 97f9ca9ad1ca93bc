"""What becomes of a decision, who may record it, and what a proposal may say of earlier ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Protocol

from coopgov.core.errors import Kind, Refusals, Refused
from coopgov.core.text import N_
from coopgov.core.viewer import Viewer

REFUSALS: Refusals = {
    "decision.not_in_force": (Kind.CONFLICT, N_("This decision is not in force, so nothing can be recorded of it.")),
    "decision.not_yours": (
        Kind.FORBIDDEN,
        N_("Only a convenor of the group or the membership secretary can record this."),
    ),
    "decision.review_in_the_past": (Kind.INVALID, N_("Choose a review date in the future.")),
    "decision.end_in_the_past": (Kind.INVALID, N_("Choose a last day in the future.")),
    "decision.review_after_end": (
        Kind.INVALID,
        N_("Choose a review date before the decision ends, or it would come too late."),
    ),
    "repeal.reason_needed": (Kind.INVALID, N_("Write why it is repealed: the reason stands on its page for good.")),
    "repeal.not_decided": (Kind.INVALID, N_("Name a decision that was taken after this one and is in force.")),
    "repeal.wider_electorate": (
        Kind.INVALID,
        N_("A vote of one group cannot repeal what more people than the group decided."),
    ),
    "link.too_late": (Kind.CONFLICT, N_("Voting has opened, so what the proposal says of earlier ones stays.")),
    "link.unknown": (Kind.INVALID, N_("One of the decisions that you chose does not exist.")),
    "link.itself": (Kind.INVALID, N_("A proposal cannot say this of itself.")),
    "link.too_many": (Kind.INVALID, N_("Choose at most %(most)s earlier decisions.")),
    "link.not_in_force": (Kind.INVALID, N_("“%(title)s” is no decision in force, so nothing can replace or need it.")),
    "link.wider_electorate": (
        Kind.INVALID,
        N_("A vote of one group cannot replace “%(title)s”: more people than the group decided it."),
    ),
    "link.in_force": (
        Kind.INVALID,
        N_("“%(title)s” is in force or is still being decided. To change a decision in force, replace it."),
    ),
    "outcome.departs_needs_reason": (
        Kind.INVALID,
        N_("Write why it departs from the result: the reason stands beside the result for good."),
    ),
    "outcome.reason_without_departing": (
        Kind.INVALID,
        N_("Tick the box above if it departs from the result, or take the reason away."),
    ),
}
DECIDED = ("passed", "decided")
"""The verdicts by which something is decided; whatever else a count gives has no status."""

LINK_KINDS = ("replaces", "depends_on", "re_votes")
MOST_LINKS = 20


class Status(StrEnum):
    """What has become of a decision."""

    IN_FORCE = "in_force"
    REVIEW_DUE = "review_due"
    SUPERSEDED = "superseded"
    REPEALED = "repealed"
    LAPSED = "lapsed"


OVER = frozenset((Status.SUPERSEDED, Status.REPEALED, Status.LAPSED))
ENDINGS = {"superseded": Status.SUPERSEDED, "repealed": Status.REPEALED}


class Noted(Protocol):
    """One fact about a decision: what was done, from when on it holds, and which dates stand afterwards."""

    @property
    def act(self) -> str: ...  # dates | review_opened | reviewed | superseded | repealed
    @property
    def at(self) -> datetime: ...
    @property
    def review_at(self) -> datetime | None: ...
    @property
    def ends_at(self) -> datetime | None: ...
    @property
    def other_id(self) -> int | None: ...
    @property
    def reason(self) -> str: ...


@dataclass(frozen=True)
class Facts:
    """All that is known of a vote's end; ``verdict`` is empty and ``closed_at`` None until then. ``notes`` stand in
    the order in which they were recorded."""

    verdict: str = ""
    closed_at: datetime | None = None
    notes: Sequence[Noted] = ()

    @property
    def latest(self) -> datetime:
        """When the last thing that was recorded took effect; the beginning of time before anything was."""
        return max((note.at for note in self.notes), default=datetime.min.replace(tzinfo=UTC))


@dataclass(frozen=True)
class Validity:
    """Status of a decision at an instant; None where nothing was decided. It is reviewed at ``review_at``, and
    ``ends_at`` is the first instant at which it no longer holds. ``ending`` superseded or repealed it."""

    status: Status | None = None
    review_at: datetime | None = None
    ends_at: datetime | None = None
    ending: Noted | None = None

    @property
    def holds(self) -> bool:
        """True while the decision is in force, whether its review is due or not."""
        return self.status is not None and self.status not in OVER

    @property
    def over_at(self) -> datetime | None:
        """Since when it no longer holds; None while it does."""
        if self.ending is not None:
            return self.ending.at
        return self.ends_at if self.status is Status.LAPSED else None


def status_on(facts: Facts, instant: datetime) -> Validity:
    """What has become of a decision at ``instant``: of the facts that hold then the last one counts.

    What is over stays over: nothing that comes after the end changes it, whichever was recorded first. A vote that
    decided nothing has no status, but may have a review date.
    """
    if facts.closed_at is None or facts.closed_at > instant:
        return Validity()
    last = _last_that_counts(sorted((note for note in facts.notes if note.at <= instant), key=lambda note: note.at))
    if facts.verdict not in DECIDED:
        return Validity(review_at=last.review_at if last else None)
    if last is None:
        return Validity(Status.IN_FORCE)
    if last.act in ENDINGS:
        return Validity(ENDINGS[last.act], ending=last)
    return Validity(_by_the_clock(last, instant), last.review_at, last.ends_at)


def _last_that_counts(notes: Sequence[Noted]) -> Noted | None:
    last: Noted | None = None
    for note in notes:
        if last is not None and (last.act in ENDINGS or has_come(last.ends_at, note.at)):
            break
        last = note
    return last


def _by_the_clock(note: Noted, instant: datetime) -> Status:
    if has_come(note.ends_at, instant):
        return Status.LAPSED
    return Status.REVIEW_DUE if has_come(note.review_at, instant) else Status.IN_FORCE


def has_come(date: datetime | None, instant: datetime) -> bool:
    """True from ``date`` on; never when there is none."""
    return date is not None and date <= instant


def may_record(group_id: int, viewer: Viewer) -> bool:
    """True for a convenor of the group and for the membership secretary."""
    return viewer.convenes(group_id) or viewer.holds("membership_secretary")


def acts_on(validity: Validity, group_id: int, viewer: Viewer) -> frozenset[str]:
    """What the viewer may record of a decision: of dates, reviewed, repeal."""
    if validity.holds and may_record(group_id, viewer):
        return frozenset(("dates", "reviewed", "repeal"))
    return frozenset()


def refuse_unless_recordable(validity: Validity, group_id: int, viewer: Viewer) -> None:
    """Raises Refused when the viewer may record nothing of the decision."""
    if not may_record(group_id, viewer):
        raise Refused("decision.not_yours")
    refuse_unless_holding(validity)


def refuse_unless_holding(validity: Validity) -> None:
    """Raises Refused for a decision that is over, and for what is none."""
    if not validity.holds:
        raise Refused("decision.not_in_force")


def check_dates(review_at: datetime | None, ends_at: datetime | None, before: Validity, now: datetime) -> None:
    """Raises Refused for dates that have gone by, unless they stand already, and for a review after the end."""
    if review_at != before.review_at and has_come(review_at, now):
        raise Refused("decision.review_in_the_past", field="review_on")
    if ends_at != before.ends_at and has_come(ends_at, now):
        raise Refused("decision.end_in_the_past", field="last_day")
    if review_at is not None and ends_at is not None and review_at >= ends_at:
        raise Refused("decision.review_after_end", field="review_on")


class Put(Protocol):
    """What was, or is to be, put to an electorate."""

    @property
    def id(self) -> int: ...
    @property
    def title(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def electorate(self) -> str: ...  # group | coop
    @property
    def group_id(self) -> int: ...


def reaches(new: Put, old: Put) -> bool:
    """Whether the new electorate may undo what the old one decided: all members anything, a group only its own."""
    return new.electorate == "coop" or (old.electorate == "group" and old.group_id == new.group_id)


def check_link(kind: str, new: Put, old: Put, validity: Validity) -> None:
    """Raises Refused unless the proposal may say this of an earlier one, whose ``validity`` is that of now.

    What it replaces or depends on is in force; what it votes on again was closed or withdrawn and decided nothing.
    """
    if new.id == old.id:
        raise Refused("link.itself", field="links")
    if kind == "re_votes":
        if old.state not in ("closed", "withdrawn") or validity.holds:
            raise Refused("link.in_force", field="links", title=old.title)
        return
    if not validity.holds:
        raise Refused("link.not_in_force", field="links", title=old.title)
    if kind == "replaces" and not reaches(new, old):
        raise Refused("link.wider_electorate", field="links", title=old.title)


def check_repeal(old: Put, old_closed_at: datetime, new: Put, new_facts: Facts, now: datetime) -> None:
    """Raises Refused unless the new decision, in force now and taken after the old one, can repeal it."""
    closed_at = new_facts.closed_at
    later = closed_at is not None and closed_at > old_closed_at
    if new.id == old.id or not later or not status_on(new_facts, now).holds:
        raise Refused("repeal.not_decided", field="other")
    if not reaches(new, old):
        raise Refused("repeal.wider_electorate", field="other")


def check_departure(departs: bool, reason: str) -> None:
    """Raises Refused when an outcome departs from the result without a reason, or gives one without departing."""
    if departs and not reason.strip():
        raise Refused("outcome.departs_needs_reason", field="departs_reason")
    if reason.strip() and not departs:
        raise Refused("outcome.reason_without_departing", field="departs")
