"""Tables whose rows are facts: appended, never changed; ballots that cannot be. Triggers on both databases say no."""

from collections.abc import Iterator

from sqlalchemy import Connection, inspect, text

from coopgov.infra import ballot_guard
from coopgov.infra.db import Base

FACT_TABLES = (
    "audit",
    "event",
    "ballot",
    "secret_ballot",
    "roll_entry",
    "roll_amendment",
    "recusal",
    "proxy_terms",
    "proxy_line",
    "closing",
    "result",
    "outcome",
    "decision_link",
    "decision_note",
    "proposal_revision",
    "moderation",
    "ledger_entry",
    "posting",
    "standing_rule",
    "decision_rule",
    "authorship",
    "amendment",
    "amendment_act",
    "countersignature",
    "proposal_template",
)

_SQLITE = """CREATE TRIGGER {table}_no_{verb} BEFORE {VERB} ON "{table}"
BEGIN SELECT RAISE(ABORT, '{table} rows are facts and never change'); END"""
_POSTGRES_FUNCTION = """CREATE OR REPLACE FUNCTION facts_never_change() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '% rows are facts and never change', TG_TABLE_NAME; END $$"""
_POSTGRES = """CREATE TRIGGER {table}_no_{verb} BEFORE {VERB} ON "{table}"
FOR EACH STATEMENT EXECUTE FUNCTION facts_never_change()"""


def trigger_names(table: str, dialect: str) -> list[str]:
    """Names of the triggers that guard ``table`` on ``dialect``."""
    verbs = ("update", "delete") if dialect == "sqlite" else ("update", "delete", "truncate")
    return [f"{table}_no_{verb}" for verb in verbs]


def _statements(table: str, dialect: str) -> Iterator[str]:
    template = _SQLITE if dialect == "sqlite" else _POSTGRES
    for name in trigger_names(table, dialect):
        verb = name.rsplit("_", 1)[1]
        yield template.format(table=table, verb=verb, VERB=verb.upper())


def guard_facts(connection: Connection) -> None:
    """Creates every missing trigger; called at the end of each migration run, since batch mode drops them silently."""
    dialect = connection.dialect.name
    if dialect == "postgresql":
        connection.execute(text(_POSTGRES_FUNCTION))
    there = present_triggers(connection)
    for table in FACT_TABLES:
        if inspect(connection).has_table(table):
            for name, statement in zip(trigger_names(table, dialect), _statements(table, dialect), strict=True):
                if name not in there:
                    connection.execute(text(statement))
    if ballot_guard.TRIGGER not in there and _has_bounds(connection):
        for statement in ballot_guard.statements(dialect):
            connection.exec_driver_sql(statement.replace("%", "%%") if dialect == "postgresql" else statement)


def _has_bounds(connection: Connection) -> bool:
    found = inspect(connection)
    return found.has_table("proposal") and "bounds" in {column["name"] for column in found.get_columns("proposal")}


def present_triggers(connection: Connection) -> set[str]:
    """Names of all triggers in the database."""
    if connection.dialect.name == "sqlite":
        return set(connection.scalars(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")))
    return set(connection.scalars(text("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal")))


def missing_triggers(connection: Connection) -> list[str]:
    """Names of triggers that should be there and are not; ``coopgov check`` wants none."""
    there = present_triggers(connection)
    wanted = [name for table in FACT_TABLES for name in trigger_names(table, connection.dialect.name)]
    wanted.append(ballot_guard.TRIGGER)
    return [name for name in wanted if name not in there]


def known_tables() -> set[str]:
    """Names of all tables of the program."""
    return set(Base.metadata.tables)
