"""Self-checks of the register."""

from sqlalchemy import Exists, and_, func, or_, select
from sqlalchemy.orm import aliased

from coopgov.decisions.models import DecisionLink, DecisionNote, Proposal, ResultRow
from coopgov.decisions.queries.validity import facts_of_all, has_status, last_note, link_stands
from coopgov.decisions.rules.register import DECIDED, ENDINGS, Status, reaches, status_on
from coopgov.infra.check import Check
from coopgov.infra.db import db


def _superseded_by_nothing() -> list[str]:
    """A superseded decision has a later one that passed and says so."""
    other = aliased(ResultRow)
    query = (
        select(DecisionNote.proposal_id)
        .outerjoin(other, other.proposal_id == DecisionNote.other_id)
        .where(
            DecisionNote.act == "superseded",
            or_(other.verdict.is_(None), other.verdict.not_in(DECIDED), ~_named_by_it()),
        )
    )
    return [f"proposal {number}: superseded by nothing that can" for number in db.session.scalars(query)]


def _named_by_it() -> Exists:
    return (
        select(DecisionLink.id)
        .where(
            DecisionLink.proposal_id == DecisionNote.other_id,
            DecisionLink.other_id == DecisionNote.proposal_id,
            DecisionLink.kind == "replaces",
            link_stands(),
        )
        .exists()
    )


def _repealed_by_nothing() -> list[str]:
    """A repealed decision has a reason, and the one that repealed it, if it is ours, decided something."""
    other = aliased(ResultRow)
    query = (
        select(DecisionNote.proposal_id)
        .outerjoin(other, other.proposal_id == DecisionNote.other_id)
        .where(
            DecisionNote.act == "repealed",
            or_(
                func.trim(DecisionNote.reason) == "",
                and_(DecisionNote.other_id.is_not(None), func.coalesce(other.verdict, "").not_in(DECIDED)),
            ),
        )
    )
    return [f"proposal {number}: repealed by nothing that can" for number in db.session.scalars(query)]


def _replaced_and_still_in_force() -> list[str]:
    new, old = aliased(Proposal), aliased(Proposal)
    query = (
        select(new, old)
        .join(DecisionLink, DecisionLink.proposal_id == new.id)
        .join(old, old.id == DecisionLink.other_id)
        .join(ResultRow, ResultRow.proposal_id == new.id)
        .where(DecisionLink.kind == "replaces", link_stands(), ResultRow.verdict.in_(DECIDED))
    )
    pairs = [(one, other) for one, other in db.session.execute(query) if reaches(one, other)]
    facts = facts_of_all([other.id for _, other in pairs])
    return [
        f"proposal {other.id}: in force although proposal {one.id} replaced it"
        for one, other in pairs
        if one.closed_at and status_on(facts[other.id], max(one.closed_at, facts[other.id].latest)).holds
    ]


def _noted_without_a_decision() -> list[str]:
    """Only of what was counted anything is recorded, and only what decided something was reviewed or has an end."""
    query = (
        select(DecisionNote.proposal_id)
        .outerjoin(ResultRow, ResultRow.proposal_id == DecisionNote.proposal_id)
        .where(
            or_(
                ResultRow.verdict.is_(None),
                and_(DecisionNote.act.in_((*ENDINGS, "reviewed")), ResultRow.verdict.not_in(DECIDED)),
            )
        )
    )
    return [f"proposal {number}: something is recorded, but nothing decided" for number in db.session.scalars(query)]


def _filter_is_not_the_rule() -> list[str]:
    """What the register finds by a status is what the facts say, as at the last thing that was recorded."""
    now = db.session.scalar(select(func.max(DecisionNote.at)))
    if now is None:
        return []
    noted = select(Proposal.id).join(ResultRow, ResultRow.proposal_id == Proposal.id)
    noted = noted.join(DecisionNote, and_(DecisionNote.proposal_id == Proposal.id, last_note()))
    found = {key: status for status in Status for key in db.session.scalars(noted.where(has_status(status, now)))}
    return [
        f"proposal {key}: the register finds it by another status than its own"
        for key, facts in facts_of_all(noted).items()
        if found.get(key) != status_on(facts, now).status
    ]


CHECKS: tuple[Check, ...] = (
    Check("superseded decisions have the one that superseded them", _superseded_by_nothing),
    Check("repealed decisions have what repealed them", _repealed_by_nothing),
    Check("replaced decisions are not in force", _replaced_and_still_in_force),
    Check("only decisions have a status", _noted_without_a_decision),
    Check("the register finds decisions by their status", _filter_is_not_the_rule),
)
