"""`coopgov serve --demo` from outside: it comes with its fakes, goes with them, and is there again at once."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

COMMAND = Path(sys.executable).parent / "coopgov"
PATIENCE_S = 240.0  # on a machine that does other things too


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("serving")


def surroundings(**settings: str) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("COOPGOV_")} | settings


def answers(url: str) -> bool:
    try:
        urlopen(url, timeout=20).close()
    except OSError:
        return False
    return True


def wait_until(is_so: Any, what: str) -> None:
    ends = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < ends, f"waited in vain: {what}"
        time.sleep(0.1)


@contextmanager
def demo_served(folder: Path, *words: str) -> Iterator[tuple["subprocess.Popen[bytes]", str]]:
    with closing(socket.create_server(("127.0.0.1", 0))) as door:
        port = str(door.getsockname()[1])
    command = [COMMAND, "serve", "--demo", "--port", port, *words]
    running = subprocess.Popen(command, cwd=folder, env=surroundings(), stdout=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until(lambda: answers(f"{url}/healthz") or running.poll() is not None, "the demonstration to answer")
        yield running, url
    finally:
        running.kill()
        running.wait()


def facts(folder: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((folder / "var/demo/demo.json").read_text())
    return told


def fakes(folder: Path) -> list[str]:
    ports = json.loads((folder / "var/demo/fakes.json").read_text())
    return [f"http://127.0.0.1:{port}" for port in ports.values()]


def said(folder: Path, *words: str) -> str:
    done = subprocess.run(
        [COMMAND, *words], cwd=folder, env=surroundings(COOPGOV_DATA_DIR="var/demo"), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-2000:] + done.stdout[-2000:]
    return done.stdout


def test_the_demonstration_from_its_first_start_to_its_violent_end(folder: Path) -> None:
    with demo_served(folder) as (running, url):
        told = facts(folder)
        assert told["url"] == url
        assert set(told["personas"]) == {
            "admin", "applicant", "convenor", "member", "membership_secretary", "treasurer",
        }  # fmt: skip
        for link in (*told["personas"].values(), told["public_thread"], told["open_proposal"], told["ballot_link"]):
            assert answers(link), link
        for name in ("/join", "/finances", *(f"/dev{page}" for page in ("", "/mail"))):
            assert answers(url + name), name
        page = urlopen(f"{url}/dev").read().decode()
        assert all(address in page for address in fakes(folder))
        assert all(found == [] for found in json.loads(said(folder, "check", "--json")).values())
        assert "Stripe: " in said(folder, "sync", "stripe")
        assert "Open Collective: " in said(folder, "sync", "opencollective")
        assert all(found == [] for found in json.loads(said(folder, "check", "--json")).values())
        there = fakes(folder)
        assert all(answers(address) for address in there)
        os.kill(running.pid, signal.SIGKILL)
        running.wait()
        wait_until(lambda: not any(answers(address) for address in there), "the fakes to end")


def test_the_second_start_goes_on_with_what_is_there(folder: Path) -> None:
    before, there = facts(folder), fakes(folder)
    with demo_served(folder) as (running, url):
        told = facts(folder)
        assert (told["seeded_at"], told["url"]) == (before["seeded_at"], url)
        assert fakes(folder) == there
        assert answers(told["personas"]["applicant"])
        running.send_signal(signal.SIGTERM)
        assert running.wait(60) == 0
        assert not any(answers(address) for address in there)


def test_fresh_begins_with_nothing_of_what_was_there(folder: Path) -> None:
    path = folder / "var/demo/secret.key"
    key = path.read_text()
    command = [COMMAND, "serve", "--demo", "--fresh", "--port", "1"]
    running = subprocess.Popen(command, cwd=folder, env=surroundings())
    try:
        wait_until(lambda: path.exists() and path.read_text() != key, "a new key")
        assert not any((folder / f"var/demo/{name}").exists() for name in ("demo.json", "stripe.json", "fakes.json"))
        wait_until((folder / "var/demo/coopgov.db").exists, "the new database")
    finally:
        running.kill()
        running.wait()
