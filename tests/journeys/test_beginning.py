"""The first officer of a co-op in which nobody is yet."""

import pytest

from coopgov.membership.services.register import first_officer
from tests.journeys.site import Site, link_in
from tests.journeys.tab import OpenTab, two_settings

pytestmark = pytest.mark.browser


@two_settings
def test_the_first_officer_is_led_to_the_first_discussion(site: Site, open_tab: OpenTab) -> None:
    tab, friend = open_tab(site), open_tab(site)
    tab.visit("/")
    tab.says("Orchard Co-op", "This co-op has just begun")
    for path in ("/groups", "/decisions", "/moderation"):
        tab.visit(path)
    site.do(lambda now: first_officer("wanda@example.org", now))
    tab.visit(link_in(site.mail("wanda@example.org", "Your invitation to Orchard Co-op"), "Look at the invitation"))
    tab.says("Join Orchard Co-op", "You are invited to become a member.")
    tab.press("Join", status=422)
    tab.fill("What shall we call you?", "Wanda Gág")
    tab.press("Join")
    tab.says("Welcome: you are a member now, and signed in.")
    tab.visit("/")
    tab.says("First steps", "Only you see this list.")
    tab.follow("Say what the co-op is")
    tab.fill("In one sentence", "Forty households share an orchard.")
    tab.press("Save profile")
    tab.visit("/")
    tab.says("Forty households share an orchard.")
    tab.follow("Found the first working group")
    tab.fill("Name of the group", "Trees")
    tab.fill("Purpose in one line", "Pruning, picking, planting.")
    tab.page.locator("[name=joining]").first.check()
    tab.press("Start the group")
    tab.says("The group is there. You are its convenor.", "No discussions yet")
    tab.visit("/")
    tab.follow("Invite the others")
    tab.fill("E-mail address", "ada@example.org")
    tab.press("Send invitation")
    tab.says("The invitation is on its way.", "ada@example.org", "Waiting")
    friend.visit(link_in(site.mail("ada@example.org", "Your invitation to Orchard Co-op"), "Look at the invitation"))
    friend.says("Wanda Gág invites you to become a member.", "Forty households share an orchard.")
    friend.fill("What shall we call you?", "Ada Byron")
    friend.press("Join")
    friend.says("Welcome: you are a member now, and signed in.")
    tab.visit("/")
    tab.follow("Open the first discussion")
    tab.follow("Trees")
    tab.follow("Start a discussion")
    tab.choose("Public")
    tab.fill("Title", "When do we prune?")
    tab.fill("What you want to say", "I say February.")
    tab.press("Start the discussion")
    tab.says("Your discussion has begun.")
    tab.visit("/")
    tab.says("First steps")  # money is still to be set up
    for path in ("/admin", "/admin/jobs", "/admin/mail", "/admin/checks", "/me"):
        tab.visit(path)
