"""The one way in: a manifest and its ballots give a result."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from coopgov.tally.methods import METHODS
from coopgov.tally.reason import Reason
from coopgov.tally.vote import Ballot, Election, Limits, Manifest, Method, Outcome, Result, Shape, Verdict

__all__ = [
    "REASON_KEYS",
    "Ballot",
    "Election",
    "Limits",
    "Manifest",
    "Outcome",
    "Reason",
    "Result",
    "Shape",
    "Verdict",
    "method_of",
    "tally",
    "tally_distinct",
]

REASON_KEYS = frozenset[str]().union(*(method.reason_keys for method in METHODS.values()))
"""Every key that a result can give as a reason, over all methods."""


def tally(manifest: Manifest, ballots: Sequence[Ballot], tie_seed: str | None = None) -> Outcome:
    """The result of ``ballots`` under ``manifest``; a pure function, blind to the order of ballots.

    ``tie_seed`` decides lots, for methods that draw them; proposals draw none.
    Raises ValueError with a stable key: ``ballots.more_than_roll``, what the method says of a ballot (``ballot.choice``
    …), and what :func:`method_of` raises. A bad ballot is an error here, never passed over: it should not have been
    accepted.
    """
    method = method_of(manifest)
    if len(ballots) > manifest.roll_size:
        raise ValueError("ballots.more_than_roll")
    return _counted(method, manifest, Counter(method.validate(manifest, ballot.choice) for ballot in ballots), tie_seed)


def tally_distinct(manifest: Manifest, box: Mapping[Any, int], tie_seed: str | None = None) -> Outcome:
    """As :func:`tally`, for distinct choices and how many ballots made each: what a million ballots are counted from.

    Raises ValueError ``ballots.number`` for a number below 1, too.
    """
    method = method_of(manifest)
    normal: dict[Any, int] = {}
    for choice, number in box.items():
        if type(number) is not int or number < 1:
            raise ValueError("ballots.number")
        said = method.validate(manifest, choice)
        normal[said] = normal.get(said, 0) + number
    if sum(normal.values()) > manifest.roll_size:
        raise ValueError("ballots.more_than_roll")
    return _counted(method, manifest, normal, tie_seed)


def _counted(method: Method, manifest: Manifest, box: Mapping[Any, int], tie_seed: str | None) -> Outcome:
    """In the order of the choices themselves, so that no figure depends on who voted first."""
    return method.count(manifest, {choice: box[choice] for choice in sorted(box)}, tie_seed)


def method_of(manifest: Manifest) -> Method:
    """The method that counts ``manifest``.

    Raises ValueError ``manifest.method`` (unknown) or what the method finds wrong with the manifest.
    """
    method = METHODS.get(manifest.method)
    if method is None:
        raise ValueError("manifest.method")
    method.check(manifest)
    return method
