"""The sealed box: every ballot of a poll looks alike in it, opens with its key alone, and stands for one elector."""

import hashlib
import random
import unicodedata
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from coopgov.core.errors import Refused
from coopgov.decisions import box
from coopgov.tally.canonical import canonical, digest
from coopgov.tally.count import Manifest, method_of
from coopgov.tally.methods import METHODS
from coopgov.tally.methods.proposal import OPTIONS
from coopgov.tally.rule import PRESETS
from coopgov.tally.vote import Shape

KEY, OTHER_KEY = b"k" * 32, b"o" * 32
POLL, OTHER_POLL = "a1" * 32, "b2" * 32
LEAF = "c3" * 32
NONCE = "0123456789abcdef" * 2
hashes = st.binary(min_size=32, max_size=32).map(bytes.hex)
keys = st.binary(min_size=32, max_size=32)
nonces = st.binary(min_size=16, max_size=16).map(bytes.hex)
marks = st.text("123456", min_size=8, max_size=8)
options = st.lists(st.text(st.characters(codec="utf-8"), min_size=1, max_size=40), min_size=1, max_size=12, unique=True)


FREE = sorted(
    name
    for name, method in METHODS.items()
    if not method.options and method.shape is not Shape.NONE and name != "meeting-time"
)
"""Methods whose options can be any words."""


def draw(size: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(size)


def sealed(ballot: box.Ballot, room: int = 256, handle: str = LEAF, poll: str = POLL) -> bytes:
    return box.seal(KEY, ballot, poll, handle, room, draw)


def poll_of(method: str, words: tuple[str, ...]) -> Manifest:
    return Manifest(method, words, PRESETS["ordinary"], 3, settings_of(method, words))


def picked(manifest: Manifest, choice: object) -> object:
    return method_of(manifest).validate(manifest, choice)


def settings_of(method: str, words: tuple[str, ...]) -> dict[str, Any]:
    many = {"choose": {"least": 0, "most": len(words), "none_of_these": True}, "dot": {"budget": 1_000_000}}
    if method == "equal-shares":
        return {"budget": 100, "costs": dict.fromkeys(words, 1)}
    return {"score": {"highest": 100}, **many}.get(method, {})


@st.composite
def two_votes(drawn: st.DrawFn) -> tuple[Manifest, object, object]:
    """A poll by any method, and two choices in it."""
    method = drawn(st.sampled_from([*FREE, "proposal"]))
    words = OPTIONS if method == "proposal" else tuple(dict.fromkeys(map(_nfc, drawn(options))))
    manifest = poll_of(method, words)
    return manifest, *(picked(manifest, drawn(choices(method, words))) for _ in range(2))


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


@st.composite
def choices(drawn: st.DrawFn, method: str, words: tuple[str, ...]) -> object:
    if method == "proposal":
        return drawn(st.sampled_from(words))
    ranking = drawn(st.permutations(words))[: drawn(st.integers(0, len(words)))]
    if method in ("schulze", "ranked-pairs"):
        return [[option] for option in ranking]
    if method in ("score", "dot"):
        most = 100 if method == "score" else 1_000_000 // len(words)
        return [(option, drawn(st.integers(0, most))) for option in ranking]
    if method == "choose" and drawn(st.booleans()):
        return "none_of_these"
    return ranking


# Ballots


@given(hashes, nonces, st.just("") | marks)
def test_a_ballot_has_one_form_whatever_it_was_made_of(poll: str, nonce: str, mark: str) -> None:
    from_tuples = box.ballot_of(poll, (("a",), ("b", "c")), nonce, mark)
    assert from_tuples == box.ballot_of(poll, [["a"], ["b", "c"]], nonce, mark)
    assert from_tuples == {"poll": poll, "choice": [["a"], ["b", "c"]], "nonce": nonce} | (
        {"mark": mark} if mark else {}
    )


@pytest.mark.parametrize(
    "nonce", ["", "0" * 31, "0" * 33, "A" * 32, "g" * 32, "0" * 31 + "\n", "0" * 32 + "\n", "٣" * 32]
)
def test_a_nonce_is_32_lower_case_digits(nonce: str) -> None:
    with pytest.raises(Refused, match=r"ballot\.nonce"):
        box.ballot_of(POLL, "agree", nonce)


@pytest.mark.parametrize(
    "mark", ["1", "1234567", "123456123", "12345670", "1234567\n", "12345612\n", "１２３４５６１２", "abcdefgh"]
)
def test_a_mark_is_eight_digits_of_a_die(mark: str) -> None:
    with pytest.raises(Refused, match=r"ballot\.mark") as refused:
        box.ballot_of(POLL, "agree", NONCE, mark)
    assert refused.value.field == "mark"


def test_every_refusal_has_a_sentence() -> None:
    assert set(box.REFUSALS) == {"ballot.nonce", "ballot.mark", "ballot.draw_again"}


# Handles


@given(keys, hashes, hashes)
def test_who_voted_and_what_was_cast_share_no_digest(key: bytes, leaf: str, other: str) -> None:
    assert box.handle_of(key, leaf) == box.handle_of(key, leaf) != box.uniqueness_of(key, leaf)
    assert (box.handle_of(key, leaf) == box.handle_of(key, other)) == (leaf == other)
    assert (box.uniqueness_of(key, leaf) == box.uniqueness_of(key, other)) == (leaf == other)


@given(hashes)
def test_another_key_gives_other_handles(leaf: str) -> None:
    assert box.handle_of(KEY, leaf) != box.handle_of(OTHER_KEY, leaf)
    assert box.uniqueness_of(KEY, leaf) != box.uniqueness_of(OTHER_KEY, leaf)


def test_handles_are_hmacs_that_another_program_can_make() -> None:
    """RFC 2104, by hand."""
    inner = hashlib.sha256(bytes(b ^ 0x36 for b in KEY.ljust(64, b"\0")) + b"v" + LEAF.encode()).digest()
    outer = hashlib.sha256(bytes(b ^ 0x5C for b in KEY.ljust(64, b"\0")) + inner).hexdigest()
    assert box.handle_of(KEY, LEAF) == outer


@pytest.mark.parametrize("wrong", ["", "a" * 63, "A" * 64, "a" * 64 + "\n"])
def test_what_is_no_hash_is_refused(wrong: str) -> None:
    for act in (box.handle_of, box.uniqueness_of):
        with pytest.raises(ValueError, match=r"box\.hash"):
            act(KEY, wrong)
    with pytest.raises(ValueError, match=r"box\.hash"):
        box.ballot_of(wrong, "agree", NONCE)


# Seals


@given(two_votes(), nonces, nonces, marks)
def test_all_ballots_of_a_poll_are_equally_long_when_sealed_and_open_again(
    votes: tuple[Manifest, object, object], nonce: str, other: str, mark: str
) -> None:
    manifest, first, second = votes
    room = box.room_for(manifest.options)
    for ballot in (box.ballot_of(POLL, first, nonce), box.ballot_of(POLL, second, other, mark)):
        put = sealed(ballot, room)
        assert len(put) == box.sealed_length(room)
        assert canonical(box.unseal(KEY, put, POLL, LEAF)) == canonical(ballot)


@pytest.mark.parametrize("many", [1, 2, 30, 500])
@pytest.mark.parametrize("method", FREE)
def test_the_longest_choice_has_room(method: str, many: int) -> None:
    words = tuple(f'"{n}"' for n in range(many))
    choice: object = words
    if method in ("schulze", "ranked-pairs"):
        choice = [[option] for option in words]
    if method in ("score", "dot"):
        choice = [(option, 100 if method == "score" else 1_000_000 // many) for option in words]
    ballot = box.ballot_of(POLL, picked(poll_of(method, words), choice), NONCE, "1" * 8)
    assert len(canonical(ballot)) <= box.room_for(words)


@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=40), max_size=40))
def test_rooms_are_whole_steps(words: list[str]) -> None:
    assert box.room_for(list(map(_nfc, words))) % box.STEP == 0


def test_more_options_than_a_box_can_hold_are_refused() -> None:
    with pytest.raises(ValueError, match=r"box\.too_many_options"):
        box.room_for(["x" * 1000] * 65)
    assert box.room_for(["x" * 1000] * 60) <= box.MOST_ROOM


def test_a_ballot_that_does_not_fit_is_refused() -> None:
    ballot = box.ballot_of(POLL, "x" * 300, NONCE)
    with pytest.raises(ValueError, match=r"box\.too_long"):
        sealed(ballot, 256)
    just = len(canonical(ballot))
    assert box.unseal(KEY, sealed(ballot, just), POLL, LEAF) == ballot


BALLOT = box.ballot_of(POLL, "agree", NONCE)


def test_the_seal_is_one_that_another_program_can_open() -> None:
    """AES-256-GCM with the iv before it, bound to poll and elector, zeros after the ballot."""
    put, bound = sealed(BALLOT), (POLL + LEAF).encode()
    assert AESGCM(KEY).decrypt(put[:12], put[12:], bound) == canonical(BALLOT).ljust(256, b"\0")


def test_the_same_ballot_looks_different_each_time() -> None:
    one, two = (box.seal(KEY, BALLOT, POLL, LEAF, 256, lambda n, s=s: draw(n, s)) for s in (1, 2))
    assert len({one, two}) == 2
    assert one[box.IV_BYTES :] != two[box.IV_BYTES :]


def test_a_sealed_ballot_shows_nothing_of_what_is_in_it() -> None:
    put = sealed(BALLOT)
    assert not any(part in put for part in (b"agree", NONCE.encode(), POLL.encode(), b"\0" * 8))


@pytest.mark.parametrize(
    ("key", "poll", "handle"),
    [(OTHER_KEY, POLL, LEAF), (KEY, OTHER_POLL, LEAF), (KEY, POLL, OTHER_POLL), (KEY, LEAF, POLL)],
    ids=["key", "poll", "elector", "swapped"],
)
def test_it_opens_only_as_what_it_was_sealed_for(key: bytes, poll: str, handle: str) -> None:
    with pytest.raises(box.Unreadable):
        box.unseal(key, sealed(BALLOT), poll, handle)


@given(st.integers(0, 12 + 256 + 16 - 1), st.integers(1, 255))
def test_one_changed_byte_is_found(place: int, change: int) -> None:
    put = bytearray(sealed(BALLOT))
    put[place] ^= change
    with pytest.raises(box.Unreadable):
        box.unseal(KEY, bytes(put), POLL, LEAF)


@pytest.mark.parametrize("put", [b"", b"x" * 12, b"x" * 27, sealed(BALLOT)[:-1]])
def test_a_cut_ballot_is_found(put: bytes) -> None:
    with pytest.raises(box.Unreadable):
        box.unseal(KEY, put, POLL, LEAF)


def test_a_ballot_of_another_poll_cannot_be_sealed_into_this_one_unseen() -> None:
    with pytest.raises(box.Unreadable):
        box.unseal(KEY, sealed(box.ballot_of(OTHER_POLL, "agree", NONCE)), POLL, LEAF)


# Receipts

PUBLIC, SIGN = box.public_key_of(KEY), box.signer_of(KEY)
TRACKER = digest("coopgov/ballot/v1\n", BALLOT)


@given(keys, hashes, hashes)
def test_a_receipt_says_what_was_accepted_in_which_poll(secret: bytes, tracker: str, poll: str) -> None:
    text = box.receipt(tracker, poll, box.signer_of(secret))
    assert box.verify_receipt(text, box.public_key_of(secret)) == (tracker, poll)
    assert box.receipt(tracker, poll, box.signer_of(secret)) == text


def test_a_receipt_is_five_lines_that_can_be_read() -> None:
    lines = box.receipt(TRACKER, POLL, SIGN).split("\n")
    assert lines[:4] == ["coopgov/receipt/v1", f"poll {POLL}", f"tracker {TRACKER}", "accepted"]
    assert lines[4].startswith("signature ")
    assert lines[5:] == [""]


def test_a_receipt_survives_windows_and_a_lost_last_line_end() -> None:
    text = box.receipt(TRACKER, POLL, SIGN)
    for kept in (text.replace("\n", "\r\n"), text.rstrip("\n")):
        assert box.verify_receipt(kept, PUBLIC) == (TRACKER, POLL)


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ("accepted", "counted"),
        ("poll", "Poll"),
        ("/v1", "/v2"),
        ("signature ", "signature  "),
        ("\naccepted", ""),
        (TRACKER, TRACKER[:-1]),
        (TRACKER, TRACKER.upper()),
    ],
)
def test_a_receipt_of_another_form_is_none(was: str, becomes: str) -> None:
    with pytest.raises(ValueError, match=r"receipt\.form"):
        box.verify_receipt(box.receipt(TRACKER, POLL, SIGN).replace(was, becomes, 1), PUBLIC)


@pytest.mark.parametrize(("was", "becomes"), [(TRACKER, LEAF), (POLL, OTHER_POLL), ("signature ", "signature 0")])
def test_a_forged_receipt_is_found(was: str, becomes: str) -> None:
    with pytest.raises(ValueError, match=r"receipt\.signature"):
        box.verify_receipt(box.receipt(TRACKER, POLL, SIGN).replace(was, becomes), PUBLIC)


def test_a_receipt_of_another_poll_key_is_found() -> None:
    with pytest.raises(ValueError, match=r"receipt\.signature"):
        box.verify_receipt(box.receipt(TRACKER, POLL, box.signer_of(OTHER_KEY)), PUBLIC)


def test_signatures_are_those_of_rfc_8032() -> None:
    """Section 7.1, test 2."""
    secret = bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
    public = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
    signature = (
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
    )
    assert box.public_key_of(secret) == public
    assert box.signer_of(secret)(b"\x72").hex() == signature
    assert box.is_signed(public, b"\x72", signature)


@pytest.mark.parametrize("signature", ["", "0" * 128, "f" * 127, "F" * 128])
def test_what_is_no_signature_signs_nothing(signature: str) -> None:
    assert not box.is_signed(PUBLIC, b"x", signature)
    assert not box.is_signed("00", b"x", SIGN(b"x").hex())
    assert box.is_signed(PUBLIC, b"x", SIGN(b"x").hex())
