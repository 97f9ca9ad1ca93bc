"""The reason beside a vote, and what others say to it."""

from flask import Blueprint, Response, request
from werkzeug.wrappers import Response as AnyResponse

from coopgov.core.errors import NotFound, Refused
from coopgov.core.text import N_
from coopgov.decisions import display
from coopgov.decisions.models import Proposal
from coopgov.decisions.paper import paper_of
from coopgov.decisions.paper_words import choice_words
from coopgov.decisions.queries import proposals
from coopgov.decisions.queries.ballots import Vote
from coopgov.decisions.queries.reasons import reason_of, said_to
from coopgov.decisions.rules.reasons import REACTIONS, can_reply
from coopgov.decisions.services import reasons as services
from coopgov.discussion.forms import CommentForm
from coopgov.discussion.rules import author_of
from coopgov.infra.db import write_transaction
from coopgov.infra.web.access import MEMBER, allow, current_viewer
from coopgov.infra.web.answers import status_of, text_of
from coopgov.infra.web.moment import received_at
from coopgov.infra.web.pages import show
from coopgov.infra.web.said import Sayings, go

bp = Blueprint("decisions_reasons", __name__)
SAYINGS: Sayings = {"reason-replied": N_("Your reply stands here, and in the discussion.")}


@bp.get("/p/<int:number>/votes/<int:ballot>")
@allow(MEMBER)
def page(number: int, ballot: int) -> Response:
    proposal, vote = _reason(number, ballot)
    return _page(proposal, vote, CommentForm())


def _reason(number: int, ballot: int) -> tuple[Proposal, Vote]:
    """The proposal, and the vote whose reason the viewer may read; raises NotFound."""
    viewer, now = current_viewer(), received_at()
    proposal = proposals.visible_proposal(number, viewer)
    side = display.side_of(proposals.sheet(number), viewer, now)
    if side.plain is None or side.secrecy == "secret":
        raise NotFound
    return proposal, reason_of(number, ballot)


def _page(proposal: Proposal, vote: Vote, form: CommentForm, status: int = 200) -> Response:
    viewer = current_viewer()
    said = said_to([vote.id], viewer.party_id, is_member=True)[vote.id]
    choice = choice_words(paper_of(proposal), vote.choice)
    facts = {"proposal": proposal, "vote": vote, "said": said, "choice": choice, "reactions": REACTIONS}
    thread = proposals.sheet(proposal.id).thread
    return show(
        "decisions/reason.html",
        status,
        **facts,
        form=form,
        is_public=thread.is_public,
        can_reply=can_reply(proposal) and thread.state == "visible",
    )


@bp.post("/p/<int:number>/votes/<int:ballot>/react")
@allow(MEMBER)
def react(number: int, ballot: int) -> AnyResponse:
    proposal, vote = _reason(number, ballot)
    word, _colon, act = request.form.get("word", "").partition(":")
    with write_transaction():
        services.react(proposal, vote.id, current_viewer().party_id, word, act == "on", received_at())
    if request.headers.get("HX-Request"):
        said = said_to([vote.id], current_viewer().party_id, is_member=True)[vote.id]
        return show("decisions/_reactions.html", number=number, vote=vote, said=said, reactions=REACTIONS)
    return go(f"/p/{number}/votes/{ballot}")


@bp.post("/p/<int:number>/votes/<int:ballot>/reply")
@allow(MEMBER, rerenders=True)
def reply(number: int, ballot: int) -> AnyResponse:
    (proposal, vote), form, viewer = _reason(number, ballot), CommentForm(), current_viewer()
    if not form.validate():
        return _page(proposal, vote, form, 422)
    try:
        with write_transaction():
            words, key = form.text.data or "", form.form_key.data or ""
            services.reply(proposal, vote.id, author_of(viewer), words, key, received_at())
    except Refused as refused:
        form.refuse(refused, text_of(refused))
        return _page(proposal, vote, form, status_of(refused))
    return go(f"/p/{number}/votes/{ballot}", said="reason-replied")
