"""Federation by hand: `coopgov federation …`."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest
from flask import Flask
from sqlalchemy import select

from coopgov.core.time import utc_now
from coopgov.federation import cli
from coopgov.federation.models import DomainBlock
from coopgov.federation.queries.health import examine_federation
from coopgov.infra.db import db, write_transaction
from coopgov.infra.settings import current_settings
from tests.conftest import KEY, NOW, Clock
from tests.federation.sinks import Sinks, announcement, follower, our_actor, server, states, tell

ROOT = Path(__file__).parents[2]


@pytest.fixture
def coopgov(app: Flask, database_url: str, tmp_path: Path) -> Callable[..., "subprocess.CompletedProcess[str]"]:
    """Runs the command on the test's installation."""
    settings = {"DATABASE_URL": database_url, "DATA_DIR": str(tmp_path), "SECRET_KEY": KEY}
    settings |= {"BASE_URL": "http://localhost", "ALLOW_PRIVATE_PEERS": "1"}
    environment = os.environ | {f"COOPGOV_{name}": value for name, value in settings.items()}
    command = [sys.executable, "-c", "from coopgov.cli import main; main()", "federation"]

    def run(*words: str, typed: str = "") -> "subprocess.CompletedProcess[str]":
        db.session.rollback()
        return subprocess.run(
            [*command, *words], env=environment, cwd=ROOT, input=typed, capture_output=True, text=True, timeout=120
        )

    return run


def test_status_tells_people_and_machines_the_same(sinks: Sinks, deliver: Callable[..., None]) -> None:
    follower(sinks.inbox("127.0.0.2"))
    follower(sinks.inbox("127.0.0.3"))
    sinks.answer("127.0.0.3", 503)
    tell(announcement())
    deliver()
    told = json.loads(json.dumps(cli.status(NOW)))
    assert told["actor"] == {"id": "http://localhost/ap/actors/1", "handle": "@test_co_op@localhost"}
    assert (told["followers"], told["waiting"], told["failing"], told["parked"]) == (2, 1, 1, 0)
    assert [(one["done"], one["waiting"]) for one in told["announcements"]] == [(1, 1)]
    (trouble,) = told["troubled"]
    assert (trouble["host"], trouble["state"]) == (f"127.0.0.3:{sinks.port}", "failing")
    lines = "\n".join(cli.lines(told))
    assert "@test_co_op@localhost: 2 followers on 2 servers" in lines
    assert f"127.0.0.3:{sinks.port}: failing" in lines


def test_status_says_when_there_is_no_actor_yet(app: Flask) -> None:
    assert "no actor yet" in "".join(cli.lines(cli.status(NOW)))


def test_domains_are_blocked_and_unblocked_by_command(coopgov: Callable[..., Any]) -> None:
    our_actor()
    done = coopgov("block", "https://BAD.example/@x", "--reason", "Spam")
    assert (done.returncode, done.stdout) == (0, "bad.example is blocked.\n"), done.stderr
    db.session.rollback()
    assert db.session.get_one(DomainBlock, "bad.example").blocked_by == "cli"
    told = json.loads(coopgov("status", "--json").stdout)
    assert told["blocked"] == [{"domain": "bad.example", "reason": "Spam"}]
    assert coopgov("unblock", "bad.example").returncode == 0
    db.session.rollback()
    assert db.session.scalars(select(DomainBlock)).all() == []
    assert coopgov("unblock", "bad.example").returncode == 1
    assert coopgov("block", "not a domain").returncode == 1


def test_an_announcement_by_command_goes_to_everybody(
    coopgov: Callable[..., Any], sinks: Sinks, deliver: Callable[..., None], clock: Clock
) -> None:
    our_actor()
    follower(sinks.inbox("127.0.0.2"))
    sent = coopgov("announce", "--as", "@Test_Co_op@localhost", "--title", "Moved", "--text", "We moved.", "--yes")
    assert sent.returncode == 0, sent.stderr
    assert "/ap/notes/1 is on its way to 1 inboxes." in sent.stdout
    clock.now = utc_now()  # which the command goes by
    deliver()
    assert states() == {"done": 1}
    assert b"We moved." in sinks.hits[0].body


def test_nobody_announces_as_somebody_else(app: Flask) -> None:
    our_actor()
    with pytest.raises(click.ClickException, match="There is @test_co_op@localhost"):
        cli.announce("elsewhere", "", "Hello.", True, NOW)


def test_the_doctor_minds_another_address_and_servers_given_up(
    app: Flask, sinks: Sinks, deliver: Callable[..., None]
) -> None:
    assert list(examine_federation(current_settings(), NOW, False)) == []
    follower(sinks.inbox("127.0.0.2"))
    tell(announcement())
    deliver()
    assert all(finding.well for finding in examine_federation(current_settings(), NOW, False))
    with write_transaction():
        server(f"127.0.0.2:{sinks.port}").parked_at = NOW
        our_actor().origin = "https://elsewhere.example"
    assert [finding.well for finding in examine_federation(current_settings(), NOW, False)] == [False, False]
