"""Pure rules of promises to pay: which wishes there are, and why one may be refused."""

from coopgov.core.errors import Kind, Refusals
from coopgov.core.text import N_

FAMILIES = {"amount": "amount", "pause": "pause", "resume": "pause", "cancel": "end", "keep": "end"}
"""Kinds of change → what they change. A later wish about the same takes the place of an earlier one."""

REFUSALS: Refusals = {
    "pledge.not_live": (Kind.CONFLICT, N_("This payment has ended, or was never begun: there is nothing to change.")),
    "pledge.elsewhere": (Kind.CONFLICT, N_("This payment is changed where it was begun, not here.")),
    "refund.too_much": (Kind.INVALID, N_("That is more than is left of this payment: at most %(left)s.")),
    "refund.nothing": (Kind.INVALID, N_("Write how much goes back: more than nothing.")),
    "refund.not_here": (Kind.CONFLICT, N_("This payment is given back where it was paid, not here.")),
    "refund.not_paid": (Kind.CONFLICT, N_("This payment did not arrive: nothing can go back.")),
    "refund.meanwhile": (
        Kind.CONFLICT,
        N_(
            "Money went back on this payment since you opened the page. See what is left, and ask again if you mean it."
        ),
    ),
    "refund.disputed": (
        Kind.CONFLICT,
        N_("The payer's bank has taken this payment back: a refund would pay it twice."),
    ),
}
