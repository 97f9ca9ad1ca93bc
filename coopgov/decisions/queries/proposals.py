"""One proposal with what stands around it, and who may see it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, exists, func, or_, select
from sqlalchemy.orm import aliased, load_only
from sqlalchemy.sql.elements import ColumnElement

from coopgov.core.errors import NotFound
from coopgov.core.viewer import Viewer
from coopgov.decisions.models import Outcome, Proposal, ProposalRevision, ResultRow, RollAmendment
from coopgov.decisions.queries.rolls import votes_here
from coopgov.decisions.queries.signs import Signs, sign_columns
from coopgov.discussion.models import Thread
from coopgov.groups.models import Group
from coopgov.identity.models import Party
from coopgov.infra.db import db
from coopgov.tally.rule import Rule


@dataclass(frozen=True)
class Sheet:
    """A proposal with what stands around it on its page."""

    proposal: Proposal
    author_name: str
    thread: Thread
    group_name: str
    group_path: str
    result: ResultRow | None
    outcome: Outcome | None
    is_amended: bool  # its roll
    signs: Signs

    @property
    def rule(self) -> Rule:
        """The rule that the proposal carries."""
        return Rule.from_plain(self.proposal.rule)

    def thread_for(self, is_member: bool) -> tuple[str, str]:
        """Title and path of the thread; no title while it is hidden, nor for the public while members alone read it.

        A vote stays public to its end, whatever happens to the thread that it came from.
        """
        is_told = self.thread.state == "visible" and (self.thread.is_public or is_member)
        return (self.thread.title, self.thread.path) if is_told else ("", f"/t/{self.thread.id}")


def is_shown_to_all() -> ColumnElement[bool]:
    """Condition of proposals that the public may read, in a statement that joins their threads.

    Once voting has opened a proposal keeps its own word; until then it is as public as its thread is now.
    """
    thread_is = and_(Thread.is_public, Thread.state == "visible")
    return and_(Proposal.is_public, or_(Proposal.opened_at.is_not(None), thread_is))


def is_public_now(proposal: Proposal) -> bool:
    """Whether the public may read the proposal."""
    if proposal.opened_at is not None or not proposal.is_public:
        return proposal.is_public
    thread = db.session.get_one(Thread, proposal.thread_id)
    return thread.is_public and thread.state == "visible"


@dataclass(frozen=True)
class Stamp:
    """What decides what a proposal's pages show: its version, its thread's, and what the clock needs to move it on."""

    id: int
    version: int
    thread_version: int
    slug: str
    state: str
    opens_at: datetime | None
    closes_at: datetime

    @property
    def path(self) -> str:
        """The proposal's address."""
        return f"/p/{self.id}-{self.slug}" if self.slug else f"/p/{self.id}"


def stamp_of(proposal: Proposal) -> Stamp:
    """The stamp of a proposal that is there already, for a page that is kept by nobody."""
    p = proposal
    return Stamp(p.id, p.version, 0, p.slug, p.state, p.opens_at, p.closes_at)


def proposal_stamp(proposal_id: int) -> Stamp | None:
    """The stamp of a public proposal, in one light statement; None when there is none."""
    query = (
        select(
            *(Proposal.id, Proposal.version, Thread.version, Proposal.slug),
            *(Proposal.state, Proposal.opens_at, Proposal.closes_at),
        )
        .join(Thread, Thread.id == Proposal.thread_id)
        .where(Proposal.id == proposal_id, is_shown_to_all())
    )
    row = db.session.execute(query).first()
    return Stamp(*row) if row else None


def visible_proposal(proposal_id: int, viewer: Viewer) -> Proposal:
    """The proposal; raises NotFound when it does not exist for the viewer: members only, and neither member nor on
    its roll."""
    proposal = db.session.get(Proposal, proposal_id)
    if proposal is None or not may_see(proposal, viewer):
        raise NotFound
    return proposal


def may_see(proposal: Proposal, viewer: Viewer) -> bool:
    """Public ones everybody; others members, and who may vote on it although the membership has ended since, for
    themselves or for an organisation."""
    if viewer.is_member or is_public_now(proposal):
        return True
    return viewer.is_signed_in and votes_here(proposal.id, viewer.party_id)


def sheet(proposal_id: int) -> Sheet:
    """The proposal's sheet, in one statement; raises NotFound. Whether one may see it: ``may_see``."""
    newest = aliased(Outcome)
    number = select(func.max(newest.number)).where(newest.proposal_id == Proposal.id).scalar_subquery()
    amended = exists().where(RollAmendment.proposal_id == Proposal.id)
    query = (
        select(Proposal, Party.name, Thread, Group.name, Group.slug, ResultRow, Outcome, amended, *sign_columns())
        .options(load_only(Thread.title, Thread.slug, Thread.state, Thread.is_public))
        .join(Party, Party.id == Proposal.author_id)
        .join(Thread, Thread.id == Proposal.thread_id)
        .join(Group, Group.id == Proposal.group_id)
        .outerjoin(ResultRow, ResultRow.proposal_id == Proposal.id)
        .outerjoin(Outcome, and_(Outcome.proposal_id == Proposal.id, Outcome.number == number))
        .where(Proposal.id == proposal_id)
    )
    row = db.session.execute(query).first()
    if row is None:
        raise NotFound
    proposal, author, thread, name, group_slug, result, outcome, is_amended, *signs = row
    return Sheet(proposal, author, thread, name, f"/g/{group_slug}", result, outcome, is_amended, Signs(*signs))


def outcome_count(proposal_id: int) -> int:
    """How many outcomes were recorded for the proposal."""
    return db.session.scalar(select(func.count()).where(Outcome.proposal_id == proposal_id)) or 0


def revision_count(proposal_id: int) -> int:
    """How many times the proposal was mended."""
    return db.session.scalar(select(func.count()).where(ProposalRevision.proposal_id == proposal_id)) or 0


def revisions(proposal_id: int, limit: int, offset: int) -> Sequence[ProposalRevision]:
    """What the proposal said before, newest first."""
    query = select(ProposalRevision).where(ProposalRevision.proposal_id == proposal_id)
    return db.session.scalars(query.order_by(ProposalRevision.id.desc()).limit(limit).offset(offset)).all()
