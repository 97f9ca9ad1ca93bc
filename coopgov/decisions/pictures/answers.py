"""A question round: nothing to draw, only how many answered."""

from dataclasses import dataclass
from typing import ClassVar

from coopgov.decisions.pictures.frame import Count, Picture, framed


@dataclass(frozen=True, kw_only=True)
class Answers(Picture):
    """How many answers there are."""

    kind: ClassVar[str] = "answers"
    number: int


def answers(count: Count) -> Answers:
    """The answers of a question round; what they say stands on the page."""
    return Answers(number=int(count.plain["cast"]), **framed(count))
