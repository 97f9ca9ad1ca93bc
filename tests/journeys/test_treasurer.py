"""The treasurer's quarter of an hour: match, book, give back, see who is late; and everybody sees the sums at once."""

import re

import pytest

from coopgov.demo.cast import persona_email
from tests.journeys.site import Site
from tests.journeys.tab import OpenTab, Tab, two_settings

pytestmark = pytest.mark.browser


def desk_of(site: Site, open_tab: OpenTab) -> Tab:
    tab = open_tab(site)
    tab.enter_as(site.known(persona_email("treasurer") or ""))
    tab.visit("/treasury")
    return tab


def received(tab: Tab) -> int:
    """Pence that came in this month, as everybody reads it."""
    tab.visit("/finances")
    line = tab.page.locator("section[aria-labelledby=now-GBP] .label").filter(has_text="Received").inner_text()
    found = re.search(r"£([\d,]+)\.(\d\d)", line)
    assert found is not None, line
    return int(found[1].replace(",", "") + found[2])


@two_settings
def test_a_payment_is_matched_in_one_click_and_unmatched_in_another(with_fakes: Site, open_tab: OpenTab) -> None:
    tab = desk_of(with_fakes, open_tab)
    tab.says("Waiting for you", "Unmatched payments", "Received so far", "Expected until its end", "Last read")
    tab.follow("Match them")
    card = tab.page.locator("article.card").filter(has=tab.page.get_by_role("button", name="Match ")).first
    name = card.locator("form strong").first.inner_text()
    waiting = tab.page.locator("article.card").count()
    before = tab.taps
    tab.press(f"Match {name}")
    assert tab.taps - before == 1
    tab.says("Answered last", name)
    assert tab.page.locator("article.card").count() == waiting - 1
    tab.press("Undo")
    assert tab.page.locator("article.card").count() == waiting


@two_settings
def test_a_cash_payment_is_booked_in_four_fields_and_everybody_sees_it(with_fakes: Site, open_tab: OpenTab) -> None:
    tab, anybody = desk_of(with_fakes, open_tab), open_tab(with_fakes)
    sum_before = received(open_tab(with_fakes))  # not in the same browser: it keeps public pages for a minute
    tab.follow("See who")
    tab.says("Arrears", "Member", "What helps")
    tab.follow("Book a payment")
    assert tab.value_of("Member")
    tab.fill("Amount", "12.00")
    tab.fill("Reference", "Envelope at the stall")
    tab.choose("Cash")
    tab.press("Book it")
    tab.says("Not booked yet.")
    tab.press("Book it")
    tab.says("Booked.", "Payment of £12.00", "In the ledger", "Envelope at the stall")
    assert tab.fields <= 4
    assert received(anybody) == sum_before + 1200
    tab.fill("Amount to give back", "2.00")
    tab.press("Give back")
    tab.says("Given back", "£2.00")
    links = anybody.page.locator("section[aria-labelledby=now-GBP] a").evaluate_all(
        "links => links.map(link => link.getAttribute('href'))"
    )
    assert len(links) >= 3
    for link in links:
        anybody.visit(link)
        anybody.says("Nobody is named.")
        anybody.silent("Envelope at the stall")
    assert anybody.context.cookies() == []
