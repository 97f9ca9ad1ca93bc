from datetime import timedelta
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, update

from coopgov.core.errors import NotFound, Refused
from coopgov.core.viewer import Viewer
from coopgov.decisions.counting import vote_box
from coopgov.decisions.models import Ballot, DeadLink, Outcome, Proposal, ProposalRevision, ResultRow
from coopgov.decisions.queries import lists, proposals, register, rolls
from coopgov.decisions.services import closing, drafting, opening, outcomes, voting
from coopgov.discussion.models import Thread
from coopgov.groups.models import Group, Seat
from coopgov.infra.audit import AuditRow, broken_at
from coopgov.infra.check import run_checks
from coopgov.infra.db import db, write_transaction
from coopgov.infra.outbox import EventRow
from coopgov.membership.models import Membership
from coopgov.tally.rule import PRESETS, Quorum, QuorumKind, Rule, Threshold
from tests import factories as make
from tests.conftest import NOW
from tests.decisions.scene import CLOSES, OPENLY, close, draft, opened, scene, terms, vote, vote_all

SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
pytestmark = pytest.mark.usefixtures("app")


def acts() -> list[str]:
    return list(db.session.scalars(select(AuditRow.act).order_by(AuditRow.number)))


def events(name: str) -> int:
    return db.session.scalar(select(func.count()).where(EventRow.name == f"decisions.{name}"))


def row(proposal: Proposal) -> Proposal:
    db.session.expire_all()
    return db.session.get_one(Proposal, proposal.id)


def refused(reason: str):
    return pytest.raises(Refused, match=f"^{reason}$")


# Writing, mending, opening


def test_a_proposal_is_a_draft_until_it_is_opened():
    proposal = draft(scene())
    assert (proposal.state, proposal.html, proposal.slug) == (
        "draft",
        "<p>We <strong>move</strong>.</p>",
        "move-to-our-own-server",
    )
    assert rolls.electors(proposal.id) == set()
    assert acts() == ["proposal.drafted"]


def test_a_proposal_with_a_date_waits_for_it():
    assert draft(scene(), opens_at=NOW + DAY, closes_at=CLOSES + DAY).state == "discussion"


def test_opening_freezes_the_roll_of_all_members():
    on = scene()
    stranger = make.person()
    proposal = opened(on)
    assert rolls.electors(proposal.id) == {on.author.id, on.convenor.id, *(m.id for m in on.members)}
    assert stranger.id not in rolls.electors(proposal.id)
    assert (proposal.state, proposal.roll_size, proposal.opened_at) == ("open", 5, NOW)
    assert acts() == ["proposal.drafted", "proposal.opened"]
    assert events("voting_opened") == 1


def test_in_a_vote_of_a_group_only_its_members_are_on_the_roll():
    on = scene()
    outsider = make.member("Outsider")
    proposal = opened(on, electorate="group")
    assert outsider.id not in rolls.electors(proposal.id)
    assert proposal.roll_size == 5


def test_somebody_who_sits_in_the_group_but_left_the_co_op_is_not_on_its_roll():
    on = scene()
    with write_transaction() as session:
        session.execute(update(Membership).where(Membership.party_id == on.members[0].id).values(ceased_at=NOW - DAY))
    assert on.members[0].id not in rolls.electors(opened(on, electorate="group").id)


def test_the_roll_has_each_person_once_whatever_seats_they_held():
    on = scene()
    with write_transaction() as session:
        session.execute(update(Seat).where(Seat.party_id == on.author.id).values(ends_at=NOW - DAY))
    make.seat(on.group, on.author, "convenor", NOW - DAY)
    assert opened(on, electorate="group").roll_size == 5


def test_voting_cannot_open_when_nobody_could_vote():
    on = scene(0)
    with write_transaction() as session:
        session.execute(update(Membership).values(ceased_at=NOW - DAY))
    with refused("roll.empty"):
        opened(on)
    assert db.session.scalar(select(func.count(Proposal.id))) == 0  # the whole act is undone


def test_a_draft_opens_when_its_author_says_so_and_once_only():
    proposal = draft(scene())
    with write_transaction():
        opening.open_voting(row(proposal), NOW + SECOND)
    assert row(proposal).opened_at == NOW + SECOND
    with refused("proposal.too_late"), write_transaction():
        opening.open_voting(row(proposal), NOW + 2 * SECOND)


def test_a_draft_that_waited_too_long_for_its_rule_does_not_open():
    proposal = draft(scene())
    with refused("voting.too_short"), write_transaction():
        opening.open_voting(row(proposal), NOW + 2 * DAY)


def test_a_vote_shorter_than_its_rule_asks_for_is_refused():
    with refused("voting.too_short"):
        draft(scene(), closes_at=NOW + 5 * DAY)


def test_mending_keeps_what_it_said_before():
    proposal = draft(scene())
    with write_transaction():
        drafting.mend_proposal(row(proposal), proposal.author_id, terms(title="Stay", closes_at=CLOSES + DAY), NOW)
    (former,) = db.session.scalars(select(ProposalRevision))
    assert former.title == "Move to our own server"
    assert former.terms["closes_at"] == CLOSES.isoformat()
    assert (row(proposal).title, row(proposal).slug, row(proposal).closes_at) == ("Stay", "stay", CLOSES + DAY)
    assert events("proposal_mended") == 1


def test_mending_that_changes_nothing_leaves_no_trace():
    proposal = draft(scene())
    with write_transaction():
        drafting.mend_proposal(row(proposal), proposal.author_id, terms(), NOW)
    assert db.session.scalar(select(func.count(ProposalRevision.id))) == 0
    assert acts() == ["proposal.drafted"]


def test_an_open_proposal_cannot_be_mended():
    proposal = opened(scene())
    with refused("proposal.too_late"), write_transaction():
        drafting.mend_proposal(row(proposal), proposal.author_id, terms(title="Other"), NOW)


def test_an_open_vote_keeps_the_rule_and_the_openness_with_which_it_began():
    on = scene()
    proposal = opened(on)
    with write_transaction() as session:
        session.get_one(Thread, on.thread.id).is_public = False
    assert Rule.from_plain(row(proposal).rule) == OPENLY
    assert proposals.proposal_stamp(proposal.id) is not None


def test_a_draft_is_no_more_public_than_its_thread_and_neither_is_its_vote():
    on = scene()
    proposal = draft(on)
    assert proposals.proposal_stamp(proposal.id) is not None
    with write_transaction() as session:
        session.get_one(Thread, on.thread.id).is_public = False
    assert proposals.proposal_stamp(proposal.id) is None
    with write_transaction():
        opening.open_voting(row(proposal), NOW)
    with write_transaction() as session:
        session.get_one(Thread, on.thread.id).is_public = True
    assert proposals.proposal_stamp(proposal.id) is None


def test_thread_and_group_are_told_of_every_change_of_state():
    on = scene()
    versions = []
    proposal = draft(on)

    def note() -> None:
        db.session.expire_all()
        versions.append(
            (db.session.get_one(Thread, on.thread.id).version, db.session.get_one(Group, on.group.id).version)
        )

    note()
    with write_transaction():
        opening.open_voting(row(proposal), NOW)
    note()
    close(row(proposal))
    note()
    assert versions == sorted(set(versions))


# Ballots


def test_a_ballot_is_a_row_with_an_audit_row_and_an_event():
    on = scene()
    proposal = opened(on)
    before = row(proposal).version
    ballot = vote(proposal, on.members[0], "agree", "Yes!")
    assert (ballot.choice, ballot.reason, ballot.sequence, ballot.public_name) == ("agree", "Yes!", 1, "Member 0")
    assert acts()[-1] == "ballot.cast"
    assert events("ballot_cast") == 1
    assert row(proposal).version == before + 1


def test_a_changed_vote_is_a_new_row_and_only_the_last_one_counts():
    on = scene()
    proposal = opened(on)
    vote(proposal, on.members[0], "agree")
    vote(proposal, on.members[0], "disagree")
    assert vote(proposal, on.members[0], "disagree", "Too dear.").sequence == 3
    assert vote_box(proposal.id) == {"disagree": 1}


def test_the_same_vote_again_is_the_same_ballot():
    on = scene()
    proposal = opened(on)
    first = vote(proposal, on.members[0], "agree", "Yes")
    assert vote(proposal, on.members[0], "agree", "Yes").id == first.id
    assert db.session.scalar(select(func.count(Ballot.id))) == 1
    assert events("ballot_cast") == 1


def test_somebody_not_on_the_roll_may_not_vote():
    proposal = opened(scene())
    for outsider in (make.person(), make.member(admitted_at=NOW + SECOND)):
        with refused("ballot.not_on_roll"):
            vote(proposal, outsider)


def test_who_joins_after_the_opening_stays_off_the_roll():
    on = scene()
    proposal = opened(on)
    late = make.member(admitted_at=NOW + SECOND)
    assert rolls.entry_of(proposal.id, late.id) is None


def test_who_lapses_after_the_opening_still_votes_and_the_vote_stays():
    on = scene()
    proposal = opened(on)
    with write_transaction() as session:
        session.execute(
            update(Membership).where(Membership.party_id == on.members[0].id).values(ceased_at=NOW + SECOND)
        )
    vote(proposal, on.members[0], "agree", at=NOW + DAY)
    assert db.session.get_one(ResultRow, close(row(proposal)).id).plain["cast"] == 1


@pytest.mark.parametrize(("offset", "counts"), [(-1, True), (0, False), (1, False)])
def test_the_closing_second_decides_over_a_vote(offset, counts):
    on = scene()
    proposal = opened(on)
    if counts:
        vote(proposal, on.author, at=CLOSES + offset * SECOND)
    else:
        with refused("ballot.closed"):
            vote(proposal, on.author, at=CLOSES + offset * SECOND)


def test_a_ballot_that_came_in_time_and_waited_for_the_lock_counts():
    on = scene()
    proposal = opened(on)
    with write_transaction():
        closing.begin_counting(row(proposal), CLOSES)
    with write_transaction():
        voting.cast_ballot(proposal.id, on.author.id, "agree", "", "", "web", CLOSES - SECOND, CLOSES + SECOND)
    assert db.session.get_one(ResultRow, close(row(proposal)).id).plain["cast"] == 1


def test_a_closed_vote_stays_closed_when_the_clock_is_set_back():
    on = scene()
    proposal = close(opened(on))
    with refused("ballot.closed"):
        vote(proposal, on.author, at=NOW)


def test_a_draft_takes_no_votes():
    on = scene()
    with refused("ballot.not_open"):
        vote(draft(on), on.author)


def test_a_block_without_a_reason_is_not_accepted_where_the_rule_asks_for_one():
    on = scene()
    proposal = opened(on)
    for empty in ("", "  \n"):
        with refused("ballot.reason_needed"):
            vote(proposal, on.author, "block", empty)
    assert vote(proposal, on.author, "block", "It would end us.").choice == "block"


def test_a_block_taken_back_is_not_counted():
    on = scene()
    proposal = opened(on)
    vote(proposal, on.author, "block", "No.")
    vote(proposal, on.author, "agree")
    assert vote_box(proposal.id) == {"agree": 1}


def test_a_choice_that_is_not_on_the_ballot_is_refused():
    on = scene()
    proposal = opened(on, rule=PRESETS["two_thirds"])
    for choice in ("block", "maybe", ""):
        with refused("ballot.choice"):
            vote(proposal, on.author, choice, "Because.")


def test_a_reason_has_at_most_500_characters():
    on = scene()
    proposal = opened(on)
    vote(proposal, on.author, "agree", "🦊" * 500)
    with refused("ballot.reason_too_long"):
        vote(proposal, on.author, "agree", "🦊" * 501)


def test_a_switched_off_link_stays_off_and_its_elector_still_votes():
    on = scene()
    proposal = opened(on)
    entry = rolls.entry_of(proposal.id, on.author.id)
    for _twice in range(2):
        with write_transaction():
            voting.switch_off_link(entry, NOW)
    assert db.session.scalar(select(func.count(DeadLink.roll_entry_id))) == 1
    assert rolls.entry_of_link(proposal.id, entry.id) is None
    assert vote(proposal, on.author).choice == "agree"


def test_a_link_is_good_for_its_own_proposal_alone():
    on = scene()
    one, other = opened(on), opened(on)
    entry = rolls.entry_of(one.id, on.author.id)
    assert rolls.entry_of_link(one.id, entry.id) is not None
    assert rolls.entry_of_link(other.id, entry.id) is None


# Closing


def test_the_result_is_counted_and_sealed_when_voting_closes():
    on = scene()
    proposal = opened(on)
    vote_all(proposal, [on.author, on.convenor, *on.members], "agree", "agree", "abstain", "disagree")
    proposal = close(proposal)
    result = db.session.get_one(ResultRow, proposal.id)
    assert (proposal.state, proposal.closed_at, result.verdict) == ("closed", CLOSES, "passed")
    assert result.plain["counts"] == {"agree": 2, "abstain": 1, "disagree": 1, "block": 0}
    assert len(result.digest) == 64
    assert acts()[-2:] == ["proposal.counting", "proposal.closed"]
    assert broken_at() is None
    assert run_checks() == {name: [] for name in run_checks()}


def test_nothing_is_published_before_requests_on_the_way_are_in():
    proposal = opened(scene())
    with write_transaction():
        closing.begin_counting(row(proposal), CLOSES)
        closing.count_and_close(row(proposal), CLOSES + 14 * SECOND)
    assert row(proposal).state == "counting"
    assert close(row(proposal)).state == "closed"


def test_closing_twice_gives_one_result_and_one_event():
    proposal = opened(scene())
    for _twice in range(2):
        close(row(proposal), CLOSES + 3 * DAY)
    assert events("voting_closed") == 1


def test_a_vote_that_is_open_cannot_be_counted():
    proposal = opened(scene())
    with write_transaction():
        closing.begin_counting(row(proposal), CLOSES - SECOND)
        closing.count_and_close(row(proposal), CLOSES + DAY)
    assert row(proposal).state == "open"


@pytest.mark.parametrize(
    ("choices", "rule", "verdict"),
    [
        ((), PRESETS["ordinary"], "undecided"),
        (("abstain", "abstain"), PRESETS["ordinary"], "undecided"),
        (("agree", "agree", "disagree", "disagree"), PRESETS["ordinary"], "failed"),
        (("agree", "agree", "disagree"), PRESETS["two_thirds"], "passed"),
        (("agree", "agree", "agree", "block"), PRESETS["ordinary"], "failed"),
        ((), Rule(Threshold(Fraction(1, 2)), quorum=Quorum(QuorumKind.TURNOUT, Fraction(1, 3))), "no_quorum"),
    ],
)
def test_the_verdict_follows_the_rule(choices, rule, verdict):
    on = scene()
    proposal = opened(on, rule=rule)
    vote_all(proposal, [on.author, on.convenor, *on.members], *choices)
    assert db.session.get_one(ResultRow, close(proposal).id).verdict == verdict


def test_withdrawing_keeps_the_ballots_and_gives_no_verdict():
    on = scene()
    proposal = opened(on)
    vote(proposal, on.author)
    with write_transaction():
        drafting.withdraw(row(proposal), on.author.id, "The price has changed.", NOW)
    assert (row(proposal).state, row(proposal).withdrawn_reason) == ("withdrawn", "The price has changed.")
    assert vote_box(proposal.id) == {"agree": 1}
    assert close(row(proposal)).state == "withdrawn"
    assert db.session.get(ResultRow, proposal.id) is None
    assert list(register.register(register.Wanted(), True, 10)) == []
    with refused("ballot.withdrawn"):
        vote(proposal, on.convenor)


@pytest.mark.parametrize(("reason", "key"), [(" ", "proposal.reason_needed"), ("x" * 501, "proposal.reason_too_long")])
def test_withdrawing_needs_a_reason_that_fits(reason, key):
    proposal = opened(scene())
    with refused(key), write_transaction():
        drafting.withdraw(row(proposal), proposal.author_id, reason, NOW)


def test_nobody_withdraws_after_closing():
    proposal = opened(scene())
    with refused("proposal.too_late"), write_transaction():
        drafting.withdraw(row(proposal), proposal.author_id, "I am losing.", CLOSES)


def test_a_later_outcome_replaces_the_first_on_the_page_and_none_is_lost():
    on = scene()
    proposal = close(opened(on))
    for words in ("We start in May.", "We start in *June*."):
        with write_transaction():
            outcomes.record_outcome(row(proposal), on.convenor.id, words, CLOSES + 90 * DAY, CLOSES + DAY)
    assert proposals.sheet(proposal.id).outcome.html == "<p>We start in <em>June</em>.</p>"
    assert db.session.scalar(select(func.count(Outcome.id))) == 2
    assert db.session.get_one(ResultRow, proposal.id).verdict == "undecided"


def test_an_outcome_waits_for_the_count_has_words_and_a_review_in_the_future():
    on = scene()
    proposal = opened(on)
    with refused("proposal.too_late"), write_transaction():
        outcomes.record_outcome(row(proposal), on.convenor.id, "Done.", None, NOW)
    proposal = close(proposal)
    with refused("outcome.words_needed"), write_transaction():
        outcomes.record_outcome(row(proposal), on.convenor.id, " ", None, CLOSES + DAY)
    with refused("outcome.review_in_the_past"), write_transaction():
        outcomes.record_outcome(row(proposal), on.convenor.id, "Done.", CLOSES, CLOSES + DAY)


# Who sees what


def test_members_only_proposals_exist_for_members_and_for_those_on_their_roll():
    on = scene(is_public=False)
    proposal = opened(on)
    lapsed = Viewer(party_id=on.members[0].id)
    assert proposals.visible_proposal(proposal.id, lapsed).id == proposal.id
    for nobody in (Viewer(), Viewer(party_id=make.person().id)):
        with pytest.raises(NotFound):
            proposals.visible_proposal(proposal.id, nobody)


def test_lists_for_the_public_leave_out_what_is_for_members():
    open_one, private = opened(scene()), opened(scene_in("Finance", is_public=False))
    assert [line.id for line in lists.open_proposals(Viewer())] == [open_one.id]
    assert {line.id for line in lists.open_proposals(Viewer(member_number=1))} == {open_one.id, private.id}
    close(row(open_one)), close(row(private))
    assert [line.id for line in lists.latest_decisions(9, public_only=True)] == [open_one.id]
    assert len(lists.latest_decisions(9, public_only=False)) == 2


def scene_in(name: str, **thread):
    group, author = make.group(name), make.member()
    return scene_like(group, author, make.thread(group, author, **thread))


def scene_like(group, author, thread):
    from tests.decisions.scene import Scene

    return Scene(group, thread, author, author, [])


def test_ballots_wait_for_those_on_the_roll_who_have_not_voted():
    on = scene()
    proposal = opened(on)
    assert [line.id for line in lists.ballots_waiting(on.author.id, NOW)] == [proposal.id]
    assert lists.ballots_waiting(on.author.id, CLOSES) == []
    vote(proposal, on.author)
    assert lists.ballots_waiting(on.author.id, NOW) == []
    assert on.author.id not in rolls.electors_without_ballot(proposal.id)
    assert on.convenor.id in rolls.electors_without_ballot(proposal.id)


# Self-checks


def test_the_self_checks_find_what_is_wrong():
    on = scene()
    proposal, hollow = close(opened(on)), draft(on)
    with write_transaction() as session:
        entry = make.roll(session.get_one(Proposal, hollow.id), on.author)[0]
        make.roll(session.get_one(Proposal, proposal.id), make.member())
        session.add(
            Ballot(
                proposal_id=proposal.id,
                roll_entry_id=entry.id,
                sequence=1,
                choice="agree",
                public_name="",
                channel="web",
                received_at=NOW,
            )
        )
        session.get_one(Proposal, hollow.id).state = "closed"
    faults = run_checks()
    assert faults["no more ballots than electors"] == [
        f"proposal {proposal.id}: more votes than electors, or a roll of another size"
    ]
    assert faults["closed proposals have a result"] == [f"proposal {hollow.id}: closed and result do not go together"]
    assert faults["results are what a recount gives"] == [
        f"proposal {proposal.id}: the stored result is not what its ballots give"
    ]
    assert faults["one counted ballot for each elector"] == [f"roll entry {entry.id}: not one ballot that counts"]


choices = st.sampled_from(["agree", "abstain", "disagree", "block"])


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 4), choices, st.sampled_from(["", "Why not"])), max_size=14))
def test_whatever_is_cast_there_is_one_counted_ballot_for_each_elector_and_it_is_the_last(cast):
    on = scene_named()
    proposal = opened(on, rule=Rule(PRESETS["ordinary"].threshold, blocks=PRESETS["consent"].blocks))
    everybody = [on.author, on.convenor, *on.members]
    last: dict[int, str] = {}
    for index, choice, reason in cast:
        vote(proposal, everybody[index], choice, reason or "Because.")
        last[index] = choice
    counts = vote_box(proposal.id)
    assert sum(counts.values()) == len(last) <= proposal.roll_size
    assert counts == {choice: list(last.values()).count(choice) for choice in set(last.values())}
    assert run_checks()["results are what a recount gives"] == []


def scene_named():
    """Another group each time: hypothesis runs many examples in one database."""
    from tests.decisions.scene import Scene

    count = db.session.scalar(select(func.count(Group.id)))
    group = make.group(f"Group {count}")
    people = [make.member() for _n in range(5)]
    for party in people:
        make.seat(group, party)
    return Scene(group, make.thread(group, people[0]), people[0], people[1], people[2:])
