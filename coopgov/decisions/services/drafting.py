"""Writing, mending and withdrawing proposals; the stages before a vote opens."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from coopgov.core.errors import Refused
from coopgov.core.text import slug_of
from coopgov.decisions import events, secrecy
from coopgov.decisions.models import Proposal, ProposalRevision
from coopgov.decisions.rules import casting, stages
from coopgov.decisions.rules.amendments import Wording
from coopgov.decisions.rules.options import Option, numbered, offered
from coopgov.decisions.rules.stages import UNFROZEN, UNOPENED, Terms
from coopgov.decisions.services import secret
from coopgov.decisions.services.lapsing import lapse_amendments, settle_amendments
from coopgov.decisions.services.opening import open_voting
from coopgov.decisions.services.register import refuse_unfit_links
from coopgov.decisions.services.traces import note, refuse_unless
from coopgov.decisions.services.urgency import ask_for_countersignature
from coopgov.discussion.models import Thread
from coopgov.discussion.rules import Author
from coopgov.infra.db import writing_session
from coopgov.infra.markdown import to_html
from coopgov.tally.count import Manifest, method_of
from coopgov.tally.lots import Ties
from coopgov.tally.methods import METHODS
from coopgov.tally.rule import Rule, Secrecy
from coopgov.tally.vote import Shape

LOTS = (Ties.LOT, Ties.PREVIOUS_STAGE)  # may come down to what only the tie secret decides


def draft_proposal(thread: Thread, author: Author, terms: Terms, now: datetime) -> Proposal:
    """A new proposal in ``thread``: a draft, up for discussion, or open already when the terms say so.

    Raises Refused for a thread that went meanwhile, times that the rule does not allow, a text that is too long, a
    method that cannot count these options, a roll with nobody on it, a secret vote that cannot be held.
    """
    session = writing_session()
    if thread.state != "visible":
        raise Refused("proposal.not_here")
    _check(terms, now)
    proposal = Proposal(
        thread_id=thread.id,
        group_id=thread.group_id,
        author_id=author.party_id,
        public_name=author.public_name,
        is_public=thread.is_public,
        created_at=now,
        state="draft",
        **_columns(terms),
    )
    session.add(proposal)
    session.flush()
    drafted = events.ProposalDrafted(proposal_id=proposal.id, author_id=author.party_id)
    note(proposal, author.party_id, "proposal.drafted", drafted, now)
    ask_for_countersignature(proposal, author.party_id, now)
    _go_on(proposal, author.party_id, terms, now)
    return proposal


def mend_proposal(proposal: Proposal, by_id: int, terms: Terms, now: datetime) -> None:
    """Words and terms changed before they are frozen; what they were is kept. Raises Refused as ``draft_proposal``.

    Terms that change nothing leave no trace, unless they move it on.
    """
    refuse_unless(proposal, UNFROZEN, now)
    _check(terms, now, proposal.discussed_from)
    urgent_reason = proposal.urgent_reason
    _rewrite(proposal, by_id, terms, now)
    if proposal.urgent_reason != urgent_reason:
        ask_for_countersignature(proposal, by_id, now)
    _go_on(proposal, by_id, terms, now)


def reword(proposal: Proposal, by_id: int, wording: Wording, now: datetime) -> None:
    """Other words, and nothing else, before they are frozen. Raises Refused for options that cannot be counted."""
    refuse_unless(proposal, UNFROZEN, now)
    terms = replace(_terms_of(proposal), title=wording.title, source=wording.source)
    if wording.options:
        terms = replace(terms, options=numbered(wording.options))
    _check_options(terms)
    _rewrite(proposal, by_id, terms, now)


def _rewrite(proposal: Proposal, by_id: int, terms: Terms, now: datetime) -> None:
    """Writes what the terms change, if anything; what it said before is kept."""
    before, after = _columns(_terms_of(proposal)), _columns(terms)
    if before == after:
        return
    writing_session().add(_revision(proposal, by_id, now))
    for name, value in after.items():
        setattr(proposal, name, value)
    refuse_unfit_links(proposal)
    mended = events.ProposalMended(proposal_id=proposal.id, author_id=by_id)
    note(proposal, by_id, "proposal.mended", mended, now)


def _go_on(proposal: Proposal, by_id: int, terms: Terms, now: datetime) -> None:
    """The stage that the terms ask for."""
    if proposal.state == "draft" and (terms.discuss or terms.opens_at is not None):
        put_up(proposal, by_id, now)
    if terms.open_now:
        open_voting(proposal, now, by_id)


def put_up(proposal: Proposal, by_id: int, now: datetime) -> None:
    """A draft is up for discussion: from now on the days count that the rule wants. Raises Refused."""
    refuse_unless(proposal, ("draft",), now)
    proposal.state, proposal.discussed_from = "discussion", now
    note(proposal, by_id, "proposal.put_up", events.ProposalPutUp(proposal_id=proposal.id, by_id=by_id), now)


def freeze_text(proposal: Proposal, by_id: int, now: datetime, lapses: bool = False) -> None:
    """Words, options and rule stay as they are from now on; ``lapses``: amendments without an answer end by it.

    Raises Refused, also when there are such and nobody has said so.
    """
    refuse_unless(proposal, ("discussion",), now)
    settle_amendments(proposal, by_id, now, lapses)
    proposal.state, proposal.frozen_at = "scheduled" if proposal.opens_at else "frozen", now
    note(proposal, by_id, "proposal.frozen", events.ProposalFrozen(proposal_id=proposal.id, by_id=by_id), now)


def withdraw(proposal: Proposal, by_id: int, reason: str, now: datetime) -> None:
    """Taken back, before opening or while open: there is no verdict. Ballots are kept, but for a secret vote's, whose
    box is emptied unopened. Raises Refused."""
    refuse_unless(proposal, (*UNOPENED, "opening", "open"), now)
    check_reason(reason)
    lapse_amendments(proposal, by_id, now)
    proposal.state, proposal.withdrawn_at, proposal.withdrawn_reason = "withdrawn", now, reason
    withdrawn = events.ProposalWithdrawn(proposal_id=proposal.id, by_id=by_id)
    note(proposal, by_id, "proposal.withdrawn", withdrawn, now, **secret.stop(proposal, now))


def declare_void(proposal: Proposal, by_id: int, reason: str, now: datetime) -> None:
    """Something went wrong with the vote itself: there is no verdict, and ballots are dealt with as by ``withdraw``."""
    refuse_unless(proposal, ("open", "counting"), now)
    check_reason(reason)
    proposal.state, proposal.voided_at, proposal.voided_reason = "void", now, reason
    voided = events.ProposalVoided(proposal_id=proposal.id, by_id=by_id)
    note(proposal, by_id, "proposal.voided", voided, now, **secret.stop(proposal, now))


def check_reason(reason: str) -> None:
    """Raises Refused for a reason that says nothing, or too much."""
    if not reason.strip():
        raise Refused("proposal.reason_needed", field="reason")
    if len(reason) > casting.LONGEST_REASON:
        raise Refused("proposal.reason_too_long", field="reason", most=casting.LONGEST_REASON)


def _check(terms: Terms, now: datetime, discussed_from: datetime | None = None) -> None:
    """Raises Refused for times and terms that cannot be; what tally finds wrong stands in ``why``."""
    stages.check_times(terms, now, discussed_from)
    if terms.rule.secrecy is Secrecy.SECRET:
        _check_secret(terms)
    _check_options(terms)


def _check_options(terms: Terms) -> None:
    options = tuple(option.id for option in offered(terms.method, terms.rule, terms.options))
    try:
        method_of(Manifest(terms.method, options, terms.rule, 1, terms.settings))
    except ValueError as error:
        raise Refused("proposal.options", field="options", why=str(error)) from error


def _check_secret(terms: Terms) -> None:
    """Raises Refused where secret votes are off, or where a lot would decide that the operator knows beforehand."""
    if secrecy.keyring() is None:
        raise Refused("secret.off", field="rule_name")
    if METHODS[terms.method].shape is Shape.NONE:
        raise Refused("secret.no_choice", field="rule_name")
    if terms.settings.get("ties") in LOTS:
        raise Refused("secret.ties", field="ties")


def _settings(terms: Terms) -> dict[str, Any]:
    """The method's settings; where a secret vote says nothing of ties, they are declared."""
    may_tie = "ties" in getattr(METHODS[terms.method], "settings", ())
    declares = {"ties": Ties.DECLARE.value} if terms.rule.secrecy is Secrecy.SECRET and may_tie else {}
    return declares | dict(terms.settings)


def _columns(terms: Terms) -> dict[str, Any]:
    """What the terms are in the proposal's row."""
    options = offered(terms.method, terms.rule, terms.options)
    return {
        "title": terms.title,
        "slug": slug_of(terms.title),
        "source": terms.source,
        "html": to_html(terms.source),
        "rule": terms.rule.to_plain(),
        "rule_name": terms.rule_name,
        "secrecy": terms.rule.secrecy.value,
        "electorate": terms.electorate,
        "method": terms.method,
        "options": [option.to_plain() for option in options],
        "settings": _settings(terms),
        "is_shuffled": terms.is_shuffled,
        "earlier_id": terms.earlier_id,
        "urgent_reason": terms.urgent_reason,
        "opens_at": terms.opens_at,
        "closes_at": terms.closes_at,
    }


def _terms_of(proposal: Proposal) -> Terms:
    return Terms(
        title=proposal.title,
        source=proposal.source,
        rule=Rule.from_plain(proposal.rule),
        rule_name=proposal.rule_name,
        electorate=proposal.electorate,
        method=proposal.method,
        options=tuple(Option.from_plain(option) for option in proposal.options),
        settings=proposal.settings,
        is_shuffled=proposal.is_shuffled,
        earlier_id=proposal.earlier_id,
        urgent_reason=proposal.urgent_reason,
        opens_at=proposal.opens_at,
        closes_at=proposal.closes_at,
    )


def _revision(proposal: Proposal, by_id: int, now: datetime) -> ProposalRevision:
    return ProposalRevision(
        proposal_id=proposal.id,
        title=proposal.title,
        source=proposal.source,
        html=proposal.html,
        terms=proposal.kept_terms,
        replaced_at=now,
        by_id=by_id,
    )
