"""What happened, from the rows of one group: a payment, money that went back, or anything else that moved money.

Whatever it is, what we book adds up to what the rows did to our balance, or it is not booked at all.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from coopgov.core.money import Money, total
from coopgov.funding.providers.base import RemoteDispute, RemoteMovement, RemotePayment, RemoteProblem, RemoteRefund
from coopgov.funding.providers.opencollective.addresses import claim_in
from coopgov.funding.providers.opencollective.covers import MONTHS, covered, rhythm
from coopgov.funding.providers.opencollective.rows import Row
from coopgov.funding.providers.opencollective.values import Unreadable, of_our_shape, payer, text, word
from coopgov.funding.rules.ledger import (
    ADJUSTMENTS,
    HOST_FEES,
    OPEN_COLLECTIVE,
    PROCESSOR_FEES,
    SPENT,
    TRANSFERS,
)

SOURCE = "opencollective"
PAID_IN = ("CONTRIBUTION", "ADDED_FUNDS")
CORRECTIONS = ("EDIT", "DUPLICATE")  # what was written down wrongly; nobody got money back
FEE_ACCOUNTS = {  # kinds of rows beside a payment or a refund → where they belong
    "HOST_FEE": HOST_FEES,
    "PAYMENT_PROCESSOR_FEE": PROCESSOR_FEES,
    "PAYMENT_PROCESSOR_COVER": PROCESSOR_FEES,
    "PAYMENT_PROCESSOR_DISPUTE_FEE": PROCESSOR_FEES,
    "PLATFORM_FEE": PROCESSOR_FEES,
    "APPLICATION_FEE": PROCESSOR_FEES,
    "TAX": SPENT,  # the host pays it on
}
MOVEMENTS = {  # kinds of rows by themselves → kind of entry, other side
    **{kind: ("fee", account) for kind, account in FEE_ACCOUNTS.items()},
    "EXPENSE": ("expense", SPENT),
    "CONTRIBUTION": ("expense", SPENT),  # ours to another collective
    "BALANCE_TRANSFER": ("transfer", TRANSFERS),
    "PREPAID_PAYMENT_METHOD": ("transfer", TRANSFERS),
}
OTHER = ("adjustment", ADJUSTMENTS)


@dataclass
class Happenings:
    """What groups of rows told. ``calm``: payments that are neither disputed nor given back."""

    payments: list[RemotePayment] = field(default_factory=list)
    refunds: list[RemoteRefund] = field(default_factory=list)
    disputes: list[RemoteDispute] = field(default_factory=list)
    movements: list[RemoteMovement] = field(default_factory=list)
    problems: list[RemoteProblem] = field(default_factory=list)
    calm: list[str] = field(default_factory=list)

    def take(self, group: str, rows: Sequence[Row]) -> None:
        """Adds what the rows of ``group`` tell, all of them at once; a problem when they cannot be meant."""
        try:
            with of_our_shape():
                self._take(group, rows)
        except Unreadable as error:
            self.put_aside(group, error.why)

    def put_aside(self, group: str, why: str) -> None:
        """Nothing of this group is booked; it waits for a person, or until it can be read."""
        self.problems.append(unreadable(f"group:{group}", why))

    def _take(self, group: str, rows: Sequence[Row]) -> None:
        mains = [row for row in rows if row.kind in PAID_IN]
        if len(mains) > 1 or len({row.amount.currency for row in rows}) > 1:
            raise Unreadable("group")
        main = mains[0] if mains else None
        if main is not None and not main.is_refund and main.amount.minor >= 0:
            self._take_payment(main, _fees(main, rows))
        elif main is not None and main.is_refund and main.amount.minor < 0:
            self._take_back(main, _fees(main, rows))
        else:
            self.movements += _movements(group, rows)

    def _take_payment(self, main: Row, fees: Mapping[str, Money]) -> None:
        if any(fee.minor < 0 for fee in fees.values()):
            raise Unreadable("fee")
        order = main.node.get("order") or {}
        first, last = covered(rhythm(order), main.at) if order else (None, None)
        self.payments.append(
            RemotePayment(
                remote_id=main.group,
                payer=payer(main.node.get("oppositeAccount")),
                gross=main.amount,
                status="succeeded",
                paid_at=main.at,
                settles_in=OPEN_COLLECTIVE,
                fees=fees,
                pledge_remote_id=text(order.get("publicId")),
                claim=claim_in(order.get("tags") or []),
                purpose=_purpose(main, order),
                method=_method(main),
                settled_at=main.at,
                covers_from=first,
                covers_to=last,
            )
        )
        if main.node.get("isDisputed"):
            self.disputes.append(_dispute(main.group, main.amount, "open", main))
        elif not main.node.get("isRefunded"):
            self.calm.append(main.group)

    def _take_back(self, main: Row, fees: Mapping[str, Money]) -> None:
        """Money that went back: ``fees`` are minus where they came home with it."""
        of = word((main.node.get("refundTransaction") or {}).get("group"), "payment")
        returned = {account: -fee for account, fee in fees.items() if fee}
        amount = -main.amount
        if main.other_fee.minor > 0 or main.host_fee.minor > 0:  # old, told from the payer's side: fees are in the net
            amount, returned = -main.net, _without_inside(main, returned)
        kind = main.node.get("refundKind")
        if kind == "DISPUTE":
            self.disputes.append(_dispute(of, amount, "lost", main, returned))
            return
        self.refunds.append(
            RemoteRefund(
                remote_id=main.group,
                payment=of,
                amount=amount,
                status="succeeded",
                at=main.at,
                fees_returned=returned,
                is_correction=kind in CORRECTIONS,
            )
        )


def unreadable(subject: str, why: str) -> RemoteProblem:
    """What a person has to look at; ``subject`` as ``group:…`` or ``order:…``."""
    return RemoteProblem(kind="unreadable", subject=f"{SOURCE}:{subject}", facts={"why": why})


def _fees(main: Row, rows: Iterable[Row]) -> dict[str, Money]:
    """What was kept, for each account, whether inside the main row or in rows of their own; minus: it came back."""
    fees = {HOST_FEES: main.host_fee, PROCESSOR_FEES: main.other_fee}
    for row in rows:
        if row is main:
            continue
        if row.kind not in FEE_ACCOUNTS:
            raise Unreadable("kind")
        account = FEE_ACCOUNTS[row.kind]
        fees[account] = fees.get(account, Money(0, row.net.currency)) - row.net
    return {account: fee for account, fee in fees.items() if fee}


def _without_inside(main: Row, returned: Mapping[str, Money]) -> dict[str, Money]:
    nothing = Money(0, main.amount.currency)
    inside = {HOST_FEES: main.host_fee, PROCESSOR_FEES: main.other_fee}
    apart = {account: returned.get(account, nothing) + inside.get(account, nothing) for account in {*returned, *inside}}
    return {account: fee for account, fee in apart.items() if fee}


def _dispute(
    of: str, amount: Money, status: str, main: Row, returned: Mapping[str, Money] | None = None
) -> RemoteDispute:
    """A dispute of the payment ``of``: while it is open nothing moves; the host bears its fee."""
    is_lost = status == "lost"
    return RemoteDispute(
        remote_id=dispute_id(of),
        payment=of,
        amount=amount,
        fee=Money(0, amount.currency),
        fee_account=PROCESSOR_FEES,
        status=status,
        at=main.at,
        withdrawn=is_lost,
        closed_at=main.at if is_lost else None,
        fees_returned=returned or {},
    )


def dispute_id(payment: str) -> str:
    """What we call the dispute of a payment, which has no id of its own there."""
    return f"{payment}:dispute"


def _purpose(main: Row, order: Mapping[str, Any]) -> str:
    """Dues: recurring, to a membership tier, or begun here. A single gift is a donation, added funds anything."""
    is_membership = (order.get("tier") or {}).get("type") == "MEMBERSHIP"
    if order.get("frequency") in MONTHS or is_membership or claim_in(order.get("tags") or []):
        return "dues"
    return "donation" if main.kind == "CONTRIBUTION" else "other"


def _method(main: Row) -> str:
    if main.kind == "ADDED_FUNDS":
        return "transfer"
    kind = str((main.node.get("paymentMethod") or {}).get("type") or "")
    return {"CREDITCARD": "card", "MANUAL": "transfer"}.get(kind, kind.lower())


def _movements(group: str, rows: Sequence[Row]) -> list[RemoteMovement]:
    """One for each kind of row; the group's name stands for the weightiest, the others have it with their kind."""
    found = []
    kinds = sorted({row.kind for row in rows}, key=lambda kind: (MOVEMENTS.get(kind, OTHER)[0] == "fee", kind))
    for kind in kinds:
        own = [row for row in rows if row.kind == kind]
        currency = own[0].amount.currency
        entry, account = MOVEMENTS.get(kind, OTHER)
        name = group if kind == kinds[0] else f"{group}:{kind.lower()}"
        found.append(_movement(name, entry, account, total([row.amount for row in own], currency), own[0]))
        inside = total([row.net - row.amount for row in own], currency)
        found.append(_movement(f"{name}:inside", "fee", PROCESSOR_FEES, inside, own[0]))
    return [movement for movement in found if movement.amount]


def _movement(name: str, kind: str, account: str, amount: Money, row: Row) -> RemoteMovement:
    expense = row.node.get("expense") or {}
    return RemoteMovement(
        remote_id=name,
        kind=kind,
        amount=amount,
        asset=OPEN_COLLECTIVE,
        account=account,
        at=row.at,
        note=str(expense.get("publicId") or ""),
    )
