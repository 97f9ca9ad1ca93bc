"""The officer's page of federation: how announcements travel, which servers fare how, whom nothing is taken from."""

from typing import Any

from flask import Blueprint, Response, request
from werkzeug.wrappers import Response as AnyResponse

from coopgov.core.errors import Refused
from coopgov.core.text import N_
from coopgov.federation.forms.announcing import PlainForm
from coopgov.federation.forms.blocks import BlockForm
from coopgov.federation.queries import peers as known
from coopgov.federation.queries.actors import current_key, handle_of, the_actor
from coopgov.federation.queries.announcements import audience_of
from coopgov.federation.queries.deliveries import newest_announcements, waiting_count
from coopgov.federation.services import blocks, peers
from coopgov.federation.services.actors import rotate_key
from coopgov.infra.db import write_transaction
from coopgov.infra.web.access import ADMIN, allow, current_viewer
from coopgov.infra.web.answers import status_of, text_of
from coopgov.infra.web.moment import received_at
from coopgov.infra.web.pages import paged, show
from coopgov.infra.web.said import Sayings, go

bp = Blueprint("federation_admin", __name__, url_prefix="/admin/federation")
SAYINGS: Sayings = {
    "federation.retried": N_("The server is being tried now."),
    "federation.blocked": N_("The domain is blocked: nothing is taken from it, and nothing is sent there."),
    "federation.unblocked": N_("The domain is no longer blocked. Who followed from there has to follow again."),
    "federation.rotated": N_("The new key is in use, and all followers are being told."),
}
HERE = "/admin/federation"
ANNOUNCEMENTS, SERVERS_A_PAGE = 10, 50


@bp.get("")
@allow(ADMIN)
def index() -> Response:
    return _overview(BlockForm())


def _overview(form: BlockForm, status: int = 200) -> Response:
    actor, page = the_actor(), paged(known.server_count(), SERVERS_A_PAGE)
    facts: dict[str, Any] = {"waiting": waiting_count(), "troubled": known.troubled_count()}
    facts |= {"blocks": known.block_list(), "servers": known.servers(page.first, page.size, received_at())}
    if actor:
        facts |= {"handle": handle_of(actor), "audience": audience_of(actor.id), "key": current_key(actor.id)}
    said = newest_announcements(ANNOUNCEMENTS)
    return show("federation/admin.html", status, form=form, actor=actor, page=page, announcements=said, **facts)


@bp.post("/servers/retry")
@allow(ADMIN)
def retry() -> AnyResponse:
    with write_transaction():
        peers.retry_now(request.form.get("host", ""), current_viewer().party_id, received_at())
    return go(HERE, "federation.retried")


@bp.post("")
@allow(ADMIN, rerenders=True)
def block() -> AnyResponse:
    form = BlockForm()
    if not form.validate():
        return _overview(form, 422)
    try:
        with write_transaction():
            blocks.block(str(form.domain.data), form.reason.data or "", current_viewer().party_id, received_at())
    except Refused as refused:
        form.refuse(refused, text_of(refused))
        return _overview(form, status_of(refused))
    return go(HERE, "federation.blocked")


@bp.post("/unblock")
@allow(ADMIN)
def unblock() -> AnyResponse:
    with write_transaction():
        blocks.unblock(request.form.get("domain", ""), current_viewer().party_id, received_at())
    return go(HERE, "federation.unblocked")


@bp.get("/key")
@allow(ADMIN)
def ask_rotation() -> Response:
    return show("federation/rotate.html", form=PlainForm())


@bp.post("/key")
@allow(ADMIN)
def rotate() -> AnyResponse:
    with write_transaction():
        rotate_key(current_viewer().party_id, received_at())
    return go(HERE, "federation.rotated")
