"""Agree, abstain, disagree, block: worked cases with results known beforehand."""

from dataclasses import FrozenInstanceError, replace
from fractions import Fraction

import pytest

from coopgov.tally.canonical import LARGEST
from coopgov.tally.count import Ballot, Manifest, Reason, Verdict, method_of, tally
from coopgov.tally.rule import PRESETS, Base, BlockKind, Blocks, Quorum, QuorumKind, Rule, Threshold, Tie

OPTIONS = ("agree", "abstain", "disagree", "block")
HALF = Threshold(Fraction(1, 2))
MAJORITY = Threshold(Fraction(1, 2), strict=True)
TWO_THIRDS = Threshold(Fraction(2, 3))
TURNOUT_40 = Quorum(QuorumKind.TURNOUT, share=Fraction(2, 5))


def result(rule, agree=0, abstain=0, disagree=0, block=0, roll=1000):
    numbers = (agree, abstain, disagree, block)
    ballots = [Ballot(option) for option, number in zip(OPTIONS, numbers, strict=True) for _ in range(number)]
    return tally(Manifest("proposal", OPTIONS, rule, roll), ballots)


def verdict(rule, *numbers, **named):
    return result(rule, *numbers, **named).verdict


def keys(counted):
    return [reason.key for reason in counted.reasons]


def reason(counted, key):
    return next(reason for reason in counted.reasons if reason.key == key)


# --- nobody took a side


@pytest.mark.parametrize("rule", PRESETS.values(), ids=PRESETS)
def test_no_ballots_never_pass(rule):
    counted = result(rule)
    assert counted.verdict in (Verdict.UNDECIDED, Verdict.NO_QUORUM)
    assert keys(counted)[-1] == "ballots.none"


@pytest.mark.parametrize("base", Base)
def test_abstentions_alone_decide_nothing(base):
    counted = result(Rule(HALF, base=base, quorum=TURNOUT_40), abstain=50, roll=100)
    assert counted.verdict is Verdict.UNDECIDED
    assert keys(counted) == ["turnout", "quorum.met", "ballots.only_abstentions"]
    assert counted.reasons[-1].facts == {"cast": 50}


def test_without_a_quorum_an_empty_box_is_undecided():
    counted = result(Rule(HALF), roll=10)
    assert counted.verdict is Verdict.UNDECIDED
    assert (counted.base_size, counted.needed, counted.quorum_needed, counted.quorum_have) == (0, 1, 0, 0)


def test_with_a_quorum_an_empty_box_has_none():
    assert verdict(Rule(HALF, quorum=TURNOUT_40), roll=10) is Verdict.NO_QUORUM


# --- quorum


def test_abstentions_complete_a_turnout_quorum_but_not_a_decisive_one():
    decisive = Quorum(QuorumKind.DECISIVE, share=Fraction(2, 5))
    assert verdict(Rule(HALF, quorum=TURNOUT_40), agree=1, abstain=99, roll=100) is Verdict.PASSED
    assert verdict(Rule(HALF, quorum=decisive), agree=1, abstain=99, roll=100) is Verdict.NO_QUORUM


@pytest.mark.parametrize(
    ("kind", "have"), [(QuorumKind.TURNOUT, 10), (QuorumKind.DECISIVE, 8), (QuorumKind.APPROVAL, 5)]
)
def test_each_quorum_counts_its_own_ballots(kind, have):
    counted = result(Rule(HALF, quorum=Quorum(kind, share=Fraction(1, 100))), 5, 2, 2, 1, roll=1000)
    assert (counted.quorum_have, counted.quorum_needed) == (have, 10)
    assert counted.reasons[1].facts == {"kind": kind, "have": have, "needed": 10, "roll": 1000, "share": "1/100"}


def test_an_absolute_quorum_counts_all_ballots():
    rule = Rule(HALF, quorum=Quorum(QuorumKind.ABSOLUTE, number=10))
    assert verdict(rule, agree=6, abstain=4) is Verdict.PASSED
    missed = result(rule, agree=5, abstain=4)
    assert missed.verdict is Verdict.NO_QUORUM
    assert missed.reasons[1] == Reason("quorum.missed", {"kind": "absolute", "have": 9, "needed": 10, "roll": 1000})


def test_a_missed_quorum_hides_neither_the_counts_nor_the_threshold():
    counted = result(Rule(HALF, quorum=TURNOUT_40), agree=3, roll=100)
    assert counted.verdict is Verdict.NO_QUORUM
    assert counted.counts["agree"] == 3
    assert keys(counted) == ["turnout", "quorum.missed", "threshold.met"]


@pytest.mark.parametrize("percent", [29, 57, 58])
def test_a_quorum_that_floats_miss_is_met(percent):
    rule = Rule(HALF, quorum=Quorum(QuorumKind.TURNOUT, share=Fraction(percent, 100)))
    assert verdict(rule, agree=percent, roll=100) is Verdict.PASSED
    assert verdict(rule, agree=percent - 1, roll=100) is Verdict.NO_QUORUM


def test_one_member_and_a_full_quorum_work():
    full = Rule(MAJORITY, quorum=Quorum(QuorumKind.TURNOUT, share=Fraction(1)))
    assert verdict(full, agree=1, roll=1) is Verdict.PASSED


def test_a_vote_against_can_make_a_proposal_pass_by_completing_the_turnout():
    """The no-show paradox: 39 agree and fail for want of a quorum; a 40th who disagrees makes it pass."""
    rule = Rule(MAJORITY, quorum=TURNOUT_40)
    assert verdict(rule, agree=39, roll=100) is Verdict.NO_QUORUM
    passed = result(rule, agree=39, disagree=1, roll=100)
    assert passed.verdict is Verdict.PASSED
    assert passed.reasons[-1] == Reason("quorum.owed_to_opposition", {"against": 1, "without": 39, "needed": 40})


def test_a_quorum_that_supporters_complete_alone_owes_nothing():
    counted = result(Rule(MAJORITY, quorum=TURNOUT_40), agree=40, disagree=10, roll=100)
    assert counted.verdict is Verdict.PASSED
    assert keys(counted) == ["turnout", "quorum.met", "threshold.met"]


def test_a_proposal_that_fails_owes_the_opposition_nothing():
    assert "quorum.owed_to_opposition" not in keys(result(Rule(HALF, quorum=TURNOUT_40), 10, 0, 35, 0, roll=100))


def test_an_approval_quorum_owes_nothing_to_the_opposition():
    rule = Rule(MAJORITY, quorum=Quorum(QuorumKind.APPROVAL, share=Fraction(1, 10)))
    counted = result(rule, agree=12, disagree=11, roll=100)
    assert counted.verdict is Verdict.PASSED
    assert "quorum.owed_to_opposition" not in keys(counted)


# --- threshold and base


@pytest.mark.parametrize(
    ("agree", "disagree", "expected"), [(2, 1, "passed"), (66, 33, "passed"), (66, 34, "failed"), (67, 33, "passed")]
)
def test_two_thirds_are_exact(agree, disagree, expected):
    assert verdict(PRESETS["two_thirds"], agree=agree, disagree=disagree) == expected


@pytest.mark.parametrize(("agree", "disagree", "expected"), [(3, 1, "passed"), (2, 1, "failed")])
def test_three_quarters_are_exact(agree, disagree, expected):
    assert verdict(PRESETS["bylaws"], agree=agree, disagree=disagree) == expected


def test_abstentions_weigh_only_in_the_base_of_ballots_cast():
    assert verdict(Rule(TWO_THIRDS), agree=2, abstain=7, disagree=1) is Verdict.PASSED
    assert verdict(Rule(TWO_THIRDS, base=Base.CAST), agree=2, abstain=7, disagree=1) is Verdict.FAILED


@pytest.mark.parametrize(("agree", "expected"), [(6, "failed"), (7, "passed")])
def test_the_base_of_the_eligible_counts_those_who_stayed_away(agree, expected):
    counted = result(Rule(TWO_THIRDS, base=Base.ELIGIBLE), agree=agree, roll=10)
    assert counted.verdict == expected
    assert (counted.base_size, counted.needed) == (10, 7)


def test_the_threshold_is_explained_with_its_numbers():
    counted = result(replace(PRESETS["simple_majority"], base=Base.CAST), agree=51, disagree=3, abstain=5)
    assert reason(counted, "threshold.met").facts == {
        "agree": 51,
        "base": 59,
        "base_kind": "cast",
        "share": "1/2",
        "strict": 1,
        "needed": 30,
    }


def test_the_turnout_is_explained_with_its_numbers():
    counted = result(PRESETS["ordinary"], agree=51, abstain=5, disagree=3, roll=304)
    assert counted.reasons[0] == Reason("turnout", {"cast": 59, "roll": 304, "abstain": 5})


# --- ties


def test_two_to_two_meets_at_least_half_and_fails_by_the_tie_rule():
    counted = result(PRESETS["ordinary"], agree=2, disagree=2)
    assert counted.verdict is Verdict.FAILED
    assert keys(counted)[2:] == ["threshold.met", "tie.fails"]
    assert counted.reasons[-1].facts == {"agree": 2, "against": 2}
    assert (reason(counted, "threshold.met").facts["needed"], counted.needed) == (2, 3)


def test_two_to_two_passes_at_least_half_where_the_threshold_alone_decides():
    counted = result(Rule(HALF, tie=Tie.THRESHOLD), agree=2, disagree=2)
    assert counted.verdict is Verdict.PASSED
    assert keys(counted)[2:] == ["threshold.met", "tie.threshold_decides"]
    assert counted.needed == 2


@pytest.mark.parametrize("threshold", [HALF, MAJORITY])
def test_a_tie_is_declared_where_the_rule_says_so(threshold):
    counted = result(Rule(threshold, tie=Tie.DECLARE), agree=5, disagree=4, block=1)
    assert counted.verdict is Verdict.TIED
    assert counted.reasons[3] == Reason("tie.declared", {"agree": 5, "against": 5})
    assert counted.needed == 6


@pytest.mark.parametrize("tie", [Tie.FAILS, Tie.THRESHOLD])
def test_two_to_two_is_not_more_than_half(tie):
    counted = result(Rule(MAJORITY, tie=tie), agree=2, disagree=2)
    assert counted.verdict is Verdict.FAILED
    assert "threshold.missed" in keys(counted)
    assert counted.needed == 3


@pytest.mark.parametrize("base", [Base.CAST, Base.ELIGIBLE])
def test_half_against_half_is_no_tie_when_others_are_in_the_base(base):
    counted = result(Rule(HALF, base=base, tie=Tie.DECLARE), agree=2, abstain=1, disagree=2, roll=5)
    assert counted.verdict is Verdict.FAILED
    assert counted.needed == 3
    assert "tie.declared" not in keys(counted)


def test_an_even_split_of_the_whole_roll_is_a_tie_in_every_base():
    for base in Base:
        assert verdict(Rule(HALF, base=base, tie=Tie.DECLARE), agree=2, disagree=2, roll=4) is Verdict.TIED


def test_half_of_the_base_is_no_tie_when_the_other_half_abstains():
    counted = result(Rule(HALF, base=Base.CAST), agree=2, abstain=2)
    assert counted.verdict is Verdict.PASSED
    assert counted.needed == 2


def test_an_even_split_under_another_threshold_is_no_tie():
    assert verdict(Rule(TWO_THIRDS, tie=Tie.DECLARE), agree=2, disagree=2) is Verdict.FAILED
    assert verdict(Rule(Threshold(Fraction(1, 3)), tie=Tie.DECLARE), agree=2, disagree=2) is Verdict.PASSED


def test_a_block_that_stops_goes_before_a_tie():
    rule = Rule(HALF, blocks=Blocks(BlockKind.ANY_STOPS), tie=Tie.DECLARE)
    counted = result(rule, agree=2, disagree=1, block=1)
    assert counted.verdict is Verdict.FAILED
    assert keys(counted)[-2:] == ["tie.declared", "blocks.stopped"]


# --- blocks, with Social.Coop's real numbers


def test_social_coops_budget_vote_of_2022_passes():
    counted = result(PRESETS["ordinary"], agree=51, abstain=5, disagree=3, roll=304)
    assert counted.verdict is Verdict.PASSED
    assert (counted.cast, counted.base_size, counted.needed) == (59, 54, 28)
    assert counted.counts == {"agree": 51, "abstain": 5, "disagree": 3, "block": 0}


def test_nine_in_ten_override_one_block_among_those_who_took_a_side():
    counted = result(PRESETS["ordinary"], agree=51, abstain=5, disagree=3, block=1, roll=304)
    assert counted.verdict is Verdict.PASSED
    assert counted.reasons[-1] == Reason(
        "blocks.overridden",
        {"blocks": 1, "agree": 51, "base": 55, "base_kind": "decisive", "share": "9/10", "needed": 50},
    )


def test_the_same_block_stops_when_abstentions_are_in_the_base():
    rule = replace(PRESETS["ordinary"], base=Base.CAST)
    counted = result(rule, agree=51, abstain=5, disagree=3, block=1, roll=304)
    assert counted.verdict is Verdict.FAILED
    assert counted.reasons[-1] == Reason(
        "blocks.not_overridden",
        {"blocks": 1, "agree": 51, "base": 60, "base_kind": "cast", "share": "9/10", "needed": 54},
    )


def test_social_coops_member_check_of_2020_passes():
    assert verdict(PRESETS["ordinary"], agree=22, abstain=5, disagree=1, roll=111) is Verdict.PASSED


def test_the_bylaws_of_2017_pass_with_six_of_twenty_one():
    assert verdict(PRESETS["bylaws"], agree=6, roll=21) is Verdict.PASSED


@pytest.mark.parametrize(
    ("numbers", "roll", "expected"),
    [((51, 5, 3, 0), 304, "passed"), ((22, 5, 1, 0), 111, "passed"), ((4, 0, 0, 0), 96, "no_quorum")],
)
def test_a_tenth_of_the_roll_agreed_in_both_well_attended_votes(numbers, roll, expected):
    assert verdict(PRESETS["approval_quorum"], *numbers, roll=roll) == expected


@pytest.mark.parametrize(("block", "expected"), [(0, "passed"), (1, "failed")])
def test_consent_passes_only_without_a_block(block, expected):
    assert verdict(PRESETS["consent"], agree=8, abstain=3, block=block) == expected


def test_consent_takes_a_disagreement_for_an_objection():
    counted = result(PRESETS["consent"], agree=8, disagree=1)
    assert counted.verdict is Verdict.FAILED
    assert counted.needed == counted.base_size == 9


def test_any_block_stops_a_proposal_that_meets_its_threshold():
    counted = result(Rule(HALF, blocks=Blocks(BlockKind.ANY_STOPS)), agree=20, block=1)
    assert counted.verdict is Verdict.FAILED
    assert counted.reasons[2].key == "threshold.met"
    assert counted.reasons[-1] == Reason("blocks.stopped", {"blocks": 1})


@pytest.mark.parametrize(
    ("block", "expected", "key"), [(2, "passed", "blocks.within_limit"), (3, "failed", "blocks.over_limit")]
)
def test_two_blocks_are_borne_and_three_are_not(block, expected, key):
    counted = result(Rule(HALF, blocks=Blocks(BlockKind.UP_TO, number=2)), agree=20, block=block)
    assert counted.verdict == expected
    assert counted.reasons[-1] == Reason(key, {"blocks": block, "limit": 2})


def test_blocks_that_count_as_disagreements_are_in_every_base():
    counted = result(PRESETS["simple_majority"], agree=5, disagree=3, block=2)
    assert counted.verdict is Verdict.FAILED
    assert keys(counted)[2:] == ["threshold.missed", "tie.fails", "blocks.as_disagree"]


def test_a_withdrawn_block_leaves_no_trace():
    """Whoever withdraws a block casts another ballot: the count sees only the last one of each elector."""
    blocked = result(PRESETS["consent"], agree=8, block=1, roll=20)
    withdrawn = result(PRESETS["consent"], agree=8, abstain=1, roll=20)
    assert (blocked.verdict, withdrawn.verdict) == (Verdict.FAILED, Verdict.PASSED)
    assert not [key for key in keys(withdrawn) if key.startswith("blocks")]


def test_a_block_needs_a_reason_where_the_rule_says_so():
    strict, lenient = (Manifest("proposal", OPTIONS, PRESETS[name], 9) for name in ("ordinary", "simple_majority"))
    method = method_of(strict)
    assert [option for option in OPTIONS if method.needs_reason(strict, option)] == ["block"]
    assert not any(method.needs_reason(lenient, option) for option in OPTIONS)


# --- refusals


def refusal(*arguments, **named):
    with pytest.raises(ValueError) as refused:
        tally(*arguments, **named)
    return str(refused.value)


def manifest(options=OPTIONS, method="proposal", roll=3, rule=PRESETS["ordinary"]):
    return Manifest(method, options, rule, roll)


@pytest.mark.parametrize("choice", ["maybe", "", "Agree", "agree ", None, 1, True, ["agree"]])
def test_a_foreign_option_is_refused(choice):
    assert refusal(manifest(), [Ballot("agree"), Ballot(choice)]) == "ballot.choice"


def test_a_block_is_refused_where_none_is_offered():
    assert refusal(manifest(("agree", "abstain", "disagree")), [Ballot("block")]) == "ballot.choice"


def test_as_many_ballots_as_electors_are_counted_and_no_more():
    assert tally(manifest(), [Ballot("agree")] * 3).cast == 3
    assert refusal(manifest(), [Ballot("agree")] * 4) == "ballots.more_than_roll"


def test_an_unknown_method_is_refused():
    assert refusal(manifest(method="acclamation"), []) == "manifest.method"


@pytest.mark.parametrize(
    ("options", "key"),
    [
        (("agree", "disagree", "perhaps"), "manifest.options.unknown"),
        (("agree",), "manifest.options.one_sided"),
        (("agree", "abstain"), "manifest.options.one_sided"),
        (("disagree", "block"), "manifest.options.one_sided"),
    ],
)
def test_options_that_make_no_proposal_are_refused(options, key):
    assert refusal(manifest(options), []) == key


@pytest.mark.parametrize("options", [("agree", "disagree"), ("block", "agree"), ("agree", "abstain", "block")])
def test_a_proposal_may_offer_fewer_options_in_any_order(options):
    counted = tally(manifest(options), [Ballot("agree")])
    assert counted.verdict is Verdict.PASSED
    assert list(counted.counts) == list(options)


@pytest.mark.parametrize(
    ("arguments", "key"),
    [
        ((None, OPTIONS, PRESETS["consent"], 1), "manifest.method"),
        (("proposal", list(OPTIONS), PRESETS["consent"], 1), "manifest.options"),
        (("proposal", (), PRESETS["consent"], 1), "manifest.options"),
        (("proposal", ("agree", "agree"), PRESETS["consent"], 1), "manifest.options"),
        (("proposal", ("agree", ""), PRESETS["consent"], 1), "manifest.options"),
        (("proposal", ("agree", ["block"]), PRESETS["consent"], 1), "manifest.options"),
        (("proposal", OPTIONS, "consent", 1), "manifest.rule"),
        (("proposal", OPTIONS, PRESETS["consent"], 0), "manifest.roll_size"),
        (("proposal", OPTIONS, PRESETS["consent"], True), "manifest.roll_size"),
        (("proposal", OPTIONS, PRESETS["consent"], 3.0), "manifest.roll_size"),
        (("proposal", OPTIONS, PRESETS["consent"], LARGEST + 1), "manifest.roll_size"),
    ],
)
def test_an_impossible_manifest_cannot_be_made(arguments, key):
    with pytest.raises(ValueError) as refused:
        Manifest(*arguments)
    assert str(refused.value) == key


def test_neither_manifest_nor_ballot_nor_result_can_be_changed():
    for fact, name in ((manifest(), "roll_size"), (Ballot("agree"), "choice"), (result(PRESETS["consent"]), "verdict")):
        with pytest.raises(FrozenInstanceError):
            setattr(fact, name, None)


def test_the_largest_roll_and_one_option_make_a_manifest():
    assert Manifest("proposal", ("agree",), PRESETS["consent"], LARGEST).roll_size == LARGEST


# --- the plain form


def test_a_result_is_written_out_in_full():
    assert result(PRESETS["simple_majority"], agree=2, disagree=1, roll=4).to_plain() == {
        "v": 1,
        "verdict": "passed",
        "counts": {"agree": 2, "abstain": 0, "disagree": 1, "block": 0},
        "cast": 3,
        "roll_size": 4,
        "base_size": 3,
        "needed": 2,
        "quorum_needed": 0,
        "quorum_have": 3,
        "reasons": [
            {"key": "turnout", "facts": {"cast": 3, "roll": 4, "abstain": 0}},
            {"key": "quorum.none", "facts": {}},
            {
                "key": "threshold.met",
                "facts": {"agree": 2, "base": 3, "base_kind": "decisive", "share": "1/2", "strict": 1, "needed": 2},
            },
        ],
    }


def test_ten_thousand_ballots_are_counted():
    counted = result(PRESETS["two_thirds"], 6_000, 1_000, 2_999, 1, roll=10_000)
    assert counted.verdict is Verdict.PASSED
    assert (counted.base_size, counted.needed) == (9_000, 6_000)
