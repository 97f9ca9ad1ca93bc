"""Pages of applying, for people who have no account: the form, the confirmation, how it stands."""

from datetime import timedelta
from typing import Any

from flask import Blueprint, Response, current_app, render_template, request
from markupsafe import Markup
from werkzeug.wrappers import Response as AnyResponse

from coopgov.core.errors import NotFound, Refused
from coopgov.core.text import N_, fold_email
from coopgov.core.viewer import Viewer
from coopgov.identity.rules import network_of
from coopgov.identity.services import count_try
from coopgov.infra.crypto import BadToken, Signer
from coopgov.infra.db import write_transaction
from coopgov.infra.i18n import current_language
from coopgov.infra.settings import site_url
from coopgov.infra.web.access import PUBLIC, VISITOR, allow
from coopgov.infra.web.answers import status_of, text_of
from coopgov.infra.web.forms import BaseForm
from coopgov.infra.web.layout import coop_profile, speak_for
from coopgov.infra.web.moment import received_at
from coopgov.infra.web.pages import show, show_to_all
from coopgov.infra.web.panels import Panel
from coopgov.infra.web.said import Sayings, go
from coopgov.membership import display
from coopgov.membership.forms.applications import AnswerForm, ApplyForm, Choices, CorrectForm, WaitingForm
from coopgov.membership.models import Application, JoiningTerms
from coopgov.membership.queries import applications as queries
from coopgov.membership.queries.terms import joining_stamp, open_terms
from coopgov.membership.queries.tiers import lowest_monthly, tiers_offered
from coopgov.membership.rules.applications import (
    CONFIRM,
    FASTEST,
    FINISH,
    STAMP,
    STATUS,
    may_correct,
    may_revive,
    may_withdraw,
)
from coopgov.membership.services import applications as services
from coopgov.membership.services.terms import wait_for_opening

bp = Blueprint("applying", __name__)
SAYINGS: Sayings = {
    "application.confirmed": N_("Thank you: your address is confirmed."),
    "application.corrected": N_("Your text is changed."),
    "application.answered": N_("Your answer is with the person who asked."),
    "application.withdrawn": N_("Your application is withdrawn."),
    "application.revived": N_("You can finish joining: go on below."),
}
GONE = 410


# The form


@bp.get("/join")
@allow(PUBLIC)
def join() -> Response:
    joining = joining_stamp()
    template = "membership/join.html" if joining.is_open else "membership/closed.html"
    return show_to_all(template, (coop_profile().version, joining), _join_facts)


def _join_facts() -> dict[str, Any]:
    terms = open_terms()
    return _apply_facts(_new_form(terms)) if terms else {"form": WaitingForm()}


def _apply_facts(form: ApplyForm) -> dict[str, Any]:
    return {"form": form, "page_url": site_url("/join")}


def _new_form(terms: JoiningTerms) -> ApplyForm:
    """The form as it is asked now; ``promise`` keeps what the ticks mean."""
    promise = f"{terms.min_age} {terms.code_version} {terms.code_url}"
    form = ApplyForm(data={"stamp": _signer().sign(STAMP, int(received_at().timestamp())), "promise": promise})
    form.asked = promise
    interests: Choices = current_app.extensions["coopgov.interests"]()
    form.prepare(terms, tiers_offered(received_at()), interests)
    return form


@bp.post("/join")
@allow(VISITOR, rerenders=True)
def apply() -> Response:
    if (terms := open_terms()) is None:
        return show("membership/closed.html", 409 if BaseForm().validate() else 422, form=WaitingForm())
    form = _new_form(terms)
    if not form.validate():
        return _form_again(form, 422)
    email = str(form.email.data)
    try:
        if not _is_machine(form):
            with write_transaction():
                count_try("apply", _asker(email), received_at())
                services.apply(form.wish(), terms, current_language(), received_at())
    except Refused as refused:
        form.refuse(refused, text_of(refused))
        return _later(_form_again(form, status_of(refused)), refused)
    return show("membership/check_mail.html", email=email)


def _form_again(form: ApplyForm, status: int) -> Response:
    form.promise.data = form.asked
    return show("membership/join.html", status, **_apply_facts(form))


def _is_machine(form: ApplyForm) -> bool:
    """True when the trap is filled in, or the form came back faster than anybody types. Nothing is kept of it."""
    try:
        made = int(_signer().read(STAMP, form.stamp.data or ""))
    except BadToken:
        return True
    return bool(form.website.data) or received_at().timestamp() - made < FASTEST / timedelta(seconds=1)


def _asker(email: str) -> dict[str, str]:
    return {"address": fold_email(email), "network": network_of(request.remote_addr)}


def _later(response: Response, refused: Refused) -> Response:
    if "wait_s" in refused.facts:
        response.headers["Retry-After"] = str(refused.facts["wait_s"])
    return response


@bp.post("/join/waiting-list")
@allow(VISITOR, rerenders=True)
def wait() -> AnyResponse:
    form = WaitingForm()
    if not form.validate():
        return show("membership/closed.html", 422, form=form)
    if open_terms() is not None:
        return go("/join")
    try:
        if not form.website.data:
            with write_transaction():
                count_try("apply", _asker(str(form.email.data)), received_at())
                wait_for_opening(str(form.email.data), current_language(), received_at())
    except Refused as refused:
        form.refuse(refused, text_of(refused))
        return _later(show("membership/closed.html", status_of(refused), form=form), refused)
    return show("membership/waiting.html", email=form.email.data)


# The confirmation


def _signer() -> Signer:
    signer: Signer = current_app.extensions["coopgov.signer"]
    return signer


def _read(purpose: str, token: str) -> Any:
    try:
        return _signer().read(purpose, token)
    except BadToken:
        raise NotFound from None


def _asked(token: str) -> tuple[Application, bool]:
    """The application behind a link of the first mail, and whether the link still holds."""
    asked = _read(CONFIRM, token)
    row = queries.application(asked["a"])
    speak_for(row.language)
    return row, received_at().timestamp() < asked["until"]


def _status_path(row: Application) -> str:
    return f"/join/status/{_signer().sign(STATUS, row.id)}"


def _confirm_page(row: Application, holds: bool, token: str, form: BaseForm, status: int = 200) -> AnyResponse:
    if row.is_erased:
        return show("membership/application_gone.html", GONE)
    if row.state != "started":
        return go(_status_path(row))
    return show("membership/confirm.html", status if holds else GONE, row=row, holds=holds, token=token, form=form)


@bp.get("/join/confirm/<token>")
@allow(VISITOR)
def open_confirmation(token: str) -> AnyResponse:
    row, holds = _asked(token)
    return _confirm_page(row, holds, token, BaseForm())


@bp.post("/join/confirm/<token>")
@allow(VISITOR, rerenders=True)
def confirm(token: str) -> AnyResponse:
    (row, holds), form = _asked(token), BaseForm()
    if not holds or row.is_erased or not form.validate():
        return _confirm_page(row, holds, token, form, 422)
    with write_transaction():
        services.confirm(row, received_at())
    return go(_status_path(row), "application.confirmed")


@bp.post("/join/confirm/<token>/again")
@allow(VISITOR, rerenders=True)
def send_again(token: str) -> AnyResponse:
    (row, holds), form = _asked(token), BaseForm()
    if row.state != "started" or not form.validate():
        return _confirm_page(row, holds, token, form, 422)
    try:
        with write_transaction():
            count_try("apply", _asker(row.email), received_at())
            services.send_confirmation_again(row, received_at())
    except Refused as refused:
        form.refuse(refused, text_of(refused))
        return _confirm_page(row, holds, token, form, status_of(refused))
    return show("membership/check_mail.html", email=row.email)


# How it stands


def _applied(token: str) -> Application:
    row = queries.application(_read(STATUS, token))
    speak_for(row.language)
    return row


def _status_page(row: Application, token: str, form: AnswerForm, status: int = 200) -> Response:
    if row.is_erased:
        return show("membership/application_gone.html", GONE)
    notes = queries.notes_of(row.id)
    return show(
        "membership/status.html",
        status,
        row=row,
        token=token,
        form=form,
        steps=display.way_of(row),
        usually=display.usually(queries.usual_wait()),
        notes=[note for note in notes if note.kind in ("question", "answer")],
        may_correct=may_correct(row.state),
        may_withdraw=may_withdraw(row.state),
        may_revive=may_revive(row.state, row.party_id is not None, row.state_at, received_at()),
        finish=f"/join/finish/{_signer().sign(FINISH, row.id)}",
    )


@bp.get("/join/status/<token>")
@allow(VISITOR)
def status(token: str) -> Response:
    return _status_page(_applied(token), token, AnswerForm())


@bp.post("/join/status/<token>/answer")
@allow(VISITOR, rerenders=True)
def answer(token: str) -> AnyResponse:
    row, form = _applied(token), AnswerForm()
    if row.is_erased or not form.validate():
        return _status_page(row, token, form, 422)
    try:
        with write_transaction():
            services.answer(row, str(form.answer.data), received_at())
    except Refused as refused:
        form.refuse(refused, text_of(refused))
        return _status_page(row, token, form, status_of(refused))
    return go(f"/join/status/{token}", "application.answered")


@bp.get("/join/status/<token>/text")
@allow(VISITOR)
def text(token: str) -> AnyResponse:
    row = _applied(token)
    if not may_correct(row.state):
        return go(f"/join/status/{token}")
    return show("membership/correct.html", row=row, token=token, form=CorrectForm(data={"about": row.about}))


@bp.post("/join/status/<token>/text")
@allow(VISITOR, rerenders=True)
def correct(token: str) -> AnyResponse:
    row, form = _applied(token), CorrectForm()
    if not form.validate():
        return show("membership/correct.html", 422, row=row, token=token, form=form)
    try:
        with write_transaction():
            services.correct(row, str(form.about.data), received_at())
    except Refused as refused:
        form.refuse(refused, text_of(refused))
        return show("membership/correct.html", status_of(refused), row=row, token=token, form=form)
    return go(f"/join/status/{token}", "application.corrected")


@bp.get("/join/status/<token>/withdraw")
@allow(VISITOR)
def ask_to_withdraw(token: str) -> AnyResponse:
    row = _applied(token)
    if not may_withdraw(row.state):
        return go(f"/join/status/{token}")
    return show("membership/withdraw.html", token=token)


@bp.post("/join/status/<token>/withdraw")
@allow(VISITOR)
def withdraw(token: str) -> AnyResponse:
    row = _applied(token)
    with write_transaction():
        services.withdraw(row, received_at())
    return go(f"/join/status/{token}", "application.withdrawn")


@bp.post("/join/status/<token>/revive")
@allow(VISITOR)
def revive(token: str) -> AnyResponse:
    row = _applied(token)
    with write_transaction():
        services.revive(row, received_at())
    return go(f"/join/status/{token}", "application.revived")


# On the home page


def _invitation_to_all(viewer: Viewer, _subject: int) -> Markup:
    if viewer.is_member or (terms := open_terms()) is None:
        return Markup()
    html = render_template("membership/_join_panel.html", lowest=lowest_monthly(received_at()), min_age=terms.min_age)
    return Markup(html)  # noqa: S704 - an autoescaped template


PANELS: tuple[Panel, ...] = (Panel("home.lead", _invitation_to_all),)  # its age is part of public.queries.public_stamp
