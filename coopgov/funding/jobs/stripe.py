"""What waits for the worker about Stripe: to ask for changes, to look again, to read everything at night."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from coopgov.core.money import Money
from coopgov.funding.models import Contribution, Pledge, SourceEvent, Sync
from coopgov.funding.providers.base import ProviderDown, ProviderRefused, Snapshot
from coopgov.funding.providers.stripe.client import Stripe, connect
from coopgov.funding.providers.stripe.sdk import Missing
from coopgov.funding.providers.stripe.sweeping import Cursor, Portion
from coopgov.funding.queries.refunds import REFUND
from coopgov.funding.services import inbox, sync
from coopgov.funding.services.findings import open_finding
from coopgov.funding.services.ingest import apply
from coopgov.funding.services.pledges import CHANGE, CLOSE_CHECKOUT, change_of, close_checkout, is_wanted, take_answer
from coopgov.funding.services.refunds import take_refund
from coopgov.funding.services.stripe_reading import SOURCE, begin_reading, take_portion
from coopgov.infra.db import db, writing_session
from coopgov.infra.jobs import Clockwork, OutsideTask, Payload, Permanent, enqueue
from coopgov.infra.settings import current_settings

READ, REFRESH = "funding.read_stripe", "funding.refresh"
GIVE_UP = timedelta(hours=12)  # then the next failure is told to a person; the queue would try one time more
Answer = Snapshot | ProviderRefused


def _stripe() -> Stripe:
    try:
        stripe = connect(current_settings())
    except ProviderRefused as error:
        raise Permanent(str(error)) from error
    if stripe is None:
        raise Permanent("COOPGOV_STRIPE_SECRET_KEY is not set")
    return stripe


# What is asked of Stripe for somebody, who has to hear of it when it cannot be done


@dataclass(frozen=True)
class _Request:
    """``stripe`` is whom to ask, or why nobody can be asked; after the last try trouble is an answer, too."""

    stripe: Stripe | ProviderRefused
    ask: Callable[[Stripe, str], Snapshot]
    is_last_try: bool


def _request(ask: Callable[[Stripe, str], Snapshot], asked_at: str, now: datetime) -> _Request:
    stripe: Stripe | ProviderRefused
    try:
        stripe = _stripe()
    except Permanent as error:
        stripe = ProviderRefused(str(error))
    return _Request(stripe, ask, now - datetime.fromisoformat(asked_at) >= GIVE_UP)


def _answer(request: _Request, key: str) -> Answer:
    """What Stripe did, or why not: none of it ends among the dead jobs, where nobody who waits would see it."""
    if isinstance(request.stripe, ProviderRefused):
        return request.stripe
    try:
        return request.ask(request.stripe, key)
    except ProviderRefused as error:
        return error
    except ProviderDown as error:
        if request.is_last_try:
            return ProviderRefused(str(error))
        raise


def _prepare_change(wish: Payload, now: datetime) -> _Request | None:
    pledge = db.session.get_one(Pledge, wish["pledge"])
    if not is_wanted(pledge, wish):
        return None
    change = change_of(pledge, wish)
    return _request(lambda stripe, _key: stripe.change(change), wish["asked_at"], now)


def _prepare_refund(payload: Payload, now: datetime) -> _Request:
    """Tried again from among the dead jobs, a refund would be paid beside the one asked for in its place."""
    charge_id = db.session.get_one(Contribution, payload["contribution"]).charge_id
    amount = Money(payload["minor"], payload["currency"])
    return _request(lambda stripe, key: stripe.refund(charge_id, amount, key), payload["asked_at"], now)


# Pages of Checkout that must not be paid


def _prepare_close(payload: Payload, _now: datetime) -> tuple[Stripe, str]:
    return _stripe(), payload["checkout"]


def _close(ready: tuple[Stripe, str], _key: str) -> None:
    stripe, checkout_id = ready
    try:
        stripe.close_checkout(checkout_id)
    except ProviderRefused:
        return  # it is paid, closed or gone: Stripe's message or the nightly reading tells


def _closed(payload: Payload, _nothing: None, now: datetime) -> None:
    close_checkout(payload["checkout"], now)


# Messages


def _prepare_event(payload: Payload, _now: datetime) -> tuple[Stripe, str, str] | None:
    row = db.session.get_one(SourceEvent, payload["event"])
    if row.state != "new":
        return None
    return _stripe(), row.kind, row.object_id


def _look_at_event(ready: tuple[Stripe, str, str], _key: str) -> Answer:
    stripe, kind, object_id = ready
    try:
        return stripe.look_at_event(kind, object_id)
    except ProviderRefused as error:
        return error


def _take_event(payload: Payload, answer: Answer, now: datetime) -> None:
    row = writing_session().get_one(SourceEvent, payload["event"])
    if isinstance(answer, Missing):
        inbox.settle_message(row, "ignored", str(answer), now)
        return
    if isinstance(answer, ProviderRefused):
        inbox.settle_message(row, "failed", str(answer), now)
        open_finding("provider", "stripe:refused", {"why": str(answer)[:200]}, now)
        return
    apply(answer, now)
    if row.kind == "checkout.session.expired":
        close_checkout(row.object_id, now)
    is_strange = bool(answer.problems) and not (answer.pledges or answer.payments or answer.movements)
    note = answer.problems[0].kind if is_strange else ""
    inbox.settle_message(row, "ignored" if is_strange else "done", note, now)


# Looking again on demand


def _prepare_refresh(payload: Payload, _now: datetime) -> tuple[Stripe, str, str] | None:
    row = db.session.get_one(Pledge, payload["pledge"])
    if row.source != SOURCE or not (row.remote_id or row.checkout_id):
        return None
    return _stripe(), row.remote_id or "", row.checkout_id


def _refresh(ready: tuple[Stripe, str, str], _key: str) -> Answer:
    stripe, remote_id, checkout_id = ready
    try:
        return stripe.look_at_pledge(remote_id) if remote_id else stripe.look_at_checkout(checkout_id)
    except ProviderRefused as error:
        return error


def _refreshed(payload: Payload, answer: Answer, now: datetime) -> None:
    if isinstance(answer, ProviderRefused):
        facts: dict[str, str | int] = {"why": str(answer)[:200]}
        open_finding("provider", f"pledge:{payload['pledge']}", facts, now)
    else:
        apply(answer, now)


# Reading everything


def _prepare_page(payload: Payload, _now: datetime) -> tuple[Stripe, Cursor] | None:
    run = db.session.get_one(Sync, payload["run"])
    if run.finished_at is not None or run.cursor != payload["cursor"]:
        return None  # somebody else read on
    return _stripe(), dict(run.cursor)


def _read_page(ready: tuple[Stripe, Cursor], _key: str) -> Portion | ProviderRefused:
    stripe, cursor = ready
    try:
        return stripe.portion(cursor)
    except ProviderRefused as error:
        return error


def _take_page(payload: Payload, part: Portion | ProviderRefused, now: datetime) -> None:
    run_id: int = payload["run"]
    if isinstance(part, ProviderRefused):
        sync.fail(run_id, str(part), now)
        open_finding("provider", "stripe:refused", {"why": str(part)[:200]}, now)
        return
    after = take_portion(run_id, payload["cursor"], part, now)
    if after is not None:
        _enqueue_page(run_id, after, now)


def _enqueue_page(run_id: int, cursor: Cursor, now: datetime) -> None:
    """One job for each page, and a day later another one, should the first have been given up."""
    key = f"read-stripe-{run_id}-{cursor['stream']}-{cursor['after']}-{now:%Y%m%d}"
    enqueue(READ, key, {"run": run_id, "cursor": cursor}, now)


def _is_set_up(_now: datetime) -> list[int]:
    return [0] if current_settings().stripe_secret_key else []


def _begin_night(_id: int, now: datetime) -> None:
    run = begin_reading(now)
    _enqueue_page(run.id, dict(run.cursor), now)


def _tidy(_id: int, now: datetime) -> None:
    inbox.tidy_inbox(now)


TASKS: tuple[OutsideTask, ...] = (
    OutsideTask(CHANGE, _prepare_change, _answer, take_answer),
    OutsideTask(REFUND, _prepare_refund, _answer, take_refund),
    OutsideTask(CLOSE_CHECKOUT, _prepare_close, _close, _closed),
    OutsideTask(inbox.LOOK[SOURCE], _prepare_event, _look_at_event, _take_event),
    OutsideTask(REFRESH, _prepare_refresh, _refresh, _refreshed),
    OutsideTask(READ, _prepare_page, _read_page, _take_page),
)
CLOCKWORKS = (
    Clockwork("funding.read_stripe", timedelta(days=1), _is_set_up, _begin_night),
    Clockwork("funding.tidy_inbox", timedelta(days=1), lambda _now: [0], _tidy),
)
