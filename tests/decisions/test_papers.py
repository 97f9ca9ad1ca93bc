"""The ballot paper, over the registry: what a form says is what is counted, and no impossible ballot gets past it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coopgov.core.errors import Refused
from coopgov.decisions.forms.ballots import BallotForm
from coopgov.decisions.paper_words import SIGNS, choice_words, guide, place_words, whole_choices
from coopgov.decisions.rules.papers import REFUSALS, Option, Paper, choice_of, is_field, marks_of, read, shuffle
from coopgov.infra.i18n import speaking
from coopgov.tally.methods import METHODS
from coopgov.tally.rule import BlockKind, Blocks, Rule, Threshold
from coopgov.tally.vote import Manifest, Shape
from tests.conftest import Clock, make_app

RULE = Rule(Threshold(Fraction(1, 2)), blocks=Blocks(BlockKind.ANY_STOPS, reason_required=True))
TEXTS = ("Ada", "Ben", "Cy", "Dina", "Ezra", "Fay")
WORDS = tuple(f"o{number}" for number in range(len(TEXTS)))
SLOTS = tuple(f"2026-11-30T{hour}:30:00Z" for hour in range(10, 16))
CAST = [method for method in METHODS.values() if method.takes_ballots]
every_method = pytest.mark.parametrize("name", [method.name for method in CAST])
often = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
NO_NUMBERS = [
    "+1",
    "-1",
    "1.0",
    "1,0",
    "1e1",
    "NaN",
    "one",
    "1 0",
    " 1",
    "1 ",
    " ",
    "٣",
    "１",
    "²",
    "0x1",
    "1_0",
    "\n1",
]


def paper(name: str, number: int = 4, **given: Any) -> Paper:
    """A paper of the method with the first few options."""
    fixed = METHODS[name].options
    words = fixed or (SLOTS if name == "meeting-time" else WORDS)[:number]
    if name == "equal-shares":
        given |= {"budget": 9, "costs": dict.fromkeys(words, 3)}
    if name == "count-me-in":
        given["target"] = 2
    texts = [word.capitalize().replace("_", " ") for word in fixed] or TEXTS
    options = tuple(Option(word, text) for word, text in zip(words, texts, strict=False))
    return Paper(Manifest(name, words, RULE, 9, given), options)


def choices(of: Paper) -> st.SearchStrategy[Any]:
    """Every kind of valid ballot."""
    words, limits = of.manifest.options, of.limits
    some = st.lists(st.sampled_from(words), unique=True, max_size=limits.most).filter(
        lambda picked: not picked or len(picked) >= limits.least
    )
    match of.shape:
        case Shape.ONE:
            return st.sampled_from(words)
        case Shape.PICKS:
            return st.one_of(some, st.just(["none_of_these"])) if of.takes_none_of_these else some
        case Shape.POINTS:
            most = limits.highest if limits.budget is None else limits.budget // len(words)
            return st.dictionaries(st.sampled_from(words), st.integers(0, most))
        case Shape.RANKING:
            return some
        case Shape.LEVELS:
            ranks = st.dictionaries(st.sampled_from(words), st.integers(1, 3))
            return ranks.map(lambda given: [[o for o in given if given[o] == r] for r in sorted({*given.values()})])
        case Shape.NONE:
            return st.just(())


def why(of: Paper, typed: Mapping[str, list[str]]) -> list[tuple[str, str]]:
    """What is wrong with a paper, and where."""
    return [(fault.reason, fault.field) for fault in read(of, typed).faults]


SEVERAL = {
    "choose": [{"least": 1, "most": 1}, {"least": 2, "most": 3, "none_of_these": True}],
    "score": [{}, {"highest": 10}],
    "dot": [{"budget": 8}, {"budget": 8, "most_on_one": 3}],
}


@every_method
@often
@given(data=st.data())
def test_a_ballot_that_was_cast_is_shown_as_it_was_and_read_back_the_same(name: str, data: st.DataObject) -> None:
    of = paper(name, **data.draw(st.sampled_from(SEVERAL.get(name, [{}]))))
    choice = of.method.validate(of.manifest, data.draw(choices(of)))
    marks = marks_of(of, choice)
    assert all(is_field(field) for field in marks)
    assert choice_of(of, marks) == choice
    with speaking("en", "UTC"):
        assert choice_words(of, choice)


@every_method
@often
@given(data=st.data())
def test_whatever_is_sent_is_a_ballot_that_counts_or_refused_with_a_sentence(name: str, data: st.DataObject) -> None:
    of = paper(name)
    prefixes = (
        "choice",
        "abstain",
        *(f"{kind}-{word}" for kind in ("points", "rank") for word in (*of.manifest.options, "x")),
    )
    values = st.sampled_from(["", "0", "1", "2", "3", "99", "9" * 5000, "y", *NO_NUMBERS, *of.manifest.options])
    sent = data.draw(st.dictionaries(st.sampled_from(prefixes), st.lists(values, max_size=3), max_size=8))
    reading = read(of, sent)
    assert (reading.choice is None) == bool(reading.faults)
    assert {fault.reason for fault in reading.faults} <= set(REFUSALS)
    if reading.choice is not None:
        assert of.method.validate(of.manifest, reading.choice) == reading.choice


@every_method
def test_an_empty_paper_is_never_cast_by_accident(name: str) -> None:
    of = paper(name)
    if of.shape is Shape.NONE:
        assert read(of, {}).choice == ()
    else:
        assert len(why(of, {})) == 1
        assert {reason for reason, _ in why(of, {})} <= {
            "paper.nothing_chosen",
            "paper.nothing_marked",
            "paper.no_time_marked",
        }


@pytest.mark.parametrize(
    "name", [one.name for one in CAST if paper(one.name).takes_abstention and not paper(one.name).takes_one]
)
def test_an_abstention_is_ticked_and_then_nothing_else_is(name: str) -> None:
    of = paper(name)
    assert choice_of(of, {"abstain": ["y"]}) == ()
    marks = {"choice": ["o1"]} if of.shape is Shape.PICKS else {"points-o1": ["1"], "rank-o1": ["1"]}
    assert choice_of(of, marks) != ()
    assert why(of, marks | {"abstain": ["y"]}) == [("paper.abstains_and_marks", "abstain")]
    assert why(of, {}) == [("paper.nothing_marked", "abstain")]


def test_where_one_is_picked_abstaining_is_one_more_choice() -> None:
    of = paper("choose", least=1, most=1)
    assert of.takes_one
    assert choice_of(of, {"choice": [""]}) == ()
    assert choice_of(of, {"choice": ["o2"]}) == ("o2",)
    assert why(of, {}) == [("paper.nothing_marked", "abstain")]


@every_method
def test_an_option_that_is_not_on_the_paper_is_refused(name: str) -> None:
    of = paper(name)
    forged = {"choice": ["mallory"], "points-mallory": ["1"], "rank-mallory": ["1"]}
    if of.shape is not Shape.NONE:
        assert ("paper.another_paper", "choice") in why(of, forged)


@pytest.mark.parametrize(
    ("of", "typed", "fault"),
    [
        (paper("proposal"), {"choice": ["agree", "block"]}, ("paper.another_paper", "choice")),
        (paper("proposal"), {"choice": [""]}, ("paper.nothing_chosen", "choice")),
        (paper("approval"), {"choice": ["o1", "o1"]}, ("paper.another_paper", "choice")),
        (paper("choose", most=2), {"choice": ["o0", "o1", "o2"]}, ("paper.too_many", "choice")),
        (paper("choose", least=2, most=3), {"choice": ["o0"]}, ("paper.too_few", "choice")),
        (
            paper("choose", most=2, none_of_these=True),
            {"choice": ["o0", "none_of_these"]},
            ("paper.none_and_picks", "choice"),
        ),
        (paper("choose", most=2), {"choice": ["none_of_these"]}, ("paper.another_paper", "choice")),
        (paper("score"), {"points-o0": ["6"]}, ("paper.out_of_range", "points-o0")),
        (paper("score"), {"points-o0": ["9" * 5000]}, ("paper.out_of_range", "points-o0")),
        (paper("score"), {"points-o0": ["1", "2"]}, ("paper.another_paper", "choice")),
        (paper("dot", budget=8), {"points-o0": ["5"], "points-o1": ["6"]}, ("paper.over_budget", "choice")),
        (paper("dot", budget=8, most_on_one=3), {"points-o0": ["4"]}, ("paper.out_of_range", "points-o0")),
        (paper("irv"), {"rank-o0": ["2"], "rank-o2": ["2"]}, ("paper.same_place", "rank-o2")),
        (paper("irv"), {"rank-o0": ["0"]}, ("paper.out_of_range", "rank-o0")),
        (paper("irv"), {"rank-o0": ["5"]}, ("paper.out_of_range", "rank-o0")),
        (paper("meeting-time"), {f"points-{SLOTS[0]}": ["3"]}, ("paper.out_of_range", f"points-{SLOTS[0]}")),
        *((paper("score"), {"points-o0": [text]}, ("paper.not_a_number", "points-o0")) for text in NO_NUMBERS),
        *((paper("schulze"), {"rank-o0": [text]}, ("paper.not_a_number", "rank-o0")) for text in NO_NUMBERS),
    ],
)
def test_an_impossible_ballot_is_refused_where_it_is_wrong(
    of: Paper, typed: dict[str, list[str]], fault: tuple[str, str]
) -> None:
    assert why(of, typed) == [fault]
    with pytest.raises(Refused) as refused:
        choice_of(of, typed)
    assert refused.value.reason == fault[0]


def test_places_may_have_gaps_and_be_shared_where_they_can() -> None:
    assert choice_of(paper("irv"), {"rank-o0": ["4"], "rank-o1": [""], "rank-o2": ["2"]}) == ("o2", "o0")
    shared = {"rank-o0": ["4"], "rank-o1": ["2"], "rank-o3": ["2"]}
    assert choice_of(paper("schulze"), shared) == (("o1", "o3"), ("o0",))


def test_every_time_may_be_a_no_and_what_is_left_out_is_one() -> None:
    of = paper("meeting-time")
    refused = {f"points-{slot}": ["0"] for slot in of.manifest.options}
    assert choice_of(of, refused) == ()
    assert marks_of(of, ()) == refused
    assert choice_of(of, {f"points-{SLOTS[1]}": ["2"]}) == ((SLOTS[1], 2),)


@given(seed=st.text(), other=st.text())
def test_a_shuffled_paper_keeps_its_options_and_its_order(seed: str, other: str) -> None:
    options = paper("irv", 6).options
    once = shuffle(options, seed)
    assert once == shuffle(reversed(options), seed)
    assert sorted(once, key=options.index) == list(options)
    assert shuffle(options, seed)[0] in options


def test_different_electors_see_different_orders() -> None:
    options = paper("irv", 6).options
    firsts = [shuffle(options, f"elector {number}")[0] for number in range(600)]
    assert min(firsts.count(option) for option in options) > 60


@pytest.mark.parametrize(
    ("of", "choice", "words"),
    [
        (paper("proposal"), "agree", "Agree"),
        (paper("approval"), ("o0", "o1"), "Ada, Ben"),
        (paper("approval"), (), "nothing marked"),
        (paper("choose", most=2, none_of_these=True), ("none_of_these",), "None of these"),
        (paper("dot", budget=5), (("o0", 2), ("o1", 3)), "Ben: 3, Ada: 2"),
        (paper("irv"), ("o0", "o1"), "1. Ada, 2. Ben"),
        (paper("schulze"), (("o0", "o1"), ("o2",)), "1. Ada = Ben, 2. Cy"),
        (paper("meeting-time"), ((SLOTS[0], 1), (SLOTS[1], 2)), "Ben: yes, Ada: if need be"),
        (paper("meeting-time"), (), "none of the times"),
        (paper("question-round"), (), "answered"),
    ],
)
def test_a_ballot_can_be_said_in_a_line(of: Paper, choice: Any, words: str) -> None:
    with speaking("en", "UTC"):
        assert choice_words(of, choice) == whole_choices(of, [choice])[0] == words


def test_a_long_ballot_is_cut_and_an_arabic_name_turns_nothing_around() -> None:
    words = tuple(f"w{n}" for n in range(9))
    options = tuple(Option(word, f"N{word}") for word in words)
    with speaking("en", "UTC"):
        of = Paper(Manifest("approval", words, RULE, 9), options)
        assert choice_words(of, words) == "Nw0, Nw1, Nw2, Nw3, Nw4, Nw5 and 3 more"
        of = replace(of, options=(Option("w0", "مكتبة"), Option("w1", "x" * 90), *options[2:]))
        assert choice_words(of, words[:2]) == f"\u2068مكتبة\u2069, {'x' * 59}…"


def test_a_record_says_all_of_a_long_ballot() -> None:
    of = Paper(Manifest("approval", WORDS, RULE, 9), tuple(Option(word, "x" * 90 + word) for word in WORDS))
    with speaking("en", "UTC"):
        assert whole_choices(of, [WORDS, WORDS[:1]]) == [
            ", ".join("x" * 90 + word for word in WORDS),
            "x" * 90 + WORDS[0],
        ]


@pytest.mark.parametrize(
    ("of", "says"),
    [
        (paper("proposal"), ""),
        (paper("choose", most=1), ""),
        (paper("choose", most=3), "Choose up to 3."),
        (paper("choose", least=2, most=2), "Choose 2."),
        (paper("choose", least=2, most=3), "Choose from 2 to 3."),
        (paper("approval"), "Choose as many as you like."),
        (paper("score"), "Give each from 0 to 5 points; more is better."),
        (
            paper("dot", budget=8, most_on_one=3),
            "You have 8 points to spread. Points that you do not give are lost. At most 3 on one option.",
        ),
    ],
)
def test_a_paper_says_what_is_to_be_done(of: Paper, says: str) -> None:
    with speaking("en", "UTC"):
        assert guide(of) == says


def test_places_are_said_as_people_say_them() -> None:
    with speaking("en", "UTC"):
        assert [place_words(n) for n in (1, 2, 3, 4, 11, 12, 13, 21, 112)] == [
            "1st",
            "2nd",
            "3rd",
            "4th",
            "11th",
            "12th",
            "13th",
            "21st",
            "112th",
        ]


def test_every_option_that_takes_a_side_has_a_sign() -> None:
    assert {word for method in CAST if method.shape is Shape.ONE for word in method.options} <= set(SIGNS)


# The form


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """An application whose database nobody asks."""
    folder: Path = tmp_path_factory.mktemp("papers")
    return make_app(f"sqlite:///{folder / 'none.db'}", folder, Clock())


@pytest.fixture
def said(pages: Flask) -> Iterator[Any]:
    """``said(paper, typed)``: the form that came in with that, or without it; and its page."""
    contexts = []

    def come_in(of: Paper, typed: Mapping[str, list[str]] | None = None, last: Any = None) -> tuple[BallotForm, str]:
        contexts.append(pages.test_request_context("/", method="GET" if typed is None else "POST", data=typed))
        contexts[-1].push()
        form = BallotForm(of, last)
        if typed is not None:
            form.validate()
        page = pages.jinja_env.get_template("decisions/_paper.html").render(form=form, coop=SimpleNamespace(zone="UTC"))
        return form, page

    with speaking("en", "UTC"):
        yield come_in
    for context in reversed(contexts):
        context.pop()


def fields_of(page: str) -> dict[str, list[str]]:
    """What a browser would send from the page as it came, blank fields left out."""
    sent: dict[str, list[str]] = {}
    for tag in re.findall(r"<input[^>]*>", page):
        got = dict(re.findall(r'(\w+)="([^"]*)"', tag))
        if got["type"] == "text" or " checked" in tag:
            sent.setdefault(got["name"], []).append(got["value"])
    for name, inside in re.findall(r'<select[^>]* name="([^"]*)"[^>]*>(.*?)</select>', page, re.DOTALL):
        sent.setdefault(name, []).extend(re.findall(r'value="([^"]*)" selected', inside))
    return {name: values for name, values in sent.items() if any(values) or name == "choice"}


@every_method
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_page_that_is_sent_as_it_came_casts_the_same_ballot_again(said: Any, name: str, data: st.DataObject) -> None:
    of = paper(name, **data.draw(st.sampled_from(SEVERAL.get(name, [{}]))))
    choice = of.method.validate(of.manifest, data.draw(choices(of)))
    _, page = said(of, None, SimpleNamespace(choice=choice, reason="Because."))
    assert "Because." in page
    form, _ = said(of, fields_of(page) | {"reason": ["Because."]})
    assert (form.choice.data, form.errors) == (choice, {})


@pytest.mark.parametrize(
    ("of", "typed", "words", "target"),
    [
        (
            paper("dot", budget=8),
            {"points-o1": ["eight"], "points-o2": ["9"]},
            ["Ben: write a whole number", "Cy: a number from 0 to 8."],
            "choice-1",
        ),
        (
            paper("dot", budget=8),
            {"points-o1": ["8"], "points-o2": ["3"]},
            ["You gave 11 of 8 points. Take back as many as are too many: 3."],
            "choice-0",
        ),
        (
            paper("irv"),
            {"rank-o0": ["1"], "rank-o3": ["1"]},
            ["Ada and Dina have the same place. Give each its own."],
            "choice-3",
        ),
        (
            paper("choose", most=2),
            {"choice": ["o0", "o1", "o3"]},
            ["Chosen: 3. That is too many: at most 2."],
            "choice-0",
        ),
        (paper("approval"), {}, ["You have marked nothing. Mark something, or tick “I abstain”."], "abstain"),
        (
            paper("approval"),
            {"abstain": ["y"], "choice": ["o1"]},
            ["You ticked “I abstain” and marked something as well."],
            "abstain",
        ),
    ],
)
def test_what_is_wrong_is_said_and_everything_typed_is_still_there(
    said: Any, of: Paper, typed: dict[str, list[str]], words: list[str], target: str
) -> None:
    form, page = said(of, typed | {"reason": ["Long thought over."]})
    assert form.choice.data is None
    assert len(form.choice.errors) == len(words)
    for error, begins in zip(form.choice.errors, words, strict=True):
        assert error.startswith(begins)
        assert error in page
    assert form.choice.anchor(form.choice.errors[0]) == target
    assert f'id="{target}"' in page
    assert fields_of(page) == typed
    assert "Long thought over." in page


def test_an_error_beside_a_row_is_tied_to_its_field(said: Any) -> None:
    _, page = said(paper("dot", budget=8), {"points-o1": ["x"]})
    assert 'aria-invalid="true" aria-describedby="choice-1-error"' in page
    assert page.count("Ben: write a whole number") == 1


@pytest.mark.parametrize(
    ("name", "choice", "says"),
    [
        ("proposal", "block", "A block needs a reason, so that others can answer it."),
        ("consent", "objection", "“Objection” needs a reason, so that others can answer it."),
    ],
)
def test_a_missing_reason_is_asked_for_beside_its_field(said: Any, name: str, choice: str, says: str) -> None:
    form, page = said(paper(name), {"choice": [choice], "reason": [" "]})
    assert form.errors == {"reason": [says]}
    assert page.index(says) > page.index("Your reason")
    assert said(paper(name), {"choice": [choice], "reason": ["It harms us."]})[0].errors == {}


def test_a_question_round_wants_an_answer_and_nothing_else(said: Any) -> None:
    form, page = said(paper("question-round"), {"reason": [""]})
    assert form.errors == {"reason": ["Write your answer."]}
    assert "Your answer" in page
    assert "optional" not in page
    assert said(paper("question-round"), {"reason": ["Yes, gladly."]})[0].choice.data == ()


def test_no_reason_is_taken_where_the_paper_takes_none(said: Any) -> None:
    of = replace(paper("proposal"), takes_reason=False)
    form, page = said(of, {"choice": ["block"], "reason": ["My name is Ada."]})
    assert (form.errors, form.reason, form.reason_given, form.choice.data) == ({}, None, "", "block")
    assert "reason" not in page


def test_a_ranking_that_was_cast_stands_in_its_order(said: Any) -> None:
    _, page = said(paper("irv"), None, SimpleNamespace(choice=("o2", "o0"), reason=""))
    assert re.findall(r'name="rank-(o\d)"', page) == ["o2", "o0", "o1", "o3"]


def test_times_stand_by_day_in_the_zone_of_the_coop(said: Any) -> None:
    late = ("2026-11-30T23:30:00Z", "2026-11-30T09:00:00Z")
    of = Paper(Manifest("meeting-time", late, RULE, 9), tuple(Option(slot, slot) for slot in late))
    _, page = said(of)
    assert page.count("data-day") == 1
    assert page.index("09:00</time>") < page.index("23:30</time>")
    with speaking("en", "Europe/Berlin"):
        _, page = said(of)
    assert page.count("data-day") == 2
    assert "Tuesday, 1 December 2026" in page
    assert "00:30</time>" in page


def test_custom_words_have_the_sign_of_what_they_count_as(said: Any) -> None:
    counts_as = {"aye": "agree", "nay": "disagree"}
    of = Paper(
        Manifest("proposal", ("aye", "nay"), RULE, 9, {"counts_as": counts_as}),
        (Option("aye", "Aye"), Option("nay", "Nay")),
    )
    assert [row.sign for row in said(of)[0].choice.rows] == ["agree", "disagree"]
