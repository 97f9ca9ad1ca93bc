"""Reads of the desk: a person's own things in the order in which they want them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from sqlalchemy import exists, select

from coopgov.core.time import to_wall_clock
from coopgov.core.viewer import Viewer
from coopgov.decisions.models import Ballot, RollEntry
from coopgov.decisions.queries.lists import DecisionLine, ballots_waiting
from coopgov.discussion.models import Comment, Thread
from coopgov.groups.queries import all_groups
from coopgov.infra.db import db
from coopgov.membership.queries.dues import application_of, welcome_of
from coopgov.notifications.models import Preference
from coopgov.notifications.queries import InboxLine

INTRODUCTIONS = "introductions"  # slug of the group in which new members say hello, where there is one


def by_day(lines: Iterable[InboxLine], zone: str) -> list[list[InboxLine]]:
    """``lines`` in their order, those of one day together as clocks in ``zone`` count days."""
    return [list(group) for _, group in groupby(lines, lambda line: to_wall_clock(line.created_at, zone).date())]


# The first steps of a new member


@dataclass(frozen=True)
class Hello:
    """Where a new member introduces themselves, with the words of their own application to begin with."""

    group_name: str
    path: str  # of the group's composer
    title: str
    text: str


@dataclass(frozen=True)
class FirstSteps:
    """What a new member has done of the first steps; ``vote`` waits for their ballot, if one does."""

    hello: Hello | None
    said_hello: bool
    in_groups: bool
    chose_mails: bool
    voted: bool
    vote: DecisionLine | None


def first_steps(viewer: Viewer, now: datetime) -> FirstSteps | None:
    """The list, until the member puts it away; None for who never had one."""
    welcome = welcome_of(viewer.party_id)
    if welcome is None or welcome.put_away_at is not None or not viewer.is_member:
        return None
    me, waiting = viewer.party_id, ballots_waiting(viewer.party_id, now)
    wrote = exists(select(Thread.id).where(Thread.author_id == me)) | exists(
        select(Comment.id).where(Comment.author_id == me)
    )
    voted = exists(
        select(Ballot.id)
        .join(RollEntry, RollEntry.id == Ballot.roll_entry_id)
        .where(RollEntry.party_id == me, Ballot.through_id.is_(None))
    )
    said, chose, has_voted = db.session.execute(
        select(wrote, exists(select(Preference.party_id).where(Preference.party_id == me)), voted)
    ).one()
    return FirstSteps(
        hello=_hello(viewer),
        said_hello=bool(said) or welcome.introduced_at is not None,
        in_groups=bool(viewer.seats),
        chose_mails=bool(chose) or welcome.mails_chosen_at is not None,
        voted=bool(has_voted),
        vote=waiting[0] if waiting else None,
    )


def _hello(viewer: Viewer) -> Hello | None:
    """In the group called introductions, else in one that the applicant named, or sits in, else in the first."""
    groups, applied = all_groups(), application_of(viewer.party_id)
    wished = set(applied.groups if applied else ()) | set(viewer.seats)
    ranked = sorted(groups, key=lambda group: (group.slug != INTRODUCTIONS, group.id not in wished))
    if not ranked:
        return None
    text = applied.about if applied else ""
    return Hello(ranked[0].name, f"{ranked[0].path}/threads/new", viewer.name, text)
