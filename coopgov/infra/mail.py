"""Mail: written down in the transaction that asks for it, rendered and sent by a job under one Message-ID.

A crash between the server's 250 and our own note sends a mail again with the same Message-ID, which readers' programs
fold into one. Templates and their small language: infra/letters.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from typing import Any

from flask import current_app
from sqlalchemy import JSON, ForeignKey, Index, String, delete, insert, or_, select, update
from sqlalchemy.orm import Mapped, mapped_column

from coopgov.core.ids import random_id
from coopgov.core.text import one_line
from coopgov.infra.coop import the_coop
from coopgov.infra.crypto import Signer
from coopgov.infra.db import Base, UtcDateTime, db, writing_session
from coopgov.infra.jobs import Job, OutsideTask, Payload, enqueue, enqueue_all
from coopgov.infra.letters import Written, write_letter
from coopgov.infra.mail_transport import send
from coopgov.infra.settings import current_settings

Facts = dict[str, Any]


class Mail(Base):
    """The mail log. ``state``: waiting, sent or dropped; ``facts`` are what the template needs, emptied at the end."""

    __tablename__ = "mail"
    __table_args__ = (Index("ix_mail_party", "party_id", "id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    message_id: Mapped[str] = mapped_column(String(300), unique=True)
    kind: Mapped[str] = mapped_column(String(40))
    party_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"))
    address: Mapped[str] = mapped_column(String(254))
    language: Mapped[str] = mapped_column(String(10))
    facts: Mapped[Facts] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    drop_after: Mapped[datetime | None] = mapped_column(UtcDateTime)
    state: Mapped[str] = mapped_column(String(10), default="waiting")
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


@dataclass(frozen=True, kw_only=True)
class Letter:
    """A mail to be written: template ``kind``, recipient, and ``facts`` (plain values) for the template.

    ``links`` maps a name in the template to (path with ``{token}``, purpose, payload): the token is signed when the
    mail is rendered, so none that works rests in the database. ``stop`` is such a link for one-click unsubscribing.
    An unsent letter is dropped after ``lasts``.
    """

    kind: str
    address: str
    language: str
    facts: Facts
    party_id: int | None = None
    links: dict[str, tuple[str, str, Any]] | None = None
    lasts: timedelta | None = None


def post(letter: Letter, key: str, now: datetime) -> None:
    """Puts ``letter`` into the log and the queue, in the caller's write transaction; the same ``key`` only once."""
    session = writing_session()
    if session.scalar(select(Job.id).where(Job.key == f"mail:{key}")) is not None:
        return
    row = Mail(**_log_entry(letter, now))
    session.add(row)
    session.flush()
    enqueue("mail.send", f"mail:{key}", {"mail": row.id}, now)


def post_all(letters: Sequence[Letter], key_prefix: str, now: datetime) -> None:
    """``post`` for many recipients in a handful of statements, each under ``key_prefix:party_id``.

    Every letter needs a party of its own; parties to whom a letter went out under the same key are passed over.
    """
    session = writing_session()
    by_key = {f"mail:{key_prefix}:{letter.party_id}": letter for letter in letters}
    for key in session.scalars(select(Job.key).where(Job.key.in_(list(by_key)))):
        del by_key[key]
    if not by_key:
        return
    rows = {key: _log_entry(letter, now) for key, letter in by_key.items()}
    # Message-IDs find the rows again: sorted RETURNING would send them to SQLite one by one.
    saved = session.execute(insert(Mail).returning(Mail.message_id, Mail.id), list(rows.values()))
    ids = {message_id: mail_id for message_id, mail_id in saved}
    enqueue_all(
        SEND.kind, [{"key": key, "payload": {"mail": ids[row["message_id"]]}} for key, row in rows.items()], now
    )


def _log_entry(letter: Letter, now: datetime) -> dict[str, Any]:
    return {
        "message_id": f"<{random_id()}@{current_settings().sender.split('@')[-1]}>",
        "kind": letter.kind,
        "party_id": letter.party_id,
        "address": letter.address,
        "language": letter.language,
        "facts": {**letter.facts, "links": letter.links or {}},
        "created_at": now,
        "drop_after": now + letter.lasts if letter.lasts else None,
    }


def forget_address(address: str, now: datetime, party_id: int | None = None) -> None:
    """Takes an address out of the log of mails to people who have no party, or to ``party_id`` too; what waits to be
    sent there is dropped."""
    nobodys = Mail.party_id.is_(None) if party_id is None else or_(Mail.party_id.is_(None), Mail.party_id == party_id)
    theirs = update(Mail).where(Mail.address == address, nobodys)
    session = writing_session()
    session.execute(theirs.where(Mail.state == "waiting").values(state="dropped", settled_at=now, facts={}))
    session.execute(theirs.values(address=""))


def _prepare(payload: Payload, now: datetime) -> EmailMessage | None:
    row = db.session.get_one(Mail, payload["mail"])
    if row.state != "waiting" or (row.drop_after and row.drop_after < now):
        return None
    return _rendered(row)


def written_now(letter: Letter, message_id: str, now: datetime) -> EmailMessage:
    """The mail itself, for what must leave no row that says who got it; sending it is the caller's."""
    return _rendered(Mail(**_log_entry(letter, now) | {"message_id": message_id}))


def note_total(kind: str, total: int, now: datetime) -> None:
    """A line in the log for ``total`` mails of which none has a row."""
    entry = {"kind": kind, "address": "", "language": "", "facts": {"total": total}, "created_at": now}
    writing_session().add(Mail(message_id=f"<{random_id()}@total>", **entry, state="sent", settled_at=now))


def drop_jobs(key_prefix: str, now: datetime) -> None:
    """Takes all jobs of the mails under ``key_prefix`` away, and drops what was not sent yet."""
    session, ours = writing_session(), Job.key.startswith(f"mail:{key_prefix}:", autoescape=True)
    waiting = [payload["mail"] for payload in session.scalars(select(Job.payload).where(ours, Job.state != "done"))]
    if waiting:
        dropped = update(Mail).where(Mail.id.in_(waiting), Mail.state == "waiting")
        session.execute(dropped.values(state="dropped", settled_at=now, facts={}))
    session.execute(delete(Job).where(ours))


def _rendered(row: Mail) -> EmailMessage:
    coop = the_coop()
    facts = dict(row.facts)
    facts.update(_signed(facts.pop("links")))
    zone = coop.zone if coop else "UTC"
    facts |= {"coop": coop.name if coop else "coopgov", "base_url": current_settings().base_url.rstrip("/")}
    return _message(row, write_letter(row.kind, row.language, zone, facts), str(facts.get("stop", "")), facts["coop"])


def _signed(links: dict[str, tuple[str, str, Any]]) -> dict[str, str]:
    signer: Signer = current_app.extensions["coopgov.signer"]
    base = current_settings().base_url.rstrip("/")
    return {
        name: base + path.replace("{token}", signer.sign(purpose, load))
        for name, (path, purpose, load) in links.items()
    }


def _message(row: Mail, written: Written, stop: str, coop: str) -> EmailMessage:
    message = EmailMessage()
    message["Message-ID"] = row.message_id
    message["Date"] = row.created_at
    message["From"] = f'"{one_line(coop).replace(chr(34), "")}" <{current_settings().sender}>'
    message["To"] = row.address
    message["Subject"] = one_line(written.subject)
    message["Auto-Submitted"] = "auto-generated"
    if stop:  # RFC 8058: one POST to this address, nothing more
        message["List-Unsubscribe"] = f"<{stop}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(written.text)
    message.add_alternative(written.html, subtype="html")
    return message


def _perform(message: EmailMessage, _key: str) -> None:
    send(current_settings().mail_url, message)


def _finish(payload: Payload, _sent: None, now: datetime) -> None:
    _settle(payload, "sent", now)


def _drop(payload: Payload, now: datetime) -> None:
    _settle(payload, "dropped", now)


def _settle(payload: Payload, state: str, now: datetime) -> None:
    """Forgets what the mail says; one that was settled before stays as it was."""
    row = writing_session().get_one(Mail, payload["mail"])
    if row.state == "waiting":
        row.state, row.settled_at, row.facts = state, now, {}


SEND = OutsideTask("mail.send", _prepare, _perform, _finish, _drop)
