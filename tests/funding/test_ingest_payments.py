"""What one payment and all that can happen to it leaves behind, on both databases."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from coopgov.core.money import Money
from coopgov.funding.models import (
    Balance,
    Contribution,
    ContributionShare,
    Finding,
    LedgerEntry,
    Payer,
    Pledge,
    Reversal,
)
from coopgov.funding.providers.base import RemoteProblem
from coopgov.funding.rules.ledger import (
    DONATIONS,
    DUES,
    HOST_FEES,
    OPEN_COLLECTIVE,
    OTHER,
    SPENT,
    STRIPE,
    STRIPE_FEES,
)
from coopgov.funding.services.findings import close_finding, open_about
from coopgov.funding.services.ingest import apply, mend_purpose
from coopgov.infra.audit import AuditRow, broken_at
from coopgov.infra.db import db, write_transaction
from coopgov.infra.outbox import EventRow
from tests.conftest import NOW
from tests.factories import member, person
from tests.funding.facts import (
    LATER,
    PAID,
    balances,
    dispute,
    entries,
    movement,
    payer,
    payment,
    pledge,
    pounds,
    refund,
    snapshot,
    take,
    unbalanced,
)

HOUR = timedelta(hours=1)
GROSS = {STRIPE: 300, DUES: -300}


def the(remote_id: str = "in_1") -> Contribution:
    return db.session.scalars(select(Contribution).where(Contribution.remote_id == remote_id)).one()


def findings() -> set[tuple[str, str]]:
    rows = db.session.execute(select(Finding.kind, Finding.subject).where(Finding.closed_at.is_(None)))
    return {(kind, subject) for kind, subject in rows}


def told(name: str) -> list[dict[str, Any]]:
    return list(
        db.session.scalars(select(EventRow.payload).where(EventRow.name == f"funding.{name}").order_by(EventRow.id))
    )


def drafted(party_id: int, claim: str = "Abc-DEF_1", **fields: Any) -> Pledge:
    given: dict[str, Any] = {"amount_minor": 300, "currency": "GBP", "interval": "month", "status": "draft"}
    row = Pledge(
        party_id=party_id, claim=claim, created_at=PAID, updated_at=PAID, **({"source": "stripe"} | given | fields)
    )
    with write_transaction() as session:
        session.add(row)
    return row


# Arriving


def test_a_payment_that_arrived_is_income_and_its_fee_a_cost(app: Flask) -> None:
    assert take(NOW, payment()) == 1
    assert entries() == {
        "stripe:in_1:gross": GROSS,
        "stripe:in_1:fee:stripe": {STRIPE_FEES: 24, STRIPE: -24},
    }
    row = the()
    assert (row.status, row.receipt_number, row.void_at, row.gross) == ("succeeded", 1, None, pounds(300))


def test_an_empty_look_writes_nothing(app: Flask) -> None:
    assert take(NOW) == 0
    assert db.session.scalars(select(AuditRow)).all() == []


def test_a_payment_on_its_way_is_not_booked_and_has_no_receipt(app: Flask) -> None:
    take(NOW, payment(status="pending", fee=None))
    assert entries() == {}
    assert (the().status, the().receipt_number) == ("pending", None)
    assert [event["status"] for event in told("contribution_received")] == ["pending"]
    take(NOW, payment())
    assert balances() == {(STRIPE, "GBP"): 276, (DUES, "GBP"): -300, (STRIPE_FEES, "GBP"): 24}
    assert [event["status"] for event in told("contribution_received")] == ["pending", "succeeded"]


def test_a_payment_that_failed_leaves_no_entry(app: Flask) -> None:
    take(NOW, payment(status="pending", fee=None))
    take(NOW, payment(status="failed", fee=None, failed_at=LATER, failure="insufficient funds"))
    assert entries() == {}
    assert (the().status, the().void_at, the().failure) == ("failed", LATER, "insufficient funds")
    assert [event["status"] for event in told("contribution_failed")] == ["failed"]


def test_an_older_view_never_makes_a_payment_not_to_have_arrived(app: Flask) -> None:
    take(NOW, payment())
    assert take(NOW, payment(status="pending", fee=None)) == 0
    assert take(NOW, payment(status="failed", fee=None, failed_at=LATER)) == 0
    assert (the().status, the().fees, len(entries())) == ("succeeded", {STRIPE_FEES: 24}, 2)


def test_a_payment_that_failed_at_first_may_arrive(app: Flask) -> None:
    take(NOW, payment(status="failed", fee=None, failed_at=PAID))
    take(NOW, payment())
    assert (the().status, the().void_at, the().receipt_number) == ("succeeded", None, 1)
    assert len(entries()) == 2


def test_a_fee_that_is_told_later_is_booked_later(app: Flask) -> None:
    take(NOW, payment(fee=None))
    before = entries()
    take(NOW + HOUR, payment(fee=24))
    assert entries() == {**before, "stripe:in_1:fee:stripe": {STRIPE_FEES: 24, STRIPE: -24}}
    assert findings() == {("unmatched", f"contribution:{the().id}")}


def test_a_fee_once_told_is_not_forgotten(app: Flask) -> None:
    take(NOW, payment(fee=24))
    assert take(NOW, payment(fee=None)) == 0
    assert the().fees == {STRIPE_FEES: 24}


def test_a_payment_of_nothing_has_neither_entry_nor_receipt(app: Flask) -> None:
    take(NOW, payment(gross=0, fee=0))
    assert entries() == {}
    assert (the().status, the().receipt_number) == ("succeeded", None)
    assert findings() == set()


def test_two_currencies_stay_apart(app: Flask) -> None:
    take(NOW, payment(), payment("in_2", gross=0, fee=None))
    euro = {"gross": Money(500, "EUR"), "fees": {STRIPE_FEES: Money(30, "EUR")}}
    from_euro = payment("in_3")
    take(NOW, type(from_euro)(**{**from_euro.__dict__, **euro}))
    assert balances()[STRIPE, "EUR"] == 470
    assert balances()[STRIPE, "GBP"] == 276
    assert unbalanced() == []


def test_the_day_of_an_entry_is_that_of_the_co_ops_zone(app: Flask) -> None:
    take(NOW, payment(paid_at=PAID.replace(month=7, day=31, hour=23, minute=30)))
    assert set(db.session.scalars(select(LedgerEntry.day))) == {PAID.replace(month=8, day=1).date()}


def test_days_and_notes_of_a_payment_are_kept(app: Flask) -> None:
    first, last = PAID.date(), LATER.date()
    take(NOW, payment(covers_from=first, covers_to=last, note="order 7", method="card", receipt_url="https://x.test/r"))
    row = the()
    assert (row.covers_from, row.covers_to, row.note, row.method) == (first, last, "order 7", "card")


# Going back


def test_a_part_refund_gives_back_a_part_and_the_payment_goes_on_counting(app: Flask) -> None:
    take(NOW, payment(), refund(amount=100))
    assert entries()["stripe:re_1:refund"] == {DUES: 100, STRIPE: -100}
    assert (the().status, the().refunded_minor, the().void_at) == ("succeeded", 100, None)
    assert told("contribution_failed") == []


def test_a_payment_given_back_in_parts_stops_counting_with_the_last(app: Flask) -> None:
    take(NOW, payment(), refund("re_1", 100), refund("re_2", 200, at=LATER + HOUR))
    assert (the().status, the().refunded_minor, the().void_at) == ("refunded", 300, LATER + HOUR)
    assert balances() == {(STRIPE, "GBP"): -24, (STRIPE_FEES, "GBP"): 24}


def test_a_refund_that_failed_comes_home_as_an_entry_of_its_own(app: Flask) -> None:
    take(NOW, payment(), refund(status="pending"))
    assert the().status == "refunded"
    take(NOW, refund(status="failed", closed_at=LATER + HOUR))
    assert entries()["stripe:re_1:refund"] == {DUES: 300, STRIPE: -300}
    assert entries()["stripe:re_1:returned"] == {DUES: -300, STRIPE: 300}
    assert (the().status, the().refunded_minor, the().void_at, the().receipt_number) == ("succeeded", 0, None, 1)


def test_a_fee_that_comes_back_with_a_refund_is_no_cost_any_more(app: Flask) -> None:
    take(NOW, payment(), refund(fees_returned={STRIPE_FEES: pounds(24)}))
    assert balances() == {}


def test_an_older_view_of_a_refund_changes_nothing(app: Flask) -> None:
    take(NOW, payment(), refund(status="failed", closed_at=LATER))
    assert take(NOW, refund(status="pending")) == 0
    assert take(NOW, refund()) == 0
    assert the().status == "succeeded"


def test_a_provider_may_give_back_more_than_was_paid_and_the_ledger_says_so(app: Flask) -> None:
    take(NOW, payment(fee=0), refund(amount=500))
    assert the().refunded_minor == 300
    assert balances() == {(STRIPE, "GBP"): -200, (DUES, "GBP"): 200}


def test_a_refund_whose_payment_is_not_known_waits_for_it(app: Flask) -> None:
    take(NOW, refund(of="ch_1"))
    assert findings() == {("orphan", "stripe:re_1")}
    assert entries() == {}
    take(NOW, payment())
    assert ("orphan", "stripe:re_1") not in findings()
    assert the().status == "refunded"
    assert entries()["stripe:re_1:refund"] == {DUES: 300, STRIPE: -300}


def test_a_refund_finds_a_payment_whose_charge_is_told_later(app: Flask) -> None:
    take(NOW, payment(charge_id=""), refund(of="ch_1"))
    assert the().status == "succeeded"
    take(NOW, payment())
    assert the().status == "refunded"


def test_payments_without_a_charge_are_nobodys_refund(app: Flask) -> None:
    take(NOW, payment(charge_id=""))
    assert take(NOW, refund(of="")) == 0
    assert findings() >= {("unreadable", "stripe:re_1")}


def test_an_open_dispute_takes_the_money_and_a_fee(app: Flask) -> None:
    take(NOW, payment(), dispute())
    assert entries()["stripe:dp_1:dispute"] == {DUES: 300, STRIPE_FEES: 2000, STRIPE: -2300}
    assert (the().status, the().void_at) == ("disputed", None)
    assert ("dispute", f"contribution:{the().id}") in findings()


def test_a_won_dispute_brings_the_money_back_and_not_the_fee(app: Flask) -> None:
    take(NOW, payment(), dispute())
    take(NOW, dispute(status="won", closed_at=LATER + HOUR))
    assert entries()["stripe:dp_1:returned"] == {DUES: -300, STRIPE: 300}
    assert balances()[STRIPE_FEES, "GBP"] == 2024
    assert the().status == "succeeded"
    assert ("dispute", f"contribution:{the().id}") not in findings()


def test_a_won_dispute_may_return_its_fee(app: Flask) -> None:
    take(NOW, payment(), dispute(status="won", fee_back=True, closed_at=LATER))
    assert entries()["stripe:dp_1:returned"] == {DUES: -300, STRIPE_FEES: -2000, STRIPE: 2300}
    assert balances()[STRIPE, "GBP"] == 276


def test_a_lost_dispute_ends_what_the_payment_covers(app: Flask) -> None:
    take(NOW, payment(), dispute(status="lost", closed_at=LATER + HOUR))
    assert (the().status, the().void_at) == ("lost", LATER + HOUR)
    assert balances() == {(STRIPE, "GBP"): -2024, (STRIPE_FEES, "GBP"): 2024}
    assert [event["status"] for event in told("contribution_failed")] == ["lost"]


def test_a_question_of_the_bank_ends_when_it_is_won_whatever_happened_unseen(app: Flask) -> None:
    """Between the two looks the money had left and come back."""
    take(NOW, payment(), dispute(withdrawn=False))
    assert ("dispute", f"contribution:{the().id}") in findings()
    take(NOW, dispute(status="won", withdrawn=True, fee_back=True, closed_at=LATER))
    assert ("dispute", f"contribution:{the().id}") not in findings()


def test_a_question_of_the_bank_that_came_before_its_payment_is_asked_once_that_is_known(app: Flask) -> None:
    take(NOW, dispute(withdrawn=False))
    take(NOW, payment())
    assert ("dispute", f"contribution:{the().id}") in findings()


def test_a_question_of_the_bank_moves_no_money(app: Flask) -> None:
    take(NOW, payment(), dispute(withdrawn=False))
    assert (the().status, len(entries())) == ("succeeded", 2)
    take(NOW, dispute(status="lost", closed_at=LATER))
    assert the().status == "lost"


def test_a_dispute_after_a_part_refund_takes_the_rest(app: Flask) -> None:
    take(NOW, payment(fee=0), refund(amount=100), dispute(amount=200, fee=pounds(0), status="lost", closed_at=LATER))
    assert the().status == "lost"
    assert balances() == {}


# Changing afterwards


def test_an_amount_that_changes_is_reversed_and_booked_again(app: Flask) -> None:
    take(NOW, payment(gross=300))
    take(NOW + HOUR, payment(gross=500))
    assert entries()["stripe:in_1:gross:undo"] == {STRIPE: -300, DUES: 300}
    assert entries()["stripe:in_1:gross:again-2"] == {STRIPE: 500, DUES: -500}
    assert balances()[DUES, "GBP"] == -500
    assert ("amount_differs", f"contribution:{the().id}") in findings()


def test_an_amount_that_changes_back_gets_a_third_name(app: Flask) -> None:
    for gross in (300, 500, 300, 300):
        take(NOW, payment(gross=gross))
    assert entries()["stripe:in_1:gross:again-3"] == GROSS
    assert balances()[DUES, "GBP"] == -300


def test_a_heading_is_mended_by_reversing_and_booking_again(app: Flask) -> None:
    officer = person()
    take(NOW, payment(), refund(amount=100))
    with write_transaction():
        mend_purpose(the(), "donation", officer.id, NOW)
    assert balances()[DONATIONS, "GBP"] == -200
    assert (DUES, "GBP") not in balances()
    undone = db.session.scalars(select(LedgerEntry).where(LedgerEntry.ref == "stripe:in_1:gross:undo")).one()
    assert undone.by_id == officer.id
    assert ("amount_differs", f"contribution:{the().id}") not in findings()


def test_a_heading_may_be_mended_back_any_number_of_times(app: Flask) -> None:
    officer = person()
    long_name = "in_" + "x" * 97
    take(NOW, payment(long_name))
    for purpose in ["donation", "dues"] * 8:
        with write_transaction():
            mend_purpose(the(long_name), purpose, officer.id, NOW)
    assert balances()[DUES, "GBP"] == -300
    assert unbalanced() == []


def test_mending_to_the_same_heading_books_nothing(app: Flask) -> None:
    officer = person()
    take(NOW, payment())
    with write_transaction():
        mend_purpose(the(), "dues", officer.id, NOW)
    assert len(entries()) == 2


def test_a_mended_heading_outlives_the_next_look(app: Flask) -> None:
    officer = person()
    take(NOW, payment())
    with write_transaction():
        mend_purpose(the(), "other", officer.id, NOW)
    take(NOW, payment(method="card"))
    assert balances()[OTHER, "GBP"] == -300


def test_no_payment_is_for_an_unknown_purpose(app: Flask) -> None:
    officer = person()
    take(NOW, payment())
    with pytest.raises(ValueError, match="bribe"), write_transaction():
        mend_purpose(the(), "bribe", officer.id, NOW)


# Whose it is


def test_a_payment_finds_its_member_by_the_claim_code_in_any_case(app: Flask) -> None:
    ada = member()
    drafted(ada.id, claim="Abc-DEF_1")
    take(NOW, pledge(claim="abc-def_1"), payment(pledge_remote_id="sub_1"))
    assert (the().party_id, the().pledge_id) == (ada.id, db.session.scalars(select(Pledge.id)).one())
    assert findings() == set()


def test_a_payment_finds_its_member_by_our_own_pledge(app: Flask) -> None:
    ada = member()
    mine = drafted(ada.id)
    take(NOW, payment(pledge_id=mine.id))
    assert (the().party_id, the().pledge_id) == (ada.id, mine.id)


def test_a_payment_that_came_before_its_pledge_finds_it_later(app: Flask) -> None:
    ada = member()
    take(NOW, payment(pledge_remote_id="sub_1", payer=None))
    assert (the().party_id, the().pledge_id) == (None, None)
    assert findings() == {("unmatched", f"contribution:{the().id}")}
    mine = drafted(ada.id)
    take(NOW, pledge(pledge_id=mine.id, payer=None))
    assert (the().party_id, the().pledge_id) == (ada.id, mine.id)
    assert findings() == set()
    assert told("contribution_matched") == [{"contribution_id": the().id, "party_id": ada.id}]


def test_payments_of_a_payer_who_is_recognised_later_find_their_member(app: Flask) -> None:
    ada = member()
    take(NOW, payment("in_1"), payment("in_2"), pledge("sub_9"))
    assert len(findings()) == 2
    drafted(ada.id)
    take(NOW, pledge("sub_1", claim="abc-def_1", status="ended"))
    assert (the("in_1").party_id, the("in_2").party_id) == (ada.id, ada.id)
    assert set(db.session.scalars(select(Pledge.party_id))) == {ada.id}
    assert findings() == set()
    assert len(told("contribution_matched")) == 2


def test_an_organisation_is_nobody_because_it_may_pay_for_several(app: Flask) -> None:
    ada, bob = member(), member()
    of = payer("acme", "organisation")
    drafted(ada.id, "a")
    drafted(bob.id, "b")
    take(NOW, pledge("sub_1", payer=of, claim="a"), pledge("sub_2", payer=of, claim="b"))
    take(NOW, *(payment(f"in_{n}", payer=of, pledge_remote_id=f"sub_{n}") for n in (1, 2)), payment("in_3", payer=of))
    assert [the(f"in_{n}").party_id for n in (1, 2, 3)] == [ada.id, bob.id, None]


def test_a_person_who_pays_for_two_is_neither_of_them(app: Flask) -> None:
    ada, bob = member(), member()
    drafted(ada.id, "a")
    drafted(bob.id, "b")
    take(NOW, pledge("sub_1", claim="a"), pledge("sub_2", claim="b"), payment())
    assert the().party_id is None
    row = db.session.scalars(select(Payer)).one()
    assert (row.party_id, row.matched_how) == (None, "several")


def test_what_the_treasurer_said_of_a_payer_stays(app: Flask) -> None:
    ada, bob = member(), member()
    take(NOW, payment("in_1"))
    with write_transaction():
        row = db.session.scalars(select(Payer)).one()
        row.party_id, row.matched_how = bob.id, "treasurer"
    drafted(ada.id)
    take(NOW, pledge(claim="abc-def_1"), payment("in_2"))
    assert db.session.scalars(select(Payer.party_id)).one() == bob.id
    assert the("in_2").party_id == bob.id


def test_a_payment_that_was_shared_out_is_not_claimed_again(app: Flask) -> None:
    ada, bob = member(), member()
    take(NOW, payment())
    with write_transaction() as session:
        session.add(ContributionShare(contribution_id=the().id, party_id=bob.id, amount_minor=300))
    drafted(ada.id)
    take(NOW, pledge(claim="abc-def_1"))
    assert the().party_id is None


def test_a_gift_of_somebody_unknown_waits_for_nobody(app: Flask) -> None:
    take(NOW, payment(purpose="donation"))
    assert findings() == set()
    assert balances()[DONATIONS, "GBP"] == -300


def test_a_payment_given_back_before_anybody_matched_it_waits_no_longer(app: Flask) -> None:
    take(NOW, payment())
    take(NOW, refund())
    assert findings() == set()


def test_nobody_is_asked_twice_whose_a_payment_is(app: Flask) -> None:
    officer = person()
    take(NOW, payment(purpose="other"), dispute())
    take(NOW, dispute(status="won", closed_at=LATER))
    with write_transaction():
        question = open_about("unmatched", f"contribution:{the().id}")
        assert question is not None
        close_finding(question, officer.id, "other", NOW)
    take(NOW, dispute("dp_2"))
    take(NOW, dispute("dp_2", status="won", closed_at=LATER))
    assert open_about_now("unmatched") == []


def open_about_now(kind: str) -> list[str]:
    return [subject for found, subject in findings() if found == kind]


def test_payments_of_long_ago_wait_too_but_nobody_is_told_of_each(app: Flask) -> None:
    take(NOW, *(payment(f"in_{n}", paid_at=NOW - timedelta(days=200 + n)) for n in range(5)))
    assert len(open_about_now("unmatched")) == 5
    assert (told("contribution_received"), told("finding_opened")) == ([], [])
    assert len(entries()) == 10
    assert broken_at() is None


# Pledges


def test_a_pledge_tells_when_its_state_changes_and_only_then(app: Flask) -> None:
    take(NOW, pledge(status="pending"))
    take(NOW, pledge(as_of=LATER))
    assert take(NOW, pledge(as_of=LATER)) == 0
    assert [(event["before"], event["status"]) for event in told("pledge_changed")] == [
        ("", "pending"),
        ("pending", "active"),
    ]


def test_an_older_view_of_a_pledge_never_wins(app: Flask) -> None:
    take(NOW, pledge(as_of=LATER, status="ended"))
    assert take(NOW, pledge(as_of=PAID, status="active")) == 0
    assert db.session.scalars(select(Pledge.status)).one() == "ended"


def test_two_live_pledges_of_one_person_wait_for_a_person_until_one_ends(app: Flask) -> None:
    ada = member()
    drafted(ada.id)
    take(NOW, pledge("sub_1", claim="abc-def_1"), pledge("sub_2"))
    assert findings() == {("two_pledges", f"party:{ada.id}")}
    take(NOW, pledge("sub_2", status="ended", as_of=LATER))
    assert findings() == set()


# What cannot be meant


@pytest.mark.parametrize(
    "wrong",
    [
        payment("in_2", status="paid"),
        payment("in_2", purpose="bribe"),
        payment("in_2", gross=-1),
        payment("in_2", settles_in="assets:pocket"),
        payment("in_2", fees={"expenses:fees:other": pounds(1)}),
        payment("in_2", fees={STRIPE_FEES: Money(1, "EUR")}),
        payment("in_2", covers_from=PAID.date()),
        payment("in_" + "x" * 98),
        payment("in 2"),
        payment("în_2"),
        refund(status="done"),
        refund(amount=0),
        refund(amount=-5),
        refund(fees_returned={STRIPE_FEES: Money(1, "EUR")}),
        refund(fees_returned={"expenses:fees:other": pounds(1)}),
        dispute(fee=Money(1, "EUR")),
        dispute(status="closed"),
        pledge(status="draft"),
        pledge(status="paused for ever"),
        pledge(interval="week"),
        pledge(amount=-1),
        movement(account="expenses:party"),
        movement(kind="gift"),
        movement("x" * 150),
    ],
)
def test_what_cannot_be_meant_is_put_aside_and_the_rest_is_written(app: Flask, wrong: Any) -> None:
    take(NOW, payment("in_1"), wrong)
    assert [kind for kind, _ in findings() if kind == "unreadable"] == ["unreadable"]
    assert set(entries()) == {"stripe:in_1:gross", "stripe:in_1:fee:stripe"}
    assert db.session.scalars(select(Contribution.remote_id)).all() == ["in_1"]


def test_a_refund_in_another_currency_than_its_payment_is_put_aside(app: Flask) -> None:
    take(NOW, payment())
    euro = refund()
    take(NOW, type(euro)(**{**euro.__dict__, "amount": Money(300, "EUR")}))
    assert ("unreadable", "stripe:re_1") in findings()
    assert the().status == "succeeded"


def test_problems_wait_for_the_treasurer(app: Flask) -> None:
    problem = RemoteProblem(kind="foreign", subject="stripe:in_9", facts={"product": "prod_shoes"})
    for _ in range(2):
        take(NOW, problems=(problem,))
    assert findings() == {("foreign", "stripe:in_9")}
    assert entries() == {}


@pytest.mark.parametrize("fact", [payment("in_2", status="gone"), movement(amount=-6000)])
def test_what_a_person_has_closed_is_not_asked_again_at_the_next_reading(app: Flask, fact: Any) -> None:
    take(NOW, movement())
    take(NOW, fact)
    with write_transaction() as session:
        close_finding(session.scalars(select(Finding)).one(), person().id, "looked it up", NOW)
    take(NOW + HOUR, fact)
    assert findings() == set()


def test_a_crash_in_the_middle_leaves_nothing(app: Flask) -> None:
    with pytest.raises(ZeroDivisionError), write_transaction():
        apply(snapshot(pledge(), payment(), refund(), movement(), balances=(pounds(5),)), NOW)
        raise ZeroDivisionError
    for model in (Payer, Pledge, Contribution, Reversal, LedgerEntry, Finding, Balance, EventRow, AuditRow):
        assert db.session.scalars(select(model)).all() == []


# Movements and balances


def test_an_expense_is_booked_once(app: Flask) -> None:
    assert take(NOW, movement(), movement(), source="opencollective") == 1
    assert take(NOW, movement(), source="opencollective") == 0
    assert entries() == {"opencollective:exp_1": {OPEN_COLLECTIVE: -5000, SPENT: 5000}}


def test_a_movement_of_nothing_is_no_entry(app: Flask) -> None:
    assert take(NOW, movement(amount=0)) == 0
    assert entries() == {}


def test_a_movement_that_changes_waits_for_the_treasurer_and_the_rest_is_booked(app: Flask) -> None:
    take(NOW, movement())
    take(NOW, movement(amount=-6000), movement("exp_2", account=HOST_FEES, kind="fee", amount=-10))
    assert findings() == {("amount_differs", "stripe:exp_1")}
    assert entries()["stripe:exp_1"] == {OPEN_COLLECTIVE: -5000, SPENT: 5000}
    assert "stripe:exp_2" in entries()


def test_a_balance_that_agrees_is_only_written_down(app: Flask) -> None:
    take(NOW, payment(purpose="donation"), balances=(pounds(276), Money(0, "EUR")))
    assert findings() == set()
    assert db.session.scalars(select(Balance.amount_minor).order_by(Balance.id)).all() == [276, 0]


def test_a_balance_that_differs_waits_until_it_agrees_again(app: Flask) -> None:
    take(NOW, payment(purpose="donation"), balances=(pounds(300),))
    take(NOW + HOUR, balances=(pounds(310),))
    row = db.session.scalars(select(Finding)).one()
    assert (row.subject, row.opened_at) == ("stripe:GBP", NOW)
    assert row.facts == {"told": 310, "booked": 276, "currency": "GBP"}
    take(NOW + 2 * HOUR, balances=(pounds(276),))
    assert findings() == set()


def test_a_currency_that_the_provider_no_longer_tells_counts_as_nothing(app: Flask) -> None:
    take(NOW, payment(purpose="donation"), balances=(Money(0, "EUR"),))
    assert findings() == {("balance_differs", "stripe:GBP")}
