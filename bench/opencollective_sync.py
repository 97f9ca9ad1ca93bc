#!/usr/bin/env python3
"""How long a first reading of Open Collective takes, and a second that changes nothing, through a fake over a socket.

  python bench/opencollective_sync.py [--rows 20000] [--url postgresql+psycopg://…] [--profile] [--json]

The fake runs in a process of its own, as the real one does; what it needs to answer is part of the time that passes and
told apart as ours (processor time of this process). Without --url the database is a new SQLite file.
"""

import argparse
import cProfile
import json
import multiprocessing
import pstats
import tempfile
import time
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path

from coopgov.app import create_app
from coopgov.config import Settings
from coopgov.core.time import utc_now
from coopgov.fakes.credentials import OPENCOLLECTIVE_TOKEN as TOKEN
from coopgov.fakes.opencollective.acts import staged
from coopgov.fakes.opencollective.server import make_app, running
from coopgov.funding.cli import read_opencollective
from coopgov.funding.providers.opencollective.reading import connect
from coopgov.infra.coop import found_coop
from coopgov.infra.db import db, write_transaction
from coopgov.infra.migrate import migrate

KEY = "a key for measuring that is long enough to be one"


def fake(rows: int, tell: Connection) -> None:
    """A collective with so many rows of believable people over two years, until it is told to stop."""
    acts = [{"act": "generate", "transactions": rows, "days": 730, "days_ago": 730, "seed": 1}]
    now = datetime.now(UTC)
    stage = staged({"begin_days_ago": 730, "now": now.isoformat(), "acts": acts}, lambda: now)
    fake_app = make_app(stage.world, stage=stage, clock=iter(range(0, 10**9, 60)).__next__)  # never too often
    with running(fake_app) as address:
        tell.send((address, len(stage.world.rows_of(stage.world.collective))))
        tell.recv()


def reading(settings: Settings, full: bool) -> tuple[float, float, int]:
    """One run: seconds that passed, seconds of this process, rows that changed."""
    provider = connect(settings)
    assert provider is not None
    began, busy = time.perf_counter(), time.process_time()
    *_, last = read_opencollective(provider, utc_now, full)
    return time.perf_counter() - began, time.process_time() - busy, last.changed


def main() -> None:
    """Prints what was measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--url", default="")
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(target=fake, args=(asked.rows, theirs), daemon=True)
    process.start()
    address, rows = ours.recv()
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(
            data_dir=folder,
            database_url=asked.url or f"sqlite:///{Path(folder) / 'bench.db'}",
            secret_key=KEY,
            opencollective_slug="demo-coop",
            opencollective_token=TOKEN,
            opencollective_api_url=f"{address}/graphql/v2",
            allow_private_peers=True,
        )
        with create_app(settings).app_context():
            migrate(db.engine)
            with write_transaction():
                found_coop("Bench", "en", "Europe/London", utc_now())
            profile = cProfile.Profile()
            if asked.profile:
                profile.enable()
            first = reading(settings, full=True)
            profile.disable()
            again = reading(settings, full=True)
            usual = reading(settings, full=False)
            db.session.remove()
            db.engine.dispose()
    ours.send("stop")
    names = ("first reading", "all of it again", "usual reading")
    measured = {
        name: {"seconds": round(passed, 2), "ours": round(busy, 2), "changed": changed}
        for name, (passed, busy, changed) in zip(names, (first, again, usual), strict=True)
    }
    if asked.json:
        print(json.dumps({"rows": rows, **measured}))
    else:
        print(f"{rows} rows")
        for name, found in measured.items():
            print(f"{name:<20} {found['seconds']:7.2f} s, ours {found['ours']:6.2f} s, {found['changed']} changed")
    if asked.profile:
        pstats.Stats(profile).sort_stats("tottime").print_stats(40)


if __name__ == "__main__":
    main()
