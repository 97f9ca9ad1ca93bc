"""What follows from a decision."""

from datetime import datetime

from coopgov.core.errors import Refused
from coopgov.decisions import events
from coopgov.decisions.models import Outcome, Proposal
from coopgov.decisions.queries import proposals
from coopgov.decisions.services.traces import note, refuse_unless
from coopgov.infra.db import writing_session
from coopgov.infra.markdown import to_html


def record_outcome(proposal: Proposal, by_id: int, source: str, review_on: datetime | None, now: datetime) -> Outcome:
    """What follows from the decision; the last one stands on the page. Raises Refused before the count."""
    session = writing_session()
    refuse_unless(proposal, ("closed",), now)
    if not source.strip():
        raise Refused("outcome.words_needed", field="source")
    if review_on is not None and review_on <= now:
        raise Refused("outcome.review_in_the_past", field="review_on")
    outcome = Outcome(
        proposal_id=proposal.id,
        number=proposals.outcome_count(proposal.id) + 1,
        source=source,
        html=to_html(source),
        review_on=review_on,
        recorded_by=by_id,
        recorded_at=now,
    )
    session.add(outcome)
    recorded = events.OutcomeRecorded(proposal_id=proposal.id, by_id=by_id)
    note(proposal, by_id, "proposal.outcome_recorded", recorded, now, number=outcome.number)
    return outcome
