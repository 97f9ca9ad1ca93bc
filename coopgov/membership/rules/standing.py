"""Pure rule of standing: from dated facts, an instant and a version of the rule to what a member may do.

Nothing in here asks a clock or a database, so that anybody can work out anybody's standing at any instant again, and
get the same. Order of the answers: research on co-ops' practice (first that fits wins).
"""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from coopgov.core.errors import Kind, Refusals, Refused
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
OUT_OF_USE = timedelta(days=90)  # a provider that was not read for so long keeps nobody from arrears any more
JOINED_BY = timedelta(days=1)  # a payment that covers days from then on after joining is what somebody joined by
NEW_ARREARS = timedelta(days=1)  # the guard against many lapses looks back this far at least
ALWAYS_FINE = 3  # so many new arrears at once are nobody's mistake, however small the co-op
UNUSUAL = 20  # one new arrear for so many members (5 %) is still usual
MOST_DAYS, MOST_MONTHS = 366, 60  # that a rule can name

REFUSALS: Refusals = {
    "rule.in_the_past": (Kind.INVALID, N_("A rule holds from now on, or from a later time: choose one.")),
    "rule.days": (Kind.INVALID, N_("Write a whole number of days, 0 to %(most)s.")),
    "rule.months": (Kind.INVALID, N_("Write a whole number of months, 1 to %(most)s.")),
}


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One version of the rule (models.StandingRule); days are whole days in the co-op's zone.

    ``asks_since``: from when on dues are asked without a break; nobody owes anything for days before.
    """

    version: int = 1
    asks_dues: bool = True
    grace_days: int = 30
    pending_votes: bool = False
    pending_days: int = 14
    min_age_days: int = 0
    longest_pause_months: int = 12
    asks_since: datetime | None = None


NO_DUES = Rule(version=0, asks_dues=False)  # before a co-op has set a rule, every member is in good standing


@dataclass(frozen=True)
class Paid:
    """A payment that covers days, both ends included. ``void_at``: from then on it covers nothing."""

    paid_at: datetime
    covers_from: date
    covers_to: date
    pending: bool = False  # never arrived: it is under way, or was until ``void_at``
    void_at: datetime | None = None
    source: str = ""

    def counts(self, instant: datetime) -> bool:
        """True from when it was made until it failed or was given back."""
        return self.paid_at <= instant and (self.void_at is None or instant < self.void_at)


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
    readings: Mapping[str, Sequence[datetime]] = field(default_factory=dict)
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
    late_since: datetime | None = None  # from when on it was certain that dues are late; None: it is not
    arrears_since: datetime | None = None  # when arrears began; None: they have not


WHY: dict[str, str] = {
    "not_a_member": N_("Not a member at that time."),
    "too_young": N_("The membership is too young: voting begins %(days)s days after joining."),
    "pending": N_("The first payment is on its way. Voting opens when it arrives."),
    "not_arrived": N_("The first payment did not arrive. Voting opens when one does."),
    "relief": N_("Nothing, or less, is to be paid for now, and nothing else changes."),
    "no_dues": N_("This co-op asks no dues."),
    "paid": N_("Dues are paid."),
    "on_its_way": N_("The next payment is on its way, and nothing changes meanwhile."),
    "grace": N_("Dues are late, and nothing changes until they have been late for %(days)s days."),
    "waits": N_("Dues are late. Nothing changes before it is certain that no payment is on its way."),
    "arrears": N_("Dues have been late for more than %(days)s days. One payment puts it right."),
}


def standing_at(facts: Facts, instant: datetime, rule: Rule, zone: str) -> Judgement:
    """The standing at ``instant`` under ``rule``, with days as in ``zone``; facts of later instants are ignored."""
    since = min((span.since for span in facts.memberships if span.holds(instant)), default=None)
    if since is None:
        return Judgement(standing=Standing.NONE, votes=False, why="not_a_member", rule=rule.version)
    case = _Case(facts, instant, rule, ZoneInfo(zone), since)
    judged = case.judge()
    first_vote = case.day(since) + timedelta(days=rule.min_age_days)
    if case.day(instant) < first_vote and judged.votes:
        return replace(judged, standing=Standing.NOT_YET, votes=False, why="too_young")
    return judged


@dataclass(frozen=True)
class _Case:
    """One member at one instant."""

    facts: Facts
    instant: datetime
    rule: Rule
    zone: ZoneInfo
    since: datetime  # a member from then on, without a break

    def judge(self) -> Judgement:
        """The standing, leaving out how young the membership is."""
        if not self.rule.asks_dues:
            return self._plain(Standing.GOOD, "no_dues")
        if any(span.holds(self.instant) for span in self.facts.reliefs):
            return self._plain(Standing.RELIEF, "relief")
        arrived = [paid for paid in self.facts.payments if paid.counts(self.instant) and not paid.pending]
        covered = self._covered_to(arrived)
        sources = {paid.source for paid in arrived} | {source for source, _ in self.facts.next_charges}
        standing, why, began = self._late(arrived, covered, sources)
        return replace(
            self._plain(standing, why),
            covered_to=covered,
            arrears_from=self.day(self._starts(covered, self.rule.grace_days)),
            late_since=self._certain_since(sources, self._starts(covered, 0)),
            arrears_since=began,
        )

    def _late(self, arrived: Sequence[Paid], covered: date, sources: set[str]) -> tuple[Standing, str, datetime | None]:
        """Standing and why, by what was paid; with when arrears began, if they have."""
        starts = self._starts(covered, self.rule.grace_days)
        under_way = self._is_under_way()
        if self.instant < starts and self._joined_by_what_never_came(arrived):
            return Standing.NOT_YET, "pending" if under_way else "not_arrived", None
        if self.day(self.instant) <= covered:
            return Standing.GOOD, "paid", None
        if under_way:
            return Standing.GRACE, "on_its_way", None
        if self.instant < starts:
            return Standing.GRACE, "grace", None
        began = self._certain_since(sources, starts)
        if began is None or any(span.since < began and span.holds(self.instant) for span in self.facts.holds):
            return Standing.GRACE, "waits", None
        return Standing.ARREARS, "arrears", began

    def _plain(self, standing: Standing, why: str) -> Judgement:
        votes = standing in (Standing.RELIEF, Standing.GOOD, Standing.GRACE)
        votes = votes or (standing is Standing.NOT_YET and self.rule.pending_votes)
        return Judgement(standing=standing, votes=votes, why=why, rule=self.rule.version)

    def day(self, moment: datetime) -> date:
        """The day of ``moment`` in the co-op's zone."""
        return moment.astimezone(self.zone).date()

    def _is_under_way(self) -> bool:
        days = timedelta(days=self.rule.pending_days)
        begun = [paid for paid in self.facts.payments if paid.pending and paid.counts(self.instant)]
        return any(self.instant < paid.paid_at + days for paid in begun)

    def _joined_by_what_never_came(self, arrived: Sequence[Paid]) -> bool:
        """True when the payment that somebody joined by is under way or failed, and no other has come since."""
        if any(paid.covers_to >= self.day(self.since) for paid in arrived):
            return False
        joined = self.day(self.since)
        begun = [paid for paid in self.facts.payments if paid.pending and paid.paid_at <= self.instant]
        return any(paid.covers_from - JOINED_BY <= joined <= paid.covers_to for paid in begun)

    def _covered_to(self, arrived: Sequence[Paid]) -> date:
        """The last day that nobody owes anything for: paid, on relief, before joining, or before dues were asked."""
        free = [span.until for span in self.facts.reliefs if span.until is not None and span.until <= self.instant]
        begins = [self.since, *free, *([self.rule.asks_since] if self.rule.asks_since else [])]
        return max([*(self.day(at) - timedelta(days=1) for at in begins), *(paid.covers_to for paid in arrived)])

    def _starts(self, covered: date, days: int) -> datetime:
        """Midnight when dues have been late for ``days``, never before the provider had its chance to charge."""
        ends = datetime.combine(covered + timedelta(days=1 + days), time(), self.zone)
        charges = [at + CHARGE_MARGIN for _, at in self.facts.next_charges]
        return max([ends, *charges]).astimezone(self.instant.tzinfo)

    def _certain_since(self, sources: set[str], starts: datetime) -> datetime | None:
        """From when on it was certain that nothing was paid by ``starts``; None while it is not."""
        settled = [self._settled_at(self.facts.readings.get(source, ()), starts) for source in sources]
        certain = max([starts, *settled])
        return certain if certain <= self.instant else None

    def _settled_at(self, readings: Sequence[datetime], starts: datetime) -> datetime:
        """When a source had been read READINGS times after ``starts``, or had been out of use for long.

        One that was never read (cash) has nothing to tell.
        """
        known = bisect_right(readings, self.instant)
        if not known:
            return starts
        enough = bisect_left(readings, starts, hi=known) + READINGS
        return readings[enough - 1] if enough <= known else max(starts, readings[known - 1] + OUT_OF_USE)


def are_too_many(new: int, members: int) -> bool:
    """Whether ``new`` members falling into arrears at once, of ``members``, look like a mistake of ours."""
    return new > ALWAYS_FINE and new * UNUSUAL > members


def days_late(judged: Judgement, instant: datetime, zone: str) -> int:
    """How many days after the last covered one ``instant`` lies, in ``zone``; 0 while nothing is late."""
    if judged.covered_to is None:
        return 0
    return max(0, (instant.astimezone(ZoneInfo(zone)).date() - judged.covered_to).days)


def check_rule(grace_days: int, pending_days: int, min_age_days: int, longest_pause_months: int) -> None:
    """Raises Refused for numbers that no rule can mean."""
    days = {"grace_days": grace_days, "pending_days": pending_days, "min_age_days": min_age_days}
    for name, number in days.items():
        if not 0 <= number <= MOST_DAYS:
            raise Refused("rule.days", field=name, most=MOST_DAYS)
    if not 1 <= longest_pause_months <= MOST_MONTHS:
        raise Refused("rule.months", field="longest_pause_months", most=MOST_MONTHS)
