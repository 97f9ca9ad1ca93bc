"""Decisions for machines: the register as JSON, CSV and Atom, and the numbers of one proposal."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from markupsafe import escape

from coopgov.core.text import N_, safe_cell
from coopgov.core.time import utc_text
from coopgov.decisions.models import ResultRow
from coopgov.decisions.queries.lists import DecisionLine
from coopgov.decisions.queries.proposals import Sheet
from coopgov.decisions.queries.validity import About
from coopgov.decisions.rules.stages import state_at
from coopgov.decisions.sentences import STATES, rule_words
from coopgov.decisions.validity import DEPARTS, RELATIONS, dates_for_machines, related, validity_words
from coopgov.infra.feeds import Entry, atom, tag_id
from coopgov.infra.i18n import gettext as _

VERDICTS = ("passed", "decided", "failed", "no_quorum", "undecided", "tied")
FILTERS = {"open": N_("Open"), **{key: STATES[key] for key in VERDICTS}}
"""What the register can be narrowed to, with its word."""

SIDES = ("agree", "abstain", "disagree", "block")
COLUMNS = (
    *("id", "title", "group", "state", "verdict", "opened", "closes", "on_roll", "cast"),
    *SIDES,
    "address",
    *("status", "review_on", "in_force_until"),
    *RELATIONS,
    *("outcome", "departs", "departs_reason"),
)

Abouts = Mapping[int, About]


def as_json(lines: Sequence[DecisionLine], abouts: Abouts, base_url: str) -> str:
    """The register as a JSON list, one object for each decision."""
    rows = [_fields(line, base_url) | about_fields(abouts[line.id]) for line in lines]
    return json.dumps(rows, ensure_ascii=False, indent=1)


def as_csv(lines: Sequence[DecisionLine], abouts: Abouts, base_url: str) -> str:
    """The register as a table; a cell that a spreadsheet would take for a formula begins with an apostrophe.

    Of several related decisions the numbers are set apart by spaces.
    """
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow(COLUMNS)
    for line in lines:
        row = _fields(line, base_url) | about_fields(abouts[line.id])
        writer.writerow(_cell(row[column]) for column in COLUMNS)
    return table.getvalue()


def _cell(value: Any) -> object:
    return safe_cell(" ".join(map(str, value)) if isinstance(value, list) else value)


def about_fields(about: About) -> dict[str, Any]:
    """What stands of a decision beside its count: status, days, numbers of related decisions, the outcome's text."""
    outcome = about.outcome
    return {
        **dates_for_machines(about.validity),
        **{kind: related(about, kind) for kind in RELATIONS},
        "outcome": outcome.source if outcome else None,
        "departs": bool(outcome and outcome.departs),
        "departs_reason": outcome.departs_reason if outcome and outcome.departs else None,
    }


def as_atom(
    lines: Sequence[DecisionLine], abouts: Abouts, coop: str, base_url: str, founded: datetime, query: str
) -> bytes:
    """The register as an Atom feed; an entry is renewed when its result is there, and when anything is recorded of it.

    ``query`` is what it was narrowed by, as it stands in its address.
    """
    title = _("%(coop)s: decisions", coop=coop)
    entries = [_entry(line, abouts[line.id], base_url) for line in lines]
    page, own = (f"{base_url}/decisions{ending}{query}" for ending in ("", ".atom"))
    return atom(title, page, own, founded, entries)


def results(sheet: Sheet, plain: Mapping[str, Any] | None, about: About, base_url: str, now: datetime) -> str:
    """The numbers of one proposal as JSON: method, options, rule, roll, and the result as far as it may be seen (None
    else), once it is closed with its digest, and what has become of it."""
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
        **about_fields(about),
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
        **{choice: counts.get(choice) for choice in SIDES},
        "address": base_url + line.path,
    }


def _entry(line: DecisionLine, about: About, base_url: str) -> Entry:
    opened = line.opened_at or line.closes_at
    changed = [at for at in (line.closed_at, about.changed_at) if at]
    return Entry(
        # the ids that the co-op's own feed gives: the proposal is one thing, the decision another
        id=tag_id(base_url, line.closed_at or opened, f"{'decision' if line.closed_at else 'proposal'}/{line.id}"),
        title=f"{line.tag_label}: {line.title}",
        url=base_url + line.path,
        published=opened,
        updated=max(changed, default=opened),
        author=line.public_name,
        html=_told(about) + line.html,
    )


def _told(about: About) -> str:
    """What has become of it and what follows, above what was proposed; HTML."""
    told = [validity_words(about.validity), *_relations(about)]
    if about.outcome and about.outcome.departs:
        told.append(f"{_(DEPARTS)}: {about.outcome.departs_reason}")
    paragraphs = "".join(f"<p><strong>{escape(words)}</strong></p>\n" for words in told if words)
    return paragraphs + (f"{about.outcome.html}\n<hr>\n" if about.outcome else "")


def _relations(about: About) -> list[str]:
    return [f"{_(RELATIONS[one.kind])}: {one.other.title}" for one in about.relations]


def _instant(instant: datetime | None) -> str | None:
    return utc_text(instant) if instant else None
