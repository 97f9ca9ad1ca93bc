"""The command line: a new installation from nothing, and what each command says and returns."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from urllib.request import urlopen

import pytest

COMMAND = Path(sys.executable).parent / "coopgov"
ANSWERS = [
    "--name",
    "Test Co-op",
    "--base-url",
    "http://127.0.0.1:8000",
    "--contact",
    "us@example.org",
    "--mail-url",
    "",
]
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """``run("check", "--json")`` in an empty folder, on SQLite."""
    return runner(tmp_path)


@pytest.fixture(params=["sqlite", "postgresql"])
def run_on_both(request: pytest.FixtureRequest, tmp_path: Path) -> Run:
    """As ``run``, and once more on an empty PostgreSQL."""
    if request.param == "sqlite":
        return runner(tmp_path)
    return runner(tmp_path, COOPGOV_DATABASE_URL=request.getfixturevalue("empty_postgres_url"))


def runner(tmp_path: Path, **settings: str) -> Run:
    """Runs the command with ``settings`` and nothing else of ours in its environment."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("COOPGOV_")}
    environment |= {"COOPGOV_DATA_DIR": str(tmp_path / "data"), **settings}

    def call(*words: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [COMMAND, *words], env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=120
        )

    return call


def said(run: Run, *words: str) -> str:
    """What a command that succeeds prints."""
    done = run(*words)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def test_a_new_installation_from_nothing(run_on_both: Run, tmp_path: Path) -> None:
    run = run_on_both
    assert "admin create" in said(run, "init", *ANSWERS)
    assert (tmp_path / "data/secret.key").stat().st_mode & 0o077 == 0
    assert (tmp_path / "data/coopgov.env").stat().st_mode & 0o077 == 0
    assert said(run, "migrate").startswith("schema: ")
    assert "/invitation/" in said(run, "admin", "create", "ada@example.org")
    assert "waits to be sent" in said(run, "invite", "bo@example.org")
    assert json.loads(said(run, "audit", "verify", "--json"))["broken_at"] is None
    assert "COOPGOV_SECRET_KEY=" in said(run, "config")


def test_the_data_of_a_new_installation_is_well(run: Run) -> None:
    said(run, "init", *ANSWERS)
    assert all(faults == [] for faults in json.loads(said(run, "check", "--json")).values())


def test_setting_up_twice_changes_nothing(run: Run) -> None:
    said(run, "init", *ANSWERS)
    again = run("init", *ANSWERS)
    assert again.returncode == 1
    assert "nothing was changed" in again.stderr


def test_commands_before_the_set_up_say_what_to_do(run: Run) -> None:
    for words in (("check",), ("serve",), ("invite", "bo@example.org")):
        done = run(*words)
        assert done.returncode == 1
        assert "coopgov init" in done.stderr


def test_the_doctor_says_what_is_missing(run: Run) -> None:
    said(run, "init", *ANSWERS)
    done = run("doctor", "--json")
    findings = {f["name"]: f for f in json.loads(done.stdout)}
    assert done.returncode == 1
    assert findings["schema"]["well"]
    assert not findings["mail"]["well"]
    assert "COOPGOV_MAIL_URL" in findings["mail"]["advice"]


def test_secrets_are_not_printed(run: Run, tmp_path: Path) -> None:
    said(run, "init", *ANSWERS)
    assert (tmp_path / "data/secret.key").read_text().strip() not in said(run, "config")


def test_a_word_that_is_not_understood_is_status_two(run: Run) -> None:
    assert run("frobnicate").returncode == 2
    assert run("serve", "--port", "many").returncode == 2


def test_the_demo_is_refused_off_loopback(run: Run) -> None:
    done = run("serve", "--demo", "--host", "0.0.0.0")
    assert done.returncode == 2
    assert "loopback" in done.stderr


def test_a_setting_that_does_not_exist_stops_the_start(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    said(run, "init", *ANSWERS)
    done = subprocess.run(
        [COMMAND, "config"], env={**os.environ, "COOPGOV_MAIL_ULR": "x"}, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "COOPGOV_MAIL_ULR" in done.stderr


def test_a_backup_is_proved_and_put_back(tmp_path: Path) -> None:
    environment = {**os.environ, "COOPGOV_DATA_DIR": str(tmp_path / "data")}

    def call(*words: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run([COMMAND, *words], env=environment, cwd=tmp_path, capture_output=True, text=True)

    assert call("init", *ANSWERS).returncode == 0
    assert call("backup", "copy.tar.gz").returncode == 0
    assert "proved" in call("restore", "copy.tar.gz", "--check").stdout
    refused = call("restore", "copy.tar.gz")
    assert (refused.returncode, "--replace" in refused.stderr) == (1, True)
    assert call("invite", "bo@example.org").returncode == 0
    assert call("restore", "copy.tar.gz", "--replace").returncode == 0
    assert json.loads(call("audit", "verify", "--json").stdout)["rows"] == 1
    assert call("upgrade").returncode == 0


FAKES = pytest.mark.parametrize("command", ["fake-stripe", "fake-opencollective"])


@FAKES
def test_a_fake_answers_on_this_machine_and_ends_when_told(tmp_path: Path, command: str) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as door:
        port = str(door.getsockname()[1])
    child = subprocess.Popen([COMMAND, command, "--port", port], cwd=tmp_path, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    address = re.search(r"http://127\.0\.0\.1:\d+", child.stdout.readline())
    assert address is not None
    with urlopen(address[0]) as page:
        assert b"No money moves" in page.read()
    child.send_signal(signal.SIGTERM)
    child.stdout.close()
    assert child.wait(15) == 0


@FAKES
def test_a_fake_is_refused_in_earnest(tmp_path: Path, command: str) -> None:
    done = runner(tmp_path, COOPGOV_BASE_URL="https://coop.example")(command)
    assert (done.returncode, "development" in done.stderr) == (1, True)


@FAKES
def test_a_fake_says_plainly_that_its_port_is_taken(run: Run, command: str) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as door:
        done = run(command, "--port", str(door.getsockname()[1]))
    assert (done.returncode, "cannot be had" in done.stderr) == (1, True)


@pytest.mark.parametrize("words", [("fake-stripe", "--state"), ("fake-opencollective", "--data")])
def test_a_fake_says_plainly_that_its_file_is_of_no_use(run: Run, tmp_path: Path, words: tuple[str, str]) -> None:
    (tmp_path / "broken.json").write_text("{")
    done = run(*words, "broken.json")
    assert (done.returncode, "cannot be used" in done.stderr) == (1, True)
