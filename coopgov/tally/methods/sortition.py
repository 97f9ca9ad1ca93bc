"""Sortition: names are drawn by lot, so that everybody can repeat the draw and nobody could steer it."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from coopgov.tally import boxes
from coopgov.tally.lots import Ties, Umpire, lot
from coopgov.tally.methods.base import Elects
from coopgov.tally.vote import Choice, Election, Limits, Manifest, Shape, Verdict, require


def _are_strata(value: object) -> bool:
    return isinstance(value, Mapping) and all(isinstance(word, str) and word for pair in value.items() for word in pair)


class Sortition(Elects):
    """The method "sortition": ``seats`` of the options are drawn. No ballots are cast.

    ``strata`` says of each option to which group it belongs: each group then gets seats in proportion to its names, by
    the largest remainder.
    """

    name = "sortition"
    shape = Shape.NONE
    takes_ballots = False
    rule_parts = frozenset[str]()
    reason_keys = frozenset({"election.winners", "election.vacant"})
    settings: ClassVar[boxes.Settings] = {
        "seats": boxes.is_seats,
        "withdrawn": boxes.is_words,
        "strata": _are_strata,
    }

    def check(self, manifest: Manifest) -> None:
        """As ever, and refuses a quorum, strata that do not cover all options, or a draw from nobody.

        Raises ValueError ``manifest.rule.quorum``, ``manifest.settings.…``.
        """
        super().check(manifest)
        require(not manifest.rule.quorum.needed(manifest.roll_size), "manifest.rule.quorum")
        strata = manifest.settings.get("strata")
        require(strata is None or set(strata) == set(manifest.options), "manifest.settings.strata")
        require(bool(boxes.standing(manifest)), "manifest.settings.withdrawn")

    def limits(self, manifest: Manifest) -> Limits:
        """No option."""
        return Limits(0, 0)

    def validate(self, manifest: Manifest, choice: object) -> Choice:
        """Nothing: whatever is cast is refused, by ValueError ``ballot.choice``."""
        raise ValueError("ballot.choice")

    def count(self, manifest: Manifest, box: Mapping[Any, int], tie_seed: str | None = None) -> Election:
        """Those drawn, in the order of the lot. Facts: ``order`` of all names; ``strata``: seats of each, if there are
        any. Raises ValueError ``tie_seed.needed`` without a seed."""
        if tie_seed is None:
            raise ValueError("tie_seed.needed")
        order = sorted(boxes.standing(manifest), key=lambda option: lot(tie_seed, option))
        groups = self._groups(manifest, order)
        umpire = Umpire(Ties.LOT, sorted(groups), tie_seed)
        seats = _shared_out(min(manifest.settings.get("seats", 1), len(order)), groups, umpire)
        drawn = {option for name, group in groups.items() for option in group[: seats[name]]}
        winners = tuple(option for option in order if option in drawn)
        return Election(
            method=manifest.method,
            verdict=Verdict.DECIDED,
            winners=winners,
            cast=0,
            counted=0,
            roll_size=manifest.roll_size,
            reasons=tuple(boxes.winners_reasons(manifest, winners)),
            breaks=tuple(umpire.breaks),
            facts={"order": order, **({"strata": seats} if "strata" in manifest.settings else {})},
        )

    def _groups(self, manifest: Manifest, order: Sequence[str]) -> dict[str, list[str]]:
        strata = manifest.settings.get("strata", {})
        groups: dict[str, list[str]] = {}
        for option in order:
            groups.setdefault(strata.get(option, ""), []).append(option)
        return {name: groups[name] for name in sorted(groups)}


def _shared_out(seats: int, groups: Mapping[str, Sequence[str]], umpire: Umpire) -> dict[str, int]:
    """Seats of each group by the largest remainder; equal remainders are broken by lot."""
    names = sum(len(group) for group in groups.values())
    shares = {name: seats * len(group) // names for name, group in groups.items()}
    rest = {name: seats * len(group) % names for name, group in groups.items()}
    levels = sorted(set(rest.values()), reverse=True)
    left = seats - sum(shares.values())
    for level in levels:
        if not left:
            break
        equals = [name for name in rest if rest[name] == level]
        chosen = equals if len(equals) <= left else umpire.ranked([equals], "seat")[:left]
        for name in chosen:
            shares[name] += 1
        left -= len(chosen)
    return shares
