"""What goes wrong on the way: nothing falls over, no money is lost or made up, and it heals by itself (edge case 40)."""

import json
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coopgov.core.money import Money
from coopgov.fakes.opencollective import limits
from coopgov.funding.models import Sync
from coopgov.funding.providers.base import ProviderDown, ProviderRefused
from coopgov.funding.providers.opencollective import reading, sorting
from coopgov.funding.providers.opencollective.client import Client, ProviderBusy
from coopgov.funding.providers.opencollective.reading import OpenCollective, first_cursor
from coopgov.funding.providers.opencollective.values import Unreadable, money
from coopgov.funding.services.opencollective import begin_run
from coopgov.infra.db import write_transaction
from coopgov.infra.http import Fetched
from tests.conftest import NOW
from tests.funding.facts import state
from tests.funding.opencollective.scene import SETTINGS, Scene, ada_joins, contributions, open_findings, row

FIRST_PAGE_OF_MONEY = 2  # after one of recurring orders and one of single ones


def subjects() -> set[str]:
    return {kind for kind, _ in open_findings()}


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("429", ProviderBusy),
        ("500", ProviderDown),
        ("502", ProviderDown),
        ("html", ProviderDown),
        ("cut", ProviderDown),
    ],
)
def test_an_answer_that_is_none_ends_the_page_and_not_the_run(
    app: Flask, fault: str, expected: type[Exception]
) -> None:
    scene = Scene()
    ada_joins(scene)
    scene.fault(fault, after=FIRST_PAGE_OF_MONEY)
    with write_transaction():
        run_id = begin_run(scene.now).id
    with pytest.raises(expected):
        while scene.read_page(run_id):
            pass
    assert row(Sync, run_id).finished_at is None
    while scene.read_page(run_id):
        pass
    assert scene.agrees()
    assert len(contributions()) == 1


def test_a_busy_provider_says_how_long_to_wait(app: Flask) -> None:
    scene = Scene()
    scene.fault("429")
    with pytest.raises(ProviderBusy) as busy:
        scene.provider.read(first_cursor(None, True), scene.now)
    assert 0 < busy.value.wait.total_seconds() <= limits.WINDOW_S + 1


@pytest.mark.parametrize("fault", ["errors", "null_node"])
def test_what_is_missing_once_is_asked_for_again(app: Flask, fault: str) -> None:
    scene = Scene()
    ada_joins(scene)
    scene.fault(fault, after=FIRST_PAGE_OF_MONEY)
    scene.read()
    assert scene.agrees()
    assert open_findings() == set()


def test_errors_that_stay_are_a_provider_in_trouble(app: Flask) -> None:
    scene = Scene()
    scene.fault("errors", times=reading.TRIES)
    with pytest.raises(ProviderDown, match="Something went wrong"):
        scene.read()


@pytest.mark.parametrize("fault", ["null_node", "fraction", "negative", "currency", "kind"])
def test_a_row_that_cannot_be_meant_waits_with_all_that_belongs_to_it(app: Flask, fault: str) -> None:
    scene = Scene()
    ada_joins(scene)
    scene.pass_days(1)
    scene.act("contribute", by="bert", cents=2500)
    for _ in range(4):
        scene.act("contribute", by="bert", cents=100)
    scene.fault(fault, times=reading.TRIES if fault == "null_node" else 1, after=FIRST_PAGE_OF_MONEY)
    scene.read()
    assert not any(paid.party_id for paid in contributions())  # Ada's is the first row that was spoilt
    assert {"unreadable", "balance_differs"} <= subjects()
    scene.read()
    assert scene.agrees()
    assert subjects() == set()
    assert contributions()[0].party_id is not None


@pytest.mark.parametrize("fault", ["fraction", "currency", "kind"])
def test_an_order_that_cannot_be_meant_waits_and_keeps_nobody_from_theirs(app: Flask, fault: str) -> None:
    scene = Scene()
    ada_joins(scene)
    scene.fault(fault)
    scene.read()
    assert contributions()[0].party_id is not None  # its row names the code, too
    assert "unreadable" in subjects()
    scene.read()
    assert open_findings() == set()


def test_a_wrong_token_and_a_page_that_is_not_there_are_said_plainly(app: Flask) -> None:
    scene = Scene()
    for wrong, words in (({"opencollective_token": "x"}, "token"), ({"opencollective_slug": "nowhere"}, "nowhere")):
        settings_now = SETTINGS.__class__(**{**vars(SETTINGS), **wrong})
        with pytest.raises(ProviderRefused, match=words):
            OpenCollective(Client(settings_now, scene.asking)).read(first_cursor(None, True), scene.now)


def test_money_that_comes_while_one_reads_is_read_in_the_same_run(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    small_pages(monkeypatch)
    scene = Scene(acts=[{"act": "generate", "transactions": 120, "days": 300, "days_ago": 390}])
    with write_transaction():
        run_id = begin_run(scene.now).id
    pages = 0
    while scene.read_page(run_id):
        pages += 1
        if pages % 3 == 0 and pages < 20:
            scene.act("contribute", by="bert", cents=100 + pages)
    assert pages > 10
    assert scene.agrees()
    assert "balance_differs" not in subjects()


def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages so small that groups end beyond them all the time."""
    for module, name, size in (
        (reading, "ROWS_A_PAGE", 17),
        (reading, "ORDERS_A_PAGE", 13),
        (sorting, "TAIL", 5),
        (sorting, "MOST_GROUPS", 4),
    ):
        monkeypatch.setattr(module, name, size)


def test_pages_of_any_size_tell_the_same(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene(
        separate_fees_days_ago=200, acts=[{"act": "generate", "transactions": 150, "days": 380, "days_ago": 390}]
    )
    ada_joins(scene)
    scene.read()
    whole = state()
    assert scene.agrees()
    small_pages(monkeypatch)
    assert scene.read(full=True) == 0
    assert state() == whole


def test_a_run_that_stops_anywhere_and_goes_on_ends_the_same(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    small_pages(monkeypatch)
    scene = Scene(acts=[{"act": "generate", "transactions": 150, "days": 380, "days_ago": 390}])
    with write_transaction():
        run_id = begin_run(scene.now).id
    for _ in range(5):
        scene.read_page(run_id)
    scene.fault("500")
    with pytest.raises(ProviderDown):
        scene.read_page(run_id)
    scene.read()
    assert scene.agrees()
    assert scene.read(full=True) == 0


# Values


@given(st.integers(-(10**12), 10**12), st.sampled_from(["GBP", "EUR", "USD"]))
def test_whole_cents_are_exact(cents: int, currency: str) -> None:
    assert money({"valueInCents": float(cents), "currency": currency}) == Money(cents, currency)


@pytest.mark.parametrize(
    "amount",
    [
        None,
        {},
        {"valueInCents": None, "currency": "GBP"},
        {"valueInCents": 0.5, "currency": "GBP"},
        {"valueInCents": float("nan"), "currency": "GBP"},
        {"valueInCents": float("inf"), "currency": "GBP"},
        {"valueInCents": True, "currency": "GBP"},
        {"valueInCents": "100", "currency": "GBP"},
        {"valueInCents": 100, "currency": "gbp"},
        {"valueInCents": 100, "currency": "ZZZ"},
        {"valueInCents": 150, "currency": "JPY"},
        {"valueInCents": 1e300, "currency": "GBP"},
    ],
)
def test_what_is_no_sum_is_refused(amount: Any) -> None:
    with pytest.raises(Unreadable):
        money(amount)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**6), 10**6) | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["group", "kind", "x"]), inner, max_size=3)
    ),
    max_leaves=6,
)
FIELDS = ["group", "type", "kind", "isRefund", "createdAt", "account", "oppositeAccount", "amountInHostCurrency", "netAmountInHostCurrency", "hostFee", "refundTransaction", "expense", "paymentMethod", "order", "publicId", "status", "frequency", "amount", "tags", "tier", "fromAccount"]  # fmt: skip


class Garbling:
    """Answers with nodes of which some fields are anything at all."""

    def __init__(self, nodes: list[Any]) -> None:
        self.nodes = nodes

    def post(self, url: str, body: bytes, headers: Any) -> Fetched:
        listing = {"totalCount": len(self.nodes), "nodes": self.nodes}
        purse = {"publicId": "acc_1", "currency": "GBP", "stats": {"balance": {"valueInCents": 0, "currency": "GBP"}}}
        answer = {"data": {"account": {**purse, "orders": listing, "transactions": listing}}}
        return Fetched(
            status=200, url=url, headers={}, body=json.dumps(answer).encode(), content_type="application/json"
        )


NODES = st.lists(JSON | st.fixed_dictionaries({}, optional=dict.fromkeys(FIELDS, JSON)), max_size=5)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(NODES, st.sampled_from(["recurring", "single", "transactions"]))
def test_no_answer_whatever_makes_it_crash(nodes: list[Any], phase: str) -> None:
    provider = OpenCollective(Client(SETTINGS, Garbling(nodes)))
    cursor = {**first_cursor(None, True), "phase": phase}
    page = provider.read(cursor, NOW)
    assert page.snapshot.payments == ()
