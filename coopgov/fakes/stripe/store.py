"""All that the fake knows: objects by kind in Stripe's own shape, notes beside them, what is due when."""

import heapq
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from coopgov.fakes.stripe.clock import Clock
from coopgov.fakes.stripe.errors import missing
from coopgov.fakes.stripe.shapes import PREFIXES, Object, blank

Appointment = tuple[int, int, str, str]  # when, order among equals, what, the object's id
DEFAULTS: dict[str, Any] = {
    "livemode": False,
    "first_failure": "incomplete",  # or paused: what a first payment's failure makes of a subscription
    "final_failure": "canceled",  # or unpaid, paused, past_due: after the last retry
    "fee_delay": 0,  # seconds after which a charge gets its balance transaction
    "webhooks": {"duplicate": 0, "reorder": False, "delay": 0, "drop": False, "hold": False},
}


@dataclass
class Asking:
    """The request being answered, as its events will name it."""

    id: str | None = None
    key: str | None = None
    livemode: bool = False


class Store:
    """The state, its clock and its chance. Whoever reads or writes holds ``lock``."""

    def __init__(self, clock: Clock, seed: int | None = None) -> None:
        self.lock = threading.RLock()
        self.clock, self.seed = clock, seed
        self.base_url = "http://127.0.0.1:12111"
        self.asking = Asking()
        self.at: int | None = None  # while what was due at that instant is being done
        self.muted = False  # while history is seeded: no events
        self.forget_all()

    def forget_all(self) -> None:
        """Back to an empty account."""
        self.tables: dict[str, dict[str, Object]] = {kind: {} for kind in PREFIXES}
        self._owned: dict[tuple[str, str], tuple[tuple[int, str], dict[str, list[Object]]]] = {}
        self.notes_of: dict[str, dict[str, Any]] = {}
        self.agenda: list[Appointment] = []
        self.deliveries: list[dict[str, Any]] = []
        self.settings: dict[str, Any] = DEFAULTS | {"webhooks": dict(DEFAULTS["webhooks"])}
        self.made = 0
        self.rng = random.Random(self.seed)  # noqa: S311 - ids of a fake

    @property
    def now(self) -> int:
        """The instant at which whatever happens now happens, in epoch seconds."""
        return self.clock.now() if self.at is None else self.at

    @property
    def livemode(self) -> bool:
        """What objects say of themselves: the switch, or the key of the request."""
        return bool(self.settings["livemode"]) or self.asking.livemode

    def new_id(self, kind: str) -> str:
        """An id that nothing has."""
        while (found := PREFIXES[kind] + f"{self.rng.getrandbits(96):024x}") in self.tables[kind]:
            pass
        return found

    def add(self, kind: str, **fields: Any) -> Object:
        """A new object of this kind, born now, kept."""
        fresh = self.sketch(kind, **fields)
        self.tables[kind][fresh["id"]] = fresh
        return fresh

    def sketch(self, kind: str, **fields: Any) -> Object:
        """A new object of this kind that nobody keeps."""
        fresh = blank(kind)
        if "created" in fresh:
            fresh["created"] = self.now
        fresh["id"] = fields.pop("id", None) or self.new_id(kind)
        assert fields.keys() <= fresh.keys(), fields.keys() - fresh.keys()
        return fresh | fields

    def get(self, kind: str, object_id: str, param: str = "id") -> Object:
        """The object; raises StripeRefusal (404) when there is none."""
        found = self.tables[kind].get(object_id)
        if found is None:
            raise missing(kind, object_id, param)
        return found

    def find(self, object_id: str) -> Object | None:
        """The object with this id, of whatever kind."""
        for kind, prefix in PREFIXES.items():
            if object_id.startswith(prefix) and object_id in self.tables[kind]:
                return self.tables[kind][object_id]
        return None

    def rows(self, kind: str, **equal: Any) -> list[Object]:
        """Objects of this kind whose fields equal these, newest first."""
        table = reversed(self.tables[kind].values())
        found = [row for row in table if all(row.get(name) == value for name, value in equal.items())]
        return sorted(found, key=lambda row: row.get("created", 0), reverse=True)

    def belonging(self, kind: str, name: str, owner: str) -> list[Object]:
        """Objects of this kind whose field ``name`` is ``owner`` and never changes, newest first; looked up, not
        searched for."""
        table = self.tables[kind]
        stamp = len(table), next(reversed(table), "")
        if self._owned.get((kind, name), ((0, ""), {}))[0] != stamp:
            found: dict[str, list[Object]] = {}
            newest_first = list(table.values())[::-1]
            newest_first.sort(key=lambda row: row.get("created", 0), reverse=True)
            for row in newest_first:
                found.setdefault(str(row.get(name)), []).append(row)
            self._owned[kind, name] = stamp, found
        return self._owned[kind, name][1].get(owner, [])

    def replace(self, parts: dict[str, Any]) -> None:
        """Takes over these attributes of another state."""
        self._owned.clear()
        for name, value in parts.items():
            setattr(self, name, value)

    def notes(self, object_id: str) -> dict[str, Any]:
        """What the fake knows of an object and Stripe does not show."""
        return self.notes_of.setdefault(object_id, {})

    def remind(self, when: int, what: str, object_id: str) -> None:
        """Notes that ``what`` is to be done with the object at ``when``; who does it looks whether it still is."""
        self.made += 1
        heapq.heappush(self.agenda, (when, self.made, what, object_id))

    def next_due(self, until: int) -> Appointment | None:
        """Takes the earliest appointment that is due by ``until`` off the agenda."""
        if self.agenda and self.agenda[0][0] <= until:
            return heapq.heappop(self.agenda)
        return None

    def mark(self) -> dict[str, int]:
        """Where we are, for ``rewind``."""
        return {kind: len(table) for kind, table in self.tables.items()} | {
            "deliveries": len(self.deliveries),
            "made": self.made,
        }

    def rewind(self, mark: dict[str, int]) -> None:
        """Forgets whatever was added since: a refused request leaves nothing behind."""
        for kind, table in self.tables.items():
            for object_id in list(table)[mark[kind] :]:
                del table[object_id]
                self.notes_of.pop(object_id, None)
        del self.deliveries[mark["deliveries"] :]
        self.agenda = [row for row in self.agenda if row[1] <= mark["made"]]
        heapq.heapify(self.agenda)

    @contextmanager
    def moment(self, instant: int) -> Iterator[None]:
        """Inside, it is that instant."""
        before, self.at = self.at, instant
        try:
            yield
        finally:
            self.at = before

    @contextmanager
    def silence(self) -> Iterator[None]:
        """Inside, nothing is announced."""
        before, self.muted = self.muted, True
        try:
            yield
        finally:
            self.muted = before
