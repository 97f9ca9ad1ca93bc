"""Organisations that are members, as the membership secretary keeps them, and who acts for them."""

from flask import Blueprint, Response
from werkzeug.wrappers import Response as AnyResponse

from coopgov.core.errors import NotFound, Refused
from coopgov.core.text import N_
from coopgov.infra.db import write_transaction
from coopgov.infra.web.access import SECRETARY, allow, current_viewer
from coopgov.infra.web.answers import status_of, text_of
from coopgov.infra.web.moment import received_at
from coopgov.infra.web.pages import show
from coopgov.infra.web.said import Sayings, go
from coopgov.membership.forms.organisations import DelegateForm, OrganisationForm
from coopgov.membership.queries import delegates as queries
from coopgov.membership.queries.delegates import OrganisationLine
from coopgov.membership.services import delegates as services

bp = Blueprint("organisations", __name__, url_prefix="/membership/organisations")
PATH = "/membership/organisations"
SAYINGS: Sayings = {
    "organisation.admitted": N_("The organisation is a member. Now name who acts for it."),
    "delegate.appointed": N_("The delegate acts for the organisation from now on."),
    "delegate.ended": N_("The delegation is ended. A vote that was cast stays."),
}


@bp.get("")
@allow(SECRETARY)
def index() -> Response:
    return _page(OrganisationForm())


def _page(form: OrganisationForm, status: int = 200) -> Response:
    lines = queries.organisations_at(received_at())
    return show("membership/organisations.html", status, form=form, lines=lines)


@bp.post("")
@allow(SECRETARY, rerenders=True)
def admit() -> AnyResponse:
    form = OrganisationForm()
    if not form.validate():
        return _page(form, 422)
    with write_transaction():
        organisation = services.admit_organisation(form.name.data or "", current_viewer().party_id, received_at())
        path = f"{PATH}/{organisation.id}"
    return go(path, "organisation.admitted")


@bp.get("/<int:number>")
@allow(SECRETARY)
def organisation(number: int) -> Response:
    return _organisation_page(_line(number), DelegateForm())


def _line(number: int) -> OrganisationLine:
    line = next((one for one in queries.organisations_at(received_at()) if one.party_id == number), None)
    if line is None:
        raise NotFound
    return line


def _organisation_page(line: OrganisationLine, form: DelegateForm, status: int = 200) -> Response:
    return show("membership/organisation.html", status, line=line, form=form)


@bp.post("/<int:number>/delegates")
@allow(SECRETARY, rerenders=True)
def appoint(number: int) -> AnyResponse:
    line, form = _line(number), DelegateForm()
    if not form.validate():
        return _organisation_page(line, form, 422)
    try:
        with write_transaction():
            services.appoint_delegate(number, form.email.data or "", current_viewer().party_id, received_at())
    except Refused as refused:
        form.refuse(refused, text_of(refused))
        return _organisation_page(line, form, status_of(refused))
    return go(f"{PATH}/{number}", "delegate.appointed")


@bp.post("/<int:number>/delegates/<int:delegation>/end")
@allow(SECRETARY)
def end(number: int, delegation: int) -> AnyResponse:
    with write_transaction():
        row = queries.delegation(delegation)
        if row is None or row.organisation_id != number:
            raise NotFound
        services.end_delegation(row, current_viewer().party_id, received_at())
    return go(f"{PATH}/{number}", "delegate.ended")
