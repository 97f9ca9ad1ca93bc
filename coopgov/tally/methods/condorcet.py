"""Comparing all options two by two: Schulze (winning votes) and Ranked Pairs (margins, then winning votes)."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from coopgov.tally import boxes
from coopgov.tally.lots import Ties, Umpire
from coopgov.tally.methods.base import Elects
from coopgov.tally.pairs import (
    Table,
    condorcet_winner,
    pairwise,
    ranked_by_paths,
    strongest_paths,
    wins_by_size,
)
from coopgov.tally.vote import Election, Manifest, Shape, require

Levels = tuple[tuple[str, ...], ...]


class Schulze(Elects):
    """The method "schulze". Ballots rank options in levels; what is left out stands as the manifest says.

    Settings beside the common ones: ``unranked`` (last, neutral), ``default_option``: an option that does not beat this
    one is dropped before anything else.
    """

    name = "schulze"
    shape = Shape.LEVELS
    settings: ClassVar[boxes.Settings] = {
        **boxes.COMMON,
        "unranked": lambda value: value in ("last", "neutral"),
        "default_option": lambda value: isinstance(value, str),
    }

    def check(self, manifest: Manifest) -> None:
        """Refuses settings it does not know: ValueError ``manifest.settings.…``."""
        super().check(manifest)
        default = manifest.settings.get("default_option")
        require(default is None or default in manifest.options, "manifest.settings.default_option")

    def validate(self, manifest: Manifest, choice: object) -> Levels:
        """Levels of options, best first; raises ValueError ``ballot.choice``, ``ballot.choice.twice``."""
        return boxes.weak_ranking(manifest, choice)

    def count(self, manifest: Manifest, box: Mapping[Levels, int], tie_seed: str | None = None) -> Election:
        """As ``count_table``, from ballots. A ballot says something if it ranks anything."""
        counted = sum(number for levels, number in box.items() if levels)
        table = pairwise(manifest.options, box, manifest.settings.get("unranked", "last"))
        return self.count_table(manifest, table, sum(box.values()), counted, tie_seed)

    def count_table(
        self, manifest: Manifest, table: Table, cast: int, counted: int, tie_seed: str | None = None
    ) -> Election:
        """Facts: ``pairwise`` (row above column), ``condorcet_winner``, ``dropped``, ``strongest_paths`` of those left,
        ``ranking`` (``ranking_after_dropping`` where there is a default option), every tie broken."""
        umpire = boxes.umpire_of(manifest, tie_seed, Ties.LOT)
        dropped = _beaten_by_default(manifest, table)
        left = [option for option in boxes.standing(manifest) if option not in dropped]
        places = [manifest.options.index(option) for option in left]
        small = [[table[i][j] for j in places] for i in places]
        champion = condorcet_winner(left, small)
        facts: dict[str, object] = {"pairwise": table, "condorcet_winner": [champion] if champion else []}
        if "default_option" in manifest.settings:
            facts["dropped"] = dropped

        def run() -> boxes.Counted:
            groups = self.groups(left, small, umpire, facts)
            ranking = umpire.ranked(groups)
            facts["ranking_after_dropping" if "dropped" in facts else "ranking"] = ranking
            seats = manifest.settings.get("seats", 1)
            return boxes.Counted(ranking[:seats], facts, groups)

        return boxes.conclude(manifest, cast, counted, umpire, run, lambda: facts)

    def groups(
        self, options: Sequence[str], table: Table, umpire: Umpire, facts: dict[str, object]
    ) -> Sequence[Sequence[str]]:
        """Groups of equals, best first; adds the method's own figures to ``facts``."""
        paths = strongest_paths(table)
        facts["strongest_paths"] = paths
        return ranked_by_paths(options, paths)


class RankedPairs(Schulze):
    """The method "ranked-pairs" (Tideman): pairs are locked in, the largest first, unless that closes a circle."""

    name = "ranked-pairs"

    def groups(
        self, options: Sequence[str], table: Table, umpire: Umpire, facts: dict[str, object]
    ) -> Sequence[Sequence[str]]:
        """Pairs of one size are locked in by the tie rule's order of their winners, then of their losers."""
        size = len(options)
        beats = [[False] * size for _ in range(size)]
        locked: list[list[str]] = []
        for group in wins_by_size(table):
            for winner, loser in _in_order(group, options, umpire):
                if not beats[loser][winner]:
                    locked.append([options[winner], options[loser]])
                    _close(beats, winner, loser)
        facts["locked"] = locked
        left, ranking = list(range(size)), []
        while left:
            unbeaten = [i for i in left if not any(beats[j][i] for j in left)]
            ranking.append([options[i] for i in unbeaten])
            left = [i for i in left if i not in unbeaten]
        return ranking


def _beaten_by_default(manifest: Manifest, table: Table) -> list[str]:
    default = manifest.settings.get("default_option")
    if default is None:
        return []
    bar = manifest.options.index(default)
    return [o for i, o in enumerate(manifest.options) if i != bar and not table[i][bar] > table[bar][i]]


def _in_order(group: list[tuple[int, int]], options: Sequence[str], umpire: Umpire) -> list[tuple[int, int]]:
    if len(group) == 1:
        return group
    named = {options[place] for pair in group for place in pair}
    order = umpire.ranked([sorted(named, key=options.index)])
    place = {option: number for number, option in enumerate(order)}
    return sorted(group, key=lambda pair: (place[options[pair[0]]], place[options[pair[1]]]))


def _close(beats: list[list[bool]], winner: int, loser: int) -> None:
    """Adds the pair and all that follows from it."""
    above = [i for i in range(len(beats)) if i == winner or beats[i][winner]]
    below = [j for j in range(len(beats)) if j == loser or beats[loser][j]]
    for i in above:
        for j in below:
            beats[i][j] = True
