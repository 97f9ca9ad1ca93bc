"""The API's manners: keys, errors, expansion, idempotency, faults, livemode, state."""

import json
import threading
import time
from typing import Any

import httpx
import pytest
import stripe

from coopgov.fakes.stripe.dispatch import flattened
from coopgov.fakes.stripe.errors import StripeRefusal
from coopgov.fakes.stripe.parameters import flag, mapping, parsed, text, whole
from coopgov.fakes.stripe.world import World
from tests.fakes.stripe.conftest import DAY, NOW, Account, sdk_for


@pytest.mark.parametrize("key", ["", "pk_test_x", "nonsense"])
def test_only_secret_keys_open(account: Account, key: str) -> None:
    answer = account.http.get("/v1/customers", headers={"Authorization": f"Bearer {key}"} if key else {})
    assert (answer.status_code, answer.json()["error"]["type"]) == (401, "invalid_request_error")


def test_restricted_keys_open_too(account: Account) -> None:
    assert account.http.get("/v1/customers", auth=("rk_test_x", "")).status_code == 200


def test_answers_carry_their_request_and_version(account: Account) -> None:
    headers = {"Authorization": "Bearer sk_test_x", "Stripe-Version": "2026-10-28.endive"}
    answer = account.http.get("/v1/customers", headers=headers)
    assert answer.headers["Request-Id"].startswith("req_")
    assert answer.headers["Stripe-Version"] == "2026-10-28.endive"


def test_what_is_unknown_is_not_found(account: Account) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="No such customer: 'cus_none'") as refused:
        account.sdk.v1.customers.retrieve("cus_none")
    assert (refused.value.http_status, refused.value.code, refused.value.param) == (404, "resource_missing", "id")
    with pytest.raises(stripe.InvalidRequestError, match="Unrecognized request URL") as refused:
        account.sdk.v1.coupons.list()
    assert refused.value.http_status == 404


def test_unknown_parameters_are_refused(account: Account) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        account.sdk.v1.customers.create({"colour": "red"})
    assert (refused.value.http_status, refused.value.code, refused.value.param) == (400, "parameter_unknown", "colour")
    with pytest.raises(stripe.InvalidRequestError) as refused:
        account.sdk.v1.invoices.list({"colour": "red"})
    assert refused.value.code == "parameter_unknown"


@pytest.mark.parametrize("limit", [0, 101, "many"])
def test_a_page_has_between_one_and_a_hundred(account: Account, limit: Any) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        account.sdk.v1.customers.list({"limit": limit})


def test_a_cursor_that_is_not_there_is_refused(account: Account) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        account.sdk.v1.customers.list({"starting_after": "cus_none"})
    assert refused.value.code == "resource_missing"


def test_customers_are_made_found_changed_and_listed_by_mail(account: Account) -> None:
    customer = account.customer(metadata={"member": "7"}, address={"line1": "1 Quay", "country": "GB"})
    account.customer(email="bob@example.org")
    assert [c.id for c in account.sdk.v1.customers.list({"email": "ada@example.org"})] == [customer.id]
    changed = account.sdk.v1.customers.update(customer.id, {"name": "", "metadata": {"member": ""}})
    assert (changed.name, changed.metadata.to_dict(), changed.address.line1) == (None, {}, "1 Quay")
    assert account.sdk.v1.customers.retrieve(customer.id).email == "ada@example.org"


def test_products_and_prices_are_made_changed_and_listed(account: Account) -> None:
    product = account.sdk.v1.products.create({"id": "prod_member", "name": "Member", "metadata": {"tier": "1"}})
    with pytest.raises(stripe.InvalidRequestError, match="already exists"):
        account.sdk.v1.products.create({"id": "prod_member", "name": "Member"})
    price = account.sdk.v1.prices.create(
        {"currency": "gbp", "unit_amount": 300, "product": product.id, "recurring": {"interval": "year"}}
    )
    assert (price.recurring.interval, price.unit_amount, price.type) == ("year", 300, "recurring")
    assert not account.sdk.v1.products.update(product.id, {"active": False}).active
    assert account.sdk.v1.products.list({"active": True}).data == []
    assert [p.id for p in account.sdk.v1.prices.list({"product": product.id})] == [price.id]
    assert account.sdk.v1.prices.update(price.id, {"active": False}).active is False


def test_cards_are_attached_and_taken_away(account: Account) -> None:
    customer = account.customer()
    method = account.sdk.v1.payment_methods.attach("pm_card_visa", {"customer": customer.id})
    account.sdk.v1.customers.update(customer.id, {"invoice_settings": {"default_payment_method": method.id}})
    assert [m.id for m in account.sdk.v1.payment_methods.list({"customer": customer.id, "type": "card"})] == [method.id]
    assert account.sdk.v1.payment_methods.detach(method.id).customer is None
    assert account.sdk.v1.customers.retrieve(customer.id).invoice_settings.default_payment_method is None
    assert account.told()[-1] == "payment_method.detached"
    with pytest.raises(stripe.InvalidRequestError):
        account.sdk.v1.payment_methods.attach(method.id, {"customer": customer.id})


def test_a_bank_account_of_a_test_number(account: Account) -> None:
    method = account.sdk.v1.payment_methods.create(
        {"type": "bacs_debit", "bacs_debit": {"account_number": "00012345", "sort_code": "108800"}}
    )
    assert (method.type, method.bacs_debit.last4) == ("bacs_debit", "2345")


def test_a_card_may_be_refused_when_it_is_attached(account: Account) -> None:
    method = account.sdk.v1.payment_methods.create({"type": "card", "card": {"number": "4000000000000002"}})
    with pytest.raises(stripe.CardError):
        account.sdk.v1.payment_methods.attach(method.id, {"customer": account.customer().id})
    assert account.sdk.v1.payment_methods.retrieve(method.id).customer is None


def test_numbers_that_are_no_test_numbers_are_refused(account: Account) -> None:
    for wrong in ({"type": "card", "card": {"number": "4111111111111112"}}, {"type": "cheque"}):
        with pytest.raises(stripe.InvalidRequestError):
            account.sdk.v1.payment_methods.create(wrong)


def test_expansion_reaches_four_levels(account: Account) -> None:
    subscription = account.subscribed(customer=account.customer().id)
    found = account.subscription(subscription, "customer", "items.data.price.product", "latest_invoice.payments.data")
    assert (found.customer.name, found["items"].data[0].price.product.name) == ("Ada", "Membership")
    assert found.latest_invoice.payments.data[0].status == "paid"
    listed = account.sdk.v1.subscriptions.list({"expand": ["data.customer.subscriptions"]})
    assert listed.data[0].customer.subscriptions.data[0].id == subscription.id
    for wrong in ("status", "colour", "data.items.data.price.product"):
        with pytest.raises(stripe.InvalidRequestError):
            account.subscription(subscription, wrong)


def test_the_same_key_gives_the_same_answer(account: Account) -> None:
    create = account.sdk.v1.customers.create
    first = create({"email": "a@example.org"}, {"idempotency_key": "k"})
    again = create({"email": "a@example.org"}, {"idempotency_key": "k"})
    assert again.id == first.id
    assert again.last_response.headers["Idempotent-Replayed"] == "true"
    assert len(account.sdk.v1.customers.list().data) == 1


def test_the_same_key_for_something_else_is_refused(account: Account) -> None:
    account.sdk.v1.customers.create({"email": "a@example.org"}, {"idempotency_key": "k"})
    with pytest.raises(stripe.IdempotencyError):
        account.sdk.v1.customers.create({"email": "b@example.org"}, {"idempotency_key": "k"})
    with pytest.raises(stripe.IdempotencyError):
        account.sdk.v1.products.create({"name": "a"}, {"idempotency_key": "k"})


def test_a_key_under_way_is_refused(account: Account) -> None:
    failures: list[stripe.StripeError] = []

    def ask() -> None:
        try:
            sdk_for(account.url).v1.customers.create({"email": "a@example.org"}, {"idempotency_key": "k"})
        except stripe.StripeError as error:
            failures.append(error)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    with account.world.store.lock:  # the first is let in and waits
        for thread in threads:
            thread.start()
        ends = time.monotonic() + 10
        while sum(thread.is_alive() for thread in threads) > 1 and time.monotonic() < ends:
            time.sleep(0.01)
    for thread in threads:
        thread.join()
    assert [failure.http_status for failure in failures] == [409] * 3
    assert len(account.sdk.v1.customers.list().data) == 1


def test_what_was_refused_may_be_asked_again_under_its_key(account: Account) -> None:
    for _ in range(2):
        with pytest.raises(stripe.InvalidRequestError):
            account.sdk.v1.customers.create({"colour": "red"}, {"idempotency_key": "k"})
    assert account.sdk.v1.customers.create({"email": "a@example.org"}, {"idempotency_key": "k"}).id


def test_a_500_is_kept_under_its_key(account: Account) -> None:
    account.control("faults", path="/v1/customers", status=500)
    for _ in range(2):
        with pytest.raises(stripe.APIError):
            account.sdk.v1.customers.create({"email": "a@example.org"}, {"idempotency_key": "k"})
    assert account.sdk.v1.customers.list().data == []
    assert account.sdk.v1.customers.create({"email": "a@example.org"}, {"idempotency_key": "k2"}).id


def test_a_500_may_come_after_the_effect(account: Account) -> None:
    account.control("faults", path="/v1/customers", status=500, after_effect=True)
    with pytest.raises(stripe.APIError):
        account.sdk.v1.customers.create({"email": "a@example.org"}, {"idempotency_key": "k"})
    assert len(account.sdk.v1.customers.list().data) == 1


@pytest.mark.parametrize("status", [503, "reset", "timeout"])
@pytest.mark.parametrize("after_effect", [False, True])
def test_the_sdk_gets_over_a_passing_fault_without_doubling(account: Account, status: Any, after_effect: bool) -> None:
    sdk = sdk_for(account.url, retries=2)
    account.control("faults", path="/v1/customers", status=status, times=1, after_effect=after_effect, seconds=0.1)
    made = sdk.v1.customers.create({"email": "a@example.org"}, {"idempotency_key": "k"})
    assert [customer.id for customer in sdk.v1.customers.list()] == [made.id]


def test_too_many_requests(account: Account) -> None:
    account.control("faults", path="/v1/balance$", status=429, times=2, method="GET")
    for _ in range(2):
        with pytest.raises(stripe.RateLimitError):
            account.sdk.v1.balance.retrieve()
    assert account.sdk.v1.balance.retrieve()


@pytest.mark.parametrize("fault", [{"status": 418}, {"path": "("}, {"status": 500, "colour": "red"}])
def test_a_fault_that_cannot_be_meant_is_refused(account: Account, fault: dict[str, Any]) -> None:
    assert account.http.post("/_fake/faults", json={"status": 500} | fault).status_code == 400


def test_a_live_key_sees_live_objects(account: Account) -> None:
    live = sdk_for(account.url, "sk_live_x")
    assert live.v1.customers.create({"metadata": {"livemode": "no"}}).livemode is True
    assert live.v1.events.list().data[0].livemode is True
    assert account.sdk.v1.customers.list().data[0].livemode is False


def test_livemode_can_be_switched(account: Account) -> None:
    account.control("livemode", livemode=True)
    assert account.subscribed().livemode is True
    account.control("livemode", livemode=False)
    assert account.sdk.v1.subscriptions.list().data[0].livemode is False


def test_state_is_dumped_and_taken_over(account: Account) -> None:
    subscription = account.subscribed()
    account.sdk.v1.customers.create({"email": "z@example.org"}, {"idempotency_key": "k"})
    state = account.http.get("/_fake/state").json()
    other = World(now=NOW - DAY)
    other.load(json.loads(json.dumps(state)))
    assert (other.dump(), other.now) == (state, NOW)
    other.advance(40 * DAY)
    assert len(other.request("GET", "/v1/invoices", {"subscription": subscription.id})["data"]) == 2
    with pytest.raises(ValueError, match="not a state"):
        other.load({"version": 1})
    account.control("reset")
    assert account.sdk.v1.customers.list().data == []
    assert account.http.post("/_fake/state", json=state).status_code == 200
    again = account.sdk.v1.customers.create({"email": "z@example.org"}, {"idempotency_key": "k"})
    assert again.last_response.headers["Idempotent-Replayed"] == "true"


def test_history_is_seeded_over_http(account: Account) -> None:
    facts = {"email": "a@example.org", "name": "A", "amount": 300, "currency": "gbp", "interval": "month"}
    made = account.control(
        "seed",
        products=[{"product_id": "prod_member", "name": "Membership"}],
        subscriptions=[facts | {"started_at": NOW - 100 * DAY, "product": "prod_member"}],
    )
    assert account.sdk.v1.subscriptions.retrieve(made["subscriptions"][0]).status == "active"
    assert account.http.post("/_fake/seed", json={"subscriptions": [{"email": "x"}]}).status_code == 400


def test_fields_are_read_by_their_brackets() -> None:
    schema = {"a": text, "items": [{"n": whole, "on": flag}], "metadata": mapping, "names": [text]}
    given = {"a": "1", "items": [{"n": 2, "on": True}, {"n": 3}], "metadata": {"x[y": "z"}, "names": ["p", "q"]}
    assert parsed(schema, flattened(given | {"metadata": {"k": "v"}})) == given | {"metadata": {"k": "v"}}
    assert parsed(schema, [("names[]", "p"), ("names[]", "q")]) == {"names": ["p", "q"]}
    for wrong in ("a[b]", "items", "metadata", "names[x]", "items[0][n]"):
        with pytest.raises(StripeRefusal):
            parsed(schema, [(wrong, "x")])
    with pytest.raises(StripeRefusal):
        parsed(schema, [("a", "1"), ("a[b]", "2")])


def test_it_listens_on_this_machine_only() -> None:
    from coopgov.fakes.stripe.server import serve

    with pytest.raises(ValueError, match="this machine only"):
        serve(0, host="0.0.0.0")


def test_unknown_pages_are_refused_kindly(account: Account) -> None:
    for path in ("/pay/cs_test_none", "/portal/bps_none", "/invoice/in_none", "/confirm/pi_none", "/receipt/ch_none"):
        answer = account.http.get(path)
        assert (answer.status_code, "No such" in answer.text) == (404, True)
    assert isinstance(account.http, httpx.Client)
