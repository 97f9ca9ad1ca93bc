"""The one way out: requests to addresses that strangers may have chosen.

Nothing is sent to a machine that the public could not reach itself, nothing larger or slower than agreed is waited
for, and nothing is remembered from one request to the next: no cookies, no proxies, no open connections.
"""

import re
import socket
import ssl
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any

import httpcore
import httpx

from coopgov import __version__

MOST_BYTES = 1_000_000
MOST_BYTES_OF_AN_ERROR = 4_000
MOST_REDIRECTS = 3
DEADLINE_S = 10.0
LONGEST_URL = 2_000
PIECE = 16_384  # bytes handed to the socket at a time, so that the deadline is looked at in between
MOVED = (301, 302, 303, 307, 308)
USER_AGENT = f"coopgov/{__version__}"

Resolver = Callable[[str, int], list[str]]

_HOST = re.compile(r"[a-z0-9_.-]+|[0-9a-f:.]+", re.IGNORECASE)
_GLOBAL_UNICAST = ip_network("2000::/3")
_NAT64 = ip_network("64:ff9b::/96")
_TUNNELS = [ip_network(n) for n in ("2002::/16", "2001::/32")]  # 6to4 and Teredo carry an IPv4 address of any kind
_RESERVED = [ip_network(n) for n in ("192.0.0.0/24", "192.88.99.0/24", "3fff::/20")]  # global for older Pythons
_PRIVATE = [
    ip_network(n) for n in ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7")
]  # not 169.254.0.0/16: clouds answer there with their secrets


class FetchRefused(Exception):
    """It will not work however often it is tried. ``reason`` is one of

    ``url`` ``scheme`` ``userinfo`` ``port`` ``address`` ``redirects`` ``type`` ``size`` ``encoding`` ``headers``.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class FetchFailed(Exception):
    """It did not work this time. ``reason`` is ``dns``, ``connect``, ``tls``, ``deadline`` or ``broken``."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """An answer, whatever its status. ``url`` is where it came from after redirects; ``content_type`` is bare."""

    status: int
    url: str
    headers: Mapping[str, str]
    body: bytes
    content_type: str


def is_public(address: str) -> bool:
    """True when ``address`` (IPv4 or IPv6 literal) can be reached by anybody on the internet.

    IPv4 inside IPv6 (mapped, NAT64) counts as the IPv4 address; 6to4 and Teredo never count.
    """
    ip = _unwrapped(address)
    if not ip.is_global or ip.is_multicast or ip.is_reserved or ip.is_unspecified:
        return False
    if any(ip in network for network in [*_TUNNELS, *_RESERVED]):
        return False
    return isinstance(ip, IPv4Address) or ip in _GLOBAL_UNICAST


def is_own_network(address: str) -> bool:
    """True for this machine and for private networks; False for link-local and everything odd."""
    ip = _unwrapped(address)
    return any(ip in network for network in _PRIVATE)


def _unwrapped(address: str) -> IPv4Address | IPv6Address:
    ip = ip_address(address.split("%")[0])
    if isinstance(ip, IPv6Address):
        if ip.ipv4_mapped:
            return ip.ipv4_mapped
        if ip in _NAT64:
            return IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip


def resolve(host: str, port: int) -> list[str]:
    """Every address of ``host`` as the system's resolver gives them; raises OSError when there is none."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def guarded_client(
    allow_private: bool = False,
    *,
    resolver: Resolver = resolve,
    deadline_s: float = DEADLINE_S,
    most_bytes: int = MOST_BYTES,
    tls: ssl.SSLContext | None = None,
) -> "GuardedClient":
    """A client that may be shared by threads; ``allow_private`` (development) also admits http and own networks."""
    context = tls or httpx.create_ssl_context(trust_env=False)
    return GuardedClient(Guard(allow_private, resolver), deadline_s, most_bytes, context)


class GuardedClient:
    """Sends requests under the guard. Each has ``deadline_s`` seconds in all, name look-up and redirects included."""

    def __init__(self, guard: "Guard", deadline_s: float, most_bytes: int, tls: ssl.SSLContext) -> None:
        self._guard, self._deadline_s, self._most_bytes, self._tls = guard, deadline_s, most_bytes, tls

    def get(self, url: str, accept: Iterable[str], headers: Mapping[str, str] | None = None) -> Fetched:
        """What ``url`` answers, after at most MOST_REDIRECTS redirects.

        A 2xx answer must have one of the content types in ``accept`` (none given: any). Bodies of other answers are
        cut at MOST_BYTES_OF_AN_ERROR. ``headers`` go to the origin of ``url`` only. Raises FetchRefused, FetchFailed.
        """
        types = tuple(accept)
        deadline = Deadline(self._deadline_s)
        first = target = self._guard.target(url)
        for _ in range(MOST_REDIRECTS + 1):
            own = headers if _origin(target) == _origin(first) else None
            answer = self._send("GET", target, {"Accept": ", ".join(types) or "*/*", **(own or {})}, None, deadline)
            location = answer.headers.get("location")
            if answer.status not in MOVED or not location:
                return _of_a_type(answer, types)
            target = self._guard.target(_joined(target, location))
        raise FetchRefused("redirects")

    def ask(self, url: str, accept: Iterable[str], headers: Mapping[str, str]) -> Fetched:
        """As ``get``, but redirects are answers: ``headers`` may hold a signature, which fits one address only."""
        types = tuple(accept)
        return _of_a_type(self._send("GET", self._guard.target(url), headers, None, Deadline(self._deadline_s)), types)

    def within(self, deadline_s: float) -> "GuardedClient":
        """The same client with less patience, for what is left of several requests' time."""
        return GuardedClient(self._guard, deadline_s, self._most_bytes, self._tls)

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Fetched:
        """What ``url`` answers to ``body``. Redirects are answers too: a signature would not hold elsewhere.

        Raises FetchRefused, FetchFailed.
        """
        return self._send("POST", self._guard.target(url), headers, body, Deadline(self._deadline_s))

    def delete(self, url: str, headers: Mapping[str, str]) -> Fetched:
        """What ``url`` answers to being deleted; as with ``post``, redirects are answers.

        Raises FetchRefused, FetchFailed.
        """
        return self._send("DELETE", self._guard.target(url), headers, None, Deadline(self._deadline_s))

    def _send(
        self, method: str, url: httpx.URL, headers: Mapping[str, str], body: bytes | None, deadline: "Deadline"
    ) -> Fetched:
        backend = CheckedAddresses(self._guard.addresses(url, deadline), deadline)
        sent = httpx.Headers({"Host": url.netloc.decode(), "User-Agent": USER_AGENT, "Accept-Encoding": "gzip"})
        for name, value in headers.items():
            sent[name] = value
        with (
            told_plainly(),
            httpcore.ConnectionPool(ssl_context=self._tls, network_backend=backend) as pool,
            pool.stream(method, wire_url(url), headers=sent.raw, content=body) as response,
        ):
            return _fetched(url, response, self._most_bytes)


class Deadline:
    """A moment on the monotonic clock by which all must be done."""

    def __init__(self, seconds: float) -> None:
        self._ends = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds that remain; raises FetchFailed when there are none."""
        seconds = self._ends - time.monotonic()
        if seconds <= 0:
            raise FetchFailed("deadline")
        return seconds


class Guard:
    """Says which addresses may be asked at all."""

    def __init__(self, allow_private: bool, resolver: Resolver) -> None:
        self._allow_private, self._resolver = allow_private, resolver

    def target(self, text: str) -> httpx.URL:
        """``text`` as an address that may be asked, as far as spelling tells; raises FetchRefused."""
        url = _parsed(text)
        if url.scheme not in (("https", "http") if self._allow_private else ("https",)):
            raise FetchRefused("scheme")
        if not _HOST.fullmatch(url.raw_host.decode()):
            raise FetchRefused("url")
        if url.userinfo:
            raise FetchRefused("userinfo")
        if not 0 < _port(url) < 65536 or not (self._allow_private or _port(url) in (80, 443)):
            raise FetchRefused("port")
        return url

    def addresses(self, url: httpx.URL, deadline: Deadline) -> list[str]:
        """All addresses of the host, asked once; raises FetchRefused unless every one of them may be dialled."""

        def look_up() -> list[str]:
            return self._resolver(url.raw_host.decode(), _port(url))

        found = look_up() if _is_literal(url.raw_host) else _in_time(look_up, deadline)
        if not all(self._admits(address) for address in found):
            raise FetchRefused("address")
        return found

    def _admits(self, address: str) -> bool:
        return is_public(address) or (self._allow_private and is_own_network(address))


def _parsed(text: str) -> httpx.URL:
    if len(text) > LONGEST_URL:
        raise FetchRefused("url")
    try:
        return httpx.URL(text)
    except httpx.InvalidURL as error:
        raise FetchRefused("url") from error


def _joined(base: httpx.URL, location: str) -> str:
    try:
        return str(base.join(location[: LONGEST_URL + 1]))
    except httpx.InvalidURL as error:
        raise FetchRefused("url") from error


def _port(url: httpx.URL) -> int:
    return (443 if url.scheme == "https" else 80) if url.port is None else url.port


def _origin(url: httpx.URL) -> tuple[str, bytes, int]:
    return url.scheme, url.raw_host, _port(url)


def wire_url(url: httpx.URL) -> httpcore.URL:
    """The address as httpcore takes it."""
    return httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=_port(url), target=url.raw_path)


def _is_literal(host: bytes) -> bool:
    """True for an address in digits, which nobody has to be asked about."""
    try:
        ip_address(host.decode())
    except ValueError:
        return False
    return True


def _in_time(look_up: Callable[[], list[str]], deadline: Deadline) -> list[str]:
    """The answer of ``look_up``, which cannot be interrupted and is left behind when it takes too long."""
    answers: SimpleQueue[list[str]] = SimpleQueue()

    def ask() -> None:
        try:
            answers.put(look_up())
        except (OSError, UnicodeError):  # UnicodeError: a label of more than 63 characters
            answers.put([])

    Thread(target=ask, daemon=True).start()
    try:
        found = answers.get(timeout=deadline.left())
    except Empty as error:
        raise FetchFailed("deadline") from error
    if not found:
        raise FetchFailed("dns")
    return found


class CheckedAddresses(httpcore.NetworkBackend):
    """Dials the addresses that were checked, one after the other, and never looks up a name again."""

    def __init__(self, addresses: list[str], deadline: Deadline) -> None:
        self._addresses, self._deadline = addresses, deadline

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> "TimedStream":
        """A connection to the first address that answers; each has an equal share of the time that is left."""
        for tried, address in enumerate(self._addresses):
            share = self._deadline.left() / (len(self._addresses) - tried)
            try:
                stream = httpcore.SyncBackend().connect_tcp(address, port, share, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
            return TimedStream(stream, self._deadline)
        self._deadline.left()
        raise FetchFailed("connect")


class TimedStream(httpcore.NetworkStream):
    """A connection on which every single wait ends with the deadline, however the bytes trickle."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._stream, self.deadline = stream, deadline  # whoever sends several requests sets a new one for each

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """The next bytes; raises FetchFailed when the time is up."""
        return self._stream.read(max_bytes, self.deadline.left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Sends ``buffer``; raises FetchFailed when the time is up."""
        for start in range(0, len(buffer), PIECE):
            self._stream.write(buffer[start : start + PIECE], self.deadline.left())

    def close(self) -> None:
        """Hangs up."""
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> "TimedStream":
        """The same connection encrypted, the certificate checked for the name that was asked."""
        try:
            secure = self._stream.start_tls(ssl_context, server_hostname, self.deadline.left())
        except httpcore.ConnectError as error:
            raise FetchFailed("tls") from error
        return TimedStream(secure, self.deadline)

    def get_extra_info(self, info: str) -> Any:
        """What httpcore wants to know of the socket."""
        return self._stream.get_extra_info(info)


@contextmanager
def told_plainly() -> Iterator[None]:
    """Turns the errors of the wire into ours."""
    try:
        yield
    except httpcore.LocalProtocolError as error:
        raise FetchRefused("headers") from error
    except httpcore.TimeoutException as error:
        raise FetchFailed("deadline") from error
    except (httpcore.NetworkError, httpcore.ProtocolError) as error:
        raise FetchFailed("broken") from error


def _fetched(url: httpx.URL, response: httpcore.Response, most_bytes: int) -> Fetched:
    headers = httpx.Headers(response.headers)
    succeeded = 200 <= response.status < 300
    pieces = _unpacked(response.iter_stream(), headers.get("content-encoding", ""))
    return Fetched(
        status=response.status,
        url=str(url),
        headers=headers,
        body=_whole(pieces, most_bytes) if succeeded else _beginning(pieces),
        content_type=headers.get("content-type", "").split(";")[0].strip().lower(),
    )


def _unpacked(pieces: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    """``pieces`` without their gzip; never more than PIECE bytes at a time, so that no bomb goes off in between."""
    if encoding.strip().lower() in ("", "identity"):
        return pieces
    if encoding.strip().lower() not in ("gzip", "x-gzip"):
        raise FetchRefused("encoding")
    return _inflated(pieces)


def _inflated(pieces: Iterator[bytes]) -> Iterator[bytes]:
    unzip = zlib.decompressobj(wbits=31)
    begun = False
    try:
        for piece in pieces:
            begun = True
            yield from _portions(unzip, piece)
    except zlib.error as error:
        raise FetchFailed("broken") from error
    if begun and not unzip.eof:
        raise FetchFailed("broken")


def _portions(unzip: Any, piece: bytes) -> Iterator[bytes]:
    while not unzip.eof:
        portion = unzip.decompress(piece, PIECE)
        yield portion
        piece = unzip.unconsumed_tail
        if len(portion) < PIECE:  # a full one may have left more inside
            return


def _whole(pieces: Iterator[bytes], most_bytes: int) -> bytes:
    body = bytearray()
    for piece in pieces:
        body += piece
        if len(body) > most_bytes:
            raise FetchRefused("size")
    return bytes(body)


def _beginning(pieces: Iterator[bytes]) -> bytes:
    body = bytearray()
    for piece in pieces:
        body += piece
        if len(body) >= MOST_BYTES_OF_AN_ERROR:
            break
    return bytes(body[:MOST_BYTES_OF_AN_ERROR])


def _of_a_type(answer: Fetched, types: tuple[str, ...]) -> Fetched:
    if types and 200 <= answer.status < 300 and answer.content_type not in types:
        raise FetchRefused("type")
    return answer
