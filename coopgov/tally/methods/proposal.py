"""The proposal: agree, abstain, disagree or block, judged by threshold, base, quorum, blocks and tie rule."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from coopgov.tally.reason import Reason
from coopgov.tally.rule import PARTS, Base, BlockKind, QuorumKind, Rule, Threshold, Tie, share_text
from coopgov.tally.vote import Choice, Limits, Manifest, Result, Shape, Verdict

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
class Votes:
    """The counted ballots of one proposal, and the rule and roll by which they are judged."""

    rule: Rule
    roll_size: int
    agree: int
    abstain: int
    disagree: int
    block: int

    @property
    def against(self) -> int:
        """Ballots that disagree or block."""
        return self.disagree + self.block

    @property
    def decisive(self) -> int:
        """Ballots that take a side."""
        return self.agree + self.against

    @property
    def cast(self) -> int:
        """All ballots, abstentions included."""
        return self.decisive + self.abstain

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

    @property
    def quorum_have(self) -> int:
        """What the quorum counts, so far."""
        counted = {QuorumKind.DECISIVE: self.decisive, QuorumKind.APPROVAL: self.agree}
        return counted.get(self.rule.quorum.kind, self.cast)

    @property
    def quorum_needed(self) -> int:
        """What the quorum asks of this roll; 0 without one."""
        return self.rule.quorum.needed(self.roll_size)

    @property
    def has_quorum(self) -> bool:
        """Whether the quorum is reached, or none is asked."""
        return self.rule.quorum.met(self.quorum_have, self.roll_size)


class Proposal:
    """The method "proposal". It draws no lots: a tie is what the rule says it is."""

    name = "proposal"
    options = OPTIONS
    shape = Shape.ONE
    decides = True
    takes_ballots = True
    rule_parts = PARTS
    reason_keys = frozenset(
        {"turnout", "ballots.none", "ballots.only_abstentions", "threshold.met", "threshold.missed"}
        | {"quorum.none", "quorum.met", "quorum.missed", "quorum.owed_to_opposition"}
        | set(TIE_KEYS.values())
        | set(BLOCK_KEYS.values())
        | {NOT_SECONDED}
    )

    def check(self, manifest: Manifest) -> None:
        """Refuse options it does not know, and a vote in which one could only say yes or only say no.

        Raises ValueError ``manifest.options.unknown`` or ``manifest.options.one_sided``.
        """
        offered = set(manifest.options)
        if not offered <= set(OPTIONS):
            raise ValueError("manifest.options.unknown")
        if "agree" not in offered or offered.isdisjoint({"disagree", "block"}):
            raise ValueError("manifest.options.one_sided")

    def limits(self, manifest: Manifest) -> Limits:
        """One option."""
        return Limits(1, 1)

    def validate(self, manifest: Manifest, choice: object) -> str:
        """``choice`` if the manifest offers it; raises ValueError ``ballot.choice`` otherwise."""
        if not isinstance(choice, str) or choice not in manifest.options:
            raise ValueError("ballot.choice")
        return choice

    def needs_reason(self, manifest: Manifest, choice: Choice) -> bool:
        """Whether the rule accepts this choice only with a reason: blocks, where it says so."""
        return choice == "block" and manifest.rule.blocks.reason_required

    def count(self, manifest: Manifest, box: Mapping[str, int], tie_seed: str | None = None) -> Result:
        """The result of so many ballots for each option; the same with any ``tie_seed``."""
        votes = Votes(manifest.rule, manifest.roll_size, *(box.get(option, 0) for option in OPTIONS))
        verdict = judge(votes)
        return Result(
            verdict=verdict,
            counts={option: box.get(option, 0) for option in manifest.options},
            cast=votes.cast,
            roll_size=votes.roll_size,
            base_size=votes.base,
            needed=votes.needed,
            quorum_needed=votes.quorum_needed,
            quorum_have=votes.quorum_have,
            reasons=tuple(explain(votes, verdict)),
        )


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
    turnout = Reason("turnout", {"cast": votes.cast, "roll": votes.roll_size, "abstain": votes.abstain})
    if not votes.decisive:
        empty = "ballots.only_abstentions" if votes.cast else "ballots.none"
        return [turnout, _quorum_reason(votes), Reason(empty, {"cast": votes.cast})]
    return [
        turnout,
        _quorum_reason(votes),
        _threshold_reason(votes),
        *([_tie_reason(votes)] if votes.splits_evenly else []),
        *([_blocks_reason(votes)] if votes.block else []),
        *([_opposition_reason(votes)] if verdict is Verdict.PASSED and _owed_to_opposition(votes) else []),
    ]


def _quorum_reason(votes: Votes) -> Reason:
    quorum = votes.rule.quorum
    if quorum.kind is QuorumKind.NONE:
        return Reason("quorum.none", {})
    facts: dict[str, int | str] = {
        "kind": quorum.kind.value,
        "have": votes.quorum_have,
        "needed": votes.quorum_needed,
        "roll": votes.roll_size,
    }
    if quorum.share is not None:
        facts["share"] = share_text(quorum.share)
    return Reason("quorum.met" if votes.has_quorum else "quorum.missed", facts)


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
