"""The world in memory: accounts, contributions, rows, a clock. Whoever changes it holds its lock."""

import random
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from heapq import heappop, heappush
from threading import RLock
from uuid import UUID

from coopgov.fakes.opencollective.objects import Account, Expense, Group, Order, Row, Tier, rounded

PENCE_OF_ONE = {"GBP": 10_000, "EUR": 8_600, "USD": 7_900, "SEK": 760, "JPY": 53}  # ten-thousandths of a pound
A_MOMENT = timedelta(milliseconds=1)


class Unknown(LookupError):
    """Nothing here has that name."""


class World:
    """One collective, its host, the platform, and everybody who ever gave something.

    ``begin`` is where its time starts; it stands still until it is moved, or runs as ``clock`` does once that is set.
    Rows from ``separate_fees_from`` on have fees of their own; earlier ones hold them inside.
    """

    def __init__(
        self,
        slug: str,
        name: str,
        begin: datetime,
        *,
        currency: str = "GBP",
        host_currency: str = "",
        seed: int = 1,
        separate_fees_from: datetime | None = None,
    ) -> None:
        self.lock = RLock()
        self.chance = random.Random(seed)  # noqa: S311  the same world every time, nothing secret
        self.clock: Callable[[], datetime] | None = None
        self.ahead = timedelta()  # of that clock
        self.present, self._last_stamp = begin, begin
        self.separate_fees_from = separate_fees_from or begin
        self.host_fee_percent = 5
        self._numbers = 1000
        self._due: list[tuple[datetime, int, Order]] = []
        self.accounts: list[Account] = []
        self.tiers: list[Tier] = []
        self.orders: list[Order] = []
        self.expenses: list[Expense] = []
        self.groups: dict[str, Group] = {}
        self._by_slug: dict[str, Account] = {}
        self._rows: dict[Account, list[Row]] = {}
        self._orders_by_number: dict[int, Order] = {}
        self.host = self.new_account("fiscal-host", "Fiscal Host", "HOST", currency=host_currency or currency)
        self.platform = self.new_account("opencollective", "Open Collective", "ORGANIZATION", currency="USD")
        self.processor = self.new_account("payment-processor", "Payment processor", "VENDOR")
        self.collective = self.new_account(slug, name, "COLLECTIVE", currency=currency, host=self.host)

    def number(self) -> int:
        """A number that nothing else has."""
        self._numbers += 1
        return self._numbers

    def stamp(self) -> datetime:
        """The present, a moment after whatever was written before."""
        self._last_stamp = max(self.present, self._last_stamp + A_MOMENT)
        return self._last_stamp

    def new_account(
        self,
        slug: str,
        name: str,
        kind: str = "INDIVIDUAL",
        *,
        email: str = "",
        currency: str = "",
        is_incognito: bool = False,
        is_guest: bool = False,
        parent: Account | None = None,
        host: Account | None = None,
    ) -> Account:
        """An account; raises ValueError when the slug is taken."""
        if slug in self._by_slug:
            raise ValueError(f"{slug} is taken")
        made = Account(self.number(), slug, name, kind, self.present, currency or "GBP", email)
        made.is_incognito, made.is_guest, made.parent, made.host = is_incognito, is_guest, parent, host
        self._by_slug[slug] = made
        self.accounts.append(made)
        return made

    def new_tier(self, slug: str, name: str, cents: int, *, frequency: str, least_cents: int, kind: str) -> Tier:
        """A tier of the collective."""
        made = Tier(self.number(), slug, name, kind, frequency, cents, least_cents, self.collective.currency)
        self.tiers.append(made)
        return made

    def keep_order(self, order: Order) -> None:
        """Adds a contribution."""
        self.orders.append(order)
        self._orders_by_number[order.legacy_id] = order

    def new_group(self, order: Order | None = None, expense: Expense | None = None) -> Group:
        """An empty group of rows with an id as Open Collective's: a random UUID."""
        made = Group(str(UUID(int=self.chance.getrandbits(128), version=4)), order, expense)
        self.groups[made.id] = made
        if order is not None:
            made.payment_method = order.payment_method
            made.gift_card_from = order.gift_card_from
            order.groups.append(made)
        return made

    def keep_row(self, row: Row) -> None:
        """Adds a row to its group and to the books of its account."""
        row.in_group.rows.append(row)
        self._rows.setdefault(row.account, []).append(row)

    def rows_of(self, account: Account) -> list[Row]:
        """Every row on ``account``'s side, oldest first."""
        return self._rows.get(account, [])

    def balance_cents(self, account: Account | None = None, until: datetime | None = None) -> int:
        """What ``account`` (the collective) holds in the host's currency: the sum of its net rows that are no debt."""
        rows = self.rows_of(account or self.collective)
        return sum(r.net_host_cents for r in rows if not r.is_debt and (until is None or r.created_at < until))

    def convert(self, cents: int, source: str, target: str) -> int:
        """``cents`` of ``source`` in ``target``, at a rate that never changes here."""
        if source == target:
            return cents
        return rounded(cents * PENCE_OF_ONE[source], PENCE_OF_ONE[target], target)

    def account(self, name: str) -> Account:
        """The account of that slug or public id; raises Unknown."""
        found = self._by_slug.get(name) or _named(self.accounts, name)
        if found is None or found.is_deleted:
            raise Unknown(f"No collective found with slug {name}")
        return found

    def rename(self, account: Account, slug: str) -> None:
        """Gives ``account`` another slug."""
        self._by_slug.pop(account.slug, None)
        account.slug = slug
        self._by_slug[slug] = account

    def tier(self, name: str) -> Tier:
        """The tier of that slug (with or without its number) or public id; raises Unknown."""
        for tier in self.tiers:
            if name in (tier.slug, f"{tier.slug}-{tier.legacy_id}", tier.id, tier.public_id):
                return tier
        raise Unknown(f"No tier {name}")

    def order(self, name: str) -> Order:
        """The contribution of that public id or number; raises Unknown."""
        number = name.removeprefix("or_").split("-")[0]
        found = self._orders_by_number.get(int(number)) if number.isdigit() else None
        if found is None:
            raise Unknown(f"No order {name}")
        return found

    def plan(self, order: Order, charge_at: datetime | None) -> None:
        """The next charge of ``order``; None for no more."""
        order.next_charge_date = charge_at
        order.updated_at = self.present
        if charge_at is not None:
            heappush(self._due, (charge_at, order.legacy_id, order))

    def next_due(self, until: datetime) -> Order | None:
        """The contribution to be charged first, if that is not after ``until``."""
        while self._due and self._due[0][0] <= until:
            at, _, order = heappop(self._due)
            if order.next_charge_date == at:
                return order
        return None


def _named(things: Iterable[Account], name: str) -> Account | None:
    return next((thing for thing in things if name in (thing.id, thing.public_id)), None)
