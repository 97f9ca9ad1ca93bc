"""What the clock asks of decisions. A late worker gives the same roll and the same result as a punctual one."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from coopgov.decisions.models import Proposal
from coopgov.decisions.queries import due, validity
from coopgov.decisions.rules.casting import DRAIN
from coopgov.decisions.services import closing, opening, register
from coopgov.infra.db import writing_session
from coopgov.infra.jobs import Clockwork

EVERY = timedelta(seconds=5)


def _on(service: Callable[[Proposal, datetime], None]) -> Callable[[int, datetime], None]:
    def act(proposal_id: int, now: datetime) -> None:
        service(writing_session().get_one(Proposal, proposal_id), now)

    return act


def _to_open(now: datetime) -> Sequence[int]:
    return due.due_by_opening(now)


def _to_count(now: datetime) -> Sequence[int]:
    return due.due_by_closing("open", now)


def _to_close(now: datetime) -> Sequence[int]:
    return due.due_by_closing("counting", now - DRAIN)


CLOCKWORKS: tuple[Clockwork, ...] = (  # in this order one late look opens, counts and closes
    Clockwork("decisions.open", EVERY, _to_open, _on(opening.open_scheduled)),
    Clockwork("decisions.count", EVERY, _to_count, _on(closing.begin_counting)),
    Clockwork("decisions.close", EVERY, _to_close, _on(closing.count_and_close)),
    Clockwork("decisions.remind", timedelta(minutes=1), due.due_for_reminder, _on(closing.remind)),
    Clockwork("decisions.review", timedelta(minutes=1), validity.due_for_review, _on(register.open_review)),
)
