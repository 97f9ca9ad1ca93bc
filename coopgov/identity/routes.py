"""Pages of identity: signing in and out, and what belongs to one's own account."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, current_app, request
from flask.blueprints import BlueprintSetupState
from werkzeug.wrappers import Response as AnyResponse

from coopgov.core.errors import NotFound, Refused
from coopgov.core.text import N_, fold_email, shown_in_public
from coopgov.identity import queries, services
from coopgov.identity.cookies import give_cookie, take_cookie, this_browser
from coopgov.identity.forms import (
    AddressForm,
    ChangeEmailForm,
    ChangePasswordForm,
    NewPasswordForm,
    PasswordSignInForm,
    ProfileForm,
)
from coopgov.identity.models import Login, MailLink
from coopgov.identity.passwords import PasswordKeeper
from coopgov.identity.rules import (
    NEW_EMAIL,
    RESET,
    SIGN_IN,
    check_new_password,
    is_fresh,
    link_holds,
    local_path,
    network_of,
)
from coopgov.infra.crypto import BadToken, Signer
from coopgov.infra.db import write_transaction
from coopgov.infra.i18n import current_language
from coopgov.infra.i18n import gettext as _
from coopgov.infra.web.access import PUBLIC, SIGNED_IN, VISITOR, allow, current_viewer, terms_of
from coopgov.infra.web.answers import status_of, text_of
from coopgov.infra.web.csrf import SAFE
from coopgov.infra.web.forms import BaseForm
from coopgov.infra.web.layout import coop_profile
from coopgov.infra.web.moment import received_at
from coopgov.infra.web.pages import show
from coopgov.infra.web.said import Sayings, go

bp = Blueprint("identity", __name__)
SAYINGS: Sayings = {
    "identity.signed_out": N_("You are signed out."),
    "identity.password_changed": N_("Your new password holds. All other browsers were signed out."),
    "identity.session_ended": N_("That browser is signed out."),
    "identity.sessions_ended": N_("All other browsers are signed out."),
    "identity.email_asked": N_("Almost done: open the link that we have mailed to the new address."),
    "identity.email_changed": N_("Your new address holds. All other browsers were signed out."),
    "identity.profile_saved": N_("Your profile is saved."),
}
GONE = 410


@bp.record_once
def _keep_passwords(state: BlueprintSetupState) -> None:
    state.app.extensions.setdefault("coopgov.passwords", PasswordKeeper())


def _keeper() -> PasswordKeeper:
    keeper: PasswordKeeper = current_app.extensions["coopgov.passwords"]
    return keeper


@bp.before_app_request
def note_visit() -> None:
    """Keeps a session in use from going idle. Reading public pages and voting write nothing, whoever it is."""
    terms = terms_of(request.endpoint or "")
    if terms is None or terms.traceless or (terms.audience is PUBLIC and request.method in SAFE):
        return
    viewer = current_viewer()
    if viewer.is_signed_in and queries.visit_is_news(viewer.session_id, received_at()):
        with write_transaction():
            services.note_visit(viewer.session_id, received_at())


def _refuse(form: BaseForm, refused: Refused, template: str, **facts: Any) -> Response:
    form.refuse(refused, text_of(refused))
    response = show(template, status_of(refused), form=form, **facts)
    if "wait_s" in refused.facts:
        response.headers["Retry-After"] = str(refused.facts["wait_s"])
    return response


def _asker(email: str | None) -> dict[str, str]:
    return {"address": fold_email(email or ""), "network": network_of(request.remote_addr)}


def _signed_in(cookie: str, path: str, said: str = "") -> AnyResponse:
    return give_cookie(go(path, said), cookie)


# Signing in by a mailed link


@bp.get("/sign-in")
@allow(VISITOR)
def sign_in() -> AnyResponse:
    path = local_path(request.args.get("next", ""))
    if current_viewer().is_signed_in:
        return go(path)
    return show("identity/sign_in.html", form=AddressForm(data={"next": path}))


@bp.post("/sign-in")
@allow(VISITOR, rerenders=True)
def ask_for_sign_in_link() -> Response:
    form = AddressForm()

    def send(email: str, language: str, now: datetime) -> None:
        services.send_sign_in_link(email, form.next.data or "", language, now)

    return _ask_for_link(form, "identity/sign_in.html", send)


def _ask_for_link(form: AddressForm, template: str, send: Callable[[str, str, datetime], None]) -> Response:
    """The same answer and the same work, whether the address is known or not."""
    if not form.validate():
        return show(template, 422, form=form)
    email = str(form.email.data)
    try:
        with write_transaction():
            services.count_try("link", _asker(email), received_at())
            send(email, current_language(), received_at())
    except Refused as refused:
        return _refuse(form, refused, template)
    return show("identity/sent.html", email=email, reset=template == "identity/forgot.html")


def _ticket(purpose: str, token: str) -> MailLink:
    signer: Signer = current_app.extensions["coopgov.signer"]
    try:
        found = queries.mail_link(purpose, str(signer.read(purpose, token)))
    except BadToken:
        raise NotFound from None
    if found is None:
        raise NotFound
    return found


def _holds(ticket: MailLink) -> bool:
    return link_holds(ticket.expires_at, ticket.used_at, received_at())


def _spent(ticket: MailLink, **facts: Any) -> Response:
    return show("identity/link_spent.html", GONE, purpose=ticket.purpose, form=BaseForm(), **facts)


def _name_of(ticket: MailLink) -> str:
    return queries.party(queries.login(ticket.login_id).party_id).name


@bp.get("/sign-in/link/<token>")
@allow(VISITOR)
def open_sign_in_link(token: str) -> AnyResponse:
    ticket = _ticket(SIGN_IN, token)
    if _holds(ticket):
        return _sign_in_button(ticket, BaseForm())
    if current_viewer().login_id == ticket.login_id:
        return go(ticket.next_path)
    return _spent(ticket)


def _sign_in_button(ticket: MailLink, form: BaseForm, status: int = 200) -> Response:
    return show("identity/sign_in_link.html", status, form=form, name=_name_of(ticket))


@bp.post("/sign-in/link/<token>")
@allow(VISITOR, rerenders=True)
def use_sign_in_link(token: str) -> AnyResponse:
    ticket, form = _ticket(SIGN_IN, token), BaseForm()
    if _holds(ticket) and not form.validate():
        return _sign_in_button(ticket, form, 422)
    try:
        with write_transaction():
            services.leave_session(current_viewer(), received_at())
            cookie, path = services.use_sign_in_link(ticket.id, this_browser(), received_at())
    except Refused:
        return _spent(ticket)
    return _signed_in(cookie, path)


@bp.post("/sign-in/link/<token>/again", defaults={"purpose": SIGN_IN})
@bp.post("/password/reset/<token>/again", defaults={"purpose": RESET})
@allow(VISITOR, rerenders=True)
def send_link_again(purpose: str, token: str) -> Response:
    ticket, form = _ticket(purpose, token), BaseForm()
    if not form.validate():
        return show("identity/link_spent.html", 422, purpose=ticket.purpose, form=form)
    try:
        with write_transaction():
            services.count_try("link", _asker(queries.login(ticket.login_id).email), received_at())
            services.send_link_again(ticket, current_language(), received_at())
    except Refused as refused:
        return _refuse(form, refused, "identity/link_spent.html", purpose=ticket.purpose)
    return show("identity/sent.html", email="", reset=ticket.purpose == RESET)


# Signing in by password


@bp.get("/sign-in/password")
@allow(VISITOR)
def sign_in_by_password() -> AnyResponse:
    path = local_path(request.args.get("next", ""))
    if current_viewer().is_signed_in:
        return go(path)
    return show("identity/sign_in_password.html", form=PasswordSignInForm(data={"next": path}))


@bp.post("/sign-in/password")
@allow(VISITOR, rerenders=True)
def use_password() -> AnyResponse:
    form, now, template = PasswordSignInForm(), received_at(), "identity/sign_in_password.html"
    if not form.validate():
        return show(template, 422, form=form)
    who = _asker(form.email.data)
    try:
        login = _login_that_fits(str(form.email.data), str(form.password.data), who, now)
    except Refused as refused:
        return _refuse(form, refused, template)
    if login is None:
        form.complain(_("The address and the password do not go together."))
        return show(template, 422, form=form)
    with write_transaction():
        services.forgive_try("password", who, now)
        services.leave_session(current_viewer(), now)
        cookie = services.start_session(login, "password", this_browser(), now)
    return _signed_in(cookie, local_path(form.next.data or ""))


def _login_that_fits(email: str, password: str, who: Mapping[str, str], now: datetime) -> Login | None:
    """Hashing happens between transactions: it is slow on purpose, and the one write lock is everybody's."""
    with write_transaction():
        services.count_try("password", who, now)
    login = queries.login_by_email(email)
    return login if _keeper().fits(login.password_hash if login else None, password) else None


@bp.post("/sign-out")
@allow(SIGNED_IN)
def sign_out() -> AnyResponse:
    with write_transaction():
        services.leave_session(current_viewer(), received_at())
    return take_cookie(go("/", "identity.signed_out"))


# A forgotten password


@bp.get("/password/forgot")
@allow(VISITOR)
def forgot() -> Response:
    return show("identity/forgot.html", form=AddressForm())


@bp.post("/password/forgot")
@allow(VISITOR, rerenders=True)
def ask_for_reset_link() -> Response:
    return _ask_for_link(AddressForm(), "identity/forgot.html", services.send_reset_link)


@bp.get("/password/reset/<token>")
@allow(VISITOR)
def open_reset_link(token: str) -> Response:
    ticket = _ticket(RESET, token)
    return _reset_page(ticket, NewPasswordForm()) if _holds(ticket) else _spent(ticket)


def _reset_page(ticket: MailLink, form: NewPasswordForm, status: int = 200) -> Response:
    email = queries.login(ticket.login_id).email
    return show("identity/reset.html", status, form=form, name=_name_of(ticket), email=email)


@bp.post("/password/reset/<token>")
@allow(VISITOR, rerenders=True)
def use_reset_link(token: str) -> AnyResponse:
    ticket, form = _ticket(RESET, token), NewPasswordForm()
    if not _holds(ticket):
        return _spent(ticket)
    if not form.validate() or not _accepts(form, queries.login(ticket.login_id)):
        return _reset_page(ticket, form, 422)
    stored = _keeper().hash(str(form.new_password.data))
    try:
        with write_transaction():
            services.leave_session(current_viewer(), received_at())
            cookie = services.use_reset_link(ticket.id, stored, this_browser(), received_at())
    except Refused:
        return _spent(ticket)
    return _signed_in(cookie, "/me/security", "identity.password_changed")


def _accepts(form: NewPasswordForm, login: Login) -> bool:
    try:
        check_new_password(str(form.new_password.data), coop_profile().name, login.email)
    except Refused as refused:
        form.refuse(refused, text_of(refused))
        return False
    return True


# Proof that it is really the owner


def _own_login() -> Login:
    return queries.login(current_viewer().login_id)


def _proof() -> str:
    """What a sensitive change asks for: nothing right after a sign-in, else the password, or a link without one."""
    began = queries.session_began(current_viewer().session_id)
    if began and is_fresh(began, received_at()):
        return ""
    return "password" if _own_login().password_hash else "link"


def _prove(typed: str | None) -> None:
    """Raises Refused unless the one who asks is the owner. Its counter is the session's own: nobody outside can
    fill it."""
    proof = _proof()
    if proof == "":
        return
    if proof == "link":
        raise Refused("proof.needed")
    login, now = _own_login(), received_at()
    who, stored = {"login": str(login.id)}, login.password_hash
    with write_transaction():
        services.count_try("proof", who, now)
    if not _keeper().fits(stored, typed or ""):
        raise Refused("proof.wrong", field="current_password")
    with write_transaction():
        services.forgive_try("proof", who, now)


@bp.post("/me/security/link")
@allow(SIGNED_IN)
def send_proof_link() -> Response:
    email, path = _own_login().email, request.form.get("next", "")
    with write_transaction():
        services.count_try("link", {"address": fold_email(email)}, received_at())
        services.send_sign_in_link(email, path, current_language(), received_at())
    return show("identity/sent.html", email="", reset=False)


# Security: password and sessions


@bp.get("/me/security")
@allow(SIGNED_IN)
def security() -> Response:
    return _security_page(ChangePasswordForm())


def _security_page(form: ChangePasswordForm, status: int = 200) -> Response:
    return show("identity/security.html", status, form=form, **_security_facts())


def _security_facts() -> dict[str, Any]:
    login = _own_login()
    sessions = queries.live_sessions(login.id, received_at())
    return {"login": login, "sessions": sessions, "here": current_viewer().session_id, "proof": _proof()}


@bp.post("/me/security")
@allow(SIGNED_IN, rerenders=True)
def change_password() -> AnyResponse:
    form = ChangePasswordForm()
    if not form.validate() or not _accepts(form, _own_login()):
        return _security_page(form, 422)
    try:
        _prove(form.current_password.data)
        stored = _keeper().hash(str(form.new_password.data))
    except Refused as refused:
        return _refuse(form, refused, "identity/security.html", **_security_facts())
    with write_transaction():
        cookie = services.change_password(_own_login(), stored, this_browser(), received_at())
    return _signed_in(cookie, "/me/security", "identity.password_changed")


@bp.post("/me/security/sessions/<session_id>/end")
@allow(SIGNED_IN)
def end_session(session_id: str) -> AnyResponse:
    viewer = current_viewer()
    with write_transaction():
        services.end_session(session_id, viewer.login_id, received_at())
    if session_id == viewer.session_id:
        return take_cookie(go("/", "identity.signed_out"))
    return go("/me/security", "identity.session_ended")


@bp.post("/me/security/sessions/end-others")
@allow(SIGNED_IN)
def end_other_sessions() -> AnyResponse:
    viewer = current_viewer()
    with write_transaction():
        services.end_sessions(viewer.login_id, viewer.session_id, received_at())
    return go("/me/security", "identity.sessions_ended")


# The address


@bp.get("/me/email")
@allow(SIGNED_IN)
def email() -> Response:
    return show("identity/email.html", form=ChangeEmailForm(), **_email_facts())


def _email_facts() -> dict[str, Any]:
    return {"present": _own_login().email, "proof": _proof()}


@bp.post("/me/email")
@allow(SIGNED_IN, rerenders=True)
def change_email() -> AnyResponse:
    form = ChangeEmailForm()
    if not form.validate():
        return show("identity/email.html", 422, form=form, **_email_facts())
    try:
        _prove(form.current_password.data)
        with write_transaction():
            services.count_try("email", {"login": str(current_viewer().login_id)}, received_at())
            services.ask_for_email_change(_own_login(), str(form.email.data), received_at())
    except Refused as refused:
        return _refuse(form, refused, "identity/email.html", **_email_facts())
    return go("/me/email", "identity.email_asked")


@bp.get("/me/email/confirm/<token>")
@allow(VISITOR)
def open_email_link(token: str) -> Response:
    ticket = _ticket(NEW_EMAIL, token)
    return _confirm_page(ticket, BaseForm()) if _holds(ticket) else _spent(ticket)


def _confirm_page(ticket: MailLink, form: BaseForm, status: int = 200) -> Response:
    return show("identity/email_confirm.html", status, form=form, name=_name_of(ticket), address=ticket.address)


@bp.post("/me/email/confirm/<token>")
@allow(VISITOR, rerenders=True)
def use_email_link(token: str) -> AnyResponse:
    ticket, form, viewer = _ticket(NEW_EMAIL, token), BaseForm(), current_viewer()
    if not _holds(ticket):
        return _spent(ticket)
    if not form.validate():
        return _confirm_page(ticket, form, 422)
    is_own = viewer.login_id == ticket.login_id
    try:
        with write_transaction():
            services.use_email_link(ticket.id, viewer.session_id if is_own else "", received_at())
    except Refused as refused:
        return _refuse(form, refused, "identity/link_spent.html", purpose=NEW_EMAIL)
    return go("/me/email" if is_own else "/sign-in", "identity.email_changed")


# The profile


@bp.get("/me/profile")
@allow(SIGNED_IN)
def profile() -> Response:
    return _profile_page(_profile_form(queries.party(current_viewer().party_id)))


def _profile_form(source: object | None = None) -> ProfileForm:
    form = ProfileForm(obj=source)
    form.prepare(coop_profile().language)
    return form


def _profile_page(form: ProfileForm, status: int = 200) -> Response:
    name = form.name.data or current_viewer().name
    examples = {choice: shown_in_public(name, choice) for choice in ("full", "initial")}
    return show("identity/profile.html", status, form=form, examples=examples)


@bp.post("/me/profile")
@allow(SIGNED_IN, rerenders=True)
def edit_profile() -> AnyResponse:
    form = _profile_form()
    if not form.validate():
        return _profile_page(form, 422)
    wished = {key: str(form[key].data or "") for key in ("name", "public_name", "language", "theme")}
    with write_transaction():
        services.edit_profile(queries.party(current_viewer().party_id), **wished, now=received_at())
    return go("/me/profile", "identity.profile_saved")
