"""Names drawn by lot, in the order of the lot."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from coopgov.decisions.pictures.frame import Count, Picture, framed
from coopgov.decisions.pictures.words import name_of


@dataclass(frozen=True, kw_only=True)
class Ticket:
    """A name at its place in the lot, and the group that it belongs to, if there are any."""

    place: int
    label: str
    stratum: str
    is_drawn: bool


@dataclass(frozen=True, kw_only=True)
class Stratum:
    """A group, how many names it has, and how many places it got."""

    label: str
    names: int
    seats: int


@dataclass(frozen=True, kw_only=True)
class Lot(Picture):
    """``drawn`` in the order of the lot; ``order``: all names in that order; ``seed_digest`` may be empty."""

    kind: ClassVar[str] = "lot"
    drawn: tuple[Ticket, ...]
    order: tuple[Ticket, ...]
    strata: tuple[Stratum, ...]
    seed_digest: str


def drawn_by_lot(count: Count) -> Lot:
    """The picture of a draw; ``seed_digest`` beside the manifest's settings is shown with it."""
    order: Sequence[str] = count.plain.get("order", count.winners)
    groups: Mapping[str, str] = count.settings.get("strata", {})
    names = Counter(groups[option] for option in order if option in groups)
    seats: Mapping[str, int] = count.plain.get("strata", {})
    tickets = tuple(
        Ticket(
            place=place,
            label=name_of(option, count.texts),
            stratum=groups.get(option, ""),
            is_drawn=option in count.winners,
        )
        for place, option in enumerate(order, 1)
    )
    return Lot(
        drawn=tuple(ticket for ticket in tickets if ticket.is_drawn),
        order=tickets,
        strata=tuple(Stratum(label=name, names=names[name], seats=seats[name]) for name in sorted(seats)),
        seed_digest=str(count.settings.get("seed_digest", "")),
        **{**framed(count), "is_empty": not tickets},
    )
