"""Writes of identity: people and their logins, sessions, links by mail, counters against guessing."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import CursorResult, Delete, Update, delete, or_, select, update

from coopgov.core.errors import NotFound, Refused
from coopgov.core.ids import random_id, secret_token
from coopgov.core.text import fold_email
from coopgov.core.viewer import Viewer
from coopgov.identity.events import EmailChanged, PasswordChanged, ProfileChanged, SignedIn
from coopgov.identity.models import Attempt, Login, MailLink, Party, SessionRow
from coopgov.identity.queries import is_live, login_by_email, party, session_key
from coopgov.identity.rules import (
    ATTEMPTS_KEPT,
    LINK_LASTS,
    NEW_EMAIL,
    RESET,
    SESSION_IDLES,
    SESSION_LASTS,
    SIGN_IN,
    SPENT_LINK_KEPT,
    attempt_limits,
    link_holds,
    local_path,
    too_often,
    window_of,
)
from coopgov.infra import audit
from coopgov.infra.coop import the_coop
from coopgov.infra.db import writing_session
from coopgov.infra.jobs import enqueue
from coopgov.infra.mail import Letter, post
from coopgov.infra.outbox import emit

MAIL_LINK = "identity.mail_link"  # the job that mails a link, if the address is known
_PATHS = {SIGN_IN: "/sign-in/link/{token}", RESET: "/password/reset/{token}", NEW_EMAIL: "/me/email/confirm/{token}"}


def create_person(name: str, email: str, language: str, now: datetime) -> Party:
    """A person with a login and no password. Raises Refused("email.taken")."""
    session = writing_session()
    if login_by_email(email) is not None:
        raise Refused("email.taken", field="email")
    person = Party(name=name, language=language, created_at=now)
    session.add(person)
    session.flush()
    session.add(Login(party_id=person.id, email=email.strip(), email_key=fold_email(email), created_at=now))
    session.flush()
    audit.record(person.id, "person.created", f"party:{person.id}", now)
    return person


def forget_person(party_id: int, now: datetime) -> None:
    """Takes away the name and every way in of somebody of whom nothing else is kept."""
    session = writing_session()
    logins = select(Login.id).where(Login.party_id == party_id)
    for row in (SessionRow, MailLink):
        session.execute(delete(row).where(row.login_id.in_(logins)))
    session.execute(delete(Login).where(Login.party_id == party_id))
    party(party_id).name = ""
    audit.record(audit.SYSTEM, "person.forgotten", f"party:{party_id}", now)


# Sessions


def start_session(login: Login, method: str, browser: str, now: datetime) -> str:
    """A new session for ``login``; gives the cookie's value, which is kept nowhere.

    ``method`` is mail, password or demo; ``browser`` a few words for the list of sessions.
    """
    cookie = secret_token()
    row = SessionRow(
        id=session_key(cookie),
        login_id=login.id,
        method=method,
        browser=browser[:120],
        created_at=now,
        seen_at=now,
        expires_at=now + SESSION_LASTS,
    )
    writing_session().add(row)
    audit.record(login.party_id, "session.started", f"login:{login.id}", now, method=method)
    emit(SignedIn(party_id=login.party_id, method=method), now)
    return cookie


def end_session(session_id: str, login_id: int, now: datetime) -> None:
    """Ends one live session of the login. Raises NotFound for anybody else's, or one that has ended."""
    if not _revoke(session_id, login_id, now):
        raise NotFound


def leave_session(viewer: Viewer, now: datetime) -> None:
    """Ends the session that the browser has, if any: nobody is signed in twice in one browser."""
    if viewer.is_signed_in:
        _revoke(viewer.session_id, viewer.login_id, now)


def _revoke(session_id: str, login_id: int, now: datetime) -> bool:
    row = writing_session().get(SessionRow, session_id)
    if row is None or row.login_id != login_id or row.revoked_at is not None:
        return False
    row.revoked_at = now
    audit.record(_party_of(login_id), "session.ended", f"login:{login_id}", now)
    return True


def end_sessions(login_id: int, but: str, now: datetime) -> int:
    """Ends all live sessions of the login except the one with the id ``but``; gives how many."""
    query = update(SessionRow).where(SessionRow.login_id == login_id, SessionRow.id != but, is_live(now))
    ended = _rows_of(query.values(revoked_at=now))
    if ended:
        audit.record(_party_of(login_id), "sessions.ended", f"login:{login_id}", now, number=ended)
    return ended


def _rows_of(statement: Update | Delete) -> int:
    result = writing_session().execute(statement)
    return result.rowcount if isinstance(result, CursorResult) else 0


def note_visit(session_id: str, now: datetime) -> None:
    """Writes down that the session is in use. No audit row: nothing has changed but a date."""
    writing_session().execute(update(SessionRow).where(SessionRow.id == session_id).values(seen_at=now))


def _party_of(login_id: int) -> int:
    return writing_session().get_one(Login, login_id).party_id


# Links by mail


def send_sign_in_link(email: str, next_path: str, language: str, now: datetime) -> None:
    """Mails a link that signs in and leads to ``next_path``, if the address is known; the same work if it is not.

    ``language`` is the asker's; whoever has chosen one of their own is written to in that.
    """
    _ask_for_link(SIGN_IN, email, next_path, language, now)


def send_reset_link(email: str, language: str, now: datetime) -> None:
    """Mails a link to a new password, if the address is known; the same work if it is not."""
    _ask_for_link(RESET, email, "/me/security", language, now)


def send_link_again(old: MailLink, language: str, now: datetime) -> None:
    """Mails a new link in place of one that was used or is too old, to the same login."""
    _queue_link(old.purpose, old.login_id, old.next_path, language, now)


def _ask_for_link(purpose: str, email: str, next_path: str, language: str, now: datetime) -> None:
    known = login_by_email(email)
    _queue_link(purpose, known.id if known else 0, local_path(next_path), language, now)


def _queue_link(purpose: str, login_id: int, next_path: str, language: str, now: datetime) -> None:
    payload = {"purpose": purpose, "login": login_id, "next": next_path, "language": language}
    enqueue(MAIL_LINK, f"{MAIL_LINK}:{random_id()}", payload, now)


def mail_link(purpose: str, login_id: int, next_path: str, language: str, now: datetime) -> None:
    """Makes the ticket and the mail for a known login; nothing for login 0, an unknown address."""
    login = writing_session().get(Login, login_id)
    if login is None:
        return
    ticket = _ticket(purpose, login, now, next_path=next_path)
    _mail_ticket(purpose, login, login.email, ticket, language, now)


def _ticket(purpose: str, login: Login, now: datetime, next_path: str = "/", address: str = "") -> MailLink:
    ticket = MailLink(
        id=random_id(),
        login_id=login.id,
        purpose=purpose,
        address=address,
        next_path=next_path,
        created_at=now,
        expires_at=now + LINK_LASTS,
    )
    writing_session().add(ticket)
    audit.record(audit.SYSTEM, "link.mailed", f"login:{login.id}", now, purpose=purpose)
    return ticket


def _mail_ticket(kind: str, login: Login, address: str, ticket: MailLink, language: str, now: datetime) -> None:
    person = party(login.party_id)
    letter = Letter(
        kind=kind,
        address=address,
        language=_language_for(person, language),
        party_id=person.id,
        facts={"minutes": int(LINK_LASTS.total_seconds()) // 60, "name": person.name},
        links={"button": (_PATHS[ticket.purpose], ticket.purpose, ticket.id)},
        lasts=LINK_LASTS,
    )
    post(letter, f"{kind}:{ticket.id}", now)


def _language_for(person: Party, asked_in: str = "") -> str:
    coop = the_coop()
    return person.language or asked_in or (coop.language if coop else "en")


def _use(ticket_id: str, purpose: str, now: datetime) -> tuple[MailLink, Login]:
    """The ticket, now used, and its login. Raises Refused("link.spent")."""
    session = writing_session()
    ticket = session.get(MailLink, ticket_id)
    if ticket is None or ticket.purpose != purpose or not link_holds(ticket.expires_at, ticket.used_at, now):
        raise Refused("link.spent")
    ticket.used_at = now
    return ticket, session.get_one(Login, ticket.login_id)


def _spend_links(login_id: int, now: datetime) -> None:
    """Whatever link is still on its way to an old address, or for an old password, opens nothing any more."""
    query = update(MailLink).where(MailLink.login_id == login_id, MailLink.used_at.is_(None))
    writing_session().execute(query.values(used_at=now))


def use_sign_in_link(ticket_id: str, browser: str, now: datetime) -> tuple[str, str]:
    """Signs in by a mailed link, once; gives the cookie's value and where to go. Raises Refused("link.spent")."""
    ticket, login = _use(ticket_id, SIGN_IN, now)
    return start_session(login, "mail", browser, now), ticket.next_path


# Passwords


def use_reset_link(ticket_id: str, password_hash: str, browser: str, now: datetime) -> str:
    """Sets a new password by a mailed link, ends all sessions, and signs in; gives the cookie's value.

    Raises Refused("link.spent").
    """
    _, login = _use(ticket_id, RESET, now)
    return change_password(login, password_hash, browser, now)


def change_password(login: Login, password_hash: str, browser: str, now: datetime) -> str:
    """Stores the new hash, ends every session, tells the owner, and starts a session; gives the cookie's value."""
    login.password_hash = password_hash
    end_sessions(login.id, "", now)
    _spend_links(login.id, now)
    audit.record(login.party_id, "password.changed", f"login:{login.id}", now)
    emit(PasswordChanged(party_id=login.party_id), now)
    _tell("password-changed", login, login.email, now)
    return start_session(login, "password", browser, now)


def _tell(kind: str, login: Login, address: str, now: datetime) -> None:
    language = _language_for(party(login.party_id))
    letter = Letter(kind=kind, address=address, language=language, facts={}, party_id=login.party_id)
    post(letter, f"{kind}:{random_id()}", now)


# The address


def ask_for_email_change(login: Login, email: str, now: datetime) -> None:
    """Mails a link to the new address that confirms it, and a word to the present one.

    An address that is another's gets a letter which says so to its owner; the asker sees no difference.
    Raises Refused("email.same").
    """
    if fold_email(email) == login.email_key:
        raise Refused("email.same", field="email")
    owner = login_by_email(email)
    ticket = _ticket(NEW_EMAIL, login, now, address=email.strip())
    if owner is None:
        _mail_ticket(NEW_EMAIL, login, ticket.address, ticket, "", now)
    else:
        _tell("email-taken", owner, owner.email, now)
    _tell("email-asked", login, login.email, now)


def use_email_link(ticket_id: str, keep_session: str, now: datetime) -> Login:
    """Gives the login its new address, by the link that was mailed there; ends all sessions but ``keep_session``.

    Raises Refused("link.spent"), or Refused("email.taken") when somebody else has taken it meanwhile.
    """
    ticket, login = _use(ticket_id, NEW_EMAIL, now)
    if login_by_email(ticket.address) is not None:
        raise Refused("email.taken")
    former = login.email
    login.email, login.email_key = ticket.address, fold_email(ticket.address)
    end_sessions(login.id, keep_session, now)
    _spend_links(login.id, now)
    audit.record(login.party_id, "email.changed", f"login:{login.id}", now)
    emit(EmailChanged(party_id=login.party_id), now)
    _tell("email-changed", login, former, now)
    return login


# The profile


def edit_profile(person: Party, name: str, public_name: str, language: str, theme: str, now: datetime) -> None:
    """Changes how somebody is called and what they like to see; nothing happens when all is as it was."""
    wished = {"name": name, "public_name": public_name, "language": language, "theme": theme}
    changed = sorted(key for key, value in wished.items() if getattr(person, key) != value)
    if not changed:
        return
    for key in changed:
        setattr(person, key, wished[key])
    audit.record(person.id, "profile.changed", f"party:{person.id}", now, fields=",".join(changed))
    emit(ProfileChanged(party_id=person.id), now)


# Against guessing


def count_try(purpose: str, who: Mapping[str, str], now: datetime) -> None:
    """Counts one try for each of ``who`` (address, network, login). Raises Refused("try.later") when it is too much.

    Counted before the try, under the write lock: many at once, over many processes, get no more.
    """
    session = writing_session()
    limits = attempt_limits(purpose, who)
    rows = {key: _attempt(key, now) for key in limits}
    if any(row.tries >= limits[key] for key, row in rows.items()):
        raise too_often(now)
    for row in rows.values():
        row.tries += 1
    session.flush()


def forgive_try(purpose: str, who: Mapping[str, str], now: datetime) -> None:
    """Takes a counted try back, because it was right."""
    for key in attempt_limits(purpose, who):
        row = _attempt(key, now)
        row.tries = max(row.tries - 1, 0)


def _attempt(key: str, now: datetime) -> Attempt:
    session = writing_session()
    row = session.get(Attempt, (key, window_of(now)))
    if row is None:
        row = Attempt(key=key, window=window_of(now), tries=0)
        session.add(row)
    return row


# Cleaning


def sweep(now: datetime) -> None:
    """Deletes sessions that hold no more, links nobody can use or renew, and counters of former days."""
    day_ago = now - ATTEMPTS_KEPT
    gone = {
        "sessions": delete(SessionRow).where(
            or_(
                SessionRow.expires_at <= now, SessionRow.seen_at <= now - SESSION_IDLES, SessionRow.revoked_at < day_ago
            )
        ),
        "links": delete(MailLink).where(MailLink.expires_at <= now - SPENT_LINK_KEPT),
        "attempts": delete(Attempt).where(Attempt.window < window_of(day_ago)),
    }
    numbers = {name: _rows_of(statement) for name, statement in gone.items()}
    if any(numbers.values()):
        audit.record(audit.SYSTEM, "identity.swept", "identity:0", now, **numbers)
