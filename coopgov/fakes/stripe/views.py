"""Objects as they leave the fake: copies, with their mode, with what the client asked to see in full."""

from typing import Any

from coopgov.fakes.stripe.errors import StripeRefusal
from coopgov.fakes.stripe.parameters import Params
from coopgov.fakes.stripe.shapes import Object, list_of
from coopgov.fakes.stripe.store import Store

MOST_LEVELS = 4
_ON_REQUEST = {  # (object, field) → kind and field of the children that are sent when asked for
    ("charge", "refunds"): ("refund", "charge"),
    ("invoice", "payments"): ("invoice_payment", "invoice"),
    ("customer", "subscriptions"): ("subscription", "customer"),
}


def emitted(store: Store, found: Object) -> Object:
    """A copy for the outside, livemode as the account says."""
    copy = _copied(found, store.livemode)
    assert isinstance(copy, dict)
    return copy


def _copied(value: Any, livemode: bool) -> Any:
    if isinstance(value, dict):
        return {
            key: livemode
            if key == "livemode"
            else dict(inner or {})
            if key == "metadata"
            else _copied(inner, livemode)
            if isinstance(inner, dict | list)
            else inner
            for key, inner in value.items()
        }
    return [_copied(inner, livemode) for inner in value] if isinstance(value, list) else value


def expanded(store: Store, answer: Object, paths: list[str]) -> Object:
    """``answer`` with the objects at ``paths`` (``data.customer``, ``latest_invoice.payments``) instead of ids."""
    for path in paths:
        steps = path.split(".")
        if len(steps) > MOST_LEVELS:
            raise StripeRefusal("You cannot expand more than 4 levels of a property.", param="expand")
        _expand(store, answer, steps, path)
    return answer


def _expand(store: Store, found: Any, steps: list[str], path: str) -> None:
    if isinstance(found, list):
        for row in found:
            _expand(store, row, steps, path)
        return
    if not steps or found is None:
        return
    head, *rest = steps
    if not isinstance(found, dict):
        raise _not_expandable(path)
    found[head] = _in_full(store, found, head, path)
    _expand(store, found[head], rest, path)


def _in_full(store: Store, found: Object, head: str, path: str) -> Any:
    children = _children(store, found, head)
    if children is not None:
        return children
    if head not in found:
        raise _not_expandable(path)
    value = found[head]
    if not isinstance(value, str):
        return value
    whole = store.find(value)
    if whole is None:
        raise _not_expandable(path)
    return emitted(store, whole)


def _children(store: Store, found: Object, head: str) -> Object | None:
    kind = str(found.get("object"))
    if (kind, head) == ("checkout.session", "line_items"):
        rows = [store.get("item", item_id) for item_id in store.notes(found["id"])["items"]]
        return list_of([emitted(store, row) for row in rows], f"/v1/checkout/sessions/{found['id']}/line_items")
    if (kind, head) == ("invoice", "confirmation_secret"):
        intent = store.notes(found["id"]).get("intent")
        secret = store.get("payment_intent", intent)["client_secret"] if intent else None
        return {"client_secret": secret, "type": "payment_intent"}
    if (kind, head) not in _ON_REQUEST:
        return None
    child, key = _ON_REQUEST[kind, head]
    rows = store.belonging(child, key, found["id"])
    return list_of(
        [emitted(store, row) for row in rows[:10]], f"/v1/{child}s?{key}={found['id']}", has_more=len(rows) > 10
    )


def _not_expandable(path: str) -> StripeRefusal:
    return StripeRefusal(f"This property cannot be expanded ({path}).", param="expand")


def page_of(store: Store, rows: list[Object], params: Params, url: str) -> Object:
    """One page of ``rows`` (newest first), with ``limit``, ``starting_after``, ``ending_before`` and ``created``."""
    limit = params.get("limit", 10)
    if limit is None or not 1 <= limit <= 100:
        raise StripeRefusal("Invalid integer: limit must be between 1 and 100", param="limit")
    rows = [row for row in rows if _within(row.get("created", 0), params.get("created"))]
    if params.get("ending_before"):
        before = rows[: _place(rows, params["ending_before"], "ending_before")]
        shown, more = before[-limit:], len(before) > limit
    else:
        after = params.get("starting_after")
        rest = rows[_place(rows, after, "starting_after") + 1 :] if after else rows
        shown, more = rest[:limit], len(rest) > limit
    return list_of([emitted(store, row) for row in shown], url, has_more=more)


def _place(rows: list[Object], object_id: str, param: str) -> int:
    for place, row in enumerate(rows):
        if row["id"] == object_id:
            return place
    raise StripeRefusal(f"No such object: '{object_id}'", code="resource_missing", param=param)


def _within(created: int, bounds: Any) -> bool:
    if bounds is None:
        return True
    if isinstance(bounds, int):
        return created == bounds
    tests = {
        "gt": lambda edge: created > edge,
        "gte": lambda edge: created >= edge,
        "lt": lambda edge: created < edge,
        "lte": lambda edge: created <= edge,
    }
    return all(tests[name](edge) for name, edge in bounds.items())
