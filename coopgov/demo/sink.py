"""The demonstration's mail: a folder into which mails are written instead of being sent."""

import email
import re
from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.message import EmailMessage
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

from coopgov.core.errors import NotFound

_NAME = re.compile(r"[\w-]+", re.ASCII)
_LINK = re.compile(r"^(?:(?P<words>[^\n]*):\n)?(?P<address>https?://\S+)$", re.MULTILINE)


@dataclass(frozen=True)
class SunkMail:
    """A mail as it would have arrived; ``links`` are (words before it, path within the site)."""

    id: str
    to: str
    subject: str
    at: datetime
    text: str
    links: tuple[tuple[str, str], ...]


def sunk_ids(mail_url: str, to: str = "") -> list[str]:
    """Ids of all mails in the folder that ``mail_url`` (file:…) names, newest first; ``to``: of one recipient."""
    newest_first = sorted(_folder(mail_url).glob("*.eml"), key=lambda path: path.stat().st_mtime_ns, reverse=True)
    return [path.stem for path in newest_first if not to or sunk_mail(mail_url, path.stem).to == to]


def sunk_mail(mail_url: str, mail_id: str) -> SunkMail:
    """One mail of the folder; raises NotFound."""
    path = _folder(mail_url) / f"{mail_id}.eml"
    if not _NAME.fullmatch(mail_id) or not path.exists():
        raise NotFound
    return _read(path)


def _folder(mail_url: str) -> Path:
    return Path(urlsplit(mail_url).path)


@lru_cache(maxsize=2000)  # a mail never changes
def _read(path: Path) -> SunkMail:
    message = email.message_from_bytes(path.read_bytes(), policy=policy.default)
    text = _text_of(message)
    return SunkMail(
        id=path.stem,
        to=str(message["To"]),
        subject=str(message["Subject"]),
        at=message["Date"].datetime,
        text=text,
        links=tuple(_links(text)),
    )


def _text_of(message: EmailMessage) -> str:
    body = message.get_body(preferencelist=("plain",))
    return str(body.get_content()) if body else ""


def _links(text: str) -> list[tuple[str, str]]:
    """Every address in ``text`` without its origin: the demonstration may be served on another port by now."""
    found = [(match["words"] or "", urlsplit(match["address"])) for match in _LINK.finditer(text)]
    return [(words, url._replace(scheme="", netloc="").geturl() or "/") for words, url in found]
