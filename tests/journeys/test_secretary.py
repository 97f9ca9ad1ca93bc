"""A membership secretary keeps the roll of a vote and the co-op's rules of decision; members mend a text together."""

import pytest
from sqlalchemy import select

from coopgov.membership.models import Membership
from tests.journeys.site import Site
from tests.journeys.tab import OpenTab, two_settings

pytestmark = pytest.mark.browser


@two_settings
def test_a_secretary_adds_somebody_to_the_roll_and_enters_a_vote_on_paper(site: Site, open_tab: OpenTab) -> None:
    secretary, rosa = site.officer("Sec Retary", "membership_secretary"), site.member("Rosa Parks")
    proposal = site.proposal(site.thread(site.group("Garden", rosa), rosa, "Quinces"), rosa, "Plant quinces")
    late = site.member("Ada Byron")
    number = site.ask(select(Membership.number).where(Membership.party_id == late.id))
    tab = open_tab(site)
    tab.enter_as(secretary)
    tab.visit(proposal.path)
    tab.follow("The roll")
    tab.says("You are not on it.", "1 member could vote when voting opened")
    tab.fill("Member number", "999")
    tab.press("Continue")
    tab.says("Nobody is a member now under the number 999.")
    tab.fill("Member number", str(number))
    tab.press("Continue")
    tab.says("Add Ada Byron to the roll?")
    tab.press("Add to the roll", status=422)
    tab.fill("Reason", "She joined the group by post before it opened.")
    tab.press("Add to the roll")
    tab.says("Ada Byron", "added later", "She joined the group by post before it opened.")
    tab.follow("Paper vote Ada Byron")
    tab.says("Paper vote of Ada Byron", "The member gets a mail that says what was entered.")
    tab.choose("Disagree")
    tab.press("Enter this vote", status=422)
    tab.fill("Where the paper is kept", "Box file 3, at the office.")
    tab.press("Enter this vote")
    mail = site.mail(late.email, "Plant quinces")
    assert "Box file 3" in mail.text or "entered" in mail.subject
    assert site.ballots(proposal)[-1] == (late.id, "disagree", "")


@two_settings
def test_a_secretary_changes_a_rule_and_members_read_what_it_means(site: Site, open_tab: OpenTab) -> None:
    secretary = site.officer("Sec Retary", "membership_secretary")
    tab, visitor = open_tab(site), open_tab(site)
    tab.enter_as(secretary)
    tab.visit("/decisions/rules")
    tab.page.get_by_role("link", name="Simple majority").first.click()
    tab.look()
    tab.follow("Change this rule")
    tab.press("Show what this rule means")
    tab.says("What this means")
    tab.press("Set this version", status=422)
    tab.fill("Why", "The general meeting of 3 May asked for it.")
    tab.press("Set this version", status=422)
    tab.says("Nothing is different from the version that holds.")
    tab.fill("Days that voting lasts at least", "9")
    tab.press("Set this version")
    visitor.visit("/decisions/rules")
    visitor.page.get_by_role("link", name="Simple majority").first.click()
    visitor.look()
    visitor.says("Voting lasts at least 9 days.", "The general meeting of 3 May asked for it.")


@two_settings
def test_a_member_proposes_another_text_and_the_author_accepts_it(site: Site, open_tab: OpenTab) -> None:
    rosa, ada = site.member("Rosa Parks"), site.member("Ada Byron")
    thread = site.thread(site.group("Garden", rosa, ada), rosa, "Quinces")
    proposal = site.proposal(thread, rosa, "Plant quinces", open_now=False)
    tab, author = open_tab(site), open_tab(site)
    tab.enter_as(ada)
    author.enter_as(rosa)
    tab.visit(proposal.path)
    tab.follow("Propose another text")
    tab.press("Propose it", status=422)
    tab.fill("Title", "Plant quinces and medlars")
    tab.fill("Why", "Medlars stand the wind.")
    tab.press("Show what changes")
    tab.says("What would change")
    tab.press("Propose it")
    tab.says("Medlars stand the wind.")
    site.mail(rosa.email, "Plant quinces")
    author.visit(f"/p/{proposal.id}/amendments/1")
    author.says("Amendment 1", "Medlars stand the wind.")
    author.press("Accept it")
    author.says("Plant quinces and medlars")
    tab.visit(f"/p/{proposal.id}/history")
    tab.says("Plant quinces")
