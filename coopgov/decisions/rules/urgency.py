"""Votes that are shorter than usual: somebody who did not write them confirms that they are urgent. Pure."""

from collections.abc import Set
from datetime import datetime

from coopgov.core.errors import Kind, Refusals
from coopgov.core.text import N_
from coopgov.tally.rule import Rule

REFUSALS: Refusals = {
    "urgent.unsigned": (
        Kind.CONFLICT,
        N_(
            "A vote shorter than usual opens once it is countersigned, by a convenor of the group who did not write it."
            " Keep it as a draft or put it up for discussion until then, or let voting last as long as usual."
        ),
    ),
    "urgent.not_yours": (
        Kind.FORBIDDEN,
        N_("A convenor of the group who did not write the proposal has to countersign it."),
    ),
    "urgent.signed": (Kind.CONFLICT, N_("It is countersigned already.")),
    "urgent.not_urgent": (Kind.CONFLICT, N_("Nobody says that this vote is urgent.")),
}


def is_shortened(rule: Rule, urgent_reason: str, opens_at: datetime, closes_at: datetime) -> bool:
    """Whether voting between these instants is shorter than usual because it is urgent."""
    return bool(urgent_reason) and closes_at - opens_at < rule.minimum_voting


def signing_role(party_id: int, writers: Set[int], convenors: Set[int], secretaries: Set[int]) -> str:
    """In which capacity the party may countersign: ``convenor``; ``membership_secretary`` where every convenor
    is among those who wrote it, or there is none; empty when it may not."""
    if party_id in writers:
        return ""
    if party_id in convenors:
        return "convenor"
    return "membership_secretary" if party_id in secretaries and not convenors - writers else ""
