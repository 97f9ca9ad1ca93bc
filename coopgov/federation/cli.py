"""Federation by hand, for the command line."""

import sys
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import click

from coopgov.core.time import utc_text
from coopgov.federation.models import Actor
from coopgov.federation.queries import peers as known
from coopgov.federation.queries.actors import actor_with_handle, handle_of, the_actor
from coopgov.federation.queries.announcements import audience_of, progress_of
from coopgov.federation.queries.deliveries import newest_announcements, waiting_count
from coopgov.federation.rules.delivering import Health
from coopgov.federation.services.actors import reseal, rotate_key
from coopgov.federation.services.publishing import publish_by_hand
from coopgov.infra.crypto import BadToken
from coopgov.infra.db import write_transaction
from coopgov.infra.settings import site_url

MOST_SERVERS = 1000  # that a report names
TROUBLE = (Health.PARKED, Health.FAILING, Health.BUSY)


def status(now: datetime) -> dict[str, Any]:
    """How deliveries fare: ``actor`` (None before there is one), figures, ``announcements`` (the newest ten, each with
    how many inboxes have it), ``servers`` (those in trouble) and ``blocked`` domains."""
    actor = the_actor()
    followers, on_servers = audience_of(actor.id) if actor else (0, 0)
    failing, parked = known.troubled_count()
    return {
        "actor": {"id": site_url(actor.path), "handle": f"@{handle_of(actor)}"} if actor else None,
        "followers": followers,
        "follower_servers": on_servers,
        "waiting": waiting_count(),
        "servers": known.server_count(),
        "failing": failing,
        "parked": parked,
        "announcements": [
            {
                "id": site_url(said.note_path),
                "title": said.title,
                "published_at": utc_text(said.published_at),
                "done": progress.done,
                "waiting": progress.waiting,
                "failed": progress.failed,
            }
            for said, progress in newest_announcements(10)
        ],
        "troubled": [_plain(one) for one in known.servers(0, MOST_SERVERS, now) if one.health in TROUBLE],
        "blocked": [{"domain": row.domain, "reason": row.reason} for row in known.block_list()],
    }


def _plain(server: known.Server) -> dict[str, Any]:
    instants = {"failing_since": server.failing_since, "next_at": server.next_at, "last_ok_at": server.last_ok_at}
    told = {name: utc_text(value) if value else None for name, value in instants.items()}
    health = {"state": server.health.value, "waiting": server.waiting, "last_error": server.last_error}
    return {"host": server.host, **health, **told}


def lines(told: dict[str, Any]) -> Iterator[str]:
    """``status()`` for people to read."""
    if told["actor"] is None:
        yield "There is no actor yet: the worker makes one within a minute. Run `coopgov serve`."
        return
    yield f"{told['actor']['handle']}: {told['followers']} followers on {told['follower_servers']} servers"
    yield f"{told['waiting']} deliveries on their way; {told['failing']} of {told['servers']} servers are in trouble"
    for one in told["announcements"]:
        counts = f"{one['done']} done, {one['waiting']} to come, {one['failed']} not"
        yield f"  {one['published_at']}  {counts}  {one['title']}"
    for one in told["troubled"]:
        again = f", next try {one['next_at']}" if one["next_at"] and one["state"] != Health.PARKED else ""
        yield f"  {one['host']}: {one['state']}{again}, {one['waiting']} waiting: {one['last_error']}"
    for one in told["blocked"]:
        yield f"  blocked: {one['domain']}" + (f" ({one['reason']})" if one["reason"] else "")


def actor_called(handle: str) -> Actor:
    """Our actor with this handle, however it is written; raises ClickException."""
    name = handle.strip().lstrip("@").split("@")[0]
    actor = actor_with_handle(name)
    if actor is None:
        ours = the_actor()
        hint = f" There is @{handle_of(ours)}." if ours else " The worker makes one within a minute."
        raise click.ClickException(f"There is no actor called {handle}.{hint}")
    return actor


def announce(handle: str, title: str, text: str, sure: bool, now: datetime) -> str:
    """Publishes an announcement after showing it (``sure``: without asking); what to tell about it.

    Raises Refused ``announcement.…``, ClickException, Abort.
    """
    actor = actor_called(handle)
    followers, on_servers = audience_of(actor.id)
    if not sure and sys.stdin.isatty():  # a program that asks for it has looked at it already
        click.echo(f"@{handle_of(actor)} to {followers} followers on {on_servers} servers:\n")
        click.echo("\n".join(part for part in (title, text) if part) + "\n")
        click.confirm("Send it?", abort=True)
    with write_transaction():
        said = publish_by_hand(actor, title, text, "cli", now)
    return f"{site_url(said.note_path)} is on its way to {progress_of(said).total} inboxes."


def rotate_keys(now: datetime) -> str:
    """Seals every private key anew and puts a new one into use; what to tell about it.

    Raises ClickException when a key was sealed under a secret that the settings do not name.
    """
    try:
        with write_transaction():
            resealed = reseal(now)
            key = rotate_key("cli", now)
    except BadToken as error:
        raise click.ClickException(
            "A key was sealed under another secret: name it in COOPGOV_SECRET_KEY_FALLBACKS."
        ) from error
    return f"Keys sealed anew: {resealed}. Key {key.number} is in use, and followers are being told."
