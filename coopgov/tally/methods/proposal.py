"""The proposal: agree, abstain, disagree or block, judged by threshold, base, quorum, blocks and tie rule."""

from collections import Counter
from dataclasses import dataclass
from fractions import Fraction

from coopgov.tally.reason import Reason
from coopgov.tally.rule import PARTS, Base, BlockKind, QuorumKind, Threshold, Tie, share_text
from coopgov.tally.sides import DECIDED_KEYS, Heads, Sides
from coopgov.tally.vote import Choice, Manifest, Verdict

OPTIONS = ("agree", "abstain", "disagree", "block")

TIE_KEYS = {Tie.FAILS: "tie.fails", Tie.DECLARE: "tie.declared", Tie.THRESHOLD: "tie.threshold_decides"}

BLOCK_KEYS = {
    (BlockKind.AS_DISAGREE, False): "blocks.as_disagree",
    (BlockKind.ANY_STOPS, True): "blocks.stopped",
    (BlockKind.UP_TO, False): "blocks.within_limit",
    (BlockKind.UP_TO, True): "blocks.over_limit",
    (BlockKind.OVERRIDE, False): "blocks.overridden",
    (BlockKind.OVERRIDE, True): "blocks.not_overridden",
}
"""Kind of block rule, and whether the blocks stop the proposal, to the reason's key."""


NOT_SECONDED = "blocks.not_seconded"


@dataclass(frozen=True, slots=True)
class Votes(Heads):
    """The heads of a proposal; of those against, ``block`` block it."""

    block: int

    @property
    def base(self) -> int:
        """Of how many the rule takes its share."""
        return {Base.DECISIVE: self.decisive, Base.CAST: self.cast, Base.ELIGIBLE: self.roll_size}[self.rule.base]

    @property
    def meets_threshold(self) -> bool:
        """Whether enough agree; by arithmetic alone, so 2 of 4 are "at least half"."""
        return self.rule.threshold.met(self.agree, self.base)

    @property
    def splits_evenly(self) -> bool:
        """Whether a threshold of one half met its exact tie: half of the base agrees, the other half is against."""
        half = self.rule.threshold.share == Fraction(1, 2)
        return half and self.agree == self.against and self.decisive == self.base

    @property
    def stopped(self) -> bool:
        """Whether blocks stop the proposal."""
        return self.rule.blocks.stop(self.block, self.agree, self.base)

    @property
    def needed(self) -> int:
        """The smallest number of agreements that would have passed threshold and tie rule, the base being as it is."""
        least = self.rule.threshold.needed(self.base)
        even = self.rule.threshold.share == Fraction(1, 2) and 2 * least == self.base == self.decisive
        return least + 1 if even and self.rule.tie is not Tie.THRESHOLD else least


class Proposal(Sides[Votes]):
    """The method "proposal". A tie is what the rule says it is."""

    name = "proposal"
    options = OPTIONS
    wanted = (frozenset({"agree"}), frozenset({"disagree", "block"}))
    rule_parts = PARTS
    reason_keys = DECIDED_KEYS | {
        *("threshold.met", "threshold.missed", "quorum.owed_to_opposition", NOT_SECONDED),
        *TIE_KEYS.values(),
        *BLOCK_KEYS.values(),
    }

    def needs_reason(self, manifest: Manifest, choice: Choice) -> bool:
        """Whether the rule accepts this choice only with a reason: blocks, where it says so."""
        return manifest.rule.blocks.reason_required and self.side(manifest, str(choice)) == "block"

    def heads(self, manifest: Manifest, sides: Counter[str]) -> Votes:
        """Agreements, abstentions, and those against with the blocks among them."""
        against = sides["disagree"] + sides["block"]
        return Votes(manifest.rule, manifest.roll_size, sides["agree"], sides["abstain"], against, sides["block"])

    def judge(self, manifest: Manifest, heads: Votes) -> Verdict:
        """The verdict by the rule."""
        return judge(heads)

    def explain(self, manifest: Manifest, heads: Votes, verdict: Verdict) -> list[Reason]:
        """Quorum, threshold, tie, blocks, and whether the opposition helped it to pass."""
        return explain(heads, verdict)

    def measure(self, manifest: Manifest, heads: Votes) -> tuple[int, int]:
        """The base, and how many of it had to agree."""
        return heads.base, heads.needed


def judge(votes: Votes) -> Verdict:
    """The verdict: first the quorum, then whether anybody took a side, then blocks, then a tie, then the threshold."""
    if not votes.has_quorum:
        return Verdict.NO_QUORUM
    if not votes.decisive:
        return Verdict.UNDECIDED
    if votes.stopped:
        return Verdict.FAILED
    if votes.splits_evenly and votes.rule.tie is not Tie.THRESHOLD:
        return Verdict.TIED if votes.rule.tie is Tie.DECLARE else Verdict.FAILED
    return Verdict.PASSED if votes.meets_threshold else Verdict.FAILED


def explain(votes: Votes, verdict: Verdict) -> list[Reason]:
    """Every step that applies, in reading order, also those that an earlier one made idle: a missed quorum hides no
    threshold. Facts are described in docs/counting.md.
    """
    if not votes.decisive:
        return votes.opening()
    return [
        *votes.opening(),
        _threshold_reason(votes),
        *([_tie_reason(votes)] if votes.splits_evenly else []),
        *([_blocks_reason(votes)] if votes.block else []),
        *([_opposition_reason(votes)] if verdict is Verdict.PASSED and _owed_to_opposition(votes) else []),
    ]


def _threshold_reason(votes: Votes) -> Reason:
    threshold = votes.rule.threshold
    return Reason(
        "threshold.met" if votes.meets_threshold else "threshold.missed",
        {
            "agree": votes.agree,
            "base": votes.base,
            "base_kind": votes.rule.base.value,
            "share": share_text(threshold.share),
            "strict": int(threshold.strict),
            "needed": threshold.needed(votes.base),
        },
    )


def _tie_reason(votes: Votes) -> Reason:
    return Reason(TIE_KEYS[votes.rule.tie], {"agree": votes.agree, "against": votes.against})


def _blocks_reason(votes: Votes) -> Reason:
    blocks = votes.rule.blocks
    facts: dict[str, int | str] = {"blocks": votes.block}
    if blocks.lacks_seconder(votes.block):
        return Reason(NOT_SECONDED, facts)
    if blocks.number is not None:
        facts["limit"] = blocks.number
    if blocks.override is not None:
        facts |= _override_facts(votes, blocks.override)
    return Reason(BLOCK_KEYS[blocks.kind, votes.stopped], facts)


def _override_facts(votes: Votes, override: Fraction) -> dict[str, int | str]:
    return {
        "agree": votes.agree,
        "base": votes.base,
        "base_kind": votes.rule.base.value,
        "share": share_text(override),
        "needed": Threshold(override).needed(votes.base),
    }


def _owed_to_opposition(votes: Votes) -> bool:
    """The no-show paradox: had those against stayed away, the quorum would have been missed and nothing passed."""
    approval = votes.rule.quorum.kind is QuorumKind.APPROVAL
    return not approval and votes.quorum_have - votes.against < votes.quorum_needed


def _opposition_reason(votes: Votes) -> Reason:
    return Reason(
        "quorum.owed_to_opposition",
        {"against": votes.against, "without": votes.quorum_have - votes.against, "needed": votes.quorum_needed},
    )
