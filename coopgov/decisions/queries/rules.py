"""The rules that authors choose from, in all their versions, and what one needs to know to explain a rule."""

from collections import defaultdict
from datetime import datetime

from sqlalchemy import func, select

from coopgov.core.errors import NotFound
from coopgov.decisions.models import DecisionRule, Proposal, ResultRow
from coopgov.decisions.queries.proposals import is_shown_to_all
from coopgov.decisions.queries.rolls import roll_at
from coopgov.decisions.rules.meaning import Past, past_of
from coopgov.decisions.rules.presets import SHIPPED, Preset, holding
from coopgov.discussion.models import Thread
from coopgov.infra.db import db
from coopgov.tally.rule import Rule

PAST_VOTES = 5  # how many earlier ones say what is usual


def presets_at(instant: datetime, withdrawn: bool = False) -> list[Preset]:
    """The version that holds at ``instant`` of every rule to choose from: shipped ones as they ship, then the co-op's
    own as they came. ``withdrawn``: those that are no longer offered, too."""
    held = [holding(versions, instant) for versions in _all_versions().values()]
    return [one for one in held if one is not None and (one.offered or withdrawn)]


def preset(slug: str, instant: datetime) -> Preset:
    """The version of the rule ``slug`` that holds at ``instant``, offered or not; raises NotFound."""
    found = holding(versions(slug), instant)
    if found is None:
        raise NotFound
    return found


def versions(slug: str) -> list[Preset]:
    """Every version of the rule, the first one first: shipped, held, planned; empty for an unknown rule."""
    query = select(DecisionRule).where(DecisionRule.slug == slug).order_by(DecisionRule.version)
    shipped = [SHIPPED[slug]] if slug in SHIPPED else []
    return [*shipped, *map(_preset, db.session.scalars(query))]


def _all_versions() -> dict[str, list[Preset]]:
    """Versions by slug, each the first one first."""
    found = defaultdict(list, {slug: [one] for slug, one in SHIPPED.items()})
    for row in db.session.scalars(select(DecisionRule).order_by(DecisionRule.id)):
        found[row.slug].append(_preset(row))
    return found


def _preset(row: DecisionRule) -> Preset:
    return Preset(
        slug=row.slug,
        version=row.version,
        name=row.name,
        method=row.method,
        rule=Rule.from_plain(row.rule),
        note=row.note,
        offered=row.offered,
        from_at=row.from_at,
    )


def known_presets() -> list[Preset]:
    """The last version written of every rule, whether it holds or not."""
    return [versions[-1] for versions in _all_versions().values()]


def rules_stamp() -> int:
    """Changes whenever a version is written."""
    return db.session.scalar(select(func.coalesce(func.max(DecisionRule.id), 0))) or 0


def next_turn(now: datetime) -> datetime | None:
    """When the next planned version will begin to hold; None while none is planned."""
    return db.session.scalar(select(func.min(DecisionRule.from_at)).where(DecisionRule.from_at > now))


def past_votes(electorate: str, group_id: int | None, public_only: bool) -> list[Past]:
    """How the last PAST_VOTES proposals ended on which the same people voted, the last one first: the co-op, or
    the group."""
    query = (
        select(ResultRow.plain)
        .join(Proposal, ResultRow.proposal_id == Proposal.id)
        .where(Proposal.electorate == electorate, Proposal.state == "closed")
        .order_by(Proposal.closed_at.desc(), Proposal.id.desc())
        .limit(PAST_VOTES)
    )
    if electorate == "group":
        query = query.where(Proposal.group_id == group_id)
    if public_only:
        query = query.join(Thread, Thread.id == Proposal.thread_id).where(is_shown_to_all())
    return [past_of(plain["roll_size"], plain["counts"]) for plain in db.session.scalars(query) if _agrees(plain)]


def _agrees(plain: dict[str, object]) -> bool:
    """Whether a stored result is a proposal's: of other methods one cannot say how many took a side."""
    counts = plain.get("counts")
    return isinstance(counts, dict) and "agree" in counts


def roll_size(electorate: str, group_id: int | None, rule: Rule, instant: datetime) -> int:
    """How many would be on the roll if a vote under ``rule`` opened at ``instant``."""
    asked = Proposal(electorate=electorate, group_id=group_id, rule=rule.to_plain())  # never stored
    return len(roll_at(asked, instant))
