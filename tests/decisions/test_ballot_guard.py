"""The database itself refuses every ballot that cannot be, and takes every one that can."""

from typing import Any

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import DBAPIError

from coopgov.decisions.models import Ballot
from coopgov.decisions.queries.rolls import entry_of
from coopgov.decisions.rules.options import numbered
from coopgov.infra.db import db, write_transaction
from coopgov.tally.methods import METHODS
from coopgov.tally.rule import PRESETS
from coopgov.tally.vote import Shape
from tests.conftest import NOW
from tests.decisions.scene import opened, scene

pytestmark = pytest.mark.usefixtures("app")

THREE = numbered(["Ada", "Ben", "Cléo"])
SETTINGS: dict[str, dict[str, Any]] = {
    "choose": {"least": 1, "most": 2, "none_of_these": True},
    "dot": {"budget": 5, "most_on_one": 4},
    "score": {"highest": 5},
    "equal-shares": {"budget": 10, "costs": {"o1": 3, "o2": 4, "o3": 5}},
}
METHOD_OF = {
    Shape.ONE: "consent",
    Shape.PICKS: "approval",
    Shape.POINTS: "score",
    Shape.RANKING: "irv",
    Shape.LEVELS: "schulze",
}
GOOD = [
    *[("proposal", word) for word in ("agree", "abstain", "disagree", "block")],
    *[("consent", "objection"), ("question-round", [])],
    *[("approval", []), ("approval", ["o1", "o3"]), ("equal-shares", ["o2"])],
    *[("choose", []), ("choose", ["o1"]), ("choose", ["o1", "o2"]), ("choose", ["none_of_these"])],
    *[("score", []), ("score", [["o1", 0], ["o2", 5]]), ("dot", [["o1", 4], ["o3", 1]])],
    *[("irv", []), ("irv", ["o3", "o1"]), ("meek", ["o2"])],
    *[("schulze", []), ("schulze", [["o1"], ["o2", "o3"]])],
]
BAD = [
    *[("proposal", wrong) for wrong in ("perhaps", "", ["agree"], 1, None, True)],
    *[("question-round", "agree"), ("question-round", ["o1"])],
    *[("approval", "o1"), ("approval", ["o4"]), ("approval", ["o1", "o1"]), ("approval", [1])],
    *[("choose", ["o1", "o2", "o3"]), ("choose", ["o1", "o1"])],
    *[("score", [["o1", 6]]), ("score", [["o1", -1]]), ("score", [["o1", 1], ["o1", 1]]), ("score", [["o4", 1]])],
    *[("score", [["o1", "1"]]), ("score", [["o1"]]), ("score", [["o1", None]]), ("score", ["o1"])],
    *[("dot", [["o1", 3], ["o2", 3]]), ("dot", [["o1", 5]])],
    *[("irv", ["o1", "o1"]), ("irv", [["o1"]]), ("irv", ["none_of_these"])],
    *[("schulze", ["o1"]), ("schulze", [["o1"], ["o1"]]), ("schulze", [["o4"]])],
]


def write_past_the_domain(method: str, choice: Any) -> None:
    on = scene(1)
    terms: dict[str, Any] = {"method": method, "rule": PRESETS["ordinary"], "settings": SETTINGS.get(method, {})}
    proposal = opened(on, **terms, options=() if METHODS[method].options else THREE)
    entry = entry_of(proposal.id, on.author.id)
    row = {"proposal_id": proposal.id, "roll_entry_id": entry.id, "sequence": 1, "choice": choice}
    row |= {"reason": "", "public_name": "", "channel": "web", "received_at": NOW}
    with write_transaction():
        db.session.execute(insert(Ballot), [row])


@pytest.mark.parametrize(("method", "choice"), GOOD, ids=str)
def test_the_database_takes_a_ballot_that_can_be(method, choice):
    write_past_the_domain(method, choice)


@pytest.mark.parametrize(("method", "choice"), BAD, ids=str)
def test_the_database_refuses_a_ballot_that_cannot_be(method, choice):
    with pytest.raises((DBAPIError, ValueError)):
        write_past_the_domain(method, choice)
