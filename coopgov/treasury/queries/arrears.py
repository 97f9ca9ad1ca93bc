"""Who is late with dues, by the rule in force."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from coopgov.funding.models import Pledge
from coopgov.funding.rules.payments import LIVE_PLEDGES
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
    """What each of them promised and goes on to promise; the newest promise counts."""
    live = select(Pledge).where(Pledge.status.in_(LIVE_PLEDGES), Pledge.party_id.is_not(None)).order_by(Pledge.id)
    if not party_ids:
        return {}
    rows = {row.party_id: row for row in db.session.scalars(live) if row.party_id in party_ids}
    return {party_id: Price(row.amount, row.interval) for party_id, row in rows.items() if party_id is not None}
