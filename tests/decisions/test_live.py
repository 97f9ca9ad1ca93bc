"""The result so far, on a page that stays open."""

import re
from dataclasses import replace

from coopgov.tally.rule import Secrecy
from tests.decisions.scene import OPENLY, opened, scene, vote


def test_a_page_that_shows_how_a_vote_stands_asks_for_it_anew_and_gets_only_what_is_new(app, client):
    on = scene(2)
    proposal = opened(on)
    page = client.get(proposal.path).text
    asks = re.search(r'hx-get="(/p/\d+/result\?v=\d+)" hx-trigger="every 20s"', page)
    assert asks is not None
    assert "htmx.min.js" in page
    assert client.get(asks[1]).status_code == 204
    vote(proposal, on.members[0], "disagree")
    fresh = client.get(asks[1])
    assert fresh.status_code == 200
    assert asks[1] not in fresh.text
    assert 'id="result"' in fresh.text
    assert "<html" not in fresh.text
    again = re.search(r'hx-get="([^"]+)"', fresh.text)
    assert client.get(again[1]).status_code == 204


def test_when_voting_has_closed_it_leads_to_the_result_and_asks_no_more(app, client, clock):
    proposal = opened(scene(2))
    clock.forward(days=8)
    over = client.get(f"/p/{proposal.id}/result?v=0").text
    assert "Voting has closed." in over
    assert "hx-get" not in over


def test_what_is_hidden_is_not_asked_for_and_not_given(app, client, sign_in):
    on = scene(2)
    proposal = opened(on, rule=replace(OPENLY, secrecy=Secrecy.UNTIL_VOTED))
    vote(proposal, on.members[0], "disagree")
    assert "/result?v=" not in client.get(proposal.path).text
    assert "Disagree" not in client.get(f"/p/{proposal.id}/result?v=0").text
    assert "/result?v=" in sign_in(on.members[0].id).get(proposal.path).text
    assert "Disagree" in sign_in(on.members[0].id).get(f"/p/{proposal.id}/result?v=0").text


def test_it_is_not_there_for_who_may_not_read_the_proposal(app, client):
    proposal = opened(scene(2, is_public=False))
    assert client.get(f"/p/{proposal.id}/result").status_code == 404
