"""The fake Stripe and the fake Open Collective beside the demonstration: its children, and never left behind."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from coopgov.fakes.credentials import OPENCOLLECTIVE_TOKEN, STRIPE_WEBHOOK_SECRET

SLUG = "harbour-social"  # the co-op's page at the fake Open Collective
KEY = "sk_test_demonstration"
STRIPE_STATE, STORY = "stripe.json", "opencollective.json"  # files in the demonstration's folder
_PORTS = "fakes.json"
_LONGEST_STOP_S = 10.0


class FakesFailed(RuntimeError):
    """A fake did not start; the text says which and why."""


@dataclass(frozen=True)
class Told:
    """Addresses of the demonstration that the fakes tell what happens; empty: they tell nobody."""

    stripe: str = ""
    opencollective: str = ""


def settings_for(stripe: str, opencollective: str) -> dict[str, Any]:
    """Settings with which coopgov talks to the fakes at these addresses."""
    return {
        "stripe_secret_key": KEY,
        "stripe_webhook_secret": STRIPE_WEBHOOK_SECRET,
        "stripe_api_base": stripe,
        "opencollective_slug": SLUG,
        "opencollective_token": OPENCOLLECTIVE_TOKEN,
        "opencollective_api_url": f"{opencollective}/graphql/v2",
        "opencollective_url": opencollective,
        "allow_private_peers": True,
    }


@contextmanager
def fakes_beside(folder: Path, told: Told) -> Iterator[dict[str, Any]]:
    """Both fakes, running until the block or this program ends in whatever way; gives ``settings_for`` them.

    They begin as the files in ``folder`` say and leave their state there, on the ports that they had the last time
    if these can be had. Raises FakesFailed.
    """
    ports = _former_ports(folder)
    if not (folder / STORY).exists():
        (folder / STORY).write_text(json.dumps({"slug": SLUG, "name": SLUG, "acts": []}) + "\n")
    with ExitStack() as stack:
        one = stack.enter_context(_child("stripe", ports, folder / STRIPE_STATE, STRIPE_WEBHOOK_SECRET, told.stripe))
        other = stack.enter_context(
            _child("opencollective", ports, folder / STORY, OPENCOLLECTIVE_TOKEN, told.opencollective)
        )
        stripe, opencollective = _address_of("stripe", one), _address_of("opencollective", other)
        _keep_ports(folder, {"stripe": stripe, "opencollective": opencollective})
        yield settings_for(stripe, opencollective)


def wait_for_former(folder: Path) -> None:
    """Waits until the fakes of a demonstration that has just ended have written their state and are gone."""
    ends = time.monotonic() + _LONGEST_STOP_S
    for port in _former_ports(folder).values():
        while not _is_free(port) and time.monotonic() < ends:
            time.sleep(0.1)


def _former_ports(folder: Path) -> dict[str, int]:
    try:
        return {str(name): int(port) for name, port in json.loads((folder / _PORTS).read_text()).items()}
    except (OSError, ValueError, AttributeError):
        return {}


def _keep_ports(folder: Path, addresses: Mapping[str, str]) -> None:
    ports = {name: urlsplit(address).port for name, address in addresses.items()}
    (folder / _PORTS).write_text(json.dumps(ports) + "\n")


def _is_free(port: int) -> bool:
    try:
        with socket.create_server(("127.0.0.1", port)):
            return True
    except OSError:
        return False


@contextmanager
def _child(fake: str, ports: Mapping[str, int], file: Path, secret: str, tell: str) -> Iterator[subprocess.Popen[str]]:
    """A fake as a child process. It lives in a session of its own, so that Ctrl-C reaches us alone: we let requests
    finish first, which may need it. It ends when its standard input does, which only we hold open."""
    port = ports.get(fake, 0)
    command = [sys.executable, "-m", "coopgov.fakes.child", fake, "--secret", secret, "--file", str(file)]
    command += ["--port", str(port if port and _is_free(port) else 0), *(["--tell", tell] if tell else [])]
    surroundings = {name: value for name, value in os.environ.items() if not name.startswith("COOPGOV_")}
    child = subprocess.Popen(  # noqa: S603 - our own program
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=surroundings,
        start_new_session=True,
    )
    try:
        yield child
    finally:
        _end(child)


def _end(child: subprocess.Popen[str]) -> None:
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.close()
    try:
        child.wait(_LONGEST_STOP_S)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
    child.stdout.close()


def _address_of(fake: str, child: subprocess.Popen[str]) -> str:
    """Where it answers, from the one line that it says when it does; raises FakesFailed when it has ended instead."""
    assert child.stdout is not None
    line = child.stdout.readline()
    if "http" not in line:
        raise FakesFailed(f"The fake {fake} did not start.")
    return line[line.index("http") :].strip()
