"""The world of the fake: pairs, fees, days of charging, everything that real data holds."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from coopgov.fakes.opencollective.acts import Stage, staged_from, world_at
from coopgov.fakes.opencollective.charge_days import after_failing, after_joining, after_paying
from coopgov.fakes.opencollective.crowd import fill
from coopgov.fakes.opencollective.objects import Group, Order, Row
from coopgov.fakes.opencollective.passing import move_by, move_to
from coopgov.fakes.opencollective.world import Unknown, World
from tests.fakes.opencollective import PEOPLE, START, small_stage


@pytest.fixture
def stage() -> Stage:
    return small_stage()


def give(stage: Stage, by: str = "ada", cents: int = 1000, **more: Any) -> Order:
    made = stage.act({"act": "contribute", "by": by, "cents": cents, **more})
    assert isinstance(made, Order)
    return made


def ours(stage: Stage, group: Group) -> dict[str, int]:
    return {row.kind: row.net_host_cents for row in group.rows if row.account is stage.world.collective}


def test_a_contribution_is_a_credit_and_two_fees_in_one_group(stage: Stage) -> None:
    order = give(stage)
    assert order.status == "PAID"
    assert ours(stage, order.groups[0]) == {"HOST_FEE": -50, "PAYMENT_PROCESSOR_FEE": -35, "CONTRIBUTION": 1000}
    assert stage.world.balance_cents() == 915


def test_every_row_has_its_opposite(stage: Stage) -> None:
    give(stage, tip_cents=100)
    stage.act({"act": "refund", "order": stage.world.orders[0].public_id})
    for group in stage.world.groups.values():
        for theirs, row in zip(group.rows[::2], group.rows[1::2], strict=True):
            assert (theirs.account, theirs.opposite_account) == (row.opposite_account, row.account)
            assert {theirs.type, row.type} == {"CREDIT", "DEBIT"}
            assert theirs.cents == -row.net_amount.value_in_cents
            assert row.opposite_transaction is theirs


def test_an_old_row_holds_its_fees_inside_and_leaves_the_same() -> None:
    old, new = small_stage(separate_fees_days_ago=-1), small_stage()
    inside = give(old).groups[0]
    assert [r.kind for r in inside.rows if r.account is old.world.collective] == ["CONTRIBUTION"]
    assert inside.main.amount.value_in_cents == 1000
    give(new)
    assert old.world.balance_cents() == new.world.balance_cents() == inside.main.net_host_cents


@pytest.mark.parametrize("separate", [-1, 1])
def test_a_refund_leaves_nothing_because_the_host_covers_the_processors_fee(separate: int) -> None:
    stage = small_stage(separate_fees_days_ago=separate)
    order = give(stage)
    stage.act({"act": "refund", "order": order.public_id})
    first, back = order.groups
    assert stage.world.balance_cents() == 0
    assert ours(stage, back) == {"PAYMENT_PROCESSOR_COVER": 35, "HOST_FEE": 50, "CONTRIBUTION": -1000}
    assert (first.main.is_refunded, back.main.is_refund, back.main.refund_kind) == (True, True, "REFUND")
    assert (back.main.refund_transaction, first.main.refund_transaction) == (first.main, back.main)
    assert order.status == "REFUNDED"
    with pytest.raises(ValueError, match="nothing to take back"):
        stage.act({"act": "refund", "order": order.public_id})


def test_a_tip_is_not_ours(stage: Stage) -> None:
    order = give(stage, tip_cents=150)
    kinds = {row.kind for row in order.groups[0].rows if row.account is stage.world.collective}
    assert "PLATFORM_TIP" not in kinds
    assert order.total_amount.value_in_cents == 1150
    assert stage.world.balance_cents() == 915


def test_a_lost_dispute_takes_the_money_and_costs_the_host_alone(stage: Stage) -> None:
    order = give(stage, interval="month")
    stage.act({"act": "dispute", "order": order.public_id})
    assert (order.status, order.next_charge_date, order.groups[0].main.is_disputed) == ("DISPUTED", None, True)
    assert stage.world.balance_cents() == 915
    stage.act({"act": "close_dispute", "order": order.public_id, "won": False})
    fees = [r for r in order.groups[1].rows if r.kind == "PAYMENT_PROCESSOR_DISPUTE_FEE"]
    assert {r.account for r in fees} == {stage.world.host, stage.world.processor}
    assert (order.status, stage.world.balance_cents()) == ("CANCELLED", 0)
    assert order.groups[1].main.refund_kind == "DISPUTE"


def test_a_won_dispute_moves_nothing_and_is_never_charged_again(stage: Stage) -> None:
    order = give(stage, interval="month")
    stage.act({"act": "dispute", "order": order.public_id})
    stage.act({"act": "close_dispute", "order": order.public_id, "won": True})
    assert (order.status, order.groups[0].is_disputed, stage.world.balance_cents()) == ("CANCELLED", False, 915)


def test_edited_added_funds_are_taken_back_and_written_again(stage: Stage) -> None:
    stage.act({"act": "add_funds", "by": "ada", "cents": 10_000, "as": "funds"})
    stage.act({"act": "edit_added_funds", "order": "funds", "cents": 12_000})
    groups = stage.world.orders[0].groups
    assert [(g.main.kind, g.refund_kind, g.main.cents) for g in groups] == [
        ("ADDED_FUNDS", None, 10_000),
        ("ADDED_FUNDS", "EDIT", -10_000),
        ("ADDED_FUNDS", None, 12_000),
    ]
    assert stage.world.balance_cents() == 11_400


@pytest.mark.parametrize(
    ("joined", "second"),
    [
        ((2026, 1, 1), (2026, 2, 1)),
        ((2026, 1, 15), (2026, 2, 1)),
        ((2026, 1, 16), (2026, 3, 1)),
        ((2026, 1, 20), (2026, 3, 1)),
        ((2026, 1, 31), (2026, 3, 1)),
        ((2026, 12, 31), (2027, 2, 1)),
    ],
)
def test_who_joins_after_the_fifteenth_skips_a_month(
    joined: tuple[int, int, int], second: tuple[int, int, int]
) -> None:
    assert after_joining("MONTHLY", datetime(*joined, 13, 5, tzinfo=UTC)) == datetime(*second, tzinfo=UTC)


def test_a_year_is_charged_on_the_first_of_its_month() -> None:
    assert after_joining("YEARLY", START) == datetime(2027, 1, 1, tzinfo=UTC)
    assert after_paying("YEARLY", datetime(2027, 1, 1, tzinfo=UTC)) == datetime(2028, 1, 1, tzinfo=UTC)


def test_a_monthly_contribution_is_charged_on_the_first_of_march(stage: Stage) -> None:
    order = give(stage, interval="month")
    move_to(stage.world, datetime(2026, 2, 28, 23, tzinfo=UTC))
    assert len(order.groups) == 1
    move_to(stage.world, datetime(2026, 4, 2, tzinfo=UTC))
    assert [g.main.created_at.date().isoformat() for g in order.groups] == ["2026-01-20", "2026-03-01", "2026-04-01"]
    assert order.next_charge_date == datetime(2026, 5, 1, tzinfo=UTC)


def test_paypal_keeps_its_day(stage: Stage) -> None:
    assert give(stage, interval="month", method="paypal").next_charge_date == datetime(2026, 2, 20, 9, 30, tzinfo=UTC)


def test_six_failures_in_a_row_cancel(stage: Stage) -> None:
    order = give(stage, interval="month")
    stage.act({"act": "decline", "order": order.public_id, "times": 6})
    seen = []
    for _ in range(60):
        move_by(stage.world, timedelta(days=1))
        seen.append((order.status, order.tries))
    assert (order.status, order.tries, len(order.groups), order.next_charge_date) == ("CANCELLED", 6, 1, None)
    assert ("ERROR", 5) in seen


def test_a_failed_charge_is_tried_again_and_the_month_stays_the_same(stage: Stage) -> None:
    order = give(stage, interval="month")
    stage.act({"act": "decline", "order": order.public_id, "times": 2})
    move_to(stage.world, datetime(2026, 3, 4, tzinfo=UTC))
    assert order.status == "ERROR"
    move_to(stage.world, datetime(2026, 3, 6, tzinfo=UTC))
    assert (order.status, order.tries) == ("ACTIVE", 0)
    assert order.groups[-1].main.created_at.date().isoformat() == "2026-03-05"
    assert order.next_charge_date == datetime(2026, 4, 1, tzinfo=UTC)


def test_later_tries_are_five_days_apart() -> None:
    assert [after_failing(n, START).day - START.day for n in (1, 2, 3, 5)] == [2, 2, 5, 5]


def test_nothing_is_charged_while_paused_or_after_cancelling(stage: Stage) -> None:
    paused, cancelled = give(stage, interval="month"), give(stage, by="bert", interval="month")
    stage.act({"act": "pause", "order": paused.public_id})
    stage.act({"act": "cancel", "order": cancelled.public_id})
    move_by(stage.world, timedelta(days=100))
    assert (len(paused.groups), len(cancelled.groups)) == (1, 1)
    stage.act({"act": "resume", "order": paused.public_id})
    move_by(stage.world, timedelta(hours=1))
    assert (len(paused.groups), paused.status, cancelled.status) == (2, "ACTIVE", "CANCELLED")


def test_a_new_card_is_charged_at_once(stage: Stage) -> None:
    order = give(stage, interval="month")
    stage.act({"act": "decline", "order": order.public_id, "times": 4})
    move_to(stage.world, datetime(2026, 3, 4, tzinfo=UTC))
    stage.act({"act": "renew_card", "order": order.public_id})
    move_by(stage.world, timedelta(minutes=1))
    assert (order.status, len(order.groups)) == ("ACTIVE", 2)


def test_one_person_may_have_two_contributions(stage: Stage) -> None:
    give(stage, interval="month", tier="member")
    give(stage, interval="year")
    assert [o.status for o in stage.world.orders if o.from_account.slug == "ada"] == ["ACTIVE", "ACTIVE"]


def test_euros_reach_a_collective_in_pounds_in_both_currencies(stage: Stage) -> None:
    row = give(stage, currency="EUR").groups[0].main
    assert (row.amount.value_in_cents, row.amount.currency) == (1000, "EUR")
    assert (row.amount_in_host_currency.value_in_cents, row.host_currency) == (860, "GBP")
    assert stage.world.balance_cents() == 860 - 43 - 33


def test_a_gift_card_names_who_bought_it_and_costs_no_processor(stage: Stage) -> None:
    group = give(stage, gift_card_from="bert").groups[0]
    assert group.main.gift_card_emitter_account is stage.world.account("bert")
    assert group.main.from_account is stage.world.account("ada")
    assert set(ours(stage, group)) == {"HOST_FEE", "CONTRIBUTION"}


def test_a_debit_under_way_has_no_rows_yet(stage: Stage) -> None:
    order = give(stage, interval="month", method="bacs", outcome="processing")
    assert (order.status, order.groups, order.is_subscribed) == ("PROCESSING", [], False)
    move_by(stage.world, timedelta(days=6))
    stage.act({"act": "settle", "order": order.public_id})
    assert (order.status, order.next_charge_date) == ("ACTIVE", datetime(2026, 3, 1, tzinfo=UTC))


def test_a_bank_transfer_is_awaited_until_it_comes_or_expires(stage: Stage) -> None:
    comes, never = (give(stage, method="transfer", outcome="pending") for _ in range(2))
    stage.act({"act": "settle", "order": comes.public_id})
    stage.act({"act": "expire", "order": never.public_id})
    assert (comes.status, never.status, never.groups) == ("PAID", "EXPIRED", [])


def test_a_rejected_contribution_goes_back(stage: Stage) -> None:
    order = give(stage, interval="month")
    stage.act({"act": "reject", "order": order.public_id})
    assert (order.status, order.groups[-1].refund_kind, stage.world.balance_cents()) == ("REJECTED", "REJECT", 0)


def test_a_guest_who_turns_out_to_be_somebody_changes_id_and_slug(stage: Stage) -> None:
    stage.act({"act": "person", "slug": "guest-1a2b3c4d", "name": "Guest", "guest": True})
    order = give(stage, by="guest-1a2b3c4d")
    stage.act({"act": "merge", "guest": "guest-1a2b3c4d", "into": "bert"})
    assert order.from_account.slug == order.groups[0].main.opposite_account.slug == "bert"
    with pytest.raises(Unknown):
        stage.world.account("guest-1a2b3c4d")


def test_a_project_has_books_of_its_own_until_it_is_closed(stage: Stage) -> None:
    stage.act({"act": "project", "slug": "garden", "name": "Garden"})
    give(stage, to="garden")
    assert stage.world.balance_cents() == 0
    stage.act({"act": "close_project", "slug": "garden"})
    assert (stage.world.balance_cents(), stage.world.balance_cents(stage.world.account("garden"))) == (915, 0)
    assert stage.world.rows_of(stage.world.collective)[0].kind == "BALANCE_TRANSFER"


def test_an_expense_leaves_and_may_come_back(stage: Stage) -> None:
    give(stage, cents=10_000)
    before = stage.world.balance_cents()
    stage.act({"act": "expense", "to": "bert", "cents": 2500, "fee_cents": 40, "as": "hosting"})
    assert stage.world.balance_cents() == before - 2540
    stage.act({"act": "unpay_expense", "expense": "hosting"})
    assert stage.world.balance_cents() == before


def test_tags_are_kept_in_small_letters_and_at_most_32_of_them(stage: Stage) -> None:
    assert give(stage, tags=["#CoopGov-AbC", "two,Three"]).tags == ("coopgov-abc", "two", "three")
    with pytest.raises(ValueError, match="too long"):
        give(stage, tags=["x" * 33])


def test_acts_that_mean_nothing_are_refused(stage: Stage) -> None:
    for fields in ({"act": "dance"}, {"act": "refund", "order": "or_1"}, {"act": "delete", "who": "nobody"}):
        with pytest.raises(Unknown):
            stage.act(fields)
    for fields in ({"act": "contribute", "by": "ada", "cents": 0}, {"act": "wait", "days": -1}):
        with pytest.raises(ValueError):
            stage.act(fields)


def test_rows_are_written_in_order_of_time(stage: Stage) -> None:
    fill(stage.world, 300, START + timedelta(days=200))
    stamps = [row.created_at for row in stage.world.rows_of(stage.world.collective)]
    assert all(earlier < later for earlier, later in pairwise(stamps))


def crowd(transactions: int, days: int = 730, seed: int = 1) -> World:
    act = {"act": "generate", "transactions": transactions, "days": days, "days_ago": days, "seed": seed}
    return world_at(START, begin_days_ago=days, acts=[act])


def facts(row: Row) -> tuple[Any, ...]:
    return row.public_id, row.group, row.kind, row.cents, row.account.slug, row.opposite_account.slug, row.created_at


def everything(world: World) -> list[tuple[Any, ...]]:
    return [facts(row) for group in world.groups.values() for row in group.rows]


def test_the_same_seed_gives_the_same_people() -> None:
    assert everything(crowd(500)) == everything(crowd(500))
    assert everything(crowd(500)) != everything(crowd(500, seed=2))


def test_what_was_done_is_there_again_after_a_restart(tmp_path: Path) -> None:
    story = tmp_path / "story.json"
    story.write_text(
        '{"begin_days_ago": 100, "acts": ['
        '{"act": "person", "slug": "ada", "days_ago": 90}, '
        '{"act": "contribute", "by": "ada", "cents": 300, "interval": "month", "as": "first"}]}'
    )
    clock = Ticking()
    stage = staged_from(story, clock)
    stage.act({"act": "wait", "days": 40})
    clock.now += timedelta(hours=1)
    stage.act({"act": "refund", "order": "first"})
    clock.now += timedelta(days=3)
    again = staged_from(story, clock)
    move_to(stage.world, again.world.present)
    assert everything(again.world) == everything(stage.world)
    assert again.world.orders[0].groups[-1].refund_kind == "REFUND"
    story.write_text('{"acts": []}')
    assert staged_from(story, clock).world.orders == []


class Ticking:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


def test_a_running_clock_charges_by_itself() -> None:
    clock = Ticking()
    stage = Stage(world_at(START, acts=PEOPLE))
    stage.world.clock = clock
    order = give(stage, interval="month")
    clock.now += timedelta(days=60)
    stage.act({"act": "person", "slug": "carla"})
    assert len(order.groups) == 2
