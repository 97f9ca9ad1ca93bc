"""How a fake answers: on this machine only, until it is told to stop."""

import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask
from waitress import wasyncore  # type: ignore[import-untyped]  # waitress ships no types
from waitress.server import create_server  # type: ignore[import-untyped]

LOOPBACK = ("127.0.0.1", "::1", "localhost")
OUR_HOSTS = ["127.0.0.1", "localhost", "[::1]"]  # TRUSTED_HOSTS of each fake, or any page in a browser could play fate
THREADS = 16
MOST_BYTES = 50_000_000  # a whole state may be posted
TURN_S = 0.1  # how soon a stop is noticed


def check_host(host: str) -> None:
    """Raises ValueError for an address that others can reach: the fakes let anybody do anything."""
    if host not in LOOPBACK:
        raise ValueError(f"a fake serves this machine only, not {host}")


@contextmanager
def answering(app: Flask, port: int = 0, host: str = "127.0.0.1") -> Iterator[str]:
    """The address at which ``app`` answers while the block lasts; port 0 is any free one.

    Raises ValueError for a host that others can reach, OSError when the port cannot be had.
    """
    check_host(host)
    stop, channels = threading.Event(), dict[int, Any]()
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, port), family=family) as door:
        server = create_server(
            app, sockets=[door], map=channels, threads=THREADS, max_request_body_size=MOST_BYTES, ident=None
        )
        loop = threading.Thread(target=_turn_until, args=(stop, channels), name=app.name, daemon=True)
        loop.start()
        try:
            yield f"http://{f'[{host}]' if ':' in host else host}:{door.getsockname()[1]}"
        finally:
            stop.set()
            server.pull_trigger()  # wakes the loop
            loop.join()
            server.task_dispatcher.shutdown(timeout=1)
            wasyncore.close_all(channels)


def _turn_until(stop: threading.Event, channels: dict[int, Any]) -> None:
    while not stop.is_set():
        wasyncore.loop(timeout=TURN_S, use_poll=True, map=channels, count=1)


def told_to_stop() -> threading.Event:
    """What SIGTERM and SIGINT set from now on; for the main thread."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    return stop
