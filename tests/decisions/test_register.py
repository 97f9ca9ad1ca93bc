import csv
import io
import json
from datetime import timedelta
from xml.etree import ElementTree

import pytest

from coopgov.decisions.models import Proposal
from coopgov.infra.db import write_transaction
from tests import factories as make
from tests.conftest import NOW
from tests.decisions.scene import CLOSES, close, draft, opened, scene, vote, vote_all

ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture
def decided(app):
    """One passed, one failed, one open in a group; one members-only; a draft."""
    on = scene()
    passed = opened(on, title="First question")
    vote_all(passed, [on.author, on.convenor], "agree", "agree")
    close(passed)
    failed = opened(on, title="=Second, question")
    vote_all(failed, [on.author], "disagree")
    close(failed)
    opened(on, title="Third question")
    draft(on, title="Fourth question")
    on.thread = make.thread(make.group("Finance"), on.author, is_public=False)
    opened(on, title="Fifth question")
    return on


def test_the_register_shows_open_ones_first_then_what_was_decided(client, decided):
    page = client.get("/decisions")
    assert page.status_code == 200
    order = [page.text.index(title) for title in ("Third question", "=Second, question", "First question")]
    assert order == sorted(order)
    assert "2 of 5 voted (40%)" in page.text
    assert "Fourth question" not in page.text
    assert "Fifth question" not in page.text
    assert "Set-Cookie" not in page.headers
    assert client.get("/decisions", headers={"If-None-Match": page.headers["ETag"]}).status_code == 304


def test_members_see_the_members_only_ones_too(sign_in, decided):
    assert "Fifth question" in sign_in(decided.author.id).get("/decisions").text


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("result=passed", {"First question"}),
        ("result=failed", {"=Second, question"}),
        ("result=open", {"Third question", "Fifth question"}),
        ("result=tied", set()),
        ("group=finance", {"Fifth question"}),
        ("group=tech&result=open", {"Third question"}),
        ("group=nowhere", set()),
        ("result=nonsense", set()),
    ],
)
def test_the_register_is_narrowed_by_group_and_result(sign_in, decided, query, shown):
    page = sign_in(decided.author.id).get(f"/decisions?{query}").text
    assert {
        t for t in ("First question", "=Second, question", "Third question", "Fifth question") if t in page
    } == shown
    if not shown:
        assert "Nothing fits" in page


def test_an_empty_register_says_what_to_do(client):
    assert "Nothing was decided yet" in client.get("/decisions").text


def test_the_register_is_paged_and_takes_as_many_statements_for_many(client, statements):
    on = scene(0)
    opened(on, title="One")
    client.get("/decisions")
    with statements() as few:
        client.get("/decisions?a=1")
    for n in range(30):
        opened(on, title=f"Question {n}")
    with statements() as many:
        page = client.get("/decisions?a=2").text
    assert len(many) <= len(few) <= 10
    with statements() as kept:
        client.get("/decisions?a=2")
    assert len(kept) <= 1
    assert "Page 1 of 2" in page
    assert page.count('class="entry-title"') == 25


def test_a_new_vote_renews_the_register(client, decided):
    assert "0 of 5 voted" in client.get("/decisions?result=open").text
    with write_transaction() as session:
        third = session.query(Proposal).filter_by(title="Third question").one()
    vote(third, decided.author)
    assert "1 of 5 voted" in client.get("/decisions?result=open").text


COUNTED = (
    *("id", "title", "group", "state", "verdict", "opened", "closes", "on_roll", "cast"),
    *("agree", "abstain", "disagree", "block", "address"),
)


def test_the_register_as_json_has_the_public_ones_whoever_asks(client, sign_in, decided):
    for browser in (client, sign_in(decided.author.id)):
        rows = json.loads(browser.get("/decisions.json").text)
        assert [row["title"] for row in rows] == ["Third question", "=Second, question", "First question"]
    assert {name: rows[2][name] for name in list(rows[2]) if name in COUNTED} == {
        "id": 1,
        "title": "First question",
        "group": "Tech",
        "state": "closed",
        "verdict": "passed",
        "opened": "2026-11-22T12:00:00Z",
        "closes": "2026-11-29T12:00:00Z",
        "on_roll": 5,
        "cast": 2,
        "agree": 2,
        "abstain": 0,
        "disagree": 0,
        "block": 0,
        "address": "http://localhost/p/1-first-question",
    }


def test_the_register_as_a_table_holds_no_formula(client, decided):
    answer = client.get("/decisions.csv")
    assert answer.mimetype == "text/csv"
    assert "decisions.csv" in answer.headers["Content-Disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["title"] for row in rows] == ["Third question", "'=Second, question", "First question"]
    assert (rows[2]["agree"], rows[2]["on_roll"], rows[0]["agree"]) == ("2", "5", "")


def test_the_register_as_a_feed(client, decided):
    answer = client.get("/decisions.atom")
    assert answer.mimetype == "application/atom+xml"
    titles = [e.findtext(f"{ATOM}title") for e in ElementTree.fromstring(answer.data).iter(f"{ATOM}entry")]
    assert titles == ["Open: Third question", "Not passed: =Second, question", "Passed: First question"]
    assert "Set-Cookie" not in answer.headers


def test_withdrawn_ones_are_no_decisions(client, sign_in):
    on = scene()
    proposal = opened(on)
    sign_in(on.author.id).submit(f"/p/{proposal.id}/withdraw", reason="It broke.")
    assert json.loads(client.get("/decisions.json").text) == []


def test_a_vote_that_closed_by_the_clock_is_shown_as_counting(client, clock):
    on = scene()
    opened(on)
    clock.now = CLOSES + timedelta(seconds=1)
    assert "Counting" in client.get("/decisions").text
    assert NOW < CLOSES
