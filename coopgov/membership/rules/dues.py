"""Pure rules of asking for dues: which mail is due when. Each is gentle, each goes out once, the last ends them."""

from datetime import datetime, timedelta

from coopgov.core.errors import Kind, Refusals
from coopgov.core.text import N_

STEPS = (0, 7, 21, 45)  # days after dues were certain to be late, on which a mail goes out
LAST_STEP_FOR = timedelta(days=30)  # a mail that could not go out for so long goes out no more
YEARLY_NOTICE = timedelta(days=14)  # before a yearly charge
FIRST_SIGN_IN = timedelta(days=14)  # after admission: so long the links of joining open a first session
CANCEL = "dues-cancel"  # purpose of tokens in mails

REFUSALS: Refusals = {
    "dues.paying_already": (Kind.CONFLICT, N_("You pay already. Change what you pay on the page of your dues.")),
    "dues.nothing_to_cancel": (Kind.CONFLICT, N_("There is nothing to cancel: no payment of yours is set up.")),
    "dues.not_asked": (Kind.CONFLICT, N_("Nothing is to be paid here.")),
    "dues.no_name": (Kind.INVALID, N_("Write the name or the e-mail address that you paid with.")),
    "joining.over": (Kind.CONFLICT, N_("This way of joining is over: apply again.")),
}


def step_due(late_since: datetime | None, now: datetime) -> int | None:
    """Which of STEPS (from 0) is the last whose day has come; None before the first and long after the last.

    A worker that was away sends that one alone, not those before it too.

    >>> since = datetime(2026, 11, 1)
    >>> [step_due(since, since + timedelta(days=days)) for days in (0, 6, 30, 44, 45, 80)]
    [0, 0, 2, 2, 3, None]
    """
    if late_since is None or now < late_since:
        return None
    late = now - late_since
    if late > timedelta(days=STEPS[-1]) + LAST_STEP_FOR:
        return None
    return sum(1 for days in STEPS if late >= timedelta(days=days)) - 1


def notice_is_due(interval: str, charge: datetime | None, now: datetime) -> bool:
    """True in the days before a yearly charge in which the member is told of it."""
    return interval == "year" and charge is not None and charge - YEARLY_NOTICE <= now < charge
