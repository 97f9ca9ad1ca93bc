"""The count told step by step, from its result and nothing else, so that whoever recounts gets the same bytes."""

from collections.abc import Iterator, Mapping
from typing import Any

FRAME = frozenset(
    {"v", "method", "verdict", "winners", "cast", "counted", "roll_size", "tied", "ties", "tie_breaks", "reasons"}
)
"""What every result has and steps of their own tell; all else is a figure of the method."""


def transcript(result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The steps of ``result``, which is an outcome's ``to_plain()``, fresh or read back from a file.

    Each is a dict with ``step``: ``ballots`` (cast, roll_size, counted), ``figure`` (name, value; sorted by name),
    ``round`` (number from 1, tally, what else the method says of it), ``tie`` (between, purpose, by, chosen),
    ``reason`` (key, facts), ``verdict`` (verdict, winners, tied), in this order.
    """
    return [
        {"step": "ballots", **_those(result, "cast", "roll_size", "counted")},
        *({"step": "figure", "name": name, "value": result[name]} for name in _figures(result)),
        *_rounds(result),
        *({"step": "tie", **one} for one in result.get("tie_breaks", [])),
        *({"step": "reason", **one} for one in result["reasons"]),
        {"step": "verdict", **_those(result, "verdict", "winners", "tied")},
    ]


def _those(result: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: result[name] for name in names if name in result}


def _figures(result: Mapping[str, Any]) -> list[str]:
    told = FRAME | ({"rounds", "actions"} if _has_rounds(result) else set())
    return sorted(set(result) - told)


def _has_rounds(result: Mapping[str, Any]) -> bool:
    rounds = result.get("rounds")
    return isinstance(rounds, list) and all(isinstance(one, dict) for one in rounds)


def _rounds(result: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    if not _has_rounds(result):
        return
    actions = result.get("actions", [])
    for number, one in enumerate(result["rounds"], 1):
        said = {"action": actions[number - 1]} if number <= len(actions) else {}
        told = one if isinstance(one.get("tally"), dict) else {"tally": one}
        yield {**told, **said, "step": "round", "number": number}
