"""Booking on both databases: facts that nobody can change, references that are taken once."""

import threading
from datetime import UTC, datetime

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from coopgov.core.money import Money
from coopgov.funding.models import Contribution, LedgerEntry, Posting
from coopgov.funding.rules.ledger import ADJUSTMENTS, BANK, Draft, Line, two_sided
from coopgov.funding.services.ingest import apply
from coopgov.funding.services.ledger import LedgerConflict, Origin, book, reverse, write_entries
from coopgov.infra.db import db, write_transaction
from coopgov.membership.models import StandingRule
from tests.conftest import NOW
from tests.funding.facts import PAID, balances, entries, payer, payment, pounds, snapshot, take, unbalanced

BY_BANK = Origin("bank")


def draft(ref: str = "bank:1", minor: int = 500) -> Draft:
    return two_sided(ref, "adjustment", PAID.date(), BANK, ADJUSTMENTS, pounds(minor))


@pytest.fixture
def booked(app: Flask) -> LedgerEntry:
    """One entry of £5 in the bank."""
    with write_transaction():
        return book([draft()], BY_BANK, NOW)[0]


def test_an_entry_is_booked_with_its_lines(booked: LedgerEntry) -> None:
    assert entries() == {"bank:1": {BANK: 500, ADJUSTMENTS: -500}}
    assert (booked.day, booked.kind, booked.at, booked.by_id) == (PAID.date(), "adjustment", NOW, None)


def test_booking_the_same_again_changes_nothing(booked: LedgerEntry) -> None:
    with write_transaction():
        assert book([draft()], BY_BANK, NOW) == []
    assert len(entries()) == 1


def test_a_reference_stands_for_its_lines_for_ever(booked: LedgerEntry) -> None:
    with pytest.raises(LedgerConflict, match="bank:1"), write_transaction():
        book([draft("bank:2"), draft("bank:1", 600)], BY_BANK, NOW)
    assert set(entries()) == {"bank:1"}


def test_what_does_not_add_up_is_not_booked(app: Flask) -> None:
    odd = Draft("bank:1", "adjustment", PAID.date(), (Line(BANK, pounds(1)), Line(ADJUSTMENTS, Money(-1, "EUR"))))
    with pytest.raises(ValueError, match="does not add up"), write_transaction():
        write_entries([(draft("bank:2"), BY_BANK), (odd, BY_BANK)], NOW)
    assert entries() == {}


def test_the_database_refuses_a_second_entry_of_the_same_name(booked: LedgerEntry) -> None:
    with pytest.raises(IntegrityError), write_transaction():
        write_entries([(draft(), BY_BANK)], NOW)
    assert len(entries()) == 1


def test_a_reversal_is_the_opposite_and_there_is_only_one(booked: LedgerEntry) -> None:
    with write_transaction():
        reverse(db.session.get_one(LedgerEntry, booked.id), NOW.date(), NOW)
    assert entries()["bank:1:undo"] == {BANK: -500, ADJUSTMENTS: 500}
    assert balances() == {}
    with pytest.raises(IntegrityError), write_transaction():
        reverse(db.session.get_one(LedgerEntry, booked.id), NOW.date(), NOW)


@pytest.fixture
def facts(booked: LedgerEntry) -> None:
    with write_transaction() as session:
        session.add(
            StandingRule(
                version=1,
                in_force_from=NOW,
                asks_dues=True,
                grace_days=30,
                pending_votes=False,
                pending_days=14,
                min_age_days=0,
                longest_pause_months=12,
            )
        )


@pytest.mark.parametrize("table", ["ledger_entry", "posting", "standing_rule"])
@pytest.mark.parametrize(
    "statement", ["UPDATE {table} SET {column} = {column}", "DELETE FROM {table}"], ids=["update", "delete"]
)
def test_what_is_booked_is_never_changed(facts: None, table: str, statement: str) -> None:
    column = {"ledger_entry": "note", "posting": "amount_minor", "standing_rule": "grace_days"}[table]
    with pytest.raises(DBAPIError, match="facts and never change"), write_transaction() as session:
        session.execute(text(statement.format(table=table, column=column)))


def test_a_posting_of_nothing_or_of_no_currency_is_refused_by_the_database(booked: LedgerEntry) -> None:
    for amount, currency in ((0, "GBP"), (5, "gbp"), (5, "GB")):
        with pytest.raises(IntegrityError), write_transaction() as session:
            session.add(Posting(entry_id=booked.id, account=BANK, amount_minor=amount, currency=currency))


def test_postings_hold_sums_beyond_32_bits(app: Flask) -> None:
    with write_transaction():
        book([draft(minor=10**15)], BY_BANK, NOW)
    assert db.session.scalars(select(Posting.amount_minor).order_by(Posting.id)).all() == [10**15, -(10**15)]


# Receipts


def _pay(app: Flask, name: str, errors: list[BaseException]) -> None:
    with app.app_context():
        try:
            for number in range(5):
                with write_transaction():
                    apply(snapshot(payment(f"in_{name}{number}", payer=payer(name))), datetime.now(UTC))
        except BaseException as error:
            errors.append(error)


def test_receipts_of_parallel_writers_are_numbered_without_gaps(app: Flask) -> None:
    db.session.remove()
    errors: list[BaseException] = []
    writers = [threading.Thread(target=_pay, args=(app, name, errors)) for name in "abcd"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    assert errors == []
    numbers = db.session.scalars(select(Contribution.receipt_number).order_by(Contribution.receipt_number)).all()
    assert numbers == list(range(1, 21))
    assert unbalanced() == []


def test_a_receipt_number_that_was_rolled_back_is_given_again(app: Flask) -> None:
    take(NOW, payment("in_1"))
    with pytest.raises(InterruptedError), write_transaction():
        apply(snapshot(payment("in_2")), NOW)
        raise InterruptedError
    take(NOW, payment("in_3"))
    assert db.session.scalars(select(Contribution.receipt_number).order_by(Contribution.id)).all() == [1, 2]
