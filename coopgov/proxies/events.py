"""What happens to proxies."""

from dataclasses import dataclass
from typing import ClassVar

from coopgov.core.event import Event


@dataclass(frozen=True, kw_only=True)
class ProxyAsked(Event):
    """A member of a group asks another one to vote for them when they do not vote themselves."""

    name: ClassVar[str] = "proxies.asked"
    proxy_id: int


@dataclass(frozen=True, kw_only=True)
class ProxyAnswered(Event):
    """The one who was asked took it on, or declined."""

    name: ClassVar[str] = "proxies.answered"
    proxy_id: int
    accepted: bool


@dataclass(frozen=True, kw_only=True)
class ProxyEnded(Event):
    """``by_id``, giver or holder, ended a proxy before its time, or took the question back."""

    name: ClassVar[str] = "proxies.ended"
    proxy_id: int
    by_id: int


@dataclass(frozen=True, kw_only=True)
class ProxyTermsSet(Event):
    """A group carries proxies from now on, more or fewer to each holder, or none."""

    name: ClassVar[str] = "proxies.terms_set"
    group_id: int
    cap: int
    by_id: int
