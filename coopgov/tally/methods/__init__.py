"""The vote methods, by name. A new method is one file and one line here."""

from coopgov.tally.methods.condorcet import RankedPairs, Schulze
from coopgov.tally.methods.consent import Consent, LazyConsensus
from coopgov.tally.methods.count_me_in import CountMeIn
from coopgov.tally.methods.equal_shares import EqualShares
from coopgov.tally.methods.hearing import Advice, Gradients, QuestionRound, SenseCheck
from coopgov.tally.methods.irv import InstantRunoff
from coopgov.tally.methods.meek import MeekStv
from coopgov.tally.methods.meeting_time import MeetingTime
from coopgov.tally.methods.proposal import Proposal
from coopgov.tally.methods.sortition import Sortition
from coopgov.tally.methods.stv import GregoryStv, ScottishStv
from coopgov.tally.methods.sums import Approval, Choose, Dots, Score
from coopgov.tally.vote import Method

_ALL: tuple[Method, ...] = (
    *(Proposal(), Consent(), LazyConsensus(), Advice(), SenseCheck(), Gradients(), QuestionRound(), CountMeIn()),
    *(Approval(), Choose(), Score(), Dots(), MeetingTime()),
    *(Schulze(), RankedPairs(), InstantRunoff()),
    *(ScottishStv(), GregoryStv(), MeekStv(), EqualShares(), Sortition()),
)
METHODS: dict[str, Method] = {method.name: method for method in _ALL}
