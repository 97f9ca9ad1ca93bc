"""Writing, mending and withdrawing proposals."""

from datetime import datetime
from typing import Any

from coopgov.core.errors import Refused
from coopgov.core.text import slug_of
from coopgov.decisions import events
from coopgov.decisions.models import Proposal, ProposalRevision
from coopgov.decisions.rules import casting, stages
from coopgov.decisions.rules.stages import Terms
from coopgov.decisions.services.opening import open_voting
from coopgov.decisions.services.register import refuse_unfit_links
from coopgov.decisions.services.traces import note, refuse_unless
from coopgov.discussion.models import Thread
from coopgov.discussion.rules import Author
from coopgov.infra.db import writing_session
from coopgov.infra.markdown import to_html
from coopgov.tally.rule import Rule


def draft_proposal(thread: Thread, author: Author, terms: Terms, now: datetime) -> Proposal:
    """A new proposal in ``thread``: a draft, scheduled, or open already when the terms say so.

    Raises Refused for a thread that went meanwhile, times that the rule does not allow, a text that is too long, a
    roll with nobody on it.
    """
    session = writing_session()
    if thread.state != "visible":
        raise Refused("proposal.not_here")
    stages.check_times(terms, now)
    proposal = Proposal(
        thread_id=thread.id,
        group_id=thread.group_id,
        author_id=author.party_id,
        public_name=author.public_name,
        is_public=thread.is_public,
        created_at=now,
        **_columns(terms),
    )
    session.add(proposal)
    session.flush()
    drafted = events.ProposalDrafted(proposal_id=proposal.id, author_id=author.party_id)
    note(proposal, author.party_id, "proposal.drafted", drafted, now)
    if terms.open_now:
        open_voting(proposal, now, author.party_id)
    return proposal


def mend_proposal(proposal: Proposal, by_id: int, terms: Terms, now: datetime) -> None:
    """Text and terms changed before opening; what they were is kept. Raises Refused as ``draft_proposal`` does.

    Terms that change nothing leave no trace, unless they open the vote.
    """
    session = writing_session()
    refuse_unless(proposal, ("draft", "scheduled"), now)
    stages.check_times(terms, now)
    before, after = _columns(_terms_of(proposal)), _columns(terms)
    if before != after:
        session.add(_revision(proposal, now))
        for name, value in after.items():
            setattr(proposal, name, value)
        refuse_unfit_links(proposal)
        mended = events.ProposalMended(proposal_id=proposal.id, author_id=proposal.author_id)
        note(proposal, by_id, "proposal.mended", mended, now)
    if terms.open_now:
        open_voting(proposal, now, by_id)


def withdraw(proposal: Proposal, by_id: int, reason: str, now: datetime) -> None:
    """Taken back, before opening or while open: ballots are kept, there is no verdict. Raises Refused."""
    refuse_unless(proposal, ("draft", "scheduled", "opening", "open"), now)
    if not reason.strip():
        raise Refused("proposal.reason_needed", field="reason")
    if len(reason) > casting.LONGEST_REASON:
        raise Refused("proposal.reason_too_long", field="reason", most=casting.LONGEST_REASON)
    proposal.state, proposal.withdrawn_at, proposal.withdrawn_reason = "withdrawn", now, reason
    withdrawn = events.ProposalWithdrawn(proposal_id=proposal.id, by_id=by_id)
    note(proposal, by_id, "proposal.withdrawn", withdrawn, now)


def _columns(terms: Terms) -> dict[str, Any]:
    """What the terms are in the proposal's row."""
    return {
        "title": terms.title,
        "slug": slug_of(terms.title),
        "source": terms.source,
        "html": to_html(terms.source),
        "rule": terms.rule.to_plain(),
        "rule_name": terms.rule_name,
        "electorate": terms.electorate,
        "opens_at": terms.opens_at,
        "closes_at": terms.closes_at,
        "state": "scheduled" if terms.opens_at else "draft",
    }


def _terms_of(proposal: Proposal) -> Terms:
    return Terms(
        title=proposal.title,
        source=proposal.source,
        rule=Rule.from_plain(proposal.rule),
        rule_name=proposal.rule_name,
        electorate=proposal.electorate,
        opens_at=proposal.opens_at,
        closes_at=proposal.closes_at,
    )


def _revision(proposal: Proposal, now: datetime) -> ProposalRevision:
    terms = {
        "rule": proposal.rule,
        "electorate": proposal.electorate,
        "opens_at": proposal.opens_at.isoformat() if proposal.opens_at else None,
        "closes_at": proposal.closes_at.isoformat(),
    }
    return ProposalRevision(
        proposal_id=proposal.id,
        title=proposal.title,
        source=proposal.source,
        html=proposal.html,
        terms=terms,
        replaced_at=now,
    )
