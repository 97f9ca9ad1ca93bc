"""Signed requests in both dialects: what a signature claims before its key is known, its proof, and our own.

A request is taken only when its signature covers what matters: method, address with our host, time, and the digest of
the body, which is that of the body.
"""

from datetime import datetime

from coopgov.federation.rules import cavage, keys, rfc9421
from coopgov.federation.rules.digests import body_digest
from coopgov.federation.rules.signed import CAVAGE, RFC9421, BadSignature, Claim, Incoming, SigningKey

__all__ = [
    "CAVAGE",
    "DIALECTS",
    "RFC9421",
    "BadSignature",
    "Claim",
    "Incoming",
    "SigningKey",
    "body_digest",
    "read_claim",
    "sign",
    "verify",
]
_SIGNERS = {CAVAGE: cavage.sign, RFC9421: rfc9421.sign}
DIALECTS = tuple(_SIGNERS)


def read_claim(request: Incoming, now: datetime) -> Claim:
    """What the request's signature claims, in whichever dialect it is. Everything is checked that needs no key.

    Raises BadSignature.
    """
    read = rfc9421.read_claim if "signature-input" in request.headers else cavage.read_claim
    return read(request, now)


def verify(claim: Claim, public_pem: str) -> None:
    """Raises BadSignature("key") for a key that we do not take, ("signature") when it was not signed with it."""
    try:
        key = keys.load_public(public_pem)
    except ValueError as error:
        raise BadSignature("key") from error
    if not any(keys.is_signed(key, text, claim.signature) for text in claim.texts):
        raise BadSignature("signature")


def sign(
    dialect: str, key: SigningKey, method: str, url: str, body: bytes | None, body_digest: str, now: datetime
) -> dict[str, str]:
    """Headers to add to a request, ``Host`` among them, so that it is signed in ``dialect`` (cavage, rfc9421).

    ``body_digest``: as the function of this name gives it, made once for all inboxes; unused without a body.
    """
    return _SIGNERS[dialect](key, method, url, body_digest if body is not None else "", now)
