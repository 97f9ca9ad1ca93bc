"""What the first officer changes."""

from datetime import datetime

from coopgov.core.errors import NotFound
from coopgov.infra import audit
from coopgov.infra.coop import Coop
from coopgov.infra.db import writing_session
from coopgov.infra.jobs import Job, revive
from coopgov.infra.markdown import to_html
from coopgov.membership.models import Invitation


def describe_coop(name: str, summary: str, about: str, zone: str, language: str, by: int, now: datetime) -> None:
    """The co-op's profile as given; every page shows it from the next request on."""
    row = writing_session().get_one(Coop, 1)
    row.name, row.summary, row.zone, row.language = name, summary, zone, language
    row.about_source, row.about_html = about, to_html(about)
    row.version += 1
    audit.record(by, "coop.described", "coop:1", now)


def withdraw_invitation(invitation_id: str, by: int, now: datetime) -> None:
    """The invitation opens no door any more; one that was accepted stays so. Raises NotFound."""
    row = writing_session().get(Invitation, invitation_id)
    if row is None:
        raise NotFound
    if row.accepted_at is None and row.withdrawn_at is None:
        row.withdrawn_at = now
        audit.record(by, "invitation.withdrawn", f"invitation:{row.id}", now)


def try_job_again(job_id: int, by: int, now: datetime) -> None:
    """Puts a job that was given up back into the queue. Raises NotFound."""
    row = writing_session().get(Job, job_id)
    if row is None:
        raise NotFound
    revive(row, now)
    audit.record(by, "job.revived", f"job:{job_id}", now)
