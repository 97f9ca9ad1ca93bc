"""Many posts to many servers: the same guard as for every other request, over connections that stay open.

Any number of threads may share a poster; each connection serves one of them at a time.
"""

import ssl
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

import httpcore
import httpx

from coopgov.infra.http import (
    DEADLINE_S,
    MOST_BYTES_OF_AN_ERROR,
    USER_AGENT,
    CheckedAddresses,
    Deadline,
    FetchFailed,
    Guard,
    Resolver,
    TimedStream,
    resolve,
    told_plainly,
    wire_url,
)

MOST_IDLE = 32  # connections kept open while nobody uses them; the web server needs most of a process's files
IDLE_S = 30.0  # longer than that servers seldom wait
PATIENCE_S = 1.0  # for the rest of an answer whose status is known already


@dataclass(frozen=True)
class Posted:
    """An inbox's answer. ``opening``: the first bytes of what it said, for people to read."""

    status: int
    headers: Mapping[str, str]
    opening: bytes


@dataclass(frozen=True)
class _Line:
    """An open connection and the stream below it, whose deadline is set anew for each request."""

    origin: str
    connection: httpcore.HTTP11Connection
    stream: TimedStream


class _Idle:
    """Open connections that nobody uses, by origin; the ones not used for the longest are closed first."""

    def __init__(self) -> None:
        self._lines: OrderedDict[str, list[_Line]] = OrderedDict()
        self._count, self._lock = 0, threading.Lock()

    def take(self, origin: str) -> _Line | None:
        """A connection that the other side still holds open, as far as can be seen."""
        while True:
            with self._lock:
                lines = self._lines.get(origin)
                if not lines:
                    return None
                line = lines.pop()
                self._count -= 1
                if not lines:
                    del self._lines[origin]
            if not line.connection.has_expired():
                return line
            line.connection.close()

    def put(self, line: _Line) -> None:
        """Keeps a connection for the next one who asks."""
        surplus = None
        with self._lock:
            self._lines.setdefault(line.origin, []).append(line)
            self._lines.move_to_end(line.origin)
            self._count += 1
            if self._count > MOST_IDLE:
                surplus = self._oldest()
        if surplus is not None:
            surplus.connection.close()

    def close(self) -> None:
        """Hangs up on everybody."""
        with self._lock:
            while self._count:
                self._oldest().connection.close()

    def _oldest(self) -> _Line:
        origin, lines = next(iter(self._lines.items()))
        line = lines.pop(0)
        self._count -= 1
        if not lines:
            del self._lines[origin]
        return line


class Poster:
    """Posts under the guard; each post has ``deadline_s`` seconds in all, dialling and name look-up included."""

    def __init__(
        self,
        allow_private: bool = False,
        *,
        agent: str = USER_AGENT,
        resolver: Resolver = resolve,
        deadline_s: float = DEADLINE_S,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._guard, self._deadline_s, self._agent = Guard(allow_private, resolver), deadline_s, agent
        self._tls = tls or httpx.create_ssl_context(trust_env=False)
        self._tls.set_alpn_protocols(["http/1.1"])
        self._idle = _Idle()

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Posted:
        """What ``url`` answers to ``body``. Redirects are answers too. ``headers`` name the host.

        A connection that was kept open and turns out dead is replaced once. Raises FetchRefused, FetchFailed.
        """
        target, deadline = self._guard.target(url), Deadline(self._deadline_s)
        sent = {"User-Agent": self._agent, **headers, "Content-Length": str(len(body))}
        request = httpcore.Request("POST", wire_url(target), headers=list(sent.items()), content=body)
        line = self._idle.take(str(request.url.origin))
        if line is not None:
            try:
                return self._exchange(line, request, deadline)
            except FetchFailed as failed:
                if failed.reason != "broken":
                    raise
        return self._exchange(self._dial(target, request.url.origin, deadline), request, deadline)

    def close(self) -> None:
        """Closes what is kept open and not in use."""
        self._idle.close()

    def _dial(self, target: httpx.URL, origin: httpcore.Origin, deadline: Deadline) -> _Line:
        backend = CheckedAddresses(self._guard.addresses(target, deadline), deadline)
        stream = backend.connect_tcp(target.host, origin.port)
        try:
            if target.scheme == "https":
                with told_plainly():
                    stream = stream.start_tls(self._tls, target.raw_host.decode())
        except BaseException:
            stream.close()
            raise
        return _Line(str(origin), httpcore.HTTP11Connection(origin, stream, IDLE_S), stream)

    def _exchange(self, line: _Line, request: httpcore.Request, deadline: Deadline) -> Posted:
        line.stream.deadline = deadline
        with told_plainly():
            response = line.connection.handle_request(request)
        opening = _opening(response, line, deadline)
        if line.connection.is_idle():
            self._idle.put(line)
        return Posted(response.status, httpx.Headers(response.headers), opening)


def _opening(response: httpcore.Response, line: _Line, deadline: Deadline) -> bytes:
    """The beginning of the body. An answer that counts already is not lost because its body never ends."""
    body = bytearray()
    try:
        line.stream.deadline = Deadline(min(PATIENCE_S, deadline.left()))
        with told_plainly():
            for piece in response.iter_stream():
                body += piece
                if len(body) > MOST_BYTES_OF_AN_ERROR:
                    break
    except FetchFailed:
        line.connection.close()
    finally:
        response.close()
    return bytes(body[:MOST_BYTES_OF_AN_ERROR])
