"""Writes of notifications: telling people, their choice of mails, ticking off."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, insert, select, update

from coopgov.identity.queries import Recipient, recipients
from coopgov.infra import audit, i18n
from coopgov.infra.coop import Coop, the_coop
from coopgov.infra.db import writing_session
from coopgov.infra.mail import Facts, Letter, drop_jobs, post_all
from coopgov.notifications.kinds import BALLOT_KINDS, KINDS
from coopgov.notifications.models import Notice, Preference
from coopgov.notifications.queries import exceptions_from, mail_choices
from coopgov.notifications.rules import who_wants_mail

Links = dict[str, tuple[str, str, Any]]


@dataclass(frozen=True, kw_only=True)
class News:
    """What happened, to be told to some people once.

    ``words()`` gives further facts for the mail and is called once for each language, which is then being spoken;
    ``links(party id)`` gives its signed links, ``facts(party id)`` what the mail says to them alone. ``number`` is the
    comment's, 0 for an opening post. An unsent mail is dropped after ``lasts``.
    """

    kind: str
    event_id: int
    title: str
    path: str
    by_name: str = ""
    thread_id: int | None = None
    number: int | None = None
    words: Callable[[], Facts] = dict
    links: Callable[[int], Links] = lambda _party: {}
    lasts: timedelta | None = None
    facts: Callable[[int], Facts] = lambda _party: {}


def tell(news: News, parties: Collection[int], now: datetime) -> None:
    """A notice for each of ``parties`` and a mail to those who want it, in as many statements for any number."""
    if not parties:
        return
    rows = [_notice(news, party_id, now) for party_id in sorted(parties)]
    writing_session().execute(insert(Notice), rows)
    if letters := letters_of(news, parties):
        post_all(letters, f"notice:{news.kind}:{news.event_id}", now)


def letters_of(news: News, parties: Collection[int]) -> list[Letter]:
    """The mails to those of ``parties`` who want them, written down nowhere."""
    wanting = who_wants_mail(parties, KINDS[news.kind].by_mail, exceptions_from(news.kind))
    coop = the_coop()
    return _letters(news, recipients(wanting), coop) if wanting and coop is not None else []


def _notice(news: News, party_id: int, now: datetime) -> dict[str, Any]:
    return {
        "party_id": party_id,
        "kind": news.kind,
        "event_id": news.event_id,
        "title": news.title,
        "by_name": news.by_name,
        "path": news.path,
        "thread_id": news.thread_id,
        "number": news.number,
        "created_at": now,
    }


def _letters(news: News, people: dict[int, Recipient], coop: Coop) -> list[Letter]:
    said: dict[str, Facts] = {}
    for person in people.values():
        language = person.language or coop.language
        if language not in said:
            with i18n.speaking(language, coop.zone):
                said[language] = news.words()
    return [_letter(news, person, person.language or coop.language, said) for _, person in sorted(people.items())]


def _letter(news: News, person: Recipient, language: str, said: dict[str, Facts]) -> Letter:
    stop = ("/mail/stop/{token}", "stop", {"p": person.party_id, "k": news.kind})
    common = {"title": news.title, "by": news.by_name, "path": news.path}
    return Letter(
        kind=f"notice_{news.kind}",
        address=person.email,
        language=language,
        facts={**common, **said[language], **news.facts(person.party_id)},
        party_id=person.party_id,
        links={"stop": stop, **news.links(person.party_id)},
        lasts=news.lasts,
    )


def choose_mails(party_id: int, wanted: Collection[str], now: datetime) -> None:
    """Mails of exactly the kinds ``wanted`` from now on; unknown kinds are passed over."""
    for kind, by_mail in mail_choices(party_id).items():
        if by_mail != (kind in wanted):
            choose_mail(party_id, kind, kind in wanted, now)


def choose_mail(party_id: int, kind: str, by_mail: bool, now: datetime) -> None:
    """Mails of one kind on or off; saying the same again changes nothing."""
    session = writing_session()
    if mail_choices(party_id)[kind] == by_mail:
        return
    session.merge(Preference(party_id=party_id, kind=kind, by_mail=by_mail))
    audit.record(party_id, "mail.chosen", f"party:{party_id}", now, kind=kind, by_mail=by_mail)


def tick_off_all(party_id: int, now: datetime) -> None:
    """Marks everything in the inbox as read."""
    query = update(Notice).where(Notice.party_id == party_id, Notice.read_at.is_(None)).values(read_at=now)
    writing_session().execute(query)


def tick_off(party_id: int, notice_id: int, now: datetime) -> None:
    """Marks one notice of the party as read; another's stays untouched."""
    query = update(Notice).where(Notice.id == notice_id, Notice.party_id == party_id, Notice.read_at.is_(None))
    writing_session().execute(query.values(read_at=now))


def tick_off_ballot(party_id: int, path: str, now: datetime) -> None:
    """The party has voted: what called for it in its inbox is settled."""
    query = update(Notice).where(
        Notice.party_id == party_id, Notice.path == path, Notice.kind.in_(BALLOT_KINDS), Notice.read_at.is_(None)
    )
    writing_session().execute(query.values(read_at=now))


def forget_calls(path: str, now: datetime) -> None:
    """The jobs that called for ballots on the proposal at ``path`` go: they named everybody on its roll."""
    calls = select(Notice.kind, Notice.event_id).where(Notice.path == path, Notice.kind.in_(BALLOT_KINDS)).distinct()
    for kind, event_id in writing_session().execute(calls).all():
        drop_jobs(f"notice:{kind}:{event_id}", now)


def forget_thread(thread_id: int) -> None:
    """Takes the talk of a thread that nobody may read any more out of every inbox; its proposals stay."""
    writing_session().execute(delete(Notice).where(Notice.thread_id == thread_id, Notice.number.is_not(None)))
