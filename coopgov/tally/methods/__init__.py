"""The vote methods, by name. A new method is one file and one line here."""

from coopgov.tally.methods.condorcet import RankedPairs, Schulze
from coopgov.tally.methods.equal_shares import EqualShares
from coopgov.tally.methods.irv import InstantRunoff
from coopgov.tally.methods.meek import MeekStv
from coopgov.tally.methods.proposal import Proposal
from coopgov.tally.methods.stv import GregoryStv, ScottishStv
from coopgov.tally.methods.sums import Approval, Choose, Dots, Score
from coopgov.tally.vote import Method

_ALL: tuple[Method, ...] = (
    *(Proposal(), Approval(), Choose(), Score(), Dots()),
    *(Schulze(), RankedPairs(), InstantRunoff()),
    *(ScottishStv(), GregoryStv(), MeekStv(), EqualShares()),
)
METHODS: dict[str, Method] = {method.name: method for method in _ALL}
