"""What the fake is made of. Attributes are the schema's fields in our spelling, so that most answer by themselves.

Amounts are Open Collective's cents: hundredths, in currencies without decimals too.
"""

from dataclasses import dataclass, field
from datetime import datetime

from coopgov.core.money import NO_DECIMALS

TYPE_OF_ACCOUNT = {"INDIVIDUAL": "Individual", "COLLECTIVE": "Collective", "ORGANIZATION": "Organization"}
TYPE_OF_ACCOUNT |= {"FUND": "Fund", "PROJECT": "Project", "EVENT": "Event", "VENDOR": "Vendor", "HOST": "Host"}


@dataclass(frozen=True, slots=True)
class Amount:
    """A sum as the schema has it."""

    value_in_cents: float  # a Float there; whole here unless a fault makes it otherwise
    currency: str

    @property
    def value(self) -> float:
        """The sum in units."""
        return self.value_in_cents / 100


@dataclass(slots=True, eq=False)
class Account:
    """A person, a collective, an organisation, a host, a seller. ``legacy_id`` is its number for ever."""

    legacy_id: int
    slug: str
    name: str
    kind: str  # a key of TYPE_OF_ACCOUNT
    created_at: datetime
    currency: str = "GBP"
    email: str = ""
    is_incognito: bool = False
    is_guest: bool = False
    is_deleted: bool = False
    parent: "Account | None" = None
    host: "Account | None" = None

    @property
    def graphql_type(self) -> str:
        """Its type in the schema."""
        return TYPE_OF_ACCOUNT[self.kind]

    @property
    def type(self) -> str:
        """Its AccountType: a host is an organisation there."""
        return "ORGANIZATION" if self.kind == "HOST" else self.kind

    @property
    def id(self) -> str:
        """The older public id."""
        return f"{self.legacy_id:08d}-acco-unts-fake"

    @property
    def public_id(self) -> str:
        """The newer public id."""
        return f"acc_{self.legacy_id:08d}"

    @property
    def updated_at(self) -> datetime:
        """The fake does not note changes."""
        return self.created_at


@dataclass(slots=True, eq=False)
class Tier:
    """What one may contribute to. ``cents`` is the suggestion, ``least_cents`` the minimum of a flexible one."""

    legacy_id: int
    slug: str
    name: str
    type: str
    frequency: str
    cents: int
    least_cents: int
    currency: str
    presets: tuple[int, ...] = ()

    @property
    def id(self) -> str:
        """The older public id."""
        return f"{self.legacy_id:08d}-tier-fake"

    @property
    def public_id(self) -> str:
        """The newer public id."""
        return f"tier_{self.legacy_id:08d}"

    @property
    def amount_type(self) -> str:
        """FIXED, or FLEXIBLE when there is a minimum below the suggestion."""
        return "FLEXIBLE" if self.least_cents < self.cents or self.presets else "FIXED"

    @property
    def amount(self) -> Amount:
        """The suggested amount."""
        return Amount(self.cents, self.currency)

    @property
    def minimum_amount(self) -> Amount:
        """The least that may be given."""
        return Amount(self.least_cents, self.currency)

    @property
    def ends_at(self) -> None:
        """Tiers do not end here."""


@dataclass(frozen=True, slots=True)
class PaymentMethod:
    """How somebody pays; ``service`` and ``type`` as in the schema."""

    service: str
    type: str

    @property
    def public_id(self) -> str:
        """One for each kind; the fake keeps no cards."""
        return f"pm_{self.service}_{self.type}"


@dataclass(slots=True, eq=False)
class Order:
    """A contribution that somebody promised: once, monthly or yearly.

    ``next_charge_date`` is None while nothing is to be charged; ``period_start`` is what the charge is for;
    ``is_subscribed`` from the first payment of a recurring one on; ``declines`` future charges will fail.
    """

    legacy_id: int
    from_account: Account
    to_account: Account
    cents: int
    currency: str
    frequency: str
    status: str
    created_at: datetime
    payment_method: PaymentMethod | None
    tier: Tier | None = None
    quantity: int = 1
    tip_cents: int = 0
    tags: tuple[str, ...] = ()
    description: str = ""
    gift_card_from: Account | None = None
    next_charge_date: datetime | None = None
    period_start: datetime | None = None
    last_charged_at: datetime | None = None
    processed_at: datetime | None = None
    updated_at: datetime | None = None
    is_subscribed: bool = False
    tries: int = 0
    declines: int = 0
    groups: "list[Group]" = field(default_factory=list)

    @property
    def graphql_type(self) -> str:
        """Its type in the schema."""
        return "Order"

    @property
    def id(self) -> str:
        """The older public id."""
        return f"{self.legacy_id:08d}-orde-rsof-fake"

    @property
    def public_id(self) -> str:
        """The newer public id."""
        return f"or_{self.legacy_id:08d}"

    @property
    def amount(self) -> Amount:
        """What each charge gives, without the tip."""
        return Amount(self.cents * self.quantity, self.currency)

    @property
    def total_amount(self) -> Amount:
        """With the tip."""
        return Amount(self.cents * self.quantity + self.tip_cents, self.currency)

    @property
    def tax_amount(self) -> None:
        """Nothing is taxed here."""

    @property
    def platform_tip_amount(self) -> Amount:
        """What goes to the platform on top."""
        return Amount(self.tip_cents, self.currency)

    @property
    def total_contributed(self) -> Amount:
        """What was charged and not given back."""
        kept = [g for g in self.groups if g.refund_of is None and g.refunded_by is None]
        return Amount(sum(g.main.cents for g in kept), self.currency)

    @property
    def custom_data(self) -> None:
        """Tiers ask nothing more here."""


@dataclass(slots=True, eq=False)
class Expense:
    """What the collective pays for."""

    legacy_id: int
    description: str
    type: str
    cents: int
    currency: str
    payee: Account
    account: Account
    created_at: datetime
    status: str = "APPROVED"
    tags: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """The older public id."""
        return f"{self.legacy_id:08d}-expe-nses-fake"

    @property
    def public_id(self) -> str:
        """The newer public id."""
        return f"ex_{self.legacy_id:08d}"

    @property
    def amount_v2(self) -> Amount:
        """The sum of its items."""
        return Amount(self.cents, self.currency)


@dataclass(slots=True, eq=False)
class Group:
    """The rows of one happening. ``refund_kind`` says why the group ``refund_of`` was taken back by this one."""

    id: str
    order: Order | None = None
    expense: Expense | None = None
    payment_method: PaymentMethod | None = None
    gift_card_from: Account | None = None
    refund_of: "Group | None" = None
    refund_kind: str | None = None
    refunded_by: "Group | None" = None
    is_disputed: bool = False
    is_in_review: bool = False
    cleared_at: datetime | None = None
    updated_at: datetime | None = None
    rows: "list[Row]" = field(default_factory=list)

    @property
    def main(self) -> "Row":
        """The receiver's row of what a payment is about; it is written last."""
        return self.rows[-1]


@dataclass(slots=True, eq=False)
class Row:
    """One side of a pair. ``host_fee_inside`` and ``processor_fee_inside`` (minus) are in the host's currency."""

    legacy_id: int
    in_group: Group
    kind: str
    account: Account
    opposite_account: Account
    cents: int
    currency: str
    host_cents: int
    host_currency: str
    created_at: datetime
    type: str
    description: str = ""
    host_fee_inside: int = 0
    processor_fee_inside: int = 0
    is_debt: bool = False

    @property
    def graphql_type(self) -> str:
        """Its type in the schema."""
        return "Credit" if self.type == "CREDIT" else "Debit"

    @property
    def id(self) -> str:
        """The older public id."""
        return f"{self.legacy_id:08d}-rows-0000-0000-00000000fake"

    @property
    def public_id(self) -> str:
        """The newer public id."""
        return f"tx_{self.legacy_id:08d}"

    @property
    def group(self) -> str:
        """What ties it to the other rows of the same happening."""
        return self.in_group.id

    @property
    def amount(self) -> Amount:
        """In the currency of the contribution."""
        return Amount(self.cents, self.currency)

    @property
    def amount_in_host_currency(self) -> Amount:
        """What it is in the host's books, before fees inside."""
        return Amount(self.host_cents, self.host_currency)

    @property
    def net_amount(self) -> Amount:
        """What is left after fees inside, in the currency of the contribution."""
        return Amount(rounded(self.net_host_cents * self.cents, self.host_cents, self.currency), self.currency)

    @property
    def net_amount_in_host_currency(self) -> Amount:
        """What is left after fees inside, in the host's books; balances are sums of these."""
        return Amount(self.net_host_cents, self.host_currency)

    @property
    def net_host_cents(self) -> int:
        """The cents of ``net_amount_in_host_currency``."""
        return self.host_cents + self.host_fee_inside + self.processor_fee_inside

    @property
    def host_fee(self) -> Amount:
        """The host fee inside; 0 in newer rows."""
        return Amount(self.host_fee_inside, self.host_currency)

    @property
    def payment_processor_fee(self) -> Amount:
        """The processor's fee inside; 0 in newer rows."""
        return Amount(self.processor_fee_inside, self.host_currency)

    @property
    def host_currency_fx_rate(self) -> float:
        """Host's currency for one of the contribution's."""
        return self.host_cents / self.cents if self.cents else 1.0

    @property
    def from_account(self) -> Account:
        """Whom the money left."""
        return self.opposite_account if self.type == "CREDIT" else self.account

    @property
    def to_account(self) -> Account:
        """Whom it reached."""
        return self.account if self.type == "CREDIT" else self.opposite_account

    @property
    def order(self) -> Order | None:
        """The contribution that it belongs to."""
        return self.in_group.order

    @property
    def expense(self) -> Expense | None:
        """The expense that it pays."""
        return self.in_group.expense

    @property
    def payment_method(self) -> PaymentMethod | None:
        """How it was paid."""
        return self.in_group.payment_method

    @property
    def gift_card_emitter_account(self) -> Account | None:
        """Who bought the gift card that it was paid with."""
        return self.in_group.gift_card_from

    @property
    def cleared_at(self) -> datetime:
        """When it took effect outside."""
        return self.in_group.cleared_at or self.created_at

    @property
    def updated_at(self) -> datetime:
        """When its flags last changed."""
        return self.in_group.updated_at or self.created_at

    @property
    def is_refund(self) -> bool:
        """True for rows that take something back."""
        return self.in_group.refund_of is not None

    @property
    def is_refunded(self) -> bool:
        """True for rows that something took back."""
        return self.in_group.refunded_by is not None

    @property
    def refund_kind(self) -> str | None:
        """Why it takes back."""
        return self.in_group.refund_kind

    @property
    def is_disputed(self) -> bool:
        """True while the payer's bank asks."""
        return self.in_group.is_disputed

    @property
    def is_in_review(self) -> bool:
        """True while the processor suspects fraud."""
        return self.in_group.is_in_review

    @property
    def refund_transaction(self) -> "Row | None":
        """The row that it takes back, or that takes it back."""
        other = self.in_group.refund_of or self.in_group.refunded_by
        same = (row for row in other.rows if row.kind == self.kind and row.account is self.account) if other else ()
        return next(iter(same), None)

    @property
    def opposite_transaction(self) -> "Row | None":
        """The other side of the pair."""
        pair = (r for r in self.in_group.rows if r.kind == self.kind and r.account is self.opposite_account)
        return next(pair, None)


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody's part in the collective; by Open Collective's own words ``is_active`` is not to be relied upon."""

    legacy_id: int
    role: str
    account: Account
    tier: Tier | None
    created_at: datetime
    is_active: bool
    total_donations: Amount

    @property
    def id(self) -> str:
        """The older public id."""
        return f"{self.legacy_id:08d}-memb-ers-fake"

    @property
    def public_id(self) -> str:
        """The newer public id."""
        return f"mem_{self.legacy_id:08d}"

    @property
    def since(self) -> datetime:
        """The day it began."""
        return self.created_at

    @property
    def updated_at(self) -> datetime:
        """The fake does not note changes."""
        return self.created_at


def rounded(numerator: int, denominator: int, currency: str) -> int:
    """``numerator / denominator`` cents to the nearest sum that exists in ``currency``, halves away from zero."""
    step = 100 if currency in NO_DECIMALS else 1
    if not denominator:
        return 0
    sign = 1 if (numerator >= 0) == (denominator > 0) else -1
    return sign * ((2 * abs(numerator) + step * abs(denominator)) // (2 * step * abs(denominator))) * step
