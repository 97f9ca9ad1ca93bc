"""Opening a vote: words and roll are frozen, ballots are taken."""

import secrets
from datetime import datetime
from typing import Any

from sqlalchemy import insert

from coopgov.core.errors import Refused
from coopgov.decisions import box, events, secrecy
from coopgov.decisions.counting import manifest_of
from coopgov.decisions.models import Proposal, RecountScript, RollEntry
from coopgov.decisions.queries import proposals, rolls
from coopgov.decisions.queries.proxies import published_proxies
from coopgov.decisions.records import terms_at_opening
from coopgov.decisions.rules import stages
from coopgov.decisions.rules.stages import UNOPENED, state_at
from coopgov.decisions.services.carrying import freeze_proxies
from coopgov.decisions.services.lapsing import lapse_amendments, settle_amendments
from coopgov.decisions.services.traces import note, refuse_unless, subject, touch
from coopgov.decisions.services.urgency import refuse_unsigned
from coopgov.infra import audit
from coopgov.infra.audit import SYSTEM
from coopgov.infra.db import writing_session
from coopgov.membership.services.standing import guard_arrears
from coopgov.tally.count import Manifest
from coopgov.tally.merkle import leaf_of
from coopgov.tally.methods import METHODS
from coopgov.tally.one_file import recount_source
from coopgov.tally.record import Proxy, Terms, manifest_hash
from coopgov.tally.rule import Rule


def open_voting(proposal: Proposal, now: datetime, by_id: int | None = None, lapses: bool = False) -> None:
    """Ballots are taken from ``now`` on, and the roll is frozen as at ``now``; by the author unless somebody is named.

    ``lapses``: amendments without an answer end by it. Raises Refused when there are such and nobody has said so, when
    it is open already, before the discussion has lasted, when too little time is left for the rule or nobody has
    countersigned why, when nobody may vote, or when a secret vote cannot be held.
    """
    refuse_unless(proposal, UNOPENED, now)
    rule = Rule.from_plain(proposal.rule)
    stages.check_discussion(rule, proposal.discussed_from, now)
    stages.check_length(rule, now, proposal.closes_at, proposal.urgent_reason)
    refuse_unsigned(proposal, now)
    actor = proposal.author_id if by_id is None else by_id
    settle_amendments(proposal, actor, now, lapses)
    _freeze(proposal, now, now, actor)


def open_scheduled(proposal: Proposal, now: datetime) -> None:
    """Opens a proposal whose time has come, with the roll as at ``opens_at`` however late this runs.

    With nobody on that roll, a secret vote that cannot be held, or an urgent one that nobody has countersigned, it
    becomes a draft again, whose opening in the past says so; else amendments without an answer lapse. Harmless when
    repeated.
    """
    if state_at(proposal, now) != "opening" or proposal.opens_at is None:
        return
    try:
        refuse_unsigned(proposal, proposal.opens_at)
        _freeze(proposal, proposal.opens_at, now, SYSTEM)
        lapse_amendments(proposal, SYSTEM, now)
    except Refused:
        proposal.state, proposal.frozen_at = "draft", None
        audit.record(SYSTEM, "proposal.not_opened", subject(proposal), now)
        touch(proposal, now)


def _freeze(proposal: Proposal, at: datetime, now: datetime, actor: int | str) -> None:
    if proposal.secrecy == secrecy.SECRET:
        secrecy.fit_keyring()
        secrecy.room_of(proposal)
    guard_arrears(now)  # or a mistake of ours could keep many off the roll before anybody has seen it
    leaves = _freeze_roll(proposal, at)
    proposal.is_public = proposals.is_public_now(proposal)  # from here on it keeps its own word
    proposal.state, proposal.opened_at, proposal.roll_size = "open", at, len(leaves)
    proposal.frozen_at = proposal.frozen_at or at
    _fix_terms(proposal, leaves, published_proxies(proposal) if freeze_proxies(proposal, at) else None)
    opened = events.VotingOpened(proposal_id=proposal.id, roll_size=len(leaves))
    note(proposal, actor, "proposal.opened", opened, now, roll=len(leaves), manifest=proposal.manifest_hash)


def _freeze_roll(proposal: Proposal, at: datetime) -> list[str]:
    """Writes the roll as at ``at`` and gives its leaves; raises Refused when nobody is on it."""
    roll = rolls.roll_at(proposal, at)
    if not roll:
        raise Refused("roll.empty")
    salted = [(party, number, secrets.token_hex(16)) for party, number in roll]
    lines = [
        {"proposal_id": proposal.id, "party_id": party, "member_number": number, "salt": salt, "leaf": leaf}
        for party, number, salt in salted
        for leaf in [leaf_of(salt, number)]
    ]
    writing_session().execute(insert(RollEntry), lines)
    return [str(line["leaf"]) for line in lines]


def _terms(proposal: Proposal, leaves: list[str], proxies: list[Proxy] | None) -> Terms:
    """The manifest, with a tie secret drawn now; that of a secret vote lies with its other keys and nowhere else."""
    if proposal.secrecy == secrecy.SECRET:
        keys = secrecy.fit_keyring().create(proposal.id)
        return terms_at_opening(proposal, leaves, keys.tie_secret, box.public_key_of(keys.sign))
    proposal.tie_secret = secrets.token_hex(32)
    return terms_at_opening(proposal, leaves, proposal.tie_secret, proxies=proxies)


def _fix_terms(proposal: Proposal, leaves: list[str], proxies: list[Proxy] | None) -> None:
    """What the record will begin with; its hash goes out now, before the first ballot."""
    proposal.bounds = _bounds(manifest_of(proposal))
    terms = _terms(proposal, leaves, proxies)
    proposal.manifest, proposal.manifest_hash = dict(terms), manifest_hash(terms)
    proposal.roll_root = terms["roll_root"]
    if writing_session().get(RecountScript, terms["recount_sha256"]) is None:
        writing_session().add(RecountScript(sha256=terms["recount_sha256"], source=recount_source()))


def _bounds(manifest: Manifest) -> dict[str, Any]:
    """What can stand on a ballot, for the database to refuse anything else."""
    method = METHODS[manifest.method]
    limits = method.limits(manifest)
    more = ("none_of_these",) if manifest.settings.get("none_of_these") else ()
    return {
        "shape": method.shape.value,
        "words": [*manifest.options, *more],
        "least": limits.least,
        "most": max(1, limits.most),
        "highest": limits.highest,
        "budget": limits.budget,
    }
