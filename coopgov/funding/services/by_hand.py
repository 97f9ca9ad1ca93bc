"""Payments that the treasurer writes down: booked once for each form, and taken back by the opposite entries."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

from coopgov.core.errors import Refused
from coopgov.core.money import Money
from coopgov.funding.models import Contribution, Payer
from coopgov.funding.providers.base import RemotePayer
from coopgov.funding.providers.manual import MARK, HandNote, snapshot_of
from coopgov.funding.rules.by_hand import SOURCES, check_days, moment_of
from coopgov.funding.rules.payments import PURPOSES
from coopgov.funding.services.bookings import settle
from coopgov.funding.services.findings import close_finding, open_about
from coopgov.funding.services.ingest import apply
from coopgov.funding.services.look import Look, looking
from coopgov.identity.models import Party
from coopgov.infra import audit
from coopgov.infra.db import writing_session


@dataclass(frozen=True, kw_only=True)
class ByHand:
    """What the treasurer wrote. ``key`` is the form's; ``party_id`` None: nobody, or nobody whom we know."""

    key: str
    source: str  # bank | cash
    amount: Money
    day: date
    purpose: str = "dues"
    party_id: int | None = None
    covers: tuple[date, date] | None = None
    reference: str = ""


def book_by_hand(wanted: ByHand, by_id: int, now: datetime) -> Contribution:
    """The payment, booked; the same form sent twice gives the one that it booked the first time.

    Raises Refused: ``by_hand.*``, ``matching.no_member``, ``matching.purpose``; ``by_hand.used`` for a form that booked
    something else before.
    """
    session = writing_session()
    look = looking(wanted.source, now)
    booked = _booked(wanted.key)
    if booked is not None:
        _refuse_unless_same(booked, wanted, look)
        return booked
    if wanted.party_id == by_id:
        raise Refused("by_hand.own", field="member")
    if wanted.source not in SOURCES or wanted.purpose not in PURPOSES:
        raise Refused("matching.purpose", field="purpose")
    check_days(wanted.covers, wanted.party_id, wanted.day)
    note = HandNote(
        key=wanted.key,
        source=wanted.source,
        amount=wanted.amount,
        paid_at=moment_of(wanted.day, look.zone.key, now),
        purpose=wanted.purpose,
        payer=_payer(wanted, now),
        covers=wanted.covers,
        reference=wanted.reference[:200],
    )
    apply(snapshot_of(note), now)
    session.flush()
    row = session.scalars(select(Contribution).where(Contribution.remote_id == MARK + wanted.key)).one()
    question = open_about("unmatched", f"contribution:{row.id}")
    if question is not None and row.purpose == "other":
        close_finding(question, by_id, row.purpose, now)
    audit.record(by_id, "payment.booked", f"contribution:{row.id}", now, party=row.party_id, minor=row.gross_minor)
    return row


def _booked(key: str) -> Contribution | None:
    query = select(Contribution).where(Contribution.source.in_(SOURCES), Contribution.remote_id == MARK + key)
    return writing_session().scalars(query).first()


def _refuse_unless_same(booked: Contribution, wanted: ByHand, look: Look) -> None:
    """A form that comes again with something else in it (back, changed, sent) must not seem to be booked."""
    there = (booked.source, booked.gross, look.day(booked.paid_at), booked.party_id, booked.remote_status)
    if there != (wanted.source, wanted.amount, wanted.day, wanted.party_id, "succeeded"):
        raise Refused("by_hand.used")


def _payer(wanted: ByHand, now: datetime) -> RemotePayer | None:
    """The party as a payer by bank or in cash, whom the treasurer knows."""
    session = writing_session()
    if wanted.party_id is None:
        return None
    party = session.get(Party, wanted.party_id)
    if party is None:
        raise Refused("matching.no_member", field="member")
    remote_id = f"party:{party.id}"
    known = select(Payer.id).where(Payer.source == wanted.source, Payer.remote_id == remote_id)
    if session.scalar(known) is None:
        payer = Payer(source=wanted.source, remote_id=remote_id, party_id=party.id, created_at=now)
        payer.matched_how, payer.matched_at = "treasurer", now
        session.add(payer)
        session.flush()
    return RemotePayer(remote_id=remote_id, name=party.name)


def is_by_hand(row: Contribution) -> bool:
    """True for payments that were booked by hand, and can be taken back."""
    return row.source in SOURCES and row.remote_id.startswith(MARK)


def take_back(row: Contribution, by_id: int, now: datetime) -> None:
    """Reverses a booking by hand that was a mistake: the payment never came. Its receipt's number stays taken.

    Raises Refused: ``by_hand.provider``, ``by_hand.gone``, ``by_hand.refunded``, ``by_hand.own``.
    """
    writing_session()
    if not is_by_hand(row):
        raise Refused("by_hand.provider")
    if row.remote_status != "succeeded":
        raise Refused("by_hand.gone")
    if row.refunded_minor:
        raise Refused("by_hand.refunded")
    if row.party_id == by_id:
        raise Refused("by_hand.own")
    row.remote_status, row.failed_at, row.updated_at = "failed", now, now
    look = looking(row.source, now)
    look.by_id, look.touched = by_id, {row.id: row}
    settle(look)
    audit.record(by_id, "payment.taken_back", f"contribution:{row.id}", now)
