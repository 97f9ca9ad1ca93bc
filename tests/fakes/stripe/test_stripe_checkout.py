"""Checkout sessions through the real SDK and the hosted page."""

from typing import Any

import pytest
import stripe

from tests.fakes.stripe.conftest import DAY, NOW, Account


def test_a_card_that_works_makes_an_active_subscription(account: Account) -> None:
    customer = account.customer()
    session = account.session(
        customer=customer.id,
        client_reference_id="pledge-1",
        subscription_data={"metadata": {"pledge": "1"}},
        success_url="http://coop.example/paid?session={CHECKOUT_SESSION_ID}",
    )
    assert (session.status, session.payment_status, session.url) == (
        "open",
        "unpaid",
        f"{account.url}/pay/{session.id}",
    )
    answer = account.http.post(f"/pay/{session.id}", data={"how": "works"})
    assert (answer.status_code, answer.headers["Location"]) == (303, f"http://coop.example/paid?session={session.id}")
    done = account.sdk.v1.checkout.sessions.retrieve(session.id, {"expand": ["subscription", "invoice", "line_items"]})
    assert (done.status, done.payment_status, done.client_reference_id) == ("complete", "paid", "pledge-1")
    assert (done.subscription.status, done.subscription.metadata["pledge"]) == ("active", "1")
    assert (done.invoice.status, done.invoice.amount_paid, done.amount_total) == ("paid", 300, 300)
    assert done.line_items.data[0].description == "Membership"
    assert done.customer_details.email == "ada@example.org"
    assert done.url is None


def test_the_page_says_that_it_is_a_fake_and_what_is_paid(account: Account) -> None:
    session = account.session(500, cancel_url="http://coop.example/left")
    page = account.http.get(f"/pay/{session.id}").text
    assert "This is a fake Stripe. No money moves." in page
    assert "£5.00 <small>a month</small>" in page
    assert 'href="http://coop.example/left"' in page
    assert "script" not in page


def test_a_declined_card_leaves_the_session_open(account: Account) -> None:
    session = account.session()
    answer = account.http.post(f"/pay/{session.id}", data={"how": "declines"})
    assert answer.status_code == 402
    assert "Your card was declined." in answer.text
    again = account.sdk.v1.checkout.sessions.retrieve(session.id)
    assert (again.status, again.subscription) == ("open", None)
    assert account.told()[-2:] == ["charge.failed", "payment_intent.payment_failed"]
    assert account.http.post(f"/pay/{session.id}", data={"how": "works"}).status_code == 303


def test_the_bank_may_ask_first(account: Account) -> None:
    session = account.session()
    asked = account.http.post(f"/pay/{session.id}", data={"how": "confirm"})
    assert asked.headers["Location"] == f"/pay/{session.id}/confirm"
    assert "is it you" in account.http.get(asked.headers["Location"]).text
    assert account.sdk.v1.checkout.sessions.retrieve(session.id).status == "open"
    account.http.post(f"/pay/{session.id}", data={"how": "confirm", "confirmed": "yes"})
    assert account.sdk.v1.checkout.sessions.retrieve(session.id).payment_status == "paid"


def test_a_direct_debit_is_pending_for_four_days_and_then_arrives(account: Account) -> None:
    subscription = account.subscribed("bacs_works")
    session = account.sdk.v1.checkout.sessions.list({"subscription": subscription.id}).data[0]
    assert (session.status, session.payment_status) == ("complete", "unpaid")
    assert account.subscription(subscription, "latest_invoice").latest_invoice.status == "open"
    assert account.charge(subscription).status == "pending"
    account.world.advance(4 * DAY - 1)
    assert account.subscription(subscription, "latest_invoice").latest_invoice.status == "open"
    account.world.advance(1)
    assert account.subscription(subscription, "latest_invoice").latest_invoice.status == "paid"
    assert account.sdk.v1.checkout.sessions.retrieve(session.id).payment_status == "paid"
    assert account.told()[-1] == "checkout.session.async_payment_succeeded"


def test_a_direct_debit_may_bounce(account: Account) -> None:
    subscription = account.subscribed("bacs_fails")
    account.world.advance(4 * DAY)
    late = account.subscription(subscription, "latest_invoice")
    assert (late.status, late.latest_invoice.status, late.latest_invoice.attempt_count) == ("past_due", "open", 1)
    assert account.charge(subscription).failure_code == "debit_not_authorized"
    assert account.told()[-1] == "checkout.session.async_payment_failed"
    assert account.balance() == 0


def test_a_direct_debit_can_be_settled_at_once(account: Account) -> None:
    subscription = account.subscribed("bacs_works")
    intent = account.charge(subscription).payment_intent
    assert account.control(f"payment_intents/{intent}/settle", succeeds=False)["status"] == "requires_payment_method"
    assert account.subscription(subscription).status == "past_due"


def test_a_session_expires_after_a_day(account: Account) -> None:
    session = account.session()
    account.world.advance(DAY)
    assert account.sdk.v1.checkout.sessions.retrieve(session.id).status == "expired"
    assert account.told()[-1] == "checkout.session.expired"
    assert "has expired" in account.http.get(f"/pay/{session.id}").text
    assert account.http.post(f"/pay/{session.id}", data={"how": "works"}).status_code == 400


def test_a_session_can_be_expired_once(account: Account) -> None:
    session = account.session(expires_at=NOW + 3600)
    assert account.sdk.v1.checkout.sessions.expire(session.id).status == "expired"
    with pytest.raises(stripe.InvalidRequestError):
        account.sdk.v1.checkout.sessions.expire(session.id)


def test_a_session_is_paid_once(account: Account) -> None:
    session = account.session()
    account.world.pay(session.id)
    assert "paid already" in account.http.get(f"/pay/{session.id}").text
    assert account.http.post(f"/pay/{session.id}", data={"how": "works"}).status_code == 400
    assert len(account.sdk.v1.subscriptions.list().data) == 1


def test_two_sessions_can_both_be_paid(account: Account) -> None:
    customer = account.customer()
    for session in [account.session(customer=customer.id), account.session(customer=customer.id)]:
        account.world.pay(session.id)
    assert len(account.sdk.v1.subscriptions.list({"customer": customer.id}).data) == 2


def test_a_customer_is_made_when_none_is_named(account: Account) -> None:
    subscription = account.subscribed(customer_email="new@example.org")
    assert account.sdk.v1.customers.retrieve(subscription.customer).email == "new@example.org"


def test_a_trial_takes_no_money_at_first(account: Account) -> None:
    subscription = account.subscribed(subscription_data={"trial_end": NOW + 30 * DAY})
    assert (subscription.status, account.balance()) == ("trialing", 0)
    session = account.sdk.v1.checkout.sessions.list({"subscription": subscription.id}).data[0]
    assert session.payment_status == "no_payment_required"
    account.world.advance(30 * DAY)
    assert account.subscription(subscription).status == "active"
    assert account.balance() == 275
    assert "customer.subscription.trial_will_end" in account.told()


def test_setup_mode_saves_a_card(account: Account) -> None:
    customer = account.customer()
    session = account.sdk.v1.checkout.sessions.create(
        {"mode": "setup", "customer": customer.id, "currency": "gbp", "success_url": "http://coop.example/"}
    )
    account.world.pay(session.id)
    done = account.sdk.v1.checkout.sessions.retrieve(session.id, {"expand": ["setup_intent.payment_method"]})
    assert done.setup_intent.payment_method.card.last4 == "4242"
    assert [m.id for m in account.sdk.v1.customers.payment_methods.list(customer.id).data] == [
        done.setup_intent.payment_method.id
    ]


def test_payment_mode_takes_money_once(account: Account) -> None:
    data = account.price_data(1_000)
    del data["recurring"]
    session = account.sdk.v1.checkout.sessions.create(
        {
            "mode": "payment",
            "line_items": [{"quantity": 2, "price_data": data}],
            "payment_intent_data": {"metadata": {"gift": "yes"}},
            "success_url": "http://coop.example/",
        }
    )
    account.world.pay(session.id)
    done = account.sdk.v1.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent.latest_charge"]})
    assert (done.payment_intent.amount_received, done.payment_intent.metadata["gift"]) == (2_000, "yes")
    assert done.payment_intent.latest_charge.status == "succeeded"


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"unit_amount": -1}, "line_items[0][price_data][unit_amount]"),
        ({"unit_amount": 100_000_000}, "line_items[0][price_data][unit_amount]"),
        ({"unit_amount": "1.50"}, "line_items[0][price_data][unit_amount]"),
        ({"currency": "pounds"}, "line_items[0][price_data][currency]"),
        ({"product": "prod_none"}, "line_items[0][price_data][product]"),
        ({"recurring": {"interval": "fortnight"}}, "line_items[0][price_data][recurring][interval]"),
        ({"colour": "red"}, "line_items[0][price_data][colour]"),
    ],
)
def test_a_price_that_cannot_be_meant_is_refused_and_leaves_nothing(
    account: Account,
    change: dict[str, Any],
    param: str,
) -> None:
    line = {"quantity": 1, "price_data": account.price_data() | change}
    before = account.told()
    with pytest.raises(stripe.InvalidRequestError) as refused:
        account.session(line_items=[line])
    assert refused.value.param == param
    assert account.told()[: len(before)] == before
    assert not account.sdk.v1.checkout.sessions.list().data
    assert not account.sdk.v1.prices.list().data


def test_less_than_stripe_collects_is_refused(account: Account) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="at least 30"):
        account.session(29)
    assert not account.sdk.v1.checkout.sessions.list().data


def test_the_methods_of_older_versions_are_refused_by_name(account: Account) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        account.session(payment_method_types=["card"])
    assert refused.value.code == "payment_method_types_no_longer_supported"


def test_methods_that_do_not_take_the_currency_are_left_out(account: Account) -> None:
    line = {"quantity": 1, "price_data": account.price_data(500, currency="eur")}
    session = account.session(line_items=[line], allowed_payment_method_types=["bacs_debit", "card"])
    assert session.payment_method_types == ["card"]


@pytest.mark.parametrize(
    "facts",
    [
        {"mode": "sale"},
        {"success_url": ""},
        {"customer": "cus_none"},
        {"allowed_payment_method_types": ["cheque"]},
        {"expires_at": NOW + 60},
        {"line_items": []},
        {"subscription_data": {"trial_end": NOW + 60}},
        {"colour": "red"},
    ],
)
def test_a_session_that_cannot_be_meant_is_refused(account: Account, facts: dict[str, Any]) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        account.session(**facts)


def test_a_session_for_cards_takes_no_direct_debit(account: Account) -> None:
    session = account.session(excluded_payment_method_types=["bacs_debit"])
    assert "Bacs" not in account.http.get(f"/pay/{session.id}").text
    assert account.http.post(f"/pay/{session.id}", data={"how": "bacs_works"}).status_code == 400


def test_a_price_made_beforehand_can_be_sold(account: Account) -> None:
    price = account.sdk.v1.prices.create(account.price_data(700))
    subscription = account.subscribed(line_items=[{"price": price.id, "quantity": 1}])
    assert subscription["items"].data[0].price.id == price.id
    assert account.balance() == 700 - 31
