"""The fake's clock: it stands still until it is moved, or runs with the real one and can be put forward."""

import time


class Clock:
    """Epoch seconds. With ``now`` it stands still there; without, it follows real time. It never goes back."""

    def __init__(self, now: int | None = None) -> None:
        self.stands_at = now
        self.ahead = 0  # seconds that a running clock was put forward

    def now(self) -> int:
        """The present instant of the fake."""
        return int(time.time()) + self.ahead if self.stands_at is None else self.stands_at

    def move_to(self, instant: int) -> None:
        """Puts the clock to ``instant``; raises ValueError for one that is past."""
        if instant < self.now():
            raise ValueError("the clock does not go back")
        if self.stands_at is None:
            self.ahead += instant - self.now()
        else:
            self.stands_at = instant
