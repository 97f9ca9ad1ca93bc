"""Decisions for machines: the register as JSON, CSV and Atom, and the numbers of one proposal."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from coopgov.core.text import N_, safe_cell
from coopgov.core.time import utc_text
from coopgov.decisions.models import ResultRow
from coopgov.decisions.queries.lists import DecisionLine
from coopgov.decisions.queries.proposals import Sheet
from coopgov.decisions.rules.stages import state_at
from coopgov.decisions.sentences import CHOICES, STATES, rule_words
from coopgov.infra.feeds import Entry, atom, tag_id
from coopgov.infra.i18n import gettext as _

FILTERS = {"open": N_("Open"), **{key: STATES[key] for key in ("passed", "failed", "no_quorum", "undecided", "tied")}}
"""What the register can be narrowed to, with its word."""

COLUMNS = (
    *("id", "title", "group", "state", "verdict", "opened", "closes", "on_roll", "cast"),
    *CHOICES,
    "address",
)


def as_json(lines: Sequence[DecisionLine], base_url: str) -> str:
    """The register as a JSON list, one object for each decision."""
    return json.dumps([_fields(line, base_url) for line in lines], ensure_ascii=False, indent=1)


def as_csv(lines: Sequence[DecisionLine], base_url: str) -> str:
    """The register as a table; a cell that a spreadsheet would take for a formula begins with an apostrophe."""
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow(COLUMNS)
    for line in lines:
        writer.writerow(safe_cell(_fields(line, base_url)[column]) for column in COLUMNS)
    return table.getvalue()


def as_atom(lines: Sequence[DecisionLine], coop: str, base_url: str, founded: datetime) -> bytes:
    """The register as an Atom feed; an entry is renewed when its result is there."""
    title = _("%(coop)s: decisions", coop=coop)
    entries = [_entry(line, base_url) for line in lines]
    return atom(title, f"{base_url}/decisions", f"{base_url}/decisions.atom", founded, entries)


def results(sheet: Sheet, plain: Mapping[str, Any] | None, base_url: str, now: datetime) -> str:
    """The numbers of one proposal as JSON: method, options, rule, roll, and the result as far as it may be seen (None
    else), once it is closed with its digest."""
    proposal, rule = sheet.proposal, sheet.rule
    facts = {
        "id": proposal.id,
        "title": proposal.title,
        "address": base_url + proposal.path,
        "state": state_at(proposal, now),
        "opened": _instant(proposal.opened_at),
        "closes": _instant(proposal.closes_at),
        "method": proposal.method,
        "options": proposal.options,
        "secrecy": proposal.secrecy,
        "rule": proposal.rule,
        "rule_in_words": rule_words(rule),
        "on_roll": proposal.roll_size,
        "cast": plain["cast"] if plain else None if proposal.opened_at else 0,
        "counts": plain.get("counts", {}) if plain else {},
        "result": _result(sheet.result),
    }
    return json.dumps(facts, ensure_ascii=False, indent=1)


def _result(row: ResultRow | None) -> dict[str, Any] | None:
    return {**row.plain, "digest": row.digest, "counted": _instant(row.counted_at)} if row else None


def _fields(line: DecisionLine, base_url: str) -> dict[str, Any]:
    counts = {row.key: row.count for row in line.result.rows} if line.result else {}
    return {
        "id": line.id,
        "title": line.title,
        "group": line.group_name,
        "state": line.state,
        "verdict": line.verdict or None,
        "opened": _instant(line.opened_at),
        "closes": _instant(line.closes_at),
        "on_roll": line.roll_size,
        "cast": line.cast,
        **{choice: counts.get(choice) for choice in CHOICES},
        "address": base_url + line.path,
    }


def _entry(line: DecisionLine, base_url: str) -> Entry:
    opened = line.opened_at or line.closes_at
    return Entry(
        # the ids that the co-op's own feed gives: the proposal is one thing, the decision another
        id=tag_id(base_url, line.closed_at or opened, f"{'decision' if line.closed_at else 'proposal'}/{line.id}"),
        title=f"{line.tag_label}: {line.title}",
        url=base_url + line.path,
        published=opened,
        updated=line.closed_at or opened,
        author=line.public_name,
        html=line.html,
    )


def _instant(instant: datetime | None) -> str | None:
    return utc_text(instant) if instant else None
