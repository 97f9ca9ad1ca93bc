"""The schema: brought to its newest revision in one transaction, with foreign keys checked before it commits."""

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, func, select, text

from coopgov import paths
from coopgov.infra.db import WRITE_LOCK, Base


class MigrationFailed(RuntimeError):
    """The database is as it was before; the text says what is wrong."""


def alembic_config() -> Config:
    """Alembic's configuration without a file of its own: scripts lie beside the package or inside the wheel."""
    config = Config()
    config.set_main_option("script_location", str(paths.MIGRATIONS))
    config.set_main_option("file_template", "%%(year)d%%(month).2d%%(day).2d_%%(hour).2d%%(minute).2d_%%(slug)s")
    return config


def migrate(engine: Engine, revision: str = "head") -> str:
    """Brings the schema to ``revision`` and returns its id; raises MigrationFailed with nothing changed.

    Foreign keys are off while SQLite's batch mode rebuilds tables, and checked at the end.
    """
    with engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            connection.connection.execute("pragma foreign_keys=off")  # only possible outside a transaction
        try:
            return _migrate(connection.execution_options(write=True), revision)
        finally:
            if connection.dialect.name == "sqlite":
                connection.connection.execute("pragma foreign_keys=on")


def _migrate(connection: Connection, revision: str) -> str:
    with connection.begin():
        if connection.dialect.name == "postgresql":
            connection.execute(select(func.pg_advisory_xact_lock(WRITE_LOCK)))
        config = alembic_config()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        if connection.dialect.name == "sqlite" and connection.execute(text("pragma foreign_key_check")).first():
            raise MigrationFailed("a row would point at nothing (pragma foreign_key_check)")
        return current_revision(connection) or ""


def current_revision(connection: Connection) -> str | None:
    """Revision of the database, None when it is empty."""
    return MigrationContext.configure(connection).get_current_revision()


def newest_revision() -> str:
    """The revision that this program needs."""
    return ScriptDirectory.from_config(alembic_config()).get_current_head() or ""


def differences(connection: Connection) -> list[str]:
    """Where the database's tables differ from the program's models; empty after a good migration."""
    context = MigrationContext.configure(connection, opts={"compare_type": True, "render_as_batch": True})
    return [str(difference) for difference in compare_metadata(context, Base.metadata)]
