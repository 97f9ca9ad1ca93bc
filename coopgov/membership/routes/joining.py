"""Pages between an approved application and a member: the choice, the return from paying, the first sign-in."""

from typing import Any

from flask import Blueprint, Response, current_app, request
from werkzeug.wrappers import Response as AnyResponse

from coopgov.core.errors import NotFound, Refused
from coopgov.core.text import N_
from coopgov.funding.models import Pledge
from coopgov.funding.providers.base import ProviderDown, ProviderRefused
from coopgov.funding.queries.pledges import pledge_by_checkout
from coopgov.identity.cookies import give_cookie, this_browser
from coopgov.identity.models import Login
from coopgov.identity.queries import login_of, names_of
from coopgov.identity.services import leave_session, start_session
from coopgov.infra.crypto import BadToken, Signer
from coopgov.infra.db import write_transaction
from coopgov.infra.settings import current_settings
from coopgov.infra.web.access import VISITOR, allow, current_viewer
from coopgov.infra.web.answers import status_of
from coopgov.infra.web.forms import BaseForm
from coopgov.infra.web.layout import speak_for
from coopgov.infra.web.moment import received_at
from coopgov.infra.web.pages import show
from coopgov.infra.web.said import Sayings, go
from coopgov.membership import dues_page
from coopgov.membership.forms.dues import ChoiceForm, PaidForm, ReliefForm, choice_of
from coopgov.membership.models import Application, Membership
from coopgov.membership.queries import dues as queries
from coopgov.membership.queries.standing import judgement, rule_at
from coopgov.membership.queries.terms import joining_terms
from coopgov.membership.routes import paying
from coopgov.membership.routes.paying import Chooser, Elsewhere
from coopgov.membership.routes.relieving import save_relief
from coopgov.membership.rules.applications import FINISH
from coopgov.membership.rules.joining import joining_state, opens_first_session
from coopgov.membership.services import joining

bp = Blueprint("joining", __name__)
SAYINGS: Sayings = {
    "joining.claimed": N_("Thank you: the treasurer looks for your payment, and you hear from us."),
    "joining.signed_in": N_("Welcome: you are signed in."),
}
GONE = 410


# The choice


@bp.get("/join/finish/<token>")
@allow(VISITOR)
def finish(token: str) -> Response:
    row = _application(token)
    if _state(row) != "open":
        return _not_open(row, token)
    return _choice(row, token, _form(row))


@bp.post("/join/finish/<token>")
@allow(VISITOR, rerenders=True)
def choose(token: str) -> AnyResponse:
    row = _application(token)
    if _state(row) != "open":
        return _not_open(row, token)
    form = _form(row)
    if not form.validate():
        return _choice(row, token, form, 422)
    who = _chooser(row, token)
    try:
        if paying.take_paid(who.party_id):
            return go(f"/join/finish/{token}")
        return paying.way_on(paying.keep_choice(form, who).id, who)
    except Refused as refused:
        paying.refuse(form, refused)
        return _choice(_application(token), token, form, status_of(refused))
    except Elsewhere as elsewhere:
        form.complain(elsewhere.text)
        return _choice(_application(token), token, form, elsewhere.status)


@bp.post("/join/finish/<token>/free")
@allow(VISITOR)
def join_free(token: str) -> AnyResponse:
    row, now = _application(token), received_at()
    if _state(row) == "open":
        with write_transaction():
            joining.admit_without_paying(row, now)
    return go(f"/join/finish/{token}")


@bp.post("/join/finish/<token>/paid-already")
@allow(VISITOR, rerenders=True)
def say_paid(token: str) -> AnyResponse:
    row, form = _application(token), PaidForm()
    if _state(row) != "open":
        return _not_open(row, token)
    if not form.validate():
        return _choice(row, token, _form(row, told=False), 422, form)
    with write_transaction():
        joining.say_paid(_party(row), str(form.payer.data), received_at())
    return go(f"/join/finish/{token}", "joining.claimed")


# Not paying


@bp.get("/join/finish/<token>/relief")
@allow(VISITOR)
def relief(token: str) -> Response:
    row = _application(token)
    return _relief(row, token, _relief_form()) if _state(row) == "open" else _not_open(row, token)


@bp.post("/join/finish/<token>/relief")
@allow(VISITOR, rerenders=True)
def take_relief(token: str) -> AnyResponse:
    row, form = _application(token), _relief_form()
    if _state(row) != "open":
        return _not_open(row, token)
    if not form.validate():
        return _relief(row, token, form, 422)
    try:
        with write_transaction():
            joining.reopen(row, received_at())
            save_relief(_party(row), form, received_at())
    except Refused as refused:
        paying.refuse(form, refused)
        return _relief(_application(token), token, form, status_of(refused))
    return go(f"/join/finish/{token}")


def _relief_form() -> ReliefForm:
    return ReliefForm(rule_at(received_at()).longest_pause_months, dues_page.currency())


def _relief(row: Application, token: str, form: ReliefForm, status: int = 200) -> Response:
    speak_for(row.language)
    sign = dues_page.currency_sign()
    return show("membership/relief.html", status, form=form, sign=sign, back=f"/join/finish/{token}", joins=True)


# Back from paying


@bp.get("/join/paid")
@allow(VISITOR)
def paid() -> AnyResponse:
    """Writes what Stripe says, and nothing else: only for a page that we opened ourselves."""
    checkout_id = request.args.get("session_id", "")
    pledge = pledge_by_checkout(checkout_id)
    if pledge is None or pledge.party_id is None:
        return _forgotten(checkout_id)
    party_id, answered = pledge.party_id, True
    try:
        paying.look_and_take(checkout_id, party_id)
    except (ProviderDown, ProviderRefused):
        answered = False
    return _returned(checkout_id, party_id, answered)


def _forgotten(checkout_id: str) -> AnyResponse:
    """Back from a page that was no longer to be paid, because its reader had chosen anew in another tab.

    Whose page it is must be known without it: by the link of joining, or by who is signed in. Raises NotFound.
    """
    token = request.args.get("t", "")
    party_id = _party(_application(token)) if token else current_viewer().party_id
    try:
        is_theirs = bool(party_id and checkout_id) and paying.take_forgotten(checkout_id, party_id)
    except ProviderDown:
        return _returned(checkout_id, party_id, False)
    if not is_theirs:
        raise NotFound
    return _returned(checkout_id, party_id, True)


def _returned(checkout_id: str, party_id: int, answered: bool) -> AnyResponse:
    pledge = pledge_by_checkout(checkout_id) or queries.promise_of(party_id)
    row = queries.application_of(party_id)
    token = _own_token(row)
    membership = queries.membership_of(party_id, received_at())
    if membership is not None and row is not None and token:
        return _admitted(row, membership, token)
    is_paid = pledge is not None and pledge.status not in ("draft", "failed")
    back = f"/join/finish/{token}" if token else "/me/dues"
    if membership is not None and is_paid:
        return _thanks(pledge)
    return show("membership/unpaid.html", 200 if answered else 503, answered=answered, is_paid=is_paid, back=back)


def _thanks(pledge: Pledge | None) -> Response:
    return show("membership/thanks.html", pledge=pledge)


def _own_token(row: Application | None) -> str:
    """The token of joining that came along, if it is this application's."""
    token = request.args.get("t", "")
    try:
        named = _application(token) if token else None
    except NotFound:
        return ""
    return token if named is not None and row is not None and named.id == row.id else ""


# The first sign-in


@bp.post("/join/finish/<token>/sign-in")
@allow(VISITOR)
def sign_in(token: str) -> AnyResponse:
    """Once, soon after joining, into a login that joining made; afterwards a mailed link is asked for as ever."""
    row, now = _application(token), received_at()
    login = _first_login(row)
    if login is None:
        return go("/sign-in")
    with write_transaction():
        leave_session(current_viewer(), now)
        cookie = start_session(login, "mail", this_browser(), now)
    return give_cookie(go("/me", "joining.signed_in"), cookie)


def _first_login(row: Application) -> Login | None:
    login = login_of(_party(row))
    if login is None or row.state != "admitted" or queries.has_signed_in(login.id):
        return None
    opens = opens_first_session(row.created_at, login.created_at, row.state_at, received_at())
    return login if opens else None


# Parts


def _application(token: str) -> Application:
    signer: Signer = current_app.extensions["coopgov.signer"]
    try:
        row = queries.application(int(signer.read(FINISH, token)))
    except (BadToken, TypeError, ValueError):
        raise NotFound from None
    if row is None or row.party_id is None:
        raise NotFound
    return row


def _party(row: Application) -> int:
    assert row.party_id is not None
    return row.party_id


def _state(row: Application) -> str:
    state = joining_state(row.state, row.party_id is not None, row.state_at, received_at())
    return "over" if row.state == "expired" and queries.other_open_application(row) else state


def _chooser(row: Application, token: str) -> Chooser:
    return Chooser(_party(row), f"/join/paid?t={token}", f"/join/finish/{token}", row.id)


def _form(row: Application, told: bool = True) -> ChoiceForm:
    """``told=False``: what came in belongs to another form of the page."""
    tiers = dues_page.choosable(_party(row), received_at())
    ways = dues_page.ways_to_pay(current_settings(), joining_terms())
    before = dues_page.chosen_before(tiers, row.tier_id, queries.promise_or_draft(_party(row)))
    data: dict[str, Any] = {"source": ways[0] if ways else ""}
    if before is not None:
        tier, amount, interval = before
        choice = choice_of(tier, amount)
        data |= {"choice": choice, "interval": interval, "amount": amount if choice.endswith("own") else None}
    return ChoiceForm(tiers, ways, dues_page.currency(), data, told=told)


def _choice(
    row: Application, token: str, form: ChoiceForm, status: int = 200, paid_form: PaidForm | None = None
) -> Response:
    speak_for(row.language)
    tiers, now = dues_page.choosable(_party(row), received_at()), received_at()
    ways = dues_page.ways_to_pay(current_settings(), joining_terms())
    return show(
        "membership/finish.html",
        status,
        form=form,
        paid_form=paid_form or PaidForm(told=False),
        token=token,
        name=names_of([_party(row)]).get(_party(row), row.name),
        asks=joining.asks_dues(now),
        can_pay=bool(tiers) and bool(ways),
        came_back=request.args.get("from") == "opencollective",
        **dues_page.choice_facts(tiers),
    )


def _not_open(row: Application, token: str) -> Response:
    membership = queries.membership_of(_party(row), received_at())
    if membership is not None:
        return _admitted(row, membership, token)
    speak_for(row.language)
    return show("membership/finish_over.html", GONE, was_member=row.state == "admitted")


def _admitted(row: Application, membership: Membership, token: str) -> Response:
    speak_for(row.language)
    now, party_id = received_at(), _party(row)
    judged = judgement(party_id, now)
    standing, why = dues_page.standing_words(judged, rule_at(now))
    return show(
        "membership/admitted.html",
        membership=membership,
        judged=judged,
        standing=standing,
        why=why,
        promise=queries.promise_of(party_id),
        relief=queries.last_relief(party_id),
        is_me=current_viewer().party_id == party_id,
        signs_in=_first_login(row) is not None,
        token=token,
        form=BaseForm(),
    )
