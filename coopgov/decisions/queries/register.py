"""The register of decisions: narrowed by group, result, status, year and words, read by pages.

A page costs the same however long the register is, since both orders and the public's view have an index; only to be
narrowed by status or by words are its rows looked at one by one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Select, and_, false, func, literal, or_, select, true
from sqlalchemy.orm import aliased
from sqlalchemy.sql.elements import ColumnElement

from coopgov.core.text import one_line
from coopgov.core.time import from_wall_clock, to_wall_clock
from coopgov.decisions.models import DecisionNote, Outcome, Proposal, ResultRow
from coopgov.decisions.queries.lists import RUNNING, DecisionLine, lines_by_id
from coopgov.decisions.queries.validity import About, Head, abouts, facts_of_all, has_status, last_note
from coopgov.decisions.rules.register import Validity, status_on
from coopgov.groups.models import Group
from coopgov.infra.db import db, small_letters
from coopgov.infra.i18n import current_zone

MOST_WORDS = 8  # of a search; each costs a look at every text
LONGEST_SEARCH = 100  # characters
FIRST_YEAR, LAST_YEAR = 1970, 2999
EPOCH = datetime(FIRST_YEAR, 1, 1, tzinfo=UTC)
FOUND_AT_ONCE = 10  # by the picker of earlier decisions
REGISTERED = (*RUNNING, "closed")


@dataclass(frozen=True)
class Wanted:
    """What the register is asked for, empty meaning all: a group's slug, ``open`` or a verdict, a status at ``on``, the
    year in which voting closes, words of title, text or outcome (or a number)."""

    group: str = ""
    result: str = ""
    status: str = ""
    year: int | None = None
    words: str = ""
    on: datetime = EPOCH

    @property
    def is_filtered(self) -> bool:
        """True when something beside words is asked for."""
        return bool(self.group or self.result or self.status or self.year is not None)

    @property
    def narrows(self) -> bool:
        """True when anything is asked for."""
        return self.is_filtered or bool(self.words)


def register(wanted: Wanted, is_member: bool, limit: int, offset: int = 0) -> Sequence[DecisionLine]:
    """Open votes first, the first to close first; then closed ones, the last one first. A member sees the members-only
    ones too."""
    return lines_by_id(_ids(wanted, is_member, limit, offset))


def _ids(wanted: Wanted, is_member: bool, limit: int, offset: int) -> list[int]:
    query = _narrowed(select(Proposal.id), wanted, is_member)
    running = query.where(Proposal.state.in_(RUNNING)).order_by(Proposal.closes_at, Proposal.id)
    first = list(db.session.scalars(running.limit(offset + limit)))  # few are under vote at any time
    shown = first[offset:]
    if len(shown) < limit:
        closed = query.where(Proposal.state == "closed").order_by(Proposal.closed_at.desc(), Proposal.id.desc())
        shown += db.session.scalars(closed.limit(limit - len(shown)).offset(max(offset - len(first), 0)))
    return shown


def register_size(wanted: Wanted, is_member: bool) -> int:
    """How many lines the register has."""
    query = _narrowed(select(func.count(Proposal.id)), wanted, is_member).where(Proposal.state.in_(REGISTERED))
    return db.session.scalar(query) or 0


def _narrowed(query: Select[Any], wanted: Wanted, is_member: bool) -> Select[Any]:
    """Votes that have opened: from then on each keeps its own word, whatever becomes of its thread."""
    if not is_member:
        query = query.where(Proposal.is_public)
    if wanted.group:
        group_id = select(Group.id).where(Group.slug == wanted.group).scalar_subquery()
        query = query.where(Proposal.group_id == group_id)
    if wanted.year is not None:
        query = query.where(_in_year(wanted.year))
    if wanted.words:
        query = query.where(says(wanted.words))
    return _by_result(query, wanted)


def _by_result(query: Select[Any], wanted: Wanted) -> Select[Any]:
    if wanted.result == "open":
        query = query.where(Proposal.state.in_(RUNNING))
    elif wanted.result or wanted.status:
        query = query.join(ResultRow, ResultRow.proposal_id == Proposal.id)
        query = query.where(ResultRow.verdict == wanted.result) if wanted.result else query
    if not wanted.status:
        return query
    if wanted.result == "open":
        return query.where(false())
    joined = query.outerjoin(DecisionNote, and_(DecisionNote.proposal_id == Proposal.id, last_note()))
    return joined.where(has_status(wanted.status, wanted.on))


def _in_year(year: int) -> ColumnElement[bool]:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        return false()
    begins, ends = (from_wall_clock(datetime(y, 1, 1), current_zone()) for y in (year, year + 1))  # noqa: DTZ001
    return and_(Proposal.closes_at >= begins, Proposal.closes_at < ends)


def says(words: str) -> ColumnElement[bool]:
    """Condition of votes in which each of the words stands somewhere: in title, text or newest outcome, whatever the
    case of its letters; a whole number is also found as the vote's own."""
    asked = one_line(words)[:LONGEST_SEARCH].split()[:MOST_WORDS]
    return and_(true(), *(_has_word(word) for word in asked))


def _has_word(word: str) -> ColumnElement[bool]:
    found = or_(_in(Proposal.title, word), _in(Proposal.source, word), _outcome_has(word))
    digits = word.removeprefix("#")
    if digits.isascii() and digits.isdigit() and len(digits) < 10:
        return or_(found, Proposal.id == int(digits))
    return found


def _in(column: Any, word: str) -> ColumnElement[bool]:
    escaped = word.replace("/", "//").replace("%", "/%").replace("_", "/_")
    return small_letters(column).like(small_letters(literal(f"%{escaped}%")), escape="/")


def _outcome_has(word: str) -> ColumnElement[bool]:
    other = aliased(Outcome)
    newest = select(func.max(other.number)).where(other.proposal_id == Outcome.proposal_id).correlate(Outcome)
    stands = and_(Outcome.proposal_id == Proposal.id, Outcome.number == newest.scalar_subquery())
    return select(Outcome.id).where(stands, _in(Outcome.source, word)).exists()


def register_groups(is_member: bool) -> Sequence[tuple[str, str]]:
    """(slug, name) of groups that have decided something or are about to, by name."""
    theirs = select(Proposal.id).where(Proposal.group_id == Group.id, Proposal.state.in_(REGISTERED))
    if not is_member:
        theirs = theirs.where(Proposal.is_public)
    query = select(Group.slug, Group.name).where(theirs.exists()).order_by(Group.name)
    return [(slug, name) for slug, name in db.session.execute(query)]


def register_years(is_member: bool) -> list[int]:
    """Every year from the first to the last in which a vote closes, the last one first, by the co-op's clocks."""
    parts = (_closings(Proposal.state == "closed", is_member), _closings(Proposal.state.in_(RUNNING), is_member))
    ends = [part.order_by(order).limit(1).scalar_subquery() for part in parts for order in _BOTH_ENDS]
    years = [to_wall_clock(end, current_zone()).year for end in db.session.execute(select(*ends)).one() if end]
    return list(range(max(years), min(years) - 1, -1)) if years else []


_BOTH_ENDS = (Proposal.closes_at.desc(), Proposal.closes_at.asc())  # each at an end of ix_proposal_state_closes


def _closings(those: ColumnElement[bool], is_member: bool) -> Select[datetime]:
    query = select(Proposal.closes_at).where(those)
    return query if is_member else query.where(Proposal.is_public)


def register_stamp() -> tuple[int, int]:
    """Changes whenever the public register would: how many public proposals there are, and all their versions."""
    query = select(func.count(Proposal.id), func.coalesce(func.sum(Proposal.version), 0)).where(Proposal.is_public)
    row = db.session.execute(query).one()
    return row[0], int(row[1])


def abouts_of(lines: Sequence[DecisionLine], is_member: bool, now: datetime) -> Mapping[int, About]:
    """What stands of each line beside its count."""
    verdicts = {line.id: (line.counted, line.closed_at) for line in lines}
    return abouts(verdicts, is_member, now)


@dataclass(frozen=True)
class Candidate:
    """An earlier vote that somebody may want to name."""

    head: Head
    validity: Validity
    closed_at: datetime | None


def candidates(words: str, is_member: bool, besides: int, now: datetime) -> list[Candidate]:
    """Earlier votes, closed or withdrawn, in which the words stand or which have the number; the newest first."""
    query = select(Proposal).where(
        Proposal.state.in_(("closed", "withdrawn")),
        Proposal.opened_at.is_not(None),
        Proposal.id != besides,
        says(words),
    )
    query = query if is_member else query.where(Proposal.is_public)
    return _as_candidates(query.order_by(Proposal.closes_at.desc(), Proposal.id.desc()).limit(FOUND_AT_ONCE), now)


def named_candidates(ids: Sequence[int], is_member: bool, now: datetime) -> list[Candidate]:
    """Those with these numbers that the reader may see, the newest first."""
    query = select(Proposal).where(Proposal.id.in_(ids), Proposal.opened_at.is_not(None))
    query = query if is_member else query.where(Proposal.is_public)
    return _as_candidates(query.order_by(Proposal.closes_at.desc(), Proposal.id.desc()), now)


def _as_candidates(query: Select[Any], now: datetime) -> list[Candidate]:
    found = db.session.scalars(query).all()
    facts = facts_of_all([proposal.id for proposal in found])
    return [
        Candidate(
            Head(proposal.id, proposal.title, proposal.path, proposal.state, facts[proposal.id].verdict),
            status_on(facts[proposal.id], now),
            proposal.closed_at,
        )
        for proposal in found
    ]
