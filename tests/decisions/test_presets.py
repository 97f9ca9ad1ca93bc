"""Rules to choose from: versions, which one holds, who may write them, and their pages."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction

import pytest
from alembic import command
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine, func, inspect, select, text
from sqlalchemy.exc import DatabaseError

from coopgov.core.errors import NotFound, Refused
from coopgov.decisions.forms.rules import METHOD_NAMES, rule_choices
from coopgov.decisions.meaning_words import TOPICS, change_words
from coopgov.decisions.models import DecisionRule, Proposal
from coopgov.decisions.queries.rules import past_votes, preset, presets_at, versions
from coopgov.decisions.rules.presets import PRESET_NAMES, RESERVED, SHIPPED, SOURCES, Preset, changes, holding, state_of
from coopgov.decisions.services.rules import PresetTerms, add_preset, change_preset
from coopgov.infra.audit import AuditRow
from coopgov.infra.db import db, write_transaction
from coopgov.infra.facts import missing_triggers
from coopgov.infra.migrate import alembic_config, migrate
from coopgov.infra.outbox import EventRow
from coopgov.tally.rule import PRESETS, RULE_KEYS, Rule, Threshold
from tests import factories as make
from tests.conftest import NOW, Browser
from tests.decisions.scene import close, draft, opened, scene, vote_all
from tests.decisions.test_sentences import any_rule

DAY = timedelta(days=1)
TWO_THIRDS = replace(PRESETS["ordinary"], threshold=Threshold(Fraction(2, 3)))
FORM = {
    "name": "Ordinary proposal",
    "method": "proposal",
    "strict": "at_least",
    "share_top": "2",
    "share_bottom": "3",
    "base": "decisive",
    "quorum_kind": "none",
    "blocks_kind": "override",
    "override_top": "9",
    "override_bottom": "10",
    "reason_required": "y",
    "minimum_days": "6",
    "urgent_hours": "24",
    "secrecy": "until_closed",
    "electors": "all",
    "note": "Decided on 3 November: two thirds.",
    "offered": "y",
}


def of(version: int, **changed: object) -> Preset:
    """A version of one rule that holds from that many days after NOW on."""
    usual = {"slug": "ours", "name": "Ours", "method": "proposal", "rule": TWO_THIRDS, "from_at": NOW}
    return Preset(**usual | {"version": version} | changed)  # type: ignore[arg-type]


def terms(**changed: object) -> PresetTerms:
    usual = {"name": "", "method": "proposal", "rule": TWO_THIRDS, "note": "Decided."}
    return PresetTerms(**usual | changed)  # type: ignore[arg-type]


def changed(slug: str = "ordinary", **given: object) -> DecisionRule:
    officer = make.officer("membership_secretary")
    with write_transaction():
        return change_preset(slug, terms(**given), officer.id, NOW)


def rows() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count(DecisionRule.id))) or 0


@pytest.fixture
def secretary(sign_in: Callable[[int], Browser]) -> Browser:
    return sign_in(make.officer("membership_secretary").id)


# Which version holds


def test_the_last_version_written_of_those_that_have_begun_holds() -> None:
    first, planned, second = of(1), of(2, from_at=NOW + 9 * DAY), of(3, from_at=NOW + DAY)
    assert holding([first, planned], NOW) is first
    assert holding([first, planned], NOW + 9 * DAY) is planned
    assert holding([first, planned, second], NOW + 9 * DAY) is second
    assert holding([planned], NOW) is None


@given(st.lists(st.integers(-5, 5), min_size=1, max_size=6), st.integers(-6, 6))
def test_each_version_has_one_state_and_one_at_most_holds(days: list[int], at: int) -> None:
    written = [of(n, from_at=NOW + day * DAY) for n, day in enumerate(days, 1)]
    now = NOW + at * DAY
    states = [state_of(one, written, now) for one in written]
    assert states.count("holds") == (holding(written, now) is not None)
    for one, state in zip(written, states, strict=True):
        if state == "planned":
            assert holding(written, one.from_at) is one
        if state == "skipped":
            assert all(holding(written, NOW + day * DAY) is not one for day in range(-6, 7))


# What is different between two versions


@given(any_rule, any_rule)
def test_a_difference_names_just_the_matters_of_which_something_else_is_said(before: Rule, after: Rule) -> None:
    differs = list(changes(of(1, rule=before), of(2, rule=after)))
    assert all(one.before != one.after for one in differs)
    assert bool(differs) is (change_words(differs) != [])
    assert list(changes(of(1, rule=before), of(2, rule=before))) == []


def test_every_matter_has_a_word() -> None:
    assert {key.split(".")[1] for key in RULE_KEYS} == set(TOPICS)


def test_a_difference_reads_as_before_and_now() -> None:
    differs = changes(of(1, rule=PRESETS["ordinary"]), of(2, rule=replace(TWO_THIRDS, urgent=None)))
    assert change_words(list(differs)) == [
        (
            "When it passes",
            "It passes if at least half of those who take a side agree.",
            "It passes if at least two thirds of those who take a side agree.",
        ),
        ("A tie", "A tie does not pass.", ""),
        ("If it is urgent", "If somebody says why it is urgent, 1 day of voting is enough.", ""),
    ]


# What ships


def test_what_ships_has_a_name_a_source_and_a_way_to_vote_and_no_reserved_address() -> None:
    assert set(PRESETS) == set(PRESET_NAMES) == set(SOURCES)
    assert {one.method for one in SHIPPED.values()} <= set(METHOD_NAMES)
    assert not set(SHIPPED) & RESERVED


@pytest.mark.usefixtures("app")
def test_what_ships_holds_until_the_co_op_changes_it() -> None:
    assert presets_at(NOW) == list(SHIPPED.values())
    changed()
    assert [one.slug for one in presets_at(NOW)] == list(SHIPPED)
    assert (preset("ordinary", NOW).rule, preset("ordinary", NOW).version) == (TWO_THIRDS, 1)
    assert preset("ordinary", NOW - DAY).is_shipped
    assert [one.version for one in versions("ordinary")] == [0, 1]
    assert versions("nothing") == []
    with pytest.raises(NotFound):
        preset("nothing", NOW)


@pytest.mark.usefixtures("app")
def test_a_version_leaves_an_audit_row_and_an_event_with_it() -> None:
    row = changed()
    audit = db.session.scalars(select(AuditRow).order_by(AuditRow.number.desc())).first()
    assert audit is not None
    assert (audit.act, audit.object) == ("decision_rule.set", f"decision_rule:{row.id}")
    event = db.session.scalars(select(EventRow).where(EventRow.name == "decisions.rule_set")).one()
    assert event.payload == {"slug": "ordinary", "rule_version": 1, "offered": True}


@pytest.mark.usefixtures("app")
def test_a_version_that_was_written_never_changes() -> None:
    changed()
    for statement in ("UPDATE decision_rule SET note = 'x'", "DELETE FROM decision_rule"):
        with pytest.raises(DatabaseError, match="facts and never change"), write_transaction() as session:
            session.execute(text(statement))


@pytest.mark.usefixtures("app")
def test_a_rule_of_the_co_ops_own_follows_those_that_ship() -> None:
    officer = make.officer("membership_secretary")
    with write_transaction():
        add_preset(terms(name="Spending over £500"), officer.id, NOW)
    assert [one.slug for one in presets_at(NOW)] == [*SHIPPED, "spending-over-500"]


@pytest.mark.parametrize("name", ["Ordinary proposal", "Two thirds", "New", "own", "?!", "Ours"])
@pytest.mark.usefixtures("app")
def test_a_new_rule_needs_a_name_of_its_own(name: str) -> None:
    officer = make.officer("membership_secretary")
    with write_transaction():
        add_preset(terms(name="Ours"), officer.id, NOW)
    with pytest.raises(Refused, match=r"preset\.(taken|nameless)"), write_transaction():
        add_preset(terms(name=name), officer.id, NOW)


@pytest.mark.usefixtures("app")
def test_a_version_that_changes_nothing_is_refused_and_one_in_the_past_too() -> None:
    with pytest.raises(Refused, match=r"preset\.unchanged"):
        changed(rule=PRESETS["ordinary"])
    with pytest.raises(Refused, match=r"preset\.in_the_past"):
        changed(holds_from=NOW - DAY)
    with pytest.raises(NotFound):
        changed("nothing")


@pytest.mark.usefixtures("app")
def test_writing_what_holds_again_calls_a_planned_version_off() -> None:
    changed(holds_from=NOW + DAY)
    changed(rule=PRESETS["ordinary"])
    assert preset("ordinary", NOW + 2 * DAY).rule == PRESETS["ordinary"]


# The secretary's pages


def test_the_secretary_changes_a_shipped_rule_and_all_versions_stay_readable(secretary: Browser) -> None:
    edit = secretary.get("/decisions/rules/ordinary/edit").text
    assert "What this means" in edit
    answer = secretary.submit("/decisions/rules/ordinary/edit", **FORM)
    assert (answer.status_code, answer.location) == (303, "/decisions/rules/ordinary?said=decision-rule-set")
    assert preset("ordinary", NOW).name == ""  # unchanged, so it stays the shipped name in every language
    page = secretary.get(answer.location).text
    assert "The new version is written down." in page
    assert "Version 1" in page
    assert "As it ships with the program" in page
    assert "Decided on 3 November: two thirds." in page
    assert "It passes if at least half of those who take a side agree." in page  # what was
    assert "It passes if at least two thirds of those who take a side agree." in page


def test_the_form_of_a_rule_starts_with_what_holds_and_gives_the_same_rule(secretary: Browser) -> None:
    for slug, shipped in SHIPPED.items():
        page = secretary.get(f"/decisions/rules/{slug}/edit").text
        assert f'value="{shipped.rule.minimum_voting.days}"' in page


def test_the_secretary_adds_a_rule_and_authors_can_choose_it(secretary: Browser, sign_in) -> None:
    own = FORM | {"name": "Big matters", "note": "Asked for by the assembly."}
    answer = secretary.submit("/decisions/rules/new", **own)
    assert answer.location == "/decisions/rules/big-matters?said=decision-rule-added"
    on = scene()
    assert "Big matters" in sign_in(on.author.id).get(f"/t/{on.thread.id}/proposals/new").text


def test_the_secretary_withdraws_a_rule_and_authors_no_longer_choose_it(secretary: Browser, sign_in) -> None:
    withdrawn = {key: value for key, value in FORM.items() if key != "offered"}
    assert secretary.submit("/decisions/rules/ordinary/edit", **withdrawn).status_code == 303
    assert "ordinary" not in [one.slug for one in presets_at(NOW)]
    assert "No longer offered" in secretary.get("/decisions/rules").text
    assert "Authors cannot choose it." in secretary.get("/decisions/rules/ordinary").text
    on = scene()
    browser = sign_in(on.author.id)
    composer = browser.get(f"/t/{on.thread.id}/proposals/new").text
    assert "Ordinary proposal" not in composer
    assert "Change of the by-laws" in composer
    posted = {"title": "T", "source": "S", "electorate": "coop", "rule_name": "ordinary", "opening": "draft"}
    path = f"/t/{on.thread.id}/proposals/new"
    assert browser.submit(path, **posted, closes_at="2026-12-29T18:00").status_code == 422


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"name": " "}, "Write a name."),
        ({"name": "x" * 81}, "1 character too many"),
        ({"note": ""}, "Write why: it stands beside the version for good."),
        ({"method": "magic"}, "Choose one of the options."),
        ({"quorum_kind": "magic"}, "Choose one of the options."),
        ({"secrecy": "magic"}, "Choose one of the options."),
        ({"share_top": "4"}, "Write a share above nothing"),
        ({"share_bottom": "many"}, "Write a whole number."),
        ({"share_bottom": "9" * 30}, "Write a share above nothing"),
        ({"quorum_kind": "turnout"}, "Write the quorum as a share"),
        ({"quorum_kind": "absolute", "quorum_number": "0"}, "Write how many votes the quorum asks for"),
        (
            {"quorum_kind": "absolute", "quorum_number": "9", "extension_days": "367"},
            "Write a number of days from 0 to 366.",
        ),
        ({"blocks_kind": "up_to"}, "Write how many blocks are borne"),
        ({"override_top": "11"}, "Write the share that overrides blocks"),
        ({"minimum_days": "-1"}, "Write a number of days from 0 to 366."),
        ({"discussion_days": "367"}, "Write a number of days from 0 to 366."),
        ({"cooling_off_days": "367"}, "Write a number of days from 0 to 366."),
        ({"urgent_hours": "145"}, "Write a number of hours from 1 up to the days above, or nothing."),
        ({"holds_from": "2026-11-21"}, "A version holds from today on or later."),
        ({"holds_from": "soon"}, "Write a date."),
        ({"share_top": "1", "share_bottom": "2"}, "Nothing is different from the version that holds."),
    ],
)
def test_what_is_wrong_stands_beside_its_field_and_typed_text_is_kept(secretary: Browser, change, says) -> None:
    form = FORM | {"note": "Two thirds, because the assembly of 3 November said so at length."} | change
    answer = secretary.submit("/decisions/rules/ordinary/edit", **form)
    assert answer.status_code == 422
    assert says in answer.text
    assert "<title>Error: " in answer.text
    assert form["note"] in answer.text
    assert rows() == 0


def test_several_faults_are_told_at_once(secretary: Browser) -> None:
    wrong = {"share_top": "4", "quorum_kind": "turnout", "override_top": "", "minimum_days": "400", "note": ""}
    page = secretary.submit("/decisions/rules/ordinary/edit", **FORM | wrong).text
    for says in ("Write a share above nothing", "Write the quorum as a share", "Write the share that overrides"):
        assert says in page
    assert "Write a number of days" in page
    assert "Write why" in page
    assert page.index("#share_top") < page.index("#minimum_days") < page.index("#note")  # in the order of the page


def test_what_does_not_belong_to_the_chosen_kinds_does_not_count(secretary: Browser) -> None:
    idle = {"quorum_top": "x", "quorum_number": "-4", "extension_days": "999", "blocks_number": "x", "tie": "declare"}
    assert secretary.submit("/decisions/rules/ordinary/edit", **FORM | idle).status_code == 303
    assert preset("ordinary", NOW).rule == TWO_THIRDS


def test_every_field_of_a_rule_can_be_set(secretary: Browser) -> None:
    every = {"strict": "more_than", "share_top": "1", "share_bottom": "2", "base": "cast", "tie": "declare"}
    every |= {"quorum_kind": "approval", "quorum_top": "1", "quorum_bottom": "10", "extension_days": "4"}
    every |= {"blocks_kind": "any_stops", "seconder_required": "y", "discussion_days": "3", "minimum_days": "5"}
    every |= {"urgent_hours": "36", "secrecy": "secret", "electors": "persons", "cooling_off_days": "30"}
    assert secretary.submit("/decisions/rules/ordinary/edit", **FORM | every).status_code == 303
    plain = preset("ordinary", NOW).rule.to_plain()
    usual = Rule(Threshold(Fraction(2, 5))).to_plain()
    same = {name for name, value in plain.items() if value == usual[name]}
    assert same == {"v"}
    assert (preset("ordinary", NOW).rule.blocks.seconder_required, plain["urgent_seconds"]) == (True, 36 * 3600)


def test_a_version_can_be_planned_and_holds_from_the_midnight_of_its_day(secretary: Browser) -> None:
    assert secretary.submit("/decisions/rules/ordinary/edit", **FORM | {"holds_from": "2026-12-01"}).status_code == 303
    page = secretary.get("/decisions/rules/ordinary").text
    assert "(planned)" in page
    assert preset("ordinary", NOW + 8 * DAY).is_shipped  # 30 November, 12:00
    assert preset("ordinary", NOW + 9 * DAY).rule == TWO_THIRDS


def test_what_a_rule_means_is_shown_without_writing_anything(secretary: Browser) -> None:
    for _ in range(8):
        make.member()
    half_typed = FORM | {"act": "meaning", "note": "", "name": "", "quorum_kind": "turnout", "quorum_top": "1"}
    answer = secretary.submit("/decisions/rules/ordinary/edit", **half_typed | {"quorum_bottom": "2"})
    assert answer.status_code == 200
    assert "Of 9 on the roll, 2 vote: it cannot pass" in answer.text
    assert "with 4 who agree and nobody else, the quorum of this roll of 9 is missed" in answer.text
    assert "Write why" not in answer.text
    assert secretary.submit("/decisions/rules/ordinary/edit", **half_typed).status_code == 422
    assert rows() == 0


# Everybody's pages


def test_everybody_reads_the_rules_with_their_sources(client: Browser) -> None:
    page = client.get("/decisions/rules")
    assert "public" in page.headers["Cache-Control"]
    assert "It passes if at least three quarters of those who take a side agree." in page.text
    assert "Add a rule" not in page.text
    one = client.get("/decisions/rules/bylaws").text
    assert "https://www.loomio.org/d/tB5wveTb" in one
    assert "Change this rule" not in one
    assert client.get("/decisions/rules/nothing").status_code == 404
    assert 'href="/decisions/rules"' in client.get("/decisions").text


def test_the_publics_page_follows_a_new_version_and_a_planned_one(client: Browser, clock, app: Flask) -> None:
    assert "at least half" in client.get("/decisions/rules/ordinary").text
    changed(holds_from=NOW + timedelta(seconds=20))
    assert "(planned)" in client.get("/decisions/rules/ordinary").text
    assert "As it ships with the program</p>" in client.get("/decisions/rules/ordinary").text.replace(" · ", "</p>")
    clock.forward(seconds=20)
    assert "(planned)" not in client.get("/decisions/rules/ordinary").text


def test_the_public_is_told_no_figure_of_who_may_vote_now_and_members_are(client: Browser, sign_in) -> None:
    reader = make.member()
    before = client.get("/decisions/rules/ordinary").text
    assert "Of 304 on the roll" in before
    make.member()
    assert client.get("/decisions/rules/ordinary").text == before
    assert "Of 2 on the roll" in sign_in(reader.id).get("/decisions/rules/ordinary").text


def test_the_rules_are_there_as_data(client: Browser) -> None:
    found = json.loads(client.get("/decisions/rules.json").text)["rules"]
    assert [one["slug"] for one in found] == list(SHIPPED)
    assert Rule.from_plain(found[0]["rule"]) == PRESETS["ordinary"]
    assert found[0]["url"] == "http://localhost/decisions/rules/ordinary"


def test_nobody_but_the_secretary_finds_the_form(client: Browser, sign_in) -> None:
    member, admin = sign_in(make.member().id), sign_in(make.officer("admin").id)
    for path in ("/decisions/rules/new", "/decisions/rules/ordinary/edit"):
        assert "/sign-in" in client.get(path).location
        for browser in (member, admin):
            assert browser.get(path).status_code == 404
            assert browser.submit(path, **FORM).status_code == 404
    assert rows() == 0


# Proposals


@pytest.mark.usefixtures("app")
def test_each_way_to_vote_is_offered_its_own_rules() -> None:
    assert [one.value for one in rule_choices(NOW, "lazy-consensus")] == ["lazy"]
    words = rule_choices(NOW, "lazy-consensus")[0].words
    assert words.startswith("It passes unless somebody objects")
    assert "take a side" not in words
    assert [one.value for one in rule_choices(NOW)] == [slug for slug in SHIPPED if slug not in ("lazy", "sense_check")]
    assert rule_choices(NOW, "stv-scottish") == []


def test_what_the_method_does_not_judge_by_does_not_count(secretary: Browser) -> None:
    lazy = {"method": "lazy-consensus", "share_top": "x", "quorum_kind": "turnout", "blocks_kind": "up_to"}
    assert secretary.submit("/decisions/rules/lazy/edit", **FORM | lazy | {"name": "Lazy consensus"}).status_code == 303
    rule = preset("lazy", NOW).rule
    assert (rule.quorum.kind, rule.blocks.kind, rule.minimum_voting) == ("none", "as_disagree", 6 * DAY)


def only() -> Proposal:
    db.session.rollback()
    return db.session.scalars(select(Proposal)).one()


def test_a_proposal_keeps_the_rule_that_it_was_written_under(sign_in) -> None:
    on = scene()
    proposal = draft(on, rule=PRESETS["ordinary"], rule_name="ordinary")
    changed()
    db.session.rollback()
    assert Rule.from_plain(only().rule) == PRESETS["ordinary"]
    edit = sign_in(on.author.id).get(f"/p/{proposal.id}/edit").text
    assert 'value="own" checked' in edit or 'checked id="rule_name-' in edit
    assert "at least two thirds of those who take a side agree" in edit  # what the name stands for now


def test_a_member_sees_what_a_rule_means_before_posting_and_loses_nothing(sign_in) -> None:
    on = scene()
    path = f"/t/{on.thread.id}/proposals/new"
    typed = {"title": "", "source": "Half a thought.", "electorate": "group", "rule_name": "own", "act": "meaning"}
    own = {"share_top": "2", "share_bottom": "3", "blocks_kind": "any_stops", "minimum_days": "1", "opening": "now"}
    answer = sign_in(on.author.id).submit(path, **typed | own)
    assert answer.status_code == 200
    assert "Of 5 on the roll, one votes: it passes if that one agrees." in answer.text
    assert "Voting can be over before most have heard of it" in answer.text
    assert "Half a thought." in answer.text
    assert "Write a title." not in answer.text
    wrong = sign_in(on.author.id).submit(path, **typed | own | {"share_top": "x"})
    assert wrong.status_code == 422
    assert "Write a whole number." in wrong.text
    assert "What this means" not in wrong.text


def test_three_votes_of_ones_own_say_what_is_usual(sign_in) -> None:
    on = scene()
    for _ in range(3):
        proposal = opened(on)
        vote_all(proposal, [on.author, on.convenor, on.members[0]], "agree", "agree", "abstain")
        close(proposal)
    db.session.rollback()
    assert [(past.roll, past.agree, past.abstain) for past in past_votes("coop", None, True)] == [(5, 2, 1)] * 3
    assert past_votes("group", on.group.id, False) == []
    page = sign_in(on.author.id).get("/decisions/rules/simple_majority").text
    assert "Turnout as in the last 3 votes here (60%)." in page
    assert "Of 5 on the roll, 3 vote: 2 must agree if 1 abstains." in page


def test_members_only_votes_say_nothing_to_the_public(client: Browser) -> None:
    on = scene(is_public=False)
    close(opened(on))
    db.session.rollback()
    assert past_votes("coop", None, public_only=True) == []
    assert len(past_votes("coop", None, public_only=False)) == 1
    assert "Of 304 on the roll" in client.get("/decisions/rules/ordinary").text


# The table


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_the_table_comes_with_its_guards_goes_and_comes_again(request, tmp_path, dialect) -> None:
    sqlite = f"sqlite:///{tmp_path / 'rules.db'}"
    engine = create_engine(sqlite if dialect == "sqlite" else request.getfixturevalue("empty_postgres_url"))
    for _ in range(2):
        migrate(engine, "20261129_rules")
        with engine.connect() as connection:
            assert inspect(connection).has_table("decision_rule")
            assert not [name for name in missing_triggers(connection) if name.startswith("decision_rule_")]
        with engine.begin() as connection:
            config = alembic_config()
            config.attributes["connection"] = connection
            command.downgrade(config, "20261129_decisions")
        with engine.connect() as connection:
            assert not inspect(connection).has_table("decision_rule")
    engine.dispose()
