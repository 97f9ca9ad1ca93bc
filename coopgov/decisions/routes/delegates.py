"""Voting for an organisation: its delegate puts its ballot in."""

from datetime import datetime

from flask import Blueprint, Response, render_template
from markupsafe import Markup
from werkzeug.wrappers import Response as AnyResponse

from coopgov.core.errors import NotFound, Refused
from coopgov.core.text import N_
from coopgov.core.viewer import Viewer
from coopgov.decisions.forms.ballots import BallotForm
from coopgov.decisions.queries import ballots, proposals
from coopgov.decisions.queries.ballots import Line
from coopgov.decisions.queries.lists import ballots_waiting
from coopgov.decisions.routes.reading import ballot_form
from coopgov.decisions.routes.voting import CAST, as_said_of, put_in_form
from coopgov.decisions.rules.stages import state_at
from coopgov.decisions.services.delegates import cast_for_organisation
from coopgov.identity.queries import names_of
from coopgov.infra.web.access import SIGNED_IN, allow, current_viewer
from coopgov.infra.web.moment import received_at
from coopgov.infra.web.pages import show
from coopgov.infra.web.panels import Panel
from coopgov.infra.web.said import Sayings, go
from coopgov.membership.queries.delegates import organisations_of

bp = Blueprint("decisions_delegates", __name__)

SAYINGS: Sayings = {"organisation-voted": N_("The organisation’s vote is in. You can change it until voting closes.")}


@bp.get("/p/<int:number>/for")
@allow(SIGNED_IN)
def choose(number: int) -> AnyResponse:
    proposal, lines = proposals.visible_proposal(number, current_viewer()), _lines(number)
    if len(lines) == 1:
        return go(f"/p/{number}/for/{lines[0].entry.party_id}")
    return show("decisions/for.html", proposal=proposal, lines=lines)


@bp.get("/p/<int:number>/for/<int:organisation>")
@allow(SIGNED_IN)
def ballot(number: int, organisation: int) -> Response:
    line = _line(number, organisation)
    return _page(line, ballot_form(proposals.sheet(number), line.ballot))


@bp.post("/p/<int:number>/for/<int:organisation>")
@allow(SIGNED_IN, rerenders=True)
def cast(number: int, organisation: int) -> AnyResponse:
    line, form = _line(number, organisation), ballot_form(proposals.sheet(number))

    def put_in(choice: object, reason: str, now: datetime) -> None:
        cast_for_organisation(number, organisation, current_viewer().party_id, choice, reason, now)

    status = put_in_form(form, put_in)
    if status == CAST:
        return go(proposals.sheet(number).proposal.path, said="organisation-voted")
    return _page(line, form, status)


def _lines(number: int) -> list[Line]:
    me = current_viewer().party_id
    lines = ballots.lines_for(number, me, received_at())
    if found := [line for line in lines if line.entry.party_id != me and line.off is None]:
        return found
    raise NotFound


def _line(number: int, organisation: int) -> Line:
    """The organisation's line, if the viewer acts for it; raises NotFound, and Refused for a secret vote."""
    proposal = proposals.visible_proposal(number, current_viewer())
    line = next((line for line in _lines(number) if line.entry.party_id == organisation), None)
    if line is None:
        raise NotFound
    if proposal.secrecy == "secret":
        raise Refused("delegate.secret")
    return line


def _page(line: Line, form: BallotForm, status: int = 200) -> Response:
    p = proposals.sheet(line.entry.proposal_id).proposal
    form, state = as_said_of(form), state_at(p, received_at())
    return show("decisions/for_one.html", status, proposal=p, line=line, form=form, state=state)


def _waiting(viewer: Viewer, _subject: int) -> Markup:
    """Ballots that wait for the organisations of the viewer."""
    now = received_at()
    organisations = organisations_of(viewer.party_id, now)
    names = names_of(organisations) if organisations else {}
    lines = [(names[party], party, line) for party in sorted(names) for line in ballots_waiting(party, now)]
    return Markup(render_template("decisions/_for_me.html", lines=lines)) if lines else Markup()  # noqa: S704


PANELS = (Panel("me.main", _waiting),)
