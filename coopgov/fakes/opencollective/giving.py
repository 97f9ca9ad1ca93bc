"""Contributions: promised, charged, failed, paused, cancelled."""

from dataclasses import dataclass, replace

from coopgov.fakes.opencollective.booking import write_contribution
from coopgov.fakes.opencollective.charge_days import MOST_TRIES, after_failing, after_joining, after_paying
from coopgov.fakes.opencollective.objects import Account, Group, Order, PaymentMethod, Tier
from coopgov.fakes.opencollective.world import World

LONGEST_TAG = 32
CARD = PaymentMethod("STRIPE", "CREDITCARD")
BACS = PaymentMethod("STRIPE", "BACS_DEBIT")
GIFT_CARD = PaymentMethod("OPENCOLLECTIVE", "GIFTCARD")
METHODS = {
    "card": CARD,
    "bacs": BACS,
    "sepa": PaymentMethod("STRIPE", "SEPA_DEBIT"),
    "paypal": PaymentMethod("PAYPAL", "SUBSCRIPTION"),
    "giftcard": GIFT_CARD,
    "balance": PaymentMethod("OPENCOLLECTIVE", "COLLECTIVE"),
    "transfer": None,
}


@dataclass(frozen=True, slots=True)
class Offer:
    """What somebody wants to give. ``outcome``: paid, processing (a debit under way), pending (a bank transfer is
    awaited), declined, unconfirmed (the bank wants the payer's word)."""

    cents: int
    frequency: str = "ONETIME"
    tier: Tier | None = None
    method: str = "card"
    currency: str = ""
    quantity: int = 1
    tip_cents: int = 0
    tags: tuple[str, ...] = ()
    gift_card_from: Account | None = None
    to: Account | None = None
    outcome: str = "paid"


WAITING = {"processing": "PROCESSING", "pending": "PENDING", "declined": "ERROR"}
WAITING |= {"unconfirmed": "REQUIRE_CLIENT_CONFIRMATION"}


def kept_tags(tags: tuple[str, ...]) -> tuple[str, ...]:
    """Tags as Open Collective keeps them: small letters, at most 32 each (server/lib/tags.ts). Raises ValueError."""
    words = [" ".join(tag.split()).lstrip("#").lower() for given in tags for tag in given.split(",")]
    for word in words:
        if len(word) > LONGEST_TAG:
            raise ValueError(f"Tag {word} is too long, must me shorter than {LONGEST_TAG} characters")
    return tuple(dict.fromkeys(word for word in words if word))


def contribute(world: World, payer: Account, offer: Offer) -> Order:
    """A new contribution; its first payment unless the outcome is another. Raises ValueError for no amount."""
    tags = kept_tags(offer.tags)
    if offer.cents <= 0 or offer.quantity <= 0:
        raise ValueError("amount must be more than nothing")
    if offer.gift_card_from is not None:
        offer = replace(offer, method="giftcard")
    to = offer.to or world.collective
    order = Order(
        world.number(),
        payer,
        to,
        offer.cents,
        offer.currency or to.currency,
        offer.frequency,
        WAITING.get(offer.outcome, "NEW"),
        world.present,
        METHODS[offer.method],
        offer.tier,
        offer.quantity,
        offer.tip_cents,
        tags,
        f"Contribution to {to.name}",
        offer.gift_card_from,
    )
    world.keep_order(order)
    if offer.outcome == "paid":
        settle(world, order)
    return order


def settle(world: World, order: Order) -> Group:
    """The first payment arrives: of a card at once, of a debit or a transfer later. Raises ValueError for a second."""
    if order.processed_at is not None:
        raise ValueError("it is paid already")
    group = write_contribution(world, order)
    order.processed_at = order.last_charged_at = order.updated_at = world.present
    order.status = "PAID" if order.frequency == "ONETIME" else "ACTIVE"
    if order.frequency != "ONETIME":
        _subscribe(world, order)
    return group


def _subscribe(world: World, order: Order) -> None:
    order.is_subscribed = True
    rule = after_paying if _keeps_its_day(order) else after_joining
    order.period_start = rule(order.frequency, world.present)
    world.plan(order, order.period_start)


def _keeps_its_day(order: Order) -> bool:
    return order.payment_method is not None and order.payment_method.service == "PAYPAL"


def charge(world: World, order: Order) -> Group | None:
    """The charge that is due now: None when the payer's bank says no."""
    if order.declines:
        order.declines -= 1
        _failed(world, order)
        return None
    if order.status == "PROCESSING":
        raise ValueError("a debit is under way")
    group = write_contribution(world, order)
    assert order.period_start is not None
    order.period_start = after_paying(order.frequency, order.period_start)
    order.status, order.tries, order.last_charged_at = "ACTIVE", 0, world.present
    world.plan(order, order.period_start)
    return group


def _failed(world: World, order: Order) -> None:
    order.tries += 1
    order.status = "ERROR" if order.tries < MOST_TRIES else "CANCELLED"
    world.plan(order, after_failing(order.tries, world.present) if order.status == "ERROR" else None)


def decline_next(order: Order, times: int = 1) -> None:
    """The next ``times`` charges of ``order`` will fail."""
    order.declines = times


def renew_card(world: World, order: Order) -> None:
    """The payer gives another card: it is charged now."""
    order.tries = order.declines = 0
    world.plan(order, world.present)


def pause(world: World, order: Order) -> None:
    """Stops charging until it is resumed."""
    order.status = "PAUSED"
    world.plan(order, None)


def resume(world: World, order: Order) -> None:
    """Charges again, from the day it would have been or from now."""
    order.status = "ACTIVE"
    start = order.period_start or world.present
    order.period_start = max(start, world.present)
    world.plan(order, order.period_start)


def cancel(world: World, order: Order) -> None:
    """Ends it for good; what is paid stays paid."""
    order.status = "CANCELLED"
    world.plan(order, None)


def expire(world: World, order: Order) -> None:
    """The bank transfer never came."""
    order.status = "EXPIRED"
    world.plan(order, None)


def change_amount(world: World, order: Order, cents: int) -> None:
    """Another amount from the next charge on."""
    order.cents, order.updated_at = cents, world.present
