"""Another server, on loopback: it has people with keys, serves their documents, signs and posts what they say in both
dialects, writes down what it hears, and misbehaves in every way that a stranger's server may.

It shares no line with coopgov, so that both would have to make the same mistake.

    with Peer(clock=clock) as peer:
        ada = peer.person("ada")
        status = ada.tell(through(client), "http://localhost/ap/inbox", ada.follows(actor))
        peer.pages[ada.path] = hangs()
"""

import base64
import gzip
import hashlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from types import TracebackType
from typing import Any, Protocol, Self
from urllib.parse import urlsplit

import httpx
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

ACTIVITY = "application/activity+json"
PUBLIC = "https://www.w3.org/ns/activitystreams#Public"
CONTEXT = ["https://www.w3.org/ns/activitystreams", "https://w3id.org/security/v1"]
CAVAGE_POST = ("(request-target)", "host", "date", "digest")
CAVAGE_GET = ("(request-target)", "host", "date")
RFC9421_POST = ("@method", "@target-uri", "content-digest")
RFC9421_GET = ("@method", "@target-uri")
MOST_S = 30.0  # a server that hangs lets go after that, or when it is closed

Json = dict[str, Any]
Answer = Callable[["Exchange"], None]
Way = Callable[[str, bytes, Mapping[str, str]], int]  # address, body, headers → status


# Keys and signatures


@cache
def key_of(name: str) -> RSAPrivateKey:
    """A key that stays the same for ``name`` as long as the tests run."""
    return generate_private_key(public_exponent=65537, key_size=1024 if name.startswith("short") else 2048)


def pem_of(key: RSAPrivateKey) -> str:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def sha256(body: bytes) -> str:
    return base64.b64encode(hashlib.sha256(body).digest()).decode()


@dataclass(frozen=True)
class Letter:
    """A request that is to be signed. Tests change one thing with ``replace`` before or after."""

    url: str
    body: bytes | None
    at: datetime
    method: str = "POST"

    @property
    def host(self) -> str:
        return urlsplit(self.url).netloc

    @property
    def target(self) -> str:
        parts = urlsplit(self.url)
        return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _signed(key: RSAPrivateKey, lines: Sequence[str]) -> str:
    return base64.b64encode(key.sign("\n".join(lines).encode(), PKCS1v15(), hashes.SHA256())).decode()


def cavage(
    letter: Letter,
    key_id: str,
    key: RSAPrivateKey,
    *,
    covered: Sequence[str] = (),
    algorithm: str = "rsa-sha256",
    headers: Mapping[str, str] | None = None,
    parameters: Mapping[str, int] | None = None,
) -> dict[str, str]:
    """Headers of ``letter`` signed as in draft-cavage-http-signatures-12.

    ``headers`` replace what would be sent (an empty value: the header is left out) before it is signed;
    ``parameters`` are ``created`` and ``expires``.
    """
    sent = {"host": letter.host, "date": format_datetime(letter.at.astimezone(UTC), usegmt=True)}
    if letter.body is not None:
        sent |= {"digest": f"SHA-256={sha256(letter.body)}", "content-type": ACTIVITY}
    sent = {name: value for name, value in (sent | dict(headers or {})).items() if value}
    names = list(covered or (CAVAGE_GET if letter.body is None else CAVAGE_POST))
    special = {"(request-target)": f"{letter.method.lower()} {letter.target}"}
    special |= {f"({name})": str(value) for name, value in (parameters or {}).items()}
    lines = [f"{name}: {special[name] if name in special else sent.get(name, '')}" for name in names]
    fields = {"keyId": key_id, "algorithm": algorithm, "headers": " ".join(names), "signature": _signed(key, lines)}
    numbers = "".join(f"{name}={value}," for name, value in (parameters or {}).items())
    sent["signature"] = numbers + ",".join(f'{name}="{value}"' for name, value in fields.items() if value)
    return sent


def rfc9421(
    letter: Letter,
    key_id: str,
    key: RSAPrivateKey,
    *,
    covered: Sequence[str] = (),
    label: str = "sig1",
    headers: Mapping[str, str] | None = None,
    parameters: Mapping[str, int | str] | None = None,
) -> dict[str, str]:
    """Headers of ``letter`` signed as in RFC 9421 with RFC 9530; ``parameters`` go beside ``created`` and ``keyid``."""
    sent = {"host": letter.host}
    if letter.body is not None:
        sent |= {"content-digest": f"sha-256=:{sha256(letter.body)}:", "content-type": ACTIVITY}
    sent = {name: value for name, value in (sent | dict(headers or {})).items() if value}
    names = list(covered or (RFC9421_GET if letter.body is None else RFC9421_POST))
    parts = urlsplit(letter.url)
    special = {"@method": letter.method, "@target-uri": letter.url, "@authority": letter.host}
    special |= {"@path": parts.path or "/", "@query": f"?{parts.query}", "@request-target": letter.target}
    told = {"created": int(letter.at.timestamp()), **(parameters or {}), "keyid": key_id}
    written = "".join(f";{k}={v}" if isinstance(v, int) else f';{k}="{v}"' for k, v in told.items())
    inner = "(" + " ".join(f'"{name}"' for name in names) + ")" + written
    lines = [f'"{name}": {special.get(name, sent.get(name, ""))}' for name in names]
    signature = _signed(key, [*lines, f'"@signature-params": {inner}'])
    return sent | {"signature-input": f"{label}={inner}", "signature": f"{label}=:{signature}:"}


DIALECTS: dict[str, Callable[..., dict[str, str]]] = {"cavage": cavage, "rfc9421": rfc9421}


# Ways to reach somebody


class Posting(Protocol):
    """What Flask's test client has."""

    def post(self, *args: Any, **kwargs: Any) -> Any: ...


def through(client: Posting) -> Way:
    """Into the application without a network."""

    def post(url: str, body: bytes, headers: Mapping[str, str]) -> int:
        parts = urlsplit(url)
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        answer = client.post(path, data=body, headers=dict(headers), base_url=f"{parts.scheme}://{parts.netloc}")
        return int(answer.status_code)

    return post


def over_http(url: str, body: bytes, headers: Mapping[str, str]) -> int:
    """Over a socket."""
    return httpx.post(url, content=body, headers=dict(headers), trust_env=False, timeout=MOST_S).status_code


# People


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody on a peer. ``extra`` is laid over the document; a value of None takes the property away."""

    base: str
    name: str
    clock: Callable[[], datetime]
    key: RSAPrivateKey
    key_id: str
    extra: Json = field(default_factory=dict)

    @property
    def path(self) -> str:
        return f"/users/{self.name}"

    @property
    def uri(self) -> str:
        return self.base + self.path

    @property
    def inbox(self) -> str:
        return f"{self.uri}/inbox"

    @property
    def shared_inbox(self) -> str:
        return f"{self.base}/inbox"

    def public_key(self) -> Json:
        return {"id": self.key_id, "owner": self.uri, "publicKeyPem": pem_of(self.key)}

    def document(self) -> Json:
        """What is served at ``uri``."""
        whole = {
            "@context": CONTEXT,
            "id": self.uri,
            "type": "Person",
            "preferredUsername": self.name,
            "inbox": self.inbox,
            "outbox": f"{self.uri}/outbox",
            "followers": f"{self.uri}/followers",
            "endpoints": {"sharedInbox": self.shared_inbox},
            "publicKey": self.public_key(),
            **self.extra,
        }
        return {name: value for name, value in whole.items() if value is not None}

    # What they do

    def does(self, kind: str, about: Any, **more: Any) -> Json:
        """An activity with an id of its own; a value of None in ``more`` takes a property away."""
        made = {"@context": CONTEXT[0], "id": f"{self.base}/activities/{next(_SERIAL)}", "type": kind}
        made |= {"actor": self.uri, "object": about, **more}
        return {name: value for name, value in made.items() if value is not None}

    def follows(self, actor: str, **more: Any) -> Json:
        return self.does("Follow", actor, **more)

    def undoes(self, activity: Json, **more: Any) -> Json:
        return self.does("Undo", activity, **more)

    def likes(self, note: str, **more: Any) -> Json:
        return self.does("Like", note, **more)

    def shares(self, note: str | Json, **more: Any) -> Json:
        return self.does("Announce", note, to=[PUBLIC], **more)

    def deletes_itself(self) -> Json:
        return self.does("Delete", self.uri, id=f"{self.uri}#delete")

    # How they say it

    def signed(
        self, url: str, body: bytes | None, dialect: str = "cavage", method: str = "POST", **how: Any
    ) -> dict[str, str]:
        """Headers for ``body`` to ``url``; ``how`` as in ``cavage`` and ``rfc9421``, ``key`` and ``key_id`` too."""
        letter = Letter(url, body, how.pop("at", None) or self.clock(), method)
        return DIALECTS[dialect](letter, how.pop("key_id", self.key_id), how.pop("key", self.key), **how)

    def tell(self, way: Way, url: str, activity: Json | bytes, dialect: str = "cavage", **how: Any) -> int:
        """Posts ``activity``, signed, to ``url``; the status that it gets."""
        body = activity if isinstance(activity, bytes) else written(activity)
        return way(url, body, self.signed(url, body, dialect, **how))

    def with_key(self, name: str, key_id: str = "") -> "Person":
        """The same person with another key."""
        return replace(self, key=key_of(name), key_id=key_id or self.key_id)


_SERIAL = count(1)


def written(activity: Any) -> bytes:
    return json.dumps(activity, ensure_ascii=False, separators=(",", ":")).encode()


# The server


@dataclass(frozen=True)
class Heard:
    """A request that came in; names of headers are lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    at: float  # monotonic seconds

    @property
    def json(self) -> Json:
        return dict(json.loads(self.body))


class Peer:
    """A server at ``address``. ``pages`` maps paths to answers; ``instead``, when set, answers everything.

    Everything that is posted is answered by ``on_post`` (202) unless its path has a page.
    """

    def __init__(self, address: str = "127.0.0.1", clock: Callable[[], datetime] | None = None) -> None:
        self.clock = clock or (lambda: datetime.now(UTC))
        self.heard: list[Heard] = []
        self.pages: dict[str, Answer] = {}
        self.instead: Answer | None = None
        self.on_post: Answer = says(202)
        self.closing = threading.Event()
        self._server = _Server(self, address)
        self.authority = f"{address}:{self._server.server_address[1]}"
        self.base = f"http://{self.authority}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def person(self, name: str = "ada", key_path: str = "", **extra: Any) -> Person:
        """Somebody new, whose document is served. ``key_path``: the key is a document of its own, as GoToSocial's."""
        uri = f"{self.base}/users/{name}"
        key_id = uri + (key_path or "#main-key")
        person = Person(base=self.base, name=name, clock=self.clock, key=key_of(name), key_id=key_id, extra=extra)
        self.serve(person)
        return person

    def serve(self, person: Person) -> None:
        """Shows the person's document (again: after a change), and that of the key when it has a path of its own."""
        self.pages[person.path] = shows(person.document())
        if "#" not in person.key_id:
            stub = {"@context": CONTEXT, "id": person.uri, "type": "Person", "preferredUsername": person.name}
            self.pages[urlsplit(person.key_id).path] = shows(stub | {"publicKey": person.public_key()})

    def asked(self, path: str = "") -> int:
        """How often something (or ``path``) was fetched."""
        return sum(heard.method == "GET" and path in ("", heard.target.split("?")[0]) for heard in self.heard)

    def posted(self, path: str = "") -> list[Heard]:
        """What was posted (to ``path``), in the order in which it came."""
        return [heard for heard in self.heard if heard.method == "POST" and path in ("", heard.target)]

    def close(self) -> None:
        """Lets go of everybody, the hanging too."""
        self.closing.set()
        self._server.shutdown()
        self._server.hang_up()
        self._server.server_close()
        self._thread.join(10)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    block_on_close = True
    request_queue_size = 512

    def __init__(self, peer: Peer, address: str) -> None:
        self.peer = peer
        self._open: set[socket.socket] = set()
        super().__init__((address, 0), Exchange)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whoever hangs up in the middle has had enough."""

    def hang_up(self) -> None:
        for connection in list(self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class Exchange(BaseHTTPRequestHandler):
    """One request, and what an ``Answer`` says to it."""

    protocol_version = "HTTP/1.1"
    timeout = MOST_S
    disable_nagle_algorithm = True
    server: _Server

    def answer(self) -> None:
        """Writes the request down, then answers."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        peer = self.server.peer
        peer.heard.append(Heard(self.command, self.path, headers, body, time.monotonic()))
        page = peer.pages.get(self.path) or peer.pages.get(self.path.split("?")[0])
        found = peer.instead or page or (peer.on_post if self.command == "POST" else says(404))
        found(self)

    do_GET = do_POST = answer

    def say(self, status: int, body: bytes = b"", length: int | None = None, **headers: str) -> None:
        """Status, headers (``Content_Type`` for Content-Type) and a body, or its beginning when ``length`` is more."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing on the console."""


# Answers


def says(status: int, body: bytes = b"", **headers: str) -> Answer:
    return lambda exchange: exchange.say(status, body, None, **headers)


def shows(document: Any, status: int = 200, kind: str = ACTIVITY) -> Answer:
    return says(status, written(document), Content_Type=kind)


def moves(to: str, status: int = 302) -> Answer:
    return says(status, Location=to)


def in_turn(*answers: Answer) -> Answer:
    """Each request gets the next one; the last stays."""
    waiting: Iterator[Answer] = iter(answers)
    lock = threading.Lock()

    def answer(exchange: Exchange) -> None:
        with lock:
            chosen = next(waiting, answers[-1])
        chosen(exchange)

    return answer


def hangs() -> Answer:
    """Takes the request and says nothing."""

    def answer(exchange: Exchange) -> None:
        exchange.server.peer.closing.wait(MOST_S)
        exchange.close_connection = True

    return answer


def waits(seconds: float, then: Answer) -> Answer:
    def answer(exchange: Exchange) -> None:
        exchange.server.peer.closing.wait(seconds)
        then(exchange)

    return answer


def drips(body: bytes, every_s: float = 0.1) -> Answer:
    """``body`` byte by byte, so that no single wait is long."""

    def answer(exchange: Exchange) -> None:
        exchange.say(200, length=len(body), Content_Type=ACTIVITY)
        for number in range(len(body)):
            exchange.wfile.write(body[number : number + 1])
            exchange.wfile.flush()
            if exchange.server.peer.closing.wait(every_s):
                break

    return answer


def pours(document: Json, size: int = 100_000_000) -> Answer:
    """``document`` behind ``size`` blanks: good JSON, if anybody waits for it."""
    body = written(document)

    def answer(exchange: Exchange) -> None:
        exchange.say(200, length=size + len(body), Content_Type=ACTIVITY)
        piece = b" " * 65_536
        for _ in range(size // len(piece)):
            exchange.wfile.write(piece)
        exchange.wfile.write(b" " * (size % len(piece)) + body)

    return answer


def explodes(document: Json, size: int = 100_000_000) -> Answer:
    """The same, gzipped to a thousandth of it."""

    def answer(exchange: Exchange) -> None:
        body = _bomb(written(document), size)
        exchange.say(200, body, Content_Type=ACTIVITY, Content_Encoding="gzip")

    return answer


@cache
def _bomb(document: bytes, size: int) -> bytes:
    return gzip.compress(b" " * size + document, 6)
