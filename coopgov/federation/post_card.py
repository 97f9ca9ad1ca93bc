"""A post as followers will see it, and what other features' pages show of announcements."""

from typing import Any

from flask import render_template
from markupsafe import Markup

from coopgov.core.viewer import Viewer
from coopgov.decisions.models import Closing, Proposal
from coopgov.decisions.queries.authors import co_author_ids
from coopgov.decisions.queries.proposals import is_public_now
from coopgov.decisions.rules.stages import UNOPENED, acts_open_to
from coopgov.federation import composing
from coopgov.federation.queries.actors import handle_of, the_actor
from coopgov.federation.queries.announcements import echo_about, may_be_told, silence_over, standing_about
from coopgov.federation.rules.announcing import HOME, Post, subject_of
from coopgov.federation.rules.documents import html_of
from coopgov.groups.queries import group_by_id
from coopgov.infra.db import db
from coopgov.infra.settings import site_url
from coopgov.infra.web.moment import received_at
from coopgov.infra.web.panels import Panel
from coopgov.infra.web.previews import Draft, Preview

NEW_THREAD = "/t/…"  # where a discussion will be that is still being written


def card_facts(post: Post) -> dict[str, Any]:
    """What templates/federation/_post.html needs."""
    tags = [(tag, site_url(path)) for tag, path in post.tags]
    html = html_of(post.title, post.words, site_url(post.path) if post.path != HOME else "", tags)
    return {"post": post, "address": _address(), "html": Markup(html)}  # noqa: S704 - built and escaped by our rules


def _address() -> str:
    """The actor as people elsewhere write it: ``@harbour@example.org``; empty before there is one."""
    actor = the_actor()
    return f"@{handle_of(actor)}" if actor else ""


def _drawn(template: str, **facts: Any) -> Markup:
    return Markup(render_template(template, **facts))  # noqa: S704 - a template of ours


def _thread_preview(draft: Draft) -> Markup:
    """What followers will get of a public discussion that is still being written."""
    if draft.kind != "thread" or not draft.is_public or not (draft.title and draft.html) or the_actor() is None:
        return Markup()
    post = composing.new_thread_post(group_by_id(draft.group_id), draft.title, draft.html, NEW_THREAD)
    return _drawn("federation/_thread_preview.html", **card_facts(post))


def _before_opening(viewer: Viewer, proposal_id: int) -> Markup:
    """For who may open it: what will be announced of a proposal, or that nothing will."""
    proposal = db.session.get_one(Proposal, proposal_id)
    if proposal.state not in UNOPENED or the_actor() is None:
        return Markup()
    if "open" not in acts_open_to(proposal, viewer, received_at(), co_author_ids(proposal)):
        return Markup()
    if not is_public_now(proposal):
        return Markup()
    silence = silence_over(subject_of("proposal", proposal_id))
    return _drawn("federation/_before_opening.html", proposal=proposal, silence=silence)


def _proposal_echo(viewer: Viewer, proposal_id: int) -> Markup:
    return _echo(viewer, subject_of("proposal", proposal_id))


def _thread_echo(viewer: Viewer, thread_id: int) -> Markup:
    return _echo(viewer, subject_of("thread", thread_id))


def _echo(viewer: Viewer, subject: str) -> Markup:
    """For members: that it was announced, and how many people elsewhere like and share it."""
    echo = echo_about(subject) if viewer.is_member else None
    return _drawn("federation/_echo.html", echo=echo) if echo else Markup()


def _witness(_viewer: Viewer, proposal_id: int) -> Markup:
    """The posts that said M and D of a vote, for those who look for a copy elsewhere."""
    proposal, closing = db.session.get_one(Proposal, proposal_id), db.session.get(Closing, proposal_id)
    seals = [seal for seal in (proposal.manifest_hash, closing.digest if closing else "") if seal]
    posts = [
        (said, site_url(said.note_path))
        for said in standing_about(subject_of("proposal", proposal_id))
        if any(seal in said.words for seal in seals) and may_be_told(said)
    ]
    return _drawn("federation/_witness.html", posts=posts, address=_address()) if posts else Markup()


PANELS: tuple[Panel, ...] = (
    Panel("proposal.side", _before_opening),
    Panel("proposal.foot", _proposal_echo),
    Panel("record.witness", _witness),
    Panel("thread.side", _thread_echo),
)
PREVIEWS: tuple[Preview, ...] = (_thread_preview,)
