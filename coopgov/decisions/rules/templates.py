"""Texts to start a proposal from: those that ship, with the questions that good proposals answer. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from coopgov.core.errors import Kind, Refusals, Refused
from coopgov.core.text import N_

REFUSALS: Refusals = {
    "template.nameless": (Kind.INVALID, N_("Write a name with at least one letter from A to Z in it.")),
    "template.taken": (Kind.INVALID, N_("Another group, or the co-op, has a template of this name. Choose another.")),
    "template.not_yours": (
        Kind.FORBIDDEN,
        N_("A group's convenor keeps its templates, and the membership secretary those of the co-op."),
    ),
    "template.unchanged": (Kind.INVALID, N_("Nothing is different from the template of this name.")),
}


@dataclass(frozen=True, kw_only=True)
class Template:
    """A built-in text. ``days``: how long voting lasts; ``opening``: what the form proposes, as the form calls it.

    ``rule_name`` empty, or no longer offered: the first rule for this kind. ``settings``: fields of the composer.
    """

    key: str
    kind: str
    name: str
    summary: str
    title: str
    source: str
    rule_name: str = ""
    electorate: str = "coop"
    opening: str = "discuss"
    days: int = 7
    settings: Mapping[str, Any] = field(default_factory=dict)


_ALL = (
    Template(
        key="ordinary",
        kind="proposal",
        name=N_("Ordinary proposal"),
        summary=N_("What is wrong, what is to happen, who does it: for most decisions of a co-op."),
        title=N_("What we should do, in a line"),
        source=N_(
            "**The problem**\n\n"
            "What happens today, whom it hurts, and where it was talked over. Link the discussion.\n\n"
            "**What is proposed**\n\n"
            "1. What changes, so concretely that everybody can tell afterwards whether it was done.\n"
            "2. Who does it, and by when.\n"
            "3. What it costs, in money and in hours; nothing is an answer too.\n\n"
            "**What else was thought of**\n\n"
            "Other ways that came up, and why not. Doing nothing is one of them.\n\n"
            "**How we shall know whether it works**\n\n"
            "What we look at, and when we come back to it."
        ),
        rule_name="ordinary",
    ),
    Template(
        key="bylaws",
        kind="proposal",
        name=N_("Change of the by-laws"),
        summary=N_("The old words, the new words, why, and from when on. Asks for more agreement and more time."),
        title=N_("By-laws: change of section …"),
        source=N_(
            "**The section now**\n\n"
            "> Copy the whole section word for word, with its number.\n\n"
            "**The section as it would be**\n\n"
            "> Write it out in full. What is voted on is this text and nothing else.\n\n"
            "**Why**\n\n"
            "Which case the old words do not cover, or cover badly. Who was asked about the law, if it matters.\n\n"
            "**What depends on it**\n\n"
            "Other sections, policies and pages that have to change with it.\n\n"
            "**In force**\n\n"
            "From which day on; and what holds for things begun before."
        ),
        rule_name="bylaws",
        days=14,
    ),
    Template(
        key="spending",
        kind="proposal",
        name=N_("Spending money"),
        summary=N_("How much, for what, from which budget, who pays it out, and what happens with the rest."),
        title=N_("Spend up to … on …"),
        source=N_(
            "**How much**\n\n"
            "At most … in all, tax included; once, or every month until …\n\n"
            "**For what**\n\n"
            "What we get for it, from whom, and which other offers there were.\n\n"
            "**From which money**\n\n"
            "The budget it comes from, what is left in that today, and what we then cannot do.\n\n"
            "**Who**\n\n"
            "Who may spend it, who looks at the receipts, and whether anybody here is paid or related to who is.\n\n"
            "**Afterwards**\n\n"
            "When it is reported what was spent. What is not spent by then goes back to the common money."
        ),
        rule_name="ordinary",
    ),
    Template(
        key="defederate",
        kind="proposal",
        name=N_("Cutting off another server"),
        summary=N_("Limit or suspend a server of the fediverse: what it did, what was tried, when to look again."),
        title=N_("Suspend the server …"),
        source=N_(
            "**Which server, and how far**\n\n"
            "The domain; and whether it is limited (seen only by who follows somebody there) or suspended (nothing"
            " passes).\n\n"
            "**What happened**\n\n"
            "Three to five posts or reports, with links and dates. Describe, and do not repeat, what hurts people.\n\n"
            "**What was tried**\n\n"
            "Who wrote to its moderators, when, and what they said.\n\n"
            "**Who is affected here**\n\n"
            "How many of us follow somebody there, and what they can do: tell, move, export.\n\n"
            "**When to look again**\n\n"
            "After … months, or when its moderators or rules change."
        ),
        rule_name="ordinary",
    ),
    Template(
        key="federate",
        kind="proposal",
        name=N_("Federating again"),
        summary=N_("Lift a limit or a suspension: what has changed, and who keeps an eye on it."),
        title=N_("Federate with … again"),
        source=N_(
            "**What was decided, and when**\n\n"
            "Link the earlier decision and its reasons.\n\n"
            "**What has changed**\n\n"
            "Moderators, rules, people; with links.\n\n"
            "**What is proposed**\n\n"
            "Lift it altogether, or go from suspended to limited first.\n\n"
            "**Who keeps an eye on it**\n\n"
            "Who looks at reports from there in the first three months, and what would make us stop again."
        ),
        rule_name="ordinary",
    ),
    Template(
        key="member-of-group",
        kind="stv-scottish",
        name=N_("Electing members of a working group"),
        summary=N_("Candidates say who they are; the seats go round in proportion."),
        title=N_("Election to the working group …"),
        source=N_(
            "**What for**\n\n"
            "What the group does, how many hours a month it takes, and until when one is elected.\n\n"
            "**Who can stand**\n\n"
            "Every member who … Say so in the discussion before the text is frozen, with three sentences: who you are,"
            " what you would do, and what else you do for the co-op.\n\n"
            "**Candidates**\n\n"
            "- Name, pronouns, and a link to what they said.\n\n"
            "**How to vote**\n\n"
            "Rank as many as you like, the one you want most first. A later choice never hurts an earlier one."
        ),
        days=10,
        settings={"seats": 2},
    ),
    Template(
        key="convenor",
        kind="irv",
        name=N_("Electing a convenor"),
        summary=N_("One person, who has more than half behind them in the end."),
        title=N_("Who convenes …?"),
        source=N_(
            "**What a convenor does**\n\n"
            "Calls meetings, keeps the group's discussions in order, writes down what follows from votes, answers those"
            " who want to join. It is no rank.\n\n"
            "**For how long**\n\n"
            "Until …; the group can elect anew at any time.\n\n"
            "**Candidates**\n\n"
            "- Name, and a link to what they said.\n\n"
            "**How to vote**\n\n"
            "Rank them. Whoever is last goes out, and their papers go on to the next choice."
        ),
        electorate="group",
    ),
    Template(
        key="budget-round",
        kind="equal-shares",
        name=N_("Budget round"),
        summary=N_("One sum, many projects: each group of voters gets its part."),
        title=N_("Budget of … : which projects?"),
        source=N_(
            "**The money**\n\n"
            "How much there is, where it comes from, and until when it has to be spent.\n\n"
            "**The projects**\n\n"
            "Each stands below with what it costs in whole units of money. For each there is a comment in the"
            " discussion that says what it is, who does it, and what a smaller version would cost.\n\n"
            "**How to vote**\n\n"
            "Tick everything that you would like to see happen, whatever it costs. The money is shared out so that no"
            " group of voters goes without.\n\n"
            "**Afterwards**\n\n"
            "What is left stays in the common money. Who got a project reports by …"
        ),
        days=14,
    ),
    Template(
        key="meeting-time",
        kind="meeting-time",
        name=N_("Finding a time to meet"),
        summary=N_("Some dates to choose from; everybody says yes, if need be, or no."),
        title=N_("When do we meet about …?"),
        source=N_(
            "**What about**\n\n"
            "What we want to have settled when we go home, in two or three points.\n\n"
            "**How long, and where**\n\n"
            "An hour and a half; in …, or by video. Who needs an interpreter, captions, a step-free way or childcare"
            " says so in the discussion.\n\n"
            "**And then**\n\n"
            "I fix the time on the day after this closes, and post the agenda."
        ),
        electorate="group",
        opening="now",
        days=4,
    ),
    Template(
        key="retrospective",
        kind="question-round",
        name=N_("Looking back together"),
        summary=N_("Four questions after a project or a year. Nothing is decided by counting."),
        title=N_("Looking back on …"),
        source=N_(
            "Please answer in your own words, as short or as long as you like. Speak of what happened, not of what"
            " somebody is like.\n\n"
            "1. What went well, and should stay as it is?\n"
            "2. What cost more strength than it was worth?\n"
            "3. What did you miss, or only learn too late?\n"
            "4. What is one thing that you would change first?\n\n"
            "Whoever started this sums the answers up within a week, and shows the summary to those who wrote before it"
            " becomes proposals."
        ),
        electorate="group",
        opening="now",
        days=10,
    ),
    Template(
        key="advice",
        kind="advice",
        name=N_("Asking for advice"),
        summary=N_("You decide yourself, after hearing those who know or are affected."),
        title=N_("I mean to …: what do you say?"),
        source=N_(
            "**What I mean to do**\n\n"
            "In three sentences, and by when I have to decide.\n\n"
            "**Whom it affects, and who knows more about it than I do**\n\n"
            "Names; I have asked them to answer here.\n\n"
            "**What I am not sure about**\n\n"
            "The one or two questions on which advice would change what I do.\n\n"
            "I decide afterwards, and write down here what I took from the answers."
        ),
        opening="now",
        days=5,
    ),
    Template(
        key="temperature",
        kind="sense-check",
        name=N_("Is there something in this idea?"),
        summary=N_("An idea before it is a proposal, to see whether to go on with it."),
        title=N_("Shall we think about …?"),
        source=N_(
            "**The idea**\n\n"
            "In a paragraph. It is not finished, and need not be.\n\n"
            "**Why now**\n\n"
            "What has happened, or what it would save us.\n\n"
            "**What I would like to hear**\n\n"
            "Whether you would rather I went on, stopped, or asked somebody first. A word on why helps more than the"
            " vote."
        ),
        opening="now",
        days=5,
    ),
)
TEMPLATES = {template.key: template for template in _ALL}
"""What ships, by key, in the order in which to offer it."""


def check_slug(slug: str, group_id: int | None, others: Sequence[tuple[str, int | None]]) -> None:
    """Raises Refused for a name that gives no address, or is another's of ``others``: (slug, group id or None)."""
    if not slug:
        raise Refused("template.nameless", field="name")
    if slug in TEMPLATES or any(slug == other and group_id != owner for other, owner in others):
        raise Refused("template.taken", field="name")


def may_keep(group_id: int | None, convenes: bool, is_secretary: bool) -> bool:
    """Whether somebody may write and withdraw templates of the group, or (None) of the co-op."""
    return is_secretary if group_id is None else convenes
