"""The door for what other servers say to us: cheap questions first, no fetch before the block list, no job before it
is sure who speaks. A bad signature is told at once (401), a good one is thanked for (202) and a job acts upon it."""

from datetime import datetime

from flask import Blueprint, Response, request
from werkzeug.exceptions import RequestEntityTooLarge

from coopgov.core.errors import NotFound
from coopgov.federation.queries.actors import actor_by_id
from coopgov.federation.queries.others import is_blocked_host, remote_actor
from coopgov.federation.routes.signers import Heard, Turned, hear_out
from coopgov.federation.rules.heard import Said, is_id, read_activity
from coopgov.federation.rules.hosts import authority_of, host_of, same_origin
from coopgov.federation.rules.reading import Unreadable, read_object
from coopgov.federation.rules.signatures import BadSignature, Claim, Incoming, read_claim
from coopgov.infra.settings import site_url
from coopgov.infra.web.access import MACHINE, allow
from coopgov.infra.web.moment import received_at

LARGEST = 1_000_000  # bytes
TYPES = ("application/activity+json", "application/ld+json")
bp = Blueprint("inbox", __name__)


@bp.post("/ap/inbox")
@allow(MACHINE)
def shared() -> Response:
    """For all of our actors."""
    return _answer()


@bp.post("/ap/actors/<int:number>/inbox")
@allow(MACHINE)
def own(number: int) -> Response:
    """For one of them; which one is meant stands in the activity itself."""
    if actor_by_id(number) is None:
        raise NotFound
    return _answer()


def _answer() -> Response:
    try:
        _receive(received_at())
    except Turned as turned:
        response = Response(f"{turned.reason}\n", turned.status, mimetype="text/plain")
        if turned.wait_s:
            response.headers["Retry-After"] = str(turned.wait_s)
        return response
    return Response("", 202, mimetype="text/plain")


def _receive(now: datetime) -> None:
    body = _body()
    said = _activity(body)
    _refuse_blocked(said.actor)
    claim = _claim(body, now)
    if not is_id(claim.key_id):
        raise Turned(401, "signature: the key's id is no address")
    if host_of(claim.key_id) != host_of(said.actor):
        _refuse_blocked(claim.key_id)
    if said.type == "Delete" and said.object_uri == said.actor and remote_actor(said.actor) is None:
        return  # most of what big servers send: somebody left whom we never knew
    if not same_origin(said.uri, said.actor):
        raise Turned(403, "the id is of another server than the actor")
    hear_out(Heard(said, claim), now)


def _body() -> bytes:
    if request.mimetype not in TYPES:
        raise Turned(415, "send application/activity+json")
    request.max_content_length = LARGEST
    try:
        return request.get_data(cache=False)
    except RequestEntityTooLarge as error:
        raise Turned(413, f"more than {LARGEST} bytes") from error


def _activity(body: bytes) -> Said:
    try:
        return read_activity(read_object(body))
    except Unreadable as error:
        raise Turned(400, f"not an activity that can be read: {error}") from error


def _refuse_blocked(uri: str) -> None:
    """From blocked domains, and in our own name: we would have to ask ourselves for the key."""
    if authority_of(uri) == authority_of(site_url()) or is_blocked_host(host_of(uri)):
        raise Turned(403, "nothing is taken from there")


def _claim(body: bytes, now: datetime) -> Claim:
    headers = {name.lower(): value for name, value in request.headers.items()}
    try:
        return read_claim(Incoming(request.method, _target(), site_url(), headers, body), now)
    except BadSignature as error:
        raise Turned(401, f"signature: {error}") from error


def _target() -> str:
    """Path and query as they were sent, before anybody decoded them."""
    sent: str = request.environ.get("REQUEST_URI") or request.environ.get("RAW_URI") or request.full_path.rstrip("?")
    if sent.startswith("/"):
        return sent
    return "/" + sent.split("://", 1)[-1].partition("/")[2]  # the absolute form, as sent to a proxy
