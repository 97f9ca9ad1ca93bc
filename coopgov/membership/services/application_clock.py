"""Writes of time passing over applications: reminders, ends, forgetting. Each may come late, and twice."""

from datetime import datetime

from sqlalchemy import delete

from coopgov.core.time import to_wall_clock
from coopgov.identity.queries import recipient
from coopgov.identity.services import forget_person
from coopgov.infra import audit
from coopgov.infra.coop import the_coop
from coopgov.infra.db import writing_session
from coopgov.infra.mail import Letter, forget_address, post
from coopgov.membership.models import Application, ApplicationNote
from coopgov.membership.queries import applications as queries
from coopgov.membership.rules.applications import claim_holds, reminders_due
from coopgov.membership.services import application_mails as mails
from coopgov.membership.services.applications import move
from coopgov.membership.services.reviewing import release

SECRETARIES_AT = 8  # o'clock in the co-op's zone, when they hear that somebody waits


def expire(row: Application, now: datetime) -> None:
    """Ends an application whose time has passed. One that was never confirmed is erased, and nobody is written to:
    the address may be a stranger's."""
    before = row.state
    move(row, "expired", now, audit.SYSTEM)
    if before == "started":
        erase(row, now)
    else:
        mails.tell(mails.expired_letter(row, before), row, now)


def remind(row: Application, now: datetime) -> None:
    """Writes once for all reminders that are due."""
    due = reminders_due(row.state, row.state_at, now)
    if due > row.reminders:
        row.reminders = due
        mails.tell(mails.reminder_letter(row, now), row, now)


def release_claim(row: Application, now: datetime) -> None:
    """Frees an application whose reader has not decided in time."""
    if row.state == "in_review" and not claim_holds(row.claimed_at, now):
        release(row, now, audit.SYSTEM)


def erase(row: Application, now: datetime) -> None:
    """Takes away all that says who it was; state, dates and the kind of reason stay for the count. With it goes the
    login that approval made, if nothing ever came of it."""
    session = writing_session()
    stays = row.party_id is None or queries.is_known_otherwise(row.party_id, row.id)
    forget_address(row.email, now, None if stays else row.party_id)
    if row.party_id is not None and not stays:
        forget_person(row.party_id, now)
    row.email = row.email_key = row.name = row.about = ""
    row.organisation = row.handle = row.skills = row.heard_from = row.reason_text = ""
    row.groups = []
    session.execute(delete(ApplicationNote).where(ApplicationNote.application_id == row.id))
    audit.record(audit.SYSTEM, "application.erased", f"application:{row.id}", now)


def tell_secretary(party_id: int, now: datetime) -> None:
    """S1: how many applications wait, once a day."""
    number, first = queries.waiting_now()
    to = recipient(party_id)
    if to is None or first is None:
        return
    facts = {"number": number, "days": (now - first).days}
    letter = Letter(kind="applications-waiting", address=to.email, language=to.language, facts=facts, party_id=party_id)
    post(letter, f"applications-waiting:{party_id}:{local_time(now):%Y-%m-%d}", now)


def local_time(now: datetime) -> datetime:
    """What the co-op's clocks show."""
    coop = the_coop()
    return to_wall_clock(now, coop.zone if coop else "UTC")
