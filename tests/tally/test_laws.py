"""Laws of every method that counts heads, for every rule and box; those of elections stand in test_election_laws.py."""

import itertools
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coopgov.tally.canonical import canonical
from coopgov.tally.count import REASON_KEYS, Ballot, Limits, Manifest, Shape, Verdict, tally
from coopgov.tally.methods import METHODS
from coopgov.tally.rule import (
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
    describe,
)
from coopgov.tally.sides import Sides

PLAIN = Rule(Threshold(Fraction(1, 2)))
OPTIONS = ("agree", "abstain", "disagree", "block")
HEADS = {name: method for name, method in METHODS.items() if isinstance(method, Sides)}
WORDY = {name: method for name, method in HEADS.items() if "counts_as" in method.settings}
every_method = pytest.mark.parametrize("method", HEADS.values(), ids=HEADS)
every_method_of_words = pytest.mark.parametrize("method", WORDY.values(), ids=WORDY)
NO_QUORUM_HERE = ("lazy-consensus",)
often = settings(max_examples=100, deadline=None)

# Halves, thirds, quarters and the like are where ties and exact hits live; 29, 57 and 58 % are where floats fail.
USUAL = [Fraction(1, 2), Fraction(2, 3), Fraction(3, 4), Fraction(9, 10), Fraction(1, 3), Fraction(1)]
TRAPS = [Fraction(29, 100), Fraction(57, 100), Fraction(58, 100)]
SHARES = st.sampled_from(USUAL + TRAPS) | st.fractions(Fraction(1, 60), 1, max_denominator=60)


def thresholds():
    return st.builds(lambda share, strict: Threshold(share, strict and share != 1), share=SHARES, strict=st.booleans())


def quorums():
    of_roll = st.sampled_from([QuorumKind.TURNOUT, QuorumKind.DECISIVE, QuorumKind.APPROVAL])
    return st.one_of(
        st.just(Quorum()),
        st.builds(Quorum, of_roll, share=SHARES),
        st.builds(Quorum, st.just(QuorumKind.ABSOLUTE), number=st.integers(1, 12)),
    )


def block_rules():
    plain = st.sampled_from([BlockKind.AS_DISAGREE, BlockKind.ANY_STOPS])
    duties = {"reason_required": st.booleans(), "seconder_required": st.booleans()}
    return st.one_of(
        st.builds(Blocks, plain, **duties),
        st.builds(Blocks, st.just(BlockKind.UP_TO), number=st.integers(1, 3), **duties),
        st.builds(Blocks, st.just(BlockKind.OVERRIDE), override=SHARES, **duties),
    )


def rules():
    times = st.integers(0, 183 * 86400).map(lambda seconds: timedelta(seconds=seconds))

    def rule(voting, urgent, extension, quorum, **others):
        extension = timedelta(0) if quorum.kind is QuorumKind.NONE else extension
        return Rule(minimum_voting=voting + urgent, urgent=urgent or None, extension=extension, quorum=quorum, **others)

    return st.builds(
        rule,
        voting=times,
        urgent=times,
        extension=times,
        quorum=quorums(),
        threshold=thresholds(),
        base=st.sampled_from(Base),
        blocks=block_rules(),
        tie=st.sampled_from(Tie),
        minimum_discussion=times,
        secrecy=st.sampled_from(Secrecy),
        cooling_off_days=st.integers(0, 366),
        electors=st.sampled_from(Electors),
    )


def choice_of(method, option):
    """What a ballot says that chooses ``option``: in a question round there is nothing to choose."""
    return () if method.shape is Shape.NONE else option


@st.composite
def votes(draw, method=METHODS["proposal"], room=0):
    """A manifest and ballots for it, many of them for the first option, and ``room`` or more who have not voted."""
    support = [method.options[0]] * draw(st.integers(0, 8))
    chosen = support + draw(st.lists(st.sampled_from(method.options), max_size=6))
    ballots = [Ballot(choice_of(method, option)) for option in chosen]
    rule = draw(rules())
    if method.name in NO_QUORUM_HERE:
        rule = replace(rule, quorum=Quorum(), extension=timedelta(0))
    given = {"target": draw(st.integers(1, 10))} if method.name == "count-me-in" else {}
    roll = len(ballots) + room + draw(st.integers(0, 4))
    return Manifest(method.name, method.options, rule, max(1, roll), given), ballots


def passes(manifest, ballots):
    return tally(manifest, ballots).verdict is Verdict.PASSED


# --- over every method


@every_method
@often
@given(data=st.data())
def test_the_order_of_ballots_changes_no_byte(method, data):
    manifest, ballots = data.draw(votes(method))
    shuffled = data.draw(st.permutations(ballots))
    seed = data.draw(st.none() | st.just("5eed"))
    assert canonical(tally(manifest, shuffled, seed).to_plain()) == canonical(tally(manifest, ballots, seed).to_plain())


@every_method
@often
@given(data=st.data())
def test_counts_are_of_the_options_offered_and_sum_to_the_ballots_cast(method, data):
    manifest, ballots = data.draw(votes(method))
    result = tally(manifest, ballots)
    assert tuple(result.counts) == manifest.options
    assert sum(result.counts.values()) == result.cast == len(ballots) <= result.roll_size == manifest.roll_size


@every_method
@often
@given(data=st.data())
def test_reasons_are_known_keys_with_plain_facts(method, data):
    result = tally(*data.draw(votes(method)))
    assert {reason.key for reason in result.reasons} <= method.reason_keys <= REASON_KEYS
    assert all(type(fact) in (int, str) for reason in result.reasons for fact in reason.facts.values())


@every_method
@often
@given(data=st.data())
def test_a_choice_not_offered_is_refused_whatever_else_is_in_the_box(method, data):
    manifest, ballots = data.draw(votes(method, room=1))
    foreign = data.draw(st.text().filter(lambda choice: choice not in manifest.options))
    with pytest.raises(ValueError):
        tally(manifest, [*ballots, Ballot(foreign)])


@every_method
@often
@given(data=st.data())
def test_an_empty_box_passes_nothing_unless_silence_agrees(method, data):
    manifest, _ = data.draw(votes(method))
    verdict = tally(manifest, []).verdict
    assert verdict is Verdict.PASSED if method.name == "lazy-consensus" else verdict in ("undecided", "no_quorum")


@every_method
def test_every_option_is_valid_and_in_its_normal_form(method):
    manifest = Manifest(method.name, method.options, PLAIN, 1)
    for option in method.options:
        assert method.validate(manifest, choice_of(method, option)) == choice_of(method, option)


@every_method
def test_a_ballot_chooses_one_option_or_nothing(method):
    limits = method.limits(Manifest(method.name, method.options, PLAIN, 1))
    assert limits == (Limits(0, 0) if method.shape is Shape.NONE else Limits(1, 1))


@every_method
@pytest.mark.parametrize(
    "choice", ["maybe", "", None, 7, True, ("agree",), ["agree", "agree"], [()], {}, 1.5, {"agree"}]
)
def test_a_ballot_that_cannot_be_is_refused(method, choice):
    with pytest.raises(ValueError, match=r"^ballot\.choice$"):
        method.validate(Manifest(method.name, method.options, PLAIN, 1), choice)


@every_method_of_words
@often
@given(data=st.data())
def test_options_may_be_any_words_if_it_is_said_what_they_count_as(method, data):
    manifest, ballots = data.draw(votes(method))
    words = {f"word {number}": side for number, side in enumerate([*method.options, *method.options])}
    given = {**manifest.settings, "counts_as": words}
    wordy = replace(manifest, options=tuple(words), settings=given)
    of_side = {side: [word for word in words if words[word] == side] for side in method.options}
    said = [Ballot(data.draw(st.sampled_from(of_side[ballot.choice]))) for ballot in ballots]
    plain, result = tally(manifest, ballots), tally(wordy, said)
    assert replace(result, counts={}) == replace(plain, counts={})
    assert list(result.counts) == list(words)
    for side in method.options:
        assert sum(result.counts[word] for word in of_side[side]) == plain.counts[side]
        assert {method.needs_reason(wordy, word) for word in of_side[side]} == {method.needs_reason(manifest, side)}


@every_method_of_words
@pytest.mark.parametrize(
    "spoil",
    [
        lambda words: {**words, "another": next(iter(words.values()))},
        lambda words: dict(list(words.items())[1:]),
        lambda words: {**words, next(iter(words)): "whatever"},
        lambda words: {**words, next(iter(words)): 1},
        list,
        lambda words: "agree",
    ],
)
def test_words_that_do_not_cover_the_options_are_refused(method, spoil):
    words = {f"word {side}": side for side in method.options}
    given = {"target": 3} if method.name == "count-me-in" else {}
    method.check(Manifest(method.name, tuple(words), PLAIN, 1, {**given, "counts_as": words}))
    with pytest.raises(ValueError, match=r"^manifest\.settings\.counts_as$"):
        method.check(Manifest(method.name, tuple(words), PLAIN, 1, {**given, "counts_as": spoil(words)}))


@every_method
def test_a_setting_or_an_option_that_it_does_not_know_is_refused(method):
    given = {"target": 3} if method.name == "count-me-in" else {}
    with pytest.raises(ValueError, match=r"^manifest\.settings\.colour$"):
        method.check(Manifest(method.name, method.options, PLAIN, 1, {**given, "colour": 1}))
    with pytest.raises(ValueError, match=r"^manifest\.options\.unknown$"):
        method.check(Manifest(method.name, (*method.options, "perhaps"), PLAIN, 1, given))


@every_method
def test_the_registry_knows_a_method_by_its_own_name(method):
    assert METHODS[method.name] is method


# --- the key sets are closed and every key is reached


def all_small_rules():
    half = Fraction(1, 2)
    quorums = [Quorum(), Quorum(QuorumKind.ABSOLUTE, number=2)]
    quorums += [Quorum(kind, half) for kind in QuorumKind if kind not in (QuorumKind.NONE, QuorumKind.ABSOLUTE)]
    blocks = [Blocks(), Blocks(BlockKind.ANY_STOPS), Blocks(BlockKind.UP_TO, number=1, reason_required=True)]
    blocks += [Blocks(BlockKind.OVERRIDE, override=Fraction(2, 3)), Blocks(BlockKind.ANY_STOPS, seconder_required=True)]
    levels = [Threshold(half), Threshold(half, strict=True), Threshold(Fraction(1))]
    for level, quorum, block, tie in itertools.product(levels, quorums, blocks, Tie):
        yield Rule(level, quorum=quorum, blocks=block, tie=tie, minimum_voting=timedelta(days=len(block.kind) % 2))


def all_rules_of_time_and_roll():
    day, quorum = timedelta(days=1), Quorum(QuorumKind.ABSOLUTE, number=2)
    for secrecy, electors in itertools.product(Secrecy, Electors):
        times = {"minimum_voting": day, "minimum_discussion": day, "urgent": day, "extension": day}
        yield Rule(
            Threshold(Fraction(1)), quorum=quorum, secrecy=secrecy, electors=electors, cooling_off_days=9, **times
        )


def test_every_key_of_a_rule_is_reached_and_no_other():
    rules = [*all_small_rules(), *all_rules_of_time_and_roll()]
    assert {reason.key for rule in rules for reason in describe(rule)} == RULE_KEYS


@often
@given(rules())
def test_a_description_has_plain_facts(rule):
    described = describe(rule)
    assert {reason.key for reason in described} <= RULE_KEYS
    assert all(type(fact) in (int, str) for reason in described for fact in reason.facts.values())


VERDICTS = {
    "proposal": {"passed", "failed", "tied", "no_quorum", "undecided"},
    "consent": {"passed", "failed", "no_quorum", "undecided"},
    "lazy-consensus": {"passed", "failed"},
    "count-me-in": {"decided", "no_quorum", "undecided"},
}


@every_method
def test_every_verdict_and_every_key_of_a_result_is_reached_and_no_other(method):
    found, verdicts = set(), set()
    rules = [
        Rule(Threshold(Fraction(1, 2)), quorum=quorum) for quorum in (Quorum(), Quorum(QuorumKind.ABSOLUTE, None, 2))
    ]
    if method.name == "proposal":
        rules = list(all_small_rules())
    given = {"target": 2} if method.name == "count-me-in" else {}
    boxes = [box for size in range(5) for box in itertools.combinations_with_replacement(method.options, size)]
    for rule, box in itertools.product(rules[: 1 if method.name in NO_QUORUM_HERE else None], boxes):
        manifest = Manifest(method.name, method.options, rule, 4, given)
        result = tally(manifest, [Ballot(choice_of(method, option)) for option in box])
        found |= {reason.key for reason in result.reasons}
        verdicts.add(result.verdict)
    assert found == method.reason_keys
    assert verdicts == VERDICTS.get(method.name, {"noted", "no_quorum", "undecided"})
    assert method.decides == (Verdict.NOTED not in verdicts)


# --- rules


@often
@given(rules())
def test_a_rule_reads_back_exactly_as_it_was_written(rule):
    plain = rule.to_plain()
    assert Rule.from_plain(plain) == rule
    assert canonical(Rule.from_plain(plain).to_plain()) == canonical(plain)


@often
@given(SHARES, st.integers(0, 10**6), st.integers(1, 10**6))
def test_a_quorum_is_met_exactly_from_the_number_it_needs(share, have, roll):
    quorum = Quorum(QuorumKind.TURNOUT, share=share)
    assert quorum.met(have, roll) == (have >= quorum.needed(roll))
    assert 1 <= quorum.needed(roll) <= roll


@often
@given(thresholds(), st.integers(1, 10**6))
def test_a_threshold_is_met_from_the_number_it_needs_and_not_by_one_less(threshold, base):
    needed = threshold.needed(base)
    assert threshold.met(needed, base)
    assert not threshold.met(needed - 1, base)


# --- proposals


def expected_verdict(manifest, ballots):
    """The verdict by the definitions, in fractions instead of whole numbers."""
    rule, count = manifest.rule, Counter(ballot.choice for ballot in ballots)
    agree, against = count["agree"], count["disagree"] + count["block"]
    side = agree + against
    counted = {"decisive": side, "approval": agree}.get(rule.quorum.kind, len(ballots))
    if rule.quorum.share and Fraction(counted, manifest.roll_size) < rule.quorum.share:
        return "no_quorum"
    if rule.quorum.number and counted < rule.quorum.number:
        return "no_quorum"
    if side == 0:
        return "undecided"
    base = {"decisive": side, "cast": len(ballots), "eligible": manifest.roll_size}[rule.base]
    share, half = Fraction(agree, base), Fraction(1, 2)
    alone = 1 if rule.blocks.seconder_required else 0
    borne = {"as_disagree": 99, "any_stops": alone, "up_to": rule.blocks.number, "override": alone}[rule.blocks.kind]
    if count["block"] > borne and not (rule.blocks.override and share >= rule.blocks.override):
        return "failed"
    if rule.threshold.share == half and share == half and Fraction(against, base) == half and rule.tie != "threshold":
        return "tied" if rule.tie == "declare" else "failed"
    enough = share > rule.threshold.share or (share == rule.threshold.share and not rule.threshold.strict)
    return "passed" if enough else "failed"


@settings(max_examples=500, deadline=None)
@given(votes())
def test_the_verdict_is_what_the_definitions_say(vote):
    assert tally(*vote).verdict == expected_verdict(*vote)


@settings(max_examples=500, deadline=None)
@given(votes(room=1))
def test_one_more_who_agrees_never_stops_a_proposal_that_passes(vote):
    """No exception: neither threshold, base, quorum, override nor tie rule punishes support."""
    manifest, ballots = vote
    assert not passes(manifest, ballots) or passes(manifest, [*ballots, Ballot("agree")])


@often
@given(votes(room=1), st.sampled_from(["abstain", "disagree", "block"]))
def test_going_over_to_agree_never_stops_a_proposal_that_passes(vote, former):
    manifest, ballots = vote
    before = tally(manifest, [*ballots, Ballot(former)])
    assert before.verdict is not Verdict.PASSED or passes(manifest, [*ballots, Ballot("agree")])


@often
@given(votes(room=1), st.sampled_from(["disagree", "block"]))
def test_one_more_against_never_passes_a_proposal_unless_it_completes_the_turnout(vote, against):
    """The exception is the no-show paradox: only a missed turnout, decisive or absolute quorum can flip that way."""
    manifest, ballots = vote
    after = tally(manifest, [*ballots, Ballot(against)])
    if after.verdict is Verdict.PASSED and not passes(manifest, ballots):
        assert tally(manifest, ballots).verdict is Verdict.NO_QUORUM
        assert after.reasons[-1].key == "quorum.owed_to_opposition"


@often
@given(votes(room=1), SHARES, st.sampled_from(["disagree", "block", "abstain"]))
def test_under_an_approval_quorum_only_agreement_helps(vote, share, other):
    manifest, ballots = vote
    manifest = replace(manifest, rule=replace(manifest.rule, quorum=Quorum(QuorumKind.APPROVAL, share=share)))
    assert passes(manifest, ballots) or not passes(manifest, [*ballots, Ballot(other)])


@often
@given(thresholds(), st.sampled_from(Tie), st.integers(1, 40))
def test_the_number_needed_passes_and_one_less_does_not(threshold, tie, base):
    manifest = Manifest("proposal", OPTIONS, Rule(threshold, tie=tie), base)

    def result(agree):
        return tally(manifest, [Ballot("agree")] * agree + [Ballot("disagree")] * (base - agree))

    needed = result(0).needed
    assert {result(agree).needed for agree in range(base + 1)} == {needed}
    assert result(needed).verdict is Verdict.PASSED
    assert result(needed - 1).verdict is not Verdict.PASSED
