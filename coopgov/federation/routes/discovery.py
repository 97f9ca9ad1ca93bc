"""Where others begin: WebFinger, host-meta, NodeInfo. Any page in any browser may read them too."""

import json
from typing import Any

from flask import Blueprint, Response, request

from coopgov import __version__
from coopgov.core.errors import NotFound
from coopgov.core.time import last_midnight
from coopgov.federation.models import Actor
from coopgov.federation.queries.actors import actor_by_id, actor_with_handle, the_actor
from coopgov.federation.queries.documents import icon_path, outbox_size
from coopgov.federation.rules import discovery as rules
from coopgov.federation.rules.hosts import authority_of
from coopgov.infra.settings import site_url
from coopgov.infra.web.access import PUBLIC, allow
from coopgov.infra.web.layout import coop_profile
from coopgov.infra.web.moment import received_at
from coopgov.infra.web.pages import public_page
from coopgov.membership.queries.register import members_now

bp = Blueprint("discovery", __name__)


@bp.after_request
def _for_any_page(response: Response) -> Response:
    response.headers["Access-Control-Allow-Origin"] = "*"  # RFC 7033, 5
    return response


@bp.get("/.well-known/webfinger")
@allow(PUBLIC)
def webfinger() -> Response:
    """Who somebody is here: 400 without one readable resource, 404 for nobody of ours."""
    try:
        (resource,) = request.args.getlist("resource")
        asked = rules.read_resource(resource.strip(), site_url())
    except ValueError:
        return Response("one resource is needed, such as acct:name@host\n", 400, mimetype="text/plain")
    actor = _found(asked)
    if actor is None:
        raise NotFound
    wanted = request.args.getlist("rel")
    addresses = site_url(actor.path), site_url("/"), site_url(icon_path(actor))
    return _json(rules.webfinger(actor.handle, authority_of(site_url()), *addresses, wanted), rules.JRD_TYPE)


def _found(asked: rules.Asked) -> Actor | None:
    if asked.handle:
        return actor_with_handle(asked.handle)
    if asked.path == "/":
        return the_actor()
    number = asked.path.removeprefix("/ap/actors/")
    return actor_by_id(int(number)) if len(number) < 10 and number.isascii() and number.isdecimal() else None


@bp.get("/.well-known/host-meta")
@allow(PUBLIC)
def host_meta() -> Response:
    return public_page("", lambda: rules.host_meta(site_url()), rules.XRD_TYPE)


@bp.get("/.well-known/nodeinfo")
@allow(PUBLIC)
def nodeinfo_index() -> Response:
    return _json(rules.nodeinfo_index(site_url()), "application/json")


@bp.get("/nodeinfo/<any('2.0', '2.1'):version>")
@allow(PUBLIC)
def nodeinfo(version: str) -> Response:
    """The program and figures that the co-op publishes: members as of the last midnight, announcements."""
    profile, actor = coop_profile(), the_actor()
    node = rules.Node(
        base_url=site_url(),
        program_version=__version__,
        name=profile.name,
        summary=profile.summary,
        members=members_now(last_midnight(received_at())),
        posts=outbox_size(actor.id) if actor else 0,
    )
    return _json(rules.nodeinfo(node, version), rules.nodeinfo_type(version))


def _json(document: dict[str, Any], mimetype: str) -> Response:
    body = json.dumps(document, ensure_ascii=False).encode()
    return public_page(body, lambda: body, mimetype)
