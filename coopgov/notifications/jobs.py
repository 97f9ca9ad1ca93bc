"""Reminders of secret votes: sent from memory, for a row would say for good who had not voted.

The mail server sees to whom they go; the log holds how many there were.
"""

from datetime import datetime
from email.message import EmailMessage

from coopgov.decisions.secrecy import to_remind
from coopgov.infra.jobs import OutsideTask, Payload, Permanent
from coopgov.infra.mail import note_total, written_now
from coopgov.infra.mail_transport import MailWaits, send
from coopgov.infra.settings import current_settings
from coopgov.notifications.calls import REMIND, ballot_news
from coopgov.notifications.services import letters_of

KIND = "voting_closes_soon"


def _prepare(payload: Payload, now: datetime) -> list[EmailMessage] | None:
    news = ballot_news(KIND, payload["poll"], payload["event"], now)
    if news is None:
        return None
    names, host = to_remind(payload["poll"]), current_settings().sender.split("@")[-1]
    letters = letters_of(news, names)
    return [written_now(letter, f"<{names[letter.party_id or 0]}@{host}>", now) for letter in letters] or None


def _perform(messages: list[EmailMessage], _key: str) -> int:
    """Sends them all and says how many. After a failure all go out again, under the same names, which readers' programs
    fold into one."""
    failures = sum(not _is_sent(message) for message in messages)
    if failures:
        raise MailWaits(f"{failures} reminders")  # without what the server said, which names the recipient
    return len(messages)


def _is_sent(message: EmailMessage) -> bool:
    try:
        send(current_settings().mail_url, message)
    except Permanent:
        return True  # nothing more can be done about this one
    except MailWaits:
        return False
    return True


def _note(_payload: Payload, total: int, now: datetime) -> None:
    note_total(f"notice_{KIND}", total, now)


TASKS = (OutsideTask(REMIND, _prepare, _perform, _note),)
