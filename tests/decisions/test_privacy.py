"""What a proposal's pages must not tell, and what people must not do once they have left."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from coopgov.core.errors import Refused
from coopgov.decisions.models import Outcome
from coopgov.decisions.services import drafting
from coopgov.discussion import services as talk
from coopgov.discussion.models import Thread
from coopgov.infra.db import db, write_transaction
from coopgov.membership.services.register import cease
from tests.conftest import NOW
from tests.decisions.scene import author_of, close, draft, link, opened, scene, terms, vote

SECRET = "What we heard about Kim"


def withdrawn_from_the_public(on):
    """The thread becomes members-only while a vote in it is open, and gets a title for members alone."""
    thread = db.session.get_one(Thread, on.thread.id)
    with write_transaction():
        talk.change_visibility(thread, False, on.author.id, False, NOW)
        talk.edit_thread(thread, SECRET, "Between us.", on.author.id, NOW)


@pytest.mark.parametrize("read_before", [False, True])
def test_a_public_vote_does_not_tell_the_title_of_a_thread_that_is_members_only_by_now(client, sign_in, read_before):
    on = scene()
    proposal = opened(on)
    if read_before:
        assert on.thread.title in client.get(proposal.path).text
    withdrawn_from_the_public(on)
    page = client.get(proposal.path).text
    assert SECRET not in page
    assert "what-we-heard" not in page
    assert "Where shall we host?" not in page
    assert SECRET in sign_in(on.members[0].id).get(proposal.path).text


def test_a_mailed_ballot_does_not_tell_it_either(app, client):
    on = scene()
    proposal = opened(on)
    withdrawn_from_the_public(on)
    page = client.get(link(app, proposal, on.members[0])).text
    assert SECRET not in page
    assert "what-we-heard" not in page


def test_a_title_that_a_convenor_hides_is_gone_from_the_vote_at_once(client):
    on = scene()
    proposal = opened(on)
    assert on.thread.title in client.get(proposal.path).text
    with write_transaction():
        talk.hide_words(db.session.get_one(Thread, on.thread.id), None, on.convenor.id, "Names somebody", NOW)
    assert "Where shall we host?" not in client.get(proposal.path).text


def left(party):
    with write_transaction():
        cease(party.id, "expelled", NOW, "cli")


def test_a_convenor_who_is_no_member_any_more_records_no_outcome(sign_in):
    on = scene()
    proposal = opened(on)
    vote(proposal, on.author)
    close(proposal)
    left(on.convenor)
    browser = sign_in(on.convenor.id)
    assert browser.get(f"/p/{proposal.id}/outcome").status_code == 403
    assert browser.submit(f"/p/{proposal.id}/outcome", source="It is void.").status_code == 403
    assert db.session.query(Outcome).count() == 0


def test_a_convenor_who_is_no_member_any_more_takes_no_draft_back(sign_in):
    on = scene()
    proposal = draft(on)
    left(on.convenor)
    assert sign_in(on.convenor.id).submit(f"/p/{proposal.id}/withdraw", reason="So there.").status_code == 403
    db.session.refresh(proposal)
    assert proposal.state == "draft"


def test_nobody_starts_a_proposal_in_a_thread_that_went_while_they_wrote(app):
    on = scene()
    with write_transaction() as session:
        session.execute(update(Thread).values(state="deleted"))
    with pytest.raises(Refused) as refused, write_transaction():
        from_thread = db.session.get_one(Thread, on.thread.id)
        draft_in(from_thread, on)
    assert refused.value.reason == "proposal.not_here"


def draft_in(thread, on):
    return drafting.draft_proposal(thread, author_of(on.author), terms(), NOW)


@pytest.mark.parametrize("opens_at", ["9999-12-31T23:00", "0001-01-01T00:00"])
def test_an_instant_that_no_clock_reaches_is_bad_input(sign_in, opens_at):
    on = scene()
    form = {"title": "T", "source": "S", "electorate": "coop", "rule_name": "ordinary", "opening": "at"}
    form |= {"opens_at": opens_at, "closes_at": "2026-12-20T10:00"}
    answer = sign_in(on.author.id).submit(f"/t/{on.thread.id}/proposals/new", **form)
    assert answer.status_code == 422
    assert "Write a date and a time." in answer.text
    assert (
        sign_in(on.author.id)
        .submit(f"/t/{on.thread.id}/proposals/new", **form | {"opening": "now", "closes_at": "9999-12-31T23:59"})
        .status_code
        == 422
    )


def test_the_history_of_a_proposal_comes_in_pages(client):
    on = scene()
    proposal = draft(on)
    with write_transaction():
        for n in range(25):
            drafting.mend_proposal(proposal, on.author.id, terms(title=f"Title {n}"), NOW + timedelta(seconds=n))
    first = client.get(f"/p/{proposal.id}/history").text
    assert "Page 1 of 3" in first
    assert "our own server" not in first  # what it was called at first
    last = client.get(f"/p/{proposal.id}/history?page=3").text
    assert "our own server" in last
