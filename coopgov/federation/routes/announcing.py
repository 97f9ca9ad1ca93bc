"""What is announced: a proposal's post before it goes out, an officer's own words, and how far each of them got."""

from collections.abc import Callable

from flask import Blueprint, Response, request
from werkzeug.wrappers import Response as AnyResponse

from coopgov.core.errors import Refused
from coopgov.core.text import N_
from coopgov.decisions.models import Proposal
from coopgov.decisions.queries.authors import co_author_ids
from coopgov.decisions.queries.proposals import is_public_now, visible_proposal
from coopgov.decisions.rules.stages import refuse_unless_open_to
from coopgov.federation import composing
from coopgov.federation.forms.announcing import AnnouncementForm, PlainForm
from coopgov.federation.models import Actor, Announcement
from coopgov.federation.post_card import card_facts
from coopgov.federation.queries.actors import the_actor
from coopgov.federation.queries.announcements import (
    announcement_by_id,
    audience_of,
    echo_of,
    progress_of,
    said_post,
    silence_over,
)
from coopgov.federation.rules.announcing import HOME, Post, check_by_hand, subject_of
from coopgov.federation.services import publishing
from coopgov.infra.db import write_transaction
from coopgov.infra.web.access import ADMIN, MEMBER, allow, current_viewer
from coopgov.infra.web.answers import status_of, text_of
from coopgov.infra.web.layout import coop_profile
from coopgov.infra.web.moment import received_at
from coopgov.infra.web.pages import show
from coopgov.infra.web.said import Sayings, go

bp = Blueprint("announcing", __name__)
SAYINGS: Sayings = {
    "announcement-silenced": N_("Nothing of this proposal will be announced."),
    "announcement-wanted": N_("The proposal will be announced when voting opens."),
    "announcement-sent": N_("The announcement is on its way."),
    "announcement-edited": N_("Your changes are on their way to everybody who has the announcement."),
    "announcement-withdrawn": N_("The announcement is being taken back everywhere."),
}


# A proposal's post before it goes out


@bp.get("/p/<int:number>/announcement")
@allow(MEMBER)
def coming(number: int) -> Response:
    return _coming(_unopened(number), PlainForm())


@bp.post("/p/<int:number>/announcement")
@allow(MEMBER, rerenders=True)
def decide(number: int) -> AnyResponse:
    proposal, form = _unopened(number), PlainForm()
    if not form.validate():
        return _coming(proposal, form, 422)
    by_id, subject = current_viewer().party_id, subject_of("proposal", number)
    silent = request.form.get("act") == "silence"
    with write_transaction():
        change = publishing.be_silent if silent else publishing.speak_again
        change(subject, by_id, received_at())
    return go(proposal.path, said="announcement-silenced" if silent else "announcement-wanted")


def _unopened(number: int) -> Proposal:
    """A proposal that the viewer may open, or keep from being announced; raises NotFound, Refused ``proposal.…``."""
    viewer = current_viewer()
    proposal = visible_proposal(number, viewer)
    refuse_unless_open_to("open", proposal, viewer, received_at(), co_author_ids(proposal))
    return proposal


def _coming(proposal: Proposal, form: PlainForm, status: int = 200) -> Response:
    silence = silence_over(subject_of("proposal", proposal.id))
    facts = {"is_public": is_public_now(proposal), "silence": silence, "form": form}
    return show(
        "federation/coming.html", status, proposal=proposal, **facts, **card_facts(composing.opened_post(proposal))
    )


# By hand


@bp.get("/admin/federation/announce")
@allow(ADMIN)
def write() -> Response:
    return _composer(AnnouncementForm())


@bp.post("/admin/federation/announce")
@allow(ADMIN, rerenders=True)
def announce() -> AnyResponse:
    form = AnnouncementForm()

    def send(title: str, words: str) -> Announcement:
        return publishing.publish_by_hand(_actor(), title, words, current_viewer().party_id, received_at())

    return _attempt(form, send, None)


@bp.get("/admin/federation/announcements/<int:number>")
@allow(ADMIN)
def announced(number: int) -> Response:
    said = announcement_by_id(number)
    facts = {"said": said, "progress": progress_of(said), "echo": echo_of(said), **card_facts(said_post(said))}
    is_part = bool(request.headers.get("HX-Request"))
    return show("federation/_progress.html" if is_part else "federation/announced.html", **facts)


@bp.get("/admin/federation/announcements/<int:number>/edit")
@allow(ADMIN)
def edit(number: int) -> Response:
    said = announcement_by_id(number)
    return _composer(AnnouncementForm({"title": said.title, "words": said.words}), said)


@bp.post("/admin/federation/announcements/<int:number>/edit")
@allow(ADMIN, rerenders=True)
def revise(number: int) -> AnyResponse:
    form, said = AnnouncementForm(), announcement_by_id(number)

    def send(title: str, words: str) -> Announcement:
        publishing.revise_by_hand(said, title, words, current_viewer().party_id, received_at())
        return said

    return _attempt(form, send, said)


@bp.get("/admin/federation/announcements/<int:number>/withdraw")
@allow(ADMIN)
def ask_withdrawal(number: int) -> Response:
    return show("federation/withdraw.html", said=announcement_by_id(number))


@bp.post("/admin/federation/announcements/<int:number>/withdraw")
@allow(ADMIN)
def withdraw(number: int) -> AnyResponse:
    with write_transaction():
        publishing.withdraw(announcement_by_id(number), received_at(), current_viewer().party_id)
    return go(f"/admin/federation/announcements/{number}", said="announcement-withdrawn")


def _attempt(
    form: AnnouncementForm, send: Callable[[str, str], Announcement], said: Announcement | None
) -> AnyResponse:
    """First shows the post as followers will see it; sends it when asked for just that."""
    act = request.form.get("act", "")
    if act == "change" or not form.validate():
        return _composer(form, said, 200 if act == "change" else 422)
    try:
        title, words = check_by_hand(form.title.data or "", form.words.data or "")
        if act != "send":
            return _preview(form, said, Post(title, words, HOME, coop_profile().language))
        with write_transaction():
            number = send(title, words).id
    except Refused as refused:
        form.refuse(refused, text_of(refused))
        return _composer(form, said, status_of(refused))
    key = "announcement-edited" if said else "announcement-sent"
    return go(f"/admin/federation/announcements/{number}", said=key)


def _composer(form: AnnouncementForm, said: Announcement | None = None, status: int = 200) -> Response:
    return show("federation/announce.html", status, form=form, said=said, action=_action(said))


def _preview(form: AnnouncementForm, said: Announcement | None, post: Post) -> Response:
    followers, servers = audience_of(_actor().id)
    facts = {"followers": followers, "servers": servers, "action": _action(said), **card_facts(post)}
    return show("federation/preview.html", form=form, said=said, **facts)


def _action(said: Announcement | None) -> str:
    return f"/admin/federation/announcements/{said.id}/edit" if said else "/admin/federation/announce"


def _actor() -> Actor:
    actor = the_actor()
    if actor is None:
        raise Refused("announcement.no_actor")
    return actor
