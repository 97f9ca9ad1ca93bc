"""Relief that the treasurer agrees with a member: for others, never for themselves."""

from dataclasses import dataclass
from datetime import datetime

from coopgov.core.errors import Refused
from coopgov.core.money import Money
from coopgov.infra.db import writing_session
from coopgov.membership.services import relief
from coopgov.treasury.rules import refuse_own_relief


@dataclass(frozen=True, kw_only=True)
class Help:
    """What helps: ``pause`` for ``months``, or ``less`` until further notice, ``amount`` each month."""

    kind: str
    months: int = 0
    amount: Money | None = None


def relieve(party_id: int, wanted: Help, by_id: int, now: datetime) -> None:
    """The member pays as ``wanted`` from now on, and gets a mail that says so.

    Raises Refused: ``treasury.*``, ``relief.*``.
    """
    writing_session()
    refuse_own_relief(party_id, by_id)
    if wanted.kind == "pause":
        relief.pause(party_id, wanted.months, by_id, now)
    elif wanted.kind != "less":
        raise Refused("treasury.relief_kind", field="kind")
    elif wanted.amount is None:
        raise Refused("treasury.relief_amount", field="amount")
    else:
        relief.pay_less(party_id, wanted.amount, by_id, now)
