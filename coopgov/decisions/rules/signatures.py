"""Whether a ballot could give its voter away: how many different ones there can be."""

from math import perm

from coopgov.tally.vote import Shape

MANY = 64  # options, beyond which nobody needs the number


def possible_ballots(shape: Shape, options: int) -> int:
    """At least so many different ballots are possible on so many options, where each can be placed by itself; else 0.

    >>> possible_ballots(Shape.RANKING, 3), possible_ballots(Shape.PICKS, 3), possible_ballots(Shape.ONE, 3)
    (16, 8, 0)
    """
    few = min(options, MANY)
    match shape:
        case Shape.RANKING | Shape.LEVELS:
            return sum(perm(few, placed) for placed in range(few + 1))
        case Shape.PICKS | Shape.POINTS:
            return int(2**few)
        case _:
            return 0
