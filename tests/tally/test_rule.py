"""A rule is data that cannot be wrong."""

import copy
import json
from dataclasses import FrozenInstanceError
from datetime import timedelta
from fractions import Fraction
from pathlib import Path

import pytest

from coopgov.tally.canonical import LARGEST, canonical
from coopgov.tally.count import REASON_KEYS
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
    describe,
)

HALF = Fraction(1, 2)
MAJORITY = Threshold(HALF, strict=True)


def refusal(build, *arguments, **named):
    with pytest.raises(ValueError) as refused:
        build(*arguments, **named)
    return str(refused.value)


# --- thresholds


@pytest.mark.parametrize(
    ("share", "agree", "base", "met"),
    [
        ("2/3", 2, 3, True),
        ("2/3", 66, 99, True),
        ("2/3", 66, 100, False),
        ("2/3", 67, 100, True),
        ("3/4", 3, 4, True),
        ("3/4", 2, 3, False),
        ("1/2", 2, 4, True),
        ("1/1", 7, 7, True),
        ("1/1", 6, 7, False),
    ],
)
def test_at_least_includes_the_exact_share(share, agree, base, met):
    assert Threshold(Fraction(share)).met(agree, base) is met


@pytest.mark.parametrize(("agree", "base", "met"), [(5, 10, False), (6, 10, True), (1, 1, True), (2, 4, False)])
def test_more_than_half_excludes_the_exact_half(agree, base, met):
    assert MAJORITY.met(agree, base) is met


@pytest.mark.parametrize(
    ("threshold", "base", "needed"),
    [
        (Threshold(Fraction(2, 3)), 99, 66),
        (Threshold(Fraction(2, 3)), 100, 67),
        (MAJORITY, 4, 3),
        (MAJORITY, 5, 3),
        (Threshold(HALF), 4, 2),
        (Threshold(HALF), 0, 1),
        (MAJORITY, 0, 1),
        (Threshold(Fraction(1, 100)), 1, 1),
    ],
)
def test_the_number_needed_is_the_smallest_that_meets_and_never_none(threshold, base, needed):
    assert threshold.needed(base) == needed


@pytest.mark.parametrize(
    ("share", "strict", "key"),
    [
        (Fraction(0), False, "threshold.share"),
        (Fraction(-1, 2), False, "threshold.share"),
        (Fraction(3, 2), False, "threshold.share"),
        (Fraction(1, LARGEST + 1), False, "threshold.share"),
        (0.5, False, "threshold.share"),
        (1, False, "threshold.share"),
        (True, False, "threshold.share"),
        ("1/2", False, "threshold.share"),
        (HALF, 1, "threshold.strict"),
        (HALF, None, "threshold.strict"),
        (Fraction(1), True, "threshold.impossible"),
    ],
)
def test_a_share_is_an_exact_fraction_above_none_up_to_all(share, strict, key):
    assert refusal(Threshold, share, strict) == key


def test_the_finest_share_that_can_be_written_is_allowed():
    assert Threshold(Fraction(1, LARGEST)).needed(10) == 1


# --- quorum


@pytest.mark.parametrize("percent", range(1, 101))
def test_any_whole_percent_of_a_hundred_is_met_exactly_there(percent):
    quorum = Quorum(QuorumKind.TURNOUT, share=Fraction(percent, 100))
    assert quorum.met(percent, 100)
    assert not quorum.met(percent - 1, 100)
    assert quorum.needed(100) == percent


@pytest.mark.parametrize("roll", [1, 2, 3])
def test_a_third_of_a_tiny_roll_is_one_and_never_none(roll):
    quorum = Quorum(QuorumKind.TURNOUT, share=Fraction(33, 100))
    assert quorum.needed(roll) == 1
    assert not quorum.met(0, roll)


def test_half_of_nine_is_five():
    quorum = Quorum(QuorumKind.TURNOUT, share=HALF)
    assert (quorum.met(4, 9), quorum.met(5, 9), quorum.needed(9)) == (False, True, 5)


def test_an_absolute_quorum_does_not_grow_with_the_roll():
    quorum = Quorum(QuorumKind.ABSOLUTE, number=20)
    assert (quorum.needed(10), quorum.needed(10_000)) == (20, 20)
    assert (quorum.met(19, 100), quorum.met(20, 100)) == (False, True)


def test_no_quorum_is_met_by_nobody():
    assert Quorum().met(0, 100)
    assert Quorum().needed(100) == 0


@pytest.mark.parametrize(
    ("arguments", "key"),
    [
        (("turnout", HALF), "quorum.kind"),
        ((QuorumKind.NONE, HALF), "quorum.share"),
        ((QuorumKind.ABSOLUTE, HALF, 3), "quorum.share"),
        ((QuorumKind.TURNOUT,), "quorum.share"),
        ((QuorumKind.TURNOUT, Fraction(0)), "quorum.share"),
        ((QuorumKind.APPROVAL, 0.1), "quorum.share"),
        ((QuorumKind.NONE, None, 3), "quorum.number"),
        ((QuorumKind.DECISIVE, HALF, 3), "quorum.number"),
        ((QuorumKind.ABSOLUTE,), "quorum.number"),
        ((QuorumKind.ABSOLUTE, None, 0), "quorum.number"),
        ((QuorumKind.ABSOLUTE, None, True), "quorum.number"),
        ((QuorumKind.ABSOLUTE, None, 1.0), "quorum.number"),
        ((QuorumKind.ABSOLUTE, None, LARGEST + 1), "quorum.number"),
    ],
)
def test_a_quorum_carries_what_its_kind_needs_and_nothing_else(arguments, key):
    assert refusal(Quorum, *arguments) == key


def test_the_smallest_and_largest_absolute_quorum_are_allowed():
    assert [Quorum(QuorumKind.ABSOLUTE, number=number).needed(1) for number in (1, LARGEST)] == [1, LARGEST]


# --- blocks


def test_a_block_that_counts_as_a_disagreement_never_stops():
    assert not Blocks().stop(5, 0, 5)


@pytest.mark.parametrize(("blocks", "stop"), [(0, False), (1, True)])
def test_any_block_stops(blocks, stop):
    assert Blocks(BlockKind.ANY_STOPS).stop(blocks, 20, 20 + blocks) is stop


@pytest.mark.parametrize(("blocks", "stop"), [(0, False), (1, False), (2, True)])
@pytest.mark.parametrize("kind", [BlockKind.ANY_STOPS, BlockKind.OVERRIDE])
def test_where_a_block_needs_a_second_two_stop_and_one_does_not(kind, blocks, stop):
    share = Fraction(1) if kind is BlockKind.OVERRIDE else None
    assert Blocks(kind, override=share, seconder_required=True).stop(blocks, 8, 8 + blocks) is stop


@pytest.mark.parametrize(("blocks", "stop"), [(0, False), (2, False), (3, True)])
def test_up_to_two_blocks_are_borne(blocks, stop):
    assert Blocks(BlockKind.UP_TO, number=2).stop(blocks, 20, 20 + blocks) is stop


@pytest.mark.parametrize(
    ("blocks", "agree", "base", "stop"), [(1, 9, 10, False), (1, 89, 100, True), (1, 51, 60, True), (0, 1, 10, False)]
)
def test_blocks_stop_unless_the_override_share_agrees(blocks, agree, base, stop):
    assert Blocks(BlockKind.OVERRIDE, override=Fraction(9, 10)).stop(blocks, agree, base) is stop


@pytest.mark.parametrize(
    ("named", "key"),
    [
        ({"kind": "any_stops"}, "blocks.kind"),
        ({"kind": BlockKind.UP_TO}, "blocks.number"),
        ({"kind": BlockKind.UP_TO, "number": 0}, "blocks.number"),
        ({"kind": BlockKind.UP_TO, "number": True}, "blocks.number"),
        ({"kind": BlockKind.ANY_STOPS, "number": 1}, "blocks.number"),
        ({"kind": BlockKind.OVERRIDE}, "blocks.override"),
        ({"kind": BlockKind.OVERRIDE, "override": 0.9}, "blocks.override"),
        ({"kind": BlockKind.AS_DISAGREE, "override": HALF}, "blocks.override"),
        ({"kind": BlockKind.AS_DISAGREE, "reason_required": 1}, "blocks.reason_required"),
        ({"kind": BlockKind.ANY_STOPS, "seconder_required": 1}, "blocks.seconder_required"),
    ],
)
def test_a_block_rule_carries_what_its_kind_needs_and_nothing_else(named, key):
    assert refusal(Blocks, **named) == key


# --- the rule


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("threshold", HALF),
        ("base", "decisive"),
        ("quorum", None),
        ("blocks", None),
        ("tie", "fails"),
        ("minimum_voting", 6),
        ("minimum_voting", timedelta(seconds=-1)),
        ("minimum_voting", timedelta(days=366, seconds=1)),
        ("minimum_voting", timedelta(microseconds=1)),
        ("minimum_discussion", timedelta(seconds=-1)),
        ("minimum_discussion", timedelta(days=366, seconds=1)),
        ("minimum_discussion", None),
        ("urgent", 1),
        ("urgent", timedelta(0)),
        ("urgent", timedelta(seconds=1)),
        ("extension", timedelta(microseconds=1)),
        ("extension", timedelta(days=1)),
        ("secrecy", "secret"),
        ("cooling_off_days", -1),
        ("cooling_off_days", 367),
        ("cooling_off_days", True),
        ("cooling_off_days", 3.0),
        ("electors", "all"),
    ],
)
def test_a_rule_refuses_a_part_of_the_wrong_kind(field, value):
    assert refusal(Rule, **{"threshold": MAJORITY, field: value}) == f"rule.{field}"


def test_urgent_voting_may_be_as_long_as_any_and_no_longer():
    week = timedelta(days=7)
    assert Rule(MAJORITY, minimum_voting=week, urgent=week).urgent == week
    assert refusal(Rule, MAJORITY, minimum_voting=week, urgent=week + timedelta(seconds=1)) == "rule.urgent"


def test_voting_goes_on_only_for_the_sake_of_a_quorum():
    quorum, day = Quorum(QuorumKind.ABSOLUTE, number=3), timedelta(days=1)
    assert Rule(MAJORITY, quorum=quorum, extension=day).extension == day
    assert refusal(Rule, MAJORITY, extension=day) == "rule.extension"


def test_a_minimum_of_a_leap_year_is_allowed():
    rule = Rule(MAJORITY, minimum_voting=timedelta(days=366))
    assert Rule.from_plain(rule.to_plain()) == rule


def test_a_rule_says_little_by_default():
    rule = Rule(MAJORITY)
    assert (rule.base, rule.quorum.kind, rule.blocks.kind, rule.tie, rule.minimum_voting) == (
        Base.DECISIVE,
        QuorumKind.NONE,
        BlockKind.AS_DISAGREE,
        Tie.FAILS,
        timedelta(0),
    )
    assert (rule.minimum_discussion, rule.urgent, rule.extension) == (timedelta(0), None, timedelta(0))
    assert (rule.secrecy, rule.cooling_off_days, rule.electors) == (Secrecy.UNTIL_CLOSED, 0, Electors.ALL)


# --- presets


def test_the_ordinary_preset_has_social_coops_numbers():
    rule = PRESETS["ordinary"]
    assert (rule.threshold, rule.base, rule.quorum) == (Threshold(HALF), Base.DECISIVE, Quorum())
    assert (rule.blocks.kind, rule.blocks.override) == (BlockKind.OVERRIDE, Fraction(9, 10))
    assert (rule.tie, rule.minimum_voting, rule.urgent) == (Tie.FAILS, timedelta(days=6), timedelta(days=1))


def test_the_bylaws_preset_has_social_coops_numbers():
    rule = PRESETS["bylaws"]
    assert (rule.threshold, rule.blocks.override) == (Threshold(Fraction(3, 4)), Fraction(19, 20))
    assert rule.minimum_voting == timedelta(days=10)


def test_only_the_approval_preset_asks_for_a_quorum():
    assert {name for name, rule in PRESETS.items() if rule.quorum.kind is not QuorumKind.NONE} == {"approval_quorum"}
    assert PRESETS["approval_quorum"].quorum == Quorum(QuorumKind.APPROVAL, share=Fraction(1, 10))


def test_presets_are_named_as_documented():
    names = {"ordinary", "bylaws", "simple_majority", "two_thirds", "consent", "approval_quorum", "lazy", "sense_check"}
    assert set(PRESETS) == names
    assert {(rule.tie, rule.secrecy) for rule in PRESETS.values()} == {(Tie.FAILS, Secrecy.UNTIL_CLOSED)}
    assert {name for name, rule in PRESETS.items() if rule.urgent} == {"ordinary"}


def test_a_lazy_consensus_takes_two_weeks_and_a_sense_check_three_days():
    assert [PRESETS[name].minimum_voting.days for name in ("lazy", "sense_check")] == [14, 3]


def test_a_block_that_can_stop_a_preset_must_give_its_reason():
    stopping = {name for name, rule in PRESETS.items() if rule.blocks.kind is not BlockKind.AS_DISAGREE}
    assert stopping == {name for name, rule in PRESETS.items() if rule.blocks.reason_required}
    assert stopping == {"ordinary", "bylaws", "consent"}


def test_a_rule_that_asks_no_reason_for_blocks_speaks_of_none():
    assert [reason.key for reason in describe(PRESETS["simple_majority"])] == [
        "rule.threshold.more_than",
        "rule.tie.fails",
        "rule.blocks.as_disagree",
        "rule.quorum.none",
        "rule.time.at_least",
        "rule.secrecy.until_closed",
    ]


@pytest.mark.parametrize(
    ("part", "name"),
    [(MAJORITY, "share"), (Quorum(), "kind"), (Blocks(), "kind"), (PRESETS["ordinary"], "tie")],
)
def test_a_rule_cannot_be_changed(part, name):
    with pytest.raises(FrozenInstanceError):
        setattr(part, name, None)


def test_a_rule_without_a_minimum_says_so():
    assert describe(Rule(MAJORITY))[-2:] == (Reason("rule.time.none", {}), Reason("rule.secrecy.until_closed", {}))


def test_of_a_rule_only_the_parts_that_a_method_judges_by_are_spoken_of():
    said = [reason.key for reason in describe(PRESETS["ordinary"], {"quorum"})]
    assert said == ["rule.quorum.none", "rule.time.at_least", "rule.urgent", "rule.secrecy.until_closed"]
    assert [reason.key for reason in describe(PRESETS["lazy"], ())] == [
        "rule.time.at_least",
        "rule.secrecy.until_closed",
    ]


def test_the_documentation_names_every_preset_and_every_key():
    text = (Path(__file__).parents[2] / "docs" / "counting.md").read_text()
    assert [name for name in PRESETS if f"| `{name}` |" not in text] == []
    assert [key for key in REASON_KEYS if f"`{key}`" not in text] == []
    assert [key for key in RULE_KEYS if f"`{key}`" not in text and f"`.{key.rsplit('.', 1)[1]}`" not in text] == []


# --- plain form

EVERYTHING = Rule(
    threshold=Threshold(Fraction(2, 3), strict=True),
    base=Base.CAST,
    quorum=Quorum(QuorumKind.ABSOLUTE, number=20),
    blocks=Blocks(BlockKind.UP_TO, number=2, reason_required=True, seconder_required=True),
    tie=Tie.DECLARE,
    minimum_voting=timedelta(days=6, seconds=5),
    minimum_discussion=timedelta(days=2),
    urgent=timedelta(hours=36),
    extension=timedelta(days=3, seconds=1),
    secrecy=Secrecy.SECRET,
    cooling_off_days=90,
    electors=Electors.ORGANISATIONS,
)


def test_the_plain_form_is_written_out_in_full():
    assert EVERYTHING.to_plain() == {
        "v": 2,
        "threshold": {"share": [2, 3], "strict": True},
        "base": "cast",
        "quorum": {"kind": "absolute", "share": None, "number": 20},
        "blocks": {
            "kind": "up_to",
            "number": 2,
            "override": None,
            "reason_required": True,
            "seconder_required": True,
        },
        "tie": "declare",
        "minimum_voting_seconds": 518405,
        "discussion_seconds": 172800,
        "urgent_seconds": 129600,
        "extension_seconds": 259201,
        "secrecy": "secret",
        "cooling_off_days": 90,
        "electors": "organisations",
    }


FIRST_VERSION = {
    "v": 1,
    "threshold": {"share": [3, 4], "strict": False},
    "base": "decisive",
    "quorum": {"kind": "turnout", "share": [1, 3], "number": None},
    "blocks": {"kind": "override", "number": None, "override": [19, 20], "reason_required": True},
    "tie": "fails",
    "minimum_voting_seconds": 864000,
}


def test_a_rule_stored_in_the_first_version_keeps_its_meaning_and_is_open():
    assert Rule.from_plain(FIRST_VERSION) == Rule(
        Threshold(Fraction(3, 4)),
        quorum=Quorum(QuorumKind.TURNOUT, share=Fraction(1, 3)),
        blocks=Blocks(BlockKind.OVERRIDE, override=Fraction(19, 20), reason_required=True),
        minimum_voting=timedelta(days=10),
        secrecy=Secrecy.OPEN,
    )


@pytest.mark.parametrize("name", FIRST_VERSION)
def test_a_first_version_is_read_exactly(name):
    assert refusal(Rule.from_plain, {key: FIRST_VERSION[key] for key in FIRST_VERSION if key != name}) == "plain.fields"
    assert refusal(Rule.from_plain, {**FIRST_VERSION, "secrecy": "open"}) == "plain.fields"
    blocks = {**FIRST_VERSION["blocks"], "seconder_required": False}
    assert refusal(Rule.from_plain, {**FIRST_VERSION, "blocks": blocks}) == "plain.fields"


@pytest.mark.parametrize("rule", [EVERYTHING, *PRESETS.values()])
def test_a_rule_survives_being_stored_as_json(rule):
    assert Rule.from_plain(json.loads(canonical(rule.to_plain()))) == rule


def altered(path, value):
    plain = copy.deepcopy(EVERYTHING.to_plain())
    *way, last = path.split(".")
    part = plain
    for name in way:
        part = part[name]
    part[last] = value
    return plain


@pytest.mark.parametrize(
    ("path", "value", "key"),
    [
        ("v", 1, "plain.fields"),
        ("v", 3, "plain.version"),
        ("v", True, "plain.version"),
        ("v", 1.0, "plain.version"),
        ("v", "1", "plain.version"),
        ("extra", 1, "plain.fields"),
        ("threshold.extra", 1, "plain.fields"),
        ("quorum.extra", 1, "plain.fields"),
        ("blocks.extra", 1, "plain.fields"),
        ("threshold", [2, 3], "plain.fields"),
        ("threshold.share", None, "plain.fraction"),
        ("threshold.share", 0.5, "plain.fraction"),
        ("threshold.share", "2/3", "plain.fraction"),
        ("threshold.share", [4, 6], "plain.fraction"),
        ("threshold.share", [2, 0], "plain.fraction"),
        ("threshold.share", [-2, -3], "plain.fraction"),
        ("threshold.share", [True, 3], "plain.fraction"),
        ("threshold.share", [1, True], "plain.fraction"),
        ("threshold.share", [2.0, 3], "plain.fraction"),
        ("threshold.share", [2, 3, 1], "plain.fraction"),
        ("threshold.share", [3, 2], "threshold.share"),
        ("threshold.strict", 1, "threshold.strict"),
        ("base", "everybody", "plain.choice"),
        ("base", None, "plain.choice"),
        ("quorum.kind", "sometimes", "plain.choice"),
        ("quorum.share", [1, 2], "quorum.share"),
        ("quorum.share", 0.5, "plain.fraction"),
        ("quorum.number", True, "quorum.number"),
        ("quorum.number", 20.0, "quorum.number"),
        ("blocks.kind", [], "plain.choice"),
        ("blocks.number", True, "blocks.number"),
        ("blocks.number", "2", "blocks.number"),
        ("blocks.override", [9, 10], "blocks.override"),
        ("blocks.override", 0.9, "plain.fraction"),
        ("blocks.reason_required", 0, "blocks.reason_required"),
        ("tie", "lot", "plain.choice"),
        ("blocks.seconder_required", 0, "blocks.seconder_required"),
        ("discussion_seconds", None, "plain.seconds"),
        ("urgent_seconds", 0, "rule.urgent"),
        ("urgent_seconds", 1.5, "plain.seconds"),
        ("urgent_seconds", 518406, "rule.urgent"),
        ("extension_seconds", None, "plain.seconds"),
        ("secrecy", "hidden", "plain.choice"),
        ("cooling_off_days", None, "plain.days"),
        ("cooling_off_days", True, "plain.days"),
        ("cooling_off_days", 367, "rule.cooling_off_days"),
        ("electors", "everybody", "plain.choice"),
        ("minimum_voting_seconds", None, "plain.seconds"),
        ("minimum_voting_seconds", True, "plain.seconds"),
        ("minimum_voting_seconds", 1.5, "plain.seconds"),
        ("minimum_voting_seconds", -1, "plain.seconds"),
        ("minimum_voting_seconds", 366 * 86400 + 1, "plain.seconds"),
        ("minimum_voting_seconds", 10**30, "plain.seconds"),
    ],
)
def test_a_plain_form_that_is_not_exactly_ours_is_refused(path, value, key):
    assert refusal(Rule.from_plain, altered(path, value)) == key


@pytest.mark.parametrize("name", EVERYTHING.to_plain())
def test_a_plain_form_with_a_field_missing_is_refused(name):
    plain = EVERYTHING.to_plain()
    del plain[name]
    assert refusal(Rule.from_plain, plain) == "plain.fields"


@pytest.mark.parametrize("plain", [None, [], "rule", 1])
def test_what_is_no_dict_is_no_rule(plain):
    assert refusal(Rule.from_plain, plain) == "plain.fields"


def test_no_minimum_reads_back_as_none():
    assert Rule.from_plain(Rule(MAJORITY).to_plain()).minimum_voting == timedelta(0)


# --- the rule in words


def test_the_ordinary_rule_is_described_part_by_part():
    assert describe(PRESETS["ordinary"]) == (
        Reason("rule.threshold.at_least", {"share": "1/2", "numerator": 1, "denominator": 2, "base_kind": "decisive"}),
        Reason("rule.tie.fails", {}),
        Reason("rule.blocks.override", {"share": "9/10", "numerator": 9, "denominator": 10}),
        Reason("rule.blocks.reason_required", {}),
        Reason("rule.quorum.none", {}),
        Reason("rule.time.at_least", {"days": 6, "seconds": 0}),
        Reason("rule.urgent", {"days": 1, "seconds": 0}),
        Reason("rule.secrecy.until_closed", {}),
    )


def test_numbers_of_a_rule_are_facts():
    facts = {reason.key: reason.facts for reason in describe(EVERYTHING)}
    assert facts["rule.threshold.more_than"]["base_kind"] == "cast"
    assert facts["rule.quorum.absolute"] == {"number": 20}
    assert facts["rule.blocks.up_to"] == {"number": 2}
    assert facts["rule.time.at_least"] == {"days": 6, "seconds": 5}
    assert facts["rule.discussion.at_least"] == {"days": 2, "seconds": 0}
    assert facts["rule.urgent"] == {"days": 1, "seconds": 43200}
    assert facts["rule.extension"] == {"days": 3, "seconds": 1}
    assert facts["rule.cooling_off"] == {"days": 90}


def test_consent_is_described_as_all():
    assert describe(PRESETS["consent"])[0].key == "rule.threshold.all"


def test_a_quorum_of_the_roll_is_described_with_its_share():
    facts = {reason.key: reason.facts for reason in describe(PRESETS["approval_quorum"])}
    assert facts["rule.quorum.approval"] == {"share": "1/10", "numerator": 1, "denominator": 10}


def test_a_rule_that_cannot_tie_does_not_speak_of_ties():
    assert not [reason for reason in describe(PRESETS["two_thirds"]) if reason.key.startswith("rule.tie")]
