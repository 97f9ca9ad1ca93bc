#!/usr/bin/env python3
"""Processor time that the fakes need to have a past: what a demo or a test waits for before it begins.

  python bench/fakes.py [--members 200] [--months 14] [--rows 20000] [--rounds 5] [--json]

Measured in this process, without HTTP: subscriptions at the fake Stripe with every invoice paid so far, and believable
rows at the fake Open Collective. The median over the rounds is printed.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime

from coopgov.fakes.opencollective.acts import world_at
from coopgov.fakes.stripe.world import World

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
MONTH_S, HOUR_S = 30 * 86_400, 3_600


def stripe(members: int, months: int) -> None:
    """So many members who have paid £3 each month, begun an hour apart."""
    now = int(NOW.timestamp())
    world = World(now=now, seed=2)
    world.seed_product("prod_member", "Membership")
    for which in range(members):
        world.seed_subscription(
            email=f"{which}@example.org",
            name="A",
            amount=300,
            currency="gbp",
            interval="month",
            started_at=now - months * MONTH_S + which * HOUR_S,
            product="prod_member",
        )


def open_collective(rows: int) -> None:
    """So many rows of believable people over two years."""
    act = {"act": "generate", "transactions": rows, "days": 730, "days_ago": 730, "seed": 1}
    world_at(NOW, begin_days_ago=730, acts=[act])


def seconds(work: Callable[[], None], rounds: int) -> float:
    """Median processor time of one round."""
    taken = []
    for _ in range(rounds):
        began = time.process_time()
        work()
        taken.append(time.process_time() - began)
    return statistics.median(taken)


def main() -> None:
    """Prints what was measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--members", type=int, default=200)
    parser.add_argument("--months", type=int, default=14)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    found = {
        f"Stripe, {asked.members} members × {asked.months} months": lambda: stripe(asked.members, asked.months),
        f"Open Collective, {asked.rows} rows": lambda: open_collective(asked.rows),
    }
    measured = {name: round(seconds(work, asked.rounds), 3) for name, work in found.items()}
    if asked.json:
        print(json.dumps(measured, ensure_ascii=False))
    else:
        print("\n".join(f"{name:<40} {taken:6.2f} s" for name, taken in measured.items()))


if __name__ == "__main__":
    main()
