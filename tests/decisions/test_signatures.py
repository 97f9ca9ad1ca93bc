"""How many different ballots there can be, for the warning that a ballot could be a signature."""

from itertools import chain, permutations

import pytest

from coopgov.decisions.rules.signatures import MANY, possible_ballots
from coopgov.tally.vote import Shape


@pytest.mark.parametrize("options", range(6))
def test_rankings_are_counted_as_they_can_be_written(options: int) -> None:
    written = set(chain.from_iterable(permutations(range(options), n) for n in range(options + 1)))
    assert possible_ballots(Shape.RANKING, options) == len(written)


def test_one_choice_among_few_is_no_signature_and_long_lists_cost_nothing() -> None:
    assert possible_ballots(Shape.ONE, 500) == 0
    assert possible_ballots(Shape.PICKS, 5) == 32
    assert possible_ballots(Shape.RANKING, 5000) == possible_ballots(Shape.RANKING, MANY)
