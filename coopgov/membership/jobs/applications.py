"""What the clock asks of membership."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from coopgov.infra.db import writing_session
from coopgov.infra.jobs import Clockwork
from coopgov.membership.models import Application
from coopgov.membership.queries import applications, terms
from coopgov.membership.queries.register import holders
from coopgov.membership.services import application_clock
from coopgov.membership.services.terms import tell_of_opening

EVERY = timedelta(minutes=10)
MOST_AT_ONCE = 200  # mails to the waiting list in one round


def _on(service: Callable[[Application, datetime], None]) -> Callable[[int, datetime], None]:
    def act(application_id: int, now: datetime) -> None:
        service(writing_session().get_one(Application, application_id), now)

    return act


def _waiting_list(_now: datetime) -> Sequence[int]:
    return terms.waiting_ids(MOST_AT_ONCE) if terms.is_open() else []


def _secretaries(now: datetime) -> Sequence[int]:
    """Whom to tell that applications wait, once it is day; each is told once a day."""
    if application_clock.local_time(now).hour < application_clock.SECRETARIES_AT or not applications.waiting_now()[0]:
        return []
    return holders("membership_secretary", now)


CLOCKWORKS: tuple[Clockwork, ...] = (  # in this order one late look ends an application before it reminds of it
    Clockwork("membership.expire", EVERY, applications.overdue, _on(application_clock.expire)),
    Clockwork("membership.remind", EVERY, applications.to_remind, _on(application_clock.remind)),
    Clockwork("membership.release", EVERY, applications.claims_over, _on(application_clock.release_claim)),
    Clockwork("membership.erase", timedelta(hours=6), applications.to_erase, _on(application_clock.erase)),
    Clockwork("membership.waiting_list", EVERY, _waiting_list, tell_of_opening),
    Clockwork("membership.waiting", timedelta(minutes=30), _secretaries, application_clock.tell_secretary),
)
