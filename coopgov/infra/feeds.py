"""Lists for feed readers: Atom (RFC 4287) and JSON Feed 1.1, from the same entries."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element, SubElement, register_namespace, tostring

from coopgov.core.time import utc_text

ATOM = "http://www.w3.org/2005/Atom"
JSON_FEED = "https://jsonfeed.org/version/1.1"
ATOM_TYPE = "application/atom+xml"
JSON_TYPE = "application/feed+json"
NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, production 2 (Char)

register_namespace("", ATOM)


@dataclass(frozen=True)
class Entry:
    """One thing in a feed. ``id`` never changes, whatever happens to title and address: make it with ``tag_id``.

    ``url`` is absolute; ``author`` may be empty (a member who is not named in public); ``html`` is already cleaned.
    """

    id: str
    title: str
    url: str
    published: datetime
    updated: datetime
    author: str
    html: str


def tag_id(base_url: str, since: datetime, thing: str) -> str:
    """A lasting id by RFC 4151 for ``thing`` such as ``thread/7`` on the site ``base_url``, there since that day.

    >>> tag_id("https://coop.example/", datetime(2026, 11, 22, tzinfo=UTC), "thread/7")
    'tag:coop.example,2026-11-22:thread/7'
    """
    return f"tag:{urlsplit(base_url).hostname},{since.astimezone(UTC):%Y-%m-%d}:{thing}"


def atom(title: str, url: str, self_url: str, updated: datetime, entries: Sequence[Entry]) -> bytes:
    """The feed as Atom; ``url`` is the page it mirrors, ``self_url`` its own address and id.

    ``updated`` is when the list came to be: it counts while there are no entries.
    """
    feed = Element(f"{{{ATOM}}}feed")
    _text(feed, "id", self_url)
    _text(feed, "title", title)
    _text(feed, "updated", utc_text(max((entry.updated for entry in entries), default=updated)))
    _link(feed, "alternate", url, "text/html")
    _link(feed, "self", self_url, ATOM_TYPE)
    _author(feed, title)  # RFC 4287 4.1.1: stands in for entries without an author
    for entry in entries:
        _atom_entry(feed, entry)
    document: bytes = tostring(feed, encoding="utf-8", xml_declaration=True)
    return document


def json_feed(title: str, url: str, self_url: str, entries: Sequence[Entry]) -> bytes:
    """The feed as JSON Feed 1.1; ``url`` is the page that it mirrors."""
    feed = {
        "version": JSON_FEED,
        "title": title,
        "home_page_url": url,
        "feed_url": self_url,
        "items": [_json_item(entry) for entry in entries],
    }
    return json.dumps(feed, ensure_ascii=False, indent=1).encode()


def xml_safe(text: str) -> str:
    """``text`` without the characters that no XML document may hold, not even escaped."""
    return NOT_XML.sub("", text)


def _atom_entry(feed: Element, entry: Entry) -> None:
    element = SubElement(feed, f"{{{ATOM}}}entry")
    _text(element, "id", entry.id)
    _text(element, "title", entry.title)
    _text(element, "published", utc_text(entry.published))
    _text(element, "updated", utc_text(entry.updated))
    _link(element, "alternate", entry.url, "text/html")
    if entry.author:
        _author(element, entry.author)
    _text(element, "content", entry.html).set("type", "html")


def _json_item(entry: Entry) -> dict[str, Any]:
    item: dict[str, Any] = {
        "id": entry.id,
        "url": entry.url,
        "title": entry.title,
        "content_html": entry.html,
        "date_published": utc_text(entry.published),
        "date_modified": utc_text(entry.updated),
    }
    return {**item, "authors": [{"name": entry.author}]} if entry.author else item


def _text(parent: Element, name: str, text: str) -> Element:
    element = SubElement(parent, f"{{{ATOM}}}{name}")
    element.text = xml_safe(text)
    return element


def _link(parent: Element, relation: str, address: str, mimetype: str) -> None:
    SubElement(parent, f"{{{ATOM}}}link", {"rel": relation, "href": xml_safe(address), "type": mimetype})


def _author(parent: Element, name: str) -> None:
    _text(SubElement(parent, f"{{{ATOM}}}author"), "name", name)
