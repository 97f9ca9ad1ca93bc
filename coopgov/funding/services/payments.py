"""Payments as a provider tells them, and whose they are: by our pledge's id, its claim code, or a payer we know."""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import ColumnElement, func, or_, select

from coopgov.core.money import Money
from coopgov.funding.events import ContributionMatched
from coopgov.funding.models import Contribution, ContributionShare, Pledge
from coopgov.funding.providers.base import RemotePayer, RemotePayment
from coopgov.funding.services.findings import close_about
from coopgov.funding.services.look import Look, by_slices, set_all, wrong_in_payment
from coopgov.infra import audit, outbox
from coopgov.infra.db import writing_session

ORGANISATION, SEVERAL, TREASURER = "organisation", "several", "treasurer"


def take_payments(look: Look, remotes: Sequence[RemotePayment]) -> None:
    """Rows for ``remotes``; those that are new or changed are to be settled."""
    there = _payments_there(look, remotes)
    find_pledges(look, (remote.pledge_remote_id for remote in remotes))
    changed: dict[str, Contribution] = {}
    for remote in remotes:
        wrong = wrong_in_payment(remote)
        if wrong:
            look.put_aside(remote.remote_id, wrong)
        elif _take_payment(look, there, remote):
            changed[remote.remote_id] = there[remote.remote_id]
    writing_session().flush()
    look.touched |= {row.id: row for row in changed.values()}


def _payments_there(look: Look, remotes: Sequence[RemotePayment]) -> dict[str, Contribution]:
    there: dict[str, Contribution] = {}
    for part in by_slices(remote.remote_id for remote in remotes):
        query = select(Contribution).where(Contribution.source == look.source, Contribution.remote_id.in_(part))
        there |= {row.remote_id: row for row in writing_session().scalars(query)}
    return there


def _take_payment(look: Look, there: dict[str, Contribution], remote: RemotePayment) -> bool:
    """True when the row is new or different now."""
    row = there.get(remote.remote_id)
    if row is None:
        row = Contribution(source=look.source, remote_id=remote.remote_id, created_at=look.now, status="")
        row.refunded_minor, row.remote_status = 0, ""
    elif row.remote_status == "succeeded" and remote.status != "succeeded":
        return False  # an older view: what arrived can go back, and never comes not to have arrived
    was_nobodys = row.party_id is None
    differs = set_all(row, _payment_values(look, row, remote))
    if was_nobodys and row.party_id is not None:
        _announce(row, look)
    if differs:
        row.updated_at = look.now
        look.changed += 1
        there[remote.remote_id] = row
        writing_session().add(row)
    recognise(look, remote.payer, row.party_id, "metadata" if remote.pledge_id else "claim")
    return differs


def _payment_values(look: Look, row: Contribution, remote: RemotePayment) -> dict[str, object]:
    payer = look.payers[remote.payer.remote_id] if remote.payer else None
    pledge = look.pledges.get(remote.pledge_remote_id) or own_pledge(look.source, remote.pledge_id, remote.claim)
    return {
        "payer_id": payer.id if payer else row.payer_id,
        "pledge_id": pledge.id if pledge else row.pledge_id,
        "pledge_remote_id": remote.pledge_remote_id or row.pledge_remote_id or "",
        "party_id": row.party_id or (pledge.party_id if pledge else None) or (payer.party_id if payer else None),
        "purpose": row.purpose or remote.purpose,
        "gross_minor": remote.gross.minor,
        "currency": remote.gross.currency,
        "charge_id": remote.charge_id or row.charge_id or "",
        "method": remote.method[:20] or row.method or "",
        "remote_status": remote.status,
        "paid_at": remote.paid_at,
        "settles_in": remote.settles_in,
        "fees": _minor(remote.fees) if remote.fees is not None else row.fees,
        "settled_at": remote.settled_at or row.settled_at,
        "failed_at": remote.failed_at,
        "failure": remote.failure[:200],
        "covers_from": remote.covers_from,
        "covers_to": remote.covers_to,
        "receipt_url": remote.receipt_url or row.receipt_url or "",
        "note": remote.note[:200] or row.note or "",
    }


def _minor(sums: Mapping[str, Money]) -> dict[str, int]:
    return {account: amount.minor for account, amount in sorted(sums.items())}


# Whose it is


def find_pledges(look: Look, remote_ids: Iterable[str]) -> None:
    """Looks up the rows of these pledges that the look does not know yet."""
    for part in by_slices(set(remote_ids) - look.pledges.keys()):
        query = select(Pledge).where(Pledge.source == look.source, Pledge.remote_id.in_(part))
        look.pledges |= {str(row.remote_id): row for row in writing_session().scalars(query)}


def own_pledge(source: str, pledge_id: int | None, claim: str) -> Pledge | None:
    """The pledge that an object says it belongs to, while it has no other object at the provider.

    Claim codes are compared without case, because Open Collective gives tags back in small letters.
    """
    query = select(Pledge).where(Pledge.source == source, Pledge.remote_id.is_(None))
    if pledge_id is not None:
        return writing_session().scalars(query.where(Pledge.id == pledge_id)).first()
    if not claim:
        return None
    return writing_session().scalars(query.where(func.lower(Pledge.claim) == claim.lower())).first()


def recognise(look: Look, remote: RemotePayer | None, party_id: int | None, how: str) -> None:
    """The payer of something that is this party's is this party, from now on, unless they pay for others, too.

    An organisation is nobody: it may pay for several members. What the treasurer said stays.
    """
    payer = look.payers[remote.remote_id] if remote else None
    if payer is None or party_id is None or payer.party_id == party_id:
        return
    if payer.kind == ORGANISATION or payer.matched_how in (SEVERAL, TREASURER):
        return
    if payer.party_id is not None:
        payer.party_id, payer.matched_how, payer.matched_at = None, SEVERAL, look.now
        return
    payer.party_id, payer.matched_how, payer.matched_at = party_id, how, look.now
    look.recognised.append(payer)


def claim_waiting(look: Look) -> None:
    """Payments and pledges that came before we knew whose they are find their member."""
    payers = {payer.id: payer.party_id for payer in look.recognised if payer.party_id is not None}
    for numbers in by_slices(payers):
        pledges = select(Pledge).where(Pledge.payer_id.in_(numbers), Pledge.party_id.is_(None))
        for pledge in writing_session().scalars(pledges):
            pledge.party_id = payers[pledge.payer_id or 0]
        for row in _nobodys(Contribution.payer_id.in_(numbers)):
            _match(row, payers[row.payer_id or 0], look)
    for names in by_slices(look.mended):
        _join_pledges(look, names)


def _join_pledges(look: Look, names: Sequence[str]) -> None:
    loose = select(Contribution).where(
        Contribution.source == look.source,
        Contribution.pledge_remote_id.in_(names),
        or_(Contribution.pledge_id.is_(None), Contribution.party_id.is_(None)),
    )
    for row in writing_session().scalars(loose).all():
        pledge = look.pledges[row.pledge_remote_id]
        row.pledge_id = row.pledge_id or pledge.id
    of_pledges = Contribution.pledge_remote_id.in_(names)
    for row in _nobodys(Contribution.source == look.source, of_pledges):
        party_id = look.pledges[row.pledge_remote_id].party_id
        if party_id is not None:
            _match(row, party_id, look)


def _nobodys(*conditions: ColumnElement[bool]) -> Sequence[Contribution]:
    shares = select(ContributionShare.id).where(ContributionShare.contribution_id == Contribution.id)
    query = select(Contribution).where(Contribution.party_id.is_(None), ~shares.exists(), *conditions)
    return writing_session().scalars(query).all()


def _match(row: Contribution, party_id: int, look: Look) -> None:
    row.party_id, row.updated_at = party_id, look.now
    look.changed += 1
    _announce(row, look)


def _announce(row: Contribution, look: Look) -> None:
    """Says whose a payment is that waited; one that is new needs none, because settling it tells of it."""
    if not row.status or row.party_id is None:
        return
    close_about("unmatched", f"contribution:{row.id}", "", look.now)
    audit.record(audit.SYSTEM, "contribution.matched", f"contribution:{row.id}", look.now, party=row.party_id)
    outbox.emit(ContributionMatched(contribution_id=row.id, party_id=row.party_id), look.now)
