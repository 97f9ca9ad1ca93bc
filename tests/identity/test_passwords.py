"""Hashes: what fits, what does not, and how many at once."""

import threading
from typing import Any

import pytest
from argon2 import PasswordHasher

from coopgov.core.errors import Refused
from coopgov.identity.passwords import PasswordKeeper


def test_a_password_fits_its_own_hash_only(keeper: PasswordKeeper) -> None:
    stored = keeper.hash("seven wet umbrellas")
    assert keeper.fits(stored, "seven wet umbrellas")
    assert not keeper.fits(stored, "seven wet umbrella")


def test_the_same_password_is_never_stored_twice_alike(keeper: PasswordKeeper) -> None:
    assert keeper.hash("seven wet umbrellas") != keeper.hash("seven wet umbrellas")


def test_it_does_not_matter_how_the_keyboard_composed_a_letter(keeper: PasswordKeeper) -> None:
    assert keeper.fits(keeper.hash("caf\u00e9 caf\u00e9 caf\u00e9"), "cafe\u0301 cafe\u0301 cafe\u0301")


@pytest.mark.parametrize("stored", [None, "", "not a hash", "$argon2id$v=19$broken"])
def test_nothing_fits_where_no_password_is_stored(keeper: PasswordKeeper, stored: str | None) -> None:
    assert not keeper.fits(stored, "")
    assert not keeper.fits(stored, "seven wet umbrellas")


def test_in_production_the_parameters_are_those_of_the_library() -> None:
    stored = PasswordKeeper().hash("seven wet umbrellas")
    assert stored.startswith("$argon2id$")
    assert not PasswordHasher().check_needs_rehash(stored)


def test_an_unknown_address_costs_a_hash_too() -> None:
    class Counting(PasswordHasher):
        verified = 0

        def verify(self, *stored_and_password: Any) -> Any:
            Counting.verified += 1
            return super().verify(*stored_and_password)

    keeper = PasswordKeeper(Counting(time_cost=1, memory_cost=8, parallelism=1))
    keeper.fits(None, "seven wet umbrellas")
    assert Counting.verified == 1


def test_more_hashes_at_once_than_there_are_places_are_refused() -> None:
    entered, leave = threading.Event(), threading.Event()

    class Slow(PasswordHasher):
        def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
            entered.set()
            leave.wait(5)
            return super().hash(password, salt=salt)

    keeper = PasswordKeeper(Slow(time_cost=1, memory_cost=8, parallelism=1), at_once=1, wait_s=0.05)
    first = threading.Thread(target=keeper.hash, args=("seven wet umbrellas",))
    first.start()
    entered.wait(5)
    with pytest.raises(Refused) as refusal:
        keeper.hash("eight wet umbrellas")
    leave.set()
    first.join()
    assert refusal.value.reason == "try.busy"
    assert keeper.hash("eight wet umbrellas")
