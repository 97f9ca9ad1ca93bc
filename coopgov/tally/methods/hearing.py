"""Votes that decide nothing: advice, the sense check, the gradients of agreement, the question round."""

from collections.abc import Mapping
from typing import Any, ClassVar

from coopgov.tally.boxes import Settings
from coopgov.tally.reason import Reason
from coopgov.tally.sides import HEARD_KEYS, Heads, Opinions
from coopgov.tally.vote import Choice, Limits, Manifest, Result, Shape, Verdict


class Hearing(Opinions):
    """People are heard; what follows is for whoever asked them."""

    decides = False
    reason_keys = HEARD_KEYS | {"noted"}

    def judge(self, manifest: Manifest, heads: Heads) -> Verdict:
        """Heard, if anybody said something, and as many as the quorum asks for."""
        if not heads.has_quorum:
            return Verdict.NO_QUORUM
        return Verdict.NOTED if heads.cast else Verdict.UNDECIDED

    def explain(self, manifest: Manifest, heads: Heads, verdict: Verdict) -> list[Reason]:
        """Turnout, quorum, and that nothing was decided."""
        last = Reason("noted", {"cast": heads.cast}) if heads.cast else heads.opening()[-1]
        return [*heads.opening()[:2], last]


class Advice(Hearing):
    """The method "advice": the author asks, and decides."""

    name = "advice"
    options = ("agree", "abstain")
    wanted = (frozenset({"agree"}),)
    agreeing = frozenset({"agree"})


class SenseCheck(Hearing):
    """The method "sense-check": how an idea is taken, before it becomes a proposal."""

    name = "sense-check"
    options = ("looks_good", "abstain", "concerned")
    wanted = (frozenset({"looks_good"}), frozenset({"concerned"}))
    agreeing = frozenset({"looks_good"})


class Gradients(Hearing):
    """The method "gradients": eight steps from endorsement to veto (Kaner and others, "Facilitator's Guide to
    Participatory Decision-Making"); all of them are offered."""

    name = "gradients"
    options = (
        "endorsement",
        "agreement_with_contention",
        "support_with_reservations",
        "abstain",
        "more_discussion_needed",
        "dont_like_but_will_support",
        "serious_disagreement",
        "veto",
    )
    wanted = tuple(frozenset({step}) for step in options)
    agreeing = frozenset({"endorsement", "agreement_with_contention", "support_with_reservations"})


class QuestionRound(Hearing):
    """The method "question-round": there is nothing to choose, only something to say. Its one option is "answer"."""

    name = "question-round"
    options = ("answer",)
    shape = Shape.NONE
    agreeing = frozenset({"answer"})
    settings: ClassVar[Settings] = {}

    def limits(self, manifest: Manifest) -> Limits:
        """No option."""
        return Limits(0, 0)

    def validate(self, manifest: Manifest, choice: object) -> Choice:
        """``()`` if nothing is chosen; raises ValueError ``ballot.choice`` otherwise."""
        if choice not in ((), []):
            raise ValueError("ballot.choice")
        return ()

    def needs_reason(self, manifest: Manifest, choice: Choice) -> bool:
        """Always: the reason is all that there is."""
        return True

    def count(self, manifest: Manifest, box: Mapping[Any, int], tie_seed: str | None = None) -> Result:
        """How many answered."""
        return super().count(manifest, {self.options[0]: sum(box.values())})
