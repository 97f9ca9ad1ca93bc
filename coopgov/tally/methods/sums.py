"""Methods that add up: choosing, approval, scores and dots."""

from collections import Counter
from collections.abc import Mapping
from fractions import Fraction
from typing import Any, ClassVar

from coopgov.tally import boxes
from coopgov.tally.lots import Ties
from coopgov.tally.methods.base import Elects
from coopgov.tally.vote import Choice, Election, Limits, Manifest, Shape, require

NONE_OF_THESE = "none_of_these"
NONE = (NONE_OF_THESE,)
MOST_POINTS = 1_000_000


def _is_count(value: object) -> bool:
    return type(value) is int and 0 <= value <= MOST_POINTS


def _is_points(value: object) -> bool:
    return _is_count(value) and value != 0


class Approval(Elects):
    """The method "approval": any number of options; those that most approve of win."""

    name = "approval"

    def validate(self, manifest: Manifest, choice: object) -> Choice:
        """Options in the order of the manifest; raises ValueError ``ballot.choice``, ``ballot.choice.twice``."""
        return boxes.picks(manifest, choice)

    def count(self, manifest: Manifest, box: Mapping[Any, int], tie_seed: str | None = None) -> Election:
        """Facts: ``approvals`` of each option, ``ranking``; winners are the first for the seats."""
        return self.rank(manifest, box, self.totals(manifest, box), tie_seed)

    def totals(self, manifest: Manifest, box: Mapping[Any, int]) -> dict[str, Any]:
        """The facts; the first are the totals by which options are ranked."""
        return {"approvals": _added((option, number) for picks, number in box.items() for option in picks)}

    def worth(self, manifest: Manifest, facts: Mapping[str, Any], totals: Mapping[str, int]) -> Mapping[str, Any]:
        """What each option is ranked by, most first."""
        return totals

    def rank(self, manifest: Manifest, box: Mapping[Any, int], facts: dict[str, Any], tie_seed: str | None) -> Election:
        """The election that follows from totals."""
        umpire = boxes.umpire_of(manifest, tie_seed, Ties.DECLARE)
        counted = sum(number for choice, number in box.items() if choice)
        totals = {option: next(iter(facts.values())).get(option, 0) for option in boxes.standing(manifest)}
        facts = {**facts, next(iter(facts)): totals}
        worth = self.worth(manifest, facts, totals)
        levels = sorted({worth[option] for option in totals}, reverse=True)
        groups = [[option for option in totals if worth[option] == level] for level in levels]

        def run() -> boxes.Counted:
            winners: list[str] = []
            for group in groups if any(totals.values()) else ():
                room = manifest.settings.get("seats", 1) - len(winners)
                if room <= 0:
                    break
                winners += group if len(group) <= room else umpire.ranked([group], "seat")[:room]
            facts["ranking"] = [option for group in groups for option in group]
            return boxes.Counted(winners, facts, groups)

        return boxes.conclude(manifest, sum(box.values()), counted, umpire, run, lambda: facts)


class Choose(Approval):
    """The method "choose": between ``least`` and ``most`` options (one, unless it says otherwise); with
    ``none_of_these`` a ballot may say that it wants none of them, which is counted and elects nobody."""

    name = "choose"
    settings: ClassVar[boxes.Settings] = {
        **boxes.COMMON,
        "least": _is_count,
        "most": _is_count,
        NONE_OF_THESE: lambda value: type(value) is bool,
    }

    def check(self, manifest: Manifest) -> None:
        """Refuses settings it does not know, and bounds that nobody can keep: ValueError ``manifest.settings.…``."""
        super().check(manifest)
        least, most = _bounds(manifest)
        require(least <= most <= len(manifest.options) and most > 0, "manifest.settings.most")
        ambiguous = NONE_OF_THESE in manifest.options and manifest.settings.get(NONE_OF_THESE)
        require(not ambiguous, f"manifest.settings.{NONE_OF_THESE}")

    def limits(self, manifest: Manifest) -> Limits:
        """From ``least``, but at least one, to ``most``."""
        least, most = _bounds(manifest)
        return Limits(max(1, least), most)

    def validate(self, manifest: Manifest, choice: object) -> Choice:
        """Options in the order of the manifest, or "none_of_these" alone; raises ValueError ``ballot.choice…``."""
        if choice in (NONE_OF_THESE, NONE, list(NONE)) and manifest.settings.get(NONE_OF_THESE):
            return NONE
        picked = boxes.picks(manifest, choice)
        least, most = _bounds(manifest)
        require(len(picked) <= most, "ballot.choice.too_many")
        require(len(picked) >= least or not picked, "ballot.choice.too_few")
        return picked

    def totals(self, manifest: Manifest, box: Mapping[Any, int]) -> dict[str, Any]:
        """Facts: ``votes`` of each option, and ``none_of_these`` where it is offered."""
        picked = ((option, n) for choice, n in box.items() if choice != NONE for option in choice)
        facts: dict[str, Any] = {"votes": _added(picked)}
        if manifest.settings.get(NONE_OF_THESE):
            facts[NONE_OF_THESE] = box.get(NONE, 0)
        return facts


class Score(Approval):
    """The method "score": each option gets from 0 to ``highest`` (5, unless it says otherwise) points, or none given.

    Ranked by totals, or by ``average`` of those who rated, if the manifest says so.
    """

    name = "score"
    shape = Shape.POINTS
    settings: ClassVar[boxes.Settings] = {
        **boxes.COMMON,
        "highest": lambda value: type(value) is int and 1 <= value <= 100,
        "average": lambda value: type(value) is bool,
    }

    def limits(self, manifest: Manifest) -> Limits:
        """Up to ``highest`` points for each, without a bound to their sum."""
        return Limits(1, len(manifest.options), manifest.settings.get("highest", 5))

    def validate(self, manifest: Manifest, choice: object) -> Choice:
        """(option, points) pairs; raises ValueError ``ballot.choice``, ``ballot.points``."""
        return boxes.points(manifest, choice, 0, self.limits(manifest).highest)

    def totals(self, manifest: Manifest, box: Mapping[Any, int]) -> dict[str, Any]:
        """Facts: ``scores`` (totals), ``voters_per_option`` (who rated it), ``averages`` in text with two decimals."""
        scores = _added((option, value * n) for pairs, n in box.items() for option, value in pairs)
        raters = _added((option, n) for pairs, n in box.items() for option, _ in pairs)
        averages = {option: _two_decimals(scores[option], raters[option]) for option in raters}
        return {"scores": scores, "voters_per_option": raters, "averages": averages}

    def worth(self, manifest: Manifest, facts: Mapping[str, Any], totals: Mapping[str, int]) -> Mapping[str, Any]:
        """Totals, or exact averages; what nobody has rated has none and comes last."""
        if not manifest.settings.get("average"):
            return totals
        raters = facts["voters_per_option"]
        return {o: Fraction(total, raters[o]) if o in raters else Fraction(-1) for o, total in totals.items()}


class Dots(Score):
    """The method "dot": ``budget`` points (5 unless it says otherwise) to spread, at most ``most_on_one`` on each.

    Points that are not spent are lost; a ballot that spends more is refused, never scaled down.
    """

    name = "dot"
    settings: ClassVar[boxes.Settings] = {**boxes.COMMON, "budget": _is_points, "most_on_one": _is_points}

    def limits(self, manifest: Manifest) -> Limits:
        """The budget, which bounds also what one option may get."""
        budget = manifest.settings.get("budget", 5)
        return Limits(1, len(manifest.options), min(budget, manifest.settings.get("most_on_one", budget)), budget)

    def validate(self, manifest: Manifest, choice: object) -> Choice:
        """(option, points) pairs without zeros; raises ValueError ``ballot.points``, ``ballot.points.over_budget``."""
        limits = self.limits(manifest)
        pairs = boxes.points(manifest, choice, 0, limits.highest)
        require(sum(value for _, value in pairs) <= (limits.budget or 0), "ballot.points.over_budget")
        return tuple(pair for pair in pairs if pair[1])


def _bounds(manifest: Manifest) -> tuple[int, int]:
    return manifest.settings.get("least", 1), manifest.settings.get("most", 1)


def _added(pairs: Any) -> dict[str, int]:
    totals: Counter[str] = Counter()
    for option, number in pairs:
        totals[option] += number
    return dict(totals)


def _two_decimals(total: int, number: int) -> str:
    hundredths = (200 * total + number) // (2 * number)
    return f"{hundredths // 100}.{hundredths % 100:02d}"
