"""What would have changed a vote on one thing, found by counting it again with other votes."""

from collections import Counter
from collections.abc import Callable

from coopgov.decisions.drawing import reasons_of
from coopgov.decisions.pictures.frame import Count, Plain
from coopgov.decisions.pictures.words import ngettext
from coopgov.infra.i18n import gettext as _
from coopgov.tally.count import tally_distinct
from coopgov.tally.rule import Rule
from coopgov.tally.vote import Manifest, Verdict

BESIDE = frozenset({"counts_as", "currency", "seed_digest"})
"""Settings that a recount by sides does without."""


class Recount:
    """A vote on one thing, counted again with other votes; every option goes by the side that it counts as."""

    def __init__(self, count: Count, rule: Rule) -> None:
        self.plain, self.roll_size = count.plain, count.roll_size
        stands_for = count.settings.get("counts_as", {})
        self.counts: Counter[str] = Counter()
        for option, votes in count.plain["counts"].items():
            self.counts[str(stands_for.get(option, option))] += votes
        settings = {name: value for name, value in count.settings.items() if name not in BESIDE}
        method = str(count.plain.get("method", "proposal"))
        self._manifest = Manifest(method, tuple(sorted(self.counts)), rule, count.roll_size, settings)

    def room_for(self, side: str) -> int:
        """How many more could have chosen it: those who did not vote, if it was on the ballot."""
        return self.roll_size - int(self.plain["cast"]) if side in self.counts else 0

    def passes(self, **changes: int) -> bool:
        """Whether it would pass with so many more (or fewer) votes of each side."""
        box = {side: votes + changes.get(side, 0) for side, votes in self.counts.items()}
        return tally_distinct(self._manifest, {side: n for side, n in box.items() if n}).verdict is Verdict.PASSED


def fewest(holds: Callable[[int], bool], most: int) -> int:
    """The smallest number from 1 to ``most`` for which ``holds``, which goes on holding from there; 0 for none.

    >>> fewest(lambda n: n * n >= 30, 10), fewest(lambda n: n > 10, 10)
    (6, 0)
    """
    if most < 1 or not holds(most):
        return 0
    low, high = 1, most
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle + 1, high)
    return low


def changes_of_sides(count: Count, rule: Rule) -> list[str]:
    """What would have changed it; where nothing is decided by counting, at most what the quorum lacked."""
    teller = TELLERS.get(str(count.plain.get("method", "proposal")))
    return teller(Recount(count, rule)) if teller else quorum_lacked(count.plain, count.roll_size)


def _proposal(recount: Recount) -> list[str]:
    if recount.passes():
        return _undone(recount)
    agreements = _agreements(recount)
    by_agreement = any(reason.facts.get("kind") == "approval" for reason in reasons_of(recount.plain))
    quorum = [] if agreements and by_agreement else quorum_lacked(recount.plain, recount.roll_size)
    return [*agreements, *_blocks(recount), *quorum]


def _undone(recount: Recount) -> list[str]:
    """What would have stopped it: votes of people who did not vote, else votes that changed sides."""
    against = fewest(lambda n: not recount.passes(disagree=n), recount.room_for("disagree"))
    blocks = fewest(lambda n: not recount.passes(block=n), recount.room_for("block"))
    said = []
    if blocks and (blocks < against or not against):
        said.append(
            ngettext("%(num)s more block would have stopped it.", "%(num)s more blocks would have stopped it.", blocks)
        )
    if against:
        said.append(
            ngettext(
                "With %(num)s more vote against, it would not have passed.",
                "With %(num)s more votes against, it would not have passed.",
                against,
            )
        )
    return said or _turned_against(recount)


def _turned_against(recount: Recount) -> list[str]:
    if "disagree" not in recount.counts:
        return []
    turned = fewest(lambda n: not recount.passes(agree=-n, disagree=n), recount.counts["agree"])
    return said_of(
        turned,
        ngettext(
            "Had %(num)s of those who agreed voted against, it would not have passed.",
            "Had %(num)s of those who agreed voted against, it would not have passed.",
            turned,
        ),
    )


def _agreements(recount: Recount) -> list[str]:
    more = fewest(lambda n: recount.passes(agree=n), recount.room_for("agree"))
    if more:
        return [
            ngettext(
                "With %(num)s more vote in agreement, it would have passed.",
                "With %(num)s more votes in agreement, it would have passed.",
                more,
            )
        ]
    turned = fewest(lambda n: recount.passes(agree=n, disagree=-n), recount.counts.get("disagree", 0))
    return said_of(
        turned,
        ngettext(
            "Had %(num)s of those against agreed instead, it would have passed.",
            "Had %(num)s of those against agreed instead, it would have passed.",
            turned,
        ),
    )


def _blocks(recount: Recount) -> list[str]:
    """Fewer blocks may also miss a quorum, so every number is tried."""
    blocks = recount.counts.get("block", 0)
    fewer = next((n for n in range(1, blocks + 1) if recount.passes(block=-n)), 0)
    return said_of(
        fewer,
        ngettext(
            "With %(num)s block fewer, it would have passed.",
            "With %(num)s blocks fewer, it would have passed.",
            fewer,
        ),
    )


def said_of(how_many: int, sentence: str) -> list[str]:
    """The sentence, unless there is nothing to count."""
    return [sentence] if how_many else []


def _consent(recount: Recount) -> list[str]:
    """One objection stops it, whoever raises it."""
    if recount.passes():
        return [_("One objection would have stopped it.")] if recount.room_for("objection") else []
    objections = recount.counts["objection"]
    unopposed = ngettext(
        "Without the %(num)s objection it would have passed.",
        "Without the %(num)s objections it would have passed.",
        objections,
    )
    lacking = quorum_lacked(recount.plain, recount.roll_size)
    return lacking + (said_of(objections, unopposed) if recount.passes(objection=-objections) else [])


def _target(recount: Recount) -> list[str]:
    missing = int(recount.plain["needed"]) - recount.counts["accept"]
    enough = ngettext("%(num)s more would have been enough.", "%(num)s more would have been enough.", missing)
    said = [enough] if 0 < missing <= recount.room_for("accept") else []
    return said + quorum_lacked(recount.plain, recount.roll_size)


def quorum_lacked(plain: Plain, roll_size: int) -> list[str]:
    """How many votes the quorum lacked, where the roll has as many people who could have cast them."""
    for reason in reasons_of(plain):
        if reason.key == "quorum.missed":
            missing, kind = int(reason.facts["needed"]) - int(reason.facts["have"]), str(reason.facts["kind"])
            return [_lacking(kind, missing)] if missing <= roll_size - int(plain["cast"]) else []
    return []


def _lacking(kind: str, missing: int) -> str:
    if kind == "approval":
        return ngettext(
            "%(num)s more vote in agreement would have reached the quorum.",
            "%(num)s more votes in agreement would have reached the quorum.",
            missing,
        )
    if kind == "decisive":
        return ngettext(
            "%(num)s more vote that takes a side would have reached the quorum.",
            "%(num)s more votes that take a side would have reached the quorum.",
            missing,
        )
    return ngettext(
        "%(num)s more vote would have reached the quorum.",
        "%(num)s more votes would have reached the quorum.",
        missing,
    )


TELLERS: dict[str, Callable[[Recount], list[str]]] = {
    "proposal": _proposal,
    "consent": _consent,
    "lazy-consensus": _consent,
    "count-me-in": _target,
}
"""By method; the others decide nothing."""
