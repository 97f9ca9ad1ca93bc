"""A secret vote as it is sent, on the proposal's page or by the mailed link."""

from collections.abc import Callable

from flask import Response

from coopgov.core.errors import Refused
from coopgov.decisions.forms.ballots import BallotForm, SecretBallotForm
from coopgov.decisions.queries import proposals
from coopgov.decisions.routes.reading import ballot_form
from coopgov.decisions.services import secret
from coopgov.infra.db import write_transaction
from coopgov.infra.web.answers import status_of, text_of
from coopgov.infra.web.moment import received_at
from coopgov.infra.web.pages import show

STEP = 16_384  # bytes


def cast_secretly(number: int, party_id: int, again: Callable[[BallotForm, int], Response]) -> Response:
    """The receipt, or the form ``again`` with what is wrong; either equally long for all choices. No redirect follows,
    and nobody keeps the answer."""
    sheet = proposals.sheet(number)
    form = ballot_form(sheet)
    assert isinstance(form, SecretBallotForm)
    if not form.validate():
        return even(again(form, 422))
    choice, nonce, mark = form.choice.data, form.nonce.data or "", form.mark.data or ""
    try:
        with write_transaction():
            accepted = secret.cast_secret_ballot(number, party_id, choice, nonce, mark, received_at())
    except Refused as refused:
        form.refuse(refused, text_of(refused))
        return even(again(form, status_of(refused)))
    return even(show("decisions/accepted.html", proposal=proposals.sheet(number).proposal, accepted=accepted))


def even(response: Response) -> Response:
    """The same page with blanks behind it, up to a whole number of STEPs."""
    body = response.get_data()
    response.set_data(body.ljust(-(-len(body) // STEP) * STEP))
    return response
