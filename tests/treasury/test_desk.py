"""The treasurer's pages: numbers, arrears, payments, refunds, tiers, findings, the books, the weekly mail."""

import csv
import doctest
import io
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from coopgov.core.money import Money
from coopgov.funding.models import Contribution, Finding, LedgerEntry, Pledge, Sync
from coopgov.funding.services.findings import open_finding
from coopgov.identity.models import Party
from coopgov.infra.check import run_checks
from coopgov.infra.db import db, write_transaction
from coopgov.infra.mail import Mail
from coopgov.membership.models import Relief, Tier
from coopgov.treasury import rules
from tests import factories
from tests.conftest import NOW, Browser, Clock
from tests.funding.facts import balances, payer, payment, pledge, take
from tests.membership.dues import pledge as promise


def value_of(page: str, label: str) -> str:
    """What a tile says."""
    found = re.search(rf'<dt>{label}</dt><dd class="value">(.*?)</dd>', page)
    assert found, label
    return found[1]


# The first page


def test_an_empty_desk_has_no_number_and_says_what_is_missing(desk: SimpleNamespace) -> None:
    page = desk.browser.get("/treasury").text
    assert value_of(page, "Unmatched payments") == "0"
    assert value_of(page, "Received so far") == "–"
    assert "No provider is connected" in page
    assert "Connect Stripe or Open Collective, or book one by hand." in desk.browser.get("/treasury/payments").text


def test_the_tiles_count_what_is_there(desk: SimpleNamespace) -> None:
    take(NOW, payment(), payment("in_2", status="failed", failed_at=NOW, fee=None))
    take(NOW, pledge(next_charge_at=NOW + timedelta(days=3)), pledge("sub_2", next_charge_at=NOW + timedelta(days=20)))
    with write_transaction() as session:
        session.add(
            Relief(party_id=desk.bob, kind="paused", currency="GBP", starts_at=NOW, by_id=desk.bob, created_at=NOW)
        )
        open_finding("provider", "stripe:key", {"why": "expired"}, NOW)
        run = {"source": "stripe", "cursor": {}, "started_at": NOW, "seen_at": NOW, "ok": True}
        session.add(Sync(**run, finished_at=NOW - timedelta(hours=25)))
    page = desk.browser.get("/treasury").text
    assert value_of(page, "Unmatched payments") == "1"
    assert value_of(page, "Received so far") == "£3.00"
    assert value_of(page, "Expected until its end") == "£3.00"
    assert value_of(page, "On relief") == "1"
    assert value_of(page, "Failed payments") == "1"
    assert value_of(page, "Other things to look at") == "1"
    assert "not within the last day" in page
    assert "The provider needs attention" in page
    assert "Read what the provider wants" in page


def test_two_currencies_stand_one_under_the_other(desk: SimpleNamespace) -> None:
    take(NOW, payment(fee=None), replace(payment("in_2", fee=None), gross=Money(500, "EUR")))
    assert value_of(desk.browser.get("/treasury").text, "Received so far") == "€5.00<br>£3.00"


# Booking by hand


def booking(**fields: Any) -> dict[str, Any]:
    given = {"key": "form-1", "amount": "6", "day": "2026-11-20", "source": "bank", "purpose": "dues"}
    return {**given, "member": "Ada Lovelace", "reference": "ADA", **fields}


def the() -> Contribution:
    return db.session.scalars(select(Contribution)).one()


def test_a_payment_is_booked_in_two_steps_with_the_days_worked_out(desk: SimpleNamespace) -> None:
    page = desk.browser.get(f"/treasury/book?member={desk.ada}").text
    assert 'value="Ada Lovelace (no. 2)"' in page
    assert 'value="3.00"' in page
    checked = desk.browser.submit("/treasury/book", **booking())
    assert checked.status_code == 200
    assert "Not booked yet" in checked.text
    days = re.findall(r'name="covers_(?:from|to)"[^>]*value="([0-9-]+)"', checked.text)
    assert len(days) == 2
    assert db.session.scalar(select(func.count()).select_from(Contribution)) == 0
    done = desk.browser.submit("/treasury/book", **booking(covers_from=days[0], covers_to=days[1]))
    assert done.status_code == 303
    again = desk.browser.submit("/treasury/book", **booking(covers_from=days[0], covers_to=days[1]))
    assert again.location == done.location
    assert (the().party_id, str(the().covers_from), the().gross_minor) == (desk.ada, days[0], 600)
    assert "Ada Lovelace" in desk.browser.get(done.location).text


def test_going_back_and_booking_the_next_payment_asks_once_more_and_books_it(desk: SimpleNamespace) -> None:
    assert desk.browser.submit("/treasury/book", **booking(purpose="donation")).status_code == 303
    other = booking(purpose="donation", amount="9", source="cash")
    asked = desk.browser.submit("/treasury/book", **other)
    assert asked.status_code == 409
    assert "Nothing was booked now" in asked.text
    key = re.search(r'name="key"[^>]*value="([^"]+)"', asked.text)
    assert key
    assert desk.browser.submit("/treasury/book", **{**other, "key": key[1]}).status_code == 303
    assert balances()["assets:cash", "GBP"] == 900


def test_a_gift_of_nobody_is_booked_at_once(desk: SimpleNamespace) -> None:
    done = desk.browser.submit("/treasury/book", **booking(member="", purpose="donation", source="cash"))
    assert done.status_code == 303
    assert balances() == {("assets:cash", "GBP"): 600, ("income:donations", "GBP"): -600}
    assert db.session.scalars(select(Finding)).all() == []


@pytest.mark.parametrize(
    ("fields", "status", "says"),
    [
        ({"amount": ""}, 422, "Write the amount."),
        ({"amount": "0"}, 422, "Write an amount above zero."),
        ({"amount": "-1"}, 422, "Write a plain amount"),
        ({"amount": "1e9"}, 422, "Write a plain amount"),
        ({"amount": "NaN"}, 422, "Write a plain amount"),
        ({"amount": "2"}, 422, "covers no whole month"),
        ({"day": "tomorrow"}, 422, "Write a date."),
        ({"day": "2026-11-23", "purpose": "other"}, 422, "This day has not come yet."),
        ({"member": "Zed"}, 422, "Nobody, or more than one"),
        ({"source": "gold"}, 422, "Choose one of the options."),
        (
            {"member": "Tess Till", "covers_from": "2026-11-01", "covers_to": "2026-11-30"},
            403,
            "Nobody books their own",
        ),
        ({"covers_from": "2026-11-30", "covers_to": "2026-11-01"}, 422, "comes after the first"),
        ({"covers_from": "2026-11-01", "covers_to": "9999-12-31"}, 422, "within twenty years"),
        ({"covers_from": "0001-01-01", "covers_to": "2026-11-30"}, 422, "after the year 2000"),
        ({"key": "a b"}, 422, "begin a new one"),
        ({"key": ""}, 422, "begin a new one"),
    ],
)
def test_what_cannot_be_meant_is_said_beside_the_field_and_kept(
    desk: SimpleNamespace, fields: dict[str, str], status: int, says: str
) -> None:
    answer = desk.browser.submit("/treasury/book", **booking(**fields))
    assert answer.status_code == status
    assert says in answer.text
    assert 'value="ADA"' in answer.text
    assert db.session.scalar(select(func.count()).select_from(LedgerEntry)) == 0


def test_a_booking_by_mistake_is_taken_back(desk: SimpleNamespace) -> None:
    desk.browser.submit("/treasury/book", **booking(member="", purpose="donation"))
    path = f"/treasury/payments/{the().id}"
    assert "Take the booking back" in desk.browser.get(path).text
    assert desk.browser.submit(f"{path}/take-back").status_code == 303
    assert balances() == {}
    assert desk.browser.submit(f"{path}/take-back").status_code == 409
    page = desk.browser.get(path).text
    assert "put right" in page
    assert "Take the booking back" not in page


# Payments and refunds


def test_payments_are_found_by_whatever_is_known_of_them(desk: SimpleNamespace) -> None:
    take(NOW, payment(payer=payer("hopper")), payment("in_2", payer=payer("kay"), note="Rent%"))
    desk.browser.submit("/treasury/book", **booking(purpose="donation"))
    for words in ("hopper", "HOPPER@example", "Ada Love", "ADA", "ch_1", "Rent%", "3"):
        assert "1 payment<" in desk.browser.get("/treasury/payments", query_string={"q": words}).text, words
    assert "3 payments" in desk.browser.get("/treasury/payments").text
    assert "2 payments" in desk.browser.get("/treasury/payments?source=stripe").text
    assert "1 payment<" in desk.browser.get(f"/treasury/payments?member={desk.ada}").text
    assert "No payment is like this." in desk.browser.get("/treasury/payments?q=zed").text
    assert desk.browser.get(f"/treasury/payments?member={10**24}").status_code == 200
    assert "No payment is like this." in desk.browser.get("/treasury/payments?status=lost").text


def test_money_is_given_back_in_parts_and_never_more_than_is_left(desk: SimpleNamespace) -> None:
    desk.browser.submit("/treasury/book", **booking(purpose="donation"))
    path = f"/treasury/payments/{the().id}"
    assert 'value="6.00"' in desk.browser.get(path).text
    assert desk.browser.submit(f"{path}/refund", amount="2.50").status_code == 303
    too_much = desk.browser.submit(f"{path}/refund", amount="3.51")
    assert too_much.status_code == 422
    assert "at most 3.50 GBP" in too_much.text
    assert 'value="3.51"' in too_much.text
    assert desk.browser.submit(f"{path}/refund", amount="3.50").status_code == 303
    assert balances() == {}
    assert the().status == "refunded"
    assert "Give money back" not in desk.browser.get(path).text
    assert {name: faults for name, faults in run_checks().items() if faults} == {}


def test_a_second_click_gives_nothing_more_back(desk: SimpleNamespace) -> None:
    desk.browser.submit("/treasury/book", **booking(purpose="donation"))
    path = f"/treasury/payments/{the().id}"
    seen = re.search(r'name="seen"[^>]*value="(\d+)"', desk.browser.get(path).text)
    assert seen
    assert desk.browser.submit(f"{path}/refund", amount="2", seen=seen[1]).status_code == 303
    again = desk.browser.submit(f"{path}/refund", amount="2", seen=seen[1])
    assert again.status_code == 409
    assert "since you opened the page" in again.text
    assert the().refunded_minor == 200
    fresh = re.search(r'name="seen"[^>]*value="(\d+)"', again.text)
    assert fresh
    assert desk.browser.submit(f"{path}/refund", amount="2", seen=fresh[1]).status_code == 303
    assert the().refunded_minor == 400


def test_officers_give_nothing_back_to_themselves(desk: SimpleNamespace) -> None:
    desk.browser.submit("/treasury/book", **booking(purpose="donation"))
    number = the().id
    with write_transaction() as session:
        session.get_one(Contribution, number).party_id = desk.treasurer
    answer = desk.browser.submit(f"/treasury/payments/{number}/refund", amount="2")
    assert answer.status_code == 403
    assert "Officers give nothing back to themselves" in answer.text
    assert the().refunded_minor == 0


# Arrears and relief


@pytest.fixture
def late(desk: SimpleNamespace, app: Flask, sign_in: Callable[[int], Browser]) -> SimpleNamespace:
    """Everybody is in arrears: the rule asks for dues since long ago, and nobody has ever paid."""
    return desk


def test_who_is_late_stands_there_with_what_helps(late: SimpleNamespace) -> None:
    page = late.browser.get("/treasury/arrears").text
    assert "Ada Lovelace" in page
    assert f"/treasury/book?member={late.ada}" in page
    assert "mailto:" in page
    assert f"/treasury/arrears/{late.ada}/relief" in page
    assert f"/treasury/arrears/{late.treasurer}/relief" not in page
    assert value_of(late.browser.get("/treasury").text, "Members in arrears") == "3"


def test_the_list_says_what_somebody_last_promised_though_it_has_ended(late: SimpleNamespace) -> None:
    promise(db.session.get_one(Party, late.ada), status="ended", amount_minor=400)
    assert "£4.00" in late.browser.get("/treasury/arrears").text


def test_relief_for_another_member_takes_them_off_the_list(late: SimpleNamespace) -> None:
    path = f"/treasury/arrears/{late.ada}/relief"
    assert "In arrears" in late.browser.get(path).text
    assert late.browser.submit(path, kind="pause", months="3").status_code == 303
    assert "Ada Lovelace" not in late.browser.get("/treasury/arrears").text
    row = db.session.scalars(select(Relief)).one()
    assert (row.party_id, row.by_id, row.kind) == (late.ada, late.treasurer, "paused")
    assert (
        late.browser.submit(f"/treasury/arrears/{late.bob}/relief", kind="less", months="3", amount="1").status_code
        == 303
    )


def test_officers_do_not_relieve_themselves(late: SimpleNamespace) -> None:
    answer = late.browser.submit(f"/treasury/arrears/{late.treasurer}/relief", kind="pause", months="3")
    assert answer.status_code == 403
    assert "Officers do not relieve themselves" in answer.text
    assert db.session.scalars(select(Relief)).all() == []


@pytest.mark.parametrize(
    "form", [{}, {"kind": "pause"}, {"kind": "pause", "months": "99"}, {"kind": "less", "months": "3"}]
)
def test_relief_that_is_not_said_whole_is_asked_again(late: SimpleNamespace, form: dict[str, str]) -> None:
    assert late.browser.submit(f"/treasury/arrears/{late.ada}/relief", **form).status_code == 422


def test_a_payment_by_hand_puts_it_right(late: SimpleNamespace) -> None:
    days = {"covers_from": "2026-11-01", "covers_to": "2026-12-31"}
    late.browser.submit("/treasury/book", **booking(**days))
    assert "Ada Lovelace" not in late.browser.get("/treasury/arrears").text


# Tiers


def tier_form(**fields: Any) -> dict[str, Any]:
    given = {"name": "Solidarity", "summary": "For those who can", "minimum": "5", "suggested": "5 10", "position": "2"}
    return {**given, "intervals": ["month", "year"], "oc_tier": "solidarity", **fields}


def test_tiers_are_made_changed_and_withdrawn(desk: SimpleNamespace) -> None:
    assert desk.browser.get("/treasury/tiers/new").status_code == 200
    assert desk.browser.submit("/treasury/tiers/new", **tier_form()).status_code == 303
    row = db.session.scalars(select(Tier).where(Tier.name == "Solidarity")).one()
    assert (row.min_minor, row.suggested_minor, row.intervals, row.oc_tier) == (
        500,
        [500, 1000],
        ["month", "year"],
        "solidarity",
    )
    page = desk.browser.get(f"/treasury/tiers/{row.id}").text
    assert 'value="5.00 10.00"' in page
    assert desk.browser.submit(f"/treasury/tiers/{row.id}", **tier_form(minimum="6", suggested="")).status_code == 303
    assert db.session.get_one(Tier, row.id).min_minor == 600
    assert desk.browser.submit(f"/treasury/tiers/{row.id}/withdraw").status_code == 303
    assert "Withdrawn" in desk.browser.get("/treasury/tiers").text
    assert desk.browser.submit(f"/treasury/tiers/{row.id}", **tier_form()).status_code == 409


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"name": ""}, "Write a name."),
        ({"minimum": "free"}, "Write a plain amount"),
        ({"suggested": "5 ten"}, "Write a plain amount"),
        ({"suggested": "4"}, "none below the minimum"),
        ({"intervals": []}, "Choose at least one interval."),
        ({"intervals": ["week"]}, "Choose at least one interval."),
        ({"position": 10**10}, "Write a number from 0 to 999."),
        ({"position": -1}, "Write a number from 0 to 999."),
    ],
)
def test_a_tier_that_cannot_be_meant_is_refused(desk: SimpleNamespace, fields: dict[str, Any], says: str) -> None:
    answer = desk.browser.submit("/treasury/tiers/new", **tier_form(**fields))
    assert answer.status_code == 422
    assert says in answer.text.replace("&#39;", "'")
    assert db.session.scalar(select(func.count()).select_from(Tier)) == 1


# Findings and the books


def test_a_finding_is_closed_with_a_word(desk: SimpleNamespace) -> None:
    with write_transaction():
        number = open_finding("two_pledges", f"party:{desk.ada}", {"pledge": 1}, NOW).id
    page = desk.browser.get("/treasury/findings").text
    assert "A member pays twice" in page
    assert "Ask the member which one is meant" in page
    assert desk.browser.submit(f"/treasury/findings/{number}/close", note="").status_code == 422
    assert desk.browser.submit(f"/treasury/findings/{number}/close", note="Stopped one").status_code == 303
    page = desk.browser.get("/treasury/findings").text
    assert "Nothing to look at" in page
    assert "Stopped one" in page


def test_a_word_does_not_take_a_payment_out_of_the_queue(desk: SimpleNamespace) -> None:
    take(NOW, payment())
    number = db.session.scalars(select(Finding.id)).one()
    assert desk.browser.submit(f"/treasury/findings/{number}/close", note="never mind").status_code == 404
    assert value_of(desk.browser.get("/treasury").text, "Unmatched payments") == "1"


def test_findings_name_the_member_and_link_the_payment_in_as_many_statements(
    desk: SimpleNamespace, statements: Any
) -> None:
    take(NOW, pledge(), payment("in_7", payer=payer("grace")))
    owned, number = db.session.scalars(select(Pledge.id)).one(), the().id
    with write_transaction() as session:
        session.get_one(Pledge, owned).party_id = desk.bob
        open_finding("two_pledges", f"party:{desk.ada}", {"pledge": 1}, NOW)
        open_finding("paid_late", "application:77", {"party": desk.ada}, NOW)
        open_finding("relief", f"pledge:{owned}", {"kind": "cancel"}, NOW)
        open_finding("dispute", f"contribution:{number}", {}, NOW)
        open_finding("foreign", "stripe:sub_x", {}, NOW)
    for path in ("/treasury", "/treasury/findings"):
        page = desk.browser.get(path).text
        assert not re.search(r"(party|contribution|pledge|application|stripe):", page)
        assert page.count(f'href="/treasury/payments?member={desk.ada}"><bdi>Ada Lovelace</bdi>') == 2
        assert f'href="/treasury/payments?member={desk.bob}"><bdi>Bob Frost</bdi>' in page
        assert f'href="/treasury/payments/{number}"><bdi>Payment of £3.00 · Grace</bdi>' in page
        assert "<code>sub_x</code>" in page
    with statements() as few:
        desk.browser.get("/treasury/findings")
    take(NOW, *(payment(f"in_{n}", payer=payer(f"p{n}")) for n in range(20, 30)))
    with statements() as many:
        desk.browser.get("/treasury/findings")
    assert len(few) == len(many)


def test_the_books_are_handed_out_without_formulas(desk: SimpleNamespace) -> None:
    take(NOW, payment(payer=payer("=cmd()")))
    rows = list(csv.DictReader(io.StringIO(desk.browser.get("/treasury/ledger.csv").text)))
    assert {row["who"] for row in rows} == {"'=Cmd()"}
    answer = desk.browser.get("/treasury/ledger.journal")
    assert answer.mimetype == "text/plain"
    assert "assets:stripe  3.00 GBP" in answer.text
    assert answer.headers["Cache-Control"] == "private, no-store"


# The weekly mail


def digests() -> list[Mail]:
    db.session.rollback()
    return list(db.session.scalars(select(Mail).where(Mail.kind == "treasury-digest")))


def test_treasurers_hear_once_a_week_and_only_while_something_waits(
    app: Flask, clock: Clock, catch_up: Callable[[], int], mails: Callable[[], list[Any]]
) -> None:
    factories.officer("treasurer")
    factories.member()
    catch_up()
    assert digests() == []
    take(NOW, payment())
    clock.forward(hours=7)
    catch_up()
    clock.forward(hours=7)
    catch_up()
    assert len(digests()) == 1
    sent = mails()[-1]
    assert "1 payment of which nobody knows whose it is." in sent.get_body(("plain",)).get_content()
    clock.forward(days=7, hours=6)
    catch_up()
    assert len(digests()) == 2


def test_the_examples_in_the_docstrings_are_true() -> None:
    assert doctest.testmod(rules).failed == 0
