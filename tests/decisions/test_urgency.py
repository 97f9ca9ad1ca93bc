"""Votes shorter than usual: somebody who did not write them countersigns before they open."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from coopgov.core.errors import Refused
from coopgov.decisions.models import Countersignature, Proposal
from coopgov.decisions.rules.urgency import is_shortened, signing_role
from coopgov.decisions.services import authors, drafting, opening, urgency
from coopgov.groups.models import Seat
from coopgov.infra.check import run_checks
from coopgov.infra.db import db, write_transaction
from coopgov.tally.rule import PRESETS
from tests import factories as make
from tests.conftest import NOW
from tests.decisions.scene import Scene, author_of, draft, scene, terms

HOUR = timedelta(hours=1)
QUICK = replace(PRESETS["ordinary"], urgent=timedelta(hours=24))
SOON = NOW + timedelta(hours=30)
parties = st.frozensets(st.integers(1, 6), max_size=4)


def row(proposal: Proposal) -> Proposal:
    db.session.rollback()
    return db.session.get_one(Proposal, proposal.id)


def refused(reason: str):
    return pytest.raises(Refused, match=f"^{reason}$")


def urgent(on: Scene, **changes) -> Proposal:
    return draft(on, **{"rule": QUICK, "closes_at": SOON, "urgent_reason": "The server burns."} | changes)


def open_now(proposal: Proposal) -> None:
    with write_transaction() as session:
        opening.open_voting(session.get_one(Proposal, proposal.id), NOW)


def signed(proposal: Proposal, party) -> None:
    with write_transaction() as session:
        urgency.countersign(session.get_one(Proposal, proposal.id), party.id, NOW)


@given(st.integers(1, 6), parties, parties, parties)
def test_no_writer_signs_a_convenor_comes_first_and_the_secretary_only_for_want_of_one(
    who, writers, convenors, offices
):
    role = signing_role(who, writers, convenors, offices)
    if who in writers:
        assert role == ""
    elif convenors - writers:
        assert role == ("convenor" if who in convenors else "")
    else:
        assert role == ("membership_secretary" if who in offices else "")


@given(st.integers(0, 400), st.text(max_size=3))
def test_only_a_vote_that_is_shorter_than_usual_for_a_reason_needs_it(hours, reason):
    shortened = is_shortened(QUICK, reason, NOW, NOW + hours * HOUR)
    assert shortened is (bool(reason) and hours * HOUR < QUICK.minimum_voting)


@pytest.mark.usefixtures("app")
class TestCountersigning:
    def test_an_urgent_vote_opens_early_once_the_convenor_has_countersigned_it(self):
        on = scene()
        proposal = urgent(on)
        with refused("urgent.unsigned"):
            open_now(proposal)
        signed(proposal, on.convenor)
        open_now(proposal)
        assert row(proposal).state == "open"
        assert db.session.scalars(select(Countersignature)).one().role == "convenor"
        assert not any(run_checks().values())

    def test_without_it_voting_can_be_as_long_as_usual(self):
        proposal = urgent(scene(), closes_at=NOW + QUICK.minimum_voting)
        open_now(proposal)
        assert row(proposal).state == "open"

    def test_nobody_posts_an_urgent_vote_that_opens_at_once(self):
        with refused("urgent.unsigned"):
            urgent(scene(), open_now=True)
        assert db.session.scalar(select(Proposal.id)) is None

    def test_other_words_need_another_signature(self):
        on = scene()
        proposal = urgent(on)
        signed(proposal, on.convenor)
        with write_transaction() as session:
            changed = terms(rule=QUICK, closes_at=SOON, urgent_reason="I am on holiday from Monday.")
            drafting.mend_proposal(session.get_one(Proposal, proposal.id), on.author.id, changed, NOW)
        with refused("urgent.unsigned"):
            open_now(proposal)
        signed(proposal, on.convenor)
        open_now(proposal)

    def test_neither_authors_nor_members_nor_the_secretary_sign_while_there_is_a_convenor(self):
        on = scene()
        proposal, secretary = urgent(on), make.officer("membership_secretary")
        for party in (on.author, on.members[0], secretary):
            with refused("urgent.not_yours"):
                signed(proposal, party)
        signed(proposal, on.convenor)
        with refused("urgent.signed"):
            signed(proposal, on.convenor)
        with refused("urgent.not_urgent"):
            signed(draft(on), on.convenor)

    def test_the_secretary_signs_where_every_convenor_is_among_the_authors(self):
        on = scene()
        secretary = make.officer("membership_secretary")
        proposal = urgent(replace(on, author=on.convenor))
        with refused("urgent.not_yours"):
            signed(proposal, on.convenor)
        signed(proposal, secretary)
        assert db.session.scalars(select(Countersignature)).one().role == "membership_secretary"

    def test_a_convenor_who_became_a_co_author_does_not_sign(self):
        on = scene()
        proposal = urgent(on)
        with write_transaction() as session:
            mine = session.get_one(Proposal, proposal.id)
            authors.ask_co_author(mine, on.convenor.id, on.author.id, NOW)
            authors.answer(mine, author_of(on.convenor), True, NOW)
        with refused("urgent.not_yours"):
            signed(proposal, on.convenor)

    def test_the_clock_opens_no_urgent_vote_that_nobody_has_countersigned(self, catch_up, clock, client):
        on = scene()
        proposal = urgent(on, opens_at=NOW + HOUR, closes_at=SOON)
        clock.forward(hours=1)
        catch_up()
        assert row(proposal).state == "draft"
        assert "nobody had countersigned" in client.get(proposal.path).text

    def test_the_check_finds_a_signature_by_who_wrote_it(self):
        on = scene()
        proposal = urgent(on)
        with write_transaction() as session:
            facts = {"urgent_reason": "x", "role": "convenor", "at": NOW}
            session.add(Countersignature(proposal_id=proposal.id, by_id=on.author.id, **facts))
        assert [name for name, faults in run_checks().items() if faults] == [
            "urgent votes are countersigned by somebody else"
        ]

    def test_the_convenor_is_told_reads_why_and_countersigns_on_a_page(self, sign_in, client, catch_up, mails):
        on = scene()
        proposal = urgent(on)
        catch_up()
        (mail,) = mails()
        assert mail["Subject"] == "Please countersign: Move to our own server"
        assert "The server burns." in mail.get_body(("plain",)).get_content()
        assert "Not countersigned yet" in client.get(proposal.path).text
        convenor, member = sign_in(on.convenor.id), sign_in(on.members[0].id)
        assert f"/p/{proposal.id}/countersign" in convenor.get(proposal.path).text
        assert f"/p/{proposal.id}/countersign" not in member.get(proposal.path).text
        assert "The server burns." in convenor.get(f"/p/{proposal.id}/countersign").text
        assert member.get(f"/p/{proposal.id}/countersign").status_code == 403
        assert member.submit(f"/p/{proposal.id}/countersign").status_code == 403
        assert convenor.submit(f"/p/{proposal.id}/countersign").status_code == 303
        page = client.get(row(proposal).path).text
        assert "Countersigned by a convenor of the group" in page
        assert "Con Venor" not in page.split("Countersigned by")[1].split("</p>")[0]

    def test_urgent_stands_in_lists_and_in_the_mail_of_the_opening(self, sign_in, client, catch_up, mails):
        on = scene()
        proposal = urgent(on)
        signed(proposal, on.convenor)
        open_now(proposal)
        for path in ("/decisions", on.thread.path):
            assert "<strong>Urgent</strong>" in client.get(path).text
        catch_up()
        ballots = [mail for mail in mails() if mail["Subject"].startswith("Vote by")]
        assert ballots
        assert all("Urgent: The server burns." in mail.get_body(("plain",)).get_content() for mail in ballots)

    def test_who_left_the_place_of_convenor_signs_no_more(self):
        on = scene()
        proposal = urgent(on)
        with write_transaction() as session:
            session.scalars(select(Seat).filter_by(party_id=on.convenor.id)).one().ends_at = NOW - HOUR
        with refused("urgent.not_yours"):
            signed(proposal, on.convenor)
