#!/usr/bin/env python3
"""Processor time per request of the anonymous thread page with 100 comments, against a hand-written floor, in one run.

  python bench/thread_page.py [--comments 100] [--threads 200] [--rounds 7] [--requests 60] [--json]

The floor is what the framework, the driver and the templates cost at the least: Flask, one Core query of plain columns,
Jinja (no sessions, permissions, languages, menus). Measured: `floor`; `coopgov, rendered` with the page store emptied
before each request; `coopgov, kept`. All three in this process through WSGI, in turn, processor time of the
process; the medians over the rounds are printed with their ratio to the floor.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from flask import Flask
from sqlalchemy import create_engine, select
from werkzeug.test import EnvironBuilder, run_wsgi_app

from coopgov.app import create_app
from coopgov.config import Settings
from coopgov.discussion.models import Comment, Thread
from coopgov.groups.models import Group
from coopgov.identity.models import Login, Party
from coopgov.infra.coop import found_coop
from coopgov.infra.db import db, write_transaction
from coopgov.infra.markdown import to_html
from coopgov.infra.migrate import migrate
from coopgov.infra.web.pages import PageStore

WORDS = [
    "the",
    "group",
    "met",
    "on",
    "Tuesday",
    "and",
    "agreed",
    "that",
    "the",
    "server",
    "should",
    "move",
    "before",
    "the",
    "winter",
    "because",
    "costs",
    "went",
    "up",
]
FLOOR = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{{ t.title }}</title>
<meta name="viewport" content="width=device-width"><link rel="stylesheet" href="/static/site.css"></head><body>
<header><nav><a href="/">Home</a> <a href="/groups">Groups</a> <a href="/members">Members</a> <a href="/join">Join</a></nav></header>
<main><h1>{{ t.title }}</h1><p>{{ t.comment_count }} comments</p>
{% for c in comments %}<article id="c{{ c.id }}"><header><a href="/m/{{ c.author_id }}">{{ c.public_name }}</a>
<a href="#c{{ c.id }}"><time datetime="{{ c.posted_at.isoformat() }}">{{ c.posted_at.strftime("%d %b %Y %H:%M") }}</time></a></header>
<div class="body">{{ c.html|safe }}</div><footer><a href="/report/{{ c.id }}">Report</a></footer></article>
{% endfor %}</main><footer>Read only: <a href="/login">sign in</a> to take part.</footer></body></html>"""


def seed(threads: int, comments: int) -> None:
    """A co-op with ``threads`` public threads of ``comments`` comments each, by fifty people."""
    now = datetime.now(UTC)
    found_coop("Bench Co-op", "en", "Europe/London", now)
    session = db.session()
    session.add_all(Party(id=n, name=f"Member Number {n}", created_at=now) for n in range(1, 51))
    session.add(Group(id=1, slug="tech", name="Tech", created_at=now))
    session.flush()
    session.add_all(
        Login(party_id=n, email=f"{n}@x.example", email_key=f"{n}@x.example", created_at=now) for n in range(1, 51)
    )
    for t in range(1, threads + 1):
        html = to_html("Shall we move?")
        session.add(
            Thread(
                id=t,
                group_id=1,
                author_id=1,
                public_name="Member N.",
                title=f"Thread {t}",
                slug=f"thread-{t}",
                source="Shall we move?",
                html=html,
                is_public=True,
                opened_at=now,
                last_at=now,
                comment_count=comments,
            )
        )
        session.flush()
        session.add_all(
            Comment(
                thread_id=t,
                number=n,
                author_id=1 + n % 50,
                public_name=f"Member {n % 50}",
                source=text,
                html=to_html(text),
                posted_at=now + timedelta(seconds=n),
            )
            for n in range(1, comments + 1)
            for text in [" ".join(WORDS[(n + i) % len(WORDS)] for i in range(20 + n % 30))]
        )


def floor_app(path: Path) -> Flask:
    """The floor's application on the same database file."""
    app = Flask("floor")
    engine = create_engine(f"sqlite:///{path}")
    page = app.jinja_env.from_string(FLOOR)
    t, c = Thread.__table__.c, Comment.__table__.c

    @app.get("/core/<int:n>")
    def core(n: int) -> str:
        with engine.connect() as connection:
            thread = connection.execute(select(t.id, t.title, t.comment_count).where(t.id == n)).one()
            rows = connection.execute(
                select(c.id, c.html, c.posted_at, c.author_id, c.public_name)
                .where(c.thread_id == n)
                .order_by(c.number)
                .limit(101)
            ).all()
        return page.render(t=thread, comments=rows)

    return app


def processor_ms(app: Flask, path: str, requests: int, before: Callable[[], None] = lambda: None) -> float:
    """Processor milliseconds per request, page checked to be whole."""
    environ = EnvironBuilder(path=path, base_url="http://localhost").get_environ()
    spent = 0.0
    for _ in range(requests):
        before()
        start = time.process_time()
        body, status, _headers = run_wsgi_app(app.wsgi_app, dict(environ), buffered=True)
        spent += time.process_time() - start
        if not status.startswith("200") or len(b"".join(body)) < 10_000:
            raise SystemExit(f"{path}: {status}")
    return spent / requests * 1000


def measure(options: argparse.Namespace, folder: Path) -> dict[str, float]:
    """Medians over the rounds, milliseconds."""
    settings = Settings(data_dir=str(folder), secret_key="k" * 40, base_url="http://localhost")
    app = create_app(settings)
    with app.app_context():
        migrate(db.engine)
        with write_transaction():
            seed(options.threads, options.comments)
    floor = floor_app(folder / "coopgov.db")
    pages = f"/t/{options.threads // 2}-thread-{options.threads // 2}"

    def forget() -> None:
        app.extensions["coopgov.pages"] = PageStore()

    found: dict[str, list[float]] = {"floor": [], "coopgov, rendered": [], "coopgov, kept": []}
    for _ in range(options.rounds):
        found["floor"].append(processor_ms(floor, f"/core/{options.threads // 2}", options.requests))
        found["coopgov, rendered"].append(processor_ms(app, pages, options.requests, forget))
        found["coopgov, kept"].append(processor_ms(app, pages, options.requests))
    return {name: statistics.median(values[1:]) for name, values in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("comments", 100), ("threads", 200), ("rounds", 7), ("requests", 60)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = measure(options, Path(folder))
    if options.json:
        print(json.dumps(found))
        return
    for name, value in found.items():
        print(f"{name:<20} {value:7.2f} ms of processor time   {value / found['floor']:5.2f} × floor")


if __name__ == "__main__":
    main()
