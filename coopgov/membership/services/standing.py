"""Writes of standing: versions of the rule, and the guard against many falling into arrears by our own mistake."""

from dataclasses import dataclass
from datetime import datetime

from coopgov.core.errors import Refused
from coopgov.funding.services.findings import close_finding, open_about, open_finding
from coopgov.infra import audit, outbox
from coopgov.infra.db import writing_session
from coopgov.infra.jobs import ClockRun
from coopgov.membership.events import StandingHeld
from coopgov.membership.models import StandingHold, StandingRule
from coopgov.membership.queries import standing as queries
from coopgov.membership.rules.standing import NEW_ARREARS, are_too_many, check_rule

LOOKED = "membership.arrears_looked"  # a row of clock_run: up to when the guard has seen new arrears


@dataclass(frozen=True, kw_only=True)
class RuleTerms:
    """What the secretary sets; days are whole days."""

    asks_dues: bool
    grace_days: int
    pending_votes: bool
    pending_days: int
    min_age_days: int
    longest_pause_months: int


def set_rule(terms: RuleTerms, in_force_from: datetime, by: int | None, now: datetime) -> StandingRule:
    """A new version of the rule of standing, from ``in_force_from`` (now or later) on; it replaces planned ones.

    Raises Refused: ``rule.in_the_past``, or ``rule.*`` for numbers that cannot be meant.
    """
    session = writing_session()
    if in_force_from < now:
        raise Refused("rule.in_the_past", field="in_force_from")
    check_rule(terms.grace_days, terms.pending_days, terms.min_age_days, terms.longest_pause_months)
    version = len(queries.rule_versions()) + 1
    row = StandingRule(version=version, in_force_from=in_force_from, by_id=by, **vars(terms))
    session.add(row)
    session.flush()
    audit.record(by or audit.SYSTEM, "standing_rule.set", f"standing_rule:{version}", now)
    return row


def guard_arrears(now: datetime) -> StandingHold | None:
    """Holds everybody's standing when unusually many have fallen into arrears since the guard last looked (a day ago
    at the least); returns the new hold. A person decides what is true. One hold at a time."""
    session = writing_session()
    if queries.standing_hold() is not None or not queries.rule_at(now).asks_dues:
        return None
    judged = queries.judgements(now)
    since = _looked_until(now)
    new = [party_id for party_id, began in queries.in_arrears(judged).items() if began > since]
    session.merge(ClockRun(name=LOOKED, ran_at=now))
    if not are_too_many(len(new), len(judged)):
        return None
    hold = StandingHold(since=since)
    session.add(hold)
    session.flush()
    open_finding("many_lapse", f"hold:{hold.id}", {"members": len(new), "of": len(judged)}, now)
    audit.record(audit.SYSTEM, "standing.held", f"hold:{hold.id}", now, members=len(new))
    outbox.emit(StandingHeld(hold_id=hold.id), now)
    return hold


def _looked_until(now: datetime) -> datetime:
    """From when on arrears are new; what began before a person lifted a hold was seen by that person."""
    session = writing_session()
    last = session.get(ClockRun, LOOKED)
    since = min(last.ran_at if last else now, now - NEW_ARREARS)
    lifted = queries.last_lift()
    return max(since, lifted) if lifted else since


def lift_hold(hold: StandingHold, by: int, now: datetime) -> None:
    """Arrears are what they are again: somebody has looked. Twice changes nothing."""
    writing_session()
    if hold.lifted_at is not None:
        return
    hold.lifted_at, hold.lifted_by = now, by
    finding = open_about("many_lapse", f"hold:{hold.id}")
    if finding is not None:
        close_finding(finding, by, "", now)
    audit.record(by, "standing.hold_lifted", f"hold:{hold.id}", now)
