"""Decisions in words: every key of the tally, every state and every choice, as a sentence in the reader's language."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from coopgov.core.text import N_
from coopgov.decisions.rules.options import Option
from coopgov.infra.i18n import gettext as _
from coopgov.infra.i18n import ngettext, number, percent
from coopgov.tally.methods import METHODS
from coopgov.tally.reason import Reason
from coopgov.tally.rule import Base, BlockKind, Rule, describe, share_text

Facts = dict[str, int | str]

CHOICES = {
    "agree": N_("Agree"),
    "abstain": N_("Abstain"),
    "disagree": N_("Disagree"),
    "block": N_("Block"),
    "consent": N_("Consent"),
    "objection": N_("Objection"),
    "looks_good": N_("Looks good"),
    "concerned": N_("Concerned"),
    "endorsement": N_("Endorsement"),
    "agreement_with_contention": N_("Agreement with a minor point of contention"),
    "support_with_reservations": N_("Support with reservations"),
    "more_discussion_needed": N_("More discussion needed"),
    "dont_like_but_will_support": N_("Don’t like it, but will support it"),
    "serious_disagreement": N_("Serious disagreement"),
    "veto": N_("Veto"),
    "accept": N_("Count me in"),
    "decline": N_("Not this time"),
    "answer": N_("Answer"),
    "none_of_these": N_("None of these"),
}
"""Words for the options that methods define by themselves."""

STATES = {
    "draft": N_("Draft"),
    "discussion": N_("In discussion"),
    "frozen": N_("Text frozen"),
    "scheduled": N_("Opens later"),
    "opening": N_("Opening"),
    "open": N_("Open"),
    "counting": N_("Counting"),
    "closed": N_("Closed"),
    "withdrawn": N_("Withdrawn"),
    "void": N_("Void"),
    "passed": N_("Passed"),
    "decided": N_("Decided"),
    "failed": N_("Not passed"),
    "blocked": N_("Blocked"),
    "no_quorum": N_("No quorum"),
    "noted": N_("Heard"),
    "undecided": N_("Undecided"),
    "tied": N_("Tied"),
}
"""Words for states and for verdicts; ``blocked`` is a failure that blocks alone brought about."""

_SHARES = {
    "1/1": N_("all"),
    "1/2": N_("half"),
    "1/3": N_("a third"),
    "2/3": N_("two thirds"),
    "1/4": N_("a quarter"),
    "3/4": N_("three quarters"),
    "1/5": N_("a fifth"),
    "1/10": N_("a tenth"),
    "9/10": N_("nine tenths"),
    "19/20": N_("nineteen twentieths"),
}

STOPPING = {"blocks.stopped", "blocks.over_limit", "blocks.not_overridden"}


def option_words(options: Iterable[Option]) -> dict[str, str]:
    """What each option says: the author's words, or the method's in the reader's language."""
    return {option.id: option.text or _(CHOICES.get(option.id, option.id)) for option in options}


def share_words(share: int | str) -> str:
    """A share such as "3/4" in words where we have them, else as it is written."""
    return _(_SHARES[str(share)]) if share in _SHARES else str(share)


def tag_of(state: str, verdict: str = "") -> tuple[str, str]:
    """State for the sign and colour, and its word; a closed proposal shows its verdict."""
    shown = verdict if state == "closed" and verdict else state
    return _LOOKS.get(shown, shown), _(STATES[shown])


_LOOKS = {
    "opening": "scheduled",
    "discussion": "open",
    "frozen": "scheduled",
    "void": "withdrawn",
    "tied": "undecided",
    "decided": "passed",
    "noted": "passed",
}
"""Signs and colours that a state shares with another."""


def verdict_shown(verdict: str, reasons: Sequence[Reason]) -> str:
    """The verdict, or ``blocked`` where enough agreed and only blocks stopped it."""
    keys = {reason.key for reason in reasons}
    return "blocked" if verdict == "failed" and "threshold.met" in keys and keys & STOPPING else verdict


def deciding(state: str, reasons: Sequence[Reason]) -> Reason:
    """The step of the count that decided, for the sentence under the headline."""
    wanted = {
        "no_quorum": ("quorum.missed",),
        "undecided": ("ballots.none", "ballots.only_abstentions", "target.missed", "election.nobody"),
        "tied": ("tie.declared", "election.tied"),
        "noted": ("noted",),
        "decided": ("election.winners", "target.reached"),
        "blocked": tuple(STOPPING),
        "failed": ("tie.fails", "threshold.missed", *STOPPING, "consent.objections", "lazy.objection"),
    }.get(state, ("threshold.met", "consent.given", "lazy.silence", "lazy.unopposed"))
    return next((r for key in wanted for r in reasons if r.key == key), reasons[0])


def say(reason: Reason, words: Mapping[str, str] | None = None) -> str:
    """One step of an explanation as a sentence, options in their ``words``; raises KeyError for an unknown key."""
    if words:
        reason = Reason(reason.key, {name: _named(name, fact, words) for name, fact in reason.facts.items()})
    if reason.key in SPOKEN:
        return SPOKEN[reason.key](reason.facts)
    variant = f"{reason.key}:{reason.facts.get('base_kind', '')}"
    return _(PHRASES[variant if variant in PHRASES else reason.key], **_shown(reason.facts))


def _named(name: str, fact: int | str, words: Mapping[str, str]) -> int | str:
    """Facts that list options, with what these say."""
    if name not in ("winners", "between") or not isinstance(fact, str):
        return fact
    return ", ".join(words.get(option, option) for option in fact.split(", "))


def _shown(facts: Facts) -> Facts:
    """The facts as they stand in a sentence: numbers grouped, shares in words, the share that agrees in percent."""
    shown: Facts = {key: number(value) if isinstance(value, int) else value for key, value in facts.items()}
    if "share" in facts:
        shown["share"] = share_words(facts["share"])
    if "base" in facts:
        shown["percent"] = percent(int(facts["agree"]), int(facts["base"]))
    return shown


def rule_words(rule: Rule, method: str = "proposal") -> list[str]:
    """The rule in sentences, in reading order, as far as the method judges by it."""
    return [say(reason) for reason in describe(rule, METHODS[method].rule_parts)]


def meanings_of(rule: Rule) -> dict[str, str]:
    """What each choice means under this rule."""
    return {
        "agree": _("I am for it."),
        "abstain": _abstaining(rule),
        "disagree": _("I am against it. Under this rule one is enough to stop it.")
        if rule.threshold.share == 1
        else _("I am against it."),
        "block": _blocking(rule),
    }


def option_meanings(method: str, rule: Mapping[str, Any], options: Iterable[Option]) -> dict[str, str]:
    """What each option means: the author's words, else what the rule (``to_plain()``) makes of it; else nothing."""
    ruled = meanings_of(Rule.from_plain(rule)) if method == "proposal" else {}
    return {option.id: option.meaning or ruled.get(option.id, "") for option in options}


def _abstaining(rule: Rule) -> str:
    if rule.base is Base.DECISIVE:
        return _("I take part, but my vote weighs for neither side.")
    return _("I take no side, and am counted among those of whom a share must agree.")


def _blocking(rule: Rule) -> str:
    blocks = rule.blocks
    if blocks.override is not None:
        share = share_words(share_text(blocks.override))
        if blocks.seconder_required:
            return _(
                "I cannot live with it. With a second block it fails unless at least %(share)s agree.", share=share
            )
        return _("I cannot live with it. It fails unless at least %(share)s agree.", share=share)
    if blocks.kind is BlockKind.UP_TO:
        limit = blocks.number or 0
        return ngettext(
            "I cannot live with it. %(num)s block is borne; more stop it.",
            "I cannot live with it. %(num)s blocks are borne; more stop it.",
            limit,
        )
    if blocks.lacks_seconder(1):
        return _("I cannot live with it. Two blocks stop it; one alone counts like a disagreement.")
    return _("I cannot live with it. One block stops it.")


PHRASES = {
    "ballots.none": N_("Nobody voted."),
    "ballots.only_abstentions": N_("Everybody who voted abstained, so nothing is decided."),
    "quorum.none": N_("No quorum is asked for."),
    "quorum.owed_to_opposition": N_(
        "Mind: without the %(against)s against, the quorum would have been missed (%(without)s of %(needed)s). "
        "Their votes helped it to pass."
    ),
    "noted": N_("People were heard. Nothing is decided by counting."),
    "lazy.silence": N_("Nobody objected, and whoever says nothing agrees here."),
    "lazy.unopposed": N_("Nobody objected."),
    "target.reached": N_("Enough take part: %(accepted)s, and %(target)s were asked for."),
    "target.missed": N_("Not enough take part: %(accepted)s, and %(target)s were asked for."),
    "election.nobody": N_("No option is chosen."),
    "election.winners": N_("Elected: %(winners)s."),
    "election.tied": N_("Equal: %(between)s. What follows is for people to decide."),
    "tie.fails": N_("It is a tie, %(agree)s to %(against)s; by this rule a tie does not pass."),
    "tie.declared": N_("It is a tie, %(agree)s to %(against)s; what follows is for people to decide."),
    "tie.threshold_decides": N_("It is a tie, %(agree)s to %(against)s; by this rule the share that agrees decides."),
    "blocks.as_disagree": N_("A block counts like a disagreement here."),
    "blocks.not_seconded": N_("One block alone does not stop it: by this rule it counts like a disagreement."),
    "rule.threshold.at_least:decisive": N_("It passes if at least %(share)s of those who take a side agree."),
    "rule.threshold.at_least:cast": N_("It passes if at least %(share)s of those who vote agree."),
    "rule.threshold.at_least:eligible": N_("It passes if at least %(share)s of everybody on the roll agree."),
    "rule.threshold.more_than:decisive": N_("It passes if more than %(share)s of those who take a side agree."),
    "rule.threshold.more_than:cast": N_("It passes if more than %(share)s of those who vote agree."),
    "rule.threshold.more_than:eligible": N_("It passes if more than %(share)s of everybody on the roll agree."),
    "rule.threshold.all:decisive": N_("It passes if all who take a side agree."),
    "rule.threshold.all:cast": N_("It passes if all who vote agree."),
    "rule.threshold.all:eligible": N_("It passes if everybody on the roll agrees."),
    "rule.tie.fails": N_("A tie does not pass."),
    "rule.tie.declare": N_("A tie is declared, and people decide what follows."),
    "rule.tie.threshold": N_("In a tie the share that agrees decides."),
    "rule.blocks.as_disagree": N_("There is no block: people agree, abstain or disagree."),
    "rule.blocks.any_stops": N_("One block stops it."),
    "rule.blocks.override": N_("A block stops it, unless at least %(share)s agree."),
    "rule.blocks.reason_required": N_("A block needs a reason."),
    "rule.blocks.seconder_required": N_("A block needs a second one: alone it counts like a disagreement."),
    "rule.quorum.none": N_("No quorum is asked for."),
    "rule.quorum.turnout": N_("At least %(share)s of the roll must vote."),
    "rule.quorum.decisive": N_("At least %(share)s of the roll must take a side."),
    "rule.quorum.approval": N_("At least %(share)s of the roll must agree."),
    "rule.time.none": N_("Voting may be as short as its author likes."),
    "rule.secrecy.open": N_("Everybody sees at any time who voted how."),
    "rule.secrecy.until_voted": N_("Who has voted sees at once who voted how; the others see it when voting closes."),
    "rule.secrecy.until_closed": N_("Who voted how is seen when voting closes, and not before."),
    "rule.secrecy.secret": N_("The vote is secret: it is not shown who voted how."),
    "rule.electors.persons": N_("Only people vote, not organisations."),
    "rule.electors.organisations": N_("Only organisations vote, each with one vote."),
}
"""Sentences that need no plural, by key, and by the base of the share where there is one."""

_AGREEING = {
    "decisive": N_("%(agree)s of the %(base)s who took a side agree (%(percent)s)."),
    "cast": N_("%(agree)s of the %(base)s who voted agree (%(percent)s)."),
    "eligible": N_("%(agree)s of the %(base)s on the roll agree (%(percent)s)."),
}
_QUORUM = {
    "turnout": N_("Votes needed for the quorum: %(needed)s. Counted: %(have)s."),
    "decisive": N_("Votes for or against needed for the quorum: %(needed)s. Counted: %(have)s."),
    "approval": N_("Votes in agreement needed for the quorum: %(needed)s. Counted: %(have)s."),
    "absolute": N_("Votes needed for the quorum: %(needed)s. Counted: %(have)s."),
}


def _threshold(facts: Facts) -> str:
    return f"{_(_AGREEING[str(facts['base_kind'])], **_shown(facts))} {_needing(facts)}"


def _needing(facts: Facts) -> str:
    if facts["share"] == "1/1":
        return _("All of them have to agree.")
    if facts["strict"]:
        return _("More than %(share)s is needed.", **_shown(facts))
    return _("At least %(share)s is needed.", **_shown(facts))


def _turnout(facts: Facts) -> str:
    share = percent(int(facts["cast"]), int(facts["roll"]))
    voted = _("%(cast)s of %(roll)s on the roll voted (%(percent)s).", **_shown(facts), percent=share)
    abstained = int(facts["abstain"])
    if not abstained:
        return voted
    silent = ngettext("%(num)s abstained.", "%(num)s abstained.", abstained)
    return f"{voted} {silent}"


def _quorum(facts: Facts) -> str:
    return _(_QUORUM[str(facts["kind"])], **_shown(facts))


def _consent(facts: Facts) -> str:
    return ngettext(
        "%(consent)s consents, and nobody objects.",
        "%(consent)s consent, and nobody objects.",
        int(facts["consent"]),
        **_shown(facts),
    )


def _objections(facts: Facts) -> str:
    return ngettext(
        "%(objections)s objection stands, so it does not pass.",
        "%(objections)s objections stand, so it does not pass.",
        int(facts["objections"]),
        **_shown(facts),
    )


def _lazy_objection(facts: Facts) -> str:
    return ngettext(
        "%(objections)s objection stands: it needs a vote.",
        "%(objections)s objections stand: it needs a vote.",
        int(facts["objections"]),
        **_shown(facts),
    )


def _stopped(facts: Facts) -> str:
    return ngettext("%(blocks)s block stops it.", "%(blocks)s blocks stop it.", int(facts["blocks"]), **_shown(facts))


def _within(facts: Facts) -> str:
    return ngettext(
        "%(blocks)s block does not stop it: up to %(limit)s is borne.",
        "%(blocks)s blocks do not stop it: up to %(limit)s are borne.",
        int(facts["blocks"]),
        **_shown(facts),
    )


def _over(facts: Facts) -> str:
    return ngettext(
        "%(blocks)s block stops it: up to %(limit)s is borne.",
        "%(blocks)s blocks stop it: up to %(limit)s are borne.",
        int(facts["blocks"]),
        **_shown(facts),
    )


def _overridden(facts: Facts) -> str:
    return ngettext(
        "%(blocks)s block does not stop it: at least %(share)s agree (%(agree)s of %(base)s; %(needed)s needed).",
        "%(blocks)s blocks do not stop it: at least %(share)s agree (%(agree)s of %(base)s; %(needed)s needed).",
        int(facts["blocks"]),
        **_shown(facts),
    )


def _not_overridden(facts: Facts) -> str:
    return ngettext(
        "%(blocks)s block stops it: fewer than %(share)s agree (%(agree)s of %(base)s; %(needed)s needed).",
        "%(blocks)s blocks stop it: fewer than %(share)s agree (%(agree)s of %(base)s; %(needed)s needed).",
        int(facts["blocks"]),
        **_shown(facts),
    )


def _hours(facts: Facts) -> int:
    """The hours of a time that is no number of whole days, begun ones included; 0 for whole days."""
    seconds = int(facts["seconds"])
    return int(facts["days"]) * 24 + -(-seconds // 3600) if seconds else 0


def _rule_time(facts: Facts) -> str:
    if hours := _hours(facts):
        return ngettext("Voting lasts at least %(num)s hour.", "Voting lasts at least %(num)s hours.", hours)
    return ngettext("Voting lasts at least %(num)s day.", "Voting lasts at least %(num)s days.", int(facts["days"]))


def _rule_discussion(facts: Facts) -> str:
    if hours := _hours(facts):
        return ngettext(
            "It is discussed for at least %(num)s hour before voting opens.",
            "It is discussed for at least %(num)s hours before voting opens.",
            hours,
        )
    return ngettext(
        "It is discussed for at least %(num)s day before voting opens.",
        "It is discussed for at least %(num)s days before voting opens.",
        int(facts["days"]),
    )


def _rule_urgent(facts: Facts) -> str:
    if hours := _hours(facts):
        return ngettext(
            "If somebody says why it is urgent, %(num)s hour of voting is enough.",
            "If somebody says why it is urgent, %(num)s hours of voting are enough.",
            hours,
        )
    return ngettext(
        "If somebody says why it is urgent, %(num)s day of voting is enough.",
        "If somebody says why it is urgent, %(num)s days of voting are enough.",
        int(facts["days"]),
    )


def _rule_extension(facts: Facts) -> str:
    if hours := _hours(facts):
        return ngettext(
            "If the quorum is missed, voting goes on once for %(num)s more hour.",
            "If the quorum is missed, voting goes on once for %(num)s more hours.",
            hours,
        )
    return ngettext(
        "If the quorum is missed, voting goes on once for %(num)s more day.",
        "If the quorum is missed, voting goes on once for %(num)s more days.",
        int(facts["days"]),
    )


def _rule_cooling_off(facts: Facts) -> str:
    return ngettext(
        "Only who has been a member for at least %(num)s day votes.",
        "Only who has been a member for at least %(num)s days votes.",
        int(facts["days"]),
    )


def _rule_up_to(facts: Facts) -> str:
    most = int(facts["number"])
    return ngettext(
        "Up to %(num)s block is borne; more stop it.", "Up to %(num)s blocks are borne; more stop it.", most
    )


def _rule_absolute(facts: Facts) -> str:
    return ngettext("At least %(num)s vote is needed.", "At least %(num)s votes are needed.", int(facts["number"]))


def _vacant(facts: Facts) -> str:
    return ngettext("%(num)s seat stays empty.", "%(num)s seats stay empty.", int(facts["vacant"]))


SPOKEN: dict[str, Callable[[Facts], str]] = {
    "turnout": _turnout,
    "election.vacant": _vacant,
    "threshold.met": _threshold,
    "threshold.missed": _threshold,
    "quorum.met": _quorum,
    "quorum.missed": _quorum,
    "consent.given": _consent,
    "consent.objections": _objections,
    "lazy.objection": _lazy_objection,
    "blocks.stopped": _stopped,
    "blocks.within_limit": _within,
    "blocks.over_limit": _over,
    "blocks.overridden": _overridden,
    "blocks.not_overridden": _not_overridden,
    "rule.blocks.up_to": _rule_up_to,
    "rule.quorum.absolute": _rule_absolute,
    "rule.time.at_least": _rule_time,
    "rule.discussion.at_least": _rule_discussion,
    "rule.urgent": _rule_urgent,
    "rule.extension": _rule_extension,
    "rule.cooling_off": _rule_cooling_off,
}
"""Sentences that count or are put together."""
