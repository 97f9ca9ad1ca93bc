"""Every way of voting has a picture, a sentence and figures that are those of the result."""

import json
import re
from collections import defaultdict
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jinja2 import Environment, FileSystemLoader

from coopgov import paths
from coopgov.decisions.pictures.changes import would_have_changed
from coopgov.decisions.pictures.explanations import SPEAKERS, explained
from coopgov.decisions.pictures.flow import POOL
from coopgov.decisions.pictures.gallery import PAINTERS, picture_of
from coopgov.decisions.pictures.words import clipped, figure, in_sentence
from coopgov.infra import i18n
from coopgov.tally.count import tally_distinct
from coopgov.tally.counting_files import Asked, count_file, read_file
from coopgov.tally.methods import METHODS
from coopgov.tally.rule import PRESETS, Quorum, QuorumKind, Rule, Threshold
from coopgov.tally.vote import Manifest

ELECTIONS = Path(__file__).parents[1] / "tally/elections"
NASTY = '<i onclick="x">&amp;</i>'
HALF = Rule(Threshold(Fraction(1, 2)))
STRICT = ("irv", "stv-scottish", "stv-wigm", "meek")
TIMES = ("2026-10-24T17:30:00Z", "2026-10-25T17:30:00Z", "2026-10-26T09:00:00Z")
NAMES = ("ada", "bo", "cy", "dee", "eve")
every_method = pytest.mark.parametrize("name", METHODS)
often = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def _some(options: tuple[str, ...]) -> st.SearchStrategy[Any]:
    return st.lists(st.sampled_from(options), unique=True).map(tuple)


def _levels(options: tuple[str, ...]) -> st.SearchStrategy[Any]:
    return st.lists(st.integers(0, 3), min_size=len(options), max_size=len(options)).map(
        lambda ranks: tuple(
            tuple(o for o, r in zip(options, ranks, strict=True) if r == rank) for rank in sorted({*ranks} - {0})
        )
    )


def _points(options: tuple[str, ...]) -> st.SearchStrategy[Any]:
    return st.dictionaries(st.sampled_from(options), st.integers(0, 1)).map(lambda given: tuple(given.items()))


BALLOTS = {
    **dict.fromkeys(STRICT, _some),
    **dict.fromkeys(("approval", "equal-shares"), _some),
    **dict.fromkeys(("schulze", "ranked-pairs"), _levels),
    **dict.fromkeys(("score", "dot", "meeting-time"), _points),
    "choose": lambda options: st.lists(st.sampled_from(options), max_size=1).map(tuple),
    "question-round": lambda options: st.just(()),
}
"""How to make ballots of a method; all others choose one of the method's own options."""


@st.composite
def counts(draw: st.DrawFn, name: str) -> tuple[Manifest, dict[str, Any], dict[str, str]]:
    """A manifest, the plain result of any box, an empty one too, and texts that would like to be HTML."""
    own = METHODS[name].options
    options = own or (TIMES if name == "meeting-time" else NAMES[: draw(st.integers(1, 5))])
    known = getattr(METHODS[name], "settings", {})
    wanted: dict[str, Any] = {
        "ties": draw(st.sampled_from(["previous_stage", "lot", "order", "declare"])),
        "seats": 1 if name == "irv" else draw(st.integers(1, 4)),
        "withdrawn": [options[-1]] if len(options) > 2 and draw(st.booleans()) else [],
        "costs": {option: draw(st.integers(1, 12)) for option in options},
        "target": draw(st.integers(1, 9)),
    }
    budgets = {"equal-shares": draw(st.integers(1, 20)), "dot": 5}
    given = {key: value for key, value in wanted.items() if key in known} | (
        {"budget": budgets[name]} if name in budgets else {}
    )
    ballots = [] if name == "sortition" else draw(st.lists(_ballot(name, options), max_size=14))
    if name == "choose":
        ballots = [ballot for ballot in ballots if ballot]
    box = {ballot: ballots.count(ballot) for ballot in ballots}
    free = name in ("lazy-consensus", "sortition")
    quorum = Quorum() if free else draw(st.sampled_from([Quorum(), Quorum(QuorumKind.ABSOLUTE, number=6)]))
    manifest = Manifest(
        name, options, Rule(Threshold(Fraction(1, 2)), quorum=quorum), len(ballots) + draw(st.integers(1, 9)), given
    )
    plain = json.loads(json.dumps(tally_distinct(manifest, box, "a seed").to_plain(), sort_keys=True))
    return manifest, {"method": name, **plain}, {} if own else {option: f"{NASTY} {option}" for option in options}


def _ballot(name: str, options: tuple[str, ...]) -> st.SearchStrategy[Any]:
    return BALLOTS[name](options) if name in BALLOTS else st.sampled_from(options)


PAGES = Environment(loader=FileSystemLoader(paths.TEMPLATES), autoescape=True, auto_reload=False)
i18n.install(PAGES)


def drawn(picture: Any) -> str:
    return PAGES.get_template(picture.template).render(picture=picture)


def result_of(name: str, options: tuple[str, ...], box: Any, roll_size: int = 0, **given: Any) -> dict[str, Any]:
    """The plain result of a small vote, with its method."""
    size = roll_size or max(1, sum(box.values()))
    found = tally_distinct(Manifest(name, options, given.pop("rule", HALF), size, given), box, "a seed")
    return {"method": name, **found.to_plain()}


@cache
def _counted(file: str, method: str, more: tuple[tuple[str, Any], ...]) -> dict[str, Any]:
    read = read_file((ELECTIONS / file).read_text(), Path(file).suffix)
    return count_file(read, Asked(method, **dict(more)))


def from_file(file: str, method: str, **asked: Any) -> tuple[dict[str, Any], dict[str, str], dict[str, Any]]:
    """A real election: its plain result, its options' texts, the settings that a picture wants."""
    read = read_file((ELECTIONS / file).read_text(), Path(file).suffix)
    plain = _counted(file, method, tuple(asked.items()))
    return plain, {option: option for option in read.options}, dict(read.settings)


@every_method
def test_every_method_has_a_picture_and_its_template(name):
    assert name in PAINTERS
    manifest, plain, texts = _smallest(name)
    assert (Path(paths.TEMPLATES) / picture_of(plain, texts, manifest.roll_size, manifest.settings).template).exists()


def _smallest(name: str) -> tuple[Manifest, dict[str, Any], dict[str, str]]:
    options = METHODS[name].options or TIMES
    given: dict[str, Any] = {"equal-shares": {"budget": 5, "costs": dict.fromkeys(options, 2)}}.get(name, {})
    given = {"count-me-in": {"target": 2}}.get(name, given)
    manifest = Manifest(name, options, HALF, 3, given)
    plain = {"method": name, **tally_distinct(manifest, {}, "a seed").to_plain()}
    return manifest, plain, {option: option for option in options}


@every_method
def test_every_method_that_elects_is_put_into_words(name):
    _manifest, plain, _texts = _smallest(name)
    assert "counts" in plain or name in SPEAKERS


@every_method
@often
@given(data=st.data())
def test_any_result_is_drawn_explained_and_escaped(name, data):
    manifest, plain, texts = data.draw(counts(name))
    picture = picture_of(plain, texts, manifest.roll_size, manifest.settings)
    page = drawn(picture)
    assert "<i " not in page
    assert not re.search(r" style=|<script|%\(|\bNone\b", page)
    said = [
        explained(plain, texts, manifest.settings),
        *would_have_changed(plain, texts, manifest.roll_size, manifest.settings, manifest.rule),
    ]
    assert all(sentence and sentence[-1] in ".)" and "%(" not in sentence for sentence in said)
    assert f"{picture.turnout.cast}" == f"{plain['cast']}"


@every_method
@often
@given(data=st.data())
def test_nothing_is_called_chosen_without_a_quorum_or_a_winner(name, data):
    manifest, plain, texts = data.draw(counts(name))
    picture = picture_of(plain, texts, manifest.roll_size, manifest.settings)
    chosen = [row for row in getattr(picture, "rows", ()) if getattr(row, "look", "") == "chosen"]
    assert not chosen or plain["verdict"] == "decided"
    assert picture.stands == (plain["verdict"] != "no_quorum")


@pytest.mark.parametrize("name", [name for name in METHODS if METHODS[name].options and name != "question-round"])
@often
@given(data=st.data())
def test_bars_of_sides_are_the_counts(name, data):
    manifest, plain, texts = data.draw(counts(name))
    rows = picture_of(plain, texts, manifest.roll_size, manifest.settings).rows
    assert {row.option: row.count for row in rows} == plain["counts"]
    assert [row.option for row in rows] == list(METHODS[name].options)


@pytest.mark.parametrize("name", ["choose", "approval", "score", "dot"])
@often
@given(data=st.data())
def test_rows_of_options_are_the_totals_with_winners_first(name, data):
    manifest, plain, texts = data.draw(counts(name))
    rows = picture_of(plain, texts, manifest.roll_size, manifest.settings).rows
    totals = next((plain[key] for key in ("votes", "approvals", "scores") if key in plain), {})
    assert {row.option for row in rows} == set(texts)
    shown = {row.option: row.total if name in ("score", "dot") else row.count for row in rows}
    assert {option: shown[option] for option in totals} == totals
    assert [row.option for row in rows][: len(plain["winners"])] == plain["winners"]


@pytest.mark.parametrize("name", ["schulze", "ranked-pairs"])
@often
@given(data=st.data())
def test_cells_of_pairs_are_the_table(name, data):
    manifest, plain, texts = data.draw(counts(name))
    picture = picture_of(plain, texts, manifest.roll_size, manifest.settings)
    place = {option: n for n, option in enumerate(manifest.options)}
    table = plain.get("pairwise", [[0] * len(place) for _ in place])
    for row in picture.rows:
        for cell, other in zip(row.cells, picture.rows, strict=True):
            if row is not other:
                i, j = place[row.place.option], place[other.place.option]
                assert (cell.won, cell.lost) == (table[i][j], table[j][i])
    wins = [(duel.first, duel.second) for duel in picture.circle]
    assert all(duel.won > duel.lost for duel in picture.circle)
    assert [first for first, _second in wins[1:] + wins[:1]] == [second for _first, second in wins]


@pytest.mark.parametrize("name", STRICT)
@often
@given(data=st.data())
def test_cells_of_stages_are_the_rounds_and_ribbons_add_up(name, data):
    manifest, plain, texts = data.draw(counts(name))
    picture = picture_of(plain, texts, manifest.roll_size, manifest.settings)
    for n, one in enumerate(plain.get("rounds", [])):
        tally = one if name == "irv" else one["tally"]
        shown = {line.label.split()[-1]: line.cells[n].exact for line in picture.lines}
        assert {option: Fraction(value) for option, value in tally.items()} == {
            option: Fraction(shown[option]) for option in tally
        }
    _ribbons_add_up(picture.flow, plain)


def _ribbons_add_up(flow: Any, plain: dict[str, Any]) -> None:
    """All that leaves a stage, and all that comes to the next, is every valid vote."""
    leaving: dict[int, Fraction] = defaultdict(Fraction)
    coming: dict[int, Fraction] = defaultdict(Fraction)
    for ribbon in (*flow.staying, *flow.moving) if flow else ():
        leaving[ribbon.stage] += ribbon.votes if ribbon.source != POOL else 0
        coming[ribbon.stage] += ribbon.votes if ribbon.target != POOL else 0
    assert {*leaving.values(), *coming.values()} <= {Fraction(plain.get("valid_ballots", 0))}
    assert not flow or len(leaving) == len(flow.stages) - 1


@pytest.mark.parametrize(
    ("file", "method"),
    [
        ("stv-glasgow-2007-anderston-city.blt", "stv-scottish"),
        ("stv-glasgow-2007-anderston-city.blt", "stv-wigm"),
        ("irv-2017-minneapolis-mayor.blt", "irv"),
        ("meek-sc.blt", "meek"),
    ],
)
def test_the_flow_of_a_real_election_adds_up_and_fits_its_page(file, method):
    plain, texts, given = from_file(file, method)
    picture = picture_of(plain, texts, plain["roll_size"], given)
    _ribbons_add_up(picture.flow, plain)
    assert len(picture.lines) == len(texts)
    assert len(drawn(picture)) < 40_000


def test_small_options_share_a_lane_and_their_stages_are_left_to_the_table():
    plain, texts, given = from_file("irv-2017-minneapolis-mayor.blt", "irv")
    picture = picture_of(plain, texts, plain["roll_size"], given)
    assert picture.flow.others == 14
    assert [number for _x, number in picture.flow.stages] == [1, 15, 16, 17, 18]
    assert len(picture.columns) == 18
    assert "14 others" in drawn(picture)


def test_stages_run_from_the_right_where_the_language_does():
    plain, texts, given = from_file("stv-edinburgh-2017-w13-leith.blt", "stv-scottish")
    places = [float(x) for x, _n in picture_of(plain, texts, plain["roll_size"], given).flow.stages]
    token = i18n._language.set("ar")
    try:
        mirrored = [float(x) for x, _n in picture_of(plain, texts, plain["roll_size"], given).flow.stages]
    finally:
        i18n._language.reset(token)
    assert places == sorted(places)
    assert mirrored == sorted(mirrored, reverse=True)


def test_a_budget_is_spent_to_the_last_unit():
    plain, texts, given = from_file("mes-poland-swiecie-2023.pb", "mes")
    picture = picture_of(plain, texts, plain["roll_size"], given)
    widths = [Fraction(part.width.rstrip("%")) for part in picture.parts]
    assert abs(sum(widths) - 100) < Fraction(1, 5)
    assert len(picture.funded) + len(picture.unfunded) == len(texts)
    assert [project.number for project in picture.funded] == [str(n) for n in range(1, 18)]
    assert (picture.spent, picture.total, picture.left) == ("1,040,337", "1,070,000", "29,663")


def test_sums_are_money_where_the_settings_name_the_currency():
    given = {"budget": 60000, "costs": {"shed": 48000, "path": 20000}}
    box = {("shed",): 9, ("shed", "path"): 1}
    plain = result_of("equal-shares", ("shed", "path"), box, **given)
    texts = {"shed": "A shed", "path": "A path"}
    assert (
        explained(plain, texts, given | {"currency": "GBP"}) == "Equal shares funds 1 of 2 projects for £480 of £600."
    )
    assert would_have_changed(plain, texts, 10, given | {"currency": "GBP"}, HALF) == [
        "£120 is left. The cheapest project that was not funded, A path, costs £200."
    ]


EXPLAINED = [
    (
        ("irv-2017-minneapolis-mayor.blt", "irv", {}),
        "Jacob Frey is elected: in round 18 with 46,716 of the 81,687 votes that still count. "
        "22,835 of 104,522 valid votes name nobody who is still in.",
    ),
    (
        ("stv-edinburgh-2017-w13-leith.blt", "stv-scottish", {}),
        "Adam MCVEY, Chas BOOTH and Gordon John MUNRO are elected, in this order. "
        "The quota is 1,904 of 7,613 valid votes.",
    ),
    (
        ("condorcet-debian-dpl-2007.csv", "schulze", {"default_option": "None Of The Above"}),
        "Aigars Mahinovs and Simon Richter do not beat None Of The Above and are left out. "
        "Sam Hocevar beats every other option one to one.",
    ),
    (
        ("mes-poland-swiecie-2023.pb", "mes", {}),
        "Equal shares funds 17 of 22 projects for 1,040,337 of 1,070,000.",
    ),
]


@pytest.mark.parametrize(("asked", "sentence"), EXPLAINED, ids=[case[0][0] for case in EXPLAINED])
def test_a_real_election_is_explained_with_its_figures(asked, sentence):
    file, method, more = asked
    plain, texts, given = from_file(file, method, **more)
    assert explained(plain, texts, given | more) == sentence


CIRCLE = {(("a",), ("b",), ("c",)): 35, (("b",), ("c",), ("a",)): 33, (("c",), ("a",), ("b",)): 32}
ABC = {"a": "Allotment", "b": "Bakery", "c": "Choir"}


def test_a_circle_is_named_and_its_way_out():
    plain = result_of("schulze", ("a", "b", "c"), CIRCLE)
    assert explained(plain, ABC) == (
        "No option beats every other one to one. They go round in a circle: Allotment beats Bakery, Bakery beats Choir "
        "and Choir beats Allotment. Allotment comes first by the strongest paths."
    )
    assert would_have_changed(plain, ABC, 100, {}, HALF) == [
        "The narrowest: the strongest path from Allotment to Bakery is 67, the one back 65."
    ]
    assert "settled first" in explained(result_of("ranked-pairs", ("a", "b", "c"), CIRCLE), ABC)


def test_a_declared_tie_leaves_the_rest_to_people():
    plain = result_of("choose", ("a", "b", "c"), {("a",): 4, ("b",): 4, ("c",): 1}, 20)
    assert explained(plain, ABC) == "Equal: Allotment and Bakery. What follows is for people to decide."
    assert would_have_changed(plain, ABC, 20, {}, HALF) == ["One more vote for any of them alone would have decided."]
    page = drawn(picture_of(plain, ABC, 20, {}))
    assert page.count("Equal") == 4  # two bars, and the same two in the table
    assert "Chosen" not in page


def test_a_broken_tie_says_by_which_rule():
    box = {("a",): 4, ("b", "c"): 3, ("c", "b"): 3}
    lot = explained(result_of("irv", ("a", "b", "c"), box, ties="lot"), ABC)
    assert "Bakery and Choir were equal; the lot decided." in lot
    assert re.search(r"(Bakery|Choir) went out\.$", lot)
    listed = explained(result_of("irv", ("a", "b", "c"), box, ties="order"), ABC)
    assert "the order of the list decided" in listed


def test_a_vacancy_and_a_missing_quota_are_said():
    plain = result_of("stv-scottish", ("a", "b"), {("a",): 5, ("b",): 1}, seats=3)
    assert explained(plain, ABC) == (
        "Allotment and Bakery are elected, in this order. The quota is 2 of 6 valid votes. "
        "Bakery did not reach it, but no more were left than places. 1 seat stays empty."
    )


def test_the_next_and_the_last_to_go_out_are_told_with_their_gaps():
    plain = result_of("irv", ("a", "b", "c"), {("a",): 4, ("b",): 3, ("c",): 2})
    assert would_have_changed(plain, ABC, 9, {}, HALF) == [
        "At the last stage Bakery was 1 vote behind Allotment.",
        "The narrowest step: at stage 1, Choir was last. With 2 votes more there, all others as they were, Bakery would"
        " have been.",
    ]
    plain = result_of("approval", ("a", "b", "c"), {("a",): 4, ("b",): 3})
    assert would_have_changed(plain, ABC, 9, {}, HALF) == ["Bakery came next, 1 vote behind Allotment."]


@often
@given(
    st.sampled_from(list(PRESETS)),
    st.lists(st.integers(0, 9), min_size=4, max_size=4),
    st.integers(1, 12),
)
def test_what_would_have_passed_a_proposal_passes_it_and_no_less_does(preset, votes, silent):
    rule, sides = PRESETS[preset], ("agree", "abstain", "disagree", "block")
    box = dict(zip(sides, votes, strict=True))
    roll = sum(votes) + silent

    def passes(more: int) -> bool:
        return _verdict(rule, roll, {**box, "agree": box["agree"] + more}) == "passed"

    plain = result_of("proposal", sides, {side: n for side, n in box.items() if n}, roll, rule=rule)
    said = would_have_changed(plain, {}, roll, {}, rule)
    enough = next((more for more in range(1, silent + 1) if passes(more)), 0)
    claimed = [int(n) for n in re.findall(r"With (\d+) more votes? in agreement", " ".join(said))]
    assert claimed == ([enough] if enough and not passes(0) else [])
    for fewer in re.findall(r"With (\d+) blocks? fewer", " ".join(said)):
        assert _verdict(rule, roll, {**box, "block": box["block"] - int(fewer)}) == "passed"
    for against in re.findall(r"With (\d+) more votes? against", " ".join(said)):
        assert _verdict(rule, roll, {**box, "disagree": box["disagree"] + int(against)}) != "passed"
        assert _verdict(rule, roll, {**box, "disagree": box["disagree"] + int(against) - 1}) == "passed"


def _verdict(rule: Rule, roll: int, box: dict[str, int]) -> str:
    manifest = Manifest("proposal", ("agree", "abstain", "disagree", "block"), rule, roll)
    return tally_distinct(manifest, {side: n for side, n in box.items() if n}).verdict.value


def test_a_missed_quorum_says_how_many_were_lacking():
    rule = Rule(Threshold(Fraction(1, 2)), quorum=Quorum(QuorumKind.TURNOUT, Fraction(1, 2)))
    plain = result_of("approval", ("a", "b"), {("a",): 3}, 10, rule=rule)
    assert explained(plain, ABC) == "Votes needed for the quorum: 5. Counted: 3."
    assert would_have_changed(plain, ABC, 10, {}, rule) == ["2 more votes would have reached the quorum."]
    assert "Quorum not reached" in drawn(picture_of(plain, ABC, 10, {}))


def test_a_threshold_of_the_roll_is_drawn_on_bars_of_the_roll():
    plain = {**result_of("proposal", ("agree", "disagree"), {"agree": 3, "disagree": 1}, 10), "needed": 6}
    for reason in plain["reasons"]:
        reason["facts"] |= {"base_kind": "eligible"} if reason["key"].startswith("threshold") else {}
    agree = picture_of(plain, {}, 10, {}).bars[0]
    assert (agree.width, agree.mark, agree.shown_share) == ("30.00%", "60.00%", "30%")


def test_sides_in_words_of_their_own_keep_the_colours_of_what_they_count_as():
    texts = {"go": "Go ahead", "fine": "Fine by me", "wait": "Wait"}
    given = {"counts_as": {"go": "agree", "fine": "agree", "wait": "disagree"}}
    plain = result_of("proposal", tuple(texts), {"go": 3, "wait": 2}, 10, **given)
    bars = picture_of(plain, texts, 10, given).bars
    assert [(bar.label, bar.look, bar.count) for bar in bars] == [
        ("Go ahead", "agree", 3),
        ("Fine by me", "agree", 0),
        ("Wait", "disagree", 2),
    ]
    assert not any(bar.mark for bar in bars)  # what is needed is the sum of two bars
    assert would_have_changed(plain, texts, 10, given, HALF) == ["With 1 more vote against, it would not have passed."]


def test_consent_is_a_matter_of_objections():
    rule, sides = PRESETS["consent"], ("consent", "abstain", "objection")
    given = result_of("consent", sides, {"consent": 4, "objection": 2}, 9, rule=rule)
    assert would_have_changed(given, {}, 9, {}, rule) == ["Without the 2 objections it would have passed."]
    given = result_of("consent", sides, {"consent": 4}, 9, rule=rule)
    assert would_have_changed(given, {}, 9, {}, rule) == ["One objection would have stopped it."]


def test_a_target_is_a_mark_and_what_it_lacks_is_said():
    plain = result_of("count-me-in", ("accept", "decline"), {"accept": 4, "decline": 1}, 20, target=7)
    agree = picture_of(plain, {}, 20, {"target": 7}).bars[0]
    assert (agree.width, agree.mark, agree.shown_share) == ("57.14%", "100.00%", "80%")
    assert would_have_changed(plain, {}, 20, {"target": 7}, HALF) == ["3 more would have been enough."]


def test_meeting_times_stand_on_the_readers_clock_also_when_it_changes():
    texts = {instant: instant for instant in TIMES}
    box = {((TIMES[0], 2), (TIMES[1], 1)): 3, ((TIMES[1], 2),): 2, (): 1}
    plain = result_of("meeting-time", TIMES, box, 9)
    with i18n.speaking("en", "Europe/London"):
        picture = picture_of(plain, texts, 9, {})
        assert [slot.label for slot in picture.slots] == [
            "Sat 24 Oct, 18:30 BST",
            "Sun 25 Oct, 17:30 GMT",
            "Mon 26 Oct, 09:00 GMT",
        ]
        assert explained(plain, texts).startswith(
            "The fewest cannot come: Sun 25 Oct, 17:30 GMT. 2 can, 3 could if need be, 1 cannot."
        )
    assert [(slot.yes, slot.if_need_be, slot.no) for slot in picture.slots] == [(3, 0, 3), (2, 3, 1), (0, 0, 6)]
    assert [slot.look for slot in picture.slots] == ["lesser", "chosen", "lesser"]


def test_a_long_list_is_folded_but_no_winner_is():
    options = tuple(f"o{n}" for n in range(30))
    texts = {option: f"Option {option}" for option in options}
    plain = result_of("approval", options, {options[:20]: 2, options[:5]: 1}, seats=20)
    picture = picture_of(plain, texts, 9, {})
    assert (len(picture.bars), len(picture.folded)) == (20, 10)
    assert "10 more options" in drawn(picture)


def test_names_in_sentences_are_clipped_and_kept_apart_from_words_that_run_the_other_way():
    assert clipped("word " * 60).endswith("word…")
    assert len(clipped("x" * 200)) == 60
    assert in_sentence("k", {"k": "مطبخ"}) == "\N{FIRST STRONG ISOLATE}مطبخ\N{POP DIRECTIONAL ISOLATE}"
    assert in_sentence("k", {"k": "Kitchen"}) == "Kitchen"


def test_figures_are_cut_and_never_rounded_up_to_a_quota():
    assert figure("1903.99999") == "1,903.99"
    assert figure(Fraction(31, 3)) == "10.33"


def test_a_lot_shows_names_in_its_order_and_the_digest_of_its_seed():
    texts = {name: name.title() for name in NAMES}
    plain = result_of("sortition", NAMES, {}, 5, seats=2)
    picture = picture_of(plain, texts, 5, {"seats": 2, "seed_digest": "9f86d0"})
    assert [ticket.label for ticket in picture.drawn] == [texts[name] for name in plain["winners"]]
    assert [ticket.place for ticket in picture.order] == [1, 2, 3, 4, 5]
    assert "9f86d0" in drawn(picture)
