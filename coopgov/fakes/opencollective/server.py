"""`coopgov fake-opencollective`: GraphQL at /graphql/v2, the contribution pages, and /_fake/ to play fate.

For development and tests alone: it answers on this machine only, whatever it is asked for.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click
from flask import Flask

from coopgov.fakes.credentials import OPENCOLLECTIVE_TOKEN
from coopgov.fakes.opencollective.acts import Stage, staged, staged_from
from coopgov.fakes.opencollective.limits import RateLimit
from coopgov.fakes.opencollective.schema import real_schema
from coopgov.fakes.opencollective.views import Views
from coopgov.fakes.opencollective.world import World
from coopgov.fakes.serving import OUR_HOSTS, answering, check_host, told_to_stop


def serve(
    port: int,
    host: str = "127.0.0.1",
    data: Path | None = None,
    token: str = OPENCOLLECTIVE_TOKEN,
    nudge_url: str | None = None,
) -> None:
    """Answers on ``host`` and ``port`` until SIGTERM or SIGINT; for the main thread.

    ``data`` is a story (see acts.py); what is done to the world afterwards is kept beside it, so that it is there
    again after a restart. Raises ValueError unless ``host`` is this machine, OSError when the port cannot be had.
    """
    check_host(host)  # before the story is played
    stop = told_to_stop()
    stage = staged_from(data, _now) if data else staged({}, _now)
    app = make_app(stage.world, token=token, nudge_url=nudge_url, stage=stage)
    with running(app, port, host) as address:
        click.echo(f"fake Open Collective (no money moves) answers on {address}")
        stop.wait()


@contextmanager
def running(app: Flask, port: int = 0, host: str = "127.0.0.1") -> Iterator[str]:
    """The address at which ``app`` answers while the block lasts; port 0 is any free one. Raises as ``serve``."""
    real_schema()  # built now, or the first question would wait for it
    with answering(app, port, host) as address:
        yield address


def _now() -> datetime:
    return datetime.now(UTC)


def make_app(
    world: World,
    *,
    token: str = OPENCOLLECTIVE_TOKEN,
    nudge_url: str | None = None,
    stage: Stage | None = None,
    clock: Callable[[], float] = time.time,
) -> Flask:
    """The application over ``world``. ``clock`` (seconds of the epoch) is the rate limit's, which is no play."""
    app = Flask("coopgov.fakes.opencollective")
    app.config["TRUSTED_HOSTS"] = OUR_HOSTS
    fake = Views(stage or Stage(world), token, nudge_url, RateLimit(clock))
    app.add_url_rule("/graphql/v2", view_func=fake.graphql, methods=["POST"])
    app.add_url_rule("/graphql", endpoint="graphql_too", view_func=fake.graphql, methods=["POST"])
    app.add_url_rule("/_fake/faults", view_func=fake.add_fault, methods=["POST"])
    app.add_url_rule("/_fake/clock", view_func=fake.move_clock, methods=["POST"])
    app.add_url_rule("/_fake/act", view_func=fake.act, methods=["POST"])
    app.add_url_rule("/_fake/state", view_func=fake.state)
    app.add_url_rule("/", view_func=fake.home)
    app.add_url_rule("/<slug>", view_func=fake.collective)
    for address, name in (("/<slug>/donate", "donate"), ("/<slug>/contribute/<tier_name>/checkout", "checkout")):
        app.add_url_rule(address, endpoint=name, view_func=fake.checkout, methods=["GET", "POST"])
    return app
