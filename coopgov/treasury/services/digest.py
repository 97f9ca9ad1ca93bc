"""The mail that tells treasurers once a week what waits, and is not sent when nothing does."""

from datetime import datetime, timedelta

from coopgov.identity.queries import recipients
from coopgov.infra.coop import the_coop
from coopgov.infra.mail import Letter, post_all
from coopgov.membership.queries.register import holders
from coopgov.treasury.queries.desk import waiting

LASTS = timedelta(days=3)


def post_digest(now: datetime) -> int:
    """A mail to each treasurer with how much waits; returns how many were posted, 0 when nothing waits.

    Twice in the same week changes nothing.
    """
    found = waiting(now)
    if not found.is_anything:
        return 0
    coop = the_coop()
    facts = {"unmatched": found.unmatched, "arrears": found.arrears, "findings": found.findings}
    letters = [
        Letter(
            kind="treasury-digest",
            address=one.email,
            language=one.language or (coop.language if coop else ""),
            facts=facts,
            party_id=one.party_id,
            lasts=LASTS,
        )
        for one in recipients(holders("treasurer", now)).values()
    ]
    year, week, _ = now.isocalendar()
    post_all(letters, f"treasury-digest:{year}-{week}", now)
    return len(letters)
