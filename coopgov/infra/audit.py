"""Who did what: numbered rows, each sealed with the hash of the one before, written in the act's own transaction."""

import hashlib
import json
from contextlib import closing
from datetime import datetime

from sqlalchemy import JSON, String, select
from sqlalchemy.orm import Mapped, mapped_column

from coopgov.infra.db import Base, UtcDateTime, db, writing_session

SYSTEM = "system"  # the clock, the command line


class AuditRow(Base):
    """One act. ``actor`` is ``party:7``, ``system`` or ``cli``; ``object`` is ``proposal:3``; no names, no texts."""

    __tablename__ = "audit"
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  # 1, 2, 3 … without gaps
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor: Mapped[str] = mapped_column(String(40))
    act: Mapped[str] = mapped_column(String(60))
    object: Mapped[str] = mapped_column(String(60), index=True)
    details: Mapped[dict[str, str | int | bool | None]] = mapped_column(JSON)
    seal: Mapped[str] = mapped_column(String(64))


def seal_of(row: AuditRow, before: str) -> str:
    """SHA-256 (hex) over the seal before and this row's facts in canonical JSON."""
    facts = {
        "number": row.number,
        "at": row.at.isoformat(),
        "actor": row.actor,
        "act": row.act,
        "object": row.object,
        "details": row.details,
    }
    text = json.dumps(facts, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(f"{before}\n{text}".encode()).hexdigest()


def record(actor: int | str, act: str, subject: str, at: datetime, **details: str | int | bool | None) -> AuditRow:
    """One audit row in the caller's write transaction, whose lock keeps the chain from forking.

    ``actor`` is a party id, or a word such as ``system``; ``subject`` is ``kind:id``. Ids and keys only, never names.
    """
    session = writing_session()
    number, seal = session.info.get("audit_head") or head()
    row = AuditRow(
        number=number + 1,
        at=at,
        actor=f"party:{actor}" if isinstance(actor, int) else actor,
        act=act,
        object=subject,
        details=details,
    )
    row.seal = seal_of(row, seal)
    session.add(row)
    session.info["audit_head"] = (row.number, row.seal)  # nobody else can add one before this transaction ends
    return row


def head() -> tuple[int, str]:
    """Number and seal of the newest row; ``(0, "")`` while there is none."""
    newest = select(AuditRow.number, AuditRow.seal).order_by(AuditRow.number.desc()).limit(1)
    row = db.session.execute(newest).first()
    return (row.number, row.seal) if row else (0, "")


def broken_at() -> int | None:
    """Number of the first row that is missing or does not fit its seal; None when the chain holds.

    A cut-off tail cannot be seen from inside: compare ``head()`` with one that was written down elsewhere.
    """
    before = ""
    query = select(AuditRow).order_by(AuditRow.number).execution_options(yield_per=1000)
    with closing(db.session.scalars(query)) as rows:  # psycopg warns of a server cursor left open
        for expected, row in enumerate(rows, 1):
            if row.number != expected or row.seal != seal_of(row, before):
                return expected
            before = row.seal
    return None
