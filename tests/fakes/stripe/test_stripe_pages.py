"""The portal, invoices and the start page, as a browser without scripts sees them."""

import re
from typing import Any

import pytest
import stripe

from coopgov.fakes.stripe.pdf import plain_pdf
from tests.fakes.stripe.conftest import DAY, Account


def portal(account: Account, subscription: Any, **facts: Any) -> str:
    session = account.sdk.v1.billing_portal.sessions.create(
        {"customer": subscription.customer, "return_url": "http://coop.example/me/dues"} | facts
    )
    return str(session.url)


def test_the_portal_shows_what_is_paid_and_how(account: Account) -> None:
    page = account.http.get(portal(account, account.subscribed())).text
    for words in ("No money moves", "Card ending in 4242", "£3.00 a month, active", "http://coop.example/me/dues"):
        assert words in page


def test_a_new_card_pays_from_now_on(account: Account) -> None:
    subscription = account.subscribed()
    url = portal(account, subscription)
    assert "was changed" in account.http.post(url, data={"action": "declines"}).text
    changed = account.subscription(subscription)
    assert changed.default_payment_method != subscription.default_payment_method
    account.world.advance(28 * DAY)
    assert account.subscription(subscription).status == "past_due"
    account.http.post(url, data={"action": "works"})
    account.world.advance(3 * DAY)
    assert account.subscription(subscription).status == "active"


def test_leaving_and_staying_after_all(account: Account) -> None:
    subscription = account.subscribed()
    url = portal(account, subscription)
    assert "It will end" in account.http.post(url, data={"action": "leave", "subscription": subscription.id}).text
    assert account.subscription(subscription).cancel_at_period_end
    assert "Go on paying after all" in account.http.get(url).text
    account.http.post(url, data={"action": "stay", "subscription": subscription.id})
    assert not account.subscription(subscription).cancel_at_period_end


def test_nobody_changes_somebody_elses_subscription(account: Account) -> None:
    mine, other = account.subscribed(), account.subscribed()
    answer = account.http.post(portal(account, mine), data={"action": "leave", "subscription": other.id})
    assert answer.status_code == 404
    assert not account.subscription(other).cancel_at_period_end
    assert account.http.post(portal(account, mine), data={}).status_code == 400


def test_a_flow_shows_one_thing_and_leads_back(account: Account) -> None:
    subscription = account.subscribed()
    back = {"type": "redirect", "redirect": {"return_url": "http://coop.example/done"}}
    flow = {"type": "payment_method_update", "after_completion": back}
    url = portal(account, subscription, flow_data=flow)
    page = account.http.get(url).text
    assert "How you pay" in page
    assert "What you pay" not in page
    answer = account.http.post(url, data={"action": "works"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "http://coop.example/done")
    cancel = {"type": "subscription_cancel", "subscription_cancel": {"subscription": subscription.id}}
    assert "How you pay" not in account.http.get(portal(account, subscription, flow_data=cancel)).text


def test_portal_configurations_are_kept(account: Account) -> None:
    create = account.sdk.v1.billing_portal.configurations.create
    made = create({"features": {"subscription_cancel": {"enabled": False}}})
    assert (made.is_default, made.features.subscription_cancel.enabled) == (True, False)
    assert [c.id for c in account.sdk.v1.billing_portal.configurations.list()] == [made.id]
    for wrong in (
        {"time_travel": {"enabled": True}},
        {"subscription_cancel": {"enabled": True, "mode": "immediately"}},
    ):
        with pytest.raises(stripe.InvalidRequestError):
            create({"features": wrong})


def test_the_portal_allows_what_its_configuration_says(account: Account) -> None:
    features = {"subscription_cancel": {"enabled": False}, "invoice_history": {"enabled": False}}
    made = account.sdk.v1.billing_portal.configurations.create({"features": features})
    subscription = account.subscribed()
    url = portal(account, subscription, configuration=made.id)
    page = account.http.get(url).text
    assert ("How you pay" in page, "Cancel" in page, "Invoices" in page) == (True, False, False)
    assert account.http.post(url, data={"action": "leave", "subscription": subscription.id}).status_code == 403


def test_an_open_invoice_can_be_paid_on_its_page(account: Account) -> None:
    subscription = account.subscribed()
    account.world.behave(subscription.default_payment_method, "declines")
    account.world.advance(28 * DAY)
    path = f"/invoice/{account.subscription(subscription).latest_invoice}"
    assert "Pay now" in account.http.get(path).text
    assert "was declined" in account.http.post(path).text
    account.world.behave(subscription.default_payment_method, "works")
    assert "Paid, or on its way." in account.http.post(path).text
    assert "Pay now" not in account.http.get(path).text


def test_a_receipt_shows_what_was_paid(account: Account) -> None:
    charge = account.charge(account.subscribed())
    assert "£3.00" in account.http.get(charge.receipt_url).text


def test_the_start_page_moves_time_and_settles_debits(account: Account) -> None:
    subscription = account.subscribed("bacs_works")
    account.session()
    page = account.http.get("/").text
    assert "No money moves" in page
    (path,) = re.findall(r'action="(/_fake/payment_intents/[^"]+)"', page)
    answer = account.http.post(path, data={"succeeds": "false"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert account.subscription(subscription).status == "past_due"
    before = account.world.now
    assert account.http.post("/_fake/clock", data={"advance": "86400"}).status_code == 303
    assert account.world.now == before + DAY


@pytest.mark.parametrize("path", ["pay", "ask", "portal", "invoice", "confirm", "home", "receipt"])
def test_pages_have_a_title_a_language_a_heading_and_no_script(account: Account, path: str) -> None:
    subscription = account.subscribed("confirm")
    session = account.session()
    account.world.advance(28 * DAY)
    session = account.session()
    intent = account.sdk.v1.payment_intents.list({"customer": subscription.customer}).data[0]
    addresses = {
        "pay": session.url,
        "ask": f"{session.url}/confirm",
        "portal": portal(account, subscription),
        "invoice": f"/invoice/{account.subscription(subscription).latest_invoice}",
        "confirm": f"/confirm/{intent.id}",
        "home": "/",
        "receipt": account.sdk.v1.charges.list().data[-1].receipt_url,
    }
    page = account.http.get(addresses[path])
    assert page.status_code == 200
    assert '<html lang="en">' in page.text
    assert page.text.count("<h1>") == 1
    assert "<title>" in page.text
    assert "<script" not in page.text
    assert 'name="viewport"' in page.text


def test_a_pdf_says_what_it_is_told() -> None:
    made = plain_pdf(["£3.00 (three) \\ 漢"])
    assert b"(\xa33.00 \\(three\\) \\\\ ?) Tj" in made
    assert made.startswith(b"%PDF-1.4")
    assert made.rstrip().endswith(b"%%EOF")
    start = int(made.rsplit(b"startxref\n", 1)[1].split()[0])
    assert made[start : start + 4] == b"xref"
