"""The session's cookie: the only one there is. Set at sign-in, taken away at sign-out, never read by scripts."""

from flask import request
from werkzeug.wrappers import Response

from coopgov.identity.rules import SESSION_LASTS, browser_named
from coopgov.infra.settings import current_settings
from coopgov.infra.web.access import cookie_name


def give_cookie(response: Response, cookie: str) -> Response:
    """``response`` with the cookie that ``services.start_session`` gave."""
    response.set_cookie(
        cookie_name(),
        cookie,
        max_age=SESSION_LASTS,
        path="/",
        secure=_is_https(),
        httponly=True,
        samesite="Lax",
    )
    return response


def take_cookie(response: Response) -> Response:
    """``response`` that makes the browser forget its session."""
    response.delete_cookie(cookie_name(), path="/", secure=_is_https(), httponly=True, samesite="Lax")
    return response


def this_browser() -> str:
    """The browser that asks, in few words."""
    return browser_named(request.headers.get("User-Agent", ""))


def _is_https() -> bool:
    return current_settings().is_https
