"""One snapshot on its way into the database: the rows that it concerns, and what they need in common."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from coopgov.core.money import Money
from coopgov.funding.models import Contribution, Payer, Pledge
from coopgov.funding.providers.base import RemotePayment, RemotePledge
from coopgov.funding.rules.ledger import ACCOUNTS
from coopgov.funding.rules.payments import PAYMENT_STATES, PLEDGE_STATES, PURPOSES
from coopgov.funding.services.findings import open_finding, was_answered
from coopgov.infra.coop import the_coop
from coopgov.infra.db import writing_session

SLICE = 500  # values in one IN (…)
INTERVALS = ("month", "year", "once")
_REMOTE_ID = re.compile(r"[\x21-\x7e]{1,100}")  # entries are named by it
Key = TypeVar("Key", int, str)


@dataclass
class Look:
    """One look at a provider. ``payers`` and ``pledges`` by the provider's ids; ``touched``: to be settled, by id."""

    source: str
    now: datetime
    zone: ZoneInfo
    payers: dict[str, Payer] = field(default_factory=dict)
    pledges: dict[str, Pledge] = field(default_factory=dict)
    touched: dict[int, Contribution] = field(default_factory=dict)
    mended: set[str] = field(default_factory=set)  # pledges, by the provider's ids, that are new or changed
    recognised: list[Payer] = field(default_factory=list)  # payers of whom we learnt who they are
    aside: set[str] = field(default_factory=set)  # what could not be meant, by the provider's ids
    changed: int = 0
    receipts: int = -1  # the last number given; -1 before anybody looked
    by_id: int | None = None  # who mends a heading; None: the provider's facts say so

    def next_receipt(self) -> int:
        """The next of our own gapless numbers; the write lock keeps others from taking it."""
        if self.receipts < 0:
            self.receipts = writing_session().scalar(select(func.max(Contribution.receipt_number))) or 0
        self.receipts += 1
        return self.receipts

    def day(self, instant: datetime) -> date:
        """The day of ``instant`` in the co-op's zone, on which it is booked."""
        return instant.astimezone(self.zone).date()

    def put_aside(self, remote_id: str, why: str) -> None:
        """What cannot be meant waits for a person; the rest of the look goes on."""
        self.aside.add(remote_id)
        subject = f"{self.source}:{remote_id}"
        if not was_answered("unreadable", subject):  # or each reading would ask again
            open_finding("unreadable", subject, {"why": why}, self.now)


def looking(source: str, now: datetime) -> Look:
    """A look at ``source`` that has not begun."""
    coop = the_coop()
    return Look(source, now, ZoneInfo(coop.zone if coop else "UTC"))


def by_slices(values: Iterable[Key]) -> Iterable[list[Key]]:
    """The distinct values that are not empty, in portions that fit one statement."""
    known = sorted(value for value in set(values) if value)
    return (known[start : start + SLICE] for start in range(0, len(known), SLICE))


def set_all(row: object, values: dict[str, object]) -> bool:
    """Gives the row those ``values`` that differ from its own; False when none did."""
    different = {name: value for name, value in values.items() if getattr(row, name) != value}
    for name, value in different.items():
        setattr(row, name, value)
    return bool(different)


def is_name(remote_id: str) -> bool:
    """True for a provider's id that rows and entries can be named by: up to 100 plain characters without spaces."""
    return _REMOTE_ID.fullmatch(remote_id) is not None


def wrong_in_pledge(remote: RemotePledge) -> str:
    """Which field of a pledge cannot be meant; empty when all can."""
    faults = {
        "id": not is_name(remote.remote_id),
        "status": remote.status not in PLEDGE_STATES - {"draft"},
        "interval": remote.interval not in INTERVALS,
        "amount": remote.amount.minor < 0,
    }
    return next((name for name, is_wrong in faults.items() if is_wrong), "")


def wrong_in_payment(remote: RemotePayment) -> str:
    """Which field of a payment cannot be meant; empty when all can."""
    fees = remote.fees or {}
    faults = {
        "id": not is_name(remote.remote_id),
        "status": remote.status not in PAYMENT_STATES,
        "purpose": remote.purpose not in PURPOSES,
        "amount": remote.gross.minor < 0,
        "account": not {remote.settles_in, *fees} <= ACCOUNTS.keys(),
        "currency": not _all_in(remote.gross.currency, list(fees.values())),
        "days": (remote.covers_from is None) != (remote.covers_to is None),
    }
    return next((name for name, is_wrong in faults.items() if is_wrong), "")


def _all_in(currency: str, sums: Sequence[Money]) -> bool:
    return all(amount.currency == currency for amount in sums)
