"""The block list: domains from which nothing is taken and to which nothing is sent."""

from datetime import datetime

from sqlalchemy import or_, select, update

from coopgov.core.errors import NotFound
from coopgov.federation.models import Delivery, DomainBlock, Inbox, RemoteActor
from coopgov.federation.queries.peers import blocked_hosts
from coopgov.federation.rules.hosts import folded_domain
from coopgov.federation.services.others import forget_actors
from coopgov.infra import audit
from coopgov.infra.db import writing_session

LONGEST_REASON = 300


def block(domain: str, reason: str, by: int | str, now: datetime) -> DomainBlock:
    """Blocks ``domain``, however it is written, and all below it: who is there is forgotten, what waits is dropped.

    ``by`` is a party's id or ``cli``; again, it changes the reason. Raises Refused("domain.unreadable").
    """
    session = writing_session()
    name = folded_domain(domain)
    row = session.get(DomainBlock, name)
    if row is None:
        row = DomainBlock(domain=name, at=now, blocked_by=f"party:{by}" if isinstance(by, int) else by)
        session.add(row)
    row.reason = reason.strip()[:LONGEST_REASON]
    session.flush()
    below = or_(RemoteActor.host == name, RemoteActor.host.endswith(f".{name}", autoescape=True))
    forget_actors(session.scalars(select(RemoteActor.id).where(below)).all())
    _drop_what_waits(now)
    audit.record(by, "domain.blocked", f"domain:{name}"[:60], now)
    return row


def _drop_what_waits(now: datetime) -> None:
    there = select(Inbox.id).where(Inbox.host.in_(blocked_hosts()))
    writing_session().execute(
        update(Delivery)
        .where(Delivery.state == "queued", Delivery.inbox_id.in_(there))
        .values(state="dropped", finished_at=now, last_error="blocked")
    )


def unblock(domain: str, by: int | str, now: datetime) -> None:
    """Takes ``domain`` off the list; who followed there has to follow again. Raises NotFound, Refused."""
    session = writing_session()
    row = session.get(DomainBlock, folded_domain(domain))
    if row is None:
        raise NotFound
    session.delete(row)
    audit.record(by, "domain.unblocked", f"domain:{row.domain}"[:60], now)
