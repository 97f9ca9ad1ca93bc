"""Writing a proposal together, and confirming that a vote is urgent."""

from flask import Blueprint, Response, request
from werkzeug.wrappers import Response as AnyResponse

from coopgov.core.errors import Refused
from coopgov.core.text import N_, one_line
from coopgov.decisions.models import Proposal
from coopgov.decisions.queries import authors as queries
from coopgov.decisions.queries import urgency as urgency_queries
from coopgov.decisions.queries.proposals import visible_proposal
from coopgov.decisions.rules import stages
from coopgov.decisions.services import authors as services
from coopgov.decisions.services import urgency
from coopgov.discussion.rules import author_of
from coopgov.identity.queries import names_of
from coopgov.infra.db import write_transaction
from coopgov.infra.web.access import MEMBER, allow, current_viewer
from coopgov.infra.web.moment import received_at
from coopgov.infra.web.pages import show
from coopgov.infra.web.said import Sayings, go

bp = Blueprint("decisions_authors", __name__)
SAYINGS: Sayings = {
    "co-author-asked": N_("They are asked, by a notice and by mail. Nothing changes until they say yes."),
    "co-author-unasked": N_("They are asked no more."),
    "co-author-joined": N_("You are a co-author now."),
    "co-author-declined": N_("You have declined."),
    "co-author-left": N_("You are no longer among its authors."),
    "countersigned": N_("You have countersigned it, and voting can be shorter than usual."),
}
MOST_FOUND = 12


@bp.get("/p/<int:number>/authors")
@allow(MEMBER)
def page(number: int) -> Response:
    proposal, viewer, name = visible_proposal(number, current_viewer()), current_viewer(), _name_asked()
    company = queries.company(proposal)
    acts = stages.acts_open_to(proposal, viewer, received_at(), company.ids)
    state = stages.state_at(proposal, received_at())
    writes = viewer.party_id in company.ids | {proposal.author_id}
    named = company.ids | {proposal.author_id, *(one.party_id for one in company.asked)}
    return show(
        "decisions/authors.html",
        proposal=proposal,
        author=names_of([proposal.author_id])[proposal.author_id],
        company=company,
        may_ask="mend" in acts,
        may_leave=writes and state in stages.UNOPENED and (company.co_authors or viewer.party_id in company.ids),
        name=name,
        found=_found(name, named) if name and "mend" in acts else [],
        most=MOST_FOUND,
    )


def _name_asked() -> str:
    return one_line(request.args.get("name", "")).removeprefix("@")[:80]


def _found(name: str, without: frozenset[int]) -> list[tuple[int, str]]:
    """Members whose name has the words in it, in any case."""
    wanted = name.casefold()
    names = queries.people_at(received_at())
    return [(party, full) for party, full in names if wanted in full.casefold() and party not in without][:MOST_FOUND]


@bp.post("/p/<int:number>/authors/ask")
@allow(MEMBER)
def ask(number: int) -> AnyResponse:
    proposal = _mended_by_viewer(number)
    with write_transaction():
        services.ask_co_author(proposal, _party_named(), current_viewer().party_id, received_at())
    return go(f"/p/{number}/authors", said="co-author-asked")


@bp.post("/p/<int:number>/authors/take-back")
@allow(MEMBER)
def take_back(number: int) -> AnyResponse:
    proposal = _mended_by_viewer(number)
    with write_transaction():
        services.take_back(proposal, _party_named(), current_viewer().party_id, received_at())
    return go(f"/p/{number}/authors", said="co-author-unasked")


def _mended_by_viewer(number: int) -> Proposal:
    viewer = current_viewer()
    proposal = visible_proposal(number, viewer)
    if viewer.party_id not in queries.writer_ids(proposal):
        raise Refused("proposal.not_yours")
    return proposal


def _party_named() -> int:
    named = request.form.get("party", "")
    return int(named) if named.isascii() and named.isdigit() and len(named) < 10 else 0


@bp.post("/p/<int:number>/authors/answer")
@allow(MEMBER)
def answer(number: int) -> AnyResponse:
    proposal, accepts = visible_proposal(number, current_viewer()), request.form.get("act") == "join"
    with write_transaction():
        services.answer(proposal, author_of(current_viewer()), accepts, received_at())
        return go(proposal.path, said="co-author-joined" if accepts else "co-author-declined")


@bp.post("/p/<int:number>/authors/leave")
@allow(MEMBER)
def leave(number: int) -> AnyResponse:
    proposal = visible_proposal(number, current_viewer())
    with write_transaction():
        services.leave(proposal, current_viewer().party_id, received_at())
        return go(proposal.path, said="co-author-left")


@bp.get("/p/<int:number>/countersign")
@allow(MEMBER)
def confirm_countersigning(number: int) -> Response:
    proposal, now = visible_proposal(number, current_viewer()), received_at()
    if not urgency_queries.role_of_signer(proposal, current_viewer().party_id, now):
        raise Refused("urgent.not_yours")
    return show("decisions/countersign.html", proposal=proposal)


@bp.post("/p/<int:number>/countersign")
@allow(MEMBER)
def countersign(number: int) -> AnyResponse:
    proposal = visible_proposal(number, current_viewer())
    with write_transaction():
        urgency.countersign(proposal, current_viewer().party_id, received_at())
        return go(proposal.path, said="countersigned")
