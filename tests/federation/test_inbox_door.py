"""Who gets in: whoever signed for themselves, in both dialects, and nobody else, whatever they try."""

import json
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from coopgov.federation.models import DomainBlock, Received, RemoteActor, RemoteKey
from coopgov.federation.models import Peer as PeerRow
from coopgov.federation.providers import askings
from coopgov.federation.routes.inbox import LARGEST
from coopgov.infra.db import db, write_transaction
from tests.federation.conftest import DOOR, SITE, Scene
from tests.federation.peers import (
    ACTIVITY,
    Answer,
    Exchange,
    Peer,
    drips,
    explodes,
    hangs,
    in_turn,
    key_of,
    moves,
    pem_of,
    pours,
    says,
    shows,
    through,
    waits,
    written,
)

DIALECTS = ["cavage", "rfc9421"]


def count(table: Any) -> int:
    return db.session.scalar(select(func.count()).select_from(table)) or 0


def nothing_happened(scene: Scene) -> bool:
    db.session.rollback()
    return count(Received) == 0 and scene.jobs() == 0


# What is taken


@pytest.mark.parametrize("dialect", DIALECTS)
def test_who_signs_for_themselves_is_taken(scene: Scene, dialect: str) -> None:
    ada = scene.peer.person("ada")
    assert scene.tell(ada, ada.follows(scene.actor), dialect) == 202
    scene.work()
    assert scene.followers() == [ada.uri]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_actors_own_inbox_takes_the_same(scene: Scene, dialect: str) -> None:
    ada = scene.peer.person("ada")
    assert scene.tell(ada, ada.follows(scene.actor), dialect, url=f"{scene.actor}/inbox") == 202
    assert scene.tell(ada, ada.follows(scene.actor), dialect, url=f"{SITE}/ap/actors/99/inbox") == 404


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_query_is_part_of_what_is_signed(scene: Scene, dialect: str) -> None:
    """Edge case 18."""
    ada = scene.peer.person("ada")
    assert scene.tell(ada, ada.follows(scene.actor), dialect, url=f"{DOOR}?from=ada&b=%20c") == 202


def test_a_key_with_a_path_of_its_own_belongs_to_whom_it_says(scene: Scene) -> None:
    """Edge case 9."""
    grace = scene.peer.person("grace", key_path="/main-key")
    assert scene.tell(grace, grace.follows(scene.actor)) == 202
    scene.work()
    assert scene.followers() == [grace.uri]


def test_a_key_may_be_a_document_that_is_nothing_but_a_key(scene: Scene) -> None:
    grace = scene.peer.person("grace", key_path="/key")
    scene.peer.pages["/users/grace/key"] = shows({"type": "Key", **grace.public_key()})
    assert scene.tell(grace, grace.follows(scene.actor)) == 202


def test_the_key_is_fetched_once_and_signed_with_ours(scene: Scene) -> None:
    """Edge case 10."""
    ada = scene.peer.person("ada")
    for _ in range(3):
        assert scene.tell(ada, ada.likes(f"{SITE}/ap/notes/1")) == 202
    assert scene.peer.asked() == 1
    asked = scene.peer.heard[0].headers
    assert f'keyId="{scene.actor}#main-key"' in asked["signature"]
    assert asked["accept"].startswith(ACTIVITY)


def test_a_server_that_wants_the_new_signature_gets_it(scene: Scene) -> None:
    ada = scene.peer.person("ada")
    scene.peer.pages[ada.path] = in_turn(says(401), shows(ada.document()))
    assert scene.tell(ada, ada.follows(scene.actor)) == 202
    assert "signature-input" not in scene.peer.heard[0].headers
    assert "signature-input" in scene.peer.heard[1].headers


@pytest.mark.parametrize("kind", ["application/activity+json; charset=utf-8", "application/ld+json; profile=x"])
def test_both_types_of_activities_are_taken(scene: Scene, kind: str) -> None:
    ada = scene.peer.person("ada")
    body = written(ada.follows(scene.actor))
    headers = ada.signed(DOOR, body) | {"content-type": kind}
    assert through(scene.client)(DOOR, body, headers) == 202


def test_bytes_are_judged_as_they_came(scene: Scene) -> None:
    """Edge case 20."""
    ada = scene.peer.person("ada")
    pretty = json.dumps(ada.follows(scene.actor, summary="Zoë\u2028"), indent=3, ensure_ascii=True).encode() + b"\n\n"
    assert scene.tell(ada, pretty) == 202


def test_what_matters_to_others_is_thanked_for_and_dropped(scene: Scene) -> None:
    ada = scene.peer.person("ada")
    note = {"id": f"{ada.base}/notes/1", "type": "Note", "attributedTo": ada.uri, "content": "<script>"}
    for activity in (
        ada.does("Create", note),
        ada.does("Flag", [scene.actor]),
        ada.does("Move", ada.uri, target=scene.actor),
        ada.does("Dance", scene.actor),
        ada.follows("https://elsewhere.example/actor"),
        ada.likes("https://elsewhere.example/note"),
        ada.does("Delete", f"{ada.base}/notes/1"),
        ada.does("Update", note),
        ada.does("Follow", [scene.actor, scene.actor]),
        ada.does("Follow", 7),
        ada.does("Follow", None),
        ada.does("Follow", {"name": "nobody"}),
    ):
        assert scene.tell(ada, activity) == 202
    assert nothing_happened(scene)


def test_the_same_activity_is_taken_once(scene: Scene) -> None:
    ada = scene.peer.person("ada")
    follow = ada.follows(scene.actor)
    assert [scene.tell(ada, follow, dialect) for dialect in (*DIALECTS, *DIALECTS)] == [202] * 4
    assert count(Received) == scene.jobs() == 1


def test_the_same_follow_six_times_at_once_is_one(scene: Scene, together: Callable[..., list[Any]]) -> None:
    """Edge case 21."""
    ada = scene.peer.person("ada")
    scene.peer.pages[ada.path] = waits(0.3, shows(ada.document()))
    follow = ada.follows(scene.actor)
    got = together(lambda: ada.tell(through(scene.app.test_client()), DOOR, follow), 6)
    assert got == [202] * 6
    assert scene.peer.asked() == 1
    scene.work()
    assert scene.followers() == [ada.uri]
    assert len(scene.accepted()) == 1


# What is turned away before anybody is asked


@pytest.mark.parametrize("kind", ["", "text/html", "application/json", "multipart/form-data; boundary=x"])
def test_other_types_are_turned_away(scene: Scene, kind: str) -> None:
    ada = scene.peer.person("ada")
    body = written(ada.follows(scene.actor))
    assert through(scene.client)(DOOR, body, ada.signed(DOOR, body) | {"content-type": kind}) == 415


def test_too_much_is_turned_away(scene: Scene) -> None:
    ada = scene.peer.person("ada")
    assert scene.tell(ada, b" " * (LARGEST + 1)) == 413
    assert scene.tell(ada, ada.follows(scene.actor, summary="x" * 5_000_000)) == 413
    assert scene.tell(ada, ada.follows(scene.actor, summary="x" * (LARGEST - 1000))) == 202


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'"Follow"',
        b"\xff\xfe{}",
        b"[" * 400_000,
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        written({str(n): n for n in range(30_000)}),
        b'{"id": NaN}',
        b'{"id": 1e999}',
        b'{"id": ' + b"9" * 100_000 + b"}",
        b'{"id": "\\ud800"}',
        b'{"id": "\\u0000"}',
        b'{"id": "a", "id": "b"}',
    ],
    ids=lambda body: body[:12].decode("latin-1"),
)
def test_what_cannot_be_read_is_turned_away_quickly(scene: Scene, body: bytes) -> None:
    ada = scene.peer.person("ada")
    begun = time.monotonic()
    assert scene.tell(ada, body) == 400
    assert time.monotonic() - begun < 3
    assert scene.peer.asked() == 0


@pytest.mark.parametrize(
    "lacking",
    [
        {"id": None},
        {"type": None},
        {"actor": None},
        {"actor": 7},
        {"actor": ["https://a.example/1", "https://a.example/2"]},
        {"actor": {"name": "x"}},
        {"id": 7},
        {"id": ["x"]},
        {"type": 7},
        {"id": "x" * 600},
        {"id": "not an address"},
        {"actor": "mailto:ada@example.org"},
    ],
    ids=str,
)
def test_an_activity_says_who_does_what_by_which_name(scene: Scene, lacking: dict[str, Any]) -> None:
    ada = scene.peer.person("ada")
    assert scene.tell(ada, ada.does("Follow", scene.actor, **lacking)) == 400
    assert scene.peer.asked() == 0


def test_an_actor_may_be_an_object(scene: Scene) -> None:
    ada = scene.peer.person("ada")
    assert scene.tell(ada, ada.does("Follow", {"id": scene.actor}, actor={"id": ada.uri, "type": "Person"})) == 202
    scene.work()
    assert scene.followers() == [ada.uri]


def test_the_unsigned_are_turned_away(scene: Scene) -> None:
    ada = scene.peer.person("ada")
    body = written(ada.follows(scene.actor))
    assert through(scene.client)(DOOR, body, {"content-type": ACTIVITY}) == 401
    assert scene.peer.asked() == 0


def test_ours_cannot_speak_to_us(scene: Scene) -> None:
    ada = scene.peer.person("ada")
    assert scene.tell(ada, ada.does("Delete", scene.actor, actor=scene.actor, id=f"{SITE}/x")) == 403
    assert scene.tell(ada, ada.follows(scene.actor), key_id=f"{scene.actor}#main-key") == 403


# Signatures that do not hold


@pytest.mark.parametrize(
    ("dialect", "how"),
    [
        ("cavage", {"covered": ("(request-target)", "host", "date")}),
        ("cavage", {"covered": ("host", "date", "digest")}),
        ("cavage", {"covered": ("(request-target)", "date", "digest")}),
        ("cavage", {"covered": ("(request-target)", "host", "digest")}),
        ("cavage", {"headers": {"digest": ""}, "covered": ("(request-target)", "host", "date")}),
        ("cavage", {"algorithm": "hmac-sha256"}),
        ("cavage", {"algorithm": "rsa-sha512"}),
        ("cavage", {"key": key_of("mallory")}),
        ("cavage", {"method": "GET"}),
        ("rfc9421", {"covered": ("@method", "@target-uri")}),
        ("rfc9421", {"covered": ("@method", "content-digest")}),
        ("rfc9421", {"covered": ("@target-uri", "content-digest")}),
        ("rfc9421", {"headers": {"content-digest": ""}, "covered": ("@method", "@target-uri")}),
        ("rfc9421", {"key": key_of("mallory")}),
        ("rfc9421", {"parameters": {"alg": "hmac-sha256"}}),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_a_signature_covers_all_and_fits_the_key(scene: Scene, dialect: str, how: dict[str, Any]) -> None:
    ada = scene.peer.person("ada")
    assert scene.tell(ada, ada.follows(scene.actor), dialect, **how) == 401
    assert nothing_happened(scene)


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("known", [True, False])
def test_a_forged_body_is_turned_away(scene: Scene, dialect: str, known: bool) -> None:
    ada = scene.peer.person("ada")
    if known:
        assert scene.tell(ada, ada.likes("https://elsewhere.example/1")) == 202
    body, forged = written(ada.likes(f"{SITE}/ap/notes/1")), written(ada.follows(scene.actor))
    headers = ada.signed(DOOR, body, dialect)
    assert through(scene.client)(DOOR, forged, headers) == 401
    name = "digest" if dialect == "cavage" else "content-digest"
    assert through(scene.client)(DOOR, forged, headers | {name: ada.signed(DOOR, forged, dialect)[name]}) == 401
    assert nothing_happened(scene)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_what_was_signed_for_one_address_does_not_count_at_another(scene: Scene, dialect: str) -> None:
    ada = scene.peer.person("ada")
    body = written(ada.follows(scene.actor))
    for signed_for in (f"{scene.actor}/inbox", f"{SITE}/ap/inbox/", "http://other.example/ap/inbox", f"{DOOR}?x=1"):
        headers = ada.signed(signed_for, body, dialect) | {"host": "localhost"}
        assert through(scene.client)(DOOR, body, headers) == 401
    elsewhere = ada.signed("http://other.example/ap/inbox", body, dialect)
    assert through(scene.client)("http://other.example/ap/inbox", body, elsewhere) == 401


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("span", [timedelta(hours=2), timedelta(hours=-14), timedelta(days=-30)])
def test_what_was_signed_long_ago_or_will_be_does_not_count(scene: Scene, dialect: str, span: timedelta) -> None:
    ada = scene.peer.person("ada")
    assert scene.tell(ada, ada.follows(scene.actor), dialect, at=scene.clock.now + span) == 401


# Whose key it is


def test_nobody_speaks_for_somebody_else(scene: Scene) -> None:
    ada, mallory = scene.peer.person("ada"), scene.peer.person("mallory")
    for _ in range(2):  # the second time the key is known
        assert scene.tell(mallory, ada.follows(scene.actor)) == 401
    assert nothing_happened(scene)


def test_nobody_speaks_for_another_server(scene: Scene) -> None:
    """Edge case 41."""
    with Peer(clock=scene.clock) as other:
        ada, mallory = scene.peer.person("ada"), other.person("mallory")
        assert scene.tell(mallory, ada.follows(scene.actor)) == 401
        assert scene.tell(mallory, mallory.does("Follow", scene.actor, id=f"{ada.base}/activities/1")) == 403
    assert nothing_happened(scene)


def test_a_key_that_claims_an_owner_elsewhere_is_nobodys(scene: Scene) -> None:
    with Peer(clock=scene.clock) as other:
        ada = scene.peer.person("ada")
        stolen = {"type": "Key", "id": f"{other.base}/key", "owner": ada.uri, "publicKeyPem": pem_of(key_of("mallory"))}
        other.pages["/key"] = shows(stolen)
        how: dict[str, Any] = {"key": key_of("mallory"), "key_id": f"{other.base}/key"}
        assert scene.tell(ada, ada.follows(scene.actor), **how) == 401
        assert scene.peer.asked() == 0
    assert nothing_happened(scene)


def test_a_key_that_its_owner_does_not_name_is_nobodys(scene: Scene) -> None:
    ada = scene.peer.person("ada")
    uploaded = {"id": f"{ada.base}/media/key", "owner": ada.uri, "publicKeyPem": pem_of(key_of("mallory"))}
    scene.peer.pages["/media/key"] = shows(uploaded)
    how: dict[str, Any] = {"key": key_of("mallory"), "key_id": f"{ada.base}/media/key"}
    assert scene.tell(ada, ada.follows(scene.actor), **how) == 401
    assert nothing_happened(scene)


def test_a_key_whose_owner_names_another_pem_is_judged_by_the_owners(scene: Scene) -> None:
    grace = scene.peer.person("grace", key_path="/main-key")
    scene.peer.pages["/users/grace/main-key"] = shows({"type": "Key", **grace.with_key("mallory").public_key()})
    assert scene.tell(grace.with_key("mallory"), grace.follows(scene.actor)) == 401


def test_a_key_in_an_actor_that_is_somebody_elses_is_nobodys(scene: Scene) -> None:
    ada, mallory = scene.peer.person("ada"), scene.peer.person("mallory")
    foreign = {"id": f"{mallory.uri}#main-key", "owner": ada.uri, "publicKeyPem": pem_of(mallory.key)}
    scene.peer.pages[mallory.path] = shows(mallory.document() | {"publicKey": foreign})
    assert scene.tell(mallory, ada.follows(scene.actor)) == 401
    assert nothing_happened(scene)


def test_a_short_key_is_no_key(scene: Scene) -> None:
    ada = scene.peer.person("ada").with_key("short")
    scene.peer.serve(ada)
    assert scene.tell(ada, ada.follows(scene.actor)) == 401


# Keys change


@pytest.mark.parametrize("fragment", ["#main-key", "#key-2"])
def test_a_new_key_is_fetched_when_the_old_one_does_not_fit(scene: Scene, fragment: str) -> None:
    """Edge case 11."""
    ada = scene.peer.person("ada")
    assert scene.tell(ada, ada.follows(scene.actor)) == 202
    scene.clock.forward(minutes=6)
    changed = ada.with_key("ada's second", ada.uri + fragment)
    scene.peer.serve(changed)
    assert scene.tell(changed, changed.follows(scene.actor)) == 202
    assert scene.tell(ada, ada.likes(f"{SITE}/ap/notes/1")) == 401  # the old one may have been stolen
    assert count(RemoteKey) == 1


def test_a_key_is_asked_for_at_most_once_in_five_minutes(scene: Scene) -> None:
    ada = scene.peer.person("ada")
    assert scene.tell(ada, ada.follows(scene.actor)) == 202
    forger = ada.with_key("mallory")
    for _ in range(5):
        assert scene.tell(forger, ada.follows(scene.actor)) == 401
    assert scene.peer.asked() == 1
    scene.clock.forward(minutes=6)
    for _ in range(5):
        assert scene.tell(forger, ada.follows(scene.actor)) == 401
    assert scene.peer.asked() == 2
    assert scene.tell(ada, ada.follows(scene.actor)) == 202  # nobody is locked out meanwhile


def test_a_forger_locks_nobody_out(scene: Scene) -> None:
    ada = scene.peer.person("ada")
    assert scene.tell(ada.with_key("mallory"), ada.follows(scene.actor)) == 401
    assert scene.tell(ada, ada.follows(scene.actor)) == 202
    assert scene.peer.asked() == 1


def test_a_known_key_whose_server_is_down_is_asked_for_once_in_five_minutes_too(scene: Scene) -> None:
    ada = scene.peer.person("ada")
    assert scene.tell(ada, ada.follows(scene.actor)) == 202
    scene.clock.forward(minutes=6)
    scene.peer.pages[ada.path] = says(500)
    for _ in range(3):
        scene.app.extensions.pop("coopgov.federation.askings", None)  # as another process would
        assert scene.tell(ada.with_key("mallory"), ada.follows(scene.actor)) == 401
    assert scene.peer.asked() == 2
    assert scene.tell(ada, ada.follows(scene.actor)) == 202


def test_a_key_that_its_owner_took_back_is_forgotten(scene: Scene) -> None:
    grace = scene.peer.person("grace", key_path="/main-key")
    assert scene.tell(grace, grace.follows(scene.actor)) == 202
    scene.clock.forward(minutes=6)
    scene.peer.pages[grace.path] = shows(grace.document() | {"publicKey": None})
    assert scene.tell(grace.with_key("mallory"), grace.follows(scene.actor)) == 401
    assert scene.tell(grace, grace.follows(scene.actor)) == 401


def test_a_failed_fetch_is_remembered(scene: Scene) -> None:
    ada = scene.peer.person("ada")
    scene.peer.pages[ada.path] = says(500)
    for _ in range(3):
        assert scene.tell(ada, ada.follows(scene.actor)) == 401
    assert scene.peer.asked() == 1
    scene.peer.serve(ada)
    scene.clock.forward(minutes=6)
    assert scene.tell(ada, ada.follows(scene.actor)) == 202


def test_a_server_that_fails_too_often_has_to_wait(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(askings, "MOST_FAILURES", 3)
    ada = scene.peer.person("ada")
    got = [scene.tell(ada, ada.follows(scene.actor), key_id=f"{ada.base}/nobody/{n}") for n in range(5)]
    assert got == [401, 401, 401, 429, 429]
    assert scene.peer.asked() == 3
    scene.clock.forward(minutes=6)
    assert scene.tell(ada, ada.follows(scene.actor)) == 202


# Documents that are not what they should be


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import fields

    from coopgov.federation.providers.peers import Asker

    monkeypatch.setattr("coopgov.federation.providers.peers.PATIENCE_S", 0.7)
    assert [f.name for f in fields(Asker)] == ["client", "key", "now", "ends"]


def _documents(scene: Scene) -> dict[str, Answer]:
    ada = scene.peer.person("ada")
    whole = ada.document()
    return {
        "hangs": hangs(),
        "drips": drips(written(whole)),
        "pours": pours(whole),
        "explodes": explodes(whole),
        "loops": moves(ada.path),
        "leaves": moves("http://127.0.0.2/users/ada"),
        "private": moves("http://169.254.169.254/latest/meta-data"),
        "empty": says(200, b"", Content_Type=ACTIVITY),
        "html": says(200, written(whole), Content_Type="text/html"),
        "upload": says(200, written(whole), Content_Type="application/json"),
        "no json": says(200, b"{", Content_Type=ACTIVITY),
        "nan": says(200, b'{"a": NaN}', Content_Type=ACTIVITY),
        "deep": says(200, b'{"a":' * 5000 + b"1" + b"}" * 5000, Content_Type=ACTIVITY),
        "list": shows([whole]),
        "wrong id": shows(whole | {"id": f"{ada.base}/users/eve"}),
        "foreign id": shows(whole | {"id": "https://elsewhere.example/users/ada"}),
        "no inbox": shows(whole | {"inbox": None}),
        "foreign inbox": shows(whole | {"inbox": "https://victim.example/inbox"}),
        "note": shows(whole | {"type": "Note"}),
        "no key": shows(whole | {"publicKey": None}),
        "key is text": shows(whole | {"publicKey": pem_of(ada.key)}),
        "other key": shows(whole | {"publicKey": ada.public_key() | {"id": f"{ada.uri}#other"}}),
        "other owner": shows(whole | {"publicKey": ada.public_key() | {"owner": f"{ada.base}/users/eve"}}),
        "no pem": shows(whole | {"publicKey": ada.public_key() | {"publicKeyPem": "-----BEGIN"}}),
        "long pem": shows(whole | {"publicKey": ada.public_key() | {"publicKeyPem": pem_of(ada.key) + " " * 9000}}),
        "404": says(404),
        "500": says(500),
        "204": says(204),
        "tombstone": shows({"id": ada.uri, "type": "Tombstone"}, 410),
    }


NAMES = "hangs drips pours explodes loops leaves private empty html upload deep list note 404 500 204 tombstone nan"
MORE = ("no json", "wrong id", "foreign id", "no inbox", "foreign inbox", "no key", "key is text", "other key")
LAST = ("other owner", "no pem", "long pem")


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("name", [*NAMES.split(), *MORE, *LAST])
def test_a_key_document_that_is_not_one_is_given_up_in_time(scene: Scene, name: str) -> None:
    """Edge case 50."""
    answers = _documents(scene)
    assert set(answers) == {*NAMES.split(), *MORE, *LAST}
    ada = scene.peer.person("ada")
    scene.peer.pages[ada.path] = answers[name]
    begun = time.monotonic()
    assert scene.tell(ada, ada.follows(scene.actor)) == 401
    assert time.monotonic() - begun < 3
    assert nothing_happened(scene)
    assert scene.peer.asked() <= 4


def test_a_redirect_elsewhere_is_not_even_tried(scene: Scene) -> None:
    """Edge case 49."""
    with Peer(clock=scene.clock) as other:
        ada = scene.peer.person("ada")
        other.pages[ada.path] = shows(ada.document())
        scene.peer.pages[ada.path] = moves(other.base + ada.path)
        assert scene.tell(ada, ada.follows(scene.actor)) == 401
        assert other.heard == []


def test_a_redirect_within_the_server_leads_to_who_it_really_is(scene: Scene) -> None:
    ada = scene.peer.person("ada")
    scene.peer.pages["/@ada"] = moves(ada.path)
    nick = {"key_id": f"{ada.base}/@ada#main-key"}
    assert scene.tell(ada, ada.does("Follow", scene.actor, actor=f"{ada.base}/@ada"), **nick) == 401
    assert nothing_happened(scene)


@pytest.mark.parametrize(
    "key_id",
    [
        *("", "x", "acct:ada@a.example", "file:///etc/passwd", "http://[::1", "gopher://a/1"),
        *("http://169.254.169.254/key", "http://127.0.0.1/a\x00b", "http://127.0.0.1/a b"),
        "http://127.0.0.1/" + "x" * 600,
    ],
    ids=repr,
)
def test_a_key_at_no_address_is_no_key(scene: Scene, key_id: str) -> None:
    ada = scene.peer.person("ada")
    assert scene.tell(ada, ada.follows(scene.actor), key_id=key_id) == 401
    assert nothing_happened(scene)


# Enough is enough


def test_hanging_servers_hold_up_nobody_else(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coopgov.federation.providers.peers.PATIENCE_S", 2.0)
    ada = scene.peer.person("ada")
    assert scene.tell(ada, ada.likes("https://elsewhere.example/1")) == 202
    with Peer(clock=scene.clock) as bad, Peer(clock=scene.clock) as worse:
        bad.instead = worse.instead = hangs()
        got: list[int] = []

        def bother(server: Peer, number: int) -> None:
            mallory = server.person(f"m{number % 2}")
            with scene.app.app_context():
                got.append(mallory.tell(through(scene.app.test_client()), DOOR, mallory.follows(scene.actor)))

        for name in ("m0", "m1"):
            key_of(name)
        threads = [threading.Thread(target=bother, args=((bad, worse)[n % 2], n // 2)) for n in range(20)]
        for thread in threads:
            thread.start()
        time.sleep(0.5)
        begun = time.monotonic()
        assert scene.tell(ada, ada.follows(scene.actor)) == 202
        assert time.monotonic() - begun < 1
        assert len(bad.heard) + len(worse.heard) <= askings.MOST_AT_ONCE
        assert max(len(bad.heard), len(worse.heard)) <= askings.MOST_AT_ONE_SERVER
        for thread in threads:
            thread.join(30)
        assert set(got) <= {401, 503}
        assert got.count(503) >= 20 - askings.MOST_WAITING


def test_no_transaction_is_open_during_a_fetch(scene: Scene) -> None:
    ada = scene.peer.person("ada")
    connections: list[int] = []

    def look(exchange: Exchange) -> None:
        with scene.app.app_context():
            connections.append(db.engine.pool.checkedout())  # type: ignore[attr-defined]
        shows(ada.document())(exchange)

    scene.peer.pages[ada.path] = look
    assert scene.tell(ada, ada.follows(scene.actor)) == 202
    assert connections == [0]


def test_a_flood_of_farewells_by_strangers_asks_nobody(scene: Scene) -> None:
    """Edge case 36."""
    for n in range(20):
        ada = scene.peer.person("ada")
        gone = {"id": f"{ada.base}/users/u{n}#delete", "actor": f"{ada.base}/users/u{n}"}
        activity = ada.does("Delete", f"{ada.base}/users/u{n}", **gone)
        assert scene.tell(ada, activity, key_id=f"{ada.base}/users/u{n}#main-key") == 202
    assert scene.peer.asked() == 0
    assert count(RemoteActor) == 0
    assert nothing_happened(scene)


# Blocked


@pytest.fixture
def blocked(scene: Scene) -> Scene:
    with write_transaction() as session:
        session.add(DomainBlock(domain="127.0.0.1", blocked_by="cli", at=scene.clock.now))
    return scene


def test_a_blocked_server_is_turned_away_before_anything_is_fetched(blocked: Scene) -> None:
    ada = blocked.peer.person("ada")
    assert blocked.tell(ada, ada.follows(blocked.actor)) == 403
    assert blocked.peer.asked() == 0
    assert nothing_happened(blocked)


def test_a_blocked_server_cannot_lend_its_key(blocked: Scene) -> None:
    ada = blocked.peer.person("ada")
    body = written(ada.does("Follow", blocked.actor, actor="http://127.0.0.2:1/ada", id="http://127.0.0.2:1/1"))
    assert through(blocked.client)(DOOR, body, ada.signed(DOOR, body)) == 403
    assert blocked.peer.asked() == 0


# Back again


def test_whoever_speaks_is_sent_to_again(scene: Scene) -> None:
    ada = scene.peer.person("ada")
    with write_transaction() as session:
        then = scene.clock.now - timedelta(days=30)
        row = PeerRow(host=scene.peer.authority, failures=40, failing_since=then, parked_at=then)
        session.add(row)
    assert scene.tell(ada, ada.does("Create", {"type": "Note", "id": f"{ada.base}/1"})) == 202
    db.session.expire_all()
    row = db.session.get_one(PeerRow, scene.peer.authority)
    assert (row.parked_at, row.failing_since, row.failures) == (None, None, 0)
