"""A team of threads that deliver at the same time, so that nobody waits for an inbox that hangs.

Of each server at most two parcels are under way at once, in the order in which they were handed over. When a server
turns out to be in trouble, what else is meant for it comes back untried. Servers that failed before are tried by a few
threads of their own: however many of them hang, the others are served.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from queue import SimpleQueue

from coopgov.federation.rules.delivering import Meaning, Parcel, Result

AT_ONCE = 2  # of one server
STEADY = 4  # threads that are not waiting for somebody; more would only fight over the processor
WAITS_S = 0.05  # a delivery that takes longer waits for the other side: another thread stands in
MOST_COURIERS = 32
MOST_PROBERS = 8
PATIENCE_S = 11.0  # for deliveries under way at the end; what does not come back goes out again later
HANDFUL = 100  # results that are worth writing down at once
TROUBLE = (Meaning.DOWN, Meaning.BUSY)
log = logging.getLogger(__name__)


class _Hands:
    """Threads that take turns: ``STEADY`` at work, and one more for each that waits, up to ``most``."""

    def __init__(self, work: Callable[[str], None], most: int) -> None:
        self._work, self._most = work, most
        self._turns: SimpleQueue[str] = SimpleQueue()  # names of servers; the empty one ends a thread
        self._since: dict[threading.Thread, float] = {}  # when each began what it is doing; 0 for nothing
        self._lock, self._is_over = threading.Lock(), False

    def take(self, host: str) -> None:
        """Somebody will work for this server once, in its turn."""
        self._turns.put(host)

    def reinforce(self) -> None:
        """Starts threads if turns wait because those who could take them wait for somebody."""
        if self._turns.empty():
            return
        with self._lock:
            wanted = min(STEADY - self._at_work(), self._most - len(self._since), self._turns.qsize())
            for _ in range(0 if self._is_over else wanted):
                thread = threading.Thread(target=self._run, name="courier", daemon=True)
                self._since[thread] = 0.0
                thread.start()

    def stop(self) -> None:
        """Returns when all turns are done, or after PATIENCE_S: who still waits then is left behind."""
        with self._lock:
            self._is_over, threads = True, list(self._since)
        for _ in threads:
            self._turns.put("")
        ends = time.monotonic() + PATIENCE_S
        for thread in threads:
            thread.join(max(ends - time.monotonic(), 0))

    def _at_work(self) -> int:
        """Threads that do not wait for somebody."""
        long_ago = time.monotonic() - WAITS_S
        return sum(1 for since in self._since.values() if not since or since > long_ago)

    def _run(self) -> None:
        me = threading.current_thread()
        while host := self._turns.get():
            with self._lock:
                self._since[me] = time.monotonic()
            self.reinforce()
            self._work(host)
            with self._lock:
                self._since[me] = 0.0
                if self._at_work() > 2 * STEADY:
                    del self._since[me]
                    return


@dataclass
class _Lane:
    """What waits for one server, and how many turns it has."""

    hands: _Hands
    waiting: deque[Parcel] = field(default_factory=deque)
    turns: int = 0


class Team:
    """``deliver`` makes one delivery; ``nudge`` is called when a handful of results is there, or all of them."""

    def __init__(self, deliver: Callable[[Parcel], Result], nudge: Callable[[], None]) -> None:
        self._deliver, self._nudge = deliver, nudge
        self._lanes: dict[str, _Lane] = {}
        self._results: list[Result] = []
        self._out, self._lock = 0, threading.Lock()
        self._couriers, self._probers = _Hands(self._go, MOST_COURIERS), _Hands(self._go, MOST_PROBERS)

    def hand_over(self, parcels: Iterable[Parcel]) -> None:
        """Takes parcels on."""
        with self._lock:
            for parcel in parcels:
                hands = self._probers if parcel.is_probe else self._couriers
                lane = self._lanes.setdefault(parcel.host, _Lane(hands))
                lane.waiting.append(parcel)
                self._out += 1
                if lane.turns < AT_ONCE:
                    lane.turns += 1
                    lane.hands.take(parcel.host)
        self._couriers.reinforce()
        self._probers.reinforce()

    def results(self) -> list[Result]:
        """What came of parcels since the last time, in that order. Ask often: it also looks who waits too long."""
        self._couriers.reinforce()
        self._probers.reinforce()
        with self._lock:
            found, self._results = self._results, []
        return found

    def stop(self) -> None:
        """Gives back what has not begun, and returns when what has is done."""
        with self._lock:
            for lane in self._lanes.values():
                self._give_back(lane)
        self._couriers.stop()
        self._probers.stop()

    def _go(self, host: str) -> None:
        """One turn for a server: one parcel, if there still is one."""
        with self._lock:
            lane = self._lanes[host]
            parcel = lane.waiting.popleft() if lane.waiting else None
        result = self._tried(parcel) if parcel is not None else None
        with self._lock:
            if result is not None:
                self._come_back(lane, result)
            goes_on = bool(lane.waiting)
            if not goes_on:
                self._leave(host, lane)
            is_news = len(self._results) >= HANDFUL or self._out == 0
        if goes_on:
            lane.hands.take(host)  # behind the others: a server with much to get does not keep them waiting
        if is_news:
            self._nudge()

    def _tried(self, parcel: Parcel) -> Result:
        try:
            return self._deliver(parcel)
        except Exception as error:
            log.exception("delivery %s could not be tried", parcel.delivery_id)
            return Result(parcel=parcel, meaning=Meaning.HELD, error=type(error).__name__)

    def _come_back(self, lane: _Lane, result: Result) -> None:
        self._results.append(result)
        self._out -= 1
        if result.meaning in TROUBLE:
            self._give_back(lane)

    def _give_back(self, lane: _Lane) -> None:
        self._results += [Result(parcel=parcel, meaning=Meaning.UNTRIED) for parcel in lane.waiting]
        self._out -= len(lane.waiting)
        lane.waiting.clear()

    def _leave(self, host: str, lane: _Lane) -> None:
        lane.turns -= 1
        if lane.turns == 0:
            del self._lanes[host]
