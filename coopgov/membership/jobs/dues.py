"""What the clock asks for about dues and standing."""

from datetime import datetime, timedelta

from coopgov.funding.models import Pledge
from coopgov.infra.db import writing_session
from coopgov.infra.jobs import Clockwork
from coopgov.membership.models import Relief
from coopgov.membership.queries import dues as queries
from coopgov.membership.rules.dues import YEARLY_NOTICE
from coopgov.membership.services import dues_clock, relief
from coopgov.membership.services.standing import guard_arrears

EVERY = timedelta(hours=1)


def _guard(_only_once: int, now: datetime) -> None:
    guard_arrears(now)


def _yearly(pledge_id: int, now: datetime) -> None:
    dues_clock.tell_of_yearly_charge(writing_session().get_one(Pledge, pledge_id), now)


def _relief_ends(relief_id: int, now: datetime) -> None:
    dues_clock.tell_of_relief_ending(writing_session().get_one(Relief, relief_id), now)


def _resume(pledge_id: int, now: datetime) -> None:
    relief.resume_overdue(writing_session().get_one(Pledge, pledge_id), now)


CLOCKWORKS: tuple[Clockwork, ...] = (  # the guard first: while it holds, nobody is reminded
    Clockwork("membership.guard", EVERY, lambda _now: [1], _guard),
    Clockwork("membership.behind", timedelta(hours=6), dues_clock.members_behind, dues_clock.remind_of_dues),
    Clockwork("membership.yearly", EVERY, lambda now: queries.due_for_yearly_notice(now, now + YEARLY_NOTICE), _yearly),
    Clockwork("membership.relief_ends", EVERY, queries.reliefs_ending, _relief_ends),
    Clockwork("membership.resume", EVERY, lambda _now: queries.paused_pledges(), _resume),
)
