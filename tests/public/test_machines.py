"""What programs ask for: feeds, sitemap, robots, security contact, source, health."""

import gzip
import io
import json
import tarfile
from datetime import datetime, timedelta
from xml.etree.ElementTree import fromstring

import pytest
from sqlalchemy import text

from coopgov.discussion.models import Thread
from coopgov.infra.db import db, write_transaction
from coopgov.infra.feeds import ATOM
from coopgov.infra.jobs import ClockRun
from coopgov.public import routes, source
from tests import factories
from tests.conftest import NOW, make_app
from tests.public.test_home import decided, voted_on

NS = {"a": ATOM, "s": "http://www.sitemaps.org/schemas/sitemap/0.9"}
KEPT = ["/feed.atom", "/feed.json", "/sitemap.xml", "/robots.txt", "/.well-known/security.txt"]


@pytest.fixture
def ada(app):
    return factories.member("Ada Lovelace")


@pytest.fixture
def tech(app):
    return factories.group("Tech")


def titles(client, path: str = "/feed.json") -> list[str]:
    return [item["title"] for item in json.loads(client.get(path).data)["items"]]


def addresses(client, path: str = "/sitemap.xml") -> set[str]:
    found = fromstring(client.get(path).data).findall(".//s:loc", NS)
    return {str(element.text) for element in found}


class TestFeeds:
    def test_it_tells_of_threads_proposals_and_decisions_newest_first(self, client, ada, tech):
        thread = factories.thread(tech, ada, "Where shall we host?")
        decided(thread, ada, "Move to X")
        voted_on(thread, ada, "Pay for backups")
        assert titles(client) == [
            "Proposal: Pay for backups",
            "Passed: Move to X",
            "Proposal: Move to X",
            "Where shall we host?",
        ]

    def test_a_decision_comes_with_its_counts(self, client, ada, tech):
        decided(factories.thread(tech, ada), ada, "Move to X")
        items = json.loads(client.get("/feed.json").data)["items"]
        (html,) = [item["content_html"] for item in items if item["title"] == "Passed: Move to X"]
        assert "Agree 3, Abstain 0, Disagree 1, Block 0" in html
        assert "<p>We move.</p>" in html

    def test_atom_says_the_same_with_lasting_ids(self, client, ada, tech):
        thread = factories.thread(tech, ada, "Where shall we host?")
        feed = fromstring(client.get("/feed.atom").data)
        assert feed.findtext("a:entry/a:title", namespaces=NS) == "Where shall we host?"
        assert feed.findtext("a:entry/a:id", namespaces=NS) == f"tag:localhost,2020-01-01:thread/{thread.id}"
        assert feed.find("a:entry/a:link", NS).get("href") == f"http://localhost{thread.path}"

    def test_an_edit_keeps_the_id_and_what_is_hidden_vanishes(self, client, ada, tech):
        """Edge case 57, with words that would end a CDATA section."""
        thread = factories.thread(tech, ada, "Before")
        (before,) = json.loads(client.get("/feed.json").data)["items"]
        with write_transaction():
            row = db.session.get_one(Thread, thread.id)
            row.title, row.version, row.edited_at = "After ]]> & <b>", row.version + 1, NOW
        (after,) = json.loads(client.get("/feed.json").data)["items"]
        entry = fromstring(client.get("/feed.atom").data).find("a:entry", NS)
        assert (after["id"], after["title"]) == (before["id"], "After ]]> & <b>")
        assert after["date_modified"] > before["date_modified"]
        assert (entry.findtext("a:id", namespaces=NS), entry.findtext("a:title", namespaces=NS)) == (
            before["id"],
            "After ]]> & <b>",
        )
        with write_transaction():
            row = db.session.get_one(Thread, thread.id)
            row.state, row.version = "hidden", row.version + 1
        assert titles(client) == []
        assert fromstring(client.get("/feed.atom").data).find("a:entry", NS) is None

    def test_an_author_is_named_as_they_chose_when_writing(self, client, ada, tech):
        factories.thread(tech, ada, "One", public_name="Ada L.")
        factories.thread(tech, ada, "Two", public_name="")
        feed = client.get("/feed.json").text
        assert "Ada L." in feed
        assert "Ada Lovelace" not in feed

    def test_nothing_private_hidden_or_drafted_is_told(self, client, ada, tech):
        private = factories.thread(tech, ada, "Salaries", is_public=False)
        decided(private, ada, "Raise them")
        voted_on(private, ada, "Dismiss somebody")
        factories.thread(tech, ada, "Spam", state="hidden")
        factories.thread(tech, ada, "Gone", state="deleted")
        factories.proposal(factories.thread(tech, ada, "Known"), ada, NOW, title="Not ready")
        assert titles(client) == ["Known"]
        assert titles(client, "/g/tech/feed.json") == ["Known"]

    def test_a_group_has_a_feed_of_its_own(self, client, ada, tech):
        factories.thread(tech, ada, "Servers")
        other = factories.thread(factories.group("Finance"), ada, "Money")
        voted_on(other, ada, "Spend it")
        assert titles(client, "/g/tech/feed.json") == ["Servers"]
        assert titles(client, "/g/finance/feed.json") == ["Proposal: Spend it", "Money"]
        assert client.get("/g/nobody/feed.atom").status_code == 404

    def test_it_keeps_to_the_newest_thirty(self, client, ada, tech):
        for n in range(32):
            factories.thread(tech, ada, f"Thread {n}", opened_at=NOW + timedelta(minutes=n))
        assert titles(client)[0] == "Thread 31"
        assert len(titles(client)) == 30

    def test_an_empty_feed_is_whole(self, client):
        feed = fromstring(client.get("/feed.atom").data)
        assert feed.findtext("a:updated", namespaces=NS) == "2026-11-22T12:00:00Z"

    def test_before_the_coop_exists_there_is_no_feed(self, empty_app):
        assert empty_app.test_client().get("/feed.atom").status_code == 404

    def test_its_statements_do_not_grow(self, client, ada, tech, statements):
        client.get("/feed.atom")
        counts = []
        for _ in range(2):
            for n in range(3):
                decided(factories.thread(tech, ada, f"Thread {n}"), ada, f"Decision {n}")
            with statements() as sent:
                client.get("/feed.atom")
            counts.append(len(sent))
        assert counts[0] == counts[1] <= 6


@pytest.mark.parametrize("path", [*KEPT, "/g/tech/feed.atom", "/g/tech/feed.json"])
def test_it_may_be_kept_sets_no_cookie_and_answers_304(client, tech, path):
    answer = client.get(path)
    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["Cache-Control"] == "public, max-age=30"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert client.get(path, headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304


def test_a_members_feed_is_the_public_one(client, sign_in, ada, tech):
    factories.thread(tech, ada, "Salaries", is_public=False)
    factories.thread(tech, ada, "Summer party")
    assert sign_in(ada.id).get("/feed.atom").data == client.get("/feed.atom").data


class TestSitemap:
    def test_it_lists_public_pages_and_no_others(self, client, ada, tech):
        public = factories.thread(tech, ada, "Where shall we host?")
        proposal = voted_on(public, ada, "Move?")
        private = factories.thread(tech, ada, "Salaries", is_public=False)
        voted_on(private, ada, "Raise them")
        factories.thread(tech, ada, "Spam", state="hidden")
        factories.proposal(public, ada, NOW, title="Not ready")
        pages = {f"http://localhost{path}" for path in routes.PAGES}
        found = {f"http://localhost{path}" for path in ("/g/tech", public.path, proposal.path)}
        assert addresses(client) == pages | found

    def test_many_addresses_make_an_index(self, client, ada, tech, monkeypatch):
        monkeypatch.setattr(routes, "MOST", 3)
        threads = [factories.thread(tech, ada, f"Thread {n}") for n in range(5)]
        index = addresses(client)
        assert index == {"http://localhost/sitemap.xml?page=1", "http://localhost/sitemap.xml?page=2"}
        found = addresses(client, "/sitemap.xml?page=1") | addresses(client, "/sitemap.xml?page=2")
        assert {f"http://localhost{thread.path}" for thread in threads} < found

    def test_robots_are_shown_to_it_and_kept_from_personal_pages(self, client):
        lines = client.get("/robots.txt").text.splitlines()
        assert "Sitemap: http://localhost/sitemap.xml" in lines
        assert "Disallow: /inbox" in lines


class TestSecurityContact:
    def test_it_has_what_rfc_9116_demands(self, client):
        lines = dict(line.split(": ", 1) for line in client.get("/.well-known/security.txt").text.splitlines())
        assert lines["Contact"] == "mailto:hello@example.org"
        expires = datetime.fromisoformat(lines["Expires"])
        assert timedelta(days=200) < expires - NOW < timedelta(days=365)

    def test_without_an_address_it_names_the_contact_page(self, database_url, tmp_path, clock):
        app = make_app(database_url, tmp_path, clock, contact="")
        with app.app_context():
            assert "Contact: http://localhost/contact" in app.test_client().get("/.well-known/security.txt").text
            db.session.remove()
            db.engine.dispose()


class TestSource:
    def test_the_running_source_can_be_downloaded(self, client):
        path = f"/source/{source.NAME}.tar.gz"
        assert path in client.get("/source").text
        with tarfile.open(fileobj=io.BytesIO(client.get(path).data)) as tar:
            names = tar.getnames()
        assert f"{source.NAME}/coopgov/app.py" in names
        assert f"{source.NAME}/templates/layout.html" in names
        assert f"{source.NAME}/LICENSE" in names

    def test_nothing_that_an_installation_wrote_is_in_it(self):
        names = [path.as_posix() for path in source.source_files()]
        assert not [
            name
            for name in names
            if "/var/" in name or "/node_modules/" in name or name.endswith((".db", ".key", ".pyc", ".env"))
        ]

    def test_the_same_files_give_the_same_bytes(self):
        pack = source.tarball.__wrapped__
        assert pack() == pack()
        assert gzip.decompress(pack())


class TestHealth:
    def test_it_is_healthy_while_the_database_answers(self, client):
        answer = client.get("/healthz")
        assert (answer.status_code, answer.text) == (200, "ok\n")
        assert answer.headers["Cache-Control"] == "no-store"

    def test_it_is_not_when_the_database_is_away(self, tmp_path, clock):
        app = make_app(f"sqlite:///{tmp_path / 'no' / 'such' / 'folder.db'}", tmp_path, clock)
        for path in ("/healthz", "/readyz"):
            answer = app.test_client().get(path)
            assert (answer.status_code, answer.text) == (503, "the database does not answer\n")

    def test_every_other_page_then_says_to_try_again(self, tmp_path, clock):
        app = make_app(f"sqlite:///{tmp_path / 'no' / 'such' / 'folder.db'}", tmp_path, clock)
        answer = app.test_client().get("/")
        assert answer.status_code == 503
        assert answer.headers["Retry-After"] == "5"

    def test_it_is_ready_when_a_worker_ran_lately(self, client, clock):
        with write_transaction() as session:
            session.add(ClockRun(name="closing", ran_at=NOW))
        assert client.get("/readyz").status_code == 200
        clock.forward(minutes=3)
        answer = client.get("/readyz")
        assert (answer.status_code, answer.text) == (503, "no worker has run in the last two minutes\n")

    def test_it_is_not_ready_before_it_is_migrated(self, client):
        right = db.session.scalar(text("SELECT version_num FROM alembic_version"))
        _note_revision("older")
        answer = client.get("/readyz")
        _note_revision(right)  # the tests that follow share this database
        assert answer.status_code == 503
        assert answer.text.startswith("the database has to be migrated\n")


def _note_revision(revision: str) -> None:
    with write_transaction() as session:
        session.execute(text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})
