"""What members can choose to give: tiers, made, changed and withdrawn."""

from flask import Blueprint
from werkzeug.wrappers import Response

from coopgov.core.errors import NotFound, Refused
from coopgov.core.text import N_
from coopgov.infra.coop import the_coop
from coopgov.infra.db import write_transaction
from coopgov.infra.web.access import TREASURER, allow, current_viewer
from coopgov.infra.web.answers import status_of, text_of
from coopgov.infra.web.moment import received_at
from coopgov.infra.web.pages import show
from coopgov.infra.web.said import Sayings, go
from coopgov.membership.models import Tier
from coopgov.membership.queries import tiers as queries
from coopgov.membership.rules.tiers import INTERVALS
from coopgov.membership.services.tiers import save_tier, withdraw_tier
from coopgov.treasury.forms import TierForm, tier_data

bp = Blueprint("treasury_tiers", __name__, url_prefix="/treasury/tiers")
SAYINGS: Sayings = {
    "tier-saved": N_("The tier is saved, and can be chosen from now on."),
    "tier-withdrawn": N_("The tier can be chosen no more. Who pays it goes on paying it."),
}
TIERS = "/treasury/tiers"


@bp.get("")
@allow(TREASURER)
def index() -> Response:
    return show("treasury/tiers.html", tiers=queries.all_tiers(), intervals=INTERVALS)


@bp.get("/new")
@allow(TREASURER)
def new() -> Response:
    return _page(TierForm(_currency(), {"intervals": list(INTERVALS), "position": len(queries.all_tiers()) + 1}), None)


@bp.post("/new")
@allow(TREASURER, rerenders=True)
def make() -> Response:
    return _save(TierForm(_currency()), None)


@bp.get("/<int:number>")
@allow(TREASURER)
def edit(number: int) -> Response:
    row = _tier(number)
    return _page(TierForm(row.currency, tier_data(row)), row)


@bp.post("/<int:number>")
@allow(TREASURER, rerenders=True)
def change(number: int) -> Response:
    row = _tier(number)
    return _save(TierForm(row.currency), row)


@bp.post("/<int:number>/withdraw")
@allow(TREASURER)
def withdraw(number: int) -> Response:
    row = _tier(number)
    with write_transaction():
        withdraw_tier(row, current_viewer().party_id, received_at())
    return go(TIERS, said="tier-withdrawn")


def _save(form: TierForm, row: Tier | None) -> Response:
    if not form.validate():
        return _page(form, row, 422)
    try:
        with write_transaction():
            save_tier(row, form.terms(), current_viewer().party_id, received_at())
    except Refused as refused:
        form.refuse(refused, text_of(refused))
        return _page(form, row, status_of(refused))
    return go(TIERS, said="tier-saved")


def _page(form: TierForm, row: Tier | None, status: int = 200) -> Response:
    return show("treasury/tier.html", status, form=form, tier=row)


def _tier(number: int) -> Tier:
    found = queries.tier(number)
    if found is None:
        raise NotFound
    return found


def _currency() -> str:
    coop = the_coop()
    return coop.currency if coop else "GBP"
