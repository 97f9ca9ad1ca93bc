"""The fakes beside the demonstration: they come with it, keep what they know, and go with it, however it ends."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from coopgov.config import read_settings
from coopgov.demo.providers import SLUG, FakesFailed, Told, fakes_beside, wait_for_former

PARENT = """
import signal, sys, time
from pathlib import Path
from coopgov.demo.providers import Told, fakes_beside
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell that began the tests in the background ignores it
with fakes_beside(Path(sys.argv[1]), Told()) as settings:
    print(settings["stripe_api_base"], settings["opencollective_url"], flush=True)
    time.sleep(60)
"""


def page_at(url: str) -> str:
    with urlopen(url, timeout=10) as answer:
        return str(answer.read().decode())


def answers(url: str) -> bool:
    try:
        page_at(url)
    except OSError:
        return False
    return True


def customers(stripe: str) -> list[str]:
    asked = Request(f"{stripe}/v1/customers", headers={"Authorization": "Bearer sk_test_x"})
    with urlopen(asked, timeout=10) as answer:
        return [row["name"] for row in json.load(answer)["data"]]


def new_customer(stripe: str, name: str) -> None:
    asked = Request(f"{stripe}/v1/customers", f"name={name}".encode(), {"Authorization": "Bearer sk_test_x"})
    urlopen(asked, timeout=10).close()


@contextmanager
def parent_of_fakes(folder: Path) -> Iterator[tuple["subprocess.Popen[str]", str, str]]:
    """Another program that has the fakes as children; with both addresses."""
    command = [sys.executable, "-c", PARENT, str(folder)]
    parent = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
    assert parent.stdout is not None
    try:
        stripe, opencollective = parent.stdout.readline().split()
        yield parent, stripe, opencollective
    finally:
        parent.kill()
        parent.wait()
        parent.stdout.close()


def test_the_fakes_answer_and_the_settings_point_at_them(tmp_path: Path) -> None:
    with fakes_beside(tmp_path, Told()) as overrides:
        settings = read_settings({}, data_dir=str(tmp_path), **overrides)
        assert "No money moves" in page_at(settings.stripe_api_base)
        assert "No money moves" in page_at(settings.opencollective_url)
        assert settings.stripe_secret_key.startswith("sk_test_")
        assert settings.allow_private_peers
        assert settings.opencollective_slug == SLUG
        assert settings.opencollective_api_url == f"{settings.opencollective_url}/graphql/v2"
    assert not answers(settings.stripe_api_base)
    assert not answers(settings.opencollective_url)


def test_a_restart_finds_the_same_money_at_the_same_addresses(tmp_path: Path) -> None:
    with fakes_beside(tmp_path, Told()) as first:
        new_customer(first["stripe_api_base"], "Ada")
    with fakes_beside(tmp_path, Told()) as second:
        assert second == first
        assert customers(second["stripe_api_base"]) == ["Ada"]


def test_a_port_that_somebody_else_has_taken_is_left_to_them(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as door:
        taken = door.getsockname()[1]
        (tmp_path / "fakes.json").write_text(json.dumps({"stripe": taken}))
        with fakes_beside(tmp_path, Told()) as settings:
            assert answers(settings["stripe_api_base"])
            assert str(taken) not in settings["stripe_api_base"]


def test_what_happens_at_stripe_is_told_to_the_demonstration_where_it_answers_now(tmp_path: Path) -> None:
    for told in ("http://127.0.0.1:1/webhooks/stripe", "http://127.0.0.1:2/webhooks/stripe"):
        with fakes_beside(tmp_path, Told(stripe=told)) as settings:
            asked = Request(
                f"{settings['stripe_api_base']}/v1/webhook_endpoints", headers={"Authorization": "Bearer sk_test_x"}
            )
            with urlopen(asked, timeout=10) as answer:
                assert [end["url"] for end in json.load(answer)["data"]] == [told]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL])
def test_however_the_parent_ends_the_fakes_end_with_it_and_keep_what_they_know(tmp_path: Path, number: int) -> None:
    with parent_of_fakes(tmp_path) as (parent, stripe, opencollective):
        new_customer(stripe, "Ada")
        os.kill(parent.pid, number)
        parent.wait(15)
        ends = time.monotonic() + 15
        while (answers(stripe) or answers(opencollective)) and time.monotonic() < ends:
            time.sleep(0.1)
        assert not answers(stripe)
        assert not answers(opencollective)
    wait_for_former(tmp_path)
    with fakes_beside(tmp_path, Told()) as again:
        assert customers(again["stripe_api_base"]) == ["Ada"]


def test_a_fake_that_cannot_start_is_named(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "stripe.json").write_text("{")
    with pytest.raises(FakesFailed, match="stripe"), fakes_beside(tmp_path, Told()):
        pass
    assert "stripe: " in capfd.readouterr().err
