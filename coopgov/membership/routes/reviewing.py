"""Pages of the membership secretary: who applies, what to answer, how people apply."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, current_app, request
from werkzeug.wrappers import Response as AnyResponse

from coopgov.core.errors import NotFound, Refused
from coopgov.core.text import N_
from coopgov.identity.queries import names_of
from coopgov.infra.db import write_transaction
from coopgov.infra.i18n import current_zone, speaking
from coopgov.infra.i18n import gettext as _
from coopgov.infra.settings import site_url
from coopgov.infra.web.access import SECRETARY, allow, current_viewer
from coopgov.infra.web.answers import status_of, text_of
from coopgov.infra.web.forms import BaseForm
from coopgov.infra.web.layout import forget_profile
from coopgov.infra.web.moment import received_at
from coopgov.infra.web.pages import paged, show
from coopgov.infra.web.said import Sayings, go
from coopgov.membership import display
from coopgov.membership.forms.applications import AskForm, DecideForm, DeclineForm, NoteForm, TermsForm
from coopgov.membership.models import Application
from coopgov.membership.queries import applications as queries
from coopgov.membership.queries import terms as terms_queries
from coopgov.membership.queries.tiers import tier
from coopgov.membership.rules.applications import CLAIM_LASTS, QUESTIONS, REASONS, STATES, claim_holds
from coopgov.membership.services import application_mails as mails
from coopgov.membership.services import reviewing as services
from coopgov.membership.services.terms import edit_terms

bp = Blueprint("reviewing", __name__, url_prefix="/membership")
SAYINGS: Sayings = {
    "review.claimed": N_("It is yours for 48 hours. The applicant cannot change the text meanwhile."),
    "review.released": N_("It waits for another reader."),
    "review.asked": N_("The question is on its way."),
    "review.approved": N_("Approved. The mail to finish joining is on its way."),
    "review.declined": N_("Declined. The mail that says why is on its way."),
    "review.spam": N_("Put away as spam. Nobody is written to."),
    "review.noted": N_("Your note is there."),
    "terms.saved": N_("The terms of joining are saved."),
}
ON_A_PAGE = 25


# The queue


@bp.get("")
@allow(SECRETARY)
def index() -> Response:
    shown = request.args.get("show", "waiting")
    if shown not in queries.SHOWN:
        raise NotFound
    page = paged(queries.queue_size(shown), ON_A_PAGE)
    return show(
        "membership/queue.html",
        shown=shown,
        page=page,
        lines=queries.queue(shown, page.size, page.first),
        numbers=queries.numbers_by_state(),
        terms=terms_queries.joining_terms(),
        states=STATES,
        join_url=site_url("/join"),
        holds=lambda line: claim_holds(line.claimed_at, received_at()),
    )


# One application


def _row(number: int) -> Application:
    row = queries.application(number)
    if row.state == "started":  # nobody knows yet whether the address is theirs
        raise NotFound
    return row


def _path(row: Application) -> str:
    return f"/membership/applications/{row.id}"


def _page(row: Application, form: BaseForm, status: int = 200, note: NoteForm | None = None) -> Response:
    notes = queries.notes_of(row.id)
    by = {row.claimed_by, row.decided_by, *(said.by_id for said in notes)} - {None}
    return show(
        "membership/application.html",
        status,
        row=row,
        form=form,
        note=note or NoteForm(data={}),
        notes=notes,
        names=names_of(party_id for party_id in by if party_id),
        invited_by=queries.invited_by(row.email_key),
        duplicates=queries.duplicates(row),
        history=[(act, display.happened(act)) for act in queries.history(row.id)],
        **_facts(row),
    )


def _facts(row: Application) -> dict[str, Any]:
    held = row.state == "in_review" and claim_holds(row.claimed_at, received_at())
    return {
        "is_mine": row.state == "in_review" and row.claimed_by == current_viewer().party_id,
        "held": held,
        "held_until": row.claimed_at + CLAIM_LASTS if row.claimed_at else None,
        "state": _(STATES[row.state]),
        "reasons": REASONS,
        "interests": _interests(row),
        "tier": _tier(row),
    }


def _tier(row: Application) -> str:
    wished = tier(row.tier_id) if row.tier_id else None
    return wished.name if wished else ""


def _interests(row: Application) -> list[str]:
    if not row.groups:
        return []
    groups: list[tuple[int, str]] = current_app.extensions["coopgov.interests"]()
    return [name for group_id, name in groups if group_id in row.groups]


@bp.get("/applications/<int:number>")
@allow(SECRETARY)
def application(number: int) -> Response:
    return _page(_row(number), DecideForm())


def _act(row: Application, form: BaseForm, act: Callable[[], object], said: str) -> AnyResponse:
    """Does ``act`` in a write transaction, or shows the application as it is by now with the reason why not."""
    if not form.validate():
        return _page(row, form, 422)
    try:
        with write_transaction():
            act()
    except Refused as refused:
        form.complain(text_of(refused))
        return _page(row, form, status_of(refused))
    return go(_path(row), said)


@bp.post("/applications/<int:number>/claim")
@allow(SECRETARY, rerenders=True)
def claim(number: int) -> AnyResponse:
    row, by, now = _row(number), current_viewer().party_id, received_at()
    return _act(row, DecideForm(), lambda: services.claim(row, by, now), "review.claimed")


@bp.post("/applications/<int:number>/release")
@allow(SECRETARY, rerenders=True)
def release(number: int) -> AnyResponse:
    row, by, now = _row(number), current_viewer().party_id, received_at()
    return _act(row, DecideForm(), lambda: services.give_back(row, by, now), "review.released")


@bp.post("/applications/<int:number>/approve")
@allow(SECRETARY, rerenders=True)
def approve(number: int) -> AnyResponse:
    row, form, by, now = _row(number), DecideForm(), current_viewer().party_id, received_at()
    return _act(row, form, lambda: services.approve(row, form.seen, by, now), "review.approved")


@bp.get("/applications/<int:number>/ask")
@allow(SECRETARY)
def write_question(number: int) -> Response:
    row = _row(number)
    with speaking(mails.language_of(row), current_zone()):
        begun = _(QUESTIONS.get(request.args.get("begin", ""), ""))
    return _question(row, AskForm(data={"question": begun, "revision": row.revision}))


def _question(row: Application, form: AskForm, status: int = 200) -> Response:
    return show("membership/ask.html", status, row=row, form=form, beginnings=QUESTIONS)


@bp.post("/applications/<int:number>/ask")
@allow(SECRETARY, rerenders=True)
def ask(number: int) -> AnyResponse:
    row, form, by, now = _row(number), AskForm(), current_viewer().party_id, received_at()
    if not form.validate():
        return _question(row, form, 422)
    return _act(row, form, lambda: services.ask(row, str(form.question.data), form.seen, by, now), "review.asked")


@bp.get("/applications/<int:number>/decline")
@allow(SECRETARY)
def write_reason(number: int) -> Response:
    row = _row(number)
    return _reason(row, DeclineForm(data={"revision": row.revision}))


def _reason(row: Application, form: DeclineForm, status: int = 200) -> Response:
    form.prepare()
    return show("membership/decline.html", status, row=row, form=form)


@bp.post("/applications/<int:number>/decline")
@allow(SECRETARY, rerenders=True)
def decline(number: int) -> AnyResponse:
    """First shows the mail; sends it when that page's button was pressed."""
    row, form, by, now = _row(number), DeclineForm(), current_viewer().party_id, received_at()
    form.prepare()
    if not form.validate() or request.form.get("act") == "edit":
        return _reason(row, form, 422 if form.errors else 200)
    reason, words = str(form.reason.data), str(form.words.data or "")
    if request.form.get("act") != "send":
        mail = mails.preview(mails.declined_letter(row, reason, words))
        return show("membership/decline_preview.html", row=row, form=form, mail=mail)
    return _act(row, form, lambda: services.decline(row, reason, words, form.seen, by, now), "review.declined")


@bp.get("/applications/<int:number>/spam")
@allow(SECRETARY)
def ask_if_spam(number: int) -> Response:
    return show("membership/spam.html", row=_row(number))


@bp.post("/applications/<int:number>/spam")
@allow(SECRETARY, rerenders=True)
def spam(number: int) -> AnyResponse:
    row, by, now = _row(number), current_viewer().party_id, received_at()
    return _act(row, DecideForm(), lambda: services.mark_as_spam(row, by, now), "review.spam")


@bp.post("/applications/<int:number>/notes")
@allow(SECRETARY, rerenders=True)
def write_note(number: int) -> AnyResponse:
    row, form, by, now = _row(number), NoteForm(), current_viewer().party_id, received_at()
    if not form.validate():
        return _page(row, form, 422, form)
    return _act(row, form, lambda: services.note(row, str(form.note.data), by, now), "review.noted")


# How people apply


@bp.get("/terms")
@allow(SECRETARY)
def terms() -> Response:
    row = terms_queries.joining_terms()
    given = {name: getattr(row, name) for name in TermsForm()._fields} if row else {"is_open": True, "min_age": 18}
    return show("membership/terms.html", form=TermsForm(data=given), waiting=terms_queries.waiting_number())


@bp.post("/terms")
@allow(SECRETARY, rerenders=True)
def save_terms() -> AnyResponse:
    form = TermsForm()
    if not form.validate():
        return show("membership/terms.html", 422, form=form, waiting=terms_queries.waiting_number())
    try:
        with write_transaction():
            edit_terms(form.terms(), current_viewer().party_id, received_at())
    except Refused as refused:
        form.refuse(refused, text_of(refused))
        return show("membership/terms.html", status_of(refused), form=form, waiting=terms_queries.waiting_number())
    forget_profile()
    return go("/membership/terms", "terms.saved")
