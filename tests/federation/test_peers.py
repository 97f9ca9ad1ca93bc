"""The other server that the tests of federation talk to is one that others would believe, too."""

import base64
import hashlib
import time
from collections.abc import Iterator

import httpx
import pytest
from http_message_signatures import HTTPMessageVerifier, HTTPSignatureKeyResolver, algorithms

from tests.federation.peers import (
    ACTIVITY,
    Peer,
    Person,
    drips,
    explodes,
    hangs,
    in_turn,
    moves,
    over_http,
    pem_of,
    pours,
    says,
)


@pytest.fixture
def peer() -> Iterator[Peer]:
    with Peer() as peer:
        yield peer


@pytest.fixture
def ada(peer: Peer) -> Person:
    return peer.person("ada")


def get(url: str, **more: float) -> httpx.Response:
    return httpx.get(url, trust_env=False, **more)  # type: ignore[arg-type]


def test_it_serves_a_person_with_a_key(ada: Person) -> None:
    answer = get(ada.uri)
    assert answer.headers["content-type"] == ACTIVITY
    assert answer.json()["id"] == ada.uri
    assert answer.json()["publicKey"] == {"id": ada.key_id, "owner": ada.uri, "publicKeyPem": pem_of(ada.key)}


def test_a_key_may_have_an_address_of_its_own(peer: Peer) -> None:
    grace = peer.person("grace", key_path="/main-key")
    assert get(grace.key_id).json()["publicKey"]["owner"] == grace.uri
    assert "inbox" not in get(grace.key_id).json()


def test_what_is_posted_is_written_down(peer: Peer, ada: Person) -> None:
    follow = ada.follows("https://coop.example/ap/actors/1")
    assert ada.tell(over_http, f"{peer.base}/inbox", follow) == 202
    assert [heard.json for heard in peer.posted("/inbox")] == [follow]


def test_its_old_signature_is_over_the_lines_of_the_draft(ada: Person) -> None:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15

    headers = ada.signed("https://coop.example/ap/inbox?x=1", b"{}")
    digest = "SHA-256=" + base64.b64encode(hashlib.sha256(b"{}").digest()).decode()
    lines = f"(request-target): post /ap/inbox?x=1\nhost: coop.example\ndate: {headers['date']}\ndigest: {digest}"
    signature = base64.b64decode(headers["signature"].split('signature="')[1].rstrip('"'))
    ada.key.public_key().verify(signature, lines.encode(), PKCS1v15(), hashes.SHA256())


def test_its_new_signature_convinces_another_program(ada: Person) -> None:
    class Resolver(HTTPSignatureKeyResolver):
        def resolve_public_key(self, key_id: str) -> object:
            assert key_id == ada.key_id
            return ada.key.public_key()

    headers = ada.signed("https://coop.example/ap/inbox?x=1", b"{}", "rfc9421")
    request = httpx.Request("POST", "https://coop.example/ap/inbox?x=1", content=b"{}", headers=headers)
    verifier = HTTPMessageVerifier(signature_algorithm=algorithms.RSA_V1_5_SHA256, key_resolver=Resolver())
    covered = verifier.verify(request)[0].covered_components
    assert {name.strip('"') for name in covered} >= {"@method", "@target-uri", "content-digest"}


def test_it_misbehaves_in_every_way(peer: Peer) -> None:
    peer.pages |= {"/hangs": hangs(), "/drips": drips(b"{" + b" " * 100), "/moves": moves("/elsewhere")}
    peer.pages |= {"/pours": pours({"a": 1}, 200_000), "/explodes": explodes({"a": 1}, 1_000_000)}
    peer.pages |= {"/later": in_turn(says(503), says(200))}
    for path in ("/hangs", "/drips"):
        begun = time.monotonic()
        with pytest.raises(httpx.TimeoutException), httpx.stream("GET", peer.base + path, timeout=0.3) as answer:
            for _ in answer.iter_raw():
                if time.monotonic() - begun > 0.5:
                    raise httpx.ReadTimeout("enough")
    assert get(f"{peer.base}/moves").headers["location"] == "/elsewhere"
    assert len(get(f"{peer.base}/pours").content) > 200_000
    assert len(get(f"{peer.base}/explodes").content) > 1_000_000
    assert [get(f"{peer.base}/later").status_code for _ in range(3)] == [503, 200, 200]
