"""Organisations that are members, and who acts for them."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import aliased
from sqlalchemy.sql.elements import ColumnElement

from coopgov.identity.models import Party
from coopgov.infra.check import Check
from coopgov.infra.db import db
from coopgov.membership.models import Delegation, Membership
from coopgov.membership.queries.register import is_current


def acts_at(instant: datetime) -> ColumnElement[bool]:
    """Condition of delegations that run at ``instant``; the first instant counts, the last does not."""
    return and_(Delegation.from_at <= instant, or_(Delegation.until_at.is_(None), Delegation.until_at > instant))


def organisations_of(party_id: int, instant: datetime) -> set[int]:
    """Party ids of the organisations for which the person acts at ``instant``, members or not."""
    return set(db.session.scalars(select(Delegation.organisation_id).where(_acts(party_id, instant))))


def _acts(party_id: int, instant: datetime) -> ColumnElement[bool]:
    return and_(Delegation.party_id == party_id, acts_at(instant))


def acts_for(party_id: int, organisation_id: int, instant: datetime) -> bool:
    """Whether the person acts for the organisation at ``instant``."""
    return organisation_id in organisations_of(party_id, instant)


def delegates_of(organisation_ids: Collection[int], instant: datetime) -> set[int]:
    """Party ids of those who act for any of these organisations at ``instant``."""
    query = select(Delegation.party_id).where(Delegation.organisation_id.in_(organisation_ids), acts_at(instant))
    return set(db.session.scalars(query))


@dataclass(frozen=True)
class OrganisationLine:
    """An organisation that is a member, with its delegates: (delegation id, name, since when)."""

    party_id: int
    number: int
    name: str
    delegates: list[tuple[int, str, datetime]] = field(default_factory=list)


def organisations_at(instant: datetime) -> Sequence[OrganisationLine]:
    """The organisations that are members at ``instant``, by number."""
    query = select(Party.id, Membership.number, Party.name).join(Membership, Membership.party_id == Party.id)
    query = query.where(Party.kind == "organisation", is_current(instant)).order_by(Membership.number)
    delegates, person = defaultdict(list), aliased(Party)
    acting = select(Delegation, person.name).join(person, person.id == Delegation.party_id).where(acts_at(instant))
    for row, name in db.session.execute(acting.order_by(Delegation.from_at, Delegation.id)):
        delegates[row.organisation_id].append((row.id, name, row.from_at))
    return [OrganisationLine(id_, number, name, delegates[id_]) for id_, number, name in db.session.execute(query)]


def delegation(delegation_id: int) -> Delegation | None:
    """The delegation, whether it runs or not."""
    return db.session.get(Delegation, delegation_id)


def _delegations_of_the_wrong_kind() -> list[str]:
    organisation, person = aliased(Party), aliased(Party)
    query = (
        select(Delegation.id)
        .join(organisation, organisation.id == Delegation.organisation_id)
        .join(person, person.id == Delegation.party_id)
        .where(or_(organisation.kind != "organisation", person.kind != "person"))
    )
    return [f"delegation {number}: not of a person for an organisation" for number in db.session.scalars(query)]


CHECKS: tuple[Check, ...] = (Check("people act for organisations", _delegations_of_the_wrong_kind),)
