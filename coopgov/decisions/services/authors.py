"""Writing a proposal together: asking co-authors, their answer, leaving."""

from datetime import datetime

from coopgov.core.errors import Refused
from coopgov.decisions import events
from coopgov.decisions.models import Authorship, Proposal
from coopgov.decisions.queries import authors as queries
from coopgov.decisions.rules.authors import check_asking
from coopgov.decisions.rules.stages import UNFROZEN, UNOPENED, state_at
from coopgov.decisions.services.traces import note
from coopgov.discussion.rules import Author
from coopgov.infra.db import writing_session


def ask_co_author(proposal: Proposal, party_id: int, by_id: int, now: datetime) -> None:
    """Asks a member to write with the authors; nothing changes before the answer. Raises Refused."""
    _refuse_unless(proposal, UNFROZEN, now)
    check_asking(
        party_id, {party for party, _name in queries.people_at(now)}, proposal.author_id, queries.held_acts(proposal.id)
    )
    _add(proposal, party_id, "asked", by_id, now)
    asked = events.CoAuthorAsked(proposal_id=proposal.id, party_id=party_id, by_id=by_id)
    note(proposal, by_id, "proposal.co_author_asked", asked, now, party=party_id)


def take_back(proposal: Proposal, party_id: int, by_id: int, now: datetime) -> None:
    """The party is asked no more. Raises Refused when it does not wait."""
    writing_session()
    if queries.held_acts(proposal.id).get(party_id) != "asked":
        raise Refused("author.not_waiting")
    _change(proposal, party_id, "unasked", by_id, now)


def answer(proposal: Proposal, party: Author, accepts: bool, now: datetime) -> None:
    """Joins, while the text can still change, or declines. Raises Refused for who was not asked."""
    if accepts:
        _refuse_unless(proposal, UNFROZEN, now)
    if queries.held_acts(proposal.id).get(party.party_id) != "asked":
        raise Refused("author.not_asked")
    if accepts:
        join(proposal, party, party.party_id, now)
    else:
        _change(proposal, party.party_id, "declined", party.party_id, now)


def join(proposal: Proposal, party: Author, by_id: int, now: datetime) -> None:
    """The party is a co-author from now on; harmless for who is an author already."""
    if party.party_id not in queries.writer_ids(proposal):
        _change(proposal, party.party_id, "joined", by_id, now, party.public_name)


def leave(proposal: Proposal, party_id: int, now: datetime) -> None:
    """Leaves it to the others before voting opens; after its author the longest co-author comes first.

    Raises Refused for who is no author, or the only one.
    """
    _refuse_unless(proposal, UNOPENED, now)
    company = queries.company(proposal)
    if party_id not in company.ids | {proposal.author_id}:
        raise Refused("proposal.not_yours")
    if party_id == proposal.author_id:
        if not company.co_authors:
            raise Refused("author.alone")
        heir = company.co_authors[0]
        proposal.author_id, proposal.public_name = heir.party_id, heir.public_name
    _change(proposal, party_id, "left", party_id, now)


def _refuse_unless(proposal: Proposal, states: tuple[str, ...], now: datetime) -> None:
    writing_session()
    if state_at(proposal, now) not in states:
        raise Refused("author.too_late")


def _change(proposal: Proposal, party_id: int, act: str, by_id: int, now: datetime, public_name: str = "") -> None:
    _add(proposal, party_id, act, by_id, now, public_name)
    changed = events.AuthorsChanged(proposal_id=proposal.id, party_id=party_id, act=act)
    note(proposal, by_id, f"proposal.co_author_{act}", changed, now, party=party_id)


def _add(proposal: Proposal, party_id: int, act: str, by_id: int, now: datetime, public_name: str = "") -> None:
    row = Authorship(proposal_id=proposal.id, party_id=party_id, act=act, public_name=public_name, by_id=by_id, at=now)
    session = writing_session()
    session.add(row)
    session.flush()
