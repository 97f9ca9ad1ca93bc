"""A table of pairs (JSON): ``{"candidates": […], "pairwise": [[…]]}``, row above column; ballots are not in it."""

import json
from typing import Any

from coopgov.tally.ballot_file import BadFile, BallotFile


def read_pairwise(text: str) -> BallotFile:
    """The comparison in ``text``; ``options`` may stand for ``candidates``, ``ballots`` says how many were cast.

    Raises BadFile.
    """
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadFile(f"no JSON: {error}") from None
    if not isinstance(found, dict):
        raise BadFile("an object is expected")
    names: Any = found.get("candidates", found.get("options"))
    table: Any = found.get("pairwise")
    if not isinstance(names, list) or not all(isinstance(name, str) and name for name in names):
        raise BadFile("candidates have to be a list of names")
    if not names or len(set(names)) != len(names):
        raise BadFile("each candidate has to be named once")
    if not _is_table(table, len(names)):
        raise BadFile("pairwise has to be a square table of whole numbers, one row for each candidate")
    ballots = found.get("ballots")
    settings = {"ballots": ballots} if type(ballots) is int and ballots >= 0 else {}
    title = found.get("title")
    rows = tuple(tuple(row) for row in table)
    return BallotFile(title if isinstance(title, str) else "", tuple(names), table=rows, settings=settings)


def _is_table(table: object, size: int) -> bool:
    if not isinstance(table, list) or len(table) != size:
        return False
    rows_fit = all(isinstance(row, list) and len(row) == size for row in table)
    return rows_fit and all(type(cell) is int and cell >= 0 for row in table for cell in row)
