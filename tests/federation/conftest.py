"""Inboxes to deliver to."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from flask import Flask

from tests.conftest import Clock
from tests.federation.sinks import Sinks, deliver_all, sinks_open


@pytest.fixture
def sinks() -> Iterator[Sinks]:
    with sinks_open() as sinks:
        yield sinks


@pytest.fixture
def deliver(app: Flask, clock: Clock) -> Callable[..., None]:
    """Delivers all that is due at the clock's time."""
    app.extensions["coopgov.settings"] = replace(app.extensions["coopgov.settings"], allow_private_peers=True)
    return lambda **given: deliver_all(app, clock, **given)
