"""Amending a roll, declaring an interest, and what is asked about a paper vote."""

from wtforms import RadioField

from coopgov.core.text import N_
from coopgov.decisions.rules.casting import LONGEST_REASON
from coopgov.decisions.rules.rolls import LONGEST_EVIDENCE
from coopgov.infra.web.forms import AtMost, BaseForm, StringField, TextAreaField, each_label, lazy, needed

ACTS = [
    ("removed", N_("This member should not be on this roll")),
    ("recused", N_("This member has an interest in the matter")),
]
NO_REASON = N_("Say why: the reason stands beside the result for good.")


class AmendForm(BaseForm):
    """Why the roll is amended."""

    reason = TextAreaField(
        lazy("Reason"),
        [needed(NO_REASON), AtMost(LONGEST_REASON)],
        description=lazy(
            "Everybody who can read the proposal reads it, and it stays in the record: write nothing private."
        ),
    )


class TakeOffForm(AmendForm):
    """Why somebody is taken off the roll."""

    act = RadioField(lazy("What happened"), default="removed")

    def __init__(self) -> None:
        super().__init__()
        self.act.choices = each_label(ACTS)


class RecuseForm(BaseForm):
    """What interest one has, as far as one likes to say."""

    reason = TextAreaField(
        lazy("What interest"),
        [AtMost(LONGEST_REASON)],
        description=lazy("Everybody who can read the proposal reads it. Left empty, it says “Interest declared”."),
    )


class EvidenceForm(BaseForm):
    """Where the paper is kept that a vote is read from."""

    evidence = StringField(
        lazy("Where the paper is kept"),
        [needed(N_("Write where the paper is kept.")), AtMost(LONGEST_EVIDENCE)],
        description=lazy(
            "So that somebody can compare it, such as “letter of 3 May, folder Votes”. The member reads it too."
        ),
    )
