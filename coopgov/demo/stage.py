"""The demonstration while its history is being made: who and what exists already, by the words of the stories."""

import random
from dataclasses import dataclass, field
from datetime import datetime

from coopgov.core.text import shown_in_public
from coopgov.demo.cast import Person
from coopgov.demo.diary import Diary
from coopgov.demo.purses import Purse
from coopgov.demo.tills import Tills
from coopgov.discussion.rules import Author


@dataclass
class Stage:
    """Ids by the words of the stories; planners write acts into ``diary``, which fill the rest when they happen."""

    diary: Diary
    rng: random.Random
    people: list[Person]
    tills: Tills
    chance: random.Random  # of money alone, so that the stories' own chance stays as it is
    purses: dict[str, Purse] = field(default_factory=dict)
    joined: dict[str, datetime] = field(default_factory=dict)  # person → when they become a member
    parties: dict[str, int] = field(default_factory=dict)
    groups: dict[str, int] = field(default_factory=dict)
    threads: dict[str, int] = field(default_factory=dict)
    comments: dict[tuple[str, str], int] = field(default_factory=dict)  # story, number or person
    proposals: dict[tuple[str, int], int] = field(default_factory=dict)  # story, which of its proposals
    left: list[str] = field(default_factory=list)  # who leaves, the first ones first
    applicants: set[str] = field(default_factory=set)  # who joined by applying here
    tiers: dict[str, int] = field(default_factory=dict)  # slug → id
    pledges: dict[str, int] = field(default_factory=dict)  # the last one that somebody began
    subscriptions: dict[str, str] = field(default_factory=dict)  # the last one, at Stripe
    kept: list[object] = field(default_factory=list)  # rows that each act needs: forgotten ones would be read again

    def author(self, key: str) -> Author:
        """The person ``key`` as the author of words."""
        person = self.person(key)
        return Author(self.parties[key], person.name, shown_in_public(person.name, person.public_name))

    def person(self, key: str) -> Person:
        """The person whom the stories call ``key``."""
        return next(person for person in self.people if person.key == key)

    def key_of(self, party_id: int) -> str:
        """The word for a party."""
        return next(key for key, known in self.parties.items() if known == party_id)

    def leave(self, key: str, now: datetime) -> None:
        """They pay no more."""
        purse = self.purses[key]
        if key in self.subscriptions:
            self.tills.cancel(self.subscriptions.pop(key), now)
        elif purse.source == "opencollective":
            self.tills.act(now, "cancel", order=key)
