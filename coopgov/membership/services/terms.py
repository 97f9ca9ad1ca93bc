"""Writes of the terms of joining and of the waiting list."""

from dataclasses import asdict, dataclass
from datetime import datetime

from coopgov.core.errors import Refused
from coopgov.core.ids import random_id
from coopgov.core.text import fold_email
from coopgov.infra import audit
from coopgov.infra.db import writing_session
from coopgov.infra.mail import Letter, post
from coopgov.membership.models import JoiningTerms, WaitingListEntry
from coopgov.membership.queries import terms as queries


@dataclass(frozen=True, kw_only=True)
class Terms:
    """How people apply, as somebody wrote it: see models.JoiningTerms."""

    is_open: bool
    prompt: str
    min_age: int
    code_url: str
    code_version: str
    by_hand: str


def edit_terms(wanted: Terms, by: int | str, now: datetime) -> None:
    """Writes the terms; whoever has applied before keeps to those that they accepted.

    Raises Refused("terms.code") for a code of conduct without a version.
    """
    session = writing_session()
    if wanted.code_url and not wanted.code_version:
        raise Refused("terms.code", field="code_version")
    row = queries.joining_terms()
    if row is None:
        row = JoiningTerms(id=1, version=0)
        session.add(row)
    for key, value in asdict(wanted).items():
        setattr(row, key, value)
    row.version += 1
    session.flush()
    audit.record(by, "terms.changed", "joining_terms:1", now, version=row.version, open=row.is_open)


def wait_for_opening(email: str, language: str, now: datetime) -> None:
    """Puts an address on the waiting list, once."""
    session = writing_session()
    if queries.waiting_entry(fold_email(email)) is None:
        key = fold_email(email)
        session.add(WaitingListEntry(email=email.strip(), email_key=key, language=language, created_at=now))


def tell_of_opening(entry_id: int, now: datetime) -> None:
    """Writes to somebody on the waiting list, and takes them off it."""
    session = writing_session()
    entry = session.get(WaitingListEntry, entry_id)
    if entry is None or not queries.is_open():
        return
    letter = Letter(kind="joining-open", address=entry.email, language=entry.language, facts={})
    post(letter, f"joining-open:{random_id()}", now)  # ids of deleted rows come again
    session.delete(entry)
