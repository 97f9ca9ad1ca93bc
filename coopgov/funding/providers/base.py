"""What every provider's objects are turned into at the border: plain facts, nothing of the provider's own shapes.

The rules above know these alone. Ids are the provider's; amounts are whole minor units; instants are aware UTC.
Applying the same facts again, in any order, changes nothing (funding.services.ingest).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from coopgov.core.money import Money


@dataclass(frozen=True, kw_only=True)
class RemotePayer:
    """Who pays. ``email`` is only what the provider vouches for; ``kind``: person, organisation, guest, incognito."""

    remote_id: str
    name: str = ""
    email: str = ""
    kind: str = "person"


@dataclass(frozen=True, kw_only=True)
class RemotePledge:
    """A subscription or a recurring order as it is now. ``status`` as in funding.models.Pledge, never draft.

    ``pledge_id`` is our own row, from the object's metadata; ``claim`` our code in its tags. None and "" for orders
    that did not begin here. ``as_of`` says when the provider showed it, so that an older view never wins.
    """

    remote_id: str
    payer: RemotePayer | None
    amount: Money
    interval: str  # month | year | once
    status: str
    as_of: datetime
    pledge_id: int | None = None
    claim: str = ""
    product: str = ""
    title: str = ""
    item_id: str = ""
    started_at: datetime | None = None
    paid_until: datetime | None = None
    next_charge_at: datetime | None = None
    ends_at: datetime | None = None
    resumes_at: datetime | None = None
    action_url: str = ""
    failure: str = ""


@dataclass(frozen=True, kw_only=True)
class RemotePayment:
    """One payment. ``fees`` maps ledger accounts (``expenses:fees:stripe``) to what was kept; None: not told yet.

    ``status``: pending, succeeded, failed. Refunds and disputes come by themselves. Covered days include both ends.
    ``settles_in`` is the asset account that received it, ``assets:stripe``.
    """

    remote_id: str
    payer: RemotePayer | None
    gross: Money
    status: str
    paid_at: datetime
    settles_in: str
    fees: Mapping[str, Money] | None = None
    charge_id: str = ""
    pledge_remote_id: str = ""
    pledge_id: int | None = None
    claim: str = ""
    purpose: str = "dues"  # dues | donation | other
    method: str = ""
    settled_at: datetime | None = None
    failed_at: datetime | None = None
    failure: str = ""
    covers_from: date | None = None
    covers_to: date | None = None
    receipt_url: str = ""
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class RemoteRefund:
    """Money given back. ``payment`` is the payment's remote_id or its charge_id; ``status``: pending, succeeded,
    failed. ``is_correction``: the payment was written down wrongly or twice, and nobody got anything back."""

    remote_id: str
    payment: str
    amount: Money
    status: str
    at: datetime
    fees_returned: Mapping[str, Money] = field(default_factory=dict)  # accounts whose fee came back with it
    closed_at: datetime | None = None  # when it failed
    is_correction: bool = False


@dataclass(frozen=True, kw_only=True)
class RemoteDispute:
    """Money that the payer's bank took back, perhaps for good. ``status``: open, won, lost.

    ``withdrawn``: the money and the fee left our balance; ``fee_back``: a won dispute returned its fee as well.
    """

    remote_id: str
    payment: str
    amount: Money
    fee: Money
    fee_account: str  # expenses:fees:stripe
    status: str
    at: datetime
    withdrawn: bool = True
    fee_back: bool = False
    closed_at: datetime | None = None
    fees_returned: Mapping[str, Money] = field(default_factory=dict)  # accounts whose fee came back when it was lost


@dataclass(frozen=True, kw_only=True)
class RemoteMovement:
    """Anything else that changed what the provider holds: a payout, an expense paid, an adjustment.

    ``amount`` is what the asset account gained (minus: lost); ``account`` is the other side.
    """

    remote_id: str
    kind: str  # funding.rules.ledger.KINDS: payout, expense, transfer, adjustment
    amount: Money
    asset: str
    account: str
    at: datetime
    note: str = ""  # public: no names


@dataclass(frozen=True, kw_only=True)
class RemoteProblem:
    """What could not be read or does not belong here. It waits for the treasurer; nothing of it reaches the ledger."""

    kind: str  # funding.rules.findings.KINDS
    subject: str
    facts: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """What one look at a provider showed, in any order. ``balances``: what it said that it holds, per currency."""

    source: str  # stripe | opencollective | bank | cash
    payers: tuple[RemotePayer, ...] = ()
    pledges: tuple[RemotePledge, ...] = ()
    payments: tuple[RemotePayment, ...] = ()
    refunds: tuple[RemoteRefund, ...] = ()
    disputes: tuple[RemoteDispute, ...] = ()
    movements: tuple[RemoteMovement, ...] = ()
    problems: tuple[RemoteProblem, ...] = ()
    balances: tuple[Money, ...] = ()


@dataclass(frozen=True, kw_only=True)
class CheckoutOrder:
    """What a provider's own page should ask somebody to pay: ``amount`` for each ``interval``, from today on.

    ``key`` names the intent and its revision (``pledge-12-3``), so that asking again gives the same page. ``customer``
    is the provider's id of a payer whom it knows already, else empty.
    """

    key: str
    pledge_id: int
    party_id: int
    amount: Money
    interval: str  # month | year
    product: str  # the upper feature's word: tier:2
    title: str  # how the provider's pages name it
    email: str
    name: str
    language: str
    success_url: str
    cancel_url: str
    customer: str = ""


@dataclass(frozen=True, kw_only=True)
class Checkout:
    """The provider's page that was opened for an order. Nobody can pay there after ``expires_at``."""

    checkout_id: str
    url: str
    customer: str
    expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class PledgeChange:
    """What is asked of a provider for a pledge that it has. ``kind``: amount (with amount and interval), pause (with
    ``until``; None: until further notice), resume, cancel (``at_once`` or when the paid period ends), keep (cancel no
    more). ``key`` names the intent and its revision."""

    key: str
    remote_id: str
    item_id: str
    kind: str
    amount: Money | None = None
    interval: str = ""
    product: str = ""
    title: str = ""
    until: datetime | None = None
    at_once: bool = False


class ProviderRefused(Exception):
    """The provider says no, and asking again cannot help; the text is for the treasurer, without secrets."""


class ProviderDown(Exception):
    """The provider did not answer, or answered that it is in trouble: later it may work."""
