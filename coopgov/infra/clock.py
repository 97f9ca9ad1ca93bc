"""The application's clock. One place, so that tests and the demo can set it."""

from collections.abc import Callable
from datetime import datetime

from flask import current_app

Clock = Callable[[], datetime]


def now() -> datetime:
    """The present instant in UTC by the application's clock; edges ask, everything below is told."""
    clock: Clock = current_app.extensions["coopgov.clock"]
    return clock()
