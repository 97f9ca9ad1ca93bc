"""Reads of who is elsewhere: their keys, what they follow, what came from them, and whose domain is blocked."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select

from coopgov.federation.models import DomainBlock, Peer, Received, RemoteActor, RemoteKey
from coopgov.federation.providers.peers import Asker
from coopgov.federation.queries.actors import signing_key, the_actor
from coopgov.federation.rules.hosts import authority_of, with_those_above
from coopgov.infra.crypto import BadToken
from coopgov.infra.db import db
from coopgov.infra.http import GuardedClient, guarded_client
from coopgov.infra.kept import kept
from coopgov.infra.settings import current_settings


@dataclass(frozen=True)
class KnownKey:
    """A key that we have fetched before, and whose it is."""

    key_id: str
    pem: str
    owner: str
    fetched_at: datetime
    tried_at: datetime


def asker(now: datetime) -> Asker:
    """Asks other servers one question, in the co-op's name once it has an actor."""
    actor = the_actor()
    try:
        key = signing_key(actor) if actor else None
    except BadToken:  # the secret was changed, of which the operator is told where deliveries stop; most answer anyway
        key = None
    return Asker(_way_out(), key, now)


def _way_out() -> GuardedClient:
    private = current_settings().allow_private_peers
    return kept("federation.way_out", private, lambda: guarded_client(private))  # reading the certificates takes time


def known_key(key_id: str) -> KnownKey | None:
    """The key called ``key_id``, if we have it."""
    query = (
        select(RemoteKey.key_id, RemoteKey.pem, RemoteActor.uri, RemoteKey.fetched_at, RemoteKey.tried_at)
        .join(RemoteActor, RemoteActor.id == RemoteKey.remote_actor_id)
        .where(RemoteKey.key_id == key_id)
    )
    row = db.session.execute(query).first()
    return KnownKey(*row) if row else None


def remote_actor(uri: str) -> RemoteActor | None:
    """Whom we know as ``uri``."""
    return db.session.scalar(select(RemoteActor).where(RemoteActor.uri == uri))


def was_received(uri: str) -> bool:
    """True when the activity came before."""
    return db.session.scalar(select(Received.id).where(Received.uri == uri)) is not None


def was_undone(uri: str, by: str) -> bool:
    """True when an Undo of the activity ``uri`` came in before the activity itself."""
    undo = select(Received.id).where(Received.object_uri == uri, Received.type == "Undo", Received.signer == by)
    return db.session.scalar(undo.limit(1)) is not None


def is_blocked_host(host: str) -> bool:
    """True when ``host``, or a domain above it, is on the block list."""
    blocks = select(DomainBlock.domain).where(DomainBlock.domain.in_(with_those_above(host))).limit(1)
    return db.session.scalar(blocks) is not None


def servers_of(actor: RemoteActor) -> set[str]:
    """Host and port of wherever we send what is for this actor, and of where they live."""
    return {authority_of(address) for address in (actor.uri, actor.inbox, actor.best_inbox)}


def are_in_trouble(servers: set[str]) -> bool:
    """True when we had given up one of these servers, or were about to."""
    troubled = or_(Peer.failing_since.is_not(None), Peer.parked_at.is_not(None))
    return db.session.scalar(select(Peer.host).where(Peer.host.in_(servers), troubled).limit(1)) is not None
