"""The edge cases that were worked out before there was a counter, by their numbers.

Not here because they are about time, roll, storage or the record and not about counting: 14 to 24, the second half of
11 (an objection after closing), 55 and 56; and that a ballot which this package refuses is refused by the database too.
"""

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coopgov.tally.canonical import canonical
from coopgov.tally.count import Ballot, Election, Limits, Manifest, Result, Verdict, method_of, tally, tally_distinct
from coopgov.tally.counting_files import Asked, CannotCount, count_file, read_file
from coopgov.tally.lots import Ties, Umpire
from coopgov.tally.numbers import Decimals
from coopgov.tally.rule import PRESETS, Base, BlockKind, Blocks, Quorum, QuorumKind, Rule, Threshold, Tie
from coopgov.tally.shares import usual_step
from coopgov.tally.transfers import PaperCount

HALF, TWO_THIRDS, QUARTERS = Fraction(1, 2), Fraction(2, 3), Fraction(3, 4)
MAJORITY = Rule(Threshold(HALF, strict=True))
WORDS = ("agree", "abstain", "disagree", "block")


def at_least(share: Fraction, **others: Any) -> Rule:
    return Rule(Threshold(share), **others)


def turnout(top: int, bottom: int) -> Quorum:
    return Quorum(QuorumKind.TURNOUT, Fraction(top, bottom))


def decisive(top: int, bottom: int) -> Quorum:
    return Quorum(QuorumKind.DECISIVE, Fraction(top, bottom))


def proposal(rule: Rule, votes: tuple[int, ...], roll: int = 1000) -> Result:
    """Votes: agree, abstain, disagree, block."""
    box = {word: number for word, number in zip(WORDS, votes, strict=False) if number}
    result = tally_distinct(Manifest("proposal", WORDS, rule, roll), box)
    assert isinstance(result, Result)
    return result


OVERRIDE = Blocks(BlockKind.OVERRIDE, override=Fraction(9, 10))
ANY_STOPS = Blocks(BlockKind.ANY_STOPS)
PROPOSALS: list[tuple[str, Rule, tuple[int, ...], int, str]] = [
    ("1: 2 of 3 are two thirds", at_least(TWO_THIRDS), (2, 0, 1), 9, "passed"),
    ("2: 3 of 4 are three quarters", at_least(QUARTERS), (3, 0, 1), 9, "passed"),
    ("2: 2 of 3 are not", at_least(QUARTERS), (2, 0, 1), 9, "failed"),
    ("3: half is not more than half", MAJORITY, (5, 0, 5), 99, "failed"),
    ("3: one is more than half of one", MAJORITY, (1,), 9, "passed"),
    ("4: abstentions are not decisive", at_least(TWO_THIRDS), (2, 7, 1), 99, "passed"),
    ("4: but they are cast", at_least(TWO_THIRDS, base=Base.CAST), (2, 7, 1), 99, "failed"),
    ("5: 6 of 10 eligible", at_least(TWO_THIRDS, base=Base.ELIGIBLE), (6,), 10, "failed"),
    ("5: 7 of 10 eligible", at_least(TWO_THIRDS, base=Base.ELIGIBLE), (7,), 10, "passed"),
    ("6: 4 are not half of 9", at_least(HALF, quorum=turnout(1, 2)), (4,), 9, "no_quorum"),
    ("6: 5 are", at_least(HALF, quorum=turnout(1, 2)), (5,), 9, "passed"),
    ("6: exactly half", at_least(HALF, quorum=turnout(1, 2)), (5,), 10, "passed"),
    ("7: abstentions complete a turnout", at_least(HALF, quorum=turnout(1, 2)), (3, 3), 10, "passed"),
    ("7: and no decisive quorum", at_least(HALF, quorum=decisive(1, 2)), (3, 3), 10, "no_quorum"),
    ("8: nobody voted", at_least(HALF), (), 9, "undecided"),
    ("9: only abstentions", at_least(HALF, quorum=turnout(1, 2)), (0, 9), 9, "undecided"),
    ("10: one block stops", at_least(HALF, blocks=ANY_STOPS), (20, 0, 0, 1), 99, "failed"),
    ("12: all agree, but too few", at_least(HALF, quorum=turnout(1, 2)), (4,), 10, "no_quorum"),
    ("13: one member, full quorum", MAJORITY, (1,), 1, "passed"),
    ("13: and with the quorum", Rule(Threshold(HALF, True), quorum=turnout(1, 1)), (1,), 1, "passed"),
    ("G1: nobody voted, quorum", at_least(HALF, quorum=turnout(1, 10)), (), 9, "no_quorum"),
    ("G2: all abstain, quorum met", at_least(HALF, quorum=turnout(1, 10)), (0, 5), 9, "undecided"),
    ("G3: 99 abstain, 1 agrees, turnout", at_least(HALF, quorum=turnout(2, 5)), (1, 99), 100, "passed"),
    ("G3: and decisive", at_least(HALF, quorum=decisive(2, 5)), (1, 99), 100, "no_quorum"),
    ("G4: 2 to 2, at least half by arithmetic", at_least(HALF, tie=Tie.THRESHOLD), (2, 0, 2), 9, "passed"),
    ("G4: 2 to 2, more than half", Rule(Threshold(HALF, True), tie=Tie.THRESHOLD), (2, 0, 2), 9, "failed"),
    ("G4: 2 to 2, the ordinary rule", PRESETS["ordinary"], (2, 0, 2), 9, "failed"),
    ("G5: 51 of 55 override", at_least(HALF, blocks=OVERRIDE), (51, 5, 3, 1), 304, "passed"),
    ("G5: 51 of 60 do not", at_least(HALF, base=Base.CAST, blocks=OVERRIDE), (51, 5, 3, 1), 304, "failed"),
    ("G6: 66 of 99", at_least(TWO_THIRDS), (66, 0, 33), 999, "passed"),
    ("G6: 66 of 100", at_least(TWO_THIRDS), (66, 0, 34), 999, "failed"),
    *((f"G7: {n} of 100", at_least(HALF, quorum=turnout(n, 100)), (n,), 100, "passed") for n in (29, 57, 58)),
    *((f"G8: 1 of {n}", at_least(HALF, quorum=turnout(33, 100)), (1,), n, "passed") for n in (1, 2, 3)),
    *((f"G8: 0 of {n}", at_least(HALF, quorum=turnout(33, 100)), (), n, "no_quorum") for n in (1, 2, 3)),
    ("G10: 39 agree of 40 needed", Rule(Threshold(HALF, True), quorum=turnout(2, 5)), (39,), 100, "no_quorum"),
    (
        "G10: a 40th against completes them",
        Rule(Threshold(HALF, True), quorum=turnout(2, 5)),
        (39, 0, 1),
        100,
        "passed",
    ),
]


@pytest.mark.parametrize(
    ("rule", "votes", "roll", "verdict"), [p[1:] for p in PROPOSALS], ids=[p[0] for p in PROPOSALS]
)
def test_a_proposal_ends_as_was_worked_out(rule: Rule, votes: tuple[int, ...], roll: int, verdict: str) -> None:
    assert proposal(rule, votes, roll).verdict == verdict


def test_10_a_block_stands_apart_and_where_it_is_not_offered_it_is_no_choice() -> None:
    assert proposal(at_least(HALF, blocks=ANY_STOPS), (20, 0, 0, 1)).counts == {
        "agree": 20,
        "abstain": 0,
        "disagree": 0,
        "block": 1,
    }
    with pytest.raises(ValueError, match=r"^ballot\.choice$"):
        tally(Manifest("proposal", WORDS[:3], MAJORITY, 9), [Ballot("block")])


def consent(name: str, *choices: str, roll: int = 20) -> Result:
    options = ("consent", "abstain", "objection")
    result = tally(Manifest(name, options, at_least(Fraction(1)), roll), [Ballot(choice) for choice in choices])
    assert isinstance(result, Result)
    return result


def test_11_an_objection_stops_and_once_taken_back_no_longer_does() -> None:
    """Whoever takes it back votes again: the count sees the last ballot of each."""
    eight = ["consent"] * 8
    stopped = consent("consent", *eight, "objection")
    assert stopped.verdict is Verdict.FAILED
    assert stopped.reasons[-1].to_plain() == {"key": "consent.objections", "facts": {"objections": 1}}
    assert (stopped.base_size, stopped.needed) == (9, 9)
    assert consent("consent", *eight, "consent").verdict is Verdict.PASSED
    assert consent("consent", *eight, "abstain").verdict is Verdict.PASSED


def test_g40_an_objection_stands_until_its_own_voter_votes_otherwise() -> None:
    """There is no other way to say that it is answered: a manifest cannot."""
    for name in ("resolved", "integrated"):
        with pytest.raises(ValueError, match=rf"^manifest\.settings\.{name}$"):
            method_of(Manifest("consent", ("consent", "objection"), MAJORITY, 9, {name: 1}))


def test_consent_of_nobody_is_no_consent() -> None:
    assert consent("consent", "abstain", "abstain").verdict is Verdict.UNDECIDED
    assert consent("consent").verdict is Verdict.UNDECIDED


def test_g41_under_lazy_consensus_one_objection_makes_it_a_vote_and_silence_agrees() -> None:
    last_second = consent("lazy-consensus", "consent", "consent", "objection")
    assert (last_second.verdict, last_second.reasons[-1].key) == (Verdict.FAILED, "lazy.objection")
    silence = consent("lazy-consensus")
    assert (silence.verdict, silence.reasons[-1].key, silence.needed) == (Verdict.PASSED, "lazy.silence", 0)
    assert consent("lazy-consensus", "abstain").reasons[-1].key == "lazy.unopposed"


def test_lazy_consensus_takes_no_quorum() -> None:
    rule = at_least(HALF, quorum=turnout(1, 3))
    with pytest.raises(ValueError, match=r"^manifest\.rule\.quorum$"):
        method_of(Manifest("lazy-consensus", ("consent", "objection"), rule, 9))


@pytest.mark.parametrize("name", ["consent", "lazy-consensus"])
def test_g38_an_objection_needs_a_reason_and_consent_does_not(name: str) -> None:
    manifest = Manifest(name, ("consent", "abstain", "objection"), MAJORITY, 9)
    assert [o for o in manifest.options if method_of(manifest).needs_reason(manifest, o)] == ["objection"]


def test_g38_a_block_needs_a_reason_where_the_rule_says_so() -> None:
    given = {"counts_as": {"fine": "agree", "never": "block"}}
    manifest = Manifest("proposal", ("fine", "never"), PRESETS["ordinary"], 9, given)
    assert [o for o in manifest.options if method_of(manifest).needs_reason(manifest, o)] == ["never"]


def test_g39_a_block_that_was_taken_back_is_not_counted() -> None:
    assert proposal(PRESETS["ordinary"], (8, 0, 0, 1)).verdict is Verdict.FAILED
    assert proposal(PRESETS["ordinary"], (8, 1, 0, 0)).verdict is Verdict.PASSED


def test_one_block_that_needs_a_second_is_a_disagreement() -> None:
    rule = at_least(HALF, blocks=Blocks(BlockKind.ANY_STOPS, seconder_required=True))
    alone = proposal(rule, (3, 0, 1, 1))
    assert (alone.verdict, alone.base_size, alone.reasons[-1].key) == (Verdict.PASSED, 5, "blocks.not_seconded")
    assert proposal(rule, (1, 0, 0, 1)).verdict is Verdict.FAILED
    assert proposal(rule, (3, 0, 0, 2)).reasons[-1].key == "blocks.stopped"


# Elections


def elect(method: str, box: Mapping[Any, int], seats: int = 1, seed: str | None = "5eed", **given: Any) -> Election:
    """An election between all letters that the box names, in the order of the alphabet, or between ``options``."""
    named = given.pop("options", None) or tuple(
        sorted({letter for choice in box for letter in str(choice) if letter.isupper()})
    )
    if method not in ("irv", "equal-shares", "meeting-time"):
        given["seats"] = seats
    manifest = Manifest(method, named, MAJORITY, max(1, sum(box.values())), given)
    result = tally_distinct(manifest, box, seed)
    assert isinstance(result, Election)
    return result


def papers(text: str) -> dict[tuple[str, ...], int]:
    """``5 A>B, 3 C`` as rankings."""
    return {tuple(words.split()[1].split(">")): int(words.split()[0]) for words in text.split(", ")}


def levels(text: str) -> dict[tuple[tuple[str, ...], ...], int]:
    """``5 A>B=C`` as levels."""
    return {tuple(tuple(level.split("=")) for level in ranking): n for ranking, n in papers(text).items()}


def test_25_to_approve_of_nothing_is_to_abstain_and_of_everything_changes_no_order() -> None:
    found = elect("approval", {("A",): 2, ("B",): 1, (): 3, ("A", "B"): 4})
    assert (found.cast, found.counted, found.winners, found.facts["approvals"]) == (10, 7, ("A",), {"A": 6, "B": 5})


def test_26_a_ballot_with_too_many_is_refused_and_in_a_file_reported() -> None:
    manifest = Manifest("choose", ("A", "B", "C"), MAJORITY, 9, {"most": 2})
    for choice, key in ((("A", "B", "C"), "too_many"), (("A", "A"), "twice")):
        with pytest.raises(ValueError, match=rf"^ballot\.choice\.{key}$"):
            tally(manifest, [Ballot(choice)])
    with pytest.raises(CannotCount, match=r"ballot\.choice\.too_many"):
        count_file(read_file('3 1\n1 1 2 3 0\n0\n"A"\n"B"\n"C"\n"Title"\n', ".blt"), Asked("choose"))


def test_27_two_who_are_equal_for_the_last_place_are_declared() -> None:
    found = elect("approval", {("A",): 5, ("C",): 4, ("B",): 4}, seats=2)
    assert (found.verdict, found.tied) == (Verdict.TIED, ("B", "C"))
    assert found.ranking == ()


def test_28_totals_decide_unless_the_manifest_says_averages() -> None:
    box = {(("A", 10),): 1, (("B", 3),): 20}
    found = elect("score", box, highest=10)
    assert (found.winners, found.facts["scores"]) == (("B",), {"A": 10, "B": 60})
    assert found.facts["averages"] == {"A": "10.00", "B": "3.00"}
    assert elect("score", box, highest=10, average=True).winners == ("A",)


def test_28_what_nobody_rated_has_no_average_and_comes_last() -> None:
    found = elect("score", {(("A", 0),): 1}, options=("A", "B"), average=True)
    assert found.ranking == (("A",), ("B",))


@pytest.mark.parametrize("points", [8, -1, 0.5, float("nan"), True, Fraction(1, 2), "3"])
def test_29_and_g46_points_that_cannot_be_are_refused(points: Any) -> None:
    with pytest.raises(ValueError, match=r"^ballot\.points"):
        tally(Manifest("dot", ("A", "B"), MAJORITY, 9, {"budget": 7}), [Ballot((("A", points),))])


def test_29_a_budget_may_be_spent_to_the_last_point_or_not_at_all() -> None:
    found = elect("dot", {(("A", 4), ("B", 3)): 1, (("A", 0), ("B", 0)): 1, (("B", 1),): 1}, budget=7)
    assert (found.cast, found.counted, found.facts["scores"]) == (3, 2, {"A": 4, "B": 4})
    with pytest.raises(ValueError, match=r"^ballot\.points\.over_budget$"):
        elect("dot", {(("A", 4), ("B", 4)): 1}, budget=7)


@pytest.mark.parametrize("seed", ["one", "two", "three", "four", "five", "six"])
def test_30_a_tie_for_the_last_place_is_between_those_two_and_the_transcript_says_so(seed: str) -> None:
    found = elect("irv", papers("4 A, 3 B>C, 3 C>B"), seed=seed)
    assert found.winners in (("B",), ("C",))
    assert found.facts["final_round"][found.winners[0]] == 6
    assert [(one.between, one.purpose, one.by) for one in found.breaks] == [(("B", "C"), "exclude", "lot")]


def test_those_who_together_cannot_overtake_anybody_go_together_without_a_lot() -> None:
    found = elect("irv", papers("10 A, 9 B, 2 C>B, 2 D>B"))
    assert (found.winners, found.facts["actions"], found.breaks) == (("B",), ["first preferences", "exclude C, D"], ())


def test_31_an_election_between_equals_is_declared_a_tie() -> None:
    found = elect("irv", papers("5 A, 5 B"), ties="declare")
    assert (found.verdict, found.tied, found.reasons[-1].key) == (Verdict.TIED, ("A", "B"), "election.tied")


def test_32_a_majority_is_one_of_the_papers_that_still_count() -> None:
    found = elect("irv", papers("4 A, 3 B, 2 C"))
    assert (found.winners, found.facts["final_round"]) == (("A",), {"A": 4, "B": 3})
    assert (found.facts["exhausted"], found.facts["valid_ballots"]) == ([0, 2], 9)


@pytest.mark.parametrize("line", ["1 1 - 2 0", "1 1 1 2 0", "1 1 2 1 0"])
def test_33_and_g44_a_rank_skipped_or_repeated_in_a_file_is_passed_over(line: str) -> None:
    file = read_file(f'2 1\n{line}\n0\n"A"\n"B"\n', ".blt")
    assert file.strict() == {("A", "B"): 1}


def test_34_equals_are_refused_in_a_ranking_and_end_it_in_a_file() -> None:
    for name in ("irv", "stv-scottish", "meek"):
        with pytest.raises(ValueError, match=r"^ballot\.choice$"):
            tally(Manifest(name, ("A", "B", "C"), MAJORITY, 9), [Ballot(("A", ("B", "C")))])
    file = read_file('3 1\n1 1 2=3 0\n0\n"A"\n"B"\n"C"\n', ".blt")
    assert (file.strict(), dict(file.rankings)) == ({("A",): 1}, {(("A",), ("B", "C")): 1})


@pytest.mark.parametrize("name", ["schulze", "ranked-pairs"])
def test_35_a_circle_is_opened_at_its_weakest_defeat(name: str) -> None:
    found = elect(name, levels("35 A>B>C, 33 B>C>A, 32 C>A>B"))
    table = found.facts["pairwise"]
    assert (table[0][1], table[1][0], table[1][2], table[2][1], table[2][0], table[0][2]) == (67, 33, 68, 32, 65, 35)
    assert (found.winners, found.facts["condorcet_winner"]) == (("A",), [])


@pytest.mark.parametrize("name", ["schulze", "ranked-pairs"])
def test_36_a_perfect_circle_is_a_tie_of_all(name: str) -> None:
    found = elect(name, levels("1 A>B>C, 1 B>C>A, 1 C>A>B"), ties="declare")
    assert (found.verdict, found.tied) == (Verdict.TIED, ("A", "B", "C"))


SCHULZE = "5 ACBED, 5 ADECB, 8 BEDAC, 3 CABED, 7 CAEBD, 2 CBADE, 7 DCEBA, 8 EBADC"


def test_37_schulzes_own_example_tells_his_method_from_ranked_pairs() -> None:
    box = {tuple((o,) for o in words.split()[1]): int(words.split()[0]) for words in SCHULZE.split(", ")}
    assert elect("schulze", box).facts["ranking"] == ["E", "A", "C", "B", "D"]
    assert elect("ranked-pairs", box).winners == ("A",)


def test_38_equals_add_to_neither() -> None:
    found = elect("schulze", levels("40 A, 41 B, 19 A=B"))
    assert (found.winners, found.facts["pairwise"]) == (("B",), [[0, 40], [41, 0]])


TENNESSEE = "42 M>N>C>K, 26 N>C>K>M, 15 C>K>N>M, 17 K>C>N>M"


@pytest.mark.parametrize(
    ("name", "seats", "winners"),
    [("irv", 1, "K"), ("schulze", 1, "N"), ("ranked-pairs", 1, "N"), ("stv-scottish", 2, "MN"), ("meek", 2, "MN")],
)
def test_39_tennessee_has_another_capital_under_each_method(name: str, seats: int, winners: str) -> None:
    box: Mapping[Any, int] = levels(TENNESSEE) if name in ("schulze", "ranked-pairs") else papers(TENNESSEE)
    found = elect(name, box, seats)
    assert sorted(found.winners) == list(winners)
    assert found.facts.get("quota", 34) == 34
    assert found.facts.get("condorcet_winner", ["N"]) == ["N"]


def test_39_and_most_first_preferences_elect_m() -> None:
    assert elect("choose", {("M",): 42, ("N",): 26, ("C",): 15, ("K",): 17}).winners == ("M",)


@pytest.mark.parametrize("name", ["irv", "stv-scottish", "stv-wigm", "meek", "approval", "choose"])
def test_40_the_only_option_wins_with_any_vote_and_with_none_there_is_no_decision(name: str) -> None:
    assert elect(name, {("A",): 1}).winners == ("A",)
    assert elect(name, {(): 3}, options=("A",)).verdict is Verdict.UNDECIDED


def test_41_a_surplus_is_transferred_at_its_value_with_five_decimals() -> None:
    found = elect("stv-scottish", papers("60 A>B, 20 A>C, 20 B, 10 C, 10 D"), 2)
    assert (found.facts["valid_ballots"], found.facts["quota"]) == (120, 41)
    second = found.facts["rounds"][1]
    assert second["action"] == "surplus of A"
    assert second["tally"] == {"A": "41.00000", "B": "49.25000", "C": "19.75000", "D": "10.00000"}
    assert found.winners == ("A", "B")


def test_42_what_cannot_be_transferred_is_shown_and_equals_at_every_stage_draw_lots() -> None:
    found = elect("stv-scottish", papers("7 A>B, 3 A, 4 C, 4 D, 1 B"), 2)
    assert (found.facts["valid_ballots"], found.facts["quota"]) == (19, 7)
    surplus, without_b = found.facts["rounds"][1:3]
    assert (surplus["tally"]["B"], surplus["nontransferable"]) == ("3.10000", "0.90000")
    assert (without_b["excluded"], without_b["nontransferable"]) == ("B", "4.00000")
    assert [(one.between, one.by) for one in found.breaks] == [(("C", "D"), "lot")]


def test_43_the_last_stage_that_differs_decides_who_goes() -> None:
    found = elect("stv-scottish", papers("5 A, 4 B, 3 C, 1 D>C"))
    assert [stage["excluded"] for stage in found.facts["rounds"][1:]] == ["D", "C", "B"]
    assert [(one.between, one.by, one.chosen) for one in found.breaks] == [(("B", "C"), "previous_stage", "C")]
    assert (found.winners, found.facts["rounds"][-1]["below_quota"]) == (("A",), ["A"])


@pytest.mark.parametrize("name", ["stv-scottish", "stv-wigm", "meek"])
def test_44_and_g45_as_many_seats_as_candidates_or_more_elect_all(name: str) -> None:
    vacant = elect(name, papers("5 A, 3 B"), 3)
    assert (set(vacant.winners), vacant.reasons[-1].to_plain()) == (
        {"A", "B"},
        {"key": "election.vacant", "facts": {"vacant": 1}},
    )
    full = elect(name, papers("5 A, 3 B"), 2)
    assert (set(full.winners), len(full.facts["rounds"])) == ({"A", "B"}, 1)


@pytest.mark.parametrize("name", ["irv", "stv-scottish", "stv-wigm", "meek"])
def test_45_and_g44_empty_ballots_elect_nobody_and_raise_no_quota(name: str) -> None:
    seats = 1 if name == "irv" else 2
    assert elect(name, {(): 9}, seats, options=("A", "B", "C")).verdict is Verdict.UNDECIDED
    some = elect(name, {**papers("6 A>B, 4 B, 1 C"), (): 90}, seats)
    assert some.facts["valid_ballots"] == 11
    assert some.facts.get("quota", 4) == 4


@pytest.mark.parametrize(("valid", "quota"), [(10, 3), (11, 3), (12, 4)])
def test_46_the_quota_is_more_than_a_fourth_for_three_seats(valid: int, quota: int) -> None:
    found = elect("stv-scottish", {("A",): valid - 3, ("B",): 1, ("C",): 1, ("D",): 1}, 3)
    assert found.facts["quota"] == quota


def test_47_exactly_the_quota_elects_and_leaves_nothing_to_transfer() -> None:
    found = elect("stv-scottish", papers("4 A, 4 B, 1 C"), 2)
    assert (found.facts["quota"], [stage["action"] for stage in found.facts["rounds"]]) == (4, ["first preferences"])


def test_47_and_g45_the_larger_of_two_surpluses_goes_first_and_equal_ones_draw_lots() -> None:
    larger = elect("stv-scottish", papers("12 A>C, 9 B>D, 3 C, 3 D, 4 E"), 3)
    assert [stage["action"] for stage in larger.facts["rounds"][1:3]] == ["surplus of A", "surplus of B"]
    equal = elect("stv-scottish", papers("10 A>C, 10 B>D, 3 C, 3 D, 5 E"), 3)
    assert (("A", "B"), "transfer", "lot") in [(one.between, one.purpose, one.by) for one in equal.breaks]


def test_g45_nothing_goes_to_somebody_who_is_elected_already() -> None:
    found = elect("stv-scottish", papers("12 A>B>C, 9 B, 5 C, 4 D"), 2)
    assert found.facts["quota"] == 11
    assert found.facts["rounds"][1]["tally"]["B"] == "9.99996"  # 12 papers at 0.08333
    both = elect("stv-scottish", papers("14 A>B>C, 13 B>A>D, 5 C, 4 D, 2 E"), 3)
    assert [stage["tally"]["B"] for stage in both.facts["rounds"][:3]] == ["13.00000", "13.00000", "10.00000"]


def test_48_the_name_of_who_withdrew_is_struck_before_anything_is_counted() -> None:
    found = elect("stv-scottish", papers("4 W>A, 3 B, 2 W"), withdrawn=("W",))
    first = found.facts["rounds"][0]
    assert (found.facts["valid_ballots"], found.facts["quota"], found.winners) == (7, 4, ("A",))
    assert (first["tally"], first["elected"]) == ({"A": "4.00000", "B": "3.00000"}, ["A"])
    assert found.cast - found.counted == 2


def test_49_when_all_papers_are_exhausted_those_left_are_elected_below_the_quota() -> None:
    found = elect("stv-scottish", papers("6 A, 3 B, 2 C, 1 D"), 3)
    assert (found.facts["quota"], found.winners) == (4, ("A", "B", "C"))
    assert found.facts["rounds"][-1]["below_quota"] == ["B", "C"]


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(
        st.lists(st.sampled_from("ABCDE"), unique=True, min_size=1).map(tuple),
        st.integers(1, 40),
        min_size=1,
        max_size=9,
    ),
    st.integers(1, 4),
    st.sampled_from(["stv-scottish", "stv-wigm"]),
)
def test_51_no_vote_is_lost_or_made_at_any_stage(box: dict[tuple[str, ...], int], seats: int, name: str) -> None:
    found = elect(name, box, seats, options=tuple("ABCDE"))
    for stage in found.facts["rounds"]:
        whole = sum((Fraction(value) for value in stage["tally"].values()), Fraction(stage["nontransferable"]))
        assert whole == found.facts["valid_ballots"]


# Budget and lot


def test_52_the_share_grows_until_it_would_cost_too_much() -> None:
    box = {("x", "z"): 3, ("y",): 1}
    given = {"budget": 10, "costs": {"x": 6, "y": 4, "z": 4}, "options": ("x", "y", "z")}
    found = elect("equal-shares", box, **given)
    assert (set(found.winners), found.facts["total_cost"], found.facts["added_per_voter"]) == ({"x", "z"}, 10, 1)


def test_53_who_costs_too_much_or_is_wanted_by_nobody_is_not_funded() -> None:
    given = {"costs": {"dear": 11, "unwanted": 1, "fine": 3}, "options": ("dear", "unwanted", "fine")}
    found = elect("equal-shares", {("dear", "fine"): 5}, budget=10, **given)
    assert found.winners == ("fine",)
    with pytest.raises(ValueError, match=r"^manifest\.settings\.costs$"):
        elect("equal-shares", {("free",): 1}, budget=10, costs={"free": 0}, options=("free",))


def draw(names: str, seats: int = 3, seed: str | None = "5eed", **given: Any) -> Election:
    result = tally(Manifest("sortition", tuple(names), MAJORITY, 1, {"seats": seats, **given}), [], seed)
    assert isinstance(result, Election)
    return result


def test_54_the_same_seed_draws_the_same_and_who_leaves_changes_nobodys_place() -> None:
    all_twelve = draw("ABCDEFGHIJKL")
    assert (len(all_twelve.winners), all_twelve.winners) == (3, draw("ABCDEFGHIJKL").winners)
    assert all_twelve.winners == tuple(all_twelve.facts["order"][:3])
    assert draw("LKJIHGFEDCBA").facts["order"] == all_twelve.facts["order"]
    without = draw("ABCDEFGHIJKL", withdrawn=("D",)).facts["order"]
    assert without == draw("ABCEFGHIJKL").facts["order"] == [name for name in all_twelve.facts["order"] if name != "D"]
    assert len({draw("ABCDEFGHIJKL", seed=str(seed)).winners for seed in range(20)}) > 10


def test_54_with_fewer_names_than_places_all_are_drawn_and_the_vacancy_is_shown() -> None:
    found = draw("AB")
    assert (set(found.winners), found.verdict) == ({"A", "B"}, Verdict.DECIDED)
    assert found.reasons[-1].to_plain() == {"key": "election.vacant", "facts": {"vacant": 1}}
    assert canonical(found.to_plain())


def test_seats_are_drawn_for_groups_in_proportion_to_their_names() -> None:
    """12 names, 5 seats: 6, 4 and 2 names give 2.5, 1.67 and 0.83 seats; the largest remainders get one more."""
    strata = dict(zip("ABCDEFGHIJKL", "xxxxxxyyyyzz", strict=True))
    found = draw("ABCDEFGHIJKL", 5, strata=strata)
    assert found.facts["strata"] == {"x": 2, "y": 2, "z": 1}
    assert [sum(strata[name] == group for name in found.winners) for group in "xyz"] == [2, 2, 1]
    assert (list(found.winners), found.breaks) == ([o for o in found.facts["order"] if o in found.winners], ())


def test_equal_remainders_of_groups_draw_lots_and_the_transcript_says_so() -> None:
    strata = dict(zip("ABCD", "xxyy", strict=True))
    assert {tuple(draw("ABCD", 1, str(seed), strata=strata).facts["strata"].items()) for seed in range(20)} == {
        (("x", 1), ("y", 0)),
        (("x", 0), ("y", 1)),
    }
    found = draw("ABCD", 1, strata=strata)
    assert [(one.between, one.purpose, one.by) for one in found.breaks] == [(("x", "y"), "seat", "lot")]


@pytest.mark.parametrize("strata", [{"A": "x"}, {"A": "x", "B": ""}, {"A": "x", "B": 2}, ["x", "y"]])
def test_strata_that_do_not_cover_the_names_are_refused(strata: Any) -> None:
    with pytest.raises(ValueError, match=r"^manifest\.settings\.strata$"):
        draw("AB", 1, strata=strata)


def test_a_draw_needs_a_seed_and_somebody_to_draw_and_takes_neither_ballots_nor_quorum() -> None:
    with pytest.raises(ValueError, match=r"^tie_seed\.needed$"):
        draw("AB", seed=None)
    with pytest.raises(ValueError, match=r"^manifest\.settings\.withdrawn$"):
        draw("AB", withdrawn=("A", "B"))
    manifest = Manifest("sortition", ("A", "B"), MAJORITY, 1)
    assert (method_of(manifest).takes_ballots, method_of(manifest).limits(manifest)) == (False, Limits(0, 0))
    with pytest.raises(ValueError, match=r"^ballot\.choice$"):
        tally(manifest, [Ballot(())], "5eed")
    with pytest.raises(ValueError, match=r"^manifest\.rule\.quorum$"):
        method_of(Manifest("sortition", ("A", "B"), at_least(HALF, quorum=turnout(1, 3)), 9))


def test_a_number_of_ballots_is_a_whole_number_and_no_more_than_the_roll() -> None:
    manifest = Manifest("approval", ("A", "B"), MAJORITY, 3)
    for number in (0, -1, 1.0, True, "1"):
        with pytest.raises(ValueError, match=r"^ballots\.number$"):
            tally_distinct(manifest, {("A",): number})  # type: ignore[dict-item]
    with pytest.raises(ValueError, match=r"^ballots\.more_than_roll$"):
        tally_distinct(manifest, {("A",): 2, ("B",): 2})
    with pytest.raises(ValueError, match=r"^ballots\.more_than_roll$"):
        tally(manifest, [Ballot(("A",))] * 4)


def test_choices_that_read_alike_are_counted_together() -> None:
    found = elect("approval", {("A", "B"): 1, ("B", "A"): 2}, options=("A", "B"), seats=2)
    assert found.facts["approvals"] == {"A": 3, "B": 3}


def test_the_chair_breaks_ties_in_the_order_that_was_written_down() -> None:
    box = papers("4 A, 3 B>C, 3 C>B")
    first = elect("irv", box, ties="chair", chair=("C", "B"))
    assert ([(one.by, one.chosen) for one in first.breaks], first.winners) == ([("chair", "B")], ("C",))
    assert elect("approval", {("A",): 2, ("B",): 2}, ties="chair", chair=("B", "A")).winners == ("B",)
    assert elect("irv", box, ties="chair", chair=("A", "B")).tied == ("B", "C")


def test_where_none_of_these_may_be_chosen_it_is_counted_and_elects_nobody() -> None:
    options = ("A", "B")
    found = elect("choose", {("A",): 2, "none_of_these": 5, (): 1}, options=options, none_of_these=True)
    assert (found.winners, found.facts["none_of_these"], found.counted) == (("A",), 5, 7)
    nobody = elect("choose", {("none_of_these",): 3}, options=("A",), none_of_these=True)
    assert (nobody.verdict, nobody.winners, nobody.reasons[-1].key) == (Verdict.UNDECIDED, (), "election.nobody")
    for manifest in (Manifest("choose", options, MAJORITY, 9), Manifest("choose", options, MAJORITY, 9, {"most": 2})):
        with pytest.raises(ValueError, match=r"^ballot\.choice$"):
            method_of(manifest).validate(manifest, ["none_of_these"])
    with pytest.raises(ValueError, match=r"^manifest\.settings\.none_of_these$"):
        method_of(Manifest("choose", ("A", "none_of_these"), MAJORITY, 9, {"none_of_these": True}))


@pytest.mark.parametrize(("name", "choice"), [("score", (("A", 0), ("B", 0))), ("dot", (("A", 0),))])
def test_points_that_all_give_nothing_choose_nobody(name: str, choice: Any) -> None:
    found = elect(name, {choice: 3}, options=("A", "B"))
    assert (found.verdict, found.winners) == (Verdict.UNDECIDED, ())


def test_a_meeting_time_is_ranked_by_who_cannot_come_and_then_by_who_gladly_can() -> None:
    one, two, three = (f"2026-10-25T1{hour}:00:00Z" for hour in (7, 8, 9))
    manifest = Manifest("meeting-time", (one, two, three), MAJORITY, 9)
    ballots = [((one, 2), (two, 1)), ((one, 2), (two, 2)), ((two, 1), (three, 1)), ((one, 0), (two, 1))]
    found = tally(manifest, [Ballot(ballot) for ballot in ballots])
    assert isinstance(found, Election)
    assert (found.verdict, found.winners, found.ranking) == (Verdict.NOTED, (), ((two,), (one,), (three,)))
    assert found.facts["no"] == {one: 2, two: 0, three: 3}
    struck = tally(replace(manifest, settings={"withdrawn": (two,)}), [Ballot(ballot) for ballot in ballots])
    assert isinstance(struck, Election)
    assert struck.ranking == ((one,), (three,))


@pytest.mark.parametrize(
    "word",
    [
        "tonight",
        "2026-10-25",
        "2026-10-25T17:00:00",
        "2026-10-25T17:00:00+00:00",
        "2026-10-25T17:00Z",
        "2026-13-01T00:00:00Z",
    ],
)
def test_a_time_has_one_spelling(word: str) -> None:
    with pytest.raises(ValueError, match=r"^manifest\.options\.instant$"):
        method_of(Manifest("meeting-time", (word,), MAJORITY, 9))


@pytest.mark.parametrize(("accepted", "verdict"), [(4, "undecided"), (5, "decided"), (6, "decided")])
def test_there_are_enough_when_the_target_is_reached(accepted: int, verdict: str) -> None:
    manifest = Manifest("count-me-in", ("accept", "decline"), MAJORITY, 20, {"target": 5})
    found = tally_distinct(manifest, {"accept": accepted, "decline": 9})
    assert isinstance(found, Result)
    assert (found.verdict, found.base_size, found.needed) == (verdict, accepted + 9, 5)
    assert found.reasons[-1].facts == {"accepted": accepted, "target": 5}


@pytest.mark.parametrize("given", [{}, {"target": 0}, {"target": True}, {"target": 2.5}])
def test_who_counts_needs_a_target(given: Any) -> None:
    with pytest.raises(ValueError, match=r"^manifest\.settings\.target$"):
        method_of(Manifest("count-me-in", ("accept", "decline"), MAJORITY, 20, given))


def test_in_a_question_round_a_reason_is_all_there_is() -> None:
    manifest = Manifest("question-round", ("answer",), MAJORITY, 9)
    assert method_of(manifest).needs_reason(manifest, ())
    found = tally(manifest, [Ballot(())] * 3)
    assert isinstance(found, Result)
    assert (found.verdict, found.counts, found.reasons[-1].key) == (Verdict.NOTED, {"answer": 3}, "noted")


def test_votes_that_are_lost_stop_the_count() -> None:
    class Careless(Decimals):
        def whole(self, votes: int) -> int:
            return votes + 1

    count = PaperCount(("A", "B"), {("A",): 2, ("B",): 1}, 1, Careless(0), Umpire(Ties.ORDER, ("A", "B")))
    with pytest.raises(ArithmeticError):
        count.run()


def test_larger_steps_of_equal_shares_are_said_in_the_manifest_and_may_fund_others() -> None:
    box = {("x", "z"): 3, ("y",): 1}
    given = {"budget": 10, "costs": {"x": 6, "y": 4, "z": 4}, "options": ("x", "y", "z")}
    found = elect("equal-shares", box, step=2, **given)
    assert (found.facts["added_per_voter"], len(found.winners)) == (0, 1)
    assert [usual_step(*money) for money in ((1_000_000, 100), (5_000, 100), (3_000_000_00, 2_500))] == [10, 1, 120]


# Elsewhere in the numbers


def test_g9_a_vote_without_electors_cannot_be() -> None:
    with pytest.raises(ValueError, match=r"^manifest\.roll_size$"):
        Manifest("proposal", WORDS, MAJORITY, 0)


@pytest.mark.parametrize("name", ["irv", "stv-scottish", "meek"])
def test_g44_an_unknown_candidate_is_refused_and_a_short_ranking_is_not(name: str) -> None:
    manifest = Manifest(name, ("A", "B", "C"), MAJORITY, 9)
    assert method_of(manifest).validate(manifest, ["B"]) == ("B",)
    with pytest.raises(ValueError, match=r"^ballot\.choice$"):
        method_of(manifest).validate(manifest, ["Z"])
