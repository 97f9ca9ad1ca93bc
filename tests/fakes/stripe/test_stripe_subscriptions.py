"""Subscriptions through the real SDK: begun by the API, changed, paused, ended, listed."""

from typing import Any

import pytest
import stripe

from tests.fakes.stripe.conftest import DAY, NOW, Account, instant


def begun(account: Account, number: str = "4242424242424242", amount: int = 300, **facts: Any) -> Any:
    """A subscription begun by the API with a test card."""
    method = account.sdk.v1.payment_methods.create({"type": "card", "card": {"number": number}})
    customer = account.customer(payment_method=method.id, invoice_settings={"default_payment_method": method.id})
    items = [{"price_data": account.price_data(amount, facts.pop("interval", "month"))}]
    return account.sdk.v1.subscriptions.create({"customer": customer.id, "items": items} | facts)


def period(subscription: Any) -> tuple[int, int]:
    item = subscription["items"].data[0]
    return item.current_period_start, item.current_period_end


def test_a_subscription_bills_at_once(account: Account) -> None:
    subscription = begun(account, metadata={"member": "1"}, expand=["latest_invoice.payments"])
    assert (subscription.status, subscription.metadata["member"]) == ("active", "1")
    assert period(subscription) == (NOW, instant(2027, 2, 28, 12))
    invoice = subscription.latest_invoice
    assert (invoice.status, invoice.total, invoice.billing_reason) == ("paid", 300, "subscription_create")
    assert invoice.parent.subscription_details.subscription == subscription.id
    assert invoice.payments.data[0].payment.type == "payment_intent"


def test_the_period_stands_on_the_item_only(account: Account) -> None:
    subscription = begun(account)
    assert "current_period_end" not in subscription
    with pytest.raises(AttributeError):
        _ = subscription.current_period_end


def test_without_a_way_to_pay_nothing_begins(account: Account) -> None:
    customer = account.customer()
    with pytest.raises(stripe.InvalidRequestError, match="no attached payment source"):
        account.sdk.v1.subscriptions.create({"customer": customer.id, "items": [{"price_data": account.price_data()}]})
    assert not account.sdk.v1.subscriptions.list({"status": "all"}).data


def test_a_first_payment_that_fails_leaves_it_incomplete_and_then_expired(account: Account) -> None:
    subscription = begun(account, "4000000000000341", expand=["latest_invoice"])
    assert (subscription.status, subscription.latest_invoice.status) == ("incomplete", "open")
    account.world.advance(23 * 3600)
    late = account.subscription(subscription, "latest_invoice")
    assert (late.status, late.latest_invoice.status) == ("incomplete_expired", "void")


def test_a_first_payment_may_be_asked_for_later(account: Account) -> None:
    subscription = begun(account, payment_behavior="default_incomplete", expand=["latest_invoice.payments"])
    assert subscription.status == "incomplete"
    intent = subscription.latest_invoice.payments.data[0].payment.payment_intent
    method = account.sdk.v1.customers.payment_methods.list(subscription.customer).data[0]
    account.sdk.v1.payment_intents.confirm(intent, {"payment_method": method.id})
    assert account.subscription(subscription).status == "active"


def test_an_error_can_be_preferred_to_an_incomplete_one(account: Account) -> None:
    with pytest.raises(stripe.CardError):
        begun(account, "4000000000000341", payment_behavior="error_if_incomplete")
    assert not account.sdk.v1.subscriptions.list({"status": "all"}).data


def test_a_new_amount_from_the_next_period_on(account: Account) -> None:
    subscription = begun(account)
    product = subscription["items"].data[0].price.product
    data = {"currency": "gbp", "product": product, "unit_amount": 500, "recurring": {"interval": "month"}}
    item = subscription["items"].data[0].id
    changed = account.sdk.v1.subscriptions.update(
        subscription.id, {"items": [{"id": item, "price_data": data}], "proration_behavior": "none"}
    )
    assert changed["items"].data[0].price.unit_amount == 500
    assert period(changed) == period(subscription)
    assert len(account.sdk.v1.invoices.list({"subscription": subscription.id}).data) == 1
    account.world.move_to(period(subscription)[1])
    assert [i.total for i in account.sdk.v1.invoices.list({"subscription": subscription.id})] == [500, 300]


def test_proration_gives_back_the_old_and_asks_for_the_new(account: Account) -> None:
    subscription = begun(account, amount=2_800)
    product, item = subscription["items"].data[0].price.product, subscription["items"].data[0].id
    data = {"currency": "gbp", "product": product, "unit_amount": 5_600, "recurring": {"interval": "month"}}
    account.world.advance(7 * DAY)  # a quarter of 28 days
    account.sdk.v1.subscriptions.update(
        subscription.id, {"items": [{"id": item, "price_data": data}], "proration_behavior": "always_invoice"}
    )
    invoice = account.subscription(subscription, "latest_invoice").latest_invoice
    assert [row.amount for row in invoice.lines.data] == [-2_100, 4_200]
    assert (invoice.total, invoice.status, invoice.billing_reason) == (2_100, "paid", "subscription_update")
    assert all(row.parent.subscription_item_details.proration for row in invoice.lines.data)


def test_a_smaller_amount_becomes_credit_for_later(account: Account) -> None:
    subscription = begun(account, amount=2_800)
    product, item = subscription["items"].data[0].price.product, subscription["items"].data[0].id
    data = {"currency": "gbp", "product": product, "unit_amount": 1_400, "recurring": {"interval": "month"}}
    account.sdk.v1.subscriptions.update(
        subscription.id, {"items": [{"id": item, "price_data": data}], "proration_behavior": "always_invoice"}
    )
    invoice = account.subscription(subscription, "latest_invoice").latest_invoice
    assert (invoice.total, invoice.amount_due, invoice.status) == (-1_400, 0, "paid")
    account.world.move_to(period(subscription)[1])
    invoice = account.subscription(subscription, "latest_invoice").latest_invoice
    assert (invoice.total, invoice.amount_due, invoice.status) == (1_400, 0, "paid")


@pytest.mark.parametrize(("proration", "total"), [("create_prorations", 1_400), ("none", 0)])
def test_a_first_period_that_ends_at_an_anchor_costs_its_share(account: Account, proration: str, total: int) -> None:
    anchor = NOW + 14 * DAY  # half of 28 days
    subscription = begun(account, amount=2_800, billing_cycle_anchor=anchor, proration_behavior=proration)
    assert (subscription.status, period(subscription)) == ("active", (NOW, anchor))
    assert account.subscription(subscription, "latest_invoice").latest_invoice.total == total
    account.world.move_to(anchor)
    late = account.subscription(subscription, "latest_invoice")
    assert (late.latest_invoice.total, period(late)) == (2_800, (anchor, instant(2027, 3, 14, 12)))


@pytest.mark.parametrize(
    "facts",
    [
        {"collection_method": "send_invoice"},
        {"payment_behavior": "pending_if_incomplete"},
        {"billing_cycle_anchor": NOW - 1},
        {"trial_end": NOW},
        {"items": []},
        {"default_payment_method": "pm_none"},
        {"colour": "red"},
    ],
)
def test_what_the_fake_cannot_do_it_refuses(account: Account, facts: dict[str, Any]) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        begun(account, **facts)
    assert not account.sdk.v1.subscriptions.list({"status": "all"}).data


def test_another_interval_begins_a_new_period_now(account: Account) -> None:
    subscription = begun(account)
    data = account.price_data(3_000, "year")
    item = subscription["items"].data[0].id
    account.world.advance(DAY)
    changed = account.sdk.v1.subscriptions.update(
        subscription.id, {"items": [{"id": item, "price_data": data}], "proration_behavior": "none"}
    )
    assert period(changed) == (NOW + DAY, instant(2028, 2, 1, 12))
    assert account.subscription(subscription, "latest_invoice").latest_invoice.total == 3_000


def test_another_interval_can_wait_for_the_period_by_a_trial(account: Account) -> None:
    subscription = begun(account)
    data, item = account.price_data(3_000, "year"), subscription["items"].data[0].id
    ends = period(subscription)[1]
    changed = account.sdk.v1.subscriptions.update(
        subscription.id,
        {"items": [{"id": item, "price_data": data}], "proration_behavior": "none", "trial_end": ends},
    )
    assert (changed.status, changed.trial_end) == ("trialing", ends)
    account.world.move_to(ends)
    late = account.subscription(subscription, "latest_invoice")
    assert (late.status, late.latest_invoice.total, period(late)[1]) == ("active", 3_000, instant(2028, 2, 28, 12))


def test_an_item_without_its_id_is_one_more(account: Account) -> None:
    subscription = begun(account)
    changed = account.sdk.v1.subscriptions.update(subscription.id, {"items": [{"price_data": account.price_data(200)}]})
    assert len(changed["items"].data) == 2
    account.world.move_to(period(subscription)[1])
    assert account.subscription(subscription, "latest_invoice").latest_invoice.total == 200 + 200 + 300


def test_a_refused_change_changes_nothing(account: Account) -> None:
    subscription = begun(account)
    with pytest.raises(stripe.InvalidRequestError):
        account.sdk.v1.subscriptions.update(
            subscription.id, {"metadata": {"a": "b"}, "items": [{"id": "si_none", "quantity": 2}]}
        )
    with pytest.raises(stripe.InvalidRequestError, match="one interval"):
        account.sdk.v1.subscriptions.update(
            subscription.id, {"metadata": {"a": "b"}, "items": [{"price_data": account.price_data(interval="year")}]}
        )
    same = account.subscription(subscription)
    assert (dict(same.metadata.to_dict()), len(same["items"].data)) == ({}, 1)


def test_leaving_at_the_end_of_the_period_and_staying_after_all(account: Account) -> None:
    subscription = begun(account)
    update = account.sdk.v1.subscriptions.update
    leaving = update(subscription.id, {"cancel_at_period_end": True})
    assert (leaving.cancel_at, leaving.canceled_at) == (period(subscription)[1], NOW)
    assert leaving.cancellation_details.reason == "cancellation_requested"
    staying = update(subscription.id, {"cancel_at_period_end": False})
    assert (staying.cancel_at, staying.canceled_at) == (None, None)
    update(subscription.id, {"cancel_at_period_end": True})
    account.world.move_to(period(subscription)[1])
    gone = account.subscription(subscription)
    assert (gone.status, gone.ended_at) == ("canceled", period(subscription)[1])
    assert account.told()[-1] == "customer.subscription.deleted"
    assert len(account.sdk.v1.invoices.list({"subscription": subscription.id}).data) == 1


def test_asking_twice_to_leave_says_so_once(account: Account) -> None:
    subscription = begun(account)
    for _ in range(2):
        account.sdk.v1.subscriptions.update(subscription.id, {"cancel_at_period_end": True})
    assert account.told()[-2:].count("customer.subscription.updated") == 1 + 1  # the first payment's, and one


def test_leaving_on_a_day(account: Account) -> None:
    subscription = begun(account)
    account.sdk.v1.subscriptions.update(subscription.id, {"cancel_at": NOW + 5 * DAY})
    account.world.advance(5 * DAY - 1)
    assert account.subscription(subscription).status == "active"
    account.world.advance(1)
    assert account.subscription(subscription).status == "canceled"


def test_leaving_at_once(account: Account) -> None:
    subscription = begun(account)
    gone = account.sdk.v1.subscriptions.cancel(subscription.id, {"cancellation_details": {"comment": "moved"}})
    assert (gone.status, gone.cancellation_details.comment) == ("canceled", "moved")
    with pytest.raises(stripe.InvalidRequestError, match="No such subscription") as refused:
        account.sdk.v1.subscriptions.cancel(subscription.id)
    assert refused.value.http_status == 404
    with pytest.raises(stripe.InvalidRequestError):
        account.sdk.v1.subscriptions.update(subscription.id, {"cancel_at_period_end": True})
    assert account.sdk.v1.subscriptions.update(subscription.id, {"metadata": {"a": "b"}}).metadata["a"] == "b"
    account.world.advance(400 * DAY)
    assert len(account.sdk.v1.invoices.list({"subscription": subscription.id}).data) == 1


@pytest.mark.parametrize(
    ("behaviour", "status"), [("void", "void"), ("keep_as_draft", "draft"), ("mark_uncollectible", "uncollectible")]
)
def test_paused_collection_takes_nothing_until_it_resumes(account: Account, behaviour: str, status: str) -> None:
    subscription = begun(account)
    first_renewal = period(subscription)[1]
    resumes_at = first_renewal + 10 * DAY
    account.sdk.v1.subscriptions.update(
        subscription.id, {"pause_collection": {"behavior": behaviour, "resumes_at": resumes_at}}
    )
    account.world.move_to(first_renewal)
    late = account.subscription(subscription, "latest_invoice")
    assert (late.status, late.latest_invoice.status, account.balance()) == ("active", status, 275)
    account.world.move_to(resumes_at)
    assert account.subscription(subscription).pause_collection is None
    account.world.move_to(period(account.subscription(subscription))[1])
    assert account.balance() == 550


def test_paused_collection_can_be_undone(account: Account) -> None:
    subscription = begun(account)
    update = account.sdk.v1.subscriptions.update
    assert update(subscription.id, {"pause_collection": {"behavior": "void"}}).pause_collection.behavior == "void"
    assert update(subscription.id, {"pause_collection": ""}).pause_collection is None


def test_metadata_is_merged_removed_and_emptied(account: Account) -> None:
    subscription = begun(account, metadata={"a": "1", "b": "2"})
    update = account.sdk.v1.subscriptions.update
    assert update(subscription.id, {"metadata": {"a": "", "c": "3"}}).metadata.to_dict() == {"b": "2", "c": "3"}
    assert update(subscription.id, {"metadata": ""}).metadata.to_dict() == {}


def test_lists_are_by_customer_status_and_time(account: Account) -> None:
    first = begun(account)
    account.world.advance(DAY)
    second = begun(account)
    account.sdk.v1.subscriptions.cancel(first.id)
    found = account.sdk.v1.subscriptions.list
    assert [s.id for s in found().data] == [second.id]
    assert [s.id for s in found({"status": "all"}).data] == [second.id, first.id]
    assert [s.id for s in found({"status": "canceled"}).data] == [first.id]
    assert [s.id for s in found({"status": "ended"}).data] == [first.id]
    assert [s.id for s in found({"status": "all", "customer": first.customer}).data] == [first.id]
    assert [s.id for s in found({"status": "all", "created": {"gte": NOW + DAY}}).data] == [second.id]
    with pytest.raises(stripe.InvalidRequestError):
        found({"status": "asleep"})


def test_a_deleted_customer_has_no_subscription(account: Account) -> None:
    subscription = begun(account)
    assert account.sdk.v1.customers.delete(subscription.customer).deleted
    assert account.subscription(subscription).status == "canceled"
    assert account.sdk.v1.customers.retrieve(subscription.customer).deleted
    assert account.told()[-2:] == ["customer.subscription.deleted", "customer.deleted"]


def test_what_failed_for_good_may_be_paused_and_resumed(account: Account) -> None:
    account.control("switches", final_failure="paused")
    subscription = begun(account)
    method = account.sdk.v1.customers.payment_methods.list(subscription.customer).data[0]
    account.world.behave(method.id, "declines")
    account.world.advance(60 * DAY)
    paused = account.subscription(subscription)
    assert paused.status == "paused"
    assert paused.status_details.paused.subscription.type == "final_payment_failure"
    assert account.told()[-1] == "invoice.payment_failed"
    assert "customer.subscription.paused" in account.told()
    assert account.sdk.v1.subscriptions.resume(subscription.id).status == "paused"
    account.world.behave(method.id, "works")
    resumed = account.sdk.v1.subscriptions.resume(subscription.id)
    assert (resumed.status, resumed.status_details, period(resumed)[0]) == ("active", None, account.world.now)


def test_what_failed_for_good_may_stay_unpaid(account: Account) -> None:
    account.control("switches", final_failure="unpaid")
    subscription = begun(account)
    method = account.sdk.v1.customers.payment_methods.list(subscription.customer).data[0]
    account.world.behave(method.id, "declines")
    account.world.advance(70 * DAY)
    late = account.subscription(subscription, "latest_invoice")
    assert (late.status, late.latest_invoice.status) == ("unpaid", "draft")
    account.world.behave(method.id, "works")
    account.sdk.v1.invoices.pay(late.latest_invoice.id)
    assert account.subscription(subscription).status == "active"
