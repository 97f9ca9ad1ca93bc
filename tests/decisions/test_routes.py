"""Pages of a proposal: writing, reading, voting signed in, and each refusal."""

import gzip
import json
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from coopgov.decisions.counting import vote_box
from coopgov.decisions.models import Ballot, Proposal, ProposalRevision
from coopgov.decisions.services import opening, voting
from coopgov.infra.db import db, write_transaction
from coopgov.tally.rule import PRESETS, Rule
from tests import factories as make
from tests.conftest import NOW
from tests.decisions.scene import CLOSES, close, draft, opened, scene, vote

FORM = {
    "title": "Move to our own server",
    "source": "We **move**.",
    "electorate": "coop",
    "rule_name": "ordinary",
    "opening": "now",
    "closes_at": "2026-11-29T18:00",
}
PLAIN = {"strict": "at_least", "base": "decisive", "quorum_kind": "none", "blocks_kind": "as_disagree"}
LONG = "A reason that somebody typed with care and would hate to lose."


def only() -> Proposal:
    db.session.rollback()
    return db.session.scalars(select(Proposal)).one()


# Writing


def test_a_member_starts_a_proposal_from_a_thread(sign_in):
    on = scene()
    browser = sign_in(on.author.id)
    new = browser.get(f"/t/{on.thread.id}/proposals/new")
    assert "It passes if at least half of those who take a side agree." in new.text
    assert "By the clocks of Europe/London." in new.text
    assert "2026-11-29T18:00" in new.text or "2026-11-29 18:00" in new.text
    answer = browser.submit(f"/t/{on.thread.id}/proposals/new", **FORM)
    proposal = only()
    assert (answer.status_code, answer.location) == (303, f"{proposal.path}?said=proposal-opened")
    assert (proposal.state, proposal.roll_size, proposal.rule_name) == ("open", 5, "ordinary")
    assert proposal.closes_at == CLOSES + timedelta(hours=6)
    assert "Voting is open" in browser.get(answer.location).text


def test_a_proposal_can_wait_for_a_date_or_stay_a_draft(sign_in):
    on = scene()
    browser, path = sign_in(on.author.id), f"/t/{on.thread.id}/proposals/new"
    browser.submit(path, **FORM | {"opening": "at", "opens_at": "2026-11-23T09:00"})
    browser.submit(path, **FORM | {"opening": "draft"})
    db.session.rollback()
    assert [p.state for p in db.session.scalars(select(Proposal).order_by(Proposal.id))] == ["discussion", "draft"]


def test_a_rule_of_its_own_is_put_together_from_fractions(sign_in):
    on = scene()
    own = {"rule_name": "own", "strict": "more_than", "share_top": "3", "share_bottom": "5", "base": "cast"}
    own |= {"quorum_kind": "approval", "quorum_top": "1", "quorum_bottom": "10", "minimum_days": "3"}
    own |= {"blocks_kind": "up_to", "blocks_number": "2"}
    answer = sign_in(on.author.id).submit(f"/t/{on.thread.id}/proposals/new", **FORM | own)
    assert answer.status_code == 303
    rule = Rule.from_plain(only().rule)
    assert (rule.threshold.share.numerator, rule.threshold.share.denominator, rule.threshold.strict) == (3, 5, True)
    assert (rule.base, rule.quorum.kind, rule.blocks.number, rule.minimum_voting.days) == ("cast", "approval", 2, 3)
    assert only().rule_name == ""


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"title": ""}, "Write a title."),
        ({"title": "x" * 151}, "1 character too many"),
        ({"source": " "}, "Write what you propose."),
        ({"source": "x" * 20_001}, "This text is too long"),
        ({"closes_at": ""}, "Write when voting closes."),
        ({"closes_at": "soon"}, "Write a date and a time."),
        ({"closes_at": "2026-11-28T11:00"}, "The earliest closing is Saturday 28 November 2026, 13:00 GMT."),
        ({"rule_name": "bylaws"}, "The earliest closing is Wednesday 2 December 2026, 13:00 GMT."),
        ({"opening": "at"}, "Write when voting opens."),
        ({"opening": "at", "opens_at": "2026-11-22T11:59"}, "Choose an opening in the future."),
        (
            {"opening": "at", "opens_at": "2026-11-24T09:30"},
            "The earliest closing is Monday 30 November 2026, 09:30 GMT.",
        ),
        ({"rule_name": "magic"}, "Choose one of the options."),
        ({"electorate": "planet"}, "Choose one of the options."),
        ({"rule_name": "own"}, "Write a share above nothing and at most all"),
        ({"rule_name": "own", "share_top": "3", "share_bottom": "2"}, "Write a share above nothing"),
        ({"rule_name": "own", "share_top": "x", "share_bottom": "2"}, "Write a whole number."),
        ({"rule_name": "own", "share_top": "1", "share_bottom": "0"}, "Write a share above nothing"),
        (
            {"rule_name": "own", "share_top": "1", "share_bottom": "1", "strict": "more_than"},
            "More than all cannot agree",
        ),
        (
            {"rule_name": "own", "share_top": "1", "share_bottom": "2", "quorum_kind": "turnout"},
            "Write the quorum as a share",
        ),
        (
            {"rule_name": "own", "share_top": "1", "share_bottom": "2", "quorum_kind": "absolute"},
            "Write how many votes the quorum asks for",
        ),
        (
            {"rule_name": "own", "share_top": "1", "share_bottom": "2", "blocks_kind": "up_to", "blocks_number": "0"},
            "Write how many blocks are borne",
        ),
        (
            {"rule_name": "own", "share_top": "1", "share_bottom": "2", "blocks_kind": "override"},
            "Write the share that overrides blocks",
        ),
        (
            {"rule_name": "own", "share_top": "1", "share_bottom": "2", "minimum_days": "367"},
            "Write a number of days from 0 to 366.",
        ),
    ],
)
def test_what_is_wrong_stands_beside_its_field_and_typed_text_is_kept(sign_in, change, says):
    on = scene()
    form = (
        FORM | {"strict": "at_least", "base": "decisive", "quorum_kind": "none", "blocks_kind": "as_disagree"} | change
    )
    answer = sign_in(on.author.id).submit(f"/t/{on.thread.id}/proposals/new", **form)
    text = answer.text.replace(",", "")
    assert answer.status_code == 422
    assert says.replace(",", "") in text
    assert "<title>Error: " in answer.text
    assert 'aria-invalid="true"' in answer.text or "wrong" in answer.text
    assert form["source"][:40] in answer.text
    assert db.session.scalar(select(func.count(Proposal.id))) == 0


def test_the_closing_that_an_error_names_is_accepted_minutes_later(sign_in, clock):
    on = scene()
    clock.forward(minutes=9)
    answer = sign_in(on.author.id).submit(
        f"/t/{on.thread.id}/proposals/new", **FORM | {"closes_at": "2026-11-28T13:00"}
    )
    assert answer.status_code == 303


def test_rubbish_in_the_fields_of_an_own_rule_does_not_stop_a_preset(sign_in):
    on = scene()
    answer = sign_in(on.author.id).submit(
        f"/t/{on.thread.id}/proposals/new", **FORM | {"share_top": "many", "quorum_kind": "odd"}
    )
    assert answer.status_code == 303


def test_the_preview_shows_the_text_and_keeps_what_was_typed(sign_in):
    on = scene()
    answer = sign_in(on.author.id).submit(f"/t/{on.thread.id}/proposals/new", **FORM | {"act": "preview"})
    assert answer.status_code == 200
    assert "<p>We <strong>move</strong>.</p>" in answer.text
    assert "We **move**." in answer.text
    assert db.session.scalar(select(func.count(Proposal.id))) == 0


def test_a_form_that_was_open_too_long_keeps_its_text(sign_in):
    on = scene()
    browser = sign_in(on.author.id)
    answer = browser.post(
        f"/t/{on.thread.id}/proposals/new", data=FORM | {"form_token": "old"}, headers={"Origin": "http://localhost"}
    )
    assert answer.status_code == 422
    assert "had been open too long" in answer.text
    assert "We **move**." in answer.text


def test_a_roll_of_nobody_is_said_on_the_form(sign_in):
    group, writer = make.group(), make.member()
    thread = make.thread(group, writer)
    answer = sign_in(writer.id).submit(f"/t/{thread.id}/proposals/new", **FORM | {"electorate": "group"})
    assert answer.status_code == 409
    assert "Nobody would be on the roll" in answer.text
    assert "We **move**." in answer.text


def test_only_members_start_proposals_and_only_in_threads_that_stand(client, sign_in):
    on = scene()
    path = f"/t/{on.thread.id}/proposals/new"
    assert client.get(path).location.startswith("/sign-in")
    assert client.submit(path, **FORM).status_code == 403
    assert sign_in(make.person().id).get(path).status_code == 403
    hidden = make.thread(on.group, on.author, state="hidden")
    assert sign_in(on.author.id).get(f"/t/{hidden.id}/proposals/new").status_code == 403
    assert sign_in(on.author.id).get("/t/999/proposals/new").status_code == 404


# Mending, opening, withdrawing


def test_a_draft_is_mended_and_what_it_said_stays_readable(client, sign_in):
    on = scene()
    proposal = draft(on)
    browser = sign_in(on.author.id)
    page = browser.get(f"/p/{proposal.id}/edit")
    assert "We **move**." in page.text
    answer = browser.submit(f"/p/{proposal.id}/edit", **FORM | {"source": "We stay.", "opening": "draft"})
    assert answer.status_code == 303
    assert (only().html, only().state) == ("<p>We stay.</p>", "draft")
    history = client.get(f"/p/{proposal.id}/history")
    assert "We <strong>move</strong>." in history.text
    assert "Set-Cookie" not in history.headers
    assert history.headers["Cache-Control"].startswith("public")


def test_saving_a_form_unchanged_makes_no_version(sign_in):
    on = scene()
    usual = {"rule": PRESETS["ordinary"], "rule_name": "ordinary"}
    proposal = draft(on, closes_at=CLOSES + timedelta(hours=6), **usual)
    sign_in(on.author.id).submit(f"/p/{proposal.id}/edit", **FORM | {"opening": "draft"})
    assert db.session.scalar(select(func.count(ProposalRevision.id))) == 0


def test_mending_shows_what_is_wrong(sign_in):
    on = scene()
    proposal = draft(on)
    answer = sign_in(on.author.id).submit(f"/p/{proposal.id}/edit", **FORM | {"title": ""})
    assert answer.status_code == 422
    assert "Write a title." in answer.text


def test_nobody_else_mends_it_and_nobody_does_once_it_is_open(client, sign_in):
    on = scene()
    proposal, path = draft(on), "/p/1/edit"
    assert sign_in(on.convenor.id).get(path).status_code == 403
    assert sign_in(on.members[0].id).submit(path, **FORM).status_code == 403
    assert client.get(path).location.startswith("/sign-in")
    with write_transaction():
        opening.open_voting(db.session.get_one(Proposal, proposal.id), NOW)
    assert sign_in(on.author.id).get(path).status_code == 409
    assert sign_in(on.author.id).submit(path, **FORM).status_code == 409


def test_opening_a_draft_asks_first_and_says_how_many_can_vote(sign_in):
    on = scene()
    proposal = draft(on, electorate="group")
    browser = sign_in(on.author.id)
    page = browser.get(f"/p/{proposal.id}/open")
    assert "5 members can vote" in page.text
    assert only().state == "draft"
    assert browser.submit(f"/p/{proposal.id}/open").status_code == 303
    assert only().state == "open"


def test_a_draft_with_too_little_time_left_says_so_instead_of_opening(sign_in, clock):
    on = scene()
    proposal = draft(on)
    clock.forward(days=2)
    answer = sign_in(on.author.id).submit(f"/p/{proposal.id}/open")
    assert answer.status_code == 422
    assert "Hours that it asks for: 144" in answer.text
    assert "Change the closing time" in answer.text
    assert only().state == "draft"


def test_a_convenor_opens_a_draft_of_the_group_and_a_plain_member_does_not(sign_in):
    on = scene()
    proposal = draft(on)
    assert sign_in(on.members[0].id).submit(f"/p/{proposal.id}/open").status_code == 403
    assert sign_in(on.convenor.id).submit(f"/p/{proposal.id}/open").status_code == 303


def test_an_open_proposal_is_withdrawn_with_a_reason_and_keeps_its_votes(client, sign_in):
    on = scene()
    proposal = opened(on)
    vote(proposal, on.members[0])
    browser = sign_in(on.author.id)
    assert "Withdraw the proposal?" in browser.get(f"/p/{proposal.id}/withdraw").text
    assert browser.submit(f"/p/{proposal.id}/withdraw", reason="").status_code == 422
    long = browser.submit(f"/p/{proposal.id}/withdraw", reason=LONG * 10)
    assert (long.status_code, LONG in long.text) == (422, True)
    assert browser.submit(f"/p/{proposal.id}/withdraw", reason="It broke.").status_code == 303
    page = client.get(proposal.path).text
    assert "The proposal was withdrawn, so there is no result." in page
    assert "It broke." in page
    assert "Votes until it was withdrawn" in page
    assert sign_in(on.author.id).get(f"/p/{proposal.id}/withdraw").status_code == 409


def test_nobody_else_withdraws_an_open_vote(client, sign_in):
    on = scene()
    proposal = opened(on)
    for party in (on.convenor, on.members[0]):
        assert sign_in(party.id).submit(f"/p/{proposal.id}/withdraw", reason="No.").status_code == 403
    assert client.submit(f"/p/{proposal.id}/withdraw", reason="No.").status_code == 403


def test_the_convenor_records_what_follows(client, sign_in, clock):
    on = scene()
    proposal = opened(on)
    vote(proposal, on.author)
    proposal, clock.now = close(proposal), CLOSES + timedelta(minutes=1)
    browser = sign_in(on.convenor.id)
    assert "Record what follows" in browser.get(proposal.path).text
    assert browser.submit(f"/p/{proposal.id}/outcome", source="").status_code == 422
    past = browser.submit(f"/p/{proposal.id}/outcome", source="Done.", review_on="2026-11-01")
    assert (past.status_code, "Choose a review date in the future." in past.text) == (422, True)
    assert browser.submit(f"/p/{proposal.id}/outcome", source="**Done**.", review_on="2027-02-28").status_code == 303
    page = client.get(proposal.path).text
    assert "<strong>Done</strong>" in page
    assert "To be reviewed on 28 February 2027." in page
    assert sign_in(on.members[0].id).get(f"/p/{proposal.id}/outcome").status_code == 403
    assert client.get(f"/p/{proposal.id}/outcome").location.startswith("/sign-in")


def test_no_outcome_before_the_count(sign_in):
    on = scene()
    proposal = opened(on)
    assert sign_in(on.convenor.id).get(f"/p/{proposal.id}/outcome").status_code == 409


# Reading


def test_the_public_reads_a_proposal_without_cookie_form_or_write(client, statements):
    on = scene(6)
    proposal = opened(on)
    vote(proposal, on.members[0], "disagree", "Too dear.")
    path = proposal.path
    client.get("/decisions")  # the co-op's name is in memory from here on
    with statements() as first:
        page = client.get(path)
    with statements() as again:
        assert client.get(path).data == page.data
    assert page.status_code == 200
    assert len(first) <= 7
    assert len(again) <= 1
    assert "Too dear." in page.text
    assert "Sign in to vote" in page.text
    assert "Set-Cookie" not in page.headers
    assert "form_token" not in page.text
    assert page.headers["Cache-Control"].startswith("public")
    assert client.get(proposal.path, headers={"If-None-Match": page.headers["ETag"]}).status_code == 304


def test_a_proposal_has_one_address(client):
    proposal = opened(scene())
    assert proposal.path == f"/p/{proposal.id}-move-to-our-own-server"
    for wrong in (f"/p/{proposal.id}", f"/p/{proposal.id}-other"):
        answer = client.get(wrong)
        assert (answer.status_code, answer.location) == (301, proposal.path)
    assert client.get(f"/p/{proposal.id}?page=1").location == f"{proposal.path}?page=1"
    assert client.get("/p/999").status_code == 404


def test_every_statement_count_stays_the_same_with_many_votes(client, sign_in, statements):
    on = scene(60)
    small, large = opened(on), opened(on, title="Large")
    vote(small, on.author)
    for party in on.members:
        vote(large, party, "agree", "Because.")
    client.get("/decisions")
    member = sign_in(on.author.id)
    member.get("/decisions")
    paths = small.path, large.path
    for browser, most in ((client, 8), (member, 17)):
        lengths = []
        for path in paths:
            with statements() as sent:
                assert browser.get(path).status_code == 200
            lengths.append(len(sent))
        assert lengths[0] == lengths[1] <= most


def test_a_member_off_the_roll_needs_no_more_than_16_statements_to_read_why(sign_in, statements):
    on = scene()
    proposal = opened(on, electorate="group")
    late = sign_in(make.member("Late", admitted_at=NOW).id)
    late.get("/decisions")
    path = proposal.path
    with statements() as sent:
        page = late.get(path)
    assert "Only the group votes on this, and you were not in it" in page.text
    assert len(sent) <= 16


def test_votes_are_paged_with_reasons_first(client):
    on = scene(60)
    proposal = opened(on)
    vote(proposal, on.members[0], "agree", "The one reason")
    for party in on.members[1:]:
        vote(proposal, party, at=NOW + timedelta(minutes=5))
    first, second = client.get(proposal.path).text, client.get(f"{proposal.path}?page=2").text
    assert "The one reason" in first
    assert "The one reason" not in second
    assert "60 votes" in first
    assert "Page 1 of 2" in first
    assert "Agree</b> 49</dt>" in first
    assert "Agree</b> 10</dt>" in second
    assert client.get(f"{proposal.path}?page=3").status_code == 404


def test_names_show_to_the_public_as_they_were_when_the_vote_was_cast(client, sign_in):
    on = scene()
    proposal = opened(on)
    with write_transaction():
        for party, name in ((on.author, "Ada A."), (on.convenor, "")):
            voting.cast_ballot(proposal.id, party.id, "agree", "Yes", name, "web", NOW, NOW)
    public = client.get(proposal.path).text
    assert "Ada A." in public
    assert "a member" in public
    assert "Con Venor" not in public
    assert "Con Venor" in sign_in(on.members[0].id).get(proposal.path).text


def test_pages_that_name_somebody_in_full_stay_out_of_search_engines(client):
    on = scene()
    proposal = opened(on)
    assert "noindex" in client.get(proposal.path).text
    with write_transaction():
        db.session.get_one(Proposal, proposal.id).public_name = "Ada A."
        db.session.get_one(Proposal, proposal.id).version += 1
    assert "noindex" not in client.get(proposal.path).text


def test_a_page_says_counting_by_the_clock_and_takes_no_vote_though_no_worker_came(client, sign_in, clock):
    on = scene()
    proposal = opened(on)
    browser = sign_in(on.author.id)
    assert "Result so far" in client.get(proposal.path).text
    clock.now = CLOSES
    page = client.get(proposal.path).text
    assert "The votes are being counted" in page
    assert "Sign in to vote" not in page
    answer = browser.submit(f"/p/{proposal.id}/ballots", choice="agree", reason=LONG)
    assert answer.status_code == 409
    assert "Voting has closed" in answer.text
    assert LONG in answer.text
    assert db.session.scalar(select(func.count(Ballot.id))) == 0


def test_a_scheduled_proposal_says_when_it_opens_and_then_that_it_is_opening(client, clock):
    on = scene()
    proposal = draft(on, opens_at=NOW + timedelta(hours=1), closes_at=CLOSES + timedelta(hours=1))
    assert "Opens <time" in client.get(proposal.path).text
    clock.forward(hours=1)
    assert "Voting opens this minute" in client.get(proposal.path).text


def test_a_closed_proposal_explains_its_verdict(client, clock):
    on = scene()
    proposal = opened(on)
    for party, choice in zip([on.author, on.convenor, *on.members], ["agree", "agree", "disagree"], strict=False):
        vote(proposal, party, choice)
    close(proposal)
    clock.now = CLOSES + timedelta(hours=1)
    page = client.get(proposal.path).text
    assert "2 of the 3 who took a side agree (66.6%). At least half is needed." in page
    assert "3 of 5 on the roll voted (60%)." in page
    assert "1 hour" in page or "60\N{NO-BREAK SPACE}minutes\N{NO-BREAK SPACE}ago" in page


def test_members_only_proposals_are_not_there_for_the_public(client, sign_in):
    on = scene(is_public=False)
    proposal = opened(on)
    for path in (proposal.path, f"/p/{proposal.id}", f"/p/{proposal.id}/history", f"/p/{proposal.id}/results.json"):
        assert client.get(path).status_code == 404
    reader = sign_in(on.members[0].id)
    page = reader.get(proposal.path)
    assert page.status_code == 200
    assert page.headers["Cache-Control"] == "private, no-store"
    assert reader.get(f"/p/{proposal.id}/results.json").headers["Cache-Control"] == "private, no-store"
    assert sign_in(make.person().id).get(proposal.path).status_code == 404


def test_the_numbers_are_there_for_programs(client):
    on = scene()
    proposal = opened(on)
    vote(proposal, on.author)
    numbers = json.loads(client.get(f"/p/{proposal.id}/results.json").text)
    assert (numbers["state"], numbers["cast"], numbers["on_roll"], numbers["result"]) == ("open", 1, 5, None)
    assert numbers["counts"] == {"agree": 1, "abstain": 0, "disagree": 0, "block": 0}
    close(proposal)
    numbers = json.loads(client.get(f"/p/{proposal.id}/results.json").text)
    assert numbers["result"]["verdict"] == "passed"
    assert len(numbers["result"]["digest"]) == 64
    assert numbers["address"] == f"http://localhost{proposal.path}"


def test_a_draft_has_numbers_too_and_they_are_nought(client):
    proposal = draft(scene())
    numbers = json.loads(client.get(f"/p/{proposal.id}/results.json").text)
    assert (numbers["cast"], numbers["counts"]) == (0, {})


def test_members_see_the_roll_their_own_line_and_why_they_are_not_on_it(client, sign_in):
    on = scene()
    proposal = opened(on)
    mine = sign_in(on.author.id).get(f"/p/{proposal.id}/roll").text
    assert "5 members could vote when voting opened" in mine
    assert "You are on it, as member number 1." in mine
    assert "Ada Author" in mine
    for browser in (client, sign_in(make.person().id)):
        assert "Ada Author" not in browser.get(f"/p/{proposal.id}/roll").text


def test_who_joined_after_the_opening_reads_why_there_is_no_vote_for_them(sign_in, clock):
    on = scene()
    proposal = opened(on)
    late = make.member("Late", admitted_at=NOW + timedelta(hours=1))
    clock.forward(hours=2)
    browser = sign_in(late.id)
    said = "You became a member on Sunday"
    assert said in browser.get(f"/p/{proposal.id}/roll").text
    page = browser.get(proposal.path).text
    assert said in page
    assert "Cast my vote" not in page


def test_before_the_opening_there_is_no_roll(sign_in):
    on = scene()
    assert "There is no roll yet" in sign_in(on.author.id).get(f"/p/{draft(on).id}/roll").text


def test_a_public_page_is_small(client, app):
    on = scene(50)
    proposal = opened(on)
    for n, party in enumerate(on.members):
        vote(proposal, party, "agree", f"Reason number {n} of somebody who has thought about it." if n % 3 else "")
    page = gzip.compress(client.get(proposal.path).data)
    css = app.extensions["coopgov.static"]["site.css"].packed
    assert len(page) + len(css) <= 15_000


# Voting


def test_an_elector_votes_and_changes_the_vote(sign_in):
    on = scene()
    proposal = opened(on)
    browser = sign_in(on.members[0].id)
    assert "Cast my vote" in browser.get(proposal.path).text
    answer = browser.submit(f"/p/{proposal.id}/ballots", choice="agree", reason="Yes!")
    assert answer.location == f"{proposal.path}?said=vote-cast"
    page = browser.get(answer.location).text
    assert "Your vote is in." in page
    assert "You voted: Agree." in page
    browser.submit(f"/p/{proposal.id}/ballots", choice="disagree", reason="No!")
    assert vote_box(proposal.id) == {"disagree": 1}


def test_the_public_page_shows_a_vote_as_soon_as_it_is_cast(client):
    on = scene()
    proposal = opened(on)
    assert "Nobody has voted yet." in client.get(proposal.path).text
    vote(proposal, on.author, "agree", "Look at me")
    assert "Look at me" in client.get(proposal.path).text


def test_htmx_gets_the_card_and_the_new_result_and_nothing_else(sign_in):
    on = scene()
    proposal = opened(on)
    browser = sign_in(on.members[0].id)
    token = {"form_token": browser.token()}
    headers = {"Origin": "http://localhost", "HX-Request": "true"}
    card = browser.post(f"/p/{proposal.id}/ballots", data=token | {"choice": "agree"}, headers=headers)
    assert card.status_code == 200
    assert "Your vote is in: Agree." in card.text
    assert 'hx-swap-oob="true"' in card.text
    assert "<html" not in card.text
    wrong = browser.post(f"/p/{proposal.id}/ballots", data=token | {"choice": "block"}, headers=headers)
    assert wrong.status_code == 422
    assert "A block needs a reason" in wrong.text


@pytest.mark.parametrize(
    ("form", "status", "says"),
    [
        ({}, 422, "Choose how you vote."),
        ({"choice": "maybe", "reason": LONG}, 422, "What was sent does not fit this ballot paper."),
        ({"choice": "block", "reason": ""}, 422, "A block needs a reason"),
        ({"choice": "agree", "reason": LONG * 9}, 422, "characters too many"),
    ],
)
def test_a_wrong_ballot_is_shown_again_with_what_was_typed(sign_in, form, status, says):
    on = scene()
    proposal = opened(on)
    answer = sign_in(on.author.id).submit(f"/p/{proposal.id}/ballots", **form)
    assert answer.status_code == status
    assert says in answer.text
    assert form.get("reason", "") in answer.text
    assert db.session.scalar(select(func.count(Ballot.id))) == 0


def test_a_ballot_form_that_was_open_too_long_keeps_choice_and_reason(sign_in):
    on = scene()
    proposal = opened(on)
    answer = sign_in(on.author.id).post(
        f"/p/{proposal.id}/ballots",
        data={"choice": "disagree", "reason": LONG, "form_token": "old"},
        headers={"Origin": "http://localhost"},
    )
    assert answer.status_code == 422
    assert "Cast again" in answer.text
    assert LONG in answer.text
    assert (
        "checked"
        in answer.text.split('value="disagree"')[0].rsplit("<input", 1)[1]
        + answer.text.split('value="disagree"')[1].split(">")[0]
    )


def test_only_those_on_the_roll_vote(client, sign_in):
    on = scene()
    proposal = opened(on, electorate="group")
    assert sign_in(make.member().id).submit(f"/p/{proposal.id}/ballots", choice="agree").status_code == 403
    assert sign_in(make.person().id).submit(f"/p/{proposal.id}/ballots", choice="agree").status_code == 403
    assert client.submit(f"/p/{proposal.id}/ballots", choice="agree").status_code == 403
    assert sign_in(on.author.id).submit("/p/999/ballots", choice="agree").status_code == 404
    assert db.session.scalar(select(func.count(Ballot.id))) == 0


def test_who_lapsed_after_the_opening_of_a_members_only_vote_still_votes(sign_in, clock):
    from coopgov.membership.models import Membership

    on = scene(is_public=False)
    proposal = opened(on)
    with write_transaction() as session:
        session.query(Membership).filter_by(party_id=on.members[0].id).one().ceased_at = NOW + timedelta(hours=1)
    clock.forward(hours=2)
    browser = sign_in(on.members[0].id)
    assert "Cast my vote" in browser.get(proposal.path).text
    assert browser.submit(f"/p/{proposal.id}/ballots", choice="agree").status_code == 303


def test_a_rule_without_blocks_offers_none(sign_in):
    on = scene()
    proposal = opened(on, rule=PRESETS["simple_majority"])
    assert 'value="block"' not in sign_in(on.author.id).get(proposal.path).text


# In other pages


def test_a_thread_shows_its_proposals_and_members_the_way_to_start_one(client, sign_in):
    on = scene()
    proposal = opened(on)
    public = client.get(on.thread.path).text
    assert proposal.path in public
    assert "Start a proposal" not in public
    assert f"/t/{on.thread.id}/proposals/new" in sign_in(on.members[0].id).get(on.thread.path).text
    close(proposal)
    assert "Undecided" in client.get(on.thread.path).text


def test_a_thread_without_proposals_shows_the_public_nothing_of_it(client):
    on = scene()
    assert 'id="proposals"' not in client.get(on.thread.path).text


def test_a_group_shows_what_is_open_and_what_was_decided(client):
    on = scene()
    assert 'id="decisions"' not in client.get("/g/tech").text
    first = opened(on, title="First question")
    close(first)
    opened(on, title="Second question")
    page = client.get("/g/tech").text
    assert page.index("Second question") < page.index("First question")
    assert f"/decisions?group={on.group.slug}" in page
