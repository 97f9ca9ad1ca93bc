"""One step of an explanation, as data: upper layers translate the key and put the facts into a sentence."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reason:
    """A key from a closed set and the plain numbers and words its sentence needs; shares are written "3/4"."""

    key: str
    facts: dict[str, int | str]

    def to_plain(self) -> dict[str, object]:
        """A dict ``{"key", "facts"}`` that JSON can hold."""
        return {"key": self.key, "facts": dict(self.facts)}
