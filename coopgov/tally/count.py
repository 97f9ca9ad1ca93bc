"""The one way in: a manifest and its ballots give a result."""

from collections.abc import Sequence

from coopgov.tally.methods import METHODS
from coopgov.tally.methods.base import Ballot, Manifest, Method, Result, Verdict
from coopgov.tally.reason import Reason

__all__ = ["REASON_KEYS", "Ballot", "Manifest", "Reason", "Result", "Verdict", "method_of", "tally"]

REASON_KEYS = frozenset[str]().union(*(method.reason_keys for method in METHODS.values()))
"""Every key that a result can give as a reason, over all methods."""


def tally(manifest: Manifest, ballots: Sequence[Ballot], tie_seed: str | None = None) -> Result:
    """The result of ``ballots`` under ``manifest``; a pure function, blind to the order of ballots.

    ``tie_seed`` decides lots, for methods that draw them; proposals draw none.
    Raises ValueError with a stable key: ``ballots.more_than_roll``, ``ballot.choice`` (an option not offered), and
    what :func:`method_of` raises. A bad ballot is an error here, never passed over: it should not have been accepted.
    """
    method = method_of(manifest)
    if len(ballots) > manifest.roll_size:
        raise ValueError("ballots.more_than_roll")
    for ballot in ballots:
        method.validate(manifest, ballot.choice)
    return method.count(manifest, ballots, tie_seed)


def method_of(manifest: Manifest) -> Method:
    """The method that counts ``manifest``.

    Raises ValueError ``manifest.method`` (unknown) or what the method finds wrong with the manifest.
    """
    method = METHODS.get(manifest.method)
    if method is None:
        raise ValueError("manifest.method")
    method.check(manifest)
    return method
