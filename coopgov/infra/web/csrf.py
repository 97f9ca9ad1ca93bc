"""Forms are sent from our own pages only: a signed token in the form, and what the browser says of the origin.

The token is bound to the session; where there is none (sign-in, a ballot by mail) it is a signed time alone, and the
Origin check has to carry the rest (OWASP ASVS 5.0, 3.5.1 and 3.5.3).
"""

from datetime import timedelta
from urllib.parse import urlsplit

from flask import current_app, g, request
from markupsafe import Markup
from werkzeug.exceptions import BadRequest, Forbidden

from coopgov.infra.crypto import BadToken, Signer
from coopgov.infra.web.access import MACHINE, current_viewer, has_session_cookie, terms_of

FIELD = "form_token"
HEADER = "X-Form-Token"
LASTS = timedelta(hours=12)
SAFE = ("GET", "HEAD", "OPTIONS")


class StaleForm(BadRequest):
    """The form's token is missing, too old, or of another session; nothing was done."""


def form_token() -> str:
    """A token for the forms of the page being rendered."""
    signer: Signer = current_app.extensions["coopgov.signer"]
    return signer.sign("form", _bound_to())


def token_field() -> Markup:
    """The hidden field that every form carries."""
    return Markup('<input type="hidden" name="{}" value="{}">').format(FIELD, form_token())


def check_origin_and_token() -> None:
    """Before each unsafe request. Raises Forbidden for another site's form, StaleForm for an old one of ours, unless
    the route shows its form again: then ``form_is_stale()`` is true and the form does not validate."""
    terms = terms_of(request.endpoint or "")
    if request.method in SAFE or terms is None or terms.audience is MACHINE:
        return
    if not _same_origin():
        raise Forbidden("cross-site")
    if not _token_fits():
        if not terms.rerenders:
            raise StaleForm
        g.form_is_stale = True


def form_is_stale() -> bool:
    """True when the form that came in had no token that counts."""
    return bool(g.get("form_is_stale", False))


def _bound_to() -> str:
    return current_viewer().session_id if has_session_cookie() else ""


def _token_fits() -> bool:
    signer: Signer = current_app.extensions["coopgov.signer"]
    token = request.form.get(FIELD) or request.headers.get(HEADER, "")
    try:
        return bool(signer.read("form", token, LASTS) == _bound_to())
    except BadToken:
        return False


def _same_origin() -> bool:
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("Origin") or request.headers.get("Referer")
    if origin is None:  # neither is sent by some privacy tools; the token, bound to the session, still has to fit
        return has_session_cookie()
    return urlsplit(origin).netloc == request.host
