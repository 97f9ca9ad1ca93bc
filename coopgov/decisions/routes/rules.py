"""The rules that authors of proposals choose from: everybody reads them, the membership secretary writes them."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, request
from werkzeug.wrappers import Response as AnyResponse

from coopgov.core.errors import Refused
from coopgov.core.text import N_
from coopgov.decisions import rule_pages
from coopgov.decisions.forms.rules import PresetForm, empty_preset, given_preset
from coopgov.decisions.meaning_words import preset_name
from coopgov.decisions.models import DecisionRule
from coopgov.decisions.queries import rules as queries
from coopgov.decisions.queries.register import register_stamp
from coopgov.decisions.services.rules import add_preset, change_preset
from coopgov.infra.db import write_transaction
from coopgov.infra.settings import site_url
from coopgov.infra.web.access import PUBLIC, SECRETARY, allow, current_viewer
from coopgov.infra.web.answers import status_of, text_of
from coopgov.infra.web.moment import received_at
from coopgov.infra.web.pages import public_page, show, show_to_all
from coopgov.infra.web.said import Sayings, go

bp = Blueprint("decision_rules", __name__)
SAYINGS: Sayings = {
    "decision-rule-set": N_("The new version is written down. Proposals that are open keep the rule they opened with."),
    "decision-rule-added": N_("The rule is there, and authors of proposals can choose it."),
}


@bp.get("/decisions/rules")
@allow(PUBLIC)
def all_rules() -> Response:
    now = received_at()
    may_edit = current_viewer().holds("membership_secretary")
    return show_to_all(
        "decisions/rules.html",
        queries.rules_stamp(),
        lambda: {**rule_pages.list_facts(now), "may_edit": may_edit},
        until=queries.next_turn(now),
    )


@bp.get("/decisions/rules.json")
@allow(PUBLIC)
def rules_json() -> Response:
    now = received_at()
    return public_page(
        queries.rules_stamp(),
        lambda: rule_pages.as_json(now, site_url()),
        "application/json",
        until=queries.next_turn(now),
    )


@bp.get("/decisions/rules/<slug>")
@allow(PUBLIC)
def rule(slug: str) -> Response:
    now = received_at()
    queries.preset(slug, now)
    return show_to_all(
        "decisions/rule.html",
        (queries.rules_stamp(), register_stamp()),
        lambda: rule_pages.rule_facts(slug, current_viewer(), now),
        until=queries.next_turn(now),
    )


@bp.get("/decisions/rules/new")
@allow(SECRETARY)
def write() -> Response:
    return _editor(PresetForm(empty_preset()))


@bp.post("/decisions/rules/new")
@allow(SECRETARY, rerenders=True)
def add() -> AnyResponse:
    form = PresetForm()

    def act() -> DecisionRule:
        return add_preset(form.terms(), current_viewer().party_id, received_at())

    return _attempt(form, act, "decision-rule-added")


@bp.get("/decisions/rules/<slug>/edit")
@allow(SECRETARY)
def edit(slug: str) -> Response:
    return _editor(PresetForm(given_preset(queries.preset(slug, received_at()))), slug)


@bp.post("/decisions/rules/<slug>/edit")
@allow(SECRETARY, rerenders=True)
def change(slug: str) -> AnyResponse:
    queries.preset(slug, received_at())
    form = PresetForm()

    def act() -> DecisionRule:
        return change_preset(slug, form.terms(slug), current_viewer().party_id, received_at())

    return _attempt(form, act, "decision-rule-set", slug)


def _attempt(form: PresetForm, act: Callable[[], DecisionRule], said: str, slug: str = "") -> AnyResponse:
    """Writes the version if the form is right; else, or to see what the rule means, shows the form again."""
    if request.form.get("act") == "meaning":
        return _editor(form, slug, 200 if form.shows_a_rule() else 422)
    if not form.validate():
        return _editor(form, slug, 422)
    try:
        with write_transaction():
            path = f"/decisions/rules/{act().slug}"
    except Refused as refused:
        form.refuse(refused, text_of(refused))
        return _editor(form, slug, status_of(refused))
    return go(path, said)


def _editor(form: PresetForm, slug: str = "", status: int = 200) -> Response:
    now = received_at()
    facts: dict[str, Any] = {"preset": None, "name": "", "meaning": None}
    if slug:
        preset = queries.preset(slug, now)
        facts |= {"preset": preset, "name": preset_name(preset)}
    if status == 200:
        facts["meaning"] = rule_pages.explained(form.rule(), current_viewer(), now, form.method.data)
    return show("decisions/rule_edit.html", status, form=form, **facts)
