"""Who may use a route. Every route declares it; `create_app` refuses to start with one that does not."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from flask import current_app, request
from flask_login import current_user
from werkzeug.exceptions import NotFound as PageNotFound

from coopgov.core.viewer import NOBODY, Viewer

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class Audience:
    """A kind of people. ``admits`` judges the viewer; ``hides``: for everybody else the route does not exist."""

    name: str
    admits: Callable[[Viewer], bool]
    hides: bool = False


PUBLIC = Audience("public", lambda _: True)  # anybody; without a session cookie the answer may be cached by others
VISITOR = Audience("visitor", lambda _: True)  # anybody, but the answer is about them: sign-in, signed links
SIGNED_IN = Audience("signed in", lambda v: v.is_signed_in)
MEMBER = Audience("member", lambda v: v.is_member)
ADMIN = Audience("admin", lambda v: v.holds("admin"), hides=True)
SECRETARY = Audience("membership secretary", lambda v: v.holds("membership_secretary"), hides=True)
TREASURER = Audience("treasurer", lambda v: v.holds("treasurer"), hides=True)
MACHINE = Audience("machine", lambda _: True)  # no browser: its own signature stands in for the form token


@dataclass(frozen=True)
class Terms:
    """What a route declares. ``rerenders``: it shows its form again, typed text kept, when the form token is stale;
    ``traceless``: that somebody was here is not written into their session."""

    audience: Audience
    rerenders: bool = False
    traceless: bool = False


class SignInFirst(Exception):
    """Nobody is signed in, and somebody has to be."""


class MembersOnly(Exception):
    """Signed in, but not a member now."""


def allow(audience: Audience, *, rerenders: bool = False, traceless: bool = False) -> Callable[[F], F]:
    """Declares who may use the route below; stands under the blueprint's decorator."""

    def declare(view: F) -> F:
        view.terms = Terms(audience, rerenders, traceless)  # type: ignore[attr-defined]
        return view

    return declare


def terms_of(endpoint: str) -> Terms | None:
    """What the route named ``endpoint`` declares; None when it declares nothing."""
    terms: Terms | None = getattr(current_app.view_functions.get(endpoint), "terms", None)
    return terms


class Reader:
    """What Flask-Login keeps for the request: the viewer, no more. Identity comes from our own session row."""

    is_authenticated = True

    def __init__(self, viewer: Viewer) -> None:
        self.viewer = viewer


def current_viewer() -> Viewer:
    """Who is asking; NOBODY without a live session. Looked up once per request."""
    if not has_session_cookie():
        return NOBODY
    viewer: Viewer = current_user.viewer if current_user.is_authenticated else NOBODY
    return viewer


def cookie_name() -> str:
    """Name of the session cookie: with the ``__Host-`` prefix on https."""
    name: str = current_app.config["SESSION_COOKIE_NAME"]
    return name


def has_session_cookie() -> bool:
    """True when the request carries our cookie, whether it is worth anything or not."""
    return cookie_name() in request.cookies


def guard() -> None:
    """Before each request: turns away whom the route does not admit. Raises SignInFirst, MembersOnly or 404."""
    terms = terms_of(request.endpoint or "")
    if terms is None or terms.audience in (PUBLIC, VISITOR, MACHINE):
        return
    viewer = current_viewer()
    if terms.audience.admits(viewer):
        return
    if terms.audience.hides and viewer.is_signed_in:
        raise PageNotFound
    raise MembersOnly if viewer.is_signed_in else SignInFirst
