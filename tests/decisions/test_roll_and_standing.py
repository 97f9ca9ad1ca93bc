"""Who is on a roll is decided by the standing at the instant of opening, and by nothing that happens later."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from sqlalchemy import func, select

from coopgov.decisions.models import Proposal
from coopgov.decisions.queries.rolls import electors, roll_at
from coopgov.decisions.services import opening
from coopgov.funding.models import Contribution
from coopgov.identity.models import Party
from coopgov.infra.db import db, write_transaction
from coopgov.membership.models import Relief
from coopgov.membership.queries.standing import judgement
from coopgov.membership.rules.standing import Standing
from tests import factories as make
from tests.conftest import NOW, Browser
from tests.decisions.scene import close, draft, opened, scene, vote
from tests.membership.dues import asks_dues, contribution

pytestmark = pytest.mark.usefixtures("app")
DAY = timedelta(days=1)
LONG_AGO = NOW - 300 * DAY
SignIn = Callable[[int], Browser]


def paid_up(*parties: Party, until: date = date(2027, 6, 30)) -> None:
    for party in parties:
        contribution(party, NOW - 30 * DAY, covers_to=until)


def words(browser: Browser, path: str) -> str:
    return " ".join(browser.get(path).text.split())


def test_members_in_arrears_are_not_on_the_roll_and_read_how_late_they_are(sign_in: SignIn):
    asks_dues(LONG_AGO)
    on = scene(members=1)
    paid_up(on.author, on.convenor)
    late = on.members[0]
    paid_up(late, until=date(2026, 10, 1))
    proposal = opened(on)
    assert electors(proposal.id) == {on.author.id, on.convenor.id}
    page = words(sign_in(late.id), proposal.path)
    assert "Your dues were 52 days late when voting opened" in page
    assert 'href="/me/dues/relief"' in page
    assert "Your dues were 52 days late" in words(sign_in(late.id), f"/p/{proposal.id}/roll")


def test_who_falls_into_arrears_during_a_vote_stays_on_the_roll_and_the_ballot_counts():
    """Edge case 12, first half."""
    asks_dues(LONG_AGO, grace_days=0)
    on = scene(members=0)
    paid_up(on.author, until=date(2026, 11, 23))
    paid_up(on.convenor)
    proposal = opened(on)
    assert judgement(on.author.id, NOW + 3 * DAY).standing is Standing.ARREARS
    vote(proposal, on.author, at=NOW + 3 * DAY)
    assert close(proposal).state == "closed"
    assert electors(proposal.id) == {on.author.id, on.convenor.id}


def test_who_pays_after_voting_opened_stays_off_and_reads_that_it_counts_for_the_next_vote(
    sign_in: SignIn,
):
    """Edge case 12, second half."""
    asks_dues(LONG_AGO, grace_days=0)
    on = scene(members=1)
    paid_up(on.author, on.convenor)
    proposal = opened(on)
    contribution(on.members[0], NOW + DAY, covers_to=date(2026, 12, 22))
    assert judgement(on.members[0].id, NOW + DAY).votes
    assert on.members[0].id not in electors(proposal.id)
    assert "What you do now counts for the next vote" in words(sign_in(on.members[0].id), proposal.path)


def test_a_young_member_is_not_on_the_roll_before_the_day_that_the_rule_names(sign_in: SignIn):
    """Edge case 13."""
    asks_dues(LONG_AGO, asks_dues=False, min_age_days=30)
    on = scene(members=0)
    young, old = make.member(admitted_at=NOW - 29 * DAY), make.member(admitted_at=NOW - 30 * DAY)
    proposal = opened(on)
    assert {old.id, on.author.id} <= electors(proposal.id)
    assert young.id not in electors(proposal.id)
    assert "One votes 30 days after joining" in words(sign_in(young.id), proposal.path)


def test_who_joins_during_a_vote_is_off_whatever_the_rule(sign_in: SignIn):
    """Edge case 13."""
    on = scene(members=0)
    proposal = opened(on)
    late = make.member(admitted_at=NOW + DAY)
    assert late.id not in electors(proposal.id)
    assert "after voting had opened" in words(sign_in(late.id), proposal.path)


def test_a_relief_that_ends_during_a_vote_leaves_its_member_on_the_roll():
    """Edge case 14."""
    asks_dues(LONG_AGO, grace_days=0)
    on = scene(members=0)
    paid_up(on.author, on.convenor)
    poor = make.member()
    with write_transaction() as session:
        session.add(
            Relief(
                party_id=poor.id,
                kind="paused",
                currency="GBP",
                starts_at=NOW - 90 * DAY,
                ends_at=NOW + DAY,
                by_id=poor.id,
                created_at=NOW - 90 * DAY,
            )
        )
    proposal = opened(on)
    vote(proposal, poor, at=NOW + 2 * DAY)
    assert poor.id in electors(proposal.id)


def test_a_refund_after_voting_changes_the_standing_and_not_the_vote():
    """Edge case 15."""
    asks_dues(LONG_AGO, grace_days=0)
    on = scene(members=0)
    paid_up(on.convenor)
    paid = contribution(on.author, NOW - 30 * DAY, covers_to=date(2027, 6, 30))
    proposal = opened(on)
    ballot = vote(proposal, on.author)
    with write_transaction() as session:
        row = session.get_one(Contribution, paid.id)
        row.void_at, row.status, row.refunded_minor = NOW + DAY, "refunded", row.gross_minor
    assert judgement(on.author.id, NOW + 2 * DAY).standing is Standing.ARREARS
    assert close(proposal).roll_size == 2
    db.session.refresh(ballot)
    assert ballot.choice == "agree"


def test_whose_first_payment_is_under_way_is_told_so_and_votes_only_where_the_rule_says_so(sign_in: SignIn):
    """Edge case 18: while a debit is pending nobody is in arrears; voting waits for it."""
    asks_dues(LONG_AGO)
    on = scene(members=0)
    paid_up(on.author, on.convenor)
    new = make.member(admitted_at=NOW - DAY)
    contribution(new, NOW - DAY, covers_to=date(2026, 12, 21), status="pending", remote_status="pending")
    proposal = opened(on)
    assert new.id not in electors(proposal.id)
    assert "Voting opens for you when it arrives" in words(sign_in(new.id), proposal.path)
    with write_transaction():
        pass
    asks_dues(NOW + DAY, pending_votes=True)
    assert new.id in {party_id for party_id, _ in roll_at(proposal, NOW + DAY)}


def test_a_debit_under_way_when_grace_ends_keeps_from_arrears():
    """Edge case 18."""
    asks_dues(LONG_AGO, grace_days=0)
    ada = make.member()
    contribution(ada, NOW - 60 * DAY, covers_to=date(2026, 11, 20))
    contribution(ada, NOW - DAY, covers_to=date(2026, 12, 20), status="pending", remote_status="pending")
    assert judgement(ada.id, NOW).why == "on_its_way"


def test_many_who_would_be_kept_off_by_a_mistake_of_ours_are_on_the_roll():
    """Edge case 17: the guard looks before the roll is frozen."""
    asks_dues(LONG_AGO, grace_days=0)
    on = scene(members=8)
    paid_up(on.author, on.convenor)
    paid_up(*on.members, until=date(2026, 11, 21))
    proposal = opened(on)
    assert proposal.roll_size == 10


def test_a_roll_of_300_takes_no_statement_for_each_elector(statements):
    asks_dues(LONG_AGO)
    on = scene(members=0)
    paid_up(on.author, on.convenor)
    few = _sent_to_open(on, statements)
    with write_transaction():
        people = [make.member() for _ in range(300)]
        ids = [person.id for person in people]
    with write_transaction() as session:
        for n, party_id in enumerate(ids):
            session.add_all(
                Contribution(
                    source="stripe",
                    remote_id=f"in_{n}_{month}",
                    party_id=party_id,
                    gross_minor=300,
                    currency="GBP",
                    status="succeeded",
                    paid_at=NOW - 30 * month * DAY,
                    settles_in="assets:stripe",
                    covers_from=(NOW - 30 * month * DAY).date(),
                    covers_to=(NOW - 30 * (month - 1) * DAY).date(),
                    created_at=NOW,
                    updated_at=NOW,
                )
                for month in range(12)
            )
    assert _sent_to_open(on, statements) < few + 20  # rows are written in batches
    assert db.session.scalar(select(func.max(Proposal.roll_size))) >= 300


def _sent_to_open(on, statements) -> int:
    proposal = draft(on)
    with statements() as sent, write_transaction():
        opening.open_voting(proposal, NOW)
    return len(sent)
