"""What the pages of decisions show, put together from rows for one viewer at one moment."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from flask import render_template, request
from markupsafe import Markup

from coopgov.core.errors import NotFound
from coopgov.core.viewer import Viewer
from coopgov.decisions.counting import count_votes, vote_box
from coopgov.decisions.drawing import reasons_of
from coopgov.decisions.models import Ballot, Proposal, RollEntry
from coopgov.decisions.paper import paper_of
from coopgov.decisions.paper_words import choice_words
from coopgov.decisions.pictures.changes import would_have_changed
from coopgov.decisions.pictures.explanations import explained
from coopgov.decisions.pictures.frame import Picture
from coopgov.decisions.pictures.gallery import picture_of
from coopgov.decisions.queries import ballots, lists, rolls
from coopgov.decisions.queries.ballots import Line
from coopgov.decisions.queries.lists import DecisionLine
from coopgov.decisions.queries.proposals import Sheet
from coopgov.decisions.queries.proxies import MyProxies, carried_number, carries, my_proxies, standing_proxies
from coopgov.decisions.queries.reasons import Said, said_to
from coopgov.decisions.record_pages import is_ranked
from coopgov.decisions.records import has_record
from coopgov.decisions.roll_words import why_not_words
from coopgov.decisions.rules.entitlement import OWING, Asked, Spell, WhyNot, why_not_on_roll, why_of_standing
from coopgov.decisions.rules.kinds import kind_of
from coopgov.decisions.rules.papers import Paper
from coopgov.decisions.rules.reasons import REACTIONS, can_reply
from coopgov.decisions.rules.rolls import can_recuse
from coopgov.decisions.rules.stages import acts_open_to, shows_result, state_at
from coopgov.decisions.secrecy import SECRET, has_cast, took_part
from coopgov.decisions.secret_words import warnings_of
from coopgov.decisions.sentences import (
    STATES,
    deciding,
    option_words,
    rule_words,
    say,
    tag_of,
    verdict_shown,
)
from coopgov.discussion.models import Thread
from coopgov.discussion.rules import may_write, names_somebody
from coopgov.groups.queries import seat_spells
from coopgov.identity.queries import party
from coopgov.infra.i18n import gettext as _
from coopgov.infra.i18n import listing
from coopgov.infra.markdown import plain_text, to_html
from coopgov.infra.web.layout import coop_profile
from coopgov.infra.web.moment import received_at
from coopgov.infra.web.pages import paged
from coopgov.infra.web.timeline import Step
from coopgov.membership.queries.register import membership_spells
from coopgov.membership.queries.standing import judgement, rule_at
from coopgov.membership.rules.standing import days_late
from coopgov.proxies.rules import Given
from coopgov.tally.rule import Electors, Rule

VOTES_ON_A_PAGE = 50
WIDE = frozenset({"rounds", "pairs", "budget"})
"""Pictures for the page's body."""
LAST_PAGE = 1_000_000
SIGNED = ("agree", "abstain", "disagree", "block")
"""Choices with a sign of their own."""
SUMMARY_WORDS = 60
SENTENCE_ENDS = (".", "!", "?", ":", ";", ",", "…", "。")
SHOWN_IN_GROUP = 6


@dataclass(frozen=True)
class Verdict:
    """The verdict's panel: headline, the sentence that decides, and the other steps of the count; ``key`` names the
    verdict, ``state`` its look."""

    key: str
    state: str
    headline: str
    sentence: str
    others: list[str]
    changes: list[str]  # what would have changed it


@dataclass(frozen=True)
class Standing:
    """How a viewer stands to a vote: the line on the roll and the ballot that counts, or why there is no line.

    Of a secret vote there is no ballot to show: ``has_cast`` says that one lies in the box, ``took_part`` what the
    closing statement says of it, None before there is one.
    """

    entry: RollEntry | None = None
    ballot: Ballot | None = None
    has_cast: bool = False
    took_part: bool | None = None
    why_not: str = ""
    owes: bool = False  # dues are why: paying, or relief, puts it right for the next vote
    others: Sequence[Line] = ()  # of organisations for which the viewer acts


@dataclass(frozen=True)
class Side:
    """The result so far or for good, and the vote card beside it.

    ``plain`` is the result as the tally gives it, None while there is none or the viewer may not see it; ``picture``
    draws it. ``is_hidden``: there are votes that the rule does not show yet.
    """

    number: int
    version: int
    path: str
    state: str
    secrecy: str
    closes_at: datetime
    roll_size: int
    cast: int
    plain: Mapping[str, Any] | None
    picture: Picture | None
    standing: Standing
    paper: Paper
    proxies: MyProxies = field(default_factory=MyProxies)
    carried: int = 0  # votes that proxies added; while voting is open how many proxies there are
    warnings: list[str] = field(default_factory=list)  # to electors of a secret vote: what may give them away

    @property
    def is_hidden(self) -> bool:
        """True when votes were or are being cast and the viewer may not see how they stand."""
        return self.plain is None and self.state in ("open", "counting", "withdrawn", "void")

    @property
    def is_wide(self) -> bool:
        """True for a picture that needs the page's body: the card beside it is too narrow."""
        return self.picture is not None and self.picture.kind in WIDE

    @property
    def takes_vote(self) -> bool:
        """True when the viewer can vote now."""
        return self.state == "open" and self.standing.entry is not None

    @property
    def givers(self) -> str:
        """For whom the viewer's vote counts too, in words."""
        return listing(self.proxies.givers)

    @property
    def voted(self) -> str:
        """The viewer's choice in words; empty before the first vote."""
        return choice_words(self.paper, self.standing.ballot.choice) if self.standing.ballot else ""

    @property
    def sign(self) -> str:
        """The sign of the viewer's choice."""
        choice = self.standing.ballot.choice if self.standing.ballot else ""
        return choice if choice in SIGNED else "ballot"


def proposal_facts(sheet: Sheet, viewer: Viewer, now: datetime, co_authors: Collection[int] = ()) -> dict[str, Any]:
    """All that templates/decisions/proposal.html needs, the form of the ballot left out. Raises NotFound beyond the
    last page of votes."""
    proposal, state, asked = sheet.proposal, state_at(sheet.proposal, now), page_asked()
    side, verdict = side_of(sheet, viewer, now), verdict_of(sheet)
    votes, total = _votes(side, asked)
    answers = _answers(sheet, votes, viewer)
    if asked > 1 and not votes:
        raise NotFound
    return {
        "sheet": sheet,
        "proposal": proposal,
        "state": state,
        "tag": tag_of(state, verdict.key if verdict else ""),
        "acts": acts_open_to(proposal, viewer, now, co_authors),
        "side": side,
        "verdict": verdict,
        "amendments": rolls.amendments(proposal.id) if sheet.is_amended else [],
        "can_recuse": can_recuse(proposal, viewer, side.standing.entry is not None, now),
        "rule_words": rule_words(sheet.rule, proposal.method),
        "kind": kind_of(proposal.method, "counts_as" in proposal.settings),
        "timeline": timeline(sheet, state),
        "votes": votes,
        "answers": answers,
        "reactions": REACTIONS,
        "can_reply": can_reply(proposal) and sheet.thread.state == "visible",
        "page": paged(total, VOTES_ON_A_PAGE, asked),
        "said": partial(choice_words, side.paper),
        "has_record": has_record(proposal),
        "is_ranked": is_ranked(proposal),
        "needs_talk": bool(sheet.rule.minimum_discussion) and state == "draft",
        "turned_back": state == "draft" and proposal.opens_at is not None,
        "names_somebody": any(map(names_somebody, [proposal.public_name, *_named(votes, answers)])),
    }


def _votes(side: Side, asked: int) -> tuple[list[ballots.Vote], int]:
    """A page of the votes and how many there are, where the viewer may see how they stand."""
    if side.plain is None or side.secrecy == "secret":
        return [], 0
    return ballots.votes(side.number, VOTES_ON_A_PAGE, (asked - 1) * VOTES_ON_A_PAGE)


def _answers(sheet: Sheet, votes: Sequence[ballots.Vote], viewer: Viewer) -> dict[int, Said]:
    """By ballot with a reason, what was said to it; asked for only where anything was."""
    with_reason = [vote.id for vote in votes if vote.reason]
    if not sheet.signs.said:
        return {number: Said() for number in with_reason}
    return said_to(with_reason, viewer.party_id if viewer.is_signed_in else 0, viewer.is_member)


def _named(votes: Sequence[ballots.Vote], answers: Mapping[int, Said]) -> list[str]:
    """Under which names voters and those who replied to them stand on the public's page."""
    return [vote.public_name for vote in votes] + [one.public_name for said in answers.values() for one in said.replies]


def side_of(sheet: Sheet, viewer: Viewer, now: datetime) -> Side:
    """Result and vote card, for what the viewer may see of them."""
    proposal, state = sheet.proposal, state_at(sheet.proposal, now)
    standing = standing_of(proposal, viewer)
    plain, given = shown_result(sheet, state, standing.ballot is not None), standing_proxies(proposal)
    return Side(
        number=proposal.id,
        version=proposal.version,
        path=proposal.path,
        state=state,
        secrecy=proposal.secrecy,
        closes_at=proposal.closes_at,
        roll_size=proposal.roll_size,
        cast=plain["cast"] if plain else _turnout(proposal),
        plain=plain,
        picture=picture_for(proposal, plain) if plain else None,
        standing=standing,
        paper=paper_of(proposal),
        proxies=my_proxies(given, standing.entry),
        carried=_carried(proposal, state, given),
        warnings=warnings_of(proposal),
    )


def _carried(proposal: Proposal, state: str, given: Sequence[Given]) -> int:
    """How many votes were carried; before the count how many proxies stand, whether their givers have voted or not, as
    nobody is to learn from it who has."""
    if state == "closed":
        return carried_number(proposal.id) if carries(proposal) else 0
    return 0 if state in ("withdrawn", "void") else len(given)


def shown_result(sheet: Sheet, state: str, has_voted: bool) -> Mapping[str, Any] | None:
    """The result as the tally gives it, where it may be seen: stored once it is closed, else counted now."""
    proposal = sheet.proposal
    if sheet.result is not None:
        return sheet.result.plain
    if proposal.opened_at is None or not shows_result(proposal.secrecy, state, has_voted):
        return None
    return count_votes(proposal, vote_box(proposal.id)).to_plain()


def _turnout(proposal: Proposal) -> int:
    """How many have voted; of a secret vote nobody is told before it closes."""
    if proposal.opened_at is None or proposal.secrecy == "secret":
        return 0
    return ballots.cast_number(proposal.id)


def picture_for(proposal: Proposal, plain: Mapping[str, Any]) -> Picture:
    """How pages draw this result of the proposal."""
    named = {"method": proposal.method, **plain}
    return picture_of(named, option_words(proposal.ballot_options), plain["roll_size"], proposal.settings)


def standing_of(proposal: Proposal, viewer: Viewer) -> Standing:
    """How the viewer stands to this vote; nothing is asked while there is no roll, or for a signed-out visitor."""
    if proposal.opened_at is None:
        return Standing()
    if not viewer.is_signed_in:
        return Standing(why_not=why_not_words(WhyNot("signed_out"), proposal.opened_at))
    me, lines = viewer.party_id, ballots.lines_for(proposal.id, viewer.party_id, received_at())
    mine = next((line for line in lines if line.entry.party_id == me), None)
    others = [line for line in lines if line is not mine and line.off is None]
    if mine is not None and mine.off is None and proposal.secrecy == SECRET:
        return Standing(mine.entry, has_cast=has_cast(mine.entry), took_part=took_part(mine.entry), others=others)
    if mine is not None and mine.off is None:
        return Standing(mine.entry, mine.ballot, others=others)
    opened_at, off = proposal.opened_at, mine.off if mine else None
    why = WhyNot(off.act, said=off.reason) if off else _why_not(proposal, me, opened_at)
    return Standing(why_not=why_not_words(why, opened_at), owes=why.key in OWING, others=others)


def _why_not(proposal: Proposal, party_id: int, opened_at: datetime) -> WhyNot:
    memberships: list[Spell] = [(s.admitted_at, s.ceased_at) for s in membership_spells(party_id)]
    seats: list[Spell] = []
    if proposal.electorate == "group":
        seats = [(s.starts_at, s.ends_at) for s in seat_spells(proposal.group_id, party_id)]
    rule = Rule.from_plain(proposal.rule)
    asked = Asked(electors=rule.electors, cooling_off_days=rule.cooling_off_days)
    kind = party(party_id).kind if rule.electors is not Electors.ALL else ""
    why = why_not_on_roll(opened_at, proposal.electorate, memberships, seats, kind, asked)
    if why.key != "unknown":
        return why
    if declared := rolls.recusal(proposal.id, party_id):
        return WhyNot("recused", said=declared.reason)
    judged = judgement(party_id, opened_at)
    if judged.votes:
        judged = judgement(party_id, opened_at - rolls.INSTANT)  # what was paid at that very instant came too late
    too_young = judged.why == "too_young"
    days = rule_at(opened_at).min_age_days if too_young else days_late(judged, opened_at, coop_profile().zone)
    return why_of_standing(judged, days)


def verdict_of(sheet: Sheet) -> Verdict | None:
    """The verdict with the steps of the count, in the order in which one asks; None before the count."""
    if sheet.result is None:
        return None
    reasons = reasons_of(sheet.result.plain)
    state = verdict_shown(sheet.result.verdict, reasons)
    css, headline = tag_of("closed", state)
    first = deciding(state, reasons)
    proposal, plain = sheet.proposal, {"method": sheet.proposal.method, **sheet.result.plain}
    words, others = option_words(proposal.ballot_options), [r for r in reasons if r is not first]
    sentence = say(first, words) if "counts" in plain else explained(plain, words, proposal.settings)
    rule, size = sheet.rule, plain["roll_size"]
    return Verdict(
        state,
        css,
        headline,
        sentence,
        [say(r, words) for r in others if r.key not in ("quorum.none", "election.winners")],
        would_have_changed(plain, words, size, proposal.settings, rule),
    )


def timeline(sheet: Sheet, state: str) -> list[Step]:
    """The proposal's way so far and what comes."""
    proposal = sheet.proposal
    steps = [Step(_("Written"), "done", proposal.created_at), *_talk(proposal, state), _opening(proposal, state)]
    if state in ("withdrawn", "void"):
        ended = Step(_(STATES[state]), "done", proposal.withdrawn_at or proposal.voided_at)
        return [step for step in steps if step.state == "done"] + [ended]
    if proposal.extended_from:
        steps.append(Step(_("Extended, the quorum being missed"), "done", proposal.extended_from))
    over = state in ("counting", "closed")
    steps.append(
        Step(_("Voting closed") if over else _("Voting closes"), "done" if over else "next", proposal.closes_at)
    )
    steps.append(Step(_("Counted"), "done" if sheet.result else "now" if over else "next"))
    if sheet.outcome:
        steps.append(Step(_("Outcome recorded"), "done", sheet.outcome.recorded_at))
    return steps


def _talk(proposal: Proposal, state: str) -> list[Step]:
    """Discussion and freezing, where the proposal goes through them."""
    steps = []
    if proposal.discussed_from:
        steps.append(Step(_("Up for discussion"), "now" if state == "discussion" else "done", proposal.discussed_from))
    if proposal.frozen_at and proposal.frozen_at != proposal.opened_at:
        steps.append(Step(_("Text frozen"), "done", proposal.frozen_at))
    return steps


def _opening(proposal: Proposal, state: str) -> Step:
    if proposal.opened_at:
        return Step(_("Voting opened"), "now" if state == "open" else "done", proposal.opened_at)
    if proposal.opens_at is None or state == "draft":
        return Step(_("Voting opens"), "next", text=_("when its author says so"))
    return Step(_("Voting opens"), "now" if state == "opening" else "next", proposal.opens_at)


def page_asked() -> int:
    """The number in ``?page=`` between 1 and the last page that could be, before it is known how many there are."""
    return min(max(1, request.args.get("page", 1, type=int)), LAST_PAGE)


def summary(html: str) -> str:
    """The first SUMMARY_WORDS words of a text, on one line, with an ellipsis when there are more.

    >>> summary("<h3>What it costs</h3><p>Nothing.</p><p>Really.</p>")
    'What it costs: Nothing. Really.'
    """
    lines = plain_text(html.replace("\n", " ")).split("\n")  # a line end inside a paragraph ends nothing
    words = " ".join(line if line.endswith(SENTENCE_ENDS) else f"{line}:" for line in lines[:-1]) + f" {lines[-1]}"
    shown = words.split()
    return " ".join(shown[:SUMMARY_WORDS]) + (" …" if len(shown) > SUMMARY_WORDS else "")


def composer_facts(thread: Thread, proposal: Proposal | None, source: str, words: Mapping[str, str]) -> dict[str, Any]:
    """All that the form for a proposal needs beside the form; ``source`` is what to preview, empty for nothing."""
    return {
        "thread": thread,
        "proposal": proposal,
        "preview": to_html(source) if source else "",
        "hints": dict(words) | {"own": _("Made of a share, a quorum, what blocks do and how long voting lasts.")},
    }


def link_facts(sheet: Sheet, entry: RollEntry, viewer: Viewer, now: datetime) -> dict[str, Any]:
    """What a mailed ballot shows, the form left out. Other people's votes stay away from it until the count."""
    proposal, state = sheet.proposal, state_at(sheet.proposal, now)
    last, verdict = ballots.last_ballot(entry), verdict_of(sheet)
    mine = my_proxies(standing_proxies(proposal), entry)
    return {
        "sheet": sheet,
        "proposal": proposal,
        "state": state,
        "tag": tag_of(state, verdict.key if verdict else ""),
        "last": last,
        "has_cast": proposal.secrecy == SECRET and has_cast(entry),
        "took_part": took_part(entry) if proposal.secrecy == SECRET else None,
        "warnings": warnings_of(proposal),
        "voted": choice_words(paper_of(proposal), last.choice) if last else "",
        "mine": mine,
        "givers": listing(mine.givers),
        "initial": party(entry.party_id).name[:1],
        "summary": summary(proposal.html),
        "verdict": verdict,
        "picture": picture_for(proposal, sheet.result.plain) if sheet.result else None,
        "waiting": _waiting(entry.party_id, viewer, now),
    }


def _waiting(party_id: int, viewer: Viewer, now: datetime) -> list[DecisionLine]:
    """Further ballots; the link opens none of them, so what is not public is named to the signed-in elector only."""
    lines = lists.ballots_waiting(party_id, now)
    return [line for line in lines if line.is_public or viewer.party_id == party_id]


def thread_panel(viewer: Viewer, thread_id: int) -> Markup:
    """A thread's proposals, and the way to start one."""
    lines = lists.proposals_of(thread_id, viewer.is_member)
    may_start = may_write(viewer)
    if not lines and not may_start:
        return Markup()
    return _panel("decisions/_thread.html", lines, thread_id=thread_id, may_start=may_start)


def thread_keeper(_viewer: Viewer, thread_id: int) -> Markup:
    """Something when the thread holds a proposal, and so cannot be deleted; the slot shows it to nobody."""
    return Markup("proposal") if lists.proposals_of(thread_id, is_member=True) else Markup()


def group_panel(viewer: Viewer, group_id: int) -> Markup:
    """A group's decisions: what is under vote, then what was decided last."""
    lines = lists.group_decisions(group_id, viewer.is_member, SHOWN_IN_GROUP)
    return _panel("decisions/_group.html", lines, slug=_slug(lines)) if lines else Markup()


def _slug(lines: Sequence[DecisionLine]) -> str:
    return lines[0].group_path.removeprefix("/g/")


def _panel(template: str, lines: Sequence[DecisionLine], **facts: Any) -> Markup:
    now = received_at()
    return Markup(render_template(template, lines=shown_now(lines, now), now=now, **facts))  # noqa: S704


def shown_now(lines: Sequence[DecisionLine], now: datetime) -> list[tuple[DecisionLine, str, tuple[str, str]]]:
    """Each line with its state by the clock, and that state's tag."""
    states = [state_at(line, now) for line in lines]
    return [(line, state, tag_of(state, line.verdict)) for line, state in zip(lines, states, strict=True)]
