"""Voting, above all from the mail on a phone: three taps, and whatever goes wrong on the way loses nothing."""

from dataclasses import replace

import pytest
from playwright.sync_api import expect

from coopgov.decisions.models import Proposal
from coopgov.tally.rule import PRESETS, Rule, Secrecy
from tests.journeys.site import Person, Site, link_in
from tests.journeys.tab import OpenTab, the_other_two, two_settings

pytestmark = pytest.mark.browser
WHY = "I have tried it for a year, and it works."


def scene(site: Site, rule: Rule = PRESETS["ordinary"]) -> tuple[Person, Person, Proposal]:
    rosa, ada = site.member("Rosa Parks"), site.member("Ada Byron")
    group = site.group("Garden", rosa, ada)
    return rosa, ada, site.proposal(site.thread(group, rosa, "Quinces"), rosa, "Plant quinces", rule=rule)


def ballot_link(site: Site, voter: Person) -> str:
    mail = site.mail(voter.email, "Plant quinces")
    assert mail.subject.startswith("Vote by ")
    assert "Agree: " in mail.text
    return link_in(mail, "Open my ballot")


def test_a_voter_votes_from_the_mail_in_three_taps(site: Site, open_tab: OpenTab) -> None:
    _, ada, proposal = scene(site)
    tab = open_tab(site)
    link = ballot_link(site, ada)
    tab.taps += 1  # on the link in the mail
    tab.visit(link)
    tab.says("Plant quinces", "Closes", "We do it this way", "Agree", "Abstain", "Disagree", "Block")
    tab.choose("Agree")
    tab.press("Cast my vote")
    assert tab.taps == 3
    tab.says("Your vote is in: Agree.", "You can change it until", "That's all, thank you.")
    assert site.ballots(proposal) == [(ada.id, "agree", "")]
    assert tab.context.cookies() == []
    tab.unfold("Change my vote")
    tab.choose("Disagree")
    tab.fill("Your reason", "The wall is too damp.")
    tab.press("Change my vote", within="main form")
    tab.says("Your vote is in: Disagree.")
    assert site.ballots(proposal)[1:] == [(ada.id, "disagree", "The wall is too damp.")]
    tab.unfold("Change my vote")
    assert tab.value_of("Your reason") == "The wall is too damp."


@the_other_two
def test_a_voter_finds_the_ballot_without_scrolling_far(site: Site, open_tab: OpenTab) -> None:
    _, ada, _ = scene(site)
    tab = open_tab(site)
    tab.visit(ballot_link(site, ada))
    first = tab.page.locator("label.choice").first.bounding_box()
    assert first is not None
    assert first["y"] + first["height"] <= tab.setting.height
    for row in tab.page.locator("label.choice").all():
        box = row.bounding_box()
        assert box is not None
        assert box["height"] >= 44


def test_a_member_votes_on_the_page_of_the_proposal(site: Site, open_tab: OpenTab) -> None:
    _, ada, proposal = scene(site)
    tab = open_tab(site)
    tab.enter_as(ada)
    tab.visit("/")
    tab.says("Waiting for your vote")
    tab.follow("Plant quinces")
    tab.press_in_place("Cast my vote", within="#vote", status=422)
    tab.says("There is a problem", "Choose how you vote.")
    if tab.setting.js:
        expect(tab.page.locator("#vote .errors")).to_be_focused()
    tab.choose("Block")
    tab.press_in_place("Cast my vote", within="#vote", status=422)
    tab.says("needs a reason, so that others can answer it.")
    tab.fill("Your reason", WHY)
    tab.press_in_place("Cast my vote", within="#vote")
    tab.says("Your vote is in")
    if tab.setting.js:
        expect(tab.page.locator("#vote")).to_be_focused()
    tab.says("1 of 2 on the roll voted", within="#result")
    assert site.ballots(proposal) == [(ada.id, "block", WHY)]
    tab.choose("Agree")
    tab.press_in_place("Change my vote", within="#vote")
    tab.says("You voted: Agree.", within="#vote") if not tab.setting.js else tab.says("Your vote is in: Agree.")
    tab.says("The result is hidden until voting has closed.", within="#result")
    tab.visit("/")
    tab.silent("Waiting for your vote")


@two_settings
def test_a_double_tap_is_one_ballot(site: Site, open_tab: OpenTab) -> None:
    _, ada, proposal = scene(site)
    tab = open_tab(site)
    tab.visit(ballot_link(site, ada))
    tab.choose("Agree")
    tab.button("Cast my vote").dblclick()
    tab.says("Your vote is in: Agree.")
    site.rest()
    assert site.ballots(proposal) == [(ada.id, "agree", "")]


@two_settings
@pytest.mark.parametrize("is_signed_in", [False, True], ids=["mail", "web"])
def test_a_reason_survives_a_form_that_is_too_old(site: Site, open_tab: OpenTab, is_signed_in: bool) -> None:
    _, ada, proposal = scene(site)
    tab = open_tab(site)
    if is_signed_in:
        tab.enter_as(ada)
    tab.visit(proposal.path if is_signed_in else ballot_link(site, ada))
    tab.choose("Disagree")
    tab.fill("Your reason", WHY)
    tab.spoil_token("/ballots" if is_signed_in else tab.path)
    tab.press_in_place("Cast my vote", status=422) if is_signed_in else tab.press("Cast my vote", status=422)
    tab.says("This page had been open too long")
    assert tab.value_of("Your reason") == WHY
    assert tab.page.locator("[value=disagree]").is_checked()
    assert site.ballots(proposal) == []
    tab.press_in_place("Cast again") if is_signed_in else tab.press("Cast again")
    tab.says("Your vote is in")
    assert site.ballots(proposal) == [(ada.id, "disagree", WHY)]


@the_other_two
@pytest.mark.parametrize("is_signed_in", [False, True], ids=["mail", "web"])
def test_a_reason_survives_the_closing(site: Site, open_tab: OpenTab, is_signed_in: bool) -> None:
    rosa, ada, proposal = scene(site)
    site.vote(proposal, rosa, "agree", "")
    tab = open_tab(site)
    if is_signed_in:
        tab.enter_as(ada)
    link = ballot_link(site, ada)
    tab.visit(proposal.path if is_signed_in else link)
    tab.choose("Disagree")
    tab.fill("Your reason", WHY)
    site.forward(days=6, seconds=1)
    if is_signed_in:
        tab.press_in_place("Cast my vote", status=409)
    else:
        tab.press("Cast my vote")
    tab.says("Voting has closed, so this vote does not count.")
    assert tab.value_of("What you wrote") == WHY
    site.forward(minutes=1)
    tab.visit(link)
    tab.until("Passed")
    tab.says("You did not vote.", "Closed")
    assert [voter for voter, _, _ in site.ballots(proposal)] == [rosa.id]


@the_other_two
def test_a_link_in_the_wrong_hands_can_be_switched_off(site: Site, open_tab: OpenTab) -> None:
    rosa, ada, proposal = scene(site)
    link = ballot_link(site, ada)
    tab, other = open_tab(site), open_tab(site)
    other.enter_as(rosa)
    other.visit(link)
    other.says("This link is the ballot of another member, whose name begins with A", "you are signed in as Rosa Parks")
    assert other.button("Cast my vote").count() == 0
    tab.visit(link)
    tab.says("whose name begins with A. Not you?")
    tab.press("Switch this link off")
    tab.says("Nobody can vote with it any more.")
    tab.visit(link, status=404)
    tab.says("This link does not work")
    tab.enter_as(ada)
    tab.visit(proposal.path)
    tab.choose("Agree")
    tab.press_in_place("Cast my vote", within="#vote")
    assert site.ballots(proposal) == [(ada.id, "agree", "")]


@two_settings
def test_somebody_who_has_not_voted_is_reminded_and_nobody_else(site: Site, open_tab: OpenTab) -> None:
    rosa, ada, proposal = scene(site)
    site.vote(proposal, rosa, "agree", "")
    site.forward(days=5, hours=1)
    tab = open_tab(site)
    reminder = site.mail(ada.email, "Still your turn")
    tab.visit(link_in(reminder, "Open my ballot"))
    tab.choose("Abstain")
    tab.press("Cast my vote")
    tab.says("Your vote is in: Abstain.")
    site.rest()
    assert not [mail for mail in site.mails(rosa.email) if "Still your turn" in mail.subject]


@two_settings
def test_a_voter_needs_no_mouse(site: Site, open_tab: OpenTab) -> None:
    _, ada, proposal = scene(site)
    tab = open_tab(site)
    tab.visit(ballot_link(site, ada))
    keys = tab.page.keyboard
    keys.press("Tab")
    assert tab.page.evaluate("document.activeElement.className") == "skip"
    tab.press_key("Tab", until="[name=choice]")
    keys.press("Space")
    keys.press("ArrowDown")
    tab.press_key("Tab", until="button.primary")
    ring = tab.page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert ring == "solid"
    with tab.page.expect_navigation():
        keys.press("Enter")
    tab.look()
    tab.says("Your vote is in: Abstain.")
    assert site.ballots(proposal) == [(ada.id, "abstain", "")]


@pytest.mark.parametrize("setting", ["js-desktop"], indirect=True)
def test_somebody_who_has_voted_sees_the_next_vote_come_in(site: Site, open_tab: OpenTab) -> None:
    rosa, ada, proposal = scene(site, replace(PRESETS["ordinary"], secrecy=Secrecy.UNTIL_VOTED))
    tab = open_tab(site)
    tab.enter_as(rosa)
    tab.page.clock.install()
    tab.visit(proposal.path)
    tab.choose("Agree")
    tab.press("Cast my vote")
    tab.says("1 of 2", within="#result")
    site.vote(proposal, ada, "disagree", "")
    tab.page.clock.fast_forward(21_000)
    tab.says("2 of 2", within="#result")
