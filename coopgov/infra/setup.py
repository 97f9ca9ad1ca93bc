"""The files of a new installation: its secret key and its settings, readable by their owner alone."""

import os
from collections.abc import Mapping
from pathlib import Path

from coopgov.config import ENV_FILE
from coopgov.core.ids import secret_token

KEY_FILE = "secret.key"


def write_key(folder: Path) -> bool:
    """A new secret key in ``folder``, unless there is one; True when it was written."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / KEY_FILE
    if path.exists():
        return False
    _write_private(path, secret_token() + "\n")
    return True


def write_settings(folder: Path, values: Mapping[str, str]) -> Path:
    """``coopgov.env`` with ``values`` (lower-case setting → value); an existing file is replaced."""
    path = folder / ENV_FILE
    lines = [f"COOPGOV_{name.upper()}={value}\n" for name, value in values.items()]
    _write_private(path, "# Settings of this installation: docs/settings.md explains each.\n" + "".join(lines))
    return path


def _write_private(path: Path, text: str) -> None:
    waiting = path.with_suffix(".new")
    with open(os.open(waiting, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    waiting.replace(path)
