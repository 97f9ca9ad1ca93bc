"""Amendments: proposing another text, reading what it changes, answering it."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, request
from werkzeug.wrappers import Response as AnyResponse

from coopgov.core.errors import NotFound, Refused
from coopgov.core.text import N_
from coopgov.decisions import surroundings
from coopgov.decisions.forms.amendments import AmendmentForm, DeclineForm, given_wording, seal_of
from coopgov.decisions.models import Amendment, Proposal
from coopgov.decisions.queries import amendments as queries
from coopgov.decisions.queries import proposals
from coopgov.decisions.queries.amendments import Line, present_wording
from coopgov.decisions.queries.authors import writer_ids
from coopgov.decisions.rules.amendments import Rebased, Wording, rebased
from coopgov.decisions.rules.stages import UNFROZEN, state_at, turns_at
from coopgov.decisions.services import amendments as services
from coopgov.decisions.services.amendments import Change
from coopgov.discussion.rules import author_of
from coopgov.infra.db import write_transaction
from coopgov.infra.web.access import MEMBER, PUBLIC, SIGNED_IN, allow, current_viewer
from coopgov.infra.web.answers import status_of, text_of
from coopgov.infra.web.forms import BaseForm
from coopgov.infra.web.moment import received_at
from coopgov.infra.web.pages import reads_as_public, show, show_to_all
from coopgov.infra.web.said import Sayings, go

bp = Blueprint("decisions_amendments", __name__)
SAYINGS: Sayings = {
    "amendment-proposed": N_("Your amendment is there, and the authors hear of it."),
    "amendment-rebased": N_("Your amendment is made for the present text now."),
    "amendment-accepted": N_("The words of the amendment are the proposal's now; what it said before stays readable."),
    "amendment-declined": N_("The amendment is declined, with your reason beside it."),
    "amendment-withdrawn": N_("Your amendment is withdrawn."),
}
SHOWN = "decisions/amendment.html"


@bp.get("/p/<int:number>/amendments/new")
@allow(MEMBER)
def write(number: int) -> Response:
    proposal = _amendable(number)
    present = present_wording(proposal)
    return _composer(proposal, AmendmentForm(given_wording(present, present)))


@bp.post("/p/<int:number>/amendments/new")
@allow(MEMBER, rerenders=True)
def post(number: int) -> AnyResponse:
    proposal, form = _amendable(number), AmendmentForm()

    def act() -> Amendment:
        return services.propose(proposal, author_of(current_viewer()), _change(form, proposal), received_at())

    return _send(proposal, form, act, "amendment-proposed")


@bp.get("/p/<int:number>/amendments/<int:which>/rebase")
@allow(MEMBER)
def make_anew(number: int, which: int) -> Response:
    proposal, line = _amended(number, which)
    anew, row = _rebased(proposal, line), line.amendment
    given = given_wording(anew.wording, present_wording(proposal), row.reason, row.wants_authorship)
    return _composer(proposal, AmendmentForm(given), line)


@bp.post("/p/<int:number>/amendments/<int:which>/rebase")
@allow(MEMBER, rerenders=True)
def rebase(number: int, which: int) -> AnyResponse:
    proposal, line = _amended(number, which)
    form = AmendmentForm()

    def act() -> Amendment:
        author, change = author_of(current_viewer()), _change(form, proposal)
        return services.rebase(proposal, line, author, change, received_at())

    return _send(proposal, form, act, "amendment-rebased", line)


@bp.get("/p/<int:number>/amendments/<int:which>")
@allow(PUBLIC)
def page(number: int, which: int) -> Response:
    stamp = proposals.proposal_stamp(number) if reads_as_public() else None
    if stamp is None and reads_as_public():
        raise NotFound
    if stamp is None:
        return show(SHOWN, **_shown(*_amended(number, which), DeclineForm()))
    return show_to_all(SHOWN, stamp, lambda: _shown(*_amended(number, which), None), until=turns_at(stamp))


@bp.post("/p/<int:number>/amendments/<int:which>/accept")
@allow(MEMBER)
def accept(number: int, which: int) -> AnyResponse:
    proposal, line = _amended(number, which)
    with write_transaction():
        services.accept(proposal, line, current_viewer().party_id, received_at())
        return go(proposal.path, said="amendment-accepted")


@bp.post("/p/<int:number>/amendments/<int:which>/decline")
@allow(MEMBER, rerenders=True)
def decline(number: int, which: int) -> AnyResponse:
    proposal, line = _amended(number, which)
    form = DeclineForm()

    def act() -> AnyResponse:
        services.decline(proposal, line, current_viewer().party_id, form.reason.data or "", received_at())
        return go(f"/p/{number}/amendments/{which}", said="amendment-declined")

    return _attempt(form, act, lambda status: show(SHOWN, status, **_shown(proposal, line, form)))


@bp.post("/p/<int:number>/amendments/<int:which>/withdraw")
@allow(SIGNED_IN)
def withdraw(number: int, which: int) -> AnyResponse:
    proposal, line = _amended(number, which)
    with write_transaction():
        services.withdraw_amendment(proposal, line, current_viewer().party_id, received_at())
        return go(f"/p/{number}/amendments/{which}", said="amendment-withdrawn")


def _amendable(number: int) -> Proposal:
    proposal = proposals.visible_proposal(number, current_viewer())
    if state_at(proposal, received_at()) not in UNFROZEN:
        raise Refused("amendment.too_late")
    if current_viewer().party_id in writer_ids(proposal):
        raise Refused("amendment.yours")
    return proposal


def _amended(number: int, which: int) -> tuple[Proposal, Line]:
    return proposals.visible_proposal(number, current_viewer()), queries.amendment(number, which)


def _rebased(proposal: Proposal, line: Line) -> Rebased:
    row = line.amendment
    if row.author_id != current_viewer().party_id:
        raise Refused("amendment.not_yours")
    if queries.fits(row, proposal):
        raise Refused("amendment.fits")
    return rebased(queries.base_wording(row), queries.amended_wording(row), present_wording(proposal))


def _change(form: AmendmentForm, proposal: Proposal) -> Change:
    """What was typed, made from the present words if these are the ones that the form was made from."""
    present = present_wording(proposal)
    seen = present if form.base.data == seal_of(present) else Wording("", "")
    return Change(
        wording=form.wording(present),
        base=seen,
        reason=form.reason.data or "",
        wants_authorship=bool(form.wants_authorship.data),
    )


def _send(
    proposal: Proposal, form: AmendmentForm, act: Callable[[], Amendment], said: str, line: Line | None = None
) -> AnyResponse:
    def write_down() -> AnyResponse:
        return go(f"/p/{proposal.id}/amendments/{act().number}", said=said)

    if request.form.get("act") == "changes":
        return _composer(proposal, form, line)
    return _attempt(form, write_down, lambda status: _composer(proposal, form, line, status))


def _attempt(form: BaseForm, act: Callable[[], AnyResponse], again: Callable[[int], Response]) -> AnyResponse:
    if not form.validate():
        return again(422)
    try:
        with write_transaction():
            return act()
    except Refused as refused:
        form.refuse(refused, text_of(refused))
        return again(status_of(refused))


def _composer(proposal: Proposal, form: AmendmentForm, line: Line | None = None, status: int = 200) -> Response:
    """The form, with what would change; after the text moved on under it, for the text as it is now."""
    present = present_wording(proposal)
    is_old = form.base.data != seal_of(present)
    form.base.data = seal_of(present)
    facts = {
        "parts": surroundings.wording_changes(present, form.wording(present)),
        "has_options": bool(present.options),
        "line": line,
        "anew": _rebased(proposal, line) if line else None,
        "meanwhile": surroundings.changed_meanwhile(line, proposal) if line else [],
        "mine": surroundings.would_change(line) if line else [],
        "is_old": is_old,
    }
    return show("decisions/amend.html", status, proposal=proposal, form=form, **facts)


def _shown(proposal: Proposal, line: Line, form: DeclineForm | None) -> dict[str, Any]:
    seen = surroundings.amendment_seen(line, proposal, current_viewer(), received_at())
    return {
        "proposal": proposal,
        "seen": seen,
        "parts": surroundings.would_change(line),
        "meanwhile": surroundings.changed_meanwhile(line, proposal) if seen.is_old else [],
        "form": form,
    }
