"""What follows from a decision."""

from datetime import datetime

from coopgov.core.errors import Refused
from coopgov.decisions import events
from coopgov.decisions.models import Outcome, Proposal
from coopgov.decisions.queries import proposals
from coopgov.decisions.rules.casting import LONGEST_REASON
from coopgov.decisions.rules.register import check_departure
from coopgov.decisions.services.register import set_review
from coopgov.decisions.services.traces import note, refuse_unless
from coopgov.infra.db import writing_session
from coopgov.infra.markdown import to_html


def record_outcome(
    proposal: Proposal,
    by_id: int,
    source: str,
    review_on: datetime | None,
    now: datetime,
    *,
    departs: bool = False,
    departs_reason: str = "",
) -> Outcome:
    """What follows from the decision; the last one stands on the page. Whatever it says, the verdict stays.

    ``departs`` owns up to doing otherwise than was decided, and ``departs_reason`` says why. Without ``review_on`` a
    review date stays as it is. Raises Refused before the count, and for a review date of a decision that is over.
    """
    session = writing_session()
    refuse_unless(proposal, ("closed",), now)
    if not source.strip():
        raise Refused("outcome.words_needed", field="source")
    if review_on is not None and review_on <= now:
        raise Refused("outcome.review_in_the_past", field="review_on")
    check_departure(departs, departs_reason)
    if len(departs_reason) > LONGEST_REASON:
        raise Refused("proposal.reason_too_long", field="departs_reason", most=LONGEST_REASON)
    outcome = Outcome(
        proposal_id=proposal.id,
        number=proposals.outcome_count(proposal.id) + 1,
        source=source,
        html=to_html(source),
        review_on=review_on,
        recorded_by=by_id,
        recorded_at=now,
        departs=departs,
        departs_reason=departs_reason,
    )
    session.add(outcome)
    if review_on is not None:
        set_review(proposal, by_id, review_on, now)
    recorded = events.OutcomeRecorded(proposal_id=proposal.id, by_id=by_id)
    note(proposal, by_id, "proposal.outcome_recorded", recorded, now, number=outcome.number, departs=departs)
    return outcome
