"""Orders, which are what somebody promised to pay, as pledges."""

from datetime import UTC, datetime, time
from typing import Any

from coopgov.funding.providers.base import RemotePledge
from coopgov.funding.providers.opencollective.addresses import claim_in
from coopgov.funding.providers.opencollective.covers import next_charge, rhythm
from coopgov.funding.providers.opencollective.values import Unreadable, instant_or_none, money, payer, text, word

INTERVALS = {"MONTHLY": "month", "YEARLY": "year"}
STATES = {
    "NEW": "pending",
    "REQUIRE_CLIENT_CONFIRMATION": "pending",
    "PENDING": "pending",
    "PROCESSING": "pending",
    "ACTIVE": "active",
    "PAUSED": "paused",
    "ERROR": "past_due",  # it is tried six times in all, then CANCELLED
    "IN_REVIEW": "past_due",
    "DISPUTED": "past_due",
    "PAID": "ended",  # a single one that arrived
    "CANCELLED": "ended",
    "REFUNDED": "ended",
    "REJECTED": "ended",
    "EXPIRED": "failed",
}
NEVER_PAID = {"ERROR": "failed", "IN_REVIEW": "pending"}


def pledge_of(node: Any, as_of: datetime) -> RemotePledge:
    """The pledge that an order's node tells; raises Unreadable."""
    status = word(node.get("status"), "status")
    if status not in STATES:
        raise Unreadable("status")
    last = instant_or_none(node.get("lastChargedAt"))
    by = rhythm(node)
    return RemotePledge(
        remote_id=word(node.get("publicId"), "id"),
        payer=payer(node.get("fromAccount")),
        amount=money(node.get("amount")),
        interval=INTERVALS.get(by.frequency, "once"),
        status=STATES[status] if last else NEVER_PAID.get(status, STATES[status]),
        as_of=as_of,
        claim=claim_in(node.get("tags") or []),
        title=text((node.get("tier") or {}).get("name")),
        started_at=by.created_at,
        paid_until=_midnight(next_charge(by, last)) if last and by.is_recurring else None,
        next_charge_at=instant_or_none(node.get("nextChargeDate")) if status in ("ACTIVE", "ERROR") else None,
    )


def _midnight(day: Any) -> datetime:
    return datetime.combine(day, time(), UTC)
