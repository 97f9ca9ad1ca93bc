"""`coopgov fake-stripe`: the fake as a server, on this machine only."""

import json
import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from flask import Flask, request
from waitress import wasyncore  # type: ignore[import-untyped]  # waitress ships no types
from waitress.server import create_server  # type: ignore[import-untyped]

from coopgov.fakes.stripe import api, control, pages
from coopgov.fakes.stripe.courier import Courier
from coopgov.fakes.stripe.words import money, rhythm, when
from coopgov.fakes.stripe.world import World

LOOPBACK = ("127.0.0.1", "::1", "localhost")
SECRET = "whsec_fake_stripe_for_development_only"  # noqa: S105 - guards nothing
MOST_BYTES = 50_000_000  # a whole state may be posted
THREADS = 16
TURN_S = 0.1  # how soon a stop is noticed


def make_app(world: World) -> Flask:
    """The WSGI application of this world; its ``extensions["courier"]`` delivers webhooks once started."""
    app = Flask(__name__)
    app.jinja_env.filters |= {"money": money, "when": when, "rhythm": rhythm}
    courier = Courier(world)
    app.register_blueprint(api.make_blueprint(world))
    app.register_blueprint(control.make_blueprint(control.Desk(world, courier)))
    app.register_blueprint(pages.make_blueprint(world))
    app.extensions["courier"] = courier

    @app.before_request
    def know_own_address() -> None:
        world.store.base_url = request.host_url.rstrip("/")

    return app


@contextmanager
def running(world: World, port: int = 0, host: str = "127.0.0.1") -> Iterator[str]:
    """The address of a server of this world, webhooks and all, while the block lasts; port 0 is any free one."""
    if host not in LOOPBACK:
        raise ValueError("The fake Stripe serves this machine only.")
    app, stop, channels = make_app(world), threading.Event(), dict[int, Any]()
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, port), family=family) as door:
        shown = f"[{host}]" if ":" in host else host
        world.store.base_url = address = f"http://{shown}:{door.getsockname()[1]}"
        server = create_server(
            app, sockets=[door], map=channels, threads=THREADS, max_request_body_size=MOST_BYTES, ident=None
        )
        loop = threading.Thread(target=_turn_until, args=(stop, channels), name="fake-stripe", daemon=True)
        loop.start()
        app.extensions["courier"].start()
        try:
            yield address
        finally:
            app.extensions["courier"].stop()
            stop.set()
            server.pull_trigger()  # wakes the loop
            loop.join()
            server.task_dispatcher.shutdown(timeout=1)
            wasyncore.close_all(channels)


def _turn_until(stop: threading.Event, channels: dict[int, Any]) -> None:
    while not stop.is_set():
        wasyncore.loop(timeout=TURN_S, use_poll=True, map=channels, count=1)


def serve(
    port: int,
    host: str = "127.0.0.1",
    secret: str = SECRET,
    webhook_url: str | None = None,
    state: Path | None = None,
) -> None:
    """Answers until SIGTERM or SIGINT. With ``state``, begins as that file says, and writes it at the end.

    ``webhook_url`` gets every event, signed with ``secret``. For the main thread. Raises ValueError for a host that
    others can reach, OSError when the port is taken.
    """
    world, stop = World(), threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    if state and state.exists():
        world.load(json.loads(state.read_text()))
    if webhook_url:
        world.add_endpoint(webhook_url, secret)
    with running(world, port, host) as address:
        click.echo(f"fake Stripe (no money moves) answers on {address}")
        stop.wait()
    if state:
        write_state(world, state)


def write_state(world: World, path: Path) -> None:
    """Writes the world's state to ``path``, all of it or nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(path.name + ".new")
    beside.write_text(json.dumps(world.dump()))
    os.replace(beside, path)
