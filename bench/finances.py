#!/usr/bin/env python3
"""Processor time per request of the public accounts with many bookings, in this process through WSGI.

  python bench/finances.py [--entries 50000] [--rounds 7] [--json]

Half of the entries are payments by card over four years, half their fees; 400 people. Measured: `/finances` as it is
made (page store emptied), `/finances` from memory, one page of bookings, and all bookings as a file. The median over
the rounds is printed, in milliseconds.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import insert
from werkzeug.test import EnvironBuilder, run_wsgi_app

from coopgov.app import create_app
from coopgov.config import Settings
from coopgov.funding.models import Contribution, LedgerEntry, Payer, Posting
from coopgov.funding.rules.ledger import DUES, STRIPE, STRIPE_FEES
from coopgov.infra.coop import found_coop
from coopgov.infra.db import db, write_transaction
from coopgov.infra.migrate import migrate
from coopgov.infra.web.pages import PageStore

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
DAYS, PEOPLE = 4 * 365, 400


def installation(folder: Path, entries: int) -> Flask:
    """A co-op with so many entries in its ledger."""
    url = f"sqlite:///{folder / 'bench.db'}"
    settings = Settings(
        database_url=url,
        data_dir=str(folder),
        secret_key="k" * 40,
        base_url="http://localhost",
        mail_url="",
        contact="",
    )
    app = create_app(settings, lambda: NOW)
    with app.app_context():
        migrate(db.engine)
        with write_transaction() as session:
            found_coop("Bench Co-op", "en", "Europe/London", NOW)
            for model, rows in _rows(entries // 2):
                session.execute(insert(model), rows)
    return app


def _rows(payments: int) -> Iterator[tuple[type[Any], list[dict[str, Any]]]]:
    ids = range(1, payments + 1)
    days = {n: NOW - timedelta(days=DAYS * (payments - n) // payments) for n in ids}
    yield (
        Payer,
        [{"id": n, "source": "stripe", "remote_id": f"cus_{n}", "created_at": NOW} for n in range(1, PEOPLE + 1)],
    )
    yield Contribution, [_contribution(n, days[n]) for n in ids]
    both = [(n, kind) for n in ids for kind in ("contribution", "fee")]
    yield LedgerEntry, [_entry(at, n, kind, days[n]) for at, (n, kind) in enumerate(both, 1)]
    yield Posting, [line for at, (n, kind) in enumerate(both, 1) for line in _lines(at, n, kind)]


def _contribution(n: int, paid: datetime) -> dict[str, Any]:
    status = {"status": "succeeded", "remote_status": "succeeded", "receipt_number": n, "settles_in": STRIPE}
    when = {"paid_at": paid, "created_at": paid, "updated_at": paid}
    key = {"id": n, "source": "stripe", "remote_id": f"in_{n}", "payer_id": 1 + n % PEOPLE}
    return {**key, **status, **when, "gross_minor": 300 + n % 7, "currency": "GBP", "fees": {STRIPE_FEES: 24}}


def _entry(at: int, n: int, kind: str, paid: datetime) -> dict[str, Any]:
    key = {"id": at, "ref": f"stripe:in_{n}:{kind}", "kind": kind, "source": "stripe", "contribution_id": n}
    return {**key, "day": paid.date(), "note": "", "at": paid}


def _lines(at: int, n: int, kind: str) -> list[dict[str, Any]]:
    one, other, minor = (STRIPE, DUES, 300 + n % 7) if kind == "contribution" else (STRIPE_FEES, STRIPE, 24)
    lines = [(one, minor), (other, -minor)]
    return [{"entry_id": at, "account": account, "amount_minor": m, "currency": "GBP"} for account, m in lines]


def get(app: Flask, path: str) -> int:
    """Length of the answer."""
    body, status, _ = run_wsgi_app(app.wsgi_app, EnvironBuilder(path=path).get_environ(), buffered=True)
    assert status.startswith("200"), status
    return len(b"".join(body))


def seconds(work: Callable[[], object], rounds: int) -> float:
    """Median processor time of one round."""
    taken = []
    for _ in range(rounds):
        began = time.process_time()
        work()
        taken.append(time.process_time() - began)
    return statistics.median(taken)


def main() -> None:
    """Prints what was measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entries", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        app = installation(Path(folder), asked.entries)

        def anew(path: str) -> None:
            app.extensions["coopgov.pages"] = PageStore()
            get(app, path)

        month = "/finances/entries?month=2026-10&heading=received&currency=GBP"
        rounds = {
            "the page, made": lambda: anew("/finances"),
            "the page, kept": lambda: get(app, "/finances"),
            "a page of bookings, made": lambda: anew(month),
            "all bookings as a file, made": lambda: anew("/finances/entries.csv"),
            "the statement as a file, made": lambda: anew("/finances.csv"),
        }
        found = {name: round(1000 * seconds(work, asked.rounds), 1) for name, work in rounds.items()}
    if asked.json:
        print(json.dumps({"entries": asked.entries, "ms": found}))
    else:
        print("\n".join(f"{name:32} {ms:8.1f} ms" for name, ms in found.items()))


if __name__ == "__main__":
    main()
