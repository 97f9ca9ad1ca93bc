"""What others say to the reason beside a vote."""

import re
from dataclasses import replace

import pytest
from sqlalchemy import select

from coopgov.core.errors import Refused
from coopgov.decisions.models import ReasonReaction, ReasonReply
from coopgov.decisions.services import reasons, voting
from coopgov.discussion.models import Comment
from coopgov.discussion.rules import Author
from coopgov.discussion.services import hide_words
from coopgov.infra.db import db, write_transaction
from coopgov.infra.web.csrf import FIELD
from coopgov.tally.rule import Secrecy
from tests.conftest import NOW, Browser
from tests.decisions.scene import OPENLY, author_of, close, opened, scene, vote

pytestmark = pytest.mark.usefixtures("app")


def words(page) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page.text).split())


@pytest.fixture
def on(app):
    return scene(3)


@pytest.fixture
def argued(on):
    """A public vote in the open with one reason; the ballot and its proposal."""
    proposal = opened(on)
    return proposal, vote(proposal, on.members[0], "disagree", "The wall is too damp.")


def base(argued) -> str:
    proposal, ballot = argued
    return f"/p/{proposal.id}/votes/{ballot.id}"


def test_a_member_says_a_word_to_a_reason_and_takes_it_back(on, argued, sign_in, client):
    proposal, _ = argued
    browser = sign_in(on.members[1].id)
    assert "Same here" in browser.get(proposal.path).text
    assert "Same here" not in client.get(proposal.path).text
    assert browser.submit(f"{base(argued)}/react", word="same:on").location == base(argued)
    assert sign_in(on.members[2].id).submit(f"{base(argued)}/react", word="same:on").status_code == 303
    assert "Same here: 2" in words(client.get(proposal.path))
    assert browser.submit(f"{base(argued)}/react", word="same:on").status_code == 303  # a double click changes nothing
    assert "Same here: 2" in words(client.get(proposal.path))
    assert 'value="same:off" aria-pressed="true"' in browser.get(proposal.path).text
    fragment = browser.post(
        f"{base(argued)}/react",
        data={FIELD: browser.token(), "word": "same:off"},
        headers={"Origin": "http://localhost", "HX-Request": "true"},
    )
    assert 'value="same:on" aria-pressed="false"' in fragment.text
    assert "<html" not in fragment.text
    assert db.session.scalars(select(ReasonReaction.party_id)).all() == [on.members[2].id]


def test_a_word_that_there_is_not_is_refused(on, argued, sign_in):
    proposal, ballot = argued
    assert sign_in(on.members[1].id).submit(f"{base(argued)}/react", word="boo:on").status_code == 422
    with pytest.raises(Refused, match=r"reason\.reaction"), write_transaction():
        reasons.react(proposal, ballot.id, on.members[1].id, "", True, NOW)


def test_a_reply_stands_below_the_reason_and_in_the_discussion_and_tells_who_gave_it(
    on, argued, sign_in, client, catch_up, mails
):
    proposal, _ = argued
    browser = sign_in(on.members[1].id)
    page = browser.get(base(argued))
    assert "The wall is too damp." in page.text
    assert "@Member" not in page.text
    answer = browser.submit(f"{base(argued)}/reply", text="Then we *drain* it.", form_key="k1")
    assert answer.location == f"{base(argued)}?said=reason-replied"
    assert browser.submit(f"{base(argued)}/reply", text="Then we *drain* it.", form_key="k1").status_code == 303
    assert len(db.session.scalars(select(Comment)).all()) == 1
    for public in (client.get(proposal.path), client.get(on.thread.path)):
        assert "<em>drain</em>" in public.text
    catch_up()
    assert [mail["Subject"] for mail in mails()].count(f"Member 1 replied to your reason: {proposal.title}") == 1


def test_an_empty_reply_is_refused_beside_the_field(on, argued, sign_in):
    answer = sign_in(on.members[1].id).submit(f"{base(argued)}/reply", text=" ")
    assert answer.status_code == 422
    assert 'id="text-error"' in answer.text
    assert db.session.scalars(select(ReasonReply)).all() == []


def test_a_hidden_reply_is_gone_from_the_reason_too(on, argued, client):
    proposal, ballot = argued
    with write_transaction():
        comment = reasons.reply(proposal, ballot.id, author_of(on.members[1]), "You fool.", "", NOW)
    assert "You fool." in client.get(proposal.path).text
    with write_transaction():
        hide_words(on.thread, comment, on.convenor.id, "Insult.", NOW)
    assert "You fool." not in client.get(proposal.path).text


def test_while_some_may_not_read_the_reason_yet_nobody_replies_in_the_discussion(on, sign_in):
    proposal = opened(on, rule=replace(OPENLY, secrecy=Secrecy.UNTIL_VOTED))
    ballot = vote(proposal, on.members[0], "disagree", "The wall is too damp.")
    vote(proposal, on.members[1], "agree")
    browser, path = sign_in(on.members[1].id), base((proposal, ballot))
    assert f'href="{path}"' not in browser.get(proposal.path).text
    assert "<textarea" not in browser.get(path).text
    answer = browser.submit(f"{path}/reply", text="Then we drain it.")
    assert answer.status_code == 409
    assert "Then we drain it." in answer.text
    assert db.session.scalars(select(Comment)).all() == []
    close(proposal)
    assert browser.submit(f"{path}/reply", text="Then we drain it.").status_code == 303


def test_a_page_on_which_a_reply_names_somebody_in_full_stays_out_of_search_engines(on, client):
    proposal = opened(on)
    with write_transaction():
        ballot = voting.cast_ballot(proposal.id, on.members[0].id, "agree", "It is time.", "", "web", NOW, NOW)
        proposal.public_name = ""
    assert "noindex" not in client.get(proposal.path).text
    with write_transaction():
        reasons.reply(proposal, ballot.id, Author(on.members[1].id, "Bea Bright", "Bea Bright"), "Yes.", "", NOW)
    assert "noindex" in client.get(proposal.path).text


def test_where_votes_are_hidden_there_is_no_reason_to_answer(on, sign_in):
    proposal = opened(on, rule=replace(OPENLY, secrecy=Secrecy.UNTIL_CLOSED))
    ballot = vote(proposal, on.members[0], "disagree", "The wall is too damp.")
    browser = sign_in(on.members[1].id)
    assert browser.get(base((proposal, ballot))).status_code == 404
    assert browser.submit(f"{base((proposal, ballot))}/react", word="same:on").status_code == 404
    assert browser.submit(f"{base((proposal, ballot))}/reply", text="No.").status_code == 404


def test_only_a_counted_ballot_with_a_reason_of_this_vote_can_be_answered(on, argued, sign_in):
    proposal, old = argued
    plain = vote(proposal, on.members[1], "agree")
    new = vote(proposal, on.members[0], "disagree", "The roof leaks as well.")
    other = opened(on)
    browser: Browser = sign_in(on.members[2].id)
    assert browser.get(f"/p/{proposal.id}/votes/{new.id}").status_code == 200
    for path in (
        f"/p/{proposal.id}/votes/{old.id}",
        f"/p/{proposal.id}/votes/{plain.id}",
        f"/p/{other.id}/votes/{new.id}",
    ):
        assert browser.get(path).status_code == 404


def test_visitors_and_strangers_cannot_answer(argued, client, sign_in):
    assert client.get(base(argued)).status_code in (302, 303, 401)
    assert client.submit(f"{base(argued)}/react", word="same:on").status_code in (302, 303, 401, 403)
