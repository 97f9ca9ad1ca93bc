"""What all elections share: reading settings, choices in their normal form, and the frame around each count."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from coopgov.tally.lots import Tied, Ties, Umpire
from coopgov.tally.reason import Reason
from coopgov.tally.rule import QuorumKind
from coopgov.tally.vote import Election, Manifest, Ranking, Verdict, require

REASON_KEYS = frozenset({"turnout", "ballots.none", "ballots.only_abstentions", "quorum.none", "quorum.met"}) | {
    *("quorum.missed", "election.tied", "election.winners", "election.vacant", "election.nobody")
}
MOST_SEATS = 1_000


@dataclass(frozen=True, slots=True)
class Counted:
    """What a method's own count gave."""

    winners: Sequence[str]
    facts: Mapping[str, Any]
    ranking: Sequence[Sequence[str]] = ()
    is_noted: bool = False  # nobody wins: people look at the ranking and decide


def check_settings(manifest: Manifest, known: Mapping[str, Callable[[Any], bool]]) -> None:
    """Refuses settings that the method does not know or cannot mean: ValueError ``manifest.settings.<name>``."""
    for name, value in manifest.settings.items():
        require(name in known and known[name](value), f"manifest.settings.{name}")


def is_seats(value: object) -> bool:
    """Whether ``value`` is a number of seats."""
    return type(value) is int and 1 <= value <= MOST_SEATS


def is_ties(value: object) -> bool:
    """Whether ``value`` names a tie rule."""
    return isinstance(value, str) and value in set(Ties)


def is_words(value: object) -> bool:
    """Whether ``value`` is a list of texts."""
    return isinstance(value, list | tuple) and all(isinstance(word, str) for word in value)


Settings = Mapping[str, Callable[[Any], bool]]
"""Names of settings, and whether a value can be meant."""

COMMON: Settings = {
    "seats": is_seats,
    "ties": is_ties,
    "chair": is_words,
    "withdrawn": is_words,
}
"""Settings of every election: seats to fill; the tie rule; options in the chair's order; options that were struck."""


def strict_ranking(manifest: Manifest, choice: object) -> tuple[str, ...]:
    """Options in order of preference, each once, as many as one likes; raises ValueError ``ballot.choice``."""
    require(isinstance(choice, list | tuple), "ballot.choice")
    assert isinstance(choice, list | tuple)
    named, places = tuple(choice), manifest.places
    try:
        are_offered = all(map(places.__contains__, named))
    except TypeError:  # what cannot be hashed is no word
        are_offered = False
    require(are_offered, "ballot.choice")
    require(len(set(named)) == len(named), "ballot.choice.twice")
    return named


def weak_ranking(manifest: Manifest, choice: object) -> tuple[tuple[str, ...], ...]:
    """Levels of options, best first, those on one level equal; raises ValueError ``ballot.choice``."""
    require(isinstance(choice, list | tuple), "ballot.choice")
    assert isinstance(choice, list | tuple)
    require({type(level) for level in choice} <= {list, tuple} and all(choice), "ballot.choice")
    flat = strict_ranking(manifest, [option for level in choice for option in level])
    if len(flat) == len(choice):
        return tuple(map(tuple, choice))
    return tuple(tuple(sorted(level, key=manifest.places.__getitem__)) for level in choice)


def picks(manifest: Manifest, choice: object) -> tuple[str, ...]:
    """A set of options in the order of the manifest; raises ValueError ``ballot.choice``."""
    named = set(strict_ranking(manifest, choice))
    return tuple(option for option in manifest.options if option in named)


def points(manifest: Manifest, choice: object, least: int, most: int) -> tuple[tuple[str, int], ...]:
    """(option, points) in the order of the manifest, each at most once; raises ValueError ``ballot.points`` too."""
    pairs = list(choice.items()) if isinstance(choice, dict) else choice
    require(isinstance(pairs, list | tuple), "ballot.choice")
    assert isinstance(pairs, list | tuple)
    require(all(isinstance(pair, list | tuple) and len(pair) == 2 for pair in pairs), "ballot.choice")
    given = dict(zip(strict_ranking(manifest, [pair[0] for pair in pairs]), [pair[1] for pair in pairs], strict=True))
    require(all(type(value) is int and least <= value <= most for value in given.values()), "ballot.points")
    return tuple((option, given[option]) for option in manifest.options if option in given)


def struck(manifest: Manifest, box: Mapping[Ranking, int]) -> Mapping[Ranking, int]:
    """The box without the options that were withdrawn: what then reads alike is counted together."""
    gone = manifest.settings.get("withdrawn", ())
    if not gone:
        return box
    papers: Counter[Ranking] = Counter()
    for choice, number in box.items():
        papers[tuple(option for option in choice if option not in gone)] += number
    return papers


def standing(manifest: Manifest) -> tuple[str, ...]:
    """Options that can be chosen: all but those that were withdrawn."""
    gone = manifest.settings.get("withdrawn", ())
    return tuple(option for option in manifest.options if option not in gone)


def umpire_of(manifest: Manifest, tie_seed: str | None, default: Ties) -> Umpire:
    """Who breaks this count's ties."""
    settings = manifest.settings
    rule = Ties(settings.get("ties", default))
    return Umpire(rule, manifest.options, tie_seed, tuple(settings.get("chair", ())))


def conclude(
    manifest: Manifest, cast: int, counted: int, umpire: Umpire, run: Callable[[], Counted], partial: Callable[[], Any]
) -> Election:
    """Runs a count within its frame: nothing counted, no quorum, a declared tie, seats that stay empty.

    ``partial`` gives the facts as far as a count got that a tie has stopped.
    """
    reasons = [Reason("turnout", {"cast": cast, "roll": manifest.roll_size, "abstain": cast - counted})]
    quorum = manifest.rule.quorum
    have = counted if quorum.kind is QuorumKind.DECISIVE else cast
    reasons.append(quorum.reason(have, manifest.roll_size))
    tied: tuple[str, ...] = ()
    found = Counted((), {})
    if not counted:
        reasons.append(Reason("ballots.only_abstentions" if cast else "ballots.none", {"cast": cast}))
    else:
        try:
            found = run()
        except Tied as error:
            tied, found = error.between, Counted((), partial())
            reasons.append(Reason("election.tied", {"between": ", ".join(tied)}))
    if found.is_noted:
        reasons.append(Reason("noted", {"cast": cast}))
    elif counted and not tied:
        reasons += winners_reasons(manifest, found.winners)
    return Election(
        method=manifest.method,
        verdict=_verdict(found, bool(tied)) if quorum.met(have, manifest.roll_size) else Verdict.NO_QUORUM,
        winners=tuple(found.winners),
        cast=cast,
        counted=counted,
        roll_size=manifest.roll_size,
        reasons=tuple(reasons),
        ranking=tuple(tuple(group) for group in found.ranking),
        tied=tied,
        breaks=tuple(umpire.breaks),
        facts=dict(found.facts),
    )


def winners_reasons(manifest: Manifest, winners: Sequence[str]) -> list[Reason]:
    """Who was elected, and how many seats stay empty."""
    if not winners:
        return [Reason("election.nobody", {})]
    seats = manifest.settings.get("seats", 1)
    elected = [Reason("election.winners", {"winners": ", ".join(winners), "seats": seats})]
    return elected if len(winners) >= seats else [*elected, Reason("election.vacant", {"vacant": seats - len(winners)})]


def _verdict(found: Counted, is_tied: bool) -> Verdict:
    if found.is_noted:
        return Verdict.NOTED
    return Verdict.DECIDED if found.winners else Verdict.TIED if is_tied else Verdict.UNDECIDED
