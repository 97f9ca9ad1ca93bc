"""Counting an election file by any method: what the `coopgov count` command does, without a database."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from coopgov.tally.ballot_file import BadFile, BallotFile
from coopgov.tally.count import tally_distinct
from coopgov.tally.files.blt import read_blt
from coopgov.tally.files.matrix import read_matrix
from coopgov.tally.files.pabulib import read_pabulib
from coopgov.tally.files.pairwise import read_pairwise
from coopgov.tally.methods import METHODS
from coopgov.tally.methods.condorcet import Schulze
from coopgov.tally.rule import Rule, Threshold
from coopgov.tally.vote import Election, Manifest, Shape

READERS = {".blt": read_blt, ".csv": read_matrix, ".json": read_pairwise, ".pb": read_pabulib}
ALIASES = {
    "dots": "dot",
    "stv": "stv-scottish",
    "stv-meek": "meek",
    "ranked_pairs": "ranked-pairs",
    "mes": "equal-shares",
}
UNFILED = (Shape.ONE, Shape.NONE)
"""Shapes of ballots that no kind of file holds."""
STRICT = ("irv", "stv-scottish", "stv-wigm", "meek")
PAIRED = ("schulze", "ranked-pairs")


class CannotCount(ValueError):
    """This file does not go with this method; the text says why."""


@dataclass(frozen=True, slots=True)
class Asked:
    """How a file is to be counted; None leaves it to the file, or to the method."""

    method: str
    seats: int | None = None
    decimals: int | None = None
    unranked: str | None = None
    default_option: str | None = None
    budget_per_ballot: int | None = None
    ties: str | None = None
    seed: str | None = None


def method_names() -> list[str]:
    """Methods that files can be counted by."""
    elect = {name for name, method in METHODS.items() if method.decides and method.shape not in UNFILED}
    return sorted({*elect, *ALIASES})


def read_file(text: str, ending: str) -> BallotFile:
    """The election in ``text``, read by the file name's ending; raises BadFile."""
    reader = READERS.get(ending.lower())
    if reader is None:
        raise BadFile(f"files that end in {ending or 'nothing'} cannot be read: {', '.join(READERS)} can")
    return reader(text.removeprefix("\ufeff"))


def count_file(file: BallotFile, asked: Asked) -> dict[str, Any]:
    """The result as `coopgov count --json` prints it. Raises CannotCount."""
    name = ALIASES.get(asked.method, asked.method)
    box, extra = _box(file, name, asked)
    settings = _settings(file, name, asked)
    cast = sum(box.values()) if box else file.settings.get("ballots", 0)
    manifest = _manifest(name, file, settings, max(1, cast))
    try:
        if file.table:
            found = _from_table(manifest, file, cast, asked.seed)
        else:
            result = tally_distinct(manifest, box, asked.seed)
            assert isinstance(result, Election)
            found = result
    except ValueError as error:
        raise CannotCount(str(error)) from error
    return {
        "title": file.title,
        "candidates": list(file.options),
        "seats": settings.get("seats", 1),
        **found.to_plain(),
        **extra,
    }


def _manifest(name: str, file: BallotFile, settings: Mapping[str, Any], roll_size: int) -> Manifest:
    try:
        return Manifest(name, file.options, Rule(Threshold(Fraction(1, 2))), roll_size, settings)
    except ValueError as error:
        raise CannotCount(str(error)) from error


def _settings(file: BallotFile, name: str, asked: Asked) -> dict[str, Any]:
    known = getattr(METHODS[name], "settings", {})
    wanted = {
        "seats": asked.seats or file.settings.get("seats"),
        "decimals": asked.decimals,
        "unranked": asked.unranked,
        "default_option": asked.default_option,
        "ties": asked.ties,
        "withdrawn": file.settings.get("withdrawn"),
    }
    if name == "dot":
        wanted["budget"] = asked.budget_per_ballot or file.settings.get("budget_per_ballot")
        wanted["most_on_one"] = file.settings.get("most_on_one")
    if name == "equal-shares":
        wanted |= {"budget": file.settings.get("budget"), "costs": file.settings.get("costs")}
    given = {key: value for key, value in wanted.items() if value is not None}
    for key in ("decimals", "unranked", "default_option"):
        if key in given and key not in known:
            raise CannotCount(f"{name} knows no {key.replace('_', ' ')}")
    return {key: value for key, value in given.items() if key in known}


def _box(file: BallotFile, name: str, asked: Asked) -> tuple[dict[Any, int], dict[str, Any]]:
    """Ballots in the form that the method counts, and what the file alone can tell."""
    if file.table:
        if name not in PAIRED:
            raise CannotCount(f"a table of pairs cannot be counted by {name}")
        return {}, {}
    if name in STRICT:
        return _needed(file.strict(), file.rankings, name), {}
    if name in PAIRED:
        return _needed(dict(file.rankings), file.rankings, name), {}
    if name in ("dot", "score"):
        return _within_budget(_needed(dict(file.points), file.points, name), file, name, asked)
    return file.approved(), {}


def _needed(box: dict[Any, int], there: Mapping[Any, int], name: str) -> dict[Any, int]:
    if not there:
        raise CannotCount(f"the file has no ballots that {name} can count")
    return box


def _within_budget(
    box: dict[Any, int], file: BallotFile, name: str, asked: Asked
) -> tuple[dict[Any, int], dict[str, Any]]:
    """Ballots that spend too much are left out, and said to be; never trimmed."""
    budget = asked.budget_per_ballot or file.settings.get("budget_per_ballot")
    if name != "dot" or budget is None:
        return box, {}
    good = {pairs: n for pairs, n in box.items() if sum(value for _, value in pairs) <= budget}
    return good, {"ballots_over_budget": sum(box.values()) - sum(good.values()), "voters": sum(good.values())}


def _from_table(manifest: Manifest, file: BallotFile, cast: int, seed: str | None) -> Election:
    method = METHODS[manifest.method]
    assert isinstance(method, Schulze)
    method.check(manifest)
    pairs = max((file.table[i][j] + file.table[j][i] for i in range(len(file.table)) for j in range(i)), default=0)
    cast = max(cast, pairs)
    whole = Manifest(manifest.method, manifest.options, manifest.rule, max(1, cast), manifest.settings)
    return method.count_table(whole, [list(row) for row in file.table], cast, cast, seed)
