"""Double entry: what is asked for adds up, is named once, and stands for ever."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coopgov.core.money import Money
from coopgov.funding.rules.ledger import (
    ACCOUNTS,
    ADJUSTMENTS,
    ASSETS,
    BANK,
    INCOME,
    KINDS,
    PROCESSOR_FEES,
    STRIPE,
    STRIPE_FEES,
    Back,
    Draft,
    Line,
    balances_of,
    check_draft,
    payment_drafts,
    two_sided,
)
from coopgov.funding.rules.payments import MoneyBack, state_after, stops_counting_at
from tests.funding.facts import LATER, PAID, pounds

DAY, LATER_DAY = PAID.date(), LATER.date()
AMOUNTS = st.integers(1, 10**8).map(pounds)
FEES = st.dictionaries(st.sampled_from([STRIPE_FEES, PROCESSOR_FEES]), st.integers(-1000, 1000).map(pounds))
BACKS = st.builds(
    Back,
    ref=st.uuids().map(lambda number: f"stripe:re_{number.hex}"),
    kind=st.sampled_from(["refund", "dispute"]),
    day=st.just(LATER_DAY),
    amount=AMOUNTS,
    fees=FEES,
    returned_on=st.sampled_from([None, LATER_DAY]),
    fee_back=st.booleans(),
)


@given(st.sampled_from(sorted(INCOME)), AMOUNTS, st.none() | FEES, st.lists(BACKS, max_size=4))
def test_every_entry_of_a_payment_adds_up_to_nothing(
    purpose: str, gross: Money, fees: object, backs: list[Back]
) -> None:
    drafts = payment_drafts("stripe:in_1", purpose, STRIPE, DAY, gross, fees, backs)  # type: ignore[arg-type]
    for draft in drafts:
        check_draft(draft)
    assert len({draft.ref for draft in drafts}) == len(drafts)


@given(AMOUNTS, FEES, st.lists(BACKS, max_size=4))
def test_what_is_held_is_what_came_less_fees_and_what_went_back(
    gross: Money, fees: dict[str, Money], backs: list[Back]
) -> None:
    drafts = payment_drafts("stripe:in_1", "dues", STRIPE, DAY, gross, fees, backs)
    held = sum(line.amount.minor for draft in drafts for line in draft.lines if line.account == STRIPE)
    away = 0
    for back in backs:
        cost = sum(fee.minor for fee in back.fees.values())
        if back.returned_on is None:
            away += back.amount.minor + cost
        elif back.kind == "dispute" and not back.fee_back:
            away += cost
    assert held == gross.minor - sum(fee.minor for fee in fees.values()) - away


@given(AMOUNTS, st.lists(BACKS, max_size=3))
def test_a_fee_told_later_leaves_the_other_entries_as_they_are(gross: Money, backs: list[Back]) -> None:
    before = payment_drafts("stripe:in_1", "dues", STRIPE, DAY, gross, None, backs)
    after = payment_drafts("stripe:in_1", "dues", STRIPE, DAY, gross, {STRIPE_FEES: pounds(24)}, backs)
    assert [draft for draft in after if draft.kind != "fee"] == before


def test_a_payment_of_nothing_asks_for_no_entry() -> None:
    assert payment_drafts("stripe:in_1", "dues", STRIPE, DAY, pounds(0), {STRIPE_FEES: pounds(0)}, []) == []


def test_money_goes_from_credit_to_debit_and_less_than_nothing_the_other_way() -> None:
    there, back = (two_sided("a:1", "transfer", DAY, BANK, STRIPE, pounds(minor)).lines for minor in (5, -5))
    assert there == (Line(BANK, pounds(5)), Line(STRIPE, pounds(-5)))
    assert back == (Line(BANK, pounds(-5)), Line(STRIPE, pounds(5)))


def draft(*lines: tuple[str, int, str], ref: str = "bank:1", kind: str = "adjustment") -> Draft:
    return Draft(ref, kind, DAY, tuple(Line(account, Money(minor, currency)) for account, minor, currency in lines))


EVEN = (BANK, 1, "GBP"), (ADJUSTMENTS, -1, "GBP")


@pytest.mark.parametrize(
    "wrong",
    [
        draft((BANK, 2, "GBP"), (ADJUSTMENTS, -1, "GBP")),
        draft((BANK, 1, "GBP"), (ADJUSTMENTS, -1, "EUR")),
        draft(*EVEN, (BANK, 0, "GBP")),
        draft((BANK, 0, "GBP")),
        draft(),
        draft(("assets:pocket", 1, "GBP"), (ADJUSTMENTS, -1, "GBP")),
        draft(*EVEN, ref=""),
        draft(*EVEN, ref="with space"),
        draft(*EVEN, ref="x" * 151),
        draft(*EVEN, kind="gift"),
    ],
    ids=[
        "unequal",
        "two currencies",
        "an empty line",
        "one side",
        "no side",
        "account",
        "nameless",
        "space",
        "long",
        "kind",
    ],
)
def test_an_entry_that_cannot_be_meant_is_refused(wrong: Draft) -> None:
    with pytest.raises(ValueError):
        check_draft(wrong)


def test_two_currencies_may_each_add_up_in_one_entry() -> None:
    check_draft(draft(*EVEN, (BANK, 3, "EUR"), (ADJUSTMENTS, -3, "EUR")))
    assert balances_of([Line(BANK, pounds(1)), Line(BANK, Money(2, "EUR"))]) == {"GBP": 1, "EUR": 2}


def test_every_source_and_purpose_has_an_account_and_every_word_a_name() -> None:
    assert {*ASSETS.values(), *INCOME.values()} <= set(ACCOUNTS)
    assert all(ACCOUNTS.values())
    assert all(KINDS.values())


# What a payment is worth


def back(kind: str, amount: int, status: str, day: int = 10, closed: int | None = None) -> MoneyBack:
    return MoneyBack(kind, amount, status, PAID.replace(day=day), PAID.replace(day=closed) if closed else None)


@pytest.mark.parametrize(
    ("backs", "state"),
    [
        ([], "succeeded"),
        ([back("refund", 100, "succeeded")], "succeeded"),
        ([back("refund", 300, "succeeded")], "refunded"),
        ([back("refund", 100, "succeeded"), back("refund", 200, "pending")], "refunded"),
        ([back("refund", 300, "failed")], "succeeded"),
        ([back("dispute", 300, "open")], "disputed"),
        ([back("dispute", 300, "won")], "succeeded"),
        ([back("dispute", 300, "lost")], "lost"),
        ([back("refund", 100, "succeeded"), back("dispute", 200, "open")], "disputed"),
        ([back("dispute", 300, "won"), back("refund", 300, "succeeded")], "refunded"),
    ],
)
def test_the_state_says_what_became_of_the_money(backs: list[MoneyBack], state: str) -> None:
    assert state_after("succeeded", 300, backs) == state


@pytest.mark.parametrize("status", ["pending", "failed"])
def test_what_did_not_arrive_is_in_no_other_state(status: str) -> None:
    assert state_after(status, 300, [back("refund", 300, "succeeded")]) == status


def test_a_payment_of_nothing_is_never_refunded() -> None:
    assert state_after("succeeded", 0, []) == "succeeded"


@pytest.mark.parametrize(
    ("backs", "day"),
    [
        ([back("refund", 100, "succeeded")], None),
        ([back("refund", 100, "succeeded", 10), back("refund", 200, "succeeded", 12)], 12),
        ([back("refund", 200, "succeeded", 12), back("refund", 100, "succeeded", 10)], 12),
        ([back("refund", 300, "failed", 10, 11)], None),
        ([back("dispute", 300, "open")], None),
        ([back("dispute", 300, "won", 10, 15)], None),
        ([back("dispute", 300, "lost", 10, 15)], 15),
        ([back("dispute", 300, "lost", 10)], 10),
    ],
)
def test_a_payment_stops_counting_when_all_of_it_is_gone_for_good(backs: list[MoneyBack], day: int | None) -> None:
    expected = PAID.replace(day=day) if day else None
    assert stops_counting_at("succeeded", None, 300, backs) == expected


def test_a_failed_payment_stops_counting_when_it_failed() -> None:
    assert stops_counting_at("failed", LATER, 300, []) == LATER


@given(st.lists(st.integers(1, 100), max_size=6), st.integers(1, 400))
def test_more_refunds_never_make_a_payment_count_longer(amounts: list[int], gross: int) -> None:
    backs = [back("refund", amount, "succeeded", 10 + n) for n, amount in enumerate(amounts)]
    ends = [stops_counting_at("succeeded", None, gross, backs[:n]) for n in range(len(backs) + 1)]
    counted = [end for end in ends if end is not None]
    assert counted == sorted(counted, reverse=True)
    assert (ends[-1] is not None) == (sum(amounts) >= gross)
