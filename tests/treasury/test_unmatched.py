"""The queue of unmatched payments, click by click."""

import re
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select

from coopgov.funding.models import Contribution, ContributionShare, Payer
from coopgov.funding.providers.base import RemotePayer
from coopgov.infra.check import run_checks
from coopgov.infra.db import db
from coopgov.membership.queries.standing import judgement
from coopgov.treasury.queries.people import Person, person_called
from tests.conftest import NOW
from tests.funding.facts import balances, payer, payment, take

QUEUE = "/treasury/unmatched"


def the(remote_id: str = "in_1") -> Contribution:
    return db.session.scalars(select(Contribution).where(Contribution.remote_id == remote_id)).one()


@pytest.fixture
def waiting(desk: SimpleNamespace) -> SimpleNamespace:
    """Ada's payment, by a payer of nearly her name, that covers no told days."""
    take(NOW, payment(payer=payer("ada lovelance")))
    return desk


def test_an_empty_queue_says_so(desk: SimpleNamespace) -> None:
    assert "No payment waits" in desk.browser.get(QUEUE).text


def test_a_payment_waits_with_candidates_and_why(waiting: SimpleNamespace) -> None:
    page = waiting.browser.get(QUEUE).text
    assert "Ada Lovelance" in page
    assert "Ada Lovelace" in page
    assert "name 96 %" in page
    assert "Bob Frost" not in page


def test_a_payer_without_a_name_is_called_unnamed_and_the_rarer_answers_are_folded(desk: SimpleNamespace) -> None:
    take(NOW, payment(payer=RemotePayer(remote_id="cus_x", kind="incognito")))
    page = desk.browser.get(QUEUE).text
    assert "<bdi>Unnamed</bdi>" in page
    assert "Say whose it is" in page
    folded = re.search(r"<details><summary>More.*?</details>", page, re.DOTALL)
    assert folded
    assert all(words in folded[0] for words in ("Split", "It is a gift", "Something else"))
    desk.browser.submit(f"{QUEUE}/{the().id}/declare", purpose="donation")
    assert "<bdi>Unnamed</bdi> → " in desk.browser.get(QUEUE).text


def test_one_click_matches_and_one_undoes(waiting: SimpleNamespace) -> None:
    answer = waiting.browser.submit(f"{QUEUE}/{the().id}/match", member=f"party:{waiting.ada}")
    assert answer.status_code == 303
    page = waiting.browser.get(answer.location).text
    assert "Matched. You can undo it below." in page
    assert "No payment waits" in page
    assert the().party_id == waiting.ada
    share = db.session.scalars(select(ContributionShare)).one()
    assert (share.amount_minor, share.covers_from is not None) == (300, True)
    waiting.browser.submit(f"{QUEUE}/{the().id}/undo")
    assert "Ada Lovelance" in waiting.browser.get(QUEUE).text
    assert the().party_id is None
    assert db.session.scalars(select(ContributionShare)).all() == []


@pytest.mark.parametrize("path", ["match", "split"])
def test_what_its_source_took_for_something_else_is_dues_once_it_is_a_members(desk: SimpleNamespace, path: str) -> None:
    take(NOW, payment(gross=600, purpose="other"))
    bob = f"party:{desk.bob}"
    parts = {"member_1": f"party:{desk.ada}", "amount_1": "3", "member_2": bob, "amount_2": "3"}
    form = {"member": bob} if path == "match" else parts
    assert desk.browser.submit(f"{QUEUE}/{the().id}/{path}", **form).status_code == 303
    assert balances()["income:dues", "GBP"] == -600
    assert ("income:other", "GBP") not in balances()
    assert judgement(desk.bob, NOW).covered_to is not None
    assert {name: faults for name, faults in run_checks().items() if faults} == {}


def test_always_for_this_payer_takes_all_that_waits(waiting: SimpleNamespace) -> None:
    take(NOW, payment("in_2", payer=payer("ada lovelance")))
    waiting.browser.submit(f"{QUEUE}/{the().id}/match", member=f"party:{waiting.ada}", always="1")
    assert {the().party_id, the("in_2").party_id} == {waiting.ada}
    assert db.session.scalars(select(Payer.matched_how)).one() == "treasurer"
    spans = sorted((s.covers_from, s.covers_to) for s in db.session.scalars(select(ContributionShare)))
    assert spans[0][1] < spans[1][0]
    take(NOW, payment("in_3", payer=payer("ada lovelance")))
    assert the("in_3").party_id == waiting.ada
    assert "No payment waits" in waiting.browser.get(QUEUE).text


def test_somebody_else_is_found_by_name_or_number(waiting: SimpleNamespace) -> None:
    page = waiting.browser.get(f"{QUEUE}/{the().id}").text
    assert '<option value="Bob Frost (no. 3)">' in page
    wrong = waiting.browser.submit(f"{QUEUE}/{the().id}/match", member="Zed")
    assert wrong.status_code == 422
    assert "Nobody, or more than one, is called that" in wrong.text
    assert 'value="Zed"' in wrong.text
    assert waiting.browser.submit(f"{QUEUE}/{the().id}/match", member="no. 3").status_code == 303
    assert the().party_id == waiting.bob


def test_nobody_matches_a_payment_to_themselves(waiting: SimpleNamespace) -> None:
    answer = waiting.browser.submit(f"{QUEUE}/{the().id}/match", member=f"party:{waiting.treasurer}")
    assert answer.status_code == 403
    assert "Nobody says of a payment that it is their own" in answer.text
    assert the().party_id is None


@pytest.mark.parametrize(("purpose", "account"), [("donation", "income:donations"), ("other", "income:other")])
def test_a_gift_and_something_else_get_their_own_heading(waiting: SimpleNamespace, purpose: str, account: str) -> None:
    answer = waiting.browser.submit(f"{QUEUE}/{the().id}/declare", purpose=purpose)
    assert answer.status_code == 303
    assert (account, "GBP") in balances()
    assert ("income:dues", "GBP") not in balances()
    waiting.browser.submit(f"{QUEUE}/{the().id}/undo")
    assert ("income:dues", "GBP") in balances()


def test_a_purpose_that_does_not_exist_is_refused(waiting: SimpleNamespace) -> None:
    assert waiting.browser.submit(f"{QUEUE}/{the().id}/declare", purpose="bribe").status_code == 422


def test_a_payment_is_split_between_several(waiting: SimpleNamespace) -> None:
    path = f"{QUEUE}/{the().id}/split"
    assert waiting.browser.get(path).status_code == 200
    form = {"member_1": "Ada Lovelace", "amount_1": "2", "member_2": "3", "amount_2": "1.01"}
    wrong = waiting.browser.submit(path, **form)
    assert wrong.status_code == 422
    assert "The parts come to 3.01, the payment is 3.00." in wrong.text
    half = waiting.browser.submit(path, **(form | {"amount_2": ""}))
    assert half.status_code == 422
    assert "Write the amount." in half.text
    assert waiting.browser.submit(path, **(form | {"amount_2": "1"})).status_code == 303
    shares = {(share.party_id, share.amount_minor) for share in db.session.scalars(select(ContributionShare))}
    assert shares == {(waiting.ada, 200), (waiting.bob, 100)}
    assert "Ada Lovelace, Bob Frost" in waiting.browser.get(QUEUE).text


def test_who_is_quicker_wins(waiting: SimpleNamespace) -> None:
    waiting.browser.submit(f"{QUEUE}/{the().id}/match", member=f"party:{waiting.ada}")
    again = waiting.browser.submit(f"{QUEUE}/{the().id}/match", member=f"party:{waiting.bob}")
    assert again.status_code == 409
    assert the().party_id == waiting.ada


def test_the_queue_takes_as_many_statements_however_long_it_is(desk: SimpleNamespace, statements: Any) -> None:
    take(NOW, *(payment(f"in_{n}", payer=payer(f"p{n}")) for n in range(2)))
    desk.browser.get(QUEUE)
    with statements() as few:
        desk.browser.get(QUEUE)
    take(NOW, *(payment(f"in_{n}", payer=payer(f"p{n}")) for n in range(2, 18)))
    with statements() as many:
        desk.browser.get(QUEUE)
    assert len(few) == len(many)
    assert len(re.findall("Say whose it is", desk.browser.get(QUEUE).text)) == 18


def test_two_of_one_name_are_told_apart() -> None:
    known = [Person(1, "Ada", 11), Person(2, "Ada", 12), Person(3, "Bob", None)]
    assert person_called("Ada", known) is None
    assert person_called("12", known) == known[1]
    assert person_called("ada (no. 11)", known) == known[0]
    assert person_called("party:3", known) == person_called("bob", known) == known[2]
    assert person_called("13", known) is None
