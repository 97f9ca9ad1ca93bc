"""The published record of a vote, made of rows: what is fixed at opening, the roll, the ballots, the end.

The form is that of coopgov/tally/record.py; docs/record.md explains it.
"""

import hashlib
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from sqlalchemy import select

from coopgov.core.time import utc_text
from coopgov.decisions.counting import counts_now
from coopgov.decisions.models import Ballot, Closing, Proposal, RollAmendment, RollEntry
from coopgov.decisions.queries.proxies import carries, published_proxies
from coopgov.decisions.secrecy import SECRET, published
from coopgov.decisions.sentences import CHOICES
from coopgov.infra.db import db
from coopgov.tally.merkle import root_of
from coopgov.tally.one_file import recount_sha256
from coopgov.tally.record import (
    ENGINE,
    VERSION,
    AnyBallot,
    Close,
    ErasedBallot,
    NamedBallot,
    Option,
    Proxy,
    Roll,
    Terms,
    close_of,
    erased,
    proxies_hash,
    tie_commit,
    write_record,
)


def terms_at_opening(
    proposal: Proposal,
    leaves: Sequence[str],
    tie_secret: str,
    public_key: str | None = None,
    proxies: Sequence[Proxy] | None = None,
) -> Terms:
    """The manifest: all that is fixed once ``leaves`` are the roll and ``tie_secret`` is drawn; ``proxies`` is None
    where none are carried."""
    assert proposal.opened_at is not None
    terms: Terms = {
        "v": VERSION,
        "poll": proposal.id,
        "title": _nfc(proposal.title),
        "text_sha256": hashlib.sha256(proposal.source.encode()).hexdigest(),
        "method": proposal.method,
        "options": [_option(option) for option in proposal.options],
        "settings": proposal.settings,
        "rule": proposal.rule,
        "opens_at": utc_text(proposal.opened_at),
        "closes_at": utc_text(proposal.closes_at),
        "roll_size": len(leaves),
        "roll_root": root_of(leaves),
        "secrecy": proposal.secrecy,
        "public_key": public_key,
        "tie_commit": tie_commit(tie_secret),
        "recount_sha256": recount_sha256(),
        "engine": ENGINE,
    }
    if proxies is not None:
        terms["proxies"] = proxies_hash(proxies)
    return terms


def _option(plain: dict[str, str]) -> Option:
    """Options of the method itself stand in English in the record, whatever language its readers speak."""
    return {"id": plain["id"], "text": _nfc(plain["text"] or CHOICES.get(plain["id"], plain["id"]))}


def roll_of(proposal: Proposal) -> Roll:
    """The roll as frozen, and what was amended since, oldest first; with its proxies where votes are carried."""
    frozen = select(RollEntry.leaf).where(RollEntry.proposal_id == proposal.id, RollEntry.added_at.is_(None))
    amended = (
        select(RollEntry.leaf, RollAmendment.act, RollAmendment.reason, RollAmendment.at)
        .join(RollEntry, RollEntry.id == RollAmendment.roll_entry_id)
        .where(RollAmendment.proposal_id == proposal.id)
        .order_by(RollAmendment.id)
    )
    roll: Roll = {
        "leaves": sorted(db.session.scalars(frozen)),
        "amendments": [
            {"leaf": leaf, "act": act, "reason": _nfc(reason), "at": utc_text(at)}
            for leaf, act, reason, at in db.session.execute(amended)
        ],
    }
    if carries(proposal):
        roll["proxies"] = published_proxies(proposal)
    return roll


_PUBLISHED = (Ballot.roll_entry_id, Ballot.through_id, Ballot.public_name, Ballot.choice, Ballot.reason, Ballot.nonce)


def named_ballots(proposal: Proposal, more: Sequence[Ballot] = ()) -> list[NamedBallot]:
    """The ballots that count, with the names under which their voters are known in public; in no order.

    ``more``: ballots that are about to be added to them.
    """
    cast = select(*_PUBLISHED).where(Ballot.proposal_id == proposal.id, counts_now())
    lines = select(RollEntry.id, RollEntry.leaf).where(RollEntry.proposal_id == proposal.id)
    leaves = {number: leaf for number, leaf in db.session.execute(lines)}
    return [_named(proposal.manifest_hash, ballot, leaves) for ballot in (*db.session.execute(cast), *more)]


def _named(poll: str, row: Any, leaves: Mapping[int, str]) -> NamedBallot:
    name, reason = _nfc(row.public_name), _nfc(row.reason)
    ballot = NamedBallot(poll=poll, voter=leaves[row.roll_entry_id], name=name, choice=row.choice, reason=reason)
    if row.nonce:
        ballot["nonce"] = row.nonce
    if row.through_id is not None:
        ballot["through"] = leaves[row.through_id]
    return ballot


def without_words(ballots: Iterable[NamedBallot], said: Mapping[str, str]) -> list[NamedBallot | ErasedBallot]:
    """``ballots`` as they are published once words were erased: trackers, head and D stay what they were.

    ``said``: by leaf, the hash that ``tally.record.erased`` gave while name, reason and nonce were still known.
    """
    return [_erased(ballot, said[ballot["voter"]]) if ballot["voter"] in said else ballot for ballot in ballots]


def _erased(ballot: NamedBallot, said: str) -> ErasedBallot:
    return {**erased(ballot), "said": said}


def published_ballots(proposal: Proposal) -> Sequence[AnyBallot]:
    """Every ballot that the record of a closed vote holds, in no order."""
    if proposal.secrecy == SECRET:
        return cast(list[AnyBallot], published(proposal.id))
    return named_ballots(proposal)


def closing_statement(proposal: Proposal, carried: Sequence[Ballot] = ()) -> Close:
    """How the record of a vote by name ends, with what proxies carry."""
    assert proposal.manifest is not None
    ballots = named_ballots(proposal, carried)
    terms: Terms = proposal.manifest  # type: ignore[assignment]  # as terms_at_opening wrote it
    took_part = [ballot["voter"] for ballot in ballots]
    ended = utc_text(proposal.closes_at)
    return close_of(terms, roll_of(proposal), ballots, took_part, ended, proposal.tie_secret)


def has_record(proposal: Proposal) -> bool:
    """Whether a record of it is published: it is closed, and was opened by a version that kept one."""
    return proposal.state == "closed" and proposal.manifest is not None


def record_of(proposal: Proposal) -> bytes:
    """The bytes of record.json of a closed vote."""
    closing = db.session.get_one(Closing, proposal.id)
    terms: Terms = proposal.manifest  # type: ignore[assignment]  # as above
    close: Close = closing.plain  # type: ignore[assignment]  # as closing_statement gave it
    return write_record(terms, roll_of(proposal), published_ballots(proposal), close, closing.signature or None)


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)
