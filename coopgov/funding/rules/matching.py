"""Pure rules of whose a payment may be: candidates with reasons. A person decides; nothing here does."""

import unicodedata
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from difflib import SequenceMatcher

from coopgov.core.errors import Kind, Refusals, Refused
from coopgov.core.money import Money
from coopgov.core.text import N_, fold_email

MOST_CANDIDATES = 3
ALIKE = 75  # per cent: names that are less alike are no reason
REASONS: dict[str, str] = {  # the strongest first
    "claims": N_("says that they paid already"),
    "email": N_("same e-mail"),
    "name": N_("name %(percent)s %%"),
    "amount": N_("same amount monthly"),
}
_WEIGHTS = {"claims": 200, "email": 150, "amount": 20}

REFUSALS: Refusals = {
    "matching.own": (Kind.FORBIDDEN, N_("Nobody says of a payment that it is their own. Another officer can do it.")),
    "matching.done": (Kind.CONFLICT, N_("Somebody was quicker: this payment does not wait any more.")),
    "matching.not_undone": (Kind.CONFLICT, N_("The provider or the member says whose this payment is.")),
    "matching.sum": (Kind.INVALID, N_("The parts come to %(sum)s, the payment is %(gross)s.")),
    "matching.parts": (Kind.INVALID, N_("Split it between two members at least, each of them once.")),
    "matching.part": (Kind.INVALID, N_("Each part is an amount above zero.")),
    "matching.no_member": (Kind.INVALID, N_("There is no such member.")),
    "matching.purpose": (Kind.INVALID, N_("Say what the payment is for.")),
}


@dataclass(frozen=True)
class Known:
    """Somebody who may have paid: a member, or somebody who was admitted and has not paid yet."""

    party_id: int
    name: str
    emails: Collection[str] = ()
    monthly: Money | None = None  # what they promised for a month
    claimed: bool = False  # they say that they paid


@dataclass(frozen=True)
class Paying:
    """What is known of a payment that nobody knows whose it is."""

    name: str
    email: str
    amount: Money


@dataclass(frozen=True)
class Candidate:
    """Somebody whose payment it may be. ``reasons``: keys of REASONS, the strongest first; ``percent`` alike."""

    party_id: int
    name: str
    reasons: Sequence[str]
    percent: int = 0


def folded(name: str) -> str:
    """A name to compare by: without case, accents and the order of its words.

    >>> folded("Müller, Änne") == folded("anne MULLER")
    True
    """
    plain = unicodedata.normalize("NFKD", name.casefold())
    letters = "".join(c if c.isalnum() else " " for c in plain if not unicodedata.combining(c))
    return " ".join(sorted(letters.split()))


def candidates(paying: Paying, known: Iterable[Known]) -> list[Candidate]:
    """At most three, the likeliest first. The same amount alone is no reason: half the members pay it."""
    matcher = SequenceMatcher(autojunk=False, b=folded(paying.name)) if folded(paying.name) else None
    found = [_judged(paying, one, matcher) for one in known]
    likely = [one for one in found if one.reasons and tuple(one.reasons) != ("amount",)]
    return sorted(likely, key=lambda one: (-_weight(one), one.name, one.party_id))[:MOST_CANDIDATES]


def _judged(paying: Paying, one: Known, matcher: "SequenceMatcher[str] | None") -> Candidate:
    percent = _alike(matcher, folded(one.name))
    email = fold_email(paying.email)
    fits = {
        "claims": one.claimed,
        "email": bool(email) and email in {fold_email(address) for address in one.emails},
        "name": percent >= ALIKE,
        "amount": one.monthly == paying.amount,
    }
    return Candidate(one.party_id, one.name, [reason for reason in REASONS if fits[reason]], percent)


def _alike(matcher: "SequenceMatcher[str] | None", name: str) -> int:
    if matcher is None or not name:
        return 0
    matcher.set_seq1(name)
    if min(matcher.real_quick_ratio(), matcher.quick_ratio()) * 100 < ALIKE:
        return 0
    return int(matcher.ratio() * 100)


def _weight(one: Candidate) -> int:
    return sum(one.percent if reason == "name" else _WEIGHTS[reason] for reason in one.reasons)


@dataclass(frozen=True)
class Portion:
    """A part of a payment, for one member; ``covers``: the days that it pays for, both included."""

    party_id: int
    amount: Money
    covers: tuple[date, date] | None = None


def check_split(gross: Money, portions: Sequence[Portion]) -> None:
    """Raises Refused unless two portions at least, of different members and above zero, add up to ``gross``."""
    if len(portions) < 2 or len({portion.party_id for portion in portions}) < len(portions):
        raise Refused("matching.parts")
    if any(portion.amount.minor <= 0 for portion in portions):
        raise Refused("matching.part")
    summed = sum(portion.amount.minor for portion in portions)
    if summed != gross.minor or any(portion.amount.currency != gross.currency for portion in portions):
        raise Refused("matching.sum", sum=Money(summed, gross.currency).plain, gross=gross.plain)
