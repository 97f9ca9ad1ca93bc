"""The sealed box of a secret vote: ballots in their one form, what identifies them inside, seals, receipts.

Knows no database, no file, no clock; chance comes in. ``key`` is always the poll's K (32 bytes), ``manifest_hash`` its
M, ``leaf`` an elector's leaf of the roll, ``tracker`` a ballot's T: 64 lower-case hexadecimal digits each.
"""

import hmac
import json
import re
from collections.abc import Callable, Sequence
from typing import Any

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from coopgov.core.errors import Kind, Refusals, Refused
from coopgov.core.text import N_
from coopgov.tally.canonical import canonical

NONCE_BYTES = 16
IV_BYTES = 12  # NIST SP 800-38D, 5.2.1.1
TAG_BYTES = 16
STEP = 64  # rooms are multiples of it
BESIDE_OPTION = 16  # more than brackets, commas and up to seven digits of points take
MOST_ROOM = 65_536
RECEIPT_TAG = "coopgov/receipt/v1"
ACCEPTED = "accepted"

REFUSALS: Refusals = {
    "ballot.nonce": (Kind.INVALID, N_("The random number of this ballot did not arrive whole. Send it again.")),
    "ballot.mark": (Kind.INVALID, N_("Roll a die eight times and type the eight digits, each from 1 to 6.")),
    "ballot.draw_again": (
        Kind.CONFLICT,
        N_("By chance this ballot looks like another one. Roll or draw new numbers and send it again."),
    ),
}

Ballot = dict[str, Any]
Sign = Callable[[bytes], bytes]


class Unreadable(Exception):
    """What lies in the box is not what was put there: another key, another poll, another elector, or damage."""


def checked_nonce(nonce: str) -> str:
    """``nonce`` if it is 128 bits as 32 lower-case hexadecimal digits; raises Refused."""
    if not re.fullmatch(r"[0-9a-f]{32}", nonce):
        raise Refused("ballot.nonce")
    return nonce


def checked_mark(mark: str) -> str:
    """``mark`` if it is eight digits from 1 to 6, as rolled; raises Refused."""
    if not re.fullmatch(r"[1-6]{8}", mark):
        raise Refused("ballot.mark", field="mark")
    return mark


def ballot_of(manifest_hash: str, choice: object, nonce: str, mark: str = "") -> Ballot:
    """The ballot in its one form: ``poll``, ``choice``, ``nonce``, and ``mark`` where dice were rolled.

    ``choice`` is what the method's ``validate`` gave. Raises Refused for a nonce or a mark that is none.
    """
    _require_hash(manifest_hash)
    ballot = {"poll": manifest_hash, "choice": _listed(choice), "nonce": checked_nonce(nonce)}
    return {**ballot, "mark": checked_mark(mark)} if mark else ballot


def nonce_for(key: bytes, leaf: str, choice: object, mark: str) -> str:
    """The nonce of a ballot without script: the same for the same elector, choice and dice, so that a form that was
    sent twice is one ballot. Without K nobody can work it out."""
    _require_hash(leaf)
    said = b"n" + leaf.encode() + checked_mark(mark).encode() + canonical(_listed(choice))
    return hmac.digest(key, said, "sha256")[:NONCE_BYTES].hex()


def handle_of(key: bytes, leaf: str) -> str:
    """Under which an elector's ballot lies in the box: always the same, and without K nobody can tell whose it is."""
    return _keyed(key, "v", leaf)


def uniqueness_of(key: bytes, tracker: str) -> str:
    """What must be there once in a box: electors with equal trackers would take one ballot for both of theirs."""
    return _keyed(key, "t", tracker)


def mail_name(key: bytes, leaf: str) -> str:
    """Under which a reminder goes to an elector, as often as it has to be sent."""
    return _keyed(key, "m", leaf)[:32]


def room_for(options: Sequence[str]) -> int:
    """The padded length in bytes of every ballot on these options, whatever the method and the choice.

    At least what the longest choice needs: all options, each with points or on a level of its own. Raises ValueError
    ``box.too_many_options`` beyond MOST_ROOM.
    """
    frame = len(canonical(ballot_of("0" * 64, "", "0" * 32, "1" * 8))) + STEP
    needed = frame + sum(len(canonical(option)) + BESIDE_OPTION for option in options)
    room = -(-needed // STEP) * STEP
    if room > MOST_ROOM:
        raise ValueError("box.too_many_options")
    return room


def sealed_length(room: int) -> int:
    """How long every sealed ballot of this room is, in bytes."""
    return IV_BYTES + room + TAG_BYTES


def seal(key: bytes, ballot: Ballot, manifest_hash: str, handle: str, room: int, draw: Callable[[int], bytes]) -> bytes:
    """``ballot`` so that only ``key`` opens it, and only as this elector's in this poll: iv, AES-256-GCM, tag.

    ``draw`` gives so many random bytes. Raises ValueError ``box.too_long`` for a ballot that ``room`` does not hold.
    """
    written = canonical(ballot)
    if len(written) > room:
        raise ValueError("box.too_long")
    iv = draw(IV_BYTES)
    return iv + AESGCM(key).encrypt(iv, written.ljust(room, b"\0"), _bound(manifest_hash, handle))


def unseal(key: bytes, sealed: bytes, manifest_hash: str, handle: str) -> Ballot:
    """The ballot that was sealed; raises Unreadable."""
    try:
        padded = AESGCM(key).decrypt(sealed[:IV_BYTES], sealed[IV_BYTES:], _bound(manifest_hash, handle))
        ballot: Ballot = json.loads(padded.rstrip(b"\0"))  # JSON writes no zero byte
    except (InvalidTag, ValueError) as error:
        raise Unreadable(handle) from error
    if ballot.get("poll") != manifest_hash:
        raise Unreadable(handle)
    return ballot


def public_key_of(secret: bytes) -> str:
    """The Ed25519 public key (RFC 8032) that belongs to the 32 ``secret`` bytes, as hexadecimal digits."""
    return Ed25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw().hex()


def signer_of(secret: bytes) -> Sign:
    """Signs bytes with this Ed25519 secret; the same bytes always get the same 64."""
    return Ed25519PrivateKey.from_private_bytes(secret).sign


def is_signed(public_key: str, message: bytes, signature: str) -> bool:
    """Whether ``signature`` (128 lower-case hexadecimal digits) is this key's for exactly ``message``."""
    if not re.fullmatch(r"[0-9a-f]{128}", signature):
        return False
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key)).verify(bytes.fromhex(signature), message)
    except (InvalidSignature, ValueError):
        return False
    return True


def receipt(tracker: str, manifest_hash: str, sign: Sign) -> str:
    """Five lines to save: that this ballot was accepted in this poll. It does not say that it was the elector's last.

    The same ballot gets the same receipt: there is no time and no number in it. The signature is over the lines above
    it, line ends included.
    """
    said = _said(tracker, manifest_hash)
    return f"{said}signature {sign(said.encode()).hex()}\n"


def verify_receipt(text: str, public_key: str) -> tuple[str, str]:
    """Tracker and poll of a receipt that this poll's key signed; line ends may have become CRLF on the way.

    Raises ValueError ``receipt.form`` or ``receipt.signature``.
    """
    form = rf"{RECEIPT_TAG}\npoll ([0-9a-f]{{64}})\ntracker ([0-9a-f]{{64}})\n{ACCEPTED}\nsignature (\S+)\n?"
    found = re.fullmatch(form, text.replace("\r\n", "\n"))
    if not found:
        raise ValueError("receipt.form")
    manifest_hash, tracker, signature = found.groups()
    if not is_signed(public_key, _said(tracker, manifest_hash).encode(), signature):
        raise ValueError("receipt.signature")
    return tracker, manifest_hash


def _said(tracker: str, manifest_hash: str) -> str:
    for value in (tracker, manifest_hash):
        _require_hash(value)
    return f"{RECEIPT_TAG}\npoll {manifest_hash}\ntracker {tracker}\n{ACCEPTED}\n"


def _keyed(key: bytes, kind: str, value: str) -> str:
    _require_hash(value)
    return hmac.digest(key, (kind + value).encode(), "sha256").hex()


def _bound(manifest_hash: str, handle: str) -> bytes:
    for value in (manifest_hash, handle):
        _require_hash(value)
    return (manifest_hash + handle).encode()


def _require_hash(value: str) -> None:
    """Of fixed length, so that no two pairs of them read alike when put together."""
    if not re.fullmatch(r"[0-9a-f]{64}", value):
        raise ValueError("box.hash")


def _listed(choice: object) -> object:
    return [_listed(part) for part in choice] if isinstance(choice, list | tuple) else choice
