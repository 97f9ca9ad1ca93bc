"""What the tests of identity share: cheap hashes, links out of mails."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from argon2 import PasswordHasher
from flask import Flask

from coopgov.identity.passwords import PasswordKeeper

PASSWORD = "seven wet umbrellas"


@pytest.fixture(autouse=True)
def keeper(request: pytest.FixtureRequest) -> PasswordKeeper:
    """Hashes that cost nothing, in the application too if the test has one."""
    cheap = PasswordKeeper(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    if "app" in request.fixturenames:
        app: Flask = request.getfixturevalue("app")
        app.extensions["coopgov.passwords"] = cheap
    return cheap


@pytest.fixture
def mailed(catch_up: Callable[[], int], mails: Callable[[], list[Any]]) -> Callable[[], list[Any]]:
    """The mails that are sent once the worker has done what waits."""

    def read() -> list[Any]:
        catch_up()
        return mails()

    return read


def link_in(mail: Any) -> str:
    """The path of the first link in a mail's text."""
    found = re.search(r"http://localhost(/\S+)", mail.get_body(("plain",)).get_content())
    assert found is not None
    return found[1]
