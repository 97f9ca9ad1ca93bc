"""Which ballots count, how many there are of each choice, and the self-checks of both."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Exists, ScalarSelect, and_, exists, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, aliased
from sqlalchemy.sql.elements import ColumnElement

from coopgov.decisions.models import Ballot, Proposal, ResultRow, RollAmendment, RollEntry, SecretBallot
from coopgov.infra.check import Check
from coopgov.infra.db import db, frozen
from coopgov.tally.canonical import digest
from coopgov.tally.count import Manifest, tally_distinct
from coopgov.tally.count import Outcome as TallyOutcome
from coopgov.tally.rule import Rule

RESULT_TAG = "coopgov/result/v1\n"


def counts_now() -> ColumnElement[bool]:
    """Condition of ballots that count: the last of their elector, who has not been taken off the roll since."""
    other = aliased(Ballot)
    last = select(func.max(other.sequence)).where(other.roll_entry_id == Ballot.roll_entry_id)
    is_last = Ballot.sequence == last.correlate(Ballot).scalar_subquery()
    return and_(is_last, ~is_off(Ballot.roll_entry_id).correlate(Ballot))


def is_off(entry_id: InstrumentedAttribute[int]) -> Exists:
    """Condition of lines of the roll that an amendment has taken off it, in a statement that has ``entry_id``."""
    return exists().where(RollAmendment.roll_entry_id == entry_id, RollAmendment.act != "added")


def manifest_of(proposal: Proposal, least_roll: int = 0) -> Manifest:
    """What the proposal's votes are counted by: its roll as amended; raises ValueError for an empty roll.

    ``least_roll``: at least so many, for a draft, which has no roll yet.
    """
    return Manifest(
        proposal.method,
        tuple(option["id"] for option in proposal.options),
        Rule.from_plain(proposal.rule),
        max(least_roll, proposal.roll_size),
        proposal.settings,
    )


def vote_box(proposal_id: int) -> dict[Any, int]:
    """How many counted ballots there are of each choice that was made."""
    query = select(Ballot.choice, func.count()).where(Ballot.proposal_id == proposal_id, counts_now())
    return {choice: n for choice, n in db.session.execute(query.group_by(Ballot.choice))}


def count_votes(proposal: Proposal, box: Mapping[Any, int], tie_seed: str | None = None) -> TallyOutcome:
    """The tally's result for so many votes of each choice; raises ValueError for an empty roll."""
    return tally_distinct(manifest_of(proposal), box, tie_seed)


def cast_count() -> ScalarSelect[int]:
    """How many electors have voted on the proposal of the surrounding statement."""
    return (
        select(func.count(func.distinct(Ballot.roll_entry_id)))
        .where(Ballot.proposal_id == Proposal.id, Proposal.secrecy != "secret", ~is_off(Ballot.roll_entry_id))
        .correlate(Proposal)
        .scalar_subquery()
    )


def _more_ballots_than_roll() -> list[str]:
    on_roll = select(RollEntry.proposal_id, func.count().label("n")).where(~is_off(RollEntry.id))
    rolls = on_roll.group_by(RollEntry.proposal_id).subquery()
    lines = func.coalesce(rolls.c.n, 0)
    query = (
        select(Proposal.id)
        .outerjoin(rolls, rolls.c.proposal_id == Proposal.id)
        .where(or_(cast_count() > lines, and_(Proposal.opened_at.is_not(None), Proposal.roll_size != lines)))
    )
    return [
        f"proposal {number}: more votes than electors, or a roll of another size"
        for number in db.session.scalars(query)
    ]


def _closed_without_result() -> list[str]:
    query = select(Proposal.id).outerjoin(ResultRow, ResultRow.proposal_id == Proposal.id)
    query = query.where((Proposal.state == "closed") != ResultRow.proposal_id.is_not(None))
    return [f"proposal {number}: closed and result do not go together" for number in db.session.scalars(query)]


def _result_is_not_its_recount() -> list[str]:
    counted = select(Ballot.proposal_id, Ballot.choice, func.count()).where(counts_now())
    boxes: dict[int, dict[Any, int]] = {}
    for proposal_id, choice, n in db.session.execute(counted.group_by(Ballot.proposal_id, Ballot.choice)):
        boxes.setdefault(proposal_id, {})[choice] = n
    for proposal_id, body in db.session.execute(select(SecretBallot.proposal_id, SecretBallot.body)):
        secret = boxes.setdefault(proposal_id, {})
        choice = frozen(body["choice"])
        secret[choice] = secret.get(choice, 0) + 1
    rows = db.session.execute(select(Proposal, ResultRow).join(ResultRow, ResultRow.proposal_id == Proposal.id))
    return [
        f"proposal {proposal.id}: the stored result is not what its ballots give"
        for proposal, result in rows
        if not is_the_recount(proposal, result, boxes.get(proposal.id, {}))
    ]


def is_the_recount(proposal: Proposal, result: ResultRow, box: Mapping[Any, int]) -> bool:
    """Whether the stored result, its verdict and its digest are what ``box`` gives; no if that cannot be counted."""
    try:
        plain = count_votes(proposal, box, result.tie_seed or None).to_plain()
    except ValueError:
        return False
    return (result.plain, result.verdict, result.digest) == (plain, plain["verdict"], digest(RESULT_TAG, plain))


def _ballot_counted_twice() -> list[str]:
    twice = select(Ballot.roll_entry_id).where(counts_now()).group_by(Ballot.roll_entry_id).having(func.count() > 1)
    stray = (
        select(Ballot.roll_entry_id)
        .join(RollEntry, RollEntry.id == Ballot.roll_entry_id)
        .where(RollEntry.proposal_id != Ballot.proposal_id)
    )
    return [f"roll entry {number}: not one ballot that counts" for number in db.session.scalars(twice.union(stray))]


CHECKS: tuple[Check, ...] = (
    Check("no more ballots than electors", _more_ballots_than_roll),
    Check("closed proposals have a result", _closed_without_result),
    Check("results are what a recount gives", _result_is_not_its_recount),
    Check("one counted ballot for each elector", _ballot_counted_twice),
)
