"""The `coopgov` command. Exit status: 0 done, 1 refused or found wrong, 2 not understood."""

import json
import logging
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from coopgov import __version__
from coopgov.app import create_app
from coopgov.config import Settings, SettingsError, read_settings
from coopgov.core.errors import NotFound, Refused
from coopgov.core.time import utc_now
from coopgov.decisions.cli import count, verify
from coopgov.decisions.key_health import destroy_all
from coopgov.demo import folder as demo_folder
from coopgov.demo.providers import FakesFailed, Told, fakes_beside, wait_for_former
from coopgov.fakes.credentials import OPENCOLLECTIVE_TOKEN, STRIPE_WEBHOOK_SECRET
from coopgov.federation import cli as federation
from coopgov.federation.services import blocks
from coopgov.funding.cli import read_opencollective, read_stripe, shown
from coopgov.funding.providers.base import ProviderDown, ProviderRefused
from coopgov.funding.providers.opencollective import reading as opencollective
from coopgov.funding.providers.opencollective.addresses import webhook_url
from coopgov.funding.providers.stripe.client import connect
from coopgov.infra import audit, backup, server
from coopgov.infra.archive import BackupError
from coopgov.infra.check import run_checks
from coopgov.infra.coop import found_coop, the_coop
from coopgov.infra.crypto import Signer
from coopgov.infra.db import db, write_transaction
from coopgov.infra.doctor import examine
from coopgov.infra.migrate import MigrationFailed, current_revision, migrate, newest_revision
from coopgov.infra.setup import write_key, write_settings
from coopgov.infra.worker import Crew
from coopgov.membership.models import Invitation
from coopgov.membership.rules.register import INVITATION
from coopgov.membership.services import register as membership

DEMO_SEED = 7264
LOOPBACK = ("127.0.0.1", "::1", "localhost")
SECRET_SETTINGS = (
    *("secret_key", "secret_key_fallbacks", "database_url", "mail_url"),
    *("stripe_secret_key", "stripe_webhook_secret", "opencollective_token"),
)
file_path = click.Path(dir_okay=False, path_type=Path)
as_json = click.option("--json", "as_json", is_flag=True, help="For machines.")


@click.group(commands=[count, verify])
@click.version_option(__version__, prog_name="coopgov")
def main() -> None:
    """The platform on which a co-operative runs itself."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("alembic").setLevel(logging.WARNING)


@contextmanager
def _plain_refusals() -> Iterator[None]:
    try:
        yield
    except Refused as refused:
        raise click.ClickException(f"refused: {refused.reason}") from refused
    except (SettingsError, BackupError, MigrationFailed, FakesFailed) as error:
        raise click.ClickException(str(error)) from error
    except SQLAlchemyError as error:
        raise click.ClickException(f"the database says no: {error.__class__.__name__}: {error}") from error


@contextmanager
def _installation(**overrides: Any) -> Iterator[tuple[Flask, Settings]]:
    with _plain_refusals():
        settings = read_settings(**overrides)
        app = create_app(settings)
        with app.app_context():
            yield app, settings


def _require_schema() -> None:
    with db.engine.connect() as connection:
        revision = current_revision(connection)
    if revision is None:
        raise click.ClickException("There is no co-op here yet: run `coopgov init`.")
    if revision != newest_revision():
        raise click.ClickException("The database is of another version: run `coopgov upgrade`.")


@main.command()
@click.option("--name", prompt="Name of the co-op", help="As its members say it.")
@click.option("--base-url", prompt="Address of the site", default="http://127.0.0.1:8000", help="What people type.")
@click.option("--contact", prompt="Contact address", default="", help="For questions and security reports.")
@click.option("--mail-url", prompt="Mail server (smtp://…, empty: later)", default="", help="See docs/settings.md.")
@click.option("--zone", default="Europe/London", show_default=True, help="Time zone of the co-op.")
@click.option("--language", default="en", show_default=True, help="Its first language.")
def init(name: str, base_url: str, contact: str, mail_url: str, zone: str, language: str) -> None:
    """Sets up a new installation: key, settings, schema, the co-op's name."""
    with _plain_refusals():
        folder = Path(read_settings().data_dir)
        write_key(folder)
        if not (folder / "coopgov.env").exists():
            write_settings(folder, {"base_url": base_url, "contact": contact, "mail_url": mail_url})
    with _installation():
        migrate(db.engine)
        if the_coop() is not None:
            raise click.ClickException("There is a co-op here already; nothing was changed.")
        now = utc_now()
        with write_transaction():
            found_coop(name, language, zone, now)
            audit.record("cli", "coop.founded", "coop:1", now)
    click.echo(f"{name} is set up in {folder}. Next: coopgov admin create YOUR@ADDRESS, then coopgov serve.")


@main.command("migrate")
def migrate_command() -> None:
    """Brings the database's schema to this version."""
    with _installation():
        click.echo(f"schema: {migrate(db.engine)}")


@main.command()
def upgrade() -> None:
    """Backs up, migrates, checks, and puts the backup back when a check fails."""
    with _installation() as (_app, settings):
        folder, now = Path(settings.data_dir), utc_now()
        archive = folder / f"before-upgrade-{now:%Y%m%d-%H%M%S}.tar.gz"
        backup.backup(settings.database, folder, archive, now)
        try:
            revision = migrate(db.engine)
            faults = _faults()
        except (MigrationFailed, SQLAlchemyError) as error:
            revision, faults = "", [str(error)]
        if faults:
            db.session.remove()
            db.engine.dispose()
            backup.restore(archive, folder, settings.database, replace=True)
            raise click.ClickException("Put back as it was: " + "; ".join(faults))
    click.echo(f"schema: {revision}; the copy from before is {archive}")


def _faults() -> list[str]:
    return [f"{name}: {fault}" for name, faults in run_checks().items() for fault in faults]


@main.command("check")
@as_json
def check_command(as_json: bool) -> None:
    """Asks the data the questions that must have no answer."""
    with _installation():
        _require_schema()
        found = run_checks()
    if as_json:
        click.echo(json.dumps(found))
    else:
        for name, faults in found.items():
            click.echo(f"{name}: " + ("well" if not faults else "; ".join(faults)))
    raise SystemExit(1 if any(found.values()) else 0)


@main.command()
@as_json
@click.option("--network", is_flag=True, help="Ask the payment providers whether they answer, too.")
def doctor(as_json: bool, network: bool) -> None:
    """Looks at this installation and says what is missing."""
    with _installation() as (_app, settings):
        findings = examine(settings, utc_now(), ask_network=network)
    if as_json:
        click.echo(json.dumps([asdict(f) for f in findings]))
    else:
        for f in findings:
            click.echo(f"{'✓' if f.well else '✕'} {f.name}: {f.says}" + ("" if f.well else f" — {f.advice}"))
    raise SystemExit(0 if all(f.well for f in findings) else 1)


@main.command()
def config() -> None:
    """Prints the settings in force, secrets left out."""
    with _plain_refusals():
        for name, value in asdict(read_settings()).items():
            hidden = value and name in SECRET_SETTINGS
            click.echo(f"COOPGOV_{name.upper()}={'(set)' if hidden else value}")


@main.command()
@click.option("--demo", is_flag=True, help="A believable co-op with made-up members, on loopback only.")
@click.option("--fresh", is_flag=True, help="With --demo: seed it anew.")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True, envvar="PORT")
def serve(demo: bool, fresh: bool, host: str, port: int) -> None:
    """Web and worker in one process."""
    surroundings = _demo(host, port, fresh) if demo else nullcontext[dict[str, Any]]({})
    with _plain_refusals(), surroundings as overrides:
        _serve(overrides, host, port)


def _serve(overrides: dict[str, Any], host: str, port: int) -> None:
    with _installation(**overrides) as (app, settings):
        _require_schema()
        if "demo" in overrides:
            click.echo(demo_folder.greeting(settings.base_url))
        crew = Crew(app, utc_now)
        crew.start()
        try:
            _serve_web(app, settings, host, port)
        finally:
            crew.stop()


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True, envvar="PORT")
def web(host: str, port: int) -> None:
    """The web half alone, for more machines."""
    with _installation() as (app, settings):
        _require_schema()
        _serve_web(app, settings, host, port)


def _serve_web(app: Flask, settings: Settings, host: str, port: int) -> None:
    stop = threading.Event()
    server.stop_on_signals(stop)
    ready = lambda: click.echo(f"coopgov {__version__} answers on http://{host}:{port}")  # noqa: E731
    server.serve(app.wsgi_app, host, port, stop=stop, ready=ready, trusted_proxy=settings.trusted_proxy)


@main.command("worker")
def worker_command() -> None:
    """The worker half alone, for more machines."""
    with _installation() as (app, _settings):
        _require_schema()
        crew, stop = Crew(app, utc_now), threading.Event()
        server.stop_on_signals(stop)
        crew.start()
        stop.wait()
        crew.stop()


@contextmanager
def _demo(host: str, port: int, fresh: bool) -> Iterator[dict[str, Any]]:
    """The demonstration's folder, seeded, and the fakes running beside it; gives its settings."""
    if host not in LOOPBACK:
        raise click.UsageError("The demo's sign-in links open every door: it serves loopback addresses only.")
    overrides, now = demo_folder.settings_at(host, port), utc_now()
    wait_for_former(demo_folder.FOLDER)
    if fresh or not demo_folder.is_young(now, newest_revision()):
        demo_folder.empty()
        write_key(demo_folder.FOLDER)
        _seed(overrides, now)
    settings = read_settings(**overrides)
    told = Told(f"{settings.base_url}/webhooks/stripe", webhook_url(Signer(settings.keys), settings))
    with fakes_beside(demo_folder.FOLDER, told) as providers:
        demo_folder.keep_settings(overrides | providers)
        yield overrides | providers


def _seed(overrides: dict[str, Any], now: datetime) -> None:
    from coopgov.demo.seed import demo_facts, seed_demo  # brings both fakes, which nobody else needs

    with _installation(**overrides) as (_app, settings):
        migrate(db.engine)
        demo = seed_demo(now, random.Random(DEMO_SEED))  # noqa: S311 - a story, no secret
        demo.tills.write(demo_folder.FOLDER)
        demo_folder.keep_facts(demo_facts(demo, settings), now, newest_revision())
        db.engine.dispose()


@main.command("fake-stripe")
@click.option("--port", default=12111, show_default=True)
@click.option("--webhook-url", help="Where messages go, such as http://127.0.0.1:8000/webhooks/stripe.")
@click.option("--webhook-secret", help="Signs them; COOPGOV_STRIPE_WEBHOOK_SECRET has to be the same.")
@click.option("--state", type=file_path, help="Begins as this file says, and writes it at the end.")
def fake_stripe(port: int, webhook_url: str | None, webhook_secret: str | None, state: Path | None) -> None:
    """A stand-in for Stripe, on this machine only: no money moves. See docs/fakes.md."""
    from coopgov.fakes.stripe.server import serve

    with _only_in_development(port):
        serve(port, "127.0.0.1", webhook_secret or STRIPE_WEBHOOK_SECRET, webhook_url, state)


@main.command("fake-opencollective")
@click.option("--port", default=12112, show_default=True)
@click.option("--data", type=file_path, help="The story with which it begins.")
@click.option("--token", help="COOPGOV_OPENCOLLECTIVE_TOKEN has to be the same.")
@click.option("--nudge-url", help="Is told that something happened, as Open Collective's webhook does.")
def fake_opencollective(port: int, data: Path | None, token: str | None, nudge_url: str | None) -> None:
    """A stand-in for Open Collective, on this machine only: no money moves. See docs/fakes.md."""
    from coopgov.fakes.opencollective.server import serve

    with _only_in_development(port):
        serve(port, "127.0.0.1", data, token or OPENCOLLECTIVE_TOKEN, nudge_url)


@contextmanager
def _only_in_development(port: int) -> Iterator[None]:
    with _plain_refusals():
        settings = read_settings()
    if settings.is_https:
        raise click.ClickException("The base address is https: fakes are for development.")
    try:
        yield
    except OSError as error:
        raise click.ClickException(f"Port {port} cannot be had: {error.strerror}") from error
    except (ValueError, LookupError) as error:
        raise click.ClickException(f"The file cannot be used: {error}") from error


@main.group("sync")
def sync_group() -> None:
    """Reads what payment providers hold; safe to run at any time, and again after a crash."""


@sync_group.command("stripe")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="All since that day (UTC), not just since last time.")
def sync_stripe(since: datetime | None) -> None:
    """Reads all of Stripe that changed: what messages did not tell, or nobody heard."""
    with _installation() as (_app, settings):
        _require_schema()
        try:
            stripe = connect(settings)
            if stripe is None:
                raise click.ClickException("COOPGOV_STRIPE_SECRET_KEY is not set: there is nothing to read.")
            read, changed = read_stripe(stripe, utc_now, since.replace(tzinfo=UTC) if since else None)
        except ProviderDown as error:
            raise click.ClickException(f"{error}. Run it again: it goes on where it stopped.") from error
        except ProviderRefused as error:
            raise click.ClickException(f"Stripe says no: {error}") from error
    click.echo(f"Stripe: {read} objects read, {changed} rows new or different.")


@sync_group.command("opencollective")
@click.option("--full", is_flag=True, help="All money from the beginning, not just what may have changed.")
@click.option("--show-webhook", is_flag=True, help="Prints the secret address for its webhook.")
def sync_opencollective(full: bool, show_webhook: bool) -> None:
    """Reads who pays by Open Collective, what they paid, and what it holds."""
    with _installation() as (app, settings):
        _require_schema()
        provider = opencollective.connect(settings)
        if provider is None:
            raise click.ClickException("COOPGOV_OPENCOLLECTIVE_SLUG is not set: there is nothing to read.")
        if show_webhook:
            click.echo(webhook_url(app.extensions["coopgov.signer"], settings))
            return
        try:
            read = shown(read_opencollective(provider, utc_now, full))
        except ProviderDown as error:
            raise click.ClickException(f"{error} Run it again: it goes on where it stopped.") from error
        except ProviderRefused as error:
            raise click.ClickException(str(error)) from error
    click.echo(f"Open Collective: {read.done} objects read, {read.changed} rows new or different.")


@main.group()
def admin() -> None:
    """The first officer."""


@admin.command("create")
@click.argument("email")
def create_admin(email: str) -> None:
    """Mails EMAIL an invitation to be the first officer, and prints its link."""
    with _installation() as (app, settings):
        _require_schema()
        now = utc_now()
        with write_transaction():
            found = membership.first_officer(email, now)
        if isinstance(found, Invitation):
            token = app.extensions["coopgov.signer"].sign(INVITATION, found.id)
            click.echo(f"{settings.base_url.rstrip('/')}/invitation/{token}")
        else:
            click.echo("They are a member already, and hold the office now.")


@main.command()
@click.argument("email")
def invite(email: str) -> None:
    """Mails EMAIL an invitation to become a member."""
    with _installation():
        _require_schema()
        coop = the_coop()
        with write_transaction():
            membership.invite(email, "", None, coop.language if coop else "en", utc_now())
    click.echo(f"An invitation to {email} waits to be sent.")


@main.command("backup")
@click.argument("file", type=click.Path(path_type=Path))
@as_json
def backup_command(file: Path, as_json: bool) -> None:
    """Writes a consistent copy of the database, with a manifest, to FILE (.tar or .tar.gz)."""
    with _plain_refusals():
        settings = read_settings()
        manifest = backup.backup(settings.database, Path(settings.data_dir), file, utc_now())
    click.echo(json.dumps(asdict(manifest)) if as_json else f"{file}: {sum(manifest.contents.rows.values())} rows")


@main.command("restore")
@click.argument("file", type=click.Path(exists=True, path_type=Path))
@click.option("--check", "only_check", is_flag=True, help="Proves the copy, restores nothing.")
@click.option("--replace", is_flag=True, help="Even though there is a database already.")
def restore_command(file: Path, only_check: bool, replace: bool) -> None:
    """Puts the copy in FILE back, after proving it."""
    with _plain_refusals():
        if only_check:
            manifest = backup.check(file)
        else:
            settings = read_settings()
            manifest = backup.restore(file, Path(settings.data_dir), settings.database, replace=replace)
            click.echo("".join(f"{line}\n" for line in destroy_all(settings)), err=True, nl=False)
    done = f"{sum(manifest.contents.rows.values())} rows of {manifest.created_at}"
    click.echo(f"proved: {done}" if only_check else f"restored: {done}")


@main.group("federation")
def federation_group() -> None:
    """What the fediverse hears of the co-op, and how it gets there."""


@federation_group.command("status")
@as_json
def federation_status(as_json: bool) -> None:
    """Followers, what is on its way, and which servers are in trouble."""
    with _installation():
        _require_schema()
        told = federation.status(utc_now())
    click.echo(json.dumps(told, ensure_ascii=False) if as_json else "\n".join(federation.lines(told)))


@federation_group.command("announce")
@click.option("--as", "handle", required=True, help="Handle of the actor, such as harbour_social.")
@click.option("--text", required=True, help="Plain text; each line is a paragraph.")
@click.option("--title", default="", help="Shown in bold above it.")
@click.option("--yes", "sure", is_flag=True, help="Without asking.")
def federation_announce(handle: str, text: str, title: str, sure: bool) -> None:
    """Publishes an announcement by hand; the worker sends it to all followers."""
    with _installation():
        _require_schema()
        click.echo(federation.announce(handle, title, text, sure, utc_now()))


@federation_group.command("block")
@click.argument("domain")
@click.option("--reason", default="", help="For the officers.")
def federation_block(domain: str, reason: str) -> None:
    """Takes nothing from DOMAIN and those below it any more, and sends nothing there."""
    with _installation():
        _require_schema()
        with write_transaction():
            name = blocks.block(domain, reason, "cli", utc_now()).domain
    click.echo(f"{name} is blocked.")


@federation_group.command("unblock")
@click.argument("domain")
def federation_unblock(domain: str) -> None:
    """Takes DOMAIN off the block list; who followed from there has to follow again."""
    with _installation():
        _require_schema()
        try:
            with write_transaction():
                blocks.unblock(domain, "cli", utc_now())
        except NotFound as error:
            raise click.ClickException(f"{domain} is not blocked.") from error
    click.echo(f"{domain} is no longer blocked.")


@main.command("rotate-keys")
def rotate_keys() -> None:
    """Seals the actor's private keys with the newest COOPGOV_SECRET_KEY, and gives it a new key pair."""
    with _installation():
        _require_schema()
        click.echo(federation.rotate_keys(utc_now()))


@main.group("audit")
def audit_group() -> None:
    """The chained log of who did what."""


@audit_group.command("verify")
@as_json
def verify_audit(as_json: bool) -> None:
    """Recomputes every seal. Compare the printed head with one that was written down elsewhere."""
    with _installation():
        _require_schema()
        broken, (number, seal) = audit.broken_at(), audit.head()
    if as_json:
        click.echo(json.dumps({"rows": number, "head": seal, "broken_at": broken}))
    else:
        click.echo(f"{number} rows, head {seal}" if broken is None else f"row {broken} is missing or was changed")
    raise SystemExit(0 if broken is None else 1)
