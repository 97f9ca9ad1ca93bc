"""Reads of the servers we send to, and of the domains we do not."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_, select

from coopgov.federation.models import Delivery, DomainBlock, Inbox, Peer
from coopgov.federation.rules.delivering import Health, health_of
from coopgov.federation.rules.hosts import host_of, is_blocked
from coopgov.infra.db import db


@dataclass(frozen=True)
class Server:
    """How a server takes what we send. ``waiting``: deliveries on their way there."""

    host: str
    health: Health
    failing_since: datetime | None
    next_at: datetime | None
    last_ok_at: datetime | None
    last_error: str
    dialect: str
    waiting: int

    @property
    def can_be_tried(self) -> bool:
        """True when something keeps us from trying it now."""
        return self.health in (Health.PARKED, Health.FAILING, Health.BUSY)


def blocked_domains() -> frozenset[str]:
    """Every domain on the block list."""
    return frozenset(db.session.scalars(select(DomainBlock.domain)))


def blocked_hosts() -> list[str]:
    """Servers we have sent to that stand below a blocked domain now, as ``Peer.host`` spells them."""
    domains = blocked_domains()
    known: Sequence[str] = db.session.scalars(select(Peer.host)).all() if domains else ()
    return [host for host in known if is_blocked(host_of(f"https://{host}/"), domains)]


def block_list() -> Sequence[DomainBlock]:
    """The block list, by domain."""
    return db.session.scalars(select(DomainBlock).order_by(DomainBlock.domain)).all()


def server_count() -> int:
    """Servers we have sent something to, or wanted to."""
    return db.session.scalar(select(func.count()).select_from(Peer)) or 0


def troubled_count() -> tuple[int, int]:
    """How many servers are failing, and how many of those are parked."""
    failing = or_(Peer.failures > 0, Peer.parked_at.is_not(None))
    row = db.session.execute(select(func.count(), func.count(Peer.parked_at)).where(failing)).one()
    return row[0], row[1]


def servers(first: int, limit: int, now: datetime) -> list[Server]:
    """A part of all servers: those in trouble first, the longest in trouble on top; then by name."""
    part = db.session.scalars(
        select(Peer)
        .order_by(Peer.failing_since.is_(None), Peer.failing_since, Peer.last_error == "", Peer.host)
        .offset(first)
        .limit(limit)
    ).all()
    counted = db.session.execute(
        select(Inbox.host, func.count())
        .join(Delivery, Delivery.inbox_id == Inbox.id)
        .where(Delivery.state.in_(("queued", "running")), Inbox.host.in_([peer.host for peer in part]))
        .group_by(Inbox.host)
    )
    waiting = {host: number for host, number in counted}
    return [_server(peer, waiting.get(peer.host, 0), now) for peer in part]


def _server(peer: Peer, waiting: int, now: datetime) -> Server:
    is_parked, ever_ok = peer.parked_at is not None, peer.last_ok_at is not None
    health = health_of(is_parked, peer.failures, peer.next_at, peer.last_error, ever_ok, now)
    known = (peer.failing_since, peer.next_at, peer.last_ok_at, peer.last_error, peer.dialect)
    return Server(peer.host, health, *known, waiting)
