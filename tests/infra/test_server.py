"""The web server on loopback: it lets requests finish, and nobody can hold it up."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Event, Thread
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest

from coopgov.infra.server import serve

ENTERED = Event()


def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    if environ["PATH_INFO"] == "/slow":
        ENTERED.set()
        time.sleep(1.5)
    body = environ["wsgi.input"].read() if environ["REQUEST_METHOD"] == "POST" else b""
    start_response("200 OK", [("Content-Type", "text/plain")])
    seen = [environ["wsgi.url_scheme"], environ["REMOTE_ADDR"], environ.get("HTTP_X_FORWARDED_HOST", "-"), len(body)]
    return [" ".join(str(part) for part in seen).encode()]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextmanager
def running(trusted_proxy: str = "", most_bytes: int = 1_000_000) -> Iterator[tuple[int, Event, Thread]]:
    port, stop, ready = free_port(), Event(), Event()
    thread = Thread(
        target=serve,
        args=(app, "127.0.0.1", port),
        kwargs={"stop": stop, "ready": ready.set, "trusted_proxy": trusted_proxy, "most_bytes": most_bytes},
    )
    thread.start()
    try:
        assert ready.wait(10)
        yield port, stop, thread
    finally:
        stop.set()
        thread.join(30)
    assert not thread.is_alive()


def ask(port: int, path: str = "/", method: str = "GET", body: bytes | None = None, **headers: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


def in_background(question: Callable[[], tuple[int, str]]) -> tuple[Thread, list[tuple[int, str]]]:
    answers: list[tuple[int, str]] = []
    thread = Thread(target=lambda: answers.append(question()))
    thread.start()
    return thread, answers


def test_a_request_is_answered() -> None:
    with running() as (port, _, _):
        assert ask(port) == (200, "http 127.0.0.1 - 0")
        assert ask(port, method="POST", body=b"x" * 9) == (200, "http 127.0.0.1 - 9")


def test_no_product_is_named() -> None:
    with running() as (port, _, _):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request("GET", "/")
        assert connection.getresponse().getheader("Server") is None
        connection.close()


def test_a_body_above_the_limit_is_refused() -> None:
    with running(most_bytes=1000) as (port, _, _):
        assert ask(port, method="POST", body=b"x" * 1000)[0] == 200
        assert ask(port, method="POST", body=b"x" * 1001)[0] == 413


def test_a_request_under_way_at_the_stop_finishes_and_a_new_one_is_refused() -> None:
    ENTERED.clear()
    with running() as (port, stop, thread):
        waiting, answers = in_background(lambda: ask(port, "/slow"))
        assert ENTERED.wait(5)
        stop.set()
        time.sleep(0.6)
        with pytest.raises(ConnectionRefusedError):
            ask(port)
        assert thread.is_alive()
        waiting.join(10)
        thread.join(5)
        assert answers == [(200, "http 127.0.0.1 - 0")]
        assert not thread.is_alive()


def test_an_idle_connection_does_not_delay_the_stop() -> None:
    with running() as (port, stop, thread), socket.create_connection(("127.0.0.1", port)) as idle:
        idle.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        heard = b""
        while not heard.endswith(b"http 127.0.0.1 - 0"):
            heard += idle.recv(1000)
        began = time.monotonic()
        stop.set()
        thread.join(5)
        assert time.monotonic() - began < 2
        assert idle.recv(1000) == b""


def test_stalled_uploads_neither_block_a_request_nor_the_stop() -> None:
    with ExitStack() as stack:
        port, stop, thread = stack.enter_context(running())
        for _ in range(20):
            upload = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
            upload.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nhalf")
        time.sleep(0.3)
        began = time.monotonic()
        assert ask(port)[0] == 200
        assert time.monotonic() - began < 2
        stop.set()
        thread.join(10)
        assert not thread.is_alive()


def test_an_upload_that_is_still_coming_at_the_stop_is_received() -> None:
    with running() as (port, stop, _), socket.create_connection(("127.0.0.1", port)) as upload:
        upload.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n12")
        time.sleep(0.3)
        stop.set()
        time.sleep(0.5)
        upload.sendall(b"34")
        assert b" 200 OK" in upload.recv(1000)


def test_forwarded_headers_of_anybody_are_removed() -> None:
    with running() as (port, _, _):
        forged = ask(port, X_Forwarded_For="1.2.3.4", X_Forwarded_Proto="https", X_Forwarded_Host="evil.example")
        assert forged == (200, "http 127.0.0.1 - 0")


def test_the_trusted_proxy_is_believed_about_address_and_scheme_but_not_host() -> None:
    with running(trusted_proxy="127.0.0.1") as (port, _, _):
        told = ask(port, X_Forwarded_For="6.6.6.6, 1.2.3.4", X_Forwarded_Proto="https", X_Forwarded_Host="evil.example")
        assert told == (200, "https 1.2.3.4 - 0")


def test_a_taken_port_is_an_error_before_ready() -> None:
    ready = Event()
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match="in use"):
        serve(app, "127.0.0.1", taken.getsockname()[1], stop=Event(), ready=ready.set)
    assert not ready.is_set()


PROGRAM = """
import sys, threading, time
from coopgov.infra.server import serve, stop_on_signals
def app(environ, start_response):
    print("entered", flush=True)
    time.sleep(float(environ["PATH_INFO"].strip("/")))
    start_response("200 OK", [])
    return [b"done"]
stop = threading.Event()
stop_on_signals(stop)
serve(app, "127.0.0.1", int(sys.argv[1]), stop=stop, ready=lambda: print("ready", flush=True))
print("bye", flush=True)
"""


@contextmanager
def process() -> Iterator[tuple[int, "subprocess.Popen[str]"]]:
    port = free_port()
    command = [sys.executable, "-c", PROGRAM, str(port)]
    root = str(Path(__file__).parents[2])
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root, env={**os.environ}) as child:
        try:
            assert child.stdout
            assert child.stdout.readline() == "ready\n"
            yield port, child
        finally:
            child.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_the_process_when_its_requests_are_done(number: signal.Signals) -> None:
    with process() as (port, child):
        assert child.stdout
        waiting, answers = in_background(lambda: ask(port, "/1.5"))
        assert child.stdout.readline() == "entered\n"
        child.send_signal(number)
        waiting.join(10)
        assert answers == [(200, "done")]
        assert child.wait(10) == 0
        assert child.stdout.read() == "bye\n"


def test_a_second_signal_stops_the_process_at_once() -> None:
    with process() as (port, child):
        assert child.stdout
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request("GET", "/30")
        assert child.stdout.readline() == "entered\n"
        child.send_signal(signal.SIGINT)
        time.sleep(0.5)
        assert child.poll() is None
        child.send_signal(signal.SIGINT)
        assert child.wait(5) == -signal.SIGINT
        connection.close()
