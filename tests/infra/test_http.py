"""The guarded client against real servers on loopback, most of them hostile."""

import gzip
import socket
import ssl
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from coopgov.infra.http import (
    MOST_BYTES,
    MOST_BYTES_OF_AN_ERROR,
    PIECE,
    FetchFailed,
    FetchRefused,
    GuardedClient,
    _unpacked,
    guarded_client,
    is_own_network,
    is_public,
    resolve,
)

JSON = ("application/json",)
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\n"

Speak = Callable[[socket.socket, bytes], None]
Listen = Callable[[Speak], str]


class Server:
    """Accepts connections one by one; ``speak`` gets the socket and the head of the request."""

    def __init__(self, speak: Speak, tls: ssl.SSLContext | None = None) -> None:
        self.speak, self.tls, self.heads = speak, tls, list[bytes]()
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.socket.settimeout(0.1)
        self.port = self.socket.getsockname()[1]
        self.closing = Event()
        self.thread = Thread(target=self._serve)
        self.thread.start()

    def _serve(self) -> None:
        while not self.closing.is_set():
            with suppress(TimeoutError):
                connection, _ = self.socket.accept()
                connection.settimeout(5)
                with connection, suppress(OSError):
                    self._answer(connection)

    def _answer(self, connection: socket.socket) -> None:
        if self.tls:
            with self.tls.wrap_socket(connection, server_side=True) as secure:
                self._hear(secure)
        else:
            self._hear(connection)

    def _hear(self, connection: socket.socket) -> None:
        head = connection.recv(4096)
        while b"\r\n\r\n" not in head:
            if not (more := connection.recv(4096)):
                return
            head += more
        self.heads.append(head)
        self.speak(connection, head)

    def close(self) -> None:
        self.closing.set()
        self.thread.join(10)
        self.socket.close()


@pytest.fixture
def servers() -> Iterator[Callable[..., Server]]:
    with ExitStack() as stack:

        def start(speak: Speak, tls: ssl.SSLContext | None = None) -> Server:
            server = Server(speak, tls)
            stack.callback(server.close)
            return server

        yield start


@pytest.fixture
def listening(servers: Callable[..., Server]) -> Listen:
    return lambda speak: f"http://127.0.0.1:{servers(speak).port}/thing?a=b"


@pytest.fixture(scope="module")
def client() -> GuardedClient:
    return guarded_client(allow_private=True, deadline_s=5)


@pytest.fixture(scope="module")
def strict() -> GuardedClient:
    return guarded_client()


@pytest.fixture(scope="module")
def hasty() -> GuardedClient:
    return guarded_client(allow_private=True, deadline_s=0.6)


def always(*addresses: str) -> Callable[[str, int], list[str]]:
    return lambda *_: list(addresses)


def says(answer: bytes) -> Speak:
    return lambda connection, _: connection.sendall(answer)


def answer(body: bytes, *headers: bytes, status: bytes = b"200 OK", kind: bytes = b"application/json") -> bytes:
    lines = [b"HTTP/1.1 " + status, b"Content-Type: " + kind, b"Content-Length: %d" % len(body), *headers, b"", body]
    return b"\r\n".join(lines)


def test_a_page_is_fetched(client: GuardedClient, servers: Callable[..., Server]) -> None:
    server = servers(says(answer(b'{"a": 1}', b"X-Odd: yes")))
    url = f"http://127.0.0.1:{server.port}/thing?a=b#part"
    fetched = client.get(url, JSON, {"Signature": "s"})
    assert (fetched.status, fetched.body, fetched.content_type) == (200, b'{"a": 1}', "application/json")
    assert fetched.headers["x-odd"] == "yes"
    head = server.heads[0].decode()
    assert head.startswith("GET /thing?a=b HTTP/1.1\r\n")
    assert f"Host: 127.0.0.1:{server.port}\r\n" in head
    assert "Accept: application/json\r\n" in head
    assert "Signature: s\r\n" in head
    assert "User-Agent: coopgov/" in head


def test_a_body_is_posted(client: GuardedClient, servers: Callable[..., Server]) -> None:
    server = servers(says(answer(b"", status=b"202 Accepted")))
    fetched = client.post(f"http://127.0.0.1:{server.port}/inbox", b"{}", {"Content-Type": "application/json"})
    assert fetched.status == 202
    head = server.heads[0].decode()
    assert head.startswith("POST /inbox HTTP/1.1\r\n")
    assert "Content-Length: 2\r\n" in head


def test_a_redirect_is_an_answer_to_a_question_that_was_signed(
    client: GuardedClient, servers: Callable[..., Server]
) -> None:
    server = servers(says(answer(b"", b"Location: /there", status=b"302 Found")))
    fetched = client.ask(f"http://127.0.0.1:{server.port}/here", JSON, {"Signature": "s"})
    assert (fetched.status, fetched.headers["location"]) == (302, "/there")
    assert len(server.heads) == 1


def test_a_signed_question_is_guarded_and_wants_a_type_too(client: GuardedClient, listening: Listen) -> None:
    with pytest.raises(FetchRefused) as refused:
        guarded_client().ask("https://127.0.0.1/thing", JSON, {})
    assert refused.value.reason == "address"
    with pytest.raises(FetchRefused) as refused:
        client.ask(listening(says(answer(b"{}", kind=b"text/html"))), JSON, {})
    assert refused.value.reason == "type"


def test_patience_can_be_cut(client: GuardedClient, listening: Listen) -> None:
    begun = time.monotonic()
    with pytest.raises(FetchFailed) as failed:
        client.within(0.3).ask(listening(lambda connection, _: time.sleep(1)), JSON, {})
    assert failed.value.reason == "deadline"
    assert time.monotonic() - begun < 0.9


def test_a_thing_is_deleted(client: GuardedClient, servers: Callable[..., Server]) -> None:
    server = servers(says(answer(b"{}")))
    fetched = client.delete(f"http://127.0.0.1:{server.port}/thing", {"Authorization": "Bearer me"})
    assert (fetched.status, fetched.body) == (200, b"{}")
    head = server.heads[0].decode()
    assert head.startswith("DELETE /thing HTTP/1.1\r\n")
    assert "Bearer me" in head


def test_delete_is_guarded_alike() -> None:
    with pytest.raises(FetchRefused, match="address"):
        guarded_client().delete("https://127.0.0.1/thing", {})


def test_a_caller_may_name_its_own_accept_and_agent(client: GuardedClient, servers: Callable[..., Server]) -> None:
    server = servers(says(answer(b"{}")))
    client.get(f"http://127.0.0.1:{server.port}/", JSON, {"accept": "a/b", "user-agent": "me"})
    head = server.heads[0].decode().lower()
    assert head.count("accept:") == 1
    assert "accept: a/b" in head
    assert "user-agent: me" in head


def test_gzip_is_unpacked(client: GuardedClient, listening: Listen) -> None:
    body = b'{"a": "' + b"x" * 100_000 + b'"}'
    assert client.get(listening(says(answer(gzip.compress(body), b"Content-Encoding: gzip"))), JSON).body == body


@given(st.binary(max_size=300), st.integers(1, 200), st.integers(1, 40))
def test_any_body_survives_gzip_in_any_pieces(part: bytes, times: int, size: int) -> None:
    packed = gzip.compress(part * times)
    pieces = (packed[i : i + size] for i in range(0, len(packed), size))
    assert b"".join(_unpacked(pieces, "gzip")) == part * times


def test_what_is_unpacked_comes_in_small_portions() -> None:
    packed = gzip.compress(bytes(5_000_000))
    assert max(len(portion) for portion in _unpacked(iter([packed]), "gzip")) <= PIECE


# What is refused for good


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("https://127.0.0.1/", "address"),
        ("https://localhost/", "address"),
        ("https://[::1]/", "address"),
        ("https://[::ffff:127.0.0.1]/", "address"),
        ("https://[::ffff:7f00:1]/", "address"),
        ("https://169.254.169.254/latest/meta-data", "address"),
        ("https://10.0.0.1/", "address"),
        ("https://192.168.1.1/", "address"),
        ("https://172.16.0.1/", "address"),
        ("https://0.0.0.0/", "address"),
        ("https://0/", "address"),
        ("https://2130706433/", "address"),
        ("https://0x7f000001/", "address"),
        ("https://0x7f.1/", "address"),
        ("https://017700000001/", "address"),
        ("https://0177.0.0.1/", "url"),
        ("https://127.1/", "address"),
        ("https://100.64.0.1/", "address"),
        ("https://[fd00::1]/", "address"),
        ("https://[fe80::1]/", "address"),
        ("https://[64:ff9b::7f00:1]/", "address"),
        ("https://[64:ff9b:1::7f00:1]/", "address"),
        ("https://[2002:7f00:1::]/", "address"),
        ("https://[2001:0:7f00:1::]/", "address"),
        ("https://224.0.0.1/", "address"),
        ("https://[ff02::1]/", "address"),
        ("https://255.255.255.255/", "address"),
        ("https://192.0.2.1/", "address"),
        ("https://192.0.2.1:8080/", "port"),
        ("https://8.8.8.8:22/", "port"),
        ("https://8.8.8.8:0/", "port"),
        ("http://8.8.8.8/", "scheme"),
        ("ftp://example.org/", "scheme"),
        ("file:///etc/passwd", "scheme"),
        ("gopher://127.0.0.1/", "scheme"),
        ("//example.org/", "scheme"),
        ("/t/1", "scheme"),
        ("", "scheme"),
        ("https://user:pw@example.org/", "userinfo"),
        ("https://example.org@127.0.0.1/", "userinfo"),
        ("https://example.org\\@127.0.0.1/", "userinfo"),
        ("https:///etc/passwd", "url"),
        ("https:example.org", "url"),
        ("https://exa mple.org/", "url"),
        ("https://example.org\r\nX: y/", "url"),
        ("https://[::1%25lo]/", "url"),
        ("https://ⓛocalhost/", "url"),
        ("https://example.org:99999999/", "port"),
        ("https://example.org/" + "a" * 2000, "url"),
    ],
)
def test_a_hostile_address_is_refused_before_anything_is_sent(strict: GuardedClient, url: str, reason: str) -> None:
    with pytest.raises(FetchRefused) as refused:
        strict.get(url, JSON)
    assert refused.value.reason == reason


def test_post_is_guarded_alike() -> None:
    with pytest.raises(FetchRefused, match="address"):
        guarded_client().post("https://127.0.0.1/inbox", b"{}", {})


@pytest.mark.parametrize(
    "url", ["http://169.254.169.254/", "http://0.0.0.0:80/", "http://224.0.0.1/", "http://[fe80::1]/"]
)
def test_the_development_setting_opens_own_networks_and_nothing_else(client: GuardedClient, url: str) -> None:
    with pytest.raises(FetchRefused, match="address"):
        client.get(url, JSON)
    with pytest.raises(FetchRefused, match="userinfo"):
        client.get("http://a:b@127.0.0.1/", JSON)
    with pytest.raises(FetchRefused, match="scheme"):
        client.get("file:///etc/passwd", JSON)


def test_one_private_address_among_public_ones_is_enough_to_refuse() -> None:
    mixed = guarded_client(resolver=always("93.184.216.34", "10.0.0.1"))
    with pytest.raises(FetchRefused, match="address"):
        mixed.get("https://mixed.example/", JSON)


def test_a_name_is_looked_up_once_and_the_checked_address_dialled(servers: Callable[..., Server]) -> None:
    server = servers(says(answer(b"{}")))
    asked: list[str] = []

    def rebinding(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["169.254.169.254"]

    client = guarded_client(allow_private=True, resolver=rebinding)
    assert client.get(f"http://rebind.example:{server.port}/", JSON).status == 200
    assert asked == ["rebind.example"]
    assert f"Host: rebind.example:{server.port}".encode() in server.heads[0]
    with pytest.raises(FetchRefused, match="address"):
        client.get(f"http://rebind.example:{server.port}/", JSON)


def test_the_next_address_is_tried_when_one_does_not_answer(servers: Callable[..., Server]) -> None:
    server = servers(says(answer(b"{}")))
    client = guarded_client(allow_private=True, resolver=always("127.0.0.2", "127.0.0.1"))
    assert client.get(f"http://two.example:{server.port}/", JSON).status == 200


def test_a_redirect_to_a_private_address_is_refused(servers: Callable[..., Server]) -> None:
    server = servers(says(answer(b"", b"Location: http://169.254.169.254/latest", status=b"302 Found")))
    with pytest.raises(FetchRefused, match="address"):
        guarded_client(allow_private=True).get(f"http://127.0.0.1:{server.port}/", JSON)


def test_a_redirect_to_another_scheme_is_refused(client: GuardedClient, listening: Listen) -> None:
    with pytest.raises(FetchRefused, match="scheme"):
        client.get(listening(says(answer(b"", b"Location: file:///etc/passwd", status=b"301 Moved"))), JSON)


def _hops(count: int) -> Speak:
    def speak(connection: socket.socket, head: bytes) -> None:
        hop = int(head.split(b" ")[1].strip(b"/") or 0)
        moved = answer(b"", b"Location: /%d" % (hop + 1), status=b"307 Temporary Redirect")
        connection.sendall(moved if hop < count else answer(b"{}"))

    return speak


def test_three_redirects_are_followed_and_the_final_address_told(
    client: GuardedClient, servers: Callable[..., Server]
) -> None:
    server = servers(_hops(3))
    fetched = client.get(f"http://127.0.0.1:{server.port}/0", JSON)
    assert fetched.url == f"http://127.0.0.1:{server.port}/3"


def test_a_fourth_redirect_is_refused(client: GuardedClient, servers: Callable[..., Server]) -> None:
    server = servers(_hops(4))
    with pytest.raises(FetchRefused, match="redirects"):
        client.get(f"http://127.0.0.1:{server.port}/0", JSON)
    assert len(server.heads) == 4


def test_headers_of_the_caller_stay_with_the_first_origin(
    client: GuardedClient, servers: Callable[..., Server]
) -> None:
    other = servers(says(answer(b"{}")))
    moved = answer(b"", b"Location: http://127.0.0.1:%d/" % other.port, status=b"302 Found")
    first = servers(says(moved))
    client.get(f"http://127.0.0.1:{first.port}/", JSON, {"Authorization": "Bearer secret"})
    assert b"secret" in first.heads[0]
    assert b"secret" not in other.heads[0]


def test_a_post_is_not_redirected(client: GuardedClient, servers: Callable[..., Server]) -> None:
    server = servers(says(answer(b"", b"Location: /other", status=b"308 Permanent Redirect")))
    assert client.post(f"http://127.0.0.1:{server.port}/", b"{}", {}).status == 308
    assert len(server.heads) == 1


def test_a_cookie_is_never_sent_back(client: GuardedClient, servers: Callable[..., Server]) -> None:
    server = servers(says(answer(b"{}", b"Set-Cookie: a=b; Path=/")))
    for _ in range(2):
        client.get(f"http://127.0.0.1:{server.port}/", JSON)
    assert all(b"cookie" not in head.lower() for head in server.heads)


def test_the_environment_names_no_proxy(
    client: GuardedClient, listening: Listen, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9/")
    assert client.get(listening(says(answer(b"{}"))), JSON).status == 200


def test_another_content_type_is_refused(client: GuardedClient, listening: Listen) -> None:
    with pytest.raises(FetchRefused, match="type"):
        client.get(listening(says(answer(b"<p>", kind=b"text/html"))), JSON)


def test_any_content_type_is_taken_when_none_is_named(client: GuardedClient, listening: Listen) -> None:
    assert client.get(listening(says(answer(b"<p>", kind=b"text/html"))), ()).body == b"<p>"


@pytest.mark.parametrize("status", [b"404 Not Found", b"410 Gone", b"503 Busy"])
def test_an_error_is_an_answer_whatever_its_type_and_length(
    client: GuardedClient, listening: Listen, status: bytes
) -> None:
    page = answer(b"x" * 2_000_000, status=status, kind=b"text/html")
    fetched = client.get(listening(says(page)), JSON)
    assert fetched.status == int(status[:3])
    assert fetched.body == b"x" * MOST_BYTES_OF_AN_ERROR


def test_a_body_of_the_largest_size_is_taken(client: GuardedClient, listening: Listen) -> None:
    assert len(client.get(listening(says(answer(b"x" * MOST_BYTES))), JSON).body) == MOST_BYTES


def test_a_body_one_byte_larger_is_refused(client: GuardedClient, listening: Listen) -> None:
    with pytest.raises(FetchRefused, match="size"):
        client.get(listening(says(answer(b"x" * (MOST_BYTES + 1)))), JSON)


def test_an_endless_body_is_refused(client: GuardedClient, listening: Listen) -> None:
    def endless(connection: socket.socket, head: bytes) -> None:
        connection.sendall(OK + b"\r\n")
        while True:
            connection.sendall(b"x" * 10_000)

    with pytest.raises(FetchRefused, match="size"):
        client.get(listening(endless), JSON)


def test_a_gzip_bomb_is_refused_without_unpacking_it(client: GuardedClient, listening: Listen) -> None:
    packer = zlib.compressobj(1, wbits=31)
    bomb = b"".join(packer.compress(bytes(1_000_000)) for _ in range(50)) + packer.flush()
    with pytest.raises(FetchRefused, match="size"):
        client.get(listening(says(answer(bomb, b"Content-Encoding: gzip"))), JSON)


@pytest.mark.parametrize("encoding", [b"br", b"gzip, gzip", b"deflate", b"zstd"])
def test_an_encoding_that_was_not_asked_for_is_refused(
    client: GuardedClient, listening: Listen, encoding: bytes
) -> None:
    with pytest.raises(FetchRefused, match="encoding"):
        client.get(listening(says(answer(b"xx", b"Content-Encoding: " + encoding))), JSON)


def test_a_header_that_smuggles_a_line_is_refused(client: GuardedClient, listening: Listen) -> None:
    with pytest.raises(FetchRefused, match="headers"):
        client.get(listening(says(answer(b"{}"))), JSON, {"X": "a\r\nY: b"})


# What may be tried again


def _drip(connection: socket.socket, data: bytes, first: bytes = b"") -> None:
    connection.sendall(first)
    for byte in data:
        connection.sendall(bytes([byte]))
        time.sleep(0.05)


def _silent(connection: socket.socket, head: bytes) -> None:
    with suppress(OSError):
        connection.recv(1)


@pytest.mark.parametrize(
    "speak",
    [
        lambda connection, _: _drip(connection, answer(b"x" * 500)),
        lambda connection, _: _drip(connection, b"x" * 500, OK + b"Content-Length: 500\r\n\r\n"),
        lambda connection, _: _drip(connection, b"HTTP/1.1 100 Continue\r\n\r\n" * 99),
        _silent,
    ],
    ids=["headers drip", "body drips", "endless continue", "silence"],
)
def test_the_deadline_counts_for_the_whole_request(hasty: GuardedClient, listening: Listen, speak: Speak) -> None:
    url = listening(speak)
    began = time.monotonic()
    with pytest.raises(FetchFailed, match="deadline"):
        hasty.get(url, JSON)
    assert time.monotonic() - began < 1.5


def test_the_deadline_counts_over_redirects(hasty: GuardedClient, servers: Callable[..., Server]) -> None:
    def slow_hop(connection: socket.socket, head: bytes) -> None:
        time.sleep(0.25)
        _hops(3)(connection, head)

    with pytest.raises(FetchFailed, match="deadline"):
        hasty.get(f"http://127.0.0.1:{servers(slow_hop).port}/0", JSON)


def test_the_deadline_counts_for_a_body_that_nobody_reads(hasty: GuardedClient, listening: Listen) -> None:
    with pytest.raises(FetchFailed, match="deadline"):
        hasty.post(listening(lambda *_: time.sleep(1.5)), bytes(20_000_000), {})


def test_a_resolver_that_hangs_is_left_behind() -> None:
    release = Event()
    client = guarded_client(resolver=lambda *_: [str(release.wait(5))], deadline_s=0.2)
    with pytest.raises(FetchFailed, match="deadline"):
        client.get("https://slow.example/", JSON)
    release.set()


@pytest.mark.parametrize("error", [socket.gaierror("unknown"), UnicodeError("label too long")])
def test_an_unknown_name_may_be_tried_again(error: Exception) -> None:
    def unknown(host: str, port: int) -> list[str]:
        raise error

    with pytest.raises(FetchFailed, match="dns"):
        guarded_client(resolver=unknown).get("https://nowhere.example/", JSON)


def test_a_closed_port_may_be_tried_again(client: GuardedClient) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(FetchFailed, match="connect"):
        client.get(f"http://127.0.0.1:{port}/", JSON)


@pytest.mark.parametrize(
    "speech",
    [
        b"",
        b"SSH-2.0-OpenSSH\r\n\r\n",
        OK + b"Content-Length: 9\r\n\r\nshort",
        OK + b"X: " + b"x" * 200_000,
        answer(gzip.compress(b"x" * 9000)[:-9], b"Content-Encoding: gzip"),
        answer(b"not gzip at all", b"Content-Encoding: gzip"),
    ],
    ids=["nothing", "no http", "cut", "endless header", "cut gzip", "no gzip"],
)
def test_a_broken_answer_may_be_tried_again(client: GuardedClient, listening: Listen, speech: bytes) -> None:
    with pytest.raises(FetchFailed, match="broken"):
        client.get(listening(says(speech)), JSON)


# Encrypted


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ssl.SSLContext]:
    """A self-signed certificate of peer.example, and a server that shows it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "peer.example")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(1)).not_valid_after(now + timedelta(1))
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName("peer.example")]), critical=False)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    signed = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    path = tmp_path_factory.mktemp("tls") / "peer.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + signed)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(path)
    return path, server


def _trusting(path: Path) -> GuardedClient:
    context = ssl.create_default_context(cafile=str(path))
    return guarded_client(allow_private=True, resolver=always("127.0.0.1"), tls=context, deadline_s=3)


def test_the_certificate_is_checked_for_the_name_not_the_address(
    servers: Callable[..., Server], certificate: tuple[Path, ssl.SSLContext]
) -> None:
    path, tls = certificate
    server = servers(says(answer(b"{}")), tls)
    assert _trusting(path).get(f"https://peer.example:{server.port}/", JSON).status == 200
    with pytest.raises(FetchFailed, match="tls"):
        _trusting(path).get(f"https://other.example:{server.port}/", JSON)


def test_a_certificate_that_nobody_vouches_for_is_not_believed(
    servers: Callable[..., Server], certificate: tuple[Path, ssl.SSLContext]
) -> None:
    server = servers(says(answer(b"{}")), certificate[1])
    client = guarded_client(allow_private=True, resolver=always("127.0.0.1"))
    with pytest.raises(FetchFailed, match="tls"):
        client.get(f"https://peer.example:{server.port}/", JSON)


def test_a_handshake_that_never_comes_ends_with_the_deadline(hasty: GuardedClient) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute, pytest.raises(FetchFailed, match="deadline"):
        hasty.get(f"https://127.0.0.1:{mute.getsockname()[1]}/", JSON)


# Which addresses are public


@pytest.mark.parametrize(
    "address", ["93.184.216.34", "8.8.8.8", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_an_address_of_the_internet_is_public(address: str) -> None:
    assert is_public(address)
    assert not is_own_network(address)


@given(st.ip_addresses(v=4, network="127.0.0.0/8") | st.ip_addresses(v=4, network="10.0.0.0/8"))
def test_a_private_address_is_private_in_every_disguise(address: object) -> None:
    number = int(address)  # type: ignore[call-overload]
    disguises = [f"::ffff:{address}", f"64:ff9b::{number >> 16:x}:{number & 0xFFFF:x}"]
    tunnels = [f"2002:{number >> 16:x}:{number & 0xFFFF:x}::1", f"::{address}", f"2001:0:{number >> 16:x}::1"]
    assert not any(is_public(text) for text in [str(address), *disguises, *tunnels])
    assert all(is_own_network(text) for text in [str(address), *disguises])


@pytest.mark.parametrize("address", ["2002:808:808::1", "2001:0:808:808::1", "192.88.99.1", "3fff::1", "5f00::1"])
def test_tunnels_and_reserved_ranges_are_not_public_wherever_they_lead(address: str) -> None:
    assert not is_public(address)
    assert not is_own_network(address)


@given(st.ip_addresses())
def test_no_address_is_public_and_private_at_once(address: object) -> None:
    assert not (is_public(str(address)) and is_own_network(str(address)))


def test_the_system_resolves_each_address_once() -> None:
    assert resolve("127.0.0.1", 80) == ["127.0.0.1"]
