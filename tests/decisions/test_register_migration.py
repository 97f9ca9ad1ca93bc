"""The register's migration goes both ways on both databases, and carries review dates over."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from alembic import command
from sqlalchemy import (
    JSON,
    Boolean,
    Connection,
    DateTime,
    Engine,
    Integer,
    MetaData,
    Table,
    create_engine,
    inspect,
    text,
)

from coopgov.infra.facts import missing_triggers
from coopgov.infra.migrate import alembic_config, migrate
from tests.conftest import NOW

BEFORE, AFTER = "20261129_rules", "20261129_register"
REVIEW = datetime(2028, 2, 29, tzinfo=UTC)
OF_TYPE = {Integer: 1, Boolean: False, DateTime: NOW, JSON: {}}


def insert(connection: Connection, table: str, **given: Any) -> None:
    """A row of the schema as it was, whatever else it asks for filled in."""
    found = Table(table, MetaData(), autoload_with=connection)
    needed = (column for column in found.columns if not column.nullable and column.name not in ("id", *given))
    filled = {c.name: next((v for kind, v in OF_TYPE.items() if isinstance(c.type, kind)), "x") for c in needed}
    connection.execute(found.insert().values(**filled | given))


def outcomes_of_before(connection: Connection) -> None:
    insert(connection, "party", kind="person", public_name="full", theme="")
    insert(connection, "working_group", slug="tech", joining="open")
    insert(connection, "thread", state="visible")
    closed = {"state": "closed", "electorate": "coop", "secrecy": "open", "closed_at": NOW}
    for number in (1, 2):
        insert(connection, "proposal", slug=str(number), **closed)
        insert(connection, "outcome", proposal_id=number, number=1, source="One", review_on=REVIEW)
    insert(connection, "outcome", proposal_id=1, number=2, source="Two", review_on=REVIEW)
    insert(connection, "outcome", proposal_id=2, number=2, source="Two", review_on=None)


def unguarded(connection: Connection) -> list[str]:
    """Triggers that tables of this revision lack; later ones bring their own."""
    there = inspect(connection).get_table_names()
    return [name for name in missing_triggers(connection) if name.rsplit("_no_", 1)[0] in there]


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request, tmp_path) -> Iterator[Engine]:
    on_disk = f"sqlite:///{tmp_path / 'before.db'}"
    engine = create_engine(on_disk if request.param == "sqlite" else request.getfixturevalue("empty_postgres_url"))
    yield engine
    engine.dispose()


def test_the_schema_goes_back_and_comes_again_with_the_review_dates_that_outcomes_named(engine):
    migrate(engine, BEFORE)
    with engine.begin() as connection:
        outcomes_of_before(connection)
    for _ in range(2):
        migrate(engine, AFTER)
        with engine.connect() as connection:
            notes = connection.execute(text("SELECT proposal_id, act, by_id FROM decision_note WHERE review_at > at"))
            assert [tuple(row) for row in notes] == [(1, "dates", 1)]
            assert connection.execute(text("SELECT DISTINCT departs, departs_reason FROM outcome")).all() == [
                (False, "")
            ]
            assert unguarded(connection) == []
        with engine.begin() as connection:
            config = alembic_config()
            config.attributes["connection"] = connection
            command.downgrade(config, BEFORE)
        with engine.connect() as connection:
            assert not {"decision_note", "decision_link"} & set(inspect(connection).get_table_names())
            assert "departs" not in {column["name"] for column in inspect(connection).get_columns("outcome")}
            assert connection.scalar(text("SELECT count(*) FROM outcome")) == 4
            assert unguarded(connection) == []
