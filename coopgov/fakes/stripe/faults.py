"""Faults on demand: the next requests to a path fail, before they do anything or after."""

import re
import threading
from dataclasses import dataclass
from typing import Any

STATUSES = (500, 503, 429, "timeout", "reset")


@dataclass
class Fault:
    """How to fail: ``status`` is one of STATUSES; ``seconds`` is how long a timeout lasts."""

    path: re.Pattern[str]
    status: int | str
    times: int = 1
    after_effect: bool = False
    method: str = ""
    seconds: float = 90


class Faults:
    """Faults that are still to come."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._list: list[Fault] = []

    def add(self, wanted: dict[str, Any]) -> None:
        """Plans a fault from ``{"path": regex, "status", "times", "after_effect", "method", "seconds"}``.

        Raises ValueError or TypeError for what cannot be meant.
        """
        if wanted.get("status") not in STATUSES:
            raise ValueError(f"status is one of {STATUSES}")
        try:
            pattern = re.compile(wanted.get("path", ""))
        except re.error as error:
            raise ValueError(f"path: {error}") from error
        with self._lock:
            self._list.append(Fault(**(wanted | {"path": pattern})))

    def clear(self) -> None:
        """No fault is to come any more."""
        with self._lock:
            self._list.clear()

    def take(self, method: str, path: str) -> Fault | None:
        """The fault that this request meets, counted down."""
        with self._lock:
            for fault in self._list:
                if fault.path.search(path) and fault.method in ("", method):
                    fault.times -= 1
                    if fault.times <= 0:
                        self._list.remove(fault)
                    return fault
        return None
