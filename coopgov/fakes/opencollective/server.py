"""`coopgov fake-opencollective`: GraphQL at /graphql/v2, the contribution pages, and /_fake/ to play fate.

For development and tests alone: it answers on this machine only, whatever it is asked for.
"""

import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import click
from flask import Flask
from waitress import wasyncore  # type: ignore[import-untyped]  # waitress ships no types
from waitress.server import create_server  # type: ignore[import-untyped]

from coopgov.fakes.opencollective.acts import Stage, staged, staged_from
from coopgov.fakes.opencollective.limits import RateLimit
from coopgov.fakes.opencollective.schema import real_schema
from coopgov.fakes.opencollective.views import Views
from coopgov.fakes.opencollective.world import World

TOKEN = "fake-opencollective-token"  # noqa: S105  opens nothing but this
TURN_S = 0.1  # how soon a stop is noticed
OUR_HOSTS = ["127.0.0.1", "localhost", "[::1]"]


def serve(
    port: int,
    host: str = "127.0.0.1",
    data: Path | None = None,
    token: str = TOKEN,
    nudge_url: str | None = None,
) -> None:
    """Answers on ``host`` and ``port`` until SIGTERM or SIGINT; for the main thread.

    ``data`` is a story (see acts.py); what is done to the world afterwards is kept beside it, so that it is there
    again after a restart. Raises ValueError unless ``host`` is this machine, OSError when the port cannot be had.
    """
    _check_host(host)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    stage = staged_from(data, _now) if data else staged({}, _now)
    app = make_app(stage.world, token=token, nudge_url=nudge_url, stage=stage)
    with running(app, port, host) as address:
        click.echo(f"fake Open Collective (no money moves) answers on {address}")
        stop.wait()


@contextmanager
def running(app: Flask, port: int = 0, host: str = "127.0.0.1") -> Iterator[str]:
    """The address at which ``app`` answers while the block lasts; port 0 is any free one. Raises as ``serve``."""
    _check_host(host)
    real_schema()  # built now, or the first question would wait for it
    stop, channels = threading.Event(), dict[int, Any]()
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, port), family=family) as door:
        server = create_server(app, sockets=[door], map=channels, threads=8, ident=None)
        loop = threading.Thread(target=_turn_until, args=(stop, channels), daemon=True)
        loop.start()
        try:
            yield f"http://{f'[{host}]' if ':' in host else host}:{door.getsockname()[1]}"
        finally:
            stop.set()
            server.pull_trigger()  # wakes the loop
            loop.join()
            server.task_dispatcher.shutdown(timeout=1)
            wasyncore.close_all(channels)


def _check_host(host: str) -> None:
    if host != "localhost" and not ip_address(host).is_loopback:
        raise ValueError("the fake Open Collective answers on this machine only")


def _turn_until(stop: threading.Event, channels: dict[int, Any]) -> None:
    while not stop.is_set():
        wasyncore.loop(timeout=TURN_S, use_poll=True, map=channels, count=1)


def _now() -> datetime:
    return datetime.now(UTC)


def make_app(
    world: World,
    *,
    token: str = TOKEN,
    nudge_url: str | None = None,
    stage: Stage | None = None,
    clock: Callable[[], float] = time.time,
) -> Flask:
    """The application over ``world``. ``clock`` (seconds of the epoch) is the rate limit's, which is no play."""
    app = Flask("coopgov.fakes.opencollective")
    app.config["TRUSTED_HOSTS"] = OUR_HOSTS  # or any page in the developer's browser could play fate here
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
