"""Votes that proxies carry: which stand at opening, what they add at closing, what the record says."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from coopgov.decisions.counting import manifest_of, vote_box
from coopgov.decisions.models import Ballot, ProxyLine, ResultRow
from coopgov.decisions.queries.ballots import my_line
from coopgov.decisions.queries.proxies import MyProxies, my_proxies, standing_proxies
from coopgov.decisions.queries.rolls import electors, entry_of
from coopgov.decisions.records import record_of
from coopgov.decisions.rules.casting import DRAIN
from coopgov.decisions.rules.options import numbered
from coopgov.decisions.services import closing
from coopgov.decisions.services.rolls import recuse, remove_elector
from coopgov.groups import services as group_services
from coopgov.infra.check import run_checks
from coopgov.infra.db import db, write_transaction
from coopgov.tally.rule import Quorum, QuorumKind, Secrecy
from coopgov.tally.verify import check_record
from tests import factories as make
from tests.conftest import NOW
from tests.decisions.scene import CLOSES, OPENLY, close, opened, scene, vote
from tests.proxies.scene import BEFORE, allow, end, give, offer

pytestmark = pytest.mark.usefixtures("app")
MINUTE = timedelta(minutes=1)


@pytest.fixture
def on():
    found = scene(4)
    allow(found.group, found.convenor)
    return found


def of_the_group(on, **terms):
    return opened(on, electorate="group", **terms)


def counts(proposal) -> dict[str, int]:
    return {choice: n for choice, n in vote_box(proposal.id).items()}


def mine(proposal, entry) -> MyProxies:
    """Without what they could end."""
    return replace(my_proxies(standing_proxies(proposal), entry), own_id=0, held=())


def carried(proposal) -> dict[int, str]:
    """By giver, what was carried."""
    rows = db.session.scalars(select(Ballot).where(Ballot.proposal_id == proposal.id, Ballot.channel == "proxy"))
    lines = {entry_of(proposal.id, party).id: party for party in electors(proposal.id)}
    return {lines[row.roll_entry_id]: row.choice for row in rows}


def test_who_does_not_vote_is_counted_as_their_holder_did(on):
    ada, bo, cy, _ = on.members
    give(on.group, ada, bo)
    proposal = of_the_group(on)
    vote(proposal, bo, "agree", "It is cheaper.")
    vote(proposal, cy, "disagree")
    assert counts(proposal) == {"agree": 1, "disagree": 1}
    close(proposal)
    assert counts(proposal) == {"agree": 2, "disagree": 1}
    mine = my_line(proposal.id, ada.id).ballot
    assert (mine.choice, mine.reason, mine.channel, mine.public_name) == ("agree", "", "proxy", ada.name)
    assert mine.through_id == entry_of(proposal.id, bo.id).id
    assert db.session.get(ResultRow, proposal.id).plain["cast"] == 3
    report = check_record(record_of(proposal), proposal.manifest_hash)
    assert report.passed, report.failure
    assert not any(run_checks().values())


def test_a_vote_of_ones_own_comes_first(on):
    ada, bo, *_ = on.members
    give(on.group, ada, bo)
    proposal = of_the_group(on)
    vote(proposal, bo, "agree")
    vote(proposal, ada, "disagree")
    close(proposal)
    assert carried(proposal) == {}
    assert counts(proposal) == {"agree": 1, "disagree": 1}


def test_a_chain_is_carried_and_an_abstention_too(on):
    ada, bo, cy, _ = on.members
    give(on.group, ada, bo)
    give(on.group, bo, cy)
    proposal = of_the_group(on)
    vote(proposal, cy, "abstain")
    close(proposal)
    assert carried(proposal) == {ada.id: "abstain", bo.id: "abstain"}
    assert my_line(proposal.id, ada.id).ballot.through_id == entry_of(proposal.id, bo.id).id


def test_a_circle_in_which_nobody_votes_carries_nothing_and_its_people_are_told(on):
    ada, bo, cy, _ = on.members
    give(on.group, ada, bo)
    give(on.group, bo, ada)
    proposal = of_the_group(on)
    assert mine(proposal, entry_of(proposal.id, ada.id)) == MyProxies(bo.name, True, (bo.name,))
    vote(proposal, cy, "agree")
    close(proposal)
    assert carried(proposal) == {}


def test_where_one_of_a_circle_votes_the_other_is_carried(on):
    ada, bo, *_ = on.members
    give(on.group, ada, bo)
    give(on.group, bo, ada)
    proposal = of_the_group(on)
    vote(proposal, ada, "agree")
    close(proposal)
    assert carried(proposal) == {bo.id: "agree"}


@pytest.mark.parametrize(("at", "carries"), [(CLOSES - MINUTE, False), (CLOSES, True), (CLOSES + MINUTE, True)])
@pytest.mark.parametrize("by", [0, 1])
def test_what_is_ended_before_closing_carries_nothing(on, at, carries, by):
    ada, bo, *_ = on.members
    proxy = give(on.group, ada, bo)
    proposal = of_the_group(on)
    vote(proposal, bo, "agree")
    end(proxy, (ada, bo)[by], at)
    close(proposal, CLOSES + 2 * MINUTE)
    assert bool(carried(proposal)) is carries
    assert check_record(record_of(proposal)).passed


def test_a_proxy_whose_time_runs_out_while_voting_is_open_counts_to_the_end(on):
    ada, bo, cy, _ = on.members
    give(on.group, ada, bo, until=NOW + timedelta(days=1))
    proposal = of_the_group(on)
    vote(proposal, bo, "agree")
    offer(on.group, ada, cy, NOW + timedelta(days=2))
    close(proposal)
    assert carried(proposal) == {ada.id: "agree"}
    assert check_record(record_of(proposal)).passed


def test_what_is_given_after_opening_or_over_by_then_counts_for_later_votes_only(on):
    ada, bo, cy, dee = on.members
    give(on.group, cy, bo, until=NOW)
    proposal = of_the_group(on)
    give(on.group, ada, bo, NOW + MINUTE)
    offer(on.group, dee, bo)
    vote(proposal, bo, "agree", at=NOW + MINUTE)
    close(proposal)
    assert carried(proposal) == {}


def test_who_left_before_opening_or_is_taken_off_the_roll_carries_nothing(on):
    ada, bo, cy, dee = on.members
    give(on.group, ada, bo)
    give(on.group, cy, dee)
    with write_transaction():
        group_services.leave(on.group, dee.id, BEFORE + MINUTE)
    proposal = of_the_group(on)
    assert [row.entry_id for row in db.session.scalars(select(ProxyLine))] == [entry_of(proposal.id, ada.id).id]
    vote(proposal, bo, "agree")
    vote(proposal, on.convenor, "agree")
    secretary = make.officer("membership_secretary")
    with write_transaction():
        remove_elector(proposal, bo.id, secretary.id, "Not a member.", NOW + MINUTE)
    close(proposal)
    assert carried(proposal) == {}
    assert check_record(record_of(proposal)).passed


def test_a_giver_who_has_an_interest_is_not_carried(on):
    ada, bo, *_ = on.members
    give(on.group, ada, bo)
    proposal = of_the_group(on)
    vote(proposal, bo, "agree")
    with write_transaction():
        recuse(proposal, ada.id, ada.id, "My brother sells it.", NOW + MINUTE)
    close(proposal)
    assert carried(proposal) == {}
    assert check_record(record_of(proposal)).passed


def test_proxies_beyond_the_cap_at_opening_are_left_out_the_later_ones_first(on):
    ada, bo, cy, dee = on.members
    give(on.group, ada, bo)
    give(on.group, cy, bo, BEFORE + MINUTE)
    give(on.group, dee, bo, BEFORE + 2 * MINUTE)
    allow(on.group, on.convenor, 2, NOW - MINUTE)
    proposal = of_the_group(on)
    vote(proposal, bo, "agree")
    close(proposal)
    assert carried(proposal) == {ada.id: "agree", cy.id: "agree"}


@pytest.mark.parametrize(
    "terms",
    [
        {"electorate": "coop"},
        {"electorate": "group", "method": "sense-check"},
        {"electorate": "group", "method": "count-me-in", "settings": {"target": 2}},
    ],
)
def test_votes_of_the_co_op_and_those_that_decide_nothing_carry_none(on, terms):
    ada, bo, *_ = on.members
    give(on.group, ada, bo)
    proposal = opened(on, **terms)
    assert "proxies" not in proposal.manifest
    assert db.session.scalars(select(ProxyLine)).all() == []
    vote(proposal, bo, manifest_of(proposal).options[0])
    close(proposal)
    assert carried(proposal) == {}


def test_secret_votes_carry_none(on):
    ada, bo, *_ = on.members
    give(on.group, ada, bo)
    proposal = of_the_group(on, rule=replace(OPENLY, secrecy=Secrecy.SECRET))
    assert "proxies" not in proposal.manifest
    assert db.session.scalars(select(ProxyLine)).all() == []


def test_a_group_without_proxies_has_none_in_its_record():
    on = scene(2)
    proposal = of_the_group(on)
    vote(proposal, on.members[0], "agree")
    close(proposal)
    assert "proxies" not in proposal.manifest
    assert b"proxies" not in record_of(proposal)


def test_carried_votes_complete_a_quorum_and_are_counted_once_where_voting_is_extended(on):
    ada, bo, cy, _ = on.members
    give(on.group, ada, bo)
    quorum = Quorum(QuorumKind.ABSOLUTE, number=3)
    proposal = of_the_group(on, rule=replace(OPENLY, quorum=quorum, extension=timedelta(days=2)))
    vote(proposal, bo, "agree")
    close(proposal)
    assert (proposal.state, carried(proposal)) == ("open", {})
    vote(proposal, cy, "agree", at=CLOSES + MINUTE)
    close(proposal)
    assert (proposal.state, carried(proposal)) == ("closed", {ada.id: "agree"})
    assert db.session.get(ResultRow, proposal.id).verdict == "passed"
    assert check_record(record_of(proposal)).passed


def test_counting_twice_adds_nothing(on):
    ada, bo, *_ = on.members
    give(on.group, ada, bo)
    proposal = of_the_group(on)
    vote(proposal, bo, "agree")
    close(proposal)
    before = record_of(proposal)
    with write_transaction():
        closing.count_and_close(proposal, CLOSES + 5 * DRAIN)
    assert record_of(proposal) == before


def test_an_elector_knows_who_votes_for_them_and_for_whom_they_vote(on):
    ada, bo, cy, dee = on.members
    give(on.group, ada, bo)
    proxy = give(on.group, bo, cy)
    proposal = of_the_group(on)
    entry = {party.id: entry_of(proposal.id, party.id) for party in on.members}
    assert mine(proposal, entry[ada.id]) == MyProxies(bo.name)
    assert mine(proposal, entry[bo.id]) == MyProxies(cy.name, givers=(ada.name,))
    assert mine(proposal, entry[cy.id]) == MyProxies(givers=(bo.name, ada.name))
    assert mine(proposal, entry[dee.id]) == MyProxies()
    vote(proposal, ada, "agree")
    assert len(standing_proxies(proposal)) == 2  # or it would tell who has voted
    end(proxy, bo)
    assert len(standing_proxies(proposal)) == 1
    assert mine(proposal, entry[cy.id]) == MyProxies()


@pytest.mark.parametrize(
    ("method", "settings", "choice"),
    [
        ("schulze", {}, [["o2"], ["o1", "o3"]]),
        ("stv-scottish", {"seats": 2}, ["o3", "o1"]),
        ("approval", {}, ["o1", "o3"]),
        ("dot", {"budget": 5}, [["o1", 3], ["o3", 2]]),
    ],
)
def test_ballots_of_every_shape_are_carried_as_they_are(on, method, settings, choice):
    ada, bo, cy, dee = on.members
    give(on.group, ada, bo)
    give(on.group, cy, ada)
    options = numbered(["Ada", "Bea", "Cleo"])
    proposal = of_the_group(on, method=method, settings=settings, options=options)
    own = vote(proposal, bo, choice)
    vote(proposal, dee, choice)
    close(proposal)
    assert set(carried(proposal)) == {ada.id, cy.id}
    assert set(carried(proposal).values()) == {own.choice}
    assert db.session.get(ResultRow, proposal.id).plain["cast"] == 4
    report = check_record(record_of(proposal), proposal.manifest_hash)
    assert report.passed, report.failure
