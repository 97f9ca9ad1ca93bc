"""The older dialect: draft-cavage-http-signatures-12, as the fediverse speaks it. RSA and SHA-256 only."""

import binascii
import re
from base64 import b64decode, b64encode
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

from coopgov.federation.rules import digests, keys
from coopgov.federation.rules.hosts import authority_of
from coopgov.federation.rules.signed import (
    CAVAGE,
    LONGEST_HEADER,
    BadSignature,
    Claim,
    Incoming,
    SigningKey,
    check_key_id,
    refuse_time,
    target_of,
)

ALGORITHMS = ("rsa-sha256", "hs2019", "")  # hs2019: the key says what it is, and ours are RSA (draft, appendix E.2)
_PARAMETER = re.compile(r'\s*([A-Za-z]+)=(?:"([^"\\]*)"|([0-9]{1,15}))\s*(?:,|$)')
_NAME = re.compile(r"\(?[a-z][a-z0-9-]*\)?")


def read_claim(request: Incoming, now: datetime) -> Claim:
    """What the request's ``Signature`` header claims. Raises BadSignature."""
    given = _parameters(request.headers.get("signature", ""))
    algorithm = given.get("algorithm", "").lower()
    if algorithm not in ALGORITHMS:
        raise BadSignature("algorithm")
    names = _covered(given.get("headers", ""), request)
    _refuse_times(names, given, algorithm, request, now)
    if request.has_body and not digests.holds(request.headers.get("digest", ""), request.body):
        raise BadSignature("digest")
    try:
        signature = b64decode(given.get("signature", ""), validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadSignature("form") from error
    texts = tuple(_text(names, given, request, target) for target in _targets(request))
    return Claim(CAVAGE, check_key_id(given.get("keyId", "")), texts, signature)


def _parameters(header: str) -> dict[str, str]:
    if not header:
        raise BadSignature("missing")
    if len(header) > LONGEST_HEADER:
        raise BadSignature("form")
    found: dict[str, str] = {}
    place = 0
    while place < len(header):
        match = _PARAMETER.match(header, place)
        if match is None or match[1] in found:
            raise BadSignature("form")
        found[match[1]] = match[2] if match[2] is not None else match[3]
        place = match.end()
    return found


def _covered(listed: str, request: Incoming) -> list[str]:
    names = listed.lower().split()
    needed = {"(request-target)", "host"} | ({"digest"} if request.has_body else set())
    if len(set(names)) != len(names) or not all(_NAME.fullmatch(name) for name in names):
        raise BadSignature("form")
    if not needed <= set(names) or not {"date", "(created)"} & set(names):
        raise BadSignature("covered")
    return names


def _refuse_times(names: list[str], given: dict[str, str], algorithm: str, request: Incoming, now: datetime) -> None:
    if "date" in names:
        refuse_time(_http_date(request.headers.get("date", "")), now)
    if "(created)" in names:
        if algorithm == "rsa-sha256":  # draft, section 2.3: then the verifier must say no
            raise BadSignature("algorithm")
        refuse_time(_instant(given.get("created", "")), now)
    if "expires" in given and _instant(given["expires"]) < now:
        raise BadSignature("expired")


def _http_date(text: str) -> datetime:
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError) as error:
        raise BadSignature("date") from error
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at


def _instant(seconds: str) -> datetime:
    try:
        return datetime.fromtimestamp(int(seconds), UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise BadSignature("date") from error


def _targets(request: Incoming) -> list[str]:
    """With its query, as the draft has it; and without, as some servers sign it."""
    path, question, _ = request.target.partition("?")
    return [request.target, path] if question else [path]


def _text(names: list[str], given: dict[str, str], request: Incoming, target: str) -> bytes:
    values = {
        "(request-target)": f"{request.method.lower()} {target}",
        "(created)": given.get("created", ""),
        "(expires)": given.get("expires", ""),
        "host": request.host,
    }
    lines = []
    for name in names:
        value = values.get(name, request.headers.get(name))
        if value is None or (name.startswith("(") and not values.get(name)):
            raise BadSignature("covered")
        lines.append(f"{name}: {value.strip()}")
    return "\n".join(lines).encode("latin-1", "replace")


def sign(key: SigningKey, method: str, url: str, digest_of_body: str, now: datetime) -> dict[str, str]:
    """Headers that sign the request; ``digest_of_body`` as ``digests.body_digest`` gives it, empty without a body."""
    headers = {"Host": authority_of(url), "Date": format_datetime(now.astimezone(UTC), usegmt=True)}
    if digest_of_body:
        headers["Digest"] = digests.digest(digest_of_body)
    names = ["(request-target)", *(name.lower() for name in headers)]
    lines = [f"(request-target): {method.lower()} {target_of(url)}"]
    lines += [f"{name.lower()}: {value}" for name, value in headers.items()]
    signed = b64encode(keys.signature(key.private, "\n".join(lines).encode())).decode()
    told = f'keyId="{key.key_id}",algorithm="rsa-sha256",headers="{" ".join(names)}",signature="{signed}"'
    return {**headers, "Signature": told}
