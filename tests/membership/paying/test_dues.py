"""What a member sees and changes: amount, card, pause, cancelling, leaving, receipts; and links in mails."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from coopgov.funding.models import Contribution, Pledge
from coopgov.identity.models import Party
from coopgov.infra.db import db, write_transaction
from coopgov.membership.models import Relief
from coopgov.membership.queries.standing import judgement
from coopgov.membership.rules.dues import CANCEL
from coopgov.membership.rules.relief import ASK, KEEP_ON, PAY_AGAIN
from coopgov.membership.rules.standing import Standing
from coopgov.membership.services.register import appoint
from tests import factories as make
from tests.conftest import NOW, Browser
from tests.membership.dues import contribution, pledge
from tests.membership.paying.conftest import Applicant

DAY = timedelta(days=1)


def words(answer: Any) -> str:
    """The page without its tags, spaces folded; what stood apart in tags is apart by a space."""
    return " ".join(re.sub(r"<[^>]*>", " ", answer.text).split())


def the_pledge(of: Applicant) -> Pledge:
    db.session.rollback()
    return db.session.query(Pledge).filter_by(party_id=of.party_id).one()


def signed(of: Applicant, purpose: str, payload: object) -> str:
    return str(of.shop.app.extensions["coopgov.signer"].sign(purpose, payload))


def test_the_page_says_how_one_stands_what_comes_next_and_what_was_paid(member: Applicant) -> None:
    page = words(member.client.get("/me/dues"))
    assert "In good standing. Dues are paid." in page
    assert "You can vote. Without a further payment that holds until" in page
    assert "£3.00 every month, by card or bank debit" in page
    assert "Next charge 22 December 2026" in page
    assert 'href="/me/dues/receipts/1"' in member.client.get("/me/dues").text


def test_a_receipt_is_for_its_member_alone(member: Applicant, sign_in: Callable[[int], Browser]) -> None:
    receipt = words(member.client.get("/me/dues/receipts/1"))
    assert "£3.00" in receipt
    assert "Ada Lovelace" in receipt
    assert "22 November 2026 to 21 December 2026" in receipt
    other = sign_in(make.member().id)
    assert other.get("/me/dues/receipts/1").status_code == 404


def test_another_amount_holds_from_the_next_period_and_is_shown_as_asked_until_then(member: Applicant) -> None:
    answer = member.client.submit("/me/dues/choose", choice=f"{member.tier.id}-500", interval="month")
    assert answer.status_code == 303
    assert "The new amount is on its way to Stripe: £5.00. It is not confirmed yet." in words(
        member.client.get("/me/dues")
    )
    member.shop.work()
    assert (the_pledge(member).amount_minor, the_pledge(member).asked) == (500, None)
    member.shop.forward(days=31)
    member.shop.deliver()
    paid = db.session.query(Contribution).order_by(Contribution.id).all()
    assert [row.gross_minor for row in paid] == [300, 500]


def test_an_amount_of_before_stays_enough_when_the_minimum_rises(member: Applicant) -> None:
    with write_transaction() as session:
        session.merge(member.tier).min_minor = 400
    kept = member.client.submit("/me/dues/choose", choice=f"{member.tier.id}-own", amount="3", interval="month")
    assert kept.status_code == 303
    less = member.client.submit("/me/dues/choose", choice=f"{member.tier.id}-own", amount="2.99", interval="month")
    assert (less.status_code, 'id="amount-error"' in less.text) == (422, True)
    assert "begins at £3.00" in words(less)


def test_cancelling_says_until_when_and_can_be_undone(member: Applicant) -> None:
    page = words(member.client.get("/me/dues/cancel"))
    assert "You have paid until 22 December 2026" in page
    assert "You can vote in everything that opens before" in page
    for _ in range(2):
        assert member.client.submit("/me/dues/cancel").status_code == 303
    member.shop.work()
    assert the_pledge(member).status == "ending"
    assert "Keep paying" in member.client.get("/me/dues").text
    member.client.submit("/me/dues/keep")
    member.shop.work()
    assert the_pledge(member).status == "active"


def test_a_mailed_link_cancels_without_signing_in_and_only_by_its_button(member: Applicant, client: Browser) -> None:
    path = f"/dues/cancel/{signed(member, CANCEL, the_pledge(member).id)}"
    assert "Cancel my payment" in client.get(path).text
    member.shop.work()
    assert the_pledge(member).status == "active", "a scanner of mails cancels nothing"
    assert "Cancelled" in client.submit(path).text
    member.shop.work()
    assert the_pledge(member).status == "ending"
    assert "Cancelled" in client.get(path).text
    assert client.get("/dues/cancel/forged").status_code == 404


def test_the_card_is_changed_on_a_page_of_stripes(member: Applicant) -> None:
    page = member.client.submit("/me/dues/card")
    assert "Continue to Stripe" in page.text
    assert member.shop.stripe.v1  # the fake answered
    assert page.status_code == 200


def test_leaving_ends_membership_and_payment_at_once(member: Applicant, mails: Any) -> None:
    assert member.client.submit("/me/dues/leave").status_code == 422, "it has to be meant"
    assert member.client.submit("/me/dues/leave", sure="y").status_code == 303
    member.shop.work()
    assert member.membership is None
    assert member.shop.subscription(the_pledge(member))["status"] == "canceled"
    assert mails()[-1]["Subject"] == "Your membership has ended"


def test_the_last_administrator_appoints_another_before_leaving(member: Applicant, mails: Any) -> None:
    with write_transaction():
        appoint(member.party_id, "admin", NOW, "cli")
    before = len(mails())
    answer = member.client.submit("/me/dues/leave", sure="y")
    assert answer.status_code == 409
    assert "appoint another one first" in answer.text
    member.shop.work()
    assert member.membership is not None
    assert member.shop.subscription(the_pledge(member))["status"] == "active"
    assert len(mails()) == before


def test_somebody_who_is_no_member_pays_no_dues(client: Browser, member: Applicant, sign_in: Any) -> None:
    stranger = sign_in(make.person().id)
    assert "nothing is to be paid" in words(stranger.get("/me/dues"))
    answer = stranger.submit("/me/dues/choose", choice=f"{member.tier.id}-300", interval="month")
    assert answer.status_code == 409
    assert stranger.submit("/me/dues/relief", kind="3").status_code == 409


def test_a_member_without_a_payment_chooses_one_here(member: Applicant, sign_in: Any) -> None:
    invited = make.member("Invited")
    browser = sign_in(invited.id)
    page = browser.submit("/me/dues/choose", choice=f"{member.tier.id}-300", interval="year")
    assert "Continue to Stripe" in page.text
    session_id = member.session_id()
    member.shop.world.pay(session_id, "works", confirmed=True)
    assert "Your payment has arrived" in browser.get(f"/join/paid?session_id={session_id}").text
    assert judgement(invited.id, NOW).covered_to is not None


def test_two_payments_at_once_are_both_credited_and_the_member_is_warned(member: Applicant) -> None:
    """Edge case 9."""
    party = db.session.get_one(Party, member.party_id)
    pledge(party, source="opencollective", remote_id="order-1")
    contribution(party, NOW, covers_to=(NOW + 60 * DAY).date(), source="opencollective")
    assert "You seem to pay twice" in member.client.get("/me/dues").text
    assert judgement(member.party_id, NOW).covered_to == (NOW + 60 * DAY).date()


# Relief


def test_a_pause_is_saved_at_once_and_asked_of_stripe(member: Applicant, mails: Any) -> None:
    answer = member.client.submit("/me/dues/relief", kind="6")
    assert "Until 22 May 2027 you pay nothing" in member.client.get(answer.headers["Location"]).text
    assert judgement(member.party_id, NOW).standing is Standing.RELIEF
    member.shop.work()
    assert member.shop.subscription(the_pledge(member))["pause_collection"] is not None
    assert mails()[-1]["Subject"] == "Until 22 May 2027 you pay nothing"


def test_paying_less_lowers_what_stripe_charges(member: Applicant) -> None:
    assert member.client.submit("/me/dues/relief", kind="less", amount="0.10").status_code == 422
    assert member.client.submit("/me/dues/relief", kind="less", amount="0.50").status_code == 303
    member.shop.work()
    assert the_pledge(member).amount_minor == 50
    member.client.submit("/me/dues/pay-again")
    assert judgement(member.party_id, NOW).standing is Standing.GOOD


def test_more_than_the_rule_allows_gets_clear_words_and_a_contact(member: Applicant) -> None:
    member.client.submit("/me/dues/relief", kind="12")
    member.shop.forward(days=1)
    answer = member.client.submit("/me/dues/relief", kind="12")
    assert answer.status_code == 422
    assert "more than 12 months" in words(answer)
    assert 'href="/contact"' in answer.text


def test_before_a_pause_ends_one_click_prolongs_it_and_another_ends_it(member: Applicant, client: Browser) -> None:
    member.client.submit("/me/dues/relief", kind="3")
    member.shop.work()
    first = db.session.query(Relief).one()
    path = f"/dues/pause/{signed(member, KEEP_ON, first.id)}"
    client.get(path)
    assert db.session.query(Relief).count() == 1
    for _ in range(2):
        assert "Until 22 August 2027" in client.submit(path).text
    db.session.rollback()
    assert db.session.query(Relief).count() == 2
    pay = f"/dues/pay-again/{signed(member, PAY_AGAIN, first.id)}"
    assert "I can pay again" in client.get(pay).text
    assert client.submit(pay).status_code == 303
    assert "You pay again" in client.get(pay).text
    member.shop.work()
    assert the_pledge(member).status == "active"
    assert judgement(member.party_id, NOW).standing is Standing.GOOD


def test_relief_by_a_mailed_link_needs_no_sign_in(member: Applicant, client: Browser) -> None:
    path = f"/dues/relief/{signed(member, ASK, member.party_id)}"
    assert "No reason needed. You keep your vote." in words(client.get(path))
    assert "you pay nothing" in client.submit(path, kind="3").text
    assert judgement(member.party_id, NOW).standing is Standing.RELIEF


@pytest.mark.parametrize("kind", ["cancel", "pause", "pay-again", "relief"])
def test_forged_links_open_nothing(client: Browser, applicant: Applicant, kind: str) -> None:
    token = signed(applicant, "something-else", 1)
    assert client.get(f"/dues/{kind}/{token}").status_code == 404
    assert client.submit(f"/dues/{kind}/{token}").status_code == 404
