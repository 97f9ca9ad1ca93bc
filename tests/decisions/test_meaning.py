"""What a rule means: every number of the example and of the warnings is what the tally says."""

from dataclasses import replace
from datetime import timedelta
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from coopgov.decisions import meaning_words
from coopgov.decisions.meaning_words import explain
from coopgov.decisions.rules.meaning import (
    MEANING_KEYS,
    SOCIAL_COOP,
    WARNING_KEYS,
    Past,
    habit_of,
    meaning_of,
    usual,
)
from coopgov.tally.count import Manifest, Verdict, tally_distinct
from coopgov.tally.methods import METHODS
from coopgov.tally.methods.proposal import OPTIONS
from coopgov.tally.reason import Reason
from coopgov.tally.rule import PRESETS, Base, BlockKind, Blocks, Quorum, QuorumKind, Rule, Secrecy, Threshold
from tests.decisions.test_sentences import any_rule

rolls = st.integers(1, 60)
pasts = st.lists(
    st.builds(lambda more, *votes: Past(sum(votes) + more, *votes), *[st.integers(0, 20)] * 5), max_size=5
).filter(lambda past: all(vote.roll for vote in past))
LARGE = Past(304, 51, 5, 3)
of_some = settings(suppress_health_check=[HealthCheck.filter_too_much])  # laws about what not every rule has


def count(rule: Rule, roll: int, **votes: int) -> Verdict:
    """The verdict by the tally's one way in."""
    box = {choice: n for choice, n in votes.items() if n}
    return tally_distinct(Manifest("proposal", OPTIONS, rule, roll), box).verdict


def passes(rule: Rule, roll: int, **votes: int) -> bool:
    return count(rule, roll, **votes) is Verdict.PASSED


def said(reasons: tuple[Reason, ...], key: str) -> dict[str, int]:
    """The facts of the reason with this key; what has none is no case of the law."""
    found = [reason.facts for reason in reasons if reason.key == key]
    assume(found)
    return found[0]  # type: ignore[return-value]


def keys(reasons: tuple[Reason, ...]) -> set[str]:
    return {reason.key for reason in reasons}


@of_some
@given(any_rule, rolls, pasts)
def test_one_agreement_more_passes_and_one_less_does_not(rule, roll, past):
    facts = said(meaning_of(rule, roll, past).example, "meaning.example.passes")
    cast, abstain, needed = facts["cast"], facts["abstain"], facts["needed"]
    assert cast <= roll
    against = cast - abstain - needed
    assert passes(rule, roll, agree=needed, abstain=abstain, disagree=against)
    assert not needed or not passes(rule, roll, agree=needed - 1, abstain=abstain, disagree=against + 1)


@of_some
@given(any_rule, rolls, pasts)
def test_what_cannot_pass_at_the_usual_turnout_passes_with_no_number_of_agreements(rule, roll, past):
    facts = said(meaning_of(rule, roll, past).example, "meaning.example.cannot")
    sides = facts["cast"] - facts["abstain"]
    assert not any(passes(rule, roll, agree=n, abstain=facts["abstain"], disagree=sides - n) for n in range(sides + 1))


@given(any_rule, rolls, pasts)
def test_an_example_either_passes_with_some_number_or_cannot(rule, roll, past):
    assert len(keys(meaning_of(rule, roll, past).example) & {"meaning.example.passes", "meaning.example.cannot"}) == 1


@of_some
@given(any_rule, rolls, pasts)
def test_so_many_blocks_stop_it_and_one_less_does_not(rule, roll, past):
    example = meaning_of(rule, roll, past).example
    blocks, agree = (said(example, "meaning.blocks")[name] for name in ("blocks", "agree"))
    abstain = said(example, "meaning.example.passes")["abstain"]
    assert not passes(rule, roll, agree=agree, abstain=abstain, block=blocks)
    assert passes(rule, roll, agree=agree + 1, abstain=abstain, block=blocks - 1)


@of_some
@given(any_rule, rolls)
def test_with_the_fewest_votes_it_passes_and_with_fewer_it_does_not(rule, roll):
    fewest = said(meaning_of(rule, roll).example, "meaning.fewest")["votes"]
    assert passes(rule, roll, agree=fewest)
    assert not any(passes(rule, roll, agree=n) for n in range(fewest))


@given(any_rule, rolls)
def test_what_cannot_be_reached_does_not_pass_even_if_all_agree(rule, roll):
    meaning = meaning_of(rule, roll)
    unreachable = "warning.unreachable" in keys(meaning.warnings)
    assert unreachable is not passes(rule, roll, agree=roll)
    assert unreachable is ("meaning.fewest" not in keys(meaning.example))


@of_some
@given(any_rule.map(lambda rule: replace(rule, quorum=Quorum(), extension=timedelta(0))), rolls, pasts)
def test_both_readings_of_voting_members_are_the_tallys_and_differ(rule, roll, past):
    example = meaning_of(rule, roll, past).example
    facts, abstain = said(example, "meaning.readings"), said(example, "meaning.example.passes")["abstain"]
    assert facts["of_sides"] != facts["of_cast"]
    for base, needed in ((Base.DECISIVE, facts["of_sides"]), (Base.CAST, facts["of_cast"])):
        read = replace(rule, base=base)
        against = facts["sides"] - needed
        assert passes(read, roll, agree=needed, abstain=abstain, disagree=against)
        assert not needed or not passes(read, roll, agree=needed - 1, abstain=abstain, disagree=against + 1)


@of_some
@given(any_rule.filter(lambda rule: rule.quorum.kind is not QuorumKind.NONE), rolls)
def test_the_no_show_warning_names_a_vote_against_that_makes_it_pass(rule, roll):
    agree = said(meaning_of(rule, roll).warnings, "warning.no_show")["agree"]
    assert count(rule, roll, agree=agree) is Verdict.NO_QUORUM
    assert passes(rule, roll, agree=agree, disagree=1)


@given(any_rule, st.integers(1, 25))
def test_without_the_warning_no_vote_against_can_help_a_proposal_to_its_quorum(rule, roll):
    if "warning.no_show" in keys(meaning_of(rule, roll).warnings):
        return
    for agree in range(roll):
        if count(rule, roll, agree=agree) is Verdict.NO_QUORUM:
            assert not any(passes(rule, roll, agree=agree, disagree=n) for n in range(1, roll - agree + 1))


@given(any_rule, rolls, pasts)
def test_the_missed_quorums_are_the_tallys(rule, roll, past):
    missed = [
        count(rule, vote.roll, agree=vote.agree, abstain=vote.abstain, disagree=vote.disagree, block=vote.block)
        is Verdict.NO_QUORUM
        for vote in past
    ]
    warned = [one.facts for one in meaning_of(rule, roll, past).warnings if one.key == "warning.quorum_missed"]
    assert warned == ([{"missed": sum(missed), "votes": len(past)}] if any(missed) else [])


@given(any_rule, rolls)
def test_what_happens_if_nobody_votes_is_the_tallys_verdict(rule, roll):
    assert f"meaning.nobody.{count(rule, roll)}" in keys(meaning_of(rule, roll).example)


@given(st.integers(1, 10_000), pasts)
def test_the_usual_turnout_leaves_at_least_one_who_takes_a_side(roll, past):
    cast, abstain = usual(habit_of(past), roll)
    assert 1 <= cast <= roll
    assert 0 <= abstain < cast


@of_some
@given(any_rule, rolls, pasts)
def test_every_meaning_can_be_said(rule, roll, past):
    meaning = meaning_of(rule, roll, past)
    assert keys(meaning.example) <= MEANING_KEYS
    assert keys(meaning.warnings) <= WARNING_KEYS
    assert all(explain(reason) and "%" not in explain(reason).replace("%)", "") for reason in meaning.example)
    assert all(explain(reason) for reason in meaning.warnings)


def test_every_key_has_words_and_no_word_is_without_a_key():
    assert set(meaning_words.PHRASES) | set(meaning_words.SPOKEN) == MEANING_KEYS | WARNING_KEYS


def sentences(rule: Rule, roll: int = 304, past: tuple[Past, ...] = ()) -> list[str]:
    meaning = meaning_of(rule, roll, past)
    return [explain(reason) for reason in (*meaning.example, *meaning.warnings)]


def test_the_ordinary_rule_at_social_coop_in_words():
    assert sentences(PRESETS["ordinary"]) == [
        "Turnout as at Social.Coop in December 2022, when 59 of 304 voted (19.4%).",
        "Of 304 on the roll, 59 vote: 28 must agree if 5 abstain.",
        "“Of voting members” can be read in two ways: 28 of the 54 who take a side, or 30 of all 59 who vote. This rule"
        " takes the first.",
        "6 blocks stop it there, if all others who take a side agree (48).",
        "A single vote is enough for it to pass, if that one agrees and nobody else votes.",
        "If nobody votes, nothing is decided, and it does not pass.",
    ]


def test_a_turnout_quorum_of_a_quarter_brings_its_warnings_with_numbers():
    rule = replace(PRESETS["simple_majority"], quorum=Quorum(QuorumKind.TURNOUT, Fraction(1, 4)))
    text = sentences(rule, past=(LARGE,) * 3)
    assert "Turnout as in the last 3 votes here (19.4%)." in text
    assert "At the usual turnout it cannot pass: 76 would have to agree, and 59 vote." in text
    assert any(one.startswith("Voting against can make it pass: with 75 who agree and nobody else") for one in text)
    assert "Of the last votes here (3), 3 would have missed this quorum." in text


def test_a_quorum_of_agreement_has_no_trap():
    assert not any("Voting against" in one for one in sentences(PRESETS["approval_quorum"]))


@pytest.mark.parametrize(
    ("change", "warns"),
    [
        ({"minimum_voting": timedelta(hours=71)}, "warning.short"),
        ({"minimum_voting": timedelta(0)}, "warning.short"),
        ({"secrecy": Secrecy.SECRET}, "warning.secret_few"),
        ({"quorum": Quorum(QuorumKind.ABSOLUTE, number=10)}, "warning.unreachable"),
        ({"base": Base.ELIGIBLE}, "warning.usual_turnout"),
    ],
)
def test_each_warning_is_given_where_it_belongs_and_nowhere_else(change, warns):
    plain = PRESETS["simple_majority"]
    assert warns in keys(meaning_of(replace(plain, **change), 9).warnings)
    assert keys(meaning_of(plain, 9).warnings) == set()


def test_three_days_of_voting_and_ten_electors_are_enough_not_to_be_warned():
    rule = replace(PRESETS["simple_majority"], minimum_voting=timedelta(days=3), secrecy=Secrecy.SECRET)
    assert keys(meaning_of(rule, 10).warnings) == set()


@pytest.mark.parametrize("method", sorted(METHODS))
def test_every_way_to_vote_has_a_meaning_in_words(method):
    meaning = meaning_of(PRESETS["sense_check"], 9, method=method)
    assert all(explain(reason) for reason in (*meaning.example, *meaning.warnings))
    if method == "lazy-consensus":
        assert keys(meaning.example) == {"meaning.nobody.passed"}


def test_two_votes_are_too_few_to_say_what_is_usual_and_three_are_enough():
    assert habit_of([Past(10, 9, 0, 0)] * 2) == SOCIAL_COOP
    assert habit_of([Past(10, 9, 0, 0)] * 3).votes == 3


@pytest.mark.parametrize(("seconder_required", "stop"), [(True, 2), (False, 1)])
def test_a_block_that_needs_a_second_one_stops_with_two(seconder_required, stop):
    blocks = Blocks(BlockKind.ANY_STOPS, seconder_required=seconder_required)
    rule = Rule(Threshold(Fraction(1, 2)), blocks=blocks, minimum_voting=timedelta(days=7))
    assert Reason("meaning.blocks", {"blocks": stop, "agree": 54 - stop}) in meaning_of(rule, 304).example
