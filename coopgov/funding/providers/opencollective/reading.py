"""Reading Open Collective page by page: promises first, then money, and at the end what it says that it holds.

A cursor is plain JSON and holds all that a run needs to go on: ``phase``; ``since`` (None: from the beginning) and
``wide`` for the run; ``from``, ``offset`` and ``skip`` for the page; ``n``, the number of pages read.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from coopgov.config import Settings
from coopgov.core.money import Money
from coopgov.funding.providers.base import ProviderDown, ProviderRefused, RemotePledge, RemoteProblem, Snapshot
from coopgov.funding.providers.opencollective.client import Client, connected, first_error
from coopgov.funding.providers.opencollective.groups import SOURCE, Happenings, unreadable
from coopgov.funding.providers.opencollective.orders import STATES, pledge_of
from coopgov.funding.providers.opencollective.questions import MONEY, ORDERS
from coopgov.funding.providers.opencollective.rows import row_of
from coopgov.funding.providers.opencollective.sorting import Cut, Sorted, cut, sort_rows
from coopgov.funding.providers.opencollective.values import Unreadable, instant, money, of_our_shape

Cursor = dict[str, Any]
RECURRING, SINGLE, TRANSACTIONS, END = "recurring", "single", "transactions", "end"
NEXT = {RECURRING: SINGLE, SINGLE: TRANSACTIONS, TRANSACTIONS: END}
FREQUENCIES = {RECURRING: ["MONTHLY", "YEARLY"], SINGLE: ["ONETIME"]}
ORDERS_A_PAGE = 300  # so many objects go into one write
ROWS_A_PAGE = 900
OVERLAP = 10  # orders that are read twice
MARGIN = timedelta(hours=1)
SINGLES_STAY_OPEN = timedelta(days=120)  # a bank transfer may be awaited that long
TRIES = 3


@dataclass(frozen=True)
class Page:
    """What one page showed. ``left``: how many of its kind there were from here on; ``calm``: see Happenings."""

    snapshot: Snapshot
    after: Cursor
    done: int
    left: int
    calm: tuple[str, ...] = ()

    @property
    def is_last(self) -> bool:
        """True when the source is read to its end."""
        return bool(self.after["phase"] == END)


@dataclass(frozen=True)
class _List:
    """A list of nodes, missing ones None; ``account`` is what it belongs to, ``spoilt`` the places of nodes that an
    error is about, ``trouble`` an error about more than that."""

    nodes: list[dict[str, Any] | None]
    total: int
    account: Mapping[str, Any]
    spoilt: set[int]
    trouble: str

    @property
    def is_whole(self) -> bool:
        """True when nothing is missing."""
        return not self.trouble and not self.spoilt and None not in self.nodes


def first_cursor(since: datetime | None, wide: bool) -> Cursor:
    """Where a run begins that reads money from ``since`` on (None: all of it)."""
    start = since.isoformat() if since else None
    return {"phase": RECURRING, "since": start, "wide": wide, "from": None, "offset": 0, "skip": [], "n": 0}


def connect(settings: Settings) -> "OpenCollective | None":
    """The co-op's page at Open Collective; None when the settings name none."""
    return OpenCollective(connected(settings)) if settings.opencollective_slug else None


@dataclass(frozen=True)
class OpenCollective:
    """One collective, read through ``client``; nothing is changed there."""

    client: Client

    def read(self, cursor: Cursor, now: datetime) -> Page:
        """The page at ``cursor``. Raises ProviderBusy, ProviderDown, ProviderRefused; nothing is lost by it."""
        return self._read_money(cursor) if cursor["phase"] == TRANSACTIONS else self._read_orders(cursor, now)

    # Promises

    def _read_orders(self, cursor: Cursor, now: datetime) -> Page:
        variables = {"frequency": FREQUENCIES[cursor["phase"]], "status": list(STATES), "limit": ORDERS_A_PAGE}
        variables |= {"offset": cursor["offset"], "from": _orders_from(cursor)}
        found = self._ask(ORDERS, "orders", variables)
        pledges: list[RemotePledge] = []
        problems: list[RemoteProblem] = []
        for place, node in enumerate(found.nodes):
            try:
                with of_our_shape():
                    pledges.append(pledge_of(_unspoilt(found, place), now))
            except Unreadable as error:
                named = (node or {}).get("publicId") or f"{cursor['phase']}+{cursor['offset'] + place}"
                problems.append(unreadable(f"order:{named}", error.why))
        is_full = len(found.nodes) >= ORDERS_A_PAGE
        return Page(
            Snapshot(source=SOURCE, pledges=tuple(pledges), problems=tuple(problems)),
            _next_orders(cursor) if is_full else _next_phase(cursor),
            ORDERS_A_PAGE - OVERLAP if is_full else len(found.nodes),
            found.total - cursor["offset"],
        )

    # Money

    def _read_money(self, cursor: Cursor) -> Page:
        variables = {"limit": ROWS_A_PAGE, "offset": cursor["offset"], "from": cursor["from"] or _money_from(cursor)}
        found = self._ask(MONEY, "transactions", variables)
        page, skipped = sort_rows(_own_side(found), found.spoilt), set(cursor["skip"])
        at = cut(page, skipped, len(found.nodes) >= ROWS_A_PAGE)
        happened = Happenings()
        for group in page.groups.keys() - skipped - (at.held if at else set()):
            if not (cursor["since"] and page.begins_before(group, instant(cursor["since"]))):
                _take(happened, page, group)
        return Page(
            _snapshot(happened, () if at else self._balance(found.account)),
            _next_money(cursor, at) if at else _next_phase(cursor),
            at.place if at else len(found.nodes),
            found.total - cursor["offset"],
            tuple(happened.calm),
        )

    def _balance(self, account: Mapping[str, Any]) -> tuple[Money, ...]:
        """What it holds, in the host's currency, in which it holds it."""
        try:
            told = money((account.get("stats") or {}).get("balance"))
            if told.currency != _currency(account):
                variables = {"limit": 1, "offset": 0, "currency": _currency(account)}
                again = self._ask(MONEY, "transactions", variables)
                told = money((again.account.get("stats") or {}).get("balance"))
        except Unreadable as error:
            raise ProviderDown(f"Open Collective's balance cannot be read ({error.why}).") from error
        return (told,)

    # Asking

    def _ask(self, question: str, field: str, variables: Mapping[str, Any]) -> _List:
        """The list ``field``; asked again while something in it is missing, because that mostly passes."""
        found = _list(self.client.ask(question, **variables), field)
        for _ in range(TRIES - 1):
            if found.is_whole:
                break
            found = _list(self.client.ask(question, **variables), field)
        if found.trouble:
            raise ProviderDown(f"Open Collective answers with an error: {found.trouble}")
        return found


def _unspoilt(found: _List, place: int) -> dict[str, Any]:
    node = found.nodes[place]
    if node is None or place in found.spoilt:
        raise Unreadable("missing")
    return node


# Cursors


def _orders_from(cursor: Cursor) -> str | None:
    """All recurring orders are read each time, because nothing tells which have changed."""
    if cursor["phase"] == RECURRING or not cursor["since"]:
        return None
    return (instant(cursor["since"]) - SINGLES_STAY_OPEN).isoformat()


def _money_from(cursor: Cursor) -> str | None:
    """A little before the beginning, so that groups which it would cut in two can be told and left out."""
    return (instant(cursor["since"]) - MARGIN).isoformat() if cursor["since"] else None


def _next_orders(cursor: Cursor) -> Cursor:
    """The next page begins a little before the end of this one: orders of accounts that go are listed no more."""
    return {**cursor, "offset": cursor["offset"] + ORDERS_A_PAGE - OVERLAP, "n": cursor["n"] + 1}


def _next_money(cursor: Cursor, at: Cut) -> Cursor:
    stays = at.begins == cursor["from"] or not at.begins
    place = {"offset": cursor["offset"] + at.place} if stays else {"from": at.begins, "offset": 0}
    return {**cursor, **place, "skip": at.skip, "n": cursor["n"] + 1}


def _next_phase(cursor: Cursor) -> Cursor:
    phase = NEXT[cursor["phase"]]
    return {**cursor, "phase": phase, "from": None, "offset": 0, "skip": [], "n": cursor["n"] + 1}


# Answers


def _list(answer: Mapping[str, Any], field: str) -> _List:
    """The list ``field`` of the account; raises ProviderRefused when there is no such account."""
    data, errors = answer.get("data"), answer.get("errors") or []
    account = data.get("account") if isinstance(data, dict) else None
    if any((error.get("extensions") or {}).get("code") == "NotFound" for error in errors if isinstance(error, dict)):
        raise ProviderRefused(first_error(answer))
    listing = account.get(field) if isinstance(account, dict) else None
    if not isinstance(account, dict) or not isinstance(listing, dict) or not isinstance(listing.get("nodes"), list):
        return _List([], 0, {}, set(), first_error(answer))
    nodes = [node if isinstance(node, dict) else None for node in listing["nodes"]]
    places = [_place(error, field) for error in errors]
    spoilt = {place for place in places if place is not None and place < len(nodes)}
    trouble = first_error(answer) if None in places else ""
    return _List(nodes, int(listing.get("totalCount") or len(nodes)), account, spoilt, trouble)


def _place(error: Any, field: str) -> int | None:
    """Which node an error is about; None when it is about more than one."""
    path = error.get("path") if isinstance(error, dict) else None
    if isinstance(path, list) and path[1:3] == [field, "nodes"] and len(path) > 3 and isinstance(path[3], int):
        return path[3]
    return None


def _own_side(found: _List) -> list[dict[str, Any] | None]:
    """The nodes of our own books: both sides of a pair would count everything twice."""
    return [{} if node is not None and _is_theirs(node, found) else node for node in found.nodes]


def _is_theirs(node: Mapping[str, Any], found: _List) -> bool:
    account = node.get("account")
    return isinstance(account, dict) and account.get("publicId") not in (None, found.account.get("publicId"))


def _take(happened: Happenings, page: Sorted, group: str) -> None:
    if group in page.lost:
        happened.put_aside(group, "missing")
        return
    try:
        with of_our_shape():
            rows = [row_of(node) for node in page.rows(group)]
    except Unreadable as error:
        happened.put_aside(group, error.why)
        return
    happened.take(group, rows)


def _snapshot(happened: Happenings, balances: tuple[Money, ...]) -> Snapshot:
    return Snapshot(
        source=SOURCE,
        payments=tuple(happened.payments),
        refunds=tuple(happened.refunds),
        disputes=tuple(happened.disputes),
        movements=tuple(happened.movements),
        problems=tuple(happened.problems),
        balances=balances,
    )


def _currency(account: Mapping[str, Any]) -> str:
    return str((account.get("host") or account).get("currency"))
