"""Time passes: whatever is due is charged, in order, each at its own moment."""

from datetime import datetime, timedelta

from coopgov.fakes.opencollective.giving import charge
from coopgov.fakes.opencollective.world import World


def catch_up(world: World) -> None:
    """Brings the world to the present of its clock."""
    if world.clock is not None:
        move_to(world, world.clock() + world.ahead)


def move_to(world: World, until: datetime) -> None:
    """Charges everything due up to ``until``, which then is the present; time never goes back."""
    while (order := world.next_due(until)) is not None:
        assert order.next_charge_date is not None
        world.present = max(world.present, order.next_charge_date)
        charge(world, order)
    world.present = max(world.present, until)


def move_by(world: World, span: timedelta) -> None:
    """Moves the clock on by ``span``; a running one runs on from there. Raises ValueError for a negative span."""
    if span < timedelta():
        raise ValueError("time does not go back")
    catch_up(world)
    world.ahead += span
    move_to(world, world.present + span)
