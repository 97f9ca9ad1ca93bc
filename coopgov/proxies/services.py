"""Writes of proxies. Whatever changes is told to the other one of the two."""

from datetime import datetime

from coopgov.core.errors import Refused
from coopgov.groups.models import Group
from coopgov.groups.services import touch_group
from coopgov.infra import audit
from coopgov.infra.db import writing_session
from coopgov.infra.outbox import emit
from coopgov.proxies import queries, rules
from coopgov.proxies.events import ProxyAnswered, ProxyAsked, ProxyEnded, ProxyTermsSet
from coopgov.proxies.models import Proxy, ProxyTerms
from coopgov.proxies.rules import Given


def set_cap(group: Group, cap: int, by_id: int, now: datetime) -> None:
    """One member may vote for at most ``cap`` others in votes of the group that open from now on; 0 switches it off.

    Raises Refused ``proxy.cap``. Votes that are open keep the proxies with which they opened.
    """
    session = writing_session()
    rules.check_cap(cap)
    if cap == queries.cap_at(group.id, now):
        return
    session.add(ProxyTerms(group_id=group.id, cap=cap, by_id=by_id, at=now))
    session.flush()
    touch_group(group.id)
    audit.record(by_id, "proxies.terms_set", f"group:{group.id}", now, cap=cap)
    emit(ProxyTermsSet(group_id=group.id, cap=cap, by_id=by_id), now)


def ask(group: Group, giver_id: int, holder_id: int, until_at: datetime, now: datetime) -> Proxy:
    """The giver offers a proxy; it stands once the holder takes it on. Raises Refused ``proxy.*``."""
    session = writing_session()
    held = queries.not_ended(group.id, giver_id)
    if held is not None and held.until_at <= now:
        held.ended_at, held.how, held = held.until_at, "over", None
        session.flush()
    people = {party_id for party_id, _name in queries.people_in(group.id, now)}
    rules.check_asking(giver_id, holder_id, people, queries.cap_at(group.id, now), held is not None)
    rules.check_until(until_at, now)
    proxy = Proxy(group_id=group.id, giver_id=giver_id, holder_id=holder_id, asked_at=now, until_at=until_at)
    session.add(proxy)
    session.flush()
    _record(proxy, giver_id, "proxy.asked", now)
    emit(ProxyAsked(proxy_id=proxy.id), now)
    return proxy


def answer(proxy: Proxy, party_id: int, accepts: bool, now: datetime) -> None:
    """The holder takes it on, or declines; the same answer again changes nothing.

    Raises Refused ``proxy.not_waiting`` where nothing waits for this party, ``proxy.off``, ``proxy.not_seated``,
    ``proxy.full``.
    """
    writing_session()
    if party_id == proxy.holder_id and (proxy.how == "declined" if not accepts else stands(proxy, now)):
        return
    if party_id != proxy.holder_id or proxy.accepted_at or proxy.ended_at or proxy.until_at <= now:
        raise Refused("proxy.not_waiting")
    if accepts:
        _refuse_unfit(proxy, now)
        proxy.accepted_at = now
    else:
        proxy.ended_at, proxy.how = now, "declined"
    _record(proxy, party_id, "proxy.accepted" if accepts else "proxy.declined", now)
    emit(ProxyAnswered(proxy_id=proxy.id, accepted=accepts), now)


def stands(proxy: Proxy, now: datetime) -> bool:
    """Whether it was accepted and is neither over nor ended."""
    return proxy.accepted_at is not None and proxy.ended_at is None and proxy.until_at > now


def _refuse_unfit(proxy: Proxy, now: datetime) -> None:
    cap = queries.cap_at(proxy.group_id, now)
    if not cap:
        raise Refused("proxy.off")
    if not {proxy.giver_id, proxy.holder_id} <= {
        party_id for party_id, _name in queries.people_in(proxy.group_id, now)
    }:
        raise Refused("proxy.not_seated")
    new = Given(proxy.giver_id, proxy.holder_id, proxy.id)
    if not rules.fits_cap(queries.among_sitters(proxy.group_id, now), new, cap):
        raise Refused("proxy.full", cap=cap)


def end(proxy: Proxy, party_id: int, now: datetime) -> None:
    """Its giver takes it back, or its holder gives it back: from now on it carries no vote, in open votes either, where
    it could still be carried though its time is over. The same again changes nothing.

    Raises Refused ``proxy.not_yours`` for anybody else, and where the other one has ended it, or it was declined.
    """
    writing_session()
    ways = {proxy.giver_id: "taken_back", proxy.holder_id: "given_back"}
    if proxy.how and proxy.how == ways.get(party_id):
        return
    if party_id not in ways or proxy.how not in ("", "over"):
        raise Refused("proxy.not_yours")
    proxy.ended_at, proxy.how = now, ways[party_id]
    _record(proxy, party_id, f"proxy.{proxy.how}", now)
    emit(ProxyEnded(proxy_id=proxy.id, by_id=party_id), now)


def _record(proxy: Proxy, actor: int, act: str, now: datetime) -> None:
    touch_group(proxy.group_id)
    audit.record(actor, act, f"proxy:{proxy.id}", now, group=proxy.group_id)
