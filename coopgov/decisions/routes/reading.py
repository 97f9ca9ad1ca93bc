"""A proposal's pages."""

from typing import Any

from flask import Blueprint, Response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from coopgov.core.errors import NotFound
from coopgov.decisions import display, register, register_page, surroundings, versions
from coopgov.decisions.forms.ballots import BallotForm, SecretBallotForm
from coopgov.decisions.models import Ballot
from coopgov.decisions.paper import paper_of
from coopgov.decisions.queries import proposals
from coopgov.decisions.queries.proposals import Sheet, Stamp
from coopgov.decisions.rules import stages
from coopgov.decisions.secrecy import SECRET
from coopgov.infra.settings import site_url
from coopgov.infra.web.access import PUBLIC, allow, current_viewer
from coopgov.infra.web.moment import received_at
from coopgov.infra.web.pages import private_page, public_page, reads_as_public, show_to_all
from coopgov.infra.web.panels import Panel, panel_stamps

bp = Blueprint("decisions", __name__)


PANELS: tuple[Panel, ...] = (
    Panel("thread.side", display.thread_panel),
    Panel("thread.keeps", display.thread_keeper),
    Panel("group.main", display.group_panel),
)


PAGE = "decisions/proposal.html"


JSON = "application/json"


@bp.get("/p/<int:number>")
@bp.get("/p/<int:number>-<slug>")
@allow(PUBLIC)
def page(number: int, slug: str = "") -> AnyResponse:
    stamp = stamp_for_reader(number)
    if slug != stamp.slug:
        query = f"?{request.query_string.decode()}" if request.query_string else ""
        return redirect(stamp.path + query, 301)
    age = (stamp, panel_stamps("proposal.head", number))
    return show_to_all(PAGE, age, lambda: page_facts(proposals.sheet(number)), until=stages.turns_at(stamp))


def page_facts(sheet: Sheet, form: BallotForm | None = None) -> dict[str, Any]:
    viewer, now = current_viewer(), received_at()
    around = surroundings.around_facts(sheet, viewer, now)
    facts = display.proposal_facts(sheet, viewer, now, around.company.ids)
    shown = register_page.proposal_in_register(sheet, viewer, now)
    timeline = [*facts["timeline"], *register_page.register_steps(shown.about)]
    form = form or ballot_form(sheet, facts["side"].standing.ballot)
    return facts | {"form": form, "shown": shown, "timeline": timeline, "around": around}


def ballot_form(sheet: Sheet, last: Ballot | None = None) -> BallotForm:
    paper = paper_of(sheet.proposal, current_viewer().party_id)
    return SecretBallotForm(paper) if sheet.proposal.secrecy == SECRET else BallotForm(paper, last)


def stamp_for_reader(number: int) -> Stamp:
    """What the pages of the proposal show, by its version; raises NotFound when it is not for the reader."""
    if not reads_as_public():
        return proposals.stamp_of(proposals.visible_proposal(number, current_viewer()))
    stamp = proposals.proposal_stamp(number)
    if stamp is None:
        raise NotFound
    return stamp


@bp.get("/p/<int:number>/result")
@allow(PUBLIC)
def live_result(number: int) -> Response:
    """The result so far, for a page that shows it; nothing while it is as the page has it. For the public it is counted
    once, whatever version they ask for."""
    stamp = stamp_for_reader(number)
    if request.args.get("v") == str(stamp.version):
        return Response(status=204)

    def fragment() -> str:
        side = display.side_of(proposals.sheet(number), current_viewer(), received_at())
        return render_template("decisions/_live.html" if side.state == "open" else "decisions/_over.html", side=side)

    if reads_as_public():
        return public_page(stamp, fragment, until=stages.turns_at(stamp), by_query=False)
    return private_page(fragment())


@bp.get("/p/<int:number>/history")
@allow(PUBLIC)
def history(number: int) -> Response:
    stamp = stamp_for_reader(number)
    return show_to_all("decisions/history.html", stamp, lambda: versions.history_facts(number, current_viewer()))


@bp.get("/p/<int:number>/results.json")
@allow(PUBLIC)
def results(number: int) -> Response:
    stamp = stamp_for_reader(number)

    def body() -> str:
        sheet, now = proposals.sheet(number), received_at()
        plain = display.shown_result(sheet, stages.state_at(sheet.proposal, now), has_voted=False)
        about = register_page.about_sheet(sheet, current_viewer().is_member, now)
        return register.results(sheet, plain, about, site_url(), now)

    if reads_as_public():
        return public_page(stamp, body, JSON, until=stages.turns_at(stamp))
    return Response(body(), mimetype=JSON)
