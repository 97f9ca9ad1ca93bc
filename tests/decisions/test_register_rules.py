"""The rules of the register, for any history of a decision."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coopgov.core.errors import Refused
from coopgov.core.viewer import Viewer
from coopgov.decisions.rules import register
from coopgov.decisions.rules.register import DECIDED, OVER, Facts, Status, Validity, status_on

CLOSED = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Note:
    act: str
    at: datetime
    review_at: datetime | None = None
    ends_at: datetime | None = None
    other_id: int | None = None
    reason: str = ""


@dataclass(frozen=True)
class Put:
    id: int
    title: str = "Move"
    state: str = "closed"
    electorate: str = "group"
    group_id: int = 1


days = st.integers(0, 100).map(lambda n: CLOSED + n * DAY)
notes = st.builds(
    Note,
    act=st.sampled_from(("dates", "review_opened", "reviewed", "superseded", "repealed")),
    at=days,
    review_at=st.none() | days,
    ends_at=st.none() | days,
)
histories = st.lists(notes, max_size=8)
verdicts = st.sampled_from(("passed", "decided", "failed", "no_quorum", "undecided", "tied"))


def status(*history: Note, at: datetime = CLOSED + 50 * DAY, verdict: str = "passed") -> Status | None:
    return status_on(Facts(verdict, CLOSED, history), at).status


def test_a_decision_is_in_force_from_its_closing_on_and_not_before():
    assert status(at=CLOSED) is Status.IN_FORCE
    assert status(at=CLOSED - timedelta(microseconds=1)) is None
    assert status_on(Facts(), CLOSED).status is None


def test_its_review_is_due_from_the_day_on_until_it_was_reviewed():
    noted = Note("dates", CLOSED, review_at=CLOSED + 10 * DAY)
    assert status(noted, at=CLOSED + 10 * DAY - timedelta(seconds=1)) is Status.IN_FORCE
    assert status(noted, at=CLOSED + 10 * DAY) is Status.REVIEW_DUE
    reviewed = Note("reviewed", CLOSED + 12 * DAY)
    assert status(noted, reviewed, at=CLOSED + 12 * DAY) is Status.IN_FORCE
    assert status(noted, reviewed, at=CLOSED + 11 * DAY) is Status.REVIEW_DUE


def test_it_lapses_when_its_end_has_come_and_a_review_that_is_due_waits_no_more():
    noted = Note("dates", CLOSED, review_at=CLOSED + 9 * DAY, ends_at=CLOSED + 10 * DAY)
    assert status(noted, at=CLOSED + 10 * DAY - timedelta(seconds=1)) is Status.REVIEW_DUE
    assert status(noted, at=CLOSED + 10 * DAY) is Status.LAPSED


def test_what_was_superseded_before_a_late_worker_wrote_it_down_was_superseded_then():
    recorded_meanwhile = Note("dates", CLOSED + 6 * DAY, review_at=CLOSED + 90 * DAY)
    superseded = Note("superseded", CLOSED + 5 * DAY, other_id=2)
    validity = status_on(Facts("passed", CLOSED, [recorded_meanwhile, superseded]), CLOSED + 50 * DAY)
    assert (validity.status, validity.ending, validity.over_at) == (Status.SUPERSEDED, superseded, superseded.at)


@given(histories, days, days)
def test_what_is_over_stays_over_and_stays_what_it_became(history, one, other):
    first, later = sorted((one, other))
    before, after = (status_on(Facts("passed", CLOSED, history), at) for at in (first, later))
    if before.status in OVER:
        assert (after.status, after.over_at) == (before.status, before.over_at)


@given(histories, notes, days)
def test_what_is_recorded_later_changes_nothing_before_it(history, late, instant):
    if late.at > instant:
        assert status_on(Facts("passed", CLOSED, [*history, late]), instant) == status_on(
            Facts("passed", CLOSED, history), instant
        )


@given(histories, days, verdicts)
def test_only_what_decided_something_has_a_status(history, instant, verdict):
    validity = status_on(Facts(verdict, CLOSED, history), instant)
    assert (validity.status is not None) == (verdict in DECIDED)
    assert validity.holds == (validity.status in (Status.IN_FORCE, Status.REVIEW_DUE))


@given(histories, days)
def test_what_is_in_force_has_no_date_that_has_passed(history, instant):
    validity = status_on(Facts("decided", CLOSED, history), instant)
    if validity.holds:
        assert validity.ends_at is None or validity.ends_at > instant
        due = validity.review_at is not None and validity.review_at <= instant
        assert due == (validity.status is Status.REVIEW_DUE)
        assert validity.over_at is None
    elif validity.status:
        assert validity.over_at is not None
        assert validity.over_at <= instant


def test_the_convenor_and_the_membership_secretary_record_what_becomes_of_a_decision_in_force():
    convenor = Viewer(party_id=1, member_number=1, seats={1: "convenor"})
    secretary = Viewer(party_id=2, member_number=2, offices=frozenset({"membership_secretary"}))
    sitter = Viewer(party_id=3, member_number=3, seats={1: "member", 2: "convenor"})
    everything = {"dates", "reviewed", "repeal"}
    for viewer, acts in ((convenor, everything), (secretary, everything), (sitter, set()), (Viewer(), set())):
        assert register.acts_on(Validity(Status.REVIEW_DUE), 1, viewer) == acts
        assert register.acts_on(Validity(Status.LAPSED), 1, viewer) == set()
        assert register.acts_on(Validity(), 1, viewer) == set()
    register.refuse_unless_recordable(Validity(Status.IN_FORCE), 1, convenor)
    for viewer, validity, reason in (
        (sitter, Validity(Status.IN_FORCE), "decision.not_yours"),
        (convenor, Validity(Status.REPEALED), "decision.not_in_force"),
        (convenor, Validity(), "decision.not_in_force"),
    ):
        with pytest.raises(Refused, match=f"^{reason}$"):
            register.refuse_unless_recordable(validity, 1, viewer)


@pytest.mark.parametrize(
    ("review", "end", "reason"),
    [
        (0, None, "decision.review_in_the_past"),
        (-1, None, "decision.review_in_the_past"),
        (None, 0, "decision.end_in_the_past"),
        (5, 5, "decision.review_after_end"),
        (6, 5, "decision.review_after_end"),
    ],
)
def test_dates_that_cannot_be_meant_are_refused(review, end, reason):
    given_days = [None if n is None else CLOSED + n * DAY for n in (review, end)]
    with pytest.raises(Refused, match=f"^{reason}$"):
        register.check_dates(*given_days, Validity(), CLOSED)


def test_a_review_that_is_due_already_may_stay_as_it_is():
    due = Validity(Status.REVIEW_DUE, review_at=CLOSED - DAY)
    register.check_dates(CLOSED - DAY, CLOSED + DAY, due, CLOSED)
    register.check_dates(None, None, due, CLOSED)


electorates = st.builds(
    Put, id=st.integers(1, 9), electorate=st.sampled_from(("group", "coop")), group_id=st.integers(1, 3)
)


@given(electorates, electorates)
def test_a_group_undoes_its_own_decisions_and_all_members_undo_any(new, old):
    own = old.electorate == "group" and old.group_id == new.group_id
    assert register.reaches(new, old) == (new.electorate == "coop" or own)


@pytest.mark.parametrize("kind", ["replaces", "depends_on", "re_votes"])
def test_a_proposal_says_nothing_of_itself(kind):
    with pytest.raises(Refused, match=r"^link\.itself$"):
        register.check_link(kind, Put(1), Put(1), Validity(Status.IN_FORCE))


def test_a_link_needs_what_it_links_to():
    in_force, nothing = Validity(Status.IN_FORCE), Validity()
    new = Put(2, state="draft")
    register.check_link("replaces", new, Put(1), in_force)
    register.check_link("depends_on", new, Put(1, electorate="coop"), in_force)
    register.check_link("re_votes", new, Put(1), nothing)
    register.check_link("re_votes", new, Put(1, state="withdrawn"), nothing)
    register.check_link("re_votes", new, Put(1), Validity(Status.REPEALED))
    for kind, old, validity, reason in (
        ("replaces", Put(1), nothing, "link.not_in_force"),
        ("replaces", Put(1), Validity(Status.SUPERSEDED), "link.not_in_force"),
        ("depends_on", Put(1), Validity(Status.LAPSED), "link.not_in_force"),
        ("replaces", Put(1, electorate="coop"), in_force, "link.wider_electorate"),
        ("replaces", Put(1, group_id=2), in_force, "link.wider_electorate"),
        ("re_votes", Put(1), in_force, "link.in_force"),
        ("re_votes", Put(1, state="open"), nothing, "link.in_force"),
    ):
        with pytest.raises(Refused, match=f"^{reason}$"):
            register.check_link(kind, new, old, validity)


def test_a_decision_is_repealed_by_a_later_one_in_force_whose_electorate_reaches_it():
    later = Facts("passed", CLOSED + DAY)
    now = CLOSED + 5 * DAY
    register.check_repeal(Put(1), CLOSED, Put(2), later, now)
    for old, new, facts, reason in (
        (Put(1), Put(1), later, "repeal.not_decided"),
        (Put(1), Put(2), Facts("passed", CLOSED), "repeal.not_decided"),
        (Put(1), Put(2), Facts("failed", CLOSED + DAY), "repeal.not_decided"),
        (Put(1), Put(2), Facts(), "repeal.not_decided"),
        (Put(1), Put(2), Facts("passed", CLOSED + DAY, [Note("repealed", now)]), "repeal.not_decided"),
        (Put(1, electorate="coop"), Put(2), later, "repeal.wider_electorate"),
    ):
        with pytest.raises(Refused, match=f"^{reason}$"):
            register.check_repeal(old, CLOSED, new, facts, now)


@pytest.mark.parametrize(
    ("departs", "reason", "refusal"),
    [
        (True, " ", "outcome.departs_needs_reason"),
        (True, "", "outcome.departs_needs_reason"),
        (False, "Because.", "outcome.reason_without_departing"),
    ],
)
def test_an_outcome_departs_with_a_reason_or_not_at_all(departs, reason, refusal):
    with pytest.raises(Refused, match=f"^{refusal}$"):
        register.check_departure(departs, reason)
    register.check_departure(True, "The board may.")
    register.check_departure(False, "")
