"""What a process asks of others because strangers made it: little at a time, nothing twice in a short while.

A stranger chooses which key we fetch, so without bounds every thread of ours could wait for a server of theirs, and
every message could make us knock at somebody else's door. The memory in here is bounded, too.
"""

import threading
from collections import Counter, OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as TookTooLong
from datetime import datetime, timedelta
from typing import Generic, TypeVar

MOST_AT_ONCE = 3  # questions under way; of 8 threads that answer requests at least two always stay free
MOST_AT_ONE_SERVER = 2
MOST_WAITING = 6  # questions under way, and requests that wait for the answer to the same one
WAIT_S = 3.0
AGAIN_AFTER = timedelta(minutes=5)  # one question about one key
MOST_FAILURES = 30  # of one server within AGAIN_AFTER
MOST_REMEMBERED = 5_000
BUSY = timedelta(seconds=10)

Found = TypeVar("Found")


class AskedLately(Exception):
    """It was asked within AGAIN_AFTER, and there was no answer of any use."""


class AskLater(Exception):
    """Not now. ``is_theirs``: their server failed too often of late; otherwise it is us who have enough to do."""

    def __init__(self, wait: timedelta, *, is_theirs: bool) -> None:
        super().__init__(str(wait))
        self.wait, self.is_theirs = wait, is_theirs


class Askings(Generic[Found]):
    """The questions of one process, safe between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._under_way: dict[str, Future[Found]] = {}
        self._servers: Counter[str] = Counter()
        self._waiting = 0
        self._asked: OrderedDict[str, datetime] = OrderedDict()
        self._failures: OrderedDict[str, list[datetime]] = OrderedDict()

    def ask(self, what: str, server: str, now: datetime, question: Callable[[], Found]) -> Found:
        """The answer of ``question`` about ``what`` at ``server``; whoever asks the same meanwhile gets the same.

        Raises what ``question`` raises, AskedLately, AskLater.
        """
        with self._lock:
            ours, is_first = self._turn(what, server, now)
        return self._put(what, server, now, question, ours) if is_first else self._wait(ours)

    def _turn(self, what: str, server: str, now: datetime) -> tuple["Future[Found]", bool]:
        if self._waiting >= MOST_WAITING:
            raise AskLater(BUSY, is_theirs=False)
        known = self._under_way.get(what)
        if known is None:
            self._refuse_too_much(what, server, now)
            known = self._under_way[what] = Future()
            self._servers[server] += 1
            _remember(self._asked, what, now)
            self._waiting += 1
            return known, True
        self._waiting += 1
        return known, False

    def _refuse_too_much(self, what: str, server: str, now: datetime) -> None:
        asked = self._asked.get(what)
        if asked is not None and now - asked < AGAIN_AFTER:
            raise AskedLately
        failures = [at for at in self._failures.get(server, ()) if now - at < AGAIN_AFTER]
        if len(failures) >= MOST_FAILURES:
            raise AskLater(failures[0] + AGAIN_AFTER - now, is_theirs=True)
        if len(self._under_way) >= MOST_AT_ONCE or self._servers[server] >= MOST_AT_ONE_SERVER:
            raise AskLater(BUSY, is_theirs=False)

    def _put(
        self, what: str, server: str, now: datetime, question: Callable[[], Found], ours: "Future[Found]"
    ) -> Found:
        try:
            ours.set_result(question())
        except BaseException as error:
            ours.set_exception(error)
        with self._lock:
            del self._under_way[what]
            self._waiting -= 1
            self._servers = self._servers - Counter([server])  # forgets those at nought
            if ours.exception() is None:
                self._asked.pop(what, None)  # whoever asked writes down the answer, with its time
            else:
                _remember(self._failures, server, [*self._failures.get(server, ())[-MOST_FAILURES:], now])
        return ours.result()

    def _wait(self, answer: "Future[Found]") -> Found:
        try:
            return answer.result(WAIT_S)
        except TookTooLong as error:
            if answer.done():  # it is the question itself that took too long
                raise
            raise AskLater(BUSY, is_theirs=False) from error
        finally:
            with self._lock:
                self._waiting -= 1


Kept = TypeVar("Kept")


def _remember(memory: OrderedDict[str, Kept], name: str, value: Kept) -> None:
    memory[name] = value
    memory.move_to_end(name)
    while len(memory) > MOST_REMEMBERED:
        memory.popitem(last=False)
