"""The record of a closed vote fits together, says what the page says, and is recounted by the program beside it."""

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from coopgov.decisions.models import Proposal
from coopgov.decisions.rules.options import numbered
from coopgov.infra.check import run_checks
from coopgov.infra.db import db
from coopgov.tally.rule import PRESETS
from coopgov.tally.verify import check_record
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
