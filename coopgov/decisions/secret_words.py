"""What electors of a secret vote are warned of, in the reader's language."""

from coopgov.decisions.models import Proposal
from coopgov.decisions.rules.meaning import FEW_ELECTORS
from coopgov.decisions.rules.signatures import possible_ballots
from coopgov.decisions.secrecy import SECRET
from coopgov.infra.i18n import gettext as _
from coopgov.infra.i18n import ngettext
from coopgov.tally.methods import METHODS


def warnings_of(proposal: Proposal) -> list[str]:
    """Sentences for a secret vote that is open; none for any other."""
    if proposal.secrecy != SECRET or proposal.opened_at is None:
        return []
    return [*_few(proposal.roll_size), *_many(proposal)]


def _few(roll: int) -> list[str]:
    if roll >= FEW_ELECTORS:
        return []
    return [
        ngettext(
            "Only %(num)s member is on the roll. With so few one can often guess who voted how.",
            "Only %(num)s members are on the roll. With so few one can often guess who voted how.",
            roll,
        )
    ]


def _many(proposal: Proposal) -> list[str]:
    if possible_ballots(METHODS[proposal.method].shape, len(proposal.options)) <= proposal.roll_size:
        return []
    return [
        _(
            "There can be more different ballots than there are members on the roll. A long or unusual one can be like"
            " a signature: whoever asked you to fill it in like that would find it in the list."
        )
    ]
