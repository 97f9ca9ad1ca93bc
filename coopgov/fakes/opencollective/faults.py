"""What can go wrong, on demand."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

REFUSALS = {"429": 429, "500": 500, "502": 502, "503": 503}
SPOILT = ("errors", "null_node", "fraction", "negative", "currency", "kind")
KINDS = (*REFUSALS, *SPOILT, "timeout", "html", "cut")


@dataclass
class Fault:
    """``kind`` happens ``times`` times, after ``after`` answers without it. ``seconds``: how long a timeout takes."""

    kind: str
    times: int = 1
    after: int = 0
    seconds: float = 30.0


@dataclass
class Faults:
    """Those that wait, in order."""

    waiting: list[Fault] = field(default_factory=list)

    def ask_for(self, wanted: Any, times: Any = 1, after: Any = 0, seconds: Any = 30) -> Fault:
        """Queues one; raises ValueError for a kind that does not exist."""
        if str(wanted) not in KINDS:
            raise ValueError(f"No fault {wanted}: one of {', '.join(KINDS)}")
        made = Fault(str(wanted), int(times), int(after), float(seconds))
        self.waiting.append(made)
        return made

    def next(self) -> Fault | None:
        """What happens to the next answer."""
        if not self.waiting:
            return None
        first = self.waiting[0]
        if first.after:
            first.after -= 1
            return None
        first.times -= 1
        if first.times <= 0:
            self.waiting.pop(0)
        return first


def spoil(kind: str, body: dict[str, Any]) -> dict[str, Any]:
    """``body`` with one thing wrong in it: in the first node of the first list, or beside the data."""
    if kind == "errors":
        error = {"message": "Something went wrong", "extensions": {"code": "INTERNAL_SERVER_ERROR"}}
        return {**body, "errors": [error]}
    nodes = next(_lists(body), None)
    if not nodes:
        return body
    if kind == "null_node":
        nodes[0] = None
    elif kind == "kind":
        nodes[0]["kind" if "kind" in nodes[0] else "status"] = "MYSTERY"
    else:
        for amount in _amounts(nodes[0]):
            _spoil_amount(kind, amount)
    return body


def _spoil_amount(kind: str, amount: dict[str, Any]) -> None:
    if kind == "currency":
        amount["currency"] = "ZZZ"
    elif kind == "negative":
        amount["valueInCents"] = -amount["valueInCents"]
    else:
        amount["valueInCents"] += 0.5


def _lists(value: Any) -> Iterator[list[Any]]:
    for inner in _inside(value):
        if isinstance(inner, dict) and inner.get("nodes"):
            yield inner["nodes"]


def _amounts(value: Any) -> Iterator[dict[str, Any]]:
    return (inner for inner in _inside(value) if isinstance(inner, dict) and "valueInCents" in inner)


def _inside(value: Any) -> Iterator[Any]:
    yield value
    for inner in value.values() if isinstance(value, dict) else ():
        yield from _inside(inner)
