"""The clock opens, reminds, counts and closes; late, early or twice, the outcome is the same."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from coopgov.decisions.models import Proposal, ResultRow
from coopgov.decisions.queries import rolls
from coopgov.infra.db import db, write_transaction
from coopgov.infra.outbox import EventRow
from coopgov.membership.models import Membership
from tests import factories as make
from tests.conftest import NOW
from tests.decisions.scene import CLOSES, draft, opened, scene, vote

HOUR = timedelta(hours=1)


def state(proposal: Proposal) -> str:
    db.session.rollback()  # the worker wrote in a session of its own
    return db.session.get_one(Proposal, proposal.id).state


def events(name: str) -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).where(EventRow.name == f"decisions.{name}"))


def test_a_scheduled_vote_opens_at_its_time(catch_up, clock):
    proposal = draft(scene(), opens_at=NOW + HOUR, closes_at=CLOSES + HOUR)
    clock.forward(minutes=59)
    catch_up()
    assert state(proposal) == "discussion"
    clock.forward(minutes=1)
    catch_up()
    assert state(proposal) == "open"


def test_a_late_worker_freezes_the_roll_as_it_was_at_the_opening(catch_up, clock):
    on = scene()
    proposal = draft(on, opens_at=NOW + HOUR, closes_at=CLOSES + HOUR)
    late = make.member(admitted_at=NOW + HOUR + timedelta(seconds=1))
    punctual = make.member(admitted_at=NOW + HOUR)
    with write_transaction() as session:
        gone = on.members[0].id
        session.execute(update(Membership).where(Membership.party_id == gone).values(ceased_at=NOW + 2 * HOUR))
    clock.forward(hours=5)
    catch_up()
    assert state(proposal) == "open"
    roll = rolls.electors(proposal.id)
    assert punctual.id in roll
    assert gone in roll
    assert late.id not in roll
    assert db.session.get_one(Proposal, proposal.id).opened_at == NOW + HOUR


def test_a_scheduled_vote_without_electors_becomes_a_draft_that_says_why(catch_up, clock, sign_in):
    on = scene(0)
    proposal = draft(on, electorate="group", opens_at=NOW + HOUR, closes_at=CLOSES + HOUR)
    with write_transaction() as session:
        session.execute(update(Membership).values(ceased_at=NOW + timedelta(minutes=1)))
    reader = make.member()
    clock.forward(hours=1)
    for _twice in range(2):
        catch_up()
    assert state(proposal) == "draft"
    assert events("voting_opened") == 0
    assert "nobody would have been on the roll" in sign_in(reader.id).get(proposal.path).text


def test_voting_closes_by_the_clock_passes_through_counting_and_is_closed_once(catch_up, clock):
    proposal = opened(scene())
    clock.now = CLOSES
    catch_up()
    assert state(proposal) == "counting"
    clock.forward(seconds=24)
    catch_up()
    assert state(proposal) == "counting"
    clock.forward(seconds=6)
    catch_up()
    assert state(proposal) == "closed"
    clock.forward(days=1)
    catch_up()
    assert events("voting_closed") == 1


def test_a_late_worker_gives_the_same_result_as_a_punctual_one(catch_up, clock):
    results = []
    for lateness in (timedelta(seconds=40), timedelta(hours=3)):
        clock.now = NOW
        on = scene() if not results else other_scene()
        proposal = opened(on)
        vote(proposal, on.author, "agree")
        vote(proposal, on.convenor, "disagree", at=CLOSES - timedelta(seconds=1))
        clock.now = CLOSES + lateness
        catch_up()
        clock.forward(minutes=1)
        catch_up()
        assert state(proposal) == "closed"
        result = db.session.get_one(ResultRow, proposal.id)
        results.append((result.plain["counts"], result.verdict, db.session.get_one(Proposal, proposal.id).closed_at))
    assert results[0] == results[1]


def other_scene():
    from tests.decisions.scene import Scene

    group, people = make.group("Other"), [make.member() for _n in range(2)]
    return Scene(group, make.thread(group, people[0]), people[0], people[1], [])


def test_one_very_late_look_opens_counts_and_closes(catch_up, clock):
    proposal = draft(scene(), opens_at=NOW + HOUR, closes_at=CLOSES + HOUR)
    clock.now = CLOSES + 3 * HOUR
    catch_up()
    assert state(proposal) == "closed"
    assert db.session.get_one(ResultRow, proposal.id).verdict == "undecided"


def test_the_reminder_goes_out_once_in_the_last_day(catch_up, clock):
    opened(scene())
    clock.now = CLOSES - timedelta(hours=24, minutes=1)
    catch_up()
    assert events("voting_closes_soon") == 0
    for _look in range(3):
        clock.forward(minutes=5)
        catch_up()
    assert events("voting_closes_soon") == 1


def test_a_short_vote_sends_no_reminder(catch_up, clock):
    from fractions import Fraction

    from coopgov.tally.rule import Rule, Threshold

    proposal = opened(scene(), rule=Rule(Threshold(Fraction(1, 2))), closes_at=NOW + timedelta(hours=36))
    clock.forward(hours=30)
    catch_up()
    assert events("voting_closes_soon") == 0
    assert state(proposal) == "open"


@pytest.mark.parametrize("change", ["withdrawn", "draft"])
def test_the_clock_leaves_drafts_and_withdrawn_ones_alone(catch_up, clock, change):
    proposal = draft(scene())
    with write_transaction() as session:
        session.get_one(Proposal, proposal.id).state = change
    clock.forward(days=30)
    catch_up()
    assert state(proposal) == change
