"""A result in a sentence or two: who or what it is, with the figures that decided, and how equals were told apart."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from coopgov.core.text import N_
from coopgov.decisions.drawing import reasons_of
from coopgov.decisions.pictures.budget import sum_of
from coopgov.decisions.pictures.frame import Count, Plain, Settings
from coopgov.decisions.pictures.pairs import Table, order_of
from coopgov.decisions.pictures.stages import Story, story_of
from coopgov.decisions.pictures.times import answered, best_times, clock
from coopgov.decisions.pictures.words import Texts, figure, in_sentence, names, ngettext
from coopgov.decisions.sentences import deciding, say, verdict_shown
from coopgov.infra.i18n import gettext as _
from coopgov.infra.i18n import listing, number

TIES_TOLD = 3  # broken ties in a sentence; the others are only counted


NOTHING = ("ballots.none", "ballots.only_abstentions", "election.nobody")
"""Why nobody and nothing was chosen."""


def explained(plain: Plain, texts: Texts, settings: Settings | None = None) -> str:
    """Why a stored result is what it is; raises KeyError for a method that nobody has put into words."""
    reasons = {reason.key: reason for reason in reasons_of(plain)}
    verdict = str(plain["verdict"])
    if "counts" in plain:
        return say(deciding(verdict_shown(verdict, list(reasons.values())), list(reasons.values())))
    if verdict == "no_quorum":
        return say(reasons["quorum.missed"])
    if empty := [reasons[key] for key in NOTHING if key in reasons]:
        return say(empty[0])
    if verdict == "tied":
        between = names(plain["tied"], texts)
        return _("Equal: %(between)s. What follows is for people to decide.", between=between)
    count = Count(plain=plain, texts=texts, roll_size=int(plain["roll_size"]), settings=settings or {})
    vacant = [say(reasons["election.vacant"])] if "election.vacant" in reasons else []
    return " ".join([*SPEAKERS[plain["method"]](count), *vacant, *ties_told(plain, texts)])


def seats_of(plain: Plain) -> int:
    """How many were to be chosen."""
    reasons = [reason for reason in reasons_of(plain) if reason.key == "election.winners"]
    return int(reasons[0].facts["seats"]) if reasons else 1


def _picked(count: Count) -> list[str]:
    votes: Mapping[str, int] = count.plain.get("votes", count.plain.get("approvals", {}))
    winners: Sequence[str] = count.winners
    least = min(votes[option] for option in winners)
    facts = {"names": names(winners, count.texts), "votes": number(least), "cast": number(count.plain["cast"])}
    if len(winners) == 1:
        return [_("%(names)s is chosen: %(votes)s of %(cast)s voted for it.", **facts)]
    return [_("%(names)s are chosen: each has at least %(votes)s of %(cast)s votes.", **facts)]


def _scored(count: Count) -> list[str]:
    winners: Sequence[str] = count.winners
    least = min(count.plain["scores"][option] for option in winners)
    facts = {"names": names(winners, count.texts), "points": number(least)}
    if len(winners) == 1:
        average = count.plain["averages"].get(winners[0])
        if average is None:
            return [_("%(names)s is chosen with %(points)s points.", **facts)]
        return [
            _(
                "%(names)s is chosen with %(points)s points, %(average)s on average from those who gave it any.",
                **facts,
                average=figure(average),
            )
        ]
    return [_("%(names)s are chosen: each has at least %(points)s points.", **facts)]


def _paired(count: Count) -> list[str]:
    table = Table(count)
    first = order_of(count.plain, table)[0]
    said = []
    if dropped := count.plain.get("dropped"):
        default = (
            in_sentence(count.settings["default_option"], count.texts) if "default_option" in count.settings else ""
        )
        said.append(_dropped(list(dropped), default, count.texts))
    if count.plain["condorcet_winner"]:
        champion = in_sentence(count.plain["condorcet_winner"][0], count.texts)
        said.append(_("%(name)s beats every other option one to one.", name=champion))
    else:
        said += _without_champion(count.plain, table, first, count.texts)
    if seats_of(count.plain) > 1:
        said.append(_("The first in the order are chosen: %(names)s.", names=names(count.winners, count.texts)))
    return said


def _dropped(dropped: list[str], default: str, texts: Texts) -> str:
    facts = {"names": names(dropped, texts), "default": default}
    return ngettext(
        "%(names)s does not beat %(default)s and is left out.",
        "%(names)s do not beat %(default)s and are left out.",
        len(dropped),
        **facts,
    )


def _without_champion(plain: Plain, table: Table, first: str, texts: Texts) -> list[str]:
    said = [_("No option beats every other one to one.")]
    if circle := table.circle(order_of(plain, table)):
        said.append(_("They go round in a circle: %(wins)s.", wins=_wins(circle, texts)))
    by = _LED_BY["locked" if "locked" in plain else "paths"]
    return [*said, _(by, name=in_sentence(first, texts))]


_LED_BY = {
    "paths": N_("%(name)s comes first by the strongest paths."),
    "locked": N_("%(name)s comes first when the largest wins are settled first."),
}


def _wins(circle: Sequence[str], texts: Texts) -> str:
    rivals = [*circle[1:], circle[0]]
    return listing(
        [
            _("%(one)s beats %(other)s", one=in_sentence(one, texts), other=in_sentence(other, texts))
            for one, other in zip(circle, rivals, strict=True)
        ]
    )


def _runoff(count: Count) -> list[str]:
    rounds: Sequence[Mapping[str, int]] = count.plain["rounds"]
    last, lost, winner = rounds[-1], int(count.plain["exhausted"][-1]), count.winners[0]
    facts = {
        "name": in_sentence(winner, count.texts),
        "round": number(len(rounds)),
        "votes": number(last[winner]),
        "papers": number(sum(last.values())),
    }
    said = [
        _("%(name)s is elected: in round %(round)s with %(votes)s of the %(papers)s votes that still count.", **facts)
    ]
    if lost:
        said.append(
            ngettext(
                "%(lost)s of %(valid)s valid votes names nobody who is still in.",
                "%(lost)s of %(valid)s valid votes name nobody who is still in.",
                lost,
                lost=number(lost),
                valid=number(count.plain["valid_ballots"]),
            )
        )
    return said


def _transferred(count: Count) -> list[str]:
    story = story_of(count.plain, list(count.texts))
    assert story is not None  # decided, so somebody was counted
    winners: Sequence[str] = count.winners
    facts = {"names": names(winners, count.texts), "quota": figure(story.quota), "valid": number(story.valid)}
    said = [
        ngettext("%(names)s is elected.", "%(names)s are elected, in this order.", len(winners), **facts),
        _("The quota is %(quota)s of %(valid)s valid votes.", **facts),
    ]
    if story.quota != story.stages[0].goal:
        said[1] = _("The quota at the end is %(quota)s; there are %(valid)s valid votes.", **facts)
    if below := below_quota(story):
        said.append(
            ngettext(
                "%(names)s did not reach it, but no more were left than places.",
                "%(names)s did not reach it, but no more were left than places.",
                len(below),
                names=names(below, count.texts),
            )
        )
    return said


def below_quota(story: Story) -> list[str]:
    """Those who were elected without the quota, because as many were left as places."""
    return [
        option
        for stage in story.stages
        for option in stage.elected
        if stage.tally[option] < (stage.goal or story.quota)
    ]


def _shared(count: Count) -> list[str]:
    gone = count.withdrawn
    among = sum(option not in gone for option in count.texts)
    return [
        ngettext(
            "Equal shares funds %(funded)s of %(all)s projects for %(cost)s of %(budget)s.",
            "Equal shares funds %(funded)s of %(all)s projects for %(cost)s of %(budget)s.",
            len(count.winners),
            funded=number(len(count.winners)),
            all=number(among),
            cost=sum_of(count.plain["total_cost"], count.settings),
            budget=sum_of(count.plain["budget"], count.settings),
        )
    ]


Speaker = Callable[[Count], list[str]]


def _timed(count: Count) -> list[str]:
    best = best_times(count)
    if not best:
        return []
    said = _(
        "The fewest cannot come: %(times)s. %(yes)s can, %(if_need_be)s could if need be, %(no)s cannot.",
        times=listing([clock(option) for option in best]),
        **answered(count, best[0]),
    )
    return [said, _("Nothing is decided by counting: somebody fixes the time.")]


def _drawn(count: Count) -> list[str]:
    among = len(count.plain["order"])
    return [
        ngettext(
            "Drawn by lot from %(num)s name: %(names)s.",
            "Drawn by lot from %(num)s names: %(names)s.",
            among,
            names=names(count.winners, count.texts),
        )
    ]


SPEAKERS: dict[str, Speaker] = {
    "choose": _picked,
    "approval": _picked,
    "score": _scored,
    "dot": _scored,
    "schulze": _paired,
    "ranked-pairs": _paired,
    "irv": _runoff,
    "stv-scottish": _transferred,
    "stv-wigm": _transferred,
    "meek": _transferred,
    "equal-shares": _shared,
    "meeting-time": _timed,
    "sortition": _drawn,
}
"""What is said of a decided election, by method."""

BROKEN_BY = {
    "previous_stage": N_("%(between)s were equal; the latest stage at which they differed decided."),
    "lot": N_("%(between)s were equal; the lot decided."),
    "order": N_("%(between)s were equal; the order of the list decided."),
    "chair": N_("%(between)s were equal; the order that the chair wrote down decided."),
}
BROKEN_FOR = {
    "exclude": N_("%(chosen)s went out."),
    "transfer": N_("The surplus of %(chosen)s was handed on first."),
    "seat": N_("%(chosen)s was chosen."),
    "rank": N_("%(chosen)s was placed first."),
    "fund": N_("%(chosen)s was funded first."),
}


def ties_told(plain: Plain, texts: Texts) -> list[str]:
    """How each broken tie was broken, and what came of it; of many the first few, and how many more there were."""
    breaks: Sequence[Mapping[str, Any]] = plain.get("tie_breaks", ())
    said = []
    for one in breaks[:TIES_TOLD]:
        by, purpose = BROKEN_BY[one["by"]], BROKEN_FOR[one["purpose"]]
        said.append(_(by, between=names(one["between"], texts)))
        said.append(_(purpose, chosen=in_sentence(one["chosen"], texts)))
    if (more := len(breaks) - TIES_TOLD) > 0:
        said.append(ngettext("%(num)s more tie was broken so.", "%(num)s more ties were broken in these ways.", more))
    return said
