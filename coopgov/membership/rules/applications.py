"""Pure rules of applying: the states of an application, who may move it where, how long each waits."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from statistics import median

from coopgov.core.errors import Kind, Refusals
from coopgov.core.text import N_

LONGEST_ABOUT = 500  # Unicode code points, a line end counts as one
OPEN_STATES = ("started", "submitted", "in_review", "needs_info", "approved")  # one of these per address
STATES: dict[str, str] = {
    "started": N_("Not confirmed yet"),
    "submitted": N_("Received"),
    "in_review": N_("Being read"),
    "needs_info": N_("A question waits for an answer"),
    "approved": N_("Approved"),
    "admitted": N_("Member"),
    "declined": N_("Declined"),
    "expired": N_("Expired"),
    "withdrawn": N_("Withdrawn"),
    "spam": N_("Spam"),
}
MOVES: dict[str, frozenset[str]] = {
    "started": frozenset(("submitted", "withdrawn", "expired", "spam")),
    "submitted": frozenset(("in_review", "withdrawn", "spam")),
    "in_review": frozenset(("submitted", "needs_info", "approved", "declined", "withdrawn", "spam")),
    "needs_info": frozenset(("in_review", "withdrawn", "expired", "declined", "spam")),
    "approved": frozenset(("admitted", "withdrawn", "expired")),
    "expired": frozenset(("approved", "admitted")),  # revived: somebody paid late, or asks within REVIVABLE
}
CONFIRM_WITHIN = timedelta(days=7)
CLAIM_LASTS = timedelta(hours=48)
ANSWER_WITHIN = timedelta(days=28)
FINISH_WITHIN = timedelta(days=30)  # of approval
REVIVABLE = timedelta(days=90)
REMIND_AFTER = {  # state → days after which a reminder goes out
    "needs_info": (timedelta(days=7), timedelta(days=21)),
    "approved": (timedelta(days=7), timedelta(days=25)),
}
REASONS: dict[str, str] = {
    "not_enough": N_("We could not tell from the text who you are"),
    "code": N_("What we read does not go with our code of conduct"),
    "not_for_us": N_("We think that another community suits better"),
    "commercial": N_("We do not take accounts that mainly advertise"),
    "other": N_("Another reason, given below"),
}
QUESTIONS: dict[str, str] = {  # to begin a question to the applicant with
    "who": N_(
        "Thank you for applying. Could you tell us a bit more about yourself, and what you would like to do here?"
    ),
    "where": N_("Thank you for applying. Where else can we read something by you: a page, an account, a project?"),
    "organisation": N_(
        "Thank you for applying. Do you apply for yourself or for the organisation, and who speaks for it?"
    ),
}
LONGEST_QUESTION = 1_000  # code points, also of an answer, a private note and own words on declining
CONFIRM_LINK_LASTS = timedelta(days=2)  # then a new one can be asked for, until CONFIRM_WITHIN has passed
COOL_DOWN = timedelta(days=30)  # after a decline
KEPT_FOR = {  # state → how long what somebody wrote is kept; then only dates and the outcome are left
    "admitted": timedelta(days=183),
    "declined": timedelta(days=183),
    "expired": timedelta(days=183),
    "withdrawn": timedelta(days=30),
    "spam": timedelta(days=30),
}
FASTEST = timedelta(seconds=3)  # nobody fills the form in in less
DECISIONS_JUDGED, FEWEST_DECISIONS = 20, 5  # for "usually within N days"
# purposes of tokens in links
CONFIRM, STATUS, FINISH = "application-confirm", "application-status", "application-finish"
STAMP = "application-form"  # purpose of the time stamp in the form

REFUSALS: Refusals = {
    "application.closed": (Kind.CONFLICT, N_("We are not taking new members just now.")),
    "application.moved": (Kind.CONFLICT, N_("Somebody was quicker: this application is “%(state)s” by now.")),
    "application.claimed": (Kind.CONFLICT, N_("%(name)s is reading this application already.")),
    "application.changed": (Kind.CONFLICT, N_("The applicant has changed the text meanwhile: read it again.")),
    "application.approved": (Kind.CONFLICT, N_("Already approved by %(name)s at %(at)s.")),
    "application.declined": (Kind.CONFLICT, N_("Already declined by %(name)s at %(at)s.")),
    "application.unclaimed": (Kind.CONFLICT, N_("Take this application first: press “I'll take this”.")),
    "application.own": (Kind.FORBIDDEN, N_("Nobody decides on their own application.")),
    "application.begun": (Kind.CONFLICT, N_("Somebody is reading your text already, so it cannot be changed now.")),
    "application.again": (Kind.CONFLICT, N_("You have applied again meanwhile: go on with that application.")),
    "terms.code": (Kind.INVALID, N_("Write the version too, so that it is known which text somebody accepted.")),
}


def may_correct(state: str) -> bool:
    """True while the applicant may still change the text: nobody has begun to read it."""
    return state == "submitted"


def may_withdraw(state: str) -> bool:
    """True while there is something to withdraw."""
    return "withdrawn" in MOVES.get(state, frozenset())


def may_revive(state: str, was_approved: bool, state_at: datetime, now: datetime) -> bool:
    """True while somebody who was approved, and let the time to finish pass, can still go on with one click."""
    return state == "expired" and was_approved and now < state_at + REVIVABLE


def claim_holds(claimed_at: datetime | None, now: datetime) -> bool:
    """True while an application that somebody took is theirs; the last instant does not count."""
    return claimed_at is not None and now < claimed_at + CLAIM_LASTS


def reminders_due(state: str, state_at: datetime, now: datetime) -> int:
    """How many reminders should have gone out by ``now``; a late worker sends the last of them only."""
    return sum(1 for span in REMIND_AFTER.get(state, ()) if now >= state_at + span)


def usual_days(waits: Sequence[timedelta]) -> int | None:
    """Whole days, at least 1, within which half of the last decisions came; None for fewer than FEWEST_DECISIONS.

    >>> usual_days([timedelta(days=2, hours=1)] * 5), usual_days([timedelta(days=2)] * 4)
    (3, None)
    """
    if len(waits) < FEWEST_DECISIONS:
        return None
    middle = median(wait.total_seconds() for wait in waits)
    return max(1, -int(-middle // timedelta(days=1).total_seconds()))


def similar_email(key: str) -> str:
    """What two folded addresses of one person often share: no dots and no tag before the @.

    Only ever a hint: for the program they stay different people.

    >>> similar_email("ada.l+coop@example.org")
    'adal@example.org'
    """
    local, _, host = key.rpartition("@")
    return f"{local.partition('+')[0].replace('.', '')}@{host}"
