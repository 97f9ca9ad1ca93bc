"""Pages of notifications: which mails somebody wants, and the link in each mail that stops its kind."""

from flask import Blueprint, Response, current_app
from werkzeug.wrappers import Response as AnyResponse

from coopgov.core.errors import NotFound
from coopgov.core.text import N_
from coopgov.infra.crypto import BadToken, Signer
from coopgov.infra.db import write_transaction
from coopgov.infra.web.access import MACHINE, SIGNED_IN, VISITOR, allow, current_viewer
from coopgov.infra.web.moment import received_at
from coopgov.infra.web.pages import show
from coopgov.infra.web.panels import Panel
from coopgov.infra.web.said import Sayings, go
from coopgov.notifications import queries, services
from coopgov.notifications.forms import MailForm
from coopgov.notifications.kinds import KINDS, NoticeKind

bp = Blueprint("notifications", __name__)
SAYINGS: Sayings = {"mail.chosen": N_("Your choice of mails is saved.")}
PANELS: tuple[Panel, ...] = ()


@bp.get("/me/mail")
@allow(SIGNED_IN)
def choose_mails() -> Response:
    form = MailForm(queries.mail_choices(current_viewer().party_id))
    return show("notifications/mails.html", form=form)


@bp.post("/me/mail")
@allow(SIGNED_IN, rerenders=True)
def save_mails() -> AnyResponse:
    party_id = current_viewer().party_id
    form = MailForm(queries.mail_choices(party_id))
    if not form.validate():
        return show("notifications/mails.html", 422, form=form)
    with write_transaction():
        services.choose_mails(party_id, form.wanted, received_at())
    return go("/me/mail", said="mail.chosen")


@bp.get("/mail/stop/<token>")
@allow(VISITOR)
def ask_to_stop(token: str) -> Response:
    party_id, kind = _read(token)
    state = "on" if queries.mail_choices(party_id)[kind.key] else "off"
    return show("notifications/stop.html", kind=kind, token=token, state=state)


@bp.post("/mail/stop/<token>")
@allow(MACHINE)  # RFC 8058: a mail program posts here by itself; the token's signature says who and what
def stop(token: str) -> Response:
    return _switch(token, by_mail=False)


@bp.post("/mail/start/<token>")
@allow(VISITOR)
def start_again(token: str) -> Response:
    return _switch(token, by_mail=True)


def _switch(token: str, by_mail: bool) -> Response:
    party_id, kind = _read(token)
    with write_transaction():
        services.choose_mail(party_id, kind.key, by_mail, received_at())
    return show("notifications/stop.html", kind=kind, token=token, state="started" if by_mail else "stopped")


def _read(token: str) -> tuple[int, NoticeKind]:
    signer: Signer = current_app.extensions["coopgov.signer"]
    try:
        asked = signer.read("stop", token)
        return int(asked["p"]), KINDS[asked["k"]]
    except (BadToken, KeyError) as error:
        raise NotFound from error
