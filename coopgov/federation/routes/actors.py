"""What stands at the ids of our actors, posts and activities: always JSON, always as it is now, for anybody."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, request

from coopgov.core.errors import NotFound
from coopgov.federation.models import Activity, Actor, Announcement
from coopgov.federation.queries import documents
from coopgov.federation.queries.actors import actor_by_id
from coopgov.federation.queries.announcements import may_be_told
from coopgov.federation.queries.documents import Listed
from coopgov.federation.rules import documents as rules
from coopgov.federation.rules.icon import icon, initials
from coopgov.infra.coop import the_coop
from coopgov.infra.db import db
from coopgov.infra.settings import site_url
from coopgov.infra.web.access import PUBLIC, allow
from coopgov.infra.web.addresses import LARGEST_ID
from coopgov.infra.web.pages import public_page

Sized = tuple[Callable[[Any], int], Callable[[Any, int | None], Listed]]  # how long a list is, and a page of it
GONE = 410
OF_AN_ACTOR: dict[str, Sized] = {
    "outbox": (documents.outbox_size, documents.outbox),
    "followers": (documents.follower_count, documents.followers),
    "following": (lambda _actor_id: 0, documents.nobody),
    "featured": (documents.featured_size, documents.featured),
}
OF_A_NOTE: dict[str, Sized] = {
    "likes": (documents.like_count, documents.nobody),
    "shares": (documents.share_count, documents.nobody),
    "replies": (documents.replies_size, documents.replies),
}
bp = Blueprint("actors", __name__)


@bp.after_request
def _for_any_page(response: Response) -> Response:
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response


@bp.get("/ap/actors/<int:number>")
@allow(PUBLIC)
def actor(number: int) -> Response:
    return _answer(documents.actor_document(_actor(number)))


@bp.get("/ap/actors/<int:number>/<any(outbox, followers, following, featured):name>")
@allow(PUBLIC)
def actors_list(number: int, name: str) -> Response:
    return _list(f"{_actor(number).path}/{name}", OF_AN_ACTOR[name], number)


@bp.get("/ap/actors/<int:number>/icon.png")
@allow(PUBLIC)
def picture(number: int) -> Response:
    """The co-op's initials; a fresh address in the actor's document tells of a change."""
    _actor(number)
    coop = the_coop()
    letters = initials(coop.name) if coop else ""
    return public_page(letters, lambda: icon(letters), "image/png")


@bp.get("/ap/notes/<int:number>")
@allow(PUBLIC)
def note(number: int) -> Response:
    """The post; where it was taken back a tombstone, for good."""
    announcement = _row(Announcement, number)
    return _answer(documents.note_document(announcement), 200 if may_be_told(announcement) else GONE)


@bp.get("/ap/notes/<int:number>/<any(likes, shares, replies):name>")
@allow(PUBLIC)
def notes_list(number: int, name: str) -> Response:
    announcement = _row(Announcement, number)
    if not may_be_told(announcement):
        return _answer(documents.note_document(announcement), GONE)
    return _list(f"{announcement.note_path}/{name}", OF_A_NOTE[name], announcement)


@bp.get("/ap/activities/<int:number>")
@allow(PUBLIC)
def activity(number: int) -> Response:
    """What an actor did; the saying of what was taken back since is gone with it."""
    found = _row(Activity, number)
    about = documents.note_of(found)
    is_gone = about is not None and found.type != "Delete" and not may_be_told(about)
    return _answer(documents.public_activity(found), GONE if is_gone else 200)


def _actor(number: int) -> Actor:
    found = actor_by_id(number)
    if found is None:
        raise NotFound
    return found


def _row(kind: type[Any], number: int) -> Any:
    found = db.session.get(kind, number)
    if found is None:
        raise NotFound
    return found


def _list(path: str, sized: Sized, owner: object) -> Response:
    address, (size, part) = site_url(path), sized
    if not {"page", "before"} & set(request.args):
        return _answer(rules.with_context(rules.collection(address, size(owner))))
    before = _cursor(request.args.get("before"))
    listed = part(owner, before)
    return _answer(rules.with_context(rules.collection_page(address, before, listed.items, listed.next_before)))


def _cursor(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(LARGEST_ID)) and int(text) <= LARGEST_ID):
        raise NotFound
    return int(text)


def _answer(document: rules.Document, status: int = 200) -> Response:
    body = documents.as_bytes(document)
    return public_page(body, lambda: body, rules.ACTIVITY_TYPE, status=status)
