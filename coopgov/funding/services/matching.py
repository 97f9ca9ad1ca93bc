"""Whose a payment is that nobody recognised: the treasurer says so, and can take it back. What they said stays."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import delete, select

from coopgov.core.errors import Refused
from coopgov.funding.events import ContributionMatched
from coopgov.funding.models import Contribution, ContributionShare, Payer, Pledge
from coopgov.funding.rules.matching import Portion, check_split
from coopgov.funding.services.findings import close_finding, open_about, open_finding, was_answered
from coopgov.funding.services.ingest import mend_purpose
from coopgov.funding.services.payments import SEVERAL, TREASURER
from coopgov.identity.models import Party
from coopgov.infra import audit, outbox
from coopgov.infra.db import writing_session

Days = tuple[date, date]  # both included
OPEN = ("pending", "succeeded")


def match(row: Contribution, party_id: int, by_id: int, now: datetime, days: Days | None = None) -> None:
    """The payment is this party's. ``days``: what it covers, where its source does not tell.

    Raises Refused: ``matching.done``, ``matching.own``, ``matching.no_member``.
    """
    _refuse_unless_waiting(row)
    _refuse_unless_somebody_else(party_id, by_id)
    row.party_id, row.updated_at = party_id, now
    _book_as_dues(row, by_id, now)
    if days is not None and row.covers_from is None:
        _share(row, Portion(party_id, row.gross, days))
    _answered(row, by_id, "matched", now)
    _announce(row, party_id, by_id, now)


def remember_payer(row: Contribution, by_id: int, now: datetime) -> None:
    """Whoever made this payment pays for its party from now on, and what they promised is that party's."""
    session = writing_session()
    payer = session.get(Payer, row.payer_id) if row.payer_id else None
    if payer is None or row.party_id is None:
        return
    payer.party_id, payer.matched_how, payer.matched_at = row.party_id, TREASURER, now
    promised = select(Pledge).where(Pledge.payer_id == payer.id, Pledge.party_id.is_(None))
    for pledge in session.scalars(promised):
        pledge.party_id = row.party_id
    audit.record(by_id, "payer.matched", f"payer:{payer.id}", now, party=row.party_id)


def waiting_of_payer(payer_id: int) -> Sequence[Contribution]:
    """Payments of this payer that nobody recognised, the oldest first."""
    query = select(Contribution).where(Contribution.payer_id == payer_id).order_by(Contribution.paid_at)
    return [row for row in writing_session().scalars(query) if is_waiting(row)]


def declare(row: Contribution, purpose: str, by_id: int, now: datetime) -> None:
    """The payment is no member's dues: a gift (``donation``), or ``other``. It is booked under that heading.

    Raises Refused: ``matching.done``, ``matching.purpose``.
    """
    _refuse_unless_waiting(row)
    if purpose not in ("donation", "other"):
        raise Refused("matching.purpose")
    mend_purpose(row, purpose, by_id, now)
    row.updated_at = now
    _answered(row, by_id, purpose, now)


def split(row: Contribution, portions: Sequence[Portion], by_id: int, now: datetime) -> None:
    """The payment is several members', so much for each; together it is all of it.

    Raises Refused: ``matching.done``, ``matching.sum``, ``matching.parts``, ``matching.part``, ``matching.own``,
    ``matching.no_member``.
    """
    _refuse_unless_waiting(row)
    check_split(row.gross, portions)
    for portion in portions:
        _refuse_unless_somebody_else(portion.party_id, by_id)
        _share(row, portion)
    _book_as_dues(row, by_id, now)
    session = writing_session()
    payer = session.get(Payer, row.payer_id) if row.payer_id else None
    if payer is not None:
        payer.party_id, payer.matched_how, payer.matched_at = None, SEVERAL, now
    row.updated_at = now
    _answered(row, by_id, "split", now)
    for portion in portions:
        _announce(row, portion.party_id, by_id, now)


def undo(row: Contribution, by_id: int, now: datetime) -> None:
    """What the treasurer said of the payment holds no longer: it waits again.

    Raises Refused: ``matching.not_undone`` for what a provider, a code or the member's own pledge says.
    """
    session = writing_session()
    payer = session.get(Payer, row.payer_id) if row.payer_id else None
    if not can_undo(row, payer):
        raise Refused("matching.not_undone")
    if payer is not None and payer.matched_how == TREASURER and payer.party_id == row.party_id:
        _forget_payer(payer)
    elif payer is not None and payer.matched_how == SEVERAL and row.party_id is None:
        payer.matched_how = ""
    session.execute(delete(ContributionShare).where(ContributionShare.contribution_id == row.id))
    row.party_id, row.updated_at = None, now
    _book_as_dues(row, by_id, now)
    if row.status == "succeeded":
        open_finding("unmatched", f"contribution:{row.id}", {}, now)
    audit.record(by_id, "contribution.unmatched", f"contribution:{row.id}", now)


def is_waiting(row: Contribution) -> bool:
    """True while nobody has said whose it is, and it may still be somebody's dues."""
    if row.party_id is not None or row.purpose == "donation" or row.status not in OPEN or _shares(row):
        return False
    subject = f"contribution:{row.id}"
    return open_about("unmatched", subject) is not None or not was_answered("unmatched", subject)


def can_undo(row: Contribution, payer: Payer | None) -> bool:
    """True for what the treasurer said: of this payment, or of all that its payer pays."""
    if open_about("unmatched", f"contribution:{row.id}") is not None:
        return False
    by_payer = payer is not None and payer.matched_how == TREASURER and payer.party_id == row.party_id
    by_hand = payer is not None and payer.remote_id == f"party:{payer.party_id}"
    return not by_hand and (was_answered("unmatched", f"contribution:{row.id}") or by_payer)


def _shares(row: Contribution) -> Sequence[ContributionShare]:
    query = select(ContributionShare).where(ContributionShare.contribution_id == row.id)
    return writing_session().scalars(query).all()


def _refuse_unless_waiting(row: Contribution) -> None:
    writing_session()
    if not is_waiting(row):
        raise Refused("matching.done")


def _refuse_unless_somebody_else(party_id: int, by_id: int) -> None:
    if party_id == by_id:
        raise Refused("matching.own", field="member")
    if writing_session().get(Party, party_id) is None:
        raise Refused("matching.no_member", field="member")


def _share(row: Contribution, portion: Portion) -> None:
    first, last = portion.covers or (None, None)
    share = ContributionShare(contribution_id=row.id, party_id=portion.party_id, amount_minor=portion.amount.minor)
    share.covers_from, share.covers_to = first, last
    writing_session().add(share)


def _book_as_dues(row: Contribution, by_id: int, now: datetime) -> None:
    """A member's payment is their dues, whatever its source took it for: nothing else covers days."""
    if row.purpose != "dues":
        mend_purpose(row, "dues", by_id, now)


def _forget_payer(payer: Payer) -> None:
    """Payer and promises are nobody's again; promises that began here know their member by themselves."""
    session = writing_session()
    told = select(Pledge).where(Pledge.payer_id == payer.id, Pledge.party_id == payer.party_id, Pledge.product == "")
    for pledge in session.scalars(told):
        pledge.party_id = None
    payer.party_id, payer.matched_how, payer.matched_at = None, "", None


def _answered(row: Contribution, by_id: int, note: str, now: datetime) -> None:
    """Closes the question; where nobody had asked it yet, it is written down as answered."""
    subject = f"contribution:{row.id}"
    close_finding(open_about("unmatched", subject) or open_finding("unmatched", subject, {}, now), by_id, note, now)


def _announce(row: Contribution, party_id: int, by_id: int, now: datetime) -> None:
    claim = open_about("claimed", f"party:{party_id}")
    if claim is not None:
        close_finding(claim, by_id, "matched", now)
    audit.record(by_id, "contribution.matched", f"contribution:{row.id}", now, party=party_id)
    outbox.emit(ContributionMatched(contribution_id=row.id, party_id=party_id), now)
