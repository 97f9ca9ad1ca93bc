"""Writes of reading applications: what the membership secretary does.

An application is decided by the one who took it, on the revision that they read, and never by the applicant.
"""

from datetime import datetime

from coopgov.core.errors import Refused
from coopgov.core.text import fold_email
from coopgov.identity.models import Party
from coopgov.identity.queries import login_by_email, login_of, names_of, party
from coopgov.identity.services import create_person
from coopgov.infra import audit
from coopgov.infra.coop import the_coop
from coopgov.infra.db import writing_session
from coopgov.infra.i18n import gettext as _
from coopgov.infra.i18n import short_time
from coopgov.membership.models import Application, ApplicationNote
from coopgov.membership.queries.register import open_membership
from coopgov.membership.rules.applications import REASONS, STATES, claim_holds
from coopgov.membership.services import application_mails as mails
from coopgov.membership.services.applications import move


def claim(row: Application, by: int, now: datetime) -> None:
    """Takes the application to read it, for CLAIM_LASTS; pressing twice takes it once.

    Raises Refused: ``application.claimed`` while somebody else has it, ``application.own``, or what has become of it.
    """
    writing_session()
    _refuse_own(row, by)
    if row.state == "in_review" and row.claimed_by == by:
        row.claimed_at = now
        return
    if row.state == "in_review" and claim_holds(row.claimed_at, now):
        raise Refused("application.claimed", name=_name(row.claimed_by))
    if row.state == "in_review":  # the clock has not come round yet to release it
        audit.record(by, "application.taken_over", f"application:{row.id}", now)
    else:
        _refuse_decided(row)
        move(row, "in_review", now, by)
    row.claimed_by, row.claimed_at = by, now


def release(row: Application, now: datetime, by: int | str) -> None:
    """Puts it back among those that wait for a reader."""
    move(row, "submitted", now, by)
    row.claimed_by = row.claimed_at = None


def give_back(row: Application, by: int, now: datetime) -> None:
    """Leaves it to another reader. Raises Refused("application.claimed") when it is somebody else's."""
    if row.claimed_by != by:
        raise Refused("application.claimed", name=_name(row.claimed_by))
    release(row, now, by)


def ask(row: Application, question: str, revision: int, by: int, now: datetime) -> None:
    """Mails a question; the answer comes back to the same reader. Refuses as ``approve`` does."""
    _refuse_unless_reader(row, revision, by, now)
    move(row, "needs_info", now, by)
    note = ApplicationNote(application_id=row.id, kind="question", by_id=by, text=question, at=now)
    writing_session().add(note)
    mails.tell(mails.question_letter(row, question), row, now)


def approve(row: Application, revision: int, by: int, now: datetime) -> Party:
    """Says yes: from now on the applicant is a person with a login, and can finish joining.

    A former member keeps their party. Raises Refused: ``application.approved`` or ``application.declined`` by whom and
    when, ``application.claimed``, ``application.unclaimed``, ``application.changed`` when the text is not the one of
    ``revision``, ``application.own``, ``member.already``.
    """
    _refuse_unless_reader(row, revision, by, now)
    login = login_by_email(row.email)
    if login is not None and open_membership(login.party_id) is not None:
        raise Refused("member.already")
    person = party(login.party_id) if login else create_person(row.name, row.email, _own_language(row), now)
    _decide(row, "approved", by, now)
    row.party_id = person.id
    mails.tell(mails.approved_letter(row), row, now)
    return person


def _own_language(row: Application) -> str:
    """The applicant's language where it is not the co-op's, which people have who have not chosen."""
    coop = the_coop()
    return "" if coop and coop.language == row.language else row.language


def decline(row: Application, reason_key: str, reason_text: str, revision: int, by: int, now: datetime) -> None:
    """Says no, with a reason of rules.REASONS (else ValueError) and own words. Refuses as ``approve`` does."""
    if reason_key not in REASONS:
        raise ValueError(reason_key)
    _refuse_unless_reader(row, revision, by, now)
    _decide(row, "declined", by, now)
    row.reason_key, row.reason_text = reason_key, reason_text
    mails.tell(mails.declined_letter(row, reason_key, reason_text), row, now)


def mark_as_spam(row: Application, by: int, now: datetime) -> None:
    """Puts it away without a word. Refuses as ``claim`` does."""
    _refuse_own(row, by)
    _refuse_decided(row)
    if row.state == "in_review" and row.claimed_by != by and claim_holds(row.claimed_at, now):
        raise Refused("application.claimed", name=_name(row.claimed_by))
    move(row, "spam", now, by)


def note(row: Application, text: str, by: int, now: datetime) -> None:
    """Writes a line for the other secretaries; the applicant does not see it."""
    writing_session().add(ApplicationNote(application_id=row.id, kind="note", by_id=by, text=text, at=now))
    audit.record(by, "application.noted", f"application:{row.id}", now)


def _decide(row: Application, state: str, by: int, now: datetime) -> None:
    move(row, state, now, by)
    row.decided_by, row.decided_at = by, now


def _refuse_unless_reader(row: Application, revision: int, by: int, now: datetime) -> None:
    writing_session()
    _refuse_own(row, by)
    _refuse_decided(row)
    if row.state == "submitted":
        raise Refused("application.unclaimed")
    if row.state != "in_review":
        raise Refused("application.moved", state=_(STATES[row.state]))
    if row.claimed_by != by:
        raise Refused(
            "application.claimed" if claim_holds(row.claimed_at, now) else "application.unclaimed",
            name=_name(row.claimed_by),
        )
    if row.revision != revision:
        raise Refused("application.changed")


def _refuse_decided(row: Application) -> None:
    if row.decided_by is None or row.decided_at is None:
        return
    reason = "declined" if row.state == "declined" else "approved"
    raise Refused(f"application.{reason}", name=_name(row.decided_by), at=short_time(row.decided_at))


def _refuse_own(row: Application, by: int) -> None:
    login = login_of(by)
    if row.party_id == by or (login is not None and login.email_key == fold_email(row.email)):
        raise Refused("application.own")


def _name(party_id: int | None) -> str:
    return names_of([party_id]).get(party_id, "") if party_id else ""
