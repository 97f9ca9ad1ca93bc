"""Writes of membership: admitting and ceasing, offices, invitations."""

from datetime import datetime

from coopgov.core.errors import Refused
from coopgov.core.ids import random_id
from coopgov.core.text import fold_email
from coopgov.identity.models import Party
from coopgov.identity.queries import login_by_email, names_of, party
from coopgov.identity.services import create_person
from coopgov.infra import audit
from coopgov.infra.coop import the_coop
from coopgov.infra.db import writing_session
from coopgov.infra.mail import Letter, post
from coopgov.infra.outbox import emit
from coopgov.membership.events import MemberAdmitted, MembershipCeased, OfficeTaken, PersonInvited
from coopgov.membership.models import Invitation, Membership, Tenure
from coopgov.membership.queries import register as queries
from coopgov.membership.rules.register import END_REASONS, INVITATION, INVITATION_LASTS, OFFICES, invitation_state
from coopgov.membership.services.applications import settle_invited


def admit(party_id: int, now: datetime, by: int | str) -> Membership:
    """Makes the party a member from ``now``, under the next number; the write lock keeps two from getting the same.

    ``by`` is a party id or a word of the audit log. Raises Refused("member.already").
    """
    session = writing_session()
    if queries.open_membership(party_id) is not None:
        raise Refused("member.already")
    row = Membership(party_id=party_id, number=queries.highest_number() + 1, admitted_at=now)
    session.add(row)
    session.flush()
    audit.record(by, "member.admitted", f"party:{party_id}", now, number=row.number)
    emit(MemberAdmitted(party_id=party_id, number=row.number), now)
    return row


def cease(party_id: int, reason: str, now: datetime, by: int | str) -> None:
    """Ends the party's membership and its offices; the number stays theirs alone.

    ``reason`` is one of rules.END_REASONS, else ValueError. Raises Refused("member.not").
    """
    writing_session()
    if reason not in END_REASONS:
        raise ValueError(reason)
    row = queries.open_membership(party_id)
    if row is None:
        raise Refused("member.not")
    row.ceased_at, row.end_reason = now, reason
    for tenure in queries.tenures_of(party_id, now):
        tenure.ends_at = now
        audit.record(by, "office.ended", f"party:{party_id}", now, office=tenure.office)
    audit.record(by, "member.ceased", f"party:{party_id}", now, reason=reason)
    emit(MembershipCeased(party_id=party_id, reason=reason), now)


def end_office(tenure: Tenure, now: datetime, by: int | str) -> None:
    """Ends an office; once it has ended, nothing changes.

    Raises Refused("office.last") for the last administrator: somebody has to be able to appoint another.
    """
    writing_session()
    if tenure.ends_at is not None and tenure.ends_at <= now:
        return
    if tenure.office == "admin":
        keep_an_administrator(tenure.party_id, now)
    tenure.ends_at = now
    audit.record(by, "office.ended", f"party:{tenure.party_id}", now, office=tenure.office)


def keep_an_administrator(party_id: int, now: datetime) -> None:
    """Raises Refused("office.last") when the co-op would have no administrator without this party."""
    if set(queries.holders("admin", now)) == {party_id}:
        raise Refused("office.last")


def appoint(party_id: int, office: str, now: datetime, by: int | str) -> Tenure:
    """Gives a member an office from ``now`` on, until further notice.

    Raises Refused("office.unknown"), ("member.not") or ("office.held").
    """
    session = writing_session()
    if office not in OFFICES:
        raise Refused("office.unknown")
    if queries.member_number(party_id, now) is None:
        raise Refused("member.not")
    if office in queries.offices(party_id, now):
        raise Refused("office.held")
    row = Tenure(party_id=party_id, office=office, starts_at=now)
    session.add(row)
    session.flush()
    audit.record(by, "office.taken", f"party:{party_id}", now, office=office)
    emit(OfficeTaken(party_id=party_id, office=office), now)
    return row


def invite(email: str, office: str, by: int | None, language: str, now: datetime) -> Invitation:
    """Mails an invitation to become a member; one that waits for the same address is withdrawn for it.

    ``office`` (or empty) is given on accepting; ``by`` is None for the command line.
    Raises Refused("office.unknown"), or ("member.already") when the address is a member's.
    """
    session = writing_session()
    if office and office not in OFFICES:
        raise Refused("office.unknown")
    login = login_by_email(email)
    if login is not None and queries.open_membership(login.party_id) is not None:
        raise Refused("member.already", field="email")
    _withdraw_waiting(fold_email(email), by, now)
    row = Invitation(
        id=random_id(),
        email=email.strip(),
        email_key=fold_email(email),
        office=office,
        invited_by=by,
        created_at=now,
        expires_at=now + INVITATION_LASTS,
    )
    session.add(row)
    session.flush()
    audit.record(_actor(by), "invitation.sent", f"invitation:{row.id}", now, office=office)
    emit(PersonInvited(invitation_id=row.id, by_id=by), now)
    _mail_invitation(row, language, now)
    return row


def _actor(by: int | None) -> int | str:
    return "cli" if by is None else by


def _withdraw_waiting(email_key: str, by: int | None, now: datetime) -> None:
    for row in queries.waiting_invitations(email_key):
        row.withdrawn_at = now
        audit.record(_actor(by), "invitation.withdrawn", f"invitation:{row.id}", now)


def _mail_invitation(row: Invitation, language: str, now: datetime) -> None:
    names = names_of([row.invited_by]) if row.invited_by else {}
    letter = Letter(
        kind="invitation",
        address=row.email,
        language=language,
        facts={"inviter": names.get(row.invited_by or 0, ""), "days": INVITATION_LASTS.days},
        links={"button": ("/invitation/{token}", INVITATION, row.id)},
        lasts=INVITATION_LASTS,
    )
    post(letter, f"invitation:{row.id}", now)


def accept_invitation(invitation: Invitation, name: str, now: datetime) -> Party:
    """Makes the invited person a member, with the office that goes with it; the invitation is used up.

    Somebody who has a login under the address already keeps it and their name. Raises Refused("invitation.accepted"),
    ("invitation.withdrawn"), ("invitation.expired"), or ("member.already").
    """
    writing_session()
    state = invitation_state(invitation.accepted_at, invitation.withdrawn_at, invitation.expires_at, now)
    if state != "open":
        raise Refused(f"invitation.{state}")
    invitation.accepted_at = now
    login = login_by_email(invitation.email)
    person = party(login.party_id) if login else create_person(name, invitation.email, "", now)
    audit.record(person.id, "invitation.accepted", f"invitation:{invitation.id}", now)
    admit(person.id, now, person.id)
    settle_invited(invitation.email_key, now)
    if invitation.office:
        appoint(person.id, invitation.office, now, _actor(invitation.invited_by))
    return person


def first_officer(email: str, now: datetime) -> Invitation | Party:
    """An administrator for a co-op that has none, or has lost its own: a member with this address takes the office
    at once (the Party), anybody else is invited (the Invitation).

    Raises Refused("office.held").
    """
    login = login_by_email(email)
    if login is not None and queries.member_number(login.party_id, now) is not None:
        appoint(login.party_id, "admin", now, "cli")
        return party(login.party_id)
    coop = the_coop()
    return invite(email, "admin", None, coop.language if coop else "en", now)
