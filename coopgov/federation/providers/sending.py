"""One delivery over the wire: signed when it leaves, in the dialect that its server reads."""

from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from coopgov.federation.rules.delivering import DIALECTS, Meaning, Parcel, Result, meaning_of, other_dialect
from coopgov.federation.rules.signatures import SigningKey, sign
from coopgov.infra.http import FetchFailed, FetchRefused
from coopgov.infra.posting import Poster

ACTIVITY = "application/activity+json"


@dataclass(frozen=True)
class Letter:
    """An activity as every inbox gets it. ``digest``: base64 of its SHA-256, made once."""

    body: bytes
    digest: str

    @classmethod
    def of(cls, body: bytes) -> "Letter":
        """The letter with this body."""
        return cls(body, b64encode(sha256(body).digest()).decode())


def send(poster: Poster, parcel: Parcel, letter: Letter, key: SigningKey, clock: Callable[[], datetime]) -> Result:
    """Delivers; a server that cannot read one way of signing is shown the other, once. Raises nothing of the wire."""
    first = parcel.dialect or DIALECTS[0]
    result = _try(poster, parcel, letter, key, first, clock())
    if result.meaning not in (Meaning.UNREAD, Meaning.DENIED):
        return result
    return _try(poster, parcel, letter, key, other_dialect(first), clock())


def _try(poster: Poster, parcel: Parcel, letter: Letter, key: SigningKey, dialect: str, now: datetime) -> Result:
    headers = sign(dialect, key, "POST", parcel.url, letter.body, letter.digest, now)
    try:
        answer = poster.post(parcel.url, letter.body, {**headers, "Content-Type": ACTIVITY})
    except FetchFailed as failed:
        return Result(parcel=parcel, meaning=meaning_of(0), dialect=dialect, error=failed.reason)
    except FetchRefused as refused:
        return Result(parcel=parcel, meaning=Meaning.REFUSED, dialect=dialect, error=refused.reason)
    meaning = meaning_of(answer.status)
    if meaning is Meaning.DONE:
        return Result(parcel=parcel, meaning=meaning, dialect=dialect)
    words = " ".join(answer.opening.decode("utf-8", "replace").replace("\0", " ").split())
    return Result(
        parcel=parcel,
        meaning=meaning,
        dialect=dialect,
        error=f"{answer.status} {words}"[:200].strip(),
        retry_after=answer.headers.get("retry-after", ""),
    )
