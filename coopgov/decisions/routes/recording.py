"""What a proposal says of earlier decisions, and what is recorded of decisions."""

from collections.abc import Callable

from flask import Blueprint, Response, request
from werkzeug.wrappers import Response as AnyResponse

from coopgov.core.errors import Refused
from coopgov.core.text import N_
from coopgov.decisions.forms.register import FIND, DatesForm, LinksForm, RepealForm, ReviewedForm, given_dates
from coopgov.decisions.models import Proposal
from coopgov.decisions.queries import proposals
from coopgov.decisions.queries.validity import facts_of, links_of
from coopgov.decisions.rules import register as rules
from coopgov.decisions.rules import stages
from coopgov.decisions.rules.register import Validity, status_on
from coopgov.decisions.services import register
from coopgov.infra.db import write_transaction
from coopgov.infra.web.access import MEMBER, SIGNED_IN, allow, current_viewer
from coopgov.infra.web.answers import status_of, text_of
from coopgov.infra.web.forms import BaseForm
from coopgov.infra.web.moment import received_at
from coopgov.infra.web.pages import show
from coopgov.infra.web.said import Sayings, go

bp = Blueprint("decisions_recording", __name__)


SAYINGS: Sayings = {
    "decisions-linked": N_("It is saved which earlier decisions this is about."),
    "dates-recorded": N_("The dates are recorded."),
    "review-recorded": N_("The review is recorded: the decision stays in force."),
    "decision-repealed": N_("The decision is repealed."),
}


@bp.get("/p/<int:number>/links")
@allow(MEMBER)
def choose_links(number: int) -> Response:
    proposal = _mendable(number)
    return _links_page(proposal, LinksForm({"links": links_of(proposal.id)}))


@bp.post("/p/<int:number>/links")
@allow(MEMBER, rerenders=True)
def link(number: int) -> AnyResponse:
    proposal, form = _mendable(number), LinksForm()

    def act() -> AnyResponse:
        register.link_decisions(proposal, form.chosen_links(), current_viewer().party_id, received_at())
        return go(proposal.path, said="decisions-linked")

    return _attempt(form, act, lambda status: _links_page(proposal, form, status))


def _mendable(number: int) -> Proposal:
    viewer = current_viewer()
    proposal = proposals.visible_proposal(number, viewer)
    stages.refuse_unless_open_to("mend", proposal, viewer, received_at())
    return proposal


def _links_page(proposal: Proposal, form: LinksForm, status: int = 200) -> Response:
    offers = form.link_offers(current_viewer().is_member, proposal.id, received_at())
    return show("decisions/links.html", status, proposal=proposal, form=form, offers=offers)


@bp.get("/p/<int:number>/dates")
@allow(SIGNED_IN)
def choose_dates(number: int) -> Response:
    proposal, validity = _recordable(number)
    return show("decisions/dates.html", proposal=proposal, form=DatesForm(given_dates(validity)))


@bp.post("/p/<int:number>/dates")
@allow(SIGNED_IN, rerenders=True)
def set_dates(number: int) -> AnyResponse:
    (proposal, _validity), form = _recordable(number), DatesForm()

    def act() -> AnyResponse:
        by_id = current_viewer().party_id
        register.set_dates(proposal, by_id, form.review_at(), form.ends_at(), received_at())
        return go(proposal.path, said="dates-recorded")

    return _attempt(form, act, lambda status: show("decisions/dates.html", status, proposal=proposal, form=form))


@bp.get("/p/<int:number>/reviewed")
@allow(SIGNED_IN)
def write_review(number: int) -> Response:
    proposal, validity = _recordable(number)
    form = ReviewedForm(given_dates(Validity(ends_at=validity.ends_at)))
    return show("decisions/reviewed.html", proposal=proposal, form=form)


@bp.post("/p/<int:number>/reviewed")
@allow(SIGNED_IN, rerenders=True)
def record_review(number: int) -> AnyResponse:
    (proposal, _validity), form = _recordable(number), ReviewedForm()

    def act() -> AnyResponse:
        by_id, found = current_viewer().party_id, form.reason.data or ""
        register.record_review(proposal, by_id, found, form.review_at(), form.ends_at(), received_at())
        return go(proposal.path, said="review-recorded")

    return _attempt(form, act, lambda status: show("decisions/reviewed.html", status, proposal=proposal, form=form))


@bp.get("/p/<int:number>/repeal")
@allow(SIGNED_IN)
def confirm_repeal(number: int) -> Response:
    proposal, _validity = _recordable(number)
    return _repeal_page(proposal, RepealForm())


@bp.post("/p/<int:number>/repeal")
@allow(SIGNED_IN, rerenders=True)
def repeal(number: int) -> AnyResponse:
    (proposal, _validity), form = _recordable(number), RepealForm()

    def act() -> AnyResponse:
        by_id, reason = current_viewer().party_id, form.reason.data or ""
        register.repeal(proposal, by_id, reason, form.decision(), received_at())
        return go(proposal.path, said="decision-repealed")

    return _attempt(form, act, lambda status: _repeal_page(proposal, form, status))


def _repeal_page(proposal: Proposal, form: RepealForm, status: int = 200) -> Response:
    form.offer(current_viewer().is_member, proposal.id, received_at())
    return show("decisions/repeal.html", status, proposal=proposal, form=form)


def _recordable(number: int) -> tuple[Proposal, Validity]:
    """The decision and what stands of it; raises Refused when the viewer may record nothing of it."""
    viewer = current_viewer()
    proposal = proposals.visible_proposal(number, viewer)
    validity = status_on(facts_of(proposal.id), received_at())
    rules.refuse_unless_recordable(validity, proposal.group_id, viewer)
    return proposal, validity


def _attempt(form: BaseForm, act: Callable[[], AnyResponse], again: Callable[[int], Response]) -> AnyResponse:
    """Does ``act`` in a write transaction if the form is right; else, and for a search, shows the form again."""
    if request.form.get("act") == FIND:
        return again(200)
    if not form.validate():
        return again(422)
    try:
        with write_transaction():
            return act()
    except Refused as refused:
        form.refuse(refused, text_of(refused))
        return again(status_of(refused))
