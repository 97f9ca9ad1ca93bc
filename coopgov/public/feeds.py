"""What the feeds tell: public threads, proposals put to the vote, decisions; one list, written as Atom or as JSON."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup

from coopgov.decisions.queries.lists import DecisionLine
from coopgov.discussion.models import Thread
from coopgov.groups.models import Group
from coopgov.infra.feeds import ATOM_TYPE, JSON_TYPE, Entry, atom, json_feed, tag_id
from coopgov.infra.i18n import full_time
from coopgov.infra.i18n import gettext as _
from coopgov.public.queries import public_proposals, public_threads

LATEST = 30
TYPES = {"atom": ATOM_TYPE, "json": JSON_TYPE}


@dataclass(frozen=True)
class Site:
    """Who speaks, where, and since when."""

    name: str
    base_url: str
    founded_at: datetime

    def address(self, path: str) -> str:
        """The absolute address of ``path``."""
        return self.base_url + path

    def lasting_id(self, thing: str, since: datetime) -> str:
        """The id that ``thing`` keeps from the day on which it came to be, the same in every feed of this site."""
        return tag_id(self.base_url, since, thing)


def feed(site: Site, group: Group | None, form: str) -> bytes:
    """The feed of one group, or of the whole co-op, as ``atom`` or ``json``."""
    title = f"{group.name} — {site.name}" if group else site.name
    page = site.address(group.path if group else "/")
    own = site.address(f"{group.path if group else ''}/feed.{form}")
    entries = latest_entries(site, group)
    if form == "json":
        return json_feed(title, page, own, entries)
    return atom(title, page, own, group.created_at if group else site.founded_at, entries)


def latest_entries(site: Site, group: Group | None) -> list[Entry]:
    """The newest LATEST entries of everything, newest first."""
    threads = public_threads(group.id if group else None, LATEST)
    entries = [_thread(site, thread) for thread in threads]
    for line in public_proposals(group.slug if group else "", LATEST):
        entries += _proposal(site, line)
    return sorted(entries, key=lambda entry: (entry.published, entry.id), reverse=True)[:LATEST]


def _thread(site: Site, thread: Thread) -> Entry:
    return Entry(
        id=site.lasting_id(f"thread/{thread.id}", thread.opened_at),
        title=thread.title,
        url=site.address(thread.path),
        published=thread.opened_at,
        updated=thread.edited_at or thread.opened_at,
        author=thread.public_name,
        html=thread.html,
    )


def _proposal(site: Site, line: DecisionLine) -> Iterator[Entry]:
    """The proposal when it was put to the vote, and the decision once it is counted."""
    if line.opened_at is not None:
        note = _("Voting closes on %(closes_at)s.", closes_at=full_time(line.closes_at))
        yield _entry(site, line, "proposal", _("Proposal: %(title)s", title=line.title), line.opened_at, note)
    if line.closed_at is not None and line.result is not None:
        title = _("%(verdict)s: %(title)s", verdict=line.tag_label, title=line.title)
        yield _entry(site, line, "decision", title, line.closed_at, _counts(line) + _departure(line))


def _entry(site: Site, line: DecisionLine, thing: str, title: str, at: datetime, note: str) -> Entry:
    html = Markup("<p><strong>{}</strong></p>\n").format(note) + Markup(line.html)  # noqa: S704 - cleaned when written
    return Entry(
        id=site.lasting_id(f"{thing}/{line.id}", at),
        title=title,
        url=site.address(line.path),
        published=at,
        updated=at,
        author=line.public_name,
        html=html,
    )


def _departure(line: DecisionLine) -> str:
    return " " + _("What follows departs from the result.") if line.departs else ""


def _counts(line: DecisionLine) -> str:
    rows = line.result.rows if line.result else ()
    votes = ", ".join(f"{row.label} {row.count}" for row in rows)
    return _("%(votes)s; %(cast)s of %(roll)s on the roll voted.", votes=votes, cast=line.cast, roll=line.roll_size)
