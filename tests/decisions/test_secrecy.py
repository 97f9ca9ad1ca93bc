"""Secret votes: what is taken, counted and published, and what is refused."""

import json
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from coopgov.core.errors import Refused
from coopgov.decisions import box, secrecy
from coopgov.decisions.events import ProposalVoided
from coopgov.decisions.models import Ballot, Closing, Proposal, SealedBallot, SecretBallot
from coopgov.decisions.queries.lists import ballots_waiting
from coopgov.decisions.queries.rolls import electors_without_ballot
from coopgov.decisions.rules.casting import DRAIN
from coopgov.decisions.services import closing, drafting, opening, secret, voting
from coopgov.identity.models import SessionRow
from coopgov.infra.audit import AuditRow
from coopgov.infra.check import run_checks
from coopgov.infra.db import db, write_transaction
from coopgov.infra.jobs import Job
from coopgov.infra.keyring import Keyring
from coopgov.infra.mail import Mail
from coopgov.infra.outbox import EventRow
from coopgov.notifications.models import Notice
from coopgov.tally.record import manifest_hash, tracker
from coopgov.tally.rule import Quorum, QuorumKind
from coopgov.tally.verify import check_record
from tests import factories as make
from tests.conftest import NOW
from tests.decisions.scene import CLOSES, close, draft, link, scene, terms, vote
from tests.decisions.secret_scene import PEOPLE, SECRETLY, elected, held, put

NONCE, OTHER_NONCE = "0123456789abcdef" * 2, "fedcba9876543210" * 2
DICE = "12345612"

pytestmark = pytest.mark.usefixtures("app")


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """The folder of keys, outside the data folder of the tests, which is ``tmp_path`` itself."""
    folder = tmp_path.with_name(f"{tmp_path.name}-keys")
    folder.mkdir(mode=0o700)
    return folder


@pytest.fixture
def other_settings(keys: Path) -> dict[str, object]:
    return {"key_dir": str(keys)}


@pytest.fixture
def catch_up(catch_up):
    """As the worker does it, with nobody in the test reading what was there before."""

    def work() -> int:
        db.session.rollback()
        return catch_up()

    return work


def again(proposal: Proposal) -> Proposal:
    db.session.rollback()
    return db.session.get_one(Proposal, proposal.id)


def again_here(proposal: Proposal) -> Proposal:
    """Within a write transaction."""
    return db.session.get_one(Proposal, proposal.id)


def in_the_box(proposal: Proposal) -> int:
    db.session.rollback()
    return secrecy.box_size(proposal.id)


def numbers_of_rows() -> dict[str, int]:
    """How many rows there are of everything that casting a ballot by name writes."""
    db.session.rollback()
    tables = (AuditRow, EventRow, Job, Mail, Notice, Ballot)
    return {t.__tablename__: db.session.scalar(select(func.count()).select_from(t)) or 0 for t in tables}


# The whole way


def test_the_record_of_a_secret_vote_passes_every_check(client):
    on = scene(4)
    proposal = elected(on)
    for party, choice in zip(on.members, (["o1", "o2"], ["o2"], ["o3", "o1"], ["o2", "o1", "o3"]), strict=True):
        put(proposal, party, choice)
    proposal = close(proposal)
    report = check_record(client.get(f"/p/{proposal.id}/record.json").data)
    assert report.failure is None
    assert (report.m, proposal.state) == (again(proposal).manifest_hash, "closed")
    assert not any(run_checks().values())


def test_the_program_beside_the_record_recounts_it(client, tmp_path):
    on = scene(4)
    proposal = held(on)
    for party, choice in zip(on.members, ("agree", "block", "abstain", "agree"), strict=True):
        put(proposal, party, choice)
    close(proposal)
    for name in ("record.json", "recount.py"):
        (tmp_path / name).write_bytes(client.get(f"/p/{proposal.id}/{name}").data)
    command = [sys.executable, "-I", "-S", "recount.py", "record.json"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stdout.splitlines()[-1] == "PASS"


def test_opening_fixes_a_public_key_and_keeps_the_tie_secret_out_of_the_database(keys):
    proposal = held(scene())
    kept = Keyring(keys).read(proposal.id)
    assert proposal.tie_secret == ""
    assert proposal.manifest["public_key"] == box.public_key_of(kept.sign)
    assert manifest_hash(proposal.manifest) == proposal.manifest_hash
    assert kept.tie_secret not in json.dumps(proposal.manifest)


def test_after_closing_the_box_is_empty_and_the_ballots_stand_by_tracker_alone():
    on = scene(3)
    proposal = held(on)
    put(proposal, on.members[0], "agree", nonce=NONCE)
    put(proposal, on.members[1], "disagree", mark=DICE)
    proposal = close(proposal)
    assert in_the_box(proposal) == 0
    rows = db.session.scalars(select(SecretBallot).order_by(SecretBallot.tracker)).all()
    assert [row.tracker for row in rows] == [tracker(row.body) for row in rows]
    assert sorted(row.body["choice"] for row in rows) == ["agree", "disagree"]
    ended = db.session.get_one(Closing, proposal.id)
    assert len(ended.plain["took_part"]) == ended.plain["n"] == 2
    assert box.is_signed(proposal.manifest["public_key"], ended.digest.encode(), ended.signature)


def test_a_vote_in_which_nobody_took_part_has_a_record(client):
    proposal = close(held(scene()))
    assert check_record(client.get(f"/p/{proposal.id}/record.json").data).failure is None


# Casting


def test_casting_writes_one_row_and_nothing_else():
    on = scene()
    proposal = held(on)
    before, version = numbers_of_rows(), again(proposal).version
    put(proposal, on.members[0])
    put(proposal, on.members[0], "disagree")
    assert numbers_of_rows() == before
    assert in_the_box(proposal) == 1
    assert again(proposal).version == version


def test_the_same_ballot_gets_the_same_receipt_and_another_replaces_it():
    on = scene()
    proposal = held(on)
    first = put(proposal, on.members[0], "agree", nonce=NONCE)
    sealed = db.session.scalars(select(SealedBallot.sealed)).one()
    assert put(proposal, on.members[0], "agree", nonce=NONCE) == first
    db.session.rollback()
    assert db.session.scalars(select(SealedBallot.sealed)).one() == sealed
    second = put(proposal, on.members[0], "disagree", nonce=OTHER_NONCE)
    assert second.tracker != first.tracker
    proposal = close(proposal)
    assert db.session.scalars(select(SecretBallot.tracker)).all() == [second.tracker]


def test_a_form_without_script_that_is_sent_twice_is_one_ballot():
    on = scene()
    proposal = held(on)
    first = put(proposal, on.members[0], "agree", mark=DICE)
    assert put(proposal, on.members[0], "agree", mark=DICE) == first
    assert json.loads(first.written)["mark"] == DICE
    assert put(proposal, on.members[1], "agree", mark=DICE).tracker != first.tracker


def test_a_receipt_is_signed_by_the_key_in_the_manifest():
    on = scene()
    proposal = held(on)
    given = put(proposal, on.members[0], nonce=NONCE)
    assert box.verify_receipt(given.receipt, proposal.manifest["public_key"]) == (given.tracker, given.manifest_hash)
    assert tracker(json.loads(given.written)) == given.tracker


def test_two_electors_with_one_tracker_are_asked_to_draw_again():
    on = scene()
    proposal = held(on)
    put(proposal, on.members[0], "agree", nonce=NONCE)
    with pytest.raises(Refused, match=r"ballot\.draw_again"):
        put(proposal, on.members[1], "agree", nonce=NONCE)
    put(proposal, on.members[1], "disagree", nonce=NONCE)
    assert in_the_box(proposal) == 2


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"choice": "maybe"}, r"ballot\.choice"),
        ({"choice": "o1"}, r"ballot\.choice"),
        ({"nonce": NONCE.upper()}, r"ballot\.nonce"),
        ({"nonce": NONCE[:-1]}, r"ballot\.nonce"),
        ({"mark": "12345678"}, r"ballot\.mark"),
        ({"at": CLOSES}, r"ballot\.closed"),
        ({"at": CLOSES + timedelta(seconds=1)}, r"ballot\.closed"),
    ],
)
def test_what_is_no_ballot_in_time_is_refused_and_leaves_nothing(changes, why):
    on = scene()
    proposal = held(on)
    with pytest.raises(Refused, match=why):
        put(proposal, on.members[0], **changes)
    assert in_the_box(proposal) == 0


def test_a_ballot_that_came_in_time_is_taken_while_votes_are_being_counted():
    on = scene()
    proposal = held(on)
    with write_transaction():
        closing.begin_counting(again(proposal), CLOSES)
    put(proposal, on.members[0], at=CLOSES - timedelta(microseconds=1))
    with write_transaction():
        closing.count_and_close(db.session.get_one(Proposal, proposal.id), CLOSES + DRAIN)
    assert db.session.get_one(Closing, proposal.id).plain["n"] == 1
    with pytest.raises(Refused, match=r"ballot\.closed"):
        put(proposal, on.members[1], at=CLOSES - timedelta(microseconds=1))


def test_nobody_else_votes_and_no_ballot_by_name_is_taken():
    on = scene()
    proposal = held(on)
    with pytest.raises(Refused, match=r"ballot\.not_on_roll"):
        put(proposal, make.member("Late Comer"))
    with pytest.raises(ValueError, match="secret"):
        vote(proposal, on.members[0])


# What cannot be held


def test_without_a_folder_of_keys_no_secret_vote_is_drafted_or_opened(app):
    on = scene()
    proposal = draft(on, rule=SECRETLY)
    app.extensions["coopgov.settings"] = replace(app.extensions["coopgov.settings"], key_dir="")
    with pytest.raises(Refused, match=r"secret\.off"):
        draft(on, rule=SECRETLY)
    with pytest.raises(Refused, match=r"secret\.off"), write_transaction():
        opening.open_voting(again_here(proposal), NOW)


def test_a_folder_that_others_may_read_opens_no_vote_and_one_that_was_planned_is_a_draft_again(keys):
    on = scene()
    proposal = draft(on, rule=SECRETLY, opens_at=NOW + timedelta(hours=1))
    keys.chmod(0o755)
    with write_transaction():
        opening.open_scheduled(again_here(proposal), NOW + timedelta(hours=1))
    assert again(proposal).state == "draft"
    assert not list(keys.iterdir())


@pytest.mark.parametrize("ties", ["lot", "previous_stage"])
def test_lots_that_the_operator_could_know_are_refused(ties):
    with pytest.raises(Refused, match=r"secret\.ties"):
        elected(scene(), settings={"ties": ties})


def test_without_a_word_on_ties_they_are_declared():
    on = scene(4)
    proposal = elected(on, settings={})
    for party, choice in zip(on.members, (["o1"], ["o2"], ["o1"], ["o2"]), strict=True):
        put(proposal, party, choice)
    proposal = close(proposal)
    assert proposal.settings["ties"] == "declare"
    assert db.session.scalar(select(AuditRow.details).where(AuditRow.act == "proposal.closed"))["verdict"] == "tied"


def test_what_nobody_chooses_in_is_no_secret_vote():
    with pytest.raises(Refused, match=r"secret\.no_choice"):
        elected(scene(), method="sortition", settings={})


# Ends


def test_a_missed_quorum_extends_a_secret_vote_with_its_box():
    day = timedelta(days=1)
    rule = replace(SECRETLY, quorum=Quorum(QuorumKind.ABSOLUTE, number=2), extension=day)
    on = scene(4)
    proposal = held(on, rule=rule)
    put(proposal, on.members[0])
    proposal = close(proposal)
    assert (proposal.state, proposal.closes_at) == ("open", CLOSES + day)
    assert in_the_box(proposal) == 1
    put(proposal, on.members[1], at=CLOSES)
    assert close(again(proposal)).state == "closed"


@pytest.mark.parametrize("act", [drafting.withdraw, drafting.declare_void])
def test_a_secret_vote_that_is_stopped_publishes_nothing(act, keys, catch_up):
    on = scene()
    proposal = held(on)
    put(proposal, on.members[0])
    with write_transaction():
        act(again_here(proposal), on.author.id, "Wrong roll.", NOW)
    catch_up()
    assert in_the_box(proposal) == 0
    assert not db.session.scalars(select(SecretBallot)).all()
    assert not list(keys.iterdir())
    ended = AuditRow.act.in_(("proposal.withdrawn", "proposal.voided"))
    details = db.session.scalars(select(AuditRow.details).where(ended)).one()
    assert details["ballots"] == 1
    assert len(details["head"]) == 64


def test_lost_keys_void_the_vote_at_the_next_look_and_electors_hear_of_it(keys, catch_up, mails):
    on = scene()
    proposal = held(on)
    put(proposal, on.members[0])
    Keyring(keys).destroy(proposal.id)
    with pytest.raises(Refused, match=r"secret\.keys_missing"):
        put(proposal, on.members[1])
    assert electors_without_ballot(proposal.id) == set()
    db.session.rollback()
    catch_up()
    assert again(proposal).state == "void"
    assert in_the_box(proposal) == 0
    assert db.session.scalar(select(func.count()).where(EventRow.name == ProposalVoided.name)) == 1
    told = [mail for mail in mails() if mail["Subject"] == f"No result: {proposal.title}"]
    assert len(told) == proposal.roll_size
    assert "its keys are gone" in " ".join(told[0].get_body(("plain",)).get_content().split())


def test_lost_keys_void_the_vote_at_its_closing(keys):
    on = scene()
    proposal = held(on)
    put(proposal, on.members[0])
    Keyring(keys).destroy(proposal.id)
    assert close(proposal).state == "void"


def test_while_the_folder_is_away_nothing_is_voided_and_ballots_are_refused(keys, catch_up):
    on = scene()
    proposal = held(on)
    put(proposal, on.members[0])
    keys.chmod(0o755)
    with pytest.raises(Refused, match=r"secret\.folder"):
        put(proposal, on.members[1])
    db.session.rollback()
    catch_up()
    assert close(proposal).state == "counting"
    keys.chmod(0o700)
    assert close(proposal).state == "closed"


def test_a_box_that_somebody_tampered_with_is_not_counted():
    on = scene()
    proposal = held(on)
    put(proposal, on.members[0])
    with write_transaction() as session:
        session.scalars(select(SealedBallot)).one().sealed = bytes(200)
    assert close(proposal).state == "void"


def test_keys_die_although_the_worker_was_killed_after_the_closing(keys, catch_up, clock):
    on = scene()
    proposal = held(on)
    close(proposal)
    assert list(keys.iterdir())
    clock.now = CLOSES + DRAIN
    db.session.rollback()
    catch_up()
    assert not list(keys.iterdir())
    (keys / f"{proposal.id}.keys").write_text("left over")
    clock.forward(minutes=2)
    catch_up()
    assert not list(keys.iterdir())
    assert db.session.scalar(select(Job.state).where(Job.kind == secret.FORGET)) == "done"


def test_keys_of_an_open_vote_and_of_one_that_is_not_ours_stay(keys, catch_up, clock):
    proposal = held(scene())
    (keys / "999.keys").write_text("another's")
    db.session.rollback()
    catch_up()
    assert {path.name for path in keys.iterdir()} == {"999.keys", f"{proposal.id}.keys"}


# Reminders and mails


def test_who_has_voted_is_not_waited_for():
    on = scene()
    proposal = held(on)
    put(proposal, on.members[0])
    assert electors_without_ballot(proposal.id) == {p.id for p in (on.author, on.convenor, *on.members[1:])}
    assert [line.id for line in ballots_waiting(on.members[0].id, NOW)] == []
    assert [line.id for line in ballots_waiting(on.members[1].id, NOW)] == [proposal.id]


def test_reminders_go_out_from_memory_and_leave_a_total(catch_up, clock, mails):
    on = scene()
    proposal = held(on)
    put(proposal, on.members[0])
    db.session.rollback()
    catch_up()
    sent = len(mails())
    clock.now = CLOSES - timedelta(hours=23)
    catch_up()
    reminded = mails()[sent:]
    assert len(reminded) == 4
    assert all("Still your turn" in mail["Subject"] for mail in reminded)
    log = db.session.scalars(select(Mail).where(Mail.kind == "notice_voting_closes_soon")).all()
    assert [(row.party_id, row.address, row.facts) for row in log] == [(None, "", {"total": 4})]
    assert db.session.scalar(select(func.count()).where(Notice.kind == "voting_closes_soon")) == 0


def test_each_elector_is_told_whether_they_took_part_and_the_hash_of_the_record(catch_up, clock, mails):
    on = scene()
    proposal = held(on)
    put(proposal, on.members[0])
    db.session.rollback()
    catch_up()
    opening_mail = mails()[-1].get_body(("plain",)).get_content()
    assert again(proposal).manifest_hash in opening_mail.replace("\n", "")
    sent = len(mails())
    clock.now = CLOSES + DRAIN
    catch_up()
    told = {mail["To"]: mail.get_body(("plain",)).get_content().replace("\n", " ") for mail in mails()[sent:]}
    assert sum("you took part" in text for text in told.values()) == 1
    assert sum("you did not take part" in text for text in told.values()) == 4
    digest = db.session.get_one(Closing, proposal.id).digest
    assert all(digest in text for text in told.values())
    assert not db.session.scalars(select(Job).where(Job.key.like("mail:notice:voting_opened:%"))).all()


# Pages


def test_a_ballot_on_the_page_gets_a_receipt_and_no_redirect(sign_in):
    on = scene()
    proposal = held(on)
    browser = sign_in(on.members[0].id)
    page = browser.get(proposal.path)
    assert 'name="nonce" value=""' in page.text
    assert "This vote is secret" in page.text
    assert "on the roll. With so few" in page.text
    answer = browser.submit(f"/p/{proposal.id}/ballots", choice="agree", nonce=NONCE)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "private, no-store")
    assert "coopgov/receipt/v1" in answer.text
    assert "Set-Cookie" not in answer.headers
    page = browser.get(proposal.path).text
    assert "Your ballot is in the box" in page
    assert "checked" not in page
    assert "counted" not in answer.text


def test_a_ballot_without_script_needs_dice(sign_in):
    on = scene()
    proposal = held(on)
    browser = sign_in(on.members[0].id)
    answer = browser.submit(f"/p/{proposal.id}/ballots", choice="agree", nonce="", mark="777")
    assert answer.status_code == 422
    assert "Roll a die eight times and type the eight digits" in answer.text
    assert in_the_box(proposal) == 0
    assert (
        "coopgov/receipt/v1"
        in browser.submit(f"/p/{proposal.id}/ballots", choice="agree", nonce="", mark="1234 5612").text
    )


def test_the_mailed_link_votes_too(app, client):
    on = scene()
    proposal = held(on)
    path = link(app, proposal, on.members[0])
    assert "Eight digits of a die" in client.get(path).text
    answer = client.submit(path, choice="disagree", mark=DICE)
    assert "coopgov/receipt/v1" in answer.text
    assert "Your ballot is in the box" in client.get(path).text
    assert db.session.scalar(select(func.count(SessionRow.id))) == 0
    late = close(proposal)
    assert "you took part" in client.get(path).text
    assert "Voting has closed, so this vote does not count" in client.submit(path, choice="agree", mark=DICE).text
    assert late.state == "closed"


def test_answers_are_equally_long_whatever_the_choice(sign_in):
    on = scene()
    proposal = held(on)
    browser = sign_in(on.members[0].id)
    lengths = {
        len(browser.submit(f"/p/{proposal.id}/ballots", choice=choice, nonce=NONCE).data)
        for choice in ("agree", "disagree", "block", "abstain")
    }
    assert len(lengths) == 1


def test_voting_leaves_the_session_as_it_was(sign_in, clock):
    on = scene()
    proposal = held(on)
    browser = sign_in(on.members[0].id)
    clock.forward(days=2)
    assert browser.submit(f"/p/{proposal.id}/ballots", choice="agree", nonce=NONCE).status_code == 200
    db.session.rollback()
    assert db.session.scalar(select(SessionRow.seen_at)) == NOW


def test_electors_read_after_closing_whether_they_took_part(sign_in):
    on = scene()
    proposal = held(on)
    put(proposal, on.members[0])
    close(proposal)
    assert "you took part" in sign_in(on.members[0].id).get(proposal.path).text
    assert "you did not take part" in sign_in(on.members[1].id).get(proposal.path).text


def test_rankings_that_could_be_signatures_are_warned_of(sign_in):
    on = scene()
    proposal = elected(on)
    assert "like a signature" in sign_in(on.members[0].id).get(proposal.path).text.replace("\n", " ")
    assert "like a signature" not in sign_in(on.members[0].id).get(held(on).path).text
    assert len(PEOPLE) == 3


def test_the_composer_offers_secret_votes_where_they_can_be_held(app, sign_in):
    on = scene()
    browser, path = sign_in(on.author.id), f"/t/{on.thread.id}/proposals/new"
    assert 'value="secret"' in browser.get(path).text
    app.extensions["coopgov.settings"] = replace(app.extensions["coopgov.settings"], key_dir="")
    page = browser.get(path).text
    assert 'value="secret"' not in page
    assert "Secret votes are off here" in page


def test_a_stopped_secret_vote_says_what_became_of_its_box(sign_in):
    on = scene()
    proposal = held(on)
    with write_transaction():
        drafting.withdraw(again_here(proposal), on.author.id, "Mistake.", NOW)
    page = sign_in(on.members[0].id).get(proposal.path).text
    assert "Its box was not counted, and its key is destroyed." in page


def test_terms_of_a_secret_vote_are_the_same_when_nothing_is_mended():
    on = scene()
    proposal = draft(on, rule=SECRETLY, method="irv", options=PEOPLE)
    version = proposal.version
    with write_transaction():
        drafting.mend_proposal(
            again_here(proposal), on.author.id, terms(rule=SECRETLY, method="irv", options=PEOPLE), NOW
        )
    assert again(proposal).version == version


def test_a_ballot_by_name_is_not_cast_through_the_old_door():
    on = scene()
    proposal = held(on)
    with pytest.raises(ValueError, match="box"), write_transaction():
        voting.cast_ballot(proposal.id, on.author.id, "agree", "", "Ada", "web", NOW, NOW)
