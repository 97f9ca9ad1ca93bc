"""Signatures that the authors of both dialects published: what we make of a request is what they signed."""

from base64 import b64decode
from datetime import UTC, datetime
from typing import Any

import http_sf
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from coopgov.federation.rules import rfc9421
from coopgov.federation.rules.digests import content_digest_holds
from coopgov.federation.rules.keys import is_signed, load_public
from coopgov.federation.rules.signatures import BadSignature, Incoming, read_claim, verify

BODY = b'{"hello": "world"}'

# draft-cavage-http-signatures-12, appendix C.3, over the headers that were signed in fact

OLD_KEY = """-----BEGIN PUBLIC KEY-----
MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDCFENGw33yGihy92pDjZQhl0C3
6rPJj+CvfSC8+q28hxA161QFNUd13wuCTUcq0Qd2qsBe/2hFyc2DCJJg0h1L78+6
Z4UMR7EOcpfdUE9Hf3m/hs+FUR45uBJeDK1HSFHD8bHKD6kv8FPGfJTotc+2xjJw
oYi+1hqp1fIekaxsyQIDAQAB
-----END PUBLIC KEY-----
"""
OLD_PROOF = (
    "vSdrb+dS3EceC9bcwHSo4MlyKS59iFIrhgYkz8+oVLEEzmYZZvRs8rgOp+63LEM3v+MFHB32NfpB2bEKBIvB1q52LaEUHFv120V01IL+TAD48"
    "XaERZFukWgHoBTLMhYS2Gb51gWxpeIq8knRmPnYePbF5MOkR0Zkly4zKH7s1dE="
)
THEN = datetime(2014, 1, 5, 21, 31, 40, tzinfo=UTC)

# RFC 9421, section 4.3 (the proxy's), with the key of appendix B.1.1

NEW_KEY = """-----BEGIN RSA PUBLIC KEY-----
MIIBCgKCAQEAhAKYdtoeoy8zcAcR874L8cnZxKzAGwd7v36APp7Pv6Q2jdsPBRrw
WEBnez6d0UDKDwGbc6nxfEXAy5mbhgajzrw3MOEt8uA5txSKobBpKDeBLOsdJKFq
MGmXCQvEG7YemcxDTRPxAleIAgYYRjTSd/QBwVW9OwNFhekro3RtlinV0a75jfZg
kne/YiktSvLG34lw2zqXBDTC5NHROUqGTlML4PlNZS5Ri2U4aCNx2rUPRcKIlE0P
uKxI4T+HIaFpv8+rdV6eUgOrB2xeI1dSFFn/nnv5OoZJEIB+VmuKn3DCUcCZSFlQ
PSXSfBDiUGhwOw76WuSSsf1D4b/vLoJ10wIDAQAB
-----END RSA PUBLIC KEY-----
"""
NEW_DIGEST = "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:"
NEW_INPUT = (
    'proxy_sig=("@method" "@authority" "@path" "content-digest" "content-type" "content-length" "forwarded")'
    ';created=1618884480;keyid="test-key-rsa";alg="rsa-v1_5-sha256";expires=1618884540'
)
NEW_PROOF = (
    "S6ZzPXSdAMOPjN/6KXfXWNO/f7V6cHm7BXYUh3YD/fRad4BCaRZxP+JH+8XY1I6+8Cy+CM5g92iHgxtRPz+MjniOaYmdkDcnL9cCpXJleXsOckpU"
    "Rl49GwiyUpZ10KHgOEe11sx3G2gxI8S0jnxQB+Pu68U9vVcasqOWAEObtNKKZd8tSFu7LB5YAv0RAGhB8tmpv7sFnIm9y+7X5kXQfi8NMaZaA8i2"
    "ZHwpBdg7a6CMfwnnrtflzvZdXAsD3LH2TwevU+/PBPv0B6NMNk93wUs/vfJvye+YuI87HU38lZHowtznbLVdp770I6VHR6WfgS9ddzirrswsE1w5"
    "o0LV/g=="
)


def test_the_published_signature_of_the_older_dialect_fits_and_its_key_is_too_short() -> None:
    names = "(request-target) host date content-type digest content-length"
    headers = {
        "host": "example.com",
        "date": "Sun, 05 Jan 2014 21:31:40 GMT",
        "content-type": "application/json",
        "digest": "SHA-256=X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=",
        "content-length": "18",
        "signature": f'keyId="https://example.com/Test",algorithm="rsa-sha256",headers="{names}",signature="{OLD_PROOF}"',
    }
    claim = read_claim(Incoming("POST", "/foo?param=value&pet=dog", "https://example.com", headers, BODY), THEN)
    short = load_pem_public_key(OLD_KEY.encode())
    assert isinstance(short, RSAPublicKey)
    assert is_signed(short, claim.texts[0], claim.signature)
    with pytest.raises(BadSignature) as refused:  # 1024 bits
        verify(claim, OLD_KEY)
    assert refused.value.reason == "key"


def test_the_published_signature_of_the_newer_dialect_fits() -> None:
    """By what is inside: their key's id is no address that could be asked, so ``read_claim`` takes no such request."""
    headers = {
        "host": "origin.host.internal.example",
        "content-type": "application/json",
        "content-length": "18",
        "forwarded": "for=192.0.2.123;host=example.com;proto=https",
        "content-digest": NEW_DIGEST,
    }
    request = Incoming("POST", "/foo?param=Value&Pet=dog", "https://origin.host.internal.example", headers, BODY)
    parsed: Any = http_sf.parse(NEW_INPUT.encode(), tltype="dictionary")
    member = parsed["proxy_sig"]
    base = rfc9421._base("proxy_sig", rfc9421._names(member), member, request)
    assert is_signed(load_public(NEW_KEY), base, b64decode(NEW_PROOF))
    assert content_digest_holds(NEW_DIGEST, BODY)
