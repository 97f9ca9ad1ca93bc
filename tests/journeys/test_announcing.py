"""Into the fediverse: somebody follows from where they are, an officer announces, an author keeps something back."""

import pytest

from coopgov.federation.services.actors import begin_actor
from tests.journeys.site import Site
from tests.journeys.tab import OpenTab, the_other_two, two_settings

pytestmark = pytest.mark.browser


@two_settings
def test_a_reader_follows_from_their_own_server(demo_site: Site, open_tab: OpenTab) -> None:
    tab = open_tab(demo_site)
    tab.visit("/")
    tab.says("Follow us in the fediverse", "@harbour_social@")
    tab.fill("Your own server", "no server at all")
    tab.press("Follow", status=422)
    assert tab.value_of("Your own server or handle") == "no server at all"
    tab.fill("Your own server or handle", "@ada@Mastodon.example")
    tab.press("Go on")
    tab.says("Continue to mastodon.example")
    href = tab.page.get_by_role("link", name="Continue to mastodon.example").get_attribute("href") or ""
    assert href.startswith("https://mastodon.example/authorize_interaction?uri=")
    assert tab.context.cookies() == []


@the_other_two
def test_an_officer_announces_something_and_takes_it_back(site: Site, open_tab: OpenTab) -> None:
    site.do(lambda now: begin_actor("Orchard Co-op", now))
    tab = open_tab(site)
    tab.enter_as(site.officer("Grace Hopper", "admin"))
    tab.visit("/admin/federation")
    tab.says("Nothing was sent to another server yet.")
    tab.follow("Announce something")
    tab.press("Preview", status=422)
    tab.says("Write what is to be announced.")
    tab.fill("What you want to announce", "The orchard is open on Sunday.")
    tab.press("Preview")
    tab.says("This is how it will look", "The orchard is open on Sunday.", "Nobody follows the co-op yet.")
    tab.press("Announce it")
    tab.says("The orchard is open on Sunday.")
    tab.follow("Take it back")
    tab.press("Take it back", within="main form")
    tab.visit("/admin/federation")
    tab.fill("Domain", "https://spam.example/about")
    tab.press("Block")
    tab.says("spam.example")
    tab.follow("Change the key")
    tab.press("Change the key", within="main form")
    tab.visit("/admin/federation")


@two_settings
def test_an_author_sees_the_post_before_it_goes_and_keeps_it_back(site: Site, open_tab: OpenTab) -> None:
    site.do(lambda now: begin_actor("Orchard Co-op", now))
    ada = site.member("Ada Lovelace")
    thread = site.thread(site.group("Tech", ada), ada, "Where shall we host?")
    draft = site.proposal(thread, ada, "Host it ourselves", open_now=False)
    tab = open_tab(site)
    tab.enter_as(ada)
    tab.visit(draft.path)
    tab.says("In the fediverse")
    tab.visit(f"/p/{draft.id}/announcement")
    tab.says("Voting is open: Host it ourselves")
    tab.press("Do not announce this")
    tab.visit(f"/p/{draft.id}/announcement")
    tab.press("Announce it after all")
    tab.visit(f"/p/{draft.id}/announcement")
    tab.says("Do not announce this")
