"""The accounts for everybody: how each month adds up, drawn and tabled, and the nameless bookings behind each sum."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, render_template, request
from markupsafe import Markup

from coopgov.core.errors import NotFound
from coopgov.core.viewer import Viewer
from coopgov.funding.drawing import Chart, PoundBar, chart, pound_bar
from coopgov.funding.queries import finances as queries
from coopgov.funding.queries.finances import Accounts, BookedLine, FewLines, Wanted
from coopgov.funding.rules.ledger import ACCOUNTS, KINDS
from coopgov.funding.rules.statement import HEADINGS, MonthSums, month_of
from coopgov.funding.rules.statement_files import (
    ENTRY_COLUMNS,
    as_csv,
    month_key,
    month_of_key,
    statement_csv,
    statement_json,
)
from coopgov.infra.web.access import PUBLIC, allow
from coopgov.infra.web.layout import coop_profile
from coopgov.infra.web.moment import received_at
from coopgov.infra.web.pages import paged, public_page, show_to_all
from coopgov.infra.web.panels import Panel

bp = Blueprint("finances", __name__)
ENTRIES_A_PAGE = 100


@dataclass(frozen=True)
class Section:
    """One currency on the page; ``months`` are those of the year, newest first."""

    accounts: Accounts
    months: Sequence[MonthSums]
    chart: Chart | None
    pound: PoundBar | None

    @property
    def has_other(self) -> bool:
        """True when something else than usual moved in these months."""
        return any(sums.other for sums in self.months)

    @property
    def newest(self) -> MonthSums:
        """The month that the accounts end with."""
        return self.accounts.months[-1]


def _today() -> date:
    return received_at().astimezone(ZoneInfo(coop_profile().zone)).date()


def _stamp() -> tuple[int, int, date]:
    """What is booked, and the month that the accounts end with."""
    return queries.ledger_stamp(), coop_profile().version, month_of(_today())


@bp.get("/finances")
@allow(PUBLIC)
def finances() -> Response:
    return show_to_all("funding/finances.html", _stamp(), _page)


def _page() -> dict[str, Any]:
    found = queries.accounts(_today())
    years = sorted({sums.month.year for own in found for sums in own.months}, reverse=True)
    asked = request.args.get("year", type=int)
    year = asked if asked in years else max(years, default=0)
    return {
        "sections": [_section(own, year) for own in found],
        "years": years,
        "year": year,
        "this_month": month_of(_today()),
        "headings": HEADINGS,
        "month_key": month_key,
    }


def _section(own: Accounts, year: int) -> Section:
    until = [sums for sums in own.months if sums.month.year <= year]
    of_year = [sums for sums in until if sums.month.year == year]
    return Section(own, of_year[::-1], chart(until), pound_bar(of_year))


@bp.get("/finances.csv")
@allow(PUBLIC)
def finances_csv() -> Response:
    return _file("finances.csv", lambda: statement_csv([s for own in queries.accounts(_today()) for s in own.months]))


@bp.get("/finances.json")
@allow(PUBLIC)
def finances_json() -> Response:
    return public_page(_stamp(), _json, "application/json")


def _json() -> str:
    found = queries.accounts(_today())
    return statement_json({own.currency: None if own.is_withheld else own.months for own in found})


def _file(name: str, body: Any) -> Response:
    response = public_page(_stamp(), body, "text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@bp.get("/finances/entries")
@allow(PUBLIC)
def entries() -> Response:
    wanted = _wanted()
    if wanted.month is None or not wanted.heading or not wanted.currency:
        raise NotFound
    return show_to_all("funding/entries.html", _stamp(), lambda: _entries(wanted))


def _entries(wanted: Wanted) -> dict[str, Any]:
    withheld = queries.is_withheld(wanted.currency)
    few = [] if withheld else queries.few_lines(wanted)
    page = paged(0 if withheld else queries.line_count(wanted, few), ENTRIES_A_PAGE)
    lines = queries.lines(wanted, few, page.size, page.first) if page.total else []
    facts = {"wanted": wanted, "withheld": withheld, "few": few, "lines": lines, "page": page}
    words = {"kinds": KINDS, "accounts": ACCOUNTS, "heading": HEADINGS[wanted.heading]}
    return facts | words | {"month_key": month_key}


@bp.get("/finances/entries.csv")
@allow(PUBLIC)
def entries_csv() -> Response:
    wanted = _wanted()
    return _file("entries.csv", lambda: _entries_csv(*queries.public_lines(wanted)))


def _entries_csv(lines: Sequence[BookedLine], few: Sequence[FewLines]) -> str:
    single = [{**vars(line), "entry": line.entry_id, "currency": line.amount.currency, "bookings": 1} for line in lines]
    summed = [
        {**vars(some), "day": month_key(some.month), "currency": some.amount.currency, "bookings": some.number}
        for some in few
    ]
    return as_csv(ENTRY_COLUMNS, [*single, *summed])


def _wanted() -> Wanted:
    """What the address asks for; raises NotFound for a month or heading that cannot be."""
    month, heading = request.args.get("month", ""), request.args.get("heading", "")
    first = month_of_key(month)
    if (month and first is None) or (heading and heading not in HEADINGS):
        raise NotFound
    return Wanted(first, heading, request.args.get("currency", "")[:3])


# One line on the home page


def _on_home(_viewer: Viewer, _subject: int) -> Markup:
    today = _today()
    found = [own for own in queries.accounts(today) if len(own.months) > 1]
    if not found:
        return Markup()
    return Markup(render_template("funding/_home.html", months=[own.months[-2] for own in found]))  # noqa: S704


PANELS: tuple[Panel, ...] = (Panel("home.side", _on_home),)  # its age is part of public.queries.public_stamp
