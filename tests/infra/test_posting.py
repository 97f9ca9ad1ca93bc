"""Posts over connections that stay open: the guard holds, and a post never takes longer than it may."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from coopgov.infra.http import FetchFailed, FetchRefused
from coopgov.infra.posting import MOST_IDLE, Posted, Poster

ACCEPTED = b"HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\nok"
Script = Callable[[socket.socket, "Inbox"], None]


class Inbox:
    """A server whose every connection goes by ``script``; counts connections and requests."""

    def __init__(self, script: Script) -> None:
        self.door = socket.create_server(("127.0.0.1", 0))
        self.port = self.door.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/inbox"
        self.script, self.connections, self.requests = script, 0, list[bytes]()
        self.over = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self.door.accept()
                self.connections += 1
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            self.script(connection, self)

    def read(self, connection: socket.socket) -> bytes:
        """One request; empty when the other side hung up."""
        received = b""
        while b"\r\n\r\n" not in received:
            if not (piece := connection.recv(65536)):
                return b""
            received += piece
        head, _, body = received.partition(b"\r\n\r\n")
        length = next(int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if b"content-length" in line)
        while len(body) < length:
            body += connection.recv(65536)
        self.requests.append(head + b"\r\n\r\n" + body)
        return received

    def close(self) -> None:
        self.over.set()
        self.door.close()


def answers(*sent: bytes) -> Script:
    """Answers each request with the next of these, the last one again and again."""

    def script(connection: socket.socket, inbox: Inbox) -> None:
        while inbox.read(connection):
            connection.sendall(sent[min(len(inbox.requests), len(sent)) - 1])

    return script


@pytest.fixture
def inbox_of() -> Iterator[Callable[[Script], Inbox]]:
    made: list[Inbox] = []

    def make(script: Script) -> Inbox:
        made.append(Inbox(script))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def poster() -> Iterator[Poster]:
    poster = Poster(True, deadline_s=2, agent="coopgov/1 (+https://coop.example/)")
    yield poster
    poster.close()


def post(poster: Poster, inbox: Inbox, body: bytes = b"{}") -> Posted:
    return poster.post(inbox.url, body, {"Host": f"127.0.0.1:{inbox.port}", "Date": "now"})


def test_two_posts_go_over_one_connection(poster: Poster, inbox_of: Callable[[Script], Inbox]) -> None:
    inbox = inbox_of(answers(ACCEPTED))
    assert [post(poster, inbox).status for _ in range(2)] == [202, 202]
    assert inbox.connections == 1


def test_a_post_carries_its_headers_its_length_and_our_name(
    poster: Poster, inbox_of: Callable[[Script], Inbox]
) -> None:
    inbox = inbox_of(answers(ACCEPTED))
    assert post(poster, inbox, b'{"a":1}').opening == b"ok"
    head, _, body = inbox.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /inbox HTTP/1.1\r\n")
    assert b"User-Agent: coopgov/1 (+https://coop.example/)" in head
    assert b"Content-Length: 7" in head
    assert head.count(b"Host: ") == 1
    assert body == b'{"a":1}'


def test_a_connection_that_died_in_between_is_replaced(poster: Poster, inbox_of: Callable[[Script], Inbox]) -> None:
    def one_each(connection: socket.socket, inbox: Inbox) -> None:
        inbox.read(connection)
        connection.sendall(ACCEPTED)
        time.sleep(0.05)  # the poster has put it back by then

    inbox = inbox_of(one_each)
    assert post(poster, inbox).status == 202
    time.sleep(0.2)
    assert post(poster, inbox).status == 202
    assert inbox.connections == 2


def test_a_connection_that_dies_under_a_post_is_replaced_once(
    poster: Poster, inbox_of: Callable[[Script], Inbox]
) -> None:
    def second_unanswered(connection: socket.socket, inbox: Inbox) -> None:
        inbox.read(connection)
        connection.sendall(ACCEPTED)
        inbox.read(connection)

    inbox = inbox_of(second_unanswered)
    assert [post(poster, inbox).status for _ in range(2)] == [202, 202]
    assert inbox.connections == 2


def test_an_inbox_that_hangs_up_unanswered_has_failed(poster: Poster, inbox_of: Callable[[Script], Inbox]) -> None:
    inbox = inbox_of(lambda connection, inbox: inbox.read(connection) and None)
    with pytest.raises(FetchFailed, match="broken"):
        post(poster, inbox)
    assert inbox.connections == 1


def test_an_inbox_that_never_answers_is_given_up_at_the_deadline(
    poster: Poster, inbox_of: Callable[[Script], Inbox]
) -> None:
    inbox = inbox_of(lambda _connection, inbox: inbox.over.wait(20) and None)
    began = time.monotonic()
    with pytest.raises(FetchFailed, match="deadline"):
        post(poster, inbox)
    assert 1.5 < time.monotonic() - began < 4


def test_an_inbox_that_drips_its_headers_is_given_up_at_the_deadline(
    poster: Poster, inbox_of: Callable[[Script], Inbox]
) -> None:
    def drip(connection: socket.socket, inbox: Inbox) -> None:
        inbox.read(connection)
        for byte in ACCEPTED:
            connection.sendall(bytes([byte]))
            if inbox.over.wait(0.5):
                return

    began = time.monotonic()
    with pytest.raises(FetchFailed, match="deadline"):
        post(poster, inbox_of(drip))
    assert time.monotonic() - began < 4


def test_an_answer_counts_even_if_its_body_never_ends(poster: Poster, inbox_of: Callable[[Script], Inbox]) -> None:
    def endless(connection: socket.socket, inbox: Inbox) -> None:
        inbox.read(connection)
        connection.sendall(b"HTTP/1.1 202 Accepted\r\nContent-Length: 100\r\n\r\nand")
        inbox.over.wait(20)

    inbox = inbox_of(endless)
    assert post(poster, inbox).status == 202
    assert post(poster, inbox).status == 202
    assert inbox.connections == 2  # one that is in the middle of an answer serves nobody else


def test_a_huge_answer_is_cut(poster: Poster, inbox_of: Callable[[Script], Inbox]) -> None:
    huge = b"HTTP/1.1 500 Oh\r\nContent-Length: 50000000\r\n\r\n" + b"x" * 1_000_000
    answer = post(poster, inbox_of(answers(huge)))
    assert (answer.status, len(answer.opening)) == (500, 4_000)


def test_a_redirect_is_an_answer(poster: Poster, inbox_of: Callable[[Script], Inbox]) -> None:
    inbox = inbox_of(answers(b"HTTP/1.1 308 Moved\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"))
    assert post(poster, inbox).status == 308
    assert len(inbox.requests) == 1


def test_only_so_many_connections_stay_open(poster: Poster, inbox_of: Callable[[Script], Inbox]) -> None:
    inboxes = [inbox_of(answers(ACCEPTED)) for _ in range(MOST_IDLE + 3)]
    for inbox in inboxes:
        post(poster, inbox)
    for inbox in (inboxes[0], inboxes[-1]):
        post(poster, inbox)
    assert (inboxes[0].connections, inboxes[-1].connections) == (2, 1)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://peer.example/inbox", "scheme"),
        ("https://peer.example:8443/inbox", "port"),
        ("https://127.0.0.1/inbox", "address"),
        ("https://10.0.0.1/inbox", "address"),
        ("https://[::ffff:127.0.0.1]/inbox", "address"),
        ("https://name:word@peer.example/inbox", "userinfo"),
    ],
)
def test_what_the_guard_refuses_is_not_posted_to(url: str, reason: str) -> None:
    with pytest.raises(FetchRefused, match=reason):
        Poster(deadline_s=2).post(url, b"{}", {"Host": "peer.example"})


def test_a_name_that_leads_to_a_private_address_is_not_posted_to() -> None:
    poster = Poster(deadline_s=2, resolver=lambda _host, _port: ["93.184.216.34", "192.168.0.1"])
    with pytest.raises(FetchRefused, match="address"):
        poster.post("https://peer.example/inbox", b"{}", {"Host": "peer.example"})
