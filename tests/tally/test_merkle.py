"""The roll as a Merkle tree: who is on it can prove it, nobody else can."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coopgov.tally.canonical import canonical
from coopgov.tally.merkle import LEAF_TAG, leaf_of, proof_of, proves, root_of

hashes = st.binary(min_size=1, max_size=8).map(lambda raw: hashlib.sha256(raw).hexdigest())
rolls = st.lists(hashes, min_size=1, max_size=40, unique=True)


def roll(size: int) -> list[str]:
    return [leaf_of(f"{number:032x}", number) for number in range(size)]


@given(rolls)
def test_every_leaf_proves_itself(leaves: list[str]) -> None:
    root = root_of(leaves)
    assert all(proves(leaf, proof_of(leaves, leaf), root) for leaf in leaves)


@given(rolls, hashes, st.data())
def test_nobody_else_proves_anything(leaves: list[str], stranger: str, data: st.DataObject) -> None:
    root, borrowed = root_of(leaves), proof_of(leaves, data.draw(st.sampled_from(leaves)))
    others = [leaf for leaf in leaves if proof_of(leaves, leaf) != borrowed]
    assert not any(proves(leaf, borrowed, root) for leaf in others)
    assert proves(stranger, borrowed, root) == (stranger in leaves and stranger not in others)


@given(st.lists(hashes, min_size=2, max_size=40, unique=True), st.data())
def test_a_changed_path_proves_nothing(leaves: list[str], data: st.DataObject) -> None:
    leaf = data.draw(st.sampled_from(leaves))
    root, proof = root_of(leaves), proof_of(leaves, leaf)
    place = data.draw(st.integers(0, len(proof) - 1))
    side, other = proof[place]
    turned = [*proof[:place], ["right" if side == "left" else "left", other], *proof[place + 1 :]]
    flipped = [*proof[:place], [side, f"{int(other[0], 16) ^ 1:x}{other[1:]}"], *proof[place + 1 :]]
    shorter, longer = proof[:place] + proof[place + 1 :], [*proof, ["left", other]]
    assert not any(proves(leaf, false, root) for false in (turned, flipped, shorter, longer))


@given(rolls, st.data())
def test_the_order_of_the_leaves_is_nothing(leaves: list[str], data: st.DataObject) -> None:
    assert root_of(data.draw(st.permutations(leaves))) == root_of(leaves)


@given(rolls, rolls)
def test_another_roll_has_another_root(one: list[str], other: list[str]) -> None:
    assert (root_of(one) == root_of(other)) == (set(one) == set(other))


@pytest.mark.parametrize("size", [2, 3, 4, 5, 9])
def test_a_node_does_not_pass_for_a_leaf(size: int) -> None:
    """Every node on every path, offered as a leaf with what is left of the path."""
    leaves = roll(size)
    root = root_of(leaves)
    assert not proves(root, [], root)
    for leaf in leaves:
        proof = proof_of(leaves, leaf)
        for place, (_, node) in enumerate(proof):
            assert not proves(node, proof[place + 1 :], root)
            assert not proves(node, [["left", node], *proof[place + 1 :]], root)


def test_the_last_of_an_odd_number_is_not_paired_with_itself() -> None:
    """Else three electors and the third twice would share a root."""
    three = sorted(roll(3))
    assert len(proof_of(three, three[2])) == 1
    with pytest.raises(ValueError, match=r"^roll\.twice$"):
        root_of([*three, three[2]])


def test_one_elector_is_a_roll() -> None:
    only = roll(1)
    assert proof_of(only, only[0]) == []
    assert proves(only[0], [], root_of(only))
    assert root_of(only) != only[0]


def test_a_leaf_is_the_tagged_hash_of_salt_and_member() -> None:
    text = LEAF_TAG.encode() + b'["000102030405060708090a0b0c0d0e0f",304]'
    assert canonical(["000102030405060708090a0b0c0d0e0f", 304]) in text
    assert leaf_of("000102030405060708090a0b0c0d0e0f", 304) == hashlib.sha256(text).hexdigest()


@pytest.mark.parametrize("salt", ["", "0" * 31, "0" * 33, "A" * 32, "0" * 32 + "\n", None, 7])
def test_a_salt_that_is_none_is_refused(salt: object) -> None:
    with pytest.raises(ValueError, match=r"^roll\.salt$"):
        leaf_of(salt, 1)  # type: ignore[arg-type]


@pytest.mark.parametrize("member", [True, "1", 1.0, None])
def test_a_member_that_is_no_number_is_refused(member: object) -> None:
    with pytest.raises(ValueError, match=r"^roll\.member$"):
        leaf_of("0" * 32, member)  # type: ignore[arg-type]


def test_rolls_that_are_none_are_refused() -> None:
    for leaves, key in (([], "empty"), (["0" * 63], "leaf"), (["A" * 64], "leaf"), (["0" * 64] * 2, "twice")):
        with pytest.raises(ValueError, match=rf"^roll\.{key}$"):
            root_of(leaves)
    with pytest.raises(ValueError, match=r"^roll\.unknown$"):
        proof_of(roll(3), "0" * 64)


NO_PROOFS = [None, "left", 7, [7], ["left"], [["left"]], [["up", "0" * 64]], [["left", "0"]], [["left", None]], [{}]]


@pytest.mark.parametrize("proof", NO_PROOFS, ids=str)
def test_what_is_no_proof_proves_nothing(proof: object) -> None:
    leaf = roll(1)[0]
    assert not proves(leaf, proof, root_of([leaf]))  # type: ignore[arg-type]
    assert not proves(None, [], root_of([leaf]))  # type: ignore[arg-type]


def test_ten_thousand_electors_have_paths_of_fourteen_steps() -> None:
    leaves = roll(10_000)
    proof = proof_of(leaves, leaves[77])
    assert len(proof) == 14
    assert proves(leaves[77], proof, root_of(leaves))
