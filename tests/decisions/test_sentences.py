"""Every key that the tally can give has a sentence, which the facts that come with it fill."""

from datetime import timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coopgov.decisions import sentences
from coopgov.decisions.roll_words import why_not_words
from coopgov.decisions.rules.entitlement import WHY_NOT_KEYS, WhyNot
from coopgov.decisions.rules.options import offered
from coopgov.decisions.sentences import (
    PHRASES,
    SPOKEN,
    STATES,
    deciding,
    meanings_of,
    rule_words,
    say,
    verdict_shown,
)
from coopgov.tally.count import REASON_KEYS, Manifest, Verdict, tally_distinct
from coopgov.tally.reason import Reason
from coopgov.tally.rule import (
    PRESETS,
    RULE_KEYS,
    Base,
    BlockKind,
    Blocks,
    Electors,
    Quorum,
    QuorumKind,
    Rule,
    Secrecy,
    Threshold,
    Tie,
)
from tests.conftest import NOW


def options_of(rule: Rule) -> tuple[str, ...]:
    return tuple(option.id for option in offered("proposal", rule))


def count_votes(rule: Rule, roll_size: int, counts: dict[str, int]):
    box = {choice: n for choice, n in counts.items() if n}
    return tally_distinct(Manifest("proposal", options_of(rule), rule, roll_size), box)


shares = st.fractions(min_value=Fraction(1, 20), max_value=1, max_denominator=20)
numbers = st.integers(1, 30)
thresholds = st.one_of(
    st.builds(Threshold, shares), st.builds(Threshold, shares.filter(lambda s: s < 1), st.just(True))
)
quorums = st.one_of(
    st.just(Quorum()),
    st.builds(Quorum, st.sampled_from([QuorumKind.TURNOUT, QuorumKind.DECISIVE, QuorumKind.APPROVAL]), shares),
    st.builds(Quorum, st.just(QuorumKind.ABSOLUTE), st.none(), numbers),
)
duties = st.booleans()
blocks = st.one_of(
    st.just(Blocks()),
    st.builds(Blocks, st.just(BlockKind.ANY_STOPS), reason_required=duties, seconder_required=duties),
    st.builds(Blocks, st.just(BlockKind.UP_TO), numbers, reason_required=duties),
    st.builds(Blocks, st.just(BlockKind.OVERRIDE), st.none(), shares, duties, duties),
)
times = st.integers(0, 183 * 86400).map(lambda seconds: timedelta(seconds=seconds))
later = st.sampled_from([timedelta(0), timedelta(hours=5), timedelta(days=3)])
any_rule = st.builds(
    lambda voting, urgent, extension, quorum, **others: Rule(
        minimum_voting=voting + (urgent or timedelta(0)),
        urgent=urgent or None,
        extension=extension if quorum.kind is not QuorumKind.NONE else timedelta(0),
        quorum=quorum,
        **others,
    ),
    voting=times,
    urgent=later,
    extension=later,
    quorum=quorums,
    threshold=thresholds,
    base=st.sampled_from(Base),
    blocks=blocks,
    tie=st.sampled_from(Tie),
    minimum_discussion=later,
    secrecy=st.sampled_from(Secrecy),
    cooling_off_days=st.integers(0, 366),
    electors=st.sampled_from(Electors),
)


def has_words(key: str) -> bool:
    variants = [key, *(f"{key}:{base}" for base in Base)]
    return key in SPOKEN or any(variant in PHRASES for variant in variants)


@pytest.mark.parametrize("key", sorted(REASON_KEYS | RULE_KEYS))
def test_every_key_of_the_tally_has_words(key):
    assert has_words(key)


@pytest.mark.parametrize("verdict", [*Verdict, "blocked"])
def test_every_verdict_has_a_word(verdict):
    assert STATES[verdict]


def test_a_key_without_words_is_an_error_and_not_silence():
    with pytest.raises(KeyError):
        say(Reason("nobody.knows", {}))


@given(any_rule)
def test_every_rule_can_be_said(rule):
    words = rule_words(rule)
    assert all(sentence.endswith(".") and "%(" not in sentence for sentence in words)
    assert set(options_of(rule)) <= set(meanings_of(rule)) == {"agree", "abstain", "disagree", "block"}


@given(any_rule, st.lists(st.integers(0, 12), min_size=4, max_size=4), st.integers(1, 60))
def test_every_result_can_be_said_and_one_step_decides(rule, numbers_of_votes, more):
    options = options_of(rule)
    counts = dict(zip(options, numbers_of_votes, strict=False))
    result = count_votes(rule, sum(counts.values()) + more, counts)
    assert all(say(reason).endswith((".", ").")) and "%(" not in say(reason) for reason in result.reasons)
    shown = verdict_shown(result.verdict.value, result.reasons)
    decisive = deciding(shown, result.reasons)
    expected = {"passed": "threshold.met", "no_quorum": "quorum.missed", "tied": "tie.declared"}
    if shown in expected:
        assert decisive.key == expected[shown]
    if shown == "blocked":
        assert decisive.key in sentences.STOPPING


@pytest.mark.parametrize("key", sorted(WHY_NOT_KEYS))
def test_every_reason_for_not_being_on_a_roll_has_words(key):
    assert why_not_words(WhyNot(key, NOW), NOW).endswith(".")


def test_the_verdict_on_a_real_vote_is_explained_with_its_numbers():
    result = count_votes(PRESETS["ordinary"], 304, {"agree": 51, "abstain": 5, "disagree": 3})
    said = [say(reason) for reason in result.reasons]
    assert "59 of 304 on the roll voted (19.4%). 5 abstained." in said
    assert "51 of the 54 who took a side agree (94.4%). At least half is needed." in said


def test_a_majority_that_blocks_alone_stop_is_called_blocked():
    result = count_votes(PRESETS["consent"], 9, {"agree": 5, "block": 1})
    assert result.verdict == "failed"
    assert verdict_shown("failed", result.reasons) == "failed"  # all have to agree: the block also misses that
    result = count_votes(PRESETS["ordinary"], 9, {"agree": 5, "block": 1})
    assert verdict_shown("failed", result.reasons) == "blocked"
    assert say(deciding("blocked", result.reasons)) == (
        "1 block stops it: fewer than nine tenths agree (5 of 6; 6 needed)."
    )


def test_a_quorum_completed_by_opponents_is_warned_of():
    rule = Rule(Threshold(Fraction(1, 2)), quorum=Quorum(QuorumKind.TURNOUT, Fraction(2, 5)))
    result = count_votes(rule, 100, {"agree": 39, "disagree": 1})
    assert result.verdict == "passed"
    assert any("helped it to pass" in say(reason) for reason in result.reasons)
