"""Checking a published record: fifteen checks in one order; each names the first thing that does not fit."""

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from coopgov.tally.canonical import canonical
from coopgov.tally.count import method_of
from coopgov.tally.ed25519 import verifies
from coopgov.tally.merkle import root_of
from coopgov.tally.record import (
    SECRET,
    amended_hash,
    carried_ballots,
    chain_head,
    close_hash,
    electors,
    ended_hash,
    manifest_for_count,
    manifest_hash,
    proxies_hash,
    recount,
    tie_commit,
    tracker,
)
from coopgov.tally.record_form import check_form
from coopgov.tally.strict_json import Misfit, read_canonical
from coopgov.tally.transcript import transcript
from coopgov.tally.vote import Manifest, Method

LONGEST = 300  # characters of what is said of one check: strangers wrote what it names


class State(StrEnum):
    """How a check ended. Not witnessed: nothing from outside to compare with; not signed: a named poll without a key;
    not checked: what it rests on had failed."""

    OK = "ok"
    NOT_WITNESSED = "not witnessed"
    NOT_SIGNED = "not signed"
    FAILED = "failed"
    NOT_CHECKED = "not checked"


@dataclass(frozen=True, slots=True)
class Check:
    """One check, and what it found: the first thing that does not fit, or the figure that it made sure of."""

    name: str
    state: State
    what: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """All checks in order, and what the record says where it could be read: M, D, title, verdict, and the hash of the
    recount.py that was announced."""

    checks: tuple[Check, ...]
    m: str | None = None
    d: str | None = None
    title: str | None = None
    verdict: str | None = None
    recount_sha256: str | None = None

    @property
    def failure(self) -> Check | None:
        """The first check that failed."""
        return next((check for check in self.checks if check.state is State.FAILED), None)

    @property
    def passed(self) -> bool:
        """Whether nothing failed; what is not witnessed or not signed is no failure."""
        return self.failure is None

    @property
    def witnessed(self) -> bool:
        """Whether M and D from outside are those of the record."""
        return any(check.name == "external" and check.state is State.OK for check in self.checks)

    def to_plain(self) -> dict[str, object]:
        """A dict that JSON can hold."""
        return {
            "passed": self.passed,
            "witnessed": self.witnessed,
            "m": self.m,
            "d": self.d,
            "title": self.title,
            "verdict": self.verdict,
            "checks": [{"name": one.name, "state": one.state.value, "what": one.what} for one in self.checks],
        }


Found = str | tuple[State, str]


@dataclass
class _Case:
    """One record under examination; each check leaves here what later ones need."""

    raw: bytes
    external_m: str | None
    external_d: str | None
    record: Any = None
    electors: set[str] = field(default_factory=set)
    trackers: list[str] = field(default_factory=list)
    m: str | None = None
    d: str | None = None
    result: dict[str, Any] = field(default_factory=dict)

    @property
    def manifest(self) -> Mapping[str, Any]:
        """The manifest as it stands in the record."""
        found: Mapping[str, Any] = self.record["manifest"]
        return found

    @property
    def close(self) -> Mapping[str, Any]:
        """The closing statement as it stands in the record."""
        found: Mapping[str, Any] = self.record["close"]
        return found

    @property
    def is_secret(self) -> bool:
        """Whether ballots say nothing of their voters."""
        return bool(self.manifest["secrecy"] == SECRET)


def check_record(raw: bytes, external_m: str | None = None, external_d: str | None = None) -> Report:
    """The report on ``raw``, the bytes of a record.json. It raises nothing, whatever the bytes are.

    ``external_m`` and ``external_d``: M and D as they were announced, from a mail or from a post on another server.
    """
    case = _Case(raw, external_m, external_d)
    done: dict[str, Check] = {}
    for name, needs, look in CHECKS:
        if any(done[need].state in (State.FAILED, State.NOT_CHECKED) for need in needs):
            done[name] = Check(name, State.NOT_CHECKED)
        else:
            done[name] = _looked(name, look, case)
    report = tuple(done.values())
    if done["schema"].state is not State.OK:
        return Report(report)
    verdict = case.result.get("verdict")
    return Report(report, case.m, case.d, case.manifest["title"], verdict, case.manifest["recount_sha256"])


def _looked(name: str, look: "Callable[[_Case], Found]", case: _Case) -> Check:
    try:
        found = look(case)
    except Misfit as misfit:
        return Check(name, State.FAILED, str(misfit)[:LONGEST])
    except Exception as error:  # a method may stumble in its own way over what strangers wrote: no record does that
        return Check(name, State.FAILED, f"cannot be checked ({type(error).__name__}: {ascii(str(error))[1:101]})")
    return Check(name, State.OK, found) if isinstance(found, str) else Check(name, *found)


def _bytes(case: _Case) -> Found:
    case.record = read_canonical(case.raw)
    return f"{len(case.raw)} bytes in their canonical spelling"


def _schema(case: _Case) -> Found:
    check_form(case.record)
    return "every field is known and in its form"


def _m(case: _Case) -> Found:
    case.m = manifest_hash(case.manifest)
    _require(case.close["M"] == case.m, f"close.M is not the hash of this manifest, {case.m}")
    for place, ballot in enumerate(case.record["ballots"]):
        _require(ballot["poll"] == case.m, "belongs to another poll", "ballots", place)
    return case.m


def _roll(case: _Case) -> Found:
    leaves, size = case.record["roll"]["leaves"], case.manifest["roll_size"]
    _in_order(leaves, "roll", "leaves")
    _require(len(leaves) == size, f"manifest.roll_size is {size}, the roll has {len(leaves)} leaves")
    _require(root_of(leaves) == case.manifest["roll_root"], "manifest.roll_root is not the root of the roll's leaves")
    _check_amendments(case)
    case.electors = electors(case.record["roll"])
    _check_proxies(case)
    if not case.is_secret:
        _check_voters(case)
        _check_carried(case)
    return f"{size} electors at opening, {len(case.electors)} at closing"


def _check_amendments(case: _Case) -> None:
    before = ""
    for place, amendment in enumerate(case.record["roll"]["amendments"]):
        way = ("roll", "amendments", place)
        _require(not case.is_secret, "a secret poll's roll is not amended", *way)
        _require(before <= amendment["at"], "is older than the one before it", *way)
        _require(amendment["at"] <= case.close["closed_at"], "is later than the closing", *way)
        before = amendment["at"]


def _check_proxies(case: _Case) -> None:
    """Those that the manifest fixed, of electors at opening, and ended in time if at all."""
    roll, told = case.record["roll"], case.manifest.get("proxies")
    _require(("proxies" in roll) == (told is not None), "roll.proxies and manifest.proxies do not go together")
    if told is None:
        return
    _require(not case.is_secret, "a secret poll carries no proxies")
    _in_order([proxy["giver"] for proxy in roll["proxies"]], "roll", "proxies")
    there = set(roll["leaves"])
    for place, proxy in enumerate(roll["proxies"]):
        way, both = ("roll", "proxies", place), {proxy["giver"], proxy["holder"]}
        _require(len(both) == 2 and both <= there, "is not of two electors", *way)
        _require((proxy["ended_at"] or "") <= case.close["closed_at"], "ended later than the closing", *way)
    _require(proxies_hash(roll["proxies"]) == told, "manifest.proxies is not the hash of the roll's proxies")


def _check_carried(case: _Case) -> None:
    """Exactly those votes are carried that have to be, each as the holder's."""
    ballots = case.record["ballots"]
    own = {ballot["voter"]: ballot["choice"] for ballot in ballots if "through" not in ballot}
    due = carried_ballots(case.record["roll"], own)
    for place, ballot in enumerate(ballots):
        if "through" in ballot:
            holder, voter = due.pop(ballot["voter"], (None, ""))
            way = ("ballots", place)
            _require(ballot["through"] == holder, "is counted through somebody who does not carry it", *way)
            _require(canonical(ballot["choice"]) == canonical(own[voter]), "is not the choice of its holder", *way)
            _require(not ballot.get("reason"), "has a reason, and is carried", *way)
    _require(not due, f"the vote of {min(due, default='')} should be carried")


def _check_voters(case: _Case) -> None:
    seen: set[str] = set()
    for place, ballot in enumerate(case.record["ballots"]):
        _require(ballot["voter"] in case.electors, "voter is not on the roll", "ballots", place)
        _require(ballot["voter"] not in seen, "voter has another ballot", "ballots", place)
        seen.add(ballot["voter"])


def _choices(case: _Case) -> Found:
    manifest = manifest_for_count(case.manifest, case.manifest["roll_size"])
    method = method_of(manifest)
    for place, ballot in enumerate(case.record["ballots"]):
        if fault := _fault(method, manifest, ballot):
            raise Misfit(fault, ("ballots", place))
    return "every choice is one that the manifest offers, in its normal form"


def _fault(method: Method, manifest: Manifest, ballot: Mapping[str, Any]) -> str:
    """What is wrong with the choice, or nothing. Whether an erased ballot had a reason nobody can tell any more."""
    try:
        choice = method.validate(manifest, ballot["choice"])
    except ValueError as error:
        return f"choice is refused ({error})"
    if canonical(choice) != canonical(ballot["choice"]):
        return "choice is not in its normal form"
    words = "name" in ballot and "through" not in ballot
    lacks = words and method.needs_reason(manifest, choice) and not ballot["reason"].strip()
    return "choice needs a reason, and has none" if lacks else ""


def _trackers(case: _Case) -> Found:
    case.trackers = [tracker(ballot) for ballot in case.record["ballots"]]
    _in_order(case.trackers, "ballots")
    return "every ballot has a tracker of its own, and they are in order"


def _chain(case: _Case) -> Found:
    n, ballots = case.close["n"], len(case.trackers)
    _require(n == ballots, f"close.n is {n}, the record has {ballots} ballots")
    head = chain_head(str(case.m), case.trackers)
    _require(head == case.close["h_n"], f"close.h_n is not the head of this chain, {head}")
    return head


def _close(case: _Case) -> Found:
    close, manifest = case.close, case.manifest
    _require(close["roll_root"] == manifest["roll_root"], "close.roll_root is not manifest.roll_root")
    _in_order(close["took_part"], "close", "took_part")
    for place, leaf in enumerate(close["took_part"]):
        _require(leaf in case.electors, "is not on the roll", "close", "took_part", place)
    there, n = len(close["took_part"]), close["n"]
    _require(there == n, f"close.took_part has {there} electors, there are {n} ballots")
    if not case.is_secret:
        roll = case.record["roll"]
        fits = close["amended"] == amended_hash(roll["amendments"])
        _require(fits, "close.amended is not the hash of the roll's amendments")
        ended = ended_hash(roll["proxies"]) if "proxies" in roll else None
        _require(close.get("proxies") == ended, "close.proxies is not the hash of the proxies that ended")
        voters = sorted(ballot["voter"] for ballot in case.record["ballots"])
        _require(voters == close["took_part"], "close.took_part are not those who voted")
    _require(manifest["opens_at"] < manifest["closes_at"], "manifest.closes_at is not after manifest.opens_at")
    _require(close["closed_at"] >= manifest["closes_at"], "close.closed_at is before manifest.closes_at")
    return f"{n} of {len(case.electors)} electors took part"


def _d(case: _Case) -> Found:
    case.d = close_hash(case.close)
    return case.d


def _signature(case: _Case) -> Found:
    key, signature = case.manifest["public_key"], case.record["signature"]
    if key is None and signature is None:
        _require(not case.is_secret, "a secret poll is signed, this one is not")
        return State.NOT_SIGNED, "a poll by name may go without"
    _require(key is not None, "there is a signature, but manifest.public_key is null")
    _require(signature is not None, "there is manifest.public_key, but no signature")
    holds = verifies(bytes.fromhex(key), str(case.d).encode(), bytes.fromhex(signature))
    _require(holds, "is not that of D under manifest.public_key")
    return "D is signed by the poll's key"


def _external(case: _Case) -> Found:
    told = {"M": (case.external_m, case.m), "D": (case.external_d, case.d)}
    for name, (outside, inside) in told.items():
        _require(outside in (None, inside), f"{name} is {inside}, but {str(outside)[:64]!a} was announced")
    missing = [name for name, (outside, _) in told.items() if outside is None]
    if missing:
        return State.NOT_WITNESSED, f"no {' and no '.join(missing)} from outside to compare with"
    return "M and D are those that were announced"


def _tie(case: _Case) -> Found:
    fits = tie_commit(case.close["tie_secret"]) == case.manifest["tie_commit"]
    _require(fits, "close.tie_secret is not the one that manifest.tie_commit was made of")
    return "the secret for lots is the one that was fixed at opening"


def _recount(case: _Case) -> Found:
    try:
        case.result = recount(case.record).to_plain()
    except ValueError as error:
        raise Misfit(f"the count stops ({error})") from error
    return f"{case.close['n']} ballots counted: {case.result['verdict']}"


def _result(case: _Case) -> Found:
    published = case.record["result"]
    for name in sorted({*published, *case.result}):
        counted = canonical([case.result[name]] if name in case.result else [])
        fits = canonical([published[name]] if name in published else []) == counted
        _require(fits, f"{ascii(name[:60])[1:-1]} is not what the count gives")
    return "the published result is what the count gives"


def _transcript(case: _Case) -> Found:
    told, published = transcript(case.result), case.record["transcript"]
    for place, step in enumerate(told):
        fits = place < len(published) and canonical(published[place]) == canonical(step)
        _require(fits, f"step {place + 1} is not what the count gives")
    _require(len(told) == len(published), f"there are {len(published)} steps, the count has {len(told)}")
    return f"{len(told)} steps, as the count gives them"


def _in_order(hashes: list[str], *way: str) -> None:
    for place, (one, other) in enumerate(itertools.pairwise(hashes), 1):
        _require(one != other, "is there twice", *way, place)
        _require(one < other, "is not in its place by order", *way, place)


def _require(holds: bool, what: str, *way: str | int) -> None:
    if not holds:
        raise Misfit(what, way)


CHECKS: tuple[tuple[str, tuple[str, ...], Callable[[_Case], Found]], ...] = (
    ("bytes", (), _bytes),
    ("schema", ("bytes",), _schema),
    ("M", ("schema",), _m),
    ("roll", ("schema",), _roll),
    ("choices", ("schema",), _choices),
    ("trackers", ("schema",), _trackers),
    ("chain", ("M", "trackers"), _chain),
    ("close", ("M", "roll"), _close),
    ("D", ("schema",), _d),
    ("signature", ("D",), _signature),
    ("external", ("M", "D"), _external),
    ("tie", ("schema",), _tie),
    ("recount", ("roll", "choices", "trackers", "chain", "close", "tie"), _recount),
    ("result", ("recount",), _result),
    ("transcript", ("recount",), _transcript),
)
"""Name, the checks it rests on, and how it looks."""
