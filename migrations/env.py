"""Runs migrations on the connection that `coopgov migrate` opened; guards the fact tables at the end of each run."""

from typing import Literal

from alembic import context

from coopgov.infra.db import Base, UtcDateTime
from coopgov.infra.facts import guard_facts


def render(kind: str, thing: object, _context: object) -> str | Literal[False]:
    """Our own column type by its name in the migration's imports."""
    return "UtcDateTime()" if kind == "type" and isinstance(thing, UtcDateTime) else False


connection = context.config.attributes["connection"]
is_sqlite = connection.dialect.name == "sqlite"
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    render_as_batch=True,  # SQLite cannot alter columns in place
    compare_type=True,
    render_item=render,
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
    guard_facts(connection)
