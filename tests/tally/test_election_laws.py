"""Laws of every method that elects, over the registry: a new method is bound by them before it has tests of its own."""

from collections import Counter
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coopgov.tally.canonical import canonical
from coopgov.tally.count import REASON_KEYS, Ballot, Election, Manifest, Verdict, tally, tally_distinct
from coopgov.tally.methods import METHODS
from coopgov.tally.rule import Quorum, QuorumKind, Rule, Threshold
from coopgov.tally.vote import Method, Shape

ELECTIONS = {n: method for n, method in METHODS.items() if method.shape not in (Shape.ONE, Shape.NONE)}
every_election = pytest.mark.parametrize("method", ELECTIONS.values(), ids=ELECTIONS)
often = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
NAMES = ("Ada", "Bo", "Cy", "Dee", "Eve")
SLOTS = tuple(f"2026-10-25T0{hour}:30:00Z" for hour in range(5))
OTHERS = {**{name: name[::-1].upper() for name in NAMES}, **{slot: slot.replace(":30", ":45") for slot in SLOTS}}
PLAIN = Rule(Threshold(Fraction(1, 2)))
STRICT = tuple(name for name, method in ELECTIONS.items() if method.shape is Shape.RANKING)
TIES = ("previous_stage", "lot", "order", "declare")


def names_for(method: Method) -> tuple[str, ...]:
    """What a vote by this method may be about."""
    return SLOTS if method.name == "meeting-time" else NAMES


def two_for(method: Method, rule: Rule = PLAIN, roll_size: int = 3, **given: Any) -> Manifest:
    """A vote between the first two."""
    names = names_for(method)[:2]
    if method.name == "equal-shares":
        given |= {"budget": 5, "costs": dict(zip(names, (1, 2), strict=True))}
    return Manifest(method.name, names, rule, roll_size, given)


def for_the_first(manifest: Manifest) -> Any:
    """A ballot for the first option and no other."""
    first = manifest.options[0]
    return {Shape.POINTS: ((first, 1),), Shape.LEVELS: ((first,),)}.get(METHODS[manifest.method].shape, (first,))


def choices(method: Method, options: tuple[str, ...]) -> st.SearchStrategy[Any]:
    """Any ballot that the method takes, abstentions too."""
    if method.shape is Shape.LEVELS:
        return st.lists(st.integers(0, 3), min_size=len(options), max_size=len(options)).map(
            lambda ranks: [
                [o for o, r in zip(options, ranks, strict=True) if r == rank] for rank in sorted({*ranks} - {0})
            ]
        )
    if method.shape is Shape.POINTS:
        return st.dictionaries(st.sampled_from(options), st.integers(0, 1)).map(lambda given: list(given.items()))
    most = method.limits(Manifest(method.name, options, PLAIN, 1)).most
    return st.lists(st.sampled_from(options), unique=True, max_size=most)


@st.composite
def elections(draw: st.DrawFn, method: Method, ties: tuple[str, ...] = TIES) -> tuple[Manifest, list[Ballot]]:
    options = names_for(method)[: draw(st.integers(1, 5))]
    ballots = draw(st.lists(choices(method, options), max_size=12))
    given: dict[str, Any] = {"ties": draw(st.sampled_from(ties))} if method.decides else {}
    if method.name == "equal-shares":
        costs = {option: draw(st.integers(1, 12)) for option in options}
        given |= {"budget": draw(st.integers(1, 20)), "costs": costs, "step": draw(st.integers(1, 3))}
    elif method.decides and method.name != "irv":
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
    there = OTHERS
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
    assert (result.verdict is Verdict.NOTED) == (not method.decides and bool(ballots))
    assert (result.verdict is Verdict.TIED) == bool(result.tied)
    assert {reason.key for reason in result.reasons} <= method.reason_keys <= REASON_KEYS
    if method.decides and manifest.settings["ties"] != "declare" and result.counted and method.name != "equal-shares":
        assert len(result.winners) == min(seats, len(manifest.options)) or not any(result.facts["scores"].values())


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
    assert elected(two_for(method), []).verdict is Verdict.UNDECIDED
    nothing = elected(two_for(method), [Ballot(())] * 3)
    assert not nothing.winners
    if method.decides:
        assert (nothing.verdict, nothing.cast, nothing.counted) == (Verdict.UNDECIDED, 3, 0)


@every_election
def test_a_missed_quorum_is_no_election_though_the_figures_stand(method: Method) -> None:
    rule = Rule(Threshold(Fraction(1, 2)), quorum=Quorum(QuorumKind.TURNOUT, Fraction(1, 2)))
    choice = for_the_first(two_for(method))
    few = elected(two_for(method, rule, 5), [Ballot(choice)] * 2)
    enough = elected(two_for(method, rule, 4), [Ballot(choice)] * 2)
    assert few.verdict is Verdict.NO_QUORUM
    assert enough.verdict is (Verdict.DECIDED if method.decides else Verdict.NOTED)
    assert (few.winners, few.facts) == (enough.winners, enough.facts)


@every_election
def test_a_decisive_quorum_counts_the_ballots_that_say_something(method: Method) -> None:
    rule = Rule(Threshold(Fraction(1, 2)), quorum=Quorum(QuorumKind.DECISIVE, Fraction(1, 2)))
    ballots = [Ballot(for_the_first(two_for(method))), Ballot(())]
    verdict = elected(two_for(method, rule, 4), ballots).verdict
    assert verdict is (Verdict.NO_QUORUM if method.decides else Verdict.NOTED)


@every_election
@often
@given(data=st.data())
def test_a_ballot_keeps_the_limits_that_its_method_names(method: Method, data: st.DataObject) -> None:
    manifest, ballots = data.draw(elections(method))
    limits = method.limits(manifest)
    for ballot in ballots:
        choice = method.validate(manifest, ballot.choice)
        if method.shape is Shape.POINTS:
            assert all(0 <= points <= limits.highest for _, points in choice)
            assert limits.budget is None or sum(points for _, points in choice) <= limits.budget
        named = len([o for level in choice for o in level] if method.shape is Shape.LEVELS else choice)
        assert named == 0 or limits.least <= named <= limits.most <= len(manifest.options)
        assert not method.needs_reason(manifest, choice)


@every_election
@pytest.mark.parametrize(
    "spoil",
    [
        lambda first: ("Zoe",),
        lambda first: (("Zoe",),),
        lambda first: (("Zoe", 1),),
        lambda first: (first, first),
        lambda first: ((first,), (first,)),
        lambda first: ((first, 1), (first, 1)),
        lambda first: ((first, 1, 2),),
        lambda first: ((first, -1),),
        lambda first: ((first, 1.0),),
        lambda first: ((first, float("nan")),),
        lambda first: ((first, True),),
        lambda first: ((first, "1"),),
        lambda first: ((first, Fraction(1, 2)),),
        lambda first: ((first, 10**30),),
        lambda first: (((first,),),),
        lambda first: ((1, 2),),
        lambda first: [[first], 3],
        lambda first: (None,),
        lambda first: first,
        lambda first: "none_of_these",
        lambda first: 7,
        lambda first: None,
        lambda first: True,
        lambda first: {first},
    ],
)
def test_a_ballot_that_cannot_be_is_refused(method: Method, spoil: Any) -> None:
    manifest = two_for(method)
    with pytest.raises(ValueError, match=r"^ballot\."):
        method.validate(manifest, spoil(manifest.options[0]))


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
        *((name, {"seats": 0}) for name in ELECTIONS if name not in ("equal-shares", "meeting-time")),
        *((name, {"ties": "coin"}) for name in ELECTIONS),
        *((name, {"withdrawn": "Ada"}) for name in ELECTIONS),
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
        ("equal-shares", {"budget": 5, "costs": {"Ada": 1, "Bo": 2}, "step": 0}),
        ("dot", {"budget": 0}),
        ("dot", {"most_on_one": 0}),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(name: str, settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"^manifest\.settings\."):
        METHODS[name].check(
            Manifest(
                name, names_for(METHODS[name])[:2] if name == "meeting-time" else ("Ada", "Bo"), PLAIN, 3, settings
            )
        )
