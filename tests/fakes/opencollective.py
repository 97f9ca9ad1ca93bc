"""A fake Open Collective for tests: a world whose clock stands still, and clients that ask it."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import httpx
from flask import Flask
from flask.testing import FlaskClient

from coopgov.fakes.credentials import OPENCOLLECTIVE_TOKEN as TOKEN
from coopgov.fakes.opencollective.acts import Stage, staged, world_at
from coopgov.fakes.opencollective.server import make_app
from coopgov.fakes.opencollective.world import World
from coopgov.infra.http import Fetched

START = datetime(2026, 1, 20, 9, 30, tzinfo=UTC)
URL = "http://opencollective.test/graphql/v2"
PEOPLE = [
    {"act": "person", "slug": "ada", "name": "Ada Lovelace", "email": "ada@example.org"},
    {"act": "person", "slug": "bert", "name": "Bert Brown", "email": "bert@example.org"},
    {"act": "tier", "slug": "member", "name": "Member", "cents": 300, "least_cents": 100},
]


def small_world(now: datetime = START, **story: Any) -> World:
    """Ada, Bert, a tier, and whatever the story tells."""
    return world_at(now, **{"acts": PEOPLE, **story})


def small_stage(now: datetime = START, **story: Any) -> Stage:
    """The same with its names for things."""
    return staged({"now": now.isoformat(), "acts": PEOPLE, **story}, lambda: now)


class Asking:
    """Stands between a provider and the application, where the guarded client would: same questions, no socket."""

    def __init__(self, app: Flask) -> None:
        self.client: FlaskClient = app.test_client()
        self.asked: list[dict[str, Any]] = []

    def post(self, _url: str, body: bytes, headers: Mapping[str, str]) -> Fetched:
        self.asked.append(json.loads(body))
        answer = self.client.post("/graphql/v2", data=body, headers=dict(headers))
        sent = httpx.Headers(dict(answer.headers))
        kind = answer.content_type.split(";")[0]
        return Fetched(status=answer.status_code, url=URL, headers=sent, body=answer.data, content_type=kind)


def ask(app: Flask, query: str, token: str = TOKEN, **variables: Any) -> dict[str, Any]:
    """The answer's body."""
    headers = {"Personal-Token": token} if token else {}
    answer = app.test_client().post("/graphql/v2", json={"query": query, "variables": variables}, headers=headers)
    return answer.get_json()


def app_of(world: World, **more: Any) -> Flask:
    """The application over ``world``; its rate limit's clock stands still."""
    return make_app(world, **{"clock": lambda: 1_000_000.0, **more})
