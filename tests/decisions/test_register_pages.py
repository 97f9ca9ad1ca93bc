"""The register's page and its twins, what a proposal's page says of it, and the forms that write it."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.etree import ElementTree

import pytest

from coopgov.decisions.models import DecisionNote, Proposal
from coopgov.decisions.queries.validity import links_of
from coopgov.decisions.rules.stages import state_at
from coopgov.decisions.services import opening, outcomes
from coopgov.decisions.services import register as recording
from coopgov.infra.db import db, write_transaction
from tests import factories as make
from tests.conftest import NOW
from tests.decisions.scene import Scene, close, draft, opened, scene, vote

ATOM = "{http://www.w3.org/2005/Atom}"
DAY = timedelta(days=1)
WEEK = 7 * DAY
BEGAN = NOW - 400 * DAY  # 18 October 2025
AFTER = BEGAN + 8 * DAY


def row(proposal: Proposal) -> Proposal:
    db.session.expire_all()
    return db.session.get_one(Proposal, proposal.id)


def decided(on: Scene, title: str, choice: str = "agree", now: datetime = NOW, **changes) -> Proposal:
    proposal = opened(on, now, title=title, closes_at=now + WEEK, **changes)
    vote(proposal, on.author, choice, at=now)
    return close(row(proposal))


@pytest.fixture
def history(app) -> dict[str, Any]:
    """Decisions of last year in each status, one that failed, one of this year for members only; ``on``: the scene."""
    on = scene()
    names = ("Plain", "Due", "Lapsed", "Repealed", "Old")
    made: dict[str, Any] = {name: decided(on, f"{name} matter", now=BEGAN) for name in names}
    made["Lost"] = decided(on, "Lost matter", "disagree", BEGAN)
    by = on.convenor.id
    with write_transaction():
        recording.set_dates(row(made["Due"]), by, datetime(2025, 11, 25, tzinfo=UTC), None, AFTER)
        recording.set_dates(row(made["Lapsed"]), by, None, datetime(2025, 12, 26, tzinfo=UTC), AFTER)
        recording.repeal(row(made["Repealed"]), by, "General meeting of 3 May.", None, AFTER)
        plain, why = row(made["Plain"]), "No <money>."
        outcomes.record_outcome(plain, by, "We *stay* in Łódź.", None, AFTER, departs=True, departs_reason=why)
    made["New"] = draft(on, AFTER, title="New matter", closes_at=AFTER + WEEK)
    with write_transaction():
        recording.link_decisions(row(made["New"]), {made["Old"].id: "replaces"}, on.author.id, AFTER)
        opening.open_voting(row(made["New"]), AFTER)
    vote(made["New"], on.author, at=AFTER)
    close(row(made["New"]))
    made["thread"], made["on"] = on.thread, on
    on.thread = make.thread(on.group, on.author, "Behind doors", is_public=False)
    made["Secret"] = decided(on, "Secret matter", now=NOW - 2 * WEEK)
    return made


def titles(page: str) -> set[str]:
    names = ("Plain", "Due", "Lapsed", "Repealed", "Old", "Lost", "New", "Secret")
    return {name for name in names if f"<bdi>{name} matter</bdi></a></h2>" in page}


EVERYTHING = {"Plain", "Due", "Lapsed", "Repealed", "Old", "Lost", "New"}


FILTERED = [
    ("", EVERYTHING),
    ("status=in_force", {"Plain", "New"}),
    ("status=review_due", {"Due"}),
    ("status=lapsed", {"Lapsed"}),
    ("status=repealed", {"Repealed"}),
    ("status=superseded", {"Old"}),
    ("status=nonsense", set()),
    ("status=in_force&result=failed", set()),
    ("status=in_force&result=open", set()),
    ("result=passed", EVERYTHING - {"Lost"}),
    ("year=2025", EVERYTHING),
    ("year=2026", set()),
    ("year=99999999", set()),
    ("year=soon", EVERYTHING),
    ("q=matter", EVERYTHING),
    ("q=PLAIN+Matter", {"Plain"}),
    ("q=%C5%81%C3%93D%C5%B9", {"Plain"}),  # ŁÓDŹ, in the outcome
    ("q=plain+lost", set()),
    ("q=%25", set()),
    ("q=_lain", set()),
    ("q=%23{Due}", {"Due"}),
    ("q=secret", set()),
    ("group=tech&q=new", {"New"}),
    ("group=nowhere", set()),
]


def test_every_filter_finds_what_it_says_on_the_page_and_in_its_twin(client, history):
    for query, found in FILTERED:
        asked = query.replace("{Due}", str(history["Due"].id))
        page = client.get(f"/decisions?{asked}").text
        assert (query, titles(page), "Nothing fits" in page) == (query, found, not found)
        twin = json.loads(client.get(f"/decisions.json?{asked}").text)
        assert (query, {line["title"].split()[0] for line in twin}) == (query, found)


def test_members_find_what_is_for_members_and_its_twins_never_do(sign_in, history):
    browser = sign_in(history["on"].author.id)
    assert titles(browser.get("/decisions?year=2026&status=in_force").text) == {"Secret"}
    for twin in ("json", "csv", "atom"):
        assert "Secret matter" not in browser.get(f"/decisions.{twin}").text
        assert browser.get(f"/decisions.{twin}").status_code == 200


def test_the_page_says_the_status_with_its_dates_and_its_relations(client, history):
    page = client.get("/decisions").text
    for words in (
        "In force.",
        "Its review has been due since 25 November 2025.",
        "Lapsed: its last day was 25 December 2025.",
        "Repealed on 26 October 2025.",
        "Superseded on 2 November 2025.",
        "What follows departs from the result.",
    ):
        assert words in page
    assert f'Replaced by: <a href="{row(history["New"]).path}">' in page
    assert f'Replaces: <a href="{row(history["Old"]).path}">' in page


def test_the_twins_carry_status_days_relations_and_the_outcome(client, history):
    lines = {line["title"]: line for line in json.loads(client.get("/decisions.json").text)}
    old, due, plain, lost = (lines[f"{name} matter"] for name in ("Old", "Due", "Plain", "Lost"))
    assert (old["status"], old["replaced_by"]) == ("superseded", [history["New"].id])
    assert (due["status"], due["review_on"], due["in_force_until"]) == ("review_due", "2025-11-25", None)
    assert lines["Lapsed matter"]["in_force_until"] == "2025-12-25"
    assert (plain["outcome"], plain["departs"], plain["departs_reason"]) == ("We *stay* in Łódź.", True, "No <money>.")
    assert (plain["verdict"], lost["status"], lost["departs"]) == ("passed", None, False)
    table = {line["title"]: line for line in csv.DictReader(io.StringIO(client.get("/decisions.csv").text))}
    assert (table["New matter"]["replaces"], table["New matter"]["status"]) == (str(history["Old"].id), "in_force")
    assert table["Plain matter"]["departs_reason"] == "No <money>."


def test_the_feed_renews_an_entry_when_something_is_recorded(client, history):
    feed = ElementTree.fromstring(client.get("/decisions.atom?status=repealed").data)
    (entry,) = feed.iter(f"{ATOM}entry")
    assert entry.findtext(f"{ATOM}updated") == "2025-10-26T12:00:00Z"
    assert "Repealed on 26 October 2025." in entry.findtext(f"{ATOM}content")
    assert feed.findtext(f"{ATOM}id") == "http://localhost/decisions.atom?status=repealed"
    plain = client.get("/decisions.atom?q=plain").text
    assert "Departs from the result: No &amp;lt;money&amp;gt;." in plain
    assert "departs from the result" in client.get("/feed.atom").text


def test_a_proposals_page_warns_of_an_outcome_that_departs_and_keeps_its_verdict(client, history):
    proposal = row(history["Plain"])
    page = client.get(proposal.path).text
    assert "The result stays as it was counted." in page
    assert "No &lt;money&gt;." in page
    assert "Passed" in page
    numbers = json.loads(client.get(f"/p/{proposal.id}/results.json").text)
    assert (numbers["departs"], numbers["status"], numbers["result"]["verdict"]) == (True, "in_force", "passed")
    assert client.get(history["thread"].path).text.count("What follows departs from the result.") == 1


def test_a_proposals_page_names_what_it_hangs_together_with(client, history):
    old, new = row(history["Old"]), row(history["New"])
    assert f'<dt>Replaced by</dt><dd><a href="{new.path}">' in client.get(old.path).text
    assert f'<dt>Replaces</dt><dd><a href="{old.path}">' in client.get(new.path).text
    assert "General meeting of 3 May." in client.get(row(history["Repealed"]).path).text


def test_only_who_may_record_sees_the_buttons(client, sign_in, history):
    on, plain = history["on"], row(history["Plain"])
    assert "Record a review" in sign_in(on.convenor.id).get(plain.path).text
    assert "Repeal it" in sign_in(make.officer("membership_secretary").id).get(plain.path).text
    for page in (client.get(plain.path), sign_in(on.author.id).get(plain.path)):
        assert "Record a review" not in page.text
    assert "Record a review" not in sign_in(on.convenor.id).get(row(history["Old"]).path).text


@pytest.mark.parametrize("page", ["dates", "reviewed", "repeal"])
def test_nobody_else_records_anything(client, sign_in, history, page):
    on, plain, secret = history["on"], history["Plain"], history["Secret"]
    for party in (on.author, on.members[0], make.officer("treasurer")):
        assert sign_in(party.id).get(f"/p/{plain.id}/{page}").status_code == 403
        assert sign_in(party.id).submit(f"/p/{plain.id}/{page}", reason="x", how="elsewhere").status_code == 403
    assert client.get(f"/p/{plain.id}/{page}").location.startswith("/sign-in")
    convenor, stranger = sign_in(on.convenor.id), sign_in(make.person().id)
    assert convenor.get(f"/p/{history['Old'].id}/{page}").status_code == 409
    assert convenor.get(f"/p/{history['Lost'].id}/{page}").status_code == 409
    assert convenor.get(f"/p/{plain.id}/{page}").status_code == 200
    assert stranger.get(f"/p/{secret.id}/{page}").status_code == 404


def test_the_convenor_sets_the_dates(sign_in, history):
    browser, plain = sign_in(history["on"].convenor.id), history["Plain"]
    path = f"/p/{plain.id}/dates"
    for day, words in (
        ("2027-02-29", "Write a date."),
        ("29.2.2028", "Write a date."),
        ("2026-01-01", "Choose a review date in the future."),
        ("0001-01-01", "Write a date and a time."),
    ):
        answer = browser.submit(path, review_on=day, last_day="")
        assert (answer.status_code, words in answer.text) == (422, True), day
    late = browser.submit(path, review_on="2028-03-01", last_day="2028-02-29")
    assert (late.status_code, "before the decision ends" in late.text) == (422, True)
    assert browser.submit(path, review_on="2028-02-29", last_day="2028-02-29").status_code == 303
    page = browser.get(row(plain).path).text
    assert "In force until 29 February 2028. To be reviewed on 29 February 2028." in page
    form = browser.get(path).text
    assert form.count('value="2028-02-29"') == 2
    assert browser.submit(path, review_on="", last_day="").status_code == 303
    page = browser.get(row(plain).path).text
    assert "In force</span>" in page  # the tag says all there is to say
    assert "In the register" not in page


def test_the_secretary_records_a_review(sign_in, history):
    browser, due = sign_in(make.officer("membership_secretary").id), history["Due"]
    path = f"/p/{due.id}/reviewed"
    again = browser.submit(path, reason="It works.", review_on="2025-11-25")
    assert (again.status_code, "It works." in again.text) == (422, True)
    assert browser.submit(path, reason="It works.", review_on="2028-01-10", last_day="").status_code == 303
    page = browser.get(row(due).path).text
    assert "In force. To be reviewed on 10 January 2028." in page
    assert "It works." in page


def test_a_decision_is_repealed_by_one_that_is_found_and_chosen(sign_in, history):
    browser, plain, new = sign_in(history["on"].convenor.id), history["Plain"], history["New"]
    path = f"/p/{plain.id}/repeal"
    found = browser.submit(path, act="find", how="decision", words="new MATTER", reason="Point 3.")
    assert found.status_code == 200
    assert "New matter (No. " in found.text
    assert "Plain matter (No. " not in found.text
    assert "Point 3." in found.text
    assert "There is a problem" not in found.text
    assert "Nothing was found." in browser.submit(path, act="find", how="decision", words="xyzzy").text
    for form, words in (
        ({"reason": "x"}, "Choose one of the options."),
        ({"how": "decision", "reason": "x"}, "Find the decision and choose it."),
        ({"how": "decision", "other": "x", "reason": "x"}, "Find the decision and choose it."),
        ({"how": "decision", "other": str(history["Lost"].id), "reason": "x"}, "in force"),
        ({"how": "elsewhere"}, "Write why it is repealed"),
    ):
        answer = browser.submit(path, **form)
        assert (answer.status_code, words in answer.text) == (422, True), form
    done = browser.submit(path, how="decision", other=str(new.id), reason="Point 3.")
    assert done.status_code == 303
    page = browser.get(row(plain).path).text
    assert f'<dt>Repealed by</dt><dd><a href="{row(new).path}">' in page


def test_a_decision_is_repealed_elsewhere_whatever_was_chosen_before(sign_in, history):
    browser, plain = sign_in(history["on"].convenor.id), history["Plain"]
    form = {"how": "elsewhere", "other": str(history["New"].id), "reason": "General meeting of 1 June."}
    assert browser.submit(f"/p/{plain.id}/repeal", **form).status_code == 303
    db.session.rollback()
    assert db.session.query(DecisionNote).filter_by(proposal_id=plain.id).one().other_id is None


def test_the_author_of_a_draft_finds_and_names_earlier_decisions_without_a_script(sign_in, history):
    on = history["on"]
    new = draft(on, NOW, title="Newer", closes_at=NOW + 2 * WEEK)
    browser, path = sign_in(on.author.id), f"/p/{new.id}/links"
    assert "Name earlier decisions" in browser.get(row(new).path).text
    assert browser.get(path).status_code == 200
    plain, secret = history["Plain"], history["Secret"]
    found = browser.submit(path, act="find", link_words="plain", links=f"{secret.id}:depends_on")
    assert f'value="{plain.id}:replaces"' in found.text
    assert f'value="{secret.id}:depends_on" selected' in found.text
    assert links_of(new.id) == {}
    by_number = browser.submit(path, act="find", link_words=f"#{history['Due'].id}")
    assert "Due matter" in by_number.text
    assert "Nothing was found." in browser.submit(path, act="find", link_words="xyzzy").text
    chosen = [f"{plain.id}:replaces", f"{secret.id}:depends_on", f"{history['Due'].id}:"]
    assert browser.submit(path, links=chosen).status_code == 303
    db.session.rollback()
    assert links_of(new.id) == {plain.id: "replaces", secret.id: "depends_on"}
    assert "Plain matter" in browser.get(row(new).path).text
    wrong = browser.submit(path, links=[f"{history['Old'].id}:replaces"])
    assert (wrong.status_code, "Old matter” is no decision in force" in wrong.text) == (422, True)
    for nonsense in ("x", "1:sings", "99999999999999999999:replaces", "-1:replaces"):
        assert browser.submit(path, links=[nonsense]).status_code == 422
    assert browser.submit(path, links=["4711:replaces"]).status_code == 422


def test_nobody_else_names_earlier_decisions_and_none_once_voting_is_open(sign_in, history):
    on = history["on"]
    new = draft(on, NOW, title="Newer", closes_at=NOW + 2 * WEEK)
    path = f"/p/{new.id}/links"
    for party in (on.convenor, on.members[0]):
        assert sign_in(party.id).get(path).status_code == 403
        assert sign_in(party.id).submit(path, links=[f"{history['Plain'].id}:replaces"]).status_code == 403
    with write_transaction():
        opening.open_voting(row(new), NOW)
    assert state_at(row(new), NOW) == "open"
    assert sign_in(on.author.id).submit(path, links=[]).status_code == 409


def test_an_outcome_that_departs_needs_the_tick_and_the_reason(sign_in, history):
    browser, due = sign_in(history["on"].convenor.id), history["Due"]
    path = f"/p/{due.id}/outcome"
    for form, words in (
        ({"departs": "y"}, "Write why it departs from the result"),
        ({"departs_reason": "Because."}, "Tick the box above"),
    ):
        answer = browser.submit(path, source="We do not.", **form)
        assert (answer.status_code, words in answer.text) == (422, True)
    assert browser.submit(path, source="We do not.", departs="y", departs_reason="Because.").status_code == 303
    assert "The result stays as it was counted." in browser.get(row(due).path).text


def test_the_register_is_sorted_and_paged_across_open_and_closed_ones(client, clock, app):
    on = scene(0)
    for n in range(30):
        decided(on, f"Question {n:02}", now=BEGAN + n * timedelta(hours=1))
    opened(on, title="Open question")
    first, second = (client.get(f"/decisions?page={n}").text for n in (1, 2))
    shown = [f"Question {n:02}" for n in range(29, -1, -1)]
    order = [first.index(f"<bdi>{title}</bdi>") for title in ["Open question", *shown[:24]]]
    assert order == sorted(order)
    assert [title for title in shown if f"<bdi>{title}</bdi>" in second] == shown[24:]
    assert "31 decisions" in first
    assert "q=question" in client.get("/decisions?q=question").text.split('rel="next"')[1]


def test_an_empty_register_asks_for_nothing(client):
    page = client.get("/decisions")
    assert "Nothing was decided yet" in page.text
    assert 'role="search"' not in page.text


def test_the_year_is_that_of_the_coops_clocks(client, clock, app):
    on = scene(0)
    now = datetime(2027, 6, 24, tzinfo=UTC)
    clock.now = now + 30 * DAY
    proposal = opened(on, now, title="Midsummer", closes_at=datetime(2027, 12, 31, 23, 30, tzinfo=UTC))
    assert "Midsummer" in client.get("/decisions?year=2027").text
    assert "Midsummer" not in client.get("/decisions?year=2028").text.split("entries")[-1]
    assert proposal.state == "open"
