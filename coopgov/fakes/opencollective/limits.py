"""How often one may ask: 100 times a minute with a token, 10 without (server/routes.ts, lib/express-limiter.ts)."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

WITH_TOKEN, WITHOUT_TOKEN, WINDOW_S = 100, 10, 60


@dataclass
class Allowance:
    """What is left of a window that ends at ``reset`` (seconds of the epoch)."""

    most: int
    left: int
    reset: float

    @property
    def headers(self) -> dict[str, str]:
        """As Open Collective sends them."""
        return {
            "X-RateLimit-Limit": str(self.most),
            "X-RateLimit-Remaining": str(max(0, self.left)),
            "X-RateLimit-Reset": str(math.ceil(self.reset)),
        }


@dataclass
class RateLimit:
    """Counts for each who asks."""

    clock: Callable[[], float]
    allowances: dict[str, Allowance] = field(default_factory=dict)

    def spend(self, who: str, most: int) -> Allowance:
        """One question more from ``who``; ``left`` below nothing means no."""
        now = self.clock()
        there = self.allowances.get(who)
        if there is None or now > there.reset:
            there = self.allowances[who] = Allowance(most, most, now + WINDOW_S)
        there.left = max(-1, there.left - 1)
        return there
