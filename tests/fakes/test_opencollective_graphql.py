"""The fake answers by the real schema: the lists with their filters, limits and defaults, and what it refuses."""

from datetime import timedelta
from typing import Any

import pytest
from graphql import parse

from coopgov.fakes.credentials import OPENCOLLECTIVE_TOKEN as TOKEN
from coopgov.fakes.opencollective.acts import Stage
from coopgov.fakes.opencollective.passing import move_by
from coopgov.fakes.opencollective.schema import SDL, real_schema
from coopgov.fakes.opencollective.server import make_app
from tests.fakes.opencollective import START, app_of, ask, small_stage

LISTS = {
    "orders": "account(slug: $slug) { orders(%s) { totalCount limit offset nodes { publicId status frequency } } }",
    "transactions": "account(slug: $slug) { transactions(%s) { totalCount nodes { group kind type publicId } } }",
}


@pytest.fixture
def stage() -> Stage:
    return small_stage()


def give(stage: Stage, by: str = "ada", cents: int = 1000, **more: Any) -> str:
    made = stage.act({"act": "contribute", "by": by, "cents": cents, **more})
    return made.public_id  # type: ignore[attr-defined]


def listed(stage: Stage, name: str, arguments: str = "", slug: str = "demo-coop") -> dict[str, Any]:
    query = "query($slug: String) { " + LISTS[name] % arguments + " }"
    body = ask(app_of(stage.world), query.replace("()", ""), slug=slug)
    assert "errors" not in body, body
    return body["data"]["account"][name]


def kinds(stage: Stage, arguments: str = "") -> list[str]:
    return [node["kind"] for node in listed(stage, "transactions", arguments)["nodes"]]


def test_the_schema_is_the_real_one_with_its_licence_beside_it() -> None:
    assert len(real_schema().type_map) > 500
    assert "MIT" in SDL.with_name("LICENSE.txt").read_text()
    assert "opencollective-api" in SDL.with_name("ORIGIN.txt").read_text()


def test_a_field_that_does_not_exist_is_refused_by_validation(stage: Stage) -> None:
    body = ask(app_of(stage.world), '{ account(slug: "demo-coop") { nonsense } }')
    assert body["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
    assert "data" not in body


def test_a_question_that_is_none_is_refused(stage: Stage) -> None:
    assert ask(app_of(stage.world), "{ account(")["errors"][0]["extensions"]["code"] == "GRAPHQL_PARSE_FAILED"
    many = "{ " + " ".join(f"a{n}: __typename" for n in range(800)) + " }"
    with pytest.raises(Exception, match="more than 1500 tokens"):
        parse(many, max_tokens=1500)
    assert ask(app_of(stage.world), many)["errors"][0]["extensions"]["code"] == "GRAPHQL_PARSE_FAILED"


def test_a_field_of_the_schema_that_is_not_modelled_says_so(stage: Stage) -> None:
    body = ask(app_of(stage.world), '{ account(slug: "demo-coop") { longDescription } }')
    assert "does not know Collective.longDescription" in body["errors"][0]["message"]


def test_an_account_that_does_not_exist_is_an_error_or_null(stage: Stage) -> None:
    body = ask(app_of(stage.world), '{ account(slug: "nobody") { slug } }')
    assert body["errors"][0]["extensions"]["code"] == "NotFound"
    assert ask(app_of(stage.world), '{ account(slug: "nobody", throwIfMissing: false) { slug } }') == {
        "data": {"account": None}
    }


def test_orders_come_in_pages_with_their_number(stage: Stage) -> None:
    made = [give(stage) for _ in range(5)]
    oldest_first = "limit: 2, offset: %d, orderBy: { field: CREATED_AT, direction: ASC }"
    pages = [listed(stage, "orders", oldest_first % n) for n in (0, 2, 4)]
    assert [node["publicId"] for page in pages for node in page["nodes"]] == made
    assert {page["totalCount"] for page in pages} == {5}


@pytest.mark.parametrize(("name", "most"), [("orders", 1_000), ("transactions", 10_000)])
def test_more_than_the_limit_is_an_error(stage: Stage, name: str, most: int) -> None:
    assert listed(stage, name, f"limit: {most}")["totalCount"] == 0
    query = '{ account(slug: "demo-coop") { NAME(limit: MORE) { totalCount } } }'
    query = query.replace("NAME", name).replace("MORE", str(most + 1))
    assert f"more than {most:,} {name}" in ask(app_of(stage.world), query)["errors"][0]["message"]


def test_orders_are_filtered_by_side_status_frequency_tier_and_date(stage: Stage) -> None:
    monthly = give(stage, interval="month", tier="member")
    single = give(stage, by="bert")
    move_by(stage.world, timedelta(days=1))
    later = give(stage, interval="year")
    stage.act({"act": "pause", "order": later})
    tier = stage.world.tier("member").public_id

    def found(arguments: str) -> list[str]:
        return sorted(node["publicId"] for node in listed(stage, "orders", arguments)["nodes"])

    assert found("filter: INCOMING") == [monthly, single, later]
    assert found("filter: OUTGOING") == []
    assert found("status: [PAUSED]") == [later]
    assert found("frequency: [ONETIME]") == [single]
    assert found("frequency: [MONTHLY, YEARLY]") == found("onlySubscriptions: true") == [monthly, later]
    assert found(f'tier: [{{ id: "{tier}" }}]') == [monthly]
    assert found("tier: [{ isCustom: true }]") == [single, later]
    assert found('dateFrom: "2026-01-21"') == [later]
    assert found('searchTerm: "bert"') == [single]
    outgoing = listed(stage, "orders", "filter: OUTGOING", slug="ada")
    assert outgoing["totalCount"] == 2


def test_awaited_transfers_are_listed_only_when_they_are_asked_for(stage: Stage) -> None:
    give(stage, method="transfer", outcome="pending")
    assert listed(stage, "orders")["totalCount"] == 0
    assert listed(stage, "orders", "status: [PENDING]")["totalCount"] == 1


def test_a_first_debit_under_way_counts_as_a_subscription_but_not_as_recurring(stage: Stage) -> None:
    give(stage, interval="month", method="bacs", outcome="processing")
    assert listed(stage, "orders", "onlySubscriptions: true")["nodes"][0]["frequency"] == "MONTHLY"
    assert listed(stage, "orders", "frequency: [MONTHLY]")["totalCount"] == 0


def test_transactions_are_filtered(stage: Stage) -> None:
    order = give(stage)
    move_by(stage.world, timedelta(days=2))
    stage.act({"act": "refund", "order": order})
    group = stage.world.order(order).groups[0].id
    assert kinds(stage, "kind: [HOST_FEE]") == ["HOST_FEE", "HOST_FEE"]
    assert len(kinds(stage, "type: DEBIT")) == 3
    assert len(kinds(stage, f'group: ["{group}"]')) == 3
    assert len(kinds(stage, 'dateFrom: "2026-01-22T00:00:00Z"')) == 3
    assert len(kinds(stage, 'clearedTo: "2026-01-21T00:00:00Z"')) == 3
    assert len(kinds(stage, "isRefund: true")) == 3
    assert kinds(stage, "hasExpense: true") == []


def test_transactions_come_newest_first_unless_told_otherwise(stage: Stage) -> None:
    give(stage)
    assert kinds(stage) == ["CONTRIBUTION", "PAYMENT_PROCESSOR_FEE", "HOST_FEE"]
    assert kinds(stage, "orderBy: { field: CREATED_AT, direction: ASC }")[-1] == "CONTRIBUTION"
    assert kinds(stage, "orderBy: { field: EFFECTIVE_DATE, direction: ASC }")[-1] == "CONTRIBUTION"


def test_a_filter_that_is_not_modelled_is_an_error_not_ignored(stage: Stage) -> None:
    query = '{ account(slug: "demo-coop") { transactions(searchTerm: "x") { totalCount } } }'
    assert "does not filter by searchTerm" in ask(app_of(stage.world), query)["errors"][0]["message"]


def test_what_is_included_by_default_is_what_open_collective_includes(stage: Stage) -> None:
    stage.act({"act": "project", "slug": "garden"})
    give(stage, to="garden")
    stage.act({"act": "add_funds", "by": "ada", "cents": 500, "as": "funds"})
    stage.act({"act": "edit_added_funds", "order": "funds", "cents": 700})
    stage.act({"act": "person", "slug": "carla"})
    give(stage, by="carla", gift_card_from="bert", tip_cents=100)
    usual = listed(stage, "transactions")["totalCount"]
    assert usual == 3 * 2 + 2
    assert listed(stage, "transactions", "includeChildrenTransactions: true")["totalCount"] == usual + 3
    assert listed(stage, "transactions", "includeEditedReversedTransactions: false")["totalCount"] == usual - 4
    assert listed(stage, "transactions", "includeRegularTransactions: false")["totalCount"] == 0
    assert listed(stage, "transactions", slug="bert")["totalCount"] == 0
    assert listed(stage, "transactions", "includeGiftCardTransactions: true", slug="bert")["totalCount"] > 0
    debts = listed(stage, "transactions", "includeDebts: true", slug="opencollective")["totalCount"]
    assert debts > listed(stage, "transactions", slug="opencollective")["totalCount"]


def test_the_balance_is_the_sum_of_our_net_rows_up_to_a_moment(stage: Stage) -> None:
    give(stage)
    move_by(stage.world, timedelta(days=2))
    give(stage)
    query = '{ account(slug: "demo-coop") { stats { now: balance { valueInCents currency } %s } } }'
    then = 'then: balance(dateTo: "2026-01-21") { valueInCents } in: balance(currency: EUR) { currency }'
    stats = ask(app_of(stage.world), query % then)["data"]["account"]["stats"]
    assert stats == {
        "now": {"valueInCents": 1830, "currency": "GBP"},
        "then": {"valueInCents": 915},
        "in": {"currency": "EUR"},
    }


def test_a_deleted_account_is_null_and_its_orders_are_gone(stage: Stage) -> None:
    give(stage)
    stage.act({"act": "delete", "who": "ada"})
    query = '{ account(slug: "demo-coop") { transactions(kind: [CONTRIBUTION]) { nodes { fromAccount { slug } } } } }'
    assert ask(app_of(stage.world), query)["data"]["account"]["transactions"]["nodes"] == [{"fromAccount": None}]
    assert listed(stage, "orders")["totalCount"] == 0


def test_fields_of_orders_tiers_members_and_rows_are_answered(stage: Stage) -> None:
    give(stage, interval="month", tier="member", tip_cents=50, quantity=2, tags=["coopgov-x"])
    query = """{ account(slug: "demo-coop") { id publicId slug type name currency isIncognito createdAt
      ... on Collective { host { slug type } tiers { totalCount nodes {
        id publicId slug type amountType frequency presets endsAt amount { valueInCents } minimumAmount { value } } } }
      members(role: [BACKER]) { totalCount nodes { role isActive since account { slug } tier { slug } } }
      orders { nodes { id publicId status frequency quantity tags nextChargeDate lastChargedAt processedAt customData
        amount { valueInCents currency } totalAmount { valueInCents } platformTipAmount { value } taxAmount { value }
        totalContributed { valueInCents } paymentMethod { service type } fromAccount { slug emails mainProfile { slug }
        ... on Individual { isGuest } } toAccount { slug } tier { slug } } }
      transactions(kind: [CONTRIBUTION]) { kinds: totalCount nodes { __typename id publicId group type kind refundKind
        amount { valueInCents } netAmount { valueInCents } netAmountInHostCurrency { valueInCents } hostCurrencyFxRate
        isRefund isRefunded isDisputed isInReview createdAt clearedAt giftCardEmitterAccount { slug } expense { id }
        order { id } refundTransaction { id } oppositeTransaction { type } toAccount { slug } } } } }"""
    account = ask(app_of(stage.world), query)["data"]["account"]
    order, row = account["orders"]["nodes"][0], account["transactions"]["nodes"][0]
    assert (account["host"]["slug"], account["tiers"]["nodes"][0]["amountType"]) == ("fiscal-host", "FLEXIBLE")
    assert account["members"]["nodes"][0]["account"] == {"slug": "ada"}
    assert (order["amount"]["valueInCents"], order["totalAmount"]["valueInCents"]) == (2000, 2050)
    assert order["nextChargeDate"] == "2026-03-01T00:00:00.000Z"
    assert order["fromAccount"] == {
        "slug": "ada",
        "emails": ["ada@example.org"],
        "mainProfile": None,
        "isGuest": False,
    }
    assert (row["__typename"], row["netAmount"]["valueInCents"], row["hostCurrencyFxRate"]) == ("Credit", 2000, 1)
    assert row["oppositeTransaction"] == {"type": "DEBIT"}


def test_emails_are_for_those_with_the_token(stage: Stage) -> None:
    query = '{ account(slug: "ada") { emails } }'
    assert ask(app_of(stage.world), query)["data"]["account"]["emails"] == ["ada@example.org"]
    assert ask(app_of(stage.world), query, token="")["data"]["account"]["emails"] is None


def test_a_wrong_token_is_refused(stage: Stage) -> None:
    assert ask(app_of(stage.world), "{ __typename }", token="guess") == {"error": {"message": "Invalid personal token"}}


@pytest.mark.parametrize(("token", "most"), [(TOKEN, 100), ("", 10)])
def test_too_many_questions_in_a_minute_are_refused_until_the_next(stage: Stage, token: str, most: int) -> None:
    now = [1_000_000.0]
    client = make_app(stage.world, clock=lambda: now[0]).test_client()
    headers = {"Personal-Token": token} if token else {}

    def ask_once() -> Any:
        return client.post("/graphql/v2", json={"query": "{ __typename }"}, headers=headers)

    answers = [ask_once() for _ in range(most)]
    assert {a.status_code for a in answers} == {200}
    assert [answers[0].headers[f"X-RateLimit-{n}"] for n in ("Limit", "Remaining", "Reset")] == [
        str(most),
        str(most - 1),
        "1000060",
    ]
    refused = ask_once()
    assert (refused.status_code, refused.get_json()) == (429, {"error": {"message": "Rate limit exceeded"}})
    assert float(refused.headers["Retry-After"]) == 60
    now[0] += 61
    assert ask_once().status_code == 200


def test_charges_that_are_due_are_made_before_anybody_is_answered(stage: Stage) -> None:
    give(stage, interval="month")
    stage.world.clock = lambda: START + timedelta(days=50)
    assert listed(stage, "transactions")["totalCount"] == 6
