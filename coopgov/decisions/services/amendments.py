"""Proposing another text before the freeze, and answering it."""

from dataclasses import dataclass
from datetime import datetime

from coopgov.core.errors import Refused
from coopgov.decisions import events
from coopgov.decisions.models import Amendment, AmendmentAct, Proposal
from coopgov.decisions.queries import amendments as queries
from coopgov.decisions.queries.amendments import Line, present_wording
from coopgov.decisions.queries.authors import writer_ids
from coopgov.decisions.rules import amendments as rules
from coopgov.decisions.rules.amendments import MOST_WAITING, WAITING, Wording
from coopgov.decisions.rules.kinds import kind_of
from coopgov.decisions.rules.stages import UNFROZEN, state_at
from coopgov.decisions.services import authors
from coopgov.decisions.services.drafting import check_reason, reword
from coopgov.decisions.services.lapsing import end_amendment
from coopgov.decisions.services.traces import note
from coopgov.discussion.rules import Author
from coopgov.infra.db import writing_session
from coopgov.infra.markdown import to_html


@dataclass(frozen=True, kw_only=True)
class Change:
    """What a member proposes. ``base``: the words that it was made from."""

    wording: Wording
    base: Wording
    reason: str
    wants_authorship: bool = False


def propose(proposal: Proposal, author: Author, change: Change, now: datetime) -> Amendment:
    """An amendment of the present text. Raises Refused for authors, a frozen text, one that moved on while this was
    written, a change of nothing, options that cannot change, or too many without an answer."""
    _refuse_frozen(proposal, now)
    if author.party_id in writer_ids(proposal):
        raise Refused("amendment.yours")
    lines = queries.amendments_of(proposal.id)
    mine = [line for line in lines if line.amendment.author_id == author.party_id and line.state in WAITING]
    if len(mine) >= MOST_WAITING:
        raise Refused("amendment.too_many", most=MOST_WAITING)
    return _add(proposal, author, change, now)


def rebase(proposal: Proposal, line: Line, author: Author, change: Change, now: datetime) -> Amendment:
    """The amendment made anew for the present text; the one before it ends. A vote on that does not hold for this.

    Raises Refused as :func:`propose`, and when there is nothing to make anew.
    """
    _refuse_unless_open("rebase", proposal, line, author.party_id, now)
    if queries.fits(line.amendment, proposal):
        raise Refused("amendment.fits")
    end_amendment(proposal, line.amendment.id, "replaced", author.party_id, now)
    return _add(proposal, author, change, now, line.amendment.id)


def _add(
    proposal: Proposal, author: Author, change: Change, now: datetime, replaces_id: int | None = None
) -> Amendment:
    present = present_wording(proposal)
    if change.base != present:
        raise Refused("amendment.older_text")
    kind = kind_of(proposal.method, "counts_as" in proposal.settings)
    rules.check_wording(change.wording, present, kind.rows in ("sides", "costs"), bool(present.options))
    check_reason(change.reason)
    to_html(change.wording.source)  # refuses what is too long to be shown
    row = Amendment(
        proposal_id=proposal.id,
        number=queries.next_number(proposal.id),
        author_id=author.party_id,
        public_name=author.public_name,
        title=change.wording.title,
        source=change.wording.source,
        options=list(change.wording.options),
        base_title=present.title,
        base_source=present.source,
        base_options=list(present.options),
        reason=change.reason,
        wants_authorship=change.wants_authorship,
        replaces_id=replaces_id,
        made_at=now,
    )
    session = writing_session()
    session.add(row)
    session.flush()
    proposed = events.AmendmentProposed(proposal_id=proposal.id, amendment_id=row.id, by_id=author.party_id)
    note(proposal, author.party_id, "amendment.proposed", proposed, now, amendment=row.id)
    return row


def accept(proposal: Proposal, line: Line, by_id: int, now: datetime) -> None:
    """Its words become the proposal's, as a new revision; who wished it becomes a co-author.

    Raises Refused for who is no author, a text that has moved on, one under vote, and one that was answered.
    """
    _refuse_unless_open("accept", proposal, line, by_id, now)
    row = line.amendment
    reword(proposal, by_id, queries.amended_wording(row), now)
    end_amendment(proposal, row.id, "accepted", by_id, now)
    if row.wants_authorship:
        authors.join(proposal, Author(row.author_id, line.author_name, row.public_name), by_id, now)


def decline(proposal: Proposal, line: Line, by_id: int, reason: str, now: datetime) -> None:
    """The text stays as it is, and the reason stands beside the amendment. Raises Refused as :func:`accept`."""
    _refuse_unless_open("decline", proposal, line, by_id, now)
    check_reason(reason)
    end_amendment(proposal, line.amendment.id, "declined", by_id, now, reason)


def withdraw_amendment(proposal: Proposal, line: Line, by_id: int, now: datetime) -> None:
    """Taken back by who proposed it. Raises Refused for others, and for one that was answered."""
    _refuse_unless_open("withdraw", proposal, line, by_id, now)
    end_amendment(proposal, line.amendment.id, "withdrawn", by_id, now)


def put_to_vote(proposal: Proposal, line: Line, vote: Proposal, by_id: int, now: datetime) -> None:
    """``vote``, a proposal just drafted, decides on the amendment. Raises Refused as :func:`accept`."""
    _refuse_unless_open("vote", proposal, line, by_id, now)
    number = line.amendment.id
    writing_session().add(AmendmentAct(amendment_id=number, act="put_to_vote", vote_id=vote.id, by_id=by_id, at=now))
    answered = events.AmendmentAnswered(proposal_id=proposal.id, amendment_id=number, act="put_to_vote", by_id=by_id)
    note(proposal, by_id, "amendment.put_to_vote", answered, now, amendment=number, vote=vote.id)


def _refuse_frozen(proposal: Proposal, now: datetime) -> None:
    writing_session()
    if state_at(proposal, now) not in UNFROZEN:
        raise Refused("amendment.too_late")


def _refuse_unless_open(act: str, proposal: Proposal, line: Line, by_id: int, now: datetime) -> None:
    _refuse_frozen(proposal, now)
    writes, amends = by_id in writer_ids(proposal), by_id == line.amendment.author_id
    if not (amends if act in ("withdraw", "rebase") else writes):
        raise Refused("amendment.not_yours")
    fits = queries.fits(line.amendment, proposal)
    state = queries.amendment_by_id(line.amendment.id).state  # somebody may have answered since it was read
    if act in rules.acts_on(state, writes=writes, amends=amends, is_member=True, fits=fits):
        return
    is_old = act in ("accept", "vote") and not fits and state in ("open", "carried")
    raise Refused("amendment.older_text" if is_old else "amendment.answered")
