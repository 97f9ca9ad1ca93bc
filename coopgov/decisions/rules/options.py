"""What stands on a ballot: the options that a method defines by itself, or those that an author wrote."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from coopgov.tally.methods import METHODS
from coopgov.tally.methods.proposal import OPTIONS
from coopgov.tally.rule import BlockKind, Rule

MOST_OPTIONS = 50
LONGEST_OPTION = 200  # characters


@dataclass(frozen=True)
class Option:
    """One option. ``text`` is empty where the method defines it: pages then say it in the reader's language."""

    id: str
    text: str = ""
    meaning: str = ""

    def to_plain(self) -> dict[str, str]:
        """As it stands in the proposal's row."""
        return {"id": self.id, "text": self.text, "meaning": self.meaning}

    @classmethod
    def from_plain(cls, plain: Mapping[str, str]) -> "Option":
        """The option that :meth:`to_plain` wrote."""
        return cls(plain["id"], plain["text"], plain["meaning"])


def defines_its_options(method: str) -> bool:
    """Whether the method itself says what stands on the ballot."""
    return bool(METHODS[method].options)


def offered(method: str, rule: Rule, own: Sequence[Option] = ()) -> tuple[Option, ...]:
    """What is on the ballot: the author's ``own`` options, else the method's words.

    A block is offered only where it does more than a disagreement.
    """
    if own:
        return tuple(own)
    words = METHODS[method].options
    if method == "proposal":
        words = OPTIONS[:3] if rule.blocks.kind is BlockKind.AS_DISAGREE else OPTIONS
    return tuple(Option(word) for word in words)


def numbered(texts: Sequence[str]) -> tuple[Option, ...]:
    """Options for what an author wrote, named o1, o2 … in the order given."""
    return tuple(Option(f"o{number}", text) for number, text in enumerate(texts, 1))
