"""Which picture a result gets, by its method."""

from collections.abc import Callable

from coopgov.decisions.pictures.answers import answers
from coopgov.decisions.pictures.bars import picks, sides
from coopgov.decisions.pictures.budget import budget
from coopgov.decisions.pictures.frame import Count, Picture, Plain, Settings
from coopgov.decisions.pictures.lot import drawn_by_lot
from coopgov.decisions.pictures.pairs import pairs
from coopgov.decisions.pictures.points import points
from coopgov.decisions.pictures.rounds import rounds
from coopgov.decisions.pictures.times import times
from coopgov.decisions.pictures.words import Texts

Painter = Callable[[Count], Picture]

PAINTERS: dict[str, Painter] = {
    "proposal": sides,
    "consent": sides,
    "lazy-consensus": sides,
    "advice": sides,
    "sense-check": sides,
    "gradients": sides,
    "count-me-in": sides,
    "question-round": answers,
    "choose": picks,
    "approval": picks,
    "score": points,
    "dot": points,
    "meeting-time": times,
    "schulze": pairs,
    "ranked-pairs": pairs,
    "irv": rounds,
    "stv-scottish": rounds,
    "stv-wigm": rounds,
    "meek": rounds,
    "equal-shares": budget,
    "sortition": drawn_by_lot,
}


def picture_of(plain: Plain, texts: Texts, roll_size: int, settings: Settings) -> Picture:
    """The picture of a stored result (``Result.to_plain()``, ``Election.to_plain()``), to be drawn by its ``template``.

    ``texts``: what people wrote for each option, in the order of the manifest; sides that are ours need none.
    ``settings`` are the manifest's; beside them ``currency`` makes the sums of a budget minor units of it, and
    ``seed_digest`` is shown with a lot. A ``Result`` does not name its method: without ``method`` written into
    ``plain`` it is taken for a proposal.
    Raises KeyError for a method that has no picture.
    """
    count = Count(plain=plain, texts=texts, roll_size=roll_size, settings=settings)
    return PAINTERS[plain.get("method", "proposal")](count)
