"""Reading all of a Stripe account, one page at a time: what messages did not tell, or nobody heard.

Lists are read newest first, page by page, so what happens meanwhile shifts nothing. Lists know when an object was
made and not when it changed, therefore: all subscriptions and all open invoices each time; and the balance's entries
lead to older invoices that were paid, refunds that failed and disputes that were decided since.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from coopgov.funding.providers.base import Snapshot
from coopgov.funding.providers.stripe.looking import Looker, intent_name
from coopgov.funding.providers.stripe.reading import id_of
from coopgov.funding.providers.stripe.sdk import Plain, plainly

PAGE = 100
SLOW_PAGE = 20  # of what is looked up one by one, with all that belongs to it: a page has to end before its job's lease
OVERLAP = timedelta(days=3)
DISPUTES_LAST = timedelta(days=180)
RETRIES_LAST = timedelta(days=65)  # Stripe asks for an invoice for two months at most
RECENT_CHARGES = 300  # looked up together with a page of invoices, before single ones are asked for
Cursor = dict[str, Any]
STREAMS = ("subscriptions", "invoices", "open_invoices", "refunds", "disputes", "entries", "balance")


@dataclass(frozen=True)
class Portion:
    """One page. ``after``: where the next one begins, None at the end; ``read``: how many objects there were."""

    snapshot: Snapshot
    after: Cursor | None
    read: int


def first_cursor(since: datetime) -> Cursor:
    """Where a reading of all that happened since then begins."""
    return {"stream": STREAMS[0], "after": "", "since": int((since - OVERLAP).timestamp())}


def portion(looker: Looker, v1: Any, cursor: Cursor, clock: Callable[[], datetime]) -> Portion:
    """The page at ``cursor``. Raises ProviderDown, ProviderRefused."""
    return _Sweep(looker, v1, cursor, clock).portion()


class _Sweep:
    def __init__(self, looker: Looker, v1: Any, cursor: Cursor, clock: Callable[[], datetime]) -> None:
        self._looker, self._v1, self._cursor, self._clock = looker, v1, cursor, clock
        self._since: int = cursor["since"]

    def portion(self) -> Portion:
        stream = self._cursor["stream"]
        if stream == "balance":
            self._looker.read_balance()
            return Portion(self._looker.seen.snapshot(), None, 1)
        page: Plain = getattr(self, f"_{stream}")()
        rows = page["data"]
        if page["has_more"] and rows:
            after = self._cursor | {"after": rows[-1]["id"]}
        else:
            after = self._cursor | {"stream": STREAMS[STREAMS.index(stream) + 1], "after": ""}
        return Portion(self._looker.seen.snapshot(), after, len(rows))

    def _page(self, call: Callable[..., Any], limit: int = 0, **params: Any) -> Plain:
        after = {"starting_after": self._cursor["after"]} if self._cursor["after"] else {}
        return plainly(call, limit=limit or PAGE, **params, **after)

    def _slow_page(self, call: Callable[..., Any], **params: Any) -> Plain:
        return self._page(call, min(PAGE, SLOW_PAGE), **params)

    def _subscriptions(self) -> Plain:
        as_of = self._clock()
        expand = ["data.customer", "data.latest_invoice.payments"]
        page = self._page(self._v1.subscriptions.list, status="all", expand=expand)
        for found in page["data"]:
            self._looker.read_subscription(found, as_of, alone=True)
        return page

    def _invoices(self) -> Plain:
        page = self._page(
            self._v1.invoices.list, created={"gte": self._since}, expand=["data.payments", "data.customer"]
        )
        self._read_invoices(page["data"])
        return page

    def _open_invoices(self) -> Plain:
        page = self._page(self._v1.invoices.list, status="open", expand=["data.payments", "data.customer"])
        self._read_invoices(page["data"])
        return page

    def _read_invoices(self, rows: list[Plain]) -> None:
        charges = self._charges_around(rows)
        for found in rows:
            self._looker.read_invoice(found, charge=charges.get(intent_name(found)))

    def _charges_around(self, rows: list[Plain]) -> dict[str, Plain]:
        """Charges that succeeded, by their payment intents: most were made together with their invoices."""
        paid = [row["created"] for row in rows if row["status"] == "paid"]
        if not paid:
            return {}
        span = {"gte": min(paid), "lte": max(paid) + 7 * 86_400}
        found: dict[str, Plain] = {}
        after: dict[str, str] = {}
        for _ in range(RECENT_CHARGES // PAGE):
            page = plainly(
                self._v1.charges.list, limit=PAGE, created=span, expand=["data.balance_transaction"], **after
            )
            found |= {id_of(row["payment_intent"]): row for row in page["data"] if row["status"] == "succeeded"}
            if not page["has_more"]:
                break
            after = {"starting_after": page["data"][-1]["id"]}
        return found

    def _refunds(self) -> Plain:
        page = self._slow_page(self._v1.refunds.list, created={"gte": self._since})
        self._read_charges(page)
        return page

    def _read_charges(self, page: Plain) -> None:
        """Refunds and disputes are read with their payment."""
        for found in page["data"]:
            if found["charge"]:
                self._looker.charge(id_of(found["charge"]))

    def _disputes(self) -> Plain:
        begin = self._since - int(DISPUTES_LAST.total_seconds())
        page = self._slow_page(self._v1.disputes.list, created={"gte": begin})
        self._read_charges(page)
        return page

    def _entries(self) -> Plain:
        page = self._slow_page(self._v1.balance_transactions.list, created={"gte": self._since}, expand=["data.source"])
        for entry in page["data"]:
            self._read_entry(entry)
        return page

    def _read_entry(self, entry: Plain) -> None:
        source = entry["source"] if isinstance(entry["source"], dict) else {}
        kind = source.get("object", "")
        if kind == "charge":
            if self._may_be_older(source):
                self._looker.charge(source["id"])
        elif kind == "refund":
            if source["created"] < self._since:
                self._looker.refund(source["id"])
        elif kind == "dispute":
            if source["created"] < self._since - DISPUTES_LAST.total_seconds():
                self._looker.dispute(source["id"])
        else:
            self._looker.read_movement(entry)

    def _may_be_older(self, charge: Plain) -> bool:
        """Its invoice may have been made before the window, so that no list of invoices shows it."""
        if charge["created"] > self._since + RETRIES_LAST.total_seconds() or not charge["payment_intent"]:
            return False
        intent = plainly(self._v1.payment_intents.retrieve, id_of(charge["payment_intent"]))
        return int(intent["created"]) <= self._since
