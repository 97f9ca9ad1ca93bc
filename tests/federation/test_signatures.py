"""Both dialects of signatures: ours are believed by another library, others' by us, and nothing that was touched is."""

import time
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from types import SimpleNamespace
from typing import Any

import http_message_signatures as oracle
import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from coopgov.federation.rules import keys
from coopgov.federation.rules.digests import content_digest, content_digest_holds, holds
from coopgov.federation.rules.signatures import (
    DIALECTS,
    BadSignature,
    Incoming,
    SigningKey,
    body_digest,
    read_claim,
    sign,
    verify,
)

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
OURS, INBOX = "https://coop.example", "/ap/inbox"
BODY = b'{"type":"Follow","id":"https://peer.example/follows/1"}'
_PRIVATE, PUBLIC = keys.new_pair()
KEY = SigningKey("https://peer.example/users/ann#main-key", keys.load_private(_PRIVATE))
every_dialect = pytest.mark.parametrize("dialect", DIALECTS)


def request(headers: Mapping[str, str], target: str = INBOX, body: bytes = BODY, method: str = "POST") -> Incoming:
    """What arrives: names in lower case, as the server gives them."""
    return Incoming(method, target, OURS, {name.lower(): value for name, value in headers.items()}, body)


def signed(dialect: str, target: str = INBOX, body: bytes = BODY, method: str = "POST", at: datetime = NOW) -> Incoming:
    sent = body if method == "POST" else None
    headers = sign(dialect, KEY, method, OURS + target, sent, body_digest(body), at)
    return request(headers, target, body if method == "POST" else b"", method)


def take(incoming: Incoming, pem: str = PUBLIC, now: datetime = NOW) -> str:
    """The key's id; raises BadSignature."""
    claim = read_claim(incoming, now)
    verify(claim, pem)
    return claim.key_id


def reason(incoming: Incoming, pem: str = PUBLIC, now: datetime = NOW) -> str:
    with pytest.raises(BadSignature) as refused:
        take(incoming, pem, now)
    return refused.value.reason


def with_header(incoming: Incoming, **changes: str | None) -> Incoming:
    headers = {name.replace("_", "-"): value for name, value in changes.items()}
    kept = {name: value for name, value in {**incoming.headers, **headers}.items() if value is not None}
    return replace(incoming, headers=kept)


def cavage(
    names: str, given: str = 'algorithm="rsa-sha256"', target: str = INBOX, more: Mapping[str, str] = {}, **values: str
) -> Incoming:
    """A request signed by hand over ``names``; ``values`` replace what would be right."""
    headers = {
        "host": "coop.example",
        "date": format_datetime(NOW, usegmt=True),
        "digest": f"SHA-256={body_digest(BODY)}",
        **{name.replace("_", "-"): value for name, value in values.items()},
    }
    lines = [
        f"{name}: {({'(request-target)': f'post {target}'} | dict(more) | headers)[name]}" for name in names.split()
    ]
    proof = b64encode(keys.signature(KEY.private, "\n".join(lines).encode())).decode()
    parts = [f'keyId="{KEY.key_id}"', given, f'headers="{names}"', f'signature="{proof}"']
    return request({**headers, "Signature": ",".join(part for part in parts if part)})


ALL = "(request-target) host date digest"


# It works


@every_dialect
@pytest.mark.parametrize("target", [INBOX, "/ap/inbox?page=2&x=%C3%A9", "/"])
def test_what_we_sign_we_believe(dialect: str, target: str) -> None:
    assert take(signed(dialect, target)) == KEY.key_id


@every_dialect
@pytest.mark.parametrize("rest", ["/größe?für=alle", "/inbox?", "?a=b", "", "/a%20b/%c3%bc;c=d", "/inbox#part"])
def test_what_we_sign_is_what_goes_over_the_wire(dialect: str, rest: str) -> None:
    """The poster escapes what is beyond ASCII; an inbox may have it in its address all the same."""
    headers = sign(dialect, KEY, "POST", OURS + rest, BODY, body_digest(BODY), NOW)
    assert take(request(headers, httpx.URL(OURS + rest).raw_path.decode())) == KEY.key_id


@every_dialect
def test_a_question_without_a_body_needs_no_digest(dialect: str) -> None:
    assert take(signed(dialect, "/ap/actors/1", method="GET")) == KEY.key_id


def test_the_older_dialect_names_its_algorithm_and_covers_what_peers_ask_for() -> None:
    """Takahē refuses a signature without the parameter."""
    told = signed("cavage").headers["signature"]
    assert 'algorithm="rsa-sha256"' in told
    assert 'headers="(request-target) host date digest"' in told


@pytest.mark.parametrize("given", ['algorithm="hs2019"', 'algorithm="RSA-SHA256"', ""])
def test_an_algorithm_that_is_missing_or_means_rsa_is_taken(given: str) -> None:
    assert take(cavage(ALL, given)) == KEY.key_id


def test_a_target_signed_without_its_query_is_taken_and_no_other_path() -> None:
    assert take(replace(cavage(ALL, target="/ap/inbox"), target="/ap/inbox?x=1")) == KEY.key_id
    assert reason(replace(cavage(ALL, target="/ap/outbox"), target="/ap/inbox?x=1")) == "signature"


def test_created_counts_in_place_of_the_date_where_the_algorithm_allows_it() -> None:
    stamp = str(int(NOW.timestamp()))
    names = "(request-target) host (created) digest"
    assert take(cavage(names, f'algorithm="hs2019",created={stamp}', more={"(created)": stamp})) == KEY.key_id
    assert reason(cavage(names, f'algorithm="rsa-sha256",created={stamp}', more={"(created)": stamp})) == "algorithm"


@pytest.mark.parametrize("host", ["coop.example", "Coop.Example", "coop.example:443"])
def test_the_host_may_be_written_in_any_way_that_means_ours(host: str) -> None:
    assert take(cavage(ALL, host=host)) == KEY.key_id


@every_dialect
def test_a_proxy_that_puts_in_another_host_changes_nothing(dialect: str) -> None:
    """Edge case 19: the public address is what was signed."""
    assert take(with_header(signed(dialect), host="127.0.0.1:8000")) == KEY.key_id


def test_several_digests_are_fine_when_all_that_we_know_fit() -> None:
    fitting = f"sha-256={body_digest(BODY)},unixsum=30637"
    assert take(cavage(ALL, digest=fitting)) == KEY.key_id
    assert reason(cavage(ALL, digest=f"{fitting},SHA-512=AAAA")) == "digest"


def test_a_digest_that_is_named_a_thousand_times_is_worked_out_once() -> None:
    body, wrong = b"x" * 1_000_000, "sha-512=" + "A" * 86 + "=="
    begun = time.process_time()
    assert not holds(",".join([wrong] * 2_000), body)
    assert time.process_time() - begun < 0.5


# Another library


class _Message(SimpleNamespace):
    """A request as the other library wants it."""


def test_the_newer_dialect_is_believed_by_another_library() -> None:
    mine = signed("rfc9421")
    verifier = oracle.HTTPMessageVerifier(
        signature_algorithm=oracle.algorithms.RSA_V1_5_SHA256,
        key_resolver=SimpleNamespace(resolve_public_key=lambda _id: PUBLIC.encode()),  # type: ignore[arg-type]
    )
    message = _Message(method="POST", url=OURS + INBOX, headers=_plain(mine.headers))
    (found,) = verifier.verify(message, max_age=timedelta(days=36500), body=BODY)
    assert found.parameters["keyid"] == KEY.key_id


def _plain(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.title(): value for name, value in headers.items()}


def _by_the_other_library(label: str = "sig1", **more: Any) -> Incoming:
    signer = oracle.HTTPMessageSigner(
        signature_algorithm=oracle.algorithms.RSA_V1_5_SHA256,
        key_resolver=SimpleNamespace(resolve_private_key=lambda _id: _PRIVATE),  # type: ignore[arg-type]
    )
    told = {"Content-Digest": content_digest(body_digest(BODY))}
    message = _Message(method="POST", url=OURS + INBOX, headers={"Host": "coop.example"})
    given: dict[str, Any] = {"covered_component_ids": ("@method", "@target-uri", "content-digest")} | more
    if "content-digest" in given["covered_component_ids"]:
        given |= {"body": BODY}
    signer.sign(message, key_id=KEY.key_id, created=NOW.replace(tzinfo=None), label=label, **given)
    return request({**told, **message.headers})


@pytest.mark.parametrize("label", ["sig1", "fediverse"])
def test_what_another_library_signs_is_believed(label: str) -> None:
    assert take(_by_the_other_library(label)) == KEY.key_id


@pytest.mark.parametrize(
    "parts",
    [
        ("@method", "@authority", "@path", "content-digest"),
        ("@method", "@authority", "@request-target", "content-digest"),
        ("@method", "@scheme", "@authority", "@path", "@query", "content-digest", "host"),
    ],
)
def test_the_address_may_be_covered_by_its_parts(parts: tuple[str, ...]) -> None:
    assert take(_by_the_other_library(covered_component_ids=parts)) == KEY.key_id


@pytest.mark.parametrize(
    "parts",
    [
        ("@target-uri", "content-digest"),
        ("@method", "content-digest"),
        ("@method", "@path", "content-digest"),
        ("@method", "@authority", "content-digest"),
        ("@method", "@target-uri"),
    ],
)
def test_what_does_not_cover_method_address_and_body_is_refused(parts: tuple[str, ...]) -> None:
    """Edge case 13."""
    assert reason(_by_the_other_library(covered_component_ids=parts)) == "covered"


def test_the_query_must_be_covered_where_there_is_one() -> None:
    mine = _by_the_other_library(covered_component_ids=("@method", "@authority", "@path", "content-digest"))
    assert reason(replace(mine, target=INBOX + "?x=1")) == "covered"


def test_of_two_signatures_the_one_that_can_be_believed_counts() -> None:
    """Edge case 17."""
    mine, other = signed("rfc9421"), _by_the_other_library("other", covered_component_ids=("@method",))
    both = {name: f"{other.headers[name]}, {mine.headers[name]}" for name in ("signature-input", "signature")}
    assert take(with_header(mine, signature_input=both["signature-input"], signature=both["signature"])) == KEY.key_id


def test_expired_is_expired() -> None:
    late = _by_the_other_library(expires=(NOW - timedelta(seconds=1)).replace(tzinfo=None))
    assert reason(late) == "expired"
    assert take(_by_the_other_library(expires=(NOW + timedelta(seconds=1)).replace(tzinfo=None))) == KEY.key_id


# What is refused


@every_dialect
def test_another_body_is_refused_even_with_its_own_digest(dialect: str) -> None:
    """Two libraries that were tried accept this: the digest is put in, and not covered by the signature."""
    mine, forged = signed(dialect), b'{"type":"Delete"}'
    assert reason(replace(mine, body=forged)) == "digest"
    told = {"digest": f"SHA-256={body_digest(forged)}", "content-digest": content_digest(body_digest(forged))}
    assert reason(replace(mine, body=forged, headers={**mine.headers, **told})) == "signature"


@pytest.mark.parametrize("names", ["(request-target) host date", "host date digest", "(request-target) date digest"])
def test_an_older_signature_that_leaves_something_out_is_refused(names: str) -> None:
    assert reason(cavage(names)) == "covered"


def test_an_older_signature_without_time_is_refused() -> None:
    assert reason(cavage("(request-target) host digest")) == "covered"


@every_dialect
def test_a_missing_digest_is_refused(dialect: str) -> None:
    assert reason(with_header(signed(dialect), digest=None, content_digest=None)) in ("digest", "covered")


@pytest.mark.parametrize("digest", ["", "SHA-256", "SHA-256=%%%", "MD5=AAAA", "SHA-1=AAAA", "unixsum=1"])
def test_a_digest_that_says_nothing_we_know_is_refused(digest: str) -> None:
    """Edge case 14."""
    assert reason(cavage(ALL, digest=digest)) == "digest"


@pytest.mark.parametrize("algorithm", ["rsa-sha512", "hmac-sha256", "ed25519", "none"])
def test_other_algorithms_are_refused(algorithm: str) -> None:
    """Edge case 15."""
    assert reason(cavage(ALL, f'algorithm="{algorithm}"')) == "algorithm"


@every_dialect
@pytest.mark.parametrize(
    ("later", "fits"),
    [
        (timedelta(hours=12), True),
        (timedelta(hours=14), False),
        (timedelta(minutes=-59), True),
        (timedelta(hours=-2), False),
        (timedelta(days=3 * 365), False),
    ],
)
def test_a_signature_is_good_for_about_half_a_day(dialect: str, later: timedelta, fits: bool) -> None:
    """Edge case 16: as Mastodon, 12 hours and an hour for clocks, and an hour ahead."""
    if fits:
        assert take(signed(dialect), now=NOW + later) == KEY.key_id
    else:
        assert reason(signed(dialect), now=NOW + later) == "date"


@pytest.mark.parametrize("date", ["", "yesterday", "Sun, 99 Nov 2026 12:00:00 GMT", "2026-11-22T12:00:00Z"])
def test_a_date_that_is_none_is_refused(date: str) -> None:
    assert reason(cavage(ALL, date=date)) == "date"


@every_dialect
def test_it_cannot_be_used_on_another_path_or_at_another_host(dialect: str) -> None:
    assert reason(replace(signed(dialect), target="/ap/actors/1/inbox")) == "signature"
    elsewhere = sign(dialect, KEY, "POST", "https://other.example" + INBOX, BODY, body_digest(BODY), NOW)
    assert reason(request(elsewhere)) == "signature"


@every_dialect
def test_another_key_is_refused(dialect: str) -> None:
    assert reason(signed(dialect), keys.new_pair()[1]) == "signature"


def _pem(key: Any) -> str:
    return str(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode())


def test_keys_that_prove_nothing_are_refused() -> None:
    small = _pem(rsa.generate_private_key(65537, 1024))
    curve = _pem(ec.generate_private_key(ec.SECP256R1()))
    for pem in (small, curve, "", "no key", "x" * 5_000, PUBLIC + "x" * 5_000, PUBLIC.replace("A", "é")):
        assert reason(signed("cavage"), pem) == "key"


@pytest.mark.parametrize("key_id", ["", "main-key", "ftp://peer.example/k", "https://u:p@peer.example/k", "https:///k"])
def test_a_key_that_cannot_be_asked_for_is_refused(key_id: str) -> None:
    mine = signed("cavage")
    assert reason(with_header(mine, signature=mine.headers["signature"].replace(KEY.key_id, key_id))) == "key_id"


@pytest.mark.parametrize(
    "header",
    ["", "nonsense", 'keyId="a"', 'keyId="a",keyId="b"', "x" * 10_000, 'headers="(request-target) host date digest"x'],
)
def test_a_header_that_cannot_be_read_is_refused(header: str) -> None:
    mine = with_header(signed("cavage"), signature=header)
    assert reason(mine) in ("missing", "form", "covered")
    assert reason(with_header(signed("rfc9421"), signature=header)) in ("missing", "form")
    assert reason(with_header(signed("rfc9421"), signature_input=header or "x")) in ("missing", "form")


@settings(max_examples=150, deadline=None)
@given(data=st.data(), dialect=st.sampled_from(DIALECTS))
def test_nothing_that_was_signed_can_be_changed_by_a_single_character(data: st.DataObject, dialect: str) -> None:
    mine = signed(dialect, "/ap/inbox?x=1")
    covered = ("date", "digest") if dialect == "cavage" else ("content-digest",)
    part = data.draw(st.sampled_from(["body", "target", "method", "base_url", *covered]))
    if part == "body":
        place = data.draw(st.integers(0, len(BODY) - 1))
        changed = replace(
            mine, body=BODY[:place] + bytes([BODY[place] ^ 1 << data.draw(st.integers(0, 7))]) + BODY[place + 1 :]
        )
    elif part == "method":
        changed = replace(mine, method="PUT")
    elif part == "base_url":
        changed = with_header(replace(mine, base_url="https://coop2.example"), host="coop2.example")
    elif part == "target":
        place = data.draw(st.integers(1, len(mine.target) - 1))
        changed = replace(mine, target=mine.target[:place] + "~" + mine.target[place + 1 :])
    else:
        value = mine.headers[part]
        place = data.draw(st.integers(0, len(value) - 1))
        other = "B" if value[place] != "B" else "C"
        changed = replace(mine, headers={**mine.headers, part: value[:place] + other + value[place + 1 :]})
    assert reason(changed) in ("digest", "signature", "date", "form", "covered")


# Tricks


def newer(components: str, params: str, label: str = "sig1", **more: str) -> Incoming:
    """A request signed by hand in the newer dialect over whatever is written in ``components``, as it is written."""
    told = {"content-digest": content_digest(body_digest(BODY)), **more}
    known = {"@method": "POST", "@target-uri": OURS + INBOX, **told}
    names = [name.split(";")[0] for name in components.split()]
    lines = [f'"{name.strip(chr(34))}": {known.get(name.strip(chr(34)), "")}' for name in names]
    lines.append(f'"@signature-params": ({components}){params}')
    proof = b64encode(keys.signature(KEY.private, "\n".join(lines).encode())).decode()
    return request(
        {"Host": "coop.example", **told, "Signature-Input": f"{label}=({components}){params}"}
        | {"Signature": f"{label}=:{proof}:"}
    )


WHOLE = '"@method" "@target-uri" "content-digest"'
SINCE = int(NOW.timestamp())
IN_FORCE = f';created={SINCE};keyid="{KEY.key_id}"'


def test_what_is_signed_by_hand_in_the_newer_dialect_is_taken() -> None:
    assert take(newer(WHOLE, IN_FORCE)) == KEY.key_id
    assert take(newer(WHOLE, IN_FORCE + ';alg="rsa-v1_5-sha256";nonce="n";tag="t"')) == KEY.key_id


@pytest.mark.parametrize(
    ("components", "params", "why"),
    [
        (WHOLE, f';keyid="{KEY.key_id}"', "date"),
        (WHOLE, f';created={SINCE}.5;keyid="{KEY.key_id}"', "date"),
        (WHOLE, f';created;keyid="{KEY.key_id}"', "date"),
        (WHOLE, f';created={SINCE + 7_200};keyid="{KEY.key_id}"', "date"),
        (WHOLE, f';created=999999999999999;keyid="{KEY.key_id}"', "date"),
        (WHOLE, f"{IN_FORCE};expires={SINCE - 1}", "expired"),
        (WHOLE, f'{IN_FORCE};expires="never"', "expired"),
        (WHOLE, f'{IN_FORCE};alg="rsa-pss-sha512"', "algorithm"),
        (WHOLE, f'{IN_FORCE};alg="ed25519"', "algorithm"),
        (WHOLE, f";created={SINCE}", "key_id"),
        (WHOLE, f";created={SINCE};keyid=5", "key_id"),
        ('"@method";req "@target-uri" "content-digest"', IN_FORCE, "form"),
        ('"@method" "@target-uri" "content-digest";sf', IN_FORCE, "form"),
        (f'{WHOLE} "@query-param";name="x"', IN_FORCE, "form"),
        (f'{WHOLE} "@method"', IN_FORCE, "form"),
        ('"@METHOD" "@target-uri" "content-digest"', IN_FORCE, "form"),
        (f'{WHOLE} "@status"', IN_FORCE, "covered"),
        (f'{WHOLE} "x-missing"', IN_FORCE, "covered"),
    ],
)
def test_a_newer_signature_that_means_something_else_is_refused(components: str, params: str, why: str) -> None:
    assert reason(newer(components, params)) == why


def test_no_more_signatures_or_components_are_looked_at_than_anybody_needs() -> None:
    mine = newer(WHOLE, IN_FORCE)
    many = {
        name: ", ".join([mine.headers[name].replace("sig1", f"sig{n}") for n in range(2, 6)] + [mine.headers[name]])
        for name in ("signature-input", "signature")
    }
    assert reason(with_header(mine, signature_input=many["signature-input"], signature=many["signature"])) == "form"
    extra = {f"x-{n}": "1" for n in range(18)}
    assert reason(newer(" ".join([WHOLE, *(f'"{name}"' for name in extra)]), IN_FORCE, **extra)) == "form"


def test_the_newer_digest_says_digests_and_nothing_else() -> None:
    told = content_digest(body_digest(BODY))
    assert content_digest_holds(told, BODY)
    for odd in (
        f"{told}, sha-512=:AAAA:",
        f"{told}, x=1",
        "sha-256",
        "sha-256=(:AA==:)",
        "md5=:AAAA:",
        "",
        "sha-256=:?:",
    ):
        assert not content_digest_holds(odd, BODY)


def _created(instant: int) -> Incoming:
    names, told = "(request-target) host (created) digest", str(instant)
    return cavage(names, f'algorithm="hs2019",created={told}', more={"(created)": told})


def test_an_older_signature_of_another_time_is_refused_whichever_way_it_tells_the_time() -> None:
    """Edge case 16."""
    assert reason(_created(SINCE + 7_200)) == "date"
    assert reason(_created(SINCE - 14 * 3_600)) == "date"
    both = "(request-target) host date (created) digest"
    given, late = f'algorithm="hs2019",created={SINCE}', format_datetime(NOW - timedelta(hours=14), usegmt=True)
    assert take(cavage(both, given, more={"(created)": str(SINCE)})) == KEY.key_id
    assert reason(cavage(both, given, more={"(created)": str(SINCE)}, date=late)) == "date"


@pytest.mark.parametrize(("expires", "why"), [(SINCE - 1, "expired"), (SINCE - 10**6, "expired")])
def test_an_older_signature_that_has_expired_is_refused(expires: int, why: str) -> None:
    assert reason(cavage(ALL, f'algorithm="rsa-sha256",expires={expires}')) == why
    assert take(cavage(ALL, f'algorithm="rsa-sha256",expires={SINCE + 1}')) == KEY.key_id


@pytest.mark.parametrize(
    ("names", "given", "why"),
    [
        (f"{ALL} (expires)", 'algorithm="rsa-sha256"', "covered"),
        (f"{ALL} (created)", 'algorithm="hs2019"', "date"),
        (f"{ALL} date", 'algorithm="rsa-sha256"', "form"),
        (ALL, 'algorithm="rsa-sha256",algorithm="rsa-sha256"', "form"),
        (ALL, f'algorithm="rsa-sha256",x="{"a" * 8_000}"', "form"),
    ],
)
def test_an_older_signature_that_says_a_thing_twice_or_not_at_all_is_refused(names: str, given: str, why: str) -> None:
    assert reason(cavage(names, given, more={"(expires)": "", "(created)": ""})) == why


def test_a_key_whose_name_or_exponent_nobody_would_choose_is_refused() -> None:
    long = f"https://peer.example/{'k' * 500}"
    mine = signed("cavage")
    assert reason(with_header(mine, signature=mine.headers["signature"].replace(KEY.key_id, long))) == "key_id"
    modulus = KEY.private.public_key().public_numbers().n
    slow = rsa.RSAPublicNumbers(2**2000 + 1, modulus).public_key()
    assert reason(mine, slow.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()) == "key"
