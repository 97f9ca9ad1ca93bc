"""The record of a closed vote fits together, says what the page says, and is recounted by the program beside it."""

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from coopgov.decisions.models import Ballot, Proposal
from coopgov.decisions.queries.rolls import entry_of
from coopgov.decisions.records import published_ballots, record_of, without_words
from coopgov.decisions.rules.options import numbered
from coopgov.infra.check import run_checks
from coopgov.infra.db import db, write_transaction
from coopgov.tally.canonical import canonical
from coopgov.tally.record import erased
from coopgov.tally.rule import PRESETS
from coopgov.tally.verify import check_record
from tests.conftest import NOW
from tests.decisions.scene import close, opened, scene, vote, vote_all

pytestmark = pytest.mark.usefixtures("app")

BEST = numbered(["Ada", "Ben", "Cléo"])


def election(method: str, **settings: object):
    return {"method": method, "options": BEST, "settings": settings, "rule": PRESETS["ordinary"]}


def test_the_record_of_a_closed_vote_passes_every_check(client):
    on = scene(4)
    proposal = opened(on)
    vote_all(proposal, on.members, "agree", "agree", "disagree", "block")
    close(proposal)
    report = check_record(client.get(f"/p/{proposal.id}/record.json").data)
    assert report.failure is None
    assert (report.m, report.verdict) == (db.session.get_one(Proposal, proposal.id).manifest_hash, "failed")


def test_there_is_no_record_before_a_vote_has_closed(client):
    proposal = opened(scene())
    assert client.get(f"/p/{proposal.id}/record.json").status_code == 404
    assert client.get("/p/999/record.json").status_code == 404


def test_the_record_of_a_members_only_vote_does_not_exist_for_the_public(client, sign_in):
    on = scene(is_public=False)
    proposal = opened(on)
    vote(proposal, on.author)
    close(proposal)
    for name in ("record.json", "recount.py"):
        assert client.get(f"/p/{proposal.id}/{name}").status_code == 404
        assert sign_in(on.author.id).get(f"/p/{proposal.id}/{name}").status_code == 200


def test_the_program_beside_the_record_recounts_it(client, tmp_path: Path):
    on = scene(4)
    proposal = opened(on, **election("irv", ties="lot"))
    for party, choice in zip(on.members, (["o1", "o2"], ["o2"], ["o3", "o1"], ["o2", "o1", "o3"]), strict=True):
        vote(proposal, party, choice)
    close(proposal)
    for name in ("record.json", "recount.py"):
        (tmp_path / name).write_bytes(client.get(f"/p/{proposal.id}/{name}").data)
    command = [sys.executable, "-I", "-S", "recount.py", "record.json"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stdout.splitlines()[-1] == "PASS"


def test_lots_are_drawn_by_what_was_fixed_at_opening_and_by_the_ballots(client):
    on = scene(4)
    proposal = opened(on, **election("irv", ties="lot"))
    for party, choice in zip(on.members, (["o1"], ["o2"], ["o1"], ["o2"]), strict=True):
        vote(proposal, party, choice)
    assert proposal.tie_secret not in client.get(proposal.path).text
    close(proposal)
    record = json.loads(client.get(f"/p/{proposal.id}/record.json").data)
    assert record["close"]["tie_secret"] == proposal.tie_secret
    assert [broken["by"] for broken in record["result"]["tie_breaks"]] == ["lot"]
    assert not any(run_checks().values())


def test_a_missed_quorum_extends_voting_once_where_the_rule_says_so():
    from dataclasses import replace

    from coopgov.tally.rule import Quorum, QuorumKind

    on, day = scene(4), timedelta(days=1)
    rule = replace(PRESETS["ordinary"], quorum=Quorum(QuorumKind.ABSOLUTE, number=2), extension=day)
    proposal = opened(on, rule=rule)
    ends = proposal.closes_at
    vote(proposal, on.author)
    proposal = close(proposal)
    assert (proposal.state, proposal.closes_at, proposal.extended_from) == ("open", ends + day, ends)
    proposal = close(proposal)
    assert (proposal.state, proposal.closed_at) == ("closed", ends + day)


def test_every_ballot_by_name_has_a_random_number_of_its_own_that_a_new_choice_renews():
    on = scene(3)
    proposal = opened(on)
    first = vote(proposal, on.author, "disagree", "No.").nonce
    assert vote(proposal, on.author, "disagree", "No.").nonce == first
    assert vote(proposal, on.author, "agree").nonce != first
    vote(proposal, on.convenor, "agree")
    nonces = [ballot["nonce"] for ballot in published_ballots(proposal)]
    assert len(set(nonces) | {first}) == 3
    assert {len(nonce) for nonce in nonces} == {32}


def test_a_ballot_from_before_the_random_numbers_has_none_in_its_record():
    on = scene(3)
    proposal = opened(on)
    entry = entry_of(proposal.id, on.author.id)
    with write_transaction() as session:
        session.add(
            Ballot(
                proposal_id=proposal.id,
                roll_entry_id=entry.id,
                sequence=1,
                choice="agree",
                public_name="Ada",
                channel="web",
                received_at=NOW,
            )
        )
    assert ["nonce" in ballot for ballot in published_ballots(proposal)] == [False]
    assert check_record(record_of(close(proposal))).passed


def test_a_record_passes_when_the_words_of_a_ballot_were_erased():
    on = scene(4)
    proposal = opened(on)
    vote_all(proposal, on.members, "agree", "block", "disagree")
    close(proposal)
    whole = json.loads(record_of(proposal))
    gone = next(ballot for ballot in whole["ballots"] if ballot["reason"])
    kept = {gone["voter"]: erased(gone)["said"]}
    report = check_record(record_of(proposal))
    shorter = without_words(whole["ballots"], kept)
    after = check_record(canonical(whole | {"ballots": shorter}) + b"\n", report.m, report.d)
    assert after.passed
    assert after.witnessed
    assert [set(ballot) for ballot in shorter if "said" in ballot] == [{"poll", "voter", "choice", "said"}]
    assert gone["nonce"] not in str(shorter)
