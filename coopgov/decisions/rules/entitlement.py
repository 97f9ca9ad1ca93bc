"""Why somebody is not on a roll."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from coopgov.membership.rules.standing import Judgement
from coopgov.tally.rule import Electors

Spell = tuple[datetime, datetime | None]  # from, until (None: still running)


@dataclass(frozen=True)
class WhyNot:
    """Why somebody is not on a roll; ``at`` is when they joined or left, ``days`` how many it is about, ``said`` the
    reason that a person gave, where that matters."""

    key: str
    at: datetime | None = None
    days: int = 0
    said: str = ""


OF_STANDING = {
    "arrears": "dues_late",
    "pending": "payment_on_its_way",
    "not_arrived": "payment_missing",
    "too_young": "too_young",
}


OWING = frozenset(("dues_late", "payment_missing"))  # the member can do something about it for the next vote


_OF_ROLLS = ("signed_out", "never_member", "joined_later", "left_before", "sat_later", "not_in_group", "unknown")
_OF_RULES = ("not_a_person", "not_an_organisation", "too_young")
_OF_AMENDMENTS = ("removed", "recused")


WHY_NOT_KEYS = frozenset((*_OF_ROLLS, *_OF_RULES, *_OF_AMENDMENTS, *OF_STANDING.values()))


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Whom a rule asks: the kind of members, and for more than how many days they have been members (0: any)."""

    electors: Electors = Electors.ALL
    cooling_off_days: int = 0


def why_not_on_roll(
    opened_at: datetime,
    electorate: str,
    memberships: Sequence[Spell],
    seats: Sequence[Spell],
    kind: str = "person",
    asked: Asked | None = None,
) -> WhyNot:
    """The first reason why somebody is not on the roll that was frozen at ``opened_at``.

    ``memberships`` and ``seats`` (in the proposal's group) are all spells of the party, in any order, ``kind`` is
    person or organisation; "unknown" when they say nothing against it: then ask ``why_of_standing``.
    """
    if not memberships:
        return WhyNot("never_member")
    if not _running(memberships, opened_at):
        return _outside(memberships, opened_at, "joined_later", "left_before")
    against = _against_rule(opened_at, memberships, kind, asked or Asked())
    if against is not None:
        return against
    if electorate == "group" and not _running(seats, opened_at):
        return _outside(seats, opened_at, "sat_later", "not_in_group")
    return WhyNot("unknown")


def _against_rule(opened_at: datetime, memberships: Sequence[Spell], kind: str, asked: Asked) -> WhyNot | None:
    if not is_asked(kind, asked.electors):
        return WhyNot("not_a_person" if asked.electors is Electors.PERSONS else "not_an_organisation")
    if not asked.cooling_off_days:
        return None
    long_ago = opened_at - timedelta(days=asked.cooling_off_days)
    if any(start < long_ago for start, end in memberships if end is None or end > opened_at):
        return None
    return WhyNot("too_young", days=asked.cooling_off_days)


def is_asked(kind: str, electors: Electors) -> bool:
    """Whether a rule lets this kind of party vote: person or organisation."""
    return electors is Electors.ALL or (kind == "person") == (electors is Electors.PERSONS)


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
