"""The roll: whom the rule asks, its root and proofs, amendments in the open, interests, paper votes."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from coopgov.core.errors import Refused
from coopgov.decisions.models import Ballot, Proposal, RollAmendment
from coopgov.decisions.queries.lists import ballots_waiting
from coopgov.decisions.queries.rolls import electors, electors_without_ballot, entry_of, roll_at
from coopgov.decisions.services import paper, rolls
from coopgov.decisions.services.opening import open_voting
from coopgov.identity.models import Login, Party
from coopgov.infra.audit import AuditRow
from coopgov.infra.check import run_checks
from coopgov.infra.db import db, write_transaction
from coopgov.membership.models import Membership
from coopgov.tally.merkle import leaf_of, proves
from coopgov.tally.rule import PRESETS, Electors, Secrecy
from coopgov.tally.verify import check_record
from tests import factories as make
from tests.conftest import NOW, Browser
from tests.decisions.scene import OPENLY, close, draft, link, opened, scene, vote, vote_all
from tests.membership.dues import asks_dues, contribution

pytestmark = pytest.mark.usefixtures("app")
DAY, MOMENT = timedelta(days=1), timedelta(microseconds=1)
SECRET = replace(PRESETS["ordinary"], secrecy=Secrecy.SECRET)
SignIn = Callable[[int], Browser]


def organisation(name: str = "Printers’ Co-op") -> Party:
    party = make.member(name, kind="organisation")
    with write_transaction() as session:
        session.query(Login).filter_by(party_id=party.id).delete()
    return party


def amend(act: Callable[..., object], proposal: Proposal, party: Party, by: Party, reason: str = "A slip.", at=NOW):
    with write_transaction():
        return act(proposal, party.id, by.id, reason, at)


def refused(act: Callable[..., object], *args: object, **kwargs: object) -> str:
    with pytest.raises(Refused) as no:
        amend(act, *args, **kwargs)
    return no.value.reason


def words(browser: Browser, path: str) -> str:
    text = re.sub(r"<[^>]+>", " ", browser.get(path).text)
    return " ".join(text.split())


@pytest.fixture
def secretary(app) -> Party:
    return make.officer("membership_secretary", "Sec Retary")


class TestWhomTheRuleAsks:
    @pytest.mark.parametrize(("asked", "on_it"), [("all", "po"), ("persons", "p"), ("organisations", "o")])
    def test_people_and_organisations_are_on_the_roll_as_the_rule_says(self, asked: str, on_it: str):
        on, printers = scene(0), organisation()
        proposal = opened(on, rule=replace(OPENLY, electors=Electors(asked)))
        found = electors(proposal.id)
        assert (on.author.id in found, printers.id in found) == ("p" in on_it, "o" in on_it)

    def test_a_person_reads_that_only_organisations_vote(self, sign_in: SignIn):
        on, _ = scene(0), organisation()
        proposal = opened(on, rule=replace(OPENLY, electors=Electors.ORGANISATIONS))
        assert "Only organisations vote on this" in words(sign_in(on.author.id), proposal.path)

    def test_members_of_fewer_days_than_the_rule_asks_are_not_on_it_and_the_very_instant_is_too_late(
        self, sign_in: SignIn
    ):
        on = scene(0)
        young = make.member("Young", admitted_at=NOW - 90 * DAY)
        old = make.member("Old", admitted_at=NOW - 90 * DAY - MOMENT)
        proposal = opened(on, rule=replace(OPENLY, cooling_off_days=90))
        assert electors(proposal.id) == {on.author.id, on.convenor.id, old.id}
        assert "One votes 90 days after joining" in words(sign_in(young.id), proposal.path)

    def test_who_comes_back_begins_anew(self):
        on, back = scene(0), make.member("Back", admitted_at=NOW - DAY)
        with write_transaction() as session:
            gone = {"party_id": back.id, "number": 99, "admitted_at": NOW - 900 * DAY, "ceased_at": NOW - 2 * DAY}
            session.add(Membership(**gone))
        assert back.id not in electors(opened(on, rule=replace(OPENLY, cooling_off_days=90)).id)

    @pytest.mark.parametrize(("minutes", "is_on"), [(-1, True), (0, False), (1, False)])
    def test_dues_paid_before_the_opening_count_and_at_its_very_instant_they_do_not(
        self, minutes: int, is_on: bool, sign_in: SignIn
    ):
        """Edge case 14."""
        asks_dues(NOW - 300 * DAY, grace_days=0)
        on = scene(1)
        for party in (on.author, on.convenor):
            contribution(party, NOW - 30 * DAY, covers_to=(NOW + 200 * DAY).date())
        late = on.members[0]
        contribution(late, NOW - 90 * DAY, covers_to=(NOW - 60 * DAY).date())
        contribution(late, NOW + timedelta(minutes=minutes), covers_to=(NOW + 200 * DAY).date())
        proposal = opened(on)
        assert (late.id in electors(proposal.id)) is is_on
        if not is_on:
            assert "Your dues were 60 days late when voting opened" in words(sign_in(late.id), proposal.path)

    def test_who_joins_or_takes_a_seat_after_the_opening_is_late_and_at_its_very_instant_is_not(self):
        """Edge case 11, first half."""
        on = scene(0)
        new, newer = make.member(admitted_at=NOW), make.member(admitted_at=NOW + MOMENT)
        sat, later = make.member(), make.member()
        for party, at in ((sat, NOW), (later, NOW + MOMENT)):
            make.seat(on.group, party, starts_at=at)
        everybody, group = electors(opened(on).id), electors(opened(on, electorate="group").id)
        assert (new.id in everybody, newer.id in everybody) == (True, False)
        assert (sat.id in group, later.id in group) == (True, False)

    def test_who_sits_in_two_groups_has_one_line(self):
        """Edge case 17: there are no joint votes of groups; the electorate is one group or the co-op."""
        on = scene(1)
        make.seat(make.group("Other"), on.members[0])
        roll = [party for party, _ in roll_at(opened(on), NOW)]
        assert roll.count(on.members[0].id) == 1


class TestRootAndProof:
    def test_the_public_reads_root_and_leaves_and_no_name(self, client: Browser):
        on = scene()
        proposal = opened(on)
        page = client.get(f"/p/{proposal.id}/roll")
        assert page.status_code == 200
        assert proposal.roll_root in page.text
        assert on.author.name not in page.text
        assert page.headers["Cache-Control"].startswith("public")
        file = json.loads(client.get(f"/p/{proposal.id}/roll.json").text)
        assert (file["root"], len(file["leaves"]), file["amendments"]) == (proposal.roll_root, 5, [])

    def test_an_elector_gets_a_proof_that_leads_to_the_published_root(self, sign_in: SignIn):
        on = scene()
        proposal = opened(on)
        browser = sign_in(on.members[0].id)
        assert f'href="/p/{proposal.id}/roll/proof.json"' in browser.get(f"/p/{proposal.id}/roll").text
        file = json.loads(browser.get(f"/p/{proposal.id}/roll/proof.json").text)
        assert set(file) == {"leaf", "salt", "member_number", "proof", "root"}
        assert leaf_of(file["salt"], file["member_number"]) == file["leaf"]
        assert proves(file["leaf"], file["proof"], proposal.roll_root)

    def test_nobody_else_gets_a_proof(self, client: Browser, sign_in: SignIn):
        on = scene()
        proposal = opened(on)
        late = make.member("Late", admitted_at=NOW + DAY)
        for browser in (client, sign_in(late.id), sign_in(make.person().id)):
            assert browser.get(f"/p/{proposal.id}/roll/proof.json").status_code == 404
        assert sign_in(on.author.id).get("/p/999/roll/proof.json").status_code == 404

    def test_the_roll_of_a_members_only_vote_does_not_exist_for_the_public(self, client: Browser, sign_in: SignIn):
        on = scene(is_public=False)
        proposal = opened(on)
        for path in (f"/p/{proposal.id}/roll", f"/p/{proposal.id}/roll.json"):
            assert client.get(path).status_code == 404
            assert sign_in(on.author.id).get(path).status_code == 200

    def test_a_draft_has_no_file(self, client: Browser):
        assert client.get(f"/p/{draft(scene()).id}/roll.json").status_code == 404


class TestAmendments:
    def test_who_was_forgotten_is_added_votes_and_gets_the_ballot(
        self, secretary: Party, catch_up, mails, sign_in: SignIn
    ):
        """Edge case 11, second half: only an amendment puts somebody on later."""
        on = scene()
        proposal = opened(on)
        catch_up()
        before = len(mails())
        late = make.member("Late Comer", admitted_at=NOW)
        amend(rolls.add_elector, proposal, late, secretary, "Admitted on Monday, entered too late.")
        assert proposal.roll_size == 7
        vote(proposal, late, "disagree")
        catch_up()
        (mail,) = mails()[before:]
        assert (mail["To"], "vote" in mail["Subject"].lower()) == (f"{login(late)}", True)
        file = json.loads(sign_in(late.id).get(f"/p/{proposal.id}/roll/proof.json").text)
        assert (file["proof"], leaf_of(file["salt"], file["member_number"])) == (None, file["leaf"])
        roll = json.loads(sign_in(late.id).get(f"/p/{proposal.id}/roll.json").text)
        assert [(a["leaf"], a["act"]) for a in roll["amendments"]] == [(file["leaf"], "added")]
        assert proposal.roll_root == roll["root"]

    @pytest.mark.parametrize(("act", "word"), [(rolls.remove_elector, "removed"), (rolls.recuse, "recused")])
    def test_who_is_taken_off_votes_no_more_and_a_vote_cast_does_not_count(
        self, act, word: str, secretary: Party, sign_in: SignIn, app, client: Browser
    ):
        """Edge cases 12 and 51: out of the base, still on the list with a mark."""
        on = scene()
        proposal = opened(on)
        vote_all(proposal, on.members, "disagree", "agree")
        gone = on.members[0]
        address = link(app, proposal, gone)
        amend(act, proposal, gone, secretary, "Not a member since June.")
        assert (proposal.roll_size, gone.id in electors(proposal.id)) == (5, False)
        with pytest.raises(Refused, match="not_on_roll"):
            vote(proposal, gone, "agree")
        assert client.get(address).status_code == 404
        assert "Not a member since June." in words(sign_in(gone.id), proposal.path)
        assert "1 of 5 on the roll voted" in words(sign_in(on.author.id), proposal.path)
        assert gone.name in words(sign_in(on.author.id), f"/p/{proposal.id}/roll")
        closed = close(proposal)
        report = check_record(client.get(f"/p/{closed.id}/record.json").data)
        assert (report.failure, report.verdict) == (None, "passed")
        assert [a.act for a in db.session.scalars(select(RollAmendment))] == [word]
        assert not any(run_checks().values())

    def test_nobody_who_was_taken_off_is_reminded_or_asked(self, secretary: Party):
        on = scene()
        proposal = opened(on)
        amend(rolls.remove_elector, proposal, on.members[0], secretary)
        assert on.members[0].id not in electors_without_ballot(proposal.id)
        assert ballots_waiting(on.members[0].id, NOW) == []

    def test_changes_stand_beside_the_result_with_names_for_members_only(
        self, secretary: Party, client: Browser, sign_in: SignIn
    ):
        on = scene()
        proposal = opened(on)
        amend(rolls.remove_elector, proposal, on.members[0], secretary, "Left in June.")
        amend(rolls.recuse, proposal, on.members[1], on.members[1], "My brother would get the order.")
        close(proposal)
        for path in (proposal.path, f"/p/{proposal.id}/roll"):
            public, member = words(client, path), words(sign_in(on.author.id), path)
            for page in (public, member):
                assert "Changes of the roll" in page
                assert "Left in June." in page
                assert "My brother would get the order." in page
            assert "by Sec Retary, membership secretary" in member
            assert "Sec Retary" not in public
            assert on.members[1].name in member
            assert on.members[1].name not in public
        assert "5 members could vote" not in words(client, f"/p/{proposal.id}/roll")
        assert "has 4 members now" in words(client, f"/p/{proposal.id}/roll")

    def test_each_leaves_an_audit_row_without_words_and_a_mail_to_who_was_taken_off(
        self, secretary: Party, catch_up, mails
    ):
        on = scene()
        proposal = opened(on)
        catch_up()
        before = len(mails())
        amend(rolls.remove_elector, proposal, on.members[0], secretary, "Left in June.")
        amend(rolls.recuse, proposal, on.members[1], on.members[1], "My brother.")
        rows = db.session.scalars(select(AuditRow).where(AuditRow.act.like("roll.%")).order_by(AuditRow.number)).all()
        assert [(row.act, row.actor) for row in rows] == [
            ("roll.removed", f"party:{secretary.id}"),
            ("roll.recused", f"party:{on.members[1].id}"),
        ]
        assert "June" not in str([row.details for row in rows])
        catch_up()
        (mail,) = mails()[before:]
        assert mail["To"] == login(on.members[0])
        assert "Left in June." in mail.get_body(("plain",)).get_content()

    def test_what_cannot_be_amended_is_refused(self, secretary: Party):
        on = scene()
        proposal, other = opened(on), make.member(admitted_at=NOW)
        stranger, printers = make.person(), organisation()
        persons = opened(on, rule=replace(OPENLY, electors=Electors.PERSONS))
        assert refused(rolls.add_elector, proposal, other, secretary, " ") == "roll.reason_needed"
        assert refused(rolls.add_elector, proposal, other, secretary, "x" * 501) == "proposal.reason_too_long"
        assert refused(rolls.add_elector, proposal, other, other) == "roll.own"
        assert refused(rolls.remove_elector, proposal, secretary, secretary) == "roll.own"
        assert refused(rolls.add_elector, proposal, on.author, secretary) == "roll.already"
        assert refused(rolls.add_elector, proposal, stranger, secretary) == "member.not"
        assert refused(rolls.add_elector, persons, printers, secretary) == "roll.wrong_kind"
        assert refused(rolls.remove_elector, proposal, other, secretary) == "roll.not_on_it"
        amend(rolls.remove_elector, proposal, on.author, secretary)
        assert refused(rolls.recuse, proposal, on.author, secretary) == "roll.not_on_it"
        assert refused(rolls.add_elector, proposal, on.author, secretary) == "roll.taken_off"

    def test_nothing_is_amended_before_opening_from_the_closing_on_or_in_a_secret_vote(self, secretary: Party):
        """Edge case 34."""
        on = scene()
        proposal, secret = opened(on), opened(on, rule=SECRET)
        late = make.member(admitted_at=NOW)
        for act, party in ((rolls.add_elector, late), (rolls.remove_elector, on.author), (rolls.recuse, on.author)):
            assert refused(act, draft(on), party, secretary) == "proposal.too_late"
            assert refused(act, proposal, party, secretary, at=proposal.closes_at) == "proposal.too_late"
            assert refused(act, secret, party, secretary) == "roll.secret"
        close(proposal)
        assert refused(rolls.add_elector, proposal, late, secretary) == "proposal.too_late"

    def test_the_last_elector_stays(self, secretary: Party):
        on = scene(0)
        proposal = opened(on, electorate="group")
        amend(rolls.remove_elector, proposal, on.convenor, secretary)
        assert refused(rolls.remove_elector, proposal, on.author, secretary) == "roll.last"

    def test_amendments_are_in_order_although_requests_got_the_lock_in_another(self, secretary: Party, client: Browser):
        on = scene()
        proposal = opened(on)
        amend(rolls.remove_elector, proposal, on.members[0], secretary, at=NOW + timedelta(seconds=9))
        amend(rolls.remove_elector, proposal, on.members[1], secretary, at=NOW + timedelta(seconds=1))
        close(proposal)
        assert check_record(client.get(f"/p/{proposal.id}/record.json").data).failure is None

    def test_the_check_finds_a_roll_that_is_not_the_published_one(self):
        proposal = opened(scene())
        with write_transaction():
            proposal.roll_root = "0" * 64
        found = run_checks()["rolls are those whose root was published"]
        assert found == [f"proposal {proposal.id}: the roll is not the one whose root was published"]

    def test_the_check_finds_an_amendment_from_after_the_closing(self, secretary: Party):
        on = scene()
        proposal = opened(on)
        amend(rolls.remove_elector, proposal, on.author, secretary)
        with write_transaction():
            proposal.closes_at = NOW
        assert run_checks()["rolls are amended while voting by name is open"] != []


def login(party: Party) -> str:
    return str(db.session.scalars(select(Login.email).where(Login.party_id == party.id)).one())


class TestKeepingItOnThePages:
    def test_the_secretary_adds_by_number_after_seeing_the_name(self, secretary: Party, sign_in: SignIn):
        on = scene()
        proposal = opened(on)
        late, browser = make.member("Late Comer", admitted_at=NOW), sign_in(secretary.id)
        path = f"/p/{proposal.id}/roll/add"
        number = db.session.scalars(select(Membership.number).where(Membership.party_id == late.id)).one()
        assert 'name="member"' in browser.get(f"/p/{proposal.id}/roll").text
        assert "Add Late Comer to the roll?" in browser.get(f"{path}?member={number}").text
        assert "Nobody is a member now under the number 999" in browser.get(f"{path}?member=999").text
        assert browser.submit(path, member="²", reason="Yes").status_code == 422
        assert browser.submit(path, member=number, reason=" ").status_code == 422
        answer = browser.submit(path, member=number, reason="Entered too late.")
        assert (answer.status_code, answer.location) == (303, f"/p/{proposal.id}/roll?said=roll-added")
        assert late.id in electors(proposal.id)
        assert browser.submit(path, member=number, reason="Again.").status_code == 409

    @pytest.mark.parametrize("act", ["removed", "recused"])
    def test_the_secretary_takes_somebody_off(self, act: str, secretary: Party, sign_in: SignIn):
        on = scene()
        proposal, browser = opened(on), sign_in(secretary.id)
        entry = entry_of(proposal.id, on.members[0].id)
        path = f"/p/{proposal.id}/roll/{entry.id}/off"
        assert f'href="{path}"' in browser.get(f"/p/{proposal.id}/roll").text
        assert "Take Member 0 off the roll?" in browser.get(path).text
        assert browser.submit(path, act=act, reason="").status_code == 422
        assert browser.submit(path, act=act, reason="Left in June.").status_code == 303
        assert db.session.scalars(select(RollAmendment.act)).one() == act
        assert browser.get(path).status_code == 404

    def test_others_cannot_nor_the_secretary_who_wrote_the_proposal(self, secretary: Party, sign_in: SignIn):
        on = scene()
        entry_path = "/p/{}/roll/{}/off"
        proposal = opened(on)
        path = entry_path.format(proposal.id, entry_of(proposal.id, on.members[0].id).id)
        for party in (on.author, on.convenor, make.officer("admin")):
            assert sign_in(party.id).get(path).status_code == 404
            assert sign_in(party.id).submit(path, act="removed", reason="No.").status_code == 404
            assert "Take off" not in sign_in(party.id).get(f"/p/{proposal.id}/roll").text
        own = opened(replace(on, author=secretary))
        path = entry_path.format(own.id, entry_of(own.id, on.members[0].id).id)
        assert sign_in(secretary.id).submit(path, act="removed", reason="No.").status_code == 403
        assert "Take off" not in sign_in(secretary.id).get(f"/p/{own.id}/roll").text

    def test_lines_of_other_votes_are_not_found(self, secretary: Party, sign_in: SignIn):
        on = scene()
        one, two = opened(on), opened(on)
        path = f"/p/{one.id}/roll/{entry_of(two.id, on.author.id).id}"
        for part in ("off", "paper"):
            assert sign_in(secretary.id).get(f"{path}/{part}").status_code == 404


class TestInterests:
    def test_an_elector_declares_an_interest_and_votes_no_more(self, sign_in: SignIn):
        on = scene()
        proposal, me = opened(on), on.members[0]
        vote(proposal, me)
        browser = sign_in(me.id)
        assert f'href="/p/{proposal.id}/recuse"' in browser.get(proposal.path).text
        assert "Declare an interest and not vote?" in browser.get(f"/p/{proposal.id}/recuse").text
        answer = browser.submit(f"/p/{proposal.id}/recuse", reason="")
        assert answer.location == f"{proposal.path}?said=roll-recused"
        row = db.session.scalars(select(RollAmendment)).one()
        assert (row.act, row.reason, row.by_id) == ("recused", "Interest declared", me.id)
        assert "An interest of yours in this was declared" in words(browser, proposal.path)
        assert browser.get(f"/p/{proposal.id}/recuse").status_code == 409

    def test_who_declares_it_before_the_opening_is_not_put_on_the_roll(self, sign_in: SignIn, client: Browser):
        """In a secret vote this is the only time."""
        on = scene()
        proposal, me = draft(on, rule=SECRET, discuss=True, opens_at=NOW + DAY), on.members[0]
        browser = sign_in(me.id)
        assert browser.submit(f"/p/{proposal.id}/recuse", reason="My brother.").status_code == 303
        assert browser.submit(f"/p/{proposal.id}/recuse", reason="Again.").status_code == 303
        assert me.id not in {party for party, _ in roll_at(proposal, NOW + DAY)}
        with write_transaction():
            open_voting(proposal, NOW)
        assert me.id not in electors(proposal.id)
        assert "My brother." in words(browser, proposal.path)
        public = words(client, f"/p/{proposal.id}/roll")
        assert "Interests declared before voting opened" in public
        assert "My brother." in public
        assert me.name not in public
        assert me.name in words(sign_in(on.author.id), f"/p/{proposal.id}/roll")

    def test_in_an_open_secret_vote_after_the_closing_or_as_no_elector_it_is_too_late(self, sign_in: SignIn, clock):
        on = scene()
        secret, proposal = opened(on, rule=SECRET), opened(on)
        browser, late = sign_in(on.members[0].id), sign_in(make.member(admitted_at=NOW).id)
        assert browser.submit(f"/p/{secret.id}/recuse").status_code == 409
        assert late.submit(f"/p/{proposal.id}/recuse").status_code == 409
        assert sign_in(make.person().id).submit(f"/p/{draft(on).id}/recuse").status_code == 409
        clock.forward(days=7)
        assert browser.submit(f"/p/{proposal.id}/recuse").status_code == 409


class TestPaper:
    def entered(self, proposal: Proposal, party: Party, by: Party, choice="agree", evidence="Box 3", at=NOW) -> Ballot:
        with write_transaction():
            return paper.enter_paper_ballot(entry_of(proposal.id, party.id), choice, "", by.id, evidence, at, at)

    def test_a_paper_vote_counts_shows_as_such_and_its_voter_hears_of_it(
        self, secretary: Party, sign_in: SignIn, client: Browser, catch_up, mails
    ):
        on = scene()
        proposal, voter = opened(on), on.members[0]
        catch_up()
        before = len(mails())
        browser = sign_in(secretary.id)
        path = f"/p/{proposal.id}/roll/{entry_of(proposal.id, voter.id).id}/paper"
        assert f'href="{path}"' in browser.get(f"/p/{proposal.id}/roll").text
        assert "There is a vote of this member already" not in browser.get(path).text
        answer = browser.submit(path, choice="disagree", reason="", evidence="Letter of 3 May, box 3")
        assert (answer.status_code, answer.location) == (303, f"/p/{proposal.id}/roll?said=paper-entered")
        ballot = db.session.scalars(select(Ballot)).one()
        assert (ballot.choice, ballot.channel, ballot.entered_by) == ("disagree", "paper", secretary.id)
        assert ballot.evidence == "Letter of 3 May, box 3"
        assert "(on paper)" in words(client, proposal.path)
        catch_up()
        (mail,) = mails()[before:]
        text = mail.get_body(("plain",)).get_content()
        assert mail["To"] == login(voter)
        assert "Sec Retary entered a paper vote for you" in text
        assert "> Disagree" in text
        assert "Letter of 3 May, box 3" in text
        close(proposal)
        assert check_record(client.get(f"/p/{proposal.id}/record.json").data).failure is None

    def test_the_last_vote_counts_and_the_page_says_so_without_telling_the_other(
        self, secretary: Party, sign_in: SignIn
    ):
        on = scene()
        proposal, voter = opened(on, rule=PRESETS["ordinary"]), on.members[0]
        vote(proposal, voter, "block", "My secret reason.")
        path = f"/p/{proposal.id}/roll/{entry_of(proposal.id, voter.id).id}/paper"
        page = sign_in(secretary.id).get(path).text
        assert "There is a vote of this member already" in page
        assert "checked" not in page
        assert "My secret reason." not in page
        self.entered(proposal, voter, secretary, at=NOW + timedelta(minutes=1))
        vote(proposal, voter, "agree", at=NOW + timedelta(minutes=2))
        rows = db.session.scalars(select(Ballot).order_by(Ballot.sequence)).all()
        assert [(row.choice, row.channel) for row in rows] == [("block", "web"), ("agree", "paper"), ("agree", "web")]

    def test_the_same_paper_entered_twice_is_one_vote(self, secretary: Party):
        """Edge case 18."""
        on = scene()
        proposal = opened(on)
        one, two = (self.entered(proposal, on.members[0], secretary) for _ in range(2))
        assert one.id == two.id

    def test_what_is_not_in_order_is_refused(self, secretary: Party, sign_in: SignIn):
        on = scene()
        proposal, secret = opened(on), opened(on, rule=SECRET)
        for bad, reason in (
            ({"evidence": " "}, "paper.evidence_needed"),
            ({"evidence": "x" * 301}, "paper.evidence_too_long"),
            ({"choice": "maybe"}, "ballot.choice"),
            ({"at": proposal.closes_at}, "ballot.closed"),
        ):
            with pytest.raises(Refused) as no:
                self.entered(proposal, on.members[0], secretary, **bad)
            assert no.value.reason == reason
        with pytest.raises(Refused, match="secret"):
            self.entered(secret, on.members[0], secretary)
        with pytest.raises(Refused, match="own"):
            self.entered(proposal, secretary, secretary)
        browser = sign_in(secretary.id)
        path = f"/p/{proposal.id}/roll/{entry_of(proposal.id, on.members[0].id).id}/paper"
        assert "Write where the paper is kept." in browser.submit(path, choice="agree", evidence="").text
        answer = browser.submit(path, evidence="Box 3")
        assert (answer.status_code, "Choose how you vote." in answer.text, "Box 3" in answer.text) == (422, True, True)
        own = f"/p/{proposal.id}/roll/{entry_of(proposal.id, secretary.id).id}/paper"
        assert browser.get(own).status_code == 403
        closed = f"/p/{secret.id}/roll/{entry_of(secret.id, on.members[0].id).id}/paper"
        assert browser.get(closed).status_code == 409
        assert sign_in(on.convenor.id).get(path).status_code == 404


def test_the_lines_of_python_in_the_documents_check_a_proof(sign_in: SignIn, tmp_path: Path):
    on = scene()
    proposal = opened(on)
    code = re.search(r"```python\n(.*?)```", (Path(__file__).parents[2] / "docs/record.md").read_text(), re.S)
    file = sign_in(on.members[1].id).get(f"/p/{proposal.id}/roll/proof.json").data
    for raw, said in ((file, "True"), (file.replace(b'"member_number": ', b'"member_number": 1'), "False")):
        (tmp_path / "proof.json").write_bytes(raw)
        command = [sys.executable, "-I", "-c", code[1]]
        run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        assert (run.stdout.strip(), run.stderr) == (said, "")
