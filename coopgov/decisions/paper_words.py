"""Ballot papers in words: what is to be done on one, what was marked, and what is wrong with it."""

import unicodedata
from collections.abc import Iterable, Mapping

from coopgov.core.errors import Refused
from coopgov.core.text import N_
from coopgov.decisions.rules import casting
from coopgov.decisions.rules.papers import REFUSALS, Paper
from coopgov.infra.i18n import gettext as _
from coopgov.infra.i18n import ngettext, number
from coopgov.tally.methods.sums import NONE_OF_THESE
from coopgov.tally.vote import Choice, Shape

MOST_NAMED = 6  # options that a sentence names before it says how many more there are
FIRST_STRONG_ISOLATE, POP_ISOLATE = "\u2068", "\u2069"

PLACES = {1: N_("%(n)sst"), 2: N_("%(n)snd"), 3: N_("%(n)srd")}
ANY_PLACE = N_("%(n)sth")

AVAILABILITY = {"2": N_("Yes"), "1": N_("If need be"), "0": N_("No")}
"""What the points of a meeting time mean, best first."""
COMES = {2: N_("yes"), 1: N_("if need be"), 0: N_("no")}
"""The same within a sentence."""

SIGNS = {
    **dict.fromkeys(("agree", "consent", "accept", "looks_good"), "agree"),
    **dict.fromkeys(("endorsement", "agreement_with_contention", "support_with_reservations"), "agree"),
    **dict.fromkeys(("abstain", "more_discussion_needed"), "abstain"),
    **dict.fromkeys(("disagree", "decline", "concerned"), "disagree"),
    **dict.fromkeys(("dont_like_but_will_support", "serious_disagreement"), "disagree"),
    **dict.fromkeys(("block", "objection", "veto"), "block"),
}
"""The sign and colour of an option that takes a side."""


def sign_of(paper: Paper, word: str) -> str:
    """The sign of the side that an option counts as; empty for one that takes none."""
    return SIGNS.get(paper.manifest.settings.get("counts_as", {}).get(word, word), "")


def place_words(place: int) -> str:
    """``1st``, ``2nd``, ``12th``.

    >>> [place_words(n) for n in (1, 2, 3, 4, 11, 12, 13, 21, 112)]
    ['1st', '2nd', '3rd', '4th', '11th', '12th', '13th', '21st', '112th']
    """
    teens = place % 100 in (11, 12, 13)
    return _(ANY_PLACE if teens else PLACES.get(place % 10, ANY_PLACE), n=number(place))


def fault_words(refused: Refused) -> str:
    """What is wrong with a paper, as a sentence."""
    facts = {name: number(fact) if isinstance(fact, int) else fact for name, fact in refused.facts.items()}
    return _((REFUSALS | casting.REFUSALS)[refused.reason][1], **facts)


def guide(paper: Paper) -> str:
    """What is to be done on this paper, as a sentence; empty where that can be seen."""
    guides = {"picks": _picks_guide, "scale": _scale_guide, "numbers": _scale_guide, "dots": _dots_guide}
    if paper.layout in guides:
        return guides[paper.layout](paper)
    return {
        "ranking": _("Give each a place of its own, the best one first. Leave out what you do not want to rank."),
        "levels": _("The best ones first. Options can share a place. Leave out what you do not want to rank."),
        "times": _("Say when you can come. A time that you leave out counts as a no."),
    }.get(paper.layout, "")


def _picks_guide(paper: Paper) -> str:
    least, most = paper.limits.least, paper.limits.most
    if most == 1:
        return ""
    if least == most:
        return ngettext("Choose %(num)s.", "Choose %(num)s.", most)
    if least > 1:
        return _("Choose from %(least)s to %(most)s.", least=number(least), most=number(most))
    if most >= len(paper.options):
        return _("Choose as many as you like.")
    return ngettext("Choose up to %(num)s.", "Choose up to %(num)s.", most)


def _scale_guide(paper: Paper) -> str:
    highest = paper.limits.highest
    return ngettext(
        "Give each from 0 to %(num)s point; more is better.",
        "Give each from 0 to %(num)s points; more is better.",
        highest,
    )


def _dots_guide(paper: Paper) -> str:
    budget, highest = paper.limits.budget or 0, paper.limits.highest
    words = ngettext(
        "You have %(num)s point to give. A point that you do not give is lost.",
        "You have %(num)s points to spread. Points that you do not give are lost.",
        budget,
    )
    if highest >= budget:
        return words
    return words + " " + ngettext("At most %(num)s on one option.", "At most %(num)s on one option.", highest)


def choice_words(paper: Paper, choice: Choice) -> str:
    """What a ballot says, in a line: ``Agree``, ``Ada, Ben``, ``Ada: 3, Ben: 2``, ``1. Ada, 2. Ben = Cy``.

    The best ones first; after MOST_NAMED options it says how many more there are. Long names are cut.
    """
    return _cut(_said(paper, choice, _names(paper, {option.id: option.short for option in paper.options})))


def whole_choices(paper: Paper, choices: Iterable[Choice]) -> list[str]:
    """All that each of many ballots says, in the form of :func:`choice_words` and uncut."""
    names = _names(paper, {option.id: option.text for option in paper.options})
    return [", ".join(_said(paper, choice, names)) for choice in choices]


def _names(paper: Paper, texts: Mapping[str, str]) -> dict[str, str]:
    """What is said of each option, and of none of these."""
    none = {NONE_OF_THESE: _("None of these")} if paper.takes_none_of_these else {}
    return {word: isolated(text) for word, text in texts.items()} | none


def _said(paper: Paper, choice: Choice, names: Mapping[str, str]) -> list[str]:
    if paper.shape is Shape.NONE:
        return [_("answered")]
    if isinstance(choice, str):
        return [names[choice]]
    if not choice:
        return [_("none of the times") if paper.asks_for_times else _("nothing marked")]
    match paper.shape:
        case Shape.POINTS:
            best_first = sorted(choice, key=lambda pair: -pair[1])
            return [f"{names[option]}: {_points(paper, points)}" for option, points in best_first]
        case Shape.RANKING:
            return [f"{place}. {names[option]}" for place, option in enumerate(choice, 1)]
        case Shape.LEVELS:
            levels = [" = ".join(names[option] for option in level) for level in choice]
            return [f"{place}. {level}" for place, level in enumerate(levels, 1)]
        case _:
            return [names[option] for option in choice]


def _points(paper: Paper, points: int) -> str:
    return _(COMES[points]) if paper.asks_for_times else number(points)


def _cut(named: list[str]) -> str:
    more = len(named) - MOST_NAMED
    if more <= 1:
        return ", ".join(named)
    return ", ".join(named[:MOST_NAMED]) + " " + ngettext("and %(num)s more", "and %(num)s more", more)


def isolated(text: str) -> str:
    """``text`` so that its direction does not turn the words around it (Unicode TR 9, isolates), if it could."""
    if any(unicodedata.bidirectional(character) in ("R", "AL") for character in text):
        return f"{FIRST_STRONG_ISOLATE}{text}{POP_ISOLATE}"
    return text


def places(paper: Paper) -> list[tuple[str, str]]:
    """Every place on a ranking: the number and its word."""
    return [(str(place), place_words(place)) for place in range(1, len(paper.options) + 1)]
