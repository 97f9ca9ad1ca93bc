"""Reads of the servers we send to, and of the domains we do not."""

from collections.abc import Sequence

from sqlalchemy import select

from coopgov.federation.models import DomainBlock, Peer
from coopgov.federation.rules.hosts import host_of, is_blocked
from coopgov.infra.db import db


def blocked_domains() -> frozenset[str]:
    """Every domain on the block list."""
    return frozenset(db.session.scalars(select(DomainBlock.domain)))


def blocked_hosts() -> list[str]:
    """Servers we have sent to that stand below a blocked domain now, as ``Peer.host`` spells them."""
    domains = blocked_domains()
    known: Sequence[str] = db.session.scalars(select(Peer.host)).all() if domains else ()
    return [host for host in known if is_blocked(host_of(f"https://{host}/"), domains)]
