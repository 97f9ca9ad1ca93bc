"""`coopgov check` finds nothing in an honest ledger, and each fault in one that was tampered with."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import insert, select, update

from coopgov.core.money import Money
from coopgov.funding.models import Balance, Contribution, Finding, LedgerEntry, Posting, Reversal
from coopgov.funding.queries.checks import CHECKS
from coopgov.funding.rules.ledger import ADJUSTMENTS, BANK, DUES
from coopgov.funding.services.findings import close_finding
from coopgov.funding.services.ingest import mend_purpose
from coopgov.infra.check import run_checks
from coopgov.infra.db import db, write_transaction
from tests.conftest import NOW
from tests.factories import person
from tests.funding.facts import LATER, PAID, dispute, payment, pounds, refund, take

NAMES = {check.name for check in CHECKS}


def faults() -> dict[str, list[str]]:
    db.session.rollback()
    return {name: found for name, found in run_checks().items() if name in NAMES and found}


@pytest.fixture
def honest(app: Flask) -> None:
    """Payments of every fate."""
    officer = person()
    take(NOW, payment("in_1"), payment("in_2"), payment("in_3", fee=None), payment("in_4"), payment("in_5", gross=0))
    take(NOW, payment("in_6", status="failed", fee=None), payment("in_7", status="pending", fee=None))
    take(NOW, refund(of="in_1"), refund("re_2", 100, "in_2", status="failed", closed_at=LATER))
    take(NOW, dispute(of="in_4", status="lost", closed_at=LATER), dispute("dp_2", of="in_2", withdrawn=False))
    take(NOW, payment("in_3", gross=500, fee=30))
    with write_transaction():
        row = db.session.scalars(select(Contribution).where(Contribution.remote_id == "in_2")).one()
        mend_purpose(row, "donation", officer.id, NOW)


def test_an_honest_ledger_has_no_fault(honest: None) -> None:
    assert faults() == {}


def test_an_empty_ledger_has_no_fault(app: Flask) -> None:
    assert faults() == {}


def entry(*lines: tuple[str, int], **fields: object) -> None:
    given = {"ref": "bank:x", "kind": "adjustment", "source": "bank", "day": PAID.date(), "note": "", "at": NOW}
    with write_transaction() as session:
        number = session.execute(insert(LedgerEntry).values(**(given | fields)).returning(LedgerEntry.id)).scalar_one()
        for account, minor in lines:
            session.execute(
                insert(Posting).values(entry_id=number, account=account, amount_minor=minor, currency="GBP")
            )


def change(model: type, remote_id: str, **values: object) -> None:
    with write_transaction() as session:
        session.execute(update(model).where(model.remote_id == remote_id).values(**values))  # type: ignore[attr-defined]


def number_of(remote_id: str) -> int:
    return db.session.scalars(select(Contribution.id).where(Contribution.remote_id == remote_id)).one()


FAULTS: dict[str, Callable[[], None]] = {
    "entries add up": lambda: entry((BANK, 5), (ADJUSTMENTS, -4)),
    "entries have two sides": lambda: entry(),
    "payments are booked": lambda: change(Contribution, "in_1", remote_status="failed"),
    "income is what arrived": lambda: change(Contribution, "in_1", gross_minor=900),
    "what went back is booked": lambda: change(Reversal, "dp_2", withdrawn=True),
    "the public accounts are the ledger": lambda: entry((BANK, 5), (ADJUSTMENTS, -4)),
    "receipts have no gaps": lambda: change(Contribution, "in_1", receipt_number=77),
}


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_is_found(honest: None, name: str) -> None:
    FAULTS[name]()
    assert name in faults()


def test_a_payment_that_arrived_and_was_not_booked_is_found(honest: None) -> None:
    change(Contribution, "in_7", remote_status="succeeded")
    assert faults()["payments are booked"] == [f"contribution {number_of('in_7')} arrived and is not booked"]


def test_income_that_nobody_paid_is_found(honest: None) -> None:
    entry((BANK, 5), (DUES, -5), kind="contribution", source="cash", contribution_id=number_of("in_1"))
    assert faults()["income is what arrived"] == ["contributions by cash in GBP are not its income"]


# Balances


def test_a_balance_that_agrees_is_no_fault(app: Flask) -> None:
    take(NOW, payment(), balances=(pounds(276),))
    assert faults() == {}


def test_a_difference_that_waits_for_the_treasurer_is_no_fault(app: Flask) -> None:
    take(NOW, payment(), balances=(pounds(300),))
    assert faults() == {}


def test_a_difference_that_the_treasurer_explained_is_no_fault(app: Flask) -> None:
    officer = person()
    take(NOW, payment(), balances=(pounds(300),))
    with write_transaction():
        close_finding(
            db.session.scalars(select(Finding).where(Finding.kind == "balance_differs")).one(),
            officer.id,
            "the bank keeps 24p",
            NOW + timedelta(hours=1),
        )
    assert faults() == {}


def test_a_difference_that_nobody_was_asked_about_is_found(app: Flask) -> None:
    take(NOW, payment())
    with write_transaction() as session:
        session.add(Balance(source="stripe", amount_minor=300, currency="GBP", at=NOW))
    assert list(faults()) == ["balances are the ledger's"]


def test_what_is_booked_after_a_balance_was_told_does_not_count_against_it(app: Flask) -> None:
    take(NOW, payment(), balances=(pounds(276), Money(0, "EUR")))
    take(NOW + timedelta(hours=1), payment("in_2"))
    assert faults() == {}
