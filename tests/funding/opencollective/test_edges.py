"""What real data holds: each oddity of Open Collective's books, as it ends in ours (research: edge cases 30 to 40)."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from flask import Flask
from sqlalchemy import select

from coopgov.funding.models import Contribution, Finding, LedgerEntry, Payer, Pledge, Reversal
from coopgov.funding.services.findings import close_finding
from coopgov.infra.check import run_checks
from coopgov.infra.db import db, write_transaction
from tests.factories import member, person
from tests.funding.facts import balances
from tests.funding.opencollective.scene import Scene, ada_joins, contributions, drafted, open_findings, row

LATE = datetime(2026, 1, 20, 9, 30, tzinfo=UTC)


def pledges() -> dict[str, Pledge]:
    """Pledges at Open Collective by their order's id."""
    db.session.rollback()
    return {str(p.remote_id): p for p in db.session.scalars(select(Pledge).where(Pledge.remote_id.is_not(None)))}


def well() -> bool:
    """True when no self-check finds anything."""
    db.session.rollback()
    return not any(run_checks().values())


# 30: charge days


def test_who_joins_on_20_january_is_covered_until_the_next_charge_on_1_march(app: Flask) -> None:
    scene = Scene(LATE)
    ada_joins(scene)
    scene.read()
    [paid] = contributions()
    assert (paid.covers_from, paid.covers_to) == (date(2026, 1, 20), date(2026, 2, 28))
    scene.pass_days(50)
    scene.read()
    first, second = contributions()
    assert (first.covers_from, first.covers_to) == (date(2026, 1, 20), date(2026, 2, 28))
    assert (second.covers_from, second.covers_to) == (date(2026, 3, 1), date(2026, 3, 31))


def test_days_covered_leave_no_gap_while_charges_succeed(app: Flask) -> None:
    scene = Scene(datetime(2025, 11, 14, 12, tzinfo=UTC))
    ada_joins(scene)

    scene.act("contribute", by="bert", cents=2400, interval="year")
    scene.act("contribute", by="eve", cents=500, interval="month", method="paypal")
    for _ in range(5):
        scene.pass_days(31)
        scene.read()
    by_payer: dict[int, list[Contribution]] = {}
    for paid in contributions():
        by_payer.setdefault(paid.payer_id or 0, []).append(paid)
    for payments in by_payer.values():
        for one, next_one in pairwise(payments):
            assert one.covers_to is not None
            assert next_one.covers_from == one.covers_to + timedelta(days=1)
    assert sorted(len(p) for p in by_payer.values()) == [1, 6, 6]


def test_a_charge_that_succeeded_late_covers_its_own_month_only(app: Flask) -> None:
    scene = Scene(datetime(2026, 1, 5, 12, tzinfo=UTC))
    ada_joins(scene)
    scene.act("decline", order="hers", times=4)
    scene.pass_days(50)
    scene.read()
    late = contributions()[-1]
    assert late.covers_from is not None
    assert late.covers_from > date(2026, 2, 10)
    assert late.covers_to == date(2026, 2, 28)


# 31: old rows and new ones


def test_fees_inside_an_old_row_and_in_rows_of_their_own_are_the_same_to_us(app: Flask) -> None:
    acts = [
        {"act": "contribute", "by": "ada", "cents": 1000, "days_ago": 300},
        {"act": "contribute", "by": "bert", "cents": 1000, "days_ago": 10},
    ]
    scene = Scene(separate_fees_days_ago=100, acts=acts)
    scene.read()
    old, new = contributions()
    assert old.fees == new.fees == {"expenses:fees:host": 50, "expenses:fees:processor": 35}
    assert scene.agrees()


def test_a_refund_of_an_old_row_brings_the_same_home(app: Flask) -> None:
    acts = [{"act": "contribute", "by": "ada", "cents": 1000, "days_ago": 300, "as": "old"}]
    scene = Scene(separate_fees_days_ago=100, acts=acts)
    scene.act("refund", order="old")
    scene.read()
    assert scene.world.balance_cents() == 0
    assert scene.agrees()
    assert contributions()[0].status == "refunded"


# 32: both sides of a pair


def test_the_other_side_of_a_pair_is_not_ours(app: Flask) -> None:
    scene = Scene()
    ada_joins(scene)
    ours = scene.world.rows_of(scene.world.collective)
    theirs = [r for r in scene.world.rows_of(scene.world.account("ada")) if r.in_group is ours[0].in_group]
    ours += theirs  # as if a filter of theirs had failed
    scene.read()
    [paid] = contributions()
    assert (paid.gross_minor, paid.fees) == (300, {"expenses:fees:host": 15, "expenses:fees:processor": 25})
    assert balances()["assets:opencollective", "GBP"] == 260


# 33: money that goes back


def test_a_refund_brings_the_host_fee_and_the_cover_of_the_other_home(app: Flask) -> None:
    scene = Scene()
    ada_joins(scene)
    scene.read()
    scene.act("refund", order="hers")
    scene.read()
    [paid] = contributions()
    assert (paid.status, paid.refunded_minor) == ("refunded", 300)
    assert paid.void_at is not None
    assert balances() == {}
    assert scene.agrees()
    assert well()


def test_a_rejected_contribution_is_given_back_and_over(app: Flask) -> None:
    scene = Scene()
    pledge = ada_joins(scene)
    scene.act("reject", order="hers")
    scene.read()
    assert row(Pledge, pledge.id).status == "ended"
    assert contributions()[0].status == "refunded"
    assert scene.agrees()


def test_a_correction_of_added_funds_is_no_refund_to_anybody(app: Flask) -> None:
    scene = Scene()
    order = scene.act("add_funds", by="works", cents=50_000)
    scene.read()
    scene.act("edit_added_funds", order=order.public_id, cents=5_000)
    scene.read()
    wrong, right = contributions()
    assert (wrong.status, wrong.refunded_minor) == ("failed", 0)
    assert (right.status, right.gross_minor, right.method) == ("succeeded", 5_000, "transfer")
    kinds = set(db.session.scalars(select(LedgerEntry.kind)))
    assert kinds == {"contribution", "adjustment", "fee"}
    assert scene.agrees()
    assert well()


def test_a_charge_written_twice_is_taken_back_and_its_member_keeps_the_other(app: Flask) -> None:
    scene = Scene(datetime(2026, 2, 1, 12, tzinfo=UTC))
    ada_joins(scene)
    scene.pass_days(30)
    scene.act("duplicate", order="hers")
    scene.read()
    assert [paid.status for paid in contributions()] == ["succeeded", "failed"]
    assert db.session.scalars(select(Reversal.kind)).all() == ["correction"]
    assert scene.agrees()


def test_a_dispute_waits_for_the_treasurer_and_moves_nothing(app: Flask) -> None:
    scene = Scene()
    pledge = ada_joins(scene)
    scene.read()
    scene.act("dispute", order="hers")
    scene.read()
    [paid] = contributions()
    assert paid.status == "succeeded"
    assert open_findings() == {("dispute", f"contribution:{paid.id}")}
    assert row(Pledge, pledge.id).status == "past_due"
    scene.act("close_dispute", order="hers", won=True)
    scene.read()
    assert open_findings() == set()
    assert scene.agrees()


def test_a_lost_dispute_takes_the_money_and_brings_the_fees_home(app: Flask) -> None:
    scene = Scene()
    ada_joins(scene)
    scene.act("dispute", order="hers")
    scene.read()
    scene.act("close_dispute", order="hers", won=False)
    scene.read()
    [paid] = contributions()
    assert paid.status == "lost"
    assert open_findings() == {("dispute", f"contribution:{paid.id}")}
    assert balances() == {}
    assert scene.agrees()
    assert well()


# 34: who pays


def test_a_guest_with_our_code_is_their_member_also_after_a_merge(app: Flask) -> None:
    scene = Scene(datetime(2026, 2, 1, 12, tzinfo=UTC))
    pledge = ada_joins(scene, by="guest-1234")
    scene.read()
    scene.act("merge", guest="guest-1234", into="eve")
    scene.pass_days(30)
    scene.read()
    assert {paid.party_id for paid in contributions()} == {pledge.party_id}
    assert len(contributions()) == 2
    eve = db.session.scalars(select(Payer).where(Payer.name == "Eve")).one()
    assert eve.party_id == pledge.party_id


def test_an_incognito_payer_without_a_code_waits_and_lapses_nobody(app: Flask) -> None:
    scene = Scene()
    scene.act("contribute", by="incognito-1", cents=300, interval="month")
    scene.read()
    [paid] = contributions()
    payer = row(Payer, paid.payer_id or 0)
    assert (payer.kind, payer.name, paid.party_id) == ("incognito", "", None)
    assert open_findings() == {("unmatched", f"contribution:{paid.id}")}


def test_the_same_address_as_a_login_is_no_match_by_itself(app: Flask) -> None:
    ada = person("Ada", "ada@example.org")
    scene = Scene()
    scene.act("contribute", by="ada", cents=300, interval="month")
    scene.read()
    [paid] = contributions()
    assert paid.party_id is None
    assert row(Payer, paid.payer_id or 0).email == "ada@example.org"
    assert ("unmatched", f"contribution:{paid.id}") in open_findings()
    assert ada.id


def test_somebody_who_goes_leaves_the_money_and_nothing_falls_over(app: Flask) -> None:
    scene = Scene()
    pledge = ada_joins(scene)
    scene.read()
    scene.act("delete", who="ada")
    assert scene.read() == 0
    scene.act("contribute", by="eve", cents=300)
    scene.act("delete", who="eve")
    scene.read()
    assert contributions()[0].party_id == pledge.party_id
    assert contributions()[1].payer_id is None
    assert scene.agrees()


# 35: organisations


def test_an_organisation_that_pays_for_three_waits_also_when_it_uses_one_members_code(app: Flask) -> None:
    scene = Scene(datetime(2026, 2, 1, 12, tzinfo=UTC))
    scene.act("contribute", by="works", cents=900, interval="month")
    scene.read()
    [paid] = contributions()
    assert row(Payer, paid.payer_id or 0).kind == "organisation"
    assert open_findings() == {("unmatched", f"contribution:{paid.id}")}
    pledge = ada_joins(scene, by="works")
    scene.read()
    assert [p.party_id for p in contributions()] == [None, pledge.party_id]
    assert row(Payer, paid.payer_id or 0).party_id is None


# 36: two orders of one person


def test_two_contributions_of_one_person_count_both_and_the_treasurer_is_asked(app: Flask) -> None:
    scene = Scene()
    pledge = ada_joins(scene)
    scene.act("contribute", by="ada", cents=500, interval="month", **{"as": "second"})
    scene.read()
    assert {paid.party_id for paid in contributions()} == {pledge.party_id}
    assert open_findings() == {("two_pledges", f"party:{pledge.party_id}")}
    scene.act("cancel", order="second")
    scene.read()
    assert open_findings() == set()


def test_a_paused_contribution_is_paused(app: Flask) -> None:
    scene = Scene()
    pledge = ada_joins(scene)
    scene.act("pause", order="hers")
    scene.read()
    assert row(Pledge, pledge.id).status == "paused"
    scene.act("resume", order="hers")
    scene.read()
    assert row(Pledge, pledge.id).status == "active"


# 37: charges that fail


def test_a_failing_contribution_is_past_due_active_again_and_ended_after_six(app: Flask) -> None:
    scene = Scene(datetime(2026, 1, 5, 12, tzinfo=UTC))
    pledge = ada_joins(scene)
    scene.act("decline", order="hers", times=1)
    scene.pass_days(27.6)
    scene.read()
    assert row(Pledge, pledge.id).status == "past_due"
    scene.pass_days(4)
    scene.read()
    assert row(Pledge, pledge.id).status == "active"
    scene.act("decline", order="hers", times=6)
    scene.pass_days(60)
    scene.read()
    assert row(Pledge, pledge.id).status == "ended"
    assert len(contributions()) == 2


def test_a_first_charge_that_failed_is_no_payment(app: Flask) -> None:
    scene = Scene()
    pledge = ada_joins(scene, outcome="declined")
    scene.read()
    assert row(Pledge, pledge.id).status == "failed"
    assert contributions() == []


@pytest.mark.parametrize(("method", "outcome"), [("bacs", "processing"), ("transfer", "pending")])
def test_what_is_under_way_is_pending_until_it_arrives(app: Flask, method: str, outcome: str) -> None:
    scene = Scene()
    pledge = ada_joins(scene, method=method, outcome=outcome)
    scene.read()
    assert row(Pledge, pledge.id).status == "pending"
    assert row(Pledge, pledge.id).remote_id is not None
    scene.act("settle", order="hers")
    scene.read()
    assert row(Pledge, pledge.id).status == "active"
    assert contributions()[0].party_id == pledge.party_id


# 38: gift cards, added funds, tips, expenses, transfers


def test_a_gift_cards_user_is_the_payer_not_who_bought_it(app: Flask) -> None:
    scene = Scene()
    pledge = ada_joins(scene, gift_card_from="works", interval="month")
    scene.read()
    [paid] = contributions()
    assert (paid.method, paid.party_id) == ("giftcard", pledge.party_id)
    assert row(Payer, paid.payer_id or 0).name == "Ada Lovelace"
    assert scene.agrees()


def test_added_funds_are_money_whose_payer_is_to_be_told(app: Flask) -> None:
    scene = Scene()
    scene.act("add_funds", by="works", cents=50_000)
    scene.read()
    [paid] = contributions()
    assert (paid.purpose, paid.method, paid.covers_to) == ("other", "transfer", None)
    assert open_findings() == {("unmatched", f"contribution:{paid.id}")}
    assert scene.agrees()


def test_a_tip_is_the_platforms(app: Flask) -> None:
    scene = Scene()
    pledge = ada_joins(scene, tip_cents=50)
    scene.read()
    assert contributions()[0].gross_minor == 300
    assert row(Pledge, pledge.id).amount_minor == 300
    assert scene.agrees()


def test_a_single_gift_is_a_donation_that_covers_nothing_and_asks_nobody(app: Flask) -> None:
    scene = Scene()
    scene.act("contribute", by="bert", cents=2500)
    scene.read()
    [paid] = contributions()
    assert (paid.purpose, paid.covers_from) == ("donation", None)
    assert open_findings() == set()


def test_expenses_are_spent_and_come_back_when_they_were_not_paid(app: Flask) -> None:
    scene = Scene()
    scene.act("contribute", by="bert", cents=100_000)
    scene.act("expense", to="eve", cents=4_000, fee_cents=45, title="Eve's laptop", **{"as": "laptop"})
    scene.read()
    assert balances()["expenses:spent", "GBP"] == 4_000
    assert scene.agrees()
    assert not any("Eve" in note for note in db.session.scalars(select(LedgerEntry.note)))
    scene.act("unpay_expense", expense="laptop")
    scene.read()
    assert ("expenses:spent", "GBP") not in balances()
    assert scene.agrees()


def test_what_a_closed_project_brings_home_is_a_transfer(app: Flask) -> None:
    scene = Scene()
    scene.act("project", slug="garden")
    scene.act("contribute", by="bert", cents=2000, to="garden")
    scene.read()
    assert balances() == {}
    scene.act("close_project", slug="garden")
    scene.read()
    assert balances()["equity:transfers", "GBP"] < 0
    assert scene.agrees()


# 39: currencies


def test_euros_to_a_collective_in_pounds_are_booked_as_the_pounds_that_it_holds(app: Flask) -> None:
    scene = Scene()
    pledge = ada_joins(scene, currency="EUR")
    scene.read()
    [paid] = contributions()
    assert (paid.gross_minor, paid.currency) == (258, "GBP")
    assert row(Pledge, pledge.id).currency == "EUR"
    assert scene.agrees()


def test_books_are_kept_in_the_hosts_currency_when_the_collective_has_another(app: Flask) -> None:
    scene = Scene(currency="EUR", host_currency="GBP")
    scene.act("contribute", by="bert", cents=1000)
    scene.read()
    assert contributions()[0].currency == "GBP"
    assert scene.agrees()
    assert open_findings() == set()


def test_currencies_without_pence_are_not_taken_for_hundredfold(app: Flask) -> None:
    scene = Scene(currency="JPY", host_currency="JPY")
    scene.act("contribute", by="bert", cents=100_000)
    scene.read()
    [paid] = contributions()
    assert (paid.gross_minor, paid.currency, str(paid.gross)) == (1000, "JPY", "1000 JPY")
    assert balances()["assets:opencollective", "JPY"] * 100 == scene.world.balance_cents()


# Ours


def test_a_code_may_come_back_in_small_letters_and_beside_other_tags(app: Flask) -> None:
    scene = Scene()
    pledge = drafted(member("Ada").id)
    scene.act("contribute", by="ada", cents=300, interval="month", tags=["garden", f"#COOPGOV-{pledge.claim}"])
    scene.read()
    assert row(Pledge, pledge.id).status == "active"
    assert contributions()[0].pledge_id == pledge.id


def test_a_code_of_nobody_and_a_code_used_twice_match_no_one_anew(app: Flask) -> None:
    scene = Scene()
    pledge = ada_joins(scene)
    scene.act("contribute", by="bert", cents=300, interval="month", tags=[f"coopgov-{pledge.claim}"])
    scene.act("contribute", by="eve", cents=300, interval="month", tags=["coopgov-nonsense"])
    scene.read()
    owners = [paid.party_id for paid in contributions()]
    assert owners == [pledge.party_id, None, None]


def test_a_question_that_the_treasurer_answered_is_not_asked_again(app: Flask) -> None:
    scene = Scene()
    scene.act("contribute", by="bert", cents=300, interval="month")
    scene.read()
    with write_transaction():
        finding = db.session.scalars(select(Finding)).one()
        close_finding(finding, member("Treasurer").id, "a friend", scene.now)
    scene.read(full=True)
    assert open_findings() == set()
