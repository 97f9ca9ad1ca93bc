"""Exact numbers of a count: whole units of a decimal place, or fractions; and how they are written."""

from dataclasses import dataclass
from fractions import Fraction

Value = int | Fraction


@dataclass(frozen=True, slots=True)
class Decimals:
    """Values as whole units of the last of ``places`` decimals; what does not fit is cut off."""

    places: int

    @property
    def one(self) -> int:
        """The value of one vote."""
        return int(10**self.places)

    def whole(self, votes: int) -> int:
        """So many votes."""
        return votes * self.one

    def part(self, value: Value, share: Value, of: Value) -> Value:
        """``value`` × ``share`` ÷ ``of``, cut off."""
        return value * share // of

    def text(self, value: Value) -> str:
        """The value as a decimal, every place written: ``1904.00000``."""
        whole, rest = divmod(int(value), self.one)
        return f"{whole}.{rest:0{self.places}d}" if self.places else str(whole)


@dataclass(frozen=True, slots=True)
class Exact:
    """Values as fractions: nothing is ever cut off."""

    def whole(self, votes: int) -> Fraction:
        """So many votes."""
        return Fraction(votes)

    def part(self, value: Value, share: Value, of: Value) -> Value:
        """``value`` × ``share`` ÷ ``of``."""
        return Fraction(value) * share / of

    def text(self, value: Value) -> str:
        """The value as a whole number or a fraction: ``1904``, ``31/3``."""
        return str(value)


Arithmetic = Decimals | Exact
