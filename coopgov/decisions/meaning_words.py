"""What a rule means, in words: its example, its warnings, and what changed between two versions of it."""

from collections.abc import Callable, Sequence

from coopgov.core.text import N_
from coopgov.decisions.rules.presets import PRESET_NAMES, Change, Preset
from coopgov.decisions.sentences import Facts, say
from coopgov.infra.i18n import gettext as _
from coopgov.infra.i18n import ngettext, number, percent
from coopgov.tally.reason import Reason

TOPICS = {
    "threshold": N_("When it passes"),
    "tie": N_("A tie"),
    "blocks": N_("Blocks"),
    "quorum": N_("Quorum"),
    "discussion": N_("Discussion"),
    "time": N_("How long"),
    "urgent": N_("If it is urgent"),
    "extension": N_("If the quorum is missed"),
    "electors": N_("Who votes"),
    "cooling_off": N_("New members"),
    "secrecy": N_("What is seen"),
}
"""What ``presets.changes`` calls a matter, in words."""


def preset_name(preset: Preset) -> str:
    """The name of a rule to choose from, in the reader's language where it is the shipped one."""
    return preset.name or _(PRESET_NAMES[preset.slug])


def change_words(changes: Sequence[Change]) -> list[tuple[str, str, str]]:
    """(matter, what was said of it, what is said now), each empty where nothing is."""
    return [(_(TOPICS[one.topic]), _sentences(one.before), _sentences(one.after)) for one in changes]


def _sentences(reasons: Sequence[Reason]) -> str:
    return " ".join(say(reason) for reason in reasons)


def explain(reason: Reason) -> str:
    """One key of ``rules.meaning`` as a sentence; raises KeyError for one that nobody has put into words."""
    if reason.key in SPOKEN:
        return SPOKEN[reason.key](reason.facts)
    return _(PHRASES[reason.key], **_shown(reason.facts))


def _shown(facts: Facts) -> Facts:
    """The facts as they stand in a sentence, with numbers grouped."""
    return {key: number(value) if isinstance(value, int) else value for key, value in facts.items()}


PHRASES = {
    "meaning.nobody.undecided": N_("If nobody votes, nothing is decided, and it does not pass."),
    "meaning.nobody.no_quorum": N_("If nobody votes, the quorum is missed, and it does not pass."),
    "meaning.nobody.passed": N_("If nobody says anything, it passes."),
    "meaning.nobody.decided": N_("If nobody votes, it is decided all the same."),
    "meaning.nobody.noted": N_("If nobody votes, nobody was heard, and nothing is decided."),
    "meaning.nobody.failed": N_("If nobody votes, it does not pass."),
    "meaning.nobody.tied": N_("If nobody votes, it is a tie, and people decide what follows."),
    "warning.unreachable": N_("This cannot be reached: it would not pass even if all %(roll)s on the roll agreed."),
}
"""Sentences that need no plural."""


def _own_basis(facts: Facts) -> str:
    share = percent(int(facts["cast"]), int(facts["roll"]))
    return ngettext(
        "Turnout as in the last vote here (%(percent)s).",
        "Turnout as in the last %(num)s votes here (%(percent)s).",
        int(facts["votes"]),
        percent=share,
    )


def _their_basis(facts: Facts) -> str:
    share = percent(int(facts["cast"]), int(facts["roll"]))
    return _(
        "Turnout as at Social.Coop in December 2022, when %(cast)s of %(roll)s voted (%(percent)s).",
        **_shown(facts),
        percent=share,
    )


def _passes(facts: Facts) -> str:
    shown = _shown(facts)
    if facts["cast"] == 1:
        return _("Of %(roll)s on the roll, one votes: it passes if that one agrees.", **shown)
    if not facts["abstain"]:
        return _("Of %(roll)s on the roll, %(cast)s vote: %(needed)s must agree.", **shown)
    return ngettext(
        "Of %(roll)s on the roll, %(cast)s vote: %(needed)s must agree if %(num)s abstains.",
        "Of %(roll)s on the roll, %(cast)s vote: %(needed)s must agree if %(num)s abstain.",
        int(facts["abstain"]),
        **shown,
    )


def _cannot(facts: Facts) -> str:
    shown = _shown(facts)
    if facts["cast"] == 1:
        return _("Of %(roll)s on the roll, one votes: it cannot pass.", **shown)
    if not facts["abstain"]:
        return _("Of %(roll)s on the roll, %(cast)s vote: it cannot pass, even if all of them agree.", **shown)
    return ngettext(
        "Of %(roll)s on the roll, %(cast)s vote: if %(num)s abstains, it cannot pass.",
        "Of %(roll)s on the roll, %(cast)s vote: if %(num)s abstain, it cannot pass.",
        int(facts["abstain"]),
        **shown,
    )


def _readings(facts: Facts) -> str:
    shown = _shown(facts)
    both = _(
        "“Of voting members” can be read in two ways: %(of_sides)s of the %(sides)s who take a side, or %(of_cast)s of"
        " all %(cast)s who vote.",
        **shown,
    )
    taken = _("This rule takes the first.") if facts["base_kind"] == "decisive" else _("This rule takes the second.")
    return f"{both} {taken}"


def _blocks(facts: Facts) -> str:
    return ngettext(
        "%(num)s block stops it there, if all others who take a side agree (%(agree)s).",
        "%(num)s blocks stop it there, if all others who take a side agree (%(agree)s).",
        int(facts["blocks"]),
        **_shown({"agree": facts["agree"]}),
    )


def _fewest(facts: Facts) -> str:
    return ngettext(
        "A single vote is enough for it to pass, if that one agrees and nobody else votes.",
        "For it to pass, %(num)s votes are needed at least, all of them in agreement.",
        int(facts["votes"]),
    )


def _usual_turnout(facts: Facts) -> str:
    return ngettext(
        "At the usual turnout it cannot pass: %(votes)s would have to agree, and %(num)s votes.",
        "At the usual turnout it cannot pass: %(votes)s would have to agree, and %(num)s vote.",
        int(facts["cast"]),
        **_shown({"votes": facts["votes"]}),
    )


def _no_show(facts: Facts) -> str:
    return ngettext(
        "Voting against can make it pass: with %(num)s who agrees and nobody else, the quorum of this roll of %(roll)s"
        " is missed; one vote against completes it, and it passes. A quorum of agreement has no such trap.",
        "Voting against can make it pass: with %(num)s who agree and nobody else, the quorum of this roll of %(roll)s"
        " is missed; one vote against completes it, and it passes. A quorum of agreement has no such trap.",
        int(facts["agree"]),
        **_shown({"roll": facts["roll"]}),
    )


def _quorum_missed(facts: Facts) -> str:
    return ngettext(
        "Of the last votes here (%(votes)s), %(num)s would have missed this quorum.",
        "Of the last votes here (%(votes)s), %(num)s would have missed this quorum.",
        int(facts["missed"]),
        **_shown({"votes": facts["votes"]}),
    )


def _short(facts: Facts) -> str:
    hours = int(facts["days"]) * 24 + -(-int(facts["seconds"]) // 3600)
    if not hours:
        return _("Voting can be over before most have heard of it: this rule asks for no time at all.")
    return ngettext(
        "Voting can be over before most have heard of it: %(num)s hour is enough. Three days is a good minimum.",
        "Voting can be over before most have heard of it: %(num)s hours are enough. Three days is a good minimum.",
        hours,
    )


def _secret_few(facts: Facts) -> str:
    return ngettext(
        "With %(num)s on the roll a secret vote keeps little secret: one can often guess who voted how.",
        "With %(num)s on the roll a secret vote keeps little secret: one can often guess who voted how.",
        int(facts["roll"]),
    )


SPOKEN: dict[str, Callable[[Facts], str]] = {
    "meaning.basis.own": _own_basis,
    "meaning.basis.social_coop": _their_basis,
    "meaning.example.passes": _passes,
    "meaning.example.cannot": _cannot,
    "meaning.readings": _readings,
    "meaning.blocks": _blocks,
    "meaning.fewest": _fewest,
    "warning.usual_turnout": _usual_turnout,
    "warning.no_show": _no_show,
    "warning.quorum_missed": _quorum_missed,
    "warning.short": _short,
    "warning.secret_few": _secret_few,
}
"""Sentences that count or are put together."""
