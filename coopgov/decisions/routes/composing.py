"""Writing, mending, opening, withdrawing proposals, and recording what follows."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, request
from werkzeug.wrappers import Response as AnyResponse

from coopgov.core.errors import Refused
from coopgov.core.text import N_
from coopgov.decisions import display
from coopgov.decisions.forms.amendments import LapseForm
from coopgov.decisions.forms.outcomes import OutcomeForm, WithdrawForm
from coopgov.decisions.forms.proposals import ProposalForm, empty_proposal, given_proposal, usual_times
from coopgov.decisions.forms.templates import given_template
from coopgov.decisions.models import Proposal
from coopgov.decisions.queries import proposals, rolls
from coopgov.decisions.queries.amendments import Line, amendment_by_id, unanswered
from coopgov.decisions.queries.authors import co_author_ids
from coopgov.decisions.queries.templates import held_templates
from coopgov.decisions.rule_pages import Explained, explained
from coopgov.decisions.rules import stages
from coopgov.decisions.rules.kinds import FAMILIES, KINDS, Kind, kind_of
from coopgov.decisions.rules.templates import TEMPLATES
from coopgov.decisions.services import amendments, drafting, opening, outcomes
from coopgov.decisions.surroundings import amendment_seen, under_way_facts, vote_on
from coopgov.discussion.models import Thread
from coopgov.discussion.queries import visible_thread
from coopgov.discussion.rules import author_of, may_write
from coopgov.infra.db import db, write_transaction
from coopgov.infra.i18n import gettext as _
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
    "proposal-put-up": N_("It is up for discussion, and everybody can read and answer it."),
    "proposal-frozen": N_("The text is frozen."),
    "proposal-voided": N_("The vote is declared void."),
    "proposal-withdrawn": N_("The proposal is withdrawn."),
    "outcome-recorded": N_("The outcome is recorded."),
}


@bp.get("/t/<int:number>/proposals/kinds")
@allow(MEMBER)
def kinds(number: int) -> Response:
    families = [(_(name), [kind for kind in KINDS.values() if kind.family == key]) for key, name in FAMILIES.items()]
    thread = _open_thread(number)
    own = held_templates(thread.group_id)
    return show("decisions/kinds.html", thread=thread, families=families, own=own, shipped=list(TEMPLATES.values()))


@bp.get("/t/<int:number>/proposals/new")
@allow(MEMBER)
def write(number: int) -> Response:
    thread, model = _open_thread(number), _model()
    start = _start(thread)
    if start:
        return _composer(ProposalForm(*start), thread)
    kind = _kind_like(model) if model else _kind_asked()
    given = given_proposal(model) if model else {}
    given |= empty_proposal(received_at(), kind) if not model else {"opening": "now", **usual_times(received_at())}
    return _composer(ProposalForm(kind, given, _earlier(model)), thread)


@bp.post("/t/<int:number>/proposals/new")
@allow(MEMBER, rerenders=True)
def post(number: int) -> AnyResponse:
    thread, form = _open_thread(number), ProposalForm(_kind_asked(), earlier_id=_earlier(_model()))

    def act() -> AnyResponse:
        proposal = drafting.draft_proposal(thread, author_of(current_viewer()), form.terms(), received_at())
        _link_amendment(proposal)
        return go(proposal.path, said="proposal-opened" if proposal.state == "open" else "proposal-drafted")

    return _attempt(form, act, lambda status: _composer(form, thread, status=status))


def _start(thread: Thread) -> tuple[Kind, dict[str, Any]] | None:
    """Kind and fields that the address asks to start with: a template's, or those of an amendment's own vote."""
    now, asked = received_at(), _amendment_asked()
    if asked is None:
        return given_template(request.args.get("template", ""), thread.group_id, now)
    line, proposal = asked
    kind = KINDS["proposal"]
    words = vote_on(amendment_seen(line, proposal, current_viewer(), now), proposal)
    return kind, empty_proposal(now, kind) | words | {"electorate": proposal.electorate}


def _amendment_asked() -> tuple[Line, Proposal] | None:
    """The amendment on which the new proposal decides, if the address or the form names one that the viewer may see."""
    number = request.values.get("amendment", "")
    if not (number.isascii() and number.isdigit() and len(number) < 10):
        return None
    line = amendment_by_id(int(number))
    return line, proposals.visible_proposal(line.amendment.proposal_id, current_viewer())


def _link_amendment(vote: Proposal) -> None:
    asked = _amendment_asked()
    if asked:
        amendments.put_to_vote(asked[1], asked[0], vote, current_viewer().party_id, received_at())


def _kind_asked() -> Kind:
    return KINDS.get(request.values.get("kind", ""), KINDS["proposal"])


def _kind_like(proposal: Proposal) -> Kind:
    return kind_of(proposal.method, "counts_as" in proposal.settings)


def _model() -> Proposal | None:
    """The proposal after which the new one is written: a copy, or the same vote again."""
    number = request.values.get("like", request.values.get("again", ""))
    return proposals.visible_proposal(int(number), current_viewer()) if number.isascii() and number.isdigit() else None


def _earlier(model: Proposal | None) -> int | None:
    """The closed vote that this one repeats, if it says so."""
    return model.id if model and "again" in request.values and model.state == "closed" else None


@bp.get("/p/<int:number>/edit")
@allow(MEMBER)
def edit(number: int) -> Response:
    proposal = _open_to("mend", number)
    return _composer(ProposalForm(_kind_like(proposal), given_proposal(proposal)), _thread_of(proposal), proposal)


@bp.post("/p/<int:number>/edit")
@allow(MEMBER, rerenders=True)
def mend(number: int) -> AnyResponse:
    proposal = _open_to("mend", number)
    form = ProposalForm(_kind_like(proposal), earlier_id=proposal.earlier_id)
    form.discussed_from, thread = proposal.discussed_from, _thread_of(proposal)

    def act() -> AnyResponse:
        drafting.mend_proposal(proposal, current_viewer().party_id, form.terms(), received_at())
        return go(proposal.path, said="proposal-opened" if proposal.state == "open" else "proposal-mended")

    return _attempt(form, act, lambda status: _composer(form, thread, proposal, status))


@bp.get("/p/<int:number>/open")
@allow(MEMBER)
def confirm_opening(number: int) -> Response:
    return _opening(_open_to("open", number), LapseForm())


@bp.post("/p/<int:number>/open")
@allow(MEMBER, rerenders=True)
def open_now(number: int) -> AnyResponse:
    proposal, form = _open_to("open", number), LapseForm()

    def act() -> AnyResponse:
        opening.open_voting(proposal, received_at(), current_viewer().party_id, bool(form.lapses.data))
        return go(proposal.path, said="proposal-opened")

    return _attempt(form, act, lambda status: _opening(proposal, form, status))


@bp.post("/p/<int:number>/discuss")
@allow(MEMBER)
def discuss(number: int) -> AnyResponse:
    proposal = _open_to("discuss", number)
    with write_transaction():
        drafting.put_up(proposal, current_viewer().party_id, received_at())
        return go(proposal.path, said="proposal-put-up")


@bp.get("/p/<int:number>/freeze")
@allow(MEMBER)
def confirm_freeze(number: int) -> Response:
    return _freezing(_open_to("freeze", number), LapseForm())


@bp.post("/p/<int:number>/freeze")
@allow(MEMBER, rerenders=True)
def freeze(number: int) -> AnyResponse:
    proposal, form = _open_to("freeze", number), LapseForm()

    def act() -> AnyResponse:
        drafting.freeze_text(proposal, current_viewer().party_id, received_at(), bool(form.lapses.data))
        return go(proposal.path, said="proposal-frozen")

    return _attempt(form, act, lambda status: _freezing(proposal, form, status))


@bp.get("/p/<int:number>/void")
@allow(SIGNED_IN)
def confirm_void(number: int) -> Response:
    return show("decisions/void.html", proposal=_open_to("void", number), form=WithdrawForm())


@bp.post("/p/<int:number>/void")
@allow(SIGNED_IN, rerenders=True)
def declare_void(number: int) -> AnyResponse:
    proposal, form = _open_to("void", number), WithdrawForm()

    def act() -> AnyResponse:
        drafting.declare_void(proposal, current_viewer().party_id, form.reason.data or "", received_at())
        return go(proposal.path, said="proposal-voided")

    return _attempt(form, act, lambda status: show("decisions/void.html", status, proposal=proposal, form=form))


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
    if _wants_rows() and isinstance(form, ProposalForm):
        form.add_rows()
        return again(200)
    if _previews():
        return again(200 if form["source"].validate(form) else 422)
    if isinstance(form, ProposalForm) and asks_meaning():
        return again(200 if form.shows_a_rule() else 422)
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


def _wants_rows() -> bool:
    return request.form.get("act") == "rows"


def asks_meaning() -> bool:
    """Whether the form was sent to see what its rule means."""
    return request.form.get("act") == "meaning"


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
    stages.refuse_unless_open_to(act, proposal, viewer, received_at(), co_author_ids(proposal))
    return proposal


def _composer(form: ProposalForm, thread: Thread, proposal: Proposal | None = None, status: int = 200) -> Response:
    source = form.source.data if _previews() and not form.source.errors else ""
    words = {choice.value: choice.words for choice in form.presets.values()}
    facts = display.composer_facts(thread, proposal, source or "", words)
    facts["under_way"] = under_way_facts(thread.id, current_viewer(), received_at(), proposal.id if proposal else 0)
    meaning = _meaning(form, thread) if asks_meaning() and status == 200 else None
    amendment = None if proposal else _amendment_asked()
    return show("decisions/edit.html", status, form=form, meaning=meaning, amendment=amendment, **facts)


def _meaning(form: ProposalForm, thread: Thread) -> Explained:
    who = {"electorate": form.electorate.data, "group_id": thread.group_id}
    return explained(form.rule(), current_viewer(), received_at(), form.kind.method, **who)


def _opening(proposal: Proposal, form: LapseForm, status: int = 200) -> Response:
    roll, waiting = len(rolls.roll_at(proposal, received_at())), unanswered(proposal.id)
    return show("decisions/open.html", status, proposal=proposal, form=form, roll=roll, waiting=waiting)


def _freezing(proposal: Proposal, form: LapseForm, status: int = 200) -> Response:
    return show("decisions/freeze.html", status, proposal=proposal, form=form, waiting=unanswered(proposal.id))
