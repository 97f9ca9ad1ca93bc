"""Votes that are carried: who has not voted is counted as the one did to whom they gave their proxy."""

from collections.abc import Collection, Hashable, Mapping
from typing import TypeVar

Elector = TypeVar("Elector", bound=Hashable)


def carried(holders: Mapping[Elector, Elector], voted: Collection[Elector]) -> dict[Elector, Elector]:
    """By elector who has not voted, the one whose ballot is counted for them as well.

    ``holders``: by giver, who holds their proxy. A ballot of one's own comes first; a holder who has not voted passes
    on what they hold; a circle in which nobody votes carries nothing, and those in it are not in the result.
    """
    voters = set(voted)
    ends: dict[Elector, Elector | None] = {}
    for giver in holders:
        at, passed = giver, dict[Elector, None]()
        while at not in voters and at not in ends and at in holders and at not in passed:
            passed[at] = None
            at = holders[at]
        end = at if at in voters else ends.get(at)
        ends.update(dict.fromkeys(passed, end))
    return {giver: end for giver, end in ends.items() if end is not None}
