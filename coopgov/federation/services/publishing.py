"""What our actor says: announcements, their edits and their end, each with the activity that tells the others.

A row, its activity and the deliveries to every inbox commit together with what they tell of; nothing is sent here.
"""

from datetime import datetime, timedelta

from coopgov.core.errors import Refused
from coopgov.federation.models import Activity, Actor, Announcement, Silence
from coopgov.federation.queries.actors import the_actor
from coopgov.federation.queries.announcements import said_by_hand_since, said_post, silence_over, standing
from coopgov.federation.rules.announcing import BY_HAND, HOME, Post, check_by_hand
from coopgov.federation.services import deliveries
from coopgov.infra import audit
from coopgov.infra.audit import SYSTEM
from coopgov.infra.coop import the_coop
from coopgov.infra.db import writing_session

SAME_AGAIN = timedelta(minutes=10)  # the same words by hand within this time are a double click


def publish(
    kind: str, subject: str, post: Post, now: datetime, reply_to: Announcement | None = None
) -> Announcement | None:
    """A new announcement, on its way to all followers; None when it is not to be, or is there already.

    It is not to be while there is no actor, or when somebody wants silence about ``subject``.
    """
    actor = the_actor()
    if actor is None or silence_over(subject) or standing(kind, subject):
        return None
    return _say(actor, kind, subject, post, SYSTEM, now, reply_to)


def publish_by_hand(actor: Actor, title: str, words: str, by: int | str, now: datetime) -> Announcement:
    """What somebody (a party id, or ``cli``) wrote, on its way to all followers; the same again within ten minutes is
    the first one. Raises Refused ``announcement.…``."""
    title, words = check_by_hand(title, words)
    if before := said_by_hand_since(now - SAME_AGAIN, title, words):
        return before
    return _say(actor, BY_HAND, "", Post(title, words, HOME, _language()), by, now, None)


def revise_by_hand(announcement: Announcement, title: str, words: str, by: int | str, now: datetime) -> bool:
    """Other words for what was announced by hand; False when nothing changed. Raises Refused ``announcement.…``."""
    if announcement.kind != BY_HAND or announcement.withdrawn_at is not None:
        raise Refused("announcement.withdrawn")
    title, words = check_by_hand(title, words)
    return revise(announcement, Post(title, words, announcement.path, announcement.language), now, by)


def revise(announcement: Announcement, post: Post, now: datetime, by: int | str = SYSTEM) -> bool:
    """New words for a standing announcement, told to everybody who had the old ones; False when nothing changed."""
    if announcement.withdrawn_at is not None or said_post(announcement) == post:
        return False
    _write(announcement, post)
    announcement.version += 1
    announcement.updated_at = now
    update = _did("Update", announcement, now)
    deliveries.send_to_all_who_had(announcement, update, now)
    audit.record(by, "announcement.revised", _name(announcement), now, version=announcement.version)
    return True


def withdraw(announcement: Announcement, now: datetime, by: int | str = SYSTEM) -> None:
    """Takes an announcement back everywhere; its words are gone from here at once. Harmless when repeated."""
    if announcement.withdrawn_at is not None:
        return
    _write(announcement, Post("", "", HOME, announcement.language))
    announcement.version += 1
    announcement.withdrawn_at = now
    deletion = _did("Delete", announcement, now)
    deliveries.send_to_all_who_had(announcement, deletion, now)
    audit.record(by, "announcement.withdrawn", _name(announcement), now)


def tell_followers(activity: Activity, now: datetime) -> None:
    """Puts an activity, such as a change of the actor itself, on its way to all followers."""
    deliveries.send_to_followers(activity, now)


def be_silent(subject: str, by_id: int, now: datetime) -> None:
    """Nothing will be announced about ``subject``. Harmless when repeated."""
    if silence_over(subject) is None:
        writing_session().add(Silence(subject=subject, party_id=by_id, at=now))
        audit.record(by_id, "announcement.silenced", subject, now)


def speak_again(subject: str, by_id: int, now: datetime) -> None:
    """What happens to ``subject`` will be announced after all. Harmless when repeated."""
    if silence := silence_over(subject):
        session = writing_session()
        session.delete(silence)
        session.flush()
        audit.record(by_id, "announcement.unsilenced", subject, now)


def _say(
    actor: Actor, kind: str, subject: str, post: Post, by: int | str, now: datetime, reply_to: Announcement | None
) -> Announcement:
    announcement = Announcement(actor_id=actor.id, kind=kind, subject=subject, published_at=now)
    announcement.reply_to_id = reply_to.id if reply_to else None
    _write(announcement, post)
    session = writing_session()
    session.add(announcement)
    session.flush()
    deliveries.send_to_followers(_did("Create", announcement, now), now)
    audit.record(by, "announcement.published", _name(announcement), now, kind=kind, about=subject)
    return announcement


def _did(act: str, announcement: Announcement, now: datetime) -> Activity:
    activity = Activity(actor_id=announcement.actor_id, type=act, announcement_id=announcement.id, at=now)
    session = writing_session()
    session.add(activity)
    session.flush()
    return activity


def _write(announcement: Announcement, post: Post) -> None:
    announcement.title, announcement.words, announcement.path = post.title, post.words, post.path
    announcement.tags, announcement.language = [list(tag) for tag in post.tags], post.language


def _name(announcement: Announcement) -> str:
    return f"announcement:{announcement.id}"


def _language() -> str:
    coop = the_coop()
    if coop is None:
        raise Refused("announcement.no_actor")
    return coop.language
