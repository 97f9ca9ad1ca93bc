"""Money of the demonstration that no provider tells of: transfers and cash, what is spent, what the treasurer sorts."""

from datetime import datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from coopgov.core.text import slug_of
from coopgov.demo.cast import Person, book
from coopgov.demo.diary import ZONE, awake
from coopgov.demo.joining import FOUNDED
from coopgov.demo.purses import Purse, money, till_book
from coopgov.demo.stage import Stage
from coopgov.funding.models import Contribution, Payer
from coopgov.funding.providers.base import RemoteMovement, Snapshot
from coopgov.funding.rules.ledger import BANK, OPENING, SPENT
from coopgov.funding.rules.matching import Portion
from coopgov.funding.services.by_hand import ByHand, book_by_hand
from coopgov.funding.services.ingest import apply
from coopgov.funding.services.matching import declare, is_waiting, split
from coopgov.infra.db import writing_session
from coopgov.membership.rules.tiers import covered_by

A_MONTH, A_YEAR = 30.44, 365.25  # days
PAYOUTS = range(380, 3, -30)  # days ago on which Stripe pays out
SORTED = (261, 11)  # days ago on which the treasurer says for whom an organisation pays
ORGANISATION = "Pixel Works Co-op"


def plan_by_hand(stage: Stage) -> None:
    """Writes into the diary what the co-op brought with it, spends, moves to the bank, and books by hand."""
    diary = stage.diary
    diary.write(diary.days_ago(FOUNDED) + timedelta(hours=4), _open_books)
    for plain in till_book()["spending"]:
        days = float(plain.get("since", 412))
        while days > plain.get("until", 1):
            diary.write(diary.on_the_clock(days, "11:20"), partial(_spend, stage, plain))
            days -= plain["every"] * A_MONTH
    for days in PAYOUTS:
        diary.write(diary.on_the_clock(days, "06:00"), stage.tills.pay_out)
    _plan_organisation(stage)
    for days, plain in enumerate(till_book()["gifts"]):
        diary.write(awake(diary.days_ago(plain["days_ago"])), partial(_give, stage, days, plain))
    diary.write(diary.on_the_clock(44, "20:40"), partial(_thank, stage))


def plan_transfers(stage: Stage, person: Person, purse: Purse, begins: datetime) -> None:
    """A payment by bank or in cash each year, which the treasurer books some days later."""
    paid = begins
    while paid < stage.diary.now - timedelta(days=4):
        stage.diary.write(awake(paid + timedelta(days=3)), partial(_book, stage, person, purse, paid))
        paid += timedelta(days=A_YEAR)


def _open_books(now: datetime) -> None:
    brought = money(till_book()["opening"]["bank"])
    move = RemoteMovement(
        remote_id="opening", kind="opening", amount=brought, asset=BANK, account=OPENING, at=now, note="From before"
    )
    apply(Snapshot(source="bank", movements=(move,)), now)


def _spend(stage: Stage, plain: dict[str, Any], now: datetime) -> None:
    if plain["from"] == "bank":
        spent = RemoteMovement(
            remote_id=f"{slug_of(plain['title'])}-{now:%Y%m%d}",
            kind="expense",
            amount=-money(plain["minor"]),
            asset=BANK,
            account=SPENT,
            at=now,
            note=plain["title"],
        )
        apply(Snapshot(source="bank", movements=(spent,)), now)
        return
    payee = slug_of(plain["title"])
    if not stage.tills.has_account(payee):
        stage.tills.act(now, "person", slug=payee, name=plain["title"].split(":")[0])
    stage.tills.act(now, "expense", to=payee, cents=plain["minor"], title=plain["title"])


def _book(stage: Stage, person: Person, purse: Purse, paid: datetime, now: datetime) -> None:
    day = paid.astimezone(ZoneInfo(ZONE)).date()
    wanted = ByHand(
        key=f"{person.key}-{day:%Y%m%d}",
        source=purse.till,
        amount=purse.amount,
        day=day,
        party_id=stage.parties[person.key],
        covers=covered_by(day, purse.interval),
        reference=person.name.upper() if purse.till == "bank" else "",
    )
    book_by_hand(wanted, stage.parties[book()["personas"]["treasurer"]], now)


# What the treasurer sorts


def _plan_organisation(stage: Stage) -> None:
    """One payment a year for three of its people; for whom it is, the treasurer says."""

    def pay(now: datetime) -> None:
        slug = slug_of(ORGANISATION)
        stage.tills.act(now, "person", slug=slug, name=ORGANISATION, kind="ORGANIZATION")
        stage.tills.act(now, "contribute", by=slug, cents=10800, interval="year", tier="member")

    stage.diary.write(awake(stage.diary.days_ago(300)), pay)
    for days in SORTED:
        stage.diary.write(stage.diary.on_the_clock(days, "20:30"), partial(_split, stage))


def _split(stage: Stage, now: datetime) -> None:
    whose = [stage.parties[key] for key, purse in stage.purses.items() if purse.fate == "by_organisation"]
    for row in _payments_of(ORGANISATION):
        parts = row.gross.split([1] * len(whose))
        portions = [Portion(party, part) for party, part in zip(whose, parts, strict=True)]
        split(row, portions, stage.parties[book()["personas"]["treasurer"]], now)


def _give(stage: Stage, number: int, plain: dict[str, Any], now: datetime) -> None:
    """A gift of somebody who is no member, or does not say so."""
    slug = f"guest-{number}"
    stage.tills.act(now, "person", slug=slug, name=plain["name"], email=plain.get("email", ""), guest=True)
    stage.tills.act(now, "contribute", by=slug, cents=plain["minor"], tier=plain["tier"])


def _thank(stage: Stage, now: datetime) -> None:
    """The first gift is a gift; the others wait to be looked at."""
    for row in _payments_of(till_book()["gifts"][0]["name"]):
        declare(row, "donation", stage.parties[book()["personas"]["treasurer"]], now)


def _payments_of(payer: str) -> list[Contribution]:
    """Payments under this name that nobody has sorted yet."""
    query = select(Contribution).join(Payer, Payer.id == Contribution.payer_id).where(Payer.name == payer)
    return [row for row in writing_session().scalars(query.order_by(Contribution.id)).all() if is_waiting(row)]
