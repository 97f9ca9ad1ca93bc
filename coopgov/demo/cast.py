"""Who appears in the demonstration: everybody is made up, and the same seed makes the same people."""

import random
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from coopgov.core.text import slug_of

HERE = Path(__file__).parent
PUBLIC_NAMES = ("full",) * 7 + ("initial",) * 2 + ("none",)  # how often each way of being named is chosen


@dataclass(frozen=True)
class Person:
    """Somebody in the demonstration; ``key`` is the word by which the stories know them."""

    key: str
    name: str
    email: str
    public_name: str


@cache
def book() -> dict[str, Any]:
    """people.toml: the co-op, its groups, who speaks in the stories, and what names are made of."""
    return tomllib.loads((HERE / "people.toml").read_text())


def persona_email(persona: str) -> str | None:
    """The address of the person behind a persona's sign-in link; None for a word that is no persona."""
    key = book()["personas"].get(persona)
    return _address(key, "") if key else None


def personas() -> list[str]:
    """The words for the personas, as demo.json has them."""
    return sorted(book()["personas"])


def people(count: int, rng: random.Random) -> list[Person]:
    """``count`` different people, those who speak in the stories first."""
    cast, shown = book()["cast"], book()["shown"]
    speaking = [Person(key, name, _address(key, ""), shown.get(key, "full")) for key, name in cast.items()]
    others = [
        Person(f"member-{n}", name, _address(name, str(n)), rng.choice(PUBLIC_NAMES))
        for n, name in enumerate(_other_names(count - len(cast), set(cast.values()), rng), len(cast) + 1)
    ]
    return speaking + others


def _address(name: str, tail: str) -> str:
    return f"{'.'.join(filter(None, [slug_of(name).replace('-', '.'), tail]))}@example.org"


def _other_names(count: int, taken: set[str], rng: random.Random) -> Iterator[str]:
    kinds = book()["names"]
    weights = [len(kind["given"]) * (1 if kind["family"] == [""] else 3) for kind in kinds]
    while count:
        kind = rng.choices(kinds, weights)[0]
        name = f"{rng.choice(kind['given'])} {rng.choice(kind['family'])}".strip()
        if name not in taken:
            taken.add(name)
            count -= 1
            yield name
