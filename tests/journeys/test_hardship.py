"""Somebody who cannot pay just now: one page, no reason, the vote kept; and mails that no scanner can press."""

import pytest
from sqlalchemy import func, select

from coopgov.core.money import Money
from coopgov.funding.models import Contribution, Pledge
from coopgov.funding.providers.stripe.client import connect
from coopgov.funding.services.pledges import Wanted, checkout_order, draft_pledge, note_checkout
from coopgov.membership.models import Relief
from tests.journeys.site import Person, Site, link_in
from tests.journeys.tab import OpenTab, the_other_two, two_settings
from tests.journeys.test_mail_scanner import every_address, everything, scan

pytestmark = pytest.mark.browser


def payer(site: Site, interval: str = "month") -> Person:
    """A member who pays £3 a month, or £36 a year, by card."""
    member = site.member("Ada Byron")
    amount = Money(300 if interval == "month" else 3600, "GBP")
    wanted = Wanted(
        party_id=member.id, source="stripe", amount=amount, interval=interval, product="tier:2", title="Member"
    )
    pledge = site.do(lambda now: draft_pledge(wanted, now))
    with site.open():
        stripe = connect(site.app.extensions["coopgov.settings"])
        assert stripe is not None
        order = checkout_order(pledge, member.email, member.name, "en", f"{site.url}/join/paid", f"{site.url}/me/dues")
        checkout = stripe.open_checkout(order)
    site.do(lambda now: note_checkout(pledge.id, checkout, now))
    site.fakes.stripe.pay(checkout.checkout_id)
    paid = select(func.count()).where(Contribution.party_id == member.id, Contribution.status == "succeeded")
    site.wait_for(lambda: site.ask(paid), "the first payment")
    return member


@two_settings
def test_who_cannot_pay_joins_at_once_with_one_page_and_two_taps(joining_site: Site, open_tab: OpenTab) -> None:
    ada = joining_site.approved("Ada Byron", joining_site.officer("Sue Perkins", "membership_secretary"))
    tab = open_tab(joining_site)
    tab.visit(link_in(joining_site.mail(ada.email, "You are approved"), "Finish joining"))
    choice = tab.path
    tab.pages = tab.taps = 0
    tab.follow("I can’t pay right now")
    tab.says("No reason needed. You keep your vote.", "Only the treasurer and the membership secretary see this.")
    assert tab.page.get_by_label("Pay nothing for 3 months").is_checked()
    assert tab.pages == 1
    tab.choose("Pay nothing for 6 months")  # one tap more than the shortest pause
    tab.press("Save")
    assert (tab.taps, tab.fields) == (3, 0)
    assert tab.path == choice
    tab.says("You’re member no. 2", "You pay nothing, or less, for now, and nothing else changes.", "one vote")
    joining_site.mail(ada.email, "you pay nothing")
    assert "You pay nothing, or less" in joining_site.mail(ada.email, "Welcome: you are member no. 2").text
    joining_site.forward(days=168)
    mail = joining_site.mail(ada.email, "still the same?")
    tab.visit(link_in(mail, "Yes, 6 months more"))
    tab.press("Yes, 6 months more")
    tab.says("Done", "you pay nothing", "You keep your vote")
    tab.visit(link_in(mail, "I can pay again"))
    tab.says("I can pay again")
    assert joining_site.ask(select(func.count()).select_from(Relief)) == 2
    assert tab.context.cookies() == []


@two_settings
def test_a_member_pays_less_from_the_page_of_dues(joining_site: Site, open_tab: OpenTab) -> None:
    ada, tab = payer(joining_site), open_tab(joining_site)
    tab.enter_as(ada)
    tab.visit("/me/dues")
    tab.follow("I can’t pay right now")
    tab.fill("What you can pay each month", "1")
    tab.press("Save", status=422)
    tab.says("There is a problem", "You wrote an amount")
    assert tab.value_of("What you can pay each month") == "1"
    tab.choose("Pay less")
    tab.press("Save")
    tab.says("Done", "From now on you pay £1.00 a month, until you say otherwise.")
    joining_site.mail(ada.email, "From now on you pay £1.00 a month")
    joining_site.rest()
    tab.follow("Your dues", within="main .actions")
    tab.says("By agreement you pay £1.00 a month.", "You keep your vote.", "£1.00 every month")
    tab.press("I can pay again")
    tab.says("Thank you. Dues begin again today")


@the_other_two
def test_a_mailed_link_cancels_without_signing_in(joining_site: Site, open_tab: OpenTab) -> None:
    ada, tab = payer(joining_site, "year"), open_tab(joining_site)
    joining_site.forward(days=352)
    mail = joining_site.mail(ada.email, "will be charged for the next year")
    joining_site.rest()
    before, addresses = everything(joining_site), every_address(joining_site)
    for way in ("/dues/cancel/", "/dues/relief/"):
        assert any(way in address for address in addresses), way
    for method in ("HEAD", "GET", "GET"):
        for address in addresses:
            assert scan(method, address) in (200, 302, 303), f"{method} {address}"
    assert everything(joining_site) == before
    tab.visit(link_in(mail, "Cancel the payment"))
    tab.says("Cancel your payment?", "You remain a member")
    tab.press("Cancel my payment")
    tab.says("Cancelled", "You are still a member")
    joining_site.wait_for(
        lambda: joining_site.ask(select(Pledge.status).where(Pledge.party_id == ada.id)) == "ending", "the end"
    )
    assert tab.context.cookies() == []
