"""Somebody whom nobody knows applies, and a person reads it: three fields, two ticks, and no account anywhere."""

import pytest
from playwright.sync_api import expect

from tests.journeys.site import Person, Site, link_in
from tests.journeys.tab import OpenTab, Tab, the_other_two, two_settings

pytestmark = pytest.mark.browser
EMAIL = "ada@example.org"
ABOUT = "I write programs for looms, and I would like to learn how a co-op decides."


def open_form(tab: Tab) -> None:
    """The form, which has been open for as long as somebody takes who types."""
    tab.visit("/")
    tab.follow("Join for £1 a month or more")
    tab.site.clock.forward(seconds=60)


def fill_in(tab: Tab) -> None:
    tab.fill("E-mail", EMAIL)
    tab.fill("What should we call you?", "Ada Byron")
    tab.fill("Tell us a bit about yourself", ABOUT)
    tab.tick("I accept the code of conduct (version 3)")
    tab.tick("I am 18 or over")


def apply(tab: Tab) -> str:
    """Applies and confirms; gives the path of the status page."""
    open_form(tab)
    fill_in(tab)
    tab.press("Send application")
    tab.visit(link_in(tab.site.mail(EMAIL, "Confirm your application"), "Confirm my application"))
    tab.press("Confirm")
    return tab.path


def take(tab: Tab, secretary: Person) -> None:
    """The secretary finds the application and takes it."""
    tab.enter_as(secretary)
    tab.visit("/membership")
    tab.says("Applications waiting")
    tab.follow("Ada Byron")
    tab.says(ABOUT, EMAIL)
    tab.press("I'll take this")
    tab.says("It is yours for 48 hours.")


def test_a_stranger_applies_in_two_pages_four_taps_and_three_fields(joining_site: Site, open_tab: OpenTab) -> None:
    tab = open_tab(joining_site)
    tab.visit("/")
    tab.says("Anybody aged 18 or over can apply; a person reads each application.")
    tab.follow("Join for £1 a month or more")
    joining_site.clock.forward(seconds=60)
    tab.says("Apply to join", "Tell us a bit about yourself", "Choose later")
    fill_in(tab)
    assert tab.pages == 2
    tab.press("Send application")
    assert (tab.taps, tab.fields) == (4, 3)
    tab.says("Check your e-mail", EMAIL, "only then is your application sent")
    link = link_in(joining_site.mail(EMAIL, "Confirm your application"), "Confirm my application")
    tab.pages, tab.taps = 0, 1  # on the link in the mail
    tab.visit(link)
    tab.visit(link)  # opening it changes nothing
    tab.says("Confirm your application", "Ada Byron, you want to become a member of Orchard Co-op")
    tab.press("Confirm")
    assert tab.taps == 2
    tab.says("Application received", "Thank you: your address is confirmed.", ABOUT, "A person reads it.")
    assert tab.path.startswith("/join/status/")
    received = joining_site.mail(EMAIL, "Orchard Co-op has your application")
    assert ABOUT in received.text
    tab.visit(link_in(received, "See how it stands"))
    tab.visit(link)  # once more leads to how it stands
    assert tab.path.startswith("/join/status/")
    assert tab.context.cookies() == []


def test_errors_keep_everything_that_was_typed(joining_site: Site, open_tab: OpenTab) -> None:
    tab = open_tab(joining_site)
    open_form(tab)
    long = "é" * 250 + "\n" + "ß" * 250  # 501 characters
    tab.fill("E-mail", "ada at example")
    tab.fill("What should we call you?", "Ada Byron")
    tab.fill("Tell us a bit about yourself", long)
    tab.unfold("Optional")
    tab.fill("What you are good at", "Looms")
    tab.tick("I am 18 or over")
    if tab.setting.js:
        tab.says("Characters too many: 1")
    tab.press("Send application", status=422)
    tab.says("There is a problem", "To join, you have to accept the code of conduct.", "1 character too many")
    tab.says("Write an e-mail address, like name@example.org.")
    assert tab.page.title().startswith("Error: ")
    if tab.setting.js:
        expect(tab.page.locator("#errors")).to_be_focused()
    assert tab.value_of("E-mail") == "ada at example"
    assert tab.value_of("Tell us a bit about yourself") == long
    assert tab.value_of("What you are good at") == "Looms"
    assert tab.page.get_by_role("checkbox", name="I am 18 or over").is_checked()
    tab.fill("E-mail", EMAIL)
    tab.fill("Tell us a bit about yourself", long[:-1])
    tab.tick("I accept the code of conduct (version 3)")
    tab.spoil_token("/join")
    tab.press("Send application", status=422)
    tab.says("This page had been open too long")
    assert tab.value_of("Tell us a bit about yourself") == long[:-1]
    tab.press("Send application")
    tab.says("Check your e-mail")
    assert joining_site.mail(EMAIL, "Confirm your application")


@two_settings
def test_the_secretary_takes_and_approves_in_two_clicks(joining_site: Site, open_tab: OpenTab) -> None:
    tab, desk, other = open_tab(joining_site), open_tab(joining_site), open_tab(joining_site)
    sue, tom = (joining_site.officer(name, "membership_secretary") for name in ("Sue Perkins", "Tom Kitten"))
    status = apply(tab)
    tab.says("Correct my text", "Withdraw")
    other.enter_as(tom)
    other.visit("/membership")
    other.follow("Ada Byron")
    take(desk, sue)
    tab.visit(status)
    tab.says("Your application is being read")
    tab.silent("Correct my text")
    other.press("I'll take this", status=409)  # a moment too late
    other.says("Sue Perkins is reading this application already.")
    before = desk.taps
    desk.press("Approve")
    assert desk.taps - before == 1
    desk.says("Approved. The mail to finish joining is on its way.", "By Sue Perkins", "Application sent")
    desk.visit("/membership")
    desk.says("No applications", "Share your join page")
    tab.visit(status)
    tab.says("You are approved", "One thing is left: choose what you give, and join.")
    link = link_in(joining_site.mail(EMAIL, "You are approved: finish joining Orchard Co-op"), "Finish joining")
    tab.visit(link)
    tab.says("Welcome, Ada Byron", "1 of 2: your contribution")


@two_settings
def test_a_question_is_answered_without_signing_in(joining_site: Site, open_tab: OpenTab) -> None:
    tab, desk = open_tab(joining_site), open_tab(joining_site)
    apply(tab)
    tab.follow("Correct my text")
    assert tab.value_of("Tell us a bit about yourself") == ABOUT
    tab.press("Save my text")
    tab.says("Your text is changed.")
    take(desk, joining_site.officer("Sue Perkins", "membership_secretary"))
    desk.follow("Ask")
    desk.follow("where can we read you?")
    assert "Where else can we read something by you" in desk.value_of("Your question")
    desk.press("Send question")
    desk.says("The question is on its way.")
    mail = joining_site.mail(EMAIL, "A question about your application")
    assert "Where else can we read" in mail.text
    tab.visit(link_in(mail, "Answer"))
    tab.says("There is a question for you", "Where else can we read")
    tab.press("Answer", status=422)
    tab.says("Write your answer.")
    tab.fill("Your answer", "My notes on the engine are in the library.")
    tab.press("Answer")
    tab.says("Your answer is with the person who asked.", "My notes on the engine are in the library.")
    assert tab.context.cookies() == []
    desk.visit("/membership")
    desk.follow("Ada Byron")
    desk.says("My notes on the engine are in the library.")
    desk.press("Approve")
    desk.says("Approved.")


@the_other_two
def test_a_decline_is_seen_as_a_mail_before_it_goes_out(joining_site: Site, open_tab: OpenTab) -> None:
    tab, desk = open_tab(joining_site), open_tab(joining_site)
    status = apply(tab)
    take(desk, joining_site.officer("Sue Perkins", "membership_secretary"))
    desk.follow("Decline")
    desk.choose("Another reason, given below")
    desk.press("Preview the mail", status=422)
    desk.says("Write the reason.")
    desk.fill("In your own words", "We are all weavers.")
    desk.press("Preview the mail")
    desk.says("The mail to Ada Byron", EMAIL, "Your application to Orchard Co-op", "We are all weavers.")
    assert not [mail for mail in joining_site.mails(EMAIL) if mail.subject == "Your application to Orchard Co-op"]
    desk.press("Change it")
    assert desk.value_of("In your own words") == "We are all weavers."
    desk.choose("We think that another community suits better")
    desk.press("Preview the mail")
    desk.press("Decline and send")
    desk.says("Declined. The mail that says why is on its way.")
    mail = joining_site.mail(EMAIL, "Your application to Orchard Co-op")
    assert "We are all weavers." in mail.text
    tab.visit(status)
    tab.says("Your application was declined", "The reasons stand in the mail that we sent you.")
    open_form(tab)
    fill_in(tab)
    tab.press("Send application")
    tab.says("Check your e-mail")  # the page tells nobody anything
    joining_site.mail(EMAIL, "It is too early to apply again")


@the_other_two
def test_an_application_is_withdrawn_on_its_page(joining_site: Site, open_tab: OpenTab) -> None:
    tab = open_tab(joining_site)
    status = apply(tab)
    tab.follow("Withdraw")
    tab.says("Withdraw your application?")
    tab.follow("Cancel", within="main")
    tab.says("Application received")
    tab.follow("Withdraw")
    tab.press("Withdraw application")
    assert tab.path == status
    tab.says("You have withdrawn your application", "Your application is withdrawn.")
    desk = open_tab(joining_site)
    desk.enter_as(joining_site.officer("Sue Perkins", "membership_secretary"))
    desk.visit("/membership")
    desk.says("No applications")
    desk.follow("Ended")
    desk.says("Ada Byron", "Withdrawn")


@the_other_two
def test_while_the_co_op_takes_nobody_a_stranger_waits_and_hears(joining_site: Site, open_tab: OpenTab) -> None:
    tab, desk = open_tab(joining_site), open_tab(joining_site)
    desk.enter_as(joining_site.officer("Sue Perkins", "membership_secretary"))
    desk.visit("/membership/terms")
    desk.tick("People can apply now")
    desk.press("Save terms")
    desk.says("The terms of joining are saved.")
    tab.visit("/")
    assert tab.page.get_by_role("link", name="Join for").count() == 0
    tab.visit("/join")
    tab.says("We are not taking members now")
    tab.fill("E-mail", EMAIL)
    tab.page.get_by_role("main").get_by_role("button").first.click()
    tab.says("You are on the waiting list")
    desk.visit("/membership/terms")
    desk.says("1 person is on the waiting list")
    desk.tick("People can apply now")
    desk.press("Save terms")
    joining_site.forward(hours=1)
    mail = joining_site.mail(EMAIL, "Orchard Co-op takes members again")
    later = open_tab(joining_site)  # a browser keeps public pages for a minute
    later.visit(link_in(mail, "Apply to join"))
    later.says("Apply to join", "What should we call you?")
