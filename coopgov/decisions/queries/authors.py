"""Who writes a proposal together."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from coopgov.decisions.models import Authorship, Proposal
from coopgov.decisions.rules.authors import joined, last_acts, waiting
from coopgov.identity.models import Party
from coopgov.infra.check import Check
from coopgov.infra.db import db
from coopgov.membership.queries.register import member_names


@dataclass(frozen=True)
class CoAuthor:
    """Somebody who joined, or was asked; ``public_name`` as they chose when they joined."""

    party_id: int
    name: str
    public_name: str


@dataclass(frozen=True)
class Company:
    """Who writes it with the author, and who was asked to, each the longest first."""

    co_authors: tuple[CoAuthor, ...] = ()
    asked: tuple[CoAuthor, ...] = ()

    @property
    def ids(self) -> frozenset[int]:
        """Party ids of the co-authors."""
        return frozenset(one.party_id for one in self.co_authors)


def people_at(instant: datetime) -> list[tuple[int, str]]:
    """(party id, name) of the members who can write with others, by name: organisations write nothing themselves."""
    organisations = set(db.session.scalars(select(Party.id).where(Party.kind == "organisation")))
    return [(party_id, name) for party_id, name in member_names(instant) if party_id not in organisations]


def held_acts(proposal_id: int) -> dict[int, str]:
    """The last act of each party that was ever asked or joined."""
    query = select(Authorship.party_id, Authorship.act).where(Authorship.proposal_id == proposal_id)
    return last_acts((party, act) for party, act in db.session.execute(query.order_by(Authorship.id)))


def co_author_ids(proposal: Proposal) -> frozenset[int]:
    """Party ids of the co-authors."""
    return frozenset(joined(held_acts(proposal.id), proposal.author_id))


def writer_ids(proposal: Proposal) -> frozenset[int]:
    """Party ids of author and co-authors."""
    return co_author_ids(proposal) | {proposal.author_id}


def company(proposal: Proposal) -> Company:
    """Co-authors and those who are asked."""
    query = select(Authorship, Party.name).join(Party, Party.id == Authorship.party_id)
    rows = db.session.execute(query.where(Authorship.proposal_id == proposal.id).order_by(Authorship.id)).all()
    held = last_acts((row.party_id, row.act) for row, _name in rows)
    last = {row.party_id: CoAuthor(row.party_id, name, row.public_name) for row, name in rows}
    return Company(
        tuple(last[party] for party in joined(held, proposal.author_id)), tuple(last[party] for party in waiting(held))
    )


def _authors_who_left() -> list[str]:
    later = aliased(Authorship)
    newest = select(func.max(later.id)).where(
        later.proposal_id == Authorship.proposal_id, later.party_id == Authorship.party_id
    )
    query = (
        select(Proposal.id)
        .join(Authorship, (Authorship.proposal_id == Proposal.id) & (Authorship.party_id == Proposal.author_id))
        .where(Authorship.act != "joined", Authorship.id == newest.correlate(Authorship).scalar_subquery())
    )
    return [f"proposal {number}: its author has left it" for number in db.session.scalars(query)]


CHECKS: tuple[Check, ...] = (Check("proposals have an author", _authors_who_left),)
