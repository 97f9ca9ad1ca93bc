"""What stands beside a published record: every ballot to look at, how to check the result, and both as files."""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from coopgov.core.errors import NotFound
from coopgov.core.text import safe_cell
from coopgov.core.viewer import Viewer
from coopgov.decisions.models import Closing, Proposal
from coopgov.decisions.paper import paper_of
from coopgov.decisions.paper_words import whole_choices
from coopgov.decisions.queries import rolls
from coopgov.decisions.sentences import option_words
from coopgov.infra.db import db
from coopgov.infra.settings import site_url
from coopgov.tally.ballot_file import BallotFile
from coopgov.tally.canonical import canonical
from coopgov.tally.files.blt import write_blt
from coopgov.tally.methods import METHODS
from coopgov.tally.record import SECRET, AnyBallot, tracker
from coopgov.tally.vote import Shape

RANKED = (Shape.RANKING, Shape.LEVELS)

SECRET_COLUMNS = ("tracker", "choice", "choice_in_words", "nonce", "mark")
NAMED_COLUMNS = ("tracker", "voter", "through", "name", "choice", "choice_in_words", "reason", "nonce")


@dataclass(frozen=True, slots=True)
class Line:
    """A ballot as it is listed: its tracker, its choice in words, and the rest as the record holds it."""

    tracker: str
    said: str
    ballot: AnyBallot


def ballot_lines(proposal: Proposal, ballots: Iterable[AnyBallot]) -> list[Line]:
    """The published ``ballots`` by tracker, which tells nothing of when one came."""
    ballots = list(ballots)
    said = whole_choices(paper_of(proposal), (ballot["choice"] for ballot in ballots))
    lines = [Line(tracker(ballot), words, ballot) for ballot, words in zip(ballots, said, strict=True)]
    return sorted(lines, key=lambda line: line.tracker)


# Pages


def ballots_facts(proposal: Proposal, ballots: Iterable[AnyBallot], viewer: Viewer) -> dict[str, Any]:
    """What templates/decisions/ballots.html needs. ``mine``: the tracker of the viewer's own ballot, of votes by name
    only; nobody knows it of a secret one."""
    lines, is_secret = ballot_lines(proposal, ballots), proposal.secrecy == SECRET
    mine = "" if is_secret or not viewer.is_signed_in else _mine(proposal, viewer, lines)
    return {
        "proposal": proposal,
        "lines": lines,
        "is_secret": is_secret,
        "mine": mine,
        "has_marks": any("mark" in line.ballot for line in lines),
        "is_ranked": is_ranked(proposal),
    }


def _mine(proposal: Proposal, viewer: Viewer, lines: Sequence[Line]) -> str:
    entry = rolls.entry_of(proposal.id, viewer.party_id)
    leaf = entry.leaf if entry else None
    return next((line.tracker for line in lines if line.ballot.get("voter") == leaf), "")


def check_facts(proposal: Proposal) -> dict[str, Any]:
    """What templates/decisions/check.html needs: M, D, what else was fixed, and the addresses of the record."""
    assert proposal.manifest is not None
    closing = db.session.get_one(Closing, proposal.id)
    return {
        "proposal": proposal,
        "terms": proposal.manifest,
        "m": proposal.manifest_hash,
        "d": closing.digest,
        "cast": closing.plain["n"],
        "is_secret": proposal.secrecy == SECRET,
        "is_signed": bool(closing.signature),
        "address": site_url(f"/p/{proposal.id}"),
    }


# Files


def is_ranked(proposal: Proposal) -> bool:
    """Whether its ballots rank, so that an election file can hold them."""
    return METHODS[proposal.method].shape in RANKED


def as_csv(proposal: Proposal, ballots: Iterable[AnyBallot]) -> str:
    """One row for each ballot, by tracker; ``choice`` as JSON, exactly as in the record. A cell that a spreadsheet
    would take for a formula begins with an apostrophe."""
    columns = SECRET_COLUMNS if proposal.secrecy == SECRET else NAMED_COLUMNS
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow(columns)
    for line in ballot_lines(proposal, ballots):
        cells = {**line.ballot, "tracker": line.tracker, "choice_in_words": line.said}
        cells["choice"] = canonical(line.ballot["choice"]).decode()
        writer.writerow(safe_cell(cells.get(column, "")) for column in columns)
    return table.getvalue()


def as_blt(proposal: Proposal, ballots: Iterable[AnyBallot]) -> str:
    """The rankings as an election file, equal ones counted together. Raises NotFound for other kinds of ballots.

    Whatever counts it needs the method and the rule for ties from elsewhere, and draws other lots.
    """
    if not is_ranked(proposal):
        raise NotFound
    rankings = Counter(_levels(ballot["choice"]) for ballot in ballots)
    names = list(option_words(proposal.ballot_options).values())
    settings = {key: value for key, value in proposal.settings.items() if key in ("seats", "withdrawn")}
    options = tuple(option.id for option in proposal.ballot_options)
    return write_blt(BallotFile(proposal.title, options, rankings, settings=settings), names)


def _levels(choice: Sequence[Any]) -> tuple[tuple[str, ...], ...]:
    return tuple((level,) if isinstance(level, str) else tuple(level) for level in choice)
