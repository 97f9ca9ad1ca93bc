"""The health of this installation: what works, what is missing, and what to do about it."""

import shutil
import smtplib
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from flask import current_app
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from coopgov.config import Settings
from coopgov.infra.db import db
from coopgov.infra.jobs import ClockRun, job_counts
from coopgov.infra.migrate import current_revision, newest_revision

LEAST_FREE = 0.05  # of the disk
WORKER_SILENCE = timedelta(minutes=2)


@dataclass(frozen=True)
class Finding:
    """One thing looked at. ``advice`` says what to do when it is not well."""

    name: str
    well: bool
    says: str
    advice: str = ""


Examination = Callable[[Settings, datetime, bool], Iterable[Finding]]


def examine(settings: Settings, now: datetime, *, ask_network: bool = False) -> list[Finding]:
    """Everything the doctor looks at, in the order in which to mend it. Needs an application context.

    What features look at (``app.EXAMINATIONS``) comes last; only with ``ask_network`` do they ask other services.
    """
    findings = [_folder(settings), _disk(settings), _key(settings), *_database(now)]
    findings += [_address(settings), _proxy(settings), _mail(settings)]
    examinations: Sequence[Examination] = current_app.extensions["coopgov.examinations"]
    return [*findings, *(found for look in examinations for found in look(settings, now, ask_network))]


def _folder(settings: Settings) -> Finding:
    folder = Path(settings.data_dir)
    return Finding("data folder", folder.is_dir(), str(folder.resolve()), "Run `coopgov init`.")


def _disk(settings: Settings) -> Finding:
    usage = shutil.disk_usage(settings.data_dir)
    free = usage.free / usage.total
    return Finding("disk", free > LEAST_FREE, f"{free:.0%} free", "Make room: below 5 % writing may fail.")


def _key(settings: Settings) -> Finding:
    path = Path(settings.data_dir) / "secret.key"
    private = not path.exists() or not path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH)
    return Finding("secret key", private, "set", f"Others can read it: chmod 600 {path}")


def _database(now: datetime) -> Iterator[Finding]:
    try:
        revision = current_revision(db.session.connection())
    except SQLAlchemyError as error:
        yield Finding("database", False, type(error).__name__, "Check COOPGOV_DATABASE_URL and that the server runs.")
        return
    yield Finding("database", True, db.engine.dialect.name)
    yield Finding("schema", revision == newest_revision(), revision or "empty", "Run `coopgov migrate`.")
    if revision:
        yield from _work(now)


def _work(now: datetime) -> Iterator[Finding]:
    last = db.session.scalar(select(func.max(ClockRun.ran_at)))
    alive = last is not None and now - last < WORKER_SILENCE
    yield Finding(
        "worker", alive, f"last seen {last:%Y-%m-%d %H:%M} UTC" if last else "never seen", "Run `coopgov serve`."
    )
    dead = job_counts().get("dead", 0)
    yield Finding("jobs", dead == 0, f"{dead} given up", "See them at /admin/jobs, mend the cause, try again.")


def _address(settings: Settings) -> Finding:
    advice = "For real use, put a proxy with https before it and set COOPGOV_BASE_URL."
    return Finding("address", settings.is_https, settings.base_url, advice)


def _proxy(settings: Settings) -> Finding:
    named = bool(settings.trusted_proxy) or not settings.is_https
    advice = "Set COOPGOV_TRUSTED_PROXY, or all visitors share one limit against guessing passwords."
    return Finding("proxy", named, settings.trusted_proxy or "none named", advice)


def _mail(settings: Settings) -> Finding:
    target = urlsplit(settings.mail_url)
    if target.scheme == "file":
        return Finding("mail", False, "goes to a folder", "For real use set COOPGOV_MAIL_URL to an SMTP server.")
    if not target.scheme:
        return Finding("mail", False, "not set; mails wait", "Set COOPGOV_MAIL_URL.")
    try:
        port = target.port or (465 if target.scheme == "smtps" else 587)
        server = smtplib.SMTP_SSL if target.scheme == "smtps" else smtplib.SMTP
        server(target.hostname or "", port, timeout=5).quit()
    except (OSError, smtplib.SMTPException) as error:
        return Finding("mail", False, f"{target.hostname}: {type(error).__name__}", "The server does not answer.")
    return Finding("mail", True, f"{target.hostname} answers")
