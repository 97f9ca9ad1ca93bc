"""Pages of membership."""

from datetime import datetime

from flask import Blueprint, Response, current_app
from werkzeug.wrappers import Response as AnyResponse

from coopgov.core.errors import NotFound, Refused
from coopgov.core.text import N_
from coopgov.identity.cookies import give_cookie, this_browser
from coopgov.identity.models import Party
from coopgov.identity.queries import login_by_email, login_of, names_of
from coopgov.identity.services import leave_session, start_session
from coopgov.infra.crypto import BadToken, Signer
from coopgov.infra.db import write_transaction
from coopgov.infra.web.access import VISITOR, allow, current_viewer
from coopgov.infra.web.moment import received_at
from coopgov.infra.web.pages import show
from coopgov.infra.web.said import Sayings, go
from coopgov.membership.forms.invitations import JoinForm
from coopgov.membership.models import Invitation
from coopgov.membership.queries import register as queries
from coopgov.membership.rules.register import INVITATION, invitation_state
from coopgov.membership.services.register import accept_invitation

bp = Blueprint("membership", __name__)
SAYINGS: Sayings = {
    "membership.joined": N_("Welcome: you are a member now, and signed in."),
    "membership.joined_again": N_("Welcome back: you are a member again. Now sign in."),
}
GONE = 410


def _invitation(token: str) -> Invitation:
    signer: Signer = current_app.extensions["coopgov.signer"]
    try:
        found = queries.invitation(str(signer.read(INVITATION, token)))
    except BadToken:
        raise NotFound from None
    if found is None:
        raise NotFound
    return found


def _state(row: Invitation) -> str:
    return invitation_state(row.accepted_at, row.withdrawn_at, row.expires_at, received_at())


def _inviter(row: Invitation) -> str:
    return names_of([row.invited_by]).get(row.invited_by, "") if row.invited_by else ""


def _form(row: Invitation) -> JoinForm:
    """Without the question for a name when somebody has a login under this address already."""
    form = JoinForm()
    if login_by_email(row.email) is not None:
        del form.name
    return form


def _page(row: Invitation, form: JoinForm, status: int = 200) -> Response:
    return show("membership/invitation.html", status, form=form, inviter=_inviter(row), email=row.email)


def _closed(row: Invitation) -> Response:
    return show("membership/invitation_closed.html", GONE, state=_state(row), inviter=_inviter(row))


@bp.get("/invitation/<token>")
@allow(VISITOR)
def open_invitation(token: str) -> Response:
    row = _invitation(token)
    return _page(row, _form(row)) if _state(row) == "open" else _closed(row)


@bp.post("/invitation/<token>")
@allow(VISITOR, rerenders=True)
def join(token: str) -> AnyResponse:
    row, now = _invitation(token), received_at()
    form = _form(row)
    if _state(row) == "open" and not form.validate():
        return _page(row, form, 422)
    try:
        with write_transaction():
            person = accept_invitation(row, str(form.name.data) if "name" in form else "", now)
            cookie = _first_session(person, now) if "name" in form else ""
    except Refused as refused:
        return _refused(row, refused)
    return _welcome(person, cookie)


def _first_session(person: Party, now: datetime) -> str:
    login = login_of(person.id)
    assert login is not None
    leave_session(current_viewer(), now)
    return start_session(login, "mail", this_browser(), now)


def _welcome(person: Party, cookie: str) -> AnyResponse:
    """A new person is signed in. A login from before is not opened by a mail that may be a month old."""
    if cookie:
        return give_cookie(go("/me", "membership.joined"), cookie)
    if current_viewer().party_id == person.id:
        return go("/me", "membership.joined")
    return go("/sign-in", "membership.joined_again")


def _refused(row: Invitation, refused: Refused) -> Response:
    """Somebody was quicker, or the invitation ended meanwhile; being a member already reads as accepted."""
    if refused.reason.partition(".")[0] not in ("invitation", "member"):
        raise refused
    return _closed(row)
