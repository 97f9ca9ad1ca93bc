"""From the page at Stripe to the books, by messages alone: what works, and all that may come instead."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from coopgov.core.money import Money
from coopgov.fakes.stripe.errors import StripeRefusal
from coopgov.funding.models import Contribution, Payer, Pledge
from coopgov.funding.providers.base import ProviderRefused
from coopgov.funding.queries.pledges import draft_of, pledges_of
from coopgov.infra.db import db
from tests.factories import person
from tests.funding.facts import pounds
from tests.funding.stripe.conftest import Shop

MONTH = timedelta(days=31)


def covers(row: Contribution) -> tuple[date | None, date | None]:
    return row.covers_from, row.covers_to


def test_a_first_payment_is_one_pledge_one_payment_and_books_that_are_stripes(shop: Shop) -> None:
    ada = person("Ada")
    pledge = shop.join(ada)
    assert (pledge.status, pledge.amount, pledge.interval, pledge.product) == ("active", pounds(300), "month", "tier:1")
    paid = shop.the_payment()
    assert (paid.party_id, paid.pledge_id, paid.status, paid.method) == (ada.id, pledge.id, "succeeded", "card")
    assert covers(paid) == (date(2026, 11, 22), date(2026, 12, 21))
    assert (paid.fees, paid.receipt_number) == ({"expenses:fees:stripe": 25}, 1)
    assert pledge.next_charge_at == datetime(2026, 12, 22, 12, tzinfo=UTC)
    assert shop.booked() == 275
    assert shop.findings() == []
    shop.settle_books()


def test_renewals_follow_by_themselves(shop: Shop) -> None:
    shop.join()
    shop.forward(days=62)
    shop.deliver()
    assert [covers(paid) for paid in shop.payments()] == [
        (date(2026, 11, 22), date(2026, 12, 21)),
        (date(2026, 12, 22), date(2027, 1, 21)),
        (date(2027, 1, 22), date(2027, 2, 21)),
    ]
    shop.settle_books()


def test_days_are_those_of_the_co_ops_zone(shop: Shop) -> None:
    """Half past midnight in London's summer is half past eleven of the day before in UTC."""
    shop.forward(days=(datetime(2027, 6, 10, 23, 30, tzinfo=UTC) - shop.clock.now).total_seconds() / 86_400)
    shop.join()
    assert covers(shop.the_payment()) == (date(2027, 6, 11), date(2027, 7, 10))


# Messages in odd ways


def test_a_message_that_comes_twice_changes_nothing(shop: Shop) -> None:
    shop.begin()
    told = shop.pending()
    shop.deliver()
    before = shop.booked()
    for delivery in told:
        assert shop.post(delivery) == 200
    shop.work()
    assert (shop.booked(), len(shop.payments())) == (before, 1)


def test_an_update_before_the_creation_writes_the_newest_state(shop: Shop) -> None:
    pledge = shop.begin()
    for kind in ("customer.subscription.updated", "customer.subscription.created"):
        shop.deliver(kind)
        assert pledge.status == "active"


def test_a_payment_before_the_sessions_end_finds_its_pledge(shop: Shop) -> None:
    pledge = shop.begin()
    shop.deliver("invoice.paid")
    assert shop.the_payment().pledge_id == pledge.id
    shop.deliver()
    assert len(shop.payments()) == 1
    shop.settle_books()


def test_a_valid_message_of_a_month_ago_changes_nothing(shop: Shop) -> None:
    shop.begin()
    told = shop.pending()
    shop.deliver()
    shop.forward(days=30)
    shop.deliver()
    before = shop.booked()
    for delivery in told:
        assert shop.post(delivery) == 200
    shop.work()
    assert shop.booked() == before


def test_kinds_that_mean_nothing_to_us_are_kept_and_left_alone(shop: Shop) -> None:
    shop.begin()
    shop.deliver(*{told.type for told in shop.pending()})
    states = shop.messages()
    assert states["product.created"] == states["payment_intent.created"] == "ignored"
    assert states["invoice.paid"] == states["checkout.session.completed"] == "done"


def test_a_message_about_something_that_is_not_there_is_left_alone(shop: Shop) -> None:
    pledge = shop.begin()
    told = shop.pending("customer.subscription.created")
    shop.world.reset()
    assert shop.post(told[0]) == 200
    shop.work()
    assert shop.messages() == {"customer.subscription.created": "ignored"}
    assert pledge.status == "draft"


# What is not ours


def nothing_written(shop: Shop) -> bool:
    return not (shop.payments() or db.session.scalar(select(func.count(Pledge.id))) or shop.booked())


def test_another_shops_subscription_never_reaches_the_books(shop: Shop) -> None:
    shop.world.foreign()
    shop.deliver()
    assert nothing_written(shop)
    assert {kind for kind, _ in shop.findings()} == {"foreign"}
    assert len(shop.findings()) <= 2  # the subscription, and the charge that nothing else led to


def test_another_co_ops_metadata_or_ours_with_a_foreign_product_is_foreign(shop: Shop) -> None:
    ours = shop.stripe.ours.instance
    for metadata in ({"instance": "somebody else"}, {"instance": ours, "pledge": "1"}):
        shop.world.foreign(metadata)
    shop.deliver()
    assert nothing_written(shop)
    assert "foreign" in {kind for kind, _ in shop.findings()}


def test_what_the_treasurer_has_answered_is_not_asked_again(shop: Shop) -> None:
    from coopgov.funding.models import Finding
    from coopgov.funding.services.findings import close_finding
    from coopgov.infra.db import write_transaction

    treasurer = person()
    shop.world.foreign()
    shop.deliver()
    with write_transaction() as session:
        for row in session.scalars(select(Finding)):
            close_finding(row, treasurer.id, "our newsletter", shop.clock.now)
    shop.read_all()
    assert "foreign" not in {kind for kind, _ in shop.findings()}


def test_objects_of_the_other_mode_are_refused_and_nothing_is_written(shop: Shop) -> None:
    pledge = shop.begin()
    told = shop.pending()
    shop.world.switch(livemode=True)
    page = str(pledge.checkout_id)
    seen = shop.stripe.look_at_checkout(page)
    assert [problem.kind for problem in seen.problems] == ["test_mode"]
    assert not seen.pledges
    assert not seen.payments
    for delivery in told:
        shop.post(delivery)
    shop.work()
    shop.read_all()
    assert (pledge.status, shop.payments(), shop.booked()) == ("draft", [], 0)
    assert {kind for kind, _ in shop.findings()} == {"test_mode"}


def test_a_message_of_the_other_mode_is_refused(shop: Shop) -> None:
    shop.world.switch(livemode=True)
    shop.begin()
    shop.deliver()
    assert set(shop.messages().values()) == {"ignored"}
    assert shop.payments() == []


def test_somebody_elses_page_is_no_payment_of_mine(shop: Shop) -> None:
    sdk = shop.stripe.v1
    other = shop.world.request("POST", "/v1/products", {"name": "Newsletter"})
    price = {"currency": "gbp", "product": other["id"], "unit_amount": 700, "recurring": {"interval": "month"}}
    made = sdk.checkout.sessions.create(
        {
            "mode": "subscription",
            "line_items": [{"price_data": price, "quantity": 1}],
            "success_url": "http://x.example",
        }
    )
    shop.world.pay(made.id)
    seen = shop.stripe.look_at_checkout(made.id)
    assert [problem.kind for problem in seen.problems] == ["foreign"]
    assert not seen.pledges
    assert not seen.payments


@pytest.mark.parametrize("page", ["cs_unknown", "", "in_1", "../balance", "cs_" + "x" * 200, "cs_a/b"])
def test_a_page_that_stripe_does_not_know_is_refused(shop: Shop, page: str) -> None:
    with pytest.raises(ProviderRefused):
        shop.stripe.look_at_checkout(page)


# Pages


def test_asking_twice_for_the_same_gives_the_same_page_and_one_customer(shop: Shop) -> None:
    pledge = shop.draft(person())
    first = shop.open(pledge)
    assert shop.open(pledge) == first
    assert len(shop.world.store.tables["customer"]) == 1
    assert db.session.scalars(select(Payer)).one().party_id == pledge.party_id


def test_another_language_is_another_page_of_the_same_customer(shop: Shop) -> None:
    from dataclasses import replace

    from coopgov.funding.services.pledges import checkout_order

    order = checkout_order(
        shop.draft(person()), "ada@example.org", "Ada", "en", "http://localhost/a", "http://localhost/b"
    )
    english, german = shop.stripe.open_checkout(order), shop.stripe.open_checkout(replace(order, language="de"))
    renamed = shop.stripe.open_checkout(replace(order, name="Ada L.", language="fr"))
    assert len({english.checkout_id, german.checkout_id, renamed.checkout_id}) == 3
    assert english.customer == german.customer


def test_a_page_that_was_paid_is_not_opened_again(shop: Shop) -> None:
    pledge = shop.begin()
    with pytest.raises(ProviderRefused, match="paid already"):
        shop.open(pledge)


def test_a_page_that_expired_frees_the_draft_and_a_new_one_opens(shop: Shop) -> None:
    pledge = shop.draft(person())
    first = shop.open(pledge)
    shop.forward(days=2)
    shop.deliver()
    assert (pledge.status, pledge.checkout_id) == ("draft", "")
    assert shop.open(pledge).checkout_id != first.checkout_id


def test_a_page_that_expired_unheard_is_replaced_under_another_key(shop: Shop) -> None:
    pledge = shop.draft(person())
    first = shop.open(pledge)
    shop.forward(days=2)
    assert shop.open(pledge).checkout_id != first.checkout_id


def test_other_wishes_close_the_page_of_the_former(shop: Shop) -> None:
    ada = person()
    former = shop.open(shop.draft(ada))
    shop.draft(ada, minor=500)
    shop.work()
    with pytest.raises(StripeRefusal, match="expired"):
        shop.world.pay(former.checkout_id)


def test_a_page_paid_after_its_draft_was_dropped_still_counts(shop: Shop) -> None:
    from coopgov.funding.services.pledges import drop_draft
    from coopgov.infra.db import write_transaction

    pledge = shop.draft(person())
    page = shop.open(pledge)
    shop.world.pay(page.checkout_id)
    with write_transaction():
        drop_draft(pledge, shop.clock.now)
    shop.work()
    shop.deliver()
    assert (pledge.status, shop.the_payment().pledge_id) == ("active", pledge.id)


def test_two_pages_paid_by_one_person_are_two_pledges_and_a_question(shop: Shop) -> None:
    ada = person()
    pledge = shop.draft(ada)
    first = shop.open(pledge)
    shop.world.pay(first.checkout_id)
    second = shop.stripe.open_checkout(_again(shop, pledge))
    shop.world.pay(second.checkout_id)
    shop.deliver()
    assert sorted(row.status for row in pledges_of(ada.id)) == ["active", "active"]
    assert {paid.party_id for paid in shop.payments()} == {ada.id}
    assert ("two_pledges", f"party:{ada.id}") in shop.findings()
    shop.settle_books()


def _again(shop: Shop, pledge: Pledge) -> Any:
    from dataclasses import replace

    from coopgov.funding.services.pledges import checkout_order

    order = checkout_order(pledge, "ada@example.org", "Ada", "en", "http://localhost/a", "http://localhost/b")
    return replace(order, key="another-browser")


def test_a_customer_deleted_in_the_dashboard_is_made_anew(shop: Shop) -> None:
    pledge = shop.draft(person())
    first = shop.open(pledge)
    shop.world.request("DELETE", f"/v1/customers/{first.customer}")
    other = shop.draft(pledge and db.session.get_one(type(person()), pledge.party_id), minor=400)
    assert shop.open(other).customer != first.customer


def test_a_deleted_customers_pledge_ends(shop: Shop) -> None:
    pledge = shop.join()
    shop.world.request("DELETE", f"/v1/customers/{shop.subscription(pledge)['customer']}")
    shop.deliver()
    assert pledge.status == "ended"


@pytest.mark.parametrize(("minor", "currency"), [(1, "GBP"), (29, "GBP"), (1005, "KWD")])
def test_sums_that_stripe_cannot_charge_are_refused_with_nothing_kept(shop: Shop, minor: int, currency: str) -> None:
    pledge = shop.draft(person(), minor=minor, currency=currency)
    with pytest.raises(ProviderRefused):
        shop.open(pledge)
    assert pledge.checkout_id == ""


@pytest.mark.parametrize(("currency", "minor"), [("JPY", 500), ("KWD", 1500), ("EUR", 300)])
def test_currencies_with_no_or_three_decimals_are_booked_to_the_unit(shop: Shop, currency: str, minor: int) -> None:
    pledge = shop.join(currency=currency, minor=minor)
    assert pledge.amount == Money(minor, currency)
    assert shop.the_payment().gross == Money(minor, currency)
    assert shop.booked(currency=currency) == shop.held(currency.lower())


def test_two_currencies_stand_side_by_side(shop: Shop) -> None:
    shop.join()
    shop.join(currency="EUR", minor=500)
    assert (shop.booked(), shop.booked(currency="EUR")) == (shop.held(), shop.held("eur"))
    shop.read_all()
    assert shop.findings() == []


# Money that comes late, or not


def test_a_debit_under_way_is_pending_and_then_paid(shop: Shop) -> None:
    pledge = shop.join(behaviour="bacs_works")
    assert (pledge.status, shop.the_payment().status, shop.booked()) == ("pending", "pending", 0)
    shop.forward(days=5)
    shop.deliver()
    assert (pledge.status, shop.the_payment().status) == ("active", "succeeded")
    assert shop.the_payment().method == "bacs_debit"
    shop.settle_books()


def test_a_debit_that_bounces_leaves_nothing_in_the_books(shop: Shop) -> None:
    pledge = shop.join(behaviour="bacs_fails")
    assert shop.the_payment().status == "pending"
    shop.forward(days=5)
    shop.deliver()
    paid = shop.the_payment()
    assert (paid.status, paid.void_at is not None, shop.booked()) == ("failed", True, 0)
    assert pledge.status in ("past_due", "pending")
    assert pledge.failure == "The bank returned the debit."
    assert pledge.action_url.endswith(shop.subscription(pledge)["latest_invoice"])


def test_a_card_that_is_declined_leaves_a_draft(shop: Shop) -> None:
    pledge = shop.draft(person())
    page = shop.open(pledge)
    with pytest.raises(StripeRefusal):
        shop.world.pay(page.checkout_id, "declines")
    shop.deliver()
    assert (pledge.status, draft_of(pledge.party_id or 0)) == ("draft", pledge)
    assert shop.payments() == []


def test_a_renewal_that_fails_is_past_due_until_it_is_paid_within_grace(shop: Shop) -> None:
    pledge = shop.join()
    shop.method(pledge, "declines")
    shop.forward(days=31)
    shop.deliver()
    assert (pledge.status, pledge.failure) == ("past_due", "Your card was declined.")
    assert "/invoice/" in pledge.action_url
    assert shop.payments()[1].status == "failed"
    shop.method(pledge, "works")
    shop.forward(days=3)
    shop.deliver()
    assert (pledge.status, pledge.failure, pledge.action_url) == ("active", "", "")
    assert shop.payments()[1].status == "succeeded"
    shop.settle_books()


def test_patience_ends_the_pledge_and_a_later_payment_begins_another(shop: Shop) -> None:
    ada = person()
    pledge = shop.join(ada)
    shop.method(pledge, "declines")
    shop.forward(days=45)
    shop.deliver()
    assert (pledge.status, pledge.next_charge_at) == ("ended", None)
    again = shop.join(ada)
    assert (again.id != pledge.id, again.status) == (True, "active")
    shop.settle_books()


def test_a_bank_that_asks_its_customer_gives_a_link(shop: Shop) -> None:
    pledge = shop.join(behaviour="confirm")
    shop.forward(days=31)
    shop.deliver()
    assert (pledge.status, "ask them first" in pledge.failure) == ("past_due", True)
    assert pledge.action_url
    shop.world.settle(_open_intent(shop, pledge), succeeds=True)
    shop.deliver()
    assert (pledge.status, pledge.action_url) == ("active", "")
    shop.settle_books()


def _open_intent(shop: Shop, pledge: Pledge) -> str:
    intents = shop.world.store.rows("payment_intent", status="requires_action")
    assert len(intents) == 1
    return str(intents[0]["id"])


def test_stripes_own_pause_after_a_failure_is_a_pause(shop: Shop) -> None:
    shop.world.switch(final_failure="paused")
    pledge = shop.join()
    shop.method(pledge, "declines")
    shop.forward(days=45)
    shop.deliver()
    assert (pledge.status, pledge.next_charge_at) == ("paused", None)


def test_a_fee_that_is_told_later_is_booked_then(shop: Shop) -> None:
    shop.world.switch(fee_delay=3600)
    shop.join()
    assert (shop.the_payment().fees, shop.booked()) == (None, 300)
    shop.forward(hours=2)
    shop.deliver()
    assert (shop.the_payment().fees, shop.booked()) == ({"expenses:fees:stripe": 25}, 275)
    shop.settle_books()


def test_another_card_in_the_portal_pays_the_next_time(shop: Shop) -> None:
    pledge = shop.join()
    shop.method(pledge, "declines")
    shop.forward(days=31)
    shop.deliver()
    url = shop.stripe.portal_url(shop.subscription(pledge)["customer"], "http://localhost/me/dues", "de")
    assert url != shop.stripe.portal_url(shop.subscription(pledge)["customer"], "http://localhost/me/dues", "de")
    from coopgov.fakes.stripe import portal

    with shop.world.at_work() as store:
        portal.change_method(store, url.rsplit("/", 1)[1], "works")
    shop.forward(days=4)
    shop.deliver()
    assert pledge.status == "active"
    assert len(shop.world.store.tables["billing_portal.configuration"]) == 1
    shop.settle_books()
