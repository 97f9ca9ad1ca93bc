"""Pure rules of the public accounts as files: the same sums as the page's, as CSV and JSON."""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import MAXYEAR, date
from typing import Any

from coopgov.core.money import Money
from coopgov.core.text import safe_cell
from coopgov.funding.rules.statement import HEADINGS, MonthSums

COLUMNS = ("month", "currency", "opening", *HEADINGS, "closing")
ENTRY_COLUMNS = ("entry", "day", "heading", "kind", "account", "amount", "currency", "bookings", "note")


def month_key(month: date) -> str:
    """``2026-11``: a month in addresses and files.

    >>> month_key(date(2026, 11, 1)), month_of_key("2026-11"), month_of_key("2026-13"), month_of_key("٢٠٢٦-11")
    ('2026-11', datetime.date(2026, 11, 1), None, None)
    """
    return f"{month:%Y-%m}"


def month_of_key(key: str) -> date | None:
    """The first day of the month that ``key`` names; None when it names none, or one that no month comes after."""
    try:
        found = date.fromisoformat(f"{key}-01") if len(key) == 7 and key.isascii() else None
    except ValueError:
        return None
    return found if found and found.year < MAXYEAR else None


def statement_rows(months: Iterable[MonthSums]) -> list[dict[str, str]]:
    """A row for each month: sums as plain decimals with a point, as they are shown."""
    return [
        {
            "month": month_key(sums.month),
            "currency": sums.closing.currency,
            **{name: sums.of(name).plain for name in ("opening", *HEADINGS, "closing")},
        }
        for sums in months
    ]


def as_csv(columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> str:
    """A table file; a cell that a spreadsheet would take for a formula begins with an apostrophe.

    Sums are numbers to a spreadsheet and stay as they are: ``-1.50`` is no formula.
    """
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow(columns)
    for row in rows:
        writer.writerow(cell(row.get(column, "")) for column in columns)
    return table.getvalue()


def cell(value: object) -> object:
    """``value`` as it stands in a table file: sums plain, text safe.

    >>> cell(Money(-150, "GBP")), cell("=1+1"), cell(7)
    ('-1.50', "'=1+1", 7)
    """
    return value.plain if isinstance(value, Money) else safe_cell(value)


def statement_csv(months: Iterable[MonthSums]) -> str:
    """The months of one or more currencies, one after the other."""
    rows = [{**vars(sums), "month": month_key(sums.month), "currency": sums.closing.currency} for sums in months]
    return as_csv(COLUMNS, rows)


def statement_json(months: Mapping[str, Sequence[MonthSums] | None]) -> str:
    """Per currency its months, oldest first; None for one whose sums are withheld."""
    facts: list[dict[str, Any]] = [
        {"currency": currency, "withheld": own is None, "months": statement_rows(own or ())}
        for currency, own in months.items()
    ]
    return json.dumps({"currencies": facts}, indent=1)
