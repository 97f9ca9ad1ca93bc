"""Who is late with dues, by the rule in force."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from coopgov.funding.models import Pledge
from coopgov.identity.queries import names_of, recipients
from coopgov.infra.db import db
from coopgov.membership.queries.standing import in_arrears, judgements
from coopgov.membership.rules.standing import Judgement
from coopgov.treasury.queries.payments import Price
from coopgov.treasury.queries.people import people


@dataclass(frozen=True)
class LateLine:
    """A member in arrears since ``since``. ``email`` is empty for somebody who has none."""

    party_id: int
    name: str
    number: int | None
    email: str
    since: datetime
    judged: Judgement
    price: Price | None


def late_lines(now: datetime) -> list[LateLine]:
    """Members in arrears, the longest first; who pays nothing by agreement is not among them."""
    judged = judgements(now)
    late = in_arrears(judged)
    names, addresses, prices = names_of(late), recipients(late), _prices(late)
    numbers = {one.party_id: one.number for one in people()} if late else {}
    lines = [
        LateLine(
            party_id=party_id,
            name=names[party_id],
            number=numbers.get(party_id),
            email=addresses[party_id].email if party_id in addresses else "",
            since=since,
            judged=judged[party_id],
            price=prices.get(party_id),
        )
        for party_id, since in late.items()
    ]
    return sorted(lines, key=lambda line: (line.since, line.name, line.party_id))


def _prices(party_ids: Collection[int]) -> dict[int, Price]:
    """What each of them promised last, whether it goes on or has ended."""
    begun = Pledge.status.not_in(("draft", "failed"))
    query = select(Pledge).where(begun, Pledge.party_id.in_(party_ids)).order_by(Pledge.id)
    return {row.party_id: Price(row.amount, row.interval) for row in db.session.scalars(query) if row.party_id}
