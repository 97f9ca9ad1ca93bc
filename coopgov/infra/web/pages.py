"""Pages: rendered with the layout's facts, and for the public kept in memory by the version of what they show.

``public_page`` asks the feature for a *stamp*, one cheap query that changes whenever the page would; as long as it is
the same the bytes come from memory. Relative times age, so nothing is kept longer than KEEP.
"""

import gzip
import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from flask import Response, current_app, make_response, render_template, request

from coopgov.infra.i18n import current_language
from coopgov.infra.web.access import current_viewer, has_session_cookie
from coopgov.infra.web.moment import received_at

KEEP = timedelta(seconds=60)
SHARED_FOR_S = 30  # how long proxies and browsers may show a public page without asking
MOST_PAGES = 500
MOST_BYTES = 8_000_000  # of one page: the register of 10,000 decisions as a file has 3
MOST_IN_ALL = 32_000_000  # bytes of all pages together


@dataclass(frozen=True)
class _Kept:
    stamp: Hashable
    until: datetime
    body: bytes
    etag: str
    mimetype: str

    @cached_property
    def packed(self) -> bytes:
        """The body gzipped, once somebody takes it so."""
        return gzip.compress(self.body, 6, mtime=0)


class PageStore:
    """The pages in memory: bounded, oldest use out first, safe between threads."""

    def __init__(self) -> None:
        self._pages: OrderedDict[Hashable, _Kept] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def get(self, key: Hashable, stamp: Hashable, now: datetime) -> _Kept | None:
        """The page under ``key`` if it still shows what ``stamp`` says."""
        with self._lock:
            kept = self._pages.get(key)
            if kept is None or kept.stamp != stamp or kept.until <= now:
                return None
            self._pages.move_to_end(key)
            return kept

    def put(self, key: Hashable, kept: _Kept) -> None:
        """Keeps a page, and forgets the one that was not asked for the longest."""
        with self._lock:
            self._forget(key)
            self._pages[key] = kept
            self._bytes += len(kept.body)
            while len(self._pages) > MOST_PAGES or self._bytes > MOST_IN_ALL:
                self._forget(next(iter(self._pages)))

    def _forget(self, key: Hashable) -> None:
        known = self._pages.pop(key, None)
        self._bytes -= len(known.body) if known else 0


def reads_as_public() -> bool:
    """True when the request gets the public's page: no session cookie came with it."""
    return not has_session_cookie()


def public_page(
    stamp: Hashable,
    render: Callable[[], str | bytes],
    mimetype: str = "text/html",
    until: datetime | None = None,
    status: int = 200,
    by_query: bool = True,
) -> Response:
    """The public's answer for this address: from memory when ``stamp`` is the one it was made with.

    ``by_query`` False: what the address asks behind its question mark makes no other page.
    ``render`` makes the body otherwise; ``until`` is an instant at which the page changes without a write. The ETag is
    made of the bytes, so a proxy that kept the page is told 304, unless ``status`` says more than that.
    """
    now = received_at()
    asked = sorted(request.args.items(multi=True)) if by_query else ()
    key = (request.path, urlencode(asked), current_language())
    store: PageStore = current_app.extensions["coopgov.pages"]
    kept = store.get(key, stamp, now)
    if kept is None:
        body = render()
        kept = _keep(body.encode() if isinstance(body, str) else body, stamp, mimetype, now, until)
        if len(kept.body) <= MOST_BYTES:
            store.put(key, kept)
    return _answer(kept, now, status)


def _keep(body: bytes, stamp: Hashable, mimetype: str, now: datetime, until: datetime | None) -> _Kept:
    end = min(now + KEEP, until) if until and until > now else now + KEEP
    etag = hashlib.sha256(body).hexdigest()[:24]
    return _Kept(stamp, end, body, etag, mimetype)


def _answer(kept: _Kept, now: datetime, status: int) -> Response:
    seconds = min(SHARED_FOR_S, int((kept.until - now).total_seconds()))  # a vote that has closed is not shown open
    zips = "gzip" in request.headers.get("Accept-Encoding", "")
    response = Response(kept.packed if zips else kept.body, status, mimetype=kept.mimetype)
    if zips:
        response.headers["Content-Encoding"] = "gzip"
    response.headers["Cache-Control"] = f"public, max-age={seconds}"
    response.headers["Vary"] = "Cookie, Accept-Encoding"
    response.set_etag(kept.etag, weak=True)
    if status == 200:  # RFC 9110, 13.2.1: what is gone is gone also for those who have seen it
        response.make_conditional(request.environ)
    return response


def show(template: str, status: int = 200, **facts: Any) -> Response:
    """A page for one person: rendered now, never kept by anybody."""
    return private_page(render_template(template, **facts), status)


def private_page(body: str, status: int = 200) -> Response:
    """The answer ``body`` for one person, never kept by anybody."""
    response = make_response(body, status)
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["Vary"] = "Cookie"
    return response


def show_to_all(
    template: str, stamp: Hashable, facts: Callable[[], dict[str, Any]], until: datetime | None = None
) -> Response:
    """A page that members and the public both read: personal with a session, shared and kept without."""
    if reads_as_public():
        return public_page(stamp, lambda: render_template(template, **facts()), until=until)
    current_viewer()
    return show(template, **facts())


@dataclass(frozen=True)
class Page:
    """One page of a longer list; numbers start at 1."""

    number: int
    pages: int
    total: int
    prev_url: str | None
    next_url: str | None
    size: int

    @property
    def first(self) -> int:
        """Index of the page's first entry within the whole list, from 0."""
        return (self.number - 1) * self.size


def paged(total: int, size: int, number: int | None = None) -> Page:
    """The page that ``?page=`` asks for, kept within what there is; its links keep the other arguments."""
    pages = max(1, -(-total // size))
    asked = number if number is not None else request.args.get("page", 1, type=int)
    here = min(max(asked, 1), pages)
    return Page(
        number=here,
        pages=pages,
        total=total,
        prev_url=_page_url(here - 1) if here > 1 else None,
        next_url=_page_url(here + 1) if here < pages else None,
        size=size,
    )


def _page_url(number: int) -> str:
    others = [(k, v) for k, v in request.args.items(multi=True) if k != "page"]
    return f"{request.path}?{urlencode([*others, ('page', str(number))])}"
