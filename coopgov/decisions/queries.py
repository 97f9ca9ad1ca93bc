"""Reads of decisions."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Select, and_, bindparam, case, func, or_, select, true
from sqlalchemy.orm import aliased, load_only
from sqlalchemy.sql.elements import ColumnElement

from coopgov.core.errors import NotFound
from coopgov.core.viewer import Viewer
from coopgov.decisions import counting
from coopgov.decisions.counting import cast_count, counts_now
from coopgov.decisions.drawing import Drawn, drawn, reasons_of
from coopgov.decisions.models import Ballot, DeadLink, Outcome, Proposal, ProposalRevision, ResultRow, RollEntry
from coopgov.decisions.rules import REMIND_BEFORE
from coopgov.decisions.sentences import tag_of, verdict_shown
from coopgov.discussion.models import Thread
from coopgov.groups.models import Group
from coopgov.groups.queries import sitters_at
from coopgov.identity.models import Party
from coopgov.infra.check import Check
from coopgov.infra.db import db
from coopgov.membership.queries.register import members_at
from coopgov.membership.queries.standing import electors_at
from coopgov.tally.rule import Rule

RUNNING = ("open", "counting")


# One proposal


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
    """Public ones everybody; others members, and who may vote on it although the membership has ended since."""
    if viewer.is_member or is_public_now(proposal):
        return True
    return viewer.is_signed_in and entry_of(proposal.id, viewer.party_id) is not None


def sheet(proposal_id: int) -> Sheet:
    """The proposal's sheet, in one statement; raises NotFound. Whether one may see it: ``may_see``."""
    newest = aliased(Outcome)
    number = select(func.max(newest.number)).where(newest.proposal_id == Proposal.id).scalar_subquery()
    query = (
        select(Proposal, Party.name, Thread, Group.name, Group.slug, ResultRow, Outcome)
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
    proposal, author, thread, name, group_slug, result, outcome = row
    return Sheet(proposal, author, thread, name, f"/g/{group_slug}", result, outcome)


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


# The roll


def roll_at(proposal: Proposal, instant: datetime) -> list[tuple[int, int]]:
    """(party id, member number) of those who may vote if the roll is frozen at ``instant``, by number: members
    whose standing lets them."""
    may_vote = electors_at(instant)
    members = [(party_id, number) for party_id, number in members_at(instant) if party_id in may_vote]
    if proposal.electorate == "coop":
        return members
    sitters = sitters_at(proposal.group_id, instant)
    return [(party_id, number) for party_id, number in members if party_id in sitters]


def entry_of(proposal_id: int, party_id: int) -> RollEntry | None:
    """The party's line on the roll."""
    query = select(RollEntry).where(RollEntry.proposal_id == proposal_id, RollEntry.party_id == party_id)
    return db.session.scalars(query).first()


def roll_lines(proposal_id: int, limit: int, offset: int) -> Sequence[tuple[int, int, str]]:
    """(member number, party id, name) by member number."""
    query = (
        select(RollEntry.member_number, RollEntry.party_id, Party.name)
        .join(Party, Party.id == RollEntry.party_id)
        .where(RollEntry.proposal_id == proposal_id)
        .order_by(RollEntry.member_number)
    )
    return [(row[0], row[1], row[2]) for row in db.session.execute(query.limit(limit).offset(offset))]


def electors(proposal_id: int) -> set[int]:
    """Party ids of everybody on the roll."""
    return set(db.session.scalars(select(RollEntry.party_id).where(RollEntry.proposal_id == proposal_id)))


def electors_without_ballot(proposal_id: int) -> set[int]:
    """Party ids of those on the roll who have not voted."""
    voted = select(Ballot.id).where(Ballot.roll_entry_id == RollEntry.id).exists()
    return set(db.session.scalars(select(RollEntry.party_id).where(RollEntry.proposal_id == proposal_id, ~voted)))


def entry_of_link(proposal_id: int, entry_id: int) -> RollEntry | None:
    """The line on the roll for which a mailed link votes, unless the link was switched off."""
    entry = db.session.get(RollEntry, entry_id)
    return entry if entry and entry.proposal_id == proposal_id and not is_dead_link(entry) else None


def is_dead_link(entry: RollEntry) -> bool:
    """Whether the mailed link of this elector was switched off."""
    return db.session.get(DeadLink, entry.id) is not None


# Ballots


@dataclass(frozen=True)
class Vote:
    """A counted ballot as the page lists it; ``public_name`` is empty for a member who is not named in public."""

    choice: str
    reason: str
    name: str
    public_name: str
    at: datetime


def votes(proposal_id: int, limit: int, offset: int) -> tuple[list[Vote], dict[str, int]]:
    """One page of counted ballots, those with a reason first and the newest first, and how many there are of each
    choice, in one statement. Beyond the last page both are empty."""
    sums = [
        func.sum(case((Ballot.choice == key, 1), else_=0)).over() for key in ("agree", "abstain", "disagree", "block")
    ]
    query = (
        select(Ballot.choice, Ballot.reason, Party.name, Ballot.public_name, Ballot.received_at, *sums)
        .join(RollEntry, RollEntry.id == Ballot.roll_entry_id)
        .join(Party, Party.id == RollEntry.party_id)
        .where(Ballot.proposal_id == proposal_id, counts_now())
        .order_by(case((Ballot.reason == "", 1), else_=0), Ballot.received_at.desc(), Ballot.id.desc())
    )
    rows = db.session.execute(query.limit(limit).offset(offset)).all()
    counts = (
        {key: int(n) for key, n in zip(("agree", "abstain", "disagree", "block"), rows[0][5:], strict=True)}
        if rows
        else {}
    )
    return [Vote(*row[:5]) for row in rows], counts


def last_ballot(entry: RollEntry) -> Ballot | None:
    """The elector's ballot that counts."""
    query = select(Ballot).where(Ballot.roll_entry_id == entry.id).order_by(Ballot.sequence.desc()).limit(1)
    return db.session.scalars(query).first()


def my_line(proposal_id: int, party_id: int) -> tuple[RollEntry | None, Ballot | None]:
    """The party's line on the roll and the ballot that counts, in one statement."""
    query = (
        select(RollEntry, Ballot)
        .outerjoin(Ballot, and_(Ballot.roll_entry_id == RollEntry.id, counts_now()))
        .where(RollEntry.proposal_id == proposal_id, RollEntry.party_id == party_id)
    )
    row = db.session.execute(query).first()
    return (row[0], row[1]) if row else (None, None)


# Lists


@dataclass(frozen=True)
class DecisionLine:
    """One line of a list of decisions. ``result`` can be drawn; None while nothing is counted. ``verdict`` is empty
    before the count, and ``blocked`` where blocks alone made it fail."""

    id: int
    title: str
    path: str
    state: str
    verdict: str
    group_name: str
    group_path: str
    is_public: bool
    public_name: str
    html: str
    rule: Rule
    opens_at: datetime | None
    opened_at: datetime | None
    closes_at: datetime
    closed_at: datetime | None
    roll_size: int
    cast: int
    result: Drawn | None

    @property
    def tag_state(self) -> str:
        """State for the sign and colour of its tag."""
        return tag_of(self.state, self.verdict)[0]

    @property
    def tag_label(self) -> str:
        """Its state or verdict in a word."""
        return tag_of(self.state, self.verdict)[1]


def _lines() -> Select[Any]:
    return (
        select(Proposal, Group.name, Group.slug, ResultRow.verdict, ResultRow.plain, cast_count())
        .join(Thread, Thread.id == Proposal.thread_id)
        .join(Group, Group.id == Proposal.group_id)
        .outerjoin(ResultRow, ResultRow.proposal_id == Proposal.id)
    )


def _line(row: Sequence[Any]) -> DecisionLine:
    proposal, group_name, group_slug, verdict, plain, cast = row
    return DecisionLine(
        id=proposal.id,
        title=proposal.title,
        path=proposal.path,
        state=proposal.state,
        verdict=verdict_shown(verdict, reasons_of(plain)) if verdict else "",
        group_name=group_name,
        group_path=f"/g/{group_slug}",
        is_public=proposal.is_public,
        public_name=proposal.public_name,
        html=proposal.html,
        rule=Rule.from_plain(proposal.rule),
        opens_at=proposal.opens_at,
        opened_at=proposal.opened_at,
        closes_at=proposal.closes_at,
        closed_at=proposal.closed_at,
        roll_size=proposal.roll_size,
        cast=cast,
        result=drawn(plain["counts"], proposal.roll_size) if plain else None,
    )


def _fetched(query: Select[Any]) -> list[DecisionLine]:
    return [_line(row) for row in db.session.execute(query)]


def latest_decisions(limit: int, public_only: bool) -> Sequence[DecisionLine]:
    """Closed proposals, the last one first."""
    query = _lines().where(Proposal.state == "closed")
    if public_only:
        query = query.where(is_shown_to_all())
    return _fetched(query.order_by(Proposal.closed_at.desc(), Proposal.id.desc()).limit(limit))


def open_proposals(viewer: Viewer, group_id: int | None = None) -> Sequence[DecisionLine]:
    """Proposals under vote that the viewer may see, the first to close first; those being counted among them."""
    query = _lines().where(Proposal.state.in_(RUNNING), _seen_by(viewer.is_member))
    if group_id is not None:
        query = query.where(Proposal.group_id == group_id)
    return _fetched(query.order_by(Proposal.closes_at, Proposal.id).limit(100))


def ballots_waiting(party_id: int, now: datetime) -> Sequence[DecisionLine]:
    """Open proposals on whose roll the party is and has not voted, the first to close first."""
    voted = select(Ballot.id).where(Ballot.roll_entry_id == RollEntry.id).exists()
    query = _lines().join(RollEntry, and_(RollEntry.proposal_id == Proposal.id, RollEntry.party_id == party_id))
    query = query.where(Proposal.state == "open", Proposal.closes_at > now, ~voted)
    return _fetched(query.order_by(Proposal.closes_at, Proposal.id).limit(100))


def proposals_of(thread_id: int, is_member: bool) -> Sequence[DecisionLine]:
    """A thread's proposals in every state: under vote, still to open, over; each the newest first."""
    return [_line(row) for row in db.session.execute(_of_thread(is_member), {"thread": thread_id})]


@cache  # building it costs more than asking it, and every thread's page asks
def _of_thread(is_member: bool) -> Select[Any]:
    query = _lines().where(Proposal.thread_id == bindparam("thread"), _seen_by(is_member))
    place = case((Proposal.state.in_(RUNNING), 0), (Proposal.state.in_(("draft", "scheduled")), 1), else_=2)
    return query.order_by(place, Proposal.id.desc()).limit(50)


def group_decisions(group_id: int, is_member: bool, limit: int) -> Sequence[DecisionLine]:
    """A group's proposals: under vote and scheduled first, then closed ones, the last one first."""
    states = ("scheduled", *RUNNING, "closed")
    query = _lines().where(Proposal.group_id == group_id, Proposal.state.in_(states), _seen_by(is_member))
    return _fetched(_in_register_order(query).limit(limit))


def _seen_by(is_member: bool) -> ColumnElement[bool]:
    return true() if is_member else is_shown_to_all()


def _in_register_order(query: Select[Any]) -> Select[Any]:
    """Still to be decided first, the first to close first; then the last decided first."""
    is_closed = Proposal.state == "closed"
    return query.order_by(
        case((is_closed, 1), else_=0),
        case((is_closed, None), else_=Proposal.closes_at),
        Proposal.closed_at.desc(),
        Proposal.id.desc(),
    )


@dataclass(frozen=True)
class Wanted:
    """What the register is asked for: a group's slug, and ``open`` or a verdict; empty: all."""

    group: str = ""
    result: str = ""

    def narrows(self, is_member: bool) -> list[ColumnElement[bool]]:
        """The conditions of the register for a member, or for the public."""
        conditions = [Proposal.state.in_((*RUNNING, "closed")), _seen_by(is_member)]
        if self.group:
            conditions.append(Group.slug == self.group)
        if self.result == "open":
            conditions.append(Proposal.state.in_(RUNNING))
        elif self.result:
            conditions.append(ResultRow.verdict == self.result)
        return conditions


def register(wanted: Wanted, is_member: bool, limit: int, offset: int = 0) -> Sequence[DecisionLine]:
    """The register of decisions: open ones first, then closed ones, the last one first."""
    query = _lines().where(*wanted.narrows(is_member))
    return _fetched(_in_register_order(query).limit(limit).offset(offset))


def register_size(wanted: Wanted, is_member: bool) -> int:
    """How many lines the register has."""
    query = (
        select(func.count(Proposal.id))
        .join(Thread, Thread.id == Proposal.thread_id)
        .join(Group, Group.id == Proposal.group_id)
        .outerjoin(ResultRow, ResultRow.proposal_id == Proposal.id)
    )
    return db.session.scalar(query.where(*wanted.narrows(is_member))) or 0


def register_groups(is_member: bool) -> Sequence[tuple[str, str]]:
    """(slug, name) of groups that have decided something or are about to, by name."""
    query = (
        select(Group.slug, Group.name)
        .join(Proposal, Proposal.group_id == Group.id)
        .join(Thread, Thread.id == Proposal.thread_id)
        .where(*Wanted().narrows(is_member))
        .distinct()
        .order_by(Group.name)
    )
    return [(slug, name) for slug, name in db.session.execute(query)]


def register_stamp() -> tuple[int, int]:
    """Changes whenever the public register would: how many public proposals there are, and all their versions."""
    query = select(func.count(Proposal.id), func.coalesce(func.sum(Proposal.version), 0)).where(Proposal.is_public)
    row = db.session.execute(query).one()
    return row[0], int(row[1])


# What the clock asks for


def due_by_opening(now: datetime) -> Sequence[int]:
    """Ids of scheduled proposals whose opening has come, first come first."""
    query = select(Proposal.id).where(Proposal.state == "scheduled", Proposal.opens_at <= now)
    return db.session.scalars(query.order_by(Proposal.opens_at, Proposal.id)).all()


def due_by_closing(state: str, until: datetime) -> Sequence[int]:
    """Ids of proposals in ``state`` that close at ``until`` or before, first come first."""
    query = select(Proposal.id).where(Proposal.state == state, Proposal.closes_at <= until)
    return db.session.scalars(query.order_by(Proposal.closes_at, Proposal.id)).all()


def due_for_reminder(now: datetime) -> Sequence[int]:
    """Ids of open proposals that close within REMIND_BEFORE and have not been reminded of."""
    query = select(Proposal.id).where(
        Proposal.state == "open",
        Proposal.reminded_at.is_(None),
        Proposal.closes_at > now,
        Proposal.closes_at <= now + REMIND_BEFORE,
    )
    return db.session.scalars(query.order_by(Proposal.closes_at, Proposal.id)).all()


CHECKS: tuple[Check, ...] = counting.CHECKS
