"""Pages of the first officer. One guard: the office ``admin``; for everybody else they do not exist."""

from flask import Blueprint, render_template
from markupsafe import Markup
from werkzeug.wrappers import Response

from coopgov.admin import queries, services
from coopgov.admin.forms import CoopForm, InvitationForm, OfficeForm
from coopgov.core.errors import NotFound, Refused
from coopgov.core.text import N_
from coopgov.core.viewer import Viewer
from coopgov.identity.queries import names_of
from coopgov.infra import audit
from coopgov.infra.check import run_checks
from coopgov.infra.coop import the_coop
from coopgov.infra.db import write_transaction
from coopgov.infra.doctor import examine
from coopgov.infra.jobs import dead_jobs, job_counts
from coopgov.infra.settings import current_settings
from coopgov.infra.web.access import ADMIN, allow, current_viewer
from coopgov.infra.web.answers import status_of, text_of
from coopgov.infra.web.layout import coop_profile, forget_profile
from coopgov.infra.web.moment import received_at
from coopgov.infra.web.pages import paged, show
from coopgov.infra.web.panels import Panel
from coopgov.infra.web.said import Sayings, go
from coopgov.membership.queries import register
from coopgov.membership.rules.register import OFFICES
from coopgov.membership.services.register import appoint, end_office
from coopgov.membership.services.register import invite as invite_by_mail

bp = Blueprint("admin", __name__, url_prefix="/admin")
SAYINGS: Sayings = {
    "admin.described": N_("The co-op's profile is saved."),
    "admin.invited": N_("The invitation is on its way."),
    "admin.withdrawn": N_("The invitation no longer works."),
    "admin.appointed": N_("The office is given, from now on."),
    "admin.office_ended": N_("The office has ended."),
    "admin.revived": N_("It will be tried again in a moment."),
}
MAILS_A_PAGE = 100


@bp.get("")
@allow(ADMIN)
def index() -> Response:
    findings = examine(current_settings(), received_at())
    return show("admin/index.html", beginnings=queries.beginnings(), findings=findings, jobs=job_counts())


@bp.get("/coop")
@allow(ADMIN)
def profile() -> Response:
    row = the_coop()
    form = CoopForm(data={"about": row.about_source if row else "", **vars(coop_profile())})
    form.prepare()
    return show("admin/coop.html", form=form)


@bp.post("/coop")
@allow(ADMIN, rerenders=True)
def describe() -> Response:
    form = CoopForm()
    form.prepare()
    if not form.validate():
        return show("admin/coop.html", 422, form=form)
    fields = {name: str(value or "") for name, value in form.data.items()}
    try:
        with write_transaction():
            services.describe_coop(**fields, by=current_viewer().party_id, now=received_at())
    except Refused as refused:
        form.refuse(refused, text_of(refused))
        return show("admin/coop.html", status_of(refused), form=form)
    forget_profile()
    return go("/admin/coop", "admin.described")


@bp.get("/invitations")
@allow(ADMIN)
def invitations() -> Response:
    return _invitations(InvitationForm())


def _invitations(form: InvitationForm, status: int = 200) -> Response:
    rows = [(row, queries.state_of(row, received_at())) for row in queries.invitations()]
    return show("admin/invitations.html", status, form=form, invitations=rows)


@bp.post("/invitations")
@allow(ADMIN, rerenders=True)
def invite() -> Response:
    form = InvitationForm()
    if not form.validate():
        return _invitations(form, 422)
    try:
        with write_transaction():
            invite_by_mail(str(form.email.data), "", current_viewer().party_id, coop_profile().language, received_at())
    except Refused as refused:
        form.refuse(refused, text_of(refused))
        return _invitations(form, status_of(refused))
    return go("/admin/invitations", "admin.invited")


@bp.post("/invitations/<invitation_id>/withdraw")
@allow(ADMIN)
def withdraw(invitation_id: str) -> Response:
    with write_transaction():
        services.withdraw_invitation(invitation_id, current_viewer().party_id, received_at())
    return go("/admin/invitations", "admin.withdrawn")


@bp.get("/offices")
@allow(ADMIN)
def offices() -> Response:
    return _offices(OfficeForm())


def _offices(form: OfficeForm, status: int = 200) -> Response:
    form.prepare(register.member_names(received_at()))
    held = register.tenures_at(received_at())
    names = names_of([tenure.party_id for tenure in held])
    return show("admin/offices.html", status, form=form, tenures=held, names=names, offices=OFFICES)


@bp.post("/offices")
@allow(ADMIN, rerenders=True)
def take_office() -> Response:
    form = OfficeForm()
    form.prepare(register.member_names(received_at()))
    if not form.validate():
        return _offices(form, 422)
    try:
        with write_transaction():
            appoint(form.member.data, str(form.office.data), received_at(), current_viewer().party_id)
    except Refused as refused:
        form.refuse(refused, text_of(refused))
        return _offices(form, status_of(refused))
    return go("/admin/offices", "admin.appointed")


@bp.post("/offices/<int:tenure_id>/end")
@allow(ADMIN)
def leave_office(tenure_id: int) -> Response:
    tenure = register.tenure(tenure_id)
    if tenure is None:
        raise NotFound
    with write_transaction():
        end_office(tenure, received_at(), current_viewer().party_id)
    return go("/admin/offices", "admin.office_ended")


@bp.get("/jobs")
@allow(ADMIN)
def jobs() -> Response:
    return show("admin/jobs.html", dead=dead_jobs(), counts=job_counts())


@bp.post("/jobs/<int:job_id>/again")
@allow(ADMIN)
def try_again(job_id: int) -> Response:
    with write_transaction():
        services.try_job_again(job_id, current_viewer().party_id, received_at())
    return go("/admin/jobs", "admin.revived")


@bp.get("/mail")
@allow(ADMIN)
def mail_log() -> Response:
    page = paged(queries.mail_total(), MAILS_A_PAGE)
    return show("admin/mail.html", page=page, mails=queries.mail_log(page.first, page.size))


@bp.get("/checks")
@allow(ADMIN)
def checks() -> Response:
    number, seal = audit.head()
    return show("admin/checks.html", checks=run_checks(), number=number, seal=seal)


def _checklist(viewer: Viewer, _subject: int) -> Markup:
    if not queries.sees_beginnings(viewer) or (found := queries.beginnings()).is_complete:
        return Markup()
    return Markup(render_template("admin/_checklist.html", beginnings=found))  # noqa: S704 - an autoescaped template


PANELS: tuple[Panel, ...] = (Panel("home.officer", _checklist),)
