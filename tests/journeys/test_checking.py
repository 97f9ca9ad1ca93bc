"""Looking for one's own ballot in the published list, and for the way to check the result."""

import pytest

from coopgov.decisions.models import Proposal
from tests.journeys.site import Person, Site
from tests.journeys.tab import OpenTab

pytestmark = pytest.mark.browser


def closed_vote(site: Site) -> tuple[Person, Proposal]:
    rosa, ada = site.member("Rosa Parks"), site.member("Ada Byron")
    group = site.group("Garden", rosa, ada)
    proposal = site.proposal(site.thread(group, rosa, "Quinces"), rosa, "Plant quinces")
    site.vote(proposal, rosa, "agree", "They smell good.")
    site.vote(proposal, ada, "disagree", "")
    site.forward(days=6, minutes=1)
    return ada, proposal


def test_somebody_finds_a_ballot_and_the_server_learns_nothing(site: Site, open_tab: OpenTab) -> None:
    _, proposal = closed_vote(site)
    tab = open_tab(site)
    tab.visit(proposal.path)
    tab.until("All ballots")
    tab.follow("All ballots")
    tab.says("The 2 ballots that were counted", "Rosa Parks", "They smell good.")
    if not tab.setting.js:
        tab.says("search in this page")
        return
    asked: list[str] = []
    tab.page.on("request", lambda request: "/static/" in request.url or asked.append(request.url))
    tab.fill("Name or tracker", "ada byron")
    tab.button("Find").click()
    tab.says("Here it is, marked in the list.")
    marked = tab.page.locator("tr:target")
    assert "Ada Byron" in marked.inner_text()
    tab.fill("Name or tracker", "f" * 64)
    tab.page.keyboard.press("Enter")
    tab.says("No ballot here has this.")
    assert asked == []


def test_the_way_from_a_result_to_how_it_can_be_checked(site: Site, open_tab: OpenTab) -> None:
    ada, proposal = closed_vote(site)
    tab = open_tab(site)
    tab.enter_as(ada)
    tab.visit(proposal.path)
    tab.until("How to check this result")
    tab.follow("How to check this result")
    tab.says("Where M and D were announced", "Three ways to check", "What it does not say", "Not witnessed")
    tab.follow("All ballots")
    tab.follow("Go to my ballot")
    assert "Ada Byron" in tab.page.locator("tr:target").inner_text()
