"""What the doctor says of the keys of secret votes."""

from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask

from coopgov.decisions.services import drafting
from coopgov.infra.db import write_transaction
from coopgov.infra.doctor import Finding, examine
from coopgov.infra.keyring import Keyring
from coopgov.infra.settings import current_settings
from tests.conftest import NOW
from tests.decisions.scene import opened, scene


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Outside the data folder of the tests, which is ``tmp_path`` itself."""
    place = tmp_path.with_name(f"{tmp_path.name}-keys")
    place.mkdir(mode=0o700)
    return place


def findings(folder: Path | str) -> dict[str, Finding]:
    told = examine(replace(current_settings(), key_dir=str(folder)), NOW)
    return {finding.name: finding for finding in told if "secret votes" in finding.name}


def test_without_a_folder_secret_votes_are_off_and_nothing_is_ill(app: Flask) -> None:
    found = findings("")
    assert list(found) == ["secret votes"]
    assert found["secret votes"].well
    assert "COOPGOV_KEY_DIR is not set" in found["secret votes"].says


def test_a_folder_that_is_fit_is_well(app: Flask, folder: Path) -> None:
    assert [finding.well for finding in findings(folder).values()] == [True, True]


def test_a_folder_that_is_not_there_is_told_with_how_to_make_it(app: Flask, folder: Path) -> None:
    found = findings(folder / "more")["secret votes"]
    assert not found.well
    assert f"install -d -m 700 {folder}/more" in found.advice


def test_a_folder_into_which_others_may_look_is_told(app: Flask, folder: Path) -> None:
    folder.chmod(0o755)
    found = findings(folder)
    assert [finding.well for finding in found.values()] == [False]
    assert found["secret votes"].advice == f"chmod 700 {folder}"


def test_a_folder_among_the_records_is_told(app: Flask, tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir(mode=0o700)
    found = findings(tmp_path / "keys")["secret votes"]
    assert not found.well
    assert "out of the folders of data and database" in found.advice


def test_keys_are_left_over_once_their_vote_does_not_run_any_more(app: Flask, folder: Path) -> None:
    proposal = opened(scene())
    Keyring(folder).create(proposal.id)
    assert findings(folder)["keys of secret votes"].well
    with write_transaction():
        drafting.withdraw(proposal, proposal.author_id, "A mistake", NOW)
    found = findings(folder)["keys of secret votes"]
    assert not found.well
    assert found.says == f"{proposal.id}.keys"


def test_keys_of_a_vote_that_nobody_knows_are_left_over(app: Flask, folder: Path) -> None:
    Keyring(folder).create(12)
    assert findings(folder)["keys of secret votes"].says == "12.keys"
