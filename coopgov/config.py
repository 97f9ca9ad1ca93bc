"""The settings of an installation: COOPGOV_* environment variables, read once, each also as COOPGOV_*_FILE."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

ENV_FILE = "coopgov.env"  # in the data folder, written by `coopgov init`
ACTOR_TYPES = ("Service", "Organization", "Group")
SHORTEST_KEY = 32  # characters; `coopgov init` writes 43


class SettingsError(ValueError):
    """A setting that cannot be meant; the text names it and says what to write."""


def _setting(default: Any, explains: str) -> Any:
    return field(default=default, metadata={"explains": explains})


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Every setting with its default. ``docs/settings.md`` is kept equal to this by a test."""

    data_dir: str = _setting("var", "Folder for the database, the secret key and mail in development.")
    database_url: str = _setting(
        "", "SQLAlchemy address. Empty: `coopgov.db` (SQLite) in the data folder. PostgreSQL: `postgresql+psycopg://…`."
    )
    base_url: str = _setting(
        "http://127.0.0.1:8000", "The address that people type; mails and feeds use it. Production: https."
    )
    secret_key: str = _setting(
        "", "Signs sessions and links. Empty: `secret.key` in the data folder, written by `coopgov init`."
    )
    secret_key_fallbacks: str = _setting("", "Former keys, separated by commas, that are still accepted.")
    key_dir: str = _setting(
        "",
        "Folder for the keys of secret votes, by its whole path: apart from the data folder, the database and every"
        " backup. Empty: no secret votes.",
    )
    mail_url: str = _setting(
        "", "`smtp://user:password@host:587` (STARTTLS), `smtps://…:465`, or `file:FOLDER`. Empty: mail waits."
    )
    mail_from: str = _setting("", "Sender of every mail. Empty: `no-reply@` and the host of the base address.")
    contact: str = _setting(
        "", "Address for security reports and questions, shown in security.txt and the privacy notice."
    )
    queue: str = _setting(
        "",
        "How workers are woken. Empty: in process, or LISTEN/NOTIFY on PostgreSQL. `redis://…`: huey (extra `redis`).",
    )
    trusted_proxy: str = _setting(
        "", "IP address of the reverse proxy whose X-Forwarded-* headers are believed. Empty: none."
    )
    stripe_secret_key: str = _setting("", "Stripe's secret or restricted key. Empty: no payments by Stripe.")
    stripe_webhook_secret: str = _setting(
        "", "Signs Stripe's messages to `/webhooks/stripe` (`whsec_…`); two, separated by a comma, while you change it."
    )
    stripe_api_base: str = _setting("", "Another address in place of Stripe's: `coopgov fake-stripe` in development.")
    opencollective_slug: str = _setting(
        "", "The co-op's page at Open Collective, as in its address. Empty: no payments by Open Collective."
    )
    opencollective_token: str = _setting(
        "", "Personal token of Open Collective (scopes account, orders, transactions, expenses, email)."
    )
    opencollective_api_url: str = _setting(
        "https://api.opencollective.com/graphql/v2",
        "GraphQL address of Open Collective: `coopgov fake-opencollective` in development.",
    )
    opencollective_url: str = _setting("https://opencollective.com", "Where people contribute at Open Collective.")
    allow_private_peers: bool = _setting(
        False, "Development only: outgoing requests may reach http and loopback addresses."
    )
    actor_handle: str = _setting(
        "",
        "The co-op's name in the fediverse, before `@`: letters, digits and underscores. Empty: made of its name. It is"
        " read once, when the actor is made: other servers remember it for good.",
    )
    actor_type: str = _setting(
        "Service", "What the co-op is in the fediverse: `Service` (shown as automated), `Organization` or `Group`."
    )
    hide_followers: bool = _setting(False, "Others are told how many follow the co-op in the fediverse, and not who.")
    demo: bool = _setting(False, "Development only, set by `serve --demo`: mail sink, persona sign-in links, ribbon.")

    @property
    def is_https(self) -> bool:
        """True when people reach the site by https, which decides cookie names and HSTS."""
        return self.base_url.startswith("https://")

    @property
    def database(self) -> str:
        """The SQLAlchemy address with the default filled in."""
        return self.database_url or f"sqlite:///{Path(self.data_dir).resolve() / 'coopgov.db'}"

    @property
    def keys_lie_apart(self) -> bool:
        """True unless the folder of keys and one that holds records lie in each other; links are followed."""
        keys, records = Path(self.key_dir).resolve(), [Path(self.data_dir).resolve()]
        if self.database.startswith("sqlite:///"):
            records.append(Path(self.database.removeprefix("sqlite:///")).resolve().parent)
        return not any(keys.is_relative_to(folder) or folder.is_relative_to(keys) for folder in records)

    @property
    def sender(self) -> str:
        """The From address of every mail."""
        return self.mail_from or f"no-reply@{self.base_url.split('://')[-1].split(':')[0].split('/')[0]}"

    @property
    def keys(self) -> list[str]:
        """Signing keys, oldest first, the one in use last; raises SettingsError when there is none."""
        key = self.secret_key or _key_file(Path(self.data_dir))
        if len(key) < SHORTEST_KEY:
            raise SettingsError("COOPGOV_SECRET_KEY is missing or too short: run `coopgov init`, or set 32 characters.")
        return [*(k.strip() for k in self.secret_key_fallbacks.split(",") if k.strip()), key]


def _key_file(folder: Path) -> str:
    path = folder / "secret.key"
    return path.read_text().strip() if path.exists() else ""


def read_settings(environment: Mapping[str, str] = os.environ, **overrides: Any) -> Settings:
    """Settings from ``environment``, with ``coopgov.env`` in the data folder for what it leaves out.

    ``overrides`` win over both. Raises SettingsError for unknown names and for values that cannot be meant.
    """
    known = {f.name: f for f in fields(Settings)}
    given = _given(environment)
    folder = str(overrides.get("data_dir") or given.get("data_dir") or Settings.data_dir)
    given = _given(_env_file(Path(folder))) | given
    if unknown := sorted(set(given) - set(known)):
        raise SettingsError(f"Unknown setting COOPGOV_{unknown[0].upper()}: see docs/settings.md.")
    settings = Settings(**{n: _typed(n, v, known[n].type) for n, v in given.items()} | overrides)
    _refuse_impossible(settings)
    return settings


def _env_file(folder: Path) -> dict[str, str]:
    path = folder / ENV_FILE
    lines = path.read_text().splitlines() if path.exists() else []
    pairs = (line.partition("=") for line in lines if "=" in line and not line.lstrip().startswith("#"))
    return {name.strip(): value.strip() for name, _, value in pairs}


def _given(environment: Mapping[str, str]) -> dict[str, str]:
    given = {}
    for name, value in environment.items():
        if name.startswith("COOPGOV_"):
            key = name.removeprefix("COOPGOV_").lower()
            given[key.removesuffix("_file")] = Path(value).read_text().strip() if key.endswith("_file") else value
    return given


def _typed(name: str, value: str, kind: object) -> str | bool:
    if kind is not bool:
        return value
    if value.lower() in ("1", "true", "yes", "on"):
        return True
    if value.lower() in ("", "0", "false", "no", "off"):
        return False
    raise SettingsError(f"COOPGOV_{name.upper()} is {value!r}: write 1 or 0.")


def _refuse_impossible(settings: Settings) -> None:
    if not settings.base_url.startswith(("http://", "https://")):
        raise SettingsError("COOPGOV_BASE_URL must start with https:// (or http:// in development).")
    if settings.is_https and (settings.allow_private_peers or settings.demo):
        raise SettingsError(
            "COOPGOV_ALLOW_PRIVATE_PEERS and COOPGOV_DEMO are for development: not with an https base address."
        )
    if settings.key_dir and not Path(settings.key_dir).is_absolute():
        raise SettingsError("COOPGOV_KEY_DIR must be a whole path, from / on.")
    if settings.key_dir and not settings.keys_lie_apart:
        raise SettingsError(
            "COOPGOV_KEY_DIR and the folders of data and database must not lie in each other: a copy of the records"
            " would hold the keys."
        )
    if settings.actor_type not in ACTOR_TYPES:
        raise SettingsError(f"COOPGOV_ACTOR_TYPE is {settings.actor_type!r}: write one of {', '.join(ACTOR_TYPES)}.")
    if settings.actor_handle and not re.fullmatch(r"[A-Za-z0-9_]{1,30}", settings.actor_handle):
        raise SettingsError("COOPGOV_ACTOR_HANDLE may have letters, digits and underscores, at most 30.")
