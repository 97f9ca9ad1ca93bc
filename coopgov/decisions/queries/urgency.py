"""Who confirmed, and who may confirm, that a vote is urgent."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select

from coopgov.decisions.models import Authorship, Countersignature, Proposal
from coopgov.decisions.queries.authors import writer_ids
from coopgov.decisions.rules.urgency import signing_role
from coopgov.groups.queries import convenor_ids
from coopgov.identity.models import Party
from coopgov.infra.check import Check
from coopgov.infra.db import db
from coopgov.membership.queries.register import holders


@dataclass(frozen=True)
class Signed:
    """A countersignature as it shows: ``role`` is convenor or membership_secretary."""

    name: str
    role: str
    at: datetime


def countersignature(proposal: Proposal) -> Signed | None:
    """The countersignature of the reason as it stands now; of other words it says nothing."""
    query = (
        select(Party.name, Countersignature.role, Countersignature.at)
        .join(Party, Party.id == Countersignature.by_id)
        .where(Countersignature.proposal_id == proposal.id, Countersignature.urgent_reason == proposal.urgent_reason)
        .order_by(Countersignature.id)
    )
    row = db.session.execute(query).first()
    return Signed(*row) if row else None


def role_of_signer(proposal: Proposal, party_id: int, now: datetime) -> str:
    """In which capacity the party may countersign the proposal at ``now``; empty when it may not."""
    secretaries = frozenset(holders("membership_secretary", now))
    return signing_role(party_id, writer_ids(proposal), convenor_ids(proposal.group_id, now), secretaries)


def possible_signers(proposal: Proposal, now: datetime) -> set[int]:
    """Who may countersign the proposal at ``now``: its group's convenors, or the membership secretaries."""
    writers, convenors = writer_ids(proposal), convenor_ids(proposal.group_id, now)
    return set(convenors - writers) or set(holders("membership_secretary", now)) - writers


def _signed_by_who_wrote_it() -> list[str]:
    wrote = select(Authorship.id).where(
        Authorship.proposal_id == Countersignature.proposal_id,
        Authorship.party_id == Countersignature.by_id,
        Authorship.act == "joined",
        Authorship.at <= Countersignature.at,
        ~select(1)
        .select_from(left := Authorship.__table__.alias())
        .where(
            left.c.proposal_id == Countersignature.proposal_id,
            left.c.party_id == Countersignature.by_id,
            left.c.act == "left",
            left.c.at <= Countersignature.at,
        )
        .exists(),
    )
    query = select(Countersignature.id).join(Proposal, Proposal.id == Countersignature.proposal_id)
    query = query.where(or_(Proposal.author_id == Countersignature.by_id, wrote.exists()))
    return [f"countersignature {number}: by who wrote the proposal" for number in db.session.scalars(query)]


CHECKS: tuple[Check, ...] = (Check("urgent votes are countersigned by somebody else", _signed_by_who_wrote_it),)
