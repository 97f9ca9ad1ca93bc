"""The end of everything that somebody pays, or has begun to pay: on leaving, and on withdrawing an application."""

from datetime import datetime

from coopgov.funding.queries.pledges import draft_of
from coopgov.funding.services.findings import open_finding
from coopgov.funding.services.pledges import ask_change, drop_draft
from coopgov.infra.db import writing_session
from coopgov.membership.queries import dues as queries


def stop_paying(party_id: int, now: datetime) -> bool:
    """Ends what the party pays at once, and closes the pages on which it could begin to; paid money stays paid.

    Returns True when a payment is left that only its payer can stop, at its provider.
    """
    writing_session()
    elsewhere = False
    for pledge in queries.live_pledges(party_id):
        if pledge.source == "stripe" and pledge.remote_id:
            ask_change(pledge, "cancel", now, party_id, at_once=True)
        elif pledge.source == "opencollective":
            open_finding("relief", f"pledge:{pledge.id}", {"kind": "cancel", "party": party_id}, now)
            elsewhere = True
    while (draft := draft_of(party_id)) is not None:
        drop_draft(draft, now)
    return elsewhere
