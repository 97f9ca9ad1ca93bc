"""The electoral roll as a Merkle tree: one hash fixes it, and an elector proves with a few hashes to be on it.

Three tags keep apart what a hash may stand for: an elector (the leaf, which is published), a leaf's place at the bottom
of the tree, and a node above two others. So neither a node passes for a leaf nor a leaf for a node. Leaves are sorted;
a node without a partner goes up as it is, never paired with itself.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence

from coopgov.tally.canonical import digest
from coopgov.tally.vote import require

LEAF_TAG = "coopgov/roll/v1\n"
BOTTOM_TAG = "coopgov/roll-leaf/v1\n"
NODE_TAG = "coopgov/roll-node/v1\n"

Proof = list[list[str]]
"""From the bottom up: ``["left", hash]`` where the other half stands left of one's own, ``["right", hash]`` else."""

_HASH = re.compile(r"[0-9a-f]{64}")
_SALT = re.compile(r"[0-9a-f]{32}")


def leaf_of(salt: str, member: int) -> str:
    """The leaf of an elector: ``salt`` is 16 bytes as hexadecimal digits, drawn anew for each elector and poll.

    Raises ValueError ``roll.salt``, ``roll.member``.
    """
    require(isinstance(salt, str) and _SALT.fullmatch(salt) is not None, "roll.salt")
    require(type(member) is int, "roll.member")
    return digest(LEAF_TAG, [salt, member])


def root_of(leaves: Iterable[str]) -> str:
    """The hash that fixes the roll, whatever order ``leaves`` come in.

    Raises ValueError ``roll.empty``, ``roll.leaf`` (not 64 lower-case hexadecimal digits), ``roll.twice``.
    """
    return _levels(leaves)[-1][0]


def proof_of(leaves: Iterable[str], leaf: str) -> Proof:
    """What leads from ``leaf`` to the root; raises ValueError as :func:`root_of`, and ``roll.unknown``."""
    known = sorted(leaves)
    levels = _levels(known)
    require(leaf in known, "roll.unknown")
    place, proof = known.index(leaf), []
    for level in levels[:-1]:
        other = place ^ 1
        if other < len(level):
            proof.append(["left" if other < place else "right", level[other]])
        place //= 2
    return proof


def proves(leaf: str, proof: Sequence[Sequence[str]], root: str) -> bool:
    """Whether ``proof`` leads from ``leaf`` to ``root``; False, too, for what is no proof at all."""
    if not _is_hash(leaf) or not isinstance(proof, list | tuple):
        return False
    here = _bottom(leaf)
    for step in proof:
        match step:
            case ["left", str() as other] if _is_hash(other):
                here = _node(other, here)
            case ["right", str() as other] if _is_hash(other):
                here = _node(here, other)
            case _:
                return False
    return here == root


def _levels(leaves: Iterable[str]) -> list[list[str]]:
    """All levels of the tree, the bottom first, the root alone in the last."""
    known = sorted(leaves)
    require(bool(known), "roll.empty")
    require(all(_is_hash(leaf) for leaf in known), "roll.leaf")
    require(len(set(known)) == len(known), "roll.twice")
    levels = [[_bottom(leaf) for leaf in known]]
    while len(levels[-1]) > 1:
        below = levels[-1]
        pairs = [_node(below[i], below[i + 1]) for i in range(0, len(below) - 1, 2)]
        levels.append(pairs + below[2 * len(pairs) :])
    return levels


def _bottom(leaf: str) -> str:
    return hashlib.sha256(f"{BOTTOM_TAG}{leaf}".encode()).hexdigest()


def _node(left: str, right: str) -> str:
    return hashlib.sha256(f"{NODE_TAG}{left}\n{right}".encode()).hexdigest()


def _is_hash(value: object) -> bool:
    return isinstance(value, str) and _HASH.fullmatch(value) is not None
