"""The rule of standing as the membership secretary sees and sets it, and the hold that somebody has to lift."""

from datetime import datetime

from flask import Blueprint, Response
from werkzeug.wrappers import Response as AnyResponse

from coopgov.core.errors import NotFound, Refused
from coopgov.core.text import N_
from coopgov.core.time import from_wall_clock
from coopgov.infra.db import write_transaction
from coopgov.infra.i18n import gettext as _
from coopgov.infra.web.access import SECRETARY, allow, current_viewer
from coopgov.infra.web.answers import status_of, text_of
from coopgov.infra.web.layout import coop_profile
from coopgov.infra.web.moment import received_at
from coopgov.infra.web.pages import show
from coopgov.infra.web.said import Sayings, go
from coopgov.membership.forms.dues import RuleForm
from coopgov.membership.queries.standing import in_arrears, judgements, rule_in, rule_versions, standing_hold
from coopgov.membership.rules.standing import NAMES, Standing
from coopgov.membership.services.standing import RuleTerms, lift_hold, set_rule

bp = Blueprint("standing_rule", __name__, url_prefix="/membership/rule")
SAYINGS: Sayings = {
    "rule.set": N_("The new version of the rule is written down."),
    "rule.lifted": N_("Arrears count again as they are."),
}


@bp.get("")
@allow(SECRETARY)
def page() -> Response:
    return _page(RuleForm(_in_force()))


def _in_force() -> dict[str, object]:
    rule = rule_in(rule_versions(), received_at())
    return {
        **vars(rule),
        "asks_dues": "yes" if rule.asks_dues else "no",
        "pending_votes": "yes" if rule.pending_votes else "no",
    }


def _page(form: RuleForm, status: int = 200) -> Response:
    now, versions, hold = received_at(), rule_versions(), standing_hold()
    judged = judgements(now)
    standings = {key: sum(1 for one in judged.values() if one.standing is key) for key in Standing}
    return show(
        "membership/rule.html",
        status,
        form=form,
        rule=rule_in(versions, now),
        versions=list(reversed(versions)),
        hold=hold,
        held=len(in_arrears(judgements(now, held=False))) - standings[Standing.ARREARS] if hold else 0,
        standings={key: number for key, number in standings.items() if number},
        standing_names={key: _(name) for key, name in NAMES.items()},
    )


@bp.post("")
@allow(SECRETARY, rerenders=True)
def save() -> AnyResponse:
    form = RuleForm()
    if not form.validate():
        return _page(form, 422)
    try:
        with write_transaction():
            set_rule(_terms(form), _from(form), current_viewer().party_id, received_at())
    except Refused as refused:
        form.refuse(refused, text_of(refused))
        return _page(form, status_of(refused))
    except (ValueError, OverflowError):
        form.in_force_from.errors = [_("Write a date.")]
        return _page(form, 422)
    return go("/membership/rule", "rule.set")


def _terms(form: RuleForm) -> RuleTerms:
    return RuleTerms(
        asks_dues=form.asks_dues.data == "yes",
        grace_days=form.grace_days.data or 0,
        pending_votes=form.pending_votes.data == "yes",
        pending_days=form.pending_days.data or 0,
        min_age_days=form.min_age_days.data or 0,
        longest_pause_months=form.longest_pause_months.data or 0,
    )


def _from(form: RuleForm) -> datetime:
    """The midnight that begins the day, or now. Raises ValueError for what is no day, and OverflowError."""
    typed = str(form.in_force_from.data or "")
    return from_wall_clock(datetime.fromisoformat(typed[:10]), coop_profile().zone) if typed else received_at()


@bp.post("/hold/lift")
@allow(SECRETARY)
def lift() -> AnyResponse:
    with write_transaction():
        hold = standing_hold()
        if hold is None:
            raise NotFound
        lift_hold(hold, current_viewer().party_id, received_at())
    return go("/membership/rule", "rule.lifted")
