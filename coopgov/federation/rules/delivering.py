"""What an inbox's answer means, and how long a server that does not answer is left alone."""

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum

DIALECTS = ("cavage", "rfc9421")  # the one that most servers read comes first
FIRST_WAIT = timedelta(seconds=5)
LONGEST_WAIT = timedelta(hours=6)
LONGEST_RETRY_AFTER = timedelta(days=7)
PARKED_AFTER = timedelta(days=7)  # of nothing but failure
STALE_AFTER = timedelta(days=7)  # a Create that is older is no news to a server that comes back
NEVER = datetime(9999, 1, 1, tzinfo=UTC)  # when something goes out whose server is parked
MOST_UNREAD = 5  # attempts, each in both dialects, at a server that believes neither
UNREAD_FOR = timedelta(minutes=10)  # times the attempts so far, until the next one
MOST_ATTEMPTS = 50  # at one inbox of a server that answers otherwise: about ten days


class Meaning(StrEnum):
    """What became of one try."""

    DONE = "done"  # taken
    DOWN = "down"  # the server is in trouble: again later, and so for all that goes there
    BUSY = "busy"  # the server is well and asks for time
    UNREAD = "unread"  # it could not read our signature, or not get our key just then
    DENIED = "denied"  # it read it, perhaps in the other dialect only, and wants nothing of us
    GONE = "gone"  # nobody is at this address any more, or somebody is elsewhere
    REFUSED = "refused"  # for good
    HELD = "held"  # it never left us: the fault is ours
    UNTRIED = "untried"  # its server was found in trouble before its turn came


class Health(StrEnum):
    """How a server fares, for people."""

    PARKED = "parked"  # given up until we hear from it
    FAILING = "failing"  # left alone for longer and longer
    BUSY = "busy"  # asked for time
    REFUSING = "refusing"  # answers, but did not take what came last
    WELL = "well"
    UNKNOWN = "unknown"  # nothing was sent there yet


@dataclass(frozen=True, kw_only=True)
class Parcel:
    """One delivery in a courier's hands, with all that is needed to make it. ``dialect`` is empty while unknown."""

    delivery_id: int
    inbox_id: int
    url: str
    host: str
    dialect: str
    activity_id: int
    version: int  # of what the activity carries: a different one has a different body
    actor_id: int
    key_number: int | None
    attempts: int
    is_probe: bool  # its server failed the last time


@dataclass(frozen=True, kw_only=True)
class Result:
    """What came of a parcel. ``retry_after``: the header as it came; ``error`` for people, empty when it went well."""

    parcel: Parcel
    meaning: Meaning
    dialect: str = ""
    error: str = ""
    retry_after: str = ""


def meaning_of(status: int) -> Meaning:
    """What an answer's status means for the delivery; 0 stands for no answer.

    A redirect is never followed: the signature covers host and path.
    """
    if 200 <= status < 300:
        return Meaning.DONE
    if status in (425, 429):
        return Meaning.BUSY
    if status in (0, 408) or status >= 500:
        return Meaning.DOWN
    if status in (401, 403):
        return Meaning.UNREAD if status == 401 else Meaning.DENIED
    if 300 <= status < 400 or status in (404, 410):
        return Meaning.GONE
    return Meaning.REFUSED


def other_dialect(dialect: str) -> str:
    """The way of signing to try after ``dialect`` was not read."""
    return DIALECTS[1] if dialect == DIALECTS[0] else DIALECTS[0]


def wait_after(failures: int, chance: random.Random) -> timedelta:
    """How long to wait after so many failures in a row (at least 1): 5 s, doubling, at most six hours, give or take a
    quarter so that not everything comes back in the same moment."""
    plain = min(FIRST_WAIT * (1 << min(failures - 1, 20)), LONGEST_WAIT)
    return plain * chance.uniform(0.75, 1.25)


def asked_wait(retry_after: str, now: datetime) -> timedelta | None:
    """How long a Retry-After header (RFC 9110 §10.2.3: seconds or a date) asks us to wait, at least a second and at
    most seven days; None when it says nothing that can be read."""
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        seconds = timedelta(seconds=min(int(text[:12]), LONGEST_RETRY_AFTER.total_seconds()))
        return max(seconds, timedelta(seconds=1))
    try:
        until = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    until = until.replace(tzinfo=UTC) if until.tzinfo is None else until
    return min(max(until - now, timedelta(seconds=1)), LONGEST_RETRY_AFTER)


def is_to_park(failing_since: datetime, now: datetime) -> bool:
    """True when nothing but failure came from a server for so long that only hearing from it helps."""
    return now - failing_since >= PARKED_AFTER


def health_of(
    parked: bool, failures: int, next_at: datetime | None, last_error: str, ever_ok: bool, now: datetime
) -> Health:
    """How a server fares at ``now``; ``last_error`` is empty when it took what came last."""
    if parked:
        return Health.PARKED
    if failures:
        return Health.FAILING
    if next_at is not None and next_at > now:
        return Health.BUSY
    if last_error:
        return Health.REFUSING
    return Health.WELL if ever_ok else Health.UNKNOWN
