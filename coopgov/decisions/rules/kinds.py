"""Kinds of proposals that authors choose from: each a method with what its author writes and sets. Pure data."""

from dataclasses import dataclass

from coopgov.core.text import N_


@dataclass(frozen=True)
class Kind:
    """One way to ask the co-op something.

    ``rows``: what the author lists: nothing (the method has its own options), ``options``, ``sides`` (options and what
    each counts as), ``costs`` (projects and what they cost) or ``times``. ``settings``: fields of the composer.
    """

    slug: str
    method: str
    family: str
    name: str
    summary: str
    rows: str = ""
    settings: tuple[str, ...] = ()


FAMILIES = {
    "decide": N_("Decide on a proposal"),
    "hear": N_("Hear what people think"),
    "choose": N_("Choose between options"),
    "elect": N_("Elect people"),
    "spend": N_("Share out money"),
}

_ALL = (
    Kind(
        "proposal",
        "proposal",
        "decide",
        N_("Proposal"),
        N_("Agree, abstain, disagree, and block where the rule offers it. The rule says when it passes."),
    ),
    Kind(
        "own-words",
        "proposal",
        "decide",
        N_("Proposal with options of its own"),
        N_("You write the options and say for each whether it counts as for, against, or neither."),
        "sides",
    ),
    Kind(
        "consent",
        "consent",
        "decide",
        N_("Consent"),
        N_("It passes when somebody consents and nobody objects. An objection needs a reason."),
    ),
    Kind(
        "lazy-consensus",
        "lazy-consensus",
        "decide",
        N_("Lazy consensus"),
        N_("It passes unless somebody objects; whoever says nothing agrees."),
    ),
    Kind(
        "advice",
        "advice",
        "hear",
        N_("Advice"),
        N_("You ask for advice, and decide yourself."),
    ),
    Kind(
        "sense-check",
        "sense-check",
        "hear",
        N_("Sense check"),
        N_("How an idea is taken before it becomes a proposal: looks good, abstain, concerned."),
    ),
    Kind(
        "gradients",
        "gradients",
        "hear",
        N_("Gradients of agreement"),
        N_("Eight steps from endorsement to veto, to see how strong the support is."),
    ),
    Kind(
        "question-round",
        "question-round",
        "hear",
        N_("Question round"),
        N_("Everybody answers in their own words. There is nothing to choose."),
    ),
    Kind(
        "count-me-in",
        "count-me-in",
        "hear",
        N_("Count me in"),
        N_("Who takes part, and whether there are enough."),
        settings=("target",),
    ),
    Kind(
        "meeting-time",
        "meeting-time",
        "hear",
        N_("Meeting time"),
        N_("When people can come: yes, if need be, no. Somebody then fixes the time."),
        "times",
    ),
    Kind(
        "choose",
        "choose",
        "choose",
        N_("Choose"),
        N_("Pick one option, or as many as you allow. The one picked most often is chosen."),
        "options",
        ("least", "most", "none_of_these", "seats", "ties"),
    ),
    Kind(
        "approval",
        "approval",
        "choose",
        N_("Approval"),
        N_("Tick every option that you could live with. The one ticked most often is chosen."),
        "options",
        ("seats", "ties"),
    ),
    Kind(
        "score",
        "score",
        "choose",
        N_("Score"),
        N_("Give each option points. The highest total is chosen."),
        "options",
        ("highest", "average", "seats", "ties"),
    ),
    Kind(
        "dot",
        "dot",
        "choose",
        N_("Dots"),
        N_("Everybody has the same number of dots and spreads them as they like."),
        "options",
        ("budget", "most_on_one", "seats", "ties"),
    ),
    Kind(
        "schulze",
        "schulze",
        "choose",
        N_("Ranking (Schulze)"),
        N_("Rank the options. Whoever would beat each of the others one to one is chosen."),
        "options",
        ("unranked", "seats", "ties"),
    ),
    Kind(
        "ranked-pairs",
        "ranked-pairs",
        "choose",
        N_("Ranking (Ranked Pairs)"),
        N_("As Schulze, but the clearest one-to-one results are kept first."),
        "options",
        ("unranked", "seats", "ties"),
    ),
    Kind(
        "irv",
        "irv",
        "choose",
        N_("Instant runoff"),
        N_("Rank the options. The weakest goes out, and its papers go on to the next, until one has more than half."),
        "options",
        ("ties",),
    ),
    Kind(
        "stv-scottish",
        "stv-scottish",
        "elect",
        N_("Single transferable vote (Scottish)"),
        N_("Rank the candidates. Seats go round in proportion; the count can be checked by hand."),
        "options",
        ("seats", "ties"),
    ),
    Kind(
        "meek",
        "meek",
        "elect",
        N_("Single transferable vote (Meek)"),
        N_("As the Scottish one, but a vote is never stuck with who is elected or out already."),
        "options",
        ("seats", "ties"),
    ),
    Kind(
        "stv-wigm",
        "stv-wigm",
        "elect",
        N_("Single transferable vote (exact fractions)"),
        N_("The weighted inclusive Gregory method, counted in exact fractions."),
        "options",
        ("seats", "ties"),
    ),
    Kind(
        "sortition",
        "sortition",
        "elect",
        N_("Sortition"),
        N_("Names are drawn by lot when voting closes. Nobody votes, and everybody can repeat the draw."),
        "options",
        ("seats",),
    ),
    Kind(
        "equal-shares",
        "equal-shares",
        "spend",
        N_("Equal shares"),
        N_("Tick the projects that you want. The budget is spent so that every group of voters gets its part."),
        "costs",
        ("money", "ties"),
    ),
)
KINDS = {kind.slug: kind for kind in _ALL}
"""In the order in which to offer them."""


def kind_of(method: str, counts_as: bool) -> Kind:
    """The kind of a proposal that was written already; ``counts_as``: it has options of its own with sides."""
    return KINDS["own-words" if method == "proposal" and counts_as else method]
