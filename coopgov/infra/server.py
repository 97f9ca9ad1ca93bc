"""The web server: waitress in the main thread, which lets requests finish when it is told to stop."""

import signal
import socket
import time
from collections.abc import Callable
from threading import Event
from types import FrameType
from typing import Any
from wsgiref.types import WSGIApplication

from waitress import wasyncore  # type: ignore[import-untyped]  # waitress ships no types
from waitress.server import create_server  # type: ignore[import-untyped]

MOST_BYTES = 1_000_000
GRACE_S = 20.0  # for requests under way at the stop
SILENCE_S = 2.0  # a body of which nothing has come for so long is not waited for at the stop
CHANNEL_TIMEOUT_S = 30
MOST_CONNECTIONS = 900  # below the 1,024 files that a process may usually open
TURN_S = 0.2  # how soon a stop is noticed


def stop_on_signals(stop: Event) -> None:
    """SIGTERM and SIGINT set ``stop``, once: the next one ends the process at once. For the main thread."""

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, on_signal)


def serve(
    wsgi: WSGIApplication,
    host: str,
    port: int,
    *,
    stop: Event,
    ready: Callable[[], None],
    trusted_proxy: str = "",
    threads: int = 8,
    most_bytes: int = MOST_BYTES,
) -> None:
    """Answers requests until ``stop`` is set, then closes the door, lets those under way finish, and returns.

    ``ready`` is called when connections are accepted. ``most_bytes`` bounds a request's body (413 above). Of
    ``trusted_proxy`` (an IP address) X-Forwarded-For and -Proto are believed; from anybody else they are removed.
    Raises OSError when the address cannot be had.
    """
    with _door(host, port) as door:
        channels: dict[int, Any] = {}
        server = create_server(wsgi, map=channels, **_adjustments(door, trusted_proxy, threads, most_bytes))
        try:
            ready()
            while not stop.is_set():
                _turn(channels)
            _close_door(server, channels)
            _let_finish(server, channels)
        finally:
            server.task_dispatcher.shutdown(timeout=1)
            wasyncore.close_all(channels)


def _door(host: str, port: int) -> socket.socket:
    return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)


def _adjustments(door: socket.socket, trusted_proxy: str, threads: int, most_bytes: int) -> dict[str, Any]:
    believed = {"trusted_proxy": trusted_proxy, "trusted_proxy_headers": {"x-forwarded-for", "x-forwarded-proto"}}
    return {
        "sockets": [door],
        "threads": threads,
        "max_request_body_size": most_bytes + 1,  # waitress refuses what reaches it
        "channel_timeout": CHANNEL_TIMEOUT_S,
        "cleanup_interval": CHANNEL_TIMEOUT_S // 3,
        "connection_limit": MOST_CONNECTIONS,
        "ident": None,
        "clear_untrusted_proxy_headers": True,
        **(believed if trusted_proxy else {}),
    }


def _turn(channels: dict[int, Any]) -> None:
    wasyncore.loop(timeout=TURN_S, use_poll=True, map=channels, count=1)


def _close_door(server: Any, channels: dict[int, Any]) -> None:
    server.accepting = False
    server.del_channel(channels)
    server.socket.close()


def _let_finish(server: Any, channels: dict[int, Any]) -> None:
    """Runs until every connection has had its answer, at most GRACE_S; idle ones are hung up on."""
    ends = time.monotonic() + GRACE_S
    while time.monotonic() < ends:
        open_ones = list(server.active_channels.values())
        if not open_ones:
            return
        for channel in open_ones:
            if not _is_under_way(channel):
                channel.handle_close()
        _turn(channels)


def _is_under_way(channel: Any) -> bool:
    if channel.requests or channel.total_outbufs_len:
        return True
    return channel.request is not None and time.time() - channel.last_activity < SILENCE_S
