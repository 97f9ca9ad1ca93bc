"""Lists of decisions: of a thread, of a group, under vote."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ScalarSelect, Select, and_, bindparam, case, select, true
from sqlalchemy.sql.elements import ColumnElement

from coopgov.core.viewer import Viewer
from coopgov.decisions import secrecy
from coopgov.decisions.counting import cast_count, is_off
from coopgov.decisions.drawing import Drawn, drawn, reasons_of
from coopgov.decisions.models import Ballot, Outcome, Proposal, ResultRow, RollEntry
from coopgov.decisions.queries.proposals import is_shown_to_all
from coopgov.decisions.rules.stages import UNOPENED
from coopgov.decisions.sentences import option_words, tag_of, verdict_shown
from coopgov.discussion.models import Thread
from coopgov.groups.models import Group
from coopgov.infra.db import db
from coopgov.tally.rule import Rule, Secrecy

RUNNING = ("open", "counting")


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
    cast: int  # 0 of a secret vote until it is closed
    result: Drawn | None
    chosen: tuple[str, ...]  # who or what was elected, in words
    urgent_reason: str = ""
    counted: str = ""  # the verdict as it was counted
    departs: bool = False  # the outcome that stands departs from the result

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
        select(Proposal, Group.name, Group.slug, ResultRow.verdict, ResultRow.plain, cast_count(), _departs())
        .join(Thread, Thread.id == Proposal.thread_id)
        .join(Group, Group.id == Proposal.group_id)
        .outerjoin(ResultRow, ResultRow.proposal_id == Proposal.id)
    )


def _departs() -> ScalarSelect[bool]:
    """Whether the newest outcome of the proposal of the surrounding statement departs from the result."""
    newest = select(Outcome.departs).where(Outcome.proposal_id == Proposal.id).order_by(Outcome.number.desc())
    return newest.limit(1).correlate(Proposal).scalar_subquery()


def _line(row: Sequence[Any]) -> DecisionLine:
    proposal, group_name, group_slug, verdict, plain, cast, departs = row
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
        cast=plain["cast"] if plain and proposal.secrecy == secrecy.SECRET else cast,
        result=_drawn(proposal, plain),
        chosen=_chosen(proposal, plain),
        urgent_reason=proposal.urgent_reason,
        counted=verdict or "",
        departs=bool(departs),
    )


def _drawn(proposal: Proposal, plain: Mapping[str, Any] | None) -> Drawn | None:
    if plain is None or "counts" not in plain:
        return None
    return drawn(plain["counts"], proposal.roll_size, 0, option_words(proposal.ballot_options))


def _chosen(proposal: Proposal, plain: Mapping[str, Any] | None) -> tuple[str, ...]:
    words = option_words(proposal.ballot_options)
    return tuple(words[option] for option in plain.get("winners", ())) if plain else ()


def _fetched(query: Select[Any]) -> list[DecisionLine]:
    return [_line(row) for row in db.session.execute(query)]


def lines_by_id(ids: Sequence[int]) -> Sequence[DecisionLine]:
    """A line for each id, in the order of the ids."""
    lines = {line.id: line for line in _fetched(_lines().where(Proposal.id.in_(ids)))} if ids else {}
    return [lines[key] for key in ids]


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
    query = query.where(Proposal.state == "open", Proposal.closes_at > now, ~voted, ~is_off(RollEntry.id))
    lines = _fetched(query.order_by(Proposal.closes_at, Proposal.id).limit(100))
    done = secrecy.cast_among(party_id, [line.id for line in lines if line.rule.secrecy is Secrecy.SECRET])
    return [line for line in lines if line.id not in done]


def proposals_of(thread_id: int, is_member: bool) -> Sequence[DecisionLine]:
    """A thread's proposals in every state: under vote, still to open, over; each the newest first."""
    return [_line(row) for row in db.session.execute(_of_thread(is_member), {"thread": thread_id})]


@cache  # building it costs more than asking it, and every thread's page asks
def _of_thread(is_member: bool) -> Select[Any]:
    query = _lines().where(Proposal.thread_id == bindparam("thread"), _seen_by(is_member))
    place = case((Proposal.state.in_(RUNNING), 0), (Proposal.state.in_(UNOPENED), 1), else_=2)
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
