"""The self-check of published records: what `coopgov check` asks of them."""

import hashlib
import unicodedata
from collections.abc import Mapping
from typing import Any

from sqlalchemy import or_, select

from coopgov.decisions.models import Closing, Proposal, ResultRow
from coopgov.decisions.records import record_of
from coopgov.infra.check import Check
from coopgov.infra.clock import now
from coopgov.infra.db import db
from coopgov.tally.record import tie_seed
from coopgov.tally.verify import check_record

NEWEST = 200
TURNS = 30  # days after which every older record has had its turn, when the check runs daily


def _records_that_do_not_hold() -> list[str]:
    """The newest records and today's share of the older ones, each counted again and compared with M of its opening and
    D of its closing, as they were kept."""
    closed = (Proposal.state == "closed", Proposal.manifest_hash != "")
    newest = select(Proposal.id).where(*closed).order_by(Proposal.closes_at.desc(), Proposal.id.desc()).limit(NEWEST)
    of_today = Proposal.id % TURNS == now().toordinal() % TURNS
    query = (
        select(Proposal, Closing, ResultRow)
        .outerjoin(Closing, Closing.proposal_id == Proposal.id)
        .outerjoin(ResultRow, ResultRow.proposal_id == Proposal.id)
        .where(*closed, or_(of_today, Proposal.id.in_(newest.subquery().select())))
        .order_by(Proposal.id)
    )
    rows = db.session.execute(query).all()
    found = ((proposal.id, _fault(proposal, closing, result)) for proposal, closing, result in rows)
    return [f"proposal {number}: {fault}" for number, fault in found if fault]


def _fault(proposal: Proposal, closing: Closing | None, result: ResultRow | None) -> str:
    """What is wrong with the record; nothing when it holds, and says what the page says."""
    if closing is None or proposal.manifest is None:
        return "a part of its record is missing"
    try:
        raw = record_of(proposal)
    except (ValueError, LookupError, TypeError) as error:
        return f"its record cannot be written ({type(error).__name__})"
    failure = check_record(raw, proposal.manifest_hash, closing.digest).failure
    if failure:
        return f"its record fails at {failure.name}"
    if result is not None and result.tie_seed != tie_seed(closing.plain):
        return "its result was counted with other lots than its record"
    return "" if _says_what_was_voted_on(proposal, proposal.manifest) else "its page is not what was voted on"


def _says_what_was_voted_on(proposal: Proposal, terms: Mapping[str, Any]) -> bool:
    text = hashlib.sha256(proposal.source.encode()).hexdigest()
    shown = (unicodedata.normalize("NFC", proposal.title), text, proposal.method, proposal.settings, proposal.rule)
    return shown == tuple(terms[name] for name in ("title", "text_sha256", "method", "settings", "rule"))


CHECKS: tuple[Check, ...] = (Check("published records hold", _records_that_do_not_hold),)
