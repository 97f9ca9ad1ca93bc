"""Money that goes back, and what is put right afterwards."""

from coopgov.fakes.opencollective.booking import payer_sum, write_contribution, write_pair, write_refund
from coopgov.fakes.opencollective.objects import Group, Order
from coopgov.fakes.opencollective.world import World

DISPUTE_FEE_CENTS = 1500


def last_payment(order: Order) -> Group:
    """The newest payment of ``order`` that was not taken back; raises ValueError when there is none."""
    kept = [g for g in order.groups if g.refund_of is None and g.refunded_by is None]
    if not kept:
        raise ValueError("there is nothing to take back")
    return kept[-1]


def refund(world: World, group: Group, kind: str = "REFUND") -> Group:
    """Gives a payment back; a single contribution is then REFUNDED."""
    back = write_refund(world, group, kind)
    if group.order is not None and group.order.frequency == "ONETIME" and kind in ("REFUND", "DISPUTE"):
        group.order.status = "REFUNDED"
    return back


def reject(world: World, order: Order) -> Group:
    """The collective does not want it: the last payment goes back and no more is charged."""
    back = write_refund(world, last_payment(order), "REJECT")
    order.status = "REJECTED"
    world.plan(order, None)
    return back


def edit_added_funds(world: World, group: Group, cents: int) -> Group:
    """The host corrects added funds: the old rows are taken back, new ones written; gives the new group."""
    assert group.order is not None
    write_refund(world, group, "EDIT")
    group.order.cents = cents
    return write_contribution(world, group.order, "ADDED_FUNDS")


def undo_duplicate(world: World, group: Group) -> Group:
    """The platform takes back a charge that it had written twice."""
    return write_refund(world, group, "DUPLICATE")


def dispute(world: World, group: Group) -> None:
    """The payer's bank asks: nothing moves, nothing more is charged."""
    assert group.order is not None
    group.is_disputed, group.updated_at = True, world.present
    group.order.status = "DISPUTED"
    world.plan(group.order, None)


def close_dispute(world: World, group: Group, won: bool) -> Group | None:
    """The bank has decided; a lost one takes the money back and costs the host a fee. It is never charged again."""
    assert group.order is not None
    back = None if won else refund(world, group, "DISPUTE")
    if back is not None:
        fee = payer_sum(world, DISPUTE_FEE_CENTS, world.host.currency)
        write_pair(world, back, "PAYMENT_PROCESSOR_DISPUTE_FEE", world.processor, world.host, fee)
    group.is_disputed, group.updated_at = False, world.present
    once = group.order.frequency == "ONETIME"
    group.order.status = ("PAID" if won else "REFUNDED") if once else "CANCELLED"
    return back


def review(world: World, group: Group) -> None:
    """The processor suspects fraud: nothing is charged for the time being."""
    assert group.order is not None
    group.is_in_review, group.updated_at = True, world.present
    group.order.status = "IN_REVIEW"
    world.plan(group.order, None)
