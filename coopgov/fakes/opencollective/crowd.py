"""Believable people in any number: they join, pay monthly or yearly, tip, fail, leave, are refunded."""

import random
from datetime import datetime, timedelta

from coopgov.fakes.opencollective.giving import Offer, cancel, contribute, decline_next
from coopgov.fakes.opencollective.objects import Account, Order
from coopgov.fakes.opencollective.passing import move_to
from coopgov.fakes.opencollective.spending import pay_expense
from coopgov.fakes.opencollective.undoing import last_payment, refund
from coopgov.fakes.opencollective.world import World

FIRST_NAMES = """Amara Bethan Callum Dilys Ewan Freya Gethin Hana Iolo Jaya Kofi Lowri Mairi Niamh Owain Priya Rhian
Sanjay Tegan Umar Vesna Wren Yusuf Zofia Aled Bronwen Cerys Daffyd Elin Farid Gwen Huw"""
LAST_NAMES = """Adeyemi Bevan Campbell Davies Evans Fraser Griffiths Hughes Ibrahim Jones Khan Lloyd Morgan Nowak Owen
Price Quinn Rees Singh Thomas Usman Vaughan Williams Young Zielinski Murray Patel Hall"""
FIRST, LAST = FIRST_NAMES.split(), LAST_NAMES.split()
MONTH = timedelta(days=30)
USUAL_CENTS = (100, 100, 200, 300, 300, 500, 500, 1000)
ROWS_OF_A_PAYMENT = 3  # host fee, processor's fee, contribution


def fill(world: World, transactions: int, until: datetime, seed: int = 1) -> int:
    """Lets people come from the present to ``until``, so that the collective has at least so many rows more.

    The same world and seed give the same people. Gives how many rows there are then; the excess is a few.
    """
    chance = random.Random(seed)  # noqa: S311  believable, not secret
    goal = len(world.rows_of(world.collective)) + transactions
    begun = world.present
    months = max(1, (until - begun) // MONTH)
    recurring: list[Order] = []
    for month in range(months):
        joins = _joins(world, goal, months - month, recurring)
        starts = begun + (until - begun) * month / months
        length = (until - begun) / months
        for at in sorted(starts + length * chance.random() for _ in range(joins)):
            move_to(world, at)
            _somebody_joins(world, chance, recurring)
        _something_happens(world, chance, recurring)
    move_to(world, until)
    while len(world.rows_of(world.collective)) < goal:
        contribute(world, _somebody(world, chance), Offer(chance.choice(USUAL_CENTS)))
    return len(world.rows_of(world.collective))


def _joins(world: World, goal: int, months_left: int, recurring: list[Order]) -> int:
    """How many have to join this month, if as many do in each month to come, for the goal to be met."""
    active = sum(1 for order in recurring if order.frequency == "MONTHLY" and order.status in ("ACTIVE", "ERROR"))
    missing = goal - len(world.rows_of(world.collective)) - ROWS_OF_A_PAYMENT * active * months_left
    return max(0, round(missing / (ROWS_OF_A_PAYMENT * months_left * (months_left + 1) / 2)))


def _somebody_joins(world: World, chance: random.Random, recurring: list[Order]) -> None:
    frequency = chance.choices(("MONTHLY", "YEARLY", "ONETIME"), (88, 8, 4))[0]
    cents = chance.choice(USUAL_CENTS) * (12 if frequency == "YEARLY" else 1)
    tip = cents // 10 if chance.random() < 0.15 else 0
    method = chance.choices(("card", "bacs", "paypal"), (80, 12, 8))[0]
    order = contribute(world, _somebody(world, chance), Offer(cents, frequency, tip_cents=tip, method=method))
    if frequency != "ONETIME":
        recurring.append(order)
        if chance.random() < 0.03:
            decline_next(order, chance.choice((1, 2, 6)))


def _somebody(world: World, chance: random.Random) -> Account:
    number = world.number()
    name = f"{chance.choice(FIRST)} {chance.choice(LAST)}"
    slug = f"{name.lower().replace(' ', '-')}-{number}"
    match chance.choices(("person", "guest", "incognito", "organisation"), (78, 15, 4, 3))[0]:
        case "guest":
            return world.new_account(f"guest-{number:08x}", name, email=f"{slug}@example.org", is_guest=True)
        case "incognito":
            return world.new_account(f"incognito-{number:08x}", "incognito", is_incognito=True)
        case "organisation":
            return world.new_account(f"{slug}-coop", f"{name.split()[1]} & Co-operators", "ORGANIZATION")
        case _:
            return world.new_account(slug, name, email=f"{slug}@example.org")


def _something_happens(world: World, chance: random.Random, recurring: list[Order]) -> None:
    """Once a month: an expense, somebody leaves, sometimes a refund."""
    if world.balance_cents() > 5_000:
        pay_expense(world, world.platform, world.balance_cents() // 4, "Hosting", "INVOICE")
    leaving = [order for order in recurring if order.status == "ACTIVE" and chance.random() < 0.01]
    for order in leaving:
        cancel(world, order)
    if leaving and chance.random() < 0.5:
        refund(world, last_payment(leaving[0]))
