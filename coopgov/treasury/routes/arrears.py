"""Who is late, and what helps: a payment to book, a mail to write, relief."""

from typing import Any

from flask import Blueprint
from werkzeug.wrappers import Response

from coopgov.core.errors import NotFound, Refused
from coopgov.core.text import N_
from coopgov.identity.queries import names_of
from coopgov.infra.coop import the_coop
from coopgov.infra.db import write_transaction
from coopgov.infra.web.access import TREASURER, allow, current_viewer
from coopgov.infra.web.answers import status_of, text_of
from coopgov.infra.web.moment import received_at
from coopgov.infra.web.pages import paged, show
from coopgov.infra.web.said import Sayings, go
from coopgov.membership.queries.standing import judgement, open_reliefs, rule_at
from coopgov.membership.rules.standing import NAMES
from coopgov.treasury.forms import ReliefForm
from coopgov.treasury.queries.arrears import late_lines
from coopgov.treasury.services.relief import Help, relieve

bp = Blueprint("treasury_arrears", __name__, url_prefix="/treasury/arrears")
SAYINGS: Sayings = {"member-relieved": N_("Agreed. The member gets a mail that says so.")}
LINES_A_PAGE = 50


@bp.get("")
@allow(TREASURER)
def index() -> Response:
    lines = late_lines(received_at())
    page = paged(len(lines), LINES_A_PAGE)
    rule = rule_at(received_at())
    return show("treasury/arrears.html", lines=lines[page.first :][: page.size], page=page, rule=rule, names=NAMES)


@bp.get("/<int:party_id>/relief")
@allow(TREASURER)
def offer(party_id: int) -> Response:
    return _offer(party_id, ReliefForm(_currency(), {"kind": "pause", "months": "3"}))


@bp.post("/<int:party_id>/relief")
@allow(TREASURER, rerenders=True)
def agree(party_id: int) -> Response:
    form = ReliefForm(_currency())
    _name(party_id)
    if not form.validate():
        return _offer(party_id, form, 422)
    wanted = Help(kind=str(form.kind.data), months=int(form.months.data), amount=form.amount.data)
    try:
        with write_transaction():
            relieve(party_id, wanted, current_viewer().party_id, received_at())
    except Refused as refused:
        form.refuse(refused, text_of(refused))
        return _offer(party_id, form, status_of(refused))
    return go("/treasury/arrears", said="member-relieved")


def _offer(party_id: int, form: ReliefForm, status: int = 200) -> Response:
    now = received_at()
    facts: dict[str, Any] = {"name": _name(party_id), "party_id": party_id, "names": NAMES}
    facts |= {"judged": judgement(party_id, now), "running": open_reliefs(party_id, now)}
    return show("treasury/relief.html", status, form=form, **facts)


def _name(party_id: int) -> str:
    found = names_of([party_id])
    if party_id not in found:
        raise NotFound
    return found[party_id]


def _currency() -> str:
    coop = the_coop()
    return coop.currency if coop else "GBP"
