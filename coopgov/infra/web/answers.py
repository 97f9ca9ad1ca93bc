"""The one place that turns refusals and failures into pages with a status, in the reader's language."""

import logging
from urllib.parse import urlencode

from flask import Flask, Response, current_app, redirect, request
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException, InternalServerError
from werkzeug.wrappers import Response as AnyResponse

from coopgov.core.errors import Kind, NotFound, Refusals, Refused
from coopgov.core.ids import random_id
from coopgov.core.text import N_
from coopgov.infra.db import db
from coopgov.infra.i18n import gettext as _
from coopgov.infra.web.access import MembersOnly, SignInFirst, current_viewer, has_session_cookie
from coopgov.infra.web.csrf import FIELD, StaleForm
from coopgov.infra.web.pages import show

STATUS = {Kind.INVALID: 422, Kind.FORBIDDEN: 403, Kind.CONFLICT: 409, Kind.LIMIT: 429}
TITLES = {
    400: N_("That could not be read"),
    403: N_("Not allowed"),
    404: N_("Page not found"),
    405: N_("Not like this"),
    409: N_("Too late, or somebody was quicker"),
    413: N_("Too large"),
    422: N_("There is a problem"),
    429: N_("Too often"),
    500: N_("Something went wrong here"),
    503: N_("Busy: please try again"),
}
TEXTS = {
    404: N_("It may have moved, or it may be for members only."),
    500: N_("It was our mistake, not yours, and it has been written down. Nothing that you sent was half saved."),
    503: N_("The database did not answer in time. Nothing was saved; send it again in a moment."),
}
PADDING = "padding"  # a field that makes forms equally long
log = logging.getLogger(__name__)


def text_of(refused: Refused) -> str:
    """The refusal as a sentence in the reader's language."""
    refusals: Refusals = current_app.extensions["coopgov.refusals"]
    return _(refusals[refused.reason][1], **refused.facts)


def status_of(refused: Refused) -> int:
    """The HTTP status that fits the refusal."""
    refusals: Refusals = current_app.extensions["coopgov.refusals"]
    return STATUS[refusals[refused.reason][0]]


def install_answers(app: Flask) -> None:
    """Registers the handlers of everything that can go wrong."""
    app.register_error_handler(Refused, _refused)
    app.register_error_handler(NotFound, lambda _error: _problem(404))
    app.register_error_handler(SignInFirst, _sign_in_first)
    app.register_error_handler(
        MembersOnly, lambda _error: _problem(403, _("This is for members. Your membership is not current."))
    )
    app.register_error_handler(StaleForm, _stale)
    app.register_error_handler(OperationalError, _busy)
    app.register_error_handler(HTTPException, _http)


def _problem(status: int, text: str = "", reference: str = "") -> Response:
    title = _(TITLES.get(status, TITLES[500 if status >= 500 else 400]))
    return show(
        "problem.html",
        status,
        title=title,
        text=text or _(TEXTS.get(status, "")),
        reference=reference,
        typed=_typed(),
        next_path=request.full_path.rstrip("?") if request.method == "GET" else "",
    )


def _typed() -> list[str]:
    """What somebody wrote, so that an error page can hand it back; short fields and secrets are not among it."""
    try:
        form = request.form
    except HTTPException:  # it was too large to be read at all
        return []
    return [words for name, words in form.items() if not _is_secret(name) and len(words) > 40]


def _is_secret(name: str) -> bool:
    return name in (FIELD, PADDING) or name.endswith("password")


def _refused(refused: Refused) -> Response:
    response = _problem(status_of(refused), text_of(refused))
    if "wait_s" in refused.facts:
        response.headers["Retry-After"] = str(refused.facts["wait_s"])
    return response


def _sign_in_first(_error: SignInFirst) -> AnyResponse:
    if request.method not in ("GET", "HEAD"):
        return _problem(403, _("You are signed out, so nothing was saved. Sign in, and send it again."))
    return redirect("/sign-in?" + urlencode({"next": request.full_path.rstrip("?")}), 303)


def _stale(_error: StaleForm) -> Response:
    return _problem(400, _("This page had been open too long. Nothing was saved: go back, reload it and try again."))


def _busy(error: OperationalError) -> Response:
    db.session.rollback()
    log.warning("the database did not answer: %s", error.orig)
    response = _problem(503)
    response.headers["Retry-After"] = "5"
    return response


def _http(error: HTTPException) -> AnyResponse:
    if error.code is None or error.code < 400:
        return error.get_response()  # a redirect that werkzeug raised
    reference = ""
    if isinstance(error, InternalServerError):
        reference = random_id()[:8]
        db.session.rollback()
        log.error(
            "%s %s failed, reference %s", request.method, request.url_rule, reference, exc_info=error.original_exception
        )
    response = _problem(error.code, reference=reference)
    response.headers.extend((k, v) for k, v in error.get_headers() if k in ("Allow", "Retry-After"))
    return response


def signed_out() -> bool:
    """True when the reader could sign in to see more."""
    return not (has_session_cookie() and current_viewer().is_signed_in)
