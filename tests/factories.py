"""One function per thing, defaults valid, inside the caller's write transaction (or one of its own)."""

from datetime import datetime, timedelta
from itertools import count
from typing import Any

from sqlalchemy import func, select

from coopgov.core.text import fold_email, slug_of
from coopgov.decisions.models import Proposal, RollEntry
from coopgov.decisions.rules.options import offered
from coopgov.discussion.models import Comment, Thread
from coopgov.groups.models import Group, Seat
from coopgov.identity.models import Login, Party
from coopgov.infra.db import db, write_transaction
from coopgov.membership.models import Membership, Tenure
from coopgov.tally.rule import PRESETS

FOUNDED = datetime.fromisoformat("2020-01-01T00:00:00+00:00")
_serial = count(1)


def _saved(row: Any) -> Any:
    session = db.session()
    if session.info.get("writing"):
        session.add(row)
        session.flush()
    else:
        with write_transaction():
            session.add(row)
    return row


def person(name: str = "", email: str = "", **fields: Any) -> Party:
    """A party with a login, no member."""
    n = next(_serial)
    party = _saved(Party(name=name or f"Person {n}", created_at=FOUNDED, **fields))
    address = email or f"person{n}@example.org"
    _saved(Login(party_id=party.id, email=address, email_key=fold_email(address), created_at=FOUNDED))
    return party


def member(name: str = "", admitted_at: datetime = FOUNDED, **fields: Any) -> Party:
    """A person who is a member."""
    party = person(name, **fields)
    number = (db.session.scalar(select(func.max(Membership.number))) or 0) + 1
    _saved(Membership(party_id=party.id, number=number, admitted_at=admitted_at))
    return party


def officer(office: str = "admin", name: str = "") -> Party:
    """A member who holds an office."""
    party = member(name or f"The {office}")
    _saved(Tenure(party_id=party.id, office=office, starts_at=FOUNDED))
    return party


def group(name: str = "Tech", **fields: Any) -> Group:
    """A working group that every member may join."""
    return _saved(Group(**{"name": name, "slug": slug_of(name), "created_at": FOUNDED} | fields))


def seat(in_group: Group, party: Party, role: str = "member", starts_at: datetime = FOUNDED) -> Seat:
    """A seat, taken long ago."""
    return _saved(Seat(group_id=in_group.id, party_id=party.id, role=role, starts_at=starts_at))


def thread(in_group: Group, author: Party, title: str = "Where shall we host?", **fields: Any) -> Thread:
    """A public thread."""
    defaults: dict[str, Any] = {
        "group_id": in_group.id,
        "author_id": author.id,
        "public_name": author.name,
        "title": title,
        "slug": slug_of(title),
        "source": "What do you think?",
        "html": "<p>What do you think?</p>",
        "is_public": True,
        "opened_at": FOUNDED,
        "last_at": FOUNDED,
    }
    return _saved(Thread(**defaults | fields))


def comment(on: Thread, author: Party, words: str = "I think so.", **fields: Any) -> Comment:
    """A comment; the thread's counters follow."""
    thread_row = db.session.get_one(Thread, on.id)
    number = thread_row.comment_count + 1
    defaults: dict[str, Any] = {
        "thread_id": on.id,
        "number": number,
        "author_id": author.id,
        "public_name": author.name,
        "source": words,
        "html": f"<p>{words}</p>",
        "posted_at": FOUNDED + timedelta(minutes=number),
    }
    row = _saved(Comment(**defaults | fields))
    thread_row = db.session.get_one(Thread, on.id)
    if db.session().info.get("writing"):
        thread_row.comment_count = number
        thread_row.version += 1
    else:
        with write_transaction():
            thread_row.comment_count = number
            thread_row.version += 1
    return row


def proposal(on: Thread, author: Party, opens_at: datetime, **fields: Any) -> Proposal:
    """A draft with the ordinary rule that closes six days after ``opens_at``."""
    defaults: dict[str, Any] = {
        "thread_id": on.id,
        "group_id": on.group_id,
        "author_id": author.id,
        "public_name": author.name,
        "title": "Move to the co-operative's own server",
        "slug": "move",
        "source": "We move.",
        "html": "<p>We move.</p>",
        "is_public": on.is_public,
        "electorate": "coop",
        "rule": PRESETS["ordinary"].to_plain(),
        "rule_name": "ordinary",
        "options": [option.to_plain() for option in offered("proposal", PRESETS["ordinary"])],
        "state": "draft",
        "created_at": opens_at,
        "opens_at": opens_at,
        "closes_at": opens_at + timedelta(days=6),
    }
    return _saved(Proposal(**defaults | fields))


def roll(of: Proposal, *parties: Party) -> list[RollEntry]:
    """Puts parties on a proposal's roll, by hand."""
    return [_saved(RollEntry(proposal_id=of.id, party_id=p.id, member_number=p.id)) for p in parties]
