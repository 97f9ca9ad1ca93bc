"""Organisations as members: admitting one, and who acts for it."""

from datetime import datetime

from coopgov.core.errors import Refused
from coopgov.identity.models import Party
from coopgov.identity.queries import login_by_email, party
from coopgov.infra import audit
from coopgov.infra.db import writing_session
from coopgov.infra.outbox import emit
from coopgov.membership.events import DelegateAppointed, DelegationEnded
from coopgov.membership.models import Delegation
from coopgov.membership.queries.delegates import acts_for
from coopgov.membership.queries.register import member_number
from coopgov.membership.services.register import admit


def admit_organisation(name: str, by_id: int, now: datetime) -> Party:
    """An organisation that is a member from ``now`` on; it has no login, and does nothing without a delegate."""
    session = writing_session()
    organisation = Party(kind="organisation", name=name, created_at=now)
    session.add(organisation)
    session.flush()
    audit.record(by_id, "organisation.created", f"party:{organisation.id}", now)
    admit(organisation.id, now, by_id)
    return organisation


def appoint_delegate(organisation_id: int, email: str, by_id: int, now: datetime) -> Delegation:
    """The person who signs in with ``email`` acts for the organisation from ``now`` on, beside those who do already.

    Raises Refused ``delegate.*``, and ``member.not`` for an organisation that is no member now.
    """
    session = writing_session()
    if party(organisation_id).kind != "organisation":
        raise Refused("delegate.not_an_organisation")
    if member_number(organisation_id, now) is None:
        raise Refused("member.not")
    login = login_by_email(email)
    if login is None:
        raise Refused("delegate.unknown", field="email")
    if acts_for(login.party_id, organisation_id, now):
        raise Refused("delegate.already", field="email")
    row = Delegation(organisation_id=organisation_id, party_id=login.party_id, from_at=now, by_id=by_id)
    session.add(row)
    session.flush()
    audit.record(by_id, "delegate.appointed", f"party:{organisation_id}", now, delegate=login.party_id)
    emit(DelegateAppointed(organisation_id=organisation_id, party_id=login.party_id), now)
    return row


def end_delegation(row: Delegation, by_id: int, now: datetime) -> None:
    """The person acts for the organisation no more; a vote already cast for it stays. Once ended, nothing changes."""
    writing_session()
    if row.until_at is not None:
        return
    row.until_at = now
    audit.record(by_id, "delegate.ended", f"party:{row.organisation_id}", now, delegate=row.party_id)
    emit(DelegationEnded(organisation_id=row.organisation_id, party_id=row.party_id), now)
