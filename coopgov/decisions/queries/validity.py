"""What was recorded of decisions, and how they hang together; for one, or for a page of them in as many statements."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, and_, false, func, or_, select
from sqlalchemy.orm import aliased
from sqlalchemy.sql.elements import ColumnElement

from coopgov.core.errors import NotFound
from coopgov.decisions.models import DecisionLink, DecisionNote, Outcome, Proposal, ResultRow
from coopgov.decisions.queries.lists import RUNNING
from coopgov.decisions.queries.proposals import is_shown_to_all
from coopgov.decisions.rules.register import DECIDED, Facts, Validity, status_on
from coopgov.discussion.models import Thread
from coopgov.infra.db import db


@dataclass(frozen=True)
class Head:
    """Another vote as a page names it; ``verdict`` is empty before the count."""

    id: int
    title: str
    path: str
    state: str
    verdict: str


@dataclass(frozen=True)
class Relation:
    """How a decision hangs together with ``other``: replaces depends_on re_votes, or the other way round replaced_by
    may_be_replaced_by (under vote) repealed_by repeals needed_by voted_again_in."""

    kind: str
    other: Head


@dataclass(frozen=True)
class About:
    """What stands of a vote beside its count: status and dates, the newest outcome, relations that the reader may see.

    ``hidden_ending``: something that the reader may not see superseded or repealed it. ``changed_at`` is when anything
    of this was last recorded, and ``review_thread`` the one that the clock opened for the review that is due.
    """

    validity: Validity
    outcome: Outcome | None = None
    relations: tuple[Relation, ...] = ()
    hidden_ending: bool = False
    changed_at: datetime | None = None
    review_thread: int | None = None
    reason: str = ""  # of its repeal, or what its last review found


def last_note() -> ColumnElement[bool]:
    """Condition of notes that are the last of their decision."""
    other = aliased(DecisionNote)
    newest = select(func.max(other.id)).where(other.proposal_id == DecisionNote.proposal_id)
    return DecisionNote.id == newest.correlate(DecisionNote).scalar_subquery()


def link_stands() -> ColumnElement[bool]:
    """Condition of links that stand: the last word about their pair and kind."""
    other = aliased(DecisionLink)
    newest = select(func.max(other.id)).where(
        other.proposal_id == DecisionLink.proposal_id,
        other.other_id == DecisionLink.other_id,
        other.kind == DecisionLink.kind,
    )
    return and_(DecisionLink.stands, DecisionLink.id == newest.correlate(DecisionLink).scalar_subquery())


def links_of(proposal_id: int) -> dict[int, str]:
    """What a proposal says of earlier ones: their ids, each with the kind of link."""
    query = select(DecisionLink.other_id, DecisionLink.kind).where(DecisionLink.proposal_id == proposal_id)
    return {other: kind for other, kind in db.session.execute(query.where(link_stands()).order_by(DecisionLink.id))}


def facts_of(proposal_id: int) -> Facts:
    """All that is known of a vote's end; raises NotFound."""
    found = facts_of_all([proposal_id])
    if proposal_id not in found:
        raise NotFound
    return found[proposal_id]


def facts_of_all(ids: Collection[int] | Select[int]) -> dict[int, Facts]:
    """All that is known of the end of each vote, in two statements."""
    query = select(Proposal.id, Proposal.closed_at, ResultRow.verdict).outerjoin(
        ResultRow, ResultRow.proposal_id == Proposal.id
    )
    ends = {key: (verdict or "", at) for key, at, verdict in db.session.execute(query.where(Proposal.id.in_(ids)))}
    notes = _grouped(_notes(DecisionNote.proposal_id.in_(ids)))
    return {key: Facts(verdict, at, notes.get(key, ())) for key, (verdict, at) in ends.items()}


def abouts(ends: Mapping[int, tuple[str, datetime | None]], is_member: bool, now: datetime) -> dict[int, About]:
    """What stands of each vote, of which verdict and closing are known; in four statements for any number."""
    ids = list(ends)
    touching = _notes(or_(DecisionNote.proposal_id.in_(ids), DecisionNote.other_id.in_(ids)))
    notes, links, outcomes = _grouped(touching), _links_around(ids), newest_outcomes(ids)
    ties: dict[int, list[tuple[str, int]]] = {}
    for one, kind, other in (*_ties_of_notes(touching), *_ties_of_links(links)):
        ties.setdefault(one, []).append((kind, other))
    heads = _heads({other for key in ids for _, other in ties.get(key, ())}, is_member)
    found = {}
    for key, (verdict, closed_at) in ends.items():
        own = notes.get(key, [])
        validity = status_on(Facts(verdict, closed_at, own), now)
        found[key] = About(
            validity=validity,
            outcome=outcomes.get(key),
            relations=tuple(Relation(*pair) for pair in _seen(ties.get(key, ()), heads)),
            hidden_ending=bool(validity.ending and validity.ending.other_id and validity.ending.other_id not in heads),
            changed_at=_last_change(own, outcomes.get(key)),
            review_thread=_review_thread(own, validity),
            reason=next((note.reason for note in reversed(own) if note.reason), ""),
        )
    return found


def _review_thread(notes: Iterable[DecisionNote], validity: Validity) -> int | None:
    due = [note.thread_id for note in notes if note.thread_id and note.review_at == validity.review_at]
    return due[-1] if due else None


def _notes(condition: ColumnElement[bool]) -> Sequence[DecisionNote]:
    return db.session.scalars(select(DecisionNote).where(condition).order_by(DecisionNote.id)).all()


def _grouped(notes: Iterable[DecisionNote]) -> dict[int, list[DecisionNote]]:
    grouped: dict[int, list[DecisionNote]] = {}
    for note in notes:
        grouped.setdefault(note.proposal_id, []).append(note)
    return grouped


def _links_around(ids: Collection[int]) -> Sequence[DecisionLink]:
    around = or_(DecisionLink.proposal_id.in_(ids), DecisionLink.other_id.in_(ids))
    return db.session.scalars(select(DecisionLink).where(around, link_stands()).order_by(DecisionLink.id)).all()


def newest_outcomes(ids: Collection[int]) -> dict[int, Outcome]:
    """The outcome that stands on each vote's page."""
    other = aliased(Outcome)
    newest = select(func.max(other.number)).where(other.proposal_id == Outcome.proposal_id).correlate(Outcome)
    query = select(Outcome).where(Outcome.proposal_id.in_(ids), Outcome.number == newest.scalar_subquery())
    return {outcome.proposal_id: outcome for outcome in db.session.scalars(query)}


Tie = tuple[int, str, int]  # of which decision, the kind, to which other


def _ties_of_notes(notes: Iterable[DecisionNote]) -> list[Tie]:
    ties: list[Tie] = []
    for note in notes:
        if note.other_id is None:
            continue
        if note.act == "superseded":
            ties.append((note.proposal_id, "replaced_by", note.other_id))
        elif note.act == "repealed":
            ties += [(note.proposal_id, "repealed_by", note.other_id), (note.other_id, "repeals", note.proposal_id)]
    return ties


_BACKWARDS = {"replaces": "may_be_replaced_by", "depends_on": "needed_by", "re_votes": "voted_again_in"}


def _ties_of_links(links: Iterable[DecisionLink]) -> list[Tie]:
    ties: list[Tie] = []
    for link in links:
        ties.append((link.proposal_id, link.kind, link.other_id))
        ties.append((link.other_id, _BACKWARDS[link.kind], link.proposal_id))
    return ties


def _seen(related: Iterable[tuple[str, int]], heads: Mapping[int, Head]) -> list[tuple[str, Head]]:
    """Those that the reader may see, and that say something: a vote that failed replaces and needs nothing."""
    return [(kind, heads[other]) for kind, other in related if other in heads and _says(kind, heads[other])]


def _says(kind: str, other: Head) -> bool:
    if kind == "may_be_replaced_by":
        return other.state in RUNNING
    if kind == "needed_by":
        return other.state in RUNNING or other.verdict in DECIDED
    return kind != "voted_again_in" or other.state in (*RUNNING, "closed")


def _heads(ids: Collection[int], is_member: bool) -> dict[int, Head]:
    if not ids:
        return {}
    query = (
        select(Proposal.id, Proposal.title, Proposal.slug, Proposal.state, ResultRow.verdict)
        .join(Thread, Thread.id == Proposal.thread_id)
        .outerjoin(ResultRow, ResultRow.proposal_id == Proposal.id)
        .where(Proposal.id.in_(ids))
    )
    rows = db.session.execute(query if is_member else query.where(is_shown_to_all()))
    return {
        key: Head(key, title, f"/p/{key}-{slug}" if slug else f"/p/{key}", state, verdict or "")
        for key, title, slug, state, verdict in rows
    }


def _last_change(notes: Sequence[DecisionNote], outcome: Outcome | None) -> datetime | None:
    return max([*(note.at for note in notes), *([outcome.recorded_at] if outcome else [])], default=None)


def due_for_review(now: datetime) -> Sequence[int]:
    """Ids of votes whose review date has come and got no thread yet, the first to come first."""
    opened = aliased(DecisionNote)
    has_thread = (
        select(opened.id)
        .where(
            opened.act == "review_opened",
            opened.proposal_id == DecisionNote.proposal_id,
            opened.review_at == DecisionNote.review_at,
        )
        .exists()
    )
    query = select(DecisionNote.proposal_id).where(
        DecisionNote.review_at <= now,
        DecisionNote.act.in_(("dates", "reviewed")),
        or_(DecisionNote.ends_at.is_(None), DecisionNote.ends_at > now),
        last_note(),
        ~has_thread,
    )
    return db.session.scalars(query.order_by(DecisionNote.review_at, DecisionNote.id)).all()


def last_note_of(proposal_id: int) -> DecisionNote | None:
    """What was recorded last of a decision."""
    query = select(DecisionNote).where(DecisionNote.proposal_id == proposal_id).order_by(DecisionNote.id.desc())
    return db.session.scalars(query.limit(1)).first()


def reviewed_in(thread_id: int) -> int | None:
    """Id of the decision for whose review the clock opened the thread; None for every other thread."""
    return db.session.scalar(select(DecisionNote.proposal_id).where(DecisionNote.thread_id == thread_id))


def has_status(wanted: str, now: datetime) -> ColumnElement[bool]:
    """Condition of closed votes with this status at ``now``, in a statement that joins results and (outer) the last
    notes; nothing has a status that there is not. The same as ``status_on``, which ``coopgov check`` compares."""
    act, ends_at, review_at = DecisionNote.act, DecisionNote.ends_at, DecisionNote.review_at
    stands = or_(act.is_(None), act.not_in(("superseded", "repealed")))
    runs = and_(stands, or_(ends_at.is_(None), ends_at > now))
    conditions = {
        "superseded": act == "superseded",
        "repealed": act == "repealed",
        "lapsed": and_(stands, ends_at <= now),
        "review_due": and_(runs, review_at <= now),
        "in_force": and_(runs, or_(review_at.is_(None), review_at > now)),
    }
    return and_(ResultRow.verdict.in_(DECIDED), conditions.get(wanted, false()))
