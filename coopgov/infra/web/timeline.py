"""The way of a thing in steps, as the macro ``timeline`` of templates/ui.html draws it."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Step:
    """One step of the way; ``state`` is done, now or next."""

    label: str
    state: str
    at: datetime | None = None
    text: str = ""
