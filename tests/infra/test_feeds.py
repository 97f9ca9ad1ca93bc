"""Feeds say the same in Atom and in JSON, whatever the words in them."""

import json
from datetime import UTC, datetime, timedelta, timezone
from xml.etree.ElementTree import fromstring

from hypothesis import given
from hypothesis import strategies as st

from coopgov.infra import feeds
from coopgov.infra.feeds import Entry, atom, json_feed, tag_id, xml_safe

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
NS = {"a": feeds.ATOM}


def entry(**facts: object) -> Entry:
    plain = {
        "id": "tag:coop.example,2026-11-22:thread/7",
        "title": "Move hosting & <save>",
        "url": "https://coop.example/t/7-move-hosting",
        "published": NOON,
        "updated": NOON + timedelta(hours=1),
        "author": "Ada L.",
        "html": "<p>Words &amp; numbers</p>",
    }
    return Entry(**{**plain, **facts})  # type: ignore[arg-type]


def read_atom(*entries: Entry):
    return fromstring(atom("Coop", "https://coop.example/", "https://coop.example/feed.atom", NOON, entries))


def read_json(*entries: Entry):
    return json.loads(json_feed("Coop", "https://coop.example/", "https://coop.example/feed.json", entries))


def text(element, path: str) -> str:
    return element.findtext(path, namespaces=NS)


def test_an_atom_feed_has_what_rfc_4287_demands():
    feed = read_atom(entry())
    found = feed.find("a:entry", NS)
    assert text(feed, "a:id") == "https://coop.example/feed.atom"
    assert text(feed, "a:title") == "Coop"
    assert text(feed, "a:updated") == "2026-11-22T13:00:00Z"
    assert text(found, "a:id") == "tag:coop.example,2026-11-22:thread/7"
    assert text(found, "a:published") == "2026-11-22T12:00:00Z"
    assert text(found, "a:author/a:name") == "Ada L."
    assert {(link.get("rel"), link.get("href")) for link in feed.findall("a:link", NS)} == {
        ("alternate", "https://coop.example/"),
        ("self", "https://coop.example/feed.atom"),
    }


def test_markup_comes_back_as_it_went_in():
    found = read_atom(entry()).find("a:entry", NS)
    assert text(found, "a:title") == "Move hosting & <save>"
    assert text(found, "a:content") == "<p>Words &amp; numbers</p>"
    assert found.find("a:content", NS).get("type") == "html"


def test_an_empty_feed_is_as_old_as_its_list():
    feed = read_atom()
    assert text(feed, "a:updated") == "2026-11-22T12:00:00Z"
    assert text(feed, "a:author/a:name") == "Coop"


def test_an_unnamed_author_is_left_out_and_the_coop_stands_in():
    assert read_atom(entry(author="")).find("a:entry/a:author", NS) is None
    assert "authors" not in read_json(entry(author=""))["items"][0]


def test_instants_are_written_in_utc():
    east = datetime(2026, 11, 22, 14, tzinfo=timezone(timedelta(hours=2)))
    assert read_json(entry(published=east))["items"][0]["date_published"] == "2026-11-22T12:00:00Z"


def test_a_json_feed_has_what_version_1_1_demands():
    feed = read_json(entry())
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert feed["feed_url"] == "https://coop.example/feed.json"
    assert feed["items"][0]["authors"] == [{"name": "Ada L."}]
    assert feed["items"][0]["content_html"] == "<p>Words &amp; numbers</p>"


def test_a_tag_names_host_day_and_thing_but_no_port():
    assert tag_id("http://127.0.0.1:8000", NOON, "proposal/3") == "tag:127.0.0.1,2026-11-22:proposal/3"


@given(st.text())
def test_any_title_gives_a_feed_that_can_be_read(title: str):
    found = read_atom(entry(title=title, html=title, author=title)).find("a:entry", NS)
    assert text(found, "a:title") == xml_safe(title).replace("\r\n", "\n").replace("\r", "\n")


@given(st.text(alphabet=st.characters(categories=["L", "N", "P", "S", "Zs"], exclude_characters="\ufffe\uffff")))
def test_letters_of_every_script_stay(words: str):
    assert xml_safe(words) == words
