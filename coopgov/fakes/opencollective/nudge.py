"""The webhook: unsigned, sent once, never repeated, and nobody cares how it went (lib/notifications there)."""

from threading import Thread
from typing import Any

import httpx

from coopgov.fakes.opencollective.answers import shown_date_time
from coopgov.fakes.opencollective.world import World

TIMEOUT_S = 30.0


def nudge(world: World, url: str, kind: str = "collective.transaction.created") -> Thread:
    """Tells ``url`` in the background that something happened; gives the thread, for those who want to wait."""
    body = {
        "createdAt": shown_date_time(world.present),
        "id": int(world.present.timestamp() * 1000),
        "type": kind,
        "CollectiveId": world.collective.legacy_id,
        "data": {"fromCollective": {"type": "USER"}},
    }
    thread = Thread(target=_post, args=(url, body), daemon=True)
    thread.start()
    return thread


def _post(url: str, body: dict[str, Any]) -> None:
    try:
        httpx.post(url, json=body, timeout=TIMEOUT_S, trust_env=False)
    except httpx.HTTPError:
        return  # dropped, as theirs
