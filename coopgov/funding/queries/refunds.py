"""What was asked to go back on a payment."""

from collections.abc import Sequence

from sqlalchemy import func, select

from coopgov.funding.models import Contribution, Reversal
from coopgov.infra.db import db
from coopgov.infra.jobs import Job

REFUND = "funding.refund"  # the kind of the task, in jobs/


def refund_jobs(contribution: Contribution) -> Sequence[Job]:
    """The jobs by which Stripe is, or was, asked for refunds of the payment."""
    query = select(Job).where(Job.kind == REFUND, Job.key.startswith(f"refund-{contribution.id}-"))
    return db.session.scalars(query).all()


def times_refunded(contribution: Contribution) -> int:
    """A number that grows with everything that is asked to go back, or does: whoever saw another one saw less."""
    back = select(func.count()).where(Reversal.contribution_id == contribution.id, Reversal.kind == "refund")
    return len(refund_jobs(contribution)) + (db.session.scalar(back) or 0)
