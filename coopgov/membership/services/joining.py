"""The last steps of joining: from an approved application to a member, whichever way the money comes."""

from datetime import datetime

from coopgov.core.errors import Refused
from coopgov.core.text import one_line
from coopgov.funding.services.findings import open_finding
from coopgov.infra import audit
from coopgov.infra.db import writing_session
from coopgov.membership.models import Application, Membership, Welcome
from coopgov.membership.queries import dues as queries
from coopgov.membership.queries.register import open_membership
from coopgov.membership.queries.standing import relief_at, rule_at
from coopgov.membership.queries.tiers import tiers_offered
from coopgov.membership.rules.joining import joining_state
from coopgov.membership.services import dues_mails as mails
from coopgov.membership.services.applications import move
from coopgov.membership.services.register import admit


def admit_payer(party_id: int, now: datetime) -> Membership | None:
    """Makes the party a member when its application is approved and a payment is under way or has arrived.

    None when nobody waits or nothing is paid: ask as often as you like. A payment that comes after the application had
    expired counts all the same, and the membership secretary hears of it.
    """
    writing_session()
    row = queries.waiting_application(party_id)
    if row is None:
        _note_stray_payment(party_id, now)
        return None
    if not queries.has_paid_for_joining(row):
        return None
    if row.state == "expired":
        open_finding("paid_late", f"application:{row.id}", {"party": party_id}, now)
    return _admit(row, party_id, now)


def _note_stray_payment(party_id: int, now: datetime) -> None:
    """Somebody withdrew and has paid all the same, on a page that closed too late: the treasurer gives it back."""
    row = queries.application_of(party_id)
    if row is None or row.state != "withdrawn" or open_membership(party_id) is not None:
        return
    if queries.has_paid_for_joining(row):
        open_finding("paid_late", f"application:{row.id}", {"party": party_id}, now)


def admit_relieved(party_id: int, now: datetime) -> None:
    """Makes somebody a member who waits for it and has just said that they cannot pay; nothing for anybody else.

    Raises Refused("joining.over") when the time has passed.
    """
    row = queries.waiting_application(party_id)
    if row is not None and open_membership(party_id) is None:
        admit_without_paying(row, now)


def admit_without_paying(row: Application, now: datetime) -> Membership | None:
    """Makes the applicant a member who pays nothing for now: by relief, or because the co-op asks nothing.

    Raises Refused("dues.not_asked") when something is to be paid, ("joining.over") when the time has passed.
    """
    reopen(row, now)
    assert row.party_id is not None
    if asks_dues(now) and relief_at(row.party_id, now) is None:
        raise Refused("dues.not_asked")
    return _admit(row, row.party_id, now)


def asks_dues(now: datetime) -> bool:
    """Whether who joins now has something to pay: the rule asks for it, or there are tiers to choose from."""
    return rule_at(now).asks_dues or bool(tiers_offered(now))


def reopen(row: Application, now: datetime) -> None:
    """Goes on with an approval whose time had passed, if it still can be; nothing for one that waits.

    Raises Refused("joining.over").
    """
    writing_session()
    state = joining_state(row.state, row.party_id is not None, row.state_at, now)
    if state != "open" or (row.state == "expired" and queries.other_open_application(row)):
        raise Refused("joining.over")
    if row.state == "expired":
        move(row, "approved", now, "applicant")


def _admit(row: Application, party_id: int, now: datetime) -> Membership | None:
    session = writing_session()
    move(row, "admitted", now, party_id)
    if open_membership(party_id) is not None:  # somebody invited them meanwhile
        return None
    membership = admit(party_id, now, party_id)
    welcome = session.get(Welcome, party_id)
    if welcome is not None:
        session.delete(welcome)
        session.flush()
    session.add(Welcome(party_id=party_id))
    session.flush()
    mails.welcome(row, membership.number, queries.promise_of(party_id), relief_at(party_id, now), now)
    return membership


def say_paid(party_id: int, words: str, now: datetime) -> None:
    """Somebody paid already, under this name or address: the treasurer looks for it. Raises Refused("dues.no_name")."""
    writing_session()
    said = one_line(words)[:120]
    if not said:
        raise Refused("dues.no_name", field="payer")
    finding = open_finding("claimed", f"party:{party_id}", {"party": party_id, "said": said}, now)
    finding.facts = {**finding.facts, "said": said}
    audit.record(party_id, "dues.claimed", f"party:{party_id}", now)


def tick(welcome: Welcome, step: str, now: datetime) -> None:
    """A first step is done (``hello``, ``mails``), or the whole list is not to be shown any more (``all``)."""
    writing_session()
    column = {"hello": "introduced_at", "mails": "mails_chosen_at", "all": "put_away_at"}[step]
    setattr(welcome, column, getattr(welcome, column) or now)
