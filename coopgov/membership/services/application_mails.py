"""The mails that an application brings: each says where it stands, and none does anything by being opened."""

from datetime import datetime, timedelta

from coopgov.core.text import clean_lines
from coopgov.infra.coop import the_coop
from coopgov.infra.letters import Written, write_letter
from coopgov.infra.mail import Facts, Letter, post
from coopgov.infra.settings import site_url
from coopgov.membership.models import Application
from coopgov.membership.queries.applications import usual_wait
from coopgov.membership.rules.applications import (
    ANSWER_WITHIN,
    CONFIRM,
    CONFIRM_LINK_LASTS,
    COOL_DOWN,
    FINISH,
    FINISH_WITHIN,
    REASONS,
    REVIVABLE,
    STATUS,
)

Link = tuple[str, str, object]  # path with {token}, purpose, payload: see infra/mail.py


def tell(letter: Letter, row: Application, now: datetime) -> None:
    """Mails the letter; the same kind twice within a second is one mail."""
    post(letter, f"application:{row.id}:{letter.kind}:{now:%Y%m%d%H%M%S}", now)


def _letter(row: Application, kind: str, facts: Facts, button: Link | None = None) -> Letter:
    links: dict[str, Link] = {"status": _status(row)}
    if button:
        links["button"] = button
    return Letter(
        kind=kind,
        address=row.email,
        language=language_of(row),
        facts={"name": row.name, **facts},
        party_id=row.party_id,
        links=links,
    )


def _status(row: Application) -> Link:
    return "/join/status/{token}", STATUS, row.id


def language_of(row: Application) -> str:
    """The language in which the applicant is written to."""
    coop = the_coop()
    return row.language or (coop.language if coop else "en")


def confirm_letter(row: Application, now: datetime) -> Letter:
    """A1: is this your address? The link says until when it holds."""
    until = now + CONFIRM_LINK_LASTS
    return Letter(
        kind="application-confirm",
        address=row.email,
        language=language_of(row),
        facts={"name": row.name, "hours": CONFIRM_LINK_LASTS.days * 24},
        links={"button": ("/join/confirm/{token}", CONFIRM, {"a": row.id, "until": int(until.timestamp())})},
        lasts=CONFIRM_LINK_LASTS,
    )


def received_letter(row: Application) -> Letter:
    """A2: it is here, with a copy of the text."""
    return _letter(row, "application-received", {"about": row.about, "days": usual_wait() or 0})


def question_letter(row: Application, question: str) -> Letter:
    """A3: somebody asks."""
    return _letter(row, "application-question", {"question": question, "days": ANSWER_WITHIN.days}, _status(row))


def approved_letter(row: Application) -> Letter:
    """A4: welcome, there is one thing left to do."""
    return _letter(row, "application-approved", {"days": FINISH_WITHIN.days}, _finish(row))


def _finish(row: Application) -> Link:
    return "/join/finish/{token}", FINISH, row.id


def reminder_letter(row: Application, now: datetime) -> Letter:
    """A5: something waits for the applicant; of the states in rules.REMIND_AFTER."""
    waits_for_finish = row.state == "approved"
    ends = row.state_at + (FINISH_WITHIN if waits_for_finish else ANSWER_WITHIN)
    left = max(1, -((now - ends) // timedelta(days=1)))
    if waits_for_finish:
        return _letter(row, "application-remind-finish", {"days": left}, _finish(row))
    return _letter(row, "application-remind-question", {"days": left}, _status(row))


def declined_letter(row: Application, reason_key: str, reason_text: str) -> Letter:
    """A6: no, why, and how to ask again."""
    facts = {"reason": REASONS[reason_key], "words": clean_lines(reason_text), "days": COOL_DOWN.days}
    return _letter(row, "application-declined", facts)


def expired_letter(row: Application, before: str) -> Letter:
    """A7: the time is over; who was approved can go on with one click for a while."""
    was_approved = before == "approved"
    facts = {"was_approved": was_approved, "days": REVIVABLE.days}
    return _letter(row, "application-expired", facts, _status(row))


def again_letter(row: Application) -> Letter:
    """Somebody applied twice: here is how the first stands."""
    return _letter(row, "application-again", {}, _status(row))


def too_early_letter(row: Application, language: str) -> Letter:
    """Somebody applies again soon after a decline."""
    return Letter(kind="application-too-early", address=row.email, language=language, facts={"days": COOL_DOWN.days})


def member_letter(address: str, language: str) -> Letter:
    """Somebody who is a member applies."""
    return Letter(kind="application-member", address=address, language=language, facts={})


def preview(letter: Letter) -> Written:
    """The mail as it will be read, its links leading nowhere yet."""
    coop = the_coop()
    facts = {"coop": coop.name if coop else "coopgov", "base_url": site_url("").rstrip("/"), **letter.facts}
    facts |= {name: site_url(path.partition("{token}")[0]) + "…" for name, (path, _, _) in (letter.links or {}).items()}
    return write_letter(letter.kind, letter.language, coop.zone if coop else "UTC", facts)
