"""Pure rules of applying: the states of an application, who may move it where, how long each waits."""

from datetime import timedelta

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
# purposes of tokens in links
CONFIRM, STATUS, FINISH = "application-confirm", "application-status", "application-finish"

REFUSALS: Refusals = {
    "application.closed": (Kind.CONFLICT, N_("We are not taking new members just now.")),
    "application.moved": (Kind.CONFLICT, N_("Somebody was quicker: this application is “%(state)s” by now.")),
    "application.claimed": (Kind.CONFLICT, N_("%(name)s is reading this application already.")),
    "application.changed": (Kind.CONFLICT, N_("The applicant has changed the text meanwhile: read it again.")),
    "application.own": (Kind.FORBIDDEN, N_("Nobody decides on their own application.")),
    "application.too_many": (Kind.LIMIT, N_("Too many applications came from here. Try again in an hour.")),
}
