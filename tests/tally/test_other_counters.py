"""Independent counters elect the same on random profiles, wherever no tie occurs: they break ties by chance or not at
all. Each is asked a thousand times."""

from fractions import Fraction
from itertools import pairwise
from typing import Any

import pyrankvote  # type: ignore[import-untyped]
import pytest
import votelib.convert  # type: ignore[import-untyped]
import votelib.evaluate.condorcet as votelib_condorcet  # type: ignore[import-untyped]
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from votelib.evaluate.sequential import TransferableVoteSelector  # type: ignore[import-untyped]

from coopgov.tally.count import Election, Manifest, Verdict, tally_distinct
from coopgov.tally.rule import PRESETS

NAMES = ("Ada", "Bo", "Cy", "Dee", "Eve")
Box = dict[tuple[str, ...], int]
RANKINGS = st.lists(st.sampled_from(NAMES), unique=True, min_size=1).map(tuple)
PROFILES = st.dictionaries(RANKINGS, st.integers(1, 12), min_size=2, max_size=9)
WHOLE_PROFILES = st.dictionaries(st.permutations(NAMES).map(tuple), st.integers(1, 12), min_size=2, max_size=9)
a_thousand_times = settings(
    max_examples=1000, deadline=None, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow]
)


def ours(method: str, box: dict[Any, int], **given: Any) -> Election:
    """The result, where nothing but a strict order decided it; else the example is let go."""
    manifest = Manifest(method, NAMES, PRESETS["simple_majority"], sum(box.values()), {"ties": "declare", **given})
    result = tally_distinct(manifest, box)
    assert isinstance(result, Election)
    assume(result.verdict is Verdict.DECIDED)
    return result


def for_pyrankvote(box: Box) -> tuple[list[Any], list[Any]]:
    people = {name: pyrankvote.Candidate(name) for name in NAMES}
    papers = [pyrankvote.Ballot([people[n] for n in ranking]) for ranking, number in box.items() for _ in range(number)]
    return list(people.values()), papers


@a_thousand_times
@given(PROFILES)
def test_an_instant_runoff(box: Box) -> None:
    result = ours("irv", box)
    assume(all(len(set(votes.values())) == len(votes) for votes in result.facts["rounds"]))
    theirs = pyrankvote.instant_runoff_voting(*for_pyrankvote(box)).get_winners()
    assert [winner.name for winner in theirs] == list(result.winners)


@pytest.mark.parametrize("name", ["stv-scottish", "stv-wigm"])
@a_thousand_times
@given(box=WHOLE_PROFILES, seats=st.integers(1, 3))
def test_transfers_of_whole_rankings(name: str, box: Box, seats: int) -> None:
    """Whole ones only: votelib excludes two at once as soon as papers are exhausted (pyrankvote has another quota)."""
    result = ours(name, box, seats=seats)
    assume(not any(_is_close(stage["tally"].values()) for stage in result.facts["rounds"]))
    theirs = TransferableVoteSelector(quota_function="droop").evaluate(dict(box), seats)
    assert set(theirs) == set(result.winners)


def _is_close(values: Any) -> bool:
    """Whether two who have something have the same but for the decimals that the Scottish rules cut off."""
    ordered = sorted(Fraction(value) for value in values if Fraction(value))
    return any(after - before < Fraction(1, 100) for before, after in pairwise(ordered))


def for_votelib(box: Box) -> Any:
    rest = {ranking: frozenset(set(NAMES) - set(ranking)) for ranking in box}
    return votelib.convert.RankedToCondorcetVotes().convert(
        {ranking + ((rest[ranking],) if rest[ranking] else ()): number for ranking, number in box.items()}
    )


@pytest.mark.parametrize(
    ("name", "theirs"),
    [("schulze", votelib_condorcet.Schulze()), ("ranked-pairs", votelib_condorcet.RankedPairs("margins"))],
)
@a_thousand_times
@given(box=PROFILES)
def test_schulze_and_ranked_pairs(name: str, theirs: Any, box: Box) -> None:
    result = ours(name, {tuple((option,) for option in ranking): number for ranking, number in box.items()})
    assume(len(result.ranking[0]) == 1)
    assert theirs.evaluate(for_votelib(box), 1) == list(result.winners)
