"""The fields of a rule of one's own."""

from fractions import Fraction
from typing import Any

from coopgov.core.text import N_
from coopgov.tally.rule import Rule

OWN = "own"


COMPARISONS = [("at_least", N_("At least")), ("more_than", N_("More than"))]


BASES = [
    ("decisive", N_("those who take a side")),
    ("cast", N_("all who vote, abstentions included")),
    ("eligible", N_("everybody on the roll")),
]


QUORUMS = [
    ("none", N_("no quorum")),
    ("turnout", N_("a share of the roll votes")),
    ("decisive", N_("a share of the roll takes a side")),
    ("approval", N_("a share of the roll agrees")),
    ("absolute", N_("a number of votes")),
]


BLOCKS = [
    ("as_disagree", N_("are not offered")),
    ("any_stops", N_("stop it: one is enough")),
    ("up_to", N_("stop it if there are more than a number")),
    ("override", N_("stop it unless a share agrees")),
]


WRONG_RULE = {  # what tally finds wrong → field, and what to do
    "threshold.share": ("share_top", N_("Write a share above nothing and at most all, such as 2 of 3 for two thirds.")),
    "threshold.impossible": ("share_top", N_("More than all cannot agree: choose “at least”.")),
    "quorum.share": ("quorum_top", N_("Write the quorum as a share, such as 1 of 10 for a tenth.")),
    "quorum.number": ("quorum_number", N_("Write how many votes the quorum asks for: 1 or more.")),
    "blocks.number": ("blocks_number", N_("Write how many blocks are borne: 1 or more.")),
    "blocks.override": ("override_top", N_("Write the share that overrides blocks, such as 9 of 10.")),
    "rule.minimum_voting": ("minimum_days", N_("Write a number of days from 0 to 366.")),
}


OWN_FIELDS = (
    *("share_top", "share_bottom", "strict", "base"),
    *("quorum_kind", "quorum_top", "quorum_bottom", "quorum_number"),
    *("blocks_kind", "blocks_number", "override_top", "override_bottom", "reason_required"),
    "minimum_days",
)


def _given_rule(rule: Rule) -> dict[str, Any]:
    return {
        "strict": "more_than" if rule.threshold.strict else "at_least",
        **_given_share("share", rule.threshold.share),
        "base": rule.base.value,
        "quorum_kind": rule.quorum.kind.value,
        **_given_share("quorum", rule.quorum.share),
        "quorum_number": rule.quorum.number,
        "blocks_kind": rule.blocks.kind.value,
        "blocks_number": rule.blocks.number,
        **_given_share("override", rule.blocks.override),
        "reason_required": rule.blocks.reason_required,
        "minimum_days": rule.minimum_voting.days,
    }


def _given_share(name: str, share: Fraction | None) -> dict[str, Any]:
    return {f"{name}_top": share.numerator, f"{name}_bottom": share.denominator} if share else {}
