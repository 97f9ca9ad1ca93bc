"""Why somebody is not on a roll."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from coopgov.membership.rules.standing import Judgement

Spell = tuple[datetime, datetime | None]  # from, until (None: still running)


@dataclass(frozen=True)
class WhyNot:
    """Why somebody is not on a roll; ``at`` is when they joined or left, ``days`` how many it is about, where that
    matters."""

    key: str
    at: datetime | None = None
    days: int = 0


OF_STANDING = {
    "arrears": "dues_late",
    "pending": "payment_on_its_way",
    "not_arrived": "payment_missing",
    "too_young": "too_young",
}


OWING = frozenset(("dues_late", "payment_missing"))  # the member can do something about it for the next vote


_OF_ROLLS = ("signed_out", "never_member", "joined_later", "left_before", "sat_later", "not_in_group", "unknown")


WHY_NOT_KEYS = frozenset((*_OF_ROLLS, *OF_STANDING.values()))


def why_not_on_roll(
    opened_at: datetime,
    electorate: str,
    memberships: Sequence[Spell],
    seats: Sequence[Spell],
) -> WhyNot:
    """The first reason why a signed-in person is not on the roll that was frozen at ``opened_at``.

    ``memberships`` and ``seats`` (in the proposal's group) are all spells of the person, in any order; "unknown" when
    they say nothing against it: then ask ``why_of_standing``.
    """
    if not memberships:
        return WhyNot("never_member")
    if not _running(memberships, opened_at):
        return _outside(memberships, opened_at, "joined_later", "left_before")
    if electorate == "group" and not _running(seats, opened_at):
        return _outside(seats, opened_at, "sat_later", "not_in_group")
    return WhyNot("unknown")


def why_of_standing(standing: Judgement, days: int) -> WhyNot:
    """Why somebody of this standing was kept off, with how many ``days`` dues were late, or how many a membership has
    to last; "unknown" when it let them vote."""
    if standing.votes or standing.why not in OF_STANDING:
        return WhyNot("unknown")
    return WhyNot(OF_STANDING[standing.why], days=days)


def _running(spells: Sequence[Spell], instant: datetime) -> bool:
    return any(start <= instant and (end is None or end > instant) for start, end in spells)


def _outside(spells: Sequence[Spell], instant: datetime, later: str, before: str) -> WhyNot:
    if starts := [start for start, _ in spells if start > instant]:
        return WhyNot(later, min(starts))
    return WhyNot(before, max((end for _, end in spells if end), default=None))
