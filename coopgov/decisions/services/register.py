"""Writes of the register: what proposals say of earlier decisions, and what is recorded of decisions. Facts alone."""

from collections.abc import Mapping
from datetime import datetime

from coopgov.core.errors import Refused
from coopgov.core.text import excerpt, shown_in_public
from coopgov.decisions import events
from coopgov.decisions.models import DecisionLink, DecisionNote, Proposal, ResultRow
from coopgov.decisions.queries.validity import facts_of, last_note_of, links_of
from coopgov.decisions.rules import register as rules
from coopgov.decisions.rules.casting import LONGEST_REASON
from coopgov.decisions.rules.register import DECIDED, Validity, status_on
from coopgov.decisions.rules.stages import state_at
from coopgov.decisions.services.traces import note, refuse_unless
from coopgov.discussion.models import Thread
from coopgov.discussion.rules import TITLE_AT_MOST, Author
from coopgov.discussion.services import begin_thread
from coopgov.groups.queries import convenor_ids, group_by_id
from coopgov.identity.queries import party
from coopgov.infra import i18n
from coopgov.infra.audit import SYSTEM
from coopgov.infra.coop import the_coop
from coopgov.infra.db import writing_session
from coopgov.infra.i18n import gettext as _
from coopgov.membership.queries.register import member_number


def link_decisions(proposal: Proposal, links: Mapping[int, str], by_id: int, now: datetime) -> None:
    """The proposal says exactly this of earlier ones from now on: ids, each with replaces, depends_on or re_votes.

    What changes nothing leaves no trace. Raises Refused (``link.*``), for one once voting has opened.
    """
    session = writing_session()
    if state_at(proposal, now) not in ("draft", "scheduled"):
        raise Refused("link.too_late")
    if len(links) > rules.MOST_LINKS:
        raise Refused("link.too_many", field="links", most=rules.MOST_LINKS)
    before = links_of(proposal.id)
    new, gone = links.items() - before.items(), before.items() - links.items()
    for other_id, kind in sorted(new):
        rules.check_link(kind, proposal, _known(other_id), _validity(other_id, now))
    for pairs, stands in ((gone, False), (new, True)):
        for other_id, kind in sorted(pairs):
            row = DecisionLink(
                proposal_id=proposal.id, other_id=other_id, kind=kind, stands=stands, by_id=by_id, at=now
            )
            session.add(row)
    if new or gone:
        linked = events.DecisionsLinked(proposal_id=proposal.id, by_id=by_id)
        note(proposal, by_id, "proposal.linked", linked, now, links=len(links))


def _known(proposal_id: int) -> Proposal:
    found = writing_session().get(Proposal, proposal_id)
    if found is None:
        raise Refused("link.unknown", field="links")
    return found


def _validity(proposal_id: int, now: datetime) -> Validity:
    return status_on(facts_of(proposal_id), now)


def refuse_unfit_links(proposal: Proposal) -> None:
    """Raises Refused when the proposal, as changed, may no longer replace what it says it replaces.

    What ended since it was named stays named: that hinders nobody.
    """
    writing_session()
    for other_id, kind in links_of(proposal.id).items():
        other = _known(other_id)
        if kind == "replaces" and not rules.reaches(proposal, other):
            raise Refused("link.wider_electorate", field="electorate", title=other.title)


def supersede_by(proposal: Proposal, now: datetime) -> None:
    """What the counted proposal replaces is superseded from its closing on, if it passed and they were in force then.

    For the closing itself to call, once the result is stored; harmless when repeated.
    """
    session = writing_session()
    session.flush()
    result, closed_at = session.get(ResultRow, proposal.id), proposal.closed_at
    if result is None or closed_at is None or result.verdict not in DECIDED:
        return
    for other_id, kind in links_of(proposal.id).items():
        other = _known(other_id)
        if kind == "replaces" and rules.reaches(proposal, other) and _held(other_id, closed_at):
            row = DecisionNote(act="superseded", other_id=proposal.id, at=closed_at)
            _record(other, row, SYSTEM, now, by=proposal.id)


def _held(proposal_id: int, instant: datetime) -> bool:
    """Whether a decision was in force then, and nothing that was recorded meanwhile has ended it."""
    facts = facts_of(proposal_id)
    return status_on(facts, instant).holds and not any(note.act in rules.ENDINGS for note in facts.notes)


def set_review(proposal: Proposal, by_id: int, review_at: datetime, now: datetime) -> None:
    """Sets the review date of a counted vote, whatever it decided; its last day stays. Raises Refused once over."""
    before = _validity(proposal.id, now)
    if before.status is not None:
        rules.refuse_unless_holding(before)
    rules.check_dates(review_at, before.ends_at, before, now)
    if review_at != before.review_at:
        _record(proposal, DecisionNote(act="dates", review_at=review_at, ends_at=before.ends_at, at=now), by_id, now)


def set_dates(
    proposal: Proposal, by_id: int, review_at: datetime | None, ends_at: datetime | None, now: datetime
) -> None:
    """When a decision in force is to be reviewed and when it ends, None for never; ``ends_at`` is the first instant at
    which it no longer holds. Raises Refused (``decision.*``)."""
    before = _holding(proposal, now)
    rules.check_dates(review_at, ends_at, before, now)
    if (review_at, ends_at) != (before.review_at, before.ends_at):
        _record(proposal, DecisionNote(act="dates", review_at=review_at, ends_at=ends_at, at=now), by_id, now)


def record_review(
    proposal: Proposal, by_id: int, reason: str, review_at: datetime | None, ends_at: datetime | None, now: datetime
) -> None:
    """It was reviewed and stays in force, with the next review and the end that are given. Raises Refused
    (``decision.*``), also for the review date that was due."""
    before = _holding(proposal, now)
    rules.check_dates(review_at, ends_at, Validity(ends_at=before.ends_at), now)
    _refuse_long(reason)
    row = DecisionNote(act="reviewed", review_at=review_at, ends_at=ends_at, reason=reason, at=now)
    _record(proposal, row, by_id, now)


def repeal(proposal: Proposal, by_id: int, reason: str, by_decision: int | None, now: datetime) -> None:
    """Ends a decision: another one (its number) undid it, or, without one, it was decided elsewhere, which ``reason``
    says. Raises Refused (``repeal.*``, ``decision.not_in_force``)."""
    session = writing_session()
    _holding(proposal, now)
    if not reason.strip():
        raise Refused("repeal.reason_needed", field="reason")
    _refuse_long(reason)
    if by_decision is not None:
        other = session.get(Proposal, by_decision)
        if other is None or proposal.closed_at is None:
            raise Refused("repeal.not_decided", field="other")
        rules.check_repeal(proposal, proposal.closed_at, other, facts_of(other.id), now)
    _record(proposal, DecisionNote(act="repealed", other_id=by_decision, reason=reason, at=now), by_id, now)


def _holding(proposal: Proposal, now: datetime) -> Validity:
    """What stands of a decision in force; raises Refused for one that is not."""
    refuse_unless(proposal, ("closed",), now)
    validity = _validity(proposal.id, now)
    rules.refuse_unless_holding(validity)
    return validity


def _refuse_long(reason: str) -> None:
    if len(reason) > LONGEST_REASON:
        raise Refused("proposal.reason_too_long", field="reason", most=LONGEST_REASON)


def _record(proposal: Proposal, row: DecisionNote, actor: int | str, now: datetime, **details: int) -> None:
    row.proposal_id, row.by_id = proposal.id, actor if isinstance(actor, int) else None
    row.reason = row.reason or ""
    writing_session().add(row)
    noted = events.DecisionNoted(proposal_id=proposal.id, act=row.act)
    note(proposal, actor, f"decision.{row.act}", noted, now, **details)


def open_review(proposal: Proposal, now: datetime) -> None:
    """Opens a thread in the group for a review whose date has come, once for each date, as public as the decision.

    Harmless when repeated, when it is too early, and when the decision is over.
    """
    session, last = writing_session(), last_note_of(proposal.id)
    if last is None or last.act not in ("dates", "reviewed") or not rules.has_come(last.review_at, now):
        return
    if rules.has_come(last.ends_at, now) or _was_opened(proposal, last):
        return
    thread = _review_thread(proposal, _host(proposal, last, now), now)
    opened = DecisionNote(
        proposal_id=proposal.id,
        act="review_opened",
        thread_id=thread.id,
        review_at=last.review_at,
        ends_at=last.ends_at,
        at=now,
    )
    session.add(opened)
    due = events.ReviewDue(proposal_id=proposal.id, thread_id=thread.id)
    note(proposal, SYSTEM, "decision.review_opened", due, now, thread=thread.id)


def _was_opened(proposal: Proposal, last: DecisionNote) -> bool:
    notes = facts_of(proposal.id).notes
    return any(note.act == "review_opened" and note.review_at == last.review_at for note in notes)


def _host(proposal: Proposal, last: DecisionNote, now: datetime) -> int:
    """In whose name the review begins: of the members among those who set the date, convene the group, proposed it,
    the first; with no member among them, the first."""
    wanted = [last.by_id, *sorted(convenor_ids(proposal.group_id, now)), proposal.author_id]
    known = [party_id for party_id in wanted if party_id is not None]
    return next((party_id for party_id in known if member_number(party_id, now) is not None), known[0])


def _review_thread(proposal: Proposal, host_id: int, now: datetime) -> Thread:
    """The thread, in the co-op's language."""
    host, coop = party(host_id), the_coop()
    author = Author(host_id, host.name, shown_in_public(host.name, host.public_name))
    with i18n.speaking(coop.language if coop else "", coop.zone if coop else "UTC"):
        title = excerpt(_("Review: %(title)s", title=proposal.title), TITLE_AT_MOST)
        words = _("The day has come to look at [this decision](%(path)s) again.", path=proposal.path)
        words += "\n\n" + _(
            "Does it do what it was meant to do? Should it stay, change or go? If it stays as it is, a convenor of the "
            "group records that on its page; to change it, start a proposal that replaces it."
        )
    return begin_thread(group_by_id(proposal.group_id), author, title, words, proposal.is_public, now)
