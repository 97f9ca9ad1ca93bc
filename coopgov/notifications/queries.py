"""Reads of notifications: the inbox, who wants which mail."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, and_, exists, func, or_, select
from sqlalchemy.sql.elements import ColumnElement

from coopgov.core.viewer import Viewer
from coopgov.decisions.models import Ballot, Outcome, RollAmendment, RollEntry
from coopgov.discussion.models import ReadMark, Thread
from coopgov.identity.models import Party
from coopgov.infra.db import db
from coopgov.notifications.kinds import KINDS
from coopgov.notifications.models import Notice, Preference


@dataclass(frozen=True)
class InboxLine:
    """A notice as its reader sees it."""

    id: int
    kind: str
    title: str
    by_name: str
    path: str
    created_at: datetime
    is_unread: bool


def is_unread() -> ColumnElement[bool]:
    """Condition of notices that wait: not ticked off, and the party has not read their thread that far."""
    seen = exists().where(
        ReadMark.party_id == Notice.party_id,
        ReadMark.thread_id == Notice.thread_id,
        ReadMark.number >= Notice.number,
    )
    return and_(Notice.read_at.is_(None), ~seen)


def unread_count(party_id: int) -> int:
    """How many notices wait for the party."""
    query = select(func.count()).select_from(Notice).where(Notice.party_id == party_id, is_unread())
    return db.session.scalar(query) or 0


def notice_counts(viewer: Viewer) -> tuple[int, int]:
    """How many notices the viewer has in all, and how many of them wait."""
    query = _inbox(viewer).with_only_columns(func.count(), func.count().filter(is_unread()))
    everything, waiting = db.session.execute(query).one()
    return everything, waiting


def inbox(viewer: Viewer, waiting_only: bool, limit: int, offset: int = 0) -> list[InboxLine]:
    """The viewer's notices, newest first. Who is no member sees those of members' threads no more."""
    query = _inbox(viewer).order_by(Notice.created_at.desc(), Notice.id.desc()).limit(limit).offset(offset)
    rows = db.session.execute(query.where(is_unread()) if waiting_only else query)
    return [InboxLine(*row) for row in rows]


def _inbox(viewer: Viewer) -> Select[int, str, str, str, str, datetime, bool]:
    query = (
        select(
            Notice.id,
            Notice.kind,
            Notice.title,
            Notice.by_name,
            Notice.path,
            Notice.created_at,
            is_unread().label("waits"),
        )
        .outerjoin(Thread, Thread.id == Notice.thread_id)
        .where(Notice.party_id == viewer.party_id)
    )
    return query if viewer.is_member else query.where(or_(Notice.number.is_(None), Thread.is_public))


def mail_choices(party_id: int) -> dict[str, bool]:
    """Kind → whether the party gets it by mail, over all kinds."""
    query = select(Preference.kind, Preference.by_mail).where(Preference.party_id == party_id)
    chosen = {kind: by_mail for kind, by_mail in db.session.execute(query)}
    return {key: chosen.get(key, kind.by_mail) for key, kind in KINDS.items()}


def exceptions_from(kind: str) -> set[int]:
    """Parties who chose the opposite of what the kind does by default."""
    query = select(Preference.party_id).where(Preference.kind == kind, Preference.by_mail != KINDS[kind].by_mail)
    return set(db.session.scalars(query))


def entries_on_roll(proposal_id: int) -> dict[int, int]:
    """Party → id of its roll entry, over the proposal's whole roll."""
    query = select(RollEntry.party_id, RollEntry.id).where(RollEntry.proposal_id == proposal_id)
    return {party_id: entry_id for party_id, entry_id in db.session.execute(query)}


def entry_of_ballot(ballot: Ballot) -> RollEntry:
    """The line of the roll whose elector cast it."""
    return db.session.get_one(RollEntry, ballot.roll_entry_id)


def organisations_among(parties: Collection[int]) -> set[int]:
    """Those of ``parties`` that are organisations."""
    found = db.session.scalars(select(Party.id).where(Party.kind == "organisation"))  # there are few
    return set(parties) & set(found)


def amended_because(proposal_id: int, party_id: int, act: str) -> str:
    """The reason that was given when the party's line on the roll was amended in this way."""
    query = select(RollAmendment.reason).join(RollEntry, RollEntry.id == RollAmendment.roll_entry_id)
    query = query.where(RollEntry.proposal_id == proposal_id, RollEntry.party_id == party_id, RollAmendment.act == act)
    return db.session.scalars(query).one()


def latest_outcome(proposal_id: int) -> Outcome:
    """What was last written down to follow from the proposal; raises NoResultFound before anything was."""
    query = select(Outcome).where(Outcome.proposal_id == proposal_id).order_by(Outcome.number.desc()).limit(1)
    return db.session.scalars(query).one()
