"""What a call of the API is, and the two kinds of call that most objects have: fetch one, list many."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from coopgov.fakes.stripe.parameters import LIST, Params, Schema, period, text
from coopgov.fakes.stripe.shapes import Object
from coopgov.fakes.stripe.store import Store
from coopgov.fakes.stripe.views import page_of


@dataclass(frozen=True)
class Endpoint:
    """One call of the API: ``{}`` in ``path`` stands for an id, ``does`` takes the store, the parameters, the ids."""

    method: str
    path: str
    schema: Schema
    does: Callable[..., Any]


def fetching(kind: str, path: str) -> Endpoint:
    """GET ``path``/{id}: the object."""

    def fetch(store: Store, _params: Params, object_id: str) -> Object:
        return store.get(kind, object_id)

    return Endpoint("GET", f"{path}/{{}}", {}, fetch)


def listing(kind: str, path: str, *equal: str) -> Endpoint:
    """GET ``path``: objects of this kind, newest first, by time and by the text fields named in ``equal``."""

    def find(store: Store, params: Params) -> Object:
        rows = store.rows(kind, **{name: params[name] for name in equal if params.get(name)})
        return page_of(store, rows, params, path)

    return Endpoint("GET", path, LIST | dict.fromkeys(equal, text) | {"created": period}, find)
