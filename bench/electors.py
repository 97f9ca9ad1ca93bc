#!/usr/bin/env python3
"""A vote of 10,000 electors on SQLite: opening it, queueing its mails, closing it, and its result's page.

  python bench/electors.py [--electors 10000] [--method schulze] [--proxies 2000] [--json]

Measured, in wall seconds of this process and processor seconds: `open` (roll frozen with its leaves and root, one
transaction), `mails` (a notice and a mail queued for each elector, one transaction), `ballot` (an elector's page of the
open vote; median of several), `close` (count, closing statement, result), `page` (the public page of the result, rendered
anew; median of several), `record` (record.json). Eight of ten electors vote, by rows written directly; with `--proxies` it
is a vote of a group of them all, in which so many have given their proxy, ten to each holder.
"""

import argparse
import json
import random
import secrets
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, insert, select

from coopgov.app import create_app
from coopgov.config import Settings
from coopgov.decisions.models import Ballot, Proposal, RollEntry
from coopgov.decisions.rules.casting import DRAIN
from coopgov.decisions.rules.options import numbered
from coopgov.decisions.rules.stages import Terms
from coopgov.decisions.services import closing, drafting, opening
from coopgov.discussion.models import Thread
from coopgov.discussion.rules import Author
from coopgov.groups.models import Group, Seat
from coopgov.identity.models import Login, Party
from coopgov.identity.services import start_session
from coopgov.infra.coop import found_coop
from coopgov.infra.db import db, write_transaction
from coopgov.infra.jobs import DatabaseTask, Job, work
from coopgov.infra.mail import Mail
from coopgov.infra.migrate import migrate
from coopgov.infra.web.pages import PageStore
from coopgov.membership.models import Membership
from coopgov.proxies.models import Proxy, ProxyTerms
from coopgov.tally.methods import METHODS
from coopgov.tally.rule import PRESETS
from coopgov.tally.vote import Shape

BEGAN = datetime.now(UTC).replace(microsecond=0) - timedelta(days=30)
CLOSES = BEGAN + timedelta(days=14)


def give(proxies: int, at: datetime) -> None:
    """So many members have given their proxy, ten to each holder."""
    db.session.add(ProxyTerms(group_id=1, cap=10, by_id=1, at=at))
    ends = BEGAN + timedelta(days=100)
    lasting = {"group_id": 1, "asked_at": at, "accepted_at": at, "until_at": ends, "how": ""}
    pairs = [(n + proxies // 10, n // 10 + 1) for n in range(1, proxies + 1)]
    db.session.execute(
        insert(Proxy), [{"giver_id": giver, "holder_id": to, **lasting} for giver, to in pairs if giver != to]
    )


def seed(electors: int, proxies: int) -> None:
    """A co-op of so many members, a group of them all, a public thread."""
    found_coop("Bench Co-op", "en", "Europe/London", BEGAN)
    session, joined = db.session(), BEGAN - timedelta(days=400)
    numbers = range(1, electors + 1)
    session.execute(insert(Party), [{"id": n, "name": f"Member {n}", "created_at": joined} for n in numbers])
    session.execute(
        insert(Login),
        [
            {"party_id": n, "email": f"{n}@x.example", "email_key": f"{n}@x.example", "created_at": joined}
            for n in numbers
        ],
    )
    session.execute(insert(Membership), [{"party_id": n, "number": n, "admitted_at": joined} for n in numbers])
    session.add(Group(id=1, slug="all", name="All", created_at=joined))
    session.flush()
    session.execute(
        insert(Seat), [{"group_id": 1, "party_id": n, "role": "member", "starts_at": joined} for n in numbers]
    )
    if proxies:
        give(proxies, joined)
    session.add(
        Thread(
            id=1,
            group_id=1,
            author_id=1,
            public_name="Member 1",
            title="Which?",
            slug="which",
            source="Which?",
            html="<p>Which?</p>",
            is_public=True,
            opened_at=BEGAN,
            last_at=BEGAN,
        )
    )


def draft(method: str, electorate: str) -> int:
    """A proposal by ``method`` with ten options, where it has none of its own."""
    own = () if METHODS[method].options else numbered([f"Option {n}" for n in range(1, 11)])
    terms = Terms(
        title="Which?",
        source="Which?",
        rule=PRESETS["ordinary"],
        rule_name="",
        electorate=electorate,
        opens_at=None,
        closes_at=CLOSES,
        method=method,
        options=own,
    )
    return drafting.draft_proposal(db.session.get_one(Thread, 1), Author(1, "Member 1", "Member 1"), terms, BEGAN).id


def choice(proposal: Proposal, rng: random.Random) -> Any:
    """Somebody's ballot, in the normal form of its method."""
    words = [option["id"] for option in proposal.options]
    some = rng.sample(words, rng.randint(1, min(5, len(words))))
    match METHODS[proposal.method].shape:
        case Shape.ONE:
            return rng.choice(words)
        case Shape.LEVELS:
            return [[word] for word in some]
        case Shape.RANKING:
            return some
        case _:
            return [word for word in words if word in some]


def cast(proposal: Proposal, rng: random.Random) -> None:
    """Eight of ten electors vote."""
    entries = list(db.session.scalars(select(RollEntry.id).where(RollEntry.proposal_id == proposal.id)))
    rows = [
        {
            "proposal_id": proposal.id,
            "roll_entry_id": entry,
            "sequence": 1,
            "choice": choice(proposal, rng),
            "reason": "Because." if rng.random() < 0.2 else "",
            "public_name": f"Voter {entry}",
            "channel": "web",
            "received_at": BEGAN + timedelta(hours=1),
            "nonce": secrets.token_hex(16),
        }
        for entry in rng.sample(entries, len(entries) * 8 // 10)
    ]
    db.session.execute(insert(Ballot), rows)


def timed(act: Callable[[], object]) -> tuple[float, float]:
    """(wall, processor) seconds of ``act``."""
    wall, processor = time.perf_counter(), time.process_time()
    act()
    return time.perf_counter() - wall, time.process_time() - processor


def median(act: Callable[[], object]) -> tuple[float, float]:
    """What ``timed`` gives in the middle of nine rounds, after one that does not count."""
    act()
    rounds = [timed(act) for _ in range(9)]
    return statistics.median(w for w, _ in rounds), statistics.median(p for _, p in rounds)


def call_for_ballots() -> None:
    """As the worker does it: a notice and a mail for each elector."""
    with write_transaction() as session:
        job = session.scalars(select(Job).where(Job.kind == "notifications.voting_opened")).one()
        task = work().tasks[job.kind]
        assert isinstance(task, DatabaseTask)
        task.run(job.payload, BEGAN)
        job.state, job.finished_at = "done", BEGAN
    assert db.session.scalar(select(func.count()).select_from(Mail))


def signed_in(app: Flask, party_id: int) -> FlaskClient:
    """A browser of the member."""
    with write_transaction() as session:
        login = session.scalars(select(Login).where(Login.party_id == party_id)).one()
        cookie = start_session(login, "mail", "bench", BEGAN)
    client = app.test_client()
    client.set_cookie(app.config["SESSION_COOKIE_NAME"], cookie)
    return client


def measure(electors: int, method: str, proxies: int, folder: Path) -> dict[str, tuple[float, float]]:
    """Seconds by what was done."""
    clock = [BEGAN]
    settings = Settings(database_url=f"sqlite:///{folder / 'bench.db'}", data_dir=str(folder), secret_key="k" * 40)
    app, rng, told = create_app(settings, lambda: clock[0]), random.Random(1), {}
    with app.app_context():
        migrate(db.engine)
        with write_transaction():
            seed(electors, proxies)
        with write_transaction():
            number = draft(method, "group" if proxies else "coop")

        def in_one(service: Callable[..., object], now: datetime) -> Callable[[], None]:
            def act() -> None:
                with write_transaction() as session:
                    service(session.get_one(Proposal, number), now)

            return act

        told["open"] = timed(in_one(opening.open_voting, BEGAN))
        told["mails"] = timed(call_for_ballots)
        clock[0] = BEGAN + timedelta(hours=2)
        elector = signed_in(app, electors)
        told["ballot"] = median(lambda: elector.get(f"/p/{number}", follow_redirects=True))
        with write_transaction() as session:
            cast(session.get_one(Proposal, number), rng)
        with write_transaction() as session:
            closing.begin_counting(session.get_one(Proposal, number), CLOSES)
        told["close"] = timed(in_one(closing.count_and_close, CLOSES + DRAIN))
        clock[0] = CLOSES + timedelta(days=1)
        client = app.test_client()

        def page() -> None:
            app.extensions["coopgov.pages"] = PageStore()
            assert client.get(db.session.get_one(Proposal, number).path).status_code == 200

        told["page"] = median(page)
        told["record"] = timed(lambda: client.get(f"/p/{number}/record.json"))
    return told


def main() -> None:
    """Prints the seconds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--electors", type=int, default=10_000)
    parser.add_argument("--method", default="proposal", choices=sorted(METHODS))
    parser.add_argument("--proxies", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        told = measure(asked.electors, asked.method, asked.proxies, Path(folder))
    if asked.json:
        print(json.dumps(told))
        return
    for name, (wall, processor) in told.items():
        print(f"{name:8} {wall:8.3f} s  ({processor:.3f} s processor)")


if __name__ == "__main__":
    main()
