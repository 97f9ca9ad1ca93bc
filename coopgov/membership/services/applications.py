"""Writes of applying: what the applicant does."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from coopgov.core.errors import Refused
from coopgov.core.text import fold_email
from coopgov.identity.queries import login_by_email
from coopgov.infra import audit, outbox
from coopgov.infra.db import writing_session
from coopgov.infra.i18n import gettext as _
from coopgov.infra.mail import post
from coopgov.membership.events import ApplicationMoved
from coopgov.membership.models import Application, ApplicationNote, JoiningTerms
from coopgov.membership.queries import applications as queries
from coopgov.membership.queries.register import open_membership
from coopgov.membership.rules.applications import MOVES, STATES, may_correct, may_revive
from coopgov.membership.services import application_mails as mails
from coopgov.membership.services.stopping import stop_paying

APPLICANT = "applicant"  # in the audit log: nobody who has a party yet


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What somebody filled in to become a member; texts are clean, ``groups`` and ``tier_id`` exist."""

    email: str
    name: str
    about: str
    organisation: str = ""
    handle: str = ""
    skills: str = ""
    heard_from: str = ""
    groups: tuple[int, ...] = ()
    tier_id: int | None = None


def move(row: Application, state: str, now: datetime, by: int | str) -> None:
    """Brings the application into ``state``; ``by`` is a party id or a word of the audit log.

    Raises Refused("application.moved") when no rule leads there from where it is: somebody was quicker.
    """
    writing_session()
    if state not in MOVES.get(row.state, frozenset()):
        raise Refused("application.moved", state=_(STATES[row.state]))
    before, row.state, row.state_at, row.reminders = row.state, state, now, 0
    _note_move(row, before, now, by)


def _note_move(row: Application, before: str, now: datetime, by: int | str) -> None:
    audit.record(by, "application.moved", f"application:{row.id}", now, before=before, state=row.state)
    outbox.emit(ApplicationMoved(application_id=row.id, before=before, state=row.state), now)


def apply(wish: Wish, terms: JoiningTerms, language: str, now: datetime) -> None:
    """Takes an application in and asks by mail whether the address is right.

    Members, people who have applied already, and people who were declined lately get another mail instead; the page
    they see is the same. ``language`` is the applicant's. Raises Refused("application.closed").
    """
    writing_session()
    if not terms.is_open:
        raise Refused("application.closed")
    key = fold_email(wish.email)
    login = login_by_email(wish.email)
    if login is not None and open_membership(login.party_id) is not None:
        post(mails.member_letter(login.email, language), f"application-member:{login.id}:{now:%Y%m%d%H%M%S}", now)
    elif (row := queries.open_application(key)) and row.state != "started":
        mails.tell(mails.again_letter(row), row, now)
    elif row is None and (declined := queries.declined_since(key, now)):
        mails.tell(mails.too_early_letter(declined, language), declined, now)
    else:
        saved = _written_anew(row, wish, terms, language, now) if row else _saved(wish, terms, language, now)
        mails.tell(mails.confirm_letter(saved, now), saved, now)


def _saved(wish: Wish, terms: JoiningTerms, language: str, now: datetime) -> Application:
    session = writing_session()
    row = Application(
        **_fields(wish, terms, language),
        email_key=fold_email(wish.email),
        state="started",
        state_at=now,
        created_at=now,
    )
    session.add(row)
    session.flush()
    _note_move(row, "", now, APPLICANT)
    return row


def _written_anew(row: Application, wish: Wish, terms: JoiningTerms, language: str, now: datetime) -> Application:
    """The application that nobody has confirmed, with what was written last; its time begins anew."""
    for key, value in _fields(wish, terms, language).items():
        setattr(row, key, value)
    row.state_at, row.revision = now, row.revision + 1
    audit.record(APPLICANT, "application.corrected", f"application:{row.id}", now, revision=row.revision)
    return row


def _fields(wish: Wish, terms: JoiningTerms, language: str) -> dict[str, Any]:
    return asdict(wish) | {
        "email": wish.email.strip(),
        "groups": list(wish.groups),
        "language": language,
        "prompt": terms.prompt,
        "code_version": terms.code_version if terms.code_url else "",
        "min_age": terms.min_age,
    }


def send_confirmation_again(row: Application, now: datetime) -> None:
    """A new link in place of one that is too old. Raises Refused("application.moved") when none is needed."""
    writing_session()
    if row.state != "started":
        raise Refused("application.moved", state=_(STATES[row.state]))
    mails.tell(mails.confirm_letter(row, now), row, now)


def confirm(row: Application, now: datetime) -> None:
    """The address is right: the application is with the co-op. Nothing happens the second time.

    Raises Refused("application.moved") when it has come to an end meanwhile.
    """
    writing_session()
    if row.submitted_at is not None:
        return
    move(row, "submitted", now, APPLICANT)
    row.submitted_at = now
    mails.tell(mails.received_letter(row), row, now)


def correct(row: Application, about: str, now: datetime) -> None:
    """Changes the text while nobody reads it; what it said before is kept. Raises Refused("application.begun")."""
    session = writing_session()
    if not may_correct(row.state):
        raise Refused("application.begun")
    if about == row.about:
        return
    session.add(ApplicationNote(application_id=row.id, kind="former_text", text=row.about, at=now))
    row.about, row.revision = about, row.revision + 1
    audit.record(APPLICANT, "application.corrected", f"application:{row.id}", now, revision=row.revision)


def answer(row: Application, text: str, now: datetime) -> None:
    """Answers the question; whoever asked goes on reading. Raises Refused("application.moved")."""
    session = writing_session()
    move(row, "in_review", now, APPLICANT)
    session.add(ApplicationNote(application_id=row.id, kind="answer", text=text, at=now))
    row.claimed_at, row.revision = now, row.revision + 1


def withdraw(row: Application, now: datetime) -> None:
    """The applicant wants no more, and is not led to pay. Raises Refused("application.moved") at the end of the way."""
    move(row, "withdrawn", now, APPLICANT)
    if row.party_id is not None and open_membership(row.party_id) is None:
        stop_paying(row.party_id, now)


def settle_invited(email_key: str, now: datetime) -> None:
    """Somebody who had applied too has become a member by invitation: nothing of the application waits any more."""
    row = queries.open_application(email_key)
    if row is not None:
        move(row, "admitted" if row.state == "approved" else "withdrawn", now, APPLICANT)


def revive(row: Application, now: datetime) -> None:
    """Goes on with an approval whose time had passed. Raises Refused("application.moved") or ("application.again")."""
    writing_session()
    if not may_revive(row.state, row.party_id is not None, row.state_at, now):
        raise Refused("application.moved", state=_(STATES[row.state]))
    if queries.open_application(row.email_key) is not None:
        raise Refused("application.again")
    move(row, "approved", now, APPLICANT)
    mails.tell(mails.approved_letter(row), row, now)
