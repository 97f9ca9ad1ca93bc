"""An organisation is one elector: whoever acts for it puts its one vote in."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from coopgov.core.errors import Refused
from coopgov.decisions.models import Ballot, Proposal
from coopgov.decisions.queries.rolls import entry_of
from coopgov.decisions.services import paper, rolls
from coopgov.decisions.services.delegates import cast_for_organisation
from coopgov.identity.models import Login, Party
from coopgov.infra.audit import AuditRow
from coopgov.infra.db import db, write_transaction
from coopgov.membership.services.delegates import admit_organisation, appoint_delegate, end_delegation
from coopgov.tally.verify import check_record
from tests import factories as make
from tests.conftest import NOW, Browser
from tests.decisions.scene import close, opened, scene, vote
from tests.decisions.test_rolls import SECRET

pytestmark = pytest.mark.usefixtures("app")
BEFORE = NOW - timedelta(days=1)


def address(party: Party) -> str:
    return str(db.session.scalars(select(Login.email).where(Login.party_id == party.id)).one())


@pytest.fixture
def secretary(app) -> Party:
    return make.officer("membership_secretary", "Sec Retary")


@pytest.fixture
def printers(secretary: Party) -> Party:
    with write_transaction():
        return admit_organisation("Printers’ Co-op", secretary.id, BEFORE)


def delegate(organisation: Party, party: Party, by: Party):
    with write_transaction():
        return appoint_delegate(organisation.id, address(party), by.id, BEFORE)


def cast(proposal: Proposal, organisation: Party, by: Party, choice: str = "agree", at=NOW) -> Ballot:
    with write_transaction():
        return cast_for_organisation(proposal.id, organisation.id, by.id, choice, "", at)


def words(browser: Browser, path: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", browser.get(path).text).split())


def test_a_delegate_votes_for_the_organisation_and_for_themselves(printers, secretary, sign_in, client: Browser):
    on = scene(1)
    me = on.members[0]
    delegate(printers, me, secretary)
    proposal, browser = opened(on), sign_in(me.id)
    assert "You vote for Printers’ Co-op." in words(browser, proposal.path)
    assert "for Printers’ Co-op" in words(browser, "/me")
    path = f"/p/{proposal.id}/for/{printers.id}"
    assert browser.get(f"/p/{proposal.id}/for").location == path
    assert browser.submit(path).status_code == 422
    answer = browser.submit(path, choice="disagree", reason="Too dear.")
    assert (answer.status_code, answer.location) == (303, f"{proposal.path}?said=organisation-voted")
    assert "Organisations wait" not in words(browser, "/me")
    vote(proposal, me, "agree")
    rows = db.session.scalars(select(Ballot).order_by(Ballot.id)).all()
    assert [(row.choice, row.public_name, row.entered_by) for row in rows] == [
        ("disagree", "Printers’ Co-op", me.id),
        ("agree", me.name, None),
    ]
    assert "through its delegate" in words(client, proposal.path)
    audited = select(AuditRow.actor).where(AuditRow.act == "ballot.cast").order_by(AuditRow.number)
    assert db.session.scalars(audited).first() == f"party:{me.id}"
    close(proposal)
    assert check_record(client.get(f"/p/{proposal.id}/record.json").data).failure is None


def test_of_two_delegates_the_later_vote_counts_and_the_organisation_has_one(printers, secretary, client: Browser):
    on = scene(2)
    for member in on.members:
        delegate(printers, member, secretary)
    proposal = opened(on)
    for member, choice in zip(on.members, ("agree", "disagree"), strict=True):
        cast(proposal, printers, member, choice)
    assert "1 of 6 on the roll voted" in words(client, proposal.path)
    assert "Disagree 1 Printers’ Co-op" in words(client, proposal.path)


def test_who_is_a_delegate_no_more_leaves_the_vote_and_the_next_one_can_change_it(printers, secretary, sign_in):
    on = scene(2)
    former, new = on.members
    row = delegate(printers, former, secretary)
    proposal = opened(on)
    cast(proposal, printers, former, "agree")
    with write_transaction():
        end_delegation(row, secretary.id, NOW)
    with pytest.raises(Refused, match="not_yours"):
        cast(proposal, printers, former, "disagree")
    assert sign_in(former.id).get(f"/p/{proposal.id}/for/{printers.id}").status_code == 404
    assert "You vote for" not in words(sign_in(former.id), proposal.path)
    assert db.session.scalars(select(Ballot.choice)).all() == ["agree"]
    delegate(printers, new, secretary)
    assert cast(proposal, printers, new, "disagree").sequence == 2


def test_a_delegate_need_not_be_a_member_to_read_and_vote(printers, secretary, sign_in):
    on, outsider = scene(1, is_public=False), make.person("Out Sider")
    delegate(printers, outsider, secretary)
    proposal = opened(on)
    browser = sign_in(outsider.id)
    assert browser.get(proposal.path).status_code == 200
    assert browser.submit(f"/p/{proposal.id}/for/{printers.id}", choice="agree").status_code == 303
    assert sign_in(make.person().id).get(proposal.path).status_code == 404


def test_calls_results_and_paper_votes_reach_the_delegate(printers, secretary, catch_up, mails, clock):
    on, outsider = scene(0), make.person("Out Sider")
    delegate(printers, outsider, secretary)
    proposal = opened(on)
    catch_up()

    def mine() -> list[str]:
        return [mail["Subject"].partition(":")[0] for mail in mails() if mail["To"] == address(outsider)]

    assert mine() == ["An organisation votes through you"]
    with write_transaction():
        entry = entry_of(proposal.id, printers.id)
        paper.enter_paper_ballot(entry, "agree", "", secretary.id, "Box 3", NOW, NOW)
    catch_up()
    assert mine()[1:] == ["Your paper vote was entered"]
    clock.forward(days=6, hours=12)
    catch_up()
    assert len(mine()) == 2  # it has voted
    clock.forward(days=1)
    catch_up()
    assert len(mine()) == 3


def test_strangers_secret_votes_and_closed_ones_are_refused(printers, secretary, sign_in, clock):
    on = scene(1)
    me = on.members[0]
    delegate(printers, me, secretary)
    proposal, secret = opened(on), opened(on, rule=SECRET)
    for path in (f"/p/{proposal.id}/for", f"/p/{proposal.id}/for/{printers.id}", f"/p/{proposal.id}/for/999"):
        assert sign_in(on.author.id).get(path).status_code == 404
    assert sign_in(me.id).get(f"/p/{secret.id}/for/{printers.id}").status_code == 409
    with pytest.raises(Refused, match="secret"):
        cast(secret, printers, me)
    with pytest.raises(Refused, match="closed"):
        cast(proposal, printers, me, at=proposal.closes_at)
    with write_transaction():
        rolls.remove_elector(proposal, printers.id, secretary.id, "Dissolved.", NOW)
    with pytest.raises(Refused, match="not_on_roll"):
        cast(proposal, printers, me)
