"""The fake as a process of its own, and how quickly it has a past."""

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from coopgov.fakes.stripe.server import running, write_state
from coopgov.fakes.stripe.world import World
from tests.fakes.stripe.conftest import DAY, NOW, sdk_for

SERVE = """
import sys
from pathlib import Path
from coopgov.fakes.stripe.server import serve
serve(0, state=Path(sys.argv[1]), webhook_url=sys.argv[2], secret="whsec_x")
"""


def seeded(number: int, months: int) -> World:
    world = World(now=NOW, seed=2)
    world.seed_product("prod_member", "Membership")
    facts: dict[str, Any] = {"name": "A", "amount": 300, "currency": "gbp", "interval": "month"}
    for which in range(number):
        start = NOW - months * 30 * DAY + which * 3_600
        world.seed_subscription(email=f"{which}@example.org", started_at=start, product="prod_member", **facts)
    return world


def test_it_begins_as_its_file_says_and_writes_it_when_told_to_stop(tmp_path: Path) -> None:
    state = tmp_path / "var" / "stripe.json"
    world = World()
    world.request("POST", "/v1/customers", {"email": "a@example.org"})
    write_state(world, state)
    command = [sys.executable, "-W", "error", "-c", SERVE, str(state), "http://127.0.0.1:9/hook"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line.startswith("fake Stripe (no money moves) answers on http://127.0.0.1:")
    sdk = sdk_for(line.split()[-1])
    assert [customer.email for customer in sdk.v1.customers.list()] == ["a@example.org"]
    sdk.v1.customers.create({"email": "b@example.org"})
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=10)
    assert (process.returncode, out, err) == (0, "", "")
    saved = json.loads(state.read_text())
    assert len(saved["tables"]["customer"]) == 2
    assert [end["url"] for end in saved["tables"]["webhook_endpoint"].values()] == ["http://127.0.0.1:9/hook"]


def test_two_servers_do_not_share_a_port() -> None:
    with running(World()) as url:
        port = int(url.rsplit(":", 1)[1])
        with pytest.raises(OSError, match="in use"), running(World(), port):
            pass
        assert httpx.get(url, trust_env=False).status_code == 200


def test_two_hundred_members_have_paid_each_month_of_a_year() -> None:
    world = seeded(200, 14)
    assert len(world.store.tables["invoice"]) >= 200 * 14
    statuses = {invoice["status"] for invoice in world.store.tables["invoice"].values()}
    assert statuses == {"paid"}
    assert world.told() == []


def test_pages_of_other_sites_cannot_play_fate() -> None:
    with running(World(now=NOW, seed=2)) as address:
        rebound = httpx.get(f"{address}/_fake/state", headers={"Host": "evil.example"})
        assert (rebound.status_code, httpx.get(f"{address}/_fake/state").status_code) == (400, 200)
