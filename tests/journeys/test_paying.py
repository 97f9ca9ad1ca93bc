"""From the mail that says "approved" to a member number, at both providers, and back again when it goes wrong."""

import pytest
from sqlalchemy import func, select

from coopgov.funding.models import Contribution
from coopgov.membership.models import Membership
from tests.journeys.site import Person, Site, link_in
from tests.journeys.tab import OpenTab, Tab, the_other_two, two_settings

pytestmark = pytest.mark.browser
CARD_WORKS = "Pay with a card that works"


def approved(site: Site) -> tuple[Person, str]:
    """Ada, whom the secretary (member no. 1) approved, and the path of the link in her mail."""
    ada = site.approved("Ada Byron", site.officer("Sue Perkins", "membership_secretary"))
    return ada, link_in(site.mail(ada.email, "You are approved: finish joining"), "Finish joining")


def members(site: Site) -> int:
    return int(site.ask(select(func.count()).select_from(Membership)))


def choose_a_pound_a_month(tab: Tab, link: str) -> None:
    tab.visit(link)
    tab.choose("£1")
    tab.choose("Every month")
    tab.press("Continue to payment")


def pay(tab: Tab) -> None:
    with tab.at_provider("Continue to Stripe") as there:
        there.get_by_role("button", name=CARD_WORKS).click()


def test_an_applicant_pays_and_is_a_member_in_four_pages_and_six_taps(joining_site: Site, open_tab: OpenTab) -> None:
    tab, (ada, link) = open_tab(joining_site), approved(joining_site)
    tab.taps += 1  # on the link in the mail
    tab.visit(link)
    tab.says(
        "Welcome, Ada Byron", "1 of 2: your contribution", "Solidarity", "Of each £1.00 about £0.22 goes to card fees."
    )
    assert tab.page.get_by_role("link", name="I can’t pay right now").is_visible()
    tab.choose("£3")
    tab.choose("Once a year")
    tab.press("Continue to payment")
    tab.says("Check and pay", "Member", "£36.00 once a year")
    tab.taps += 1  # on the button at Stripe
    pay(tab)
    assert (tab.pages, tab.taps, tab.fields) == (4, 6, 0)
    tab.says("You’re member no. 2", "In the register since", "have one vote in everything that opens from now on")
    welcome = joining_site.mail(ada.email, "Welcome: you are member no. 2")
    assert "£36.00" in welcome.text
    tab.press("Sign in", within="main")
    tab.says("Welcome: you are signed in.", "Your first steps", "Say hello", "Pick your groups", "See your first vote")
    tab.press("Fine as it is")
    tab.press("Put this list away")
    tab.silent("Your first steps")
    tab.visit("/me/dues")
    tab.says("£36.00 once a year, by card or bank debit", "Next charge", "Running", "You can vote.", "1 payment")
    tab.follow("No. 1")
    tab.says("Receipt no. 1", "Ada Byron", "£36.00", "Covers")
    joining_site.rest()
    assert members(joining_site) == 2


@two_settings
def test_an_own_amount_is_asked_for_until_it_is_enough(joining_site: Site, open_tab: OpenTab) -> None:
    tab, (_, link) = open_tab(joining_site), approved(joining_site)
    tab.visit(link)
    tab.choose("Another amount")
    tab.choose("Every month")
    tab.press("Continue to payment", status=422)
    tab.says("There is a problem", "Write an amount.")
    for typed in ("0.99", "-1", "1,50", "NaN"):
        tab.fill("Your own amount for each month", typed)
        tab.press("Continue to payment", status=422)
        assert tab.value_of("Your own amount for each month") == typed
    tab.fill("Your own amount for each month", "2.50")
    tab.press("Continue to payment")
    tab.says("Check and pay", "£2.50 every month")
    pay(tab)
    tab.says("You’re member no. 2")


@two_settings
@pytest.mark.parametrize("lever", ["hold", "drop"])
def test_the_browser_may_come_back_before_the_message_or_without_it(
    joining_site: Site, open_tab: OpenTab, lever: str
) -> None:
    joining_site.fakes.stripe.switch(webhooks={lever: True})
    tab, (ada, link) = open_tab(joining_site), approved(joining_site)
    choose_a_pound_a_month(tab, link)
    pay(tab)
    tab.says("You’re member no. 2")
    joining_site.fakes.stripe.switch(webhooks={lever: False})
    joining_site.wait_for(lambda: not joining_site.fakes.stripe.pending_deliveries(), "the messages")
    joining_site.rest()
    assert members(joining_site) == 2
    assert len([mail for mail in joining_site.mails(ada.email) if "Welcome" in mail.subject]) == 1


@the_other_two
def test_the_message_may_come_before_the_browser_or_alone(joining_site: Site, open_tab: OpenTab) -> None:
    tab, (ada, link) = open_tab(joining_site), approved(joining_site)
    choose_a_pound_a_month(tab, link)
    session = joining_site.fakes.stripe.store.rows("checkout.session")[0]
    joining_site.fakes.stripe.pay(session["id"])
    joining_site.mail(ada.email, "Welcome: you are member no. 2")
    tab.visit(link)
    tab.says("You’re member no. 2")
    tab.visit(session["success_url"].replace("{CHECKOUT_SESSION_ID}", session["id"]).removeprefix(joining_site.url))
    tab.says("You’re member no. 2")
    assert members(joining_site) == 2


@two_settings
def test_a_declined_card_and_an_abandoned_page_lose_nothing(joining_site: Site, open_tab: OpenTab) -> None:
    tab, (_, link) = open_tab(joining_site), approved(joining_site)
    choose_a_pound_a_month(tab, link)
    with tab.at_provider("Continue to Stripe") as there:
        there.get_by_role("button", name="Pay with a card that is declined").click()
        there.get_by_text("Nothing was paid; choose another way.").wait_for()
        there.get_by_role("link", name="Leave without paying").click()
    tab.says("1 of 2: your contribution")
    assert tab.page.get_by_label("£1", exact=True).first.is_checked()
    assert tab.page.get_by_label("Every month").is_checked()
    assert members(joining_site) == 1
    tab.press("Continue to payment")
    pay(tab)
    tab.says("You’re member no. 2")


@two_settings
def test_a_double_click_opens_one_checkout(joining_site: Site, open_tab: OpenTab) -> None:
    tab, (_, link) = open_tab(joining_site), approved(joining_site)
    tab.visit(link)
    tab.choose("£1")
    tab.button("Continue to payment").dblclick()
    tab.says("Check and pay")
    pay(tab)
    tab.says("You’re member no. 2")
    assert len(joining_site.fakes.stripe.store.rows("checkout.session")) == 1
    assert joining_site.ask(select(func.count()).select_from(Contribution)) == 1


@two_settings
def test_an_applicant_joins_through_open_collective(joining_site: Site, open_tab: OpenTab) -> None:
    tab, (ada, link) = open_tab(joining_site), approved(joining_site)
    tab.visit(link)
    tab.choose("£3")
    tab.choose("Every month")
    tab.choose("Through Open Collective")
    tab.press("Continue to payment")
    tab.says("Pay through Open Collective", "£3.00 every month", "We look at Open Collective every few minutes.")
    with tab.at_provider("Continue to Open Collective") as there:
        assert there.get_by_label("Amount in").input_value() == "3.00"
        there.get_by_label("Your e-mail address").fill("countess@example.org")  # known by the code alone
        there.get_by_role("button", name="Contribute").click()
    tab.says("Have you paid at Open Collective? Then nothing is left to do")
    joining_site.forward(minutes=1)  # it is read at most once a minute
    joining_site.mail(ada.email, "Welcome: you are member no. 2")
    tab.visit(link)
    tab.says("You’re member no. 2")
    tab.press("Sign in", within="main")
    tab.visit("/me/dues")
    tab.says("£3.00 every month, through Open Collective", "amount, card and end are changed there")
