"""The API over HTTP: keys, idempotency, faults on demand, and answers in Stripe's envelope."""

import json
import socket
import time

from flask import Blueprint, Response, request

from coopgov.fakes.stripe.errors import StripeRefusal
from coopgov.fakes.stripe.faults import Fault
from coopgov.fakes.stripe.keys import Kept
from coopgov.fakes.stripe.shapes import API_VERSION
from coopgov.fakes.stripe.store import Asking
from coopgov.fakes.stripe.world import World

SECRET_KEYS = ("sk_test_", "rk_test_", "sk_live_", "rk_live_")
_SAYS = {500: "An unknown error occurred", 503: "The service is unavailable", 429: "Too many requests"}


def make_blueprint(world: World) -> Blueprint:
    """Everything under ``/v1/``."""
    bp = Blueprint("api", __name__)

    @bp.route("/v1/<path:_path>", methods=["GET", "POST", "DELETE"])
    def call(_path: str) -> Response:
        request_id = f"req_{time.time_ns():x}"
        try:
            asking = Asking(request_id, request.headers.get("Idempotency-Key"), _is_live(_secret_key()))
            response = _served(world, asking)
        except StripeRefusal as refusal:
            response = _envelope(_kept(refusal))
        response.headers["Request-Id"] = request_id
        response.headers["Stripe-Version"] = request.headers.get("Stripe-Version", API_VERSION)
        return response

    return bp


def _served(world: World, asking: Asking) -> Response:
    """The answer, or the fault that was planned for it: 500 from within (kept under the key), others from outside."""
    fault = world.faults.take(request.method, request.path)
    if fault is None or fault.status == 500:
        return _answered(world, asking, fault)
    if fault.after_effect:
        _answered(world, asking, None)
    if fault.status == "timeout":
        time.sleep(fault.seconds)
    return _hang_up() if isinstance(fault.status, str) else _envelope(_failure(fault.status))


def _answered(world: World, asking: Asking, fault: Fault | None) -> Response:
    if request.method == "GET" or asking.key is None:
        return _envelope(_asked(world, asking, fault))
    kept = world.keys.begin(asking.key, _fingerprint())
    if kept:
        response = _envelope(kept)
        response.headers["Idempotent-Replayed"] = "true"
        return response
    answer = _failure(503)  # is not kept, should we not get further
    try:
        answer = _asked(world, asking, fault)
    finally:
        world.keys.finish(asking.key, answer)
    return _envelope(answer)


def _asked(world: World, asking: Asking, fault: Fault | None) -> Kept:
    if fault and not fault.after_effect:
        return _failure(500)
    fields = [*request.args.items(multi=True), *request.form.items(multi=True)]
    try:
        found = world.answer(request.method, request.path, fields, asking)
        answer = Kept(_fingerprint(), 200, json.dumps(found))
    except StripeRefusal as refusal:
        answer = _kept(refusal)
    return _failure(500) if fault else answer


def _kept(refusal: StripeRefusal) -> Kept:
    return Kept(_fingerprint(), refusal.status, json.dumps(refusal.body))


def _failure(status: int) -> Kept:
    if status == 429:
        return _kept(StripeRefusal(_SAYS[status], status=status, kind="invalid_request_error", code="rate_limit"))
    return _kept(StripeRefusal(_SAYS[status], status=status, kind="api_error"))


def _fingerprint() -> str:
    return json.dumps([request.method, request.path, sorted(request.form.items(multi=True))])


def _envelope(answer: Kept) -> Response:
    return Response(answer.body, status=answer.status, content_type="application/json")


def _secret_key() -> str:
    given = request.authorization
    key = (given.token or given.username or "") if given else ""
    if not key:
        raise StripeRefusal("You did not provide an API key.", status=401)
    if not key.startswith(SECRET_KEYS):
        raise StripeRefusal("Invalid API Key provided. This fake takes keys that begin with sk_test_.", status=401)
    return str(key)


def _is_live(key: str) -> bool:
    return key[3:8] == "live_"


def _hang_up() -> Response:
    """Closes the connection without an answer, as far as the server lets us."""
    watch = request.environ.get("waitress.client_disconnected")
    if watch is not None:
        watch.__self__.socket.shutdown(socket.SHUT_RDWR)
    return Response(status=502)
