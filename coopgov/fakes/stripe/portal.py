"""The billing portal: another card, invoices, leaving and staying after all."""

from coopgov.fakes.stripe.changes import update
from coopgov.fakes.stripe.customers import living
from coopgov.fakes.stripe.errors import StripeRefusal
from coopgov.fakes.stripe.events import changing
from coopgov.fakes.stripe.methods import new_method
from coopgov.fakes.stripe.parameters import Params, merged_metadata, one_of, required
from coopgov.fakes.stripe.shapes import Object
from coopgov.fakes.stripe.store import Store
from coopgov.fakes.stripe.subscriptions import is_alive

FLOWS = ("payment_method_update", "subscription_cancel")
FEATURES = ("invoice_history", "payment_method_update", "subscription_cancel")


def configure(store: Store, params: Params) -> Object:
    """A portal configuration; what it does not say is allowed."""
    first = not store.tables["billing_portal.configuration"]
    configuration = store.add("billing_portal.configuration", is_default=first)
    configuration["updated"] = store.now
    for name, wanted in (params.get("features") or {}).items():
        one_of(wanted.get("mode") or "at_period_end", ("at_period_end",), "features[subscription_cancel][mode]")
        configuration["features"][name] |= wanted
    configuration["business_profile"] |= params.get("business_profile") or {}
    configuration["default_return_url"] = params.get("default_return_url")
    configuration["name"] = params.get("name")
    configuration["metadata"] = merged_metadata({}, params.get("metadata"))
    return configuration


def create(store: Store, params: Params) -> Object:
    """A session of the customer's with the address of its page."""
    customer = living(store, required(params, "customer"))
    configuration = params.get("configuration") or _default_configuration(store)
    store.get("billing_portal.configuration", configuration, "configuration")
    session = store.add(
        "billing_portal.session",
        customer=customer["id"],
        configuration=configuration,
        return_url=params.get("return_url"),
        locale=params.get("locale"),
        flow=_flow(params.get("flow_data")),
    )
    session["url"] = f"{store.base_url}/portal/{session['id']}"
    return session


def _default_configuration(store: Store) -> str:
    for configuration in store.tables["billing_portal.configuration"].values():
        if configuration["is_default"]:
            return str(configuration["id"])
    return str(configure(store, {})["id"])


def _flow(wanted: Params | None) -> Object | None:
    if not wanted:
        return None
    kind = one_of(required(wanted, "type"), FLOWS, "flow_data[type]")
    cancel = wanted.get("subscription_cancel")
    return {
        "type": kind,
        "after_completion": {"type": "portal_homepage", "hosted_confirmation": None, "redirect": None}
        | (wanted.get("after_completion") or {}),
        "subscription_cancel": {"retention": None, **cancel} if cancel else None,
        "subscription_update": None,
        "subscription_update_confirm": None,
    }


def features_of(store: Store, session: Object) -> dict[str, bool]:
    """What the session's customer may do, by the names in FEATURES; a flow allows its own thing only."""
    features = store.get("billing_portal.configuration", session["configuration"])["features"]
    flow = (session["flow"] or {}).get("type")
    return {name: features[name]["enabled"] and flow in (None, name) for name in FEATURES}


def require(store: Store, session_id: str, feature: str) -> Object:
    """The session; raises StripeRefusal (403) when it does not allow this."""
    session = store.get("billing_portal.session", session_id)
    if not features_of(store, session)[feature]:
        raise StripeRefusal("This portal does not allow that.", status=403)
    return session


def change_method(store: Store, session_id: str, behaviour: str) -> Object:
    """The customer's payments come from a new card or account from now on."""
    customer = store.get("customer", require(store, session_id, "payment_method_update")["customer"])
    method = new_method(store, behaviour, customer["id"])
    with changing(store, customer, "customer.updated"):
        customer["invoice_settings"]["default_payment_method"] = method["id"]
    for subscription in store.rows("subscription", customer=customer["id"]):
        if is_alive(subscription):
            with changing(store, subscription, "customer.subscription.updated"):
                subscription["default_payment_method"] = method["id"]
    return method


def set_leaving(store: Store, session_id: str, subscription_id: str, *, leaving: bool) -> Object:
    """The customer's subscription will end with its period, or will not after all."""
    session = require(store, session_id, "subscription_cancel")
    subscription = store.get("subscription", subscription_id)
    if subscription["customer"] != session["customer"]:
        raise StripeRefusal(f"No such subscription: '{subscription_id}'", code="resource_missing", status=404)
    return update(store, {"cancel_at_period_end": leaving}, subscription_id)
