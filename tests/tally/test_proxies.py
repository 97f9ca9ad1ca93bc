"""Votes that are carried, and what a record says of them (edge cases 22 to 24 of delegation, 42)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coopgov.tally import record as parts
from coopgov.tally.proxies import carried
from coopgov.tally.verify import check_record
from tests.tally.carried import CARRIED
from tests.tally.records import read, spelt

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


@pytest.fixture
def chain() -> bytes:
    """0 gives to 1, 1 to 2, who votes; 3 took theirs back in time; 4 votes and gave nothing."""
    return CARRIED


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
