"""Writes of dues: choosing what to pay, changing it, cancelling it, leaving."""

from dataclasses import dataclass
from datetime import datetime

from coopgov.core.errors import Refused
from coopgov.core.money import Money
from coopgov.funding.models import Pledge
from coopgov.funding.queries.pledges import live_pledge
from coopgov.funding.services.pledges import Wanted, ask_change, draft_pledge, drop_draft
from coopgov.infra import audit
from coopgov.infra.db import writing_session
from coopgov.membership.models import Tier
from coopgov.membership.queries import tiers
from coopgov.membership.queries.register import open_membership
from coopgov.membership.queries.standing import relief_at
from coopgov.membership.rules.tiers import MONTHS, check_choice
from coopgov.membership.services import dues_mails as mails
from coopgov.membership.services.register import cease, keep_an_administrator
from coopgov.membership.services.relief import end_for_good
from coopgov.membership.services.stopping import stop_paying


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What somebody wants to pay: ``monthly`` for one month, billed once each ``interval`` (month, year)."""

    tier_id: int
    monthly: Money
    interval: str

    @property
    def amount(self) -> Money:
        """What is charged each interval. Raises KeyError for an interval that there is not."""
        return self.monthly * MONTHS[self.interval]


def choose(party_id: int, choice: Choice, source: str, now: datetime) -> Pledge:
    """The party's draft at ``source`` with these wishes; the same one again, whatever is clicked twice.

    Raises Refused: ``tier.*`` or ``amount.*`` beside the field, ``dues.paying_already``.
    """
    writing_session()
    if live_pledge(party_id) is not None:
        raise Refused("dues.paying_already")
    tier = _checked(party_id, choice, None, now)
    wanted = Wanted(
        party_id=party_id,
        source=source,
        amount=choice.amount,
        interval=choice.interval,
        product=f"tier:{tier.id}",
        title=tier.name,
    )
    return draft_pledge(wanted, now)


def change(pledge: Pledge, choice: Choice, by: int, now: datetime) -> None:
    """Asks for another amount, tier or interval, from the next period on. Raises Refused as ``choose`` does, and
    ("pledge.elsewhere") for a payment that is changed at its provider.

    What equals the pledge already is not asked for.
    """
    tier = _checked(by, choice, pledge, now)
    product = f"tier:{tier.id}"
    if pledge.status == "draft":
        choose(by, choice, pledge.source, now)
    elif (pledge.amount, pledge.interval, pledge.product) != (choice.amount, choice.interval, product):
        ask_change(
            pledge,
            "amount",
            now,
            by,
            amount=choice.amount,
            interval=choice.interval,
            product=product,
            title=tier.name,
        )


def _checked(party_id: int, choice: Choice, pledge: Pledge | None, now: datetime) -> Tier:
    """The tier that is chosen. One's own stays open when it is withdrawn, and its amount when the minimum rises; who
    pays less by agreement may pay that."""
    tier = tiers.tier(choice.tier_id)
    own = pledge is not None and tier is not None and pledge.product == f"tier:{tier.id}"
    offered = tier is not None and any(row.id == tier.id for row in tiers.tiers_offered(now))
    if tier is None or not (own or offered):
        raise Refused("tier.unknown", field="choice")
    relief, minimum = relief_at(party_id, now), tier.minimum
    if relief is not None and relief.kind == "reduced" and relief.currency == minimum.currency:
        minimum = min(minimum, relief.amount, key=lambda amount: amount.minor)
    already = pledge.amount if own and pledge is not None and pledge.interval == choice.interval else None
    if choice.interval not in MONTHS:
        raise Refused("tier.interval", field="interval")
    check_choice(choice.amount, choice.interval, minimum=minimum, intervals=tier.intervals, already=already)
    return tier


def cancel(pledge: Pledge, by: int, now: datetime) -> None:
    """Nothing is charged after the period that is paid; twice changes nothing.

    Raises Refused("dues.nothing_to_cancel"), or ("pledge.elsewhere") for what is cancelled at its provider.
    """
    writing_session()
    if pledge.status == "draft":
        drop_draft(pledge, now)
        return
    if pledge.status in ("ending", "ended") or (pledge.asked or {}).get("kind") == "cancel":
        return
    if pledge.status == "failed":
        raise Refused("dues.nothing_to_cancel")
    ask_change(pledge, "cancel", now, by)


def keep_going(pledge: Pledge, by: int, now: datetime) -> None:
    """Cancels no more. Raises Refused("pledge.not_live") when it is too late, ("pledge.elsewhere")."""
    writing_session()
    if pledge.status == "ending" or (pledge.asked or {}).get("kind") == "cancel":
        ask_change(pledge, "keep", now, by)


def resign(party_id: int, now: datetime) -> bool:
    """Ends the membership by the member's own wish, and with it what they pay; paid money stays paid.

    Returns True when a payment is left that only its payer can stop, at its provider. Raises Refused("member.not"),
    or ("office.last") for the last administrator, who appoints another one first.
    """
    membership = open_membership(party_id)
    if membership is None:
        raise Refused("member.not")
    keep_an_administrator(party_id, now)
    elsewhere = stop_paying(party_id, now)
    end_for_good(party_id, now)
    cease(party_id, "resigned", now, party_id)
    audit.record(party_id, "dues.ended", f"party:{party_id}", now)
    mails.left(party_id, membership.number, elsewhere, now)
    return elsewhere
