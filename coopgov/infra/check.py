"""Self-checks: questions to live data whose answer must be empty. Features register theirs; `coopgov check` asks."""

from collections.abc import Callable
from dataclasses import dataclass

from flask import current_app

from coopgov.infra.audit import broken_at
from coopgov.infra.db import db
from coopgov.infra.facts import missing_triggers


@dataclass(frozen=True)
class Check:
    """``faults()`` names what is wrong, one short line each, ids only; empty when all is well."""

    name: str
    faults: Callable[[], list[str]]


def run_checks() -> dict[str, list[str]]:
    """Every check's faults by its name."""
    checks: tuple[Check, ...] = current_app.extensions["coopgov.checks"]
    return {check.name: check.faults() for check in checks}


def _broken_chain() -> list[str]:
    number = broken_at()
    return [] if number is None else [f"audit row {number} is missing or was changed"]


def _missing_triggers() -> list[str]:
    return [f"trigger {name} is missing" for name in missing_triggers(db.session.connection())]


CHECKS = (Check("audit chain", _broken_chain), Check("facts are guarded", _missing_triggers))
