"""The home page, for the public and for members, and the pages that explain the co-op."""

from datetime import timedelta

import pytest

from coopgov.decisions.models import ResultRow
from coopgov.infra.db import db, write_transaction
from coopgov.tally.count import Ballot, Manifest, tally
from coopgov.tally.rule import PRESETS
from tests import factories
from tests.conftest import NOW

MIDNIGHT = NOW.replace(hour=0)


@pytest.fixture
def ada(app):
    return factories.member("Ada Lovelace")


@pytest.fixture
def tech(app):
    return factories.group("Tech", summary="Servers and code")


def decided(thread, author, title: str, **fields):
    """A closed proposal that passed, three to one."""
    closed = NOW - timedelta(days=1)
    defaults = {"state": "closed", "opened_at": closed - timedelta(days=6), "closed_at": closed, "roll_size": 6}
    proposal = factories.proposal(thread, author, closed - timedelta(days=6), title=title, **defaults | fields)
    manifest = Manifest("proposal", ("agree", "abstain", "disagree", "block"), PRESETS["ordinary"], 6)
    result = tally(manifest, [Ballot("agree"), Ballot("agree"), Ballot("agree"), Ballot("disagree")])
    with write_transaction() as session:
        plain = result.to_plain()
        row = ResultRow(proposal_id=proposal.id, verdict="passed", plain=plain, digest="0" * 64, counted_at=closed)
        session.add(row)
    return proposal


def voted_on(thread, author, title: str, **fields):
    """An open proposal."""
    return factories.proposal(thread, author, NOW, title=title, state="open", opened_at=NOW, roll_size=1, **fields)


class TestPublic:
    def test_it_shows_groups_decisions_proposals_and_talk(self, client, ada, tech):
        thread = factories.thread(tech, ada, "Where shall we host?")
        factories.comment(thread, ada)
        decided(thread, ada, "Move to X")
        voted_on(thread, ada, "Pay for backups")
        page = client.get("/").text
        for words in ("Test Co-op", "Tech", "Servers and code", "Where shall we host?", "Move to X", "Pay for backups"):
            assert words in page
        assert "Passed" in page
        assert 'class="strip"' in page

    def test_it_sets_no_cookie_writes_nothing_and_may_be_kept(self, client, statements):
        with statements() as sent:
            answer = client.get("/")
        assert "Set-Cookie" not in answer.headers
        assert answer.headers["Cache-Control"].startswith("public")
        assert not [text for text in sent.texts if not text.lstrip().startswith("SELECT")]
        again = client.get("/", headers={"If-None-Match": answer.headers["ETag"]})
        assert again.status_code == 304

    def test_it_is_fresh_as_soon_as_something_public_changes(self, client, ada, tech):
        factories.thread(tech, ada, "First")
        client.get("/")
        factories.thread(tech, ada, "Second")
        assert "Second" in client.get("/").text

    def test_private_rows_change_not_a_byte(self, client, ada, tech):
        thread = factories.thread(tech, ada, "Public matter")
        decided(thread, ada, "Public decision")
        before = client.get("/").data
        private = factories.thread(tech, ada, "Salaries", is_public=False)
        decided(private, ada, "Raise them")
        voted_on(private, ada, "Dismiss somebody")
        factories.seat(tech, factories.member(admitted_at=NOW), starts_at=NOW)
        client.application.extensions["coopgov.pages"] = type(client.application.extensions["coopgov.pages"])()
        assert client.get("/").data == before

    def test_the_number_of_members_is_that_of_the_last_midnight(self, client, ada, clock):
        factories.member(admitted_at=MIDNIGHT + timedelta(minutes=1))
        assert "1 member on 22 November 2026" in client.get("/").text
        clock.forward(days=1)
        assert "2 members on 23 November 2026" in client.get("/").text

    def test_an_empty_coop_says_so(self, client):
        assert "This co-op has just begun" in client.get("/").text

    def test_its_statements_do_not_grow_with_the_coop(self, client, ada, tech, statements):
        client.get("/")
        counts = []
        for _ in range(2):
            for n in range(4):
                thread = factories.thread(tech, ada, f"Thread {n}")
                decided(thread, ada, f"Decision {n}")
                factories.group(f"Group {n} {len(counts)}")
            with statements() as sent:
                client.get("/")
            counts.append(len(sent))
        assert counts[0] == counts[1] <= 10
        with statements() as sent:
            client.get("/")
        assert len(sent) <= 1

    def test_hidden_threads_are_left_out(self, client, ada, tech):
        factories.thread(tech, ada, "Spam", state="hidden")
        assert "Spam" not in client.get("/").text


class TestMembers:
    def test_their_votes_come_first_and_their_groups_before_others(self, sign_in, ada, tech):
        factories.group("Accounts")
        factories.seat(tech, ada)
        proposal = voted_on(factories.thread(tech, ada), ada, "Pay for backups")
        factories.roll(proposal, ada)
        page = sign_in(ada.id).get("/").text
        assert page.count("Pay for backups") == 1
        assert page.index("Waiting for your vote") < page.index("Pay for backups")
        assert page.index(">Tech<") < page.index(">Accounts<")

    def test_they_see_what_is_decided_among_members(self, sign_in, client, ada, tech):
        private = factories.thread(tech, ada, "Salaries", is_public=False)
        decided(private, ada, "Raise them")
        assert "Raise them" in sign_in(ada.id).get("/").text
        assert "Raise them" not in client.get("/").text

    def test_a_former_member_sees_what_the_public_sees(self, sign_in, ada, tech):
        decided(factories.thread(tech, ada, is_public=False), ada, "Raise them")
        assert "Raise them" not in sign_in(factories.person().id).get("/").text

    def test_it_is_never_kept_by_others(self, sign_in, ada):
        assert sign_in(ada.id).get("/").headers["Cache-Control"] == "private, no-store"

    def test_it_takes_few_statements(self, sign_in, ada, tech, statements):
        browser = sign_in(ada.id)
        browser.get("/")
        with statements() as sent:
            browser.get("/")
        assert len(sent) <= 14


class TestExplaining:
    @pytest.mark.parametrize("path", ["/about", "/contact", "/privacy", "/source", "/licence"])
    def test_each_page_is_public_kept_and_needs_no_statement(self, client, path, statements):
        client.get(path)
        with statements() as sent:
            answer = client.get(path)
        assert answer.status_code == 200
        assert "Set-Cookie" not in answer.headers
        assert len(sent) == 0
        assert client.get(path, headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304

    def test_the_contact_stands_where_people_look_for_it(self, client):
        for path in ("/contact", "/privacy"):
            assert "mailto:hello@example.org" in client.get(path).text

    def test_the_licence_is_whole(self, client):
        page = client.get("/licence").text
        assert "GNU AFFERO GENERAL PUBLIC LICENSE" in page
        assert "How to Apply These Terms" in page

    def test_about_shows_what_the_coop_wrote(self, client):
        from coopgov.infra.coop import Coop

        with write_transaction():
            db.session.get_one(Coop, 1).about_html = "<p>We own the servers.</p>"
        assert "<p>We own the servers.</p>" in client.get("/about").text
