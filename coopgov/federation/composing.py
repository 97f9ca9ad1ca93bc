"""What our actor says of threads and proposals: each kind of post, composed in the co-op's language.

Only what anybody may read goes in, whatever state the subject is in; whether it may go out is for the callers to ask.
No names: neither of authors nor of voters, nor of anybody whom a text mentions. No votes before the count.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

from coopgov.core.text import N_, excerpt
from coopgov.decisions.drawing import drawn, reasons_of
from coopgov.decisions.models import Closing, Proposal, ResultRow
from coopgov.decisions.queries.proposals import Sheet
from coopgov.decisions.sentences import STATES, deciding, option_words, say, verdict_shown
from coopgov.discussion.models import Thread
from coopgov.federation.rules.announcing import LONGEST_TITLE, Post, has_room_for, tags_of, with_excerpt, with_whole
from coopgov.groups.models import Group
from coopgov.groups.queries import group_by_id
from coopgov.infra.coop import the_coop
from coopgov.infra.db import db
from coopgov.infra.i18n import current_language, day, full_time, number, percent, speaking
from coopgov.infra.i18n import gettext as _
from coopgov.infra.markdown import plain_text

HEADS = {
    "thread": N_("New discussion: %(title)s"),
    "opened": N_("Voting is open: %(title)s"),
    "closes_soon": N_("Last day to vote: %(title)s"),
    "withdrawn": N_("Withdrawn: %(title)s"),
    "outcome": N_("What follows: %(title)s"),
}
UNKNOWN = "?" * 64  # as long as a hash
SENTENCE_ENDS = (".", "!", "?", ":", ";", ",", "…", "。")
_MENTION = re.compile(r'<a [^>]*class="mention"[^>]*>.*?</a>', re.DOTALL)


def thread_post(thread: Thread) -> Post:
    """Of a public discussion that has begun."""
    return new_thread_post(group_by_id(thread.group_id), thread.title, thread.html, f"/t/{thread.id}")


def new_thread_post(group: Group, title: str, html: str, path: str) -> Post:
    """As ``thread_post``, also for one that is still being written."""
    with _in_its_language():
        words = [_("Anybody can read along in our group %(group)s.", group=group.name)]
        return with_excerpt(_post("thread", title, words, path, group), _told(html))


def opened_post(proposal: Proposal) -> Post:
    """Of a proposal whose voting has opened, or will: what is not known yet is an ellipsis then."""
    group = group_by_id(proposal.group_id)
    with _in_its_language():
        post = _post("opened", proposal.title, [_who_votes(proposal, group)], _address(proposal), group)
        fixed = _fixed(post, proposal.manifest_hash or UNKNOWN, proposal.roll_root or UNKNOWN)
        said = with_excerpt(fixed, _told(proposal.html))
        return replace(said, words=said.words.replace(UNKNOWN, "…"))


def _fixed(post: Post, manifest_hash: str, roll_root: str) -> Post:
    """``post`` with what is fixed at opening: M always, the root of the roll where there is room."""
    post = with_whole(post, _("Fixed with the opening, M: %(hash)s", hash=manifest_hash))
    roll = _("Roll: %(hash)s", hash=roll_root)
    return with_whole(post, roll) if has_room_for(post, roll) else post


def withdrawn_post(proposal: Proposal) -> Post:
    """Of a proposal that its author took back while it was open."""
    with _in_its_language():
        words = [_("Its author took the proposal back, so there is no result.")]
        post = _post("withdrawn", proposal.title, words, _address(proposal), group_by_id(proposal.group_id))
        return with_excerpt(post, proposal.withdrawn_reason)


def closes_soon_post(proposal: Proposal) -> Post:
    """Of a proposal that can be voted on for about a day more."""
    group = group_by_id(proposal.group_id)
    with _in_its_language():
        words = [_who_votes(proposal, group), _("Not voted yet? Now is the time.")]
        return _post("closes_soon", proposal.title, words, _address(proposal), group)


def _address(proposal: Proposal) -> str:
    """Its shortest one: it stands in the post, and no later title makes it old."""
    return f"/p/{proposal.id}"


def _who_votes(proposal: Proposal, group: Group) -> str:
    until = full_time(proposal.closes_at)
    if proposal.electorate == "group":
        return _("Our group %(group)s can vote until %(until)s.", group=group.name, until=until)
    return _("All our members can vote until %(until)s.", until=until)


def result_post(sheet: Sheet) -> Post:
    """Of a proposal whose votes have been counted: the verdict, the sentence that decides, the counts."""
    proposal, result = sheet.proposal, sheet.result
    if result is None:
        raise ValueError("nothing has been counted")
    reasons = reasons_of(result.plain)
    state = verdict_shown(result.verdict, reasons)
    with _in_its_language():
        names = option_words(proposal.ballot_options)
        words = [say(deciding(state, reasons), names), *_counts(result, proposal.roll_size, names)]
        head = f"{_(STATES[state])}: {proposal.title}"
        post = _made(head, words, _address(proposal), group_by_id(proposal.group_id))
        closing = db.session.get(Closing, proposal.id)
        return with_whole(post, _("Fixed with the closing, D: %(hash)s", hash=closing.digest)) if closing else post


def outcome_post(sheet: Sheet) -> Post:
    """Of what follows from a decision, in the convenor's newest words."""
    proposal, outcome = sheet.proposal, sheet.outcome
    if outcome is None:
        raise ValueError("no outcome has been recorded")
    with _in_its_language():
        words = [_("This departs from the result of the vote.")] if outcome.departs else []
        if outcome.review_on:
            words.append(_("To be reviewed on %(day)s.", day=day(outcome.review_on)))
        post = _post("outcome", proposal.title, words, _address(proposal), group_by_id(proposal.group_id))
        return with_excerpt(post, _told(outcome.html))


def _counts(result: ResultRow, roll_size: int, names: Mapping[str, str]) -> list[str]:
    """How many voted, and how; nothing when nobody did."""
    cast = result.plain["cast"]
    if not cast:
        return []
    facts = {"cast": number(cast), "roll": number(roll_size), "percent": percent(cast, roll_size)}
    voted = _("%(cast)s of %(roll)s on the roll voted (%(percent)s).", **facts)
    if "counts" not in result.plain:
        return [voted]
    picture = drawn(result.plain["counts"], roll_size, 0, names)
    rows = [
        f"{row.label} {number(row.count)} ({row.share_of_cast})"
        for row in picture.rows
        if row.count or row.key in ("agree", "disagree")
    ]
    return [voted, " · ".join(rows)]


def _post(kind: str, title: str, words: Sequence[str], path: str, group: Group) -> Post:
    return _made(_(HEADS[kind], title=title), words, path, group)


def _made(head: str, words: Sequence[str], path: str, group: Group) -> Post:
    tags = tags_of([(group.name, group.path)])
    return Post(excerpt(head, LONGEST_TITLE), "\n".join(words), path, current_language(), tags)


def _told(html: str) -> str:
    """The words of a text on one line, without the names of those whom it mentions; blocks are kept apart."""
    lines = plain_text(_MENTION.sub(_("a member"), html).replace("\n", " ")).split("\n")
    ended = [line if line.endswith(SENTENCE_ENDS) else f"{line} \N{EN DASH}" for line in lines[:-1]]
    return " ".join([*ended, lines[-1]])


@contextmanager
def _in_its_language() -> Iterator[None]:
    coop = the_coop()
    with speaking(coop.language if coop else "", coop.zone if coop else "UTC"):
        yield
