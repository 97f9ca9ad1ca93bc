"""What can be done to a record, by a careless copyist, a forger without the key, or the operator who holds it."""

import json
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from coopgov.tally import record as parts
from coopgov.tally.count import Ballot, Manifest
from coopgov.tally.merkle import root_of
from coopgov.tally.rule import Rule, Threshold
from tests.tally import carried
from tests.tally.records import KEY, Record, closed, drawn, read, rechained, renamed, resigned, rewritten, spelt

PLAIN = Rule(Threshold(Fraction(1, 2)))
STRANGER = drawn("stranger", 64)
_BOARD = Manifest("approval", ("o1", "o2", "o3"), PLAIN, 20, {"seats": 1, "ties": "lot"})
_LISTS = [("o1", "o2"), ("o2", "o1"), ("o3",), ("o1", "o2", "o3"), (), ("o1", "o2")]
_DOTS = Manifest("dot", ("o1", "o2", "o3"), PLAIN, 12, {"budget": 5})
_PRINTER = Manifest("proposal", ("agree", "abstain", "disagree", "block"), PLAIN, 12)

SECRET_BOARD = closed(_BOARD, [Ballot(choice) for choice in _LISTS], draw="The dice fell: 4 2 6")
"""A secret election that a lot decides."""
NAMED_DOTS = closed(_DOTS, [Ballot((("o1", 3), ("o2", 2))), Ballot((("o3", 5),))], secrecy="open")
NAMED_PRINTER = closed(
    _PRINTER,
    [Ballot(choice) for choice in ("agree", "agree", "block", "abstain", "disagree", "agree")],
    secrecy="until_closed",
    signed=False,
)

Forge = Callable[[Record], Record | bytes]
FORGERIES: dict[str, tuple[bytes, Forge, str, str]] = {**carried.FORGERIES}
"""By name: the true record, what is done to it, the check that has to fail, and words that it has to say."""


def _forgery(check: str, says: str, raw: bytes = SECRET_BOARD) -> Callable[[Forge], Forge]:
    def keep(forge: Forge) -> Forge:
        FORGERIES[forge.__name__.strip("_")] = (raw, forge, check, says)
        return forge

    return keep


def forged(name: str) -> bytes:
    """The bytes of the forgery of that name."""
    raw, forge, _, _ = FORGERIES[name]
    found = forge(read(raw))
    return found if isinstance(found, bytes) else spelt(found)


def _replaced(old: bytes, new: bytes, raw: bytes = SECRET_BOARD) -> bytes:
    assert old in raw
    return raw.replace(old, new, 1)


def _in_bytes(name: str, says: str, raw: bytes) -> None:
    FORGERIES[name] = (SECRET_BOARD, lambda _: raw, "bytes", says)


_in_bytes("white_space", "byte 2 is not as the canonical", _replaced(b'{"', b'{ "'))
_in_bytes("white_space_at_the_end", "canonical", SECRET_BOARD[:-1] + b" \n")
_in_bytes("duplicate_key", "the name 'v' is there twice", _replaced(b'"v":1}', b'"v":1,"v":1}'))
_in_bytes("keys_in_another_order", "canonical", b'{"v":1,"ballots":[]}\n')
_in_bytes(
    "decomposed_text", "manifest.title is not in Unicode form NFC", _replaced("café".encode(), "cafe\u0301".encode())
)
_in_bytes("escaped_text", "canonical", _replaced("é".encode(), b"\\u00e9"))
_in_bytes("trailing_data", "more follows after the end", SECRET_BOARD[:-1] + b"{}\n")
_in_bytes("trailing_newline", "canonical", SECRET_BOARD + b"\n")
_in_bytes("no_newline", "does not end with a newline", SECRET_BOARD[:-1])
_in_bytes("byte_order_mark", "byte order mark", b"\xef\xbb\xbf" + SECRET_BOARD)
_in_bytes("crlf", "canonical", SECRET_BOARD[:-1] + b"\r\n")
_in_bytes(
    "another_encoding",
    "is not UTF-8",
    SECRET_BOARD.decode().replace("–", "-").replace("“", "").replace("”", "").encode("latin-1"),
)
_in_bytes("a_float", "1.0 is no whole number", _replaced(b'"n":6', b'"n":1.0'))
_in_bytes("an_exponent", "6e0 is no whole number", _replaced(b'"n":6', b'"n":6e0'))
_in_bytes("minus_zero", "minus zero", _replaced(b'"n":6', b'"n":-0'))
_in_bytes("not_a_number", "NaN is no whole number", _replaced(b'"n":6', b'"n":NaN'))
_in_bytes("infinity", "-Infinity is no whole number", _replaced(b'"n":6', b'"n":-Infinity'))
_in_bytes("too_large", "beyond 2**53 - 1", _replaced(b'"n":6', b'"n":9007199254740992'))
_in_bytes("far_too_large", "beyond 2**53 - 1", _replaced(b'"n":6', b'"n":' + b"9" * 5000))
_in_bytes("half_a_pair", "half a surrogate pair", _replaced(b'"draw":"', b'"draw":"\\ud800'))
_in_bytes("a_key_that_is_not_ascii", "is not ASCII", _replaced(b'{"', '{"é":1,"'.encode()))
_in_bytes("deep", "nested", b"[" * 100_000 + b"]" * 100_000 + b"\n")
_in_bytes("deep_objects", "nested", b'{"a":' * 40 + b"1" + b"}" * 40 + b"\n")
_in_bytes("empty", "does not end with a newline", b"")
_in_bytes("nothing_but_a_newline", "is not JSON", b"\n")


@_forgery("schema", "is not an object")
def _a_list(record: Record) -> bytes:
    return b"[]\n"


@_forgery("schema", "has the unknown field 'note'")
def _unknown_field(record: Record) -> Record:
    return {**record, "note": ""}


@_forgery("schema", "ballot 2: has the unknown field 'voter'")
def _a_voter_in_a_secret_poll(record: Record) -> Record:
    record["ballots"][1]["voter"] = record["roll"]["leaves"][0]
    return record


@_forgery("schema", "lacks the field 'transcript'")
def _missing_field(record: Record) -> Record:
    del record["transcript"]
    return record


@_forgery("schema", "close.n is not a whole number")
def _a_bool_for_a_number(record: Record) -> Record:
    record["close"]["n"] = True
    return record


@_forgery("schema", "v is not 1")
def _a_bool_for_the_version(record: Record) -> Record:
    record["v"] = True
    return record


@_forgery("schema", "ballot 3: nonce is not 32 lower-case hexadecimal digits")
def _nonce_in_capitals(record: Record) -> Record:
    record["ballots"][2]["nonce"] = record["ballots"][2]["nonce"].upper()
    return record


@_forgery("schema", "manifest.engine is not coopgov-tally/1")
def _unknown_engine(record: Record) -> Record:
    record["manifest"]["engine"] = "coopgov-tally/2"
    return record


@_forgery("schema", "manifest cannot be counted (manifest.method)")
def _unknown_method(record: Record) -> Record:
    record["manifest"]["method"] = "acclamation"
    return record


@_forgery("schema", "manifest cannot be counted (plain.fraction)")
def _a_fraction_that_can_be_shortened(record: Record) -> Record:
    record["manifest"]["rule"]["threshold"]["share"] = [2, 4]
    return record


@_forgery("schema", "manifest.closes_at is no date")
def _the_thirtieth_of_february(record: Record) -> Record:
    record["manifest"]["closes_at"] = "2026-02-30T10:00:00Z"
    return record


@_forgery("schema", "manifest.options.1.id is not a word")
def _an_option_that_cannot_be_a_key(record: Record) -> Record:
    record["manifest"]["options"][0]["id"] = "é"
    return record


@_forgery("M", "ballot 4: belongs to another poll")
def _foreign_m(record: Record) -> Record:
    record["ballots"][3]["poll"] = STRANGER
    return record


def _of_the_manifest(name: str, value: Any) -> None:
    def forge(record: Record) -> Record:
        assert record["manifest"][name] != value
        record["manifest"][name] = value
        return record

    FORGERIES[f"manifest_{name}"] = (SECRET_BOARD, forge, "M", "close.M is not the hash of this manifest")


_of_the_manifest("title", "Buy the large printer")
_of_the_manifest("roll_size", 19)
_of_the_manifest("roll_root", STRANGER)
_of_the_manifest("rule", Rule(Threshold(Fraction(2, 3))).to_plain())
_of_the_manifest("public_key", KEY.public_key().public_bytes_raw().hex().replace("0", "1"))
_of_the_manifest("closes_at", "2026-03-07T10:00:00Z")
_of_the_manifest("text_sha256", STRANGER)
_of_the_manifest("settings", {"seats": 2, "ties": "lot"})


@_forgery("roll", "manifest.roll_size is 19, the roll has 20 leaves")
def _roll_size_by_the_operator(record: Record) -> Record:
    record["manifest"]["roll_size"] = 19
    return renamed(record)


@_forgery("roll", "manifest.roll_root is not the root")
def _roll_root_by_the_operator(record: Record) -> Record:
    record["manifest"]["roll_root"] = record["close"]["roll_root"] = STRANGER
    return renamed(record)


@_forgery("roll", "manifest.roll_root is not the root")
def _another_elector(record: Record) -> Record:
    record["roll"]["leaves"][0] = "0" * 64
    return record


@_forgery("roll", "roll.leaves.2 is not in its place by order")
def _leaves_in_another_order(record: Record) -> Record:
    leaves = record["roll"]["leaves"]
    leaves[0], leaves[1] = leaves[1], leaves[0]
    return record


@_forgery("roll", "roll.leaves.2 is there twice")
def _an_elector_twice(record: Record) -> Record:
    record["roll"]["leaves"][1] = record["roll"]["leaves"][0]
    return record


@_forgery("roll", "amendment 1: a secret poll's roll is not amended")
def _a_secret_roll_amended(record: Record) -> Record:
    record["roll"]["amendments"] = [_amendment(STRANGER, "added")]
    return record


@_forgery("choices", "ballot 5: choice is refused (ballot.choice)")
def _foreign_option(record: Record) -> Record:
    record["ballots"][4]["choice"] = ["o9"]
    return record


@_forgery("choices", "choice is refused (ballot.points.over_budget)", NAMED_DOTS)
def _over_budget(record: Record) -> Record:
    record["ballots"][0]["choice"] = [["o1", 5], ["o2", 1]]
    return record


@_forgery("choices", "ballot 1: choice is not in its normal form")
def _choice_not_in_normal_form(record: Record) -> Record:
    record["ballots"][0]["choice"] = ["o2", "o1"]
    return record


@_forgery("choices", "ballot 1: choice is refused")
def _choice_that_is_an_object(record: Record) -> Record:
    record["ballots"][0]["choice"] = {"o1": {"o2": None}}
    return record


@_forgery("trackers", "ballot 2: is not in its place by order")
def _ballots_swapped(record: Record) -> Record:
    record["ballots"][:2] = reversed(record["ballots"][:2])
    return record


@_forgery("trackers", "ballot 2: is there twice")
def _ballot_duplicated(record: Record) -> Record:
    record["ballots"].insert(0, record["ballots"][0])
    return record


@_forgery("chain", "close.n is 6, the record has 5 ballots")
def _ballot_dropped(record: Record) -> Record:
    del record["ballots"][2]
    return record


@_forgery("chain", "close.n is 6, the record has 7 ballots")
def _ballot_added(record: Record) -> Record:
    record["ballots"].append({**record["ballots"][0], "nonce": drawn("stuffed")})
    record["ballots"].sort(key=parts.tracker)
    return record


@_forgery("close", "close.took_part has 6 electors, there are 7 ballots")
def _ballot_added_by_the_operator(record: Record) -> Record:
    record["ballots"].append({**record["ballots"][0], "nonce": drawn("stuffed")})
    return rechained(record)


@_forgery("chain", "close.h_n is not the head of this chain")
def _ballot_altered(record: Record) -> Record:
    record["ballots"][0]["choice"] = ["o3"] if record["ballots"][0]["choice"] != ["o3"] else ["o2"]
    record["ballots"].sort(key=parts.tracker)
    return record


@_forgery("result", "is not what the count gives")
def _ballot_altered_by_the_operator_but_not_the_result(record: Record) -> Record:
    ballot = next(one for one in record["ballots"] if one["choice"] == [])
    ballot["choice"] = ["o3"]
    return rechained(record)


@_forgery("chain", "close.n is 5, the record has 6 ballots")
def _n(record: Record) -> Record:
    record["close"]["n"] = 5
    return record


@_forgery("chain", "close.h_n is not the head of this chain")
def _h_n(record: Record) -> Record:
    record["close"]["h_n"] = STRANGER
    return record


@_forgery("close", "close.took_part.1 is not on the roll")
def _took_part_unknown(record: Record) -> Record:
    record["close"]["took_part"][0] = "0" * 64
    return record


@_forgery("close", "close.took_part.2 is there twice")
def _took_part_repeated(record: Record) -> Record:
    record["close"]["took_part"][1] = record["close"]["took_part"][0]
    return record


@_forgery("close", "close.roll_root is not manifest.roll_root")
def _roll_root_of_the_closing(record: Record) -> Record:
    record["close"]["roll_root"] = STRANGER
    return record


@_forgery("close", "close.closed_at is before manifest.closes_at")
def _early_closed_at(record: Record) -> Record:
    record["close"]["closed_at"] = "2026-03-08T09:59:59Z"
    return resigned(record)


@_forgery("close", "manifest.closes_at is not after manifest.opens_at")
def _closed_before_it_opened(record: Record) -> Record:
    record["manifest"]["opens_at"] = record["manifest"]["closes_at"]
    return renamed(record)


@_forgery("signature", "is not that of D")
def _later_closed_at(record: Record) -> Record:
    record["close"]["closed_at"] = "2026-03-08T10:00:06Z"
    return record


@_forgery("signature", "is not that of D")
def _another_who_took_part(record: Record) -> Record:
    record["close"]["took_part"][5:] = record["roll"]["leaves"][7:8]
    return record


@_forgery("signature", "is not that of D")
def _tie_secret(record: Record) -> Record:
    record["close"]["tie_secret"] = STRANGER
    return record


@_forgery("signature", "is not that of D")
def _draw(record: Record) -> Record:
    record["close"]["draw"] = "The dice fell: 1 1 1"
    return record


@_forgery("signature", "is not that of D")
def _signature(record: Record) -> Record:
    record["signature"] = "0" * 128
    return record


@_forgery("signature", "a secret poll is signed")
def _no_key_by_the_operator(record: Record) -> Record:
    record["manifest"]["public_key"] = None
    return {**renamed(record), "signature": None}


@_forgery("signature", "no signature")
def _no_signature(record: Record) -> Record:
    return {**record, "signature": None}


@_forgery("signature", "is not that of D")
def _another_key_by_the_operator(record: Record) -> Record:
    record["manifest"]["public_key"] = STRANGER
    return renamed(record)


@_forgery("tie", "close.tie_secret is not the one")
def _tie_secret_by_the_operator(record: Record) -> Record:
    record["close"]["tie_secret"] = STRANGER
    return resigned(record)


@_forgery("result", "is not what the count gives")
def _draw_by_the_operator(record: Record) -> Record:
    """Of several draws that could have been, one that makes the other win."""
    won = record["result"]["winners"]
    for number in range(40):
        record["close"]["draw"] = f"The dice fell: {number}"
        other = json.loads(rewritten(json.loads(json.dumps(record))))
        if other["result"]["winners"] != won:
            return resigned(record)
    raise AssertionError("the lot does not depend on the draw")


@_forgery("result", "is not what the count gives", NAMED_PRINTER)
def _threshold_by_the_operator(record: Record) -> Record:
    record["manifest"]["rule"] = Rule(Threshold(Fraction(3, 4))).to_plain()
    return {**renamed(record), "signature": None}


@_forgery("result", "winners is not what the count gives")
def _winners(record: Record) -> Record:
    record["result"]["winners"] = ["o3"]
    return record


@_forgery("result", "approvals is not what the count gives")
def _a_missing_figure(record: Record) -> Record:
    del record["result"]["approvals"]
    return record


@_forgery("result", "cast is not what the count gives")
def _a_bool_in_the_result(record: Record) -> Record:
    record["result"]["cast"] = True
    return record


@_forgery("transcript", "step 1 is not what the count gives")
def _transcript(record: Record) -> Record:
    record["transcript"][0]["cast"] = 7
    return record


@_forgery("transcript", "steps, the count has")
def _a_longer_transcript(record: Record) -> Record:
    record["transcript"].append({"step": "applause"})
    return record


def _amendment(leaf: str, act: str, at: str = "2026-03-02T10:00:00Z") -> parts.Amendment:
    return {"leaf": leaf, "act": act, "reason": "Left the co-op", "at": at}


@_forgery("roll", "amendment 1: takes away somebody who is not on the roll", NAMED_PRINTER)
def _a_stranger_recused(record: Record) -> Record:
    record["roll"]["amendments"] = [_amendment(STRANGER, "recused")]
    return record


@_forgery("roll", "amendment 1: adds somebody who is on the roll", NAMED_PRINTER)
def _an_elector_added(record: Record) -> Record:
    record["roll"]["amendments"] = [_amendment(record["roll"]["leaves"][0], "added")]
    return record


@_forgery("roll", "amendment 2: is older than the one before it", NAMED_PRINTER)
def _amendments_in_another_order(record: Record) -> Record:
    leaf = record["roll"]["leaves"][-1]
    record["roll"]["amendments"] = [_amendment(leaf, "removed"), _amendment(leaf, "added", "2026-03-01T10:00:00Z")]
    return record


@_forgery("roll", "amendment 1: is later than the closing", NAMED_PRINTER)
def _an_amendment_afterwards(record: Record) -> Record:
    record["roll"]["amendments"] = [_amendment(STRANGER, "added", "2026-04-01T10:00:00Z")]
    return record


@_forgery("close", "close.amended is not the hash of the roll's amendments", NAMED_PRINTER)
def _an_amendment_that_was_not_announced(record: Record) -> Record:
    record["roll"]["amendments"] = [_amendment(STRANGER, "added")]
    return record


@_forgery("roll", "voter is not on the roll", NAMED_PRINTER)
def _a_voter_removed(record: Record) -> Record:
    record["roll"]["amendments"] = [_amendment(record["ballots"][0]["voter"], "removed")]
    return record


@_forgery("roll", "voter has another ballot", NAMED_PRINTER)
def _a_voter_twice(record: Record) -> Record:
    record["ballots"][1]["voter"] = record["ballots"][0]["voter"]
    return record


@_forgery("close", "close.took_part are not those who voted", NAMED_PRINTER)
def _took_part_others(record: Record) -> Record:
    record["close"]["took_part"][5:] = record["roll"]["leaves"][7:8]
    return record


@_forgery("trackers", "is not in its place by order", NAMED_PRINTER)
def _a_reason_altered(record: Record) -> Record:
    before = [parts.tracker(ballot) for ballot in record["ballots"]]
    for number in range(100):
        record["ballots"][1]["reason"] = f"Because of {number}"
        if not before[0] < parts.tracker(record["ballots"][1]) < before[2]:
            return record
    raise AssertionError("no reason changes the order")


@_forgery("signature", "manifest.public_key is null", NAMED_PRINTER)
def _a_signature_without_a_key(record: Record) -> Record:
    return {**record, "signature": "0" * 128}


def consistent(raw: bytes) -> bytes:
    """Everything rebuilt by the operator so that a lost vote is won: it fits together, but was never announced."""
    record = read(raw)
    for ballot in record["ballots"]:
        ballot["choice"] = ["o3"]
    return rewritten(record)


def another_roll(raw: bytes) -> bytes:
    """As ``consistent``, and an elector exchanged as well."""
    record = read(raw)
    leaves = sorted([*record["roll"]["leaves"][:-1], STRANGER])
    record["roll"]["leaves"] = leaves
    record["manifest"]["roll_root"] = record["close"]["roll_root"] = root_of(leaves)
    record["close"]["took_part"] = leaves[: record["close"]["n"]]
    return rewritten(record)


def _in_form(name: str, says: str, *way: Any, value: Any) -> None:
    def forge(record: Record) -> Record:
        inner: Any = record
        for step in way[:-1]:
            inner = inner[step]
        inner[way[-1]] = value
        return record

    FORGERIES[name] = (SECRET_BOARD, forge, "schema", says)


_in_form("no_text", "manifest.title is not text", "manifest", "title", value=7)
_in_form("no_object", "manifest.settings is not an object", "manifest", "settings", value=[])
_in_form("no_list", "close.took_part is not a list", "close", "took_part", value={})
_in_form(
    "no_instant", "close.closed_at is not an instant in UTC", "close", "closed_at", value="2026-03-08T10:00:05+00:00"
)
_in_form("no_word", "manifest.secrecy is none of open", "manifest", "secrecy", value="public")
_in_form("no_draw", "close.draw is not text", "close", "draw", value=426)
_in_form("no_number", "manifest.poll is not a whole number", "manifest", "poll", value=-1)
