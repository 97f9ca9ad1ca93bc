"""Pure rule of standing: from dated facts, an instant and a version of the rule to what a member may do.

Nothing in here asks a clock or a database, so that anybody can work out anybody's standing at any instant again, and
get the same. Order of the answers: research on co-ops' practice (first that fits wins).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from coopgov.core.text import N_


class Standing(StrEnum):
    """What a membership is worth at an instant."""

    NONE = "none"  # not a member, or not any more
    RELIEF = "relief"  # pays nothing, or less, by agreement
    NOT_YET = "not_yet"  # the first payment is under way, or membership is too young
    GOOD = "good"
    GRACE = "grace"
    ARREARS = "arrears"


NAMES: dict[Standing, str] = {
    Standing.NONE: N_("Not a member"),
    Standing.RELIEF: N_("On relief"),
    Standing.NOT_YET: N_("Not yet"),
    Standing.GOOD: N_("In good standing"),
    Standing.GRACE: N_("In grace"),
    Standing.ARREARS: N_("In arrears"),
}
CHARGE_MARGIN = timedelta(days=7)  # a provider may charge late: nobody is in arrears before this after its next charge
READINGS = 2  # of a provider, both after the grace ended, before anybody is in arrears


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One version of the rule (models.StandingRule); days are whole days in the co-op's zone."""

    version: int = 1
    asks_dues: bool = True
    grace_days: int = 30
    pending_votes: bool = False
    pending_days: int = 14
    min_age_days: int = 0
    longest_pause_months: int = 12


@dataclass(frozen=True)
class Paid:
    """A payment that covers days, both ends included. ``void_at``: from then on it covers nothing."""

    paid_at: datetime
    covers_from: date
    covers_to: date
    pending: bool = False  # under way, not arrived
    void_at: datetime | None = None
    source: str = ""


@dataclass(frozen=True)
class Span:
    """A stretch of time from ``since`` up to, and without, ``until`` (None: open)."""

    since: datetime
    until: datetime | None = None

    def holds(self, instant: datetime) -> bool:
        """True inside; the first instant counts, the last does not."""
        return self.since <= instant and (self.until is None or instant < self.until)


@dataclass(frozen=True, kw_only=True)
class Facts:
    """All that standing depends on. ``readings``: per source, when it was read to its end, ascending."""

    memberships: Sequence[Span] = ()
    payments: Sequence[Paid] = ()
    reliefs: Sequence[Span] = ()
    next_charges: Sequence[tuple[str, datetime]] = ()  # source, when the provider charges next
    readings: dict[str, Sequence[datetime]] = field(default_factory=dict)
    holds: Sequence[Span] = ()


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """The answer: what the standing is, whether it lets vote, and until which day it holds if nothing is paid.

    ``why`` is a key of ``WHY``; ``rule`` the version that gave it.
    """

    standing: Standing
    votes: bool
    why: str
    rule: int
    covered_to: date | None = None  # last day that is paid for
    arrears_from: date | None = None  # first day on which arrears would begin


WHY: dict[str, str] = {
    "not_a_member": N_("Not a member at that time."),
    "too_young": N_("The membership is too young: voting begins %(days)s days after joining."),
    "pending": N_("The first payment is on its way. Voting opens when it arrives."),
    "relief": N_("Nothing is to be paid for now, and nothing else changes."),
    "no_dues": N_("This co-op asks no dues."),
    "paid": N_("Dues are paid."),
    "grace": N_("Dues are late, and nothing changes until they have been late for %(days)s days."),
    "waits": N_("Dues are late. Nothing changes before it is certain that no payment is on its way."),
    "arrears": N_("Dues have been late for more than %(days)s days. One payment puts it right."),
}


def standing_at(facts: Facts, instant: datetime, rule: Rule, zone: str) -> Judgement:
    """The standing at ``instant`` under ``rule``, with days as in ``zone``; facts of later instants are ignored."""
    since = _member_since(facts.memberships, instant)
    if since is None:
        return _judge(Standing.NONE, "not_a_member", rule)
    judged = _dues(facts, since, instant, rule, ZoneInfo(zone))
    if instant < since + timedelta(days=rule.min_age_days) and judged.votes:
        return Judgement(
            standing=Standing.NOT_YET,
            votes=False,
            why="too_young",
            rule=rule.version,
            covered_to=judged.covered_to,
            arrears_from=judged.arrears_from,
        )
    return judged


def _member_since(memberships: Sequence[Span], instant: datetime) -> datetime | None:
    return min((span.since for span in memberships if span.holds(instant)), default=None)


def _judge(
    standing: Standing, why: str, rule: Rule, covered_to: date | None = None, arrears_from: date | None = None
) -> Judgement:
    votes = standing in (Standing.RELIEF, Standing.GOOD, Standing.GRACE)
    votes = votes or (standing is Standing.NOT_YET and rule.pending_votes)
    return Judgement(
        standing=standing, votes=votes, why=why, rule=rule.version, covered_to=covered_to, arrears_from=arrears_from
    )


def _dues(facts: Facts, since: datetime, instant: datetime, rule: Rule, zone: ZoneInfo) -> Judgement:
    if not rule.asks_dues:
        return _judge(Standing.GOOD, "no_dues", rule)
    if any(span.holds(instant) for span in facts.reliefs):
        return _judge(Standing.RELIEF, "relief", rule)
    counted = [paid for paid in facts.payments if _counts(paid, instant)]
    arrived = [paid for paid in counted if not paid.pending]
    under_way = [p for p in counted if p.pending and instant < p.paid_at + timedelta(days=rule.pending_days)]
    if under_way and not arrived:
        return _judge(Standing.NOT_YET, "pending", rule)
    covered = _covered_to(arrived, facts.reliefs, since, instant, zone)
    starts = _arrears_start(facts, covered, instant, rule, zone)
    first = starts.astimezone(zone).date()
    if instant.astimezone(zone).date() <= covered:
        return _judge(Standing.GOOD, "paid", rule, covered, first)
    if instant < starts:
        return _judge(Standing.GRACE, "grace", rule, covered, first)
    if under_way or not _certain(facts, arrived, starts, instant):
        return _judge(Standing.GRACE, "waits", rule, covered, first)
    return _judge(Standing.ARREARS, "arrears", rule, covered, first)


def _counts(paid: Paid, instant: datetime) -> bool:
    return paid.paid_at <= instant and (paid.void_at is None or instant < paid.void_at)


def _covered_to(
    arrived: Sequence[Paid], reliefs: Sequence[Span], since: datetime, instant: datetime, zone: ZoneInfo
) -> date:
    """The last day that nobody owes anything for: paid, on relief, or before the membership began."""
    free = [span.until for span in reliefs if span.until is not None and span.until <= instant]
    days = [_day_before(moment, zone) for moment in (since, *free)]
    return max([*days, *(paid.covers_to for paid in arrived)])


def _day_before(instant: datetime, zone: ZoneInfo) -> date:
    return instant.astimezone(zone).date() - timedelta(days=1)


def _arrears_start(facts: Facts, covered: date, instant: datetime, rule: Rule, zone: ZoneInfo) -> datetime:
    """Midnight after the last day of grace, never before the provider had its chance to charge."""
    first = covered + timedelta(days=1 + rule.grace_days)
    ends = datetime.combine(first, time(), zone)
    charges = [at + CHARGE_MARGIN for _, at in facts.next_charges if at + CHARGE_MARGIN > instant - CHARGE_MARGIN]
    return max([ends, *charges]).astimezone(instant.tzinfo)


def _certain(facts: Facts, arrived: Sequence[Paid], starts: datetime, instant: datetime) -> bool:
    """True when each provider through which this member pays was read twice since, and no hold protects them."""
    sources = {source for source, _ in facts.next_charges} | {paid.source for paid in arrived[-1:]}
    began = starts
    for source in sources & facts.readings.keys():
        later = [at for at in facts.readings[source] if starts <= at <= instant]
        if len(later) < READINGS:
            return False
        began = max(began, later[READINGS - 1])
    return not any(span.since < began and span.holds(instant) for span in facts.holds)
