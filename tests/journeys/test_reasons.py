"""Answering the reason beside somebody's vote."""

from dataclasses import replace

import pytest

from coopgov.tally.rule import PRESETS, Secrecy
from tests.journeys.site import Site
from tests.journeys.tab import OpenTab, two_settings

pytestmark = pytest.mark.browser
OPENLY = replace(PRESETS["ordinary"], secrecy=Secrecy.OPEN)


@two_settings
def test_a_member_agrees_with_a_reason_and_another_answers_it(site: Site, open_tab: OpenTab) -> None:
    rosa, ada, ben = site.member("Rosa Parks"), site.member("Ada Byron"), site.member("Ben Okri")
    thread = site.thread(site.group("Garden", rosa, ada, ben), rosa, "Quinces")
    proposal = site.proposal(thread, rosa, "Plant quinces", rule=OPENLY)
    site.vote(proposal, ada, "disagree", "The wall is too damp.")
    tab, visitor = open_tab(site), open_tab(site)
    tab.enter_as(ben)
    tab.visit(proposal.path)
    tab.press_in_place("Same here", within="main")
    tab.says("Same here 1")
    tab.visit(proposal.path)
    tab.page.get_by_role("link", name="Reply to the reason of Ada Byron").click()
    tab.look()
    tab.press("Post the reply", status=422)
    tab.fill("Your comment", "Then we **drain** it first.")
    tab.press("Post the reply")
    tab.says("Your reply stands here, and in the discussion.", "Then we drain it first.")
    visitor.visit(proposal.path)
    visitor.says("The wall is too damp.", "Same here: 1", "Then we drain it first.")
    visitor.visit(thread.path)
    visitor.says("Then we drain it first.")
    site.mail(ada.email, "Ben Okri replied to your reason")
