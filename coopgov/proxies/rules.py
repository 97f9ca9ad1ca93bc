"""Pure rules of proxies: who may give one to whom, for how long, and how many one may hold."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from coopgov.core.errors import Kind, Refusals, Refused
from coopgov.core.text import N_

CAP_AT_MOST = 100
LONGEST = timedelta(days=366)

REFUSALS: Refusals = {
    "proxy.off": (Kind.CONFLICT, N_("This group has no proxies.")),
    "proxy.not_seated": (Kind.FORBIDDEN, N_("Only people in the group can give a proxy for its votes.")),
    "proxy.holder": (Kind.INVALID, N_("Choose another person who is in the group now.")),
    "proxy.has_one": (Kind.CONFLICT, N_("You have given your proxy already. Take it back before you give it again.")),
    "proxy.until": (Kind.INVALID, N_("Choose a day after today and at most a year from now.")),
    "proxy.full": (
        Kind.LIMIT,
        N_("One person may vote for at most %(cap)s others here, and it would be more, with the proxies they pass on."),
    ),
    "proxy.not_waiting": (Kind.CONFLICT, N_("This proxy is not offered to you any more.")),
    "proxy.not_yours": (Kind.CONFLICT, N_("This proxy has ended already.")),
    "proxy.cap": (Kind.INVALID, N_("Write a whole number from 0 to %(most)s.")),
}


@dataclass(frozen=True)
class Given:
    """A proxy by whom and to whom it was given; the two are of any one kind of number, ids of parties or of lines."""

    giver: int
    holder: int
    proxy_id: int


def check_asking(giver_id: int, holder_id: int, people: Collection[int], cap: int, has_one: bool) -> None:
    """Raises Refused unless the giver may offer a proxy to the holder; ``people``: persons who sit in the group."""
    if not cap:
        raise Refused("proxy.off")
    if giver_id not in people:
        raise Refused("proxy.not_seated")
    if has_one:
        raise Refused("proxy.has_one")
    if holder_id == giver_id or holder_id not in people:
        raise Refused("proxy.holder", field="holder")


def check_until(until_at: datetime, now: datetime) -> None:
    """Raises Refused for an end that is over or too far away."""
    if not now < until_at <= now + LONGEST:
        raise Refused("proxy.until", field="until")


def check_cap(cap: int) -> None:
    """Raises Refused for a number of others that no one may vote for."""
    if not 0 <= cap <= CAP_AT_MOST:
        raise Refused("proxy.cap", field="cap", most=CAP_AT_MOST)


def within_cap(given: Iterable[Given], cap: int) -> tuple[list[Given], list[Given]]:
    """(those that count, those that do not) of proxies in the order of acceptance, the first first.

    One is left out with which somebody might have to vote for more than ``cap`` others, those included for whom a giver
    holds proxies. Each giver stands in ``given`` once.
    """
    kept, left_out = list[Given](), list[Given]()
    holders, held = dict[int, int](), dict[int, int]()
    for one in given:
        above = list(_upwards(one.holder, holders))
        more = 0 if one.giver in above else 1 + held.get(one.giver, 0)
        if any(held.get(holder, 0) + more > cap for holder in above):
            left_out.append(one)
            continue
        for holder in above:  # in a circle each may have to vote for all others
            held[holder] = held.get(holder, 0) + more if more else held.get(one.giver, 0)
        holders[one.giver] = one.holder
        kept.append(one)
    return kept, left_out


def _upwards(holder: int, holders: Mapping[int, int]) -> Iterator[int]:
    passed: set[int] = set()
    at: int | None = holder
    while at is not None and at not in passed:
        passed.add(at)
        yield at
        at = holders.get(at)


def fits_cap(given: Iterable[Given], new: Given, cap: int) -> bool:
    """Whether ``new`` counts beside those that were ``given`` before."""
    return new in within_cap([*given, new], cap)[0]


class Chains:
    """Who votes for whom when not everybody does, by proxies of which each giver has one."""

    def __init__(self, given: Iterable[Given]) -> None:
        self._holders: dict[int, int] = {}
        self._givers: dict[int, list[int]] = {}
        for one in given:
            self._holders[one.giver] = one.holder
            self._givers.setdefault(one.holder, []).append(one.giver)

    def holder(self, giver: int) -> int | None:
        """Who holds the giver's proxy."""
        return self._holders.get(giver)

    def held_by(self, holder: int) -> list[int]:
        """For whom the holder votes who does not vote for themselves, unless somebody between them does: their givers,
        and theirs in turn; nearest first, the holder never."""
        found, at = dict[int, None](), [holder]
        while at:
            below = [giver for up in at for giver in self._givers.get(up, ()) if giver != holder and giver not in found]
            found |= dict.fromkeys(below)
            at = below
        return list(found)

    def in_circle(self, giver: int) -> bool:
        """Whether the giver's proxy is passed on in a circle, and so carried only if somebody on the way votes."""
        at, passed = giver, set[int]()
        while at not in passed and at in self._holders:
            passed.add(at)
            at = self._holders[at]
        return at in passed
