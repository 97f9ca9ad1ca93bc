"""`coopgov fake-stripe`: the fake as a server, on this machine only."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from flask import Flask, request

from coopgov.fakes.credentials import STRIPE_WEBHOOK_SECRET
from coopgov.fakes.serving import OUR_HOSTS, answering, told_to_stop
from coopgov.fakes.stripe import api, control, pages
from coopgov.fakes.stripe.courier import Courier
from coopgov.fakes.stripe.words import money, rhythm, when
from coopgov.fakes.stripe.world import World


def make_app(world: World) -> Flask:
    """The WSGI application of this world; its ``extensions["courier"]`` delivers webhooks once started."""
    app = Flask(__name__)
    app.config["TRUSTED_HOSTS"] = OUR_HOSTS
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
    """The address of a server of this world, webhooks and all, while the block lasts; port 0 is any free one.

    Raises as ``answering`` does.
    """
    app = make_app(world)
    with answering(app, port, host) as address:
        world.store.base_url = address
        app.extensions["courier"].start()
        try:
            yield address
        finally:
            app.extensions["courier"].stop()


def serve(
    port: int,
    host: str = "127.0.0.1",
    secret: str = STRIPE_WEBHOOK_SECRET,
    webhook_url: str | None = None,
    state: Path | None = None,
) -> None:
    """Answers until SIGTERM or SIGINT. With ``state``, begins as that file says, and writes it at the end.

    ``webhook_url`` gets every event, signed with ``secret``. For the main thread. Raises ValueError for a host that
    others can reach, OSError when the port is taken. The port is free again only when the file is written, so that
    whoever takes the port next finds it.
    """
    world, stop = World(), told_to_stop()
    if state and state.exists():
        world.load(json.loads(state.read_text()))
    if webhook_url:
        world.tell(webhook_url, secret)
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
