"""What happens to proposals."""

from dataclasses import dataclass
from typing import ClassVar

from coopgov.core.event import Event


@dataclass(frozen=True, kw_only=True)
class ProposalDrafted(Event):
    """A proposal was written and can be read; voting has not opened."""

    name: ClassVar[str] = "decisions.proposal_drafted"
    proposal_id: int
    author_id: int


@dataclass(frozen=True, kw_only=True)
class ProposalMended(Event):
    """Text or terms changed before opening."""

    name: ClassVar[str] = "decisions.proposal_mended"
    proposal_id: int
    author_id: int


@dataclass(frozen=True, kw_only=True)
class ProposalPutUp(Event):
    """A draft is up for discussion."""

    name: ClassVar[str] = "decisions.proposal_put_up"
    proposal_id: int
    by_id: int


@dataclass(frozen=True, kw_only=True)
class ProposalFrozen(Event):
    """Words, options and rule can no longer change."""

    name: ClassVar[str] = "decisions.proposal_frozen"
    proposal_id: int
    by_id: int


@dataclass(frozen=True, kw_only=True)
class VotingOpened(Event):
    """The roll is frozen and ballots are taken."""

    name: ClassVar[str] = "decisions.voting_opened"
    proposal_id: int
    roll_size: int


@dataclass(frozen=True, kw_only=True)
class RollAmended(Event):
    """After opening somebody came on the roll, was taken off it, or declared an interest: added, removed, recused."""

    name: ClassVar[str] = "decisions.roll_amended"
    proposal_id: int
    party_id: int
    act: str
    by_id: int


@dataclass(frozen=True, kw_only=True)
class InterestDeclared(Event):
    """Before opening somebody declared an interest, and will not be on the roll."""

    name: ClassVar[str] = "decisions.interest_declared"
    proposal_id: int
    party_id: int


@dataclass(frozen=True, kw_only=True)
class BallotCast(Event):
    """An elector voted, or voted again, or a paper vote was entered for them. Named ballots only."""

    name: ClassVar[str] = "decisions.ballot_cast"
    proposal_id: int
    party_id: int
    ballot_id: int


@dataclass(frozen=True, kw_only=True)
class ReasonReacted(Event):
    """Somebody said a word to the reason of a ballot, or (``said`` false) took it back."""

    name: ClassVar[str] = "decisions.reason_reacted"
    proposal_id: int
    ballot_id: int
    word: str
    said: bool


@dataclass(frozen=True, kw_only=True)
class ReasonAnswered(Event):
    """Somebody replied to the reason of a ballot, by a comment of the discussion."""

    name: ClassVar[str] = "decisions.reason_answered"
    proposal_id: int
    ballot_id: int
    comment_id: int


@dataclass(frozen=True, kw_only=True)
class VotingClosesSoon(Event):
    """About a day is left."""

    name: ClassVar[str] = "decisions.voting_closes_soon"
    proposal_id: int


@dataclass(frozen=True, kw_only=True)
class VotingExtended(Event):
    """The quorum was missed at first, and the rule gives it more time, once."""

    name: ClassVar[str] = "decisions.voting_extended"
    proposal_id: int


@dataclass(frozen=True, kw_only=True)
class VotingClosed(Event):
    """The count is done; ``verdict`` is passed, failed, no_quorum, undecided, tied, decided or
    noted."""

    name: ClassVar[str] = "decisions.voting_closed"
    proposal_id: int
    verdict: str


@dataclass(frozen=True, kw_only=True)
class ProposalWithdrawn(Event):
    """Its author took it back."""

    name: ClassVar[str] = "decisions.proposal_withdrawn"
    proposal_id: int
    by_id: int


@dataclass(frozen=True, kw_only=True)
class ProposalVoided(Event):
    """The vote was declared void: something went wrong with the vote itself. ``by_id`` None: nobody could count it."""

    name: ClassVar[str] = "decisions.proposal_voided"
    proposal_id: int
    by_id: int | None


@dataclass(frozen=True, kw_only=True)
class OutcomeRecorded(Event):
    """The convenor wrote down what follows."""

    name: ClassVar[str] = "decisions.outcome_recorded"
    proposal_id: int
    by_id: int


@dataclass(frozen=True, kw_only=True)
class RuleSet(Event):
    """A rule to choose from got a version: a new rule, a change, or no longer offered."""

    name: ClassVar[str] = "decisions.rule_set"
    slug: str
    rule_version: int
    offered: bool


@dataclass(frozen=True, kw_only=True)
class DecisionsLinked(Event):
    """A proposal says something else than before of earlier decisions."""

    name: ClassVar[str] = "decisions.decisions_linked"
    proposal_id: int
    by_id: int


@dataclass(frozen=True, kw_only=True)
class DecisionNoted(Event):
    """Something was recorded of a decision: ``act`` is dates, reviewed, superseded or repealed."""

    name: ClassVar[str] = "decisions.decision_noted"
    proposal_id: int
    act: str


@dataclass(frozen=True, kw_only=True)
class ReviewDue(Event):
    """The review date of a decision has come, and a thread was opened for the review."""

    name: ClassVar[str] = "decisions.review_due"
    proposal_id: int
    thread_id: int


@dataclass(frozen=True, kw_only=True)
class CoAuthorAsked(Event):
    """A member was asked to write the proposal with its authors."""

    name: ClassVar[str] = "decisions.co_author_asked"
    proposal_id: int
    party_id: int
    by_id: int


@dataclass(frozen=True, kw_only=True)
class AuthorsChanged(Event):
    """Of the party ``act`` holds now: joined, declined, left, unasked."""

    name: ClassVar[str] = "decisions.authors_changed"
    proposal_id: int
    party_id: int
    act: str


@dataclass(frozen=True, kw_only=True)
class AmendmentProposed(Event):
    """Somebody proposes another text."""

    name: ClassVar[str] = "decisions.amendment_proposed"
    proposal_id: int
    amendment_id: int
    by_id: int


@dataclass(frozen=True, kw_only=True)
class AmendmentAnswered(Event):
    """What became of an amendment: accepted, declined, withdrawn, lapsed, replaced, put_to_vote; by the clock: None."""

    name: ClassVar[str] = "decisions.amendment_answered"
    proposal_id: int
    amendment_id: int
    act: str
    by_id: int | None


@dataclass(frozen=True, kw_only=True)
class CountersignatureAsked(Event):
    """A vote is to be shorter than usual, and nobody else has confirmed yet that it is urgent."""

    name: ClassVar[str] = "decisions.countersignature_asked"
    proposal_id: int
    by_id: int


@dataclass(frozen=True, kw_only=True)
class Countersigned(Event):
    """Somebody who did not write it confirmed that the vote is urgent."""

    name: ClassVar[str] = "decisions.countersigned"
    proposal_id: int
    by_id: int


@dataclass(frozen=True, kw_only=True)
class TemplateSet(Event):
    """A text to start from got a version, or is no longer offered."""

    name: ClassVar[str] = "decisions.template_set"
    slug: str
    template_version: int
    offered: bool
