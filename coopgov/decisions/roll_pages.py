"""What the pages of the roll show."""

import json
from datetime import datetime
from typing import Any

from coopgov.core.viewer import Viewer
from coopgov.decisions.display import standing_of
from coopgov.decisions.models import Proposal, RollEntry
from coopgov.decisions.queries import rolls
from coopgov.decisions.queries.proxies import carries, proxies_by_line
from coopgov.decisions.records import roll_of
from coopgov.decisions.rules.rolls import can_recuse, enters_paper, keeps_roll
from coopgov.infra.web.pages import paged
from coopgov.tally.merkle import proof_of

ROLL_ON_A_PAGE = 100


def roll_facts(proposal: Proposal, viewer: Viewer, now: datetime) -> dict[str, Any]:
    """A page of the roll, and how the viewer stands to it: names for members, root and amendments for everybody."""
    page = paged(rolls.line_count(proposal.id) if viewer.is_member else 0, ROLL_ON_A_PAGE)
    standing = standing_of(proposal, viewer)
    return {
        "proposal": proposal,
        "standing": standing,
        "lines": rolls.roll_lines(proposal.id, page.size, page.first) if viewer.is_member else [],
        "proxies": proxies_by_line(proposal) if viewer.is_member else {},
        "carries": carries(proposal),
        "page": page,
        "amendments": rolls.amendments(proposal.id),
        "recusals": rolls.recusals(proposal.id),
        "frozen_size": proposal.manifest["roll_size"] if proposal.manifest else proposal.roll_size,
        "keeps_roll": keeps_roll(proposal, viewer, now),
        "enters_paper": enters_paper(proposal, viewer, now),
        "can_recuse": can_recuse(proposal, viewer, standing.entry is not None, now),
    }


def roll_file(proposal: Proposal) -> str:
    """The roll as everybody may have it: its root, the leaves as frozen, sorted, and the amendments since."""
    return json.dumps({"root": proposal.roll_root, **roll_of(proposal)}, ensure_ascii=False, indent=1) + "\n"


def proof_file(proposal: Proposal, entry: RollEntry) -> str:
    """What an elector proves to be on the roll with; the proof is null for a line that was added later, whose leaf
    stands among the amendments."""
    path = proof_of(rolls.leaves(proposal.id), entry.leaf) if entry.added_at is None else None
    kept = {"leaf": entry.leaf, "salt": entry.salt, "member_number": entry.member_number}
    return json.dumps({**kept, "proof": path, "root": proposal.roll_root}, indent=1) + "\n"
