"""Why somebody is not on a roll, in words."""

from datetime import datetime

from coopgov.core.text import N_
from coopgov.decisions.rules.entitlement import WhyNot
from coopgov.infra.i18n import full_time, ngettext
from coopgov.infra.i18n import gettext as _

WHY_NOT = {
    "signed_out": N_("Members on the roll can vote. Sign in to see whether you are one of them."),
    "never_member": N_("You were not a member when voting opened, on %(opened)s."),
    "joined_later": N_("You became a member on %(at)s, after voting had opened on %(opened)s."),
    "left_before": N_("Your membership had ended when voting opened, on %(opened)s."),
    "not_a_person": N_("Only people vote on this, not organisations."),
    "not_an_organisation": N_("Only organisations vote on this, each with one vote."),
    "removed": N_("You were taken off the roll (“%(said)s”)."),
    "recused": N_("An interest of yours in this was declared (“%(said)s”), so you do not vote on it."),
    "sat_later": N_("You joined the group on %(at)s, after voting had opened on %(opened)s."),
    "not_in_group": N_("Only the group votes on this, and you were not in it when voting opened, on %(opened)s."),
    "payment_on_its_way": N_(
        "Your first payment was still on its way when voting opened, on %(opened)s. Voting opens for you when it"
        " arrives."
    ),
    "payment_missing": N_(
        "Your first payment had not arrived when voting opened, on %(opened)s. Voting opens for you when it arrives."
    ),
    "unknown": N_("You are not on the roll that was frozen on %(opened)s."),
}


def why_not_words(why: WhyNot, opened_at: datetime) -> str:
    """Why somebody may not vote here, as a sentence to that person."""
    facts = {"opened": full_time(opened_at), "at": full_time(why.at) if why.at else "", "said": why.said}
    if why.key == "dues_late":
        return ngettext(
            "Your dues were %(num)s day late when voting opened, on %(opened)s. What you do now counts for the next"
            " vote.",
            "Your dues were %(num)s days late when voting opened, on %(opened)s. What you do now counts for the next"
            " vote.",
            why.days,
            **facts,
        )
    if why.key == "too_young":
        return ngettext(
            "One votes %(num)s day after joining, and voting opened earlier, on %(opened)s.",
            "One votes %(num)s days after joining, and voting opened earlier, on %(opened)s.",
            why.days,
            **facts,
        )
    return _(WHY_NOT[why.key], **facts)
