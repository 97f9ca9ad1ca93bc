"""Reads of proxies. One counts while giver and holder are in the group, and within what the group allows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import aliased

from coopgov.core.errors import NotFound
from coopgov.groups.queries import sitters_at
from coopgov.identity.models import Party
from coopgov.infra.db import db
from coopgov.proxies.models import Proxy, ProxyTerms
from coopgov.proxies.rules import Given, within_cap


@dataclass(frozen=True)
class Line:
    """A proxy with the names of giver and holder."""

    proxy: Proxy
    giver: str
    holder: str

    @property
    def last_instant(self) -> datetime:
        """One on the last day on which it stands."""
        return self.proxy.until_at - timedelta(seconds=1)


def cap_at(group_id: int, instant: datetime) -> int:
    """For how many others one member may vote in the group at ``instant``; 0: it has no proxies."""
    query = select(ProxyTerms.cap).where(ProxyTerms.group_id == group_id, ProxyTerms.at <= instant)
    return db.session.scalar(query.order_by(ProxyTerms.id.desc()).limit(1)) or 0


def stands_at(instant: datetime) -> ColumnElement[bool]:
    """Condition of proxies that were accepted by ``instant`` and neither over nor ended then."""
    return and_(
        Proxy.accepted_at <= instant, Proxy.until_at > instant, or_(Proxy.ended_at.is_(None), Proxy.ended_at > instant)
    )


def _waits_at(instant: datetime) -> ColumnElement[bool]:
    return and_(Proxy.accepted_at.is_(None), Proxy.ended_at.is_(None), Proxy.until_at > instant)


def people_in(group_id: int, instant: datetime) -> list[tuple[int, str]]:
    """(party id, name) of the persons in the group, by name: organisations vote through their delegates."""
    query = select(Party.id, Party.name).where(Party.id.in_(sitters_at(group_id, instant)), Party.kind == "person")
    people = [(party_id, name) for party_id, name in db.session.execute(query)]
    return sorted(people, key=lambda one: (one[1].casefold(), one[0]))


def given_at(group_id: int, instant: datetime) -> list[Given]:
    """The proxies of the group that stand at ``instant``, in the order of acceptance, whoever sits in it."""
    query = select(Proxy).where(Proxy.group_id == group_id, stands_at(instant)).order_by(Proxy.accepted_at, Proxy.id)
    return [Given(row.giver_id, row.holder_id, row.id) for row in db.session.scalars(query)]


def counting_at(group_id: int, instant: datetime) -> list[Given]:
    """Those of them that count: between people who are in the group, and within its cap."""
    return within_cap(among_sitters(group_id, instant), cap_at(group_id, instant))[0]


def among_sitters(group_id: int, instant: datetime) -> list[Given]:
    """Those that stand between people who are in the group at ``instant``, in the order of acceptance."""
    there = sitters_at(group_id, instant)
    return [one for one in given_at(group_id, instant) if {one.giver, one.holder} <= there]


def lines(group_id: int, instant: datetime) -> Sequence[Line]:
    """The proxies of the group that stand at ``instant``, by the names of their givers."""
    return sorted(_lines(Proxy.group_id == group_id, stands_at(instant)), key=lambda line: line.giver.casefold())


def offered_to(group_id: int, party_id: int, instant: datetime) -> Sequence[Line]:
    """What waits for the party's answer in the group, the oldest first."""
    return _lines(Proxy.group_id == group_id, Proxy.holder_id == party_id, _waits_at(instant))


def own(group_id: int, giver_id: int, instant: datetime) -> Line | None:
    """The proxy that the party has given or offered in the group."""
    mine = (Proxy.group_id == group_id, Proxy.giver_id == giver_id)
    return next(iter(_lines(*mine, or_(stands_at(instant), _waits_at(instant)))), None)


def line_of(proxy_id: int) -> Line:
    """The proxy with its names, whatever became of it; raises StopIteration where there is none."""
    return next(iter(_lines(Proxy.id == proxy_id)))


def not_ended(group_id: int, giver_id: int) -> Proxy | None:
    """The giver's proxy that nobody has ended, also one whose time is over."""
    query = select(Proxy).where(Proxy.group_id == group_id, Proxy.giver_id == giver_id, Proxy.ended_at.is_(None))
    return db.session.scalars(query).first()


def proxy_in(group_id: int, proxy_id: int, party_id: int) -> Proxy:
    """A proxy of the group that the party has given or was offered; raises NotFound."""
    found = db.session.get(Proxy, proxy_id)
    if found is None or found.group_id != group_id or party_id not in (found.giver_id, found.holder_id):
        raise NotFound
    return found


def _lines(*conditions: ColumnElement[bool]) -> list[Line]:
    giver, holder = aliased(Party), aliased(Party)
    query = (
        select(Proxy, giver.name, holder.name)
        .join(giver, giver.id == Proxy.giver_id)
        .join(holder, holder.id == Proxy.holder_id)
        .where(*conditions)
        .order_by(Proxy.id)
    )
    return [Line(*row) for row in db.session.execute(query)]
