"""Real elections with known outcomes, counted from their files to the last digit. Origins: elections/ORIGIN.txt."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from coopgov.cli import main

HERE = Path(__file__).parent / "elections"
CASES: dict[str, dict[str, Any]] = {
    case["id"]: case for case in json.loads((HERE / "expected.json").read_text())["cases"]
}
OPTIONS = {
    "schulze-k8s-steering-2018": ["--unranked", "neutral", "--seats", "3"],
    "condorcet-debian-dpl-2007": ["--default-option", "None Of The Above"],
    "meek-sc": ["--ties", "order"],  # four who have nothing are equal: the reference count took them in this order
}
SAME = (
    *("quota", "winners_in_order_of_election", "valid_ballots", "first_preferences", "final_round", "ranking"),
    *("ranking_after_dropping", "dropped", "pairwise", "condorcet_winner", "budget", "total_cost", "approvals"),
    *("added_per_voter", "scores", "voters_per_option", "ballots_over_budget", "voters"),
)


def counted(file: Path, method: str, *options: str) -> dict[str, Any]:
    run = CliRunner().invoke(main, ["count", str(file), "--method", method, "--json", *options])
    assert run.exit_code == 0, run.output
    found: dict[str, Any] = json.loads(run.output)
    return found


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_real_election_comes_out_as_it_did(case: Mapping[str, Any]) -> None:
    found = counted(HERE / case["file"], case["method"], *OPTIONS.get(case["id"], []))
    assert sorted(found["winners"]) == sorted(case.get("winners", found["winners"]))
    assert {name: found[name] for name in SAME if name in case} == {name: case[name] for name in SAME if name in case}
    assert len(found.get("rounds", [])) == len(case.get("rounds", []))
    for ours, theirs in zip(found.get("rounds", []), case.get("rounds", []), strict=True):
        assert {name: ours[name] for name in theirs} == theirs


def test_the_rule_decides_who_is_elected() -> None:
    """One file, two rules, another fourth member."""
    file = HERE / "meek-sc.blt"
    assert "Pat LaMarche" in counted(file, "meek")["winners"]
    assert set(counted(file, "stv-scottish")["winners"]) == set(CASES["meek-sc"]["also"]["stv_scottish_winners"])


@pytest.mark.parametrize("name", ["stv-edinburgh-2017-w13-leith", "stv-glasgow-2007-anderston-city"])
def test_other_ways_to_transfer_elect_the_same_here(name: str) -> None:
    file, also = HERE / CASES[name]["file"], CASES[name]["also"]
    assert set(counted(file, "stv-wigm")["winners"]) == set(also["wigm_exact_fractions_winners"])
    assert counted(file, "stv-wigm", "--decimals", "5")["rounds"] == counted(file, "stv-scottish")["rounds"]
    assert set(counted(file, "meek")["winners"]) == set(also["meek_prf_winners"])


def test_what_unranked_means_changes_the_order() -> None:
    file, also = HERE / "schulze-k8s-steering-2018.csv", CASES["schulze-k8s-steering-2018"]["also"]
    assert counted(file, "schulze", "--unranked", "last")["ranking"] == also["ranking_if_unranked_last"]


def test_a_table_of_pairs_is_counted_like_its_ballots(tmp_path: Path) -> None:
    case = CASES["schulze-k8s-steering-2018"]
    file = tmp_path / "pairs.json"
    file.write_text(json.dumps({"candidates": case["candidates"], "pairwise": case["pairwise"], "ballots": 307}))
    found = counted(file, "schulze", "--seats", "3")
    assert (found["ranking"], found["cast"]) == (case["ranking"], 307)
    assert counted(file, "ranked-pairs")["winners"] == case["condorcet_winner"]
