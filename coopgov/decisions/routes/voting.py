"""Voting on a proposal's page, and by the mailed link."""

from collections.abc import Callable
from datetime import datetime
from functools import partial

from flask import Blueprint, Response, current_app, request
from werkzeug.wrappers import Response as AnyResponse

from coopgov.core.errors import Refused
from coopgov.core.text import N_, shown_in_public
from coopgov.decisions import display
from coopgov.decisions.forms.ballots import BallotForm
from coopgov.decisions.models import RollEntry
from coopgov.decisions.queries import proposals, rolls
from coopgov.decisions.routes.reading import PAGE, ballot_form, page_facts
from coopgov.decisions.routes.secret_voting import cast_secretly
from coopgov.decisions.secrecy import SECRET
from coopgov.decisions.services import voting
from coopgov.discussion.rules import author_of
from coopgov.identity.queries import party
from coopgov.infra.crypto import BadToken, Signer
from coopgov.infra.db import write_transaction
from coopgov.infra.i18n import gettext as _
from coopgov.infra.web.access import SIGNED_IN, VISITOR, allow, current_viewer
from coopgov.infra.web.answers import status_of, text_of
from coopgov.infra.web.layout import speak_for
from coopgov.infra.web.moment import received_at
from coopgov.infra.web.pages import show
from coopgov.infra.web.said import Sayings, go

bp = Blueprint("decisions_voting", __name__)


SAYINGS: Sayings = {
    "vote-cast": N_("Your vote is in. You can change it until voting closes."),
}


CAST = 303  # the status that follows a vote


@bp.post("/p/<int:number>/ballots")
@allow(SIGNED_IN, rerenders=True, traceless=True)
def cast(number: int) -> AnyResponse:
    viewer = current_viewer()
    proposal = proposals.visible_proposal(number, viewer)
    if proposal.secrecy == SECRET:
        return cast_secretly(number, viewer.party_id, partial(_whole_page, number))
    form = ballot_form(proposals.sheet(number))
    status = _cast(form, number, viewer.party_id, author_of(viewer).public_name, "web")
    if request.headers.get("HX-Request"):
        return _side(number, None if status == CAST else form, status)
    if status == CAST:
        return go(proposal.path, said="vote-cast")
    return _whole_page(number, form, status)


def _whole_page(number: int, form: BallotForm, status: int) -> Response:
    return show(PAGE, status, **page_facts(proposals.sheet(number), form))


def _side(number: int, form: BallotForm | None, status: int) -> Response:
    """Result and vote card alone, for a page that is there already."""
    facts = page_facts(proposals.sheet(number), form)
    return show("decisions/_cast.html", 200 if status == CAST else status, **facts, just_cast=status == CAST)


def _cast(form: BallotForm, number: int, party_id: int, public_name: str, channel: str) -> int:
    def put_in(choice: object, reason: str, now: datetime) -> None:
        voting.cast_ballot(number, party_id, choice, reason, public_name, channel, now, now)

    return put_in_form(form, put_in)


def put_in_form(form: BallotForm, put_in: Callable[[object, str, datetime], object]) -> int:
    """CAST when ``put_in`` has taken choice and reason of the form; else the status that fits what is wrong, which
    then stands in the form."""
    if not form.validate():
        return 422
    try:
        with write_transaction():
            put_in(form.choice.data, form.reason_given, received_at())
    except Refused as refused:
        form.refuse(refused, text_of(refused))
        return status_of(refused)
    return CAST


def as_said_of(form: BallotForm) -> BallotForm:
    """The form with labels for somebody who puts in another's vote."""
    form.choice.label.text = _("The vote")
    if form.reason is not None:
        form.reason.label.text = _("The reason")
    return form


@bp.get("/vote/<token>")
@allow(VISITOR, traceless=True)
def ballot(token: str) -> Response:
    entry = _entry(token)
    return _ballot_page(token, entry) if entry else _no_link()


@bp.post("/vote/<token>")
@allow(VISITOR, rerenders=True, traceless=True)
def cast_by_mail(token: str) -> AnyResponse:
    entry = _entry(token)
    if entry is None:
        return _no_link()
    if _is_somebody_else(entry):
        return _ballot_page(token, entry, status=403)
    if proposals.sheet(entry.proposal_id).proposal.secrecy == SECRET:
        return cast_secretly(entry.proposal_id, entry.party_id, partial(_mailed_again, token, entry))
    form, voter = ballot_form(proposals.sheet(entry.proposal_id)), party(entry.party_id)
    public_name = shown_in_public(voter.name, voter.public_name)
    status = _cast(form, entry.proposal_id, entry.party_id, public_name, "mail")
    if status == CAST:
        return go(f"/vote/{token}")
    return _mailed_again(token, entry, form, status)


def _mailed_again(token: str, entry: RollEntry, form: BallotForm, status: int) -> Response:
    return _ballot_page(token, entry, form, 200 if status == 409 else status)


@bp.post("/vote/<token>/off")
@allow(VISITOR)
def switch_off(token: str) -> Response:
    entry = _entry(token)
    if entry is None:
        return _no_link()
    with write_transaction():
        voting.switch_off_link(entry, received_at())
    return show("decisions/no_link.html", switched_off=True)


def _entry(token: str) -> RollEntry | None:
    """The line on the roll for which a mailed link votes; None when it is forged, cut or switched off."""
    signer: Signer = current_app.extensions["coopgov.signer"]
    try:
        payload = signer.read("ballot", token)
    except BadToken:
        return None
    entry = rolls.entry_of_link(payload["p"], payload["e"])
    if entry is not None:
        speak_for(party(entry.party_id).language)
    return entry


def _is_somebody_else(entry: RollEntry) -> bool:
    viewer = current_viewer()
    return viewer.is_signed_in and viewer.party_id != entry.party_id


def _no_link() -> Response:
    return show("decisions/no_link.html", 404, switched_off=False)


def _ballot_page(token: str, entry: RollEntry, form: BallotForm | None = None, status: int = 200) -> Response:
    sheet = proposals.sheet(entry.proposal_id)
    facts = display.link_facts(sheet, entry, current_viewer(), received_at())
    form = form or ballot_form(sheet, facts["last"])
    return show("decisions/vote.html", status, **facts, token=token, form=form, somebody_else=_is_somebody_else(entry))
