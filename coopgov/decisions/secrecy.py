"""The boxes of secret votes as they lie in the database, and the keys that open them."""

from collections.abc import Collection
from pathlib import Path

from sqlalchemy import func, select

from coopgov.core.errors import Kind, Refusals, Refused
from coopgov.core.text import N_
from coopgov.decisions import box
from coopgov.decisions.models import Closing, Proposal, RollEntry, SealedBallot, SecretBallot
from coopgov.infra.db import db
from coopgov.infra.keyring import Fault, FolderUnfit, Keyring, KeysMissing, PollKeys
from coopgov.infra.settings import current_settings

SECRET = "secret"  # noqa: S105 - a kind of vote
STATES_WITH_KEYS = ("open", "counting")
REFUSALS: Refusals = {
    "secret.off": (
        Kind.CONFLICT,
        N_("Secret votes are off here: whoever runs the server has to set a folder for their keys first."),
    ),
    "secret.folder": (
        Kind.CONFLICT,
        N_("The folder of keys for secret votes cannot be used now. Whoever runs the server can see why."),
    ),
    "secret.keys_missing": (
        Kind.CONFLICT,
        N_("The keys of this vote are gone, so nobody can count it. It has to be held again."),
    ),
    "secret.too_many_options": (Kind.INVALID, N_("A secret vote cannot be held on so many or so long options.")),
    "secret.ties": (
        Kind.INVALID,
        N_(
            "In a secret vote no lot decides between equals, for whoever runs the server could know it beforehand."
            " Choose that it is called a tie."
        ),
    ),
    "secret.no_choice": (Kind.INVALID, N_("Nobody chooses anything here, so it cannot be a secret vote.")),
}


def keyring() -> Keyring | None:
    """The folder of keys; None while secret votes are off."""
    folder = current_settings().key_dir
    return Keyring(Path(folder)) if folder else None


def fit_keyring() -> Keyring:
    """The folder of keys, which can be used; raises Refused."""
    ring = keyring()
    if ring is None:
        raise Refused("secret.off")
    if ring.fault():
        raise Refused("secret.folder")
    return ring


def keys_of(proposal_id: int) -> PollKeys:
    """What opens the box of an open secret vote; raises KeysMissing, or FolderUnfit when nobody can tell."""
    ring = keyring()
    if ring is None:
        raise FolderUnfit(Fault.ABSENT)
    return ring.read(proposal_id)


def room_of(proposal: Proposal) -> int:
    """The padded length of the proposal's ballots; raises Refused when they could not be held."""
    try:
        return box.room_for([option["id"] for option in proposal.options])
    except ValueError as error:
        raise Refused("secret.too_many_options", field="options") from error


def box_size(proposal_id: int) -> int:
    """How many ballots lie in the box."""
    return db.session.scalar(select(func.count()).where(SealedBallot.proposal_id == proposal_id)) or 0


def opened_box(proposal: Proposal, keys: PollKeys) -> list[tuple[str, box.Ballot]]:
    """Every elector's leaf who has voted, with the ballot; raises Unreadable when anything else lies in the box."""
    leaves = {box.handle_of(keys.box, leaf): leaf for _party, leaf in _leaves(proposal.id)}
    rows = db.session.execute(
        select(SealedBallot.handle, SealedBallot.sealed).where(SealedBallot.proposal_id == proposal.id)
    )
    found = {handle: box.unseal(keys.box, sealed, proposal.manifest_hash, handle) for handle, sealed in rows}
    if not found.keys() <= leaves.keys():
        raise box.Unreadable(proposal.id)
    return [(leaves[handle], ballot) for handle, ballot in found.items()]


def _leaves(proposal_id: int) -> list[tuple[int, str]]:
    query = select(RollEntry.party_id, RollEntry.leaf).where(RollEntry.proposal_id == proposal_id)
    return [(party_id, leaf) for party_id, leaf in db.session.execute(query)]


def has_cast(entry: RollEntry) -> bool:
    """Whether a ballot of this elector lies in the box; False also when nobody can tell."""
    try:
        keys = keys_of(entry.proposal_id)
    except (KeysMissing, FolderUnfit):
        return False
    return db.session.get(SealedBallot, (entry.proposal_id, box.handle_of(keys.box, entry.leaf))) is not None


def to_remind(proposal_id: int) -> dict[int, str]:
    """Party ids of electors of an open secret vote who have no ballot in the box, each with a name for the mail that
    nobody can trace without K; nobody when nobody can tell."""
    try:
        key = keys_of(proposal_id).box
    except (KeysMissing, FolderUnfit):
        return {}
    there = set(db.session.scalars(select(SealedBallot.handle).where(SealedBallot.proposal_id == proposal_id)))
    leaves = _leaves(proposal_id)
    return {party: box.mail_name(key, leaf) for party, leaf in leaves if box.handle_of(key, leaf) not in there}


def cast_among(party_id: int, proposal_ids: Collection[int]) -> set[int]:
    """Those of the open secret votes in whose box a ballot of the party lies."""
    query = select(RollEntry).where(RollEntry.party_id == party_id, RollEntry.proposal_id.in_(proposal_ids))
    entries = db.session.scalars(query) if proposal_ids else ()
    return {entry.proposal_id for entry in entries if has_cast(entry)}


def took_part(entry: RollEntry) -> bool | None:
    """Whether the closing statement says that this elector took part; None before there is one."""
    closing = db.session.get(Closing, entry.proposal_id)
    return entry.leaf in closing.plain["took_part"] if closing else None


def parties_who_took_part(proposal_id: int) -> set[int]:
    """Party ids of those who took part by the closing statement."""
    leaves = set(db.session.get_one(Closing, proposal_id).plain["took_part"])
    return {party_id for party_id, leaf in _leaves(proposal_id) if leaf in leaves}


def published(proposal_id: int) -> list[box.Ballot]:
    """The ballots of a closed secret vote, by tracker."""
    query = select(SecretBallot.body).where(SecretBallot.proposal_id == proposal_id).order_by(SecretBallot.tracker)
    return list(db.session.scalars(query))
