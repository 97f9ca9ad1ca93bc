"""Signatures: the vectors of RFC 8032, and a second opinion from another library on all that is mutated."""

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import example, given, settings
from hypothesis import strategies as st

from coopgov.tally.ed25519 import BASE, NEUTRAL, L, P, _encoded, _is_neutral, _sum, _times, verifies

often = settings(max_examples=100, deadline=None)
seeds = st.binary(min_size=32, max_size=32)

VECTORS = {  # RFC 8032, section 7.1: public key, message, signature
    "TEST 1": (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    "TEST 2": (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    "TEST 3": (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
    "TEST SHA(abc)": (
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
        "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704",
    ),
}


@pytest.mark.parametrize("name", VECTORS)
def test_the_vectors_of_the_rfc_hold(name: str) -> None:
    key, message, signature = (bytes.fromhex(part) for part in VECTORS[name])
    assert verifies(key, message, signature)
    assert not verifies(key, message + b"\0", signature)


def another_opinion(key: bytes, message: bytes, signature: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


@often
@given(seeds, st.binary(max_size=300))
def test_what_another_library_signs_holds(seed: bytes, message: bytes) -> None:
    secret = Ed25519PrivateKey.from_private_bytes(seed)
    assert verifies(secret.public_key().public_bytes_raw(), message, secret.sign(message))


@often
@given(seeds, st.binary(min_size=1, max_size=40), st.integers(0, 2), st.integers(0, 10_000))
def test_one_flipped_bit_anywhere_breaks_it(seed: bytes, message: bytes, which: int, bit: int) -> None:
    secret = Ed25519PrivateKey.from_private_bytes(seed)
    three = [secret.public_key().public_bytes_raw(), message, secret.sign(message)]
    part = bytearray(three[which])
    part[bit // 8 % len(part)] ^= 1 << bit % 8
    three[which] = bytes(part)
    assert not verifies(*three)
    assert not another_opinion(*three)


@often
@given(seeds, seeds, st.binary(max_size=20), st.binary(min_size=64, max_size=64))
def test_keys_and_signatures_of_others_do_not_fit(seed: bytes, other: bytes, message: bytes, noise: bytes) -> None:
    one, two = (Ed25519PrivateKey.from_private_bytes(raw) for raw in (seed, other))
    key = two.public_key().public_bytes_raw()
    assert verifies(key, message, one.sign(message)) == (seed == other)
    assert verifies(key, message, noise) == another_opinion(key, message, noise) == False  # noqa: E712


@often
@given(st.binary(min_size=32, max_size=32))
@example(bytes(32))
@example(P.to_bytes(32, "little"))
def test_bytes_that_are_no_key_fit_nothing(key: bytes) -> None:
    assert not verifies(key, b"", bytes(64))


def test_a_second_spelling_of_s_is_refused() -> None:
    """S and S + L would sign the same: section 5.1.7 takes the lower one only."""
    secret = Ed25519PrivateKey.from_private_bytes(bytes(32))
    key, signature = secret.public_key().public_bytes_raw(), secret.sign(b"x")
    s = int.from_bytes(signature[32:], "little")
    assert verifies(key, b"x", signature)
    assert not verifies(key, b"x", signature[:32] + (s + L).to_bytes(32, "little"))


@pytest.mark.parametrize("y", [0, 1, P - 1, P, P + 1])
@pytest.mark.parametrize("sign", [0, 1])
def test_keys_of_small_order_and_second_spellings_are_no_keys(y: int, sign: int) -> None:
    """Under the neutral element S = 0 and R = the neutral element would fit every text."""
    key = (y | sign << 255).to_bytes(32, "little")
    assert not verifies(key, b"any text", _encoded(NEUTRAL) + bytes(32))


@pytest.mark.parametrize(("key", "signature"), [(b"", bytes(64)), (bytes(31), bytes(64)), (bytes(32), bytes(63))])
def test_other_lengths_are_refused(key: bytes, signature: bytes) -> None:
    assert not verifies(key, b"", signature)


def test_the_base_point_has_the_order_that_it_should_have() -> None:
    assert _is_neutral(_times(L, BASE))
    assert not _is_neutral(_times(8, BASE))
    assert _encoded(_sum(BASE, NEUTRAL)) == bytes.fromhex("58" + "66" * 31)
