"""The co-op's own texts to start a proposal from: keeping and withdrawing them."""

from flask import Blueprint, Response
from werkzeug.wrappers import Response as AnyResponse

from coopgov.core.errors import Refused
from coopgov.core.text import N_
from coopgov.decisions.forms.templates import TemplateForm
from coopgov.decisions.models import Proposal, ProposalTemplate
from coopgov.decisions.queries import templates as queries
from coopgov.decisions.queries.proposals import visible_proposal
from coopgov.decisions.rules.templates import may_keep
from coopgov.decisions.services import templates as services
from coopgov.decisions.surroundings import template_scopes
from coopgov.groups.queries import group_by_id
from coopgov.infra.db import write_transaction
from coopgov.infra.i18n import gettext as _
from coopgov.infra.web.access import MEMBER, allow, current_viewer
from coopgov.infra.web.answers import status_of, text_of
from coopgov.infra.web.moment import received_at
from coopgov.infra.web.pages import show
from coopgov.infra.web.said import Sayings, go

bp = Blueprint("decisions_templates", __name__)
SAYINGS: Sayings = {
    "template-kept": N_("The template is kept. It is offered to whoever starts a proposal."),
    "template-withdrawn": N_("The template is offered no more."),
}


@bp.get("/p/<int:number>/template")
@allow(MEMBER)
def write(number: int) -> Response:
    proposal, scopes = _to_keep(number)
    return _editor(proposal, TemplateForm(scopes, {"name": proposal.title[:80]}))


@bp.post("/p/<int:number>/template")
@allow(MEMBER, rerenders=True)
def keep(number: int) -> AnyResponse:
    proposal, scopes = _to_keep(number)
    form = TemplateForm(scopes)
    if not form.validate():
        return _editor(proposal, form, 422)
    group_id = proposal.group_id if form.scope.data == "group" else None
    try:
        with write_transaction():
            services.keep_as_template(
                proposal, form.name.data or "", group_id, current_viewer().party_id, received_at()
            )
            return go(proposal.path, said="template-kept")
    except Refused as refused:
        form.refuse(refused, text_of(refused))
        return _editor(proposal, form, status_of(refused))


@bp.get("/decisions/templates/<slug>/withdraw")
@allow(MEMBER)
def confirm_withdrawal(slug: str) -> Response:
    return show("decisions/template_withdraw.html", kept=_kept_by_viewer(slug))


@bp.post("/decisions/templates/<slug>/withdraw")
@allow(MEMBER)
def withdraw(slug: str) -> AnyResponse:
    former = _kept_by_viewer(slug)
    with write_transaction():
        services.withdraw_template(former, current_viewer().party_id, received_at())
    return go("/decisions", said="template-withdrawn")


def _to_keep(number: int) -> tuple[Proposal, list[tuple[str, str]]]:
    """The proposal, and for whom the viewer may keep it; raises Refused where that is nobody."""
    proposal = visible_proposal(number, current_viewer())
    scopes = template_scopes(proposal, current_viewer())
    if not scopes:
        raise Refused("template.not_yours")
    group = group_by_id(proposal.group_id).name
    own, all_of_it = ("group", _("The group %(group)s", group=group)), ("coop", _("The whole co-op"))
    return proposal, [all_of_it if scope is None else own for scope in scopes]


def _kept_by_viewer(slug: str) -> ProposalTemplate:
    template, viewer = queries.template(slug), current_viewer()
    convenes = template.group_id is not None and viewer.convenes(template.group_id)
    if not may_keep(template.group_id, convenes, viewer.holds("membership_secretary")):
        raise Refused("template.not_yours")
    return template


def _editor(proposal: Proposal, form: TemplateForm, status: int = 200) -> Response:
    return show("decisions/template.html", status, proposal=proposal, form=form)
