#!/usr/bin/env python3
"""How long it takes to count a million ballots with ten options from their distinct rankings, beside other counters.

  python bench/tally.py [--ballots 1000000] [--distinct 3000] [--others]

The profile is made from a fixed seed: popular options, rankings that break off. Each method is counted three times and
the best is told, with the most memory that Python held. --others counts the same with pyrankvote and votelib (both in
the development extra).
"""

import argparse
import random
import time
import tracemalloc
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pyrankvote
import votelib.convert
import votelib.evaluate.condorcet
import votelib.evaluate.sequential

from coopgov.tally.count import Manifest, tally_distinct
from coopgov.tally.rule import Rule, Threshold

NAMES = tuple(f"Option {letter}" for letter in "ABCDEFGHIJ")
RULE = Rule(Threshold(Fraction(1, 2)))
SEATS = {"stv-scottish": 4, "irv": 1, "schulze": 1}


def profile(ballots: int, distinct: int) -> dict[tuple[str, ...], int]:
    """Distinct rankings and how many ballots say so; the sum is ``ballots``."""
    chance = random.Random(1884)
    weights = [2.0 ** -(place / 3) for place in range(len(NAMES))]
    found: dict[tuple[str, ...], int] = {}
    while len(found) < distinct:
        left, shares = list(NAMES), list(weights)
        ranking = []
        for _ in range(chance.choice((1, 2, 3, 3, 4, 5, 6, 8, 10))):
            place = chance.choices(range(len(left)), shares)[0]
            ranking.append(left.pop(place))
            shares.pop(place)
        found.setdefault(tuple(ranking), 0)
    parts = [chance.paretovariate(1.2) for _ in found]
    whole = sum(parts)
    spread = ballots - distinct
    box = {ranking: 1 + int(spread * part / whole) for ranking, part in zip(found, parts, strict=True)}
    first = next(iter(box))
    box[first] += ballots - sum(box.values())
    return box


def best(call: Callable[[], Any], rounds: int = 3) -> tuple[float, Any]:
    """Seconds of the quickest of ``rounds`` (of this process: others may be busy too), and what came of it."""
    times, result = [], None
    for _ in range(rounds):
        began = time.process_time()
        result = call()
        times.append(time.process_time() - began)
    return min(times), result


def ours(method: str, box: dict[tuple[str, ...], int]) -> tuple[float, float, list[str]]:
    """Seconds, megabytes and winners."""
    held: dict[Any, int] = box
    if method == "schulze":
        held = {tuple((name,) for name in ranking): number for ranking, number in box.items()}
    given = {"seats": SEATS[method], "ties": "lot"}
    manifest = Manifest(method, NAMES, RULE, sum(box.values()), given)
    took, result = best(lambda: tally_distinct(manifest, held, "seed"))
    tracemalloc.start()
    tally_distinct(manifest, held, "seed")
    peak = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    return took, peak, list(result.winners)


def others(method: str, box: dict[tuple[str, ...], int]) -> dict[str, float]:
    """Seconds that other counters took, where they know the method."""
    found = {}
    if method == "schulze":
        rest = {r: (frozenset(set(NAMES) - set(r)),) if len(r) < len(NAMES) else () for r in box}
        whole = {ranking + rest[ranking]: number for ranking, number in box.items()}
        counter = votelib.evaluate.condorcet.Schulze()
        convert = votelib.convert.RankedToCondorcetVotes()
        found["votelib"] = best(lambda: counter.evaluate(convert.convert(whole), 1), 1)[0]
        return found
    people = {name: pyrankvote.Candidate(name) for name in NAMES}
    ballots = [
        pyrankvote.Ballot([people[n] for n in ranking]) for ranking, number in box.items() for _ in range(number)
    ]
    if method == "irv":
        found["pyrankvote"] = best(lambda: pyrankvote.instant_runoff_voting(list(people.values()), ballots), 1)[0]
    else:
        vote = pyrankvote.single_transferable_vote
        found["pyrankvote"] = best(lambda: vote(list(people.values()), ballots, SEATS[method]), 1)[0]
    stv = votelib.evaluate.sequential.TransferableVoteSelector(quota_function="droop")
    found["votelib"] = best(lambda: stv.evaluate(dict(box), SEATS[method]), 1)[0]
    return found


def main() -> None:
    """Prints what was measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ballots", type=int, default=1_000_000)
    parser.add_argument("--distinct", type=int, default=3_000)
    parser.add_argument("--others", action="store_true")
    asked = parser.parse_args()
    box = profile(asked.ballots, asked.distinct)
    print(f"{sum(box.values())} ballots, {len(box)} distinct rankings, {len(NAMES)} options")
    for method in SEATS:
        took, peak, winners = ours(method, box)
        print(f"{method:14} {took * 1000:8.1f} ms  {peak:6.1f} MB  {', '.join(winners)}")
        if asked.others:
            for name, theirs in others(method, box).items():
                print(f"{'':14} {theirs * 1000:8.1f} ms  {name}: {theirs / took:.1f} times ours")


if __name__ == "__main__":
    main()
