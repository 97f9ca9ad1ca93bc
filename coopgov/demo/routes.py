"""Pages of the demonstration: who one can be, and every mail that it sent. Only there with `serve --demo`."""

from flask import Blueprint, Response, request
from werkzeug.wrappers import Response as AnyResponse

from coopgov.core.errors import NotFound
from coopgov.core.text import N_
from coopgov.demo.cast import persona_email, personas
from coopgov.demo.links import is_genuine
from coopgov.demo.sink import sunk_ids, sunk_mail
from coopgov.identity.cookies import give_cookie, this_browser
from coopgov.identity.models import Login
from coopgov.identity.queries import login_by_email, party
from coopgov.identity.services import start_session
from coopgov.infra.db import write_transaction
from coopgov.infra.settings import current_settings, site_url
from coopgov.infra.web.access import VISITOR, allow
from coopgov.infra.web.moment import received_at
from coopgov.infra.web.pages import paged, show
from coopgov.infra.web.said import go

bp = Blueprint("demo", __name__, url_prefix="/dev")

ROLES = {
    "admin": N_("Technical admin"),
    "convenor": N_("Convenor of the Community group"),
    "member": N_("Member"),
    "membership_secretary": N_("Membership secretary"),
    "treasurer": N_("Treasurer"),
}
MAILS_ON_A_PAGE = 50


@bp.get("")
@allow(VISITOR)
def index() -> Response:
    """Who one can be, where the mails are."""
    known = [(ROLES[persona], login_by_email(persona_email(persona) or "")) for persona in personas()]
    people = [(role, party(login.party_id).name, login.email) for role, login in known if login]
    return show("demo/index.html", people=people)


@bp.get("/mail")
@allow(VISITOR)
def mails() -> Response:
    """Every mail in the sink, newest first."""
    to = request.args.get("to", "").strip()
    ids = sunk_ids(_mail_url(), to)
    page = paged(len(ids), MAILS_ON_A_PAGE)
    shown = [sunk_mail(_mail_url(), mail_id) for mail_id in ids[page.first : page.first + page.size]]
    return show("demo/mails.html", mails=shown, page=page, to=to, base_url=site_url())


@bp.get("/mail/<mail_id>")
@allow(VISITOR)
def mail(mail_id: str) -> Response:
    """One mail: its text and its links."""
    return show("demo/mail.html", mail=sunk_mail(_mail_url(), mail_id), base_url=site_url())


@bp.get("/as/<persona>/<signature>")
@allow(VISITOR)
def persona_page(persona: str, signature: str) -> Response:
    """One button; opening the page changes nothing."""
    login = _login_of(persona, signature)
    return show("demo/sign_in_as.html", name=party(login.party_id).name, role=ROLES[persona])


@bp.post("/as/<persona>/<signature>")
@allow(VISITOR)
def sign_in_as(persona: str, signature: str) -> AnyResponse:
    """Signs in as the persona."""
    with write_transaction():
        cookie = start_session(_login_of(persona, signature), "demo", this_browser(), received_at())
    return give_cookie(go("/"), cookie)


def _login_of(persona: str, signature: str) -> Login:
    """The persona's login; raises NotFound for a word or a signature that is not ours."""
    login = login_by_email(persona_email(persona) or "") if is_genuine(persona, signature) else None
    if login is None:
        raise NotFound
    return login


def _mail_url() -> str:
    return current_settings().mail_url
