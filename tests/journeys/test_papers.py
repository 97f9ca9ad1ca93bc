"""Ballot papers that are filled in by moving, counting and one's own clock; and that need none of it."""

from collections.abc import Callable

import pytest
from flask import render_template_string, request
from playwright.sync_api import Locator, expect

from coopgov.decisions.forms.ballots import BallotForm
from coopgov.decisions.paper_words import choice_words
from coopgov.decisions.rules.papers import Option, Paper
from coopgov.infra.web.access import PUBLIC, allow
from coopgov.tally.rule import PRESETS
from coopgov.tally.vote import Manifest
from tests.journeys.site import Site
from tests.journeys.tab import OpenTab, Tab, the_other_two, two_settings

pytestmark = pytest.mark.browser
NAMES = ("Ada", "Ben", "Cy", "Dina")
PAGE = """{% extends "layout.html" %}{% from "ui.html" import button, error_summary %}
{% block title %}Paper{% endblock %}{% block head %}{% include "decisions/_paper_head.html" %}{% endblock %}
{% block main %}<div class="narrow">{{ error_summary(form) }}<h1>Paper</h1><p id="cast">{{ cast }}</p>
<form class="form" method="post">{{ csrf() }}{% include "decisions/_paper.html" %}{{ button("Cast my vote") }}</form></div>
{% endblock %}"""
Show = Callable[..., Tab]


@pytest.fixture
def show(site: Site, open_tab: OpenTab) -> Show:
    """``show("irv")``: a tab with a paper of that method, whose answer says what was cast."""
    papers: list[Paper] = []

    @allow(PUBLIC, rerenders=True)
    def paper() -> str:
        form = BallotForm(papers[-1])
        cast = choice_words(form.paper, form.choice.data) if request.method == "POST" and form.validate() else ""
        return render_template_string(PAGE, form=form, cast=cast)

    site.app.add_url_rule("/paper", view_func=paper, methods=["GET", "POST"])

    def open_one(method: str, words: tuple[str, ...] = NAMES, **settings: object) -> Tab:
        options = tuple(Option(word, word) for word in words)
        papers.append(Paper(Manifest(method, words, PRESETS["consent"], 9, settings), options))
        tab = open_tab(site)
        tab.visit("/paper")
        return tab

    return open_one


def row(tab: Tab, name: str) -> Locator:
    return tab.page.locator(".slip", has_text=name)


def places(tab: Tab) -> dict[str, str]:
    """Who stands at which place, from the top to the bottom of the page."""
    rows = tab.page.locator(".slip").all()
    return {one.locator("bdi").inner_text(): one.locator("select").input_value() for one in rows}


def nudge(tab: Tab, words: str, times: int = 1) -> None:
    for _ in range(times):
        tab.button(words).press("Enter")
        expect(tab.button(words)).to_be_focused()


def cast(tab: Tab) -> str:
    tab.press("Cast my vote")
    return tab.page.locator("#cast").inner_text()


@pytest.mark.parametrize("setting", ["js-desktop"], indirect=True)
def test_a_ranking_is_made_with_the_keyboard_alone(show: Show) -> None:
    tab = show("irv")
    live = tab.page.locator("[aria-live=polite]")
    nudge(tab, "Move up: Cy")
    expect(live).to_have_text("Cy: 1st")
    nudge(tab, "Move up: Ada")
    expect(live).to_have_text("Ada: 2nd")
    nudge(tab, "Move up: Ada")
    nudge(tab, "Move up: Ada")  # there is nothing above the first place
    assert places(tab) == {"Ada": "1", "Cy": "2", "Ben": "", "Dina": ""}
    nudge(tab, "Move up: Dina", 2)
    nudge(tab, "Move down: Cy")
    expect(live).to_have_text("Cy: not ranked")
    nudge(tab, "Move up: Cy")
    row(tab, "Ben").locator("select").select_option("1st")
    assert places(tab) == {"Ben": "1", "Ada": "2", "Dina": "3", "Cy": "4"}
    assert tab.page.get_by_text("Not ranked:").is_hidden()
    assert cast(tab) == "1. Ben, 2. Ada, 3. Dina, 4. Cy"
    assert list(places(tab)) == ["Ben", "Ada", "Dina", "Cy"]


@pytest.mark.parametrize("setting", ["js-phone", "js-desktop"], indirect=True)
def test_rows_of_a_ranking_can_be_dragged(show: Show) -> None:
    tab = show("meek")
    mouse = tab.page.mouse

    def drag(name: str, above: str) -> None:
        grip, goal = row(tab, name).locator(".grip").bounding_box(), row(tab, above).bounding_box()
        assert grip is not None
        assert goal is not None
        mouse.move(grip["x"] + 5, grip["y"] + 5)
        mouse.down()
        mouse.move(goal["x"] + 20, goal["y"] + 30, steps=4)
        mouse.move(goal["x"] + 20, goal["y"] + 2, steps=4)
        mouse.up()

    nudge(tab, "Move up: Ada")
    nudge(tab, "Move up: Ben")
    drag("Dina", "Ben")
    assert places(tab) == {"Ada": "1", "Dina": "2", "Ben": "3", "Cy": ""}
    drag("Ada", "Cy")
    assert places(tab) == {"Dina": "1", "Ben": "2", "Ada": "", "Cy": ""}
    assert cast(tab) == "1. Dina, 2. Ben"


@pytest.mark.parametrize("setting", ["js-phone"], indirect=True)
def test_places_can_be_shared_by_stepping_into_them(show: Show) -> None:
    tab = show("schulze")
    for name in ("Ada", "Ben", "Cy"):
        nudge(tab, f"Move up: {name}")
    nudge(tab, "Move up: Cy")
    expect(tab.page.locator("[aria-live=polite]")).to_have_text("Cy: 2nd, shared")
    assert places(tab) == {"Ada": "1", "Ben": "2", "Cy": "2", "Dina": ""}
    nudge(tab, "Move up: Cy")
    assert places(tab) == {"Ada": "1", "Cy": "2", "Ben": "3", "Dina": ""}
    nudge(tab, "Move down: Ada")
    assert cast(tab) == "1. Ada = Cy, 2. Ben"


@pytest.mark.parametrize("setting", ["nojs-phone", "nojs-desktop"], indirect=True)
def test_a_ranking_needs_no_script(show: Show) -> None:
    tab = show("irv")
    assert tab.page.locator(".nudge:visible, .grip:visible").count() == 0
    for name, place in (("Dina", "1st"), ("Ada", "2nd"), ("Ben", "2nd")):
        row(tab, name).locator("select").select_option(place)
    tab.press("Cast my vote")
    tab.says("Ada and Ben have the same place. Give each its own.")
    row(tab, "Ben").locator("select").select_option("4th")
    assert cast(tab) == "1. Dina, 2. Ada, 3. Ben"


@two_settings
def test_points_are_counted_while_they_are_spread(show: Show) -> None:
    tab = show("dot", budget=5)
    if tab.setting.js:
        nudge(tab, "One point more for Ben", 3)
        expect(tab.page.locator(".left")).to_have_text("Points left: 2 of 5")
        nudge(tab, "One point less for Ben")
        row(tab, "Cy").locator("input").fill("9")
        expect(tab.page.locator(".left")).to_have_text("Points too many: 6")
    else:
        row(tab, "Ben").locator("input").fill("2")
        row(tab, "Cy").locator("input").fill("9")
    tab.press("Cast my vote")
    tab.says("Cy: a number from 0 to 5.")
    assert row(tab, "Cy").locator("input").input_value() == "9"
    row(tab, "Cy").locator("input").fill("3")
    assert cast(tab) == "Cy: 3, Ben: 2"


@two_settings
def test_times_are_those_of_the_browser_and_without_script_those_of_the_coop(show: Show, open_tab: OpenTab) -> None:
    slots = ("2026-11-30T18:00:00Z", "2026-11-30T19:30:00Z", "2026-12-01T09:00:00Z")
    tab = show("meeting-time", slots)
    tab.says("Monday, 30 November 2026", "Tuesday, 1 December 2026", "18:00", "19:30", "09:00", "Europe/London")
    if tab.setting.js:
        tab.button("Yes to all of this day").click()
    else:
        for place in (0, 1):
            tab.page.locator(".slot").nth(place).get_by_role("radio", name="Yes").check()
    tab.page.locator(".slot").nth(2).get_by_role("radio", name="If need be").check()
    assert cast(tab) == f"{slots[0]}: yes, {slots[1]}: yes, {slots[2]}: if need be"


@the_other_two
def test_nothing_is_cast_by_an_empty_paper(show: Show) -> None:
    tab = show("score")
    tab.press("Cast my vote")
    tab.says("You have marked nothing. Mark something, or tick “I abstain”.")
    tab.tick("I abstain")
    assert cast(tab) == "nothing marked"
