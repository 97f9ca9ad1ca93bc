"""What stands around a proposal on its page: who wrote it, amendments, votes that it repeats, others of its thread."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from coopgov.core.text import N_
from coopgov.core.viewer import Viewer
from coopgov.decisions.display import shown_now
from coopgov.decisions.models import Amendment, Proposal
from coopgov.decisions.queries import amendments, around, authors, urgency
from coopgov.decisions.queries.amendments import Line, amended_wording, base_wording, fits, present_wording
from coopgov.decisions.queries.around import VoteLine
from coopgov.decisions.queries.authors import Company
from coopgov.decisions.queries.lists import DecisionLine
from coopgov.decisions.queries.proposals import Sheet, is_public_now
from coopgov.decisions.queries.urgency import Signed
from coopgov.decisions.rules.amendments import WAITING, Wording, acts_on
from coopgov.decisions.rules.stages import UNFROZEN, UNOPENED, state_at
from coopgov.decisions.rules.templates import may_keep
from coopgov.decisions.sentences import tag_of
from coopgov.discussion.diff import Piece, changes
from coopgov.infra.i18n import gettext as _
from coopgov.infra.i18n import listing

Shown = list[tuple[DecisionLine, str, tuple[str, str]]]

LINES_SHOWN = 2  # that stay the same, beside each change
AMENDMENT_STATES = {
    "open": ("scheduled", N_("Not answered yet")),
    "voting": ("open", N_("Being voted on")),
    "carried": ("passed", N_("Voted for: can be accepted")),
    "rejected": ("failed", N_("Voted down")),
    "accepted": ("passed", N_("Accepted")),
    "declined": ("failed", N_("Declined")),
    "withdrawn": ("withdrawn", N_("Withdrawn")),
    "lapsed": ("closed", N_("Lapsed when the text was frozen")),
    "replaced": ("closed", N_("Made anew for a newer text")),
}
"""Sign and words of an amendment's state."""


@dataclass(frozen=True)
class AmendmentSeen:
    """An amendment as one viewer sees it: by part what would change, in short; parts without a change are empty."""

    number: int
    path: str
    name: str
    row: Amendment
    state: str
    tag: tuple[str, str]
    title: list[Piece]
    text: list[Piece]
    options: list[Piece]
    is_old: bool  # made for words that the proposal has no more
    acts: frozenset[str]
    vote: Proposal | None
    reason: str  # why it was declined
    ended_at: datetime | None

    @property
    def waits(self) -> bool:
        """True while nobody has answered it."""
        return self.state in WAITING


@dataclass(frozen=True)
class Named:
    """A vote that another one names, with its state or result in words."""

    line: VoteLine
    label: str


@dataclass(frozen=True)
class Around:
    """All that templates/decisions/_around.html and _proposed_texts.html need."""

    byline: str
    company: Company
    is_asked: bool
    writes: bool
    may_amend: bool
    may_template: bool
    amendments: list[AmendmentSeen]
    others: Shown
    earlier: Named | None
    later: list[Named]
    decides: tuple[Amendment, Proposal] | None
    signed: Signed | None
    may_sign: bool


def around_facts(sheet: Sheet, viewer: Viewer, now: datetime) -> Around:
    """What stands around the proposal, for what the viewer may see of it; asks only for what there is."""
    proposal, signs = sheet.proposal, sheet.signs
    company = authors.company(proposal) if signs.authorship_acts else Company()
    writes = viewer.is_signed_in and viewer.party_id in company.ids | {proposal.author_id}
    state = state_at(proposal, now)
    seen = [_seen(line, proposal, viewer, writes, state) for line in _amendments(sheet)]
    signed = urgency.countersignature(proposal) if proposal.urgent_reason and signs.countersignatures else None
    return Around(
        byline=byline(sheet, company, viewer),
        company=company,
        is_asked=viewer.party_id in {one.party_id for one in company.asked} and state in UNFROZEN,
        writes=writes,
        may_amend=viewer.is_member and not writes and state in UNFROZEN,
        may_template=bool(template_scopes(proposal, viewer)),
        amendments=seen,
        others=shown_now(around.others_of_thread(proposal, viewer.is_member), now) if signs.in_thread else [],
        earlier=_named(around.repeated_vote(proposal, viewer)),
        later=[one for line in _later(sheet, viewer) if (one := _named(line))],
        decides=amendments.decided_by(proposal.id) if signs.decides else None,
        signed=signed,
        may_sign=_may_sign(proposal, viewer, state, signed, now),
    )


def _amendments(sheet: Sheet) -> list[Line]:
    return amendments.amendments_of(sheet.proposal.id) if sheet.signs.amendments else []


def _later(sheet: Sheet, viewer: Viewer) -> Sequence[VoteLine]:
    return around.repeating_votes(sheet.proposal, viewer.is_member) if sheet.signs.repeats else ()


def _named(line: VoteLine | None) -> Named | None:
    return Named(line, tag_of(line.state, line.verdict)[1]) if line else None


def _may_sign(proposal: Proposal, viewer: Viewer, state: str, signed: Signed | None, now: datetime) -> bool:
    if not proposal.urgent_reason or signed is not None or state not in UNOPENED or not viewer.is_member:
        return False
    return bool(urgency.role_of_signer(proposal, viewer.party_id, now))


def byline(sheet: Sheet, company: Company, viewer: Viewer) -> str:
    """Who wrote it, as the viewer may read their names."""
    first = sheet.author_name if viewer.is_member else sheet.proposal.public_name
    others = [one.name if viewer.is_member else one.public_name for one in company.co_authors]
    return listing([name or _("a member") for name in (first, *others)])


def template_scopes(proposal: Proposal, viewer: Viewer) -> list[int | None]:
    """For whom the viewer may keep a template: the proposal's group, and (None) the co-op."""
    if not viewer.is_member:
        return []
    convenes, is_secretary = viewer.convenes(proposal.group_id), viewer.holds("membership_secretary")
    return [scope for scope in (proposal.group_id, None) if may_keep(scope, convenes, is_secretary)]


def amendment_seen(line: Line, proposal: Proposal, viewer: Viewer, now: datetime) -> AmendmentSeen:
    """One amendment for one viewer."""
    writes = viewer.is_signed_in and viewer.party_id in authors.writer_ids(proposal)
    return _seen(line, proposal, viewer, writes, state_at(proposal, now))


def _seen(line: Line, proposal: Proposal, viewer: Viewer, writes: bool, state: str) -> AmendmentSeen:
    row, fit = line.amendment, fits(line.amendment, proposal)
    base, amended = base_wording(row), amended_wording(row)
    vote = line.last_vote.vote if line.last_vote else None
    sign, words = AMENDMENT_STATES[line.state]
    amends = viewer.is_signed_in and viewer.party_id == row.author_id
    acts = acts_on(line.state, writes=writes, amends=amends, is_member=viewer.is_member, fits=fit)
    return AmendmentSeen(
        number=row.number,
        path=f"/p/{proposal.id}/amendments/{row.number}",
        name=(line.author_name if viewer.is_member else row.public_name) or _("a member"),
        row=row,
        state=line.state,
        tag=(sign, _(words)),
        title=_difference(base, amended, _title),
        text=in_short(_difference(base, amended, _source)),
        options=in_short(_difference(base, amended, _option_lines)),
        is_old=not fit and line.state in WAITING and state in UNFROZEN,
        acts=acts if state in UNFROZEN else frozenset(),
        vote=vote if vote and (viewer.is_member or is_public_now(vote)) else None,
        reason=line.end.reason if line.end else "",
        ended_at=line.end.at if line.end else None,
    )


def _option_lines(wording: Wording) -> str:
    return "\n".join(wording.options)


def _difference(before: Wording, after: Wording, part: Callable[[Wording], str]) -> list[Piece]:
    return changes(part(before), part(after)) if part(before) != part(after) else []


def wording_changes(before: Wording, after: Wording) -> list[tuple[str, list[Piece]]]:
    """(part in words, what changed in it) of title, text and options; parts that are the same are left out."""
    parts = ((_("Title"), _title), (_("Text"), _source), (_("Options"), _option_lines))
    return [(label, pieces) for label, part in parts if (pieces := _difference(before, after, part))]


def in_short(pieces: list[Piece]) -> list[Piece]:
    """A difference without what stays the same, but for the lines next to a change; an ellipsis stands for the rest."""
    last = len(pieces) - 1
    return [
        Piece("same", _nearby(piece.text, at > 0, at < last)) if piece.kind == "same" else piece
        for at, piece in enumerate(pieces)
    ]


def _nearby(text: str, after_change: bool, before_change: bool) -> str:
    lines = text.split("\n")
    head, tail = LINES_SHOWN if after_change else 0, LINES_SHOWN if before_change else 0
    if len(lines) <= head + tail + 1:
        return text
    return "\n".join([*lines[:head], "…", *lines[len(lines) - tail :]])


def _title(wording: Wording) -> str:
    return wording.title


def _source(wording: Wording) -> str:
    return wording.source


def changed_meanwhile(line: Line, proposal: Proposal) -> list[tuple[str, list[Piece]]]:
    """What changed in the proposal since the amendment was made."""
    return wording_changes(base_wording(line.amendment), present_wording(proposal))


def would_change(line: Line) -> list[tuple[str, list[Piece]]]:
    """What the amendment changes in the words that it was made from."""
    return wording_changes(base_wording(line.amendment), amended_wording(line.amendment))


def under_way_facts(thread_id: int, viewer: Viewer, now: datetime, but: int = 0) -> Shown:
    """The thread's proposals that are open or still to open, apart from ``but``."""
    return shown_now([line for line in around.under_way(thread_id, viewer.is_member) if line.id != but], now)


def vote_on(seen: AmendmentSeen, proposal: Proposal) -> dict[str, str]:
    """What the form of an amendment's own vote starts with: title and text, in the co-op's words."""
    row = seen.row
    parts = [
        _(
            "If this passes, the authors of [%(title)s](%(path)s) can accept [amendment %(number)s](%(amendment)s) with"
            " one button.",
            title=proposal.title,
            path=proposal.path,
            number=row.number,
            amendment=seen.path,
        ),
        _headed(_("Why"), row.reason),
    ]
    if seen.title:
        parts.append(_headed(_("The title would be"), row.title))
    if seen.text:
        parts.append(_headed(_("The text would be"), row.source))
    if seen.options:
        parts.append(_headed(_("The options would be"), "\n".join(f"- {text}" for text in row.options)))
    title = _("Amendment %(number)s: %(title)s", number=row.number, title=proposal.title)
    return {"title": title[:150], "source": "\n\n".join(parts)}


def _headed(title: str, text: str) -> str:
    return f"**{title}**\n\n{text}"
