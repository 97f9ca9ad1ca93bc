"""The roll of a vote: who is on it, one's own proof, amendments, interests, paper votes."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, request
from werkzeug.wrappers import Response as AnyResponse

from coopgov.core.errors import NotFound, Refused
from coopgov.core.text import N_
from coopgov.decisions import roll_pages
from coopgov.decisions.forms.ballots import BallotForm
from coopgov.decisions.forms.rolls import AmendForm, EvidenceForm, RecuseForm, TakeOffForm
from coopgov.decisions.models import Proposal, RollEntry
from coopgov.decisions.queries import ballots, proposals, rolls
from coopgov.decisions.routes.reading import JSON, ballot_form, stamp_for_reader
from coopgov.decisions.routes.voting import CAST, as_said_of, put_in_form
from coopgov.decisions.rules import rolls as rules
from coopgov.decisions.rules import stages
from coopgov.decisions.services import paper
from coopgov.decisions.services import rolls as services
from coopgov.identity.queries import party
from coopgov.infra.db import db, write_transaction
from coopgov.infra.i18n import gettext as _
from coopgov.infra.web.access import PUBLIC, SECRETARY, SIGNED_IN, VISITOR, allow, current_viewer
from coopgov.infra.web.answers import status_of, text_of
from coopgov.infra.web.forms import BaseForm
from coopgov.infra.web.moment import received_at
from coopgov.infra.web.pages import public_page, reads_as_public, show, show_to_all
from coopgov.infra.web.said import Sayings, go
from coopgov.membership.queries.register import party_of_number

bp = Blueprint("decisions_rolls", __name__)

SAYINGS: Sayings = {
    "roll-added": N_("The member is on the roll, and gets the ballot by mail."),
    "roll-taken-off": N_("The member is off the roll, and hears of it."),
    "roll-recused": N_("Your interest is written down. You do not vote on this."),
    "paper-entered": N_("The paper vote is in, and the member hears of it."),
}


@bp.get("/p/<int:number>/roll")
@allow(PUBLIC)
def roll(number: int) -> Response:
    stamp = stamp_for_reader(number)
    proposal = db.session.get_one(Proposal, number)

    def facts() -> dict[str, Any]:
        return roll_pages.roll_facts(proposal, current_viewer(), received_at())

    return show_to_all("decisions/roll.html", stamp, facts, until=stages.turns_at(stamp))


@bp.get("/p/<int:number>/roll.json")
@allow(PUBLIC)
def roll_file(number: int) -> Response:
    stamp = stamp_for_reader(number)
    proposal = db.session.get_one(Proposal, number)
    if not proposal.roll_root:
        raise NotFound
    if reads_as_public():
        return public_page(stamp, lambda: roll_pages.roll_file(proposal), JSON)
    return Response(roll_pages.roll_file(proposal), mimetype=JSON)


@bp.get("/p/<int:number>/roll/proof.json")
@allow(VISITOR)
def proof(number: int) -> Response:
    viewer = current_viewer()
    entry = rolls.entry_of(number, viewer.party_id) if viewer.is_signed_in else None
    if entry is None or not entry.leaf:
        raise NotFound
    response = Response(roll_pages.proof_file(db.session.get_one(Proposal, number), entry), mimetype=JSON)
    response.headers["Content-Disposition"] = f'attachment; filename="proof-{number}.json"'
    response.headers["Cache-Control"] = "private, no-store"
    return response


@bp.get("/p/<int:number>/roll/add")
@allow(SECRETARY)
def ask_to_add(number: int) -> Response:
    return _adding(_kept(number), AmendForm())


@bp.post("/p/<int:number>/roll/add")
@allow(SECRETARY, rerenders=True)
def add(number: int) -> AnyResponse:
    proposal, form = _kept(number), AmendForm()
    member = _member_asked()
    if member is None:
        return _adding(proposal, form, 422)

    def act() -> AnyResponse:
        services.add_elector(proposal, member, current_viewer().party_id, form.reason.data or "", received_at())
        return go(f"/p/{number}/roll", said="roll-added")

    return _attempt(form, act, lambda status: _adding(proposal, form, status))


def _member_asked() -> int | None:
    """The party whose member number was typed, in address or form."""
    typed = request.values.get("member", "").strip()
    is_number = typed.isascii() and typed.isdigit() and len(typed) < 10  # digits: as many as a column holds
    return party_of_number(int(typed), received_at()) if is_number else None


def _adding(proposal: Proposal, form: AmendForm, status: int = 200) -> Response:
    member, typed = _member_asked(), request.values.get("member", "").strip()
    found = party(member) if member else None
    return show("decisions/roll_add.html", status, proposal=proposal, form=form, found=found, typed=typed)


@bp.get("/p/<int:number>/roll/<int:line>/off")
@allow(SECRETARY)
def ask_to_take_off(number: int, line: int) -> Response:
    return _taking_off(_kept(number), _entry(number, line), TakeOffForm())


@bp.post("/p/<int:number>/roll/<int:line>/off")
@allow(SECRETARY, rerenders=True)
def take_off(number: int, line: int) -> AnyResponse:
    proposal, entry, form = _kept(number), _entry(number, line), TakeOffForm()

    def act() -> AnyResponse:
        do = services.recuse if form.act.data == "recused" else services.remove_elector
        do(proposal, entry.party_id, current_viewer().party_id, form.reason.data or "", received_at())
        return go(f"/p/{number}/roll", said="roll-taken-off")

    return _attempt(form, act, lambda status: _taking_off(proposal, entry, form, status))


def _taking_off(proposal: Proposal, entry: RollEntry, form: TakeOffForm, status: int = 200) -> Response:
    name = party(entry.party_id).name
    return show("decisions/roll_off.html", status, proposal=proposal, form=form, entry=entry, name=name)


@bp.get("/p/<int:number>/recuse")
@allow(SIGNED_IN)
def ask_to_recuse(number: int) -> Response:
    return _recusing(_open_to_recusal(number), RecuseForm())


@bp.post("/p/<int:number>/recuse")
@allow(SIGNED_IN, rerenders=True)
def recuse(number: int) -> AnyResponse:
    proposal, form = _open_to_recusal(number), RecuseForm()

    def act() -> AnyResponse:
        reason = (form.reason.data or "").strip() or _("Interest declared")
        services.declare_interest(proposal, current_viewer().party_id, reason, received_at())
        return go(proposal.path, said="roll-recused")

    return _attempt(form, act, lambda status: _recusing(proposal, form, status))


def _open_to_recusal(number: int) -> Proposal:
    viewer = current_viewer()
    proposal = proposals.visible_proposal(number, viewer)
    line = ballots.my_line(number, viewer.party_id)
    is_elector = line is not None and line.off is None
    if not rules.can_recuse(proposal, viewer, is_elector, received_at()):
        raise Refused("roll.secret" if is_elector and proposal.secrecy == "secret" else "proposal.too_late")
    return proposal


def _recusing(proposal: Proposal, form: RecuseForm, status: int = 200) -> Response:
    return show("decisions/recuse.html", status, proposal=proposal, form=form)


@bp.get("/p/<int:number>/roll/<int:line>/paper")
@allow(SECRETARY)
def ask_for_paper(number: int, line: int) -> Response:
    return _paper_page(_paper_line(number, line), ballot_form(proposals.sheet(number)), EvidenceForm())


@bp.post("/p/<int:number>/roll/<int:line>/paper")
@allow(SECRETARY, rerenders=True)
def enter_paper(number: int, line: int) -> AnyResponse:
    entry, form, about = _paper_line(number, line), ballot_form(proposals.sheet(number)), EvidenceForm()

    def put_in(choice: object, reason: str, now: datetime) -> None:
        by_id, evidence = current_viewer().party_id, about.evidence.data or ""
        paper.enter_paper_ballot(entry, choice, reason, by_id, evidence, now, now)

    if not about.validate():
        form.validate()
        return _paper_page(entry, form, about, 422)
    status = put_in_form(form, put_in)
    if status == CAST:
        return go(f"/p/{number}/roll", said="paper-entered")
    return _paper_page(entry, form, about, status)


def _paper_line(number: int, line: int) -> RollEntry:
    proposal, entry = proposals.visible_proposal(number, current_viewer()), _entry(number, line)
    rules.refuse_unless_enters_paper(proposal, current_viewer(), received_at())
    if entry.party_id == current_viewer().party_id:
        raise Refused("paper.own")
    return entry


def _paper_page(entry: RollEntry, form: BallotForm, about: EvidenceForm, status: int = 200) -> Response:
    """The choice of an earlier vote is not told, only that there is one."""
    sheet, last = proposals.sheet(entry.proposal_id), ballots.last_ballot(entry)
    p = sheet.proposal
    return show(
        "decisions/roll_paper.html",
        status,
        proposal=p,
        form=as_said_of(form),
        about=about,
        entry=entry,
        name=party(entry.party_id).name,
        voted_at=last.received_at if last else None,
    )


def _kept(number: int) -> Proposal:
    """The proposal whose roll the viewer may amend now; raises Refused."""
    proposal = proposals.visible_proposal(number, current_viewer())
    rules.refuse_unless_keeper(proposal, current_viewer(), received_at())
    return proposal


def _entry(number: int, line: int) -> RollEntry:
    entry = rolls.entry(number, line)
    if entry is None or rolls.is_taken_off(entry):
        raise NotFound
    return entry


def _attempt(form: BaseForm, act: Callable[[], AnyResponse], again: Callable[[int], Response]) -> AnyResponse:
    """Does ``act`` in a write transaction if the form is right, else shows the form again with what is wrong."""
    if not form.validate():
        return again(422)
    try:
        with write_transaction():
            return act()
    except Refused as refused:
        form.refuse(refused, text_of(refused))
        return again(status_of(refused))
