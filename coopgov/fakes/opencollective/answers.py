"""How the schema's fields are answered: lists with filters and pages, the rest by attributes of the same name."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any

from graphql import GraphQLError, GraphQLResolveInfo

from coopgov.fakes.opencollective.objects import Account, Amount, Member, Order, Row, Tier
from coopgov.fakes.opencollective.world import Unknown, World

MOST_ORDERS, MOST_TRANSACTIONS, USUAL_PAGE = 1_000, 10_000, 100
SHORTEST_SEARCH = 3
LIVE = ("ACTIVE", "ERROR", "PAUSED")
Arguments = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """What resolving may know: the world, and whether the request carried the token; ``seen`` is the executor's."""

    world: World
    is_known: bool
    seen: dict[tuple[int, ...], Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of a list: OrderCollection, TransactionCollection, MemberCollection, TierCollection."""

    nodes: list[Any]
    total_count: int
    limit: int
    offset: int


@dataclass(frozen=True, slots=True)
class Stats:
    """Figures of an account."""

    account: Account


def resolve_field(source: Any, info: GraphQLResolveInfo[Any], **arguments: Any) -> Any:
    """The value of a field; deleted accounts are null. Raises GraphQLError for what this fake does not model."""
    special = ANSWERS.get((type(source), info.field_name))
    value = special(source, info.context, arguments) if special else _plain(source, info, arguments)
    if isinstance(value, datetime):
        return shown_date_time(value)
    return None if isinstance(value, Account) and value.is_deleted else value


def resolve_type(value: Any, _info: GraphQLResolveInfo[Any], _abstract: object) -> str:
    """The concrete type of an account or a transaction."""
    return str(value.graphql_type)


def _plain(source: Any, info: GraphQLResolveInfo[Any], arguments: Arguments) -> Any:
    wanted = [name for name, value in arguments.items() if value]
    try:
        if wanted:
            raise AttributeError
        return getattr(source, _attribute(info.field_name))
    except AttributeError:
        raise GraphQLError(
            f"This fake does not know {info.parent_type.name}.{info.field_name} {wanted or ''}"
        ) from None


@cache
def _attribute(name: str) -> str:
    return re.sub(r"(?<!^)([A-Z]|(?<=[a-z])\d)", r"_\1", name).lower().replace("amount_v_2", "amount_v2")


def date_time(text: str) -> datetime:
    """The instant of a DateTime argument; raises GraphQLError."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise GraphQLError(f"DateTime cannot represent {text!r}", extensions={"code": "BAD_USER_INPUT"}) from None
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def shown_date_time(instant: datetime) -> str:
    """As JavaScript writes it: milliseconds and Z."""
    return f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{instant.microsecond // 1000:03d}Z"


def _listing(things: list[Any], arguments: Arguments, most: int = 0, what: str = "") -> Listing:
    limit, offset = arguments.get("limit", USUAL_PAGE), max(0, arguments.get("offset", 0))
    if most and limit > most:
        raise GraphQLError(f"Cannot fetch more than {most:,} {what} at the same time, please adjust the limit")
    limit = limit if limit > 0 else USUAL_PAGE
    return Listing(things[offset : offset + limit], len(things), limit, offset)


def _account(world: World, _asked: Asked, arguments: Arguments) -> Account | None:
    try:
        return world.account(arguments.get("slug") or arguments.get("id") or "")
    except Unknown as error:
        if not arguments["throwIfMissing"]:
            return None
        raise GraphQLError(str(error), extensions={"code": "NotFound"}) from None


def _refuse_unknown(arguments: Arguments, known: Iterable[str]) -> None:
    beyond = [name for name, value in arguments.items() if value not in (None, False, []) and name not in known]
    if beyond:
        raise GraphQLError(f"This fake does not filter by {', '.join(beyond)}")


ROW_TESTS: dict[str, Callable[[Any], Callable[[Row], bool]]] = {
    "type": lambda kind: lambda row: row.type == kind,
    "kind": lambda kinds: lambda row: row.kind in kinds,
    "group": lambda groups: lambda row: row.group in groups,
    "dateFrom": lambda start: lambda row: row.created_at >= start,
    "dateTo": lambda end: lambda row: row.created_at <= end,
    "clearedFrom": lambda start: lambda row: row.cleared_at >= start,
    "clearedTo": lambda end: lambda row: row.cleared_at <= end,
    "isRefund": lambda wanted: lambda row: row.is_refund == wanted,
    "hasOrder": lambda wanted: lambda row: (row.order is not None) == wanted,
    "hasExpense": lambda wanted: lambda row: (row.expense is not None) == wanted,
    "hasDebt": lambda wanted: lambda row: row.is_debt == wanted,
}
INSTANTS = ("dateFrom", "dateTo", "clearedFrom", "clearedTo")
INCLUDES = (
    "includeRegularTransactions",
    "includeChildrenTransactions",
    "includeGiftCardTransactions",
    "includeIncognitoTransactions",
    "includeDebts",
    "includeEditedReversedTransactions",
    "includeHost",
)


def _transactions(account: Account, asked: Asked, arguments: Arguments) -> Listing:
    _refuse_unknown(arguments, [*ROW_TESTS, *INCLUDES, "limit", "offset", "orderBy"])
    tests = [
        ROW_TESTS[name](date_time(value) if name in INSTANTS else value)
        for name, value in arguments.items()
        if name in ROW_TESTS and value is not None
    ]
    rows = [row for row in _included(account, asked.world, arguments) if all(test(row) for test in tests)]
    effective = arguments["orderBy"]["field"] == "EFFECTIVE_DATE"
    rows.sort(key=lambda row: row.kind)  # the second key always goes up
    rows.sort(
        key=lambda row: row.cleared_at if effective else row.created_at,
        reverse=arguments["orderBy"]["direction"] == "DESC",
    )
    return _listing(rows, arguments, MOST_TRANSACTIONS, "transactions")


def _included(account: Account, world: World, arguments: Arguments) -> Iterable[Row]:
    rows = list(world.rows_of(account)) if arguments["includeRegularTransactions"] else []
    if arguments["includeChildrenTransactions"]:
        rows += [row for child in world.accounts if child.parent is account for row in world.rows_of(child)]
    if arguments["includeGiftCardTransactions"]:
        groups = [group for group in world.groups.values() if group.gift_card_from is account]
        rows += [row for group in groups for row in group.rows if row.type == "DEBIT"]
    if not arguments["includeDebts"]:
        rows = [row for row in rows if not row.is_debt]
    return rows if arguments["includeEditedReversedTransactions"] else [row for row in rows if not _is_edited(row)]


def _is_edited(row: Row) -> bool:
    taken_back = row.in_group.refunded_by
    return row.refund_kind == "EDIT" or (taken_back is not None and taken_back.refund_kind == "EDIT")


def _side(direction: str, account: Account) -> Callable[[Order], bool]:
    if direction == "INCOMING":
        return lambda order: order.to_account is account
    return lambda order: order.from_account is account


ORDER_TESTS: dict[str, Callable[[Any], Callable[[Order], bool]]] = {
    "status": lambda statuses: lambda order: order.status in statuses,
    "frequency": lambda wanted: lambda order: (order.frequency if order.is_subscribed else "ONETIME") in wanted,
    "dateFrom": lambda start: lambda order: order.created_at >= date_time(start),
    "dateTo": lambda end: lambda order: order.created_at <= date_time(end),
    "tier": lambda tiers: lambda order: any(_is_tier(order.tier, wanted) for wanted in tiers),
    "searchTerm": lambda term: lambda order: _mentions(order, term.lower()),
    "onlySubscriptions": lambda wanted: lambda order: not wanted or _is_subscription(order),
    "onlyActiveSubscriptions": lambda wanted: (
        lambda order: not wanted or (order.is_subscribed and order.status in LIVE)
    ),
}
OTHER_ORDER_ARGUMENTS = ("limit", "offset", "orderBy", "filter", "includeIncognito", "includeChildrenAccounts")


def _is_subscription(order: Order) -> bool:
    return order.is_subscribed or (order.frequency != "ONETIME" and order.status == "PROCESSING")


def _is_tier(tier: Tier | None, wanted: Arguments) -> bool:
    if wanted.get("isCustom"):
        return tier is None
    return tier is not None and wanted.get("id") in (tier.id, tier.public_id)


def _mentions(order: Order, term: str) -> bool:
    words = (order.from_account.slug, order.from_account.name, order.description, order.public_id, *order.tags)
    return any(term in word.lower() for word in words)


def _orders(account: Account, asked: Asked, arguments: Arguments) -> Listing:
    _refuse_unknown(arguments, [*ORDER_TESTS, *OTHER_ORDER_ARGUMENTS])
    if arguments.get("searchTerm") is not None and len(arguments["searchTerm"].strip()) < SHORTEST_SEARCH:
        raise GraphQLError("Search term must be at least 3 characters long")
    given = {name: value for name, value in arguments.items() if name in ORDER_TESTS and value not in (None, [])}
    tests = [ORDER_TESTS[name](value) for name, value in given.items()]
    if "status" not in given:  # bank transfers that are awaited come only when they are asked for
        tests.append(lambda order: order.status != "PENDING")
    sides = [arguments["filter"]] if arguments.get("filter") else ["INCOMING", "OUTGOING"]
    belongs = [_side(side, account) for side in sides]
    orders = [
        order
        for order in asked.world.orders
        if not order.from_account.is_deleted and any(b(order) for b in belongs) and all(t(order) for t in tests)
    ]
    charged = arguments["orderBy"]["field"] == "LAST_CHARGED_AT"
    orders.sort(
        key=lambda order: (order.last_charged_at if charged else None) or order.created_at,
        reverse=arguments["orderBy"]["direction"] == "DESC",
    )
    return _listing(orders, arguments, MOST_ORDERS, "orders")


def _members(account: Account, asked: Asked, arguments: Arguments) -> Listing:
    _refuse_unknown(arguments, ["limit", "offset", "orderBy", "role", "includeInherited"])
    backers: dict[Account, list[Order]] = {}
    for order in asked.world.orders:
        if order.to_account is account and order.processed_at and not order.from_account.is_deleted:
            backers.setdefault(order.from_account, []).append(order)
    members = [_backer(payer, orders) for payer, orders in backers.items()]
    roles = arguments.get("role")
    return _listing([m for m in members if not roles or m.role in roles], arguments, MOST_ORDERS, "members")


def _backer(payer: Account, orders: list[Order]) -> Member:
    first = orders[0]
    given = Amount(sum(o.total_contributed.value_in_cents for o in orders), first.currency)
    return Member(first.legacy_id, "BACKER", payer, first.tier, first.created_at, True, given)


def _tiers(_account: Account, asked: Asked, arguments: Arguments) -> Listing:
    return _listing(asked.world.tiers, arguments)


def _balance(stats: Stats, asked: Asked, arguments: Arguments) -> Amount:
    _refuse_unknown(arguments, ["dateTo", "currency"])
    world, at_home = asked.world, asked.world.host.currency
    until = date_time(arguments["dateTo"]) if arguments.get("dateTo") else None
    target = arguments.get("currency") or stats.account.currency
    return Amount(world.convert(world.balance_cents(stats.account, until), at_home, target), target)


def _emails(account: Account, asked: Asked, _arguments: Arguments) -> list[str] | None:
    return [account.email] if account.email and asked.is_known else None


ANSWERS: dict[tuple[type, str], Callable[[Any, Asked, Arguments], Any]] = {
    (World, "account"): _account,
    (Account, "transactions"): _transactions,
    (Account, "orders"): _orders,
    (Account, "members"): _members,
    (Account, "tiers"): _tiers,
    (Account, "stats"): lambda account, _asked, _arguments: Stats(account),
    (Account, "emails"): _emails,
    (Account, "mainProfile"): lambda _account, _asked, _arguments: None,
    (Stats, "balance"): _balance,
}
