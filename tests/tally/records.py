"""Records for tests: any poll of the registry, closed and written as the site would, and rewritten by a forger."""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from coopgov.tally import record as parts
from coopgov.tally.canonical import canonical
from coopgov.tally.count import Ballot, Manifest, method_of
from coopgov.tally.merkle import leaf_of, root_of
from coopgov.tally.one_file import recount_sha256
from coopgov.tally.rule import Rule

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
TIE_SECRET = hashlib.sha256(b"tie").hexdigest()
Record = dict[str, Any]


def drawn(what: str, digits: int = 32) -> str:
    """Hexadecimal digits that are the same in every run."""
    return hashlib.sha256(what.encode()).hexdigest()[:digits]


def leaves_of(size: int) -> list[str]:
    """The leaves of a roll of so many electors, sorted."""
    return sorted(leaf_of(drawn(f"salt {number}"), number) for number in range(size))


def terms_of(counted: Manifest, secrecy: str, signed: bool) -> parts.Terms:
    """The manifest that is published for what is counted so."""
    return {
        "v": 1,
        "poll": 7,
        "title": "Buy the “small” printer – café",
        "text_sha256": drawn("text", 64),
        "method": counted.method,
        "options": [{"id": option, "text": f"Option {option} (é)"} for option in counted.options],
        "settings": dict(counted.settings),
        "rule": counted.rule.to_plain(),
        "opens_at": "2026-03-01T10:00:00Z",
        "closes_at": "2026-03-08T10:00:00Z",
        "roll_size": counted.roll_size,
        "roll_root": root_of(leaves_of(counted.roll_size)),
        "secrecy": secrecy,
        "public_key": KEY.public_key().public_bytes_raw().hex() if signed else None,
        "tie_commit": parts.tie_commit(TIE_SECRET),
        "recount_sha256": recount_sha256(),
        "engine": parts.ENGINE,
    }


def ballots_of(counted: Manifest, ballots: Sequence[Ballot], terms: parts.Terms) -> list[parts.AnyBallot]:
    """The ballots as published, their choices in normal form; every third secret one has a mark."""
    m, method, leaves = parts.manifest_hash(terms), method_of(counted), leaves_of(counted.roll_size)
    found: list[parts.AnyBallot] = []
    for number, ballot in enumerate(ballots):
        choice, nonce = method.validate(counted, ballot.choice), drawn(f"nonce {number}")
        if terms["secrecy"] != parts.SECRET:
            reason = "Because – “so”" if number % 2 or method.needs_reason(counted, choice) else ""
            named = {"poll": m, "voter": leaves[number], "name": f"Zoë {number}", "choice": choice, "reason": reason}
            found.append({**named, "nonce": nonce})  # type: ignore[typeddict-item]
        elif number % 3:
            found.append({"poll": m, "choice": choice, "nonce": nonce})
        else:
            found.append({"poll": m, "choice": choice, "nonce": nonce, "mark": f"{number:08}"})
    return found


def closed(
    counted: Manifest,
    ballots: Sequence[Ballot],
    secrecy: str = parts.SECRET,
    draw: str | None = None,
    signed: bool = True,
) -> bytes:
    """The bytes of the record of this poll; its electors have voted in the order of their leaves."""
    terms = terms_of(counted, secrecy, signed)
    roll: parts.Roll = {"leaves": leaves_of(counted.roll_size), "amendments": []}
    cast = ballots_of(counted, ballots, terms)
    took_part = roll["leaves"][: len(cast)]
    close = parts.close_of(terms, roll, cast, took_part, "2026-03-08T10:00:05Z", TIE_SECRET, draw)
    return parts.write_record(terms, roll, cast, close, sign(close) if signed else None)


def sign(close: parts.Close) -> str:
    """The signature that the poll's key gives to a closing statement."""
    return KEY.sign(parts.close_hash(close).encode()).hex()


def record_with(
    proxies: list[tuple[int, int, str | None]], choices: dict[int, str], rule: Rule, size: int = 5
) -> bytes:
    """The record of a poll of ``size`` electors by name, who are their places on the roll: (giver, holder, ended at),
    and by elector the choice."""
    counted = Manifest("proposal", ("agree", "abstain", "disagree", "block"), rule, size)
    leaves = leaves_of(size)
    lines: list[parts.Proxy] = [
        {"giver": leaves[giver], "holder": leaves[holder], "ended_at": at} for giver, holder, at in sorted(proxies)
    ]
    terms = terms_of(counted, "open", signed=True)
    terms["proxies"] = parts.proxies_hash(lines)
    roll: parts.Roll = {"leaves": leaves, "amendments": [], "proxies": lines}
    cast = [_named(counted, terms, leaves[at], choice) for at, choice in choices.items()]
    due = parts.carried_ballots(roll, [ballot["voter"] for ballot in cast])
    said = {ballot["voter"]: ballot["choice"] for ballot in cast}
    for giver, (holder, voter) in due.items():
        carries = _named(counted, terms, giver, said[voter])
        cast.append({**carries, "through": holder, "reason": ""})
    close = parts.close_of(terms, roll, cast, [b["voter"] for b in cast], "2026-03-08T10:00:05Z", TIE_SECRET)
    return parts.write_record(terms, roll, cast, close, KEY.sign(parts.close_hash(close).encode()).hex())


def _named(counted: Manifest, terms: parts.Terms, leaf: str, choice: str) -> Any:
    return {**ballots_of(counted, [Ballot(choice)], terms)[0], "voter": leaf}


def read(raw: bytes) -> Record:
    """The record as data, to be tampered with."""
    found: Record = json.loads(raw)
    return found


def spelt(record: Record) -> bytes:
    """Canonical bytes of a record, true or not."""
    return canonical(record) + b"\n"


def resigned(record: Record) -> Record:
    """The record, its closing statement signed anew by whoever holds the key."""
    record["signature"] = sign(record["close"])
    return record


def renamed(record: Record) -> Record:
    """The record after a change of its manifest: ballots, head and closing statement belong to the new one; the result
    is the old one."""
    m = parts.manifest_hash(record["manifest"])
    for ballot in record["ballots"]:
        ballot["poll"] = m
    return rechained(record)


def rechained(record: Record) -> Record:
    """The record after a change of its ballots: sorted, with a head and a number that fit them, and signed."""
    record["ballots"].sort(key=parts.tracker)
    close, manifest = record["close"], record["manifest"]
    fresh = parts.close_of(
        manifest,
        record["roll"],
        record["ballots"],
        close["took_part"],
        close["closed_at"],
        close["tie_secret"],
        close["draw"],
    )
    record["close"] = {**fresh, "roll_root": close["roll_root"]}
    return resigned(record)


def rewritten(record: Record) -> bytes:
    """All of it made to fit again, counted anew, signed: what the operator alone can do."""
    record = renamed(record)
    return parts.write_record(
        record["manifest"], record["roll"], record["ballots"], record["close"], record["signature"]
    )
