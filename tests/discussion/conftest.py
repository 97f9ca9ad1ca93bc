"""People and a group that most tests need."""

import pytest

from tests import factories as make


@pytest.fixture
def tech(app):
    return make.group()


@pytest.fixture
def ada(app):
    return make.member("Ada Lovelace")


@pytest.fixture
def bob(app):
    return make.member("Bob Bee")


@pytest.fixture
def convenor(tech):
    party = make.member("Connie Convenor")
    make.seat(tech, party, "convenor")
    return party
