"""Whose a payment is: candidates with reasons, and what the treasurer says of it, which stays."""

import doctest
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from coopgov.core.errors import Refused
from coopgov.funding.events import ContributionMatched
from coopgov.funding.models import Contribution, ContributionShare, Finding, Payer, Pledge
from coopgov.funding.rules import matching as rules
from coopgov.funding.rules.matching import Known, Paying, Portion, candidates
from coopgov.funding.services import matching
from coopgov.infra.check import run_checks
from coopgov.infra.db import db, write_transaction
from coopgov.infra.outbox import EventRow
from tests.conftest import NOW
from tests.factories import member, officer
from tests.funding.facts import balances, payer, payment, pledge, pounds, take

DAYS = (date(2026, 11, 3), date(2026, 12, 2))


@pytest.fixture
def treasurer(app: Flask) -> int:
    return officer("treasurer").id


@pytest.fixture
def ada(app: Flask) -> int:
    return member("Ada").id


def the(remote_id: str = "in_1") -> Contribution:
    return db.session.scalars(select(Contribution).where(Contribution.remote_id == remote_id)).one()


def do(act: Callable[..., None], *args: Any, of: str = "in_1", **fields: Any) -> None:
    with write_transaction():
        act(the(of), *args, **fields)


def refused(act: Callable[..., None], *args: Any, of: str = "in_1") -> str:
    with pytest.raises(Refused) as caught:
        do(act, *args, of=of)
    return caught.value.reason


def waiting() -> set[str]:
    query = select(Finding.subject).where(Finding.kind == "unmatched", Finding.closed_at.is_(None))
    return set(db.session.scalars(query))


def matched() -> list[int]:
    query = select(EventRow.payload).where(EventRow.name == ContributionMatched.name).order_by(EventRow.id)
    return [fields["party_id"] for fields in db.session.scalars(query)]


def shares() -> list[tuple[int, int, date | None]]:
    rows = db.session.scalars(select(ContributionShare).order_by(ContributionShare.id))
    return [(row.party_id, row.amount_minor, row.covers_from) for row in rows]


def test_the_treasurer_says_whose_a_payment_is(treasurer: int, ada: int) -> None:
    take(NOW, payment())
    assert waiting()
    do(matching.match, ada, treasurer, NOW, DAYS)
    assert (the().party_id, shares(), matched(), waiting()) == (ada, [(ada, 300, DAYS[0])], [ada], set())
    take(NOW, payment(fee=25))
    assert (the().party_id, waiting()) == (ada, set())
    assert refused(matching.match, member().id, treasurer, NOW) == "matching.done"


def test_days_that_the_source_tells_are_not_written_over(treasurer: int, ada: int) -> None:
    take(NOW, payment(covers_from=DAYS[0], covers_to=DAYS[1]))
    do(matching.match, ada, treasurer, NOW, (date(2020, 1, 1), date(2020, 1, 31)))
    assert (shares(), the().covers_from) == ([], DAYS[0])


def test_nobody_says_that_a_payment_is_their_own(treasurer: int) -> None:
    take(NOW, payment())
    assert refused(matching.match, treasurer, treasurer, NOW) == "matching.own"
    assert waiting()


def test_always_for_this_payer_holds_for_what_comes_later_until_it_is_undone(treasurer: int, ada: int) -> None:
    take(NOW, payment(pledge_remote_id="sub_1"), pledge())
    do(matching.match, ada, treasurer, NOW)
    do(matching.remember_payer, treasurer, NOW)
    take(NOW, payment("in_2"))
    assert (the("in_2").party_id, waiting()) == (ada, set())
    assert db.session.scalars(select(Pledge.party_id)).one() == ada
    do(matching.undo, treasurer, NOW, of="in_2")
    assert db.session.scalars(select(Payer.party_id)).one() is None
    assert db.session.scalars(select(Pledge.party_id)).one() is None
    assert (the().party_id, the("in_2").party_id, waiting()) == (ada, None, {f"contribution:{the('in_2').id}"})
    take(NOW, payment("in_3"), payment("in_2", fee=25))
    assert len(waiting()) == 2


def test_an_organisation_can_be_said_to_pay_for_one(treasurer: int, ada: int) -> None:
    club = payer("club", "organisation")
    take(NOW, payment(payer=club))
    do(matching.match, ada, treasurer, NOW)
    do(matching.remember_payer, treasurer, NOW)
    take(NOW, payment("in_2", payer=club))
    assert the("in_2").party_id == ada


def test_a_gift_is_booked_as_one_and_can_be_undone(treasurer: int) -> None:
    take(NOW, payment(fee=None))
    do(matching.declare, "donation", treasurer, NOW)
    assert balances() == {("assets:stripe", "GBP"): 300, ("income:donations", "GBP"): -300}
    assert waiting() == set()
    take(NOW, payment(fee=None, method="card"))
    assert (the().purpose, waiting()) == ("donation", set())
    assert refused(matching.declare, "other", treasurer, NOW) == "matching.done"
    do(matching.undo, treasurer, NOW)
    assert balances() == {("assets:stripe", "GBP"): 300, ("income:dues", "GBP"): -300}
    assert len(waiting()) == 1
    do(matching.declare, "other", treasurer, NOW)
    assert balances() == {("assets:stripe", "GBP"): 300, ("income:other", "GBP"): -300}
    assert {name: faults for name, faults in run_checks().items() if faults} == {}


def test_one_payment_for_several_members_adds_up(treasurer: int, ada: int) -> None:
    bob = member("Bob").id
    take(NOW, payment())
    do(matching.split, [Portion(ada, pounds(100), DAYS), Portion(bob, pounds(200))], treasurer, NOW)
    assert shares() == [(ada, 100, DAYS[0]), (bob, 200, None)]
    assert (the().party_id, matched(), waiting()) == (None, [ada, bob], set())
    take(NOW, payment("in_2"))
    assert len(waiting()) == 1
    do(matching.undo, treasurer, NOW)
    assert (shares(), len(waiting())) == ([], 2)


def test_parts_that_do_not_add_up_are_refused(treasurer: int, ada: int) -> None:
    bob = member("Bob").id
    take(NOW, payment())
    wrong = {
        "matching.sum": [Portion(ada, pounds(100)), Portion(bob, pounds(201))],
        "matching.parts": [Portion(ada, pounds(300))],
        "matching.part": [Portion(ada, pounds(301)), Portion(bob, pounds(-1))],
        "matching.own": [Portion(ada, pounds(100)), Portion(treasurer, pounds(200))],
        "matching.no_member": [Portion(ada, pounds(100)), Portion(9_999, pounds(200))],
    }
    for reason, portions in wrong.items():
        assert refused(matching.split, portions, treasurer, NOW) == reason
    twice = [Portion(ada, pounds(100)), Portion(ada, pounds(200))]
    assert refused(matching.split, twice, treasurer, NOW) == "matching.parts"
    assert (shares(), len(waiting())) == ([], 1)


def test_what_a_members_own_pledge_says_is_not_undone(treasurer: int, ada: int) -> None:
    with write_transaction() as session:
        session.add(
            Pledge(
                party_id=ada,
                source="stripe",
                amount_minor=300,
                currency="GBP",
                interval="month",
                claim="c" * 22,
                product="tier:1",
                created_at=NOW,
                updated_at=NOW,
            )
        )
    take(NOW, pledge(pledge_id=1), payment(pledge_remote_id="sub_1"))
    assert the().party_id == ada
    assert refused(matching.undo, treasurer, NOW) == "matching.not_undone"


# Candidates

MEMBERS = [
    Known(1, "Ada Lovelace", ["ada@example.org"], pounds(300)),
    Known(2, "Ada Lovelance", [], pounds(300)),
    Known(3, "Bob Frost", ["bob@example.org"], pounds(300)),
    Known(4, "Änne Müller", [], None, claimed=True),
    Known(5, "Lovelace Ada", [], None),
]


def found(name: str = "", email: str = "", amount: int = 300) -> list[tuple[int, list[str]]]:
    return [(c.party_id, list(c.reasons)) for c in candidates(Paying(name, email, pounds(amount)), MEMBERS)]


def test_the_same_address_and_name_come_first_each_with_its_reasons() -> None:
    assert found("Ada LOVELACE", "ADA@example.org") == [
        (1, ["email", "name", "amount"]),
        (4, ["claims"]),
        (2, ["name", "amount"]),
    ]


def test_the_same_amount_alone_is_no_reason() -> None:
    assert found("Zed") == [(4, ["claims"])]


def test_accents_case_and_order_do_not_matter() -> None:
    assert found("MULLER, Anne")[0] == (4, ["claims", "name"])


def test_an_empty_name_and_address_are_like_nobody() -> None:
    assert candidates(Paying("", "", pounds(1)), [Known(1, "", [""]), Known(2, "X", [])]) == []


def test_the_examples_in_the_docstrings_are_true() -> None:
    assert doctest.testmod(rules).failed == 0
