"""Writing, mending, opening, withdrawing proposals, and recording what follows."""

from collections.abc import Callable

from flask import Blueprint, Response, request
from werkzeug.wrappers import Response as AnyResponse

from coopgov.core.errors import Refused
from coopgov.core.text import N_
from coopgov.decisions import display
from coopgov.decisions.forms.outcomes import OutcomeForm, PlainForm, WithdrawForm
from coopgov.decisions.forms.proposals import ProposalForm, empty_proposal, given_proposal
from coopgov.decisions.models import Proposal
from coopgov.decisions.queries import proposals, rolls
from coopgov.decisions.rules import stages
from coopgov.decisions.services import drafting, opening, outcomes
from coopgov.discussion.models import Thread
from coopgov.discussion.queries import visible_thread
from coopgov.discussion.rules import author_of, may_write
from coopgov.infra.db import db, write_transaction
from coopgov.infra.web.access import MEMBER, SIGNED_IN, allow, current_viewer
from coopgov.infra.web.answers import status_of, text_of
from coopgov.infra.web.forms import BaseForm
from coopgov.infra.web.moment import received_at
from coopgov.infra.web.pages import show
from coopgov.infra.web.said import Sayings, go

bp = Blueprint("decisions_composing", __name__)


SAYINGS: Sayings = {
    "proposal-drafted": N_("Your proposal is there. Voting has not opened yet."),
    "proposal-opened": N_("Voting is open, and everybody on the roll hears of it."),
    "proposal-mended": N_("Your changes are saved, and what it said before stays readable."),
    "proposal-withdrawn": N_("The proposal is withdrawn."),
    "outcome-recorded": N_("The outcome is recorded."),
}


@bp.get("/t/<int:number>/proposals/new")
@allow(MEMBER)
def write(number: int) -> Response:
    thread = _open_thread(number)
    return _composer(ProposalForm(empty_proposal(received_at())), thread)


@bp.post("/t/<int:number>/proposals/new")
@allow(MEMBER, rerenders=True)
def post(number: int) -> AnyResponse:
    thread, form = _open_thread(number), ProposalForm()

    def act() -> AnyResponse:
        proposal = drafting.draft_proposal(thread, author_of(current_viewer()), form.terms(), received_at())
        return go(proposal.path, said="proposal-opened" if proposal.state == "open" else "proposal-drafted")

    return _attempt(form, act, lambda status: _composer(form, thread, status=status))


@bp.get("/p/<int:number>/edit")
@allow(MEMBER)
def edit(number: int) -> Response:
    proposal = _open_to("mend", number)
    return _composer(ProposalForm(given_proposal(proposal)), _thread_of(proposal), proposal)


@bp.post("/p/<int:number>/edit")
@allow(MEMBER, rerenders=True)
def mend(number: int) -> AnyResponse:
    proposal, form = _open_to("mend", number), ProposalForm()
    thread = _thread_of(proposal)

    def act() -> AnyResponse:
        drafting.mend_proposal(proposal, current_viewer().party_id, form.terms(), received_at())
        return go(proposal.path, said="proposal-opened" if proposal.state == "open" else "proposal-mended")

    return _attempt(form, act, lambda status: _composer(form, thread, proposal, status))


@bp.get("/p/<int:number>/open")
@allow(MEMBER)
def confirm_opening(number: int) -> Response:
    return _opening(_open_to("open", number), PlainForm())


@bp.post("/p/<int:number>/open")
@allow(MEMBER, rerenders=True)
def open_now(number: int) -> AnyResponse:
    proposal, form = _open_to("open", number), PlainForm()

    def act() -> AnyResponse:
        opening.open_voting(proposal, received_at(), current_viewer().party_id)
        return go(proposal.path, said="proposal-opened")

    return _attempt(form, act, lambda status: _opening(proposal, form, status))


@bp.get("/p/<int:number>/withdraw")
@allow(SIGNED_IN)
def confirm_withdrawal(number: int) -> Response:
    return show("decisions/withdraw.html", proposal=_open_to("withdraw", number), form=WithdrawForm())


@bp.post("/p/<int:number>/withdraw")
@allow(SIGNED_IN, rerenders=True)
def withdraw(number: int) -> AnyResponse:
    proposal, form = _open_to("withdraw", number), WithdrawForm()

    def act() -> AnyResponse:
        drafting.withdraw(proposal, current_viewer().party_id, form.reason.data or "", received_at())
        return go(proposal.path, said="proposal-withdrawn")

    return _attempt(form, act, lambda status: show("decisions/withdraw.html", status, proposal=proposal, form=form))


@bp.get("/p/<int:number>/outcome")
@allow(SIGNED_IN)
def write_outcome(number: int) -> Response:
    proposal = _open_to("outcome", number)
    return show("decisions/outcome.html", proposal=proposal, form=OutcomeForm())


@bp.post("/p/<int:number>/outcome")
@allow(SIGNED_IN, rerenders=True)
def record_outcome(number: int) -> AnyResponse:
    proposal, form = _open_to("outcome", number), OutcomeForm()

    def act() -> AnyResponse:
        by_id, words = current_viewer().party_id, form.source.data or ""
        outcomes.record_outcome(proposal, by_id, words, form.review_at(), received_at(), **form.departure())
        return go(proposal.path, said="outcome-recorded")

    return _attempt(form, act, lambda status: show("decisions/outcome.html", status, proposal=proposal, form=form))


def _attempt(form: BaseForm, act: Callable[[], AnyResponse], again: Callable[[int], Response]) -> AnyResponse:
    """Does ``act`` in a write transaction if the form is right, else shows the form again with what is wrong."""
    if _previews():
        return again(200 if form["source"].validate(form) else 422)
    if not form.validate():
        return again(422)
    try:
        with write_transaction():
            return act()
    except Refused as refused:
        form.refuse(refused, text_of(refused))
        return again(status_of(refused))


def _previews() -> bool:
    return request.form.get("act") == "preview"


def _open_thread(number: int) -> Thread:
    thread = visible_thread(number, current_viewer())
    if not may_write(current_viewer()) or thread.state != "visible":
        raise Refused("proposal.not_here")
    return thread


def _thread_of(proposal: Proposal) -> Thread:
    return db.session.get_one(Thread, proposal.thread_id)


def _open_to(act: str, number: int) -> Proposal:
    viewer = current_viewer()
    proposal = proposals.visible_proposal(number, viewer)
    stages.refuse_unless_open_to(act, proposal, viewer, received_at())
    return proposal


def _composer(form: ProposalForm, thread: Thread, proposal: Proposal | None = None, status: int = 200) -> Response:
    source = form.source.data if _previews() and not form.source.errors else ""
    facts = display.composer_facts(thread, proposal, source or "")
    return show("decisions/edit.html", status, form=form, **facts)


def _opening(proposal: Proposal, form: PlainForm, status: int = 200) -> Response:
    roll = len(rolls.roll_at(proposal, received_at()))
    return show("decisions/open.html", status, proposal=proposal, form=form, roll=roll)
