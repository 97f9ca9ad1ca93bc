"""The way out for mail: an SMTP server, or a folder in development."""

import smtplib
import ssl
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from coopgov.infra.jobs import Permanent

TIMEOUT_S = 20
LOOPBACK = ("localhost", "127.0.0.1", "::1")


class MailWaits(Exception):
    """No server is set, or it did not take the mail now: tried again later."""


def send(url: str, message: EmailMessage) -> None:
    """Hands ``message`` to the server that ``url`` names.

    Raises Permanent when the server refuses this recipient for good (5xx), MailWaits for everything that may pass.
    """
    target = urlsplit(url)
    if target.scheme == "file":
        _write(Path(target.path), message)
    elif target.scheme in ("smtp", "smtps"):
        _send_by_smtp(target, message)
    else:
        raise MailWaits("COOPGOV_MAIL_URL is not set")


def _write(folder: Path, message: EmailMessage) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    name = message["Message-ID"].strip("<>").split("@")[0]
    half = folder / f"{name}.part"
    half.write_bytes(message.as_bytes())
    half.replace(folder / f"{name}.eml")  # who looks into the folder meanwhile sees no half mail


def _send_by_smtp(target: SplitResult, message: EmailMessage) -> None:
    try:
        with _connected(target) as server:
            if target.username:
                server.login(unquote(target.username), unquote(target.password or ""))
            server.send_message(message)
    except smtplib.SMTPRecipientsRefused as error:
        codes = [code for code, _ in error.recipients.values()]
        raise (Permanent if all(c >= 500 for c in codes) else MailWaits)(f"recipient refused: {codes}") from None
    except (smtplib.SMTPException, OSError) as error:
        raise MailWaits(f"{type(error).__name__}") from None  # its words may name the recipient


def _connected(target: SplitResult) -> smtplib.SMTP:
    host = target.hostname or "localhost"
    if target.scheme == "smtps":
        return smtplib.SMTP_SSL(host, target.port or 465, timeout=TIMEOUT_S, context=ssl.create_default_context())
    server = smtplib.SMTP(host, target.port or 587, timeout=TIMEOUT_S)
    server.ehlo()
    if server.has_extn("starttls"):
        server.starttls(context=ssl.create_default_context())
        server.ehlo()
    elif target.username and host not in LOOPBACK:
        server.close()
        raise MailWaits("the server offers no TLS, and a password is not sent without")
    return server
