"""Form fields in Stripe's bracket nesting (``items[0][price]=…``), read by a schema; anything unknown is refused."""

import re
from collections.abc import Callable, Iterable
from typing import Any

from coopgov.fakes.stripe.errors import StripeRefusal

Params = dict[str, Any]
Reader = Callable[[Any, str], Any]
Schema = dict[str, Any]  # name → Reader, nested Schema, or [Reader or Schema] for a list

_PART = re.compile(r"\[([^\[\]]*)\]")
_WHOLE = re.compile(r"-?\d{1,12}")


def text(value: Any, name: str) -> str:
    """Any text, the empty one too: it unsets."""
    if not isinstance(value, str):
        raise StripeRefusal(f"Invalid string: {value}", param=name, code="parameter_invalid_string")
    return value


def whole(value: Any, name: str) -> int | None:
    """A whole number; empty unsets."""
    if value == "":
        return None
    if not isinstance(value, str) or not _WHOLE.fullmatch(value):
        raise StripeRefusal(f"Invalid integer: {value}", param=name, code="parameter_invalid_integer")
    return int(value)


def flag(value: Any, name: str) -> bool:
    """``true`` or ``false``."""
    if value not in ("true", "false"):
        raise StripeRefusal(f"Invalid boolean: {value}", param=name)
    return bool(value == "true")


def moment_or_now(value: Any, name: str) -> int | str | None:
    """Epoch seconds, or the word ``now``; empty unsets."""
    return "now" if value == "now" else whole(value, name)


def mapping(value: Any, name: str) -> dict[str, str]:
    """Names and texts; empty is the mapping that removes all."""
    if value == "":
        return {"": ""}
    if not isinstance(value, dict) or any(not isinstance(inner, str) for inner in value.values()):
        raise StripeRefusal("Invalid object", param=name)
    return value


def period(value: Any, name: str) -> Any:
    """An instant, or bounds of one: ``created=5`` or ``created[gte]=5``."""
    if isinstance(value, dict):
        return _read({"gt": whole, "gte": whole, "lt": whole, "lte": whole}, value, name)
    return whole(value, name)


def anything(value: Any, _name: str) -> Any:
    """Accepted, and not looked at: the fake has nothing that it would change."""
    return value


def gone(_value: Any, name: str) -> Any:
    """A parameter of older API versions, which this one refuses by name."""
    words = f"{name} is no longer supported. Use allowed_{name} or excluded_{name}, or leave the choice to Stripe."
    raise StripeRefusal(words, code=f"{name}_no_longer_supported", param=name)


LIST: Schema = {"limit": whole, "starting_after": text, "ending_before": text}
EXPAND: Schema = {"expand": [text]}


def parsed(schema: Schema, fields: Iterable[tuple[str, str]]) -> Params:
    """The parameters in ``fields`` as ``schema`` reads them; raises StripeRefusal for one it does not know."""
    tree: dict[str, Any] = {}
    for name, value in fields:
        _plant(tree, name, value)
    read = _read(schema | EXPAND, tree, "")
    assert isinstance(read, dict)
    return read


def _plant(tree: dict[str, Any], name: str, value: str) -> None:
    head, _, _ = name.partition("[")
    keys = [head, *_PART.findall(name[len(head) :])]
    for key in keys[:-1]:
        tree = tree.setdefault(key or str(len(tree)), {})
        if not isinstance(tree, dict):
            raise StripeRefusal(f"Invalid parameters: {name}", param=name)
    tree[keys[-1] or str(len(tree))] = value


def _read(kind: Any, value: Any, name: str) -> Any:
    if isinstance(kind, dict):
        return _object(kind, value, name)
    if isinstance(kind, list):
        return _list(kind[0], value, name)
    return kind(value, name)


def _object(schema: Schema, value: Any, name: str) -> dict[str, Any] | None:
    if value == "":
        return None
    if not isinstance(value, dict):
        raise StripeRefusal("Invalid object", param=name)
    unknown = [_inside(name, key) for key in value if key not in schema]
    if unknown:
        words = f"Received unknown parameter: {unknown[0]}"
        raise StripeRefusal(words, param=unknown[0], code="parameter_unknown")
    return {key: _read(schema[key], inner, _inside(name, key)) for key, inner in value.items()}


def _list(kind: Any, value: Any, name: str) -> list[Any]:
    if value == "":
        return []
    if not isinstance(value, dict) or not all(key.isdigit() for key in value):
        raise StripeRefusal("Invalid array", param=name)
    ordered = sorted(value.items(), key=lambda pair: int(pair[0]))
    return [_read(kind, inner, _inside(name, key)) for key, inner in ordered]


def _inside(name: str, key: str) -> str:
    return f"{name}[{key}]" if name else key


def required(params: Params, name: str) -> Any:
    """The parameter, which has to be there and to say something."""
    value = params.get(name)
    if value is None or value == "" or value == []:
        raise StripeRefusal(f"Missing required param: {name}.", code="parameter_missing", param=name)
    return value


def one_of(value: str, allowed: Iterable[str], name: str) -> str:
    """``value``, which has to be one of ``allowed``."""
    choices = tuple(allowed)
    if value not in choices:
        raise StripeRefusal(f"Invalid {name}: must be one of {', '.join(choices)}", param=name)
    return value


def merged_metadata(old: dict[str, str], new: dict[str, str] | None) -> dict[str, str]:
    """Metadata after an update: an empty value removes its key, an empty mapping removes all."""
    if new is None:
        return old
    if new == {"": ""}:
        return {}
    return {key: value for key, value in (old | new).items() if value != ""}
