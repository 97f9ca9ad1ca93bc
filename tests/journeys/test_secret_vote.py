"""A secret vote from the paper to the published list."""

from dataclasses import replace

import pytest

from coopgov.tally.rule import PRESETS, Secrecy
from tests.journeys.site import Site
from tests.journeys.tab import OpenTab, two_settings

pytestmark = pytest.mark.browser
SECRETLY = replace(PRESETS["ordinary"], secrecy=Secrecy.SECRET)


@two_settings
def test_a_voter_keeps_a_receipt_and_finds_the_ballot_in_the_list_when_voting_has_closed(
    site: Site, open_tab: OpenTab
) -> None:
    rosa, ada = site.member("Rosa Parks"), site.member("Ada Byron")
    group = site.group("Garden", rosa, ada)
    proposal = site.proposal(site.thread(group, rosa, "Quinces"), rosa, "Plant quinces", rule=SECRETLY)
    tab, visitor = open_tab(site), open_tab(site)
    tab.enter_as(ada)
    tab.visit(proposal.path)
    tab.silent("anonymous")
    tab.choose("Disagree")
    if not tab.setting.js:
        tab.press("Cast my ballot", status=422)
        tab.fill("Eight digits of a die", "4 2 6 1 1 5 3 2")
    tab.press("Cast my ballot")
    tab.says("Your ballot was accepted", "Your receipt")
    if tab.setting.js:
        tab.says("Checked: the accepted ballot is the one that this browser sent.")
    tracker = tab.page.locator("[data-tracker]").text_content()
    assert tracker
    tab.follow("Go to the proposal")
    tab.says("Your ballot is in the box. What it says is not shown here.")
    tab.silent("Votes and reasons")
    site.forward(days=8)
    visitor.visit(f"/p/{proposal.id}")
    visitor.until("Not passed")
    visitor.follow("All ballots")
    row = visitor.page.locator(f"[id='{tracker}']")
    assert "Disagree" in (row.text_content() or "")
    visitor.silent("Ada Byron")
    mail = site.mail(ada.email, "Plant quinces")
    assert "you took part" in mail.text
