"""Somebody without an account looks around: nothing is asked of them, and nothing is kept of them."""

import gzip
import json
import re
from urllib.parse import urljoin
from urllib.request import Request, urlopen

import pytest

from coopgov.demo.seed import Demo
from tests.journeys.site import Site
from tests.journeys.tab import OpenTab, two_settings

pytestmark = pytest.mark.browser
MOST_HTML_AND_CSS = 15_000  # bytes, gzipped
MOST_JS = 20_000


def fetch(url: str) -> tuple[str, bytes]:
    with urlopen(Request(url, headers={"Accept-Encoding": "gzip"})) as answer:
        body = answer.read()
        return answer.headers["Content-Type"], gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body


def test_a_visitor_looks_around(demo_site: Site, demo: Demo, open_tab: OpenTab) -> None:
    tab = open_tab(demo_site)
    tab.visit("/")
    tab.says("Harbour Social", "Being decided now", "Latest decisions", "Groups")
    tab.follow("Decisions", within="header")
    tab.follow("Adopt the budget, with £600 for a reserve on the moderation rota")
    assert tab.path == demo.closed_proposal
    tab.says("Passed", "How it is decided", "Votes and reasons", "Outcome")
    tab.unfold("Show as a table")
    table = tab.page.get_by_role("table").filter(has_text="Of those who voted")
    assert table.get_by_role("row").count() >= 4
    tab.follow("Read the discussion")
    tab.says("Budget for the coming year", "Public.", "Comments", "Sign in to take part")
    tab.follow("Finance", within=".crumbs")
    tab.says("Budget, books and reserves.", "About this group", "Discussions")
    tab.silent("Late contributions: how many", "Join this group")
    assert tab.page.locator("form").count() == 0
    assert tab.context.cookies() == []


@two_settings
def test_a_visitor_pages_through_a_long_discussion(demo_site: Site, open_tab: OpenTab) -> None:
    tab = open_tab(demo_site)
    tab.visit("/g/community/threads")
    tab.follow("Say hello: introductions")
    path = tab.path
    tab.follow("Next", within=".pages")
    assert tab.path == path
    tab.says("Page 2 of")
    tab.follow("Previous", within=".pages")
    tab.says("Page 1 of")
    assert tab.context.cookies() == []


@two_settings
def test_a_visitor_finds_neither_private_words_nor_people(demo_site: Site, demo: Demo, open_tab: OpenTab) -> None:
    tab = open_tab(demo_site)
    tab.visit(demo.private_thread, status=404)
    tab.silent("August")
    words = tab.page.locator("main").inner_text()
    tab.visit("/t/99999-nothing-here", status=404)
    assert tab.page.locator("main").inner_text() == words  # what is private and what is not there look alike
    tab.visit("/g/finance/people", status=200)
    assert tab.path == "/sign-in"


@two_settings
def test_a_visitor_reads_about_the_house(demo_site: Site, open_tab: OpenTab) -> None:
    tab = open_tab(demo_site)
    for path in ("/about", "/contact", "/privacy", "/moderation", "/source", "/licence", "/groups", "/g/tech/threads"):
        tab.visit(path)
    tab.visit("/decisions?result=failed")
    tab.visit("/decisions?group=tech&result=withdrawn")
    tab.visit("/dev/mail")
    assert tab.context.cookies() == []


def test_feeds_and_machines_find_what_the_pages_name(demo_site: Site, demo: Demo) -> None:
    for page in ("/", "/decisions", demo.public_thread, "/g/tech", demo.closed_proposal):
        _, body = fetch(demo_site.url + page)
        links = re.findall(r'<link rel="alternate" type="([^"]+)" href="([^"]+)"', body.decode())
        assert links, page
        for kind, path in links:
            found, text = fetch(urljoin(demo_site.url, path))
            assert found.split(";")[0] == kind
            assert text.startswith(b"<?xml") if "atom" in kind else json.loads(text)
    for path in ("/sitemap.xml", "/robots.txt", "/.well-known/security.txt", "/healthz", "/readyz", "/decisions.csv"):
        assert fetch(demo_site.url + path)[1], path


@pytest.mark.parametrize("page", ["public_thread", "closed_proposal", "open_proposal"])
def test_a_public_page_is_light(demo_site: Site, demo: Demo, page: str) -> None:
    _, body = fetch(demo_site.url + getattr(demo, page))
    html = body.decode()
    sheets = re.findall(r'<link rel="stylesheet" href="([^"]+)"', html)
    scripts = re.findall(r'<script src="([^"]+)"', html)
    packed = [gzip.compress(fetch(demo_site.url + path)[1], 6) for path in sheets]
    assert len(gzip.compress(body, 6)) + sum(map(len, packed)) <= MOST_HTML_AND_CSS
    assert sum(len(gzip.compress(fetch(demo_site.url + path)[1], 6)) for path in scripts) <= MOST_JS
    assert not re.findall(r'(?:src|href)="(?:https?:)?//(?!127\.0\.0\.1)[^"]*\.(?:js|css|woff2?|png|svg|jpg)"', html)
