"""Secret votes: taking ballots, counting them, stopping, and what is done so that nothing joins voter and ballot.

Casting writes one row and nothing else: docs/secret-votes.md, "What is written, and where".
"""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select

from coopgov.core.errors import Refused
from coopgov.core.time import utc_text
from coopgov.decisions import box, events, secrecy
from coopgov.decisions.models import Proposal, RollEntry, SealedBallot, SecretBallot
from coopgov.decisions.queries import rolls
from coopgov.decisions.records import roll_of
from coopgov.decisions.rules import casting
from coopgov.decisions.services.traces import note
from coopgov.decisions.services.voting import normal_choice
from coopgov.infra.audit import SYSTEM
from coopgov.infra.db import writing_session
from coopgov.infra.jobs import enqueue
from coopgov.infra.keyring import FolderUnfit, KeysMissing, PollKeys
from coopgov.tally.canonical import canonical
from coopgov.tally.record import Close, chain_head, close_hash, close_of, tracker
from coopgov.tally.vote import Choice

FORGET = "decisions.forget_keys"


@dataclass(frozen=True)
class Accepted:
    """What a voter is told: M, T, the ballot to the byte, and the receipt to keep."""

    manifest_hash: str
    tracker: str
    written: str
    receipt: str


@dataclass(frozen=True)
class Opened:
    """An emptied box: each choice with its number, the closing statement, its signature, the ballots by tracker."""

    votes: Mapping[Choice, int]
    close: Close
    signature: str
    ballots: Mapping[str, box.Ballot]


def cast_secret_ballot(
    proposal_id: int,
    party_id: int,
    choice: object,
    nonce: str,
    mark: str,
    received_at: datetime,
    draw: Callable[[int], bytes] = secrets.token_bytes,
) -> Accepted:
    """The ballot that lies in the box for this elector from now on; the same one gets the same receipt.

    ``nonce`` empty: the voter rolled ``mark`` with a die, and the nonce is ours. Raises Refused (``ballot.*``,
    ``secret.*``), and LookupError for a proposal that does not exist.
    """
    session = writing_session()
    proposal = session.get(Proposal, proposal_id)
    if proposal is None:
        raise LookupError(proposal_id)
    casting.check_ballot_time(proposal, received_at)
    entry = rolls.entry_of(proposal_id, party_id)
    if entry is None:
        raise Refused("ballot.not_on_roll")
    normal, keys = normal_choice(proposal, choice), _keys_or_refusal(proposal_id)
    if not nonce:
        nonce = box.nonce_for(keys.box, entry.leaf, normal, box.checked_mark(mark))
    ballot = box.ballot_of(proposal.manifest_hash, normal, nonce, mark)
    _put(proposal, entry, keys, ballot, draw)
    receipt = box.receipt(tracker(ballot), proposal.manifest_hash, box.signer_of(keys.sign))
    return Accepted(proposal.manifest_hash, tracker(ballot), canonical(ballot).decode(), receipt)


def _keys_or_refusal(proposal_id: int) -> PollKeys:
    try:
        return secrecy.keys_of(proposal_id)
    except KeysMissing as error:
        raise Refused("secret.keys_missing") from error
    except FolderUnfit as error:
        raise Refused("secret.folder") from error


def _put(
    proposal: Proposal, entry: RollEntry, keys: PollKeys, ballot: box.Ballot, draw: Callable[[int], bytes]
) -> None:
    """Lays the ballot into the box in place of an earlier one of this elector; raises Refused for a tracker twice."""
    session = writing_session()
    handle, mark = box.handle_of(keys.box, entry.leaf), box.uniqueness_of(keys.box, tracker(ballot))
    same = select(SealedBallot).where(SealedBallot.proposal_id == proposal.id, SealedBallot.uniqueness == mark)
    there = session.scalars(same).first()
    if there is not None and there.handle != handle:
        raise Refused("ballot.draw_again")
    if there is None:
        sealed = box.seal(keys.box, ballot, proposal.manifest_hash, handle, secrecy.room_of(proposal), draw)
        session.merge(SealedBallot(proposal_id=proposal.id, handle=handle, uniqueness=mark, sealed=sealed))


def open_box(proposal: Proposal) -> Opened:
    """What the box holds and how the record ends, with nothing written yet.

    Raises KeysMissing, FolderUnfit, and Unreadable when something in the box is not what electors put there.
    """
    assert proposal.manifest is not None
    keys = secrecy.keys_of(proposal.id)
    found = secrecy.opened_box(proposal, keys)
    ballots = {tracker(ballot): ballot for _leaf, ballot in found}
    terms: Any = proposal.manifest
    took_part, ended = [leaf for leaf, _ballot in found], utc_text(proposal.closes_at)
    inside: Any = list(ballots.values())
    close = close_of(terms, roll_of(proposal), inside, took_part, ended, keys.tie_secret)
    votes: dict[Choice, int] = {}
    for ballot in ballots.values():
        choice = normal_choice(proposal, ballot["choice"])
        votes[choice] = votes.get(choice, 0) + 1
    signature = box.signer_of(keys.sign)(close_hash(close).encode()).hex()
    return Opened(votes, close, signature, dict(sorted(ballots.items())))


def publish(proposal: Proposal, opened: Opened, now: datetime) -> None:
    """The ballots become facts, in the order of their trackers, and the box is empty; its keys are destroyed next."""
    rows = [{"proposal_id": proposal.id, "tracker": t, "body": ballot} for t, ballot in opened.ballots.items()]
    if rows:
        writing_session().execute(insert(SecretBallot), rows)
    _empty(proposal, now)


def stop(proposal: Proposal, now: datetime) -> dict[str, int | str | None]:
    """Empties the box of an open vote that ends without a result; nothing of it is published. Gives what the audit row
    of it says: how many ballots there were, and the head of their chain if they could be read."""
    if proposal.secrecy != secrecy.SECRET or proposal.opened_at is None:
        return {}
    facts = {"ballots": secrecy.box_size(proposal.id), "head": _head(proposal)}
    _empty(proposal, now)
    return facts


def _head(proposal: Proposal) -> str | None:
    try:
        found = secrecy.opened_box(proposal, secrecy.keys_of(proposal.id))
    except (KeysMissing, FolderUnfit, box.Unreadable):
        return None
    return chain_head(proposal.manifest_hash, sorted(tracker(ballot) for _leaf, ballot in found))


def _empty(proposal: Proposal, now: datetime) -> None:
    writing_session().execute(delete(SealedBallot).where(SealedBallot.proposal_id == proposal.id))
    enqueue(FORGET, f"{FORGET}:{proposal.id}", {"poll": proposal.id}, now)


def void_for_good(proposal: Proposal, why: str, now: datetime) -> None:
    """Nobody can count this vote: it is void. ``why``: keys_missing, or unreadable."""
    facts = stop(proposal, now)
    proposal.state, proposal.voided_at = "void", now
    voided = events.ProposalVoided(proposal_id=proposal.id, by_id=None)
    note(proposal, SYSTEM, "proposal.voided", voided, now, reason=why, **facts)


def void_keyless(proposal: Proposal, now: datetime) -> None:
    """Declares an open secret vote void whose keys are gone for good. Harmless when repeated, and when they are not."""
    if proposal.secrecy != secrecy.SECRET or proposal.state not in secrecy.STATES_WITH_KEYS:
        return
    try:
        secrecy.keys_of(proposal.id)
    except KeysMissing:
        void_for_good(proposal, "keys_missing", now)
    except FolderUnfit:
        return


def destroy_keys(proposal: Proposal, _now: datetime) -> None:
    """Destroys keys that outlived their vote. Harmless when repeated."""
    ring = secrecy.keyring()
    if ring is not None and proposal.state not in secrecy.STATES_WITH_KEYS:
        ring.destroy(proposal.id)
