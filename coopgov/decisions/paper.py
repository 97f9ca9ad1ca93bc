"""The ballot paper of a proposal, in the reader's language."""

from coopgov.decisions.counting import manifest_of
from coopgov.decisions.models import Proposal
from coopgov.decisions.pictures.times import clock
from coopgov.decisions.rules.papers import Option, Paper, shuffle
from coopgov.decisions.sentences import option_meanings, option_words
from coopgov.tally.methods.meeting_time import MeetingTime


def paper_of(proposal: Proposal, elector_id: int | None = None) -> Paper:
    """What an elector fills in; where the author wants it so, the options in an order of each elector's own."""
    texts = option_words(proposal.ballot_options)
    if proposal.method == MeetingTime.name:
        texts = {instant: clock(instant) for instant in texts}
    meanings = option_meanings(proposal.method, proposal.rule, proposal.ballot_options)
    options = tuple(Option(word, texts[word], meanings[word]) for word in texts)
    if proposal.is_shuffled and elector_id is not None:
        options = shuffle(options, f"{proposal.id}:{elector_id}")
    return Paper(manifest_of(proposal, least_roll=1), options, takes_reason=proposal.secrecy != "secret")
