"""Promises to pay: chosen here, begun on a provider's page, changed by asking the provider."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from coopgov.core.errors import Refused
from coopgov.core.ids import random_id
from coopgov.core.money import Money
from coopgov.funding.models import Payer, Pledge
from coopgov.funding.providers.base import Checkout, CheckoutOrder, PledgeChange, ProviderRefused, Snapshot
from coopgov.funding.queries.pledges import customer_of, draft_of
from coopgov.funding.rules.payments import LIVE_PLEDGES
from coopgov.funding.rules.pledges import FAMILIES
from coopgov.funding.services.findings import open_finding
from coopgov.funding.services.ingest import apply
from coopgov.infra import audit
from coopgov.infra.db import writing_session
from coopgov.infra.jobs import enqueue

CHANGE, CLOSE_CHECKOUT = "funding.change_pledge", "funding.close_checkout"  # kinds of tasks, in jobs/


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What somebody chose: ``amount`` each ``interval`` (month, year), at ``source``, for ``product`` (``tier:2``)."""

    party_id: int
    source: str
    amount: Money
    interval: str
    product: str
    title: str


# Before anything is paid


def draft_pledge(wanted: Wanted, now: datetime) -> Pledge:
    """The party's one draft at that source, new or brought to these wishes.

    The page that was opened for other wishes, or that has closed meanwhile, is forgotten: it must not be paid.
    """
    row = draft_of(wanted.party_id, wanted.source)
    if row is None:
        row = Pledge(party_id=wanted.party_id, source=wanted.source, claim=random_id(), created_at=now, revision=0)
        row.status = "draft"
    wishes = _wishes(wanted)
    if row.revision and all(getattr(row, name) == value for name, value in wishes.items()) and not _closed(row, now):
        return row
    for name, value in wishes.items():
        setattr(row, name, value)
    _forget_checkout(row, now)
    row.revision, row.updated_at = row.revision + 1, now
    session = writing_session()
    session.add(row)
    session.flush()
    audit.record(wanted.party_id, "pledge.chosen", f"pledge:{row.id}", now, revision=row.revision)
    return row


def _wishes(wanted: Wanted) -> dict[str, object]:
    return {
        "product": wanted.product,
        "title": wanted.title[:120],
        "amount_minor": wanted.amount.minor,
        "currency": wanted.amount.currency,
        "interval": wanted.interval,
    }


def _closed(row: Pledge, now: datetime) -> bool:
    return bool(row.checkout_id) and row.checkout_until is not None and row.checkout_until <= now


def _forget_checkout(row: Pledge, now: datetime) -> None:
    if row.checkout_id and row.source == "stripe" and not _closed(row, now):
        enqueue(CLOSE_CHECKOUT, f"close-{row.checkout_id}", {"checkout": row.checkout_id}, now)
    row.checkout_id, row.checkout_url, row.checkout_until = "", "", None


def checkout_order(
    pledge: Pledge, email: str, name: str, language: str, success_url: str, cancel_url: str
) -> CheckoutOrder:
    """What to ask of the provider for a draft; asking twice for the same revision gives the same page."""
    if pledge.party_id is None:
        raise ValueError("nobody's pledge has no checkout")
    return CheckoutOrder(
        key=order_key(pledge),
        pledge_id=pledge.id,
        party_id=pledge.party_id,
        amount=pledge.amount,
        interval=pledge.interval,
        product=pledge.product,
        title=pledge.title,
        email=email,
        name=name,
        language=language,
        success_url=success_url,
        cancel_url=cancel_url,
        customer=customer_of(pledge.party_id, pledge.source),
    )


def order_key(pledge: Pledge) -> str:
    """Names the intent and its revision, at the provider and in our queue: ``pledge-12-3``."""
    return f"pledge-{pledge.id}-{pledge.revision}"


def note_checkout(pledge_id: int, checkout: Checkout, now: datetime, key: str = "") -> bool:
    """Writes down the page that was opened for the draft. ``key`` is its order's.

    False when the draft is no more or wants something else by now: the page is closed, and nobody is to be sent there.
    """
    session = writing_session()
    row = session.get_one(Pledge, pledge_id)
    if row.status != "draft" or (key and key != order_key(row)):
        if checkout.checkout_id != row.checkout_id:
            enqueue(CLOSE_CHECKOUT, f"close-{checkout.checkout_id}", {"checkout": checkout.checkout_id}, now)
        return False
    if row.checkout_id != checkout.checkout_id:
        _forget_checkout(row, now)  # the same wishes in another language: one page to pay on is enough
    row.checkout_id, row.checkout_url, row.checkout_until = checkout.checkout_id, checkout.url, checkout.expires_at
    row.updated_at = now
    _note_customer(row, checkout.customer, now)
    return True


def _note_customer(row: Pledge, customer: str, now: datetime) -> None:
    """The provider knows the party by this id from now on: nobody becomes two customers."""
    session = writing_session()
    if not customer or row.party_id is None:
        return
    known = session.scalar(select(Payer.id).where(Payer.source == row.source, Payer.remote_id == customer))
    if known is None:
        payer = Payer(source=row.source, remote_id=customer, party_id=row.party_id, created_at=now)
        payer.matched_how, payer.matched_at = "metadata", now
        session.add(payer)


def close_checkout(checkout_id: str, now: datetime) -> None:
    """The provider closed this page unpaid: the draft may open another one."""
    row = writing_session().scalars(select(Pledge).where(Pledge.checkout_id == checkout_id)).first()
    if row is not None and row.status == "draft":
        row.checkout_id, row.checkout_url, row.checkout_until = "", "", None
        row.revision, row.updated_at = row.revision + 1, now


def drop_draft(pledge: Pledge, now: datetime) -> None:
    """Forgets a choice that nobody paid for; its page is closed. A pledge that has begun stays as it is."""
    if pledge.status != "draft":
        return
    _forget_checkout(pledge, now)
    pledge.status, pledge.updated_at = "failed", now
    audit.record(pledge.party_id or audit.SYSTEM, "pledge.dropped", f"pledge:{pledge.id}", now)
    writing_session().flush()


# While it is paid


def ask_change(
    pledge: Pledge,
    kind: str,
    now: datetime,
    by: int | str,
    *,
    amount: Money | None = None,
    interval: str = "",
    product: str = "",
    title: str = "",
    until: datetime | None = None,
    at_once: bool = False,
) -> None:
    """Asks the provider for a change (rules.pledges.FAMILIES) of a live pledge; a job speaks to it.

    What is asked stands in ``pledge.asked`` until the provider confirms or refuses: ``kind``, ``amount_minor``,
    ``currency``, ``interval``, ``product``, ``title``, ``until`` (ISO or None), ``at_once``, ``revision``, ``asked_at``
    of the last wish, and ``waiting``: family → revision of every wish that is not answered. A later wish of the same
    family takes the earlier one's place. Raises ValueError for no kind, Refused("pledge.not_live") or
    ("pledge.elsewhere").
    """
    if kind not in FAMILIES or (kind == "amount") != (amount is not None):
        raise ValueError(kind)
    if pledge.status not in LIVE_PLEDGES or not pledge.remote_id:
        raise Refused("pledge.not_live")
    if pledge.source != "stripe":
        raise Refused("pledge.elsewhere")
    pledge.revision += 1
    wish: dict[str, Any] = {
        "kind": kind,
        "amount_minor": amount.minor if amount else None,
        "currency": amount.currency if amount else "",
        "interval": interval,
        "product": product,
        "title": title[:120],
        "until": until.isoformat() if until else None,
        "at_once": at_once,
        "revision": pledge.revision,
        "asked_at": now.isoformat(),
    }
    waiting = {**waiting_wishes(pledge), FAMILIES[kind]: pledge.revision}
    pledge.asked = {**wish, "waiting": waiting}
    enqueue(CHANGE, order_key(pledge), {**wish, "pledge": pledge.id}, now)
    audit.record(by, "pledge.change_asked", f"pledge:{pledge.id}", now, kind=kind, revision=pledge.revision)
    writing_session().flush()


def waiting_wishes(pledge: Pledge) -> dict[str, int]:
    """Family → revision of each wish that the provider has not answered."""
    return dict((pledge.asked or {}).get("waiting", {}))


def is_wanted(pledge: Pledge, wish: dict[str, Any]) -> bool:
    """False for a wish whose place a later one has taken, or that was answered."""
    revision: int = wish["revision"]
    return waiting_wishes(pledge).get(FAMILIES[wish["kind"]]) == revision


def change_of(pledge: Pledge, wish: dict[str, Any]) -> PledgeChange:
    """The wish as a provider is asked for it. Without an interval or product, those of the pledge stay."""
    minor, until = wish["amount_minor"], wish["until"]
    return PledgeChange(
        key=f"pledge-{pledge.id}-{wish['revision']}",
        remote_id=str(pledge.remote_id),
        item_id=pledge.item_id,
        kind=wish["kind"],
        amount=Money(minor, wish["currency"]) if minor is not None else None,
        interval=wish["interval"] or pledge.interval,
        product=wish["product"] or pledge.product,
        title=wish["title"] or pledge.title,
        until=datetime.fromisoformat(until) if until else None,
        at_once=wish["at_once"],
    )


def take_answer(wish: dict[str, Any], answer: Snapshot | ProviderRefused, now: datetime) -> None:
    """Writes down what the provider did; a refusal waits for the treasurer as the finding ``relief``."""
    pledge = writing_session().get_one(Pledge, wish["pledge"])
    if isinstance(answer, ProviderRefused):
        facts: dict[str, str | int] = {"kind": wish["kind"], "why": str(answer)[:200]}
        open_finding("relief", f"pledge:{pledge.id}", facts, now)
    else:
        apply(answer, now)
        _take_product(pledge, wish)
    if is_wanted(pledge, wish):
        _strike_wish(pledge, wish)
    writing_session().flush()


def _take_product(pledge: Pledge, wish: dict[str, Any]) -> None:
    """What it is for is our own word: the provider's facts never change it."""
    if wish["kind"] == "amount" and wish["product"] and is_wanted(pledge, wish):
        pledge.product, pledge.title = wish["product"], wish["title"] or pledge.title


def _strike_wish(pledge: Pledge, wish: dict[str, Any]) -> None:
    waiting = waiting_wishes(pledge)
    del waiting[FAMILIES[wish["kind"]]]
    pledge.asked = {**(pledge.asked or {}), "waiting": waiting} if waiting else None
