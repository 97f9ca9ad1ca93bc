"""Whose a payment can be: members, and those who were admitted and have not paid yet."""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Select, select

from coopgov.core.money import Money
from coopgov.funding.models import Finding, Pledge
from coopgov.funding.rules.matching import Known
from coopgov.funding.rules.payments import LIVE_PLEDGES
from coopgov.identity.models import Login, Party
from coopgov.infra.db import db
from coopgov.infra.i18n import gettext as _
from coopgov.membership.models import Application, Membership

PAYING = ("approved", "expired")  # states of applications whose money is awaited, or may come late
_NUMBER = re.compile(r"\D*(\d{1,9})\D*")


@dataclass(frozen=True)
class Person:
    """Somebody whose dues can be booked. ``number`` None: admitted, and no member yet. ``ceased``: no member now."""

    party_id: int
    name: str
    number: int | None
    is_current: bool = True

    @property
    def label(self) -> str:
        """How forms name them, so that two of one name are told apart."""
        if self.number is None:
            return _("%(name)s (joining, %(id)s)", name=self.name, id=f"A{self.party_id}")
        return _("%(name)s (no. %(number)s)", name=self.name, number=self.number)


def people() -> list[Person]:
    """Everybody whose payment something can be, by name; former members too, because money comes late."""
    members = select(Party.id, Party.name, Membership.number, Membership.ceased_at)
    found: dict[int, Person] = {}
    for party_id, name, number, ceased_at in db.session.execute(
        members.join(Membership, Membership.party_id == Party.id).order_by(Membership.id)
    ):
        found[party_id] = Person(party_id, name, number, ceased_at is None)
    joining = select(Party.id, Party.name).join(Application, Application.party_id == Party.id)
    for party_id, name in db.session.execute(joining.where(Application.state.in_(PAYING))):
        found.setdefault(party_id, Person(party_id, name, None))
    return sorted(found.values(), key=lambda one: (one.name.casefold(), one.party_id))


def person_called(typed: str, among: Sequence[Person]) -> Person | None:
    """Whom ``typed`` names: a label of the list, a member's number, a name that only one has, or (what buttons send)
    ``party:7``; None for nobody."""
    wanted = typed.strip().casefold()
    for fits in (
        [one for one in among if wanted == f"party:{one.party_id}"],
        [one for one in among if one.label.casefold() == wanted],
        [one for one in among if one.name.casefold() == wanted],
    ):
        if len(fits) == 1:
            return fits[0]
    number = _NUMBER.fullmatch(wanted)
    known = [one for one in among if number and one.number == int(number[1])]
    return known[0] if len(known) == 1 else None


def known_people() -> list[Known]:
    """Everybody, with what a payment may be recognised by; the number of statements is fixed."""
    emails: dict[int, list[str]] = defaultdict(list)
    for party_id, email in db.session.execute(select(Login.party_id, Login.email)):
        emails[party_id].append(email)
    promised = {row.party_id: monthly_of(row) for row in db.session.scalars(_live())}
    claims = set(
        db.session.scalars(select(Finding.subject).where(Finding.kind == "claimed", Finding.closed_at.is_(None)))
    )
    return [
        Known(
            one.party_id, one.name, emails[one.party_id], promised.get(one.party_id), f"party:{one.party_id}" in claims
        )
        for one in people()
    ]


def _live() -> Select[Pledge]:
    return select(Pledge).where(Pledge.status.in_(LIVE_PLEDGES), Pledge.party_id.is_not(None))


def monthly_of(pledge: Pledge) -> Money:
    """What a pledge comes to each month, cut to a whole minor unit."""
    return Money(pledge.amount_minor // (12 if pledge.interval == "year" else 1), pledge.currency)
