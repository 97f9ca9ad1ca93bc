"""A group that carries proxies, and people in it."""

from datetime import datetime, timedelta

from coopgov.groups.models import Group
from coopgov.identity.models import Party
from coopgov.infra.db import write_transaction
from coopgov.proxies import services
from coopgov.proxies.models import Proxy
from tests.conftest import NOW

BEFORE = NOW - timedelta(days=2)
UNTIL = NOW + timedelta(days=100)


def allow(group: Group, by: Party, cap: int = 3, at: datetime = BEFORE) -> None:
    with write_transaction():
        services.set_cap(group, cap, by.id, at)


def offer(group: Group, giver: Party, holder: Party, at: datetime = BEFORE, until: datetime = UNTIL) -> Proxy:
    with write_transaction():
        return services.ask(group, giver.id, holder.id, until, at)


def give(group: Group, giver: Party, holder: Party, at: datetime = BEFORE, until: datetime = UNTIL) -> Proxy:
    """Asked and accepted at once."""
    proxy = offer(group, giver, holder, at, until)
    with write_transaction():
        services.answer(proxy, holder.id, True, at)
    return proxy


def end(proxy: Proxy, by: Party, at: datetime = NOW) -> None:
    with write_transaction():
        services.end(proxy, by.id, at)
