"""Count me in: who takes part, and whether there are enough."""

from typing import ClassVar

from coopgov.tally.boxes import Settings
from coopgov.tally.canonical import LARGEST
from coopgov.tally.reason import Reason
from coopgov.tally.sides import DECIDED_KEYS, Heads, Opinions
from coopgov.tally.vote import Manifest, Verdict, require


class CountMeIn(Opinions):
    """The method "count-me-in": it is decided when as many as ``target`` accept; else it stays undecided."""

    name = "count-me-in"
    options = ("accept", "decline")
    wanted = (frozenset({"accept"}),)
    agreeing = frozenset({"accept"})
    reason_keys = DECIDED_KEYS - {"ballots.only_abstentions"} | {"target.reached", "target.missed"}
    settings: ClassVar[Settings] = {
        **Opinions.settings,
        "target": lambda value: type(value) is int and 1 <= value <= LARGEST,
    }

    def check(self, manifest: Manifest) -> None:
        """As ever, and refuses to go without a target: ValueError ``manifest.settings.target``."""
        super().check(manifest)
        require("target" in manifest.settings, "manifest.settings.target")

    def judge(self, manifest: Manifest, heads: Heads) -> Verdict:
        """First the quorum, then the target."""
        if not heads.has_quorum:
            return Verdict.NO_QUORUM
        return Verdict.DECIDED if heads.agree >= manifest.settings["target"] else Verdict.UNDECIDED

    def explain(self, manifest: Manifest, heads: Heads, verdict: Verdict) -> list[Reason]:
        """Turnout, quorum, target."""
        target = manifest.settings["target"]
        key = "target.reached" if heads.agree >= target else "target.missed"
        return [*heads.opening(), Reason(key, {"accepted": heads.agree, "target": target})]

    def measure(self, manifest: Manifest, heads: Heads) -> tuple[int, int]:
        """The target, of all who answered."""
        return heads.cast, manifest.settings["target"]
