"""Which function answers which call of the API."""

import re
from collections.abc import Iterator
from typing import Any

from coopgov.fakes.stripe import (
    balance,
    catalogue,
    customers,
    disputes,
    invoice_calls,
    methods,
    money_calls,
    payouts,
    refunds,
    session_calls,
    subscription_calls,
    webhook_calls,
)
from coopgov.fakes.stripe.calls import Endpoint
from coopgov.fakes.stripe.errors import StripeRefusal

ENDPOINTS: tuple[Endpoint, ...] = (
    *customers.ENDPOINTS,
    *catalogue.ENDPOINTS,
    *methods.ENDPOINTS,
    *session_calls.ENDPOINTS,
    *subscription_calls.ENDPOINTS,
    *invoice_calls.ENDPOINTS,
    *money_calls.ENDPOINTS,
    *refunds.ENDPOINTS,
    *disputes.ENDPOINTS,
    *balance.ENDPOINTS,
    *payouts.ENDPOINTS,
    *webhook_calls.ENDPOINTS,
)
_CALLS = [
    (end.method, re.compile(end.path.replace("{}", r"([\w-]+)")), end)
    for end in sorted(ENDPOINTS, key=lambda end: end.path.count("{}"))
]


def call_for(method: str, path: str) -> tuple[Endpoint, tuple[str, ...]]:
    """The call at this address, and the ids in it; raises StripeRefusal (404) when there is none."""
    for wanted, pattern, end in _CALLS:
        found = pattern.fullmatch(path)
        if found and method == wanted:
            return end, found.groups()
    words = f"Unrecognized request URL ({method}: {path}). This fake does not know it."
    raise StripeRefusal(words, status=404)


def flattened(params: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Nested parameters as form fields: ``{"items": [{"price": "p"}]}`` → ``items[0][price]=p``."""
    if isinstance(params, dict):
        for key, value in params.items():
            yield from flattened(value, f"{name}[{key}]" if name else key)
    elif isinstance(params, list | tuple):
        for place, value in enumerate(params):
            yield from flattened(value, f"{name}[{place}]")
    elif isinstance(params, bool):
        yield name, str(params).lower()
    else:
        yield name, "" if params is None else str(params)
