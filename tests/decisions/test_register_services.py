"""Links, reviews, ends and departures, on both databases, with what they leave behind."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import DatabaseError

from coopgov.core.errors import Refused
from coopgov.decisions.models import DecisionLink, DecisionNote, Proposal, ResultRow
from coopgov.decisions.queries.register import Wanted, candidates, register
from coopgov.decisions.queries.validity import abouts, due_for_review, facts_of, links_of
from coopgov.decisions.rules.casting import DRAIN
from coopgov.decisions.rules.register import Status, Validity, status_on
from coopgov.decisions.services import closing, drafting, opening, outcomes
from coopgov.decisions.services import register as recording
from coopgov.discussion.models import Thread
from coopgov.infra.audit import AuditRow, broken_at
from coopgov.infra.check import run_checks
from coopgov.infra.db import db, write_transaction
from coopgov.infra.outbox import EventRow
from coopgov.membership.models import Membership
from tests import factories as make
from tests.conftest import NOW
from tests.decisions.scene import CLOSES, Scene, close, draft, opened, scene, terms, vote

DAY = timedelta(days=1)
LATER = CLOSES + DAY
REVIEW = datetime(2028, 2, 29, tzinfo=UTC)
pytestmark = pytest.mark.usefixtures("app")


def row(proposal: Proposal) -> Proposal:
    db.session.expire_all()
    return db.session.get_one(Proposal, proposal.id)


def refused(reason: str):
    return pytest.raises(Refused, match=f"^{reason}$")


def decided(on: Scene, *choices: str, now: datetime = NOW, **changes) -> Proposal:
    """A vote that is over; passed unless the choices say otherwise."""
    proposal = opened(on, now, **{"closes_at": now + 7 * DAY} | changes)
    for party, choice in zip([on.author, on.convenor], choices or ("agree",), strict=False):
        vote(proposal, party, choice, at=now)
    return close(proposal)


def replacing(on: Scene, *old: Proposal, **changes) -> Proposal:
    """A draft, after the old ones were decided, that replaces them."""
    new = draft(on, LATER, **{"closes_at": LATER + 7 * DAY} | changes)
    link(new, {one.id: "replaces" for one in old})
    return row(new)


def link(proposal: Proposal, links: dict[int, str], now: datetime = LATER) -> None:
    with write_transaction():
        recording.link_decisions(row(proposal), links, proposal.author_id, now)


def pass_it(on: Scene, proposal: Proposal, choice: str = "agree", now: datetime = LATER) -> Proposal:
    with write_transaction():
        opening.open_voting(row(proposal), now)
    vote(proposal, on.author, choice, at=now)
    return close(row(proposal))


def validity(proposal: Proposal, at: datetime = LATER + 30 * DAY) -> Validity:
    db.session.rollback()
    return status_on(facts_of(proposal.id), at)


def status(proposal: Proposal, at: datetime = LATER + 30 * DAY) -> Status | None:
    return validity(proposal, at).status


def events(name: str) -> int:
    return db.session.scalar(select(func.count()).where(EventRow.name == f"decisions.{name}"))


def relations(proposal: Proposal, is_member: bool = True, now: datetime = LATER + 30 * DAY) -> set[tuple[str, int]]:
    end = (facts_of(proposal.id).verdict, row(proposal).closed_at)
    found = abouts({proposal.id: end}, is_member, now)[proposal.id]
    return {(relation.kind, relation.other.id) for relation in found.relations}


def all_is_well() -> None:
    db.session.rollback()
    assert {name: faults for name, faults in run_checks().items() if faults} == {}
    assert broken_at() is None


# Links, and superseding by the closing itself


def test_a_decision_is_superseded_when_the_one_that_replaces_it_passes_and_not_before():
    on = scene()
    old = decided(on)
    new = replacing(on, old)
    assert status(old, LATER) is Status.IN_FORCE
    assert relations(old) == set()  # a draft says nothing yet
    new = pass_it(on, new)
    assert status(old, new.closed_at - timedelta(seconds=1)) is Status.IN_FORCE
    assert status(old, new.closed_at) is Status.SUPERSEDED
    assert status(new) is Status.IN_FORCE
    assert relations(old) == {("replaced_by", new.id)}
    assert relations(new) == {("replaces", old.id)}
    assert events("decision_noted") == 1
    assert db.session.scalar(select(AuditRow.details).where(AuditRow.act == "decision.superseded")) == {"by": new.id}
    all_is_well()


def test_a_proposal_that_fails_supersedes_nothing():
    on = scene()
    old = decided(on)
    new = pass_it(on, replacing(on, old), "disagree")
    assert status(old) is Status.IN_FORCE
    assert relations(old) == set()
    assert relations(new) == {("replaces", old.id)}
    all_is_well()


def test_while_it_is_under_vote_the_old_one_names_it():
    on = scene()
    old = decided(on)
    new = replacing(on, old)
    with write_transaction():
        opening.open_voting(new, LATER)
    assert relations(old) == {("may_be_replaced_by", new.id)}


def test_the_closing_supersedes_once_however_often_and_late_it_runs():
    on = scene()
    old = decided(on)
    new = replacing(on, old)
    with write_transaction():
        opening.open_voting(new, LATER)
    vote(new, on.author, at=LATER)
    for late in (5 * DAY, 6 * DAY):
        at = row(new).closes_at + DRAIN + late
        with write_transaction():
            closing.begin_counting(row(new), at)
            closing.count_and_close(row(new), at)
            recording.supersede_by(row(new), at)
    assert db.session.scalars(select(DecisionNote.at)).all() == [row(new).closes_at]
    all_is_well()


def test_the_first_of_two_that_replace_the_same_supersedes_it():
    on = scene()
    old = decided(on)
    first = replacing(on, old)
    second = replacing(on, old, closes_at=LATER + 8 * DAY)
    first, second = pass_it(on, first), pass_it(on, second)
    assert relations(old) == {("replaced_by", first.id)}
    assert relations(second) == {("replaces", old.id)}
    assert (status(first), status(second)) == (Status.IN_FORCE, Status.IN_FORCE)
    all_is_well()


def test_a_repeal_between_closing_and_a_late_count_stands_and_stops_no_count():
    on = scene()
    old = decided(on)
    new = replacing(on, old)
    with write_transaction():
        opening.open_voting(new, LATER)
    vote(new, on.author, at=LATER)
    closes = row(new).closes_at
    with write_transaction():
        recording.repeal(row(old), on.convenor.id, "The general meeting did.", None, closes + timedelta(seconds=5))
    assert close(row(new)).state == "closed"
    assert status(old, closes + DAY) is Status.REPEALED
    all_is_well()


def test_links_change_until_voting_opens_and_every_word_stays():
    on = scene()
    one, two = decided(on), decided(on)
    new = replacing(on, one)
    link(new, {one.id: "depends_on", two.id: "replaces"})
    assert links_of(new.id) == {one.id: "depends_on", two.id: "replaces"}
    link(new, {two.id: "replaces"})
    link(new, {two.id: "replaces"})
    assert links_of(new.id) == {two.id: "replaces"}
    link(new, {one.id: "depends_on"})
    assert links_of(new.id) == {one.id: "depends_on"}
    assert db.session.scalar(select(func.count(DecisionLink.id))) == 7
    assert events("decisions_linked") == 4
    new = pass_it(on, new)
    with refused("link.too_late"):
        link(new, {}, LATER + 30 * DAY)
    assert relations(one) == {("needed_by", new.id)}
    assert status(two) is Status.IN_FORCE
    all_is_well()


def test_a_vote_that_failed_is_voted_on_again_and_one_in_force_is_not():
    on = scene()
    lost, won = decided(on, "disagree"), decided(on)
    new = draft(on, LATER, closes_at=LATER + 7 * DAY)
    link(new, {lost.id: "re_votes"})
    new = pass_it(on, new)
    assert relations(lost) == {("voted_again_in", new.id)}
    other = draft(on, LATER, closes_at=LATER + 7 * DAY)
    with refused("link.in_force"):
        link(other, {won.id: "re_votes"})
    all_is_well()


@pytest.mark.parametrize(
    ("kind", "choice", "reason"),
    [("replaces", "disagree", "link.not_in_force"), ("depends_on", "abstain", "link.not_in_force")],
)
def test_what_decided_nothing_is_neither_replaced_nor_needed(kind, choice, reason):
    on = scene()
    old = decided(on, choice)
    with refused(reason):
        link(draft(on, LATER, closes_at=LATER + 7 * DAY), {old.id: kind})


def test_links_to_nothing_or_to_too_much_are_refused():
    on = scene()
    new = draft(on)
    with refused("link.unknown"):
        link(new, {4711: "replaces"}, NOW)
    with refused("link.itself"):
        link(new, {new.id: "replaces"}, NOW)
    with refused("link.too_many"):
        link(new, dict.fromkeys(range(2, 23), "replaces"), NOW)
    assert links_of(new.id) == {}


def test_a_group_cannot_replace_what_all_members_decided_nor_become_the_electorate_afterwards():
    on = scene()
    old = decided(on, electorate="coop")
    with refused("link.wider_electorate"):
        replacing(on, old, electorate="group")
    new = replacing(on, old)
    with refused("link.wider_electorate"), write_transaction():
        narrowed = terms(electorate="group", closes_at=LATER + 7 * DAY)
        drafting.mend_proposal(row(new), new.author_id, narrowed, LATER)
    assert row(new).electorate == "coop"


def test_what_is_members_only_is_named_to_members_alone():
    on = scene()
    old = decided(on)
    on.thread = make.thread(on.group, on.author, is_public=False)
    new = pass_it(on, replacing(on, old))
    assert relations(old) == {("replaced_by", new.id)}
    assert relations(old, is_member=False) == set()
    about = abouts({old.id: ("passed", old.closed_at)}, False, LATER + 30 * DAY)[old.id]
    assert (about.validity.status, about.hidden_ending) == (Status.SUPERSEDED, True)
    assert [one.head.id for one in candidates("move", False, 0, LATER + 30 * DAY)] == [old.id]
    assert {one.head.id for one in candidates("move", True, 0, LATER + 30 * DAY)} == {old.id, new.id}


# Dates, reviews, repeals


def test_a_decision_lapses_after_its_last_day():
    on = scene()
    old = decided(on)
    with write_transaction():
        recording.set_dates(row(old), on.convenor.id, REVIEW, REVIEW + DAY, LATER)
        recording.set_dates(row(old), on.convenor.id, REVIEW, REVIEW + DAY, LATER)
    assert db.session.scalar(select(func.count(DecisionNote.id))) == 1
    assert [status(old, at) for at in (REVIEW - DAY, REVIEW, REVIEW + DAY)] == [
        Status.IN_FORCE,
        Status.REVIEW_DUE,
        Status.LAPSED,
    ]
    with refused("decision.not_in_force"), write_transaction():
        recording.set_dates(row(old), on.convenor.id, None, None, REVIEW + DAY)
    all_is_well()


def test_a_review_keeps_it_in_force_with_the_next_dates():
    on = scene()
    old = decided(on)
    with write_transaction():
        recording.set_dates(row(old), on.convenor.id, REVIEW, None, LATER)
    with refused("decision.review_in_the_past"), write_transaction():
        recording.record_review(row(old), on.convenor.id, "Fine.", REVIEW, None, REVIEW + DAY)
    with write_transaction():
        recording.record_review(row(old), on.convenor.id, "Fine.", None, REVIEW + 90 * DAY, REVIEW + DAY)
    assert validity(old, REVIEW + DAY) == Validity(Status.IN_FORCE, None, REVIEW + 90 * DAY)
    assert status(old, REVIEW + 90 * DAY) is Status.LAPSED
    with refused("proposal.reason_too_long"), write_transaction():
        recording.record_review(row(old), on.convenor.id, "x" * 501, None, None, REVIEW + 2 * DAY)
    all_is_well()


def test_a_decision_is_repealed_by_another_or_elsewhere_and_only_once():
    on = scene()
    old, new = decided(on), decided(on, now=CLOSES + 2 * DAY)
    now = CLOSES + 20 * DAY
    for by, reason, refusal in (
        (None, " ", "repeal.reason_needed"),
        (None, "x" * 501, "proposal.reason_too_long"),
        (4711, "Because.", "repeal.not_decided"),
        (old.id, "Because.", "repeal.not_decided"),
    ):
        with refused(refusal), write_transaction():
            recording.repeal(row(old), on.convenor.id, reason, by, now)
    with refused("repeal.not_decided"), write_transaction():
        recording.repeal(row(new), on.convenor.id, "The older one did.", old.id, now)
    with write_transaction():
        recording.repeal(row(old), on.convenor.id, "Point 3 says so.", new.id, now)
    assert (status(old, now), relations(old)) == (Status.REPEALED, {("repealed_by", new.id)})
    assert relations(new) == {("repeals", old.id)}
    with refused("decision.not_in_force"), write_transaction():
        recording.repeal(row(old), on.convenor.id, "Again.", None, now)
    with write_transaction():
        recording.repeal(row(new), on.convenor.id, "General meeting of 3 May.", None, now)
    assert status(new, now) is Status.REPEALED
    all_is_well()


def test_nothing_is_recorded_of_a_vote_that_is_open_or_failed():
    on = scene()
    running, lost = opened(on), decided(on, "disagree")
    with refused("proposal.too_late"), write_transaction():
        recording.set_dates(row(running), on.convenor.id, REVIEW, None, NOW)
    for act in (
        lambda: recording.set_dates(row(lost), on.convenor.id, REVIEW, None, LATER),
        lambda: recording.record_review(row(lost), on.convenor.id, "", None, None, LATER),
        lambda: recording.repeal(row(lost), on.convenor.id, "Because.", None, LATER),
    ):
        with refused("decision.not_in_force"), write_transaction():
            act()


def test_the_facts_of_the_register_never_change():
    on = scene()
    old = decided(on)
    new = replacing(on, old)
    pass_it(on, new)
    for statement in (
        "UPDATE decision_note SET reason = 'x'",
        "DELETE FROM decision_note",
        "UPDATE decision_link SET kind = 'depends_on'",
        "DELETE FROM decision_link",
    ):
        with pytest.raises(DatabaseError), write_transaction() as session:
            session.execute(text(statement))


# Outcomes that depart from the result


def test_an_outcome_that_departs_says_why_and_the_verdict_stays():
    on = scene()
    proposal = decided(on)
    for departs, why, refusal in (
        (True, "", "outcome.departs_needs_reason"),
        (False, "Because.", "outcome.reason_without_departing"),
        (True, "x" * 501, "proposal.reason_too_long"),
    ):
        with refused(refusal), write_transaction():
            outcomes.record_outcome(
                row(proposal), on.convenor.id, "We stay.", None, LATER, departs=departs, departs_reason=why
            )
    with write_transaction():
        outcomes.record_outcome(
            row(proposal), on.convenor.id, "We stay.", None, LATER, departs=True, departs_reason="No money."
        )
    assert db.session.get_one(ResultRow, proposal.id).verdict == "passed"
    assert status(proposal) is Status.IN_FORCE
    (line,) = register(Wanted(), False, 9)
    assert (line.departs, line.counted) == (True, "passed")
    with write_transaction():
        outcomes.record_outcome(row(proposal), on.convenor.id, "We move after all.", None, LATER + DAY)
    (line,) = register(Wanted(), False, 9)
    assert not line.departs


def test_an_outcome_sets_the_review_date_and_one_without_leaves_it():
    on = scene()
    for proposal in (decided(on), decided(on, "disagree")):
        with write_transaction():
            outcomes.record_outcome(row(proposal), on.convenor.id, "So.", REVIEW, LATER)
            outcomes.record_outcome(row(proposal), on.convenor.id, "And so.", None, LATER + DAY)
        assert validity(proposal).review_at == REVIEW
    old = decided(on)
    with write_transaction():
        recording.repeal(row(old), on.convenor.id, "Elsewhere.", None, LATER)
    with refused("decision.not_in_force"), write_transaction():
        outcomes.record_outcome(row(old), on.convenor.id, "So.", REVIEW, LATER + DAY)
    all_is_well()


# The clock opens reviews


def review_threads() -> list[Thread]:
    db.session.rollback()
    return list(db.session.scalars(select(Thread).where(Thread.title.startswith("Review: ")).order_by(Thread.id)))


def dated(on: Scene, review_at: datetime | None = REVIEW, ends_at: datetime | None = None, **changes) -> Proposal:
    proposal = decided(on, **changes)
    with write_transaction():
        recording.set_dates(row(proposal), on.convenor.id, review_at, ends_at, LATER)
    return row(proposal)


def test_the_clock_opens_one_thread_for_each_review_date(clock, catch_up):
    on = scene()
    proposal = dated(on)
    clock.now = REVIEW - timedelta(seconds=1)
    catch_up()
    assert review_threads() == []
    clock.now = REVIEW
    catch_up()
    clock.forward(days=40)
    catch_up()
    (thread,) = review_threads()
    assert (thread.title, thread.group_id, thread.is_public) == ("Review: Move to our own server", on.group.id, True)
    assert thread.author_id == on.convenor.id
    assert f'href="{proposal.path}"' in thread.html
    assert events("review_due") == 1
    assert status(proposal, clock.now) is Status.REVIEW_DUE
    with write_transaction():  # only the end changes: that is no new review
        recording.set_dates(row(proposal), on.convenor.id, REVIEW, clock.now + 9 * DAY, clock.now)
    assert list(due_for_review(clock.now)) == []
    with write_transaction():
        recording.open_review(row(proposal), clock.now)
    clock.forward(days=1)
    catch_up()
    assert len(review_threads()) == 1
    with write_transaction():
        recording.record_review(row(proposal), on.convenor.id, "", clock.now + DAY, None, clock.now)
    clock.forward(days=2)
    catch_up()
    assert len(review_threads()) == 2
    all_is_well()


def test_a_worker_that_died_in_between_or_came_late_opens_it_once(clock):
    on = scene()
    proposal = dated(on)
    late = REVIEW + 30 * DAY
    with pytest.raises(RuntimeError, match="killed"), write_transaction():
        recording.open_review(row(proposal), late)
        raise RuntimeError("killed")
    assert review_threads() == []
    assert list(due_for_review(late)) == [proposal.id]
    for _ in range(2):
        with write_transaction():
            recording.open_review(row(proposal), late)
    assert len(review_threads()) == 1
    assert list(due_for_review(late)) == []


def test_no_review_of_what_is_over_or_not_due():
    on = scene()
    lapsed, repealed, waits = dated(on, ends_at=REVIEW + DAY), dated(on), dated(on, REVIEW + 9 * DAY)
    undated = decided(on)
    with write_transaction():
        recording.repeal(row(repealed), on.convenor.id, "Elsewhere.", None, LATER)
    now = REVIEW + 2 * DAY
    assert list(due_for_review(now)) == []
    for proposal in (lapsed, repealed, waits, undated):
        with write_transaction():
            recording.open_review(row(proposal), now)
    assert review_threads() == []


def test_a_review_of_a_members_only_decision_is_for_members_only(clock, catch_up):
    on = scene(is_public=False)
    dated(on)
    clock.now = REVIEW
    catch_up()
    (thread,) = review_threads()
    assert not thread.is_public


def test_a_long_title_is_cut_and_what_looks_like_markup_in_it_is_none(clock, catch_up):
    on = scene()
    title = "[x](/p/1) @Ada Author " + "long " * 25
    dated(on, title=title.strip())
    clock.now = REVIEW
    catch_up()
    (thread,) = review_threads()
    assert len(thread.title) <= 150
    assert "@Ada" not in thread.html


def test_a_review_begins_although_everybody_who_cared_has_left(clock, catch_up):
    on = scene()
    dated(on)
    with write_transaction() as session:
        session.execute(update(Membership).values(ceased_at=LATER + DAY))
    clock.now = REVIEW
    catch_up()
    (thread,) = review_threads()
    assert thread.author_id == on.convenor.id


def test_the_convenors_and_the_author_get_a_mail_and_nobody_hears_twice(clock, catch_up, mails):
    on = scene(1)
    proposal = dated(on)
    clock.now = CLOSES + DAY
    catch_up()
    before = len(mails())
    clock.now = REVIEW
    catch_up()
    sent = mails()[before:]
    by_subject = {(mail["To"], mail["Subject"].split(":")[0]) for mail in sent}
    assert {subject for _, subject in by_subject} == {"Due for review", "New in Tech"}
    assert len(sent) == len(by_subject) == 3
    due = [mail for mail in sent if mail["Subject"] == "Due for review: Move to our own server"]
    assert len(due) == 2
    words = due[0].get_body(("plain",)).get_content()
    assert f"http://localhost{proposal.path}" in words
    assert "http://localhost/t/" in words


# What `coopgov check` would find


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"act": "superseded", "other_id": 2}, "superseded by nothing that can"),
        ({"act": "repealed", "other_id": 2, "reason": "x"}, "repealed by nothing that can"),
        ({"act": "repealed", "reason": " "}, "repealed by nothing that can"),
    ],
)
def test_an_end_without_what_ended_it_is_found(fields, fault):
    on = scene()
    old = decided(on)
    lost = decided(on, "disagree")
    assert (old.id, lost.id) == (1, 2)
    with write_transaction() as session:
        session.add(DecisionNote(proposal_id=old.id, at=LATER, **fields))
    db.session.rollback()
    assert f"proposal {old.id}: {fault}" in [line for faults in run_checks().values() for line in faults]


def test_a_replaced_decision_in_force_is_found():
    on = scene()
    old, new = decided(on), decided(on)
    with write_transaction() as session:
        session.add(DecisionLink(proposal_id=new.id, other_id=old.id, kind="replaces", stands=True, by_id=1, at=NOW))
    db.session.rollback()
    found = [line for faults in run_checks().values() for line in faults]
    assert found == [f"proposal {old.id}: in force although proposal {new.id} replaced it"]


def test_a_note_on_what_decided_nothing_is_found():
    on = scene()
    lost = decided(on, "disagree")
    with write_transaction() as session:
        session.add(DecisionNote(proposal_id=lost.id, act="reviewed", at=LATER))
    db.session.rollback()
    found = [line for faults in run_checks().values() for line in faults]
    assert found == [f"proposal {lost.id}: something is recorded, but nothing decided"]
