"""Our documents, made of our rows: what anybody may fetch, and what is delivered, which is the same."""

import json

from sqlalchemy import func, select

from coopgov.federation.models import Activity, Actor, Announcement, Reaction
from coopgov.federation.queries.actors import current_key, handle_of, key_id
from coopgov.federation.rules import documents
from coopgov.federation.rules.documents import ACTOR_CONTEXT, NOTE_CONTEXT, Json, Note, Profile, Reactions, with_context
from coopgov.infra.coop import the_coop
from coopgov.infra.db import db
from coopgov.infra.i18n import gettext as _
from coopgov.infra.i18n import speaking
from coopgov.infra.settings import current_settings, site_url


def body_of(document: Json) -> bytes:
    """The bytes of a document: JSON in UTF-8 without white space that says nothing."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


# Our actor


def actor_document(actor: Actor) -> Json:
    """The actor as it is served, and sent when it changed."""
    return with_context(documents.actor(profile_of(actor)), ACTOR_CONTEXT)


def profile_of(actor: Actor) -> Profile:
    """What is public of the co-op, in its own language, with the key that signs now."""
    coop, key = the_coop(), current_key(actor.id)
    name, summary, version = (coop.name, coop.summary, coop.version) if coop else (actor.handle, "", 0)
    return Profile(
        id=site_url(actor.path),
        type=current_settings().actor_type,
        handle=actor.handle,
        acct=handle_of(actor),
        name=name,
        summary=summary,
        home=site_url("/"),
        icon=site_url(f"{actor.path}/icon.png?v={version}"),
        shared_inbox=site_url("/ap/inbox"),
        fields=_fields(),
        key_id=key_id(actor, key),
        pem=key.public_pem,
        published=actor.created_at,
    )


def _fields() -> list[tuple[str, str]]:
    coop = the_coop()
    with speaking(coop.language if coop else "", "UTC"):
        pages = ((_("Join us"), "/join"), (_("Decisions"), "/decisions"), (_("Finances"), "/finances"))
        return [(label, site_url(path)) for label, path in pages]


# Posts


def note_document(announcement: Announcement) -> Json:
    """The post as it is served; a tombstone once it was taken back."""
    return with_context(note_of(announcement), NOTE_CONTEXT)


def note_of(announcement: Announcement) -> Json:
    """The post as it stands inside other documents."""
    a = announcement
    if a.withdrawn_at is not None:
        return documents.tombstone(site_url(a.note_path), a.withdrawn_at)
    return documents.note(
        Note(
            id=site_url(a.note_path),
            actor=site_url(db.session.get_one(Actor, a.actor_id).path),
            url=site_url(a.path),
            title=a.title,
            words=a.words,
            tags=[(name, site_url(path)) for name, path in a.tags],
            language=a.language,
            published=a.published_at,
            updated=a.updated_at,
            reply_to=site_url(db.session.get_one(Announcement, a.reply_to_id).note_path) if a.reply_to_id else "",
            reactions=reactions_of(a.id),
        )
    )


def reactions_of(announcement_id: int) -> Reactions:
    """How often the post was liked and shared, and how many of our own posts answer it."""
    query = select(Reaction.kind, func.count()).where(Reaction.announcement_id == announcement_id)
    counts = {kind: number for kind, number in db.session.execute(query.group_by(Reaction.kind))}
    answers = select(func.count()).where(
        Announcement.reply_to_id == announcement_id, Announcement.withdrawn_at.is_(None)
    )
    return Reactions(counts.get("like", 0), counts.get("share", 0), db.session.scalar(answers) or 0)


# What we did


def activity_document(activity: Activity) -> Json:
    """What our actor did, as it is delivered and served."""
    return with_context(activity_of(activity), ACTOR_CONTEXT if activity.announcement_id is None else NOTE_CONTEXT)


def activity_body(activity_id: int) -> bytes:
    """The bytes that are delivered: of a post as it stands now. Raises NoResultFound for no activity."""
    return body_of(activity_document(db.session.get_one(Activity, activity_id)))


def activity_of(activity: Activity) -> Json:
    """What our actor did, as it stands inside other documents."""
    actor = db.session.get_one(Actor, activity.actor_id)
    own_id, actor_id, at = site_url(activity.path), site_url(actor.path), activity.at
    if activity.type == "Accept":
        return documents.accept(own_id, actor_id, activity.object or {})
    if activity.announcement_id is None:
        return documents.update(own_id, actor_id, at, documents.actor(profile_of(actor)))
    announcement = db.session.get_one(Announcement, activity.announcement_id)
    if activity.type == "Delete":
        return documents.delete(own_id, actor_id, at, site_url(announcement.note_path))
    made = documents.create if activity.type == "Create" else documents.update
    return made(own_id, actor_id, at, note_of(announcement))
