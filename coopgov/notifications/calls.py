"""Calls for ballots: what the mails at opening and before closing say."""

from collections.abc import Callable, Mapping
from datetime import datetime

from coopgov.core.text import excerpt
from coopgov.decisions.models import Proposal
from coopgov.decisions.queries.proxies import MyProxies, proxies_by_line
from coopgov.decisions.secrecy import SECRET
from coopgov.decisions.sentences import option_meanings, option_words
from coopgov.groups.queries import group_by_id
from coopgov.infra.db import db
from coopgov.infra.i18n import brief_time, full_time
from coopgov.infra.mail import Facts
from coopgov.infra.markdown import plain_text
from coopgov.notifications.queries import entries_on_roll
from coopgov.notifications.services import Links, News

SUMMARY = 280  # characters of a proposal in a mail: about three lines
REMIND = "notifications.remind_secretly"


def ballot_news(kind: str, proposal_id: int, event_id: int, now: datetime) -> News | None:
    """The news that a vote is open, with each elector's own link to the ballot; None when it is no more."""
    proposal = db.session.get_one(Proposal, proposal_id)
    if proposal.state != "open" or proposal.closes_at <= now:
        return None
    entries = entries_on_roll(proposal.id)

    def ballot(party_id: int) -> Links:
        return {"ballot": ("/vote/{token}", "ballot", {"p": proposal.id, "e": entries[party_id]})}

    return News(
        kind=kind,
        event_id=event_id,
        title=proposal.title,
        path=proposal.path,
        thread_id=proposal.thread_id,
        words=lambda: _ballot_words(proposal),
        links=ballot,
        facts=_proxies_of(proposal, entries),
        lasts=proposal.closes_at - now,
    )


def _proxies_of(proposal: Proposal, entries: Mapping[int, int]) -> Callable[[int], Facts]:
    """What each elector is told of proxies: who votes for them, and for how many they vote."""
    concerned = proxies_by_line(proposal)

    def facts(party_id: int) -> Facts:
        mine = concerned.get(entries[party_id], MyProxies())
        holder, circle = ("", mine.holder) if mine.in_circle else (mine.holder, "")
        return {"holder": holder, "circle": circle, "givers": len(mine.givers)}

    return facts


def delegates_news(proposal_id: int, event_id: int, now: datetime) -> News:
    """The same for whoever acts for an organisation: they vote for it signed in, and get no link that votes."""
    proposal = db.session.get_one(Proposal, proposal_id)
    return News(
        kind="organisation_ballot",
        event_id=event_id,
        title=proposal.title,
        path=f"/p/{proposal.id}/for",
        thread_id=proposal.thread_id,
        words=lambda: _ballot_words(proposal),
        lasts=proposal.closes_at - now,
    )


def _ballot_words(proposal: Proposal) -> Facts:
    return {
        **proposal_words(proposal),
        "summary": excerpt(plain_text(proposal.html), SUMMARY),
        "closes": brief_time(proposal.closes_at),
        "closes_at": full_time(proposal.closes_at),
        "options": _options(proposal),
        "urgent_reason": proposal.urgent_reason,
        "is_secret": proposal.secrecy == SECRET,
        "manifest": proposal.manifest_hash,
        "roll_root": proposal.roll_root,
    }


def _options(proposal: Proposal) -> list[str]:
    options = proposal.ballot_options
    words, meant = option_words(options), option_meanings(proposal.method, proposal.rule, options)
    return [f"{words[option]}: {meant[option]}" if meant[option] else words[option] for option in words]


def proposal_words(proposal: Proposal) -> Facts:
    """What every mail about a proposal needs."""
    return {"group": group_by_id(proposal.group_id).name}
