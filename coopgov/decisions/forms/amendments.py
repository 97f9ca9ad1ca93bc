"""Another text for somebody else's proposal, an answer to it, and what happens to those without one."""

import hashlib

from wtforms import BooleanField, HiddenField

from coopgov.core.text import N_
from coopgov.decisions.forms.fields import Fits
from coopgov.decisions.rules.amendments import Wording
from coopgov.decisions.rules.casting import LONGEST_REASON
from coopgov.infra.web.forms import AtMost, BaseForm, StringField, TextAreaField, lazy, needed


def seal_of(wording: Wording) -> str:
    """Stands for the words that a form was made from, so that nobody amends what they have not seen."""
    parts = "\x00".join((wording.title, wording.source, *wording.options))
    return hashlib.sha256(parts.encode()).hexdigest()[:32]


class AmendmentForm(BaseForm):
    """A changed title, text, and options, and why."""

    base = HiddenField()
    title = StringField(lazy("Title"), [needed(N_("Write a title.")), AtMost(150)])
    source = TextAreaField(
        lazy("The text as it should be"),
        [needed(N_("Write what you propose.")), Fits()],
        description=lazy("Change what you would change, and leave the rest as it is."),
    )
    options = TextAreaField(lazy("The options as they should be"), description=lazy("One on each line."))
    reason = TextAreaField(
        lazy("Why"),
        [needed(N_("Say why: its authors and everybody else read it first.")), AtMost(LONGEST_REASON)],
    )
    wants_authorship = BooleanField(
        lazy("If it is accepted, I want to be a co-author"),
        description=lazy("Your name then stands beside the author's, and you can change and open it too."),
    )

    def wording(self, present: Wording) -> Wording:
        """What was typed; without a field for options these stay as they are."""
        lines = tuple(line.strip() for line in (self.options.data or "").split("\n") if line.strip())
        return Wording(self.title.data or "", self.source.data or "", lines if present.options else ())


def given_wording(
    wording: Wording, present: Wording, reason: str = "", wants_authorship: bool = False
) -> dict[str, object]:
    """What the form starts with; ``present``: the proposal's words now."""
    return {
        "base": seal_of(present),
        "title": wording.title,
        "source": wording.source,
        "options": "\n".join(wording.options),
        "reason": reason,
        "wants_authorship": wants_authorship,
    }


class DeclineForm(BaseForm):
    """Why an amendment is declined."""

    reason = TextAreaField(
        lazy("Reason"),
        [needed(N_("Give a reason: it stands beside the amendment for good.")), AtMost(LONGEST_REASON)],
    )


class LapseForm(BaseForm):
    """That amendments without an answer end when the text is frozen."""

    lapses = BooleanField(lazy("They lapse: nobody answers them any more"))
