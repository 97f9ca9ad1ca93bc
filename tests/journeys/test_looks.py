"""How pages look where a picture says more: dark, from right to left, and on paper."""

import pytest

from coopgov.demo.cast import persona_email
from coopgov.demo.seed import Demo
from tests.journeys.site import Site
from tests.journeys.tab import OpenTab, two_settings

pytestmark = pytest.mark.browser


@two_settings
def test_pages_are_as_readable_in_the_dark(demo_site: Site, demo: Demo, open_tab: OpenTab) -> None:
    tab = open_tab(demo_site, dark=True)
    for path in ("/", demo.public_thread, demo.closed_proposal, demo.open_proposal, "/decisions", "/sign-in"):
        tab.visit(path)
    tab.enter_as(demo_site.known(persona_email("member") or ""))
    for path in ("/", demo.open_proposal, "/inbox", "/me"):
        tab.visit(path)


@pytest.mark.parametrize("setting", ["js-phone", "js-desktop"], indirect=True)
def test_pages_fit_from_right_to_left(demo_site: Site, demo: Demo, open_tab: OpenTab) -> None:
    tab = open_tab(demo_site)
    for path in ("/", demo.public_thread, demo.closed_proposal, demo.open_proposal, "/decisions"):
        tab.visit(path)
        tab.page.evaluate("document.documentElement.dir = 'rtl'")
        tab.look()


@pytest.mark.parametrize("setting", ["nojs-desktop"], indirect=True)
def test_a_proposal_on_paper_has_its_words_and_none_of_the_furniture(
    demo_site: Site, demo: Demo, open_tab: OpenTab
) -> None:
    tab = open_tab(demo_site)
    tab.visit(demo.closed_proposal)
    tab.page.emulate_media(media="print")
    for furniture in ("header.top", "footer", ".skip", "main form", ".actions", ".crumbs"):
        for part in tab.page.locator(furniture).all():
            assert not part.is_visible(), furniture
    for words in ("h1", ".verdict", ".bars", "#rule", "#votes"):
        assert tab.page.locator(words).first.is_visible(), words
    assert tab.page.locator("details table").first.is_visible()  # the numbers too
