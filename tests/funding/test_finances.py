"""The accounts that everybody sees: page, files and postings say the same, and nobody is shown."""

import csv
import doctest
import io
import re
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert, select

from coopgov.core.money import Money, zero
from coopgov.funding.drawing import HELD_PLOT, PLOT, chart, pound_bar
from coopgov.funding.models import LedgerEntry, Posting
from coopgov.funding.queries.finances import heading_in_sql
from coopgov.funding.rules import statement_files
from coopgov.funding.rules.ledger import ACCOUNTS, KINDS, STRIPE_FEES
from coopgov.funding.rules.statement import HEADINGS, Cell, heading_of, statement
from coopgov.infra.db import db, write_transaction
from tests import factories
from tests.conftest import NOW, Browser
from tests.funding.facts import LATER, PAID, movement, payer, payment, pounds, refund, take

EUROS = Money(700, "EUR")


def pay(number: int, amount: int = 300, **fields: Any) -> Any:
    """A payment of the ``number``-th person."""
    return payment(f"in_{number}", amount, payer=payer(f"p{number}"), **fields)


@pytest.fixture
def busy(app: Flask) -> None:
    """Six people pay in November, two of them had in September; one is given back; the co-op spends."""
    long_ago = PAID - timedelta(days=60)
    take(NOW, *(pay(n, 300 + n) for n in range(6)), *(pay(n, 1000, paid_at=long_ago) for n in (10, 11)))
    take(NOW, refund(of="in_1", amount=100))
    take(NOW, movement(amount=-450), movement("exp_2", -100, at=LATER))


def rows(browser: Browser, path: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(browser.get(path).text)))


def minor(text: str) -> int:
    return round(float(text) * 100)


def test_an_empty_coop_says_so_and_has_empty_files(client: Browser) -> None:
    assert "No money has moved yet" in client.get("/finances").text
    assert rows(client, "/finances.csv") == rows(client, "/finances/entries.csv") == []
    assert client.get("/finances.json").json == {"currencies": []}


def test_each_month_adds_up_on_the_page_newest_first(busy: None, client: Browser) -> None:
    page = client.get("/finances").text
    assert page.index("November 2026") < page.index("October 2026") < page.index("September 2026")
    found = rows(client, "/finances.csv")
    assert [row["month"] for row in found] == ["2026-09", "2026-10", "2026-11"]
    for row in found:
        out = sum(minor(row[name]) for name in ("fees", "refunds", "spent"))
        total = minor(row["opening"]) + minor(row["received"]) - out + minor(row["other"])
        assert total == minor(row["closing"])
        assert all(f"£{abs(minor(row[name])) // 100:,}" in page for name in ("opening", "received", "closing"))


def test_page_files_and_postings_say_the_same(busy: None, client: Browser) -> None:
    table, facts = rows(client, "/finances.csv"), client.get("/finances.json").json
    assert facts["currencies"] == [{"currency": "GBP", "withheld": False, "months": table}]
    booked: Counter[tuple[str, str]] = Counter()
    query = select(LedgerEntry.day, LedgerEntry.kind, Posting.account, Posting.amount_minor).join(Posting)
    for day, kind, account, amount in db.session.execute(query):
        heading = heading_of(account, kind)
        booked[f"{day:%Y-%m}", heading] += -amount if heading in ("received", "other") else amount
    said = {(row["month"], h): minor(row[h]) for row in table for h in HEADINGS if minor(row[h])}
    assert said == {key: amount for key, amount in booked.items() if key[1] and amount}
    by_entries: Counter[tuple[str, str]] = Counter()
    for row in rows(client, "/finances/entries.csv"):
        by_entries[row["day"][:7], row["heading"]] += minor(row["amount"])
    assert dict(by_entries) == said
    shown = re.sub(r"<[^>]+>", " ", client.get("/finances").text)
    assert all(f"£{amount / 100:,.2f}" in shown for amount in said.values())


def test_every_sum_opens_its_bookings_which_name_nobody(busy: None, client: Browser) -> None:
    links = re.findall(r'href="(/finances/entries\?[^"]+)"', client.get("/finances").text)
    assert links
    for link in links:
        answer = client.get(link.replace("&amp;", "&"))
        assert answer.status_code == 200
        assert "P1" not in answer.text
        assert "example.org" not in answer.text
    page = client.get("/finances/entries?month=2026-11&heading=received&currency=GBP").text
    assert "£3.05" in page
    assert "Dues" in page


def test_single_bookings_of_few_people_are_not_shown(busy: None, client: Browser) -> None:
    page = client.get("/finances/entries?month=2026-09&heading=received&currency=GBP").text
    assert "£10.00" not in page
    assert "2 bookings of fewer than five people" in page
    assert "£20.00" in page
    back = client.get("/finances/entries?month=2026-11&heading=refunds&currency=GBP").text
    assert "1 booking of fewer than five people" in back
    assert "Expense" in client.get("/finances/entries?month=2026-11&heading=spent&currency=GBP").text
    table = rows(client, "/finances/entries.csv")
    assert [row["bookings"] for row in table if row["day"] == "2026-09" and row["heading"] == "received"] == ["2"]
    assert not [row for row in table if row["day"].startswith("2026-09-")]


@pytest.mark.parametrize("people", [1, 4])
def test_where_few_people_have_ever_paid_no_sum_shows_what_one_pays(app: Flask, client: Browser, people: int) -> None:
    take(NOW, *(pay(n, 333) for n in range(people)))
    for path in ("/finances", "/finances.csv", "/finances/entries.csv", "/finances.json", "/"):
        said = client.get(path).text
        assert "3.33" not in said, path
        assert f"{3.33 * people:.2f}" not in said, path
    assert "the accounts open with the fifth" in client.get("/finances").text
    entries = client.get("/finances/entries?month=2026-11&heading=received&currency=GBP").text
    assert "3.33" not in entries
    assert f"{3.33 * people:.2f}" not in entries
    assert client.get("/finances.json").json["currencies"][0]["withheld"]


def test_one_person_who_pays_often_is_one_person(app: Flask, client: Browser) -> None:
    take(NOW, *(payment(f"in_{n}", 333) for n in range(9)))
    assert "the accounts open with the fifth" in client.get("/finances").text


def test_payments_of_nobody_may_be_one_persons(app: Flask, client: Browser) -> None:
    take(NOW, *(payment(f"in_{n}", 333, payer=None) for n in range(9)))
    assert "the accounts open with the fifth" in client.get("/finances").text


def test_two_currencies_are_never_added(app: Flask, client: Browser) -> None:
    fees = {STRIPE_FEES: Money(30, "EUR")}
    take(NOW, *(pay(n) for n in range(5)), *(replace(pay(n), gross=EUROS, fees=fees) for n in range(10, 15)))
    page = client.get("/finances").text
    assert "€35.00" in page
    assert "£15.00" in page
    assert "50.00" not in page.replace("50.00%", "")
    assert {row["currency"] for row in rows(client, "/finances.csv")} == {"GBP", "EUR"}


def test_years_are_paged(app: Flask, client: Browser) -> None:
    take(NOW, *(pay(n) for n in range(5)), *(pay(n, 400, paid_at=PAID - timedelta(days=365)) for n in range(5, 10)))
    latest, before = client.get("/finances").text, client.get("/finances?year=2025").text
    assert "October 2026" in latest
    assert "December 2025" not in latest
    assert "December 2025" in before
    assert "October 2026" not in before
    assert client.get("/finances?year=1066").text.count("October 2026")


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?month=9999-12&heading=received&currency=GBP",
        "?month=2026-13&heading=received&currency=GBP",
        "?month=2026-11&heading=names&currency=GBP",
    ],
)
def test_bookings_of_nothing_that_exists_are_not_found(app: Flask, client: Browser, query: str) -> None:
    assert client.get(f"/finances/entries{query}").status_code == 404


def test_the_page_takes_as_many_statements_however_much_was_paid(app: Flask, client: Browser, statements: Any) -> None:
    client.get("/")  # the co-op's profile is in memory from now on
    take(NOW, *(pay(n) for n in range(5)))
    with statements() as few:
        client.get("/finances")
    take(NOW, *(pay(n, paid_at=PAID - timedelta(days=n)) for n in range(10, 90)))
    with statements() as many:
        client.get("/finances")
    assert len(few) == len(many) <= 6
    with statements() as kept:
        client.get("/finances")
    assert len(kept) <= 2


def test_home_says_in_a_line_what_came_in_last_month(app: Flask, client: Browser) -> None:
    factories.group()
    take(NOW, *(pay(n, paid_at=PAID - timedelta(days=20)) for n in range(5)))
    page = client.get("/").text
    assert "Received in October 2026" in page
    assert "£15.00" in page


def test_the_database_knows_the_headings_of_the_rule(app: Flask) -> None:
    with write_transaction() as session:
        for number, (kind, account) in enumerate((k, a) for k in KINDS for a in ACCOUNTS):
            fields = {"ref": f"r{number}", "kind": kind, "source": "bank", "day": PAID.date(), "note": "", "at": NOW}
            entry = session.execute(insert(LedgerEntry).values(**fields).returning(LedgerEntry.id)).scalar_one()
            session.execute(insert(Posting).values(entry_id=entry, account=account, amount_minor=1, currency="GBP"))
    query = select(Posting.account, LedgerEntry.kind, heading_in_sql()).join(
        LedgerEntry, LedgerEntry.id == Posting.entry_id
    )
    found = list(db.session.execute(query))
    assert len(found) == len(KINDS) * len(ACCOUNTS)
    assert all(heading == heading_of(account, kind) for account, kind, heading in found)


# Laws


@st.composite
def bookings(draw: st.DrawFn) -> list[Cell]:
    """Balanced entries of any kind in any month."""
    found = []
    for _ in range(draw(st.integers(1, 12))):
        month = date(draw(st.integers(2024, 2026)), draw(st.integers(1, 12)), 1)
        kind = draw(st.sampled_from(sorted(KINDS)))
        one, other = draw(st.permutations(sorted(ACCOUNTS)))[:2]
        amount = Money(draw(st.integers(1, 10**6)), draw(st.sampled_from(["GBP", "EUR"])))
        found += [Cell(month, one, kind, amount), Cell(month, other, kind, -amount)]
    return found


@given(bookings())
def test_the_headings_of_a_month_explain_what_is_held(cells: list[Cell]) -> None:
    for currency in ("GBP", "EUR"):
        before = zero(currency)
        for sums in statement(cells, currency):
            assert sums.opening == before
            assert sums.opening + sums.received - sums.out + sums.other == sums.closing
            before = sums.closing
        held = [c.amount for c in cells if c.account.startswith("assets:") and c.amount.currency == currency]
        assert before == sum(held, zero(currency))


@given(bookings())
def test_a_drawing_stays_within_its_frame_and_a_pound_is_a_pound(cells: list[Cell]) -> None:
    months = statement(cells, "GBP")
    drawn = chart(months)
    for month in drawn.months if drawn else ():
        assert 0 <= month.received.y <= month.received.y + month.received.height <= PLOT + 0.2
        assert month.out.y + month.out.height <= PLOT + 0.2
        assert -0.2 <= month.held.y <= month.held.y + month.held.height <= HELD_PLOT + 0.2
    pound = pound_bar(months)
    assert pound is None or sum((part.amount for part in pound.parts), zero("GBP")) == pound.unit == pounds(100)


def test_the_examples_in_the_docstrings_are_true() -> None:
    assert doctest.testmod(statement_files).failed == 0
