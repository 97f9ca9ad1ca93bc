"""The door for Stripe's messages: signed, kept once, answered at once; a job looks at what they are about."""

from flask import Blueprint, request
from werkzeug.exceptions import BadRequest

from coopgov.funding.providers.stripe.client import is_live
from coopgov.funding.providers.stripe.looking import HANDLED
from coopgov.funding.providers.stripe.sdk import BadSignature, Plain, message_of
from coopgov.funding.services.inbox import act_upon, keep_message, refuse_message, settle_message
from coopgov.infra.db import write_transaction
from coopgov.infra.settings import current_settings
from coopgov.infra.web.access import MACHINE, allow
from coopgov.infra.web.moment import received_at

LARGEST = 512_000  # bytes; an event is a few thousand
bp = Blueprint("webhooks_stripe", __name__)


@bp.post("/webhooks/stripe")
@allow(MACHINE)
def receive() -> tuple[str, int]:
    """Keeps the message; 400 for one that Stripe did not sign, 413 for one that is too large."""
    request.max_content_length = LARGEST
    body = request.get_data(cache=False)
    try:
        message = message_of(body, request.headers.get("Stripe-Signature", ""), _secrets())
    except BadSignature as error:
        raise BadRequest("signature") from error
    with write_transaction():
        _keep(message, body.decode())
    return "", 200


def _secrets() -> list[str]:
    return [part.strip() for part in current_settings().stripe_webhook_secret.split(",") if part.strip()]


def _keep(message: Plain, body: str) -> None:
    found = (message.get("data") or {}).get("object") or {}
    version = str(message.get("api_version") or "")
    now = received_at()
    row = keep_message("stripe", message["id"], message["type"], str(found.get("id") or ""), version, body, now)
    if row is None:
        return
    if bool(message.get("livemode")) != is_live(current_settings().stripe_secret_key):
        refuse_message(row, "test_mode", now)
    elif row.kind in HANDLED:
        act_upon(row, now)
    else:
        settle_message(row, "ignored", "not a kind that we act upon", now)
