"""Countersigning that a vote is urgent."""

from datetime import datetime

from coopgov.core.errors import Refused
from coopgov.decisions import events
from coopgov.decisions.models import Countersignature, Proposal
from coopgov.decisions.queries import urgency as queries
from coopgov.decisions.rules.stages import UNOPENED
from coopgov.decisions.rules.urgency import is_shortened
from coopgov.decisions.services.traces import note, refuse_unless
from coopgov.infra.db import writing_session
from coopgov.tally.rule import Rule


def refuse_unsigned(proposal: Proposal, opens_at: datetime) -> None:
    """Raises Refused when voting from ``opens_at`` on would be shorter than usual, and nobody has countersigned why."""
    rule = Rule.from_plain(proposal.rule)
    if not is_shortened(rule, proposal.urgent_reason, opens_at, proposal.closes_at):
        return
    if queries.countersignature(proposal) is None:
        raise Refused("urgent.unsigned", field="urgent_reason")


def ask_for_countersignature(proposal: Proposal, by_id: int, now: datetime) -> None:
    """Tells those who may countersign, unless that has been done for these words."""
    if proposal.urgent_reason and queries.countersignature(proposal) is None:
        asked = events.CountersignatureAsked(proposal_id=proposal.id, by_id=by_id)
        note(proposal, by_id, "proposal.countersignature_asked", asked, now)


def countersign(proposal: Proposal, by_id: int, now: datetime) -> None:
    """Confirms that the vote is urgent, for the reason as it stands. Raises Refused for who may not."""
    refuse_unless(proposal, UNOPENED, now)
    role = queries.role_of_signer(proposal, by_id, now)
    if not role:
        raise Refused("urgent.not_yours")
    if not proposal.urgent_reason:
        raise Refused("urgent.not_urgent")
    if queries.countersignature(proposal) is not None:
        raise Refused("urgent.signed")
    facts = {"proposal_id": proposal.id, "urgent_reason": proposal.urgent_reason, "role": role}
    writing_session().add(Countersignature(**facts, by_id=by_id, at=now))
    signed = events.Countersigned(proposal_id=proposal.id, by_id=by_id)
    note(proposal, by_id, "proposal.countersigned", signed, now, role=role)
