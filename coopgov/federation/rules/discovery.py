"""How others find us: WebFinger (RFC 7033), host-meta (RFC 6415), NodeInfo 2.0 and 2.1."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit
from xml.sax.saxutils import quoteattr

from coopgov.core.errors import NotFound
from coopgov.federation.rules.documents import ACTIVITY_TYPE
from coopgov.federation.rules.hosts import authority_of, same_origin

JRD_TYPE = "application/jrd+json"
XRD_TYPE = "application/xrd+xml"
PROFILE_PAGE = "http://webfinger.net/rel/profile-page"
AVATAR = "http://webfinger.net/rel/avatar"
SCHEMA = "http://nodeinfo.diaspora.software/ns/schema/"
VERSIONS = ("2.0", "2.1")
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)


@dataclass(frozen=True)
class Asked:
    """Whom somebody looks for on our site: by ``handle`` (lower case), or by the ``path`` of a page or an id."""

    handle: str = ""
    path: str = ""


def read_resource(resource: str, base_url: str) -> Asked:
    """Who is meant by ``acct:name@host``, by the same without ``acct:``, or by an address.

    Case does not matter in the name nor in the host, and a port may be written out. Raises ValueError for what is no
    resource at all, NotFound for one that is elsewhere.
    """
    scheme = _SCHEME.match(resource)
    kind = scheme[1].lower() if scheme else ""
    if kind in ("http", "https"):
        return _by_address(resource, base_url)
    if kind not in ("acct", ""):
        raise NotFound
    return _by_account(resource[len("acct:") :] if kind else resource, base_url)


def _by_address(address: str, base_url: str) -> Asked:
    authority_of(address)  # raises ValueError
    parts = urlsplit(address)
    if not same_origin(address, base_url) or parts.query or parts.fragment:
        raise NotFound
    return Asked(path=parts.path or "/")


def _by_account(account: str, base_url: str) -> Asked:
    name, at, host = account.rpartition("@")
    if not (name and at and host) or any(mark in host for mark in "/?#"):
        raise ValueError("no account")
    scheme = base_url.partition("://")[0]
    if authority_of(f"{scheme}://{host}") != authority_of(base_url):
        raise NotFound
    return Asked(handle=unquote(name).lower())


def webfinger(handle: str, authority: str, actor: str, page: str, icon: str, wanted: Collection[str]) -> dict[str, Any]:
    """What we say of an actor. Of the links only those with a relation in ``wanted``, if any are (RFC 7033, 4.3)."""
    links = [
        {"rel": "self", "type": ACTIVITY_TYPE, "href": actor},
        {"rel": PROFILE_PAGE, "type": "text/html", "href": page},
        {"rel": AVATAR, "type": "image/png", "href": icon},
    ]
    return {
        "subject": f"acct:{handle}@{authority}",
        "aliases": [page, actor],
        "links": [link for link in links if not wanted or link["rel"] in wanted],
    }


def host_meta(base_url: str) -> str:
    """Where our WebFinger is, for those who ask as one did before it had a fixed place."""
    template = quoteattr(f"{base_url}/.well-known/webfinger?resource={{uri}}")
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<XRD xmlns="http://docs.oasis-open.org/ns/xri/xrd-1.0">\n'
        f'<Link rel="lrdd" type="{JRD_TYPE}" template={template}/>\n'
        "</XRD>\n"
    )


def nodeinfo_index(base_url: str) -> dict[str, Any]:
    """Where NodeInfo is, in each version that we speak."""
    return {"links": [{"rel": SCHEMA + version, "href": f"{base_url}/nodeinfo/{version}"} for version in VERSIONS]}


@dataclass(frozen=True)
class Node:
    """What NodeInfo tells of the site: its program, and figures that stand on its pages as well."""

    base_url: str
    program_version: str
    name: str
    summary: str
    members: int  # as published: of the last midnight
    posts: int


def nodeinfo(node: Node, version: str) -> dict[str, Any]:
    """The site in NodeInfo ``version``. People join a co-op, they do not register: ``openRegistrations`` is false."""
    software = {"name": "coopgov", "version": node.program_version}
    if version != "2.0":
        software |= {"repository": f"{node.base_url}/source", "homepage": node.base_url}
    return {
        "version": version,
        "software": software,
        "protocols": ["activitypub"],
        "services": {"inbound": [], "outbound": ["atom1.0"]},
        "openRegistrations": False,
        "usage": {"users": {"total": node.members}, "localPosts": node.posts},
        "metadata": {"nodeName": node.name, "nodeDescription": node.summary},
    }


def nodeinfo_type(version: str) -> str:
    """The media type of NodeInfo in ``version``."""
    return f'application/json; profile="{SCHEMA}{version}#"'
