"""Whose a payment is, with the days that it covers worked out from what its member pays."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from coopgov.core.money import Money
from coopgov.funding.models import Contribution
from coopgov.funding.rules.covering import covered_days
from coopgov.funding.rules.matching import Portion
from coopgov.funding.services import matching
from coopgov.infra.coop import the_coop
from coopgov.membership.queries.standing import judgement
from coopgov.treasury.queries.payments import covered_to, price_of

Days = tuple[date, date]  # both included


def proposed_days(party_id: int, amount: Money, paid_on: date, now: datetime) -> Days | None:
    """The whole months that ``amount`` covers at what the party pays, from the day after what is covered, else from
    ``paid_on``; None when it covers no month, or nobody knows what the party pays.

    Covered is what standing says at ``now``: days on relief, and before dues were asked, count as paid.
    """
    price = price_of(party_id, now)
    covered = judgement(party_id, now).covered_to or covered_to(party_id)
    first = covered + timedelta(days=1) if covered else paid_on
    return covered_days(amount, price.amount, price.interval, first) if price else None


def match_payment(row: Contribution, party_id: int, always: bool, by_id: int, now: datetime) -> int:
    """The payment is this party's; ``always``: whatever its payer paid and will pay. Returns how many were matched.

    Raises Refused as funding.services.matching.match.
    """
    matching.match(row, party_id, by_id, now, _days(row, party_id, row.gross, now))
    if not always or row.payer_id is None:
        return 1
    matching.remember_payer(row, by_id, now)
    others = matching.waiting_of_payer(row.payer_id)
    for other in others:
        matching.match(other, party_id, by_id, now, _days(other, party_id, other.gross, now))
    return 1 + len(others)


def split_payment(row: Contribution, parts: Sequence[tuple[int, Money]], by_id: int, now: datetime) -> None:
    """So much of the payment is for each party. Raises Refused as funding.services.matching.split."""
    portions = [Portion(party_id, amount, _days(row, party_id, amount, now)) for party_id, amount in parts]
    matching.split(row, portions, by_id, now)


def _days(row: Contribution, party_id: int, amount: Money, now: datetime) -> Days | None:
    """What the source tells; where it tells nothing, what the amount covers. Gifts cover nothing."""
    if row.covers_from is not None or row.purpose == "donation":
        return None
    coop = the_coop()
    paid_on = row.paid_at.astimezone(ZoneInfo(coop.zone if coop else "UTC")).date()
    return proposed_days(party_id, amount, paid_on, now)
