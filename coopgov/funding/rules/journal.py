"""Pure rules of the ledger as files for other programs: hledger's journal, and a table.

Format: https://hledger.org/dev/hledger.html#journal (journal format), read 2026; every amount is written out, so that
hledger checks each entry's sum by itself.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from coopgov.core.money import Money, decimals_of
from coopgov.core.text import one_line
from coopgov.core.time import utc_text
from coopgov.funding.rules.ledger import Line
from coopgov.funding.rules.statement_files import as_csv

COLUMNS = (
    *("entry", "day", "written", "kind", "source", "reference", "account", "amount", "currency"),
    *("payment", "who", "reverses", "note"),
)
_NOT_IN_DESCRIPTIONS = re.compile(r"[;|]")  # a comment begins, a payee ends


@dataclass(frozen=True)
class Booked:
    """An entry as it stands in the ledger, with its lines. ``who``: the party or payer behind it; empty for nobody."""

    id: int
    ref: str
    kind: str
    source: str
    day: date
    written_at: datetime
    lines: Sequence[Line]
    payment: int | None = None
    who: str = ""
    reverses: int | None = None
    note: str = ""


def journal(entries: Iterable[Booked], currencies: Iterable[str]) -> str:
    """The entries as a journal that hledger reads, in the order given. No names: it may be handed on."""
    head = ["; the ledger of a co-op, as kept by coopgov", "decimal-mark ."]
    head += [f"commodity {_sample(currency)}" for currency in sorted(currencies)]
    return "\n".join([*head, *("\n" + _transaction(entry) for entry in entries)]) + "\n"


def _sample(currency: str) -> str:
    return f"1000.{'0' * decimals_of(currency)} {currency}"


def _transaction(entry: Booked) -> str:
    words = one_line(f"{entry.kind} {entry.note}")
    undo = f", undoes:{entry.reverses}" if entry.reverses else ""
    head = f"{entry.day.isoformat()} * ({entry.id}) {_NOT_IN_DESCRIPTIONS.sub(',', words)}"
    comment = f"    ; ref:{entry.ref}{undo}"
    lines = [f"    {line.account}  {line.amount.plain} {line.amount.currency}" for line in entry.lines]
    return "\n".join([head, comment, *lines])


def table(entries: Iterable[Booked]) -> str:
    """A row for each line of each entry, for the treasurer's spreadsheet: with names, and without formulas."""
    return as_csv(COLUMNS, (_row(entry, line) for entry in entries for line in entry.lines))


def _row(entry: Booked, line: Line) -> dict[str, str | int | Money | None]:
    return {
        "entry": entry.id,
        "day": entry.day.isoformat(),
        "written": utc_text(entry.written_at),
        "kind": entry.kind,
        "source": entry.source,
        "reference": entry.ref,
        "account": line.account,
        "amount": line.amount,
        "currency": line.amount.currency,
        "payment": entry.payment,
        "who": entry.who,
        "reverses": entry.reverses,
        "note": entry.note,
    }
