"""Every published ballot can be looked at, taken along as a file, and counted again; the page says how, and what for."""

import csv
import io
import json
import re
import subprocess
import sys
from datetime import timedelta
from threading import Thread

import pytest
from click.testing import CliRunner
from flask import render_template
from werkzeug.serving import make_server

from coopgov.cli import main
from coopgov.core.viewer import Viewer
from coopgov.decisions import record_pages
from coopgov.decisions.models import Closing, ResultRow
from coopgov.decisions.queries.rolls import entry_of
from coopgov.decisions.record_pages import is_ranked
from coopgov.decisions.records import published_ballots, without_words
from coopgov.decisions.rules.casting import DRAIN
from coopgov.decisions.rules.options import Option, numbered
from coopgov.infra.db import db
from coopgov.tally.counting_files import Asked, count_file, read_file
from coopgov.tally.methods import METHODS
from coopgov.tally.record import erased, tracker
from coopgov.tally.rule import PRESETS
from tests import factories as make
from tests.conftest import NOW
from tests.decisions.scene import close, opened, scene, vote, vote_all
from tests.federation.announcing import actor, announcements, follower, the_one
from tests.tally.forgeries import SECRET_BOARD

pytestmark = pytest.mark.usefixtures("app")

PAGES = ("ballots", "check", "ballots.csv")
BEST = numbered(["Ada", "Ben", 'Cléo "C" = 1', "Dee"])
RANKED = ("irv", "meek", "ranked-pairs", "schulze", "stv-scottish", "stv-wigm")


def election(method: str, **settings: object):
    return {"method": method, "options": BEST, "settings": settings, "rule": PRESETS["ordinary"]}


def decided(on, *choices: str, **terms: object):
    proposal = opened(on, **terms)
    vote_all(proposal, on.members, *choices)
    return close(proposal)


def rows(page: str) -> dict[str, str]:
    """What stands in each row of the list, by the row's id, in their order."""
    body = page.partition("<tbody>")[2].partition("</tbody>")[0]
    parts = re.split(r'<tr id="([0-9a-f]{64})">', body)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def digest_of(proposal) -> str:
    """D, also when the worker closed the vote."""
    db.session.rollback()
    return db.session.get_one(Closing, proposal.id).digest


def text_of(mail) -> str:
    return mail.get_body(("plain",)).get_content()


def table(answer) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(answer.text)))


class TestTheListOfBallots:
    def test_every_ballot_of_the_record_has_a_row_that_its_tracker_names(self, client):
        on = scene(4)
        proposal = decided(on, "agree", "block", "disagree", "agree")
        answer = client.get(f"/p/{proposal.id}/ballots")
        assert answer.status_code == 200
        found = rows(answer.text)
        record = json.loads(client.get(f"/p/{proposal.id}/record.json").data)
        assert list(found) == [tracker(ballot) for ballot in record["ballots"]] == sorted(found)
        for ballot in record["ballots"]:
            row = found[tracker(ballot)]
            for text in (tracker(ballot), ballot["voter"], ballot["name"], ballot["choice"].title(), ballot["reason"]):
                assert text in row

    def test_nothing_on_it_can_be_sent_anywhere(self, client):
        page = (
            client.get(f"/p/{decided(scene(), 'agree').id}/ballots").text.partition("<main")[2].partition("</main")[0]
        )
        assert '<input id="wanted"' in page
        assert "<form" not in page
        assert not re.search(r"<input[^>]*\sname=", page)
        assert "search in this page" in page

    def test_a_voter_by_name_is_led_to_the_own_row(self, sign_in):
        on = scene(3)
        proposal = decided(on, "agree", "disagree")
        leaf = entry_of(proposal.id, on.members[1].id).leaf
        page = sign_in(on.members[1].id).get(f"/p/{proposal.id}/ballots").text
        (mine,) = re.findall(r'href="#([0-9a-f]{64})"', page)
        assert leaf in rows(page)[mine]
        assert 'href="#' not in sign_in(on.members[2].id).get(f"/p/{proposal.id}/ballots").text.partition("<main")[2]

    def test_a_name_or_reason_cannot_write_html(self, client):
        on = scene()
        proposal = opened(on)
        vote(proposal, on.author, "disagree", "<script>alert(1)</script>")
        close(proposal)
        page = client.get(f"/p/{proposal.id}/ballots").text
        assert "&lt;script&gt;alert(1)" in page
        assert "<script>" not in page

    def test_a_vote_in_which_nobody_voted_says_so(self, client):
        page = client.get(f"/p/{decided(scene()).id}/ballots")
        assert page.status_code == 200
        assert "Nobody voted" in page.text
        assert "<tbody>" not in page.text

    def test_a_ballot_whose_words_were_erased_stays_in_its_row_without_them(self, app):
        on = scene(3)
        proposal = decided(on, "agree", "block")
        ballots = published_ballots(proposal)
        gone = next(ballot for ballot in ballots if ballot["reason"])
        left = without_words(ballots, {gone["voter"]: erased(gone)["said"]})
        with app.test_request_context():
            facts = record_pages.ballots_facts(proposal, left, Viewer())
            row = rows(render_template("decisions/ballots.html", **facts))[tracker(gone)]
        assert "(erased)" in row
        assert gone["name"] not in row
        assert gone["reason"] not in row
        (cells,) = (
            line for line in csv.DictReader(io.StringIO(record_pages.as_csv(proposal, left))) if not line["name"]
        )
        assert (cells["tracker"], cells["reason"], cells["nonce"]) == (tracker(gone), "", "")


class TestSecretBallots:
    """The secret poll of the tally's tests, on the page of a proposal that has its method and options."""

    @pytest.fixture
    def proposal(self):
        board = json.loads(SECRET_BOARD)["manifest"]
        options = [{**option, "meaning": ""} for option in board["options"]]
        author = make.member()
        fields = {"method": board["method"], "options": options, "secrecy": "secret", "state": "closed"}
        return make.proposal(make.thread(make.group(), author), author, NOW, **fields)

    @pytest.fixture
    def ballots(self):
        return json.loads(SECRET_BOARD)["ballots"]

    def test_a_row_has_tracker_choice_random_number_and_dice_and_nothing_of_a_voter(self, app, proposal, ballots):
        with app.test_request_context():
            facts = record_pages.ballots_facts(proposal, ballots, Viewer(party_id=proposal.author_id))
            page = render_template("decisions/ballots.html", **facts)
        found = rows(page)
        assert list(found) == [tracker(ballot) for ballot in ballots]
        for ballot in ballots:
            row = found[tracker(ballot)]
            assert ballot["nonce"] in row
            assert ballot.get("mark", "") in row
            assert len(re.findall("<td", row)) == 4
        assert "Option o1 (é), Option o2 (é)" in page
        assert "the tracker on your receipt" in page
        assert facts["mine"] == ""

    def test_the_table_has_no_names(self, proposal, ballots):
        lines = list(csv.DictReader(io.StringIO(record_pages.as_csv(proposal, ballots))))
        assert list(lines[0]) == ["tracker", "choice", "choice_in_words", "nonce", "mark"]
        assert [line["tracker"] for line in lines] == [tracker(ballot) for ballot in ballots]
        assert [json.loads(line["choice"]) for line in lines] == [ballot["choice"] for ballot in ballots]


class TestWhoMaySeeIt:
    def test_before_closing_there_is_nothing(self, client, sign_in):
        on = scene()
        proposal = opened(on, **election("irv"))
        vote(proposal, on.author, ["o1"])
        for name in (*PAGES, "ballots.blt"):
            assert client.get(f"/p/{proposal.id}/{name}").status_code == 404, name
            assert sign_in(on.author.id).get(f"/p/{proposal.id}/{name}").status_code == 404, name
            assert client.get(f"/p/999/{name}").status_code == 404, name

    def test_a_vote_for_members_is_theirs_alone(self, client, sign_in):
        on = scene(is_public=False)
        proposal = opened(on, **election("irv"))
        vote(proposal, on.author, ["o1"])
        close(proposal)
        for name in (*PAGES, "ballots.blt"):
            assert client.get(f"/p/{proposal.id}/{name}").status_code == 404, name
            assert sign_in(make.person().id).get(f"/p/{proposal.id}/{name}").status_code == 404, name
            answer = sign_in(make.member().id).get(f"/p/{proposal.id}/{name}")
            assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "private, no-store"), name

    def test_the_proposals_page_leads_there_once_it_is_closed(self, client):
        on = scene()
        proposal = opened(on)
        assert f"/p/{proposal.id}/ballots" not in client.get(proposal.path).text
        ranked = opened(on, **election("schulze"))
        for one in (proposal, ranked):
            close(one)
        for name in PAGES:
            assert f'href="/p/{proposal.id}/{name}"' in client.get(proposal.path).text
        assert "ballots.blt" not in client.get(proposal.path).text
        assert f'href="/p/{ranked.id}/ballots.blt"' in client.get(ranked.path).text


class TestFiles:
    def test_the_table_has_a_row_for_each_ballot_and_no_formula(self, client):
        on = scene(4)
        proposal = opened(on)
        vote(proposal, on.author, "disagree", "=1+1")
        vote(proposal, on.convenor, "agree")
        close(proposal)
        answer = client.get(f"/p/{proposal.id}/ballots.csv")
        assert answer.mimetype == "text/csv"
        assert f"ballots-{proposal.id}.csv" in answer.headers["Content-Disposition"]
        lines = table(answer)
        assert {(line["choice"], line["choice_in_words"], line["reason"]) for line in lines} == {
            ('"disagree"', "Disagree", "'=1+1"),
            ('"agree"', "Agree", ""),
        }
        assert {line["nonce"] for line in lines} == {ballot["nonce"] for ballot in published_ballots(proposal)}

    @pytest.mark.parametrize("method", RANKED)
    def test_the_election_file_is_counted_with_the_same_winners(self, client, method):
        on = scene(8)
        seats = 1 if method == "irv" else 2
        proposal = opened(on, **election(method, ties="order", seats=seats))
        ranking = [["o2", "o1"], ["o2", "o3", "o1"], ["o3"], ["o3", "o4"], ["o2"], ["o4", "o3"], ["o1", "o2"], []]
        for party, choice in zip(on.members, ranking, strict=True):
            levels = [[option] for option in choice] if method in ("schulze", "ranked-pairs") else choice
            vote(proposal, party, levels)
        if method in ("schulze", "ranked-pairs"):
            vote(proposal, on.author, [["o1", "o3"], ["o4"]])
        close(proposal)
        answer = client.get(f"/p/{proposal.id}/ballots.blt")
        assert answer.status_code == 200
        file = read_file(answer.text, ".blt")
        found = count_file(file, Asked(method, ties="order"))
        won = db.session.get_one(ResultRow, proposal.id).plain
        assert len(won["winners"]) == seats
        assert found["winners"] == [file.options[int(option[1:]) - 1] for option in won["winners"]]
        assert (found["cast"], found["counted"]) == (won["cast"], won["counted"])

    def test_every_ranked_method_has_an_election_file_and_no_other(self, client):
        on = scene()
        shown = [name for name in METHODS if is_ranked(make.proposal(on.thread, on.author, NOW, method=name))]
        assert sorted(shown) == list(RANKED)
        assert client.get(f"/p/{decided(on, 'agree').id}/ballots.blt").status_code == 404


def test_ballots_about_times_say_them_as_the_readers_clock_shows_them(client, sign_in):
    on, slots = scene(4), ("2026-12-01T18:30:00Z", "2026-12-02T09:00:00Z")
    proposal = opened(on, method="meeting-time", options=tuple(Option(slot, slot) for slot in slots), settings={})
    vote(proposal, on.author, [[slots[0], 1], [slots[1], 2]])
    said = "Wed 2 Dec, 09:00 GMT: yes, Tue 1 Dec, 18:30 GMT: if need be"
    assert said in sign_in(on.author.id).get(proposal.path).text
    close(proposal)
    assert said in client.get(f"/p/{proposal.id}/ballots").text
    assert [line["choice_in_words"] for line in table(client.get(f"/p/{proposal.id}/ballots.csv"))] == [said]


class TestHowToCheck:
    def test_the_page_names_what_was_fixed_and_the_three_ways(self, client):
        proposal = decided(scene(4), "agree", "disagree")
        page = client.get(f"/p/{proposal.id}/check").text
        for fixed in (proposal.manifest_hash, proposal.roll_root, digest_of(proposal)):
            assert fixed in page
        assert f"coopgov verify http://localhost/p/{proposal.id} --manifest M --close D" in page
        assert "python3 recount.py record.json --manifest M --close D" in page
        assert "there must be 2 ballots" in page
        assert "Not witnessed" in page

    def test_it_promises_nothing_that_would_be_false(self, client, sign_in):
        on = scene(is_public=False)
        proposal = decided(on, "agree")
        page = sign_in(on.author.id).get(f"/p/{proposal.id}/check").text
        assert "Whoever may read this vote can count it again" in page
        assert "for members only, so there was no post" in page
        for words in ("anyone can", "anybody can", "nobody can", "deleted", "anonymous", "protects you", "tamper"):
            assert words not in page.lower()


def test_the_demonstrated_way_works_against_the_site(app, client):
    """`coopgov verify ADDRESS` reads the record over HTTP; recount.py is in test_records.py."""
    proposal = decided(scene(4), "agree", "agree", "disagree")
    close_digest = digest_of(proposal)
    server = make_server("127.0.0.1", 0, app)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        address = f"http://127.0.0.1:{server.server_port}/p/{proposal.id}"
        words = ["verify", address, "--manifest", proposal.manifest_hash, "--close", close_digest]
        done = CliRunner().invoke(main, words)
        wrong = CliRunner().invoke(main, [*words[:-1], "0" * 64])
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert done.output.splitlines()[-1] == "PASS"
    assert "ot witnessed" not in done.output
    assert wrong.output.splitlines()[-1].startswith("FAIL: external: D is ")


def test_the_list_of_ballots_is_enough_to_rebuild_the_head_of_the_chain(client):
    """By hand, as the page says, with nothing of ours but the formula of docs/record.md."""
    proposal = decided(scene(4), "agree", "disagree", "abstain")
    trackers = list(rows(client.get(f"/p/{proposal.id}/ballots").text))
    script = (
        "import sys,hashlib\n"
        "h=lambda t: hashlib.sha256(t.encode()).hexdigest()\n"
        "head=h('coopgov/log/v1\\n'+sys.argv[1])\n"
        "for t in sys.argv[2:]: head=h('coopgov/log/v1\\n'+head+'\\n'+t)\n"
        "print(head)"
    )
    command = [sys.executable, "-I", "-c", script, proposal.manifest_hash, *trackers]
    head = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    assert head == db.session.get_one(Closing, proposal.id).plain["h_n"]


class TestWhatIsAnnounced:
    """M when voting opens and D when it has closed go where whoever runs the server cannot take them back."""

    def test_both_are_mailed_to_the_electors_with_what_they_are_for(self, catch_up, mails, clock):
        on = scene(3)
        proposal = opened(on)
        catch_up()
        opening = mails()
        assert len(opening) == len(on.members) + 2  # the author and the convenor too
        for mail in opening:
            said = text_of(mail)
            assert f"\nM: {proposal.manifest_hash}\nRoll: {proposal.roll_root}\n" in said
            assert "Keep this mail: M was fixed with the opening." in said
        clock.now = proposal.closes_at + DRAIN
        catch_up()
        digest = digest_of(proposal)
        closing = [mail for mail in mails() if mail not in opening and digest in text_of(mail)]
        assert len(closing) == len(opening)
        assert f"\nD: {digest}\n" in text_of(closing[0])
        assert f"http://localhost/p/{proposal.id}/check" in text_of(closing[0])

    def test_the_reminder_says_nothing_of_it(self, catch_up, mails, clock):
        proposal = opened(scene())
        catch_up()
        before = len(mails())
        clock.now = proposal.closes_at - timedelta(hours=20)
        catch_up()
        reminders = mails()[before:]
        assert reminders
        assert not any(proposal.manifest_hash in text_of(mail) for mail in reminders)

    def test_the_page_leads_to_the_posts_that_carry_them(self, client, catch_up, clock):
        actor()
        follower()
        proposal = opened(scene())
        catch_up()
        clock.now = proposal.closes_at + timedelta(minutes=1)
        catch_up()
        page = client.get(f"/p/{proposal.id}/check").text
        for kind in ("opened", "result"):
            assert f'href="http://localhost/ap/notes/{the_one(kind).id}"' in page
        note = client.get(f"/ap/notes/{the_one('result').id}")
        assert digest_of(proposal) in note.json["content"]

    def test_nothing_of_a_vote_for_members_is_posted(self, client, catch_up, clock):
        actor()
        follower()
        proposal = opened(scene(is_public=False))
        catch_up()
        clock.now = proposal.closes_at + timedelta(minutes=1)
        catch_up()
        assert digest_of(proposal)
        assert announcements() == []
