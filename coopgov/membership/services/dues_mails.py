"""The mails about dues. Each goes to members, or to people who are about to be, and to nobody who has left."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from coopgov.core.money import Money
from coopgov.funding.models import Pledge
from coopgov.identity.queries import recipient
from coopgov.infra import i18n
from coopgov.infra.coop import the_coop
from coopgov.infra.mail import Facts, Letter, post
from coopgov.membership.models import Application, Relief
from coopgov.membership.queries.standing import ends_at, judgement, rule_at
from coopgov.membership.rules.applications import FINISH
from coopgov.membership.rules.dues import CANCEL
from coopgov.membership.rules.relief import ASK, KEEP_ON, PAY_AGAIN
from coopgov.membership.rules.standing import WHY

Links = dict[str, tuple[str, str, Any]]


def write(
    kind: str,
    party_id: int,
    key: str,
    now: datetime,
    words: Callable[[], Facts] = dict,
    links: Links | None = None,
    lasts: timedelta | None = None,
) -> None:
    """Mails ``templates/email/KIND.txt`` to the party, once under ``key``; nothing when it has no address.

    ``words`` gives the facts, asked for while the recipient's language is spoken. An unsent mail is dropped after
    ``lasts``.
    """
    person, coop = recipient(party_id), the_coop()
    if person is None:
        return
    with i18n.speaking(person.language, coop.zone if coop else "UTC"):
        facts = {"name": person.name, **words()}
    letter = Letter(
        kind=kind,
        address=person.email,
        language=person.language,
        facts=facts,
        party_id=party_id,
        links=links or {},
        lasts=lasts,
    )
    post(letter, key, now)


def sum_words(amount: Money, interval: str) -> str:
    """``£3.00 every month`` in the language being spoken."""
    each = {"month": i18n.gettext("%(sum)s every month"), "year": i18n.gettext("%(sum)s once a year")}
    return each.get(interval, "%(sum)s") % {"sum": i18n.money(amount)}


def welcome(row: Application, number: int, promise: Pledge | None, relief: Relief | None, now: datetime) -> None:
    """N1: the number, what one may do, what is paid, how to leave, and the way in."""

    party_id = row.party_id
    assert party_id is not None

    def words() -> Facts:
        pays = sum_words(promise.amount, promise.interval) if promise and not relief else ""
        judged = judgement(party_id, now)
        why = "" if judged.votes else i18n.gettext(WHY[judged.why], days=rule_at(now).min_age_days)
        return {"number": number, "pays": pays, "on_relief": relief is not None, "why": why}

    links: Links = {"button": ("/join/finish/{token}", FINISH, row.id)}
    write("welcome", party_id, f"welcome:{number}", now, words, links)


def relief_began(row: Relief, now: datetime) -> None:
    """H1: what was agreed, and until when."""

    def words() -> Facts:
        end = ends_at(row)
        less = i18n.money(row.amount) if row.kind == "reduced" and row.amount_minor else ""
        return {"less": less, "until": i18n.day(end) if end else ""}

    write("relief", row.party_id, f"relief:{row.id}", now, words)


def relief_ends(row: Relief, months: int, now: datetime) -> None:
    """H2: the same again, or paying again? Both by one click; without a word dues begin anew."""
    end = ends_at(row)
    assert end is not None
    links: Links = {
        "more": ("/dues/pause/{token}", KEEP_ON, row.id),
        "pay": ("/dues/pay-again/{token}", PAY_AGAIN, row.id),
    }
    words: Callable[[], Facts] = lambda: {"until": i18n.day(end), "months": months}  # noqa: E731
    write("relief-ends", row.party_id, f"relief-ends:{row.id}", now, words, links, lasts=end - now)


def yearly_charge(pledge: Pledge, charge: datetime, now: datetime) -> None:
    """A yearly charge is near: how much, when, and how to change or stop it."""
    assert pledge.party_id is not None
    words: Callable[[], Facts] = lambda: {  # noqa: E731
        "sum": i18n.money(pledge.amount),
        "on": i18n.day(charge),
        "title": pledge.title,
    }
    key = f"dues-yearly:{pledge.id}:{charge:%Y%m%d}"
    write("dues-yearly", pledge.party_id, key, now, words, _ways_out(pledge.party_id, pledge), lasts=charge - now)


def payment_failed(pledge: Pledge, is_first: bool, now: datetime) -> None:
    """A payment did not arrive: where to put it right. Once for each period, however often the provider tries."""
    assert pledge.party_id is not None
    words: Callable[[], Facts] = lambda: {  # noqa: E731
        "sum": i18n.money(pledge.amount),
        "action_url": pledge.action_url,
        "is_first": is_first,
    }
    period = f"{pledge.paid_until:%Y%m%d}" if pledge.paid_until else "first"
    key = f"dues-failed:{pledge.id}:{period}"
    write("dues-failed", pledge.party_id, key, now, words, _ways_out(pledge.party_id, pledge))


def dues_late(
    party_id: int, promise: Pledge | None, step: int, since: str, facts: Callable[[], Facts], now: datetime
) -> None:
    """A step of the gentle reminders; ``since`` names the lapse, so that each step of it goes out once."""
    action = promise.action_url if promise else ""
    links = _ways_out(party_id, promise)
    words: Callable[[], Facts] = lambda: {"step": step, "action_url": action, **facts()}  # noqa: E731
    write("dues-late", party_id, f"dues-late:{party_id}:{since}:{step}", now, words, links)


def left(party_id: int, number: int, elsewhere: bool, now: datetime) -> None:
    """The membership has ended by the member's own wish; ``elsewhere``: a payment is to be stopped at its provider."""
    write("left", party_id, f"left:{number}", now, lambda: {"number": number, "elsewhere": elsewhere})


def _ways_out(party_id: int, pledge: Pledge | None) -> Links:
    links: Links = {"relief": ("/dues/relief/{token}", ASK, party_id)}
    if pledge is not None and pledge.source != "opencollective":  # which only its payer can stop, over there
        links["cancel"] = ("/dues/cancel/{token}", CANCEL, pledge.id)
    return links
