"""Money through the real SDK: invoices, fees, refunds, disputes, payouts, and the balance that they add up to."""

import doctest
from types import ModuleType
from typing import Any

import pytest
import stripe

from coopgov.fakes.stripe import fees, periods, words
from coopgov.fakes.stripe.world import World
from tests.fakes.stripe.conftest import DAY, NOW, Account


def test_a_card_pays_one_and_a_half_percent_and_twenty_pence(account: Account) -> None:
    charge = account.charge(account.subscribed(amount=300))
    entry = account.sdk.v1.balance_transactions.retrieve(charge.balance_transaction)
    assert (entry.amount, entry.fee, entry.net, entry.type) == (300, 25, 275, "charge")
    assert [(part.amount, part.type) for part in entry.fee_details] == [(25, "stripe_fee")]
    assert (entry.source, entry.reporting_category, entry.status) == (charge.id, "charge", "pending")


@pytest.mark.parametrize(("amount", "fee"), [(100, 20), (3_050, 31), (50_000, 400)])
def test_a_direct_debit_pays_one_percent_within_bounds(account: Account, amount: int, fee: int) -> None:
    subscription = account.subscribed("bacs_works", amount)
    account.world.advance(4 * DAY)
    entry = account.sdk.v1.balance_transactions.retrieve(account.charge(subscription).balance_transaction)
    assert (entry.amount, entry.fee, entry.type) == (amount, fee, "payment")


def test_money_is_available_after_two_days(account: Account) -> None:
    account.subscribed()
    found = account.sdk.v1.balance.retrieve()
    assert (found.available[0].amount, found.pending[0].amount) == (0, 275)
    account.world.advance(2 * DAY)
    found = account.sdk.v1.balance.retrieve()
    assert (found.available[0].amount, found.pending[0].amount) == (275, 0)


def test_a_fee_may_come_late(account: Account) -> None:
    account.control("switches", fee_delay=3_600)
    charge = account.charge(account.subscribed())
    assert (charge.status, charge.balance_transaction) == ("succeeded", None)
    account.world.advance(3_600)
    assert account.sdk.v1.charges.retrieve(charge.id, {"expand": ["balance_transaction"]}).balance_transaction.fee == 25
    assert account.told()[-1] == "charge.updated"


def test_a_charge_leads_to_its_invoice(account: Account) -> None:
    subscription = account.subscribed()
    intent = account.charge(subscription).payment_intent
    found = account.sdk.v1.invoice_payments.list({"payment": {"type": "payment_intent", "payment_intent": intent}})
    assert [payment.invoice for payment in found.data] == [subscription.latest_invoice]
    assert (found.data[0].status, found.data[0].amount_paid) == ("paid", 300)
    other = account.sdk.v1.invoice_payments.list({"payment": {"type": "payment_intent", "payment_intent": "pi_none"}})
    assert other.data == []


def test_an_invoice_has_no_fields_of_older_versions(account: Account) -> None:
    invoice = account.sdk.v1.invoices.retrieve(account.subscribed().latest_invoice)
    assert not {"subscription", "charge", "payment_intent", "paid", "tax"} & set(invoice.to_dict())


def test_an_open_invoice_is_paid_by_another_card(account: Account) -> None:
    subscription = account.subscribed()
    account.world.behave(subscription.default_payment_method, "declines")
    account.world.advance(28 * DAY)
    invoice = account.subscription(subscription).latest_invoice
    with pytest.raises(stripe.CardError):
        account.sdk.v1.invoices.pay(invoice)
    method = account.sdk.v1.payment_methods.attach("pm_card_visa", {"customer": subscription.customer})
    assert account.sdk.v1.invoices.pay(invoice, {"payment_method": method.id}).status == "paid"
    with pytest.raises(stripe.InvalidRequestError, match="already paid"):
        account.sdk.v1.invoices.pay(invoice)


def test_an_invoice_is_paid_out_of_band_without_a_charge(account: Account) -> None:
    subscription = account.subscribed()
    account.world.behave(subscription.default_payment_method, "declines")
    account.world.advance(28 * DAY)
    invoice = account.sdk.v1.invoices.pay(account.subscription(subscription).latest_invoice, {"paid_out_of_band": True})
    assert (invoice.status, invoice.amount_paid, invoice.amount_paid_off_stripe) == ("paid", 0, 300)
    assert account.subscription(subscription).status == "active"
    assert account.balance() == 275


@pytest.mark.parametrize(
    ("call", "status", "event"),
    [
        ("void_invoice", "void", "invoice.voided"),
        ("mark_uncollectible", "uncollectible", "invoice.marked_uncollectible"),
    ],
)
def test_an_open_invoice_can_be_given_up(account: Account, call: str, status: str, event: str) -> None:
    subscription = account.subscribed()
    account.world.behave(subscription.default_payment_method, "declines")
    account.world.advance(28 * DAY)
    invoice = account.subscription(subscription).latest_invoice
    assert getattr(account.sdk.v1.invoices, call)(invoice).status == status
    assert account.told()[-1] == event
    with pytest.raises(stripe.InvalidRequestError):
        account.sdk.v1.invoices.mark_uncollectible(invoice)


def test_a_preview_tells_the_next_invoice(account: Account) -> None:
    subscription = account.subscribed()
    preview = account.sdk.v1.invoices.create_preview({"subscription": subscription.id})
    assert (preview.total, preview.lines.data[0].period.start) == (300, NOW + 28 * DAY)
    account.sdk.v1.subscriptions.update(subscription.id, {"cancel_at_period_end": True})
    with pytest.raises(stripe.InvalidRequestError):
        account.sdk.v1.invoices.create_preview({"subscription": subscription.id})


def test_invoices_show_as_page_and_pdf(account: Account) -> None:
    invoice = account.sdk.v1.invoices.retrieve(account.subscribed().latest_invoice)
    assert invoice.number in account.http.get(invoice.hosted_invoice_url).text
    assert account.http.get(invoice.invoice_pdf).content.startswith(b"%PDF-1.4")


def test_a_refund_in_parts_never_exceeds_the_charge(account: Account) -> None:
    charge = account.charge(account.subscribed(amount=500))
    refund = account.sdk.v1.refunds.create
    assert refund({"charge": charge.id, "amount": 200}).status == "succeeded"
    assert not account.sdk.v1.charges.retrieve(charge.id).refunded
    with pytest.raises(stripe.InvalidRequestError, match="greater than unrefunded") as refused:
        refund({"charge": charge.id, "amount": 301})
    assert refused.value.param == "amount"
    assert refund({"payment_intent": charge.payment_intent}).amount == 300
    whole = account.sdk.v1.charges.retrieve(charge.id, {"expand": ["refunds"]})
    assert (whole.refunded, whole.amount_refunded, len(whole.refunds.data)) == (True, 500, 2)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        refund({"charge": charge.id})
    assert refused.value.code == "charge_already_refunded"
    assert account.balance() == -28


def test_a_refund_may_fail_and_the_money_returns(account: Account) -> None:
    charge = account.charge(account.subscribed())
    refund = account.sdk.v1.refunds.create({"charge": charge.id, "metadata": {"why": "moved"}})
    account.control(f"refunds/{refund.id}/fail")
    failed = account.sdk.v1.refunds.retrieve(refund.id, {"expand": ["failure_balance_transaction"]})
    assert (failed.status, failed.failure_balance_transaction.net) == ("failed", 300)
    charge = account.sdk.v1.charges.retrieve(charge.id)
    assert (charge.refunded, charge.amount_refunded) == (False, 0)
    assert account.told()[-3:] == ["refund.updated", "charge.updated", "refund.failed"]
    assert account.balance() == 275
    with pytest.raises(ValueError, match="failed"):
        account.world.fail_refund(refund.id)


def test_a_refund_of_a_direct_debit_takes_days(account: Account) -> None:
    subscription = account.subscribed("bacs_works")
    with pytest.raises(stripe.InvalidRequestError, match="has not succeeded"):
        account.sdk.v1.refunds.create({"charge": account.charge(subscription).id})
    account.world.advance(4 * DAY)
    refund = account.sdk.v1.refunds.create({"charge": account.charge(subscription).id})
    assert refund.status == "pending"
    account.world.advance(3 * DAY)
    assert account.sdk.v1.refunds.retrieve(refund.id).status == "succeeded"
    assert account.told()[-1] == "refund.updated"


def test_a_dispute_takes_the_money_and_a_fee(account: Account) -> None:
    charge = account.charge(account.subscribed())
    dispute = account.control("disputes", charge=charge.id)
    found = account.sdk.v1.disputes.retrieve(dispute["id"])
    assert (found.amount, found.status, found.charge) == (300, "needs_response", charge.id)
    assert [(entry.net, entry.fee) for entry in found.balance_transactions] == [(-2_300, 2_000)]
    assert account.balance() == 275 - 2_300
    assert account.sdk.v1.charges.retrieve(charge.id).disputed
    assert account.told()[-2:] == ["charge.dispute.created", "charge.dispute.funds_withdrawn"]
    with pytest.raises(stripe.InvalidRequestError):
        account.sdk.v1.refunds.create({"charge": charge.id})


def test_a_dispute_that_is_won_returns_the_money_and_not_the_fee(account: Account) -> None:
    dispute = account.world.dispute(account.charge(account.subscribed()).id)
    assert account.control(f"disputes/{dispute['id']}", won=True)["status"] == "won"
    assert account.told()[-2:] == ["charge.dispute.funds_reinstated", "charge.dispute.closed"]
    assert account.balance() == 275 - 2_000


def test_a_dispute_that_is_lost_stays_as_it_is(account: Account) -> None:
    dispute = account.world.dispute(account.charge(account.subscribed()).id)
    assert account.sdk.v1.disputes.close(dispute["id"]).status == "lost"
    assert account.told()[-1] == "charge.dispute.closed"
    assert account.balance() == 275 - 2_300
    with pytest.raises(stripe.InvalidRequestError):
        account.sdk.v1.disputes.close(dispute["id"])


def test_a_disputed_direct_debit_is_lost_at_once(account: Account) -> None:
    subscription = account.subscribed("bacs_works")
    account.world.advance(4 * DAY)
    assert account.world.dispute(account.charge(subscription).id)["status"] == "lost"


def test_a_card_that_is_disputed_is_so_at_once(account: Account) -> None:
    subscription = account.subscribed("disputed")
    assert account.charge(subscription).disputed


def test_a_payout_by_hand_takes_what_is_there_and_no_more(account: Account) -> None:
    account.subscribed()
    with pytest.raises(stripe.InvalidRequestError) as refused:
        account.sdk.v1.payouts.create({"amount": 275, "currency": "gbp"})
    assert refused.value.code == "balance_insufficient"
    account.world.advance(2 * DAY)
    payout = account.sdk.v1.payouts.create({"amount": 200, "currency": "gbp"})
    assert (payout.status, payout.automatic, account.balance()) == ("in_transit", False, 75)
    account.world.advance(2 * DAY)
    assert account.sdk.v1.payouts.retrieve(payout.id).status == "paid"
    assert account.told()[-1] == "payout.paid"


def test_an_automatic_payout_says_what_it_consists_of(account: Account) -> None:
    charges = [account.charge(account.subscribed(amount=amount)) for amount in (300, 500)]
    account.world.advance(2 * DAY)
    payout = account.control("payouts")
    rows = list(account.sdk.v1.balance_transactions.list({"payout": payout["id"]}))
    assert sum(row.net for row in rows if row.type != "payout") == payout["amount"] == 275 + 472
    assert {row.source for row in rows} == {charges[0].id, charges[1].id, payout["id"]}
    assert account.balance() == 0
    assert account.world.pay_out() is None
    account.world.advance(2 * DAY)
    assert account.told()[-2:] == ["payout.paid", "payout.reconciliation_completed"]


def test_a_payout_may_fail(account: Account) -> None:
    account.subscribed()
    account.world.advance(2 * DAY)
    payout = account.world.pay_out()
    assert payout is not None
    assert account.control(f"payouts/{payout['id']}/fail")["failure_code"] == "account_closed"
    assert account.told()[-1] == "payout.failed"
    assert account.balance() == 275


def test_balance_transactions_are_listed_by_type_source_and_time(account: Account) -> None:
    charge = account.charge(account.subscribed())
    account.world.advance(DAY)
    refund = account.sdk.v1.refunds.create({"charge": charge.id, "amount": 100})
    found = account.sdk.v1.balance_transactions.list
    assert [row.source for row in found({"type": "refund"}).data] == [refund.id]
    assert [row.source for row in found({"source": charge.id}).data] == [charge.id]
    assert [row.source for row in found({"created": {"gt": NOW}}).data] == [refund.id]
    assert [row.source for row in found({"created": NOW}).data] == [charge.id]


@pytest.mark.parametrize("currency", ["eur", "jpy"])
def test_currencies_are_kept_apart(account: Account, currency: str) -> None:
    account.subscribed()
    line = {"quantity": 1, "price_data": account.price_data(1_000, currency=currency)}
    account.subscribed(line_items=[line])
    found = account.sdk.v1.balance.retrieve()
    assert {part.currency for part in found.pending} == {currency, "gbp"}


def test_pages_of_a_list_hold_everything_once(account: Account) -> None:
    world = account.world
    world.seed_product("prod_member", "Membership")
    facts: dict[str, Any] = {"name": "A", "amount": 300, "currency": "gbp", "interval": "month"}
    for number in range(25):
        world.seed_subscription(
            email=f"{number}@example.org", started_at=NOW - number * DAY, product="prod_member", **facts
        )
    rows = list(account.sdk.v1.subscriptions.list({"limit": 4}).auto_paging_iter())
    assert len({row.id for row in rows}) == len(rows) == 25
    assert [row.created for row in rows] == sorted((row.created for row in rows), reverse=True)
    backwards = account.sdk.v1.subscriptions.list({"limit": 4, "ending_before": rows[10].id})
    assert [row.id for row in backwards.data] == [row.id for row in rows[6:10]]


def test_somebody_elses_subscription_on_the_same_account(account: Account) -> None:
    foreign = account.control("foreign")
    assert (foreign["status"], foreign["metadata"]) == ("active", {})
    assert account.told()[-1] == "customer.subscription.updated"
    assert account.control("foreign", metadata={"instance": "other"})["metadata"] == {"instance": "other"}


def test_seeded_history_is_paid_and_quiet(world: World) -> None:
    world.seed_product("prod_member", "Membership", {"instance": "us"})
    facts: dict[str, Any] = {"amount": 300, "currency": "gbp", "interval": "month", "product": "prod_member"}
    subscription = world.seed_subscription(
        email="a@example.org", name="A", started_at=NOW - 365 * DAY, metadata={"m": "1"}, **facts
    )
    invoices = world.request("GET", "/v1/invoices", {"subscription": subscription["id"], "limit": 100})["data"]
    assert [invoice["status"] for invoice in invoices] == ["paid"] * 13
    assert (subscription["status"], subscription["metadata"], world.told()) == ("active", {"m": "1"}, [])
    gone = world.seed_subscription(
        email="b@example.org", name="B", started_at=NOW - 365 * DAY, ended_at=NOW - 100 * DAY, **facts
    )
    assert (gone["status"], gone["ended_at"]) == ("canceled", NOW - 100 * DAY)
    late = world.seed_subscription(
        email="c@example.org",
        name="C",
        started_at=NOW - 95 * DAY,
        then="declines",
        then_from=NOW - 10 * DAY,
        **facts,
    )
    assert late["status"] == "past_due"
    world.advance(60 * DAY)
    assert world.told()


@pytest.mark.parametrize("module", [fees, periods, words])
def test_the_examples_beside_the_code_are_true(module: ModuleType) -> None:
    found = doctest.testmod(module)
    assert (found.failed, found.attempted > 0) == (0, True)
