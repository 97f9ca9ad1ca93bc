"""Pure rules of double entry: accounts, kinds of entries, which bookings a payment asks for.

Plus is debit, minus is credit: money that we hold or spend is plus, income is minus, and each entry adds up to
nothing in each currency. Account names are those of hledger (https://hledger.org/dev/hledger.html#account-names).
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from coopgov.core.money import Money
from coopgov.core.text import N_

DUES, DONATIONS, OTHER = "income:dues", "income:donations", "income:other"
INCOME = {"dues": DUES, "donation": DONATIONS, "other": OTHER}  # purpose → account
STRIPE, OPEN_COLLECTIVE, BANK, CASH = "assets:stripe", "assets:opencollective", "assets:bank", "assets:cash"
ASSETS = {"stripe": STRIPE, "opencollective": OPEN_COLLECTIVE, "bank": BANK, "cash": CASH}  # source → account
STRIPE_FEES, HOST_FEES, PROCESSOR_FEES = "expenses:fees:stripe", "expenses:fees:host", "expenses:fees:processor"
SPENT = "expenses:spent"
OPENING, TRANSFERS, ADJUSTMENTS = "equity:opening", "equity:transfers", "equity:adjustments"
ACCOUNTS: dict[str, str] = {
    STRIPE: N_("Held at Stripe"),
    OPEN_COLLECTIVE: N_("Held at Open Collective"),
    BANK: N_("In the bank"),
    CASH: N_("In the cash box"),
    DUES: N_("Dues"),
    DONATIONS: N_("Donations"),
    OTHER: N_("Other income"),
    STRIPE_FEES: N_("Stripe's fees"),
    HOST_FEES: N_("The fiscal host's fees"),
    PROCESSOR_FEES: N_("Payment fees at Open Collective"),
    SPENT: N_("Spent"),
    OPENING: N_("Brought forward"),
    TRANSFERS: N_("Moved between own accounts elsewhere"),
    ADJUSTMENTS: N_("Adjustments"),
}
KINDS: dict[str, str] = {
    "contribution": N_("Contribution"),
    "fee": N_("Fee"),
    "refund": N_("Refund"),
    "dispute": N_("Disputed payment"),
    "expense": N_("Expense"),
    "payout": N_("Moved to the bank"),
    "transfer": N_("Transfer"),
    "opening": N_("Brought forward"),
    "adjustment": N_("Adjustment"),
}
_REF = re.compile(r"[\x21-\x7e]{1,150}")


@dataclass(frozen=True)
class Line:
    """One side of an entry: plus is debit."""

    account: str
    amount: Money


@dataclass(frozen=True)
class Draft:
    """An entry to be booked on ``day``. ``ref`` names what it books and for ever stands for these lines."""

    ref: str
    kind: str
    day: date
    lines: tuple[Line, ...]
    note: str = ""


@dataclass(frozen=True)
class Back:
    """Money that went back on a payment: a refund, a dispute, or a correction of what was written down wrongly.

    ``returned_on``: the day on which it came home again.

    ``fees``: what that cost (plus) or gave back (minus), per account; ``fee_back``: it came home with the money.
    """

    ref: str  # stripe:re_1
    kind: str  # refund | dispute | correction
    day: date
    amount: Money
    fees: Mapping[str, Money]
    returned_on: date | None = None
    fee_back: bool = False


def check_draft(draft: Draft) -> None:
    """Raises ValueError unless it adds up to nothing per currency, in known accounts, with no empty line."""
    if not _REF.fullmatch(draft.ref) or draft.kind not in KINDS:
        raise ValueError(f"an entry needs a reference and a kind: {draft.ref!r} {draft.kind!r}")
    if unknown := {line.account for line in draft.lines} - set(ACCOUNTS):
        raise ValueError(f"unknown accounts: {sorted(unknown)}")
    if len(draft.lines) < 2 or not all(line.amount for line in draft.lines):
        raise ValueError(f"{draft.ref} needs two sides and no empty line")
    if any(left for left in balances_of(draft.lines).values()):
        raise ValueError(f"{draft.ref} does not add up: {balances_of(draft.lines)}")


def balances_of(lines: Iterable[Line]) -> dict[str, int]:
    """What the lines add up to, in minor units per currency."""
    sums: dict[str, int] = {}
    for line in lines:
        sums[line.amount.currency] = sums.get(line.amount.currency, 0) + line.amount.minor
    return sums


def two_sided(ref: str, kind: str, day: date, debit: str, credit: str, amount: Money, note: str = "") -> Draft:
    """``amount`` out of ``credit`` into ``debit``; a negative one goes the other way."""
    return Draft(ref, kind, day, (Line(debit, amount), Line(credit, -amount)), note)


def payment_drafts(
    ref: str, purpose: str, asset: str, day: date, gross: Money, fees: Mapping[str, Money] | None, backs: Sequence[Back]
) -> list[Draft]:
    """Every entry that should stand for a payment that arrived, from its facts as they are now.

    Gross and fee are entries of their own, because the fee is often told later. A refund that failed stands as two
    entries, out and home again, whether or not anybody looked in between. A payment of nothing asks for none.
    """
    if not gross:
        return []
    drafts = [two_sided(f"{ref}:gross", "contribution", day, asset, INCOME[purpose], gross)]
    for account, fee in sorted((fees or {}).items()):
        if fee:
            drafts.append(two_sided(f"{ref}:fee:{account.rsplit(':', 1)[1]}", "fee", day, account, asset, fee))
    for back in backs:
        drafts += _back_drafts(INCOME[purpose], asset, back)
    return drafts


def _back_drafts(income: str, asset: str, back: Back) -> list[Draft]:
    away = _away(income, asset, back.amount, back.fees)
    kind = "adjustment" if back.kind == "correction" else back.kind
    drafts = [Draft(f"{back.ref}:{back.kind}", kind, back.day, away)]
    if back.returned_on is not None:
        home = _away(income, asset, back.amount, back.fees if back.fee_back or back.kind != "dispute" else {})
        lines = tuple(Line(line.account, -line.amount) for line in home)
        drafts.append(Draft(f"{back.ref}:returned", kind, back.returned_on, lines))
    return drafts


def _away(income: str, asset: str, amount: Money, fees: Mapping[str, Money]) -> tuple[Line, ...]:
    charged = [Line(account, fee) for account, fee in sorted(fees.items()) if fee]
    left = sum((line.amount for line in charged), amount)
    return tuple(line for line in (Line(income, amount), *charged, Line(asset, -left)) if line.amount)
