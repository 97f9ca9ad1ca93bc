"""The ballot by mail: three taps for the elector, nothing for a mail scanner, no more power than one vote."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from coopgov.decisions.counting import vote_box
from coopgov.decisions.models import Ballot, Proposal
from coopgov.decisions.services import drafting
from coopgov.identity.models import SessionRow
from coopgov.infra.audit import AuditRow
from coopgov.infra.db import db, write_transaction
from tests import factories as make
from tests.decisions.scene import CLOSES, close, link, opened, scene, vote

LONG = "A reason that somebody typed on a phone and would hate to lose."


@pytest.fixture
def stage(app):
    on = scene()
    proposal = opened(on)
    return on, proposal, link(app, proposal, on.members[0])


def ballots() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count(Ballot.id)))


def test_a_link_shows_the_question_its_closing_and_the_choices(client, stage):
    page = client.get(stage[2])
    assert page.status_code == 200
    for part in (
        "Move to our own server",
        "We move.",
        "Closes <time",
        "12:00 GMT",
        "I am for it.",
    ):
        assert part in page.text
    assert "It fails unless at least nine tenths agree." in page.text
    assert "noindex" in page.text
    assert page.headers["Cache-Control"] == "private, no-store"
    assert "Set-Cookie" not in page.headers


def test_a_vote_by_mail_is_in_after_one_post_and_no_session_begins(client, stage):
    on, _proposal, path = stage
    answer = client.submit(path, choice="agree", reason="Yes!")
    assert (answer.status_code, answer.location) == (303, path)
    page = client.get(path)
    assert "Your vote is in: Agree." in page.text
    assert "You can change it until Sunday" in page.text
    assert "That&#39;s all, thank you." in page.text or "That's all, thank you." in page.text
    assert "Set-Cookie" not in answer.headers
    assert db.session.scalar(select(func.count(SessionRow.id))) == 0
    ballot = db.session.scalars(select(Ballot)).one()
    assert (ballot.channel, ballot.public_name, ballot.choice) == ("mail", "Member 0", "agree")
    acts = db.session.execute(select(AuditRow.actor, AuditRow.act).order_by(AuditRow.number.desc())).first()
    assert acts == (f"party:{on.members[0].id}", "ballot.cast")


def test_a_scanner_that_opens_every_link_casts_nothing(client, stage):
    path = stage[2]
    for _times in range(3):
        assert client.get(path).status_code == 200
        assert client.head(path).status_code == 200
        assert client.get(f"{path}?choice=agree").status_code == 200
    assert client.get(f"{path}/off").status_code == 405
    assert ballots() == 0
    assert client.get(path).status_code == 200


def test_a_post_from_elsewhere_casts_nothing(client, stage):
    path = stage[2]
    assert client.post(path, data={"choice": "agree"}).status_code == 403
    evil = client.post(path, data={"choice": "agree", "form_token": client.token()}, headers={"Origin": "http://evil"})
    assert evil.status_code == 403
    assert ballots() == 0


def test_a_double_tap_is_one_ballot(client, stage):
    for _tap in range(2):
        assert client.submit(stage[2], choice="agree", reason="Yes").status_code == 303
    assert ballots() == 1


def test_the_vote_can_be_changed_with_the_same_link(client, stage):
    _on, proposal, path = stage
    client.submit(path, choice="agree")
    assert "Change my vote" in client.get(path).text
    client.submit(path, choice="disagree", reason="I slept over it.")
    assert vote_box(proposal.id) == {"disagree": 1}
    assert "Your vote is in: Disagree." in client.get(path).text


def test_who_voted_in_another_tab_sees_that_vote_and_the_later_one_wins(client, stage):
    on, proposal, path = stage
    vote(proposal, on.members[0], "disagree", "From the site")
    page = client.get(path).text
    assert "Your vote is in: Disagree." in page
    assert "From the site" in page
    client.submit(path, choice="agree")
    assert vote_box(proposal.id) == {"agree": 1}


def test_the_next_open_ballot_is_named_but_not_opened_by_this_link(client, sign_in, app, stage):
    on, _proposal, path = stage
    public = opened(on, title="A second question")
    client.submit(path, choice="agree")
    page = client.get(path).text
    assert "One more vote waits for you:" in page
    assert public.path in page
    assert "/vote/" not in page.replace(path, "")
    private = make.thread(on.group, on.author, is_public=False)
    on.thread = private
    opened(on, title="For members only")
    assert "For members only" not in client.get(path).text


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ({"reason": LONG}, "Choose how you vote."),
        ({"choice": "block"}, "A block needs a reason"),
        ({"choice": "agree", "reason": LONG * 9}, "characters too many"),
    ],
)
def test_a_wrong_ballot_is_shown_again_with_what_was_typed(client, stage, form, says):
    answer = client.submit(stage[2], **form)
    assert answer.status_code == 422
    assert says in answer.text
    assert form.get("reason", "") in answer.text
    assert ballots() == 0


def test_an_expired_form_keeps_choice_and_reason_and_can_be_cast_again(client, clock, stage):
    path = stage[2]
    answer = client.post(
        path, data={"choice": "agree", "reason": LONG, "form_token": "old"}, headers={"Origin": "http://localhost"}
    )
    assert answer.status_code == 422
    assert "Cast again" in answer.text
    assert LONG in answer.text
    assert "checked" in answer.text
    assert client.submit(path, choice="agree", reason=LONG).status_code == 303


def test_after_closing_the_link_shows_the_result_and_keeps_the_typed_reason(client, clock, stage):
    _on, proposal, path = stage
    clock.now = CLOSES
    late = client.submit(path, choice="agree", reason=LONG)
    assert late.status_code == 200
    assert "Voting has closed, so this vote does not count." in late.text
    assert LONG in late.text
    assert "being counted" in late.text
    clock.now = CLOSES + timedelta(hours=3)
    close(db.session.get_one(Proposal, proposal.id), clock.now)
    page = client.get(path)
    assert page.status_code == 200
    assert "Undecided" in page.text
    assert "3\N{NO-BREAK SPACE}hours\N{NO-BREAK SPACE}ago" in page.text
    assert "You did not vote." in page.text
    assert ballots() == 0


def test_the_link_of_a_withdrawn_proposal_says_why(client, stage):
    on, proposal, path = stage
    with write_transaction():
        drafting.withdraw(
            db.session.get_one(Proposal, proposal.id), on.author.id, "It broke.", CLOSES - timedelta(days=1)
        )
    assert "It broke." in client.get(path).text
    answer = client.submit(path, choice="agree", reason=LONG)
    assert answer.status_code == 200
    assert "The proposal was withdrawn, so this vote does not count." in answer.text
    assert LONG in answer.text
    assert ballots() == 0


def test_a_forged_or_cut_link_leads_to_sign_in(client, app, stage):
    _on, proposal, path = stage
    signer = app.extensions["coopgov.signer"]
    stranger = {"p": proposal.id + 1, "e": 1}
    forged = [path[:-2], "/vote/nonsense", f"/vote/{signer.sign('form', {'p': 1, 'e': 1})}"]
    for bad in (
        *forged,
        f"/vote/{signer.sign('ballot', stranger)}",
        f"/vote/{signer.sign('ballot', {'p': 1, 'e': 99})}",
    ):
        for answer in (client.get(bad), client.submit(bad, choice="agree"), client.submit(f"{bad}/off")):
            assert answer.status_code == 404
            assert "This link does not work" in answer.text
            assert "/sign-in" in answer.text
    assert ballots() == 0


def test_who_got_somebody_elses_mail_switches_its_link_off_for_good(client, sign_in, stage):
    on, proposal, path = stage
    page = client.get(path)
    assert "whose name begins with M. Not you?" in page.text
    assert "Member 0" not in page.text
    assert "The link is switched off" in client.submit(f"{path}/off").text
    assert client.get(path).status_code == 404
    assert client.submit(path, choice="agree").status_code == 404
    assert client.submit(f"{path}/off").status_code == 404
    assert ballots() == 0
    mine = sign_in(on.members[0].id)
    assert mine.submit(f"/p/{proposal.id}/ballots", choice="agree").status_code == 303


def test_a_stale_button_switches_nothing_off(client, stage):
    path = stage[2]
    answer = client.post(f"{path}/off", data={"form_token": "old"}, headers={"Origin": "http://localhost"})
    assert answer.status_code == 400
    assert client.get(path).status_code == 200


def test_a_member_who_is_signed_in_cannot_cast_the_ballot_of_another(sign_in, stage):
    on, _proposal, path = stage
    other = sign_in(on.members[1].id)
    page = other.get(path)
    assert "This link is the ballot of another member" in page.text
    assert "Cast my vote" not in page.text
    assert other.submit(path, choice="agree").status_code == 403
    assert ballots() == 0


def test_the_elector_who_is_signed_in_uses_the_link_as_well(sign_in, stage):
    on, _proposal, path = stage
    assert sign_in(on.members[0].id).submit(path, choice="agree").status_code == 303
    assert ballots() == 1


def test_a_link_opens_nothing_but_its_own_ballot(client, stage):
    _on, proposal, path = stage
    client.get(path)
    assert client.submit(f"/p/{proposal.id}/ballots", choice="agree").status_code == 403
    assert client.get("/me").location.startswith("/sign-in")


def test_the_summary_has_at_most_60_words(client, app):
    on = scene()
    proposal = opened(on, source="# Costs\n\n" + "word " * 100)
    page = client.get(link(app, proposal, on.author)).text
    shown = page.split('<p dir="auto">')[1].split("</p>")[0]
    assert len(shown.split()) == 61  # and an ellipsis
    assert shown.startswith("Costs: word word")
    assert page.count("word ") >= 100  # all of it is there, folded
