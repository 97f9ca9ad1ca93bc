"""The clock makes the co-op's actor as soon as there is a co-op."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from coopgov.federation.queries.actors import the_actor
from coopgov.federation.services.actors import begin_actor
from coopgov.infra.coop import the_coop
from coopgov.infra.jobs import Clockwork


def _missing(_now: datetime) -> Sequence[int]:
    return [1] if the_coop() is not None and the_actor() is None else []


def _begin(_id: int, now: datetime) -> None:
    coop = the_coop()
    if coop is not None:
        begin_actor(coop.name, now)


CLOCKWORKS = (Clockwork("federation.actor", timedelta(minutes=1), _missing, _begin),)
