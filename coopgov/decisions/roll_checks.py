"""Self-checks of rolls: the published root is that of the lines, and only what may be amended was."""

from itertools import groupby

from sqlalchemy import and_, or_, select

from coopgov.decisions.models import Proposal, RollAmendment, RollEntry
from coopgov.infra.check import Check
from coopgov.infra.db import db
from coopgov.tally.merkle import leaf_of, root_of


def _root_is_not_that_of_the_lines() -> list[str]:
    lines = (
        select(Proposal.id, Proposal.roll_root, RollEntry.leaf, RollEntry.salt, RollEntry.member_number)
        .outerjoin(RollEntry, and_(RollEntry.proposal_id == Proposal.id, RollEntry.added_at.is_(None)))
        .where(Proposal.roll_root != "")
        .order_by(Proposal.id)
    )
    found = []
    for (number, root), rows in groupby(db.session.execute(lines), lambda row: (row[0], row[1])):
        roll = [(leaf, salt, member) for _, _, leaf, salt, member in rows]
        if not _is_roll_of(roll, root):
            found.append(f"proposal {number}: the roll is not the one whose root was published")
    return found


def _is_roll_of(roll: list[tuple[str, str, int]], root: str) -> bool:
    try:
        return all(leaf_of(salt, member) == leaf for leaf, salt, member in roll) and root_of(r[0] for r in roll) == root
    except ValueError:
        return False


def _amended_when_it_may_not_be() -> list[str]:
    is_addition, row = RollAmendment.act == "added", RollEntry.added_at
    is_wrong = or_(
        Proposal.secrecy == "secret",
        Proposal.opened_at.is_(None),
        RollAmendment.at < Proposal.opened_at,
        RollAmendment.at >= Proposal.closes_at,
        RollEntry.proposal_id != RollAmendment.proposal_id,
        and_(is_addition, row.is_(None)),
    )
    query = (
        select(RollAmendment.id)
        .join(RollEntry, RollEntry.id == RollAmendment.roll_entry_id)
        .join(Proposal, Proposal.id == RollAmendment.proposal_id)
        .where(is_wrong)
    )
    return [f"amendment {number} of a roll: not of an open vote by name" for number in db.session.scalars(query)]


def _added_without_a_word() -> list[str]:
    said = select(RollAmendment.id).where(RollAmendment.roll_entry_id == RollEntry.id, RollAmendment.act == "added")
    query = select(RollEntry.id).where(RollEntry.added_at.is_not(None), ~said.exists())
    return [f"roll entry {number}: added without an amendment" for number in db.session.scalars(query)]


CHECKS: tuple[Check, ...] = (
    Check("rolls are those whose root was published", _root_is_not_that_of_the_lines),
    Check("rolls are amended while voting by name is open", _amended_when_it_may_not_be),
    Check("nobody is on a roll without a word", _added_without_a_word),
)
