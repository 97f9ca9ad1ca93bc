"""What the clock asks of decisions. A late worker gives the same roll and the same result as a punctual one."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from coopgov.decisions import secrecy
from coopgov.decisions.models import Proposal, SealedBallot
from coopgov.decisions.queries import due, validity
from coopgov.decisions.rules.casting import DRAIN
from coopgov.decisions.services import closing, opening, register, secret
from coopgov.infra.db import db, writing_session
from coopgov.infra.jobs import Clockwork, OutsideTask, Payload
from coopgov.infra.scrub import scrub

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


class StillRead(Exception):
    """Somebody still reads or writes what was in the database before: traces are removed later."""


def _poll_that_ended(payload: Payload, _now: datetime) -> int | None:
    proposal = db.session.get_one(Proposal, payload["poll"])
    return None if proposal.state in secrecy.STATES_WITH_KEYS else proposal.id


def _forget(proposal_id: int, _key: str) -> None:
    """Keys first: once they are gone copies of the box are worthless, whatever becomes of its traces."""
    if ring := secrecy.keyring():
        ring.destroy(proposal_id)
    if not scrub(db.engine, SealedBallot.__tablename__):
        raise StillRead


def _nothing_more(_payload: Payload, _done: None, _now: datetime) -> None:
    """That it was done stands in the job alone."""


TASKS = (OutsideTask(secret.FORGET, _poll_that_ended, _forget, _nothing_more),)
CLOCKWORKS: tuple[Clockwork, ...] = (  # in this order one late look opens, counts and closes
    Clockwork("decisions.open", EVERY, _to_open, _on(opening.open_scheduled)),
    Clockwork("decisions.count", EVERY, _to_count, _on(closing.begin_counting)),
    Clockwork("decisions.close", EVERY, _to_close, _on(closing.count_and_close)),
    Clockwork("decisions.remind", timedelta(minutes=1), due.due_for_reminder, _on(closing.remind)),
    Clockwork("decisions.void_keyless", timedelta(minutes=1), due.secret_votes_under_way, _on(secret.void_keyless)),
    Clockwork("decisions.destroy_keys", timedelta(minutes=1), due.keys_left_over, _on(secret.destroy_keys)),
    Clockwork("decisions.review", timedelta(minutes=1), validity.due_for_review, _on(register.open_review)),
)
