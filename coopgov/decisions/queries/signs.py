"""What there is around a proposal, as columns of a statement that asks for it anyway: so that a page asks only for
what is there."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ScalarSelect, case, exists, func, or_, select
from sqlalchemy.orm import aliased

from coopgov.decisions.models import (
    Amendment,
    AmendmentAct,
    Authorship,
    Ballot,
    Countersignature,
    Proposal,
    ReasonReaction,
    ReasonReply,
)


@dataclass(frozen=True)
class Signs:
    """How many there are of each, seen or not."""

    authorship_acts: int = 0
    amendments: int = 0
    in_thread: int = 0  # other proposals
    repeats: int = 0  # votes that repeat this one
    decides: int = 0  # 1: it is an amendment's own vote
    countersignatures: int = 0
    said: int = 0  # 1: somebody answered a reason


def sign_columns() -> tuple[ScalarSelect[int], ...]:
    """The columns of :class:`Signs`, in a statement about proposals."""
    other, later = aliased(Proposal), aliased(Proposal)
    return (
        _number(Authorship.id, Authorship.proposal_id == Proposal.id),
        _number(Amendment.id, Amendment.proposal_id == Proposal.id),
        _number(other.id, other.thread_id == Proposal.thread_id, other.id != Proposal.id),
        _number(later.id, later.earlier_id == Proposal.id),
        _number(AmendmentAct.id, AmendmentAct.vote_id == Proposal.id),
        _number(Countersignature.id, Countersignature.proposal_id == Proposal.id),
        _said_to_reasons(),
    )


def _said_to_reasons() -> ScalarSelect[int]:
    def of(said: Any) -> Any:
        return exists().where(said.ballot_id == Ballot.id, Ballot.proposal_id == Proposal.id).correlate(Proposal)

    return select(case((or_(of(ReasonReaction), of(ReasonReply)), 1), else_=0)).correlate(Proposal).scalar_subquery()


def _number(counted: Any, *conditions: Any) -> ScalarSelect[int]:
    return select(func.count(counted)).where(*conditions).correlate(Proposal).scalar_subquery()
