"""Proxies of a vote: those that stood when its roll was frozen, and whose vote they carry."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import aliased

from coopgov.core.time import utc_text
from coopgov.decisions.counting import is_off
from coopgov.decisions.models import Ballot, Proposal, ProxyLine, RollEntry
from coopgov.identity.models import Party
from coopgov.infra.db import db
from coopgov.proxies.models import Proxy
from coopgov.proxies.rules import Chains, Given
from coopgov.tally.record import Proxy as PublishedProxy


def carries(proposal: Proposal) -> bool:
    """Whether votes are carried in it: its manifest says so, from opening on."""
    return proposal.manifest is not None and "proxies" in proposal.manifest


def published_proxies(proposal: Proposal) -> list[PublishedProxy]:
    """The proxies with which voting opened, by the giver's leaf, and when they were taken or given back, if before
    closing; one whose time ran out meanwhile counts to the end."""
    giver, holder = aliased(RollEntry), aliased(RollEntry)
    query = (
        select(giver.leaf, holder.leaf, Proxy.ended_at, Proxy.how)
        .select_from(ProxyLine)
        .join(giver, giver.id == ProxyLine.entry_id)
        .join(holder, holder.id == ProxyLine.holder_id)
        .join(Proxy, Proxy.id == ProxyLine.proxy_id)
        .where(ProxyLine.proposal_id == proposal.id)
        .order_by(giver.leaf)
    )
    return [
        {"giver": leaf, "holder": to, "ended_at": _ended(proposal, at, how)}
        for leaf, to, at, how in db.session.execute(query)
    ]


def _ended(proposal: Proposal, at: datetime | None, how: str) -> str | None:
    return utc_text(at) if at is not None and at < proposal.closes_at and how != "over" else None


@dataclass(frozen=True)
class MyProxies:
    """How an elector stands to the proxies of a vote, as long as they have not ended.

    ``holder``: who votes for them unless they vote; ``in_circle``: it is passed on in a circle. ``givers``: for whom
    they vote, unless those do or somebody between them. Names are full ones. ``own_id`` and ``held``: the proxies that
    they can end, with the names of givers.
    """

    holder: str = ""
    in_circle: bool = False
    givers: tuple[str, ...] = ()
    own_id: int = 0
    held: tuple[tuple[int, str], ...] = ()


def standing_proxies(proposal: Proposal) -> list[Given]:
    """The proxies that nobody has ended, as lines of the roll as amended; none where votes are not carried."""
    if not carries(proposal):
        return []
    holder = aliased(RollEntry)
    query = (
        select(ProxyLine.entry_id, ProxyLine.holder_id, ProxyLine.proxy_id, Proxy.ended_at, Proxy.how)
        .join(Proxy, Proxy.id == ProxyLine.proxy_id)
        .join(RollEntry, RollEntry.id == ProxyLine.entry_id)
        .join(holder, holder.id == ProxyLine.holder_id)
        .where(ProxyLine.proposal_id == proposal.id, ~is_off(RollEntry.id), ~is_off(holder.id))
        .order_by(ProxyLine.entry_id)
    )
    rows = db.session.execute(query)
    return [Given(giver, to, proxy) for giver, to, proxy, at, how in rows if _ended(proposal, at, how) is None]


def my_proxies(given: Sequence[Given], entry: RollEntry | None) -> MyProxies:
    """Those of the ``standing_proxies`` that concern the elector of this line."""
    if entry is None or not given:
        return MyProxies()
    chains = Chains(given)
    holder, givers = chains.holder(entry.id), chains.held_by(entry.id)
    names = _names(RollEntry.id.in_([holder, *givers]))
    return MyProxies(
        holder=names[holder] if holder else "",
        in_circle=chains.in_circle(entry.id),
        givers=tuple(names[giver] for giver in givers),
        own_id=next((one.proxy_id for one in given if one.giver == entry.id), 0),
        held=tuple((one.proxy_id, names[one.giver]) for one in given if one.holder == entry.id),
    )


def proxies_by_line(proposal: Proposal) -> dict[int, MyProxies]:
    """By line of the roll the proxies that concern its elector; lines that none concerns are not in it."""
    given = standing_proxies(proposal)
    if not given:
        return {}
    chains, names = Chains(given), _names(RollEntry.proposal_id == proposal.id)
    concerned = {one.giver for one in given} | {one.holder for one in given}
    return {
        entry_id: MyProxies(
            holder=names[holder] if (holder := chains.holder(entry_id)) else "",
            in_circle=chains.in_circle(entry_id),
            givers=tuple(names[giver] for giver in chains.held_by(entry_id)),
        )
        for entry_id in concerned
    }


def _names(which: ColumnElement[bool]) -> dict[int, str]:
    """By line of the roll the name of its elector."""
    query = select(RollEntry.id, Party.name).join(Party, Party.id == RollEntry.party_id).where(which)
    return {number: name for number, name in db.session.execute(query)}


def carried_number(proposal_id: int) -> int:
    """How many votes of the closed vote were carried."""
    query = select(func.count()).where(Ballot.proposal_id == proposal_id, Ballot.through_id.is_not(None))
    return db.session.scalar(query) or 0


def holders_of_carried(proposal_id: int) -> dict[int, str]:
    """By party whose vote was carried, the name of who holds their proxy."""
    giver, to = aliased(RollEntry), aliased(RollEntry)
    query = (
        select(giver.party_id, Party.name)
        .select_from(Ballot)
        .join(giver, giver.id == Ballot.roll_entry_id)
        .join(to, to.id == Ballot.through_id)
        .join(Party, Party.id == to.party_id)
        .where(Ballot.proposal_id == proposal_id)
    )
    return {party_id: name for party_id, name in db.session.execute(query)}
