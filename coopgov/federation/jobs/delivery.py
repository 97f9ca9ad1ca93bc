"""The courier: takes deliveries whose turn has come, keeps its threads supplied, and writes down what came of it."""

import logging
import random
from collections import Counter, OrderedDict
from collections.abc import Callable
from datetime import datetime, timedelta

from coopgov.core.ids import random_id
from coopgov.federation.models import Actor
from coopgov.federation.providers.couriers import Team
from coopgov.federation.providers.sending import Letter, send
from coopgov.federation.queries.actors import signing_key
from coopgov.federation.queries.deliveries import is_anything_due, reached_at
from coopgov.federation.queries.documents import activity_body
from coopgov.federation.rules.delivering import Meaning, Parcel, Result
from coopgov.federation.rules.signatures import SigningKey
from coopgov.federation.services import dispatch
from coopgov.federation.services.inbox import ask_anew
from coopgov.infra.db import db, write_transaction
from coopgov.infra.http import USER_AGENT
from coopgov.infra.jobs import DatabaseTask, Loop, Payload, enqueue
from coopgov.infra.posting import Poster
from coopgov.infra.settings import current_settings, site_url

MOST_HELD = 400  # parcels in its hands
MOST_PROBES = 16
MOST_LETTERS = 64  # kept for the next claim
SOON_S = 0.2  # how long a result waits at most to be written down
LATER_S = 1.0  # between two looks when there is nothing to do
RECHECKED_AT_ONCE = 100  # people of an inbox that is gone
RECHECK_PACE = timedelta(seconds=1)  # between two of them, so that nothing else waits for long
RENEWED_EVERY = timedelta(seconds=10)
log = logging.getLogger(__name__)


class Courier:
    """Turn after turn: settle, renew, claim. Only its own thread speaks to the database."""

    def __init__(
        self,
        clock: Callable[[], datetime],
        nudge: Callable[[], None],
        poster: Poster | None = None,
        chance: random.Random | None = None,
    ) -> None:
        agent = f"{USER_AGENT} (+{site_url('/')})"
        self._poster = poster or Poster(current_settings().allow_private_peers, agent=agent)
        self._clock, self._chance = clock, chance or random.Random()  # noqa: S311 - jitter, no secret
        self._lease = random_id()
        self._letters: OrderedDict[tuple[int, int], Letter] = OrderedDict()
        self._errands: dict[int, tuple[Letter, SigningKey]] = {}
        self._held: Counter[str] = Counter()
        self._unsettled: list[Result] = []
        self._renewed_at = clock()
        self._team = Team(self._deliver, nudge)

    @property
    def is_idle(self) -> bool:
        """True when it holds nothing."""
        return not self._held

    def turn(self, now: datetime) -> float:
        """Writes down what came back and takes what is due; soon again while anything is under way."""
        self._settle(now)
        if self._held and now - self._renewed_at >= RENEWED_EVERY:
            self._renew(now)
        room = MOST_HELD - self._held.total()
        if room > MOST_HELD // 2 and is_anything_due(now):
            self._claim(now, room)
        return SOON_S if self._held else LATER_S

    def close(self) -> None:
        """Finishes what is on the wire and gives the rest back."""
        self._team.stop()
        self._settle(self._clock())
        self._poster.close()

    def _settle(self, now: datetime) -> None:
        self._unsettled += self._team.results()
        if not self._unsettled:
            return
        with write_transaction():
            dispatch.settle(self._unsettled, self._lease, now, self._chance)
        for result in self._unsettled:
            self._errands.pop(result.parcel.delivery_id, None)
            self._held[result.parcel.host] -= 1
        self._held = +self._held  # without those that are down to nothing
        self._unsettled = []

    def _renew(self, now: datetime) -> None:
        with write_transaction():
            dispatch.renew(self._lease, now)
        self._renewed_at = now

    def _claim(self, now: datetime, room: int) -> None:
        with write_transaction():
            parcels = dispatch.claim(now, self._lease, room, self._held)
            parcels += dispatch.claim(now, self._lease, MOST_PROBES, self._held, probes=True)
        self._held.update(parcel.host for parcel in parcels)
        keys: dict[tuple[int, int | None], SigningKey] = {}
        ready = [parcel for parcel in parcels if self._is_prepared(parcel, keys)]
        db.session.remove()  # no transaction is open while the world is spoken to
        self._team.hand_over(ready)

    def _is_prepared(self, parcel: Parcel, keys: dict[tuple[int, int | None], SigningKey]) -> bool:
        """Gets body and key; what cannot be made is noted as held by our own fault."""
        signer = parcel.actor_id, parcel.key_number
        try:
            if signer not in keys:
                keys[signer] = signing_key(db.session.get_one(Actor, parcel.actor_id), parcel.key_number)
            self._errands[parcel.delivery_id] = (self._letter(parcel), keys[signer])
        except Exception as error:
            log.exception("activity %s cannot be sent", parcel.activity_id)
            self._unsettled.append(Result(parcel=parcel, meaning=Meaning.HELD, error=type(error).__name__))
            return False
        return True

    def _letter(self, parcel: Parcel) -> Letter:
        name = (parcel.activity_id, parcel.version)
        if name not in self._letters:
            self._letters[name] = Letter.of(activity_body(parcel.activity_id))
            while len(self._letters) > MOST_LETTERS:
                self._letters.popitem(last=False)
        return self._letters[name]

    def _deliver(self, parcel: Parcel) -> Result:
        letter, key = self._errands[parcel.delivery_id]
        return send(self._poster, parcel, letter, key, self._clock)


def _recheck(payload: Payload, now: datetime) -> None:
    """Asks who those are that an inbox which is gone was for: they may be gone themselves, or be reached elsewhere."""
    after: int = payload.get("after", 0)
    people = reached_at(payload["inbox"], after, RECHECKED_AT_ONCE)
    for number, who in enumerate(people):
        ask_anew(who, now, wait=RECHECK_PACE * number, is_lost=True)
    if len(people) == RECHECKED_AT_ONCE:
        then = now + RECHECK_PACE * RECHECKED_AT_ONCE
        key = f"{dispatch.RECHECK}:{payload['inbox']}:{people[-1].id}:{now:%Y-%m-%d}"
        enqueue(dispatch.RECHECK, key, {**payload, "after": people[-1].id}, then)


TASKS = (DatabaseTask(dispatch.RECHECK, _recheck),)
LOOPS = (Loop("federation.courier", Courier),)
