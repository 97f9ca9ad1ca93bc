"""Digests of bodies in headers: ``Digest`` (RFC 3230) and ``Content-Digest`` (RFC 9530), SHA-256 and SHA-512."""

import binascii
import hashlib
import hmac
from base64 import b64decode, b64encode
from typing import Any

import http_sf

_ALGORITHMS = {"sha-256": hashlib.sha256, "sha-512": hashlib.sha512}


def body_digest(body: bytes) -> str:
    """SHA-256 of ``body`` in base64: made once for each activity, whatever the number of inboxes."""
    return b64encode(hashlib.sha256(body).digest()).decode()


def digest(digest_of_body: str) -> str:
    """The ``Digest`` header for what ``body_digest`` gave."""
    return f"SHA-256={digest_of_body}"


def content_digest(digest_of_body: str) -> str:
    """The ``Content-Digest`` header for what ``body_digest`` gave."""
    return f"sha-256=:{digest_of_body}:"


def holds(header: str, body: bytes) -> bool:
    """Whether a ``Digest`` header is that of ``body``: at least one algorithm that we know, and all of those fit."""
    found: list[tuple[str, bytes]] = []
    for part in header.split(","):
        name, _, value = part.strip().partition("=")
        if (name := name.strip().lower()) not in _ALGORITHMS:
            continue
        try:
            found.append((name, b64decode(value.strip(), validate=True)))
        except (binascii.Error, ValueError):
            return False
    return _fits(found, body)


def content_digest_holds(header: str, body: bytes) -> bool:
    """Whether a ``Content-Digest`` header is that of ``body``, in the same sense."""
    try:
        parsed: Any = http_sf.parse(header.encode(), tltype="dictionary")
    except ValueError:
        return False
    found = [(name, member[0]) for name, member in parsed.items() if isinstance(member[0], bytes)]
    return len(found) == len(parsed) and _fits(found, body)


def _fits(found: list[tuple[str, bytes]], body: bytes) -> bool:
    known = [(name, value) for name, value in found if name in _ALGORITHMS]
    ours = {name: _ALGORITHMS[name](body).digest() for name in {name for name, _ in known}}  # once, however often named
    return bool(known) and all(hmac.compare_digest(ours[name], value) for name, value in known)
