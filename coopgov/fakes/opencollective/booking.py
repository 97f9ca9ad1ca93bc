"""Writing rows: always a pair, the payer's DEBIT and the receiver's CREDIT, fees before what they are taken from.

As createDoubleEntry in server/models/Transaction.ts of opencollective-api.
"""

from dataclasses import dataclass

from coopgov.fakes.opencollective.objects import Account, Group, Order, Row, rounded
from coopgov.fakes.opencollective.world import World

PLATFORM_SHARE = 15  # per cent of the host fee
PROCESSOR_FEES = {"STRIPE": (15, 20), "PAYPAL": (29, 30)}  # service → per mille of the sum, cents on top


@dataclass(frozen=True, slots=True)
class Sum:
    """A sum in the payer's and in the host's cents; plus flows to the account it is written for."""

    cents: int
    currency: str
    host_cents: int
    host_currency: str

    def __neg__(self) -> "Sum":
        return Sum(-self.cents, self.currency, -self.host_cents, self.host_currency)


@dataclass(frozen=True, slots=True)
class Inside:
    """Fees that old rows hold inside; minus, in the host's cents."""

    host: int = 0
    processor: int = 0


NONE_INSIDE = Inside()


def host_sum(world: World, host_cents: int, currency: str) -> Sum:
    """``host_cents`` of the host's currency, with what they are in ``currency``."""
    at_home = world.host.currency
    return Sum(world.convert(host_cents, at_home, currency), currency, host_cents, at_home)


def payer_sum(world: World, cents: int, currency: str) -> Sum:
    """``cents`` of the payer's currency, with what they are in the host's."""
    return Sum(cents, currency, world.convert(cents, currency, world.host.currency), world.host.currency)


def write_pair(
    world: World,
    group: Group,
    kind: str,
    account: Account,
    opposite: Account,
    what: Sum,
    inside: Inside = NONE_INSIDE,
    is_debt: bool = False,
) -> Row:
    """``account`` gains ``what`` (minus: loses it), the other side first; gives ``account``'s row."""
    at = world.stamp()
    kept = inside.host + inside.processor
    net_host = what.host_cents + kept
    net = what.cents + world.convert(kept, what.host_currency, what.currency)
    theirs = Row(
        world.number(), group, kind, opposite, account, -net, what.currency, -net_host, what.host_currency, at, "DEBIT"
    )
    ours = Row(
        world.number(),
        group,
        kind,
        account,
        opposite,
        what.cents,
        what.currency,
        what.host_cents,
        what.host_currency,
        at,
        "CREDIT",
    )
    if what.cents < 0:
        theirs.type, ours.type = "CREDIT", "DEBIT"
    for row in (theirs, ours):
        row.host_fee_inside, row.processor_fee_inside, row.is_debt = inside.host, inside.processor, is_debt
        world.keep_row(row)
    return ours


def write_contribution(world: World, order: Order, kind: str = "CONTRIBUTION") -> Group:
    """One payment of ``order``: the tip, the fees, the contribution itself."""
    group = world.new_group(order)
    receiver = order.to_account
    what = payer_sum(world, order.cents * order.quantity, order.currency)
    if order.tip_cents:
        _write_tip(world, group, order)
    host_fee, processor_fee = _host_fee(world, order, what), _processor_fee(order, what)
    if world.present < world.separate_fees_from:
        write_pair(world, group, kind, receiver, order.from_account, what, Inside(-host_fee, -processor_fee))
        return group
    if host_fee:
        _write_host_fee(world, group, receiver, host_sum(world, host_fee, order.currency))
    if processor_fee:
        fee = host_sum(world, processor_fee, order.currency)
        write_pair(world, group, "PAYMENT_PROCESSOR_FEE", receiver, world.processor, -fee)
    write_pair(world, group, kind, receiver, order.from_account, what)
    return group


def _host_fee(world: World, order: Order, what: Sum) -> int:
    if order.to_account is world.host:
        return 0
    return rounded(what.host_cents * world.host_fee_percent, 100, what.host_currency)


def _processor_fee(order: Order, what: Sum) -> int:
    service = order.payment_method.service if order.payment_method else ""
    if service not in PROCESSOR_FEES:
        return 0
    per_mille, on_top = PROCESSOR_FEES[service]
    return rounded(what.host_cents * per_mille + 1000 * on_top, 1000, what.host_currency)


def _write_host_fee(world: World, group: Group, receiver: Account, fee: Sum) -> None:
    write_pair(world, group, "HOST_FEE", receiver, world.host, -fee)
    share = host_sum(world, rounded(fee.host_cents * PLATFORM_SHARE, 100, fee.host_currency), fee.currency)
    if share.host_cents:
        write_pair(world, group, "HOST_FEE_SHARE", world.platform, world.host, share)


def _write_tip(world: World, group: Group, order: Order) -> None:
    tip = payer_sum(world, order.tip_cents, order.currency)
    write_pair(world, group, "PLATFORM_TIP", world.platform, order.from_account, tip)
    write_pair(world, group, "PLATFORM_TIP_DEBT", world.platform, world.host, -tip, is_debt=True)


def write_refund(world: World, group: Group, refund_kind: str) -> Group:
    """Takes ``group`` back: opposite rows, and the host covers the processor's fee, which nobody returns.

    As createRefundTransaction in server/lib/payments.ts. Raises ValueError when that was done before.
    """
    if group.refunded_by is not None:
        raise ValueError("This transaction has already been refunded")
    back = world.new_group(group.order, group.expense)
    back.refund_of, back.refund_kind, group.refunded_by = group, refund_kind, back
    for row in _receivers_rows(group):
        if row.kind != "PAYMENT_PROCESSOR_FEE" and row is not group.main:
            write_pair(world, back, row.kind, row.account, row.opposite_account, -_sum(row), is_debt=row.is_debt)
    receiver, currency = group.main.account, group.main.currency
    cover = _processor_fee_paid(group)
    if cover:
        write_pair(world, back, "PAYMENT_PROCESSOR_COVER", receiver, world.host, host_sum(world, cover, currency))
    if group.main.host_fee_inside:
        inside = host_sum(world, -group.main.host_fee_inside, currency)
        write_pair(world, back, "HOST_FEE", receiver, world.host, inside)
    write_pair(world, back, group.main.kind, receiver, group.main.opposite_account, -_sum(group.main))
    return back


def _receivers_rows(group: Group) -> list[Row]:
    return [row for number, row in enumerate(group.rows) if number % 2]  # of each pair the second


def _processor_fee_paid(group: Group) -> int:
    apart = [r.host_cents for r in _receivers_rows(group) if r.kind == "PAYMENT_PROCESSOR_FEE"]
    return -sum(apart) - group.main.processor_fee_inside


def _sum(row: Row) -> Sum:
    return Sum(row.cents, row.currency, row.host_cents, row.host_currency)
