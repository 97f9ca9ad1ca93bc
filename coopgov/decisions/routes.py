"""Pages of decisions."""

from collections.abc import Callable, Sequence
from typing import Any

from flask import Blueprint, Response, current_app, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from coopgov.core.errors import NotFound, Refused
from coopgov.core.text import N_, shown_in_public
from coopgov.decisions import display, queries, register, rules, services
from coopgov.decisions.counting import vote_counts
from coopgov.decisions.forms import (
    BallotForm,
    OutcomeForm,
    PlainForm,
    ProposalForm,
    WithdrawForm,
    empty_proposal,
    given_proposal,
)
from coopgov.decisions.models import Ballot, Proposal, RollEntry
from coopgov.decisions.queries import DecisionLine, Sheet, Stamp, Wanted
from coopgov.discussion.models import Thread
from coopgov.discussion.queries import visible_thread
from coopgov.discussion.rules import author_of, may_write
from coopgov.identity.queries import party
from coopgov.infra.coop import the_coop
from coopgov.infra.crypto import BadToken, Signer
from coopgov.infra.db import db, write_transaction
from coopgov.infra.feeds import ATOM_TYPE
from coopgov.infra.settings import site_url
from coopgov.infra.web.access import MEMBER, PUBLIC, SIGNED_IN, VISITOR, allow, current_viewer
from coopgov.infra.web.answers import status_of, text_of
from coopgov.infra.web.forms import BaseForm
from coopgov.infra.web.layout import speak_for
from coopgov.infra.web.moment import received_at
from coopgov.infra.web.pages import public_page, reads_as_public, show, show_to_all
from coopgov.infra.web.panels import Panel, panel_stamps
from coopgov.infra.web.said import Sayings, go

bp = Blueprint("decisions", __name__)
SAYINGS: Sayings = {
    "proposal-drafted": N_("Your proposal is there. Voting has not opened yet."),
    "proposal-opened": N_("Voting is open, and everybody on the roll hears of it."),
    "proposal-mended": N_("Your changes are saved, and what it said before stays readable."),
    "proposal-withdrawn": N_("The proposal is withdrawn."),
    "vote-cast": N_("Your vote is in. You can change it until voting closes."),
    "outcome-recorded": N_("The outcome is recorded."),
}
PANELS: tuple[Panel, ...] = (
    Panel("thread.side", display.thread_panel),
    Panel("thread.keeps", display.thread_keeper),
    Panel("group.main", display.group_panel),
)
PAGE = "decisions/proposal.html"
JSON = "application/json"
CAST = 303  # the status that follows a vote
IN_THE_FEED = 50
IN_A_FILE = 10_000


# Writing, mending, opening, withdrawing


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
        proposal = services.draft_proposal(thread, author_of(current_viewer()), form.terms(), received_at())
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
        services.mend_proposal(proposal, current_viewer().party_id, form.terms(), received_at())
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
        services.open_voting(proposal, received_at(), current_viewer().party_id)
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
        services.withdraw(proposal, current_viewer().party_id, form.reason.data or "", received_at())
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
        services.record_outcome(proposal, by_id, words, form.review_at(), received_at())
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
    proposal = queries.visible_proposal(number, viewer)
    rules.refuse_unless_open_to(act, proposal, viewer, received_at())
    return proposal


def _composer(form: ProposalForm, thread: Thread, proposal: Proposal | None = None, status: int = 200) -> Response:
    source = form.source.data if _previews() and not form.source.errors else ""
    facts = display.composer_facts(thread, proposal, source or "")
    return show("decisions/edit.html", status, form=form, **facts)


def _opening(proposal: Proposal, form: PlainForm, status: int = 200) -> Response:
    roll = len(queries.roll_at(proposal, received_at()))
    return show("decisions/open.html", status, proposal=proposal, form=form, roll=roll)


# Reading


@bp.get("/p/<int:number>")
@bp.get("/p/<int:number>-<slug>")
@allow(PUBLIC)
def page(number: int, slug: str = "") -> AnyResponse:
    stamp = _stamp(number)
    if slug != stamp.slug:
        query = f"?{request.query_string.decode()}" if request.query_string else ""
        return redirect(stamp.path + query, 301)
    age = (stamp, panel_stamps("proposal.head", number))
    return show_to_all(PAGE, age, lambda: _page_facts(queries.sheet(number)), until=rules.turns_at(stamp))


def _page_facts(sheet: Sheet, form: BallotForm | None = None) -> dict[str, Any]:
    facts = display.proposal_facts(sheet, current_viewer(), received_at())
    return facts | {"form": form or _ballot_form(sheet, facts["side"].standing.ballot)}


def _ballot_form(sheet: Sheet, last: Ballot | None = None) -> BallotForm:
    return BallotForm(rules.options_of(sheet.rule), last)


def _stamp(number: int) -> Stamp:
    """What the pages of the proposal show, by its version; raises NotFound when it is not for the reader."""
    if not reads_as_public():
        return queries.stamp_of(queries.visible_proposal(number, current_viewer()))
    stamp = queries.proposal_stamp(number)
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
    proposal = queries.visible_proposal(number, current_viewer())
    return show("decisions/roll.html", **display.roll_facts(proposal, current_viewer()))


@bp.get("/p/<int:number>/results.json")
@allow(PUBLIC)
def results(number: int) -> Response:
    stamp = _stamp(number)

    def body() -> str:
        counts = vote_counts(number)
        return register.results(queries.sheet(number), counts, site_url(), received_at())

    if reads_as_public():
        return public_page(stamp, body, JSON, until=rules.turns_at(stamp))
    return Response(body(), mimetype=JSON)


@bp.get("/decisions")
@allow(PUBLIC)
def decisions() -> Response:
    wanted = Wanted(request.args.get("group", ""), request.args.get("result", ""))
    return show_to_all(
        "decisions/register.html",
        queries.register_stamp(),
        lambda: display.register_facts(wanted, current_viewer(), received_at()),
    )


@bp.get("/decisions.json")
@allow(PUBLIC)
def decisions_json() -> Response:
    return public_page(queries.register_stamp(), lambda: register.as_json(_register(), site_url()), JSON)


@bp.get("/decisions.csv")
@allow(PUBLIC)
def decisions_csv() -> Response:
    response = public_page(queries.register_stamp(), lambda: register.as_csv(_register(), site_url()), "text/csv")
    response.headers["Content-Disposition"] = 'attachment; filename="decisions.csv"'
    return response


@bp.get("/decisions.atom")
@allow(PUBLIC)
def decisions_atom() -> Response:
    return public_page(queries.register_stamp(), _atom, ATOM_TYPE)


def _atom() -> bytes:
    coop = the_coop()
    if coop is None:
        raise NotFound
    lines = queries.register(Wanted(), False, IN_THE_FEED)
    return register.as_atom(lines, coop.name, site_url(), coop.founded_at)


def _register() -> Sequence[DecisionLine]:
    return queries.register(Wanted(), False, IN_A_FILE)


# Voting


@bp.post("/p/<int:number>/ballots")
@allow(SIGNED_IN, rerenders=True)
def cast(number: int) -> AnyResponse:
    viewer = current_viewer()
    proposal = queries.visible_proposal(number, viewer)
    form = _ballot_form(queries.sheet(number))
    status = _cast(form, number, viewer.party_id, author_of(viewer).public_name, "web")
    if request.headers.get("HX-Request"):
        return _side(number, None if status == CAST else form, status)
    if status == CAST:
        return go(proposal.path, said="vote-cast")
    return show(PAGE, status, **_page_facts(queries.sheet(number), form))


def _side(number: int, form: BallotForm | None, status: int) -> Response:
    """Result and vote card alone, for a page that is there already."""
    facts = _page_facts(queries.sheet(number), form)
    return show("decisions/_cast.html", 200 if status == CAST else status, **facts, just_cast=status == CAST)


def _cast(form: BallotForm, number: int, party_id: int, public_name: str, channel: str) -> int:
    """CAST when the vote is in; else the status that fits what is wrong, which then stands in the form."""
    if not form.validate():
        return 422
    now, choice, reason = received_at(), form.choice.data, form.reason.data or ""
    try:
        with write_transaction():
            services.cast_ballot(number, party_id, choice, reason, public_name, channel, now, now)
    except Refused as refused:
        form.refuse(refused, text_of(refused))
        return status_of(refused)
    return CAST


@bp.get("/vote/<token>")
@allow(VISITOR)
def ballot(token: str) -> Response:
    entry = _entry(token)
    return _ballot_page(token, entry) if entry else _no_link()


@bp.post("/vote/<token>")
@allow(VISITOR, rerenders=True)
def cast_by_mail(token: str) -> AnyResponse:
    entry = _entry(token)
    if entry is None:
        return _no_link()
    if _is_somebody_else(entry):
        return _ballot_page(token, entry, status=403)
    form, voter = _ballot_form(queries.sheet(entry.proposal_id)), party(entry.party_id)
    public_name = shown_in_public(voter.name, voter.public_name)
    status = _cast(form, entry.proposal_id, entry.party_id, public_name, "mail")
    if status == CAST:
        return go(f"/vote/{token}")
    return _ballot_page(token, entry, form, 200 if status == 409 else status)


@bp.post("/vote/<token>/off")
@allow(VISITOR)
def switch_off(token: str) -> Response:
    entry = _entry(token)
    if entry is None:
        return _no_link()
    with write_transaction():
        services.switch_off_link(entry, received_at())
    return show("decisions/no_link.html", switched_off=True)


def _entry(token: str) -> RollEntry | None:
    """The line on the roll for which a mailed link votes; None when it is forged, cut or switched off."""
    signer: Signer = current_app.extensions["coopgov.signer"]
    try:
        payload = signer.read("ballot", token)
    except BadToken:
        return None
    entry = queries.entry_of_link(payload["p"], payload["e"])
    if entry is not None:
        speak_for(party(entry.party_id).language)
    return entry


def _is_somebody_else(entry: RollEntry) -> bool:
    viewer = current_viewer()
    return viewer.is_signed_in and viewer.party_id != entry.party_id


def _no_link() -> Response:
    return show("decisions/no_link.html", 404, switched_off=False)


def _ballot_page(token: str, entry: RollEntry, form: BallotForm | None = None, status: int = 200) -> Response:
    sheet = queries.sheet(entry.proposal_id)
    facts = display.link_facts(sheet, entry, current_viewer(), received_at())
    form = form or _ballot_form(sheet, facts["last"])
    return show("decisions/vote.html", status, **facts, token=token, form=form, somebody_else=_is_somebody_else(entry))
