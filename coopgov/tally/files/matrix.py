"""A table of ranks (CSV): the first line names the options, every other line is a ballot, a cell is a rank from 1 on.

Equal ranks are equals. An empty cell, a dash and words such as "No opinion" leave the option out.
"""

import csv
import io
from collections import Counter

from coopgov.tally.ballot_file import BadFile, BallotFile, Levels

LEFT_OUT = {"", "-", "no opinion", "none", "n/a", "na"}


def read_matrix(text: str) -> BallotFile:
    """The election in ``text``; raises BadFile."""
    try:
        rows = list(csv.reader(io.StringIO(text), strict=True))
    except csv.Error as error:
        raise BadFile(str(error)) from None
    rows = [row for row in rows if row]
    if not rows:
        raise BadFile("the file is empty")
    options = tuple(name.strip() for name in rows[0])
    if not all(options) or len(set(options)) != len(options):
        raise BadFile("line 1 has to name each option once")
    box: Counter[Levels] = Counter()
    for number, row in enumerate(rows[1:], 2):
        if len(row) != len(options):
            raise BadFile(f"line {number} has {len(row)} cells for {len(options)} options")
        box[_levels(options, row, number)] += 1
    return BallotFile("", options, box)


def _levels(options: tuple[str, ...], row: list[str], number: int) -> Levels:
    ranks: dict[int, list[str]] = {}
    for option, cell in zip(options, row, strict=True):
        written = cell.strip()
        if written.casefold() in LEFT_OUT:
            continue
        if not written.isascii() or not written.isdigit() or int(written) < 1:
            raise BadFile(f"line {number}: {written!r} is no rank")
        ranks.setdefault(int(written), []).append(option)
    return tuple(tuple(ranks[rank]) for rank in sorted(ranks))
