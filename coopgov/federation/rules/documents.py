"""The documents of the wire: our actor, its posts, what it did and its lists, made of plain facts.

ActivityStreams 2.0 as Mastodon, GoToSocial, Fedify and the others read it: ids are absolute addresses, a document that
is delivered is the one that is served, and no term is used that the contexts do not explain.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Any

from coopgov.core.time import utc_text

Json = dict[str, Any]

ACTIVITY_TYPE = "application/activity+json"
ACTIVITY_STREAMS = "https://www.w3.org/ns/activitystreams"
SECURITY = "https://w3id.org/security/v1"
EVERYBODY = f"{ACTIVITY_STREAMS}#Public"
ACTOR_CONTEXT = [
    ACTIVITY_STREAMS,
    SECURITY,
    {
        "manuallyApprovesFollowers": "as:manuallyApprovesFollowers",
        "toot": "http://joinmastodon.org/ns#",
        "featured": {"@id": "toot:featured", "@type": "@id"},
        "discoverable": "toot:discoverable",
        "indexable": "toot:indexable",
        "attributionDomains": {"@id": "toot:attributionDomains", "@type": "@id"},
        "schema": "http://schema.org#",  # with http and #, or Mastodon does not find the fields
        "PropertyValue": "schema:PropertyValue",
        "value": "schema:value",
        "webfinger": "https://purl.archive.org/socialweb/webfinger#webfinger",  # FEP-2c59
    },
]
NOTE_CONTEXT = [
    ACTIVITY_STREAMS,
    {
        "Hashtag": "as:Hashtag",
        "gts": "https://gotosocial.org/ns#",
        "interactionPolicy": {"@id": "gts:interactionPolicy", "@type": "@id"},
        "canQuote": {"@id": "gts:canQuote", "@type": "@id"},
        "automaticApproval": {"@id": "gts:automaticApproval", "@type": "@id"},
    },
]
MAIN_KEY = "#main-key"
_ADDRESS = re.compile(r"https?://[^\s<>\"]+")
_AFTER = ".,;:!?…)]}'’”»*_"  # what a sentence puts behind an address


@dataclass(frozen=True)
class Profile:
    """Our actor as others are to see it. ``fields`` are (label, address of a page of ours); addresses are absolute."""

    id: str
    type: str
    handle: str
    acct: str  # handle@host
    name: str
    summary: str
    home: str
    icon: str
    shared_inbox: str
    fields: Sequence[tuple[str, str]]
    key_id: str
    pem: str
    published: datetime

    @property
    def followers(self) -> str:
        """Id of the list of followers."""
        return followers_of(self.id)


@dataclass(frozen=True)
class Reactions:
    """How often something was liked, shared and answered."""

    likes: int = 0
    shares: int = 0
    replies: int = 0


@dataclass(frozen=True)
class Note:
    """A post of ours. ``words``: a line is a paragraph; ``tags`` are (hashtag without #, address of a page)."""

    id: str
    actor: str
    url: str
    title: str
    words: str
    tags: Sequence[tuple[str, str]]
    language: str
    published: datetime
    updated: datetime | None
    reply_to: str
    reactions: Reactions


def followers_of(actor_id: str) -> str:
    """Id of the list of an actor's followers."""
    return f"{actor_id}/followers"


def with_context(document: Json, context: str | list[Any] = ACTIVITY_STREAMS) -> Json:
    """``document`` as it stands alone: with the contexts that explain its words, in the first place."""
    return {"@context": context, **document}


# Our actor


def actor(profile: Profile) -> Json:
    """The actor, without context."""
    return {
        "id": profile.id,
        "type": profile.type,
        "preferredUsername": profile.handle,
        "webfinger": profile.acct,
        "name": profile.name,
        "summary": f"<p>{escape(profile.summary)}</p>" if profile.summary else "",
        "url": profile.home,
        "icon": {"type": "Image", "mediaType": "image/png", "url": profile.icon},
        "published": utc_text(profile.published),
        "inbox": f"{profile.id}/inbox",
        "outbox": f"{profile.id}/outbox",
        "followers": profile.followers,
        "following": f"{profile.id}/following",
        "featured": f"{profile.id}/featured",
        "endpoints": {"sharedInbox": profile.shared_inbox},
        "manuallyApprovesFollowers": False,
        "discoverable": True,
        "indexable": True,
        "attributionDomains": [profile.acct.partition("@")[2]],
        "attachment": [_field(label, address) for label, address in profile.fields],
        "publicKey": {"id": profile.key_id, "owner": profile.id, "publicKeyPem": profile.pem},
    }


def _field(label: str, address: str) -> Json:
    value = f'<a href="{escape(address)}" rel="me nofollow noopener">{escape(_bare(address))}</a>'
    return {"type": "PropertyValue", "name": label, "value": value}


# Posts


def note(facts: Note) -> Json:
    """A post, without context. ``contentMap`` has one language, the first being what Mastodon takes for it."""
    content = html_of(facts.title, facts.words, facts.url, facts.tags)
    document = {
        "id": facts.id,
        "type": "Note",
        "attributedTo": facts.actor,
        **_audience(facts.actor),
        "inReplyTo": facts.reply_to or None,
        "published": utc_text(facts.published),
        "updated": utc_text(facts.updated) if facts.updated else None,
        "url": facts.url,
        "content": content,
        "contentMap": {facts.language: content},
        "tag": [{"type": "Hashtag", "name": f"#{name}", "href": address} for name, address in facts.tags],
        "likes": _counted(f"{facts.id}/likes", facts.reactions.likes),
        "shares": _counted(f"{facts.id}/shares", facts.reactions.shares),
        "replies": _counted(f"{facts.id}/replies", facts.reactions.replies),
        "interactionPolicy": {"canQuote": {"automaticApproval": [EVERYBODY]}},
    }
    return {name: value for name, value in document.items() if value is not None}


def tombstone(note_id: str, deleted: datetime | None) -> Json:
    """What stands at the id of a post that was taken back, without context."""
    gone = {"id": note_id, "type": "Tombstone", "formerType": "Note"}
    return gone | {"deleted": utc_text(deleted)} if deleted else gone


def html_of(title: str, words: str, url: str, tags: Sequence[tuple[str, str]]) -> str:
    """A post as HTML, of the small set that Mastodon keeps: the title bold, a paragraph for each line, link, hashtags.

    ``tags`` are (hashtag without #, absolute address). All of it is escaped; addresses in the words become links.

    >>> html_of("", "Tea & <talk>", "https://coop.example/t/7", [])
    '<p>Tea &amp; &lt;talk&gt;</p><p><a href="https://coop.example/t/7" rel="nofollow noopener">coop.example/t/7</a></p>'
    """
    parts = [f"<strong>{escape(title)}</strong>"] if title else []
    parts += [_linked(line) for line in words.splitlines() if line.strip()]
    parts.append(_link(url))
    if tags:
        parts.append(" ".join(_hashtag(name, address) for name, address in tags))
    return "".join(f"<p>{part}</p>" for part in parts)


def _linked(line: str) -> str:
    """One line of words, escaped, with links."""
    return "".join(_pieces(line.strip()))


def _pieces(line: str) -> Iterator[str]:
    end = 0
    for found in _ADDRESS.finditer(line):
        address = _without_what_follows(found.group())
        yield escape(line[end : found.start()])
        yield _link(address)
        end = found.start() + len(address)
    yield escape(line[end:])


def _without_what_follows(address: str) -> str:
    """``address`` without the marks of the sentence that it ends; a bracket that it opened itself stays.

    >>> _without_what_follows("https://coop.example/a_(b).")
    'https://coop.example/a_(b)'
    """
    while address[-1] in _AFTER and not (address[-1] == ")" and address.count("(") >= address.count(")")):
        address = address[:-1]
    return address


def _link(address: str) -> str:
    return f'<a href="{escape(address)}" rel="nofollow noopener">{escape(_bare(address))}</a>'


def _hashtag(name: str, address: str) -> str:
    return f'<a href="{escape(address)}" class="mention hashtag" rel="tag">#<span>{escape(name)}</span></a>'


def _bare(address: str) -> str:
    """An address as people read it: without scheme, and without a slash at the end."""
    return address.partition("://")[2].removesuffix("/")


# What we did


def create(activity_id: str, actor_id: str, at: datetime, post: Json) -> Json:
    """That we published ``post``, without context."""
    return {**_act("Create", activity_id, actor_id, at), **_audience(actor_id), "object": post}


def update(activity_id: str, actor_id: str, at: datetime, changed: Json) -> Json:
    """That we changed a post, or ourselves, without context."""
    return {**_act("Update", activity_id, actor_id, at), **_audience(actor_id), "object": changed}


def delete(activity_id: str, actor_id: str, at: datetime, note_id: str) -> Json:
    """That we took a post back, without context."""
    return {**_act("Delete", activity_id, actor_id, at), **_audience(actor_id), "object": tombstone(note_id, at)}


def accept(activity_id: str, actor_id: str, follow: Json) -> Json:
    """That we take somebody as a follower, without context; ``follow`` is what they sent."""
    follower = follow.get("actor")
    told = {"to": [follower]} if isinstance(follower, str) else {}
    embedded = {name: value for name, value in follow.items() if name != "@context"}
    return {"id": activity_id, "type": "Accept", "actor": actor_id, **told, "object": embedded}


def _act(kind: str, activity_id: str, actor_id: str, at: datetime) -> Json:
    return {"id": activity_id, "type": kind, "actor": actor_id, "published": utc_text(at)}


def _audience(actor_id: str) -> Json:
    return {"to": [EVERYBODY], "cc": [followers_of(actor_id)]}


# Lists


def collection(list_id: str, total: int) -> Json:
    """A list, without context: how many are in it, and where its first page is."""
    return _counted(list_id, total) | {"first": f"{list_id}?page=true"}


def collection_page(list_id: str, page_id: str, total: int, items: Sequence[Json | str], next_id: str = "") -> Json:
    """A page of a list, without context, in the list's own order; ``next_id`` is the page after it, if there is one."""
    page = {"id": page_id, "type": "OrderedCollectionPage", "partOf": list_id, "totalItems": total}
    return page | ({"next": next_id} if next_id else {}) | {"orderedItems": list(items)}


def _counted(list_id: str, total: int) -> Json:
    return {"id": list_id, "type": "OrderedCollection", "totalItems": total}
