"""Amendments of a proposal and what became of them."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Select, func, select

from coopgov.core.errors import NotFound
from coopgov.decisions.models import Amendment, AmendmentAct, Proposal, ProposalRevision, ResultRow
from coopgov.decisions.rules.amendments import ENDS, WAITING, Wording, state_of
from coopgov.decisions.rules.stages import UNFROZEN
from coopgov.identity.models import Party
from coopgov.infra.check import Check
from coopgov.infra.db import db


@dataclass(frozen=True)
class Answer:
    """One thing that became of an amendment. ``vote`` is its own vote, where it was put to one."""

    row: AmendmentAct
    vote: Proposal | None
    verdict: str

    @property
    def act(self) -> str:
        """accepted, declined, withdrawn, lapsed, replaced, put_to_vote."""
        return self.row.act


@dataclass(frozen=True)
class Line:
    """An amendment with its author's name and all that became of it, the first thing first."""

    amendment: Amendment
    author_name: str
    answers: tuple[Answer, ...] = ()

    @property
    def last_vote(self) -> Answer | None:
        """The vote of its own that was opened last."""
        return next((one for one in reversed(self.answers) if one.vote), None)

    @property
    def end(self) -> AmendmentAct | None:
        """How it ended."""
        return next((one.row for one in self.answers if one.act in ENDS), None)

    @property
    def state(self) -> str:
        """See rules.amendments.state_of."""
        vote = self.last_vote
        state = vote.vote.state if vote and vote.vote else ""
        return state_of([one.act for one in self.answers], state, vote.verdict if vote else "")


def present_wording(proposal: Proposal) -> Wording:
    """What of the proposal an amendment could change; options only where the author wrote them in words."""
    texts = tuple(option["text"] for option in proposal.options if option["text"])
    return Wording(proposal.title, proposal.source, () if proposal.method == "meeting-time" else texts)


def base_wording(amendment: Amendment) -> Wording:
    """What the amendment was made from."""
    return Wording(amendment.base_title, amendment.base_source, tuple(amendment.base_options))


def amended_wording(amendment: Amendment) -> Wording:
    """What the proposal would say."""
    return Wording(amendment.title, amendment.source, tuple(amendment.options))


def fits(amendment: Amendment, proposal: Proposal) -> bool:
    """Whether it was made from the words that the proposal has now."""
    return base_wording(amendment) == present_wording(proposal)


def amendments_of(proposal_id: int) -> list[Line]:
    """All amendments of the proposal, the first one first, in two statements."""
    return _lines(_all().where(Amendment.proposal_id == proposal_id).order_by(Amendment.number))


def amendment(proposal_id: int, number: int) -> Line:
    """The amendment with this number; raises NotFound."""
    found = _lines(_all().where(Amendment.proposal_id == proposal_id, Amendment.number == number))
    if not found:
        raise NotFound
    return found[0]


def amendment_by_id(amendment_id: int) -> Line:
    """The amendment; raises NotFound."""
    found = _lines(_all().where(Amendment.id == amendment_id))
    if not found:
        raise NotFound
    return found[0]


def _all() -> Select[Amendment, str]:
    return select(Amendment, Party.name).join(Party, Party.id == Amendment.author_id)


def _lines(query: Select[Amendment, str]) -> list[Line]:
    rows = db.session.execute(query).all()
    answers: dict[int, list[Answer]] = defaultdict(list)
    if rows:
        for answer in _answers([amendment.id for amendment, _name in rows]):
            answers[answer.row.amendment_id].append(answer)
    return [Line(amendment, name, tuple(answers[amendment.id])) for amendment, name in rows]


def _answers(ids: Sequence[int]) -> list[Answer]:
    query = (
        select(AmendmentAct, Proposal, ResultRow.verdict)
        .outerjoin(Proposal, Proposal.id == AmendmentAct.vote_id)
        .outerjoin(ResultRow, ResultRow.proposal_id == AmendmentAct.vote_id)
        .where(AmendmentAct.amendment_id.in_(ids))
        .order_by(AmendmentAct.id)
    )
    return [Answer(row, vote, verdict or "") for row, vote, verdict in db.session.execute(query)]


def unanswered(proposal_id: int) -> list[Line]:
    """Amendments that nobody has answered: open, under vote, or voted for and not accepted."""
    return [line for line in amendments_of(proposal_id) if line.state in WAITING]


def decided_by(vote_id: int) -> tuple[Amendment, Proposal] | None:
    """The amendment whose own vote this is, and the proposal that it would change."""
    query = (
        select(Amendment, Proposal)
        .join(AmendmentAct, AmendmentAct.amendment_id == Amendment.id)
        .join(Proposal, Proposal.id == Amendment.proposal_id)
        .where(AmendmentAct.vote_id == vote_id)
    )
    row = db.session.execute(query).first()
    return (row[0], row[1]) if row else None


def next_number(proposal_id: int) -> int:
    """The number of the next amendment of the proposal."""
    return 1 + (db.session.scalar(select(func.max(Amendment.number)).where(Amendment.proposal_id == proposal_id)) or 0)


def _waiting_after_the_freeze() -> list[str]:
    """Those that no act has ended, although the text can no longer change; a vote against one ends it too."""
    ended = select(AmendmentAct.id).where(AmendmentAct.amendment_id == Amendment.id, AmendmentAct.act.in_(ENDS))
    query = select(Amendment.id, Amendment.proposal_id).join(Proposal, Proposal.id == Amendment.proposal_id)
    query = query.where(Proposal.state.not_in(UNFROZEN), ~ended.exists())
    waiting = [amendment_by_id(number) for number, _proposal in db.session.execute(query)]
    return [
        f"amendment {line.amendment.id}: without an answer, although its text is frozen"
        for line in waiting
        if line.state in WAITING
    ]


def _accepted_without_a_revision() -> list[str]:
    """An acceptance changes the text at that instant, and what it said before is kept."""
    kept = select(ProposalRevision.id).where(
        ProposalRevision.proposal_id == Amendment.proposal_id, ProposalRevision.replaced_at == AmendmentAct.at
    )
    query = select(Amendment.id).join(AmendmentAct, AmendmentAct.amendment_id == Amendment.id)
    query = query.where(AmendmentAct.act == "accepted", ~kept.exists())
    return [f"amendment {number}: accepted, but the text did not change" for number in db.session.scalars(query)]


CHECKS: tuple[Check, ...] = (
    Check("no amendment waits for an answer after the freeze", _waiting_after_the_freeze),
    Check("accepted amendments changed the text", _accepted_without_a_revision),
)
