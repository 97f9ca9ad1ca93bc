"""Election files: what each kind holds, and what is said of a file that cannot be read."""

import json
from typing import Any

import pytest

from coopgov.tally.ballot_file import BadFile
from coopgov.tally.counting_files import Asked, CannotCount, count_file, method_names, read_file

NAMES = '"Ada"\n"Bo"\n"Cy"\n'
RANKED = f'3 2\n-3\n4 1 2 0\n2 (a paper) 2=1 0\n1 0\n0 # the end\n{NAMES}"A \\"good\\" vote # here"\n'
BUDGET = """META
key;value
description;Our street
budget;10,0
vote_type;{kind}
PROJECTS
project_id;cost
a;6
b;4
VOTES
voter_id;vote;points
1;a,b;3,1
2;b;2
"""


def test_a_blt_file_holds_rankings_with_equals_and_who_withdrew() -> None:
    file = read_file("\ufeff" + RANKED, ".BLT")
    assert (file.title, file.options) == ('A "good" vote # here', ("Ada", "Bo", "Cy"))
    assert file.rankings == {(("Ada",), ("Bo",)): 4, (("Ada", "Bo"),): 2, (): 1}
    assert file.settings == {"seats": 2, "withdrawn": ("Cy",)}
    assert file.approved() == {("Ada", "Bo"): 6, (): 1}
    assert count_file(file, Asked("stv", seats=1))["winners"] == ["Ada"]


def test_a_blt_file_needs_no_title_and_equals_that_were_named_before_are_passed_over() -> None:
    file = read_file(f"3 1\n(nothing here)\n1 1 1=2 1 0\n\n0\n{NAMES}", ".blt")
    assert (file.title, file.rankings) == ("", {(("Ada",), ("Bo",)): 1})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "line 1"),
        ("three two\n0\n", "line 1"),
        ("3\n0\n", "line 1"),
        ("0 1\n0\n", "a candidate and a seat"),
        ("3 1\n1 1 0\n", "do not end"),
        (f"3 1\n1 4 0\n0\n{NAMES}", "ballot 1: there is no candidate 4"),
        (f"3 1\n-4\n0\n{NAMES}", "there is no candidate 4"),
        (f"3 1\n0 1 0\n0\n{NAMES}", "a ballot is its number"),
        (f"3 1\n1 1 2\n0\n{NAMES}", "a ballot is its number"),
        (f"3 1\n1 one 0\n0\n{NAMES}", "ballot 1"),
        ('3 1\n1 1 0\n0\n"Ada"\n', "3 names"),
        ('2 1\n1 1 0\n0\n"Ada"\n"Ada"\n', "the same name"),
    ],
)
def test_a_blt_file_that_cannot_be_read_says_where(text: str, words: str) -> None:
    with pytest.raises(BadFile, match=words):
        read_file(text, ".blt")


def test_a_matrix_holds_ranks_and_leaves_out_what_has_none() -> None:
    file = read_file("Ada, Bo ,Cy\n1,2,2\n\n3,-,No opinion\n,,\n", ".csv")
    assert file.rankings == {(("Ada",), ("Bo", "Cy")): 1, (("Ada",),): 1, (): 1}
    assert count_file(file, Asked("schulze"))["winners"] == ["Ada"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        ("Ada,Ada\n1,2\n", "line 1"),
        ("Ada,\n1,2\n", "line 1"),
        ("Ada,Bo\n1\n", "line 2 has 1 cells"),
        ("Ada,Bo\n1,zero\n", "no rank"),
        ("Ada,Bo\n1,0\n", "no rank"),
        ('Ada,Bo\n1,"2"x\n', "expected after"),
    ],
)
def test_a_matrix_that_cannot_be_read_says_where(text: str, words: str) -> None:
    with pytest.raises(BadFile, match=words):
        read_file(text, ".csv")


def test_a_budget_holds_costs_and_sets_rankings_or_points() -> None:
    picks, ranks, points = (
        read_file(BUDGET.format(kind=kind), ".pb") for kind in ("approval", "ordinal", "cumulative")
    )
    assert (picks.title, picks.settings) == ("Our street", {"costs": {"a": 6, "b": 4}, "budget": 10})
    assert picks.picks == {("a", "b"): 1, ("b",): 1}
    assert ranks.rankings == {(("a",), ("b",)): 1, (("b",),): 1}
    assert points.points == {(("a", 3), ("b", 1)): 1, (("b", 2),): 1}
    assert points.approved() == {("a", "b"): 1, ("b",): 1}
    assert count_file(picks, Asked("mes"))["winners"] == ["a", "b"]
    assert count_file(points, Asked("score"))["scores"] == {"a": 3, "b": 3}


def test_ballots_over_the_budget_are_left_out_and_said_to_be() -> None:
    file = read_file(BUDGET.format(kind="cumulative"), ".pb")
    found = count_file(file, Asked("dots", budget_per_ballot=3))
    assert (found["ballots_over_budget"], found["voters"], found["scores"]) == (1, 1, {"a": 0, "b": 2})


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("META", "", "begin with META"),
        ("a;6", ";6", "projects with ids"),
        ("b;4", "a;4", "same id"),
        ("a;6", "a;six", "no number"),
        ("a;6", "a;6,5", "no whole number"),
        ("a;6", "a;-6", "no whole number"),
        ("approval", "shouting", "type 'shouting'"),
        ("2;b;2", "2;z;2", "vote 2"),
        ("2;b;2", "2;b,b;2", "vote 2"),
        ("voter_id;vote;points", "voter_id;choice;points", "vote 1"),
    ],
)
def test_a_budget_that_cannot_be_read_says_where(before: str, after: str, words: str) -> None:
    with pytest.raises(BadFile, match=words):
        read_file(BUDGET.format(kind="approval").replace(before, after, 1), ".pb")


def test_a_budget_whose_points_do_not_fit_their_projects_says_where() -> None:
    with pytest.raises(BadFile, match="vote 1"):
        read_file(BUDGET.format(kind="scoring").replace("3,1", "3"), ".pb")


PAIRS: dict[str, Any] = {"title": "Two", "options": ["Ada", "Bo"], "pairwise": [[0, 3], [1, 0]]}


def test_a_table_of_pairs_is_counted_by_comparing_and_by_nothing_else() -> None:
    file = read_file(json.dumps(PAIRS), ".json")
    assert (file.title, file.table) == ("Two", ((0, 3), (1, 0)))
    assert count_file(file, Asked("schulze"))["winners"] == ["Ada"]
    assert count_file(file, Asked("ranked_pairs"))["cast"] == 4
    with pytest.raises(CannotCount, match="cannot be counted by irv"):
        count_file(file, Asked("irv"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "no JSON"),
        ("[]", "an object"),
        (json.dumps({**PAIRS, "options": [1, 2]}), "list of names"),
        (json.dumps({**PAIRS, "options": ["Ada", "Ada"]}), "named once"),
        (json.dumps({**PAIRS, "pairwise": [[0, 3]]}), "square table"),
        (json.dumps({**PAIRS, "pairwise": [[0, 3], [1.5, 0]]}), "square table"),
    ],
)
def test_a_table_that_cannot_be_read_says_why(text: str, words: str) -> None:
    with pytest.raises(BadFile, match=words):
        read_file(text, ".json")


def test_a_file_of_another_kind_is_not_read() -> None:
    for ending in (".xls", ""):
        with pytest.raises(BadFile, match="cannot be read"):
            read_file("", ending)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (Asked("dots"), "no ballots that dot can count"),
        (Asked("irv", decimals=3), "irv knows no decimals"),
        (Asked("stv", default_option="Ada"), "stv-scottish knows no default option"),
        (Asked("irv", ties="coin"), r"manifest\.settings\.ties"),
        (Asked("irv", seats=2), r"manifest\.settings\.seats"),
        (Asked("mes"), r"manifest\.settings\.budget"),
    ],
)
def test_what_does_not_go_with_a_file_is_said(asked: Asked, words: str) -> None:
    with pytest.raises(CannotCount, match=words):
        count_file(read_file(f"3 1\n4 1 2 0\n0\n{NAMES}", ".blt"), asked)


def test_more_ballots_than_can_be_counted_are_refused() -> None:
    with pytest.raises(CannotCount, match=r"manifest\.roll_size"):
        count_file(read_file(f"3 1\n{10**20} 1 2 0\n0\n{NAMES}", ".blt"), Asked("irv"))


def test_only_methods_whose_ballots_files_hold_are_offered() -> None:
    names = set(method_names())
    assert {"irv", "meek", "stv", "equal-shares", "dots", "approval"} <= names
    assert names.isdisjoint({"proposal", "consent", "sortition", "meeting-time", "question-round"})
