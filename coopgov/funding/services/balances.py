"""What a provider says that it holds, laid beside the ledger."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select

from coopgov.core.money import Money, zero
from coopgov.funding.models import Balance, Posting
from coopgov.funding.rules.ledger import ASSETS
from coopgov.funding.services.findings import close_about, open_finding
from coopgov.infra.db import writing_session


def weigh(source: str, balances: Sequence[Money], now: datetime) -> None:
    """Writes down what ``source`` holds, a sum for each currency; where the ledger says otherwise, that waits for the
    treasurer until they agree again. Nothing told, nothing compared."""
    session = writing_session()
    if not balances:
        return
    booked = _booked(ASSETS[source])
    for told in balances:
        session.add(Balance(source=source, amount_minor=told.minor, currency=told.currency, at=now))
        _compare(source, told, booked.pop(told.currency, zero(told.currency)), now)
    for untold in booked.values():
        _compare(source, zero(untold.currency), untold, now)


def _booked(account: str) -> dict[str, Money]:
    sums = select(Posting.currency, func.sum(Posting.amount_minor)).where(Posting.account == account)
    rows = writing_session().execute(sums.group_by(Posting.currency))
    return {currency: Money(int(minor), currency) for currency, minor in rows}


def _compare(source: str, told: Money, booked: Money, now: datetime) -> None:
    subject = f"{source}:{told.currency}"
    if told == booked:
        close_about("balance_differs", subject, "", now)
        return
    facts: dict[str, str | int] = {"told": told.minor, "booked": booked.minor, "currency": told.currency}
    row = open_finding("balance_differs", subject, facts, now)
    row.facts = facts  # since when it differs stays, by how much is today's
