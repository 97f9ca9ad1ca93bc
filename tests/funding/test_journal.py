"""The ledger as files: hledger's journal balances, and the table holds no formula."""

import csv
import io
import re
from collections import defaultdict
from decimal import Decimal

from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from coopgov.core.money import Money
from coopgov.funding.queries.ledger import booked, currencies
from coopgov.funding.rules.journal import Booked, journal, table
from coopgov.funding.rules.ledger import BANK, CASH, DUES, Line
from coopgov.infra.db import write_transaction
from tests.conftest import NOW
from tests.factories import member, officer
from tests.funding.facts import balances, movement, payer, payment, refund, take

HEAD = re.compile(r"(\d{4}-\d\d-\d\d) \* \((\d+)\) ([^;|]*)")
POSTING = re.compile(r"    ([a-z]+(?::[a-z]+)+)  (-?\d+(?:\.\d+)?) ([A-Z]{3})")


def parsed(text: str) -> list[dict[tuple[str, str], Decimal]]:
    """The transactions of a journal, each account and currency with its sum; anything that is not understood fails."""
    found: list[dict[tuple[str, str], Decimal]] = []
    for line in text.splitlines():
        if HEAD.fullmatch(line):
            found.append(defaultdict(Decimal))
        elif posting := POSTING.fullmatch(line):
            found[-1][posting[1], posting[3]] += Decimal(posting[2])
        else:
            assert not line or re.match(r"; |    ; |decimal-mark \.|commodity 1000\.0* [A-Z]{3}$", line), line
    return found


def entry(*lines: Line, note: str = "", who: str = "") -> Booked:
    return Booked(1, "bank:1", "adjustment", "bank", NOW.date(), NOW, lines, who=who, note=note)


def test_the_journal_balances_and_ends_where_the_ledger_does(app: Flask) -> None:
    take(NOW, payment(), payment("in_2", fee=None), refund(), movement())
    transactions = parsed(journal(booked(), currencies()))
    assert len(transactions) == 5
    sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for lines in transactions:
        assert sum(lines.values()) == 0
        for key, amount in lines.items():
            sums[key] += amount
    assert {key: int(amount * 100) for key, amount in sums.items() if amount} == balances()


def test_the_journal_names_nobody_and_the_table_does(app: Flask) -> None:
    take(NOW, payment(payer=payer("hopper")))
    assert "Hopper" not in journal(booked(), currencies())
    rows = list(csv.DictReader(io.StringIO(table(booked()))))
    assert {row["who"] for row in rows} == {"Hopper"}
    assert [(row["account"], row["amount"]) for row in rows[:2]] == [
        ("assets:stripe", "3.00"),
        ("income:dues", "-3.00"),
    ]


def test_an_empty_ledger_is_an_empty_journal(app: Flask) -> None:
    assert parsed(journal(booked(), currencies())) == []
    assert len(table(booked()).splitlines()) == 1


def test_currencies_without_pence_are_written_without(app: Flask) -> None:
    text = journal([entry(Line(BANK, Money(150, "JPY")), Line(DUES, Money(-150, "JPY")))], ["JPY"])
    assert "commodity 1000. JPY" in text
    assert "assets:bank  150 JPY" in text
    assert len(parsed(text)) == 1


def test_a_cell_that_a_spreadsheet_would_compute_is_quoted() -> None:
    lines = (Line(BANK, Money(-100, "GBP")), Line(CASH, Money(100, "GBP")))
    rows = list(csv.DictReader(io.StringIO(table([entry(*lines, note="@SUM(A1)", who="=cmd|' /C calc'!A0")]))))
    assert rows[0]["who"] == "'=cmd|' /C calc'!A0"
    assert rows[0]["note"] == "'@SUM(A1)"
    assert rows[0]["amount"] == "-1.00"


@given(st.text(max_size=60))
def test_no_note_breaks_the_journal(note: str) -> None:
    lines = (Line(BANK, Money(100, "GBP")), Line(CASH, Money(-100, "GBP")))
    assert len(parsed(journal([entry(*lines, note=note)], ["GBP"]))) == 1


def test_a_member_who_was_matched_stands_in_the_table_by_name(app: Flask) -> None:
    from coopgov.funding.services.by_hand import ByHand, book_by_hand

    treasurer, ada = officer("treasurer").id, member("Ada Lovelace").id
    with write_transaction():
        wanted = ByHand(key="k", source="cash", amount=Money(300, "GBP"), day=NOW.date(), party_id=ada)
        book_by_hand(wanted, treasurer, NOW)
    assert {row["who"] for row in csv.DictReader(io.StringIO(table(booked())))} == {"Ada Lovelace"}
