"""What changed between two versions of a proposal, in words: its text with what was added and removed, its terms."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from coopgov.core.text import N_
from coopgov.core.viewer import Viewer
from coopgov.decisions.models import Proposal, ProposalRevision
from coopgov.decisions.queries import authors, proposals
from coopgov.decisions.sentences import rule_words
from coopgov.discussion.diff import Piece, changes
from coopgov.identity.queries import names_of
from coopgov.infra.i18n import full_time, number
from coopgov.infra.i18n import gettext as _
from coopgov.infra.web.pages import paged
from coopgov.tally.rule import Rule

VERSIONS_ON_A_PAGE = 10
ELECTORATES = {"group": N_("The members of the group vote."), "coop": N_("All members vote.")}
SETTINGS = {
    "seats": N_("How many are chosen"),
    "least": N_("Options that one has to pick at least"),
    "most": N_("Options that one may pick at most"),
    "none_of_these": N_("Offer “none of these”"),
    "highest": N_("Most points for one option"),
    "average": N_("Rank by the average of those who rated, instead of the total"),
    "budget": N_("Budget"),
    "most_on_one": N_("Most dots on one option"),
    "target": N_("How many are enough"),
    "unranked": N_("An option that a ballot leaves out is"),
    "ties": N_("If options are equal"),
}
VALUES = {
    "previous_stage": N_("What was before in the count decides, then a lot"),
    "lot": N_("A lot decides that everybody can repeat"),
    "declare": N_("It is called a tie, and people decide what follows"),
    "last": N_("below everything that was ranked"),
    "neutral": N_("no opinion on it"),
    "agree": N_("for"),
    "abstain": N_("neither"),
    "disagree": N_("against"),
    "block": N_("a block"),
}
"""Words of settings that are words."""


@dataclass(frozen=True)
class Told:
    """What a proposal says at some time."""

    title: str
    source: str
    html: str
    terms: Mapping[str, Any]


@dataclass(frozen=True)
class TermChange:
    """One thing about a vote before and after, in words; empty: nothing was said."""

    label: str
    before: str
    after: str


@dataclass(frozen=True)
class Version:
    """One change: when, by whom, and what; ``title``, ``text`` and ``options`` are empty where they are the same."""

    at: datetime
    by: str
    title: list[Piece]
    text: list[Piece]
    options: list[Piece]
    terms: list[TermChange]


def history_facts(proposal_id: int, viewer: Viewer) -> dict[str, Any]:
    """A page of what changed, newest first, and on the last one the text as it was first written."""
    proposal = proposals.sheet(proposal_id).proposal
    page = paged(proposals.revision_count(proposal_id), VERSIONS_ON_A_PAGE)
    newer = proposals.revisions(proposal_id, 1, page.first - 1) if page.first else []
    rows = proposals.revisions(proposal_id, page.size, page.first)
    told = [_told(newer[0]) if newer else _present(proposal), *map(_told, rows)]
    names = _names(proposal, rows, viewer)
    return {
        "proposal": proposal,
        "versions": [
            _version(row, names, before, after) for row, (after, before) in zip(rows, pairwise(told), strict=True)
        ],
        "first": first_facts(told[-1]) if page.number == page.pages else None,
        "page": page,
    }


def _told(row: ProposalRevision) -> Told:
    return Told(row.title, row.source, row.html, row.terms)


def _present(proposal: Proposal) -> Told:
    return Told(proposal.title, proposal.source, proposal.html, proposal.kept_terms)


def _names(proposal: Proposal, rows: Sequence[ProposalRevision], viewer: Viewer) -> dict[int, str]:
    """Party → name, as the viewer may read it; of who wrote something here once."""
    if viewer.is_member:
        return names_of(row.by_id for row in rows if row.by_id)
    co_authors = {one.party_id: one.public_name for one in authors.company(proposal).co_authors}
    return {**co_authors, proposal.author_id: proposal.public_name}


def _version(row: ProposalRevision, names: dict[int, str], before: Told, after: Told) -> Version:
    return Version(
        at=row.replaced_at,
        by=names.get(row.by_id or 0, ""),
        title=_difference(before.title, after.title),
        text=_difference(before.source, after.source),
        options=_difference(option_lines(before.terms), option_lines(after.terms)),
        terms=term_changes(before.terms, after.terms),
    )


def _difference(before: str, after: str) -> list[Piece]:
    return changes(before, after) if before != after else []


def option_lines(terms: Mapping[str, Any]) -> str:
    """The options that an author wrote, one on each line, with what each counts as or costs."""
    settings = terms.get("settings", {})
    sides, costs = settings.get("counts_as", {}), settings.get("costs", {})
    return "\n".join(
        _option_line(option, sides.get(option["id"]), costs.get(option["id"]))
        for option in terms.get("options", [])
        if option["text"]
    )


def _option_line(option: Mapping[str, str], side: str | None, cost: int | None) -> str:
    if _is_an_instant(option):
        return full_time(datetime.fromisoformat(option["id"]))
    if side is not None:
        return f"{option['text']}: {_(VALUES[side])}"
    return f"{option['text']}: {number(cost)}" if cost is not None else option["text"]


def _is_an_instant(option: Mapping[str, str]) -> bool:
    return option["id"] == option["text"]


def term_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[TermChange]:
    """Terms that changed, in words and in reading order."""
    return [
        *_rule_changes(before, after),
        *_change(_("Who votes"), _who_votes(before), _who_votes(after)),
        *_setting_changes(before.get("settings", {}), after.get("settings", {})),
        *_change(_("Order of the options"), _order(before), _order(after)),
        *_change(_("Voting opens"), _instant(before.get("opens_at")), _instant(after.get("opens_at"))),
        *_change(_("Voting closes"), _instant(before["closes_at"]), _instant(after["closes_at"])),
        *_change(_("Urgent, because"), before.get("urgent_reason", ""), after.get("urgent_reason", "")),
    ]


def _change(label: str, before: str, after: str) -> list[TermChange]:
    return [TermChange(label, before, after)] if before != after else []


def _rule_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[TermChange]:
    """Sentences of the rule that are not the same; the others are left out."""
    old, new = (
        rule_words(Rule.from_plain(terms["rule"]), terms.get("method", "proposal")) for terms in (before, after)
    )
    return _change(
        _("How it is decided"),
        " ".join(sentence for sentence in old if sentence not in new),
        " ".join(sentence for sentence in new if sentence not in old),
    )


def _rule_words(terms: Mapping[str, Any]) -> list[str]:
    return rule_words(Rule.from_plain(terms["rule"]), terms.get("method", "proposal"))


def _setting_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[TermChange]:
    return [
        change
        for name, label in SETTINGS.items()
        for change in _change(_(label), _value(before.get(name)), _value(after.get(name)))
    ]


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, int):
        return number(value)
    return _(VALUES.get(value, value)) if value else ""


def _order(terms: Mapping[str, Any]) -> str:
    return _("in an order of its own for each elector") if terms.get("is_shuffled") else _("as the author wrote them")


def _instant(text: str | None) -> str:
    return full_time(datetime.fromisoformat(text)) if text else ""


def first_facts(told: Told) -> dict[str, Any]:
    """The text as it was first written, with its terms in words."""
    return {
        "title": told.title,
        "html": told.html,
        "options": option_lines(told.terms),
        "rule_words": _rule_words(told.terms),
        "electorate": _who_votes(told.terms),
        "closes_at": datetime.fromisoformat(told.terms["closes_at"]),
    }


def _who_votes(terms: Mapping[str, Any]) -> str:
    electorate = terms["electorate"]
    return _(ELECTORATES[electorate])
