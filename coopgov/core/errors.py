"""What the rules may answer instead of a result. No HTTP in here: infra/web turns these into pages."""

from enum import StrEnum


class Kind(StrEnum):
    """Why something was refused; decides the answer's status, nothing else."""

    INVALID = "invalid"  # the input cannot be meant: mend it and send it again
    FORBIDDEN = "forbidden"  # this person may not, whatever they type
    CONFLICT = "conflict"  # the moment has passed, or somebody else was quicker
    LIMIT = "limit"  # too often: later it will work again


class NotFound(Exception):
    """It does not exist for this person, which may mean that they may not know of it."""


class Refused(Exception):
    """A rule says no. ``reason`` is a key of the feature's ``REFUSALS``; ``facts`` fill the sentence there."""

    def __init__(self, reason: str, field: str = "", **facts: object) -> None:
        super().__init__(reason)
        self.reason = reason
        self.field = field
        self.facts = facts


Refusals = dict[str, tuple[Kind, str]]  # reason → why, and the sentence to translate
