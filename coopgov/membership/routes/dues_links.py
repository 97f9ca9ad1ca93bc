"""Links in mails about dues: each opens a page with a button, so that a scanner of mails changes nothing."""

from datetime import timedelta
from typing import Any

from flask import Blueprint, Response, current_app
from werkzeug.wrappers import Response as AnyResponse

from coopgov.core.errors import NotFound, Refused
from coopgov.funding.models import Pledge
from coopgov.identity.queries import recipient
from coopgov.infra.crypto import BadToken, Signer
from coopgov.infra.db import write_transaction
from coopgov.infra.web.access import VISITOR, allow
from coopgov.infra.web.answers import status_of, text_of
from coopgov.infra.web.forms import BaseForm
from coopgov.infra.web.layout import speak_for
from coopgov.infra.web.moment import received_at
from coopgov.infra.web.pages import show
from coopgov.infra.web.said import go
from coopgov.membership import dues_page
from coopgov.membership.forms.dues import ReliefForm
from coopgov.membership.models import Relief
from coopgov.membership.queries import dues as queries
from coopgov.membership.queries.standing import judgement, rule_at
from coopgov.membership.routes.paying import refuse
from coopgov.membership.routes.relieving import save_relief
from coopgov.membership.rules.dues import CANCEL
from coopgov.membership.rules.relief import ASK, KEEP_ON, MORE, PAY_AGAIN
from coopgov.membership.services import dues
from coopgov.membership.services import relief as relief_services

bp = Blueprint("dues_links", __name__, url_prefix="/dues")
LASTS = timedelta(days=120)  # a link in a mail about dues


def _number(purpose: str, token: str) -> int:
    signer: Signer = current_app.extensions["coopgov.signer"]
    try:
        return int(signer.read(purpose, token, LASTS))
    except (BadToken, TypeError, ValueError):
        raise NotFound from None


def _speak(party_id: int | None) -> None:
    person = recipient(party_id) if party_id else None
    if person is not None:
        speak_for(person.language)


# Cancelling


def _pledge(token: str) -> Pledge:
    row = queries.pledge(_number(CANCEL, token))
    if row is None or row.party_id is None:
        raise NotFound
    _speak(row.party_id)
    return row


@bp.get("/cancel/<token>")
@allow(VISITOR)
def ask_cancel(token: str) -> Response:
    pledge = _pledge(token)
    if pledge.status in ("ending", "ended", "failed") or (pledge.asked or {}).get("kind") == "cancel":
        return _done("cancelled")
    words = dues_page.until_words(judgement(pledge.party_id or 0, received_at()), pledge.paid_until)
    return show("membership/cancel.html", form=BaseForm(), action=f"/dues/cancel/{token}", pledge=pledge, **words)


@bp.post("/cancel/<token>")
@allow(VISITOR)
def cancel(token: str) -> Response:
    pledge = _pledge(token)
    with write_transaction():
        dues.cancel(pledge, pledge.party_id or 0, received_at())
    return _done("cancelled")


# Relief


@bp.get("/relief/<token>")
@allow(VISITOR)
def ask_relief(token: str) -> Response:
    return _relief(token, _form())


@bp.post("/relief/<token>")
@allow(VISITOR, rerenders=True)
def take_relief(token: str) -> AnyResponse:
    party_id, form = _number(ASK, token), _form()
    if not form.validate():
        return _relief(token, form, 422)
    try:
        with write_transaction():
            row = save_relief(party_id, form, received_at())
    except Refused as refused:
        refuse(form, refused)
        return _relief(token, form, status_of(refused))
    return show("membership/relieved.html", relief=row, back="/me/dues")


def _form() -> ReliefForm:
    return ReliefForm(rule_at(received_at()).longest_pause_months, dues_page.currency())


def _relief(token: str, form: ReliefForm, status: int = 200) -> Response:
    _speak(_number(ASK, token))
    sign = dues_page.currency_sign()
    return show("membership/relief.html", status, form=form, sign=sign, back="/me/dues", joins=False)


# Before a pause ends


def _ending(purpose: str, token: str) -> Relief:
    row = queries.relief(_number(purpose, token))
    if row is None:
        raise NotFound
    _speak(row.party_id)
    return row


@bp.get("/pause/<token>")
@allow(VISITOR)
def ask_more(token: str) -> Response:
    return show("membership/more.html", form=BaseForm(), relief=_ending(KEEP_ON, token), months=MORE, error="")


@bp.post("/pause/<token>")
@allow(VISITOR)
def more(token: str) -> Response:
    row = _ending(KEEP_ON, token)
    try:
        with write_transaction():
            further = relief_services.extend(row, received_at())
    except Refused as refused:
        facts: dict[str, Any] = {"form": BaseForm(), "relief": _ending(KEEP_ON, token), "months": MORE}
        return show("membership/more.html", status_of(refused), error=text_of(refused), **facts)
    return show("membership/relieved.html", relief=further, back="/me/dues")


@bp.get("/pay-again/<token>")
@allow(VISITOR)
def ask_pay_again(token: str) -> Response:
    row = _ending(PAY_AGAIN, token)
    if row.ended_at is not None:
        return _done("pays_again")
    return show("membership/pay_again.html", form=BaseForm(), relief=row)


@bp.post("/pay-again/<token>")
@allow(VISITOR)
def pay_again(token: str) -> AnyResponse:
    row = _ending(PAY_AGAIN, token)
    if row.ended_at is None:
        with write_transaction():
            relief_services.end_relief(row.party_id, row.party_id, received_at())
    return go(f"/dues/pay-again/{token}")


def _done(what: str) -> Response:
    return show("membership/dues_done.html", what=what)
