"""The API's calls about events and webhook endpoints."""

from coopgov.fakes.stripe.calls import Endpoint, fetching, listing
from coopgov.fakes.stripe.parameters import (
    LIST,
    Params,
    Schema,
    flag,
    mapping,
    merged_metadata,
    period,
    required,
    text,
)
from coopgov.fakes.stripe.shapes import Object
from coopgov.fakes.stripe.store import Store
from coopgov.fakes.stripe.views import emitted, page_of

_CREATE: Schema = {
    "url": text,
    "enabled_events": [text],
    "api_version": text,
    "description": text,
    "metadata": mapping,
    "connect": flag,
}
_UPDATE: Schema = {"url": text, "enabled_events": [text], "description": text, "metadata": mapping, "disabled": flag}


def create(store: Store, params: Params) -> Object:
    """A webhook endpoint; its secret is told this once."""
    secret = f"whsec_{store.rng.getrandbits(128):032x}"
    endpoint = register(store, required(params, "url"), secret, required(params, "enabled_events"))
    endpoint["api_version"], endpoint["description"] = params.get("api_version"), params.get("description")
    endpoint["metadata"] = merged_metadata({}, params.get("metadata"))
    return emitted(store, endpoint) | {"secret": secret}


def register(store: Store, url: str, secret: str, events: list[str]) -> Object:
    """An endpoint whose secret is known beforehand."""
    endpoint = store.add("webhook_endpoint", url=url, enabled_events=events)
    store.notes(endpoint["id"])["secret"] = secret
    return endpoint


def update(store: Store, params: Params, endpoint_id: str) -> Object:
    """The endpoint, changed."""
    endpoint = store.get("webhook_endpoint", endpoint_id)
    endpoint.update({name: params[name] for name in ("url", "enabled_events", "description") if name in params})
    if "disabled" in params:
        endpoint["status"] = "disabled" if params["disabled"] else "enabled"
    endpoint["metadata"] = merged_metadata(endpoint["metadata"], params.get("metadata"))
    return endpoint


def delete(store: Store, _params: Params, endpoint_id: str) -> Object:
    """The endpoint is gone, and what waited for it."""
    store.get("webhook_endpoint", endpoint_id)
    del store.tables["webhook_endpoint"][endpoint_id]
    store.deliveries = [row for row in store.deliveries if row["endpoint"] != endpoint_id]
    return {"id": endpoint_id, "object": "webhook_endpoint", "deleted": True}


def list_events(store: Store, params: Params) -> Object:
    """Events, newest first; ``type`` may end in ``*``."""
    wanted = params.get("types") or ([params["type"]] if params.get("type") else [])
    rows = store.rows("event")
    if wanted:
        rows = [row for row in rows if any(_fits(row["type"], name) for name in wanted)]
    return page_of(store, rows, params, "/v1/events")


def _fits(name: str, wanted: str) -> bool:
    return name.startswith(wanted[:-1]) if wanted.endswith("*") else name == wanted


_EVENTS: Schema = LIST | {"type": text, "types": [text], "created": period}
ENDPOINTS = (
    Endpoint("GET", "/v1/events", _EVENTS, list_events),
    fetching("event", "/v1/events"),
    Endpoint("POST", "/v1/webhook_endpoints", _CREATE, create),
    listing("webhook_endpoint", "/v1/webhook_endpoints"),
    fetching("webhook_endpoint", "/v1/webhook_endpoints"),
    Endpoint("POST", "/v1/webhook_endpoints/{}", _UPDATE, update),
    Endpoint("DELETE", "/v1/webhook_endpoints/{}", {}, delete),
)
