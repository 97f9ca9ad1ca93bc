"""From the mailed link to a member number: the choice, the payment, the return; and everything that may go wrong."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from coopgov.funding.models import Contribution, Finding, Pledge
from coopgov.identity.models import Login, SessionRow
from coopgov.identity.queries import party
from coopgov.identity.services import sweep
from coopgov.infra.db import db, write_transaction
from coopgov.membership.models import Application, JoiningTerms, Membership, Relief, Welcome
from coopgov.membership.queries.standing import judgement
from coopgov.membership.rules.standing import Standing
from coopgov.membership.services.joining import admit_payer
from tests import factories as make
from tests.conftest import NOW, Browser
from tests.membership.applying import status_path
from tests.membership.dues import asks_dues, contribution
from tests.membership.paying.conftest import Applicant

DAY = timedelta(days=1)


def words(answer: Any) -> str:
    return " ".join(answer.text.split())


def rows(model: Any) -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def test_somebody_chooses_pays_and_is_a_member(applicant: Applicant, mails: Any) -> None:
    page = applicant.client.get(applicant.path)
    assert "Welcome, Ada Lovelace" in page.text
    assert "1 of 2: your contribution" in page.text
    assert "Of each £1.00 about £0.22 goes to card fees." in words(page)
    assert "£12.00 at once, of which about £0.38 goes to card fees." in words(page)
    chosen = applicant.choose()
    assert (chosen.status_code, "Continue to Stripe" in chosen.text) == (200, True)
    assert "£3.00 every month" in words(chosen)
    applicant.pay()
    back = applicant.come_back()
    assert "You’re member no. 1" in back.text
    assert judgement(applicant.party_id, NOW).standing is Standing.GOOD
    assert applicant.application.state == "admitted"
    assert rows(Welcome) == 1
    applicant.shop.work()
    (mail,) = mails()
    said = mail.get_body(("plain",)).get_content()
    assert mail["Subject"] == "Welcome: you are member no. 1"
    assert "You pay £3.00 every month" in said
    assert applicant.path.rsplit("/", 1)[0] in said


def test_coming_back_before_with_and_after_the_messages_gives_one_member_and_one_mail(
    applicant: Applicant, mails: Any
) -> None:
    """Edge case 6."""
    applicant.choose()
    applicant.pay()
    for _ in range(2):
        assert "member no. 1" in applicant.come_back().text
    applicant.shop.deliver()
    assert "member no. 1" in applicant.come_back().text
    applicant.shop.forward(days=3)
    assert "member no. 1" in applicant.come_back().text
    applicant.shop.work()
    assert (rows(Membership), rows(Contribution), len(mails())) == (1, 1, 1)
    applicant.shop.settle_books()


def test_the_messages_alone_admit_who_closed_the_browser(applicant: Applicant) -> None:
    applicant.choose()
    applicant.pay()
    applicant.shop.deliver()
    assert applicant.membership is not None
    assert "member no. 1" in applicant.client.get(applicant.path).text


def test_opening_the_link_changes_nothing_however_often(applicant: Applicant, statements: Any) -> None:
    with statements() as sent:
        applicant.client.get(applicant.path)
        applicant.client.get(applicant.path + "/relief")
    assert not [text for text in sent.texts if text.split()[0] in ("INSERT", "UPDATE", "DELETE")]


def test_a_double_click_is_one_draft_and_one_page(applicant: Applicant) -> None:
    applicant.choose()
    applicant.choose()
    assert rows(Pledge) == 1
    assert len(applicant.shop.world.store.rows("checkout.session")) == 1


def test_a_second_tab_begins_nothing_when_the_first_has_paid(applicant: Applicant) -> None:
    applicant.choose()
    applicant.pay()
    again = applicant.choose(choice=f"{applicant.tier.id}-500")
    assert again.status_code == 303
    assert "member no. 1" in applicant.client.get(again.headers["Location"]).text
    assert len(applicant.shop.world.store.rows("subscription")) == 1


def test_who_pays_on_the_page_of_an_earlier_choice_is_a_member_all_the_same(applicant: Applicant) -> None:
    applicant.choose()
    first = applicant.session_id()
    applicant.choose(choice=f"{applicant.tier.id}-500")
    assert applicant.session_id() != first
    applicant.shop.world.pay(first, "works", confirmed=True)
    assert "member no. 1" in applicant.come_back(first).text
    applicant.shop.deliver()
    assert rows(Membership) == 1
    applicant.shop.settle_books()


def test_the_page_of_an_earlier_choice_that_nobody_paid_is_none(applicant: Applicant) -> None:
    applicant.choose()
    first = applicant.session_id()
    applicant.choose(choice=f"{applicant.tier.id}-500")
    assert applicant.come_back(first).status_code == 404


def test_the_paid_page_of_another_is_none_whoever_asks(applicant: Applicant, sign_in: Callable[[int], Browser]) -> None:
    applicant.choose()
    first = applicant.session_id()
    applicant.choose(choice=f"{applicant.tier.id}-500")
    applicant.shop.world.pay(first, "works", confirmed=True)
    other = sign_in(make.member("Bob").id)
    assert other.get(f"/join/paid?session_id={first}").status_code == 404
    assert applicant.membership is None


def test_an_own_amount_and_a_year_are_paid_as_twelve_months_at_once(applicant: Applicant) -> None:
    page = applicant.choose(choice=f"{applicant.tier.id}-own", amount="2.50", interval="year")
    assert "£30.00 once a year" in words(page)


@pytest.mark.parametrize("amount", ["0", "-1", "0.99", "1e9", "1,50", "NaN", "€5", "5 USD", "1000000", "£1.005", " "])
def test_forged_amounts_are_refused_beside_the_field_and_nothing_is_written(applicant: Applicant, amount: str) -> None:
    answer = applicant.choose(choice=f"{applicant.tier.id}-own", amount=amount)
    assert answer.status_code == 422
    assert 'id="amount-error"' in answer.text
    assert rows(Pledge) == 0


@pytest.mark.parametrize("form", [{"choice": "999-300"}, {"choice": "1-7"}, {"choice": ""}, {"interval": "week"}])
def test_what_was_never_offered_is_refused(applicant: Applicant, form: dict[str, str]) -> None:
    answer = applicant.choose(**form)
    assert (answer.status_code, 'role="alert"' in answer.text, rows(Pledge)) == (422, True, 0)


def test_a_tier_that_was_withdrawn_meanwhile_is_refused(applicant: Applicant) -> None:
    with write_transaction() as session:
        session.merge(applicant.tier).offered_until = NOW
    assert applicant.choose().status_code == 422
    assert rows(Pledge) == 0


def test_a_provider_that_is_down_keeps_the_choice_and_says_so(applicant: Applicant) -> None:
    applicant.shop.world.faults.add({"path": ".*", "status": 503, "times": 50})
    answer = applicant.choose(choice=f"{applicant.tier.id}-own", amount="4", interval="year")
    assert answer.status_code == 503
    assert "Stripe does not answer just now" in answer.text
    assert 'value="4"' in answer.text
    applicant.shop.world.faults.clear()
    assert "Continue to Stripe" in applicant.choose(choice=f"{applicant.tier.id}-own", amount="4").text


def test_who_comes_back_without_paying_has_lost_nothing(applicant: Applicant) -> None:
    applicant.choose()
    back = applicant.come_back()
    assert "Nothing was paid" in back.text
    assert applicant.path in back.text
    assert applicant.membership is None


@pytest.mark.parametrize("session_id", ["", "cs_test_of_somebody_else", "sub_1", "x" * 300, "cs_1' OR 1=1"])
def test_the_page_of_somebody_else_is_none_and_nothing_is_written(
    applicant: Applicant, session_id: str, statements: Any
) -> None:
    with statements() as sent:
        answer = applicant.client.get("/join/paid", query_string={"session_id": session_id, "t": applicant.token})
    assert answer.status_code == 404
    assert not [text for text in sent.texts if text.split()[0] in ("INSERT", "UPDATE", "DELETE")]


def test_a_debit_under_way_admits_and_voting_waits_for_it(applicant: Applicant) -> None:
    applicant.choose()
    applicant.pay("bacs_works")
    assert "We are waiting for the bank" in words(applicant.come_back())
    judged = judgement(applicant.party_id, NOW)
    assert (judged.standing, judged.votes, judged.why) == (Standing.NOT_YET, False, "pending")
    applicant.shop.forward(days=5)
    applicant.shop.deliver()
    assert judgement(applicant.party_id, NOW + 5 * DAY).votes


def test_a_debit_that_fails_leaves_a_member_who_is_told_and_does_not_vote(applicant: Applicant, mails: Any) -> None:
    applicant.choose()
    applicant.pay("bacs_fails")
    applicant.come_back()
    applicant.shop.forward(days=5)
    applicant.shop.deliver()
    assert judgement(applicant.party_id, NOW + 5 * DAY).why == "not_arrived"
    assert [mail["Subject"] for mail in mails()].count("Your first payment did not arrive") == 1


def test_who_pays_after_the_approval_had_expired_is_a_member_and_the_secretary_hears_of_it(
    applicant: Applicant,
) -> None:
    """Edge case 7."""
    applicant.choose()
    with write_transaction() as session:
        row = session.get_one(Application, applicant.application_id)
        row.state, row.state_at = "expired", NOW
    applicant.pay()
    assert "member no. 1" in applicant.come_back().text
    finding = db.session.query(Finding).filter_by(kind="paid_late").one()
    assert finding.subject == f"application:{applicant.application_id}"


def test_an_approval_that_expired_goes_on_for_a_while_and_then_is_over(applicant: Applicant) -> None:
    with write_transaction() as session:
        row = session.get_one(Application, applicant.application_id)
        row.state, row.state_at = "expired", NOW
    assert "Continue to Stripe" in applicant.choose().text
    assert applicant.application.state == "approved"
    with write_transaction() as session:
        row = session.get_one(Application, applicant.application_id)
        row.state, row.state_at = "expired", NOW - 91 * DAY
    assert applicant.choose().status_code == 410
    assert applicant.client.get(applicant.path).status_code == 410


def test_an_application_that_was_declined_or_forged_opens_nothing(applicant: Applicant) -> None:
    with write_transaction() as session:
        session.get_one(Application, applicant.application_id).state = "withdrawn"
    assert applicant.client.get(applicant.path).status_code == 410
    assert applicant.client.get("/join/finish/forged").status_code == 404


def test_old_payments_of_a_former_member_admit_nobody(applicant: Applicant) -> None:
    contribution(make.person(), NOW)
    old = contribution(make.person(), NOW - 400 * DAY, covers_to=(NOW - 370 * DAY).date())
    with write_transaction() as session:
        session.merge(old).party_id = applicant.party_id
    with write_transaction():
        assert admit_payer(applicant.party_id, NOW) is None


def test_a_payment_that_the_treasurer_matched_admits_too(applicant: Applicant) -> None:
    """Edge case 8: Open Collective under another name, found later."""
    said = applicant.client.submit(applicant.path + "/paid-already", payer="Count Ess")
    assert said.status_code == 303
    finding = db.session.query(Finding).filter_by(kind="claimed").one()
    assert finding.facts == {"party": applicant.party_id, "said": "Count Ess"}
    paid = contribution(None, NOW, covers_to=(NOW + 30 * DAY).date(), source="opencollective")
    with write_transaction() as session:
        session.merge(paid).party_id = applicant.party_id
    with write_transaction():
        first = admit_payer(applicant.party_id, NOW)
        assert first is not None
        assert admit_payer(applicant.party_id, NOW) is None


def test_an_empty_claim_is_refused_beside_its_field(applicant: Applicant) -> None:
    answer = applicant.client.submit(applicant.path + "/paid-already", payer=" ")
    assert (answer.status_code, 'id="payer-error"' in answer.text) == (422, True)


# Not paying


def test_who_cannot_pay_joins_at_once_with_a_vote_and_no_reason(applicant: Applicant, mails: Any) -> None:
    answer = applicant.client.submit(applicant.path + "/relief", kind="6", amount="")
    assert answer.status_code == 303
    page = applicant.client.get(answer.headers["Location"])
    assert "member no. 1" in page.text
    judged = judgement(applicant.party_id, NOW)
    assert (judged.standing, judged.votes) == (Standing.RELIEF, True)
    applicant.shop.work()
    assert {mail["Subject"] for mail in mails()} == {
        "Until 22 May 2027 you pay nothing",
        "Welcome: you are member no. 1",
    }


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"kind": "less", "amount": ""}, "amount"),
        ({"kind": "less", "amount": "-1"}, "amount"),
        ({"kind": "less", "amount": "1,50"}, "amount"),
        ({"kind": "24"}, "kind"),
        ({"kind": "3", "amount": "1"}, "kind"),
        ({}, "kind"),
    ],
)
def test_relief_that_cannot_be_read_is_refused_beside_its_field(
    applicant: Applicant, form: dict[str, str], field: str
) -> None:
    answer = applicant.client.submit(applicant.path + "/relief", **form)
    assert (answer.status_code, f'id="{field}-error"' in answer.text) == (422, True)
    assert (rows(Relief), applicant.membership) == (0, None)


def test_relief_closes_the_page_that_was_opened_before(applicant: Applicant) -> None:
    applicant.choose()
    applicant.client.submit(f"{applicant.path}/relief", kind="6")
    applicant.shop.work()
    assert applicant.membership is not None
    assert [row["status"] for row in applicant.shop.world.store.rows("checkout.session")] == ["expired"]


def test_the_shortest_pause_is_chosen_already_so_that_one_click_is_enough(applicant: Applicant) -> None:
    page = applicant.client.get(applicant.path + "/relief")
    assert re.findall(r'<input[^>]* checked[^>]* value="(\w+)"', page.text) == ["3"]


def test_paying_nothing_each_month_is_fine(applicant: Applicant) -> None:
    applicant.client.submit(applicant.path + "/relief", kind="less", amount="0")
    assert applicant.membership is not None


def test_where_nothing_is_asked_one_click_makes_a_member(applicant: Applicant) -> None:
    asks_dues(NOW, asks_dues=False)
    refused = applicant.client.submit(applicant.path + "/free")
    assert refused.status_code == 409, "there are tiers to choose from"
    with write_transaction() as session:
        session.merge(applicant.tier).offered_until = NOW
    assert "Become a member" in applicant.client.get(applicant.path).text
    applicant.client.submit(applicant.path + "/free")
    assert applicant.membership is not None


# Signing in


def test_the_link_of_joining_signs_in_once_and_only_into_a_login_that_joining_made(applicant: Applicant) -> None:
    applicant.choose()
    applicant.pay()
    applicant.come_back()
    first = applicant.client.submit(applicant.path + "/sign-in")
    assert first.headers["Location"] == "/sign-in", "a login from before is opened by no mail that may be a month old"
    with write_transaction() as session:
        session.query(Login).filter_by(party_id=applicant.party_id).one().created_at = NOW
    opened = applicant.client.submit(applicant.path + "/sign-in")
    assert opened.headers["Location"].startswith("/me")
    assert "Dues" in applicant.client.get("/me").text
    other = Browser(applicant.shop.app)
    assert f'action="{applicant.path}/sign-in"' not in other.get(applicant.path).text
    assert other.submit(applicant.path + "/sign-in").headers["Location"] == "/sign-in"


def test_by_bank_transfer_one_is_told_where_to_and_joins_when_it_is_booked(applicant: Applicant) -> None:
    with write_transaction() as session:
        session.add(JoiningTerms(id=1, by_hand="To the co-op, sort code 00-00-00, account 12345678"))
    page = applicant.choose(source="bank")
    assert "sort code 00-00-00" in page.text
    assert f"DUES-{applicant.party_id}" in page.text
    assert applicant.membership is None
    paid = contribution(None, NOW, covers_to=(NOW + 30 * DAY).date(), source="bank")
    with write_transaction() as session:
        session.merge(paid).party_id = applicant.party_id
        session.flush()
        assert admit_payer(applicant.party_id, NOW) is not None


def test_a_link_that_has_signed_in_once_does_so_no_more_when_that_session_is_long_gone(applicant: Applicant) -> None:
    with write_transaction() as session:
        session.scalars(select(Login)).one().created_at = NOW
    applicant.client.submit(applicant.path + "/relief", kind="3", amount="")
    assert applicant.client.submit(applicant.path + "/sign-in").headers["Location"].startswith("/me")
    with write_transaction() as session:
        session.scalars(select(SessionRow)).one().revoked_at = NOW
    with write_transaction():
        sweep(NOW + 3 * DAY)
    assert rows(SessionRow) == 0
    other = Browser(applicant.shop.app)
    assert other.submit(applicant.path + "/sign-in").headers["Location"] == "/sign-in"


def test_who_withdraws_cannot_pay_on_the_page_that_was_open(applicant: Applicant, app: Flask) -> None:
    applicant.choose()
    applicant.client.submit(status_path(app, applicant.application) + "/withdraw")
    applicant.shop.work()
    (page,) = applicant.shop.world.store.rows("checkout.session")
    assert page["status"] == "expired"


def test_money_that_comes_in_spite_of_withdrawing_waits_for_the_treasurer(applicant: Applicant) -> None:
    with write_transaction() as session:
        session.get_one(Application, applicant.application_id).state = "withdrawn"
    contribution(party(applicant.party_id), NOW, (NOW + 30 * DAY).date())
    for _ in range(2):
        with write_transaction():
            assert admit_payer(applicant.party_id, NOW) is None
    assert applicant.membership is None
    assert [found.kind for found in db.session.scalars(select(Finding))] == ["paid_late"]


def test_who_is_signed_in_already_joins_by_saying_that_they_cannot_pay(
    applicant: Applicant, sign_in: Callable[[int], Browser]
) -> None:
    said = sign_in(applicant.party_id).submit("/me/dues/relief", kind="3", amount="")
    assert said.headers["Location"].startswith("/me/dues/relieved")
    assert applicant.membership is not None
    assert applicant.application.state == "admitted"


def test_a_choice_sent_after_the_last_way_to_pay_is_gone_is_answered_in_words(applicant: Applicant, app: Flask) -> None:
    app.extensions["coopgov.settings"] = replace(app.extensions["coopgov.settings"], stripe_secret_key="")
    sent = applicant.choose()
    assert (sent.status_code, rows(Pledge)) == (422, 0)
    assert "Paying is not set up here yet." in sent.text


def test_the_welcome_promises_no_vote_that_has_to_wait(applicant: Applicant, mails: Any) -> None:
    applicant.choose()
    applicant.pay("bacs_works")
    applicant.come_back()
    applicant.shop.work()
    (mail,) = mails()
    said = " ".join(mail.get_body(("plain",)).get_content().split())
    assert "You make proposals. The first payment is on its way. Voting opens when it arrives." in said
    assert "have one vote" not in said
