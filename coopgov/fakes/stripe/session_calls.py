"""The API's calls about checkout sessions, portal sessions and setup intents."""

from coopgov.fakes.stripe import checkout, portal
from coopgov.fakes.stripe.calls import Endpoint, fetching, listing
from coopgov.fakes.stripe.catalogue import CHECKOUT_PRICE_DATA
from coopgov.fakes.stripe.events import changing
from coopgov.fakes.stripe.parameters import (
    LIST,
    Params,
    Schema,
    flag,
    gone,
    mapping,
    merged_metadata,
    text,
    whole,
)
from coopgov.fakes.stripe.shapes import Object
from coopgov.fakes.stripe.store import Store
from coopgov.fakes.stripe.views import page_of

_CREATE: Schema = {
    "mode": text,
    "customer": text,
    "customer_email": text,
    "client_reference_id": text,
    "currency": text,
    "metadata": mapping,
    "success_url": text,
    "cancel_url": text,
    "expires_at": whole,
    "locale": text,
    "line_items": [{"price": text, "price_data": CHECKOUT_PRICE_DATA, "quantity": whole}],
    "allowed_payment_method_types": [text],
    "excluded_payment_method_types": [text],
    "payment_method_types": gone,
    "subscription_data": {
        "metadata": mapping,
        "description": text,
        "trial_end": whole,
        "trial_period_days": whole,
        "billing_cycle_anchor": whole,
        "proration_behavior": text,
    },
    "payment_intent_data": {"metadata": mapping, "description": text},
}
_PORTAL: Schema = {
    "customer": text,
    "return_url": text,
    "configuration": text,
    "locale": text,
    "flow_data": {
        "type": text,
        "after_completion": {"type": text, "redirect": {"return_url": text}},
        "subscription_cancel": {"subscription": text},
    },
}


def update(store: Store, params: Params, session_id: str) -> Object:
    """The session with other metadata."""
    session = store.get("checkout.session", session_id)
    session["metadata"] = merged_metadata(session["metadata"], params.get("metadata"))
    return session


def line_items(store: Store, params: Params, session_id: str) -> Object:
    """What is paid for."""
    store.get("checkout.session", session_id)
    rows = [store.get("item", item_id) for item_id in store.notes(session_id)["items"]]
    return page_of(store, rows, params, f"/v1/checkout/sessions/{session_id}/line_items")


def expire(store: Store, _params: Params, session_id: str) -> Object:
    """The session, expired."""
    return checkout.expire(store, session_id)


def list_configurations(store: Store, params: Params) -> Object:
    """Portal configurations."""
    rows = store.rows("billing_portal.configuration")
    return page_of(store, rows, params, "/v1/billing_portal/configurations")


def update_configuration(store: Store, params: Params, configuration_id: str) -> Object:
    """A portal configuration, changed in what may change."""
    configuration = store.get("billing_portal.configuration", configuration_id)
    with changing(store, configuration, "billing_portal.configuration.updated"):
        configuration.update({name: params[name] for name in ("active", "default_return_url") if name in params})
        configuration["metadata"] = merged_metadata(configuration["metadata"], params.get("metadata"))
    return configuration


_CONFIGURATION: Schema = {
    "features": {key: {"enabled": flag} for key in portal.FEATURES}
    | {"subscription_cancel": {"enabled": flag, "mode": text}},
    "business_profile": {"headline": text, "privacy_policy_url": text, "terms_of_service_url": text},
    "default_return_url": text,
    "metadata": mapping,
    "name": text,
}
ENDPOINTS = (
    Endpoint("POST", "/v1/checkout/sessions", _CREATE, checkout.create),
    listing("checkout.session", "/v1/checkout/sessions", "customer", "subscription", "payment_intent", "status"),
    fetching("checkout.session", "/v1/checkout/sessions"),
    Endpoint("POST", "/v1/checkout/sessions/{}", {"metadata": mapping}, update),
    Endpoint("GET", "/v1/checkout/sessions/{}/line_items", LIST, line_items),
    Endpoint("POST", "/v1/checkout/sessions/{}/expire", {}, expire),
    fetching("setup_intent", "/v1/setup_intents"),
    Endpoint("POST", "/v1/billing_portal/sessions", _PORTAL, portal.create),
    Endpoint("POST", "/v1/billing_portal/configurations", _CONFIGURATION, portal.configure),
    Endpoint(
        "GET", "/v1/billing_portal/configurations", LIST | {"active": flag, "is_default": flag}, list_configurations
    ),
    Endpoint(
        "POST",
        "/v1/billing_portal/configurations/{}",
        {"active": flag, "default_return_url": text, "metadata": mapping},
        update_configuration,
    ),
)
