"""Every kind of proposal can be written on its form, opened, voted on and counted."""

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from coopgov.decisions.models import Proposal
from coopgov.decisions.rules.kinds import KINDS, Kind
from coopgov.infra.db import db
from coopgov.tally.methods import METHODS
from tests.conftest import NOW
from tests.decisions.scene import close, opened, scene

pytestmark = pytest.mark.usefixtures("app")

CLOSES = NOW + timedelta(days=15)


def filled(kind: Kind, **changes: str) -> dict[str, Any]:
    """The form of a kind, as somebody fills it in; a rule where the kind has none to choose from."""
    form = {
        "title": "A question",
        "source": "Which?",
        "electorate": "coop",
        "opening": "now",
        "kind": kind.slug,
        "closes_at": f"{CLOSES:%Y-%m-%dT%H:%M}",
        "minimum_days": "7",
        "quorum_kind": "none",
        "secrecy": "until_closed",
        "electors": "all",
        "rule_name": {"proposal": "ordinary", "lazy-consensus": "lazy", "sense-check": "sense_check"}.get(
            kind.method, "own"
        ),
    }
    rows = {
        "options": {f"options-{n}": name for n, name in enumerate(("Ada", "Ben", "Cléo"))},
        "sides": {"options-0": "Yes", "sides-0": "agree", "options-1": "No", "sides-1": "disagree"},
        "costs": {"options-0": "Shed", "costs-0": "40", "options-1": "Bench", "costs-1": "25"},
        "times": {"times-0": f"{CLOSES:%Y-%m-%dT%H:%M}", "times-1": f"{CLOSES + timedelta(hours=1):%Y-%m-%dT%H:%M}"},
    }
    numbers = {"seats": "1", "least": "1", "most": "1", "highest": "5", "budget": "8", "money": "50", "target": "2"}
    ties = {"ties": "lot"} if "ties" in kind.settings else {}
    settings = {name: value for name, value in numbers.items() if name in kind.settings}
    return form | rows.get(kind.rows, {}) | settings | ties | changes


def newest() -> Proposal:
    return db.session.scalars(select(Proposal).order_by(Proposal.id.desc())).first()


def test_every_method_is_offered():
    assert {kind.method for kind in KINDS.values()} == set(METHODS)


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.slug)
def test_every_kind_has_a_form_that_opens_a_vote(sign_in, kind):
    on = scene()
    author, path = sign_in(on.author.id), f"/t/{on.thread.id}/proposals/new"
    page = author.get(f"{path}?kind={kind.slug}")
    assert page.status_code == 200
    assert f'name="kind" value="{kind.slug}"' in page.text
    answer = author.submit(path, **filled(kind))
    assert answer.status_code == 303, re.findall(r'class="error"[^>]*>(.*?)</p>', answer.text)
    proposal = newest()
    assert (proposal.state, proposal.method) == ("open", kind.method)
    assert author.get(proposal.path).status_code == 200
    assert close(proposal).state == "closed"
    assert author.get(proposal.path).status_code == 200


@pytest.mark.parametrize("kind", [kind for kind in KINDS.values() if kind.rows], ids=lambda kind: kind.slug)
def test_options_that_are_missing_or_come_twice_are_refused_beside_the_list(sign_in, kind):
    on = scene()
    author, path = sign_in(on.author.id), f"/t/{on.thread.id}/proposals/new"
    rows = [name for name in filled(kind) if name.startswith(("options-", "times-"))]
    twice = [] if kind.rows == "times" else [dict.fromkeys(rows, filled(kind)[rows[0]])]
    for wrong in (dict.fromkeys(rows, ""), *twice):
        answer = author.submit(path, **filled(kind, **wrong))
        assert answer.status_code == 422
        assert newest() is None


@pytest.mark.parametrize(
    ("slug", "field"),
    [("choose", "seats"), ("choose", "most"), ("score", "highest"), ("dot", "budget"), ("equal-shares", "money")],
)
def test_a_zero_is_never_taken_for_the_usual_number(sign_in, slug, field):
    on = scene()
    answer = sign_in(on.author.id).submit(f"/t/{on.thread.id}/proposals/new", **filled(KINDS[slug], **{field: "0"}))
    assert answer.status_code == 422
    assert newest() is None
    assert f'id="{field}-error"' in answer.text


def test_a_choice_can_ask_for_no_option_at_least(sign_in):
    on = scene()
    answer = sign_in(on.author.id).submit(f"/t/{on.thread.id}/proposals/new", **filled(KINDS["choose"], least="0"))
    assert answer.status_code == 303
    assert newest().settings["least"] == 0


def test_more_rows_come_when_asked_for_and_keep_what_was_typed(sign_in):
    on = scene()
    author, path = sign_in(on.author.id), f"/t/{on.thread.id}/proposals/new"
    answer = author.submit(path, **filled(KINDS["choose"], act="rows"))
    assert answer.status_code == 200
    assert 'value="Cléo"' in answer.text
    assert 'name="options-11"' in answer.text


def test_a_closed_vote_can_be_held_again_and_names_the_earlier_one(sign_in):
    on = scene()
    earlier = close(opened(on))
    author, path = sign_in(on.author.id), f"/t/{on.thread.id}/proposals/new"
    page = author.get(f"{path}?again={earlier.id}").text
    assert 'value="Move to our own server"' in page
    author.submit(path, **filled(KINDS["proposal"], again=str(earlier.id)))
    assert newest().earlier_id == earlier.id


@pytest.mark.parametrize(("wall", "words"), [("2027-03-28T01:30", "skip"), ("2027-10-31T01:30", "twice")])
def test_a_closing_that_clocks_skip_or_show_twice_is_asked_about(sign_in, wall, words):
    on = scene()
    answer = sign_in(on.author.id).submit(
        f"/t/{on.thread.id}/proposals/new", **filled(KINDS["proposal"], closes_at=wall)
    )
    assert answer.status_code == 422
    assert words in answer.text
    assert newest() is None
