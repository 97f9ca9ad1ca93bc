"""Options compared two by two: the order, who beats whom and by how much, circles, and the strongest paths."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from coopgov.decisions.pictures.bars import fate_of
from coopgov.decisions.pictures.frame import Count, Picture, Plain, framed, share
from coopgov.decisions.pictures.words import Texts, name_of
from coopgov.infra.i18n import number

Figures = Callable[[str, str], tuple[int, int]]
SHOWN = 8  # comparisons of the first option before the others are folded away


@dataclass(frozen=True, kw_only=True)
class Place:
    """An option's place in the order: ``2``, or ``2=`` where it shares it; ``sign`` names it in the table's head."""

    place: str
    sign: str
    option: str
    label: str
    look: str = ""
    icon: str = ""
    fate: str = ""


@dataclass(frozen=True, kw_only=True)
class Duel:
    """Two options on all ballots that tell them apart; ``width`` is the share of those that prefer the first."""

    first: str
    second: str
    won: int
    lost: int
    width: str

    @property
    def look(self) -> str:
        """``won``, ``lost`` or ``even``, as the first sees it."""
        return "won" if self.won > self.lost else "lost" if self.won < self.lost else "even"


@dataclass(frozen=True, kw_only=True)
class Cell:
    """Of row and column: how many prefer the row, how many the column; ``look`` is empty on the diagonal."""

    won: int
    lost: int
    look: str


@dataclass(frozen=True, kw_only=True)
class Row:
    """One option against each, in the order of the table."""

    place: Place
    cells: tuple[Cell, ...]


@dataclass(frozen=True, kw_only=True)
class Pairs(Picture):
    """``duels`` are those of ``champion``, who came first, or where nobody did of equals among themselves.

    ``circle``: options of which each beats the next and the last the first; ``paths``: the strongest path from row to
    column where the method has them; ``locked``: pairs in the order in which they were locked in; ``dropped``: options
    that lost to the default.
    """

    kind: ClassVar[str] = "pairs"
    places: tuple[Place, ...]
    champion: str
    duels: tuple[Duel, ...]
    folded: tuple[Duel, ...]
    rows: tuple[Row, ...]
    circle: tuple[Duel, ...]
    paths: tuple[Row, ...]
    locked: tuple[Duel, ...]
    dropped: tuple[str, ...]


class Table:
    """The pairwise figures of a stored result, by option. ``left``: options between which the method decided."""

    def __init__(self, count: Count) -> None:
        plain = count.plain
        size = len(plain.get("pairwise", ()))
        options = list(count.texts)
        if size and size != len(options):
            raise ValueError("texts: every option of the manifest, in its order")
        self._place = {option: place for place, option in enumerate(options)}
        self._table: Sequence[Sequence[int]] = plain.get("pairwise", ())
        gone = {*count.withdrawn, *plain.get("dropped", ())}
        self.left = [option for option in options if option not in gone]
        paths: Sequence[Sequence[int]] = plain.get("strongest_paths", ())
        self._paths = {
            (a, b): paths[i][j] for i, a in enumerate(self.left) for j, b in enumerate(self.left) if paths and i != j
        }

    def votes(self, above: str, below: str) -> int:
        """How many prefer one to the other."""
        return self._table[self._place[above]][self._place[below]] if self._table else 0

    def beats(self, one: str, other: str) -> bool:
        """Whether more prefer one to the other than the other way round."""
        return self.votes(one, other) > self.votes(other, one)

    def path(self, one: str, other: str) -> int:
        """The strength of the strongest path, 0 where there is none."""
        return self._paths.get((one, other), 0)

    @property
    def has_paths(self) -> bool:
        """Whether the method counts paths."""
        return bool(self._paths)

    def circle(self, order: Sequence[str]) -> list[str]:
        """The shortest circle of wins through the option that comes first in ``order`` of those in any; or nothing."""
        return next((found for start in order if (found := self._way_round(start))), [])

    def _way_round(self, start: str) -> list[str]:
        ways: list[list[str]] = [[start]]
        seen = {start}
        for way in ways:  # grows while it is read: the shortest ways come first
            for option in self.left:
                if self.beats(way[-1], option):
                    if option == start:
                        return way
                    if option not in seen:
                        seen.add(option)
                        ways.append([*way, option])
        return []


def pairs(count: Count) -> Pairs:
    """The picture of a count by pairs; where a tie stopped it, the options stand as they were listed."""
    table = Table(count)
    order = order_of(count.plain, table)
    places = places_of(count, order)
    duels = _duels(count.plain, order, table, count.texts)
    circle = table.circle(order)
    return Pairs(
        places=places,
        champion=duels[0].first if duels and not count.plain.get("tied") else "",
        duels=duels[:SHOWN],
        folded=duels[SHOWN:],
        rows=tuple(_row(place, order, lambda a, b: (table.votes(a, b), table.votes(b, a))) for place in places),
        circle=tuple(
            _duel(one, other, table, count.texts) for one, other in zip(circle, [*circle[1:], *circle[:1]], strict=True)
        ),
        paths=tuple(_row(place, order, lambda a, b: (table.path(a, b), table.path(b, a))) for place in places)
        if table.has_paths
        else (),
        locked=tuple(_duel(one, other, table, count.texts) for one, other in count.plain.get("locked", ())),
        dropped=tuple(name_of(option, count.texts) for option in count.plain.get("dropped", ())),
        **framed(count),
    )


def order_of(plain: Plain, table: Table) -> list[str]:
    """The options that were compared, best first; as listed where the count did not get to an order."""
    groups: Sequence[Sequence[str]] = plain.get("ranking_groups", ())
    return [option for group in groups for option in group] or table.left


def places_of(count: Count, order: Sequence[str]) -> tuple[Place, ...]:
    """Their places, equals on one place; without an order nobody has a place, only a number."""
    place, shared = 1, dict[str, str]()
    for group in count.plain.get("ranking_groups", ()):
        shared |= {option: f"{number(place)}=" if len(group) > 1 else number(place) for option in group}
        place += len(group)
    return tuple(
        Place(
            place=shared.get(option, ""),
            sign=number(sign),
            option=option,
            label=name_of(option, count.texts),
            **fate_of(option, count),
        )
        for sign, option in enumerate(order, 1)
    )


def _duels(plain: Plain, order: Sequence[str], table: Table, texts: Texts) -> tuple[Duel, ...]:
    if plain.get("tied"):
        tied = list(plain["tied"])
        return tuple(_duel(a, b, table, texts) for i, a in enumerate(tied) for b in tied[i + 1 :])
    first = next(iter(plain["winners"]), "")
    return tuple(_duel(first, other, table, texts) for other in order if other != first) if first else ()


def _duel(first: str, second: str, table: Table, texts: Texts) -> Duel:
    won, lost = table.votes(first, second), table.votes(second, first)
    return Duel(
        first=name_of(first, texts),
        second=name_of(second, texts),
        won=won,
        lost=lost,
        width=share(won, won + lost),
    )


def _row(place: Place, order: Sequence[str], figures: Figures) -> Row:
    cells = []
    for other in order:
        won, lost = figures(place.option, other) if other != place.option else (0, 0)
        look = "" if other == place.option else "won" if won > lost else "lost" if won < lost else "even"
        cells.append(Cell(won=won, lost=lost, look=look))
    return Row(place=place, cells=tuple(cells))
