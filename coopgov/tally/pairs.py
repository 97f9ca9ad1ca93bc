"""Comparing options two by two: how many prefer this one to that one, and the orders that follow from it."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Literal

Levels = tuple[tuple[str, ...], ...]  # best first; options on one level are equal
Table = list[list[int]]
Unranked = Literal["last", "neutral"]


def pairwise(options: Sequence[str], box: Mapping[Levels, int], unranked: Unranked) -> Table:
    """``table[i][j]``: on how many ballots option i stands above option j.

    ``unranked``: options that a ballot leaves out are below all that it ranks (``last``), or say nothing of any pair
    (``neutral``). Which of the two decides real elections; it belongs in the manifest.
    """
    size = len(options)
    bits = {option: 1 << place for place, option in enumerate(options)}
    # Ballots with the same options below an option are added up before anything is compared: there are few such sets.
    above: dict[str, dict[int, int]] = {option: {} for option in options}
    everybody = (1 << size) - 1
    for levels, number in box.items():
        rest = everybody if unranked == "last" else sum(bits[option] for level in levels for option in level)
        for level in levels:
            for option in level:
                rest -= bits[option]
            for option in level:
                sets = above[option]
                sets[rest] = sets.get(rest, 0) + number
    return [_added(above[option], size) for option in options]


def _added(sets: Mapping[int, int], size: int) -> list[int]:
    """For each place, on how many ballots it is in the set below."""
    row = [0] * size
    for rest, number in sets.items():
        while rest:
            lowest = rest & -rest
            row[lowest.bit_length() - 1] += number
            rest ^= lowest
    return row


def condorcet_winner(options: Sequence[str], table: Table) -> str:
    """The option that beats every other one; empty when there is none."""
    for i, option in enumerate(options):
        if all(table[i][j] > table[j][i] for j in range(len(options)) if j != i):
            return option
    return ""


def strongest_paths(table: Table) -> Table:
    """For each pair the strength of the strongest path of wins from one to the other, by winning votes (Schulze)."""
    size = range(len(table))
    paths = [[table[i][j] if table[i][j] > table[j][i] else 0 for j in size] for i in size]
    for k in size:
        through = paths[k]
        for i in size:
            first = paths[i][k]
            if not first or i == k:
                continue
            row = paths[i]
            for j in size:
                if j not in (i, k):
                    way = first if first < through[j] else through[j]
                    if way > row[j]:
                        row[j] = way
    return paths


def ranked_by_paths(options: Sequence[str], paths: Table) -> list[list[str]]:
    """Groups of equals, best first: an option is above those to which its path is stronger than theirs to it.

    The relation is transitive (Schulze 2011, section 4.1), so peeling off the unbeaten gives its weak order.
    """
    left, groups = list(range(len(options))), []
    while left:
        unbeaten = [i for i in left if not any(paths[j][i] > paths[i][j] for j in left)]
        groups.append([options[i] for i in unbeaten])
        left = [i for i in left if i not in unbeaten]
    return groups


def wins_by_size(table: Table) -> list[list[tuple[int, int]]]:
    """Won pairs (winner, loser) by margin, then by winning votes, largest first; equals share a group."""
    wins = [
        (i, j) if table[i][j] > table[j][i] else (j, i)
        for i, j in combinations(range(len(table)), 2)
        if table[i][j] != table[j][i]
    ]

    def size(pair: tuple[int, int]) -> tuple[int, int]:
        won, lost = table[pair[0]][pair[1]], table[pair[1]][pair[0]]
        return won - lost, won

    sizes = sorted({size(pair) for pair in wins}, reverse=True)
    return [[pair for pair in wins if size(pair) == one] for one in sizes]
