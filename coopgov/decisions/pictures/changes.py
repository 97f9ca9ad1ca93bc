"""What would have changed a result: only what follows from its figures, found by counting again."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from coopgov.decisions.pictures.budget import sum_of
from coopgov.decisions.pictures.frame import Count, Plain, Settings
from coopgov.decisions.pictures.pairs import Table
from coopgov.decisions.pictures.recounts import changes_of_sides, quorum_lacked, said_of
from coopgov.decisions.pictures.stages import Stage, Story, story_of
from coopgov.decisions.pictures.words import Texts, figure, in_sentence, ngettext
from coopgov.infra.i18n import gettext as _
from coopgov.infra.i18n import number
from coopgov.tally.rule import Rule


def would_have_changed(plain: Plain, texts: Texts, roll_size: int, settings: Settings, rule: Rule) -> list[str]:
    """Sentences, the most telling first; none where nothing is sure. ``plain``, ``texts``, ``settings`` as for
    ``picture_of``."""
    count = Count(plain=plain, texts=texts, roll_size=roll_size, settings=settings)
    if "counts" in plain:
        return changes_of_sides(count, rule)
    if plain["verdict"] == "no_quorum":
        return quorum_lacked(plain, roll_size)
    teller = TELLERS.get(plain["method"])
    return teller(count) if teller and plain["counted"] else []


LAST_STEPS = 3  # exclusions looked at: who goes out early is often a vote from the next, and it changes nothing


def _totals(count: Count) -> list[str]:
    """How far the next option was behind the last that was chosen."""
    totals: Mapping[str, int] = next(count.plain[key] for key in ("votes", "approvals", "scores") if key in count.plain)
    if count.plain.get("tied"):
        return _tied(count.plain, count.settings, totals)
    winners = list(count.winners)
    others = [option for option in totals if option not in winners]
    if not winners or not others:
        return []
    last, following = min(winners, key=totals.__getitem__), max(others, key=totals.__getitem__)
    gap = totals[last] - totals[following]
    if not gap:
        return []  # a tie that was broken: the explanation tells it
    facts = {"name": in_sentence(following, count.texts), "other": in_sentence(last, count.texts)}
    if "scores" in count.plain:
        return [
            ngettext(
                "%(name)s came next, %(num)s point behind %(other)s.",
                "%(name)s came next, %(num)s points behind %(other)s.",
                gap,
                **facts,
            )
        ]
    return [
        ngettext(
            "%(name)s came next, %(num)s vote behind %(other)s.",
            "%(name)s came next, %(num)s votes behind %(other)s.",
            gap,
            **facts,
        )
    ]


def _tied(plain: Plain, settings: Settings, totals: Mapping[str, int]) -> list[str]:
    tied = plain["tied"]
    above = sum(total > totals[tied[0]] for total in totals.values())
    if int(settings.get("seats", 1)) - above != 1:
        return []
    if "scores" in plain:
        return [_("One more point for any of them alone would have decided.")]
    return [_("One more vote for any of them alone would have decided.")]


def _stages(count: Count) -> list[str]:
    """How far the next was from being elected at the end, and the narrowest of the last steps on which one went out."""
    story = story_of(count.plain, list(count.texts))
    if story is None:
        return []
    said = _last_stage(story, count.texts)
    near = [escape for stage in story.stages if (escape := _escape(stage, story))][-LAST_STEPS:]
    if near:
        said.append(_kept_in(min(near, key=lambda found: (found.gap, -found.stage)), count.texts))
    return said


@dataclass(frozen=True)
class Escape:
    """An option that went out, and the next above it: how far ahead that was when it was decided, at which stage."""

    option: str
    above: str
    gap: Fraction
    stage: int


def _escape(stage: Stage, story: Story) -> Escape | None:
    """None where nobody went out alone, where nobody was left to go out instead, or where equals were told apart."""
    gone = stage.goes_next or (stage.excluded[0] if len(stage.excluded) == 1 else "")
    if not gone:
        return None
    decided = stage if stage.goes_next else story.stages[stage.number - 2]
    elected = {option for option, at_stage in story.elected_at.items() if at_stage <= decided.number}
    still_in = [option for option in story.in_before(stage.number) if option != gone and option not in elected]
    if not still_in:
        return None
    above = min(still_in, key=lambda option: decided.tally[option])
    gap = decided.tally[above] - decided.tally[gone]
    return Escape(gone, above, gap, decided.number) if gap > 0 else None


def _kept_in(found: Escape, texts: Texts) -> str:
    more = int(found.gap) + 1
    facts = {
        "name": in_sentence(found.option, texts),
        "other": in_sentence(found.above, texts),
        "stage": number(found.stage),
        "gap": figure(found.gap),
    }
    return ngettext(
        "The narrowest step: at stage %(stage)s, %(name)s was last. With %(num)s vote more there, all others as they"
        " were, %(other)s would have been.",
        "The narrowest step: at stage %(stage)s, %(name)s was last. With %(num)s votes more there, all others as they"
        " were, %(other)s would have been.",
        more,
        **facts,
    )


def _last_stage(story: Story, texts: Texts) -> list[str]:
    last = story.stages[-1]
    others = [option for option in last.tally if option not in story.elected_at and option not in story.out_at]
    if not last.elected or not others:
        return []
    second, winner = max(others, key=last.tally.__getitem__), min(last.elected, key=last.tally.__getitem__)
    gap = last.tally[winner] - last.tally[second]
    facts = {"name": in_sentence(second, texts), "other": in_sentence(winner, texts), "gap": figure(gap)}
    return said_of(
        int(gap),
        ngettext(
            "At the last stage %(name)s was %(gap)s vote behind %(other)s.",
            "At the last stage %(name)s was %(gap)s votes behind %(other)s.",
            int(gap),
            **facts,
        ),
    )


def _compared(count: Count) -> list[str]:
    """The narrowest win of an option that beats all others; without such a one, the strongest paths that decided."""
    if count.plain.get("tied") or not count.winners:
        return []
    table, first = Table(count), count.winners[0]
    rivals = [option for option in table.left if option != first]
    if not rivals:
        return []
    if count.plain["condorcet_winner"]:
        rival = min(rivals, key=lambda option: table.votes(first, option) - table.votes(option, first))
        return [_narrowest_win(table, first, rival, count.texts)]
    if not table.has_paths:
        return []
    rival = min(rivals, key=lambda option: table.path(first, option) - table.path(option, first))
    return [
        _(
            "The narrowest: the strongest path from %(name)s to %(other)s is %(there)s, the one back %(back)s.",
            name=in_sentence(first, count.texts),
            other=in_sentence(rival, count.texts),
            there=number(table.path(first, rival)),
            back=number(table.path(rival, first)),
        )
    ]


def _narrowest_win(table: Table, first: str, rival: str, texts: Texts) -> str:
    won, lost = table.votes(first, rival), table.votes(rival, first)
    return ngettext(
        "The narrowest win: %(won)s prefer %(name)s to %(other)s, %(lost)s the other way round. %(num)s more ballot"
        " for %(other)s alone would have made them equal.",
        "The narrowest win: %(won)s prefer %(name)s to %(other)s, %(lost)s the other way round. %(num)s more ballots"
        " for %(other)s alone would have made them equal.",
        won - lost,
        won=number(won),
        lost=number(lost),
        name=in_sentence(first, texts),
        other=in_sentence(rival, texts),
    )


def _shared(count: Count) -> list[str]:
    """Whether what is left would have paid for the cheapest project that people wanted and did not get."""
    costs, approvals = count.settings["costs"], count.plain.get("approvals", {})
    wanted = [o for o in costs if approvals.get(o) and o not in count.plain.get("bought", ())]
    if count.plain.get("tied") or not wanted:
        return []
    cheapest, left = min(wanted, key=costs.__getitem__), int(count.plain["budget"]) - int(count.plain["total_cost"])
    facts = {
        "left": sum_of(left, count.settings),
        "name": in_sentence(cheapest, count.texts),
        "cost": sum_of(costs[cheapest], count.settings),
    }
    if costs[cheapest] > left:
        return [_("%(left)s is left. The cheapest project that was not funded, %(name)s, costs %(cost)s.", **facts)]
    return [
        _(
            "%(left)s is left, and %(name)s costs %(cost)s; but those who want it had too little of their shares left.",
            **facts,
        )
    ]


Teller = Callable[[Count], list[str]]

TELLERS: dict[str, Teller] = {
    "choose": _totals,
    "approval": _totals,
    "score": _totals,
    "dot": _totals,
    "schulze": _compared,
    "ranked-pairs": _compared,
    "irv": _stages,
    "stv-scottish": _stages,
    "stv-wigm": _stages,
    "meek": _stages,
    "equal-shares": _shared,
}
"""By method; one that is missing has nothing that could be said for sure."""
