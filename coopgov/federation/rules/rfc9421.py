"""The newer dialect: HTTP Message Signatures (RFC 9421) with RSASSA-PKCS1-v1_5 and SHA-256."""

from base64 import b64encode
from datetime import UTC, datetime
from typing import Any

import http_sf

from coopgov.federation.rules import digests, keys
from coopgov.federation.rules.hosts import authority_of, origin_of
from coopgov.federation.rules.signed import (
    LONGEST_HEADER,
    RFC9421,
    BadSignature,
    Claim,
    Incoming,
    SigningKey,
    check_key_id,
    refuse_time,
    target_of,
)

ALGORITHM = "rsa-v1_5-sha256"
MOST_SIGNATURES = 4
MOST_COMPONENTS = 20
Member = tuple[list[tuple[str, dict[str, Any]]], dict[str, Any]]


def read_claim(request: Incoming, now: datetime) -> Claim:
    """What one of the request's signatures claims: the first that could be believed. Raises BadSignature."""
    inputs, signatures = _dictionary(request, "signature-input"), _dictionary(request, "signature")
    if not 0 < len(inputs) <= MOST_SIGNATURES:
        raise BadSignature("form")
    first: BadSignature | None = None
    for label, member in inputs.items():
        try:
            return _claimed(label, member, signatures, request, now)
        except BadSignature as error:
            first = first or error
    raise first or BadSignature("missing")


def _dictionary(request: Incoming, name: str) -> dict[str, Any]:
    header = request.headers.get(name, "")
    if not header:
        raise BadSignature("missing")
    if len(header) > LONGEST_HEADER:
        raise BadSignature("form")
    try:
        found: Any = http_sf.parse(header.encode("latin-1", "replace"), tltype="dictionary")
    except ValueError as error:
        raise BadSignature("form") from error
    return dict(found)


def _claimed(label: str, member: Any, signatures: dict[str, Any], request: Incoming, now: datetime) -> Claim:
    signed = signatures.get(label)
    if not isinstance(member[0], list) or signed is None or not isinstance(signed[0], bytes):
        raise BadSignature("form")
    names, given = _names(member), member[1]
    if given.get("alg", ALGORITHM) != ALGORITHM:
        raise BadSignature("algorithm")
    _refuse_uncovered(set(names), request)
    _refuse_times(given, now)
    if request.has_body and not digests.content_digest_holds(request.headers.get("content-digest", ""), request.body):
        raise BadSignature("digest")
    key_id = given.get("keyid")
    if not isinstance(key_id, str):
        raise BadSignature("key_id")
    return Claim(RFC9421, check_key_id(key_id), (_base(label, names, member, request),), signed[0])


def _names(member: Member) -> list[str]:
    """Names of the covered components; those with parameters mean something else, which we cannot check."""
    items = member[0]
    if len(items) > MOST_COMPONENTS or not all(isinstance(name, str) and not more for name, more in items):
        raise BadSignature("form")
    names = [name for name, _ in items]
    if len(set(names)) != len(names) or any(name != name.lower() for name in names):
        raise BadSignature("form")
    return names


def _refuse_uncovered(names: set[str], request: Incoming) -> None:
    """Method, address and body must be covered; the address as a whole, or by the parts that make it up."""
    parts = {"@authority", "@path", *(["@query"] if "?" in request.target else [])}
    whole = "@target-uri" in names or {"@authority", "@request-target"} <= names or parts <= names
    if "@method" not in names or not whole or (request.has_body and "content-digest" not in names):
        raise BadSignature("covered")


def _refuse_times(given: dict[str, Any], now: datetime) -> None:
    created, expires = given.get("created"), given.get("expires")
    if type(created) is not int:
        raise BadSignature("date")
    refuse_time(_instant(created), now)
    if expires is not None and (type(expires) is not int or _instant(expires) < now):
        raise BadSignature("expired")


def _instant(seconds: int) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise BadSignature("date") from error


def _base(label: str, names: list[str], member: Member, request: Incoming) -> bytes:
    """The signature base (RFC 9421, 2.5)."""
    path, question, query = request.target.partition("?")
    scheme = request.base_url.partition(":")[0]
    derived = {
        "@method": request.method.upper(),
        "@target-uri": f"{scheme}://{request.authority}{request.target}",
        "@authority": authority_of(request.base_url),
        "@scheme": scheme,
        "@request-target": request.target,
        "@path": path,
        "@query": f"?{query}" if question else "?",
    }
    lines = []
    for name in names:
        value = derived.get(name) if name.startswith("@") else _field(name, request)
        if value is None:
            raise BadSignature("covered")
        lines.append(f'"{name}": {value}')
    written: Any = {label: member}
    lines.append(f'"@signature-params": {http_sf.ser(written).removeprefix(f"{label}=")}')
    return "\n".join(lines).encode("latin-1", "replace")


def _field(name: str, request: Incoming) -> str | None:
    value = request.host if name == "host" else request.headers.get(name)
    return None if value is None else " ".join(value.strip().splitlines())


def sign(key: SigningKey, method: str, url: str, digest_of_body: str, now: datetime) -> dict[str, str]:
    """Headers that sign the request; ``digest_of_body`` as ``digests.body_digest`` gives it, empty without a body."""
    covered = {"@method": method.upper(), "@target-uri": origin_of(url) + target_of(url)}
    headers = {"Host": authority_of(url)}
    if digest_of_body:
        headers["Content-Digest"] = covered["content-digest"] = digests.content_digest(digest_of_body)
    listed = " ".join(f'"{name}"' for name in covered)
    told = f'({listed});created={int(now.timestamp())};keyid="{key.key_id}"'
    lines = [*(f'"{name}": {value}' for name, value in covered.items()), f'"@signature-params": {told}']
    signed = b64encode(keys.signature(key.private, "\n".join(lines).encode())).decode()
    return {**headers, "Signature-Input": f"sig1={told}", "Signature": f"sig1=:{signed}:"}
