"""Other proposals that belong to one: of its thread, the vote that it repeats, the votes that repeat it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, select, true
from sqlalchemy.sql.elements import ColumnElement

from coopgov.core.viewer import Viewer
from coopgov.decisions.drawing import reasons_of
from coopgov.decisions.models import Proposal, ResultRow
from coopgov.decisions.queries import lists
from coopgov.decisions.queries.lists import DecisionLine
from coopgov.decisions.queries.proposals import may_see
from coopgov.decisions.rules.stages import UNOPENED
from coopgov.decisions.sentences import verdict_shown
from coopgov.infra.db import db

MOST_SHOWN = 10


@dataclass(frozen=True)
class VoteLine:
    """A vote that another one names. ``verdict`` is empty before the count."""

    id: int
    title: str
    path: str
    state: str
    verdict: str
    opened_at: datetime | None
    opens_at: datetime | None
    closes_at: datetime


def others_of_thread(proposal: Proposal, is_member: bool) -> Sequence[DecisionLine]:
    """The thread's other proposals that the viewer may see: under vote, still to open, over."""
    return [line for line in lists.proposals_of(proposal.thread_id, is_member) if line.id != proposal.id]


def under_way(thread_id: int, is_member: bool) -> Sequence[DecisionLine]:
    """The thread's proposals that are open, or still to open."""
    states = (*UNOPENED, *lists.RUNNING)
    return [line for line in lists.proposals_of(thread_id, is_member) if line.state in states]


def repeated_vote(proposal: Proposal, viewer: Viewer) -> VoteLine | None:
    """The earlier vote that this one repeats, where the viewer may see it."""
    if proposal.earlier_id is None:
        return None
    found = db.session.get_one(Proposal, proposal.earlier_id)
    return _lines(Proposal.id == found.id)[0] if may_see(found, viewer) else None


def repeating_votes(proposal: Proposal, is_member: bool) -> list[VoteLine]:
    """Later votes that repeat this one. The public sees those that have opened: these keep their openness for good."""
    is_seen = true() if is_member else and_(Proposal.is_public, Proposal.opened_at.is_not(None))
    return _lines(and_(Proposal.earlier_id == proposal.id, is_seen))


def _lines(condition: ColumnElement[bool]) -> list[VoteLine]:
    query = select(Proposal, ResultRow).outerjoin(ResultRow, ResultRow.proposal_id == Proposal.id).where(condition)
    rows = db.session.execute(query.order_by(Proposal.id).limit(MOST_SHOWN))
    return [_line(proposal, result) for proposal, result in rows]


def _line(proposal: Proposal, result: ResultRow | None) -> VoteLine:
    p = proposal
    verdict = verdict_shown(result.verdict, reasons_of(result.plain)) if result else ""
    return VoteLine(p.id, p.title, p.path, p.state, verdict, p.opened_at, p.opens_at, p.closes_at)
