"""`coopgov check` finds nothing in honest records, and names each one that was tampered with."""

import pytest
from sqlalchemy import text

from coopgov.decisions import record_checks
from coopgov.decisions.models import Closing
from coopgov.infra.audit import AuditRow
from coopgov.infra.check import run_checks
from coopgov.infra.db import db, write_transaction
from coopgov.infra.facts import FACT_TABLES, trigger_names
from tests.decisions.scene import close, opened, scene, vote_all

pytestmark = pytest.mark.usefixtures("app")

NAME = "published records hold"
NOTHING = "0" * 64


@pytest.fixture
def on():
    return scene(4)


@pytest.fixture
def proposal(on):
    proposal = opened(on)
    vote_all(proposal, on.members, "agree", "agree", "disagree", "block")
    return close(proposal)


def tamper(statement: str, **values: object) -> None:
    """As somebody could who holds the database: the triggers are no hindrance."""
    with write_transaction() as session:
        if db.engine.dialect.name == "sqlite":
            for table in FACT_TABLES:
                for name in trigger_names(table, "sqlite"):
                    session.execute(text(f"DROP TRIGGER IF EXISTS {name}"))
        else:
            session.execute(text("SET LOCAL session_replication_role = replica"))
        session.execute(text(statement), values)
    db.session.expire_all()


def faults() -> list[str]:
    return run_checks()[NAME]


def test_honest_records_are_well(on, proposal):
    opened(on, title="Still open")
    assert not any(run_checks().values())


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("UPDATE ballot SET choice = '\"agree\"' WHERE reason != ''", "its record fails at chain"),
        ("UPDATE ballot SET reason = 'Another word.' WHERE reason != ''", "its record fails at chain"),
        ("UPDATE ballot SET nonce = '0123456789abcdef0123456789abcdef' WHERE id = 1", "its record fails at chain"),
        ("UPDATE ballot SET choice = '\"maybe\"' WHERE id = 1", "its record cannot be written (ValueError)"),
        ("DELETE FROM ballot WHERE id = 1", "its record fails at chain"),
        (f"UPDATE roll_entry SET leaf = '{NOTHING}' WHERE id = 1", "its record fails at roll"),
        (f"UPDATE closing SET digest = '{NOTHING}'", "its record fails at external"),
        (f"UPDATE proposal SET manifest_hash = '{NOTHING}'", "its record fails at M"),
        (f"UPDATE result SET tie_seed = '{NOTHING}'", "its result was counted with other lots than its record"),
        ("UPDATE proposal SET source = 'We move to the moon.'", "its page is not what was voted on"),
        ("UPDATE proposal SET title = 'Move to the moon'", "its page is not what was voted on"),
        ("DELETE FROM closing", "a part of its record is missing"),
    ],
)
def test_whatever_was_changed_is_named(proposal, statement, fault):
    tamper(statement)
    assert faults() == [f"proposal {proposal.id}: {fault}"]


def test_older_records_have_their_turn_within_thirty_days(proposal, clock, monkeypatch):
    monkeypatch.setattr(record_checks, "NEWEST", 0)
    tamper(f"UPDATE closing SET digest = '{NOTHING}'")
    found = []
    for _ in range(record_checks.TURNS):
        clock.forward(days=1)
        found += faults()
    assert found == [f"proposal {proposal.id}: its record fails at external"]


def test_the_audit_row_of_closing_says_what_was_fixed(proposal):
    row = db.session.query(AuditRow).filter_by(act="proposal.closed").one()
    assert row.details["close"] == db.session.get_one(Closing, proposal.id).digest
