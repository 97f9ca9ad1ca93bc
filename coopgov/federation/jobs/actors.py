"""The clock makes the co-op's actor as soon as there is a co-op, and tells followers of a new name or purpose."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from coopgov.federation.queries.actors import the_actor
from coopgov.federation.services.actors import begin_actor, tell_profile
from coopgov.infra.coop import coop_version, the_coop
from coopgov.infra.jobs import Clockwork


def _missing(_now: datetime) -> Sequence[int]:
    return [1] if the_coop() is not None and the_actor() is None else []


def _begin(_id: int, now: datetime) -> None:
    coop = the_coop()
    if coop is not None:
        begin_actor(coop.name, now)


def _out_of_date(_now: datetime) -> Sequence[int]:
    actor = the_actor()
    return [actor.id] if actor is not None and actor.told_version != coop_version() else []


def _tell(_id: int, now: datetime) -> None:
    tell_profile(coop_version(), now)


CLOCKWORKS = (
    Clockwork("federation.actor", timedelta(minutes=1), _missing, _begin),
    Clockwork("federation.profile", timedelta(minutes=1), _out_of_date, _tell),
)
