"""Pabulib (.pb), the format of participatory budgets: META, PROJECTS and VOTES, separated by semicolons.

Source: pabulib.org/format. Approval, ordinal, cumulative and scoring ballots are read.
"""

import csv
import io
from collections import Counter
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from coopgov.tally.ballot_file import BadFile, BallotFile, Levels

SECTIONS = ("META", "PROJECTS", "VOTES")


def read_pabulib(text: str) -> BallotFile:
    """The budget in ``text``. Options are project ids; ``costs``, ``budget``, ``budget_per_ballot`` and ``most_on_one``
    stand in the settings where the file has them. Raises BadFile."""
    sections = _sections(text)
    meta = {row["key"]: row.get("value", "") for row in sections["META"] if row.get("key")}
    costs = {row["project_id"]: _whole(row.get("cost", ""), "cost") for row in sections["PROJECTS"]}
    if len(costs) != len(sections["PROJECTS"]):
        raise BadFile("two projects have the same id")
    settings: dict[str, Any] = {"costs": costs}
    named = {"budget": "budget", "max_sum_points": "budget_per_ballot", "max_points": "most_on_one"}
    settings |= {name: _whole(meta[key], key) for key, name in named.items() if meta.get(key)}
    kind = meta.get("vote_type", "approval")
    title = meta.get("description", "")
    readers = {"approval": _picks, "ordinal": _ranking, "cumulative": _points, "scoring": _points}
    if kind not in readers:
        raise BadFile(f"ballots of type {kind!r} cannot be read")
    box: Counter[Any] = Counter()
    for number, row in enumerate(sections["VOTES"], 1):
        try:
            box[readers[kind](row, costs)] += 1
        except (KeyError, ValueError):
            raise BadFile(f"vote {number} cannot be read") from None
    held: dict[str, Any] = {{"approval": "picks", "ordinal": "rankings"}.get(kind, "points"): box}
    return BallotFile(title, tuple(costs), settings=settings, **held)


def _sections(text: str) -> dict[str, list[dict[str, str]]]:
    found: dict[str, list[dict[str, str]]] = {name: [] for name in SECTIONS}
    here = ""
    header: list[str] = []
    for row in csv.reader(io.StringIO(text), delimiter=";"):
        cells = [cell.strip() for cell in row]
        if not any(cells):
            continue
        if len(cells) == 1 and cells[0].upper() in SECTIONS:
            here, header = cells[0].upper(), []
        elif not here:
            raise BadFile("the file has to begin with META")
        elif not header:
            header = cells
        else:
            found[here].append(dict(zip(header, cells, strict=False)))
    if not found["PROJECTS"] or not all(row.get("project_id") for row in found["PROJECTS"]):
        raise BadFile("there are no projects with ids")
    return found


def _whole(text: str, name: str) -> int:
    try:
        value = Decimal(text.replace(" ", "").replace(",", "."))
    except InvalidOperation:
        raise BadFile(f"{name} {text!r} is no number") from None
    if not value.is_finite() or value != value.to_integral_value() or value < 0:
        raise BadFile(f"{name} {text!r} is no whole number")
    return int(value)


def _named(row: Mapping[str, str], costs: Mapping[str, int]) -> list[str]:
    named = [word.strip() for word in row["vote"].split(",") if word.strip()]
    if len(set(named)) != len(named) or not set(named) <= set(costs):
        raise ValueError(row["vote"])
    return named


def _picks(row: Mapping[str, str], costs: Mapping[str, int]) -> tuple[str, ...]:
    named = set(_named(row, costs))
    return tuple(option for option in costs if option in named)


def _ranking(row: Mapping[str, str], costs: Mapping[str, int]) -> Levels:
    return tuple((option,) for option in _named(row, costs))


def _points(row: Mapping[str, str], costs: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    named = _named(row, costs)
    given = [word.strip() for word in row.get("points", "").split(",") if word.strip()]
    if len(given) != len(named):
        raise ValueError("as many points as projects")
    points = dict(zip(named, [_whole(word, "points") for word in given], strict=True))
    return tuple((option, points[option]) for option in costs if option in points)
