"""A member gets in, and looks after the account: links by mail, a password, another address, other browsers."""

import re

import pytest

from tests.journeys.site import Site, link_in
from tests.journeys.tab import OpenTab, Tab, the_other_two, two_settings

pytestmark = pytest.mark.browser
PASSWORD = "teapot gravel violin"


def ask_for_link(tab: Tab, email: str) -> str:
    tab.fill("E-mail address", email)
    tab.press("Mail me a link")
    tab.says("Look into your mailbox", email, "It works once, within 15 minutes.")
    return link_in(tab.site.mail(email, "Your link to sign in"), "Sign in")


def test_a_member_signs_in_by_a_link_that_works_once(site: Site, open_tab: OpenTab) -> None:
    ada, tab = site.member("Ada Byron"), open_tab(site)
    tab.visit("/inbox")
    tab.says("Sign in", "We mail you a link. No password is needed.")
    link = ask_for_link(tab, ada.email)
    tab.visit(link)
    tab.visit(link)  # opening it changes nothing
    tab.press("Sign in as Ada Byron")
    assert tab.path == "/inbox"  # where the way began
    tab.says("Nothing here yet", "Signed in as Ada Byron.")
    other = open_tab(site)
    other.visit(link, status=410)
    other.says("This link has done its work")
    other.press("Mail a new link")
    other.says("A mail is on its way to the address of this account.")


@two_settings
def test_a_stranger_hears_nothing_about_who_is_a_member(site: Site, open_tab: OpenTab) -> None:
    tab = open_tab(site)
    tab.visit("/sign-in")
    tab.fill("E-mail address", "nobody")
    tab.press("Mail me a link", status=422)
    tab.says("There is a problem", "Write an e-mail address, like name@example.org.")
    assert tab.page.title().startswith("Error: ")
    assert tab.value_of("E-mail address") == "nobody"
    tab.fill("E-mail address", "nobody@example.org")
    tab.press("Mail me a link")
    tab.says("If we know nobody@example.org, a mail is on its way.")
    site.rest()
    assert site.mails("nobody@example.org") == []


@the_other_two
def test_a_member_sets_a_password_and_signs_in_with_it(site: Site, open_tab: OpenTab) -> None:
    ada, tab = site.member("Ada Byron"), open_tab(site)
    tab.enter_as(ada)
    tab.visit("/me")
    tab.follow("Sign-in and security")
    tab.fill("New password", "short")
    tab.press("Save the new password", status=422)
    tab.says("There is a problem")
    tab.fill("New password", PASSWORD)
    tab.press("Save the new password")
    tab.says("Your new password holds.")
    tab.press("Sign out", within="footer")
    tab.says("You are signed out.")
    tab.follow("Sign in", within="header")
    tab.follow("Use a password instead")
    tab.fill("E-mail address", ada.email)
    tab.fill("Password", "something else altogether")
    tab.press("Sign in", within="main", status=422)
    tab.says("The address and the password do not go together.")
    assert tab.value_of("E-mail address") == ada.email
    tab.fill("Password", PASSWORD)
    tab.press("Sign in", within="main")
    tab.says("Signed in as Ada Byron.")
    site.mail(ada.email, "Your password was changed")


@two_settings
def test_a_member_who_forgot_the_password_chooses_a_new_one(site: Site, open_tab: OpenTab) -> None:
    ada, tab = site.member("Ada Byron"), open_tab(site)
    tab.visit("/sign-in/password")
    tab.follow("I forgot my password")
    tab.fill("E-mail address", ada.email)
    tab.press("Mail me a link")
    tab.says("Its link leads to a new password.")
    tab.visit(link_in(site.mail(ada.email, "Your link to a new password"), "Choose a new password"))
    tab.fill("New password", PASSWORD)
    tab.press("Save the new password")
    assert tab.path == "/me/security"
    tab.says("Your new password holds.", "Change password", "by password")


@two_settings
def test_a_member_changes_the_address(site: Site, open_tab: OpenTab) -> None:
    ada, tab = site.member("Ada Byron"), open_tab(site)
    tab.enter_as(ada)
    tab.visit("/me")
    tab.follow("E-mail address")
    tab.says(f"You sign in with {ada.email}")
    tab.fill("New e-mail address", "countess@example.org")
    tab.press("Change my address")
    tab.says("Almost done: open the link that we have mailed to the new address.")
    site.mail(ada.email, "Your address is about to change")
    tab.visit(link_in(site.mail("countess@example.org", "Confirm your new address"), "Confirm"))
    tab.says("Ada Byron signs in with countess@example.org")
    tab.press("Use this address")
    tab.says("Your new address holds.", "You sign in with countess@example.org")
    site.mail(ada.email, "Your address was changed")


@the_other_two
def test_a_member_signs_out_a_browser_that_was_left_behind(site: Site, open_tab: OpenTab) -> None:
    ada, here, there = site.member("Ada Byron"), open_tab(site), open_tab(site)
    for tab in (here, there):
        tab.enter_as(ada)
    there.visit("/me")
    here.visit("/me/security")
    here.says("Where you are signed in", "2 browsers", "This browser")
    here.press("Sign out Firefox on Linux", within="#main")
    here.says("That browser is signed out.", "1 browser")
    there.visit("/me")
    assert there.path == "/sign-in"


@two_settings
def test_a_member_chooses_a_name_colours_and_mails(site: Site, open_tab: OpenTab) -> None:
    ada, tab = site.member("Ada Byron"), open_tab(site)
    tab.enter_as(ada)
    tab.visit("/me/profile")
    tab.choose("First name and initial")
    tab.choose("Dark")
    tab.press("Save profile")
    tab.says("Your profile is saved.")
    assert tab.page.locator("html[data-theme=dark]").count() == 1
    paper = tab.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert sum(map(int, re.findall(r"\d+", paper))) < 120
    tab.visit("/me/mail")
    tab.page.get_by_role("checkbox").first.uncheck()
    tab.press("Save", within="main")
    tab.says("Your choice of mails is saved.")
    assert not tab.page.get_by_role("checkbox").first.is_checked()
