"""When the request came in: stamped once at its entry, it decides what was in time."""

from datetime import datetime

from flask import g

from coopgov.infra.clock import now


def stamp_arrival() -> None:
    """Before everything else in a request."""
    g.received_at = now()


def received_at() -> datetime:
    """The instant at which this request reached the program, in UTC."""
    if "received_at" not in g:
        stamp_arrival()
    instant: datetime = g.received_at
    return instant
