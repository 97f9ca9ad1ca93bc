"""What the pages of applications show, put together from rows."""

from collections.abc import Sequence

from coopgov.infra.i18n import gettext as _
from coopgov.infra.i18n import ngettext
from coopgov.infra.web.timeline import Step
from coopgov.membership.models import Application, ApplicationNote
from coopgov.membership.queries.applications import Act
from coopgov.membership.rules.applications import STATES

ENDS = ("declined", "expired", "withdrawn", "spam")


def way_of(row: Application) -> list[Step]:
    """The way of an application as its applicant sees it, from sending it to being a member."""
    steps = [Step(_("Application sent"), "done", row.created_at)]
    if row.submitted_at:
        steps.append(Step(_("Address confirmed"), "done", row.submitted_at))
    if row.state in ENDS:
        shown = "expired" if row.state == "spam" else row.state  # whoever sends spam learns nothing
        return [*steps, Step(_(STATES[shown]), "now", row.state_at)]
    return [*steps, *_rest(row)]


def _rest(row: Application) -> list[Step]:
    if row.state in ("approved", "admitted"):
        done = row.state == "admitted"
        steps = [Step(_("Read by a person"), "done"), Step(_("Approved"), "done", row.decided_at)]
        last = Step(_("Member"), "done", row.state_at) if done else Step(_("Choose what you give, and join"), "now")
        return [*steps, last]
    now = {
        "started": Step(_("Confirm your address"), "now", text=_("The link is in your mailbox.")),
        "submitted": Step(_("Waits for a person to read it"), "now"),
        "in_review": Step(_("A person is reading it"), "now"),
        "needs_info": Step(_("A question waits for your answer"), "now", row.state_at),
    }[row.state]
    return [now, Step(_("Decision"), "next"), Step(_("Choose what you give, and join"), "next")]


def usually(days: int | None) -> str:
    """How long it takes, from real decisions; without a number while there are too few."""
    if days is None:
        return _("A person reads it. You get a mail as soon as there is news.")
    return ngettext(
        "A person reads it, usually within %(num)s day.", "A person reads it, usually within %(num)s days.", days
    )


def happened(act: Act) -> str:
    """One line of the history in words."""
    if act.is_first:
        return _("Application sent")
    return {
        "application.moved": _(STATES.get(act.state, "")),
        "application.corrected": _("The applicant changed the text"),
        "application.taken_over": _("Taken over"),
        "application.noted": _("Private note"),
        "application.erased": _("Erased"),
    }.get(act.act, act.act)


def last_question(notes: Sequence[ApplicationNote]) -> str:
    """The question that was asked last; empty when none was."""
    return next((note.text for note in reversed(notes) if note.kind == "question"), "")
