"""Votes that are carried, and what a record says of them (edge cases 22 to 24 of delegation, 42)."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coopgov.tally import record as parts
from coopgov.tally.count import Ballot, Manifest
from coopgov.tally.proxies import carried
from coopgov.tally.verify import check_record
from tests.tally.forgeries import PLAIN
from tests.tally.records import KEY, TIE_SECRET, ballots_of, leaves_of, read, resigned, spelt, terms_of

HOLDERS = st.dictionaries(st.integers(0, 7), st.integers(0, 7)).map(
    lambda given: {giver: holder for giver, holder in given.items() if giver != holder}
)


class TestWhoVotesForWhom:
    def test_a_holder_passes_on_what_they_hold(self) -> None:
        assert carried({"A": "B", "B": "C"}, {"C"}) == {"A": "C", "B": "C"}

    def test_a_ballot_of_ones_own_comes_first(self) -> None:
        assert carried({"A": "B", "B": "C"}, {"B", "C"}) == {"A": "B"}
        assert carried({"A": "B"}, {"A", "B"}) == {}

    def test_where_nobody_votes_nobody_is_carried(self) -> None:
        assert carried({"A": "B", "B": "C"}, set()) == {}

    def test_a_circle_carries_only_what_somebody_in_it_votes(self) -> None:
        circle = {"A": "B", "B": "A", "X": "A"}
        assert carried(circle, set()) == {}
        assert carried(circle, {"A"}) == {"B": "A", "X": "A"}

    @given(HOLDERS, st.sets(st.integers(0, 7)))
    def test_whatever_was_given_one_is_carried_to_the_first_who_votes_on_the_way(
        self, holders: dict[int, int], voted: set[int]
    ) -> None:
        expected = {}
        for giver in holders.keys() - voted:
            at = holders[giver]
            for _step in range(len(holders)):
                at = at if at in voted else holders.get(at, at)
            if at in voted:
                expected[giver] = at
        assert carried(holders, voted) == expected


OPTIONS = ("agree", "abstain", "disagree", "block")


def record_with(proxies: list[tuple[int, int, str | None]], choices: dict[int, str], size: int = 5) -> bytes:
    """The record of a poll of ``size`` electors by name, who are their places on the roll: (giver, holder, ended at),
    and by elector the choice."""
    counted = Manifest("proposal", OPTIONS, PLAIN, size)
    leaves = leaves_of(size)
    lines: list[parts.Proxy] = [
        {"giver": leaves[giver], "holder": leaves[holder], "ended_at": at} for giver, holder, at in sorted(proxies)
    ]
    terms = terms_of(counted, "open", signed=True)
    terms["proxies"] = parts.proxies_hash(lines)
    roll: parts.Roll = {"leaves": leaves, "amendments": [], "proxies": lines}
    cast = [named(counted, terms, leaves[at], choice) for at, choice in choices.items()]
    due = parts.carried_ballots(roll, [ballot["voter"] for ballot in cast])
    said = {ballot["voter"]: ballot["choice"] for ballot in cast}
    for giver, (holder, voter) in due.items():
        carries = named(counted, terms, giver, said[voter])
        cast.append({**carries, "through": holder, "reason": ""})
    close = parts.close_of(terms, roll, cast, [b["voter"] for b in cast], "2026-03-08T10:00:05Z", TIE_SECRET)
    return parts.write_record(terms, roll, cast, close, KEY.sign(parts.close_hash(close).encode()).hex())


def named(counted: Manifest, terms: parts.Terms, leaf: str, choice: str) -> Any:
    return {**ballots_of(counted, [Ballot(choice)], terms)[0], "voter": leaf}


CHAIN: list[tuple[int, int, str | None]] = [(0, 1, None), (1, 2, None), (3, 2, "2026-03-05T10:00:00Z")]


@pytest.fixture(scope="module")
def chain() -> bytes:
    """0 gives to 1, 1 to 2, who votes; 3 took theirs back in time; 4 votes and gave nothing."""
    return record_with(CHAIN, {2: "agree", 4: "disagree"})


def test_a_record_with_carried_votes_passes_and_counts_them(chain: bytes) -> None:
    report = check_record(chain)
    assert report.passed, report.failure
    found = read(chain)
    assert found["result"]["counts"]["agree"] == 3
    assert sum("through" in ballot for ballot in found["ballots"]) == 2


def test_an_erased_carried_vote_still_says_through_whom(chain: bytes) -> None:
    record = read(chain)
    at = next(n for n, ballot in enumerate(record["ballots"]) if "through" in ballot)
    record["ballots"][at] = parts.erased(record["ballots"][at])
    assert check_record(spelt(record)).passed


def first(record: parts.Mapping[str, Any]) -> Any:
    return next(ballot for ballot in record["ballots"] if "through" in ballot)


def consistent(record: dict[str, Any]) -> bytes:
    """The record with order, chain, voters and signature as a forger would set them."""
    record["ballots"].sort(key=parts.tracker)
    close, roll = record["close"], record["roll"]
    close["M"] = parts.manifest_hash(record["manifest"])
    close["n"] = len(record["ballots"])
    close["took_part"] = sorted(ballot["voter"] for ballot in record["ballots"])
    close["h_n"] = parts.chain_head(close["M"], [parts.tracker(ballot) for ballot in record["ballots"]])
    if "proxies" in roll and "proxies" in close:
        close["proxies"] = parts.ended_hash(roll["proxies"])
    return spelt(resigned(record))


def through_another(record: dict[str, Any]) -> None:
    ballot = first(record)
    ballot["through"] = next(
        leaf for leaf in record["roll"]["leaves"] if leaf not in (ballot["through"], ballot["voter"])
    )


def dropped(record: dict[str, Any]) -> None:
    record["ballots"].remove(first(record))


def otherwise(record: dict[str, Any]) -> None:
    first(record)["choice"] = "disagree"


def with_a_reason(record: dict[str, Any]) -> None:
    first(record)["reason"] = "As they said."


def own_made_carried(record: dict[str, Any]) -> None:
    leaves = record["roll"]["leaves"]
    mine = next(ballot for ballot in record["ballots"] if ballot["voter"] == leaves[4])
    mine["through"], mine["choice"] = leaves[2], "agree"


def forgotten(record: dict[str, Any]) -> None:
    del record["roll"]["proxies"], record["close"]["proxies"]


def unannounced(record: dict[str, Any]) -> None:
    del record["manifest"]["proxies"]
    for ballot in record["ballots"]:
        ballot["poll"] = parts.manifest_hash(record["manifest"])


def added(record: dict[str, Any]) -> None:
    leaves = record["roll"]["leaves"]
    record["roll"]["proxies"].append({"giver": leaves[4], "holder": leaves[2], "ended_at": None})


def to_oneself(record: dict[str, Any]) -> None:
    record["roll"]["proxies"][2]["holder"] = record["roll"]["leaves"][3]


def ended_too_late(record: dict[str, Any]) -> None:
    record["roll"]["proxies"][2]["ended_at"] = "2026-03-09T10:00:00Z"


def unsorted(record: dict[str, Any]) -> None:
    record["roll"]["proxies"].reverse()


def revived(record: dict[str, Any]) -> None:
    record["roll"]["proxies"][2]["ended_at"] = None


@pytest.mark.parametrize(
    ("forge", "says"),
    [
        (through_another, "is counted through somebody who does not carry it"),
        (dropped, "should be carried"),
        (otherwise, "is not the choice of its holder"),
        (with_a_reason, "has a reason, and is carried"),
        (own_made_carried, "is counted through somebody who does not carry it"),
        (forgotten, "do not go together"),
        (unannounced, "do not go together"),
        (added, "manifest.proxies is not the hash"),
        (to_oneself, "is not of two electors"),
        (ended_too_late, "ended later than the closing"),
        (unsorted, "is not in its place by order"),
        (revived, "should be carried"),
    ],
)
def test_a_forged_proxy_is_named(chain: bytes, forge: Any, says: str) -> None:
    record = read(chain)
    forge(record)
    failure = check_record(consistent(record)).failure
    assert failure is not None
    assert (failure.name, says in failure.what) == ("roll", True), failure


def test_the_closing_statement_fixes_which_proxies_had_ended() -> None:
    record = read(record_with(CHAIN, {4: "disagree"}))
    record["roll"]["proxies"][0]["ended_at"] = "2026-03-05T10:00:00Z"  # nothing is carried by it either way
    failure = check_record(spelt(record)).failure
    assert failure is not None
    assert (failure.name, "close.proxies" in failure.what) == ("close", True)


def test_a_secret_poll_carries_none(chain: bytes) -> None:
    record = json.loads(record_with([], {2: "agree"}))
    record["manifest"]["secrecy"] = "secret"
    record["ballots"] = []
    del record["close"]["amended"], record["close"]["proxies"]
    failure = next(check for check in check_record(consistent(record)).checks if check.name == "roll")
    assert failure.what == "a secret poll carries no proxies"
