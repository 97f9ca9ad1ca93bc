"""Readings in the background, by a nudge and from the command line, over a real socket (edge cases 40 and 41)."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from coopgov.core.time import utc_now
from coopgov.fakes.credentials import OPENCOLLECTIVE_TOKEN as TOKEN
from coopgov.fakes.opencollective.server import running
from coopgov.funding.cli import read_opencollective
from coopgov.funding.models import Sync
from coopgov.funding.providers.base import ProviderDown
from coopgov.funding.providers.opencollective.addresses import webhook_url
from coopgov.funding.queries import syncs
from coopgov.infra.db import db
from coopgov.infra.jobs import Job
from coopgov.infra.worker import Worker
from tests.conftest import KEY, Clock, make_app
from tests.funding.facts import state
from tests.funding.opencollective.scene import Scene, ada_joins, contributions

COMMAND = Path(sys.executable).parent / "coopgov"


@pytest.fixture
def scene() -> Scene:
    return Scene()


@pytest.fixture
def address(scene: Scene) -> Iterator[str]:
    with running(scene.fake) as found:
        yield found


@pytest.fixture
def our(database_url: str, app: Flask, address: str, tmp_path: Path, clock: Clock) -> Iterator[Flask]:
    """The application, which knows where its Open Collective is."""
    settings = {"opencollective_slug": "demo-coop", "opencollective_token": TOKEN, "allow_private_peers": True}
    made = make_app(database_url, tmp_path, clock, opencollective_api_url=f"{address}/graphql/v2", **settings)
    with made.app_context():
        yield made
        db.session.remove()
        db.engine.dispose()


def runs() -> list[Sync]:
    db.session.rollback()
    return list(syncs.runs("opencollective"))


def is_read() -> bool:
    db.session.rollback()
    return syncs.last_reading("opencollective") is not None


def nudge_path(our: Flask) -> str:
    url = webhook_url(our.extensions["coopgov.signer"], our.extensions["coopgov.settings"])
    return url.removeprefix("http://localhost")


def post(our: Flask, path: str, body: bytes = b"") -> int:
    db.session.rollback()
    with our.app_context():
        return our.test_client().post(path, data=body, content_type="application/json").status_code


def waiting() -> int:
    db.session.rollback()
    states = Job.state.in_(("queued", "running"))
    return db.session.scalar(select(func.count()).where(Job.kind == "funding.read_opencollective", states)) or 0


def test_the_clock_reads_it_every_hour(our: Flask, scene: Scene, clock: Clock) -> None:
    worker = Worker(our, our.extensions["coopgov.waker"], clock)
    ada_joins(scene)
    worker.catch_up()
    assert len(contributions()) == 1
    assert is_read()
    scene.act("contribute", by="bert", cents=500)
    clock.forward(minutes=59)
    worker.catch_up()
    assert len(contributions()) == 1
    clock.forward(minutes=2)
    worker.catch_up()
    assert len(contributions()) == 2


def test_a_nudge_has_it_read_at_most_once_a_minute(our: Flask, scene: Scene, clock: Clock) -> None:
    worker = Worker(our, our.extensions["coopgov.waker"], clock)
    worker.catch_up()
    ada_joins(scene)
    for _ in range(3):
        assert post(our, nudge_path(our)) == 204
    assert waiting() == 1
    worker.catch_up()
    assert contributions() == []
    clock.forward(seconds=61)
    worker.catch_up()
    assert len(contributions()) == 1
    assert waiting() == 0


def test_a_forged_nudge_is_no_page_and_a_forged_body_changes_nothing(our: Flask, scene: Scene, clock: Clock) -> None:
    forged = b'{"type": "collective.transaction.created", "data": {"transaction": {"amount": 99999900}}}'
    for path in ("/webhooks/opencollective/x", nudge_path(our) + "x", nudge_path(our)[:-1]):
        assert post(our, path, forged) == 404
    assert waiting() == 0
    assert runs() == []
    assert post(our, nudge_path(our), forged * 3_000) == 204
    Worker(our, our.extensions["coopgov.waker"], clock).catch_up()
    assert contributions() == []


def test_the_address_of_the_webhook_stays_the_same_and_old_keys_still_open_it(our: Flask) -> None:
    assert nudge_path(our) == nudge_path(our)
    signer = our.extensions["coopgov.signer"]
    other = signer.__class__([KEY, "a newer key that is long enough to be one, too"])
    assert other.knows_secret("webhook.opencollective", signer.secret("webhook.opencollective"))
    assert other.secret("webhook.opencollective") != signer.secret("webhook.opencollective")
    assert not other.knows_secret("another purpose", signer.secret("webhook.opencollective"))


@pytest.mark.parametrize("fault", ["500", "errors"])
def test_a_provider_in_trouble_fails_the_run_and_the_next_goes_on(
    our: Flask, scene: Scene, clock: Clock, fault: str
) -> None:
    ada_joins(scene)
    scene.fault(fault, times=3, after=2)
    worker = Worker(our, our.extensions["coopgov.waker"], clock)
    worker.catch_up()
    [failed] = runs()
    assert failed.finished_at is not None
    assert "Open Collective" in failed.error
    for _ in range(3):  # each of the faults that are left costs an hour
        clock.forward(hours=1, seconds=1)
        worker.catch_up()
    assert is_read()
    assert scene.agrees()


def test_a_busy_provider_is_asked_again_later(our: Flask, scene: Scene, clock: Clock) -> None:
    ada_joins(scene)
    scene.fault("429", after=1)
    worker = Worker(our, our.extensions["coopgov.waker"], clock)
    worker.catch_up()
    assert waiting() == 1
    clock.forward(minutes=2)
    worker.catch_up()
    assert is_read()
    assert scene.agrees()


def test_nobody_reads_when_no_page_is_set(app: Flask, catch_up: Callable[[], int]) -> None:
    catch_up()
    assert runs() == []


# The command line


class Terminal:
    """The command with an installation of its own beside a fake."""

    def __init__(self, folder: Path, address: str, url: str) -> None:
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith("COOPGOV_")}
        self.environment |= {
            "COOPGOV_DATA_DIR": str(folder),
            "COOPGOV_DATABASE_URL": url,
            "COOPGOV_SECRET_KEY": KEY,
            "COOPGOV_OPENCOLLECTIVE_SLUG": "demo-coop",
            "COOPGOV_OPENCOLLECTIVE_TOKEN": TOKEN,
            "COOPGOV_OPENCOLLECTIVE_API_URL": f"{address}/graphql/v2",
            "COOPGOV_ALLOW_PRIVATE_PEERS": "1",
        }

    def start(self, *words: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [COMMAND, "sync", "opencollective", *words],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *words: str) -> tuple[int, str, str]:
        process = self.start(*words)
        out, err = process.communicate(timeout=120)
        return process.returncode, out, err


@pytest.fixture
def terminal(our: Flask, address: str, database_url: str, tmp_path: Path) -> Terminal:
    return Terminal(tmp_path, address, database_url)


def test_the_command_reads_and_says_what_changed(terminal: Terminal, scene: Scene) -> None:
    scene.act("contribute", by="bert", cents=500)
    status, out, err = terminal.run()
    assert status == 0, err
    assert out.startswith("Open Collective: 4 objects read, 2 rows")
    assert "4 of 4 read" in err
    assert scene.agrees()
    assert "0 rows new or different" in terminal.run("--full")[1]
    status, out, _ = terminal.run("--show-webhook")
    assert (status, out.count("/webhooks/opencollective/")) == (0, 1)


def test_a_provider_that_is_down_is_exit_1_with_the_reason(terminal: Terminal) -> None:
    terminal.environment["COOPGOV_OPENCOLLECTIVE_TOKEN"] = "wrong"
    status, _, err = terminal.run()
    assert (status, "does not accept the token" in err) == (1, True)
    terminal.environment["COOPGOV_OPENCOLLECTIVE_SLUG"] = ""
    assert terminal.run()[0] == 1


def test_a_reading_killed_midway_and_run_again_ends_equal(terminal: Terminal, our: Flask) -> None:
    big = Scene(utc_now(), acts=[{"act": "generate", "transactions": 3_000, "days": 380, "days_ago": 390}])
    with running(big.fake) as address:
        terminal.environment["COOPGOV_OPENCOLLECTIVE_API_URL"] = f"{address}/graphql/v2"
        killed = 0
        for _ in range(3):
            process = terminal.start()
            seen = progress()
            while process.poll() is None and progress() <= seen:
                time.sleep(0.02)
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
                killed += 1
            process.communicate()
        assert killed >= 2
        assert len(runs()) == 1
        status, _, err = terminal.run()
        assert status == 0, err
        assert big.agrees()
        whole = state()
        status, out, _ = terminal.run("--full")
    assert "0 rows new or different" in out
    assert state() == whole


def progress() -> int:
    """Objects that were written down so far."""
    db.session.rollback()
    return db.session.scalar(select(func.coalesce(func.sum(Sync.done), 0))) or 0


@pytest.mark.parametrize(("fault", "times"), [("429", 2), ("500", 2), ("html", 3)])
def test_a_person_waits_for_a_provider_that_comes_back(app: Flask, scene: Scene, fault: str, times: int) -> None:
    ada_joins(scene)
    scene.fault(fault, times=times, after=1)
    pauses: list[float] = []
    *steps, last = read_opencollective(scene.provider, lambda: scene.now, False, pauses.append)
    assert len(pauses) == times
    assert sum(1 for step in steps if step.waits) == (times if fault == "429" else 0)
    assert last.done == last.total
    assert scene.agrees()


def test_a_provider_that_stays_away_ends_the_reading_which_is_gone_on_with(app: Flask, scene: Scene) -> None:
    ada_joins(scene)
    scene.fault("500", times=4, after=2)
    with pytest.raises(ProviderDown):
        list(read_opencollective(scene.provider, lambda: scene.now, False, lambda _: None))
    [failed] = runs()
    assert (failed.ok, failed.cursor["phase"]) == (False, "transactions")
    list(read_opencollective(scene.provider, lambda: scene.now, False))
    assert runs()[0].done == 3  # the rows alone: promises had been read
    assert scene.agrees()
