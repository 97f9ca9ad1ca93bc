"""The demonstration's money: it adds up, here and at both fakes, and every way of paying and owing is shown."""

import random
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from coopgov.config import read_settings
from coopgov.demo.cast import persona_email
from coopgov.demo.providers import Told, fakes_beside
from coopgov.demo.seed import Demo, seed_demo
from coopgov.funding.cli import read_opencollective
from coopgov.funding.models import (
    Balance,
    Contribution,
    ContributionShare,
    Finding,
    LedgerEntry,
    Payer,
    Pledge,
    Posting,
)
from coopgov.funding.providers.opencollective import reading as opencollective
from coopgov.funding.providers.stripe.client import connect
from coopgov.funding.services.stripe_reading import begin_reading, take_portion
from coopgov.identity.queries import login_by_email
from coopgov.infra.db import db, write_transaction
from coopgov.membership.models import Application, Relief
from coopgov.membership.queries.standing import judgement, judgements
from coopgov.membership.queries.tiers import lowest_monthly
from tests.conftest import NOW, Clock, make_app


@pytest.fixture(scope="module")
def seeded(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Flask, Demo]]:
    """Seeded on SQLite alone: test_seed.py asks the self-checks on both databases."""
    folder = tmp_path_factory.mktemp("demo")
    shutil.copy(sqlite_template, folder / "test.db")
    app = make_app(
        f"sqlite:///{folder / 'test.db'}", folder, Clock(), demo=True, key_dir=str(tmp_path_factory.mktemp("keys"))
    )
    with app.app_context():
        demo = seed_demo(NOW, random.Random(7264))
        yield app, demo
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def demo(seeded: tuple[Flask, Demo]) -> Iterator[Demo]:
    yield seeded[1]
    db.session.remove()


def booked(account: str) -> int:
    return int(db.session.scalar(select(func.sum(Posting.amount_minor)).where(Posting.account == account)) or 0)


def number_of(model: type, *conditions: object) -> int:
    return db.session.scalar(select(func.count()).select_from(model).where(*conditions)) or 0  # type: ignore[arg-type]


def test_the_books_say_what_the_fakes_say(demo: Demo) -> None:
    assert booked("assets:stripe") == sum(row["net"] for row in demo.tills.stripe.store.rows("balance_transaction"))
    assert booked("assets:opencollective") == demo.tills.collective.world.balance_cents()
    for source in ("stripe", "opencollective"):
        told = db.session.scalars(select(Balance).where(Balance.source == source).order_by(Balance.id.desc())).first()
        assert told is not None
        assert told.amount_minor == booked(f"assets:{source}")


def test_the_figures_are_those_of_the_story(demo: Demo) -> None:
    held = sum(booked(f"assets:{where}") for where in ("bank", "cash", "stripe", "opencollective"))
    dues = -booked("income:dues")
    fees = booked("expenses:fees:stripe") + booked("expenses:fees:host") + booked("expenses:fees:processor")
    assert 1_100_000 < held < 1_300_000  # £11,420 four weeks ago, says the story of the reserve
    assert 1_200_000 < dues < 1_600_000  # in fourteen months
    assert 0.06 < fees / dues < 0.075


def test_money_comes_in_every_way(demo: Demo) -> None:
    sources = db.session.execute(select(Contribution.source, func.count()).group_by(Contribution.source)).all()
    ways = {source: count for source, count in sources}
    assert ways["stripe"] > 1000
    assert ways["opencollective"] > 500
    assert ways["bank"] >= 5
    assert ways["cash"] >= 1
    assert set(db.session.scalars(select(Pledge.interval))) >= {"month", "year"}
    assert {"card", "bacs_debit"} <= set(db.session.scalars(select(Contribution.method)))
    kinds = set(db.session.scalars(select(Payer.kind)))
    assert {"person", "guest", "incognito", "organisation"} <= kinds
    assert set(db.session.scalars(select(LedgerEntry.kind))) >= {
        "contribution", "fee", "refund", "dispute", "payout", "expense", "opening",
    }  # fmt: skip


def test_one_payment_of_an_organisation_is_for_three_members_in_good_standing(demo: Demo) -> None:
    shares = db.session.scalars(select(ContributionShare)).all()
    assert len(shares) == 3
    assert {judgement(share.party_id, NOW).standing.value for share in shares} == {"good"}


def test_every_standing_is_to_be_seen(demo: Demo) -> None:
    standings = Counter(judged.standing.value for judged in judgements(NOW).values())
    assert standings["good"] > 260
    assert 5 <= standings["grace"] <= 20
    assert 5 <= standings["arrears"] <= 12
    assert standings["relief"] >= 10
    for persona in ("member", "treasurer", "admin", "convenor", "membership_secretary"):
        login = login_by_email(persona_email(persona) or "")
        assert login is not None
        assert judgement(login.party_id, NOW).standing.value == "good", persona


def test_relief_is_of_both_kinds_and_stripe_knows_of_it(demo: Demo) -> None:
    assert set(db.session.scalars(select(Relief.kind))) == {"paused", "reduced"}
    assert number_of(Pledge, Pledge.status == "paused", Pledge.source == "stripe") >= 3
    assert number_of(Pledge, Pledge.asked.is_not(None)) == 0


def test_the_treasurer_has_something_to_do(demo: Demo) -> None:
    waiting = Counter(db.session.scalars(select(Finding.kind).where(Finding.closed_at.is_(None))))
    assert waiting["unmatched"] >= 4
    assert waiting["two_pledges"] == 2
    assert waiting["dispute"] == 1
    assert set(waiting) == {"unmatched", "two_pledges", "dispute"}
    assert number_of(Pledge, Pledge.status == "past_due") >= 1


def test_somebody_is_in_the_gap_between_the_20th_and_the_first_after_next(demo: Demo) -> None:
    monthly = select(Contribution).where(Contribution.source == "opencollective", Contribution.party_id.is_not(None))
    gaps = [
        row for row in db.session.scalars(monthly) if row.covers_from and (row.covers_to - row.covers_from).days > 33
    ]  # type: ignore[operator]
    now = NOW.date()
    assert any(row.covers_from <= now <= row.covers_to and row.covers_from.day > 15 for row in gaps)  # type: ignore[operator,union-attr]


def test_applications_wait_at_every_stage(demo: Demo) -> None:
    states = Counter(db.session.scalars(select(Application.state)))
    assert states["submitted"] >= 3
    assert states["admitted"] >= 10
    for state in ("started", "in_review", "needs_info", "approved", "declined", "withdrawn", "spam"):
        assert states[state] >= 1, state
    lowest = lowest_monthly(NOW)
    assert lowest is not None
    assert lowest.minor == 100


def test_one_applicant_was_a_member_before(demo: Demo) -> None:
    for row in db.session.scalars(select(Application).where(Application.state == "submitted")):
        if login_by_email(row.email) is not None:
            return
    raise AssertionError("nobody comes back")


def test_the_served_fakes_go_on_where_the_history_ended_and_the_books_follow_them(demo: Demo, tmp_path: Path) -> None:
    """Over HTTP, as live. Last in this file: by the real clock time goes on for the fakes."""
    demo.tills.write(tmp_path)
    with fakes_beside(tmp_path, Told()) as overrides:
        settings = read_settings({}, data_dir=str(tmp_path), secret_key="k" * 40, **overrides)
        stripe = connect(settings)
        assert stripe is not None
        with write_transaction():
            run = begin_reading(NOW)
            number, cursor = run.id, dict(run.cursor)
        while cursor:
            part = stripe.portion(cursor)
            with write_transaction():
                cursor = take_portion(number, cursor, part, NOW) or {}
        there = opencollective.connect(settings)
        assert there is not None
        list(read_opencollective(there, lambda: NOW, full=False))
    told = {row.source: row.amount_minor for row in db.session.scalars(select(Balance).order_by(Balance.id))}
    assert told == {source: booked(f"assets:{source}") for source in ("stripe", "opencollective")}
    assert not number_of(
        Finding, Finding.kind.in_(("balance_differs", "foreign", "orphan")), Finding.closed_at.is_(None)
    )
