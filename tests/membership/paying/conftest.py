"""A co-op that asks for dues and whose Stripe is the fake; an applicant who was approved, and their link."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask

from coopgov.infra.db import db
from coopgov.membership.models import Application, Membership, Tier
from coopgov.membership.rules.applications import FINISH
from tests import factories as make
from tests.conftest import NOW, Browser
from tests.funding.stripe.conftest import Shop, empty_app, shop, stripe_settings, world  # noqa: F401
from tests.membership.applying import application
from tests.membership.dues import asks_dues, tier


@dataclass
class Applicant:
    """Ada, who was approved a moment ago, in her browser."""

    shop: Shop
    client: Browser
    party_id: int
    application_id: int
    tier: Tier
    token: str

    @property
    def path(self) -> str:
        return f"/join/finish/{self.token}"

    def choose(self, **form: Any) -> Any:
        """Sends the form: £3 a month by Stripe, unless something else is said."""
        return self.client.submit(self.path, **{"choice": f"{self.tier.id}-300", "interval": "month", **form})

    def session_id(self) -> str:
        """Of the page that the fake opened last."""
        sessions = self.shop.world.store.rows("checkout.session")
        return str(sessions[0]["id"])

    def pay(self, behaviour: str = "works") -> None:
        self.shop.world.pay(self.session_id(), behaviour, confirmed=True)

    def come_back(self, session_id: str = "") -> Any:
        return self.client.get(f"/join/paid?t={self.token}&session_id={session_id or self.session_id()}")

    @property
    def membership(self) -> Membership | None:
        db.session.rollback()
        return db.session.query(Membership).filter_by(party_id=self.party_id, ceased_at=None).first()

    @property
    def application(self) -> Application:
        db.session.rollback()
        return db.session.get_one(Application, self.application_id)


@pytest.fixture
def applicant(app: Flask, shop: Shop, client: Browser) -> Applicant:  # noqa: F811
    asks_dues(NOW)
    offered = tier()
    person = make.person("Ada Lovelace", "ada@example.org")
    row = application("approved", party_id=person.id, decided_at=NOW)
    token = app.extensions["coopgov.signer"].sign(FINISH, row.id)
    return Applicant(shop, client, person.id, row.id, offered, token)


@pytest.fixture
def member(applicant: Applicant, sign_in: Callable[[int], Browser]) -> Applicant:
    """Ada, who joined by £3 a month and is signed in."""
    applicant.choose()
    applicant.pay()
    applicant.come_back()
    applicant.shop.deliver()
    applicant.client = sign_in(applicant.party_id)
    return applicant
