"""A proposal's pages."""

from typing import Any

from flask import Blueprint, Response, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from coopgov.core.errors import NotFound
from coopgov.decisions import display, register
from coopgov.decisions.counting import vote_counts
from coopgov.decisions.forms.ballots import BallotForm
from coopgov.decisions.models import Ballot
from coopgov.decisions.queries import proposals
from coopgov.decisions.queries.proposals import Sheet, Stamp
from coopgov.decisions.rules import casting, stages
from coopgov.decisions.rules.papers import Option, Paper
from coopgov.decisions.sentences import CHOICES, meanings_of
from coopgov.infra.i18n import gettext as _
from coopgov.infra.settings import site_url
from coopgov.infra.web.access import MEMBER, PUBLIC, allow, current_viewer
from coopgov.infra.web.moment import received_at
from coopgov.infra.web.pages import public_page, reads_as_public, show, show_to_all
from coopgov.infra.web.panels import Panel, panel_stamps
from coopgov.tally.vote import Manifest

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
    stamp = _stamp(number)
    if slug != stamp.slug:
        query = f"?{request.query_string.decode()}" if request.query_string else ""
        return redirect(stamp.path + query, 301)
    age = (stamp, panel_stamps("proposal.head", number))
    return show_to_all(PAGE, age, lambda: page_facts(proposals.sheet(number)), until=stages.turns_at(stamp))


def page_facts(sheet: Sheet, form: BallotForm | None = None) -> dict[str, Any]:
    facts = display.proposal_facts(sheet, current_viewer(), received_at())
    return facts | {"form": form or ballot_form(sheet, facts["side"].standing.ballot)}


def ballot_form(sheet: Sheet, last: Ballot | None = None) -> BallotForm:
    return BallotForm(_paper(sheet), last)


def _paper(sheet: Sheet) -> Paper:
    rule, meanings = sheet.rule, meanings_of(sheet.rule)
    options = tuple(Option(word, _(CHOICES[word]), meanings[word]) for word in casting.options_of(rule))
    electors = max(sheet.proposal.roll_size, 1)  # a draft has no roll yet, and its page shows no paper
    return Paper(Manifest("proposal", casting.options_of(rule), rule, electors), options)


def _stamp(number: int) -> Stamp:
    """What the pages of the proposal show, by its version; raises NotFound when it is not for the reader."""
    if not reads_as_public():
        return proposals.stamp_of(proposals.visible_proposal(number, current_viewer()))
    stamp = proposals.proposal_stamp(number)
    if stamp is None:
        raise NotFound
    return stamp


@bp.get("/p/<int:number>/history")
@allow(PUBLIC)
def history(number: int) -> Response:
    return show_to_all("decisions/history.html", _stamp(number), lambda: display.history_facts(number))


@bp.get("/p/<int:number>/roll")
@allow(MEMBER)
def roll(number: int) -> Response:
    proposal = proposals.visible_proposal(number, current_viewer())
    return show("decisions/roll.html", **display.roll_facts(proposal, current_viewer()))


@bp.get("/p/<int:number>/results.json")
@allow(PUBLIC)
def results(number: int) -> Response:
    stamp = _stamp(number)

    def body() -> str:
        counts = vote_counts(number)
        return register.results(proposals.sheet(number), counts, site_url(), received_at())

    if reads_as_public():
        return public_page(stamp, body, JSON, until=stages.turns_at(stamp))
    return Response(body(), mimetype=JSON)
