"""Others find us by name, by address and by the fixed places; nobody finds who is not ours."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import fromstring

import pytest
from flask import Flask
from flask.testing import FlaskClient

from coopgov.federation.models import Actor
from coopgov.federation.services.actors import begin_actor
from coopgov.infra.coop import found_coop
from coopgov.infra.db import db, write_transaction
from tests import factories as make
from tests.conftest import NOW, Browser, Clock, make_app
from tests.federation import announcing as scene

FINGER = "/.well-known/webfinger"


@pytest.fixture
def actor(app: Flask) -> Actor:
    return scene.actor()


def finger(client: FlaskClient, resource: str, status: int = 200, **more: Any) -> Any:
    answer = client.get(FINGER, query_string={"resource": resource, **more})
    assert answer.status_code == status, answer.text[:200]
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    if status != 200:
        return None
    assert answer.headers["Content-Type"] == "application/jrd+json"
    return json.loads(answer.data)


class TestWebFinger:
    @pytest.mark.parametrize(
        "resource",
        [
            "acct:test_co_op@localhost",
            "acct:Test_Co_Op@LOCALHOST",
            "ACCT:TEST_CO_OP@localhost",
            "acct:test%5Fco%5Fop@localhost",
            "test_co_op@localhost",
            "acct:test_co_op@localhost:80",
            "http://localhost/ap/actors/1",
            "http://LOCALHOST:80/ap/actors/1",
            "HTTP://localhost/ap/actors/1",
            "http://localhost/",
            "http://localhost",
        ],
    )
    def test_the_coop_is_found_however_it_is_spelt(self, actor: Actor, client: Browser, resource: str) -> None:
        """Edge cases 1 and 2."""
        found = finger(client, resource)
        assert found["subject"] == "acct:test_co_op@localhost"
        links = {link["rel"]: link for link in found["links"]}
        assert links["self"] == {
            "rel": "self",
            "type": "application/activity+json",
            "href": "http://localhost/ap/actors/1",
        }
        assert links["http://webfinger.net/rel/profile-page"]["href"] == "http://localhost/"

    def test_what_it_leads_to_names_the_same_account(self, actor: Actor, client: Browser) -> None:
        """Mastodon looks the subject up again and wants to end where it began."""
        found = finger(client, "http://localhost/")
        document = json.loads(client.get("/ap/actors/1").data)
        again = finger(client, f"acct:{document['preferredUsername']}@localhost")
        assert again == found
        assert again["links"][0]["href"] == document["id"]

    @pytest.mark.parametrize(
        "resource",
        [
            "acct:somebody@localhost",
            "acct:test_co_op@elsewhere.example",
            "acct:test_co_op@localhost.example",
            "acct:test_co_op@localhost:8000",
            "https://localhost/ap/actors/1",  # another scheme is another origin
            "http://localhost/ap/actors/2",
            "http://localhost/ap/actors/1/",
            "http://localhost/ap/actors/1?x=1",
            "http://localhost/ap/actors/1#main-key",
            "http://localhost/ap/actors/99999999999999999999",
            "http://localhost/ap/actors/٣",
            "http://localhost/groups",
            "http://elsewhere.example/",
            "mailto:test_co_op@localhost",
        ],
    )
    def test_nobody_else_is(self, actor: Actor, client: Browser, resource: str) -> None:
        """Edge case 7: neither with a slash nor with a query at the end is it the id."""
        finger(client, resource, 404)

    @pytest.mark.parametrize(
        "resource",
        [
            "",
            " ",
            "test_co_op",
            "acct:",
            "acct:@localhost",
            "acct:test_co_op@",
            "http://",
            "acct:a@b c",
            "acct:a@localhost/x",
        ],
    )
    def test_what_is_no_resource_is_a_bad_request(self, actor: Actor, client: Browser, resource: str) -> None:
        finger(client, resource, 400)

    @pytest.mark.parametrize("query", ["", "?rel=self", "?resource=acct:a@localhost&resource=acct:b@localhost"])
    def test_one_resource_is_needed(self, actor: Actor, client: Browser, query: str) -> None:
        answer = client.get(FINGER + query)
        assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (400, "*")

    def test_only_the_links_that_were_asked_for_are_told(self, actor: Actor, client: Browser) -> None:
        found = finger(client, "acct:test_co_op@localhost", rel="self")
        assert [link["rel"] for link in found["links"]] == ["self"]

    def test_before_there_is_an_actor_nobody_is_found(self, client: Browser) -> None:
        finger(client, "acct:test_co_op@localhost", 404)
        finger(client, "http://localhost/", 404)

    def test_a_group_of_the_same_name_changes_nothing(self, actor: Actor, client: Browser) -> None:
        """Edge case 4."""
        make.group("Test Co-op", slug="test_co_op")
        assert finger(client, "acct:test_co_op@localhost")["links"][0]["href"] == "http://localhost/ap/actors/1"

    def test_it_may_be_kept_and_head_works(self, actor: Actor, client: Browser) -> None:
        path = f"{FINGER}?resource=acct:test_co_op@localhost"
        answer = client.get(path)
        assert answer.headers["Cache-Control"] == "public, max-age=30"
        assert client.get(path, headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304
        assert client.head(path).status_code == 200


@pytest.fixture
def elsewhere(tmp_path: Path, clock: Clock, sqlite_template: Path) -> Iterator[Callable[[str], FlaskClient]]:
    """``elsewhere(base_url)``: a site of that address, with its actor."""
    import shutil

    apps: list[Flask] = []

    def site(base_url: str) -> FlaskClient:
        shutil.copy(sqlite_template, tmp_path / "elsewhere.db")
        app = make_app(f"sqlite:///{tmp_path / 'elsewhere.db'}", tmp_path, clock, base_url=base_url)
        apps.append(app)
        with app.app_context(), write_transaction():
            found_coop("Bücher", "en", "Europe/London", NOW)
            begin_actor("Bücher", NOW)
        return app.test_client()

    yield site
    for app in apps:
        with app.app_context():
            db.engine.dispose()


class TestOtherAddresses:
    @pytest.mark.parametrize(
        "host", ["bücher.example", "BÜCHER.example", "xn--bcher-kva.example", "bücher.example:443"]
    )
    def test_a_name_of_any_script_is_found_in_any_spelling(
        self, elsewhere: Callable[[str], FlaskClient], host: str
    ) -> None:
        """Edge case 5."""
        client = elsewhere("https://bücher.example")
        assert finger(client, f"acct:bucher@{host}")["subject"] == "acct:bucher@xn--bcher-kva.example"

    def test_an_unusual_port_belongs_to_the_name(self, elsewhere: Callable[[str], FlaskClient]) -> None:
        """Edge case 2."""
        client = elsewhere("http://127.0.0.1:8000")
        assert finger(client, "acct:bucher@127.0.0.1:8000")["subject"] == "acct:bucher@127.0.0.1:8000"
        finger(client, "acct:bucher@127.0.0.1", 404)


class TestHostMeta:
    def test_it_leads_to_webfinger(self, client: Browser) -> None:
        answer = client.get("/.well-known/host-meta")
        assert answer.headers["Content-Type"].startswith("application/xrd+xml")
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        (link,) = fromstring(answer.data)
        assert (link.get("rel"), link.get("type")) == ("lrdd", "application/jrd+json")
        assert link.get("template") == "http://localhost/.well-known/webfinger?resource={uri}"


class TestNodeInfo:
    def test_the_index_leads_to_both_versions(self, client: Browser) -> None:
        links = json.loads(client.get("/.well-known/nodeinfo").data)["links"]
        for link, version in zip(links, ("2.0", "2.1"), strict=True):
            assert link["rel"] == f"http://nodeinfo.diaspora.software/ns/schema/{version}"
            answer = client.get(link["href"].removeprefix("http://localhost"))
            assert answer.headers["Content-Type"] == f'application/json; profile="{link["rel"]}#"'
            assert json.loads(answer.data)["version"] == version

    def test_it_has_what_the_schema_demands(self, actor: Actor, client: Browser) -> None:
        for version, more in (("2.0", set()), ("2.1", {"repository", "homepage"})):
            found = json.loads(client.get(f"/nodeinfo/{version}").data)
            assert set(found) == {
                "version",
                "software",
                "protocols",
                "services",
                "openRegistrations",
                "usage",
                "metadata",
            }
            assert set(found["software"]) == {"name", "version"} | more
            assert found["software"]["name"] == "coopgov"
            assert found["protocols"] == ["activitypub"]
            assert (found["services"], found["openRegistrations"]) == ({"inbound": [], "outbound": ["atom1.0"]}, False)

    def test_it_counts_members_as_the_home_page_does_once_a_day(
        self, actor: Actor, client: Browser, clock: Clock
    ) -> None:
        """Edge case 54: nobody sees a fresh join in it."""
        make.member("Ada")
        make.member("Ben", admitted_at=NOW)

        def members() -> int:
            return int(json.loads(client.get("/nodeinfo/2.1").data)["usage"]["users"]["total"])

        assert members() == 1
        clock.forward(days=1)
        assert members() == 2

    def test_other_versions_are_not_found(self, client: Browser) -> None:
        assert client.get("/nodeinfo/1.0").status_code == 404

    def test_it_is_there_before_the_coop_is(self, empty_app: Flask) -> None:
        assert json.loads(empty_app.test_client().get("/nodeinfo/2.1").data)["usage"]["users"] == {"total": 0}
