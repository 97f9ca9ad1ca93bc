"""Rows of Open Collective's ledger: our side of each pair, in the currency of the host, in which it holds our money."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from coopgov.core.money import Money
from coopgov.funding.providers.opencollective.values import Unreadable, instant, money, word

TYPES = {"CREDIT": 1, "DEBIT": -1}
KINDS = frozenset(
    (
        "ADDED_FUNDS",
        "APPLICATION_FEE",
        "BALANCE_TRANSFER",
        "CONTRIBUTION",
        "EXPENSE",
        "HOST_FEE",
        "HOST_FEE_SHARE",
        "HOST_FEE_SHARE_DEBT",
        "PAYMENT_PROCESSOR_COVER",
        "PAYMENT_PROCESSOR_DISPUTE_FEE",
        "PAYMENT_PROCESSOR_FEE",
        "PLATFORM_FEE",
        "PLATFORM_TIP",
        "PLATFORM_TIP_DEBT",
        "PREPAID_PAYMENT_METHOD",
        "TAX",
    )
)


@dataclass(frozen=True, slots=True)
class Row:
    """What one row did to what we hold.

    ``amount`` without and ``net`` with the fees inside; plus: we gained. ``host_fee`` and ``other_fee`` are what was
    kept inside, as rows before 2021 have it; in newer ones both are nothing and fees are rows of their own.
    """

    group: str
    kind: str
    amount: Money
    net: Money
    host_fee: Money
    other_fee: Money
    at: datetime
    node: Mapping[str, Any]

    @property
    def is_refund(self) -> bool:
        """True for rows that take something back."""
        return bool(self.node.get("isRefund"))


def row_of(node: Mapping[str, Any]) -> Row:
    """The row that a node tells; raises Unreadable for whatever cannot be meant."""
    word((node.get("account") or {}).get("publicId"), "account")
    amount, net = money(node.get("amountInHostCurrency")), money(node.get("netAmountInHostCurrency"))
    host_fee = -money(node["hostFee"]) if node.get("hostFee") else Money(0, amount.currency)
    if len({amount.currency, net.currency, host_fee.currency}) > 1:
        raise Unreadable("currency")
    if amount.minor * TYPES.get(str(node.get("type")), 0) < 0 or node.get("type") not in TYPES:
        raise Unreadable("sign")
    return Row(
        group=word(node.get("group"), "group"),
        kind=_kind(node),
        amount=amount,
        net=net,
        host_fee=host_fee,
        other_fee=amount - net - host_fee,
        at=instant(node.get("createdAt")),
        node=node,
    )


def _kind(node: Mapping[str, Any]) -> str:
    kind = node.get("kind")
    if kind is None:  # as in the oldest rows
        kind = "EXPENSE" if node.get("expense") else "CONTRIBUTION" if node.get("order") else ""
    if kind not in KINDS:
        raise Unreadable("kind")
    return str(kind)
