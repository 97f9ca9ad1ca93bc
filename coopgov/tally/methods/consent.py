"""Consent: it passes unless somebody objects; and lazy consensus, in which those who say nothing agree."""

from coopgov.tally.reason import Reason
from coopgov.tally.sides import DECIDED_KEYS, Heads, Opinions
from coopgov.tally.vote import Manifest, Verdict, require


class Consent(Opinions):
    """The method "consent": it passes if somebody consents and no objection stands at closing.

    An objection is taken back by voting again. It needs a reason, or nobody could answer it.
    """

    name = "consent"
    options = ("consent", "abstain", "objection")
    wanted = (frozenset({"consent"}), frozenset({"objection"}))
    agreeing = frozenset({"consent"})
    explained = frozenset({"objection"})
    reason_keys = DECIDED_KEYS | {"consent.given", "consent.objections"}

    def judge(self, manifest: Manifest, heads: Heads) -> Verdict:
        """First the quorum, then whether anybody took a side, then whether anybody objects."""
        if not heads.has_quorum:
            return Verdict.NO_QUORUM
        if not heads.decisive:
            return Verdict.UNDECIDED
        return Verdict.FAILED if heads.against else Verdict.PASSED

    def explain(self, manifest: Manifest, heads: Heads, verdict: Verdict) -> list[Reason]:
        """Turnout, quorum, and the objections or that there are none."""
        if not heads.decisive:
            return heads.opening()
        if heads.against:
            return [*heads.opening(), Reason("consent.objections", {"objections": heads.against})]
        return [*heads.opening(), Reason("consent.given", {"consent": heads.agree})]

    def measure(self, manifest: Manifest, heads: Heads) -> tuple[int, int]:
        """All who take a side have to consent, one at least."""
        return heads.decisive, max(1, heads.decisive)


class LazyConsensus(Opinions):
    """The method "lazy-consensus": it passes unless somebody objects; whoever says nothing agrees.

    It knows no quorum: silence is an answer. With an objection it does not pass, and goes to a vote.
    """

    name = "lazy-consensus"
    options = ("consent", "abstain", "objection")
    wanted = (frozenset({"objection"}),)
    agreeing = frozenset({"consent"})
    explained = frozenset({"objection"})
    rule_parts = frozenset[str]()
    reason_keys = frozenset({"turnout", "lazy.silence", "lazy.unopposed", "lazy.objection"})

    def check(self, manifest: Manifest) -> None:
        """As ever, and refuses a quorum: ValueError ``manifest.rule.quorum``."""
        super().check(manifest)
        require(not manifest.rule.quorum.needed(manifest.roll_size), "manifest.rule.quorum")

    def judge(self, manifest: Manifest, heads: Heads) -> Verdict:
        """Whether anybody objects."""
        return Verdict.FAILED if heads.against else Verdict.PASSED

    def explain(self, manifest: Manifest, heads: Heads, verdict: Verdict) -> list[Reason]:
        """Turnout, and the objections or that there are none."""
        turnout = heads.opening()[0]
        if heads.against:
            return [turnout, Reason("lazy.objection", {"objections": heads.against})]
        return [turnout, Reason("lazy.unopposed" if heads.cast else "lazy.silence", {"consent": heads.agree})]
