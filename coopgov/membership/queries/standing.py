"""Reads of standing: the rule in force, and the facts that it judges, fetched for all members at once."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.sql import Executable
from sqlalchemy.sql.elements import ColumnElement

from coopgov.funding.models import Contribution, ContributionShare, Pledge, Sync
from coopgov.funding.rules.payments import LIVE_PLEDGES
from coopgov.infra.coop import the_coop
from coopgov.infra.db import db
from coopgov.membership.models import Membership, Relief, StandingHold, StandingRule
from coopgov.membership.queries.register import is_current
from coopgov.membership.rules.standing import NO_DUES, Facts, Judgement, Paid, Rule, Span, Standing, standing_at
from coopgov.membership.rules.tiers import MONTHS, months_on

Spans = Mapping[int, Sequence[Span]]
MOST_NAMED = 500  # parties in one IN (…); more are fetched with everybody else


def rule_at(instant: datetime) -> Rule:
    """The rule in force at ``instant``; NO_DUES before the first.

    Of the versions that had begun, the last one to be written holds: it replaces those before it, planned ones too.
    """
    return rule_in(rule_versions(), instant)


def rule_versions() -> Sequence[StandingRule]:
    """Every version of the rule, the first one first."""
    return db.session.scalars(select(StandingRule).order_by(StandingRule.version)).all()


def rule_in(versions: Sequence[StandingRule], instant: datetime) -> Rule:
    """The rule that ``versions`` (the first one first) put in force at ``instant``, with since when dues are asked."""
    row = version_in(versions, instant)
    if row is None:
        return NO_DUES
    return Rule(
        version=row.version,
        asks_dues=row.asks_dues,
        grace_days=row.grace_days,
        pending_votes=row.pending_votes,
        pending_days=row.pending_days,
        min_age_days=row.min_age_days,
        longest_pause_months=row.longest_pause_months,
        asks_since=_asks_since(versions, instant),
    )


def version_in(versions: Sequence[StandingRule], instant: datetime) -> StandingRule | None:
    """The version in force at ``instant``."""
    return next((row for row in reversed(versions) if row.in_force_from <= instant), None)


def _asks_since(versions: Sequence[StandingRule], instant: datetime) -> datetime | None:
    """Since when, up to ``instant``, every rule in force has asked for dues."""
    since = None
    for turn in sorted((row.in_force_from for row in versions if row.in_force_from <= instant), reverse=True):
        row = version_in(versions, turn)
        if row is None or not row.asks_dues:
            break
        since = turn
    return since


def judgement(party_id: int, instant: datetime) -> Judgement:
    """The standing of one party at ``instant``; of somebody who is no member, too."""
    return judgements(instant, [party_id])[party_id]


def judgements(instant: datetime, party_ids: Collection[int] | None = None, held: bool = True) -> dict[int, Judgement]:
    """The standing of each of ``party_ids`` (None: of everybody who is a member at ``instant``) by party.

    The number of statements does not depend on how many there are. ``held=False`` leaves holds out of account:
    what would be if a person lifted the one that stands.
    """
    rule, coop = rule_at(instant), the_coop()
    zone = coop.zone if coop else "UTC"
    memberships = _memberships(instant, party_ids)
    wanted = list(memberships) if party_ids is None else list(party_ids)
    facts = _facts(wanted, memberships, instant, held) if rule.asks_dues else {}
    nothing = Facts()
    return {
        party_id: standing_at(
            facts[party_id] if facts else replace(nothing, memberships=memberships.get(party_id, ())),
            instant,
            rule,
            zone,
        )
        for party_id in wanted
    }


def electors_at(instant: datetime) -> frozenset[int]:
    """Party ids of members who may vote at ``instant``."""
    return frozenset(party_id for party_id, judged in judgements(instant).items() if judged.votes)


def electors_before(instant: datetime) -> frozenset[int]:
    """Party ids of members who may vote at ``instant``, by what was paid before; what was paid just then is late."""
    may_vote = electors_at(instant)
    whole = select(Contribution.party_id).where(Contribution.paid_at == instant)
    shares = select(ContributionShare.party_id).join(Contribution, Contribution.id == ContributionShare.contribution_id)
    paid_then = may_vote & set(db.session.scalars(whole.union(shares.where(Contribution.paid_at == instant))))
    before = judgements(instant - timedelta(microseconds=1), paid_then) if paid_then else {}
    return may_vote - {party_id for party_id, judged in before.items() if not judged.votes}


def in_arrears(judged: Mapping[int, Judgement]) -> dict[int, datetime]:
    """Of ``judged``, who is in arrears, and since when."""
    late = {party_id: one.arrears_since for party_id, one in judged.items() if one.standing is Standing.ARREARS}
    return {party_id: since for party_id, since in late.items() if since is not None}


def standing_hold() -> StandingHold | None:
    """The hold that nobody has lifted."""
    return db.session.scalars(select(StandingHold).where(StandingHold.lifted_at.is_(None))).first()


def last_lift() -> datetime | None:
    """When a person last lifted a hold."""
    query = select(StandingHold.lifted_at).where(StandingHold.lifted_at.is_not(None))
    return db.session.scalar(query.order_by(StandingHold.lifted_at.desc()).limit(1))


def open_reliefs(party_id: int, instant: datetime) -> Sequence[Relief]:
    """The reliefs of the party that run at ``instant`` or begin later, the first to begin first."""
    rows = db.session.scalars(select(Relief).where(Relief.party_id == party_id).order_by(Relief.starts_at, Relief.id))
    return [row for row in rows if (end := ends_at(row)) is None or end > instant]


def relief_at(party_id: int, instant: datetime) -> Relief | None:
    """The relief that runs at ``instant``; the last one to begin, when there are several."""
    running = [row for row in open_reliefs(party_id, instant) if row.starts_at <= instant]
    return running[-1] if running else None


def ends_at(relief: Relief) -> datetime | None:
    """When the relief is over: as planned, or earlier; None while nobody knows."""
    return min((at for at in (relief.ends_at, relief.ended_at) if at is not None), default=None)


# The facts of many members in a handful of statements


def _facts(party_ids: Sequence[int], memberships: Spans, instant: datetime, held: bool) -> dict[int, Facts]:
    payments, reliefs, charges = _payments(party_ids), _reliefs(party_ids), _next_charges(party_ids, instant)
    readings, holds = _readings(), _holds() if held else []
    return {
        party_id: Facts(
            memberships=memberships.get(party_id, ()),
            payments=payments.get(party_id, ()),
            reliefs=reliefs.get(party_id, ()),
            next_charges=charges.get(party_id, ()),
            readings=readings,
            holds=holds,
        )
        for party_id in party_ids
    }


def _among(column: Any, party_ids: Collection[int]) -> list[ColumnElement[bool]]:
    return [column.in_(party_ids)] if len(party_ids) <= MOST_NAMED else []


def _memberships(instant: datetime, party_ids: Collection[int] | None) -> dict[int, list[Span]]:
    query = select(Membership.party_id, Membership.admitted_at, Membership.ceased_at)
    query = query.where(is_current(instant), *(_among(Membership.party_id, party_ids) if party_ids is not None else []))
    return _by_party((party_id, Span(since, until)) for party_id, since, until in _rows(query))


def _payments(party_ids: Collection[int]) -> dict[int, list[Paid]]:
    """What was paid for dues and covers days: whole payments, and the shares of those that were split."""
    kept = (Contribution.paid_at, Contribution.covers_from, Contribution.covers_to)
    told = (Contribution.remote_status, Contribution.void_at, Contribution.source)
    dues = Contribution.purpose == "dues"
    is_split = select(ContributionShare.id).where(ContributionShare.contribution_id == Contribution.id).exists()
    whole = select(Contribution.party_id, *kept, *told).where(
        dues, Contribution.party_id.is_not(None), ~is_split, *_among(Contribution.party_id, party_ids)
    )
    shares = (
        select(ContributionShare.party_id, *kept, *told, ContributionShare.covers_from, ContributionShare.covers_to)
        .join(Contribution, Contribution.id == ContributionShare.contribution_id)
        .where(dues, *_among(ContributionShare.party_id, party_ids))
    )
    told_days = [(row[:7], row[2], row[3]) for row in _rows(whole)]
    told_days += [(row[:7], row[7] or row[2], row[8] or row[3]) for row in _rows(shares)]
    return _by_party(
        (row[0], Paid(row[1], first, last, pending=row[4] != "succeeded", void_at=row[5], source=row[6]))
        for row, first, last in told_days
        if first is not None and last is not None
    )


def _reliefs(party_ids: Collection[int]) -> dict[int, list[Span]]:
    query = select(Relief).where(*_among(Relief.party_id, party_ids))
    return _by_party((row.party_id, Span(row.starts_at, ends_at(row))) for row in db.session.scalars(query))


def _next_charges(party_ids: Collection[int], instant: datetime) -> dict[int, list[tuple[str, datetime]]]:
    """When each live pledge is charged next, as far as that was so at ``instant``: a pledge shows what it is now, so
    one whose present period began later says nothing about then."""
    query = select(Pledge.party_id, Pledge.source, Pledge.next_charge_at, Pledge.interval).where(
        Pledge.status.in_(LIVE_PLEDGES - {"ending"}),
        Pledge.next_charge_at.is_not(None),
        Pledge.party_id.is_not(None),
        *_among(Pledge.party_id, party_ids),
    )
    return _by_party(
        (party_id, (source, at)) for party_id, source, at, interval in _rows(query) if _began(at, interval) <= instant
    )


def _began(charge: datetime, interval: str) -> datetime:
    """When the period that ends with ``charge`` began."""
    day = months_on(charge.date(), -MONTHS.get(interval, 0))
    return charge.replace(year=day.year, month=day.month, day=day.day)


def _readings() -> dict[str, list[datetime]]:
    query = select(Sync.source, Sync.finished_at).where(Sync.ok, Sync.finished_at.is_not(None))
    found: dict[str, list[datetime]] = defaultdict(list)
    for source, at in _rows(query.order_by(Sync.finished_at)):
        found[source].append(at)
    return dict(found)


def _holds() -> list[Span]:
    return [Span(since, until) for since, until in _rows(select(StandingHold.since, StandingHold.lifted_at))]


def _rows(query: Executable) -> Sequence[Any]:
    return db.session.execute(query).all()


def _by_party(pairs: Iterable[tuple[int, Any]]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = defaultdict(list)
    for party_id, fact in pairs:
        found[party_id].append(fact)
    return dict(found)
