"""Writing a proposal together: asking, answering, what co-authors may do, leaving."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from coopgov.core.errors import Refused
from coopgov.decisions.models import Authorship, Proposal
from coopgov.decisions.queries.authors import co_author_ids
from coopgov.decisions.services import authors, drafting
from coopgov.infra.audit import AuditRow
from coopgov.infra.check import run_checks
from coopgov.infra.db import db, write_transaction
from coopgov.membership.models import Membership
from tests import factories as make
from tests.conftest import NOW
from tests.decisions.scene import Scene, author_of, draft, opened, scene, terms

pytestmark = pytest.mark.usefixtures("app")


def row(proposal: Proposal) -> Proposal:
    db.session.expire_all()
    return db.session.get_one(Proposal, proposal.id)


def refused(reason: str):
    return pytest.raises(Refused, match=f"^{reason}$")


def asked(on: Scene, proposal: Proposal, party) -> None:
    with write_transaction():
        authors.ask_co_author(row(proposal), party.id, on.author.id, NOW)


def joined(on: Scene, proposal: Proposal, party) -> None:
    asked(on, proposal, party)
    with write_transaction():
        authors.answer(row(proposal), author_of(party), True, NOW)


def acts(proposal: Proposal) -> list[tuple[int, str]]:
    query = select(Authorship).where(Authorship.proposal_id == proposal.id).order_by(Authorship.id)
    return [(one.party_id, one.act) for one in db.session.scalars(query)]


def test_a_member_who_is_asked_and_says_yes_is_a_co_author():
    on = scene()
    proposal, helper = draft(on), on.members[0]
    asked(on, proposal, helper)
    assert co_author_ids(row(proposal)) == set()
    with write_transaction():
        authors.answer(row(proposal), author_of(helper), True, NOW)
    assert co_author_ids(row(proposal)) == {helper.id}
    assert acts(proposal) == [(helper.id, "asked"), (helper.id, "joined")]
    written = list(db.session.scalars(select(AuditRow.act).order_by(AuditRow.number)))
    assert written == ["proposal.drafted", "proposal.co_author_asked", "proposal.co_author_joined"]
    assert not any(run_checks().values())


def test_who_declines_or_is_asked_no_more_is_none_and_can_be_asked_again():
    on = scene()
    proposal, helper = draft(on), on.members[0]
    asked(on, proposal, helper)
    with write_transaction():
        authors.answer(row(proposal), author_of(helper), False, NOW)
    asked(on, proposal, helper)
    with write_transaction():
        authors.take_back(row(proposal), helper.id, on.author.id, NOW)
    assert co_author_ids(row(proposal)) == set()
    with refused("author.not_asked"), write_transaction():
        authors.answer(row(proposal), author_of(helper), True, NOW)
    with refused("author.not_waiting"), write_transaction():
        authors.take_back(row(proposal), helper.id, on.author.id, NOW)


def test_nobody_is_asked_twice_nor_an_author_nor_a_stranger_nor_who_left():
    on = scene()
    proposal, helper = draft(on), on.members[0]
    asked(on, proposal, helper)
    with refused("author.asked_already"):
        asked(on, proposal, helper)
    with refused("author.is_one"):
        asked(on, proposal, on.author)
    with refused("author.not_a_member"):
        asked(on, proposal, make.person())
    with refused("author.not_a_member"):
        asked(on, proposal, make.member("A Bakery", kind="organisation"))
    with write_transaction() as session:
        session.scalars(select(Membership).filter_by(party_id=on.members[1].id)).one().ceased_at = NOW
    with refused("author.not_a_member"):
        asked(on, proposal, on.members[1])


def test_there_are_as_many_authors_as_can_be():
    on = scene(12)
    proposal = draft(on)
    for member in on.members[:11]:
        asked(on, proposal, member)
    with refused("author.too_many"):
        asked(on, proposal, on.members[11])


def test_authors_stay_as_they_are_once_the_text_is_frozen_and_one_may_still_decline():
    on = scene()
    proposal, helper = draft(on, discuss=True), on.members[0]
    asked(on, proposal, helper)
    with write_transaction():
        drafting.freeze_text(row(proposal), on.author.id, NOW)
    for act in (
        lambda: authors.ask_co_author(row(proposal), on.members[1].id, on.author.id, NOW),
        lambda: authors.answer(row(proposal), author_of(helper), True, NOW),
    ):
        with refused("author.too_late"), write_transaction():
            act()
    with write_transaction():
        authors.answer(row(proposal), author_of(helper), False, NOW)
    assert acts(proposal)[-1] == (helper.id, "declined")


def test_an_author_leaves_to_the_co_author_who_joined_first():
    on = scene()
    proposal = draft(on)
    for member in on.members[:2]:
        joined(on, proposal, member)
    with write_transaction():
        authors.leave(row(proposal), on.author.id, NOW)
    assert row(proposal).author_id == on.members[0].id
    assert row(proposal).public_name == "Member 0"
    assert co_author_ids(row(proposal)) == {on.members[1].id}
    assert not any(run_checks().values())
    with refused("proposal.not_yours"), write_transaction():
        authors.leave(row(proposal), on.author.id, NOW)


def test_a_co_author_leaves_and_the_author_stays():
    on = scene()
    proposal, helper = draft(on), on.members[0]
    joined(on, proposal, helper)
    with write_transaction():
        authors.leave(row(proposal), helper.id, NOW)
    assert row(proposal).author_id == on.author.id
    assert co_author_ids(row(proposal)) == set()


def test_the_only_author_cannot_leave_nor_anybody_once_voting_is_open():
    on = scene()
    proposal = draft(on)
    with refused("author.alone"), write_transaction():
        authors.leave(row(proposal), on.author.id, NOW)
    late = opened(on)
    with refused("author.too_late"), write_transaction():
        authors.leave(row(late), on.author.id, NOW)


# Pages


def test_a_co_author_is_found_by_name_asked_and_named_beside_the_author(sign_in, client, catch_up, mails):
    on = scene()
    proposal, helper = draft(on), on.members[0]
    author, other = sign_in(on.author.id), sign_in(helper.id)
    page = author.get(f"/p/{proposal.id}/authors?name=@member")
    assert page.text.count(f'action="/p/{proposal.id}/authors/ask"') == 3
    assert "Ask Ada Author" not in author.get(f"/p/{proposal.id}/authors?name=Ada").text
    answer = author.submit(f"/p/{proposal.id}/authors/ask", party=helper.id)
    assert (answer.status_code, answer.location) == (303, f"/p/{proposal.id}/authors?said=co-author-asked")
    catch_up()
    (mail,) = [mail for mail in mails() if "together" in mail["Subject"]]
    assert f"/p/{proposal.id}" in mail.get_body(("plain",)).get_content()
    assert "asks you to be a co-author" in other.get("/inbox").text
    assert "You are asked to write this proposal together" in other.get(proposal.path).text
    other.submit(f"/p/{proposal.id}/authors/answer", act="join")
    assert "Proposed by Ada Author and Member 0" in client.get(row(proposal).path).text
    assert other.get(f"/p/{proposal.id}/edit").status_code == 200


def test_a_co_author_mends_freezes_opens_and_withdraws_before_the_opening(sign_in):
    on = scene()
    helper = on.members[0]
    first, second = draft(on, discuss=True), draft(on)
    for proposal in (first, second):
        joined(on, proposal, helper)
    browser = sign_in(helper.id)
    assert browser.submit(f"/p/{first.id}/freeze").status_code == 303
    assert row(first).state == "frozen"
    assert browser.submit(f"/p/{first.id}/open").status_code == 303
    assert row(first).state == "open"
    assert browser.submit(f"/p/{first.id}/withdraw", reason="No.").status_code == 403
    assert browser.submit(f"/p/{second.id}/withdraw", reason="No.").status_code == 303
    assert row(second).state == "withdrawn"


def test_only_authors_ask_and_only_the_one_who_is_asked_answers(sign_in):
    on = scene()
    proposal = draft(on)
    asked(on, proposal, on.members[0])
    for party in (on.members[1], on.convenor):
        browser = sign_in(party.id)
        assert browser.submit(f"/p/{proposal.id}/authors/ask", party=on.members[2].id).status_code == 403
        assert browser.submit(f"/p/{proposal.id}/authors/take-back", party=on.members[0].id).status_code == 403
        assert browser.submit(f"/p/{proposal.id}/authors/answer", act="join").status_code == 409
        assert browser.submit(f"/p/{proposal.id}/authors/leave").status_code == 403
    assert sign_in(on.author.id).submit(f"/p/{proposal.id}/authors/ask", party="me").status_code == 422
    assert acts(proposal) == [(on.members[0].id, "asked")]


def test_who_changed_the_text_is_named_in_its_history(sign_in, client):
    on = scene()
    proposal, helper = draft(on), on.members[0]
    joined(on, proposal, helper)
    with write_transaction():
        drafting.mend_proposal(row(proposal), helper.id, terms(source="We stay."), NOW + timedelta(hours=1))
    history = client.get(f"/p/{proposal.id}/history").text
    assert "by Member 0" in history
    assert "<ins>" in history
    assert "<del>" in history
