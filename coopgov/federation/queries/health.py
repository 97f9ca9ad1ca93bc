"""What `coopgov doctor` looks at about federation."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy.exc import SQLAlchemyError

from coopgov.config import Settings
from coopgov.federation.queries.actors import the_actor
from coopgov.federation.queries.deliveries import waiting_count
from coopgov.federation.queries.peers import troubled_count
from coopgov.infra.doctor import Finding


def examine_federation(settings: Settings, _now: datetime, _ask_network: bool) -> Iterator[Finding]:
    """Nothing while there is no actor; no other server is asked."""
    try:
        actor = the_actor()
    except SQLAlchemyError:
        yield Finding("fediverse", False, "unknown", "Run `coopgov migrate`.")
        return
    if actor is None:
        return
    origin = settings.base_url.rstrip("/")
    yield Finding(
        "fediverse address",
        actor.origin == origin,
        actor.origin,
        f"Followers know the co-op by this address; it is {origin} now. Set COOPGOV_BASE_URL back.",
    )
    failing, parked = troubled_count()
    yield Finding(
        "fediverse servers",
        parked == 0,
        f"{failing} failing, {parked} given up; {waiting_count()} deliveries on their way",
        "See /admin/federation: a server that was given up is tried again when it speaks to us, or when you say so.",
    )
