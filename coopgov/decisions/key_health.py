"""What `coopgov doctor` looks at about the keys of secret votes, and what `coopgov restore` does to them."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from coopgov.config import Settings
from coopgov.decisions.models import Proposal
from coopgov.infra.db import db
from coopgov.infra.doctor import Finding
from coopgov.infra.keyring import Fault, Keyring

SUBJECT = "secret votes"
_NEEDS_KEYS = ("open", "counting")


def examine_keys(settings: Settings, _now: datetime, _ask_network: bool) -> Iterator[Finding]:
    """Whether secret votes can be held, and whether keys outlived their votes."""
    if not settings.key_dir:
        yield Finding(SUBJECT, True, "off: COOPGOV_KEY_DIR is not set")
        return
    keyring = Keyring(Path(settings.key_dir))
    if not settings.keys_lie_apart:
        yield Finding(SUBJECT, False, settings.key_dir, "Move COOPGOV_KEY_DIR out of the folders of data and database.")
    elif fault := keyring.fault():
        yield Finding(SUBJECT, False, f"{settings.key_dir} is {_SAYS[fault]}", _advice(fault, settings.key_dir))
    else:
        yield Finding(SUBJECT, True, settings.key_dir)
        yield from _left_over(keyring)


_SAYS = {Fault.ABSENT: "not there", Fault.SHARED: "open to others", Fault.UNWRITABLE: "closed to coopgov"}


def _advice(fault: Fault, folder: str) -> str:
    return {
        Fault.ABSENT: f"If its disk is not mounted, mount it; for a new one: install -d -m 700 {folder}",
        Fault.SHARED: f"chmod 700 {folder}",
        Fault.UNWRITABLE: f"Make {folder} belong to the user that coopgov runs as.",
    }[fault]


def _left_over(keyring: Keyring) -> Iterator[Finding]:
    try:
        running = set(db.session.scalars(select(Proposal.id).where(Proposal.state.in_(_NEEDS_KEYS))))
    except SQLAlchemyError:  # the database has a finding of its own
        return
    found = keyring.left_over(running)
    names = ", ".join(f"{number}.keys" for number in found)
    advice = "Their votes are over, and these keys still open copies of their boxes: see docs/secret-votes.md."
    yield Finding("keys of secret votes", not found, names or "none left over", advice)


def destroy_all(settings: Settings) -> list[str]:
    """What to tell once every key is destroyed, after a restore: a restored box lacks what was cast since, so its vote
    is void once its keys are gone."""
    ring = Keyring(Path(settings.key_dir))
    if not settings.key_dir:
        return []
    if fault := ring.fault():
        return [f"{settings.key_dir} is {_SAYS[fault]}: destroy the keys in it yourself."]
    found = ring.left_over(())
    for poll_id in found:
        ring.destroy(poll_id)
    return [f"The keys of vote {poll_id} are destroyed. If it was open in the backup, it is void." for poll_id in found]
