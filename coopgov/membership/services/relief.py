"""Writes of relief: paying less, or nothing for a while. What was agreed is kept as it was; nobody is asked why."""

from datetime import datetime

from coopgov.core.errors import Refused
from coopgov.core.money import Money
from coopgov.funding.models import Pledge
from coopgov.funding.queries.pledges import draft_of, live_pledge
from coopgov.funding.services.findings import open_finding
from coopgov.funding.services.pledges import ask_change, drop_draft
from coopgov.infra import audit, outbox
from coopgov.infra.coop import the_coop
from coopgov.infra.db import writing_session
from coopgov.membership.events import ReliefChanged
from coopgov.membership.models import Relief
from coopgov.membership.queries import dues as queries
from coopgov.membership.queries.register import open_membership
from coopgov.membership.queries.standing import ends_at, open_reliefs, rule_at
from coopgov.membership.rules.relief import MORE, check_pause, check_reduced
from coopgov.membership.rules.tiers import MONTHS
from coopgov.membership.services import dues_mails as mails


def pay_less(party_id: int, amount: Money, by: int, now: datetime) -> Relief:
    """From now on the party pays ``amount`` (0 or more) for each month, until it says otherwise.

    Raises Refused: ``relief.amount`` or ``relief.too_small`` beside the field, ``relief.not_here``.
    """
    _refuse_stranger(party_id)
    pledge = live_pledge(party_id)
    by_card = pledge is not None and pledge.source == "stripe"
    check_reduced(amount, by_card, MONTHS.get(pledge.interval, 1) if pledge else 1)
    _end_all(party_id, now, by)
    _close_page(party_id, now)
    row = _begin(party_id, "reduced", amount, now, None, by, now)
    if pledge is not None:
        _lower(pledge, amount, by, now)
    return row


def pause(party_id: int, months: int, by: int, now: datetime) -> Relief:
    """From now on the party pays nothing for ``months``.

    Raises Refused: ``relief.months``, ``relief.too_long`` when the rule allows less without a break,
    ``relief.not_here``.
    """
    _refuse_stranger(party_id)
    ends = check_pause(now, months, queries.pauses_of(party_id), rule_at(now).longest_pause_months, _zone())
    _end_all(party_id, now, by)
    _close_page(party_id, now)
    row = _begin(party_id, "paused", _nothing(), now, ends, by, now)
    _pause_at_provider(party_id, ends, by, now)
    return row


def extend(row: Relief, now: datetime) -> Relief:
    """MORE months without a break after a pause; the one that follows already, when this is asked twice.

    Raises Refused("relief.too_long") or ("relief.none") when the pause was ended meanwhile.
    """
    following, start = queries.following_relief(row), ends_at(row)
    if following is not None:
        return following
    if start is None or row.ended_at is not None:
        raise Refused("relief.none")
    if start <= now:  # too late for no break, early enough for a new one
        return pause(row.party_id, MORE, row.party_id, now)
    _refuse_stranger(row.party_id)
    longest, former = rule_at(now).longest_pause_months, queries.pauses_of(row.party_id)
    ends = check_pause(start, MORE, former, longest, _zone())
    further = _begin(row.party_id, "paused", _nothing(), start, ends, row.party_id, now)
    _pause_at_provider(row.party_id, ends, row.party_id, now)
    return further


def end_relief(party_id: int, by: int, now: datetime) -> None:
    """The party pays again from now on: a payment that was paused goes on. What was lowered is chosen anew.

    Raises Refused("relief.none").
    """
    if not _end_all(party_id, now, by):
        raise Refused("relief.none")
    pledge = live_pledge(party_id)
    if pledge is not None and pledge.source == "stripe" and _is_paused(pledge):
        ask_change(pledge, "resume", now, by)


def resume_overdue(pledge: Pledge, now: datetime) -> None:
    """A pledge that the provider still charges nothing for although its relief is over goes on. Harmless if not so."""
    if pledge.party_id is None or pledge.status != "paused" or pledge.asked is not None or pledge.source != "stripe":
        return
    if queries.last_relief(pledge.party_id) is None or open_reliefs(pledge.party_id, now):
        return
    ask_change(pledge, "resume", now, audit.SYSTEM)


def _close_page(party_id: int, now: datetime) -> None:
    """What was chosen before and is not paid must not be charged beside the relief."""
    draft = draft_of(party_id, "stripe")
    if draft is not None:
        drop_draft(draft, now)


def _refuse_stranger(party_id: int) -> None:
    if open_membership(party_id) is None and queries.waiting_application(party_id) is None:
        raise Refused("relief.not_here")


def _zone() -> str:
    coop = the_coop()
    return coop.zone if coop else "UTC"


def _nothing() -> Money:
    coop = the_coop()
    return Money(0, coop.currency if coop else "GBP")


def _begin(
    party_id: int, kind: str, amount: Money, starts: datetime, ends: datetime | None, by: int, now: datetime
) -> Relief:
    session = writing_session()
    row = Relief(
        party_id=party_id,
        kind=kind,
        amount_minor=amount.minor,
        currency=amount.currency,
        starts_at=starts,
        ends_at=ends,
        by_id=by,
        created_at=now,
    )
    session.add(row)
    session.flush()
    audit.record(by, "relief.began", f"relief:{row.id}", now, kind=kind)
    outbox.emit(ReliefChanged(relief_id=row.id, party_id=party_id), now)
    mails.relief_began(row, now)
    return row


def _end_all(party_id: int, now: datetime, by: int | None = None) -> int:
    """Ends what runs and what would begin later; returns how many that were."""
    rows = open_reliefs(party_id, now)
    for row in rows:
        row.ended_at = max(now, row.starts_at)
        audit.record(by or party_id, "relief.ended", f"relief:{row.id}", now)
        outbox.emit(ReliefChanged(relief_id=row.id, party_id=party_id), now)
    writing_session().flush()
    return len(rows)


def end_for_good(party_id: int, now: datetime) -> None:
    """Ends every relief of somebody who leaves."""
    _end_all(party_id, now)


def _is_paused(pledge: Pledge) -> bool:
    return pledge.status == "paused" or (pledge.asked or {}).get("kind") == "pause"


def _pause_at_provider(party_id: int, until: datetime | None, by: int, now: datetime) -> None:
    pledge = live_pledge(party_id)
    if pledge is None or pledge.status == "ending":
        return
    if pledge.source == "stripe" and pledge.remote_id:
        ask_change(pledge, "pause", now, by, until=until)
    else:
        _by_hand(pledge, "pause", now)


def _lower(pledge: Pledge, amount: Money, by: int, now: datetime) -> None:
    if not amount.minor:
        _pause_at_provider(pledge.party_id or 0, None, by, now)
        return
    if pledge.source != "stripe" or not pledge.remote_id:
        _by_hand(pledge, "amount", now)
        return
    if _is_paused(pledge):
        ask_change(pledge, "resume", now, by)
    ask_change(pledge, "amount", now, by, amount=amount * MONTHS.get(pledge.interval, 1))


def _by_hand(pledge: Pledge, kind: str, now: datetime) -> None:
    """The provider can only be asked by its payer, or by the treasurer."""
    if pledge.source == "opencollective":
        open_finding("relief", f"pledge:{pledge.id}", {"kind": kind, "party": pledge.party_id or 0}, now)
