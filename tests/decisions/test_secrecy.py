"""Secret votes: what is taken, counted and published, and that nothing joins a voter to a ballot."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from coopgov.decisions.models import Proposal
from coopgov.infra.check import run_checks
from coopgov.infra.db import db
from coopgov.tally.verify import check_record
from tests.decisions.scene import close, scene
from tests.decisions.secret_scene import elected, held, put


@pytest.fixture
def keys(tmp_path: Path) -> Iterator[Path]:
    """The folder of keys, outside the data folder of the tests, which is ``tmp_path`` itself."""
    folder = tmp_path.with_name(f"{tmp_path.name}-keys")
    folder.mkdir(mode=0o700)
    yield folder


@pytest.fixture
def other_settings(keys: Path) -> dict[str, object]:
    return {"key_dir": str(keys)}


pytestmark = pytest.mark.usefixtures("app")


def test_the_record_of_a_secret_vote_passes_every_check(client):
    on = scene(4)
    proposal = elected(on)
    for party, choice in zip(on.members, (["o1", "o2"], ["o2"], ["o3", "o1"], ["o2", "o1", "o3"]), strict=True):
        put(proposal, party, choice)
    proposal = close(proposal)
    assert proposal.state == "closed"
    report = check_record(client.get(f"/p/{proposal.id}/record.json").data)
    assert report.failure is None
    assert report.m == db.session.get_one(Proposal, proposal.id).manifest_hash
    assert not any(run_checks().values())


def test_a_block_without_a_reason_is_taken_in_a_secret_vote(client):
    on = scene(4)
    proposal = held(on)
    put(proposal, on.members[0], "block")
    proposal = close(proposal)
    assert check_record(client.get(f"/p/{proposal.id}/record.json").data).failure is None
