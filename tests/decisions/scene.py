"""A co-op with a group, a thread in it, and a proposal at whatever stage a test needs."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from coopgov.decisions.models import Ballot, Proposal
from coopgov.decisions.queries.rolls import entry_of
from coopgov.decisions.rules.casting import DRAIN
from coopgov.decisions.rules.stages import Terms
from coopgov.decisions.services import closing, drafting, voting
from coopgov.discussion.models import Thread
from coopgov.discussion.rules import Author
from coopgov.groups.models import Group
from coopgov.identity.models import Party
from coopgov.infra.db import db, write_transaction
from coopgov.tally.rule import PRESETS, Secrecy
from tests import factories as make
from tests.conftest import NOW

CLOSES = NOW + timedelta(days=7)
OPENLY = replace(PRESETS["ordinary"], secrecy=Secrecy.OPEN)
"""The ordinary rule in a co-op that shows votes as they come in."""


@dataclass
class Scene:
    """Ids are read through the rows; the clock stands at NOW."""

    group: Group
    thread: Thread
    author: Party
    convenor: Party
    members: list[Party]


def scene(members: int = 3, **thread: Any) -> Scene:
    """An author, a convenor, and some more members; all of them sit in the group."""
    group = make.group()
    author, convenor = make.member("Ada Author"), make.member("Con Venor")
    others = [make.member(f"Member {n}") for n in range(members)]
    make.seat(group, convenor, "convenor")
    for party in (author, *others):
        make.seat(group, party)
    return Scene(group, make.thread(group, author, **thread), author, convenor, others)


def terms(**changes: Any) -> Terms:
    """Ordinary terms: the co-op votes from now on for a week."""
    usual: dict[str, Any] = {
        "title": "Move to our own server",
        "source": "We **move**.",
        "rule": OPENLY,
        "rule_name": "",
        "electorate": "coop",
        "opens_at": None,
        "closes_at": CLOSES,
        "open_now": False,
    }
    return Terms(**usual | changes)


def author_of(party: Party) -> Author:
    return Author(party.id, party.name, party.name)


def draft(on: Scene, now: datetime = NOW, **changes: Any) -> Proposal:
    with write_transaction():
        return drafting.draft_proposal(on.thread, author_of(on.author), terms(**changes), now)


def opened(on: Scene, now: datetime = NOW, **changes: Any) -> Proposal:
    return draft(on, now, open_now=True, **changes)


def vote(proposal: Proposal, party: Party, choice: str = "agree", reason: str = "", at: datetime = NOW) -> Ballot:
    with write_transaction():
        return voting.cast_ballot(proposal.id, party.id, choice, reason, party.name, "web", at, at)


def vote_all(proposal: Proposal, parties: Sequence[Party], *choices: str) -> None:
    for party, choice in zip(parties, choices, strict=False):
        vote(proposal, party, choice, "Because." if choice == "block" else "")


def close(proposal: Proposal, now: datetime | None = None) -> Proposal:
    """As the worker does it, just in time or at ``now``."""
    at = now or proposal.closes_at + DRAIN
    with write_transaction():
        closing.begin_counting(proposal, at)
        closing.count_and_close(proposal, at)
    return db.session.get_one(Proposal, proposal.id)


def link(app: Any, proposal: Proposal, party: Party) -> str:
    """The path of the mailed ballot link."""
    entry = entry_of(proposal.id, party.id)
    assert entry is not None
    token = app.extensions["coopgov.signer"].sign("ballot", {"p": proposal.id, "e": entry.id})
    return f"/vote/{token}"
