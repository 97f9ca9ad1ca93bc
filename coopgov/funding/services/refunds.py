"""Giving money back, where it was paid."""

from datetime import datetime

from coopgov.core.errors import Refused
from coopgov.core.money import Money
from coopgov.funding.models import Contribution
from coopgov.funding.providers.base import ProviderRefused, RemoteRefund, Snapshot
from coopgov.funding.queries.refunds import REFUND, refund_jobs, times_refunded
from coopgov.funding.services.findings import open_finding
from coopgov.funding.services.ingest import apply
from coopgov.infra import audit
from coopgov.infra.db import writing_session
from coopgov.infra.jobs import Payload, enqueue

BY_HAND = ("bank", "cash")


def ask_refund(contribution: Contribution, amount: Money, by_id: int, now: datetime, seen: int | None = None) -> None:
    """Gives back ``amount``: Stripe is asked by a job, a refund by hand is booked at once, by whoever says that they
    gave it back. ``seen``: what ``times_refunded`` was when they looked, so that a second click gives nothing back.

    Raises Refused: ``refund.meanwhile`` when it is another number by now, ``refund.not_paid``, ``refund.disputed``,
    ``refund.nothing``, ``refund.too_much`` (asked for but not done yet counts as gone), ``refund.not_here`` for what
    was paid at Open Collective. ValueError for another currency.
    """
    writing_session()
    times = times_refunded(contribution)
    if seen is not None and seen != times:
        raise Refused("refund.meanwhile")
    _check(contribution, amount)
    key = f"refund-{contribution.id}-{times + 1}"
    if contribution.source in BY_HAND:
        _book_by_hand(contribution, amount, key, now)
    else:
        payload = {"contribution": contribution.id, "minor": amount.minor, "currency": amount.currency}
        enqueue(REFUND, key, {**payload, "asked_at": now.isoformat()}, now)
    subject = f"contribution:{contribution.id}"
    audit.record(by_id, "refund.asked", subject, now, minor=amount.minor, currency=amount.currency)
    writing_session().flush()


def refundable(contribution: Contribution) -> Money:
    """What is left to give back, refunds that were asked for and not done yet counted as gone; read under the lock."""
    writing_session()
    waiting = [job for job in refund_jobs(contribution) if job.state in ("queued", "running")]
    gone = contribution.refunded_minor + sum(int(job.payload["minor"]) for job in waiting)
    return Money(max(contribution.gross_minor - gone, 0), contribution.currency)


def _check(contribution: Contribution, amount: Money) -> None:
    if contribution.source not in (*BY_HAND, "stripe"):
        raise Refused("refund.not_here")
    if contribution.status in ("disputed", "lost"):
        raise Refused("refund.disputed")
    if contribution.remote_status != "succeeded" or (contribution.source == "stripe" and not contribution.charge_id):
        raise Refused("refund.not_paid")
    if amount.minor <= 0:
        raise Refused("refund.nothing", field="amount")
    left = refundable(contribution)
    if amount > left:
        raise Refused("refund.too_much", field="amount", left=left)


def _book_by_hand(contribution: Contribution, amount: Money, key: str, now: datetime) -> None:
    refund = RemoteRefund(remote_id=key, payment=contribution.remote_id, amount=amount, status="succeeded", at=now)
    apply(Snapshot(source=contribution.source, refunds=(refund,)), now)


def take_refund(payload: Payload, answer: Snapshot | ProviderRefused, now: datetime) -> None:
    """Writes down what Stripe did; a refusal waits for the treasurer as the finding ``refund_failed``."""
    if isinstance(answer, ProviderRefused):
        facts: dict[str, str | int] = {
            "minor": payload["minor"],
            "currency": payload["currency"],
            "why": str(answer)[:200],
        }
        open_finding("refund_failed", f"contribution:{payload['contribution']}", facts, now)
    else:
        apply(answer, now)
