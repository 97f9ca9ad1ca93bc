"""Our documents, the same whether others fetch them or get them delivered."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, String, cast, func, literal, select

from coopgov.core.errors import NotFound
from coopgov.core.text import N_
from coopgov.decisions.models import Proposal
from coopgov.decisions.queries.proposals import is_shown_to_all
from coopgov.discussion.models import Thread
from coopgov.federation.models import Activity, Actor, Announcement, Follower, Reaction, RemoteActor
from coopgov.federation.queries.actors import current_key, key_id
from coopgov.federation.queries.announcements import may_be_told
from coopgov.federation.rules import documents as rules
from coopgov.federation.rules.announcing import HOME
from coopgov.federation.rules.documents import Document
from coopgov.federation.rules.hosts import authority_of
from coopgov.infra.coop import coop_version, the_coop
from coopgov.infra.db import db
from coopgov.infra.i18n import DEFAULT, speaking
from coopgov.infra.i18n import gettext as _
from coopgov.infra.settings import current_settings, site_url

PAGE = 20  # entries on a page of a list
SHARED_INBOX = "/ap/inbox"
FIELDS = ((N_("Join"), "/join"), (N_("Decisions"), "/decisions"), (N_("Finances"), "/finances"))


# Whole documents


def as_bytes(document: Document) -> bytes:
    """The document as it goes out: compact JSON in UTF-8, the same bytes for the same facts."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def actor_document(actor: Actor) -> Document:
    """The actor as it shows itself now, in the co-op's language."""
    return rules.with_context(_actor(actor))


def note_document(announcement: Announcement) -> Document:
    """The announcement; a tombstone once it is withdrawn, or as soon as nobody may read what it is about."""
    return rules.with_context(_note(announcement))


def activity_document(activity: Activity) -> Document:
    """The activity with what it is about as that is now: of what was taken back only the tombstone is left."""
    return rules.with_context(_activity(activity))


def public_activity(activity: Activity) -> Document:
    """The activity as anybody may fetch it: as it is delivered, unless the co-op keeps to itself who follows."""
    document = activity_document(activity)
    hidden = ("object", "to") if activity.type == "Accept" and current_settings().hide_followers else ()
    return {name: value for name, value in document.items() if name not in hidden}


def activity_body(activity_id: int) -> bytes:
    """The activity as it is delivered; ``public_activity`` is what others may fetch of it. Raises NotFound."""
    activity = db.session.get(Activity, activity_id)
    if activity is None:
        raise NotFound
    return as_bytes(activity_document(activity))


def note_of(activity: Activity) -> Announcement | None:
    """The announcement that the activity tells of; None when it tells of none."""
    return db.session.get_one(Announcement, activity.announcement_id) if activity.announcement_id else None


def icon_path(actor: Actor) -> str:
    """Where the actor's picture is; another address after each change of the co-op's profile, so it is fetched anew."""
    return f"{actor.path}/icon.png?v={coop_version()}"


def _actor(actor: Actor) -> Document:
    coop = the_coop()
    key = current_key(actor.id)
    with speaking(coop.language if coop else DEFAULT, "UTC"):
        fields = [(_(label), site_url(path)) for label, path in FIELDS]
    profile = rules.Profile(
        id=site_url(actor.path),
        type=current_settings().actor_type,
        handle=actor.handle,
        authority=authority_of(site_url("/")),
        name=coop.name if coop else actor.handle,
        summary=coop.summary if coop else "",
        page=site_url("/"),
        icon=site_url(icon_path(actor)),
        shared_inbox=site_url(SHARED_INBOX),
        key_id=key_id(actor, key),
        public_pem=key.public_pem,
        published=actor.created_at,
        fields=fields,
    )
    return rules.actor(profile)


def _note(announcement: Announcement) -> Document:
    a = announcement
    if not may_be_told(a):
        return rules.tombstone(site_url(a.note_path), "Note", a.withdrawn_at)
    post = rules.Post(
        id=site_url(a.note_path),
        author=site_url(_actor_path(a.actor_id)),
        title=a.title,
        words=a.words,
        url=site_url(a.path),
        language=a.language,
        published=a.published_at,
        updated=a.updated_at,
        reply_to=site_url(f"/ap/notes/{a.reply_to_id}") if a.reply_to_id else "",
        tags=[(name, site_url(path)) for name, path in a.tags],
        is_linked=a.path != HOME,
    )
    return rules.note(post)


def _activity(activity: Activity) -> Document:
    made_by: dict[str, Callable[..., Document]] = {
        "Create": rules.create,
        "Update": rules.update,
        "Delete": rules.delete,
        "Accept": rules.accept,
    }
    author = site_url(_actor_path(activity.actor_id))
    return made_by[activity.type](site_url(activity.path), author, activity.at, _object(activity))


def _object(activity: Activity) -> Document:
    note = note_of(activity)
    if note is not None:
        return _note(note)
    if activity.object is not None:
        return activity.object
    return _actor(db.session.get_one(Actor, activity.actor_id))


def _actor_path(actor_id: int) -> str:
    return f"/ap/actors/{actor_id}"


# Lists: their length, and pages of PAGE whose cursor is the id of the last entry


@dataclass(frozen=True)
class Listed:
    """A part of a list, newest first; ``next_before`` is the cursor of what follows, None at the end."""

    items: Sequence[Document | str] = ()
    next_before: int | None = None


def outbox_size(actor_id: int) -> int:
    """How many announcements of the actor stand."""
    return _count(_said(actor_id))


def outbox(actor_id: int, before: int | None) -> Listed:
    """The activities by which they were said. What nobody may read any more is left out at once."""
    rows, next_before = _part(_said(actor_id), Activity.id, before)
    told = [activity for activity in rows if (note := note_of(activity)) and may_be_told(note)]
    return Listed([_activity(activity) for activity in told], next_before)


def follower_count(actor_id: int) -> int:
    """How many follow the actor."""
    return _count(select(Follower.id).where(Follower.actor_id == actor_id))


def followers(actor_id: int, before: int | None) -> Listed:
    """The ids of those who follow, who came last first; nobody where the co-op keeps that to itself."""
    if current_settings().hide_followers:
        return Listed()
    query = select(Follower.id, RemoteActor.uri).join(RemoteActor, RemoteActor.id == Follower.remote_actor_id)
    query = query.where(Follower.actor_id == actor_id)
    if before is not None:
        query = query.where(Follower.id < before)
    rows = db.session.execute(query.order_by(Follower.id.desc()).limit(PAGE + 1)).all()
    return Listed([row.uri for row in rows[:PAGE]], rows[PAGE - 1].id if len(rows) > PAGE else None)


def nobody(_owner: object, _before: int | None) -> Listed:
    """A list of which only the length is told: who likes or shares a post is not ours to publish."""
    return Listed()


def featured_size(actor_id: int) -> int:
    """How many announced votes are open."""
    return _count(_pinned(actor_id))


def featured(actor_id: int, before: int | None) -> Listed:
    """What stands on top of the actor's page: the announcements of votes that are open."""
    rows, next_before = _part(_pinned(actor_id), Announcement.id, before)
    return Listed([_note(announcement) for announcement in rows if may_be_told(announcement)], next_before)


def replies_size(announcement: Announcement) -> int:
    """How many announcements of our own reply to this one."""
    return _count(_replies(announcement))


def replies(announcement: Announcement, before: int | None) -> Listed:
    """The ids of our own announcements that reply to this one."""
    rows, next_before = _part(_replies(announcement), Announcement.id, before)
    return Listed([site_url(reply.note_path) for reply in rows if may_be_told(reply)], next_before)


def like_count(announcement: Announcement) -> int:
    """How many people elsewhere like the announcement."""
    return _reactions(announcement, "like")


def share_count(announcement: Announcement) -> int:
    """How many people elsewhere share the announcement."""
    return _reactions(announcement, "share")


def note_of_thread(thread_id: int) -> str:
    """Path of the announcement of a public thread; empty without one. One statement."""
    query = _standing("thread", f"thread:{thread_id}").join(Thread, Thread.id == thread_id)
    return _path_of(query.where(Thread.is_public, Thread.state == "visible"))


def note_of_proposal(proposal_id: int) -> str:
    """Path of the announcement of a public vote's opening; empty without one. One statement."""
    query = _standing("opened", f"proposal:{proposal_id}").join(Proposal, Proposal.id == proposal_id)
    return _path_of(query.join(Thread, Thread.id == Proposal.thread_id).where(is_shown_to_all()))


def last_said() -> int:
    """Rises whenever anything is announced, changed or taken back."""
    return db.session.scalar(select(func.max(Activity.id))) or 0


def _standing(kind: str, subject: str) -> Select[Any]:
    is_one = (Announcement.kind == kind) & (Announcement.subject == subject)
    return select(Announcement).where(is_one, Announcement.withdrawn_at.is_(None))


def _path_of(query: Select[Any]) -> str:
    found = db.session.scalars(query.order_by(Announcement.id.desc())).first()
    return found.note_path if found is not None else ""


def _reactions(announcement: Announcement, kind: str) -> int:
    return _count(select(Reaction.id).where(Reaction.announcement_id == announcement.id, Reaction.kind == kind))


def _said(actor_id: int) -> Select[Any]:
    standing = select(Announcement.id).where(Announcement.actor_id == actor_id, Announcement.withdrawn_at.is_(None))
    return select(Activity).where(Activity.type == "Create", Activity.announcement_id.in_(standing))


def _pinned(actor_id: int) -> Select[Any]:
    is_its = Announcement.subject == literal("proposal:") + cast(Proposal.id, String)
    query = select(Announcement).join(Proposal, is_its).where(Announcement.actor_id == actor_id)
    return query.where(Announcement.kind == "opened", Announcement.withdrawn_at.is_(None), Proposal.state == "open")


def _replies(announcement: Announcement) -> Select[Any]:
    is_one = Announcement.reply_to_id == announcement.id
    return select(Announcement).where(is_one, Announcement.withdrawn_at.is_(None))


def _count(query: Select[Any]) -> int:
    return db.session.scalar(select(func.count()).select_from(query.subquery())) or 0


def _part(query: Select[Any], number: Any, before: int | None) -> tuple[Sequence[Any], int | None]:
    if before is not None:
        query = query.where(number < before)
    rows = db.session.scalars(query.order_by(number.desc()).limit(PAGE + 1)).all()
    return rows[:PAGE], rows[PAGE - 1].id if len(rows) > PAGE else None
