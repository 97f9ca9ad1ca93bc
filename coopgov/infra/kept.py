"""What is dear to work out and changes only with its stamp, kept in the memory of the process."""

from collections.abc import Callable, Hashable
from typing import TypeVar

from flask import current_app

Found = TypeVar("Found")


def kept(name: str, stamp: Hashable, make: Callable[[], Found]) -> Found:
    """What ``make`` gave when the stamp was last ``stamp``, or gives now. Only for what is read outside a write
    transaction: what such a one sees may never come to be."""
    store: dict[str, tuple[Hashable, Found]] = current_app.extensions.setdefault("coopgov.kept", {})
    known = store.get(name)
    if known is None or known[0] != stamp:
        known = store[name] = (stamp, make())
    return known[1]
