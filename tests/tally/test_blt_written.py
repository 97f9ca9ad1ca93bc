"""An election file that is written here says what was put in, and is counted with the same winners."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coopgov.tally.ballot_file import BallotFile
from coopgov.tally.count import tally_distinct
from coopgov.tally.counting_files import Asked, count_file
from coopgov.tally.files.blt import read_blt, write_blt
from coopgov.tally.methods import METHODS
from coopgov.tally.rule import PRESETS
from coopgov.tally.vote import Manifest, Shape

IDS = ("o1", "o2", "o3", "o4")
NAMES = ("Ada", "Ben # 2", "Cléo (the elder)", "0")
STRICT = sorted(name for name, method in METHODS.items() if method.shape is Shape.RANKING)
PAIRED = sorted(name for name, method in METHODS.items() if method.shape is Shape.LEVELS)
strict = st.lists(st.sampled_from(IDS), unique=True).map(tuple)


@st.composite
def levels(draw: st.DrawFn) -> tuple[tuple[str, ...], ...]:
    left, found = draw(strict), []
    while left:
        size = draw(st.integers(1, len(left)))
        found.append(tuple(sorted(left[:size])))
        left = left[size:]
    return tuple(found)


def boxes(choices: st.SearchStrategy) -> st.SearchStrategy:
    return st.dictionaries(choices, st.integers(1, 9), min_size=1, max_size=12)


def named(levels_of_ids: tuple[tuple[str, ...], ...]) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(NAMES[IDS.index(option)] for option in level) for level in levels_of_ids)


def assert_the_file_has_the_same_winners(method: str, box: dict, rankings: dict, seats: int) -> None:
    settings = {"seats": seats, "ties": "order"}
    true = tally_distinct(Manifest(method, IDS, PRESETS["simple_majority"], 200, settings), box)
    file = BallotFile("Board", NAMES, rankings, settings={"seats": seats})
    found = count_file(read_blt(write_blt(file)), Asked(method, ties="order"))
    assert found["winners"] == [NAMES[IDS.index(option)] for option in true.winners]
    assert (found["cast"], found["counted"]) == (true.cast, true.counted)


@pytest.mark.parametrize("method", STRICT)
@given(box=boxes(strict), seats=st.integers(1, 3))
def test_a_ranking_without_equals_is_counted_from_its_file_as_from_its_ballots(
    method: str, box: dict, seats: int
) -> None:
    rankings = {named(tuple((option,) for option in choice)): number for choice, number in box.items()}
    assert_the_file_has_the_same_winners(method, box, rankings, 1 if method == "irv" else seats)


@pytest.mark.parametrize("method", PAIRED)
@given(box=boxes(levels()), seats=st.integers(1, 3))
def test_a_ranking_with_equals_is_counted_from_its_file_as_from_its_ballots(method: str, box: dict, seats: int) -> None:
    assert_the_file_has_the_same_winners(method, box, {named(choice): number for choice, number in box.items()}, seats)


def test_every_ranked_method_is_among_those() -> None:
    assert [*PAIRED, *STRICT] == ["ranked-pairs", "schulze", "irv", "meek", "stv-scottish", "stv-wigm"]


def test_what_is_written() -> None:
    box = {(("Ada",), ("Ben", "Cy")): 2, (): 1, (("Cy",),): 10}
    file = BallotFile("Board", ("Ada", "Ben", "Cy"), box, settings={"seats": 2, "withdrawn": ("Ben",)})
    assert write_blt(file) == '3 2\n-2\n1 0\n10 3 0\n2 1 2=3 0\n0\n"Ada"\n"Ben"\n"Cy"\n"Board"\n'
    assert read_blt(write_blt(file)) == file


@given(names=st.lists(st.text(max_size=12), min_size=4, max_size=4), title=st.text(max_size=12))
def test_whatever_options_are_called_they_stay_different_and_so_do_the_rankings(names: list[str], title: str) -> None:
    box = {(("o2",), ("o1", "o4")): 3, (("o3",),): 1}
    back = read_blt(write_blt(BallotFile(title, IDS, box, settings={"seats": 1}), names))
    called = dict(zip(IDS, back.options, strict=True))
    assert len(set(back.options)) == 4
    assert back.rankings == {tuple(tuple(called[o] for o in level) for level in levels): n for levels, n in box.items()}


def test_names_keep_what_programs_agree_on() -> None:
    names = ["Ada “A” Lovelace", 'Ben "B" Okri', "C\\D", "E\nF"]
    assert read_blt(write_blt(BallotFile("", IDS), names)).options == ("Ada “A” Lovelace", "Ben 'B' Okri", "C/D", "E F")
    assert read_blt(write_blt(BallotFile("", IDS), ["a", "a", "a (1)", ""])).options == (
        "a (1)",
        "a (2)",
        "a (1) (3)",
        "(4)",
    )
