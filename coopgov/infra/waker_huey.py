"""The waker for many machines: huey's queue on Redis carries the hints. Jobs themselves stay in the database."""

import threading
import time

from huey import RedisHuey

READ_TIMEOUT_S = 1  # how long one blocking read of the queue lasts


class HueyWaker:
    """A wake is a message in huey's queue; each is taken by one worker, and a lost one costs a pause, never a job."""

    def __init__(self, url: str) -> None:
        self._storage = RedisHuey("coopgov", url=url, blocking=True, read_timeout=READ_TIMEOUT_S).storage
        self._stopped = threading.Event()

    def wake(self) -> None:
        """Puts a message into the queue."""
        self._storage.enqueue(b"wake")

    def wait(self, seconds: float) -> None:
        """Takes one message, or returns after ``seconds``."""
        end = time.monotonic() + seconds
        while not self._stopped.is_set() and time.monotonic() < end:
            if self._storage.dequeue() is not None:
                return

    def stop(self) -> None:
        """Ends waiting within READ_TIMEOUT_S."""
        self._stopped.set()

    def close(self) -> None:
        """Closes the connections to Redis."""
        self._storage.conn.close()
