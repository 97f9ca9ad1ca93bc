"""A fake Open Collective at our side, and readings of it: page by page as the background does, without a worker."""

from datetime import datetime, timedelta
from typing import Any

from flask import Flask
from sqlalchemy import select

from coopgov.config import Settings
from coopgov.core.ids import random_id
from coopgov.fakes.credentials import OPENCOLLECTIVE_TOKEN as TOKEN
from coopgov.fakes.opencollective.acts import Stage
from coopgov.fakes.opencollective.server import make_app
from coopgov.funding.models import Contribution, Finding, Pledge, Sync
from coopgov.funding.providers.opencollective.client import Client
from coopgov.funding.providers.opencollective.reading import OpenCollective
from coopgov.funding.services.opencollective import begin_run, take_page
from coopgov.infra.db import db, write_transaction
from tests.conftest import NOW
from tests.factories import member
from tests.fakes.opencollective import PEOPLE, URL, Asking, small_stage
from tests.funding.facts import balances

SETTINGS = Settings(opencollective_slug="demo-coop", opencollective_token=TOKEN, opencollective_api_url=URL)
MORE_PEOPLE = [
    *PEOPLE,
    {"act": "person", "slug": "eve", "name": "Eve", "email": "eve@example.org"},
    {"act": "person", "slug": "guest-1234", "name": "Guest", "email": "gwen@example.org", "guest": True},
    {"act": "person", "slug": "incognito-1", "name": "incognito", "incognito": True},
    {"act": "person", "slug": "works", "name": "The Works", "kind": "ORGANIZATION"},
]


class Scene:
    """A world that stands at the tests' present, and what we know of it."""

    def __init__(self, now: datetime = NOW, **story: Any) -> None:
        acts = [*MORE_PEOPLE, *story.pop("acts", [])]
        self.stage: Stage = small_stage(now, **{"begin_days_ago": 400, "acts": acts, **story})
        self.world = self.stage.world
        self.fake: Flask = make_app(self.world, stage=self.stage, clock=lambda: 1_000_000.0)
        self.asking = Asking(self.fake)
        self.provider = OpenCollective(Client(SETTINGS, self.asking, lambda: 1_000_000.0))

    @property
    def now(self) -> datetime:
        return self.world.present

    def act(self, act: str, **fields: Any) -> Any:
        """Something happens there, now."""
        return self.stage.act({"act": act, **fields})

    def pass_days(self, days: float) -> None:
        """Time passes there."""
        self.act("wait", days=days)

    def fault(self, kind: str, times: int = 1, after: int = 0) -> None:
        """The next answers are of this kind."""
        self.fake.test_client().post("/_fake/faults", json={"status": kind, "times": times, "after": after})

    def read(self, full: bool = False) -> int:
        """Reads all that there is; how many rows are new or different."""
        with write_transaction():
            run_id = begin_run(self.now, full).id
        while self.read_page(run_id):
            pass
        return row(Sync, run_id).changed

    def read_page(self, run_id: int) -> bool:
        """Reads one page; False when there is no more."""
        run = row(Sync, run_id)
        if run.finished_at is not None:
            return False
        cursor = run.cursor
        db.session.rollback()
        page = self.provider.read(cursor, self.now)
        with write_transaction():
            assert take_page(run_id, cursor, page, self.now)
        return True

    def agrees(self) -> bool:
        """True when our ledger says what the other side holds."""
        db.session.rollback()
        booked = balances().get(("assets:opencollective", self.world.host.currency), 0)
        return booked == self.world.balance_cents()


def row(model: Any, number: int) -> Any:
    """The row as it is now."""
    db.session.rollback()
    return db.session.get_one(model, number)


def drafted(party_id: int, amount: int = 300, interval: str = "month") -> Pledge:
    """What somebody chose to pay by Open Collective, and has not yet."""
    with write_transaction() as session:
        pledge = Pledge(party_id=party_id, source="opencollective", amount_minor=amount, currency="GBP")
        pledge.interval, pledge.status, pledge.claim, pledge.product = interval, "draft", random_id(), "tier:1"
        pledge.created_at = pledge.updated_at = NOW - timedelta(days=390)
        session.add(pledge)
    return pledge


def ada_joins(scene: Scene, **fields: Any) -> Pledge:
    """Ada is a member who pays by the address that we gave her."""
    pledge = drafted(member("Ada").id)
    given = {"by": "ada", "cents": 300, "interval": "month", "tags": [f"coopgov-{pledge.claim}"], "as": "hers"}
    scene.act("contribute", **(given | fields))
    return pledge


def contributions() -> list[Contribution]:
    """Payments, in the order of their time."""
    db.session.rollback()
    return list(db.session.scalars(select(Contribution).order_by(Contribution.paid_at, Contribution.id)))


def open_findings() -> set[tuple[str, str]]:
    """Kinds and subjects of what waits for the treasurer."""
    db.session.rollback()
    rows = db.session.execute(select(Finding.kind, Finding.subject).where(Finding.closed_at.is_(None)))
    return {(kind, subject) for kind, subject in rows}
