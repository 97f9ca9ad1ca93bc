"""Whose an address is: hosts, origins, domains that nothing is taken from. Case, ports and scripts do not matter."""

import re
from collections.abc import Collection
from ipaddress import IPv6Address, ip_address
from urllib.parse import SplitResult, urlsplit

import idna

from coopgov.core.errors import Kind, Refusals, Refused
from coopgov.core.text import N_

REFUSALS: Refusals = {
    "domain.unreadable": (
        Kind.INVALID,
        N_("This is no domain. Write it like example.org, or as the address of a page."),
    ),
}
DEFAULT_PORTS = {"https": 443, "http": 80}
LONGEST_NAME = 253  # characters of a host name (RFC 1035, 2.3.4)
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_ENDS_IN_NUMBER = re.compile(r"(.*\.)?([0-9]+|0x[0-9a-f]*)")  # then it means an IPv4 address (WHATWG URL, 3.5)


def host_of(uri: str) -> str:
    """The host in ``uri``: lower case, punycode, without port; an IP address as it is normally written.

    Raises ValueError for anything but an http or https address with a host.
    """
    return _host(_split(uri))


def authority_of(uri: str) -> str:
    """The host in ``uri`` with its port, unless that is the scheme's usual one. Raises ValueError."""
    parts = _split(uri)
    host, port = _host(parts), parts.port
    shown = f"[{host}]" if ":" in host else host
    return shown if port in (None, DEFAULT_PORTS[parts.scheme]) else f"{shown}:{port}"


def origin_of(uri: str) -> str:
    """Scheme, host and port of ``uri`` (RFC 6454), such as ``https://example.org``. Raises ValueError."""
    return f"{_split(uri).scheme}://{authority_of(uri)}"


def same_origin(one: str, other: str) -> bool:
    """Whether both addresses are of one origin; False for what is no address."""
    try:
        return origin_of(one) == origin_of(other)
    except ValueError:
        return False


def folded_domain(text: str) -> str:
    """The domain that somebody typed, however they did: with scheme, path, port, ``@user@``, capitals or umlauts.

    Raises Refused("domain.unreadable"), for a bare word too: a block of ``org`` would shut out half of the world.
    """
    typed = text.strip()
    scheme, _, rest = typed.partition("://") if "://" in typed else ("https", "", typed)
    authority, slash, path = rest.partition("/")
    try:
        host = host_of(f"{scheme}://{authority.rsplit('@', 1)[-1]}{slash}{path}")
    except ValueError as error:
        raise Refused("domain.unreadable", field="domain") from error
    if not ("." in host or ":" in host or host == "localhost"):
        raise Refused("domain.unreadable", field="domain")
    return host


def is_blocked(host: str, domains: Collection[str]) -> bool:
    """Whether ``host`` (as ``host_of`` gives it) is one of ``domains``, or below one of them."""
    return any(domain in domains for domain in with_those_above(host))


def with_those_above(host: str) -> list[str]:
    """``host`` and every domain above it, all of which a block of ``host`` may name.

    >>> with_those_above("social.example.org")
    ['social.example.org', 'example.org', 'org']
    """
    labels = host.split(".")
    return [".".join(labels[start:]) for start in range(len(labels))]


def _split(uri: str) -> SplitResult:
    if any(character <= " " or character in '\\"<>^`{|}\x7f' for character in uri):
        raise ValueError("no address")
    parts = urlsplit(uri)
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname or "@" in parts.netloc:
        raise ValueError("no address")
    if parts.port == 0:
        raise ValueError("no port")
    return parts


def _host(parts: SplitResult) -> str:
    name = (parts.hostname or "").removesuffix(".")
    if not name.isascii():
        name = _punycode(name)
    if "[" in parts.netloc or _ENDS_IN_NUMBER.fullmatch(name):
        return _address(name)
    if not name or len(name) > LONGEST_NAME or not all(_LABEL.fullmatch(label) for label in name.split(".")):
        raise ValueError("no host")
    return name


def _address(name: str) -> str:
    """The one spelling of an IP address, so that nobody slips by a block. Raises ValueError for half ones (127.1), for
    those in other figures (0x7f000001), which some resolvers understand, and for one that has a zone."""
    address = ip_address(name)
    if isinstance(address, IPv6Address):
        if address.scope_id is not None:
            raise ValueError("no host")
        return str(address.ipv4_mapped or address)
    return str(address)


def _punycode(name: str) -> str:
    """As IDNA 2008 writes it, capitals and full-width letters folded first (UTS 46). Raises ValueError."""
    try:
        return idna.encode(name, uts46=True).decode().lower()
    except idna.IDNAError as error:
        raise ValueError("no host") from error
