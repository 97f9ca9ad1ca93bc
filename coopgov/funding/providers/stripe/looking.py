"""Looks at Stripe: whichever object is named, all that belongs to it is fetched as it is now.

Messages are hints: they may come late, twice, or in any order, and what they carry is never believed.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from coopgov.core.money import Money
from coopgov.funding.providers.base import (
    RemoteDispute,
    RemoteMovement,
    RemotePayment,
    RemotePledge,
    RemoteProblem,
    RemoteRefund,
    Snapshot,
)
from coopgov.funding.providers.stripe import reading
from coopgov.funding.providers.stripe.reading import SOURCE, Ours, Unreadable, id_of
from coopgov.funding.providers.stripe.sdk import Missing, Plain, pages, plainly


@dataclass
class Gathered:
    """What one look has shown so far, by Stripe's ids: the same object twice is one."""

    pledges: dict[str, RemotePledge] = field(default_factory=dict)
    payments: dict[str, RemotePayment] = field(default_factory=dict)
    refunds: dict[str, RemoteRefund] = field(default_factory=dict)
    disputes: dict[str, RemoteDispute] = field(default_factory=dict)
    movements: dict[str, RemoteMovement] = field(default_factory=dict)
    problems: dict[tuple[str, str], RemoteProblem] = field(default_factory=dict)
    balances: tuple[Money, ...] = ()

    def snapshot(self) -> Snapshot:
        """All of it."""
        return Snapshot(
            source=SOURCE,
            pledges=tuple(self.pledges.values()),
            payments=tuple(self.payments.values()),
            refunds=tuple(self.refunds.values()),
            disputes=tuple(self.disputes.values()),
            movements=tuple(self.movements.values()),
            problems=tuple(self.problems.values()),
            balances=self.balances,
        )

    def note(self, problem: RemoteProblem | None) -> None:
        """Something for the treasurer."""
        if problem is not None:
            self.problems[problem.kind, problem.subject] = problem


class Looker:
    """Fetches and reads. ``v1``: the SDK's services; ``clock`` tells when a look began, so that older ones never win.

    Every method raises ProviderDown, ProviderRefused, Missing.
    """

    def __init__(self, v1: Any, ours: Ours, clock: Callable[[], datetime]) -> None:
        self._v1, self._ours, self._clock = v1, ours, clock
        self.seen = Gathered()
        self._charges: set[str] = set()
        self._intents: dict[str, Plain] = {}

    # By name

    def session(self, session_id: str) -> None:
        """A Checkout session with what was begun there."""
        session = plainly(self._v1.checkout.sessions.retrieve, session_id)
        if self._is_ours(session) and session["subscription"]:
            self.subscription(id_of(session["subscription"]))

    def subscription(self, subscription_id: str) -> None:
        """A subscription, its customer, and the payment that its newest invoice asks for."""
        as_of = self._clock()
        expand = ["customer", "latest_invoice.payments"]
        found = plainly(self._v1.subscriptions.retrieve, subscription_id, expand=expand)
        self.read_subscription(found, as_of)

    def invoice(self, invoice_id: str) -> bool:
        """An invoice with its payment, and its subscription; False when it is not ours."""
        found = plainly(self._v1.invoices.retrieve, invoice_id, expand=["payments", "customer"])
        if not self.read_invoice(found):
            return False
        name = id_of(((found.get("parent") or {}).get("subscription_details") or {}).get("subscription"))
        if name:
            self.subscription(name)
        return True

    def charge(self, charge_id: str) -> None:
        """A charge: the invoice that it pays, and all that went back on it; once for each look."""
        if charge_id in self._charges:
            return
        self._charges.add(charge_id)
        charge = plainly(self._v1.charges.retrieve, charge_id)
        pays = self.intent(id_of(charge.get("payment_intent")))
        if not pays:
            self._stranger(charge)
        if not any(pays):
            return
        expand = ["data.balance_transaction", "data.failure_balance_transaction"]
        for refund in pages(self._v1.refunds.list, charge=charge_id, expand=expand):
            self.read_refund(refund)
        for dispute in pages(self._v1.disputes.list, charge=charge_id):
            self.read_dispute(dispute)

    def intent(self, intent_id: str) -> list[bool]:
        """The invoices that a payment pays: whether each is ours."""
        if not intent_id:
            return []
        payment = {"type": "payment_intent", "payment_intent": intent_id}
        listed = pages(self._v1.invoice_payments.list, payment=payment)
        return [self.invoice(id_of(found["invoice"])) for found in listed]

    def refund(self, refund_id: str) -> None:
        """A refund with its payment and all else that went back on that."""
        self.charge(self._charge_of(plainly(self._v1.refunds.retrieve, refund_id)))

    def dispute(self, dispute_id: str) -> None:
        """A dispute with its payment and all else that went back on that."""
        self.charge(self._charge_of(plainly(self._v1.disputes.retrieve, dispute_id)))

    def _charge_of(self, found: Plain) -> str:
        return id_of(found["charge"])

    def payout(self, payout_id: str) -> None:
        """A payout, and its coming back."""
        expand = ["balance_transaction", "failure_balance_transaction"]
        found = plainly(self._v1.payouts.retrieve, payout_id, expand=expand)
        if not self._right_mode(found):
            return
        for entry in (found["balance_transaction"], found["failure_balance_transaction"]):
            if isinstance(entry, dict):
                self._move(entry, None)

    def customer(self, customer_id: str) -> None:
        """All that a customer, who may be deleted, has promised."""
        as_of = self._clock()
        expand = ["data.customer", "data.latest_invoice.payments"]
        for found in pages(self._v1.subscriptions.list, customer=customer_id, status="all", expand=expand):
            self.read_subscription(found, as_of)

    # What was fetched

    def read_subscription(self, found: Plain, as_of: datetime, *, alone: bool = False) -> None:
        """Takes a subscription, with ``customer`` and ``latest_invoice.payments`` expanded. ``alone``: its invoices are
        read elsewhere."""
        if not self._is_ours(found):
            return
        invoice = found["latest_invoice"]
        intent = None
        if isinstance(invoice, dict) and not (alone and invoice["status"] != "open"):
            intent = self.intent_paying(invoice)
            self.read_invoice(invoice, intent)
        with _put_aside(self.seen, found):
            self.seen.pledges[found["id"]] = reading.pledge(found, intent, as_of)

    def read_invoice(self, found: Plain, intent: Plain | None = None, charge: Plain | None = None) -> bool:
        """Takes an invoice; False when it is not ours. ``intent`` or ``charge``: its payment, when that is known."""
        if found["id"] in self.seen.payments:
            return True
        if not self._is_ours(found):
            return False
        if charge is not None:
            intent = {"status": "succeeded", "latest_charge": charge}
        with _put_aside(self.seen, found):
            paying = intent or self.intent_paying(found)
            payment = reading.payment(self._ours, found, paying)
            if payment is not None:
                self.seen.payments[found["id"]] = payment
                self._exchange(reading.balance_transaction_of((paying or {}).get("latest_charge")), payment.gross)
            self.seen.note(reading.elsewhere(found))
        return True

    def intent_paying(self, invoice: Plain) -> Plain | None:
        """What pays an invoice, or was meant to, with its charge and fee; None for invoices that ask for nothing."""
        name = intent_name(invoice)
        if name and name not in self._intents:
            expand = ["latest_charge.balance_transaction"]
            self._intents[name] = plainly(self._v1.payment_intents.retrieve, name, expand=expand)
        return self._intents.get(name)

    def read_refund(self, found: Plain) -> None:
        """Takes a refund of one of our payments, with its balance transactions expanded."""
        with _put_aside(self.seen, found):
            refund = self.seen.refunds[found["id"]] = reading.refund(found)
            self._exchange(reading.balance_transaction_of(found), -refund.amount)
            home = found.get("failure_balance_transaction")
            self._exchange(home if isinstance(home, dict) else None, refund.amount)
            self.seen.note(reading.refund_failed(found))

    def read_dispute(self, found: Plain) -> None:
        """Takes a dispute of one of our payments."""
        with _put_aside(self.seen, found):
            dispute = self.seen.disputes[found["id"]] = reading.dispute(found)
            for entry in found["balance_transactions"]:
                self._exchange(entry, dispute.amount if entry["amount"] > 0 else -dispute.amount)

    def read_balance(self) -> None:
        """What Stripe holds for us now."""
        found = plainly(self._v1.balance.retrieve)
        if bool(found.get("livemode")) == self._ours.live:
            self.seen.balances = reading.balances(found)

    def read_movement(self, bt: Plain) -> None:
        """Takes a balance transaction that is no payment, refund or dispute."""
        self._move(bt, None)

    def _exchange(self, bt: Plain | None, own: Money) -> None:
        if bt is not None and own:
            self._move(bt, own)

    def _move(self, bt: Plain, own: Money | None) -> None:
        self.seen.movements |= {move.remote_id: move for move in reading.movements(bt, own)}

    # Whose it is

    def _is_ours(self, found: Plain) -> bool:
        problem = self._ours.problem(found)
        self.seen.note(problem)
        return problem is None

    def _right_mode(self, found: Plain) -> bool:
        if bool(found.get("livemode")) == self._ours.live:
            return True
        self.seen.note(RemoteProblem(kind="test_mode", subject=f"{SOURCE}:{found['id']}"))
        return False

    def _stranger(self, charge: Plain) -> None:
        """A charge that pays no invoice is nothing that we asked for."""
        if self._right_mode(charge):
            self.seen.note(RemoteProblem(kind="foreign", subject=f"{SOURCE}:{charge['id']}"))


def intent_name(invoice: Plain) -> str:
    """The payment intent of an invoice with ``payments`` expanded: the one that was paid, else the default one."""
    rows = (invoice.get("payments") or {}).get("data") or []
    rows = sorted(rows, key=lambda row: (row["status"] != "paid", not row.get("is_default")))
    intents = (id_of(row["payment"].get("payment_intent")) for row in rows)
    return next((name for name in intents if name), "")


class _put_aside:
    """What cannot be read becomes a problem for the treasurer; the rest of the look goes on."""

    def __init__(self, seen: Gathered, found: Plain) -> None:
        self._seen, self._found = seen, found

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> bool:
        if not isinstance(error, Unreadable | ValueError | KeyError | TypeError | IndexError | AttributeError):
            return False
        why = str(error) if isinstance(error, ValueError) else f"{type(error).__name__} {error}"
        subject = f"{SOURCE}:{self._found.get('id')}"
        self._seen.note(RemoteProblem(kind="unreadable", subject=subject, facts={"why": why[:100]}))
        return True


LOOKS: dict[str, Callable[[Looker, str], Any]] = {  # the longest beginning of an event's kind decides
    "checkout.session.": Looker.session,
    "customer.": Looker.customer,
    "customer.subscription.": Looker.subscription,
    "invoice.": Looker.invoice,
    "charge.": Looker.charge,
    "charge.refund.": Looker.refund,
    "charge.dispute.": Looker.dispute,
    "payment_intent.": Looker.intent,
    "refund.": Looker.refund,
    "payout.": Looker.payout,
}
_SUBSCRIPTION = "created updated deleted paused resumed pending_update_applied pending_update_expired trial_will_end"
_INVOICE = "paid payment_failed payment_action_required payment_succeeded finalization_failed marked_uncollectible"
HANDLED = frozenset(
    f"{beginning}{what}"
    for beginning, words in (
        ("checkout.session.", "completed expired async_payment_succeeded async_payment_failed"),
        ("customer.subscription.", _SUBSCRIPTION),
        ("customer.", "deleted"),
        ("invoice.", f"{_INVOICE} voided overpaid"),
        ("charge.", "succeeded updated failed refunded"),
        ("charge.refund.", "updated"),
        ("charge.dispute.", "created updated funds_withdrawn funds_reinstated closed"),
        ("payment_intent.", "payment_failed processing"),
        ("refund.", "created updated failed"),
        ("payout.", "created paid failed canceled reconciliation_completed"),
    )
    for what in words.split()
)
"""Kinds of messages that we act upon; all others are kept and left alone."""


def look(looker: Looker, kind: str, object_id: str) -> Snapshot:
    """What an event of this kind about this object is a hint to."""
    beginning = max((name for name in LOOKS if kind.startswith(name)), key=len, default="")
    if not beginning or not object_id:
        raise Missing(f"nothing to look at for {kind}")
    LOOKS[beginning](looker, object_id)
    return looker.seen.snapshot()
