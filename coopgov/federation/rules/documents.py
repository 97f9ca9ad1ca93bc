"""What others read of us, as ActivityStreams 2.0: plain facts in, documents out that Mastodon and its kin understand.

Nothing here is asked for on the way: contexts are named, and their terms repeated, for those who read JSON-LD.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from markupsafe import Markup, escape

from coopgov.core.time import utc_text

Document = dict[str, Any]
ACTIVITY_TYPE = "application/activity+json"
LD_TYPE = 'application/ld+json; profile="https://www.w3.org/ns/activitystreams"'
STREAMS = "https://www.w3.org/ns/activitystreams"
SECURITY = "https://w3id.org/security/v1"
PUBLIC = f"{STREAMS}#Public"
ACTOR_TERMS = {
    "toot": "http://joinmastodon.org/ns#",
    "schema": "http://schema.org#",  # Mastodon knows its profile fields by this spelling alone
    "manuallyApprovesFollowers": "as:manuallyApprovesFollowers",
    "discoverable": "toot:discoverable",
    "indexable": "toot:indexable",
    "featured": {"@id": "toot:featured", "@type": "@id"},
    "attributionDomains": {"@id": "toot:attributionDomains", "@type": "@id"},
    "PropertyValue": "schema:PropertyValue",
    "value": "schema:value",
    "webfinger": "https://purl.archive.org/socialweb/webfinger#webfinger",
}
NOTE_TERMS = {
    "Hashtag": "as:Hashtag",
    "sensitive": "as:sensitive",
}
CONTEXT = [STREAMS, SECURITY, {**ACTOR_TERMS, **NOTE_TERMS}]
_ADDRESS = re.compile(r"https?://[^\s<>\"\u00ab\u00bb\u201c-\u201f]+")
_AFTER_ADDRESS = ".,;:!?'\u2019\u2026"  # ends the sentence, not the address


@dataclass(frozen=True)
class Profile:
    """What an actor shows of itself; addresses are absolute. ``fields`` are labels and addresses."""

    id: str
    type: str
    handle: str
    authority: str  # the host, with its port where that is not the usual one
    name: str
    summary: str
    page: str
    icon: str
    shared_inbox: str
    key_id: str
    public_pem: str
    published: datetime
    fields: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True)
class Post:
    """What an announcement says; addresses are absolute. ``tags`` are names and addresses of pages."""

    id: str
    author: str  # id of the actor
    title: str
    words: str
    url: str
    language: str
    published: datetime
    updated: datetime | None = None
    reply_to: str = ""
    tags: Sequence[tuple[str, str]] = field(default=())
    is_linked: bool = True  # the words end with the address; not where it is only the home page


# Whole documents


def with_context(document: Document) -> Document:
    """The document as it stands alone: at its own address, or in an inbox."""
    return {"@context": CONTEXT, **document}


def actor(profile: Profile) -> Document:
    """The actor, with the one key that signs now."""
    return {
        "id": profile.id,
        "type": profile.type,
        "preferredUsername": profile.handle,
        "webfinger": f"{profile.handle}@{profile.authority}",
        "name": profile.name,
        "summary": _paragraphs(profile.summary),
        "url": profile.page,
        "published": utc_text(profile.published),
        "icon": {"type": "Image", "mediaType": "image/png", "url": profile.icon},
        "attachment": [_field(label, address) for label, address in profile.fields],
        "manuallyApprovesFollowers": False,
        "discoverable": True,
        "indexable": True,
        "attributionDomains": [profile.authority],
        **{name: f"{profile.id}/{name}" for name in ("inbox", "outbox", "followers", "following", "featured")},
        "endpoints": {"sharedInbox": profile.shared_inbox},
        "publicKey": {"id": profile.key_id, "owner": profile.id, "publicKeyPem": profile.public_pem},
    }


def note(post: Post) -> Document:
    """The announcement, for everybody and for those who follow its author."""
    html = html_of(post.title, post.words, post.url if post.is_linked else "", post.tags)
    return {
        "id": post.id,
        "type": "Note",
        "attributedTo": post.author,
        **_for_all(post.author),
        "published": utc_text(post.published),
        **({"updated": utc_text(post.updated)} if post.updated else {}),
        **({"inReplyTo": post.reply_to} if post.reply_to else {}),
        "url": post.url,
        "content": html,
        "contentMap": {post.language: html},  # Mastodon takes the first key for the language
        "sensitive": False,
        "tag": [{"type": "Hashtag", "name": f"#{name}", "href": address} for name, address in post.tags],
        **{name: f"{post.id}/{name}" for name in ("replies", "likes", "shares")},
    }


def tombstone(thing: str, former_type: str, deleted: datetime | None) -> Document:
    """What stands for good where something was taken back."""
    document = {"id": thing, "type": "Tombstone", "formerType": former_type}
    return {**document, "deleted": utc_text(deleted)} if deleted else document


# What an actor did


def create(activity: str, author: str, at: datetime, thing: Document) -> Document:
    """``author`` says something new."""
    return _did("Create", activity, author, at, thing) | _for_all(author)


def update(activity: str, author: str, at: datetime, thing: Document) -> Document:
    """``author`` says something else than before, or shows itself otherwise."""
    return _did("Update", activity, author, at, thing) | _for_all(author)


def delete(activity: str, author: str, at: datetime, grave: Document) -> Document:
    """``author`` takes something back."""
    return _did("Delete", activity, author, at, grave) | _for_all(author)


def accept(activity: str, author: str, at: datetime, follow: Document) -> Document:
    """``author`` takes a follower; ``follow`` is what they asked by, and it alone is told to them."""
    asker = follow.get("actor")
    return _did("Accept", activity, author, at, follow) | ({"to": [asker]} if isinstance(asker, str) else {})


def _did(kind: str, activity: str, author: str, at: datetime, thing: Document) -> Document:
    return {"id": activity, "type": kind, "actor": author, "published": utc_text(at), "object": thing}


def _for_all(author: str) -> Document:
    return {"to": [PUBLIC], "cc": [f"{author}/followers"]}


# Lists


def collection(address: str, total: int) -> Document:
    """A list of which only the length is said here; its pages begin at ``first``."""
    return {"id": address, "type": "OrderedCollection", "totalItems": total, "first": f"{address}?page=true"}


def collection_page(
    address: str, before: int | None, items: Sequence[Document | str], next_before: int | None
) -> Document:
    """A page of the list at ``address``: what is older than ``before``, or the newest; a cursor never moves on."""
    page = {"id": f"{address}?{_page(before)}", "type": "OrderedCollectionPage", "partOf": address}
    more = {"next": f"{address}?{_page(next_before)}"} if next_before is not None else {}
    return {**page, **more, "orderedItems": list(items)}


def _page(before: int | None) -> str:
    return "page=true" if before is None else f"page=true&before={before}"


# Words


def html_of(title: str, words: str, url: str, tags: Sequence[Sequence[str]]) -> str:
    """The post as its readers elsewhere see it: title in bold, a paragraph for each line, the link, the hashtags.

    ``tags`` are names and addresses. Only elements that Mastodon keeps; everything said is escaped.

    >>> html_of("A < B", "", "https://coop.example/p/7", [])
    '<p><strong>A &lt; B</strong></p><p><a href="https://coop.example/p/7">https://coop.example/p/7</a></p>'
    """
    title_html = Markup("<p><strong>{}</strong></p>").format(title) if title else Markup()
    link = Markup("<p>{}</p>").format(_link(url)) if url else Markup()
    hashtags = Markup(" ").join(_hashtag(name, address) for name, address in tags)
    return str(title_html + _paragraphs(words) + link + (Markup("<p>{}</p>").format(hashtags) if tags else ""))


def _paragraphs(words: str) -> Markup:
    lines = (line.strip() for line in words.splitlines())
    return Markup().join(Markup("<p>{}</p>").format(_with_links(line)) for line in lines if line)


def _with_links(line: str) -> Markup:
    html, done = Markup(), 0
    for found in _ADDRESS.finditer(line):
        address = _without_end_of_sentence(found[0])
        html += escape(line[done : found.start()]) + _link(address)
        done = found.start() + len(address)
    return html + escape(line[done:])


def _without_end_of_sentence(address: str) -> str:
    """As written between brackets or before a full stop: those are not of the address, unless opened in it."""
    while True:
        shorter = address.rstrip(_AFTER_ADDRESS)
        for opening, closing in ("()", "[]", "{}"):
            if shorter.endswith(closing) and shorter.count(closing) > shorter.count(opening):
                shorter = shorter[:-1]
        if shorter == address:
            return address
        address = shorter


def _link(address: str) -> Markup:
    return Markup('<a href="{0}">{0}</a>').format(address)


def _hashtag(name: str, address: str) -> Markup:
    return Markup('<a href="{}" class="mention hashtag" rel="tag">#<span>{}</span></a>').format(address, name)


def _field(label: str, address: str) -> Document:
    html = Markup('<a href="{0}" rel="me nofollow noopener">{0}</a>').format(address)
    return {"type": "PropertyValue", "name": label, "value": str(html)}
