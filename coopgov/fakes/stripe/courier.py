"""Delivers webhooks in the background: signed, one after the other, again and again until somebody says 2xx."""

import threading

import httpx

from coopgov.fakes.stripe.events import Delivery
from coopgov.fakes.stripe.world import World

TURN_S = 0.2
WAITS_S = 20.0  # for an answer
MOST_ATTEMPTS = 12  # with doubling pauses of at most a minute: some eight minutes


class Courier:
    """The thread that delivers; each round lets the world catch up, so that renewals happen by themselves."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._stop = threading.Event()
        self._turn = threading.Lock()  # one round at a time, whoever makes it
        self._thread = threading.Thread(target=self._run, name="courier", daemon=True)

    def start(self) -> None:
        """Begins to deliver."""
        self._thread.start()

    def stop(self) -> None:
        """Ends after the delivery under way."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(TURN_S):
            self.deliver(self._world.due_deliveries())

    def deliver(self, deliveries: list[Delivery]) -> dict[str, int]:
        """Delivers these, in this order; how many arrived and how many did not."""
        with self._turn, httpx.Client(timeout=WAITS_S, trust_env=False) as client:
            arrived = [self._try(client, delivery) for delivery in deliveries if not self._stop.is_set()]
        return {"delivered": sum(arrived), "failed": len(arrived) - sum(arrived)}

    def _try(self, client: httpx.Client, delivery: Delivery) -> bool:
        if not self._world.is_waiting(delivery.id):
            return True  # somebody flushed it meanwhile
        try:
            answer = client.post(delivery.url, content=delivery.body, headers=delivery.headers())
            arrived = answer.is_success
        except httpx.HTTPError:
            arrived = False
        if arrived:
            self._world.delivered(delivery.id)
        else:
            self._world.put_off(delivery.id, MOST_ATTEMPTS)
        return arrived
