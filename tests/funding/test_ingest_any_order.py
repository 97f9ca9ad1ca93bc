"""The same facts, in any order, any number of times, in any portions, give the same rows and the same ledger."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from coopgov.core.money import Money
from coopgov.funding.models import Contribution, Pledge, Posting, Reversal
from coopgov.funding.providers.base import RemotePledge
from coopgov.funding.rules.ledger import INCOME, STRIPE_FEES
from coopgov.funding.services.ingest import apply
from coopgov.infra.db import db, write_transaction
from tests.conftest import NOW
from tests.factories import member
from tests.funding.facts import (
    LATER,
    PAID,
    balances,
    dispute,
    movement,
    payer,
    payment,
    pledge,
    refund,
    snapshot,
    state,
    unbalanced,
)

CLAIMS = {"ada": "CLAIM-of-Ada", "bob": "CLAIM-of-Bob"}  # the members who began here
PAYERS = [*CLAIMS, "cyd", "dee"]
CURRENCIES = ["GBP", "EUR"]
UNSHRUNK = [Phase.explicit, Phase.reuse, Phase.generate]  # a story takes a quarter of a second: shrinking takes hours
SOME = settings(
    max_examples=50, deadline=None, phases=UNSHRUNK, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
ONCE = settings(SOME, max_examples=12)


@dataclass(frozen=True)
class Story:
    """Views of things as a provider shows them over time: for each thing in the order of its life."""

    lives: tuple[tuple[Any, ...], ...]


def lived(first: Any, *changes: dict[str, Any]) -> tuple[Any, ...]:
    """A thing and what became of it."""
    views = [first]
    for change in changes:
        views.append(replace(views[-1], **change))
    return tuple(views)


@st.composite
def pledges(draw: st.DrawFn, name: str, currency: str) -> tuple[RemotePledge, ...]:
    first = pledge(
        f"sub_{name}",
        payer=payer(name, "organisation" if name == "dee" else "person"),
        claim=CLAIMS.get(name, "").lower(),
        status="pending",
    )
    first = replace(first, amount=Money(draw(st.integers(1, 10_000)), currency))
    later = draw(st.lists(st.sampled_from(["active", "past_due", "ending", "ended"]), max_size=3))
    views = [{"status": word, "as_of": PAID + timedelta(hours=n)} for n, word in enumerate(later, 1)]
    return lived(first, *views)


@st.composite
def payments(draw: st.DrawFn, remote_id: str, names: Sequence[str], currency: str) -> list[tuple[Any, ...]]:
    name, gross = draw(st.sampled_from(names)), draw(st.integers(0, 10_000))
    fee = {STRIPE_FEES: Money(draw(st.integers(0, 100)), currency)}
    purpose = draw(st.sampled_from(["dues", "donation"]))
    settled: dict[str, Any] = {"purpose": purpose}
    settled["payer"] = payer(name, "organisation" if name == "dee" else "person")
    if draw(st.booleans()):
        settled["pledge_remote_id"] = f"sub_{name}"
    if draw(st.integers(0, 9)) == 0:
        failed = payment(remote_id, fee=None, status="failed", failed_at=LATER, **settled)
        return [lived(replace(failed, gross=Money(gross, currency)))]
    arrival = {"status": "succeeded", "fees": fee}
    begins = draw(st.sampled_from(["pending", "unpriced", "whole"]))
    first = payment(remote_id, fee=None, status="pending" if begins == "pending" else "succeeded", **settled)
    first = replace(first, gross=Money(gross, currency))
    own = lived(first, arrival) if begins != "whole" else lived(replace(first, **arrival))
    return [own, *draw(backs(remote_id, gross, currency))]


@st.composite
def backs(draw: st.DrawFn, of: str, gross: int, currency: str) -> list[tuple[Any, ...]]:
    lives, left, number = [], gross, of.removeprefix("in_")
    for n in range(draw(st.integers(0, 2))):
        if left:
            amount = Money(draw(st.integers(1, left)), currency)
            fees = {STRIPE_FEES: Money(draw(st.integers(0, 20)), currency)}
            first = refund(f"re_{number}_{n}", amount=1, of=of, status="pending", fees_returned=fees)
            ways: list[list[dict[str, Any]]] = [[], [{"status": "succeeded"}]]
            ways.append([*ways[1], {"status": "failed", "closed_at": LATER + timedelta(days=2)}])
            way = draw(st.sampled_from(ways))
            lives.append(lived(replace(first, amount=amount), *way))
            left -= amount.minor if not way or way[-1]["status"] != "failed" else 0
    if left and draw(st.integers(0, 3)) == 0:
        taken = dispute(f"dp_{number}", of=of.replace("in_", "ch_"), status="open")
        taken = replace(taken, amount=Money(left, currency), fee=Money(1500, currency), withdrawn=draw(st.booleans()))
        closed = {"closed_at": LATER + timedelta(days=5)}
        ends: list[list[dict[str, Any]]] = [[], [{"status": "won", **closed}]]
        ends += [[{"status": "lost", "withdrawn": True, **closed}]]
        ends += [[{"withdrawn": True}, {"status": "won", "fee_back": True, **closed}]]
        lives.append(lived(taken, *draw(st.sampled_from(ends))))
    return lives


@st.composite
def stories(draw: st.DrawFn) -> Story:
    """Up to four payers with a pledge each, up to five payments, expenses, in two currencies."""
    names = draw(st.lists(st.sampled_from(PAYERS), min_size=1, max_size=4, unique=True))
    currency = draw(st.sampled_from(CURRENCIES))
    lives: list[tuple[Any, ...]] = [draw(pledges(name, currency)) for name in names]
    for number in range(draw(st.integers(1, 5))):
        lives += draw(payments(f"in_{number}", names, draw(st.sampled_from(CURRENCIES))))
    for number in range(draw(st.integers(0, 2))):
        lives.append((movement(f"exp_{number}", draw(st.integers(-900, 900))),))
    return Story(tuple(lives))


def shuffled(story: Story, chance: random.Random) -> list[list[Any]]:
    """The last view of everything and any of the others, some twice, in any order, in portions of any size."""
    views = [view for life in story.lives for view in life]
    told = [life[-1] for life in story.lives] + [view for view in views if chance.random() < 0.6]
    chance.shuffle(told)
    portions, size = [], chance.randint(1, len(told))
    for start in range(0, len(told), size):
        portions.append(told[start : start + size])
    return portions


class TakenBack(Exception):
    """Ends a transaction whose only purpose was to look."""


def outcome(portions: Sequence[Sequence[Any]]) -> dict[str, Any]:
    """What the database would hold after these looks; it holds nothing of it afterwards."""
    found: dict[str, Any] = {}
    try:
        with write_transaction() as session:
            for name, claim in CLAIMS.items():
                drafted = {"party_id": member(name.title()).id, "claim": claim, "source": "stripe", "status": "draft"}
                terms = {"amount_minor": 100, "currency": "GBP", "interval": "month", "title": "Member"}
                session.add(Pledge(**drafted, **terms, created_at=PAID, updated_at=PAID))
            for portion in portions:
                apply(snapshot(*portion), NOW)
            found = state()
            check_sums()
            raise TakenBack
    except TakenBack:
        db.session.expunge_all()
    return _by_name(found)


def _by_name(found: dict[str, Any]) -> dict[str, Any]:
    """Parties get new numbers each time: the two members are told apart by who came first."""
    parties = sorted(
        {row["party_id"] for rows in ("Payer", "Pledge", "Contribution") for row in found[rows].values()} - {None}
    )
    for rows in ("Payer", "Pledge", "Contribution"):
        for row in found[rows].values():
            row["party_id"] = parties.index(row["party_id"]) if row["party_id"] is not None else None
    found["findings"] = {(kind, subject) for kind, subject in found["findings"] if kind != "two_pledges"}
    return found


def check_sums() -> None:
    """I1, I3, I5: entries add up; income is what arrived and did not go back; nothing goes back that did not come."""
    assert unbalanced() == []
    arrived: dict[tuple[str, str], int] = {}
    for row in db.session.scalars(select(Contribution).where(Contribution.remote_status == "succeeded")):
        gone = [
            b.amount_minor
            for b in db.session.scalars(select(Reversal).where(Reversal.contribution_id == row.id, Reversal.withdrawn))
            if b.status not in ("failed", "won")
        ]
        key = INCOME[row.purpose], row.currency
        arrived[key] = arrived.get(key, 0) - row.gross_minor + sum(gone)
        assert 0 <= row.refunded_minor <= row.gross_minor
    assert {key: minor for key, minor in balances().items() if key[0].startswith("income")} == {
        key: minor for key, minor in arrived.items() if minor
    }
    receipts = sorted(db.session.scalars(select(Contribution.receipt_number)).all(), key=lambda n: n or 0)
    given_out = [number for number in receipts if number]
    assert given_out == list(range(1, len(given_out) + 1))


@SOME
@given(stories(), st.randoms(use_true_random=False))
def test_order_portions_and_repeats_change_nothing(app: Flask, story: Story, chance: random.Random) -> None:
    expected = outcome([[life[-1] for life in story.lives]])
    assert outcome([[view] for life in story.lives for view in life]) == expected
    assert outcome(shuffled(story, chance)) == expected


@ONCE
@given(stories(), st.randoms(use_true_random=False))
def test_the_same_look_again_changes_no_row(app: Flask, story: Story, chance: random.Random) -> None:
    portions = shuffled(story, chance)
    last = [life[-1] for life in story.lives]
    try:
        with write_transaction() as session:
            for portion in portions:
                apply(snapshot(*portion), NOW)
            apply(snapshot(*last), NOW)
            before = state()
            assert apply(snapshot(*last), NOW + timedelta(hours=1)) == 0
            assert state() == before
            assert not session.dirty
            raise TakenBack
    except TakenBack:
        db.session.expunge_all()


@ONCE
@given(stories())
def test_postings_never_mix_currencies(app: Flask, story: Story) -> None:
    try:
        with write_transaction():
            apply(snapshot(*(life[-1] for life in story.lives)), NOW)
            currencies: dict[int, set[str]] = {}
            for entry_id, currency in db.session.execute(select(Posting.entry_id, Posting.currency)):
                currencies.setdefault(entry_id, set()).add(currency)
            assert all(len(of_entry) == 1 for of_entry in currencies.values())
            raise TakenBack
    except TakenBack:
        db.session.expunge_all()
