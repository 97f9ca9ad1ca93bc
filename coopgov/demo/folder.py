"""The demonstration's own folder: what stands in demo.json, whether it can be gone on with, its settings."""

import json
import shutil
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from coopgov.infra.setup import write_settings

FOLDER = Path("var/demo")
KEYS = Path("var/demo-keys")  # of secret votes: apart from the data, as anywhere
LASTS = timedelta(days=1)
_FACTS = FOLDER / "demo.json"


def empty() -> None:
    """Nothing is left of a former demonstration, and there is a folder for the keys of a new one."""
    for folder in (FOLDER, KEYS):
        shutil.rmtree(folder, ignore_errors=True)
    KEYS.mkdir(mode=0o700, parents=True)


def settings_at(host: str, port: int) -> dict[str, Any]:
    """Settings of a demonstration that answers there."""
    return {
        "data_dir": str(FOLDER),
        "demo": True,
        "key_dir": str(KEYS.resolve()),
        "base_url": f"http://{f'[{host}]' if ':' in host else host}:{port}",
        "mail_url": f"file:{(FOLDER / 'mail').resolve()}",
        "contact": "hello@harbour.example",
    }


def keep_settings(values: Mapping[str, Any]) -> None:
    """Writes the settings down, so that other commands act on the same installation."""
    write_settings(FOLDER, {name: str(value) for name, value in values.items() if name != "data_dir"})


def keep_facts(facts: Mapping[str, Any], seeded_at: datetime, schema: str | None) -> None:
    """Writes demo.json, which says that the demonstration is whole."""
    told = {**facts, "seeded_at": seeded_at.isoformat(), "schema": schema}
    _FACTS.write_text(json.dumps(told, indent=2) + "\n")


def is_young(now: datetime, schema: str | None) -> bool:
    """True for a demonstration of this schema that was seeded less than LASTS ago."""
    try:
        facts = json.loads(_FACTS.read_text())
        return bool(now - datetime.fromisoformat(facts["seeded_at"]) < LASTS and facts["schema"] == schema)
    except (OSError, ValueError, KeyError):
        return False


def facts_at(base_url: str) -> dict[str, Any]:
    """What demo.json says, for a demonstration that answers at ``base_url`` now, whatever it was seeded for."""
    facts: dict[str, Any] = json.loads(_FACTS.read_text())
    if facts["url"] != base_url:
        facts = json.loads(_FACTS.read_text().replace(facts["url"], base_url))
        _FACTS.write_text(json.dumps(facts, indent=2) + "\n")
    return facts


def greeting(base_url: str) -> str:
    """What the start prints: the address, and a link for each persona."""
    facts = facts_at(base_url)
    lines = [f"\nA made-up co-op at {base_url}  (its mail: {base_url}/dev/mail)", "Sign in as"]
    lines += [f"  {persona:<22} {link}" for persona, link in facts["personas"].items()]
    return "\n".join([*lines, f"  vote from the mail     {facts['ballot_link']}\n"])
