"""The published record of one decision: its parts, the hashes that tie them together, and how it is written.

What is in it and why is told in docs/record.md; :mod:`coopgov.tally.verify` checks it.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NotRequired, TypedDict

from coopgov.tally.canonical import canonical, digest
from coopgov.tally.count import tally
from coopgov.tally.proxies import carried
from coopgov.tally.rule import Rule, Secrecy
from coopgov.tally.strict_json import Misfit
from coopgov.tally.transcript import transcript
from coopgov.tally.vote import Ballot, Manifest, Outcome

VERSION = 1
ENGINE = "coopgov-tally/1"
SECRET = "secret"  # noqa: S105 - a kind of poll
SECRECY = tuple(word.value for word in Secrecy)
"""When choices are shown with names: at once, to those who have voted, after closing; or never."""

MANIFEST_TAG = "coopgov/manifest/v1\n"
BALLOT_TAG = "coopgov/ballot/v1\n"
SAID_TAG = "coopgov/said/v1\n"
AMENDED_TAG = "coopgov/amended/v1\n"
PROXIES_TAG = "coopgov/proxies/v1\n"
ENDED_TAG = "coopgov/proxies-ended/v1\n"
LOG_TAG = "coopgov/log/v1\n"
CLOSE_TAG = "coopgov/close/v1\n"
TIE_COMMIT_TAG = "coopgov/tie-commit/v1\n"
TIE_TAG = "coopgov/tie/v1\n"


class Option(TypedDict):
    """An option: the word by which ballots name it (ASCII), and what people read."""

    id: str
    text: str


class Terms(TypedDict):
    """The manifest as published: all that is fixed at opening. Instants are UTC, ``YYYY-MM-DDTHH:MM:SSZ``."""

    v: int
    poll: int
    title: str
    text_sha256: str
    method: str
    options: list[Option]
    settings: Mapping[str, Any]
    rule: Mapping[str, Any]  # Rule.to_plain()
    opens_at: str
    closes_at: str
    roll_size: int
    roll_root: str
    proxies: NotRequired[str]  # the hash of who held whose proxy, where proxies are carried
    secrecy: str
    public_key: str | None  # Ed25519, 64 hexadecimal digits
    tie_commit: str
    recount_sha256: str
    engine: str


class Amendment(TypedDict):
    """A change of the roll after opening; ``act``: added, removed or recused."""

    leaf: str
    act: str
    reason: str
    at: str


class Proxy(TypedDict):
    """At opening ``holder`` held the proxy of the elector ``giver``, both leaves; ``ended_at``: that it was taken or
    given back since, before closing."""

    giver: str
    holder: str
    ended_at: str | None


class Roll(TypedDict):
    """The leaves of all electors at opening, sorted, and what was amended since, oldest first; ``proxies`` by giver,
    where they are carried."""

    leaves: list[str]
    amendments: list[Amendment]
    proxies: NotRequired[list[Proxy]]


class NamedBallot(TypedDict):
    """A ballot of a poll by name; ``voter`` is a leaf of the roll, ``nonce`` 16 bytes as hexadecimal digits.

    ``through``: the leaf of the holder of the voter's proxy, as whose vote this one is counted.
    """

    poll: str
    voter: str
    through: NotRequired[str]
    name: str
    choice: Any
    reason: str
    nonce: NotRequired[str]


class ErasedBallot(TypedDict):
    """A named ballot whose name and reason were erased: their hash stays, so that tracker and head stay true."""

    poll: str
    voter: str
    through: NotRequired[str]
    choice: Any
    said: str


class SecretBallot(TypedDict):
    """A ballot that says nothing of its voter; ``mark``: the eight digits that were rolled where no script ran."""

    poll: str
    choice: Any
    nonce: str
    mark: NotRequired[str]


AnyBallot = NamedBallot | ErasedBallot | SecretBallot


class Close(TypedDict):
    """The closing statement. ``took_part``: leaves, sorted; ``draw``: what was thrown or drawn in public, or None;
    ``amended``: the hash of the roll's amendments, of polls by name only, as a secret poll's roll has none;
    ``proxies``: that of the proxies as they ended, where they are carried."""

    M: str
    n: int
    h_n: str
    roll_root: str
    took_part: list[str]
    closed_at: str
    tie_secret: str
    draw: str | None
    amended: NotRequired[str]
    proxies: NotRequired[str]


def manifest_hash(manifest: Mapping[str, Any]) -> str:
    """M, which is announced at opening."""
    return digest(MANIFEST_TAG, dict(manifest))


def tracker(ballot: Mapping[str, Any]) -> str:
    """T, by which a voter finds the ballot again. Name, reason and nonce of a named ballot go in as one hash."""
    return digest(BALLOT_TAG, erased(ballot) if "name" in ballot else dict(ballot))


def erased(ballot: Mapping[str, Any]) -> ErasedBallot:
    """The named ``ballot`` without name, reason and nonce; its tracker is the same.

    Without a nonce whoever guesses a name and a reason can still tell that they stood there.
    """
    said = digest(SAID_TAG, [ballot.get("nonce"), ballot["name"], ballot["reason"]])
    kept: ErasedBallot = {"poll": ballot["poll"], "voter": ballot["voter"], "choice": ballot["choice"], "said": said}
    if "through" in ballot:
        kept["through"] = ballot["through"]
    return kept


def chain_head(m: str, trackers: Iterable[str]) -> str:
    """h_n: the head of the chain that begins with the manifest and takes in each tracker, in order."""
    head = _hash(f"{LOG_TAG}{m}")
    for one in trackers:
        head = _hash(f"{LOG_TAG}{head}\n{one}")
    return head


def amended_hash(amendments: Sequence[Mapping[str, Any]]) -> str:
    """What the closing statement of a poll by name says of all amendments, none included."""
    return digest(AMENDED_TAG, list(amendments))


def proxies_hash(proxies: Iterable[Mapping[str, Any]]) -> str:
    """What the manifest says of the proxies as they stood at opening, by giver."""
    return digest(PROXIES_TAG, [[proxy["giver"], proxy["holder"]] for proxy in proxies])


def ended_hash(proxies: Iterable[Mapping[str, Any]]) -> str:
    """What the closing statement says of those that were taken or given back before closing."""
    return digest(ENDED_TAG, [[proxy["giver"], proxy["ended_at"]] for proxy in proxies if proxy["ended_at"]])


def close_hash(close: Mapping[str, Any]) -> str:
    """D, which is announced at closing; the poll's key signs its hexadecimal digits as ASCII."""
    return digest(CLOSE_TAG, dict(close))


def tie_commit(tie_secret: str) -> str:
    """What the manifest says of the tie secret before anybody knows it."""
    return _hash(f"{TIE_COMMIT_TAG}{tie_secret}")


def tie_seed(close: Mapping[str, Any]) -> str:
    """What decides lots: fixed by the ballots, the tie secret and what was drawn in public, and by nobody alone."""
    return _hash(f"{TIE_TAG}{close['h_n']}\n{close['tie_secret']}\n{close['draw'] or ''}")


def in_order(ballots: Iterable[AnyBallot]) -> list[AnyBallot]:
    """The ballots sorted by tracker: an order that tells nothing of when they came."""
    return sorted(ballots, key=tracker)


def close_of(
    manifest: Terms,
    roll: Roll,
    ballots: Sequence[AnyBallot],
    took_part: Iterable[str],
    closed_at: str,
    tie_secret: str,
    draw: str | None = None,
) -> Close:
    """The closing statement of these ballots, in whatever order they and ``took_part`` (leaves) come."""
    m = manifest_hash(manifest)
    close: Close = {
        "M": m,
        "n": len(ballots),
        "h_n": chain_head(m, sorted(tracker(ballot) for ballot in ballots)),
        "roll_root": manifest["roll_root"],
        "took_part": sorted(took_part),
        "closed_at": closed_at,
        "tie_secret": tie_secret,
        "draw": draw,
    }
    if manifest["secrecy"] != SECRET:
        close["amended"] = amended_hash(roll["amendments"])
    if "proxies" in roll:
        close["proxies"] = ended_hash(roll["proxies"])
    return close


def electors(roll: Mapping[str, Any]) -> set[str]:
    """The leaves of those who may vote: the roll, with those added, without those removed or recused.

    Raises Misfit for an amendment that adds an elector or takes away somebody who is none.
    """
    found = set(roll["leaves"])
    for place, amendment in enumerate(roll["amendments"]):
        leaf, adds = amendment["leaf"], amendment["act"] == "added"
        if adds == (leaf in found):
            what = "adds somebody who is on the roll" if adds else "takes away somebody who is not on the roll"
            raise Misfit(what, ("roll", "amendments", place))
        found ^= {leaf}
    return found


def carried_ballots(roll: Mapping[str, Any], voted: Collection[str]) -> dict[str, tuple[str, str]]:
    """By elector who is not among the ``voted``, the holder of their proxy and the voter whose choice is counted.

    A proxy counts that was not ended before closing and between two who are on the roll as amended; all are leaves.
    """
    there = electors(roll)
    holders = {
        proxy["giver"]: proxy["holder"]
        for proxy in roll.get("proxies", ())
        if proxy["ended_at"] is None and {proxy["giver"], proxy["holder"]} <= there
    }
    return {giver: (holders[giver], voter) for giver, voter in carried(holders, voted).items()}


def manifest_for_count(manifest: Mapping[str, Any], roll_size: int) -> Manifest:
    """The manifest as the count takes it; raises ValueError with the key of what is wrong with it."""
    return Manifest(
        method=manifest["method"],
        options=tuple(option["id"] for option in manifest["options"]),
        rule=Rule.from_plain(manifest["rule"]),
        roll_size=roll_size,
        settings=manifest["settings"],
    )


def recount(record: Mapping[str, Any]) -> Outcome:
    """The outcome of a record's ballots under its manifest, roll and closing; raises as :func:`tally` does."""
    manifest = manifest_for_count(record["manifest"], len(electors(record["roll"])))
    ballots = [Ballot(ballot["choice"]) for ballot in record["ballots"]]
    return tally(manifest, ballots, tie_seed(record["close"]))


def write_record(
    manifest: Terms, roll: Roll, ballots: Iterable[AnyBallot], close: Close, signature: str | None = None
) -> bytes:
    """The bytes of ``record.json``: what was given, the ballots sorted, counted, and the count told.

    ``signature`` (128 hexadecimal digits) is that of ``close_hash(close)``. Raises ValueError where the ballots cannot
    be counted or something has no canonical spelling; whether all of it fits together, ``check_record`` says.
    """
    parts = {"manifest": manifest, "roll": roll, "ballots": in_order(ballots), "close": close}
    result = recount(parts).to_plain()
    whole = {"v": VERSION, **parts, "signature": signature, "result": result, "transcript": transcript(result)}
    return canonical(whole) + b"\n"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
