"""Laws of every method that elects, over the registry: a new method is bound by them before it has tests of its own."""

from collections import Counter
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pyrankvote  # type: ignore[import-untyped]
import pytest
import votelib.convert  # type: ignore[import-untyped]
import votelib.evaluate.condorcet as votelib_condorcet  # type: ignore[import-untyped]
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from coopgov.tally.canonical import canonical
from coopgov.tally.count import REASON_KEYS, Ballot, Election, Manifest, Verdict, tally, tally_distinct
from coopgov.tally.methods import METHODS
from coopgov.tally.rule import Quorum, QuorumKind, Rule, Threshold
from coopgov.tally.vote import Method

ELECTIONS = {name: method for name, method in METHODS.items() if name != "proposal"}
every_election = pytest.mark.parametrize("method", ELECTIONS.values(), ids=ELECTIONS)
often = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
NAMES = ("Ada", "Bo", "Cy", "Dee", "Eve")
PLAIN = Rule(Threshold(Fraction(1, 2)))
STRICT = ("irv", "stv-scottish", "stv-wigm", "meek")
TIES = ("previous_stage", "lot", "order", "declare")


def choices(method: Method, options: tuple[str, ...]) -> st.SearchStrategy[Any]:
    """Any ballot that the method takes, abstentions too."""
    some = st.lists(st.sampled_from(options), unique=True)
    if method.name in STRICT:
        return some
    if method.name in ("schulze", "ranked-pairs"):
        return st.lists(st.integers(0, 3), min_size=len(options), max_size=len(options)).map(
            lambda ranks: [
                [o for o, r in zip(options, ranks, strict=True) if r == rank] for rank in sorted({*ranks} - {0})
            ]
        )
    if method.name in ("score", "dot"):
        return st.dictionaries(st.sampled_from(options), st.integers(0, 1)).map(lambda given: list(given.items()))
    if method.name == "choose":
        return st.lists(st.sampled_from(options), max_size=1)
    return some


@st.composite
def elections(draw: st.DrawFn, method: Method, ties: tuple[str, ...] = TIES) -> tuple[Manifest, list[Ballot]]:
    options = NAMES[: draw(st.integers(1, 5))]
    ballots = draw(st.lists(choices(method, options), max_size=12))
    given: dict[str, Any] = {"ties": draw(st.sampled_from(ties))}
    if method.name == "equal-shares":
        costs = {option: draw(st.integers(1, 12)) for option in options}
        given |= {"budget": draw(st.integers(1, 20)), "costs": costs}
    elif method.name != "irv":
        given["seats"] = draw(st.integers(1, 4))
    manifest = Manifest(method.name, options, PLAIN, max(1, len(ballots)), given)
    return manifest, [Ballot(_frozen(ballot)) for ballot in ballots]


def _frozen(value: Any) -> Any:
    return tuple(_frozen(inner) for inner in value) if isinstance(value, list | tuple) else value


def elected(manifest: Manifest, ballots: list[Ballot], seed: str | None = "5eed") -> Election:
    result = tally(manifest, ballots, seed)
    assert isinstance(result, Election)
    return result


@every_election
@often
@given(data=st.data())
def test_neither_the_order_of_ballots_nor_their_bundling_changes_a_byte(method: Method, data: st.DataObject) -> None:
    """Edge case 50."""
    manifest, ballots = data.draw(elections(method))
    whole = canonical(elected(manifest, ballots).to_plain())
    assert canonical(elected(manifest, data.draw(st.permutations(ballots))).to_plain()) == whole
    assert canonical(tally_distinct(manifest, Counter(b.choice for b in ballots), "5eed").to_plain()) == whole


@every_election
@often
@given(data=st.data())
def test_names_are_nothing_but_names(method: Method, data: st.DataObject) -> None:
    """Renamed, counted and renamed back, where no lot is drawn."""
    manifest, ballots = data.draw(elections(method, ("declare",)))
    there = {name: name[::-1].upper() for name in NAMES}
    renamed = Manifest(
        method.name,
        tuple(there[o] for o in manifest.options),
        PLAIN,
        manifest.roll_size,
        _renamed(manifest.settings, there),
    )
    before = elected(manifest, ballots)
    after = elected(renamed, [Ballot(_renamed(ballot.choice, there)) for ballot in ballots])
    assert [there[name] for name in before.winners] == list(after.winners)
    assert before.verdict is after.verdict
    assert {there[name] for name in before.tied} == set(after.tied)


def _renamed(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {_renamed(key, names): _renamed(inner, names) for key, inner in value.items()}
    if isinstance(value, tuple | list):
        return tuple(_renamed(inner, names) for inner in value)
    return names.get(value, value) if isinstance(value, str) else value


@every_election
@often
@given(data=st.data())
def test_a_result_is_whole(method: Method, data: st.DataObject) -> None:
    manifest, ballots = data.draw(elections(method))
    result = elected(manifest, ballots)
    seats = manifest.settings.get("seats", 1)
    assert result.cast == len(ballots)
    assert 0 <= result.counted <= result.cast
    assert len(set(result.winners)) == len(result.winners)
    assert set(result.winners) <= set(manifest.options)
    assert method.name == "equal-shares" or len(result.winners) <= seats
    assert (result.verdict is Verdict.DECIDED) == bool(result.winners)
    assert (result.verdict is Verdict.TIED) == bool(result.tied)
    assert {reason.key for reason in result.reasons} <= method.reason_keys <= REASON_KEYS
    if manifest.settings["ties"] != "declare" and result.counted and method.name != "equal-shares":
        assert len(result.winners) == min(seats, len(manifest.options))


@every_election
@often
@given(data=st.data())
def test_another_seed_changes_nothing_but_ties(method: Method, data: st.DataObject) -> None:
    manifest, ballots = data.draw(elections(method, ("lot",)))
    one, other = elected(manifest, ballots, "one"), elected(manifest, ballots, "other")
    if not one.breaks:
        assert canonical(one.to_plain()) == canonical(other.to_plain())


@pytest.mark.parametrize("name", [*STRICT, "equal-shares"])
@often
@given(data=st.data())
def test_who_withdrew_counts_as_if_no_ballot_had_named_them(name: str, data: st.DataObject) -> None:
    drawn, ballots = data.draw(elections(METHODS[name]))
    gone = data.draw(st.sampled_from(drawn.options))
    manifest = replace(drawn, settings={**drawn.settings, "withdrawn": (gone,)})
    silent = [Ballot(tuple(option for option in ballot.choice if option != gone)) for ballot in ballots]
    named, unnamed = elected(manifest, ballots), elected(manifest, silent)
    assert gone not in named.winners
    assert named.winners == unnamed.winners
    assert named.breaks == unnamed.breaks
    if any(ballot.choice for ballot in silent):  # else there is nothing to count in one of them
        assert named.facts == unnamed.facts


@every_election
def test_an_empty_box_elects_nobody(method: Method) -> None:
    """Edge cases 8, 40 and 45."""
    more: dict[str, Any] = {"budget": 5, "costs": {"Ada": 1, "Bo": 2}} if method.name == "equal-shares" else {}
    manifest = Manifest(method.name, ("Ada", "Bo"), PLAIN, 3, more)
    assert elected(manifest, []).verdict is Verdict.UNDECIDED
    nothing = elected(manifest, [Ballot(())] * 3)
    assert (nothing.verdict, nothing.cast, nothing.counted) == (Verdict.UNDECIDED, 3, 0)


@every_election
def test_a_missed_quorum_is_no_election_though_the_figures_stand(method: Method) -> None:
    more: dict[str, Any] = {"budget": 5, "costs": {"Ada": 1, "Bo": 2}} if method.name == "equal-shares" else {}
    rule = Rule(Threshold(Fraction(1, 2)), quorum=Quorum(QuorumKind.TURNOUT, Fraction(1, 2)))
    choice: Any = {"score": (("Ada", 1),), "dot": (("Ada", 1),)}.get(method.name, ("Ada",))
    if method.name in ("schulze", "ranked-pairs"):
        choice = (("Ada",),)
    few = elected(Manifest(method.name, ("Ada", "Bo"), rule, 5, more), [Ballot(choice)] * 2)
    enough = elected(Manifest(method.name, ("Ada", "Bo"), rule, 4, more), [Ballot(choice)] * 2)
    assert (few.verdict, enough.verdict) == (Verdict.NO_QUORUM, Verdict.DECIDED)
    assert few.winners == enough.winners


@every_election
@pytest.mark.parametrize("choice", [("Zoe",), (("Zoe",),), "Zoe", 7, None, ((1, 2),), (("Ada", 1, 2),), [["Ada"], 3]])
def test_a_ballot_that_cannot_be_is_refused(method: Method, choice: Any) -> None:
    more: dict[str, Any] = {"budget": 5, "costs": {"Ada": 1, "Bo": 2}} if method.name == "equal-shares" else {}
    manifest = Manifest(method.name, ("Ada", "Bo"), PLAIN, 3, more)
    with pytest.raises(ValueError, match=r"^ballot\."):
        method.validate(manifest, choice)


@pytest.mark.parametrize(
    ("name", "settings", "choice"),
    [
        *((name, {}, ("Ada", "Ada")) for name in (*STRICT, "approval")),
        ("choose", {}, ("Ada", "Bo")),
        ("choose", {"least": 2, "most": 2}, ("Ada",)),
        ("choose", {}, "none_of_these"),
        *(("score", {}, (("Ada", value),)) for value in (6, -1, True, 1.0, float("nan"), Fraction(1, 2), "1")),
        ("dot", {"budget": 7}, (("Ada", 8),)),
        ("dot", {"budget": 7}, (("Ada", 4), ("Bo", 4))),
        ("dot", {"budget": 7, "most_on_one": 3}, (("Ada", 4),)),
        ("dot", {}, (("Ada", -1), ("Bo", 1))),
        ("schulze", {}, (("Ada",), ("Ada",))),
        ("schulze", {}, ((),)),
    ],
)
def test_an_impossible_ballot_is_refused(name: str, settings: dict[str, Any], choice: Any) -> None:
    """Edge cases 26 and 29."""
    with pytest.raises(ValueError, match=r"^ballot\."):
        METHODS[name].validate(Manifest(name, ("Ada", "Bo"), PLAIN, 3, settings), choice)


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        *((name, {"colour": 1}) for name in ELECTIONS),
        *((name, {"seats": 0}) for name in ELECTIONS if name != "equal-shares"),
        *((name, {"ties": "coin"}) for name in ELECTIONS),
        ("irv", {"seats": 2}),
        ("stv-wigm", {"decimals": 19}),
        ("schulze", {"unranked": "first"}),
        ("schulze", {"default_option": "Zoe"}),
        ("choose", {"least": 3, "most": 2}),
        ("choose", {"most": 9}),
        ("equal-shares", {"costs": {"Ada": 1, "Bo": 2}}),
        ("equal-shares", {"budget": 5, "costs": {"Ada": 1}}),
        ("equal-shares", {"budget": 5, "costs": {"Ada": 0, "Bo": 2}}),
        ("equal-shares", {"budget": 1.5, "costs": {"Ada": 1, "Bo": 2}}),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(name: str, settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"^manifest\.settings\."):
        METHODS[name].check(Manifest(name, ("Ada", "Bo"), PLAIN, 3, settings))


# Other counters, wherever no tie occurs

PROFILES = st.dictionaries(
    st.lists(st.sampled_from(NAMES), unique=True, min_size=1).map(tuple), st.integers(1, 40), min_size=1, max_size=10
)
independent = settings(max_examples=400, deadline=None)


def _pyrankvote(box: dict[tuple[str, ...], int]) -> tuple[list[Any], list[Any]]:
    people = {name: pyrankvote.Candidate(name) for name in NAMES}
    ballots = [
        pyrankvote.Ballot([people[n] for n in ranking]) for ranking, number in box.items() for _ in range(number)
    ]
    return list(people.values()), ballots


@independent
@given(PROFILES)
def test_the_instant_runoff_elects_whom_another_counter_elects(box: dict[tuple[str, ...], int]) -> None:
    result = tally_distinct(Manifest("irv", NAMES, PLAIN, sum(box.values()), {"ties": "declare"}), box)
    assume(result.verdict is Verdict.DECIDED)
    assert isinstance(result, Election)
    assume(all(len(set(votes.values())) == len(votes) for votes in result.facts["rounds"]))
    theirs = pyrankvote.instant_runoff_voting(*_pyrankvote(box)).get_winners()
    assert [winner.name for winner in theirs] == list(result.winners)


@independent
@given(PROFILES, st.sampled_from(["last"]))
def test_schulze_and_ranked_pairs_elect_whom_another_counter_elects(
    box: dict[tuple[str, ...], int], unranked: str
) -> None:
    levels = {tuple((name,) for name in ranking): number for ranking, number in box.items()}
    given = {"ties": "declare", "unranked": unranked}
    pairs = votelib.convert.RankedToCondorcetVotes().convert(
        {
            ranking + ((frozenset(set(NAMES) - set(ranking)),) if set(NAMES) - set(ranking) else ()): n
            for ranking, n in box.items()
        }
    )
    for name, there in (
        ("schulze", votelib_condorcet.Schulze()),
        ("ranked-pairs", votelib_condorcet.RankedPairs("margins")),
    ):
        result = tally_distinct(Manifest(name, NAMES, PLAIN, sum(box.values()), given), levels)
        assert isinstance(result, Election)
        if result.verdict is Verdict.DECIDED and not result.breaks and len(result.ranking[0]) == 1:
            assert there.evaluate(pairs, 1) == list(result.winners)
