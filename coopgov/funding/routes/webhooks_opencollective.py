"""Open Collective's webhook: unsigned, sent once, and never more than a reason to look for ourselves."""

from flask import Blueprint, current_app

from coopgov.core.errors import NotFound
from coopgov.funding.providers.opencollective.addresses import NUDGE
from coopgov.funding.services.opencollective import ask_for_run
from coopgov.infra.crypto import Signer
from coopgov.infra.db import write_transaction
from coopgov.infra.settings import current_settings
from coopgov.infra.web.access import MACHINE, allow
from coopgov.infra.web.moment import received_at

bp = Blueprint("webhooks_opencollective", __name__)


@bp.post("/webhooks/opencollective/<secret>")
@allow(MACHINE)
def nudge(secret: str) -> tuple[str, int]:
    """Something happened there: we look for ourselves. Whatever the body says is not even read."""
    signer: Signer = current_app.extensions["coopgov.signer"]
    if not signer.knows_secret(NUDGE, secret) or not current_settings().opencollective_slug:
        raise NotFound
    with write_transaction():
        ask_for_run(received_at())
    return "", 204
